"""Where a chapter stands and how it ends: its number, the card that sums it up, the ways on.

The card holds the chapter's section "Summary", the formulas, what there was to solve, and what
comes next; it can be printed alone. The links at the foot of every page say how long the page
behind them takes and what it needs, which are the last words of its outline box.
"""

import html
import re

from docutils import nodes

from . import editions

_SUMMARY = "Summary"


def told():
    """What pages say of each other: label, minutes and needs of every chapter."""
    labels = editions.labels()
    return {
        f"chapters/{name}": (labels[name], *(editions.time_and_needs(text) or (None, "")))
        for name, text in editions.in_order()
    }


def facts(chapter):
    """Label, minutes and needs of a chapter in one line of HTML."""
    n, minutes, needs = chapter
    parts = [f"Chapter {n}"] if n.isdigit() else []
    if minutes:
        parts += [f"{minutes} minutes", f"needs {_plain(needs)}"]
    return " · ".join(f"<span>{html.escape(part)}</span>" for part in parts)


def _plain(needs):
    """Markdown as text, with the titles of chapters in quotes instead of links."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"“\1”", needs)


def _end(app, doctree, docname):
    chapters = told()
    if docname not in chapters:
        return
    n = chapters[docname][0]
    page = next(doctree.findall(nodes.section))
    if n.isdigit():
        page.insert(1, _raw(f'<p class="chapter-number">Chapter {n}</p>'))
    for section in page.findall(nodes.section):
        if section[0].astext() == _SUMMARY:
            ends = [at for at, node in enumerate(section) if isinstance(node, nodes.container)]
            at = ends[0] if ends else len(section)
            section[:at] = [
                _raw('<div class="summary-card">'),
                *section[:at],
                *_formulas(page),
                _raw(_exercises(docname, doctree.get("exercises", []))),
                _raw(_next(app, docname, chapters) + "</div>"),
            ]
            return


def _raw(text):
    return nodes.raw("", text, format="html")


def _formulas(page):
    """The formulas of a chapter, below the titles of the sections that they stand in."""
    found = {}
    for block in page.findall(nodes.math_block):
        place, title = _section(block)
        found.setdefault(place, (title, []))[1].append(block)
    if not found:
        return []
    items = []
    for place, (title, blocks) in found.items():
        link = nodes.reference("", title, refid=place, internal=True)
        copies = [_copy(block) for block in blocks]
        items.append(
            nodes.definition_list_item("", nodes.term("", "", link), nodes.definition("", *copies))
        )
    return [nodes.rubric("", "Formulas"), nodes.definition_list("", *items)]


def _section(node):
    """Id and title of the section around a node; text after an exercise is of the one above."""
    while node := node.parent:
        if isinstance(node, nodes.section):
            title = node.next_node(nodes.title).astext()
            if not title.startswith("Exercise "):
                return node["ids"][0], title


def _copy(block):
    text = re.sub(r"\s*[.,]\s*$", "", block.astext())
    return nodes.math_block(text, text, nowrap=block.get("nowrap", False), number=None, label=None)


def _exercises(docname, exercises):
    """What there was to solve; a script marks what is solved."""
    if not exercises:
        return ""
    items = "".join(
        f'<li><a href="#exercise-{key}" data-exercise-link="{key}">{number} '
        f"{html.escape(title[:1].upper() + title[1:])}</a>"
        f" <code>{html.escape(signature)}</code></li>"
        for number, key, title, signature in exercises
    )
    count = f"{len(exercises)} exercise{'s' if len(exercises) > 1 else ''}"
    return (
        f'<p class="rubric"><span data-exercises-of="{docname}">{count}</span></p>'
        f'<ul class="summary-exercises">{items}</ul>'
    )


def _next(app, docname, chapters):
    """The page that comes next, unless the last chapter ends here."""
    follows = app.builder.relations[docname][2]
    if not follows or docname == [*chapters][-1]:
        return ""
    title = html.escape(app.env.titles[follows].astext())
    address = html.escape(app.builder.get_relative_uri(docname, follows))
    about = f" · {facts(chapters[follows])}" if follows in chapters else ""
    return f'<p class="summary-next">Next: <a href="{address}">{title}</a>{about}</p>'


def _ways(app, page, template, context, doctree):
    """What `components/prev-next.html` says of the pages before and after."""
    if doctree is None:
        return
    chapters = told()
    _, before, after = app.builder.relations.get(page, (None, None, None))
    for way, to in (("prev", before), ("next", after)):
        if context.get(way) and to in chapters:
            context[way] = {**context[way], "facts": facts(chapters[to])}


def connect(app):
    """Register with Sphinx."""
    app.connect("doctree-resolved", _end)
    app.connect("html-page-context", _ways)
