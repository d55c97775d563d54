"""What is wrong with the axes of a figure that a notebook shows.

The text of this module is also run in a notebook's kernel, where nothing of the project may be
needed: Matplotlib and IPython alone. There `watch` has every figure looked at when it is shown.
"""

import re
from itertools import pairwise

#: On one axis; more are not read.
MOST_NUMBERS = 9
MOST_DECIMALS = 2
_NUMBER = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(e[-+−]?\d+)?")
_UNIT = re.compile(r"(degrees|°|[nµm]?m|(milli)?seconds|m?s|pixels|%|standard deviations)\b")


def faults(figure):
    """One sentence for each axis that does not say what it measures, or says it badly.

    An axis with numbers has a label, also that of a color bar; words name themselves, and panels
    that share an axis may share its numbers and its label. The label begins with the quantity, not
    with its unit. At most `MOST_NUMBERS` numbers, with at most `MOST_DECIMALS` decimals (except on
    a logarithmic axis), none as a power of ten where digits say it, and none upon another.
    """
    said = []
    for ax in figure.axes:
        if not (ax.axison and ax.get_visible()):
            continue
        for name in ("xaxis", "yaxis"):
            axis = getattr(ax, name)
            numbers = _numbers(axis) if axis.get_visible() else []
            where = f"{name} of {ax.get_title() or axis.get_label_text() or 'an axes'!r}"
            said += [f"{where}: {fault}" for fault in _faults(axis, numbers)]
    return said


def _numbers(axis):
    """The numbers beside the ticks in sight; none where a word is among them."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    shown = [
        label
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if label.get_visible() and low - slack <= tick.get_loc() <= high + slack
    ]
    shown = [label for label in shown if label.get_text()]
    said = all(_NUMBER.fullmatch(_plain(label)) for label in shown)
    return shown if said else []


def _plain(label):
    return label.get_text().replace(r"\mathdefault", "").replace(r"\times", "×")


def _faults(axis, numbers):
    if not numbers:
        return
    label = axis.get_label_text()
    if not label:
        yield "no label"
    elif _UNIT.match(label):
        yield f"the label {label!r} begins with a unit"
    if len(numbers) > MOST_NUMBERS:
        yield f"{len(numbers)} numbers"
    texts = [_plain(number) for number in numbers]
    if axis.get_scale() == "linear":
        long = [text for text in texts if re.search(rf"\.\d{{{MOST_DECIMALS + 1}}}", text)]
        if long:
            yield f"more than {MOST_DECIMALS} decimals: {long[-1]}"
    short = [text for text in texts if re.search(r"10\^\{[-−]?[0-3]\}", text)]
    if short:
        yield f"{short[0]} instead of digits"
    boxes = [number.get_window_extent() for number in numbers]
    if any(one.overlaps(other) for one, other in pairwise(boxes)):
        yield f"numbers upon each other: {' '.join(texts)}"


def watch(file):
    """Write a line into `file` for each figure that is shown from now on, with its faults."""
    from IPython.core import pylabtools

    print_figure = pylabtools.print_figure

    def looked_at(figure, *args, **kwargs):
        picture = print_figure(figure, *args, **kwargs)
        with open(file, "a", encoding="utf-8") as lines:
            lines.write("; ".join(faults(figure)) + "\n")
        return picture

    pylabtools.print_figure = looked_at
