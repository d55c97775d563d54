"""The interface in two languages: one table, and every text of the front ends in it."""

import ast
import functools
import json
import re
from pathlib import Path

import jupyter_book
import myst_nb
import pydata_sphinx_theme
import pytest
import sphinx
import sphinx_book_theme

from book_ext import editions, front_ends, glossary, language, term_cards
from course_lib import widgets
from course_lib.widgets import ShiftExplorer

TEXTS = language.texts()
_FILES = (
    *("course_lib/widgets/*.js", "static/*.js"),
    *("book_ext/live/progress.mjs", "book_ext/live/notebook.mjs", "book_ext/offline/sw.js"),
)
SCRIPTS = [file for pattern in _FILES for file in sorted(editions.ROOT.glob(pattern))]
_PLACE = re.compile(r"\{(\w+)(?::[^}|]*\|[^}]*)?\}")
_HAN = re.compile("[\u3400-\u9fff]")


# What scripts say -------------------------------------------------------------------------------


def literals(code):
    """Each text of a script between the code around it.

    ``+`` joins, ``{}`` is a template's place, and the key of an object is no text.
    """
    found, inside, at, end = [], [], 0, 0
    while match := _TOKEN.search(code, at):
        at = match.end()
        if match["quoted"] is not None:
            text = re.sub(r"\\(.)", r"\1", match["quoted"][1:-1])
        elif match[0] == "`":
            text, at, inner = _template(code, at)
            inside += inner
        else:
            continue
        before = code[end : match.start()]
        end = at
        if re.match(r"\s*:", code[at:]) and re.search(r"[{,]\s*$", before):
            continue
        if found and re.fullmatch(r"\s*\+\s*", before):
            found[-1] = (found[-1][0], found[-1][1] + text)
        else:
            found.append((before, text))
    return found + inside


_TOKEN = re.compile(
    r"""//[^\n]*|(?P<quoted>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|`"""
    r"|(?<=[(,=:?!&|])\s*/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/"
)


def _template(code, at):
    text, inner = "", []
    while code[at] != "`":
        if code.startswith("${", at):
            start, depth, at = at + 2, 1, at + 2
            while depth:
                if code[at] == "`":
                    _, at, _ = _template(code, at + 1)
                    continue
                depth += {"{": 1, "}": -1}.get(code[at], 0)
                at += 1
            inner += literals(code[start : at - 1])
            text += "{}"
        else:
            text += code[at]
            at += 1
    return text, at + 1, inner


#: What stands before a text that is shown, and before one that is not
_SHOWN = re.compile(r"""(\b(t|told|button)\(|\b(label|title|"aria-label"): )\s*$""")
_KEPT = re.compile(
    r"""(\b(h|s|ink|make|matches|closest|stripes|slider|choice|\w*[sS]elector(All)?|getItem|"""
    r"""matchMedia|\w+Attribute|\w+EventListener|create\w+|getElementById|has|Error)\(|\bfrom |"""
    r"""\bcase |[\w"\]]: |[!=]==? |\bin |\.\w+ = |\w\[)\s*$"""
)
_CODE = re.compile(
    r"cw-|[<_=]|^\s*[.#\[M]|\S/\w|\w/\S|^/|\.(html|js)\b|\(\?|:\S*;|\b(px|var|rem|deg)\b"
    r"|^[a-z]+([-.:\[]\S*)?$|^False None"
)
#: Words that no reader sees, or that are the same in every language
NOT_SAID = {
    "language of the book": "a key of the store",
    "book at {}": "a key of the store",
    "Content-Type": "for a machine",
    "Site home": "the name of a region, whose text is English",
    "Colab": "a name",
    "Chrome": "a name",
    "Edge": "a name",
    "Firefox": "a name",
    "Opera": "a name",
    "Safari": "a name",
    "Samsung Internet": "a name",
    "WebSocket": "a name",
    "Home": "a key of the keyboard",
    "End": "a key of the keyboard",
    "Escape": "a key of the keyboard",
}


def said(script):
    """Texts of a script that a reader may see or hear."""
    for before, text in literals(script.read_text("utf-8")):
        english = text.replace("{}", "")
        if not re.search("[A-Za-z]{2}", english) or _HAN.search(text) or text in NOT_SAID:
            continue
        is_kept = _KEPT.search(before) or _CODE.search(text) or not _is_sentence(text)
        if _SHOWN.search(before) or not is_kept:
            yield text


