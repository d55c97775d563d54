"""How the files of a front end stand in one script."""

import re

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./kit\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |class |const |function )", re.MULTILINE)


def joined(text):
    """A file of a front end, to stand after ``kit.js`` in one script: nothing is imported there."""
    return _EXPORT.sub("", _IMPORT.sub("", text))


def in_page(text):
    """The same in HTML, where a script may not hold an end tag."""
    return joined(text).replace("</", "<\\/")
