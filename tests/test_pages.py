"""Building pages: only what changed, nothing that is wrong forgotten, no cell run for a word."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from book_ext import editions

pytestmark = pytest.mark.slow

FRONT = "---\nfile_format: mystnb\n---\n\n"
ONE = FRONT + (
    "# One\n\n> *About 20 minutes. You need <b> and [this](two.md).*\n\n"
    "(a-section)=\n## A section\n\nWords.\n\n$$\na = b.\n$$\n\n"
    "```{code-cell} ipython3\nprint(6 * 7)\n```\n\n## Summary\n\n- A point.\n"
)
TWO = FRONT + (
    "# Two\n\nSee [there](#a-section).\n\n```{code-cell} ipython3\n"
    "from course_lib import intervals\n```\n\n```{code-cell} ipython3\n"
    "from course_lib.widgets import Quiz\n\nQuiz('metrics')\n```\n"
)


INTRO = (
    "# Welcome\n\nTo the book.\n\n"
    "<!-- real and simulated: `make notebooks` writes this -->\n<!-- end -->\n"
)


class Book:
    """A whole small book in a folder of its own, made by the real commands."""

    def __init__(self, root):
        self.root = root
        for name in ("book_ext", "course_lib", "static"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(editions.ROOT / name, root / name, ignore=ignored)
        for name in ("_config.yml", "constraints.txt", "CONTRIBUTING.md"):
            shutil.copy(editions.ROOT / name, root)
        chapters = "  - file: chapters/one\n  - file: chapters/two\n"
        self.write("_toc.yml", f"format: jb-book\nroot: chapters/intro\nchapters:\n{chapters}")
        self.write("chapters/intro.md", INTRO)
        self.write("chapters/one.md", ONE)
        self.write("chapters/two.md", TWO)

    def write(self, name, text):
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def replace(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def make(self, *command):
        """Exit status and all that was said."""
        done = subprocess.run(
            [sys.executable, "-m", "book_ext", *command],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def page(self, name):
        return self.root / "_build" / "html" / "chapters" / f"{name}.html"

    def beside(self):
        """When each file was written that a theme or the folder ``static`` brings."""
        files = (self.root / "_build" / "html" / "_static").rglob("*")
        own = ("texts.js", "widgets.js", "widgets.css", "mathematics.css", "pygments.css")
        return {
            file.name: file.stat().st_mtime_ns
            for file in files
            if file.suffix in (".js", ".css", ".woff") and file.name not in own
        }

    def code(self):
        """When each page of the library's code was written."""
        files = (self.root / "_build" / "html" / "source").rglob("*.html")
        return {file: file.stat().st_mtime_ns for file in files}

    def written(self):
        """When each page was written."""
        return {name: self.page(name).stat().st_mtime_ns for name in ("intro", "one", "two")}


def _changed(before, after):
    """Chapters whose pages were written since; a whole build writes the page that lists them."""
    return {name for name, when in after.items() if when != before[name]} - {"intro"}


def _assert_the_page_has_its_frame(book):
    """A number, a card at the end, and what the way back needs; all of it without scripts."""
    one, two = (book.page(name).read_text(encoding="utf-8") for name in ("one", "two"))
    assert re.search(r"</h1>\s*<p class=\"chapter-number\">Chapter 1</p>", one)
    card = one.partition('<div class="summary-card">')[2].partition("</article>")[0]
    assert re.search(
        r"<h2>Summary<.*A point\..*Formulas.*<mi>a</mi><mo>=</mo><mi>b</mi>", card, re.DOTALL
    )
    assert re.search(r'Next: <a href="two.html">Two</a> · <span>Chapter 2</span></p></div>', card)
    way = two.partition('class="left-prev"')[2].partition("</a>")[0]
    facts = re.search(r'<p class="prev-next-facts">(.*)</p>', way)[1]
    assert re.sub("</?span>", "", facts) == "Chapter 1 · 20 minutes · needs &lt;b&gt; and “this”"


def _depth_with_a_way_back(book, page):
    """How deep a page of code lies, from where its contents lead to each chapter."""
    contents = page.read_text(encoding="utf-8").partition('id="pst-primary-sidebar"')[2]
    links = dict(re.findall(r'href="([^"]*)">\s*([^<]*?)\s*</a>', contents))
    titles = {book.page("one"): "The first", book.page("two"): "Two"}
    there = {(page.parent / link).resolve(): title for link, title in links.items()}
    assert {chapter: there.get(chapter) for chapter in titles} == titles, page
    return len(page.relative_to(book.root).parts)


