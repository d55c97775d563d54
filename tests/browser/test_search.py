"""The search of the built book: which page comes first, in English and in Chinese."""

from urllib.parse import quote

import pytest

from book_ext import glossary
from book_ext.search import SearchBoth

#: What somebody types, and the chapter that must come first.
FIRST = {
    "sensitivity": "metrics",
    "recall": "metrics",
    "Grad-CAM": "attribution",
    "U-Net": "unet",
    "ROC curve": "roc",
    "AUC": "roc",
    "prevalence": "metrics",
    "kappa": "ground_truth",
    "STAPLE": "ground_truth",
    "Dawid-Skene": "ground_truth",
    "saliency map": "attribution",
    "overfitting": "dli/l2_training",
    "dropout": "dli/l3_convolution",
    "attention": "dli/l6_sequences",
    "transfer learning": "dli/l5_transfer",
    "data augmentation": "dli/l4_deployment",
    "non-max suppression": "detection",
    "triplet loss": "one_shot",
    "Gram matrix": "style",
    "model card": "report",
    "敏感度": "metrics",
    "靈敏度": "metrics",
    "靈敏": "metrics",
    "特異": "metrics",
    "特異性": "metrics",
    "偽陽性": "metrics",
    "混淆矩陣": "metrics",
    "召回率": "metrics",
    "陽性預測值": "metrics",
    "信賴區間": "metrics",
    "曲線下面積": "roc",
    "接收者操作特徵曲線": "roc",
    "校準": "roc",
    "黃金標準": "ground_truth",
    "卷積": "dli/l3_convolution",
    "池化": "dli/l3_convolution",
    "過度配適": "dli/l2_training",
    "遷移學習": "dli/l5_transfer",
    "交併比": "detection",
    "顯著圖": "attribution",
    "孿生網路": "one_shot",
    "風格轉換": "style",
    "三光子顯微術": "optics",
    "神經解碼": "decoding",
    "資料洩漏": "report",
}
#: Of these two chapters explain something by that name.
EITHER = {"驗證": {"one_shot", "dli/l1_simple"}, "一致性係數": {"ground_truth"}}
#: No more than what the list of results is made from, in the order in which it is shown.
_RESULTS = """(query) => Search._performSearch(...Search._parseQuery(query)).reverse()
  .map(([page, , anchor]) => page.replace("chapters/", "") + anchor)"""


@pytest.fixture(scope="module")
def results(chromium, address):
    """``results(query)``: what is found, each the file of a chapter with an anchor behind it."""
    page = chromium.new_page()
    page.goto(f"{address}/search.html")
    page.wait_for_function("() => Search.hasIndex()")
    yield lambda query: page.evaluate(_RESULTS, query)
    page.close()


def test_the_page_that_explains_a_term_comes_first(results):
    assert len(FIRST) >= 40
    found = {query: results(query)[:2] for query in FIRST}
    wrong = {query: pages for query, pages in found.items() if pages[:1] != [FIRST[query]]}
    assert not wrong
    for query, pages in EITHER.items():
        assert pages == set(results(query)[: len(pages)]), query


def test_every_name_of_the_glossary_leads_to_its_chapter_and_to_its_entry(results):
    lost = []
    for term in glossary.terms():
        for name in term.english + term.chinese:
            pages = results(name)[:6]
            lost += [
                (name, page, pages)
                for page in (term.chapter, f"glossary#{term.anchor}")
                if page not in pages
            ]
    assert not lost


def test_what_is_not_there_is_not_found(results):
    assert results("甲狀腺") == []
    assert results("zygomorphic") == []


def test_browser_and_index_cut_alike(chromium, address):
    """Of every word that a reader types the index holds each piece."""
    page = chromium.new_page()
    page.goto(f"{address}/search.html")
    for text in (
        "敏感度",
        "p 值",
        "胸部X光片",
        "癌",
        "Grad-CAM 混淆矩陣",
        "2×2",
        "F1 分數、召回率",
    ):
        cut = page.evaluate("(text) => splitQuery(text)", text)
        assert cut, text
        assert set(cut) <= set(SearchBoth({}).split(text)), text
    assert page.evaluate("() => splitQuery('敏感度 test')") == ["敏感", "感度", "test"]
    page.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [("Grad-CAM", "Grad-CAM"), ("敏感度", "Glossary"), ("盛行率", "盛行率")],
)
def test_a_reader_sees_where_a_word_stands(open_page, query, said):
    page = open_page(f"search.html?q={quote(query)}")
    page.locator("ul.search > li:nth-child(2) p.context").wait_for()
    shown = page.locator("ul.search").inner_text()
    assert said in shown
    snippets = page.locator("p.context").all_inner_texts()
    # The toolbar's, and those of a cell.
    for word in ("Open issue", "Show the code", ".ipynb", "Toggle", "Contents", "<", "{"):
        assert not [text for text in snippets if word in text], word
    assert any(query in text for text in snippets)


def test_chinese_is_said_to_be_chinese(open_page):
    for path in ("chapters/glossary.html", "chapters/metrics.html"):
        page = open_page(path)
        unsaid = page.evaluate(
            """() => {
              const walker = document.createTreeWalker(
                document.querySelector("article"), NodeFilter.SHOW_TEXT);
              const found = [];
              while (walker.nextNode()) {
                const { data, parentElement: at } = walker.currentNode;
                // What a cell shows is made by the library.
                const hidden = at.closest("script, style, .cell_output");
                if (/[\u3400-\u9fff]/.test(data) && !hidden && !at.closest("[lang=zh-Hant]"))
                  found.push(data);
              }
              return found;
            }"""
        )
        assert unsaid == []
