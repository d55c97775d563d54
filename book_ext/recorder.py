"""Runs inside a chapter's kernel, before its first cell: notes which files of the library it opens.

A module is opened when it is imported, its compiled form if there is one.
"""


def record(library, noted):
    """Append each file below `library` that this process opens, once, to the file `noted`."""
    import os
    import sys
    from importlib.util import source_from_cache

    log = open(noted, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open until the end
    seen = set()

    def note(event, arguments):
        if event != "open" or not isinstance(arguments[0], str | os.PathLike):
            return
        path = os.path.realpath(arguments[0])
        if not path.startswith(library + os.sep) or path in seen:
            return
        seen.add(path)
        print(source_from_cache(path) if path.endswith(".pyc") else path, file=log)

    sys.addaudithook(note)
