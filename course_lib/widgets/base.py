"""The base class: one front end, shown as self-contained HTML and inside ipywidgets."""

import hashlib
import html
import json
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from .._validation import as_probability
from ._script import in_page, joined, strings, styles_in_page

_HERE = Path(__file__).parent
_KIT = (_HERE / "kit.js").read_text(encoding="utf-8")
_CSS = (_HERE / "kit.css").read_text(encoding="utf-8")
_TEXTS = json.loads((_HERE / "texts.json").read_text(encoding="utf-8"))
# JupyterLab runs no script of a notebook that it does not trust.
_STILL = (
    "<p><i>Scripts do not run here, so this does not move. In a notebook, run the cell, or trust "
    "the notebook (command palette: Trust Notebook).</i></p>"
)


class CourseWidget(anywidget.AnyWidget):
    """A widget whose numbers come from Python, once, as JSON.

    A subclass names its ``front_end``, a JavaScript file beside its module that exports
    ``mount({ data, state, set, slider, choice })``, made with the helpers of ``kit.js``, and its
    ``label``, which is the title that a screen reader says. It computes ``data`` and gives a
    `fallback`, which is what readers see where scripts do not run.

    A page and a notebook show it as HTML that needs no kernel and no network, so it is alive when
    a saved notebook is opened again. It is a Jupyter widget, too: inside a layout of ipywidgets,
    ``VBox([widget])``, ``state`` synchronizes both ways with the kernel and can be observed; that
    form ends with the kernel. The text form carries a hash of the data, so that a notebook test
    notices when a number changes.

    Attributes
    ----------
    data : dict
        Everything the front end looks up; JSON values only.
    state : dict
        What the reader has set, e.g. ``{"prevalence": 3}``.
    """

    front_end = None
    label = ""
    data = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    _css = _CSS
    # ipywidgets 7 would show the view that needs a kernel.
    _ipython_display_ = None

    def __init_subclass__(cls, **kwargs):
        # Only where it is named: traitlets makes further subclasses of its own at run time.
        if "front_end" in cls.__dict__:
            cls._source = (_HERE / cls.front_end).read_text(encoding="utf-8")
            cls._said = {cls.label} | strings(_KIT) | strings(cls._source)
            cls._esm = (
                f"{_in_chinese(cls._said)}{joined(_KIT)}\n{joined(cls._source)}\n"
                f"const title = {_script_json(cls.label)};\n"
                "export default { render: ({ model, el }) => render(mount, model, el, title) };\n"
            )
        super().__init_subclass__(**kwargs)

    def fallback(self):
        """HTML (a table, a picture) for readers without scripts; no identifiers in it."""
        raise NotImplementedError

    def hashed(self):
        """What the text form carries a hash of: `data`, or the part that no processor changes."""
        return self.data

    def html(self):
        """The widget as HTML that needs nothing else; equal widgets give equal bytes."""
        payload = _script_json({"data": self.data, "state": self.state})
        name = "cw-" + _digest(self.front_end + payload)
        texts = _in_chinese(self._said | strings(payload))
        return (
            f'<div class="cw-host" id="{name}" data-label="{html.escape(self.label)}">'
            f"{self.fallback()}{_STILL}</div><style>{styles_in_page(_CSS)}</style>"
            f'<script type="module">\n{texts}{in_page(_KIT)}\n{in_page(self._source)}\n'
            f'const shown = {payload};\nfor (const host of document.querySelectorAll("#{name}"))'
            " if (!host.dataset.alive) { host.dataset.alive = 1;"
            " live(mount, host, shown.data, shown.state, () => {}); }\n</script>"
        )

    def __repr__(self):
        state = "".join(f"{key}={value!r}, " for key, value in sorted(self.state.items()))
        digest = _digest(json.dumps(self.hashed(), sort_keys=True))
        return f"{type(self).__name__}({state}data_sha256={digest})"

    def _repr_mimebundle_(self, **kwargs):
        # Not the view of a model in the kernel: front ends prefer it to all other forms, and
        # the next day there is no such model.
        return {"text/plain": repr(self), "text/html": self.html()}


def nearest(positions, value, name):
    """Index of the slider position that is nearest to a probability."""
    value = as_probability(value, name)
    if not isinstance(value, float):
        raise ValueError(f"{name} must be one number between 0 and 1, got {value!r}.")
    return int(np.abs(np.asarray(positions) - value).argmin())


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _in_chinese(said):
    """A line of a script with the part of the table that a widget can say; see ``kit.js``."""
    part = {english: chinese for english, chinese in _TEXTS.items() if english in said}
    return f"globalThis.cwTexts = {{ ...globalThis.cwTexts, ...{_script_json(part, False)} }};\n"


def _script_json(value, ensure_ascii=True):
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        ensure_ascii=ensure_ascii,
    )
    return text.replace("<", "\\u003c")
