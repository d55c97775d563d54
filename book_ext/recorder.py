"""Runs inside a chapter's kernel, before its first cell: notes what the chapter is made from.

These are the files of the project that the kernel opens (a module is opened when it is imported,
its compiled form if there is one) and the packages that it uses.
"""


def record(root, noted):
    """Write a line to the file `noted` for each file below `root` that this process opens, once.

    A line is ``file <path>``, or ``package <name>`` for the first file of an installed package.
    """
    import os
    import sys
    import sysconfig
    from importlib.util import source_from_cache

    log = open(noted, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open until the end
    installed = {os.path.realpath(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    seen = set()

    def say(line):
        if line not in seen:
            seen.add(line)
            print(line, file=log)

    def place(path):
        for folder in installed:
            if path.startswith(folder + os.sep):
                return "package " + os.path.relpath(path, folder).split(os.sep)[0].split(".")[0]
        # Hidden folders, and those of tools (_build), are no part of the project.
        if path.startswith(root + os.sep) and path[len(root) + 1] not in "._":
            return "file " + (source_from_cache(path) if path.endswith(".pyc") else path)
        return None

    def note(event, arguments):
        if event != "open" or not isinstance(arguments[0], str | os.PathLike):
            return
        path = os.fspath(arguments[0])
        if path not in seen:
            seen.add(path)
            line = place(os.path.realpath(path))
            if line:
                say(line)

    # What the kernel itself is made of was imported before.
    for module in list(sys.modules.values()):
        line = place(os.path.realpath(getattr(module, "__file__", None) or ""))
        if line:
            say(line)
    sys.addaudithook(note)
