"""A saved notebook, opened again: its widgets are alive where no kernel is.

A front end takes the saved HTML, puts it into the document, and makes its scripts anew, because
those that come with `innerHTML` never run. Which of an output's forms it takes is in
`tests/test_widgets.py`.
"""

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from playwright.sync_api import expect

from course_lib.widgets import PrevalenceExplorer, Quiz
from tests.browser.driving import go_on

#: As JupyterLab renders `text/html` of a trusted notebook (rendermime, `renderHTML`).
_RENDER = """
(html) => {
  const host = document.createElement("div");
  host.innerHTML = html;
  for (const script of host.querySelectorAll("script")) {
    const again = document.createElement("script");
    for (const { name, value } of script.attributes) again.setAttribute(name, value);
    again.textContent = script.textContent;
    script.replaceWith(again);
  }
  document.body.append(host);
}
"""


@pytest.fixture
def reopened(chromium, tmp_path):
    """``reopened(widget, …)``: a page with the outputs of a notebook that was saved and closed."""
    page = chromium.new_page()

    def reopen(*widgets):
        notebook = nbformat.v4.new_notebook()
        for widget in widgets:
            shown, _ = DisplayFormatter().format(widget)
            output = nbformat.v4.new_output("execute_result", shown, execution_count=1)
            notebook.cells.append(nbformat.v4.new_code_cell("…", outputs=[output]))
            widget.close()
        nbformat.write(notebook, tmp_path / "saved.ipynb")
        for cell in nbformat.read(tmp_path / "saved.ipynb", 4).cells:
            page.evaluate(_RENDER, cell.outputs[0].data["text/html"])
        return page

    yield reopen
    page.close()


def test_a_reopened_notebook_is_alive(reopened):
    page = reopened(PrevalenceExplorer(prevalence=0.005), Quiz("metrics"), PrevalenceExplorer())
    explorer = page.get_by_role("group", name="Prevalence explorer").first
    expect(explorer.locator(".cw-said")).to_contain_text("PPV 8.3%")
    go_on(explorer)
    explorer.get_by_label("Prevalence", exact=True).press("End")
    expect(explorer.locator(".cw-said")).to_contain_text("PPV 94.7%")
    question = page.get_by_role("group", name="Quiz", exact=True).get_by_role("group").first
    question.get_by_role("radio").first.check()
    question.get_by_role("button", name="Check question 1").click()
    expect(question.locator(".cw-why")).not_to_be_empty()
    expect(page.get_by_role("group", name="Prevalence explorer")).to_have_count(2)
    assert page.get_by_text("Scripts do not run here").count() == 0
    # The address belongs to the notebook.
    assert page.get_by_role("link").count() == 0
