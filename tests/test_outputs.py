"""What is shown as sentences: nothing that stands in columns."""

import re

import pytest

from book_ext.outputs import is_prose, settled


@pytest.mark.parametrize(
    "text",
    [
        "300 children to learn from, 127 to look at\n",
        "watershed, tuned on the left: F1 0.93 [0.86, 0.97]",
        "start 0: Dice 0.91\n\nstart 1: Dice 0.92\n",
        "敏感度高\n",
    ],
)
def test_sentences(text):
    assert is_prose(text)


@pytest.mark.parametrize(
    "text",
    [
        "accuracy      0.70  [0.40, 0.89]\nsensitivity   0.67  [0.21, 0.94]\n",
        "one miss =  1 alarms\none miss = 20 alarms\n",
        "[ 1 -1]\n",
        "[[0 1]\n [1 0]]\n",
        "(400, 64, 64, 3)\n",
        "random readers:\n    95% [0.0090, 0.0545]\n",
        "0.1 0.2\n0.3 0.4\n",
        "name\tvalue\n",
    ],
)
def test_columns(text):
    assert not is_prose(text)


def test_what_scrolls_on_a_phone_can_be_focused():
    def block(code, around=""):
        return (
            f'<div class="{around}highlight-python"><div class="highlight"><pre>{code}</pre></div>'
        )

    wide = f"<span>a</span> = 1\n<span>b</span> = {'&lt;' * 40}\n"
    narrow = f"<span class='a-long-name-of-a-class-of-letters'>a</span> = {'&lt;' * 30}\n"
    body = block(wide) + block(narrow) + block(wide, "output stream prose ")
    assert re.findall(r'<pre tabindex="(-?\d)"', settled(body)) == ["0", "-1", "-1"]
    added, out = r' ?tabindex="-?\d" ?|style="--lines: \d+"', '<div class="output'
    assert re.sub(added, "", settled(body)) == body.replace(out, '<divclass="output')


def test_code_keeps_its_room_and_only_colored_tags():
    """Sentences have lines of any length, so their room is not known beforehand."""
    code = (
        '<span></span><span class="n">a</span><span class="w"> </span><span class="o">=</span>'
        '<span class="w"> </span><span class="nb">len</span><span class="p">(</span>b)\n\n1\n'
    )
    block = f'<div class="highlight"><pre>{code}</pre></div>'
    (shown,) = re.findall("<pre.*", settled(block), re.DOTALL)
    assert shown == (
        '<pre tabindex="-1" style="--lines: 3"><span></span>a <span class="o">=</span> '
        '<span class="nb">len</span>(b)\n\n1\n</pre></div>'
    )
    assert "--lines" not in settled(f'<div class="output stream prose ">{block}')
