"""Which ways lead from a page to its notebook, with and without a repository's address."""

import pytest

from book_ext import doors


def buttons():
    """As sphinx-book-theme makes them."""
    source = {"label": "download-source-button", "url": "../_sources/"}
    printing = {"label": "download-pdf-button"}
    return [
        {"label": "launch-buttons", "buttons": [{"label": "launch-colab"}]},
        {"label": "source-repository-button"},
        {"label": "download-buttons", "buttons": [source, printing]},
        {"label": "fullscreen-button"},
    ]


def opened(page):
    context = {"header_buttons": buttons(), "pathto": lambda place, _: f"../{place}"}
    doors._open(None, page, "page.html", context, None)
    shown = {button["label"]: button.get("buttons", []) for button in context["header_buttons"]}
    return shown, [button.get("url") for button in shown["download-buttons"]]


@pytest.mark.parametrize("repository", ["", "someone/fork"])
def test_a_chapter_gives_its_notebook(monkeypatch, repository):
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    shown, downloads = opened("chapters/dli/l2_training")
    assert downloads == ["../notebooks/dli/l2_training.ipynb", None]
    assert ("launch-buttons" in shown) == ("source-repository-button" in shown) == bool(repository)
    assert "fullscreen-button" in shown


def test_a_page_without_cells_can_be_printed():
    assert opened("chapters/intro")[1] == [None]
    assert opened("genindex")[1] == [None]
