"""Scripts, styles and icons: a page loads those that it uses, the rules that some page needs."""

import json
import logging
import re
from pathlib import Path

from docutils import nodes

from . import editions, styles

#: A file or, of a script that stands in the page, its words; and what a page holds that uses it.
#: jupyter-book loads all of them everywhere.
_USED_BY = {
    "thebe": None,
    "(?i)mathjax": None,
    "toggle": r'class="[^"]*\b(?:toggle|dropdown)\b',
    "design-tabs": r'class="[^"]*\bsd-tab',
    "sphinx-design": r'class="[^"]*\bsd-',
    "copybutton|clipboard": r'class="[^"]*\bhighlight\b',
}
# The scripts of the search, which run at once, use the others.
_SEARCH = "search"
# What stands in the page itself uses it.
_AT_ONCE = "documentation_options"
_ICON_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"([^"]*)"\}')
_ICON_NAME = re.compile(r"\bfa-[a-z0-9-]+")
_ESCAPED = re.compile(r'"\\([0-9a-f]{4})"')
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_FONT = re.compile(r'url\(([^)]*/(fa-[\w-]+))\.woff2\) format\("woff2"\),url\([^)]*\.ttf\)[^;}]*')
# The theme asks of all code and outputs whether they scroll, and the browser lays out one after the
# other to answer. `accessibility.js` asks when the reader comes near.
_MEASURED = '"pre",".nboutput > .output_area",".cell_output > .output",'
# Style sheets that have rules for much that this book does not show
_OF_OTHERS = (
    *("styles/pydata-sphinx-theme.css", "styles/sphinx-book-theme.css", "basic.css"),
    *("mystnb.*.css", "sphinx-design.min.css", "togglebutton.css", "copybutton.css"),
)
# Of it the book uses menus and hints, which bear these names while they are shown.
_BOOTSTRAP = "bootstrap.js"
_OF_BOOTSTRAP = re.findall(
    r"[\w-]+",
    """
    fade show tooltip tooltip-arrow tooltip-inner bs-tooltip-auto bs-tooltip-top bs-tooltip-bottom
    bs-tooltip-start bs-tooltip-end dropdown dropdown-menu dropdown-menu-end dropdown-item
    """,
)
# Holds the words of all pages.
_INDEX = "searchindex.js"
_MAP = re.compile(r"\s*(?:/\*# |//# )sourceMappingURL=\S+(?: \*/)?")


def _only_used(app, page, template, context, doctree):
    body = context.get("body", "")
    for key in ("script_files", "css_files"):
        context[key] = [each for each in context.get(key, []) if _is_used(_name(each), body)]
    if page == _SEARCH:
        return
    # The same objects stand on every page, so one that changes here is another one.
    context["script_files"] = [_when_read(script) for script in context["script_files"]]


def _when_read(script):
    """A script that waits until the page is read."""
    name, attributes = str(script.filename or ""), dict(getattr(script, "attributes", {}))
    if not name or _AT_ONCE in name:
        return script
    if "async" not in attributes:
        attributes["defer"] = "defer"
    return type(script)(script.filename, priority=script.priority, **attributes)


def _without_thebe(app, doctree, docname):
    """Its settings and its kernel, which it writes below the text of every page."""
    for raw in [node for node in doctree.children if isinstance(node, nodes.raw)]:
        if "x-thebe-config" in raw.astext() or raw.astext().startswith("<script>kernelName"):
            doctree.remove(raw)


def _name(asset):
    return f"{asset.filename or ''} {getattr(asset, 'attributes', {}).get('body') or ''}"


def _is_used(name, body):
    for which, used_by in _USED_BY.items():
        if re.search(which, name):
            return bool(used_by and re.search(used_by, body))
    return True