def test_a_book_is_made_again_only_where_it_changed(tmp_path):
    book = Book(tmp_path)
    code, said = book.make("chapter", "two")
    assert code == 0, said
    # The chapter alone was executed, and its page alone was written.
    assert f"The page: {book.page('two').as_uri()}" in said
    assert (book.root / "chapters" / "two.ipynb").is_file()
    assert not book.page("one").exists()
    assert not (book.root / "chapters" / "one.ipynb").exists()
    code, said = book.make("book")
    assert code == 0, said
    assert "42" in book.page("one").read_text(encoding="utf-8")
    assert "1 of 2 chapters executed" in said
    _assert_the_page_has_its_frame(book)
    before, beside = book.written(), book.beside()
    assert any(name.endswith(".woff") for name in beside)

    assert book.make("book")[0] == 0
    assert book.written() == before

    book.replace("chapters/one.md", "Words.", "Words, uncommonly.")
    code, said = book.make("chapter", "one")
    assert code == 0
    assert "executed" not in said
    assert _changed(before, book.written()) == {"one"}
    assert "Words, uncommonly." in book.page("one").read_text(encoding="utf-8")
    # Scripts, styles and icons are those of the whole book, and are not made again.
    assert book.beside() == beside
    # But for what no page has shown before.
    sheet = book.root / "_build" / "html" / "_static" / "styles" / "pydata-sphinx-theme.css"
    assert ".danger" not in sheet.read_text(encoding="utf-8")
    colors = book.root / "_build" / "html" / "_static" / "pygments.css"
    dark_and_light = colors.read_text(encoding="utf-8")
    assert 'data-theme="dark"' in dark_and_light
    words = "Words, uncommonly."
    book.replace("chapters/one.md", words, f"{words}\n\n:::{{danger}}\nMore.\n:::\n")
    assert book.make("chapter", "one")[0] == 0
    assert ".danger" in sheet.read_text(encoding="utf-8")
    assert colors.read_text(encoding="utf-8") == dark_and_light

    # A front end and a question change: the page that shows them changes, and no cell runs.
    before, code_before = book.written(), book.code()
    quiz = "course_lib/quizzes/metrics.toml"
    book.replace(quiz, 'text = "Specificity"', 'text = "Specificity, say"')
    kit = "course_lib/widgets/kit.js"
    book.write(kit, (book.root / kit).read_text("utf-8") + "export const drawn = 'otherwise';\n")
    code, said = book.make("book")
    assert code == 0
    assert "0 of 2 chapters executed" in said
    # The page that was built alone is made again as well: it could not be found yet.
    assert _changed(before, book.written()) == {"one", "two"}
    index = book.root / "_build" / "html" / "searchindex.js"
    assert "uncommonli" in index.read_text(encoding="utf-8")
    assert "Specificity, say" in book.page("two").read_text(encoding="utf-8")
    kit = (book.root / "_build" / "html" / "_static" / "widgets.js").read_text(encoding="utf-8")
    assert "drawn = 'otherwise'" in kit
    assert book.code() == code_before

    # Every page shows the titles of all.
    book.replace("chapters/one.md", "# One", "# The first")
    assert book.make("book")[0] == 0
    for name in ("intro", "two"):
        assert "The first" in book.page(name).read_text(encoding="utf-8")
    depths = {_depth_with_a_way_back(book, page) for page in book.code()}
    assert len(depths) > 1

    # A page of code shows that of today, and the others stay.
    code_before = book.code()
    module = "course_lib/intervals.py"
    book.write(module, (book.root / module).read_text("utf-8") + "# A new remark\n")
    # As from an archive: what counts is what it says, not since when.
    os.utime(book.root / module, (0, 0))
    assert book.make("book")[0] == 0
    (page,) = {page for page, when in book.code().items() if when != code_before[page]}
    assert page.name == "intervals.html"
    assert "A new remark" in page.read_text(encoding="utf-8")


def test_a_warning_is_an_error_until_it_is_mended(tmp_path):
    book = Book(tmp_path)
    assert book.make("book")[0] == 0
    book.replace("chapters/two.md", "#a-section", "nowhere.md")
    for _ in range(2):
        code, said = book.make("book")
        assert code != 0
        assert "nowhere" in said
    # Another page that is built alone stands, and makes nobody forget this one.
    book.replace("chapters/one.md", "Words.", "Other words.")
    assert book.make("chapter", "one")[0] == 0
    code, said = book.make("book")
    assert code != 0
    assert "nowhere" in said
    book.replace("chapters/two.md", "nowhere.md", "#a-section")
    assert book.make("book")[0] == 0

    # The page that is wrong now is not the page that changed.
    book.replace("chapters/one.md", "(a-section)=", "(another-section)=")
    for _ in range(2):
        code, said = book.make("book")
        assert code != 0
        assert "a-section" in said
    book.replace("chapters/one.md", "(another-section)=", "(a-section)=")

    # A formula is only set when all pages are written.
    book.replace("chapters/one.md", "a = b.", r"a = \nonsense.")
    for _ in range(2):
        code, said = book.make("book")
        assert code != 0
        assert r"A formula cannot be typeset: a = \nonsense" in said
    book.replace("chapters/one.md", r"\nonsense.", "b.")
    assert book.make("book")[0] == 0


def test_a_chapter_that_is_not_there(tmp_path):
    book = Book(tmp_path)
    code, said = book.make("chapter", "three")
    assert code != 0
    assert "NAME must be a chapter, one of one, two; got 'three'." in said


def test_what_takes_long_to_load_is_loaded_to_build_alone():
    """To see that nothing changed, or a word, takes less time than these."""
    late = {"jupyter_book", "matplotlib", "myst_nb", "scipy", "sqlalchemy", "torch"}
    code = f"import sys, book_ext.__main__; print({late} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=editions.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