def _is_sentence(text):
    return len(re.findall("[A-Za-z]{2,}", text)) > 1 or re.match("[A-Z][a-z]+$", text)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('h("p", {}, "One " + "two.")', ["One two."]),
        ("button(`${n} left`)", ["{} left"]),
        ('t("{n} left", { n }) // "no text"', ["{n} left"]),
        ('`M${x}h${y}` + s("line", { class: "cw-axis big" })', []),
        ('slider("rate", "Learning rate", [], (v) => `${v} px`)', ["Learning rate"]),
        ('if (/["`]/.test(x)) say("Not yet.");', ["Not yet."]),
        ('`${ok ? "Two words" : `in ${k}`} here`', ["Two words"]),
    ],
)
def test_texts_of_a_script_are_found(tmp_path, code, texts):
    (tmp_path / "x.js").write_text(code)
    assert [text for text in said(tmp_path / "x.js") if text not in ("{} here",)] == texts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_text_has_its_chinese(script):
    missing = [text for text in said(script) if text not in TEXTS]
    assert not missing, "say it by t(), with named places, and put it into texts.json"


WIDGETS = [getattr(widgets, name) for name in widgets.__all__ if name != "CourseWidget"]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget.__name__)
def test_in_a_notebook_a_widget_brings_what_it_says(widget):
    """In both of its forms; on a page, where the whole table stands, nothing of it."""
    folder = editions.ROOT / "course_lib/widgets"
    texts = {*said(folder / "kit.js"), *said(folder / widget.front_end), widget.label}
    line = re.search(r"^globalThis\.cwTexts = .*\n", widget._esm, re.MULTILINE)[0]
    brought = json.loads(re.search(r"\{\"(.*)\"\}", line)[0])
    assert brought.items() <= TEXTS.items()
    assert texts & TEXTS.keys() <= brought.keys()
    assert front_ends.named(line, {}) == ""


def test_in_a_notebook_a_widget_brings_what_its_data_say():
    kinds = ([0.1, 0.2], [0.7, 0.8], [0.5, 0.6])
    widget = ShiftExplorer(*kinds, old=0.4, names=("bacterial", "viral"))
    assert '"viral":"病毒性"' in widget.html()


# The table --------------------------------------------------------------------------------------


#: Put together by Python
MADE = {"less than a millionth", "less than a thousandth"}


def test_nothing_in_the_table_is_unused():
    """It stands in a script, in what Python or a chapter gives a widget, or in the theme."""
    rest = TEXTS.keys() - MADE
    for script in SCRIPTS:
        code = script.read_text("utf-8")
        rest -= {text for _, text in literals(code)}
        rest -= set(re.findall(r"\b(\w+):", code))
    python = [*(editions.ROOT / "course_lib/widgets").glob("*.py"), *_PYTHON]
    for file in python:
        nodes = ast.walk(ast.parse(file.read_text("utf-8")))
        rest -= {node.value for node in nodes if isinstance(node, ast.Constant)}
    chapters = "".join(file.read_text("utf-8") for file in editions.chapter_files())
    rest = {text for text in rest if f'"{text}"' not in chapters}
    packages = (pydata_sphinx_theme, sphinx_book_theme, jupyter_book, sphinx, myst_nb)
    folders = [Path(package.__file__).parent for package in packages]
    pages = _sources(editions.ROOT / "book_ext", *folders)
    pages += (editions.ROOT / "_config.yml").read_text("utf-8")
    assert not [text for text in rest if text.replace("{n} ", "") not in pages]


_PYTHON = [editions.ROOT / "course_lib/datasets/tables.py"]


def _sources(*folders):
    files = (file for folder in folders for file in folder.rglob("*"))
    kinds = (".py", ".html", ".jinja", ".js_t")
    return "\n".join(file.read_text("utf-8") for file in files if file.suffix in kinds)


def test_an_entry_is_chinese_with_the_same_places():
    for english, chinese in TEXTS.items():
        assert _CHINESE.search(chinese), english
        assert set(_PLACE.findall(english)) == set(_PLACE.findall(chinese)), english
        assert not _HALF_WIDTH.search(chinese), f"{chinese}: a sign of half the width"


_CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
_HALF_WIDTH = re.compile(f"{_HAN.pattern}[,;:!?]|[,;:!?]{_HAN.pattern}")


def test_terms_are_those_of_the_glossary():
    """A name alone has the glossary's first Chinese name; in a sentence, one of its names."""
    wrong = []
    for english, chinese in TEXTS.items():
        for name, term in _names().items():
            if english.lower() == name.lower() and name == term.english[0]:
                right = chinese == term.chinese[0]
            elif re.search(rf"(?<![\w-]){re.escape(name)}s?(?![\w-])", english, _case(name)):
                latin = [each for each in term.english if re.search("[A-Z]|kappa", each)]
                right = any(each in chinese for each in [*term.chinese, *latin])
            else:
                continue
            if not right:
                wrong.append((english, chinese, name, term.chinese))
    assert not wrong


def _case(name):
    return re.IGNORECASE if name.islower() else 0


@functools.cache
def _names():
    """The term of each of its English names that the book uses in no other sense."""
    # Three photons at once, not the microscope
    other = {*term_cards._EVERYDAY, "three photons"}
    return {n: term for term in glossary.terms() for n in term.english if n not in other}
