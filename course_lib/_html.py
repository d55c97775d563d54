"""Pages, tables and pictures of everything that shows itself as HTML; text is escaped here."""

import base64
import html
import io


def page(title, body, style=""):
    """A complete page: no script, no outside address. `title` is text, the rest is HTML and CSS."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever slipped into the text, it can neither run nor load anything.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


#: Of a cell whose row and column have one name: told by frame and weight, with color and without,
#: and in a notebook too, which has no style sheet of ours. The color is the figures' accent.
_AGREED = ' style="border: 2px solid #009e73; background: rgb(0 158 115 / 18%); font-weight: 700"'


def table(
    header, rows, caption="", *, named_rows=False, label="", kind="", diagonal=False, numbers=False
):
    """A table of values, all of which are escaped.

    Parameters
    ----------
    header : sequence
        The columns' names; none for a table without a head.
    rows : iterable of sequences
    caption : str, optional
    named_rows : bool
        Whether the first value of a row is its name.
    label, kind : str, optional
        Its name where it has no caption, for screen readers; its class in the style sheet.
    diagonal : bool
        Whether the cells of the diagonal stand out, which count the right answers.
    numbers : bool
        Whether numbers are rounded to six digits and have the class ``number`` for the style sheet.
    """
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' aria-label="{html.escape(label)}"' if label else ""
    # A theme may pale captions below what can be read.
    named = f'<caption style="color: inherit">{html.escape(caption)}</caption>' if caption else ""
    heads = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in header)
    head = f"<thead><tr>{heads}</tr></thead>" if heads else ""
    body = "".join(
        f"<tr>{_cells(row, named_rows, at + named_rows if diagonal else None, numbers)}</tr>"
        for at, row in enumerate(rows)
    )
    return f"<table{attributes}>{named}{head}<tbody>{body}</tbody></table>"


def _cells(row, named, agreed, numbers):
    cells = [
        f'<td class="number">{value:g}</td>'
        if numbers and isinstance(value, int | float)
        else f"<td{_AGREED if at == agreed else ''}>{html.escape(str(value))}</td>"
        for at, value in enumerate(row)
    ]
    if named:
        cells[0] = f'<th scope="row">{html.escape(str(row[0]))}</th>'
    return "".join(cells)


def scrolling(element, label):
    """An element that scrolls sideways where it is too wide, by keyboard too."""
    name = html.escape(label)
    return f'<div class="scrolls" tabindex="0" role="region" aria-label="{name}">{element}</div>'


def picture(source, alt, caption=None):
    """A picture with its alternative text; with `caption`, which may be the same, a figure."""
    image = f'<img alt="{html.escape(alt)}" src="{source}">'
    if caption is None:
        return image
    return f"<figure>{image}<figcaption>{html.escape(caption)}</figcaption></figure>"


def data_uri(content, kind):
    """Bytes of that kind, for example ``"image/png"``, as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image_uri(image, kind, **options):
    """A Pillow image, encoded as ``"png"`` or ``"webp"``."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return data_uri(file.getvalue(), f"image/{kind}")


def figure_uri(figure, kind="svg"):
    """A Matplotlib figure as ``"svg"`` or ``"png"``; the same figure gives the same bytes."""
    import matplotlib  # Tables do without.

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "course"}):
        if kind == "svg":
            figure.savefig(file, format="svg", metadata={"Date": None})
            return data_uri(file.getvalue(), "image/svg+xml")
        figure.savefig(file, format=kind, dpi=150, metadata={"Software": None})
    return data_uri(file.getvalue(), f"image/{kind}")
