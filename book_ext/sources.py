"""From the code of a chapter to the code that it uses: pages of the library's sources, and links.

Names are found in the syntax, without importing anything. Every name is linked where it first
stands on a page, so that a keyboard does not stop at each use. Exercises are left out: their
references are the solutions.
"""

import ast
import functools
import hashlib
import re
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from . import editions, pages

_LIBRARY = "course_lib"
_FOLDER = "source"
_BLOCK = re.compile(r'(?<=<div class="highlight">)<pre>.*?</pre>', re.DOTALL)
_NAME = re.compile(
    r'(?:<span class="n">(?P<module>\w+)</span><span class="o">\.</span>)?'
    r'<span class="(?:n|nn|nc)">(?P<name>[\w.]+)</span>'
)


def page_of(module):
    """The page of a module's source."""
    return f"{_FOLDER}/{module.replace('.', '/')}"


def place_of(module, name=None):
    """Module and line in which a name of a module, or the module itself, is defined.

    Returns
    -------
    (str, int) or None
        None where it is not code of the library that readers may see.
    """
    if not module.startswith(_LIBRARY) or f"{module}.{name}".startswith(f"{_LIBRARY}.exercises"):
        return None
    if name is None:
        return (module, 1) if _file(module) else None
    inner = f"{module}.{name}"
    if _file(inner):
        return inner, 1
    tree = _tree(module)
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return module, min([node.lineno, *(d.lineno for d in node.decorator_list)])
        if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets):
            return module, node.lineno
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return place_of(_absolute(node, module), alias.name)
    # A package whose names are loaded when they are asked for
    if tree and _file(module).name == "__init__.py":
        for file in sorted(_file(module).parent.glob("*.py")):
            if file.stem != "__init__" and re.search(
                rf"^(?:class|def) {name}\b", file.read_text("utf-8"), re.MULTILINE
            ):
                return place_of(f"{module}.{file.stem}", name)
    return None


def imported(code):
    """What the cells of a chapter import of the library: local names, and what they stand for.

    Returns
    -------
    dict
        Each name with a pair: module, and name in it or None for a module.
    """
    found = {}
    for cell in code:
        try:
            nodes = list(ast.walk(ast.parse(cell)))
        except SyntaxError:
            continue
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_LIBRARY):
                found[node.module] = node.module, None
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    target = (inner, None) if _file(inner) else (node.module, alias.name)
                    found[alias.asname or alias.name] = found[alias.name] = target
    return found


def linked(body, names, root):
    """The HTML of a page with a link at the first use of each name that is `imported`."""
    seen = set()

    def link(match):
        module, name = match["module"], match["name"]
        if module in names and names[module][1] is None:
            target = names[module][0], name
        elif module is None and name in names:
            target = names[name]
        else:
            return match[0]
        place = None if target in seen else place_of(*target)
        if place is None:
            return match[0]
        seen.add(target)
        line = f"#L-{place[1]}" if place[1] > 1 else ""
        address = f"{root}{page_of(place[0])}.html{line}"
        before, tag, after = match[0].rpartition('<span class="')
        return f'{before}<a class="to-source" href="{address}">{tag}{after}</a>'

    return _BLOCK.sub(lambda block: _NAME.sub(link, block[0]), body)


def _file(module):
    path = editions.ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


@functools.cache
def _tree(module):
    file = _file(module)
    return ast.parse(file.read_text("utf-8")) if file else None


def _absolute(node, module):
    """The module that a relative import names."""
    if not node.level:
        return node.module
    is_package = _file(module).name == "__init__.py"
    above = module.split(".")[: len(module.split(".")) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _code(text):
    """The code cells of a chapter."""
    return [cell.source for cell in editions.parsed(text).cells if cell.cell_type == "code"]


def _link(app, page, template, context, doctree):
    if doctree is None or not page.startswith("chapters/"):
        return
    text = (editions.ROOT / f"{page}.md").read_text("utf-8")
    if not editions.is_notebook(text):
        return
    context["body"] = linked(context["body"], imported(_code(text)), "../" * page.count("/"))


def _pages(app):
    """A page for each module that a chapter links to; where one chapter is built they stay."""
    if pages.is_one_chapter():
        return
    formatter = HtmlFormatter(linespans="L")
    every = pages.is_shared_new()
    for module in sorted(_linked_to()):
        code = _file(module).read_text("utf-8")
        title = f'<h1 data-code="{hashlib.sha256(code.encode()).hexdigest()[:16]}">{module}</h1>'
        stands = Path(app.outdir, f"{page_of(module)}.html")
        if not every and stands.is_file() and title in stands.read_text("utf-8"):
            continue
        body = f"{title}\n{highlight(code, PythonLexer(), formatter)}"
        yield page_of(module), {"title": module, "body": body, "parents": []}, "page.html"


def _contents_once(kept, app, page, template, context, doctree):
    """No page of code is among the contents beside it: these are alike in folders of one depth."""
    if not page.startswith(f"{_FOLDER}/"):
        return
    make, depth = context["generate_toctree_html"], page.count("/")

    def contents(*arguments, **choices):
        key = depth, arguments, tuple(choices.items())
        if key not in kept:
            kept[key] = str(make(*arguments, **choices))
        return kept[key]

    context["generate_toctree_html"] = contents


def _linked_to():
    """Modules that some chapter's links can lead to."""
    found = set()
    for _, text in editions.in_order():
        if not editions.is_notebook(text):
            continue
        for local, (module, name) in imported(_code(text)).items():
            places = [place_of(module, name)]
            if name is None:
                used = re.findall(rf"\b{re.escape(local)}\.(\w+)", text)
                places += [place_of(module, part) for part in used]
            found |= {place[0] for place in places if place}
    return found


def connect(app):
    """Register with Sphinx."""
    app.connect("html-page-context", _link)
    # After the theme has said how contents are made
    app.connect("html-page-context", functools.partial(_contents_once, {}), priority=900)
    app.connect("html-collect-pages", _pages)
