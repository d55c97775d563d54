"""Terms in running text lead to the glossary, once a page, and only where they are meant."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from book_ext import editions, glossary, term_cards

TERMS = {name: term for term in glossary.terms() for name in term.english}


def links(text, docname="chapters/style"):
    """Text and address of every link that a page gets; reStructuredText stands for the page."""
    doctree = publish_doctree(text)
    before = doctree.astext()
    builder = SimpleNamespace(get_relative_uri=lambda page, to: f"{to}.html")
    term_cards._link(SimpleNamespace(builder=builder), doctree, docname)
    assert doctree.astext() == before
    return [(link.astext(), link["refuri"]) for link in doctree.findall(term_cards.TermLink)]


def test_the_first_use_of_a_page_has_a_card():
    text = "Sensitivity is one, confidence\nintervals two, sensitivity one."
    assert links(text) == [
        ("Sensitivity", "chapters/glossary.html#term-sensitivity"),
        ("confidence\nintervals", "chapters/glossary.html#term-confidence-interval"),
    ]


def test_two_names_of_a_term_have_one_card():
    assert [name for name, _ in links("The AUC, or area under the ROC curve.")] == ["AUC"]


def test_the_longest_name_wins():
    assert [name for name, _ in links("A false positive rate of zero.")] == ["false positive rate"]


@pytest.mark.parametrize(
    "text",
    [
        "*On sensitivity* (1999)",
        "``sensitivity``",
        "`sensitivity <https://example.org>`_",
        "> In this chapter: see below\n\n    sensitivity, quoted",
        "A\n=\n\nB\n\nsensitivity\n===========\n\nC",
        "Insensitivity and sensitivity-like things",
        "the everyday threshold of a class, a layer of paint, a weight on the mind",
    ],
)
def test_no_card_where_none_is_meant(text):
    assert links(text) == []


def test_the_chapter_that_explains_a_term_has_no_card_of_it():
    explains = f"chapters/{TERMS['sensitivity'].chapter}"
    assert links("Its sensitivity.", explains) == []
    assert links("Its sensitivity.", glossary.PAGE) == []


def test_everyday_words_are_names_of_the_glossary():
    assert set(term_cards._EVERYDAY) <= set(TERMS)


def test_a_card_says_what_the_glossary_says():
    doctree = publish_doctree("The AUC of a score.")
    builder = SimpleNamespace(get_relative_uri=lambda page, to: to)
    term_cards._link(SimpleNamespace(builder=builder), doctree, "chapters/style")
    (link,) = doctree.findall(term_cards.TermLink)
    assert link["card"].startswith("曲線下面積 · The probability that a random ill patient")
    assert isinstance(link, nodes.reference)
    assert not any(mark in term_cards._plain(t.meaning) for t in TERMS.values() for mark in "*`$")


def test_a_book_without_a_glossary_has_no_cards(monkeypatch, tmp_path):
    monkeypatch.setattr(editions, "ROOT", tmp_path)
    assert links("Its sensitivity.") == []