def _shrink(app, exception):
    """Icons that no page shows, what only debuggers read, and what pages no longer ask for."""
    if exception:
        return
    static, known = Path(app.outdir) / "_static", Path(app.doctreedir) / "names.json"
    if not any(static.glob("vendor/fontawesome/webfonts/*.ttf")):
        # All is as an earlier build left it; without `known` that build was stopped.
        (page,) = (Path(app.outdir) / f"{name}.html" for name in app.builder.asked_for)
        shown = styles.names_in_page(page.read_text("utf-8"))
        if known.is_file() and shown.issubset(json.loads(known.read_text("utf-8"))):
            return
        app.builder.copy_static_files_anew()
    _styles_of_notebooks()(app, None)
    known.unlink(missing_ok=True)
    for pattern in ("**/*.map", "sphinx-thebe.*", "scripts/fontawesome.js*"):
        for file in static.glob(pattern):
            file.unlink()
    for file in [*static.glob("scripts/*.js"), *static.glob("styles/*.css")]:
        text = file.read_text("utf-8").replace(_MEASURED, "")
        file.write_text(_MAP.sub("", text), "utf-8")
    _keep_icons(app.outdir, static / "styles" / "pydata-sphinx-theme.css")
    names = _names(Path(app.outdir))
    _keep_rules(static, names)
    known.write_text(json.dumps(sorted(names)), "utf-8")


def _styles_of_notebooks():
    """What MyST-NB copies its style sheet with; importing it takes longer than to see no change."""
    from myst_nb.sphinx_ext import add_global_html_resources

    return add_global_html_resources


def _ask_for_styles_of_notebooks(app):
    """MyST-NB copies its style sheet after every build, also over what `_shrink` has left of it."""
    for listener in list(app.events.listeners["build-finished"]):
        if listener.handler is _styles_of_notebooks():
            app.disconnect(listener.id)


def _keep_rules(static, names):
    others = [file for name in _OF_OTHERS for file in static.glob(name)]
    sheets = {file: file.read_text("utf-8") for file in static.rglob("*.css")}
    before = None
    # A property may be read by another alone that nobody reads.
    while before != sheets:
        before = dict(sheets)
        read = names.union(*map(styles.properties, sheets.values()))
        sheets |= {file: styles.needed(sheets[file], read) for file in others}
    for file in others:
        file.write_text(sheets[file], "utf-8")


def _names(pages):
    """Whatever a rule may ask for, on the pages and in what changes them."""
    scripts = [*pages.rglob("*.js"), *(editions.ROOT / "book_ext").rglob("*.mjs")]
    names = set().union(
        *(styles.names_in_page(p.read_text("utf-8")) for p in pages.rglob("*.html"))
    )
    own = (file.read_text("utf-8") for file in scripts if file.name not in (_INDEX, _BOOTSTRAP))
    return names.union(_OF_BOOTSTRAP, *map(styles.words, own))


def _keep_icons(pages, css):
    texts = (file.read_text("utf-8") for file in Path(pages).rglob("*") if _may_show(file))
    shown = set().union(*(_ICON_NAME.findall(text) for text in texts))
    text = _ICON_RULE.sub(
        lambda rule: rule[0] if shown & set(_ICON_NAME.findall(rule[1])) else "",
        css.read_text("utf-8"),
    )
    codes = {int(code, 16) for code in _ESCAPED.findall(text)}
    codes |= {ord(sign) for sign in _PRIVATE.findall(text)}
    for name in {font[1] for font in _FONT.findall(text)}:
        _subset(css.parent.parent / "vendor/fontawesome/webfonts" / name, codes)
    css.write_text(_FONT.sub(r'url(\1.woff) format("woff")', text), "utf-8")


def _may_show(file):
    return file.suffix in (".html", ".js")


def _subset(font, codes):
    """In place of a font of all icons one of a few; without Brotli, which WOFF 2 would need."""
    # Most builds find the icons as an earlier one left them.
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[])
    with TTFont(font.with_suffix(".ttf")) as all_icons:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=codes)
        subsetter.subset(all_icons)
        all_icons.flavor = "woff"
        all_icons.save(font.with_suffix(".woff"))
    for kind in (".ttf", ".woff2"):
        font.with_suffix(kind).unlink()


def connect(app):
    """Register with Sphinx."""
    logging.getLogger("fontTools.subset").setLevel(logging.WARNING)
    app.connect("builder-inited", _ask_for_styles_of_notebooks)
    # After all that adds scripts, and after the theme.
    app.connect("html-page-context", _only_used, priority=950)
    app.connect("doctree-resolved", _without_thebe, priority=900)
    app.connect("build-finished", _shrink, priority=900)
