"""Writing the page of one chapter, in the time that a page takes."""

from jinja2 import FileSystemBytecodeCache
from sphinx.builders.html import StandaloneHTMLBuilder


class OnePage(StandaloneHTMLBuilder):
    """Writes the pages that were asked for; what is made of all waits for the next whole build."""

    def init(self):
        super().init()
        self.search = False
        compiled = self.doctreedir / "templates"
        compiled.mkdir(exist_ok=True)
        self.templates.environment.bytecode_cache = FileSystemBytecodeCache(compiled)

    def build(self, docnames, summary=None, method="update"):
        self.asked_for = set(docnames or ())
        super().build(docnames, summary, method)

    def _write_serial(self, docnames):
        # Sphinx adds the page that the book begins with.
        super()._write_serial([name for name in docnames if name in self.asked_for])

    def copy_static_files(self):
        # With another file of these, or another theme, the book is built from nothing.
        if not (self.outdir / "_static" / "documentation_options.js").is_file():
            super().copy_static_files()

    def copy_static_files_anew(self):
        """For a page that shows what no page has shown before."""
        # The theme has written its colors of code by now.
        self.create_pygments_style_file = lambda: None
        super().copy_static_files()

    def gen_indices(self):
        pass

    def gen_additional_pages(self):
        pass
