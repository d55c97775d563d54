"""The glossary agrees with the chapters; both languages can be searched, and Chinese is marked."""

import re

import pytest
from docutils.core import publish_doctree, publish_from_doctree

from book_ext import editions, glossary
from book_ext.search import SearchBoth, mark_chinese

TERMS = glossary.terms()
_HAN = re.compile("[\u3400-\u9fff]+")


def _plain(text):
    """Words of a chapter in one line, without the marks of quotations and emphasis."""
    return " ".join(re.sub(r"^> ?|[*`]", "", text, flags=re.MULTILINE).lower().split())


SOURCES = dict(editions.in_order())
PLAIN = {name: _plain(text) for name, text in SOURCES.items()}


def test_every_entry_of_the_page_is_read():
    page = (editions.ROOT / f"{glossary.PAGE}.md").read_text(encoding="utf-8")
    assert len(TERMS) == len(re.findall("^: ", page, re.MULTILINE)) >= 150


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.anchor)
def test_a_term_is_whole_and_its_chapter_uses_it(term):
    assert _HAN.search(term.chinese[0])
    assert term.meaning.endswith(".")
    assert any(name.lower() in PLAIN[term.chapter] for name in term.english), term.chapter
    page = (editions.ROOT / f"{glossary.PAGE}.md").read_text(encoding="utf-8")
    assert f"[{editions.title(SOURCES[term.chapter])}]({term.chapter}.md)" in page


def test_no_name_leads_to_two_terms():
    for names in ([n.lower() for t in TERMS for n in t.english], [t.anchor for t in TERMS]):
        assert not {name for name in names if names.count(name) > 1}
    for term in TERMS:
        assert len({*term.chinese}) == len(term.chinese)


def test_terms_stand_in_the_order_of_the_alphabet():
    names = [term.english[0].lower() for term in TERMS]
    assert names == sorted(names)


@pytest.mark.parametrize("name", SOURCES)
def test_every_chinese_term_of_a_chapter_is_in_the_glossary(name):
    known = {"".join(_HAN.findall(chinese)) for term in TERMS for chinese in term.chinese}
    # A name such as 胸部X光片 holds a letter.
    used = {
        "".join(_HAN.findall(run))
        for run in re.findall("[\u3400-\u9fff][\u3400-\u9fffX]*", SOURCES[name])
    }
    missing = ", ".join(sorted(used - known))
    assert not missing, f"chapters/glossary.md lacks the Chinese terms {missing}"


def _index(text):
    return SearchBoth({}).split(text)


def test_a_run_of_chinese_is_indexed_by_characters_and_neighbors():
    assert _index("sensitivity (靈敏度), 2×2") == [
        *("sensitivity", "靈", "敏", "度", "靈敏", "敏度", "2", "2"),
    ]
    assert _index("p值 of Grad-CAM") == ["p", "值", "of", "Grad", "CAM"]
    assert _index("") == []


def test_chinese_is_marked_and_code_is_left_alone():
    tree = publish_doctree(
        "The rate (盛行率、患病率) of *陽性* is ``標籤``.\n\n::\n\n   print('標籤')\n"
    )
    mark_chinese(tree)
    html = publish_from_doctree(tree, writer_name="html5").decode()
    assert re.findall('<span lang="zh-Hant">(.*?)</span>', html) == ["盛行率、患病率", "陽性"]
    assert html.count("標籤") == 2
