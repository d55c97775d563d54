"""The interface in Chinese: by the browser or the switch, marked, and fit for a phone."""

import re

from playwright.sync_api import expect

from .driving import PHONE, assert_accessible, assert_fits

PAGE = "chapters/metrics.html"


def test_the_interface_is_chinese_until_the_reader_wants_english(open_page):
    page = open_page(PAGE, width=PHONE, locale="zh-TW")
    widget = page.get_by_role("group", name="混淆矩陣探索", exact=True)
    expect(widget.get_by_role("button", name="重設", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="執行並檢查").first).to_be_visible()
    expect(page.get_by_text("習題：8 題中完成 0 題")).to_be_visible()
    quiz = page.get_by_role("group", name="小測驗", exact=True)
    quiz.get_by_role("button", name="對第 1 題的答案").click()
    expect(quiz.locator(".cw-why").first).to_have_text("請先選一個答案。")
    question = quiz.locator("fieldset").first
    question.get_by_role("radio").first.check()
    question.get_by_role("button").click()
    expect(question.locator(".cw-why")).to_have_text(re.compile("^(✓ 答對了。|✗ 不太對。) [A-Z]"))

    assert page.evaluate(_WRONG_VOICE) == []
    assert_fits(page, PAGE)
    wide = "[...document.querySelectorAll('.cw')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{wide}.length") == 0
    assert_accessible(page)

    switch = page.get_by_role("button", name="EN", exact=True)
    box = switch.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    assert re.search("英文.*English", switch.get_attribute("title"))
    switch.click()
    _assert_english(page)
    # It is remembered, here against the browser's own language.
    page.reload()
    _assert_english(page)
    page.get_by_role("button", name="中文", exact=True).click()
    expect(widget).to_be_visible()


def _assert_english(page):
    expect(page.get_by_role("group", name="Confusion explorer", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run and check").first).to_be_visible()
    assert page.locator('.cw[lang^="zh"]').count() == 0


#: Texts of widgets and cards that a screen reader would read in the other language
_WRONG_VOICE = """
() => [...document.querySelectorAll(".cw, .cw *, .exercise-actions *, .exercise-count")]
  .flatMap((element) => {
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const text = own.map((node) => node.data).join("");
    const isChinese = /[\\u3400-\\u9fff]/.test(text);
    if (!isChinese && !/[a-z]{2}/i.test(text)) return [];
    const lang = element.closest("[lang]").getAttribute("lang");
    return lang === (isChinese ? "zh-Hant-TW" : "en") ? [] : [`${lang}: ${text}`];
  })
"""
