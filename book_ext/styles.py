"""The rules of a style sheet that the pages need; a theme brings those of all its components.

A selector stays if each class and identifier that it asks for occurs: in a tag of a page, or as a
word of a script, which may make it. A custom property stays if somebody reads it.
"""

import re

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(
    r"""(?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | url\([^)"']*\) | \\. | [^"'{};\\] )+ | [{};]""",
    re.VERBOSE | re.DOTALL,
)
# What :not() names need not occur, and of what :is() names not all.
_BRACKETS = re.compile(r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\[[^]]*\]")
_SELECTOR = re.compile(rf"(?:{_BRACKETS.pattern}|[^,])+")
_NAME = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")
_GROUPS = ("@media", "@supports", "@layer", "@container")
_ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
_WORD = re.compile(r"[\w-]+")
_READ = re.compile(r"var\(\s*(--[\w-]+)")


def names_in_page(html):
    """Classes and identifiers of a page's tags, the words of its scripts, properties it reads."""
    names = set(" ".join(_ATTRIBUTE.findall(html)).split()) | properties(html)
    return names.union(*map(words, _SCRIPT.findall(html)))


def words(script):
    """Whatever a script may use as a class."""
    return set(_WORD.findall(script))


def properties(text):
    """Custom properties that a text reads."""
    return set(_READ.findall(text))


def needed(sheet, names):
    """The style sheet without the selectors that no element with these names meets.

    Of the custom properties those stay that are among the names.
    """
    open_rules, parts = [], []
    said = ""
    for token in _TOKEN.findall(_COMMENT.sub("", sheet)):
        if token == "{":
            open_rules.append((said, parts))
            said, parts = "", []
        elif token == "}":
            body = "".join(parts) + _declared(said, names)
            said, parts = open_rules.pop()
            parts.append(_rule(said.strip(), body, names))
            said = ""
        elif token == ";":
            parts.append(_declared(f"{said};", names))
            said = ""
        else:
            said = token
    return "".join(parts) + said


def _declared(text, names):
    name = text.partition(":")[0].strip()
    return "" if name.startswith("--") and name not in names else text


def _rule(head, body, names):
    if not head.startswith("@"):
        head = ",".join(each for each in _SELECTOR.findall(head) if _may_meet(each, names))
    elif head.startswith(_GROUPS) and not body:
        return ""
    return head and f"{head}{{{body}}}"


def _may_meet(selector, names):
    return names.issuperset(_NAME.findall(_BRACKETS.sub("", selector)))
