"""How the files of a front end stand in one script, and in a page."""

import json
import re

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./kit\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |class |const |function )", re.MULTILINE)
# Every output carries the files again: comments and white space would be a tenth of it.
_UNSAID = re.compile(r"^\s*//.*\n|^\s+", re.MULTILINE)
_UNSAID_IN_STYLES = re.compile(r"/\*.*?\*/\n?|^\s+", re.MULTILINE | re.DOTALL)
_SPLIT = re.compile(r'"\s*\+\s*"')
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\b(\w+):')


def joined(text):
    """A file of a front end, to stand after ``kit.js`` in one script: nothing is imported there."""
    return _EXPORT.sub("", _IMPORT.sub("", text))


def in_page(text):
    """The same in HTML, where a script may not hold an end tag; without what nobody reads there."""
    return _UNSAID.sub("", joined(text)).replace("</", "<\\/")


def styles_in_page(text):
    """A style sheet as it stands in HTML."""
    return _UNSAID_IN_STYLES.sub("", text)


def strings(text):
    """Strings and keys of a script or of JSON, those that ``+`` joins as one."""
    found = _STRING.findall(_SPLIT.sub("", text))
    return {_meant(string) or key for string, key in found}


def _meant(string):
    """A string without its escapes, which scripts and JSON share; others have no text."""
    if "\\" not in string:
        return string
    try:
        return json.loads(f'"{string}"')
    except ValueError:
        return string
