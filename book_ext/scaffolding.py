"""``make new-chapter``: the files of a chapter, with blanks that say FILL IN."""

from pathlib import Path
from string import Template

import yaml

from . import editions, rules

_TEMPLATES = Path(__file__).with_name("scaffold")
#: Pages behind the chapters.
_BEHIND = ("/glossary", "/progress", "/takeaway", "/credits")
_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")


def new_chapter(name):
    """Write source, exercises, answers, quiz and test of a chapter; name it in the contents.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ValueError
        If the name is taken, or no name of a Python module (below a folder, perhaps).
    """
    module = name.replace("/", "_")
    if not (module.isidentifier() and module.islower()):
        raise ValueError(f"NAME must be like texture or dli/l8_texture, got {name!r}.")
    root = editions.ROOT
    functions = [f"{_ORDER[i]}_function" for i in range(rules.EXERCISES)]
    values = {"name": name, "module": module}
    files = {
        f"chapters/{name}.md": _filled(
            "chapter.md",
            **values,
            exercises="".join(_filled("exercise.md", **values, function=f) for f in functions),
        ),
        f"course_lib/exercises/{module}.py": _filled(
            "exercises.py.txt",
            functions="".join(_filled("functions.py.txt", function=f) for f in functions),
            exercises="".join(_filled("exercise.py.txt", **values, function=f) for f in functions),
        ),
        f"course_lib/quizzes/{module}.toml": "\n".join(
            _filled("quiz.toml", number=number + 1) for number in range(rules.QUESTIONS)
        ),
        f"tests/exercise_answers/{module}.py": _filled(
            "answers.py.txt",
            right=_answers(functions, "right.py.txt", rules.RIGHT),
            wrong=_answers(functions, "wrong.py.txt", rules.WRONG),
        ),
        f"tests/test_{module}.py": _filled("test.py.txt", **values),
    }
    taken = [file for file in files if (root / file).exists()]
    if taken:
        raise ValueError(f"NAME must be new; there is {', '.join(taken)} already.")
    for file, text in files.items():
        editions.replace_file(root / file, text)
    contents = root / "_toc.yml"
    lines = contents.read_text(encoding="utf-8").splitlines()
    # Below the last chapter, as that one is written; where it belongs is for the author to say.
    files_at = [i for i, line in enumerate(lines) if "- file:" in line]
    last = max(i for i in files_at if not lines[i].endswith(_BEHIND))
    indent = lines[last].partition("-")[0]
    lines.insert(last + 1, f"{indent}- file: chapters/{name}")
    editions.replace_file(contents, "\n".join(lines) + "\n")
    yaml.safe_load(contents.read_text(encoding="utf-8"))
    return [root / file for file in (*files, "_toc.yml")]


def _filled(template, **values):
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _answers(functions, template, count):
    lines = "".join(_filled(template, number=i + 1) for i in range(count))
    entries = (f'    "{function}": {{\n{lines}    }},\n' for function in functions)
    return "\n" + "".join(entries)
