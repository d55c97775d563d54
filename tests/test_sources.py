"""Links from a chapter's code to the library's: where a name is defined, and where it is linked."""

import inspect
import re

import pytest

from book_ext import editions, sources
from course_lib import datasets, metrics, segmentation, widgets
from course_lib.nets import EfficientNetLite0, UNet


@pytest.mark.parametrize(
    ("module", "name", "target"),
    [
        ("course_lib.metrics", "ConfusionMatrix", metrics.ConfusionMatrix),
        ("course_lib.segmentation", "match_instances", segmentation.match_instances),
        ("course_lib.datasets", "nuclei", datasets.nuclei),
        ("course_lib.nets", "UNet", UNet),
        ("course_lib.nets", "EfficientNetLite0", EfficientNetLite0),
        ("course_lib.widgets", "Quiz", widgets.Quiz),
    ],
)
def test_a_place_is_where_python_finds_the_name(module, name, target):
    _, first = inspect.getsourcelines(target)
    assert sources.place_of(module, name) == (target.__module__, first)


def test_modules_constants_and_what_is_not_there():
    assert sources.place_of("course_lib.metrics") == ("course_lib.metrics", 1)
    assert sources.place_of("course_lib", "roc") == ("course_lib.roc", 1)
    module, line = sources.place_of("course_lib.segmentation", "AP_THRESHOLDS")
    source = (editions.ROOT / "course_lib/segmentation/instances.py").read_text("utf-8")
    assert module == "course_lib.segmentation.instances"
    assert source.splitlines()[line - 1].startswith("AP_THRESHOLDS =")
    assert sources.place_of("course_lib.metrics", "nothing") is None
    assert sources.place_of("numpy", "array") is None


def test_no_solution_has_a_page():
    assert sources.place_of("course_lib.exercises", "check") is None
    assert sources.place_of("course_lib", "exercises") is None
    assert sources.place_of("course_lib.exercises.metrics", "REFERENCE") is None


def span(kind, text):
    return f'<span class="{kind}">{text}</span>'


def attribute(module, name):
    return span("n", module) + span("o", ".") + span("n", name)


IMPORT = (
    f"{span('kn', 'from')} {span('nn', 'course_lib')} {span('kn', 'import')} "
    f"{span('n', 'segmentation')} {span('k', 'as')} {span('n', 'seg')}"
)
USES = [
    attribute("seg", "dice"),
    attribute("seg", "dice"),
    attribute("seg", "nothing"),
    attribute("other", "dice"),
]
CODE = "\n".join([IMPORT, *USES])
PAGE = f'{span("n", "seg")}<div class="highlight"><pre>\n{CODE}</pre></div>'


def test_a_name_is_linked_where_it_first_stands():
    names = sources.imported(["import numpy\nfrom course_lib import segmentation as seg", "1 +"])
    page = sources.linked(PAGE, names, "../")
    _, line = sources.place_of("course_lib.segmentation", "dice")
    assert re.findall('href="(.*?)"', page) == [
        "../source/course_lib.html",
        "../source/course_lib/segmentation.html",
        f"../source/course_lib/segmentation/masks.html#L-{line}",
    ]
    # Nothing but links was added.
    assert re.sub("<a .*?>|</a>", "", page) == PAGE
    assert page.startswith(span("n", "seg"))


@pytest.mark.slow
def test_every_link_of_a_chapter_has_its_page():
    pages = sources._linked_to()
    for _, text in editions.in_order():
        if editions.is_notebook(text):
            for module, name in sources.imported(sources._code(text)).values():
                place = sources.place_of(module, name)
                assert place is None or place[0] in pages
