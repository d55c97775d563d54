"""The text that L6 learns from, made of the chapters' sentences."""

from book_ext import editions, prose
from course_lib.sequences import book_prose

SOURCE = """---
file_format: mystnb
---

# A title of more than five words

> **In this chapter**
> - an outline that nobody calls a sentence

The patient's film (胸部X光片), 95 % of it, is *dark*; nobody in the clinic
knows why it is so. Is it [the lamp of the clinic](lamp.md#here)? Too short.
Its mean is $x = \\frac12$ of 0.60 or `np.mean(x)` says the manual: look at the lamp
of the clinic!

```{code-cell} ipython3
this is not a sentence of the chapter
```

| a table | of more than | five words in it |
|---|---|---|

- One item that has five words
- Another item that has six words.

**To read on.** Nobody et al., a book of many words (2020).
"""


def test_what_a_sentence_is():
    assert list(prose.sentences(SOURCE)) == [
        "the patient's film of it is dark",
        "nobody in the clinic knows why it is so .",
        "is it the lamp of the clinic ?",
        "its mean is of or says the manual",
        "look at the lamp of the clinic .",
        "one item that has five words",
        "another item that has six words .",
    ]


def test_the_text_is_of_the_chapters_of_this_book():
    """It is a copy, and chapters change; but not so much that nothing is left of one."""
    shipped = set(book_prose())
    for name, text in editions.in_order():
        if not name.startswith("dli/"):
            today = list(prose.sentences(text))
            kept = sum(sentence in shipped for sentence in today) / len(today)
            assert kept > 0.4, f"{name} is new: run `python -m book_ext prose`, then L6"
