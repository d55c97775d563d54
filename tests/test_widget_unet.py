"""The architecture and epoch explorers: their numbers against U-Net itself and the matching."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import segmentation as seg
from course_lib.nets import UNet, unet
from course_lib.widgets import ArchitectureExplorer, EpochExplorer
from course_lib.widgets.architecture import NETWORKS, Step, trace_unet

# Architecture -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "settings", "size"), NETWORKS, ids=[n[0] for n in NETWORKS])
def test_steps_are_those_of_the_network(name, settings, size):
    """Channels, sizes and parameters of every convolution, from the module itself."""
    network = UNet(**settings, classes=2, batch_norm=False).to("meta")
    seen = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            n = sum(p.numel() for p in module.parameters())
            module.register_forward_hook(
                lambda m, x, y, n=n: seen.append((y.shape[1], y.shape[2], n))
            )
    with torch.device("meta"):
        network(torch.zeros(1, 1, size, size))
    steps = trace_unet(**settings, size=size)
    computing = [s for s in steps if s.kind in ("convolve", "enlarge", "classify")]
    assert [(s.channels, s.size, s.parameters) for s in computing] == seen
    assert sum(s.parameters for s in steps) == sum(p.numel() for p in network.parameters())
    assert [s.kind for s in steps].count("pool") == settings["depth"]
    assert [s.kind for s in steps].count("join") == settings["depth"]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(("depth", "size"), [(1, 36), (2, 92), (3, 180)])
def test_field_is_what_the_gradient_reaches(depth, size, padded, monkeypatch):
    """With positive weights no path cancels, so the gradient shows every pixel that matters.

    The mean of four pixels depends on all of them, as the maximum can.
    """
    monkeypatch.setattr(unet, "max_pool2d", nn.functional.avg_pool2d)
    size = 8 * (size // 8) if padded else size
    network = UNet(1, depth, 1, padded=padded, batch_norm=False).double()
    for p in network.parameters():
        nn.init.constant_(p, 0.1)
    x = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    out = network(x)
    side, reached = out.shape[-1], []
    for at in range(side // 2 - 4, side // 2 + 4):
        (gradient,) = torch.autograd.grad(out[0, 0, at, at], x, retain_graph=True)
        rows = torch.nonzero(gradient[0, 0].sum(1))[:, 0]
        reached.append(int(rows.max() - rows.min()) + 1)
    assert trace_unet(1, depth, padded, size)[-1].field == max(reached)


def test_paper_numbers_are_shown():
    widget = ArchitectureExplorer()
    text = widget.fallback()
    for shown in ("388 × 388", "1024 × 28 × 28", "9,438,208", "140 × 140", "572 × 572"):
        assert shown in text
    assert text.count("<tr>") == 33
    networks = widget.data["networks"]
    assert [n["depth"] for n in networks] == [4, 4, 3]
    assert sum(Step(*s).parameters for s in networks[0]["steps"]) == 31_030_658
    assert {s[0] for n in networks for s in n["steps"]} == set(widget.data["kinds"])
    assert repr(widget) == repr(ArchitectureExplorer())
    assert len(json.dumps(widget.data)) < 10_000


# Epochs -----------------------------------------------------------------------------------------

LABELS = np.zeros((32, 32), int)
LABELS[4:14, 4:14], LABELS[4:14, 15:25], LABELS[20:28, 6:14] = 3, 7, 8
GRAY = np.where(LABELS > 0, 0.8, 0.1)
#: Both upper cells with a weak bridge between them; the third is faint.
MERGED = np.where(LABELS > 0, 0.95, 0.02)
MERGED[6:12, 14] = 0.6
MERGED[LABELS == 8] = 0.4


def sheet(widget):
    picture = Image.open(io.BytesIO(base64.b64decode(widget.data["tiles"].partition(",")[2])))
    return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="module")
def widget():
    return EpochExplorer(GRAY, LABELS, {0: np.full((32, 32), 0.5), 40: MERGED})


def test_scores_are_those_of_the_matching(widget):
    d = widget.data
    assert d["iterations"] == [0, 40]
    assert len(d["scores"]) == 2 * 7
    rules = [(t, t) for t in d["thresholds"]] + [tuple(d["grown"])]
    for p, scores in zip(
        (np.full((32, 32), 0.5), MERGED), (d["scores"][:7], d["scores"][7:]), strict=True
    ):
        for (seed, edge), (dice, f1, tp, fp, fn) in zip(rules, scores, strict=True):
            match = seg.match_instances(LABELS, seg.grow_seeds(p, seed, edge, min_size=8))
            assert (tp, fp, fn) == (match.tp, match.fp, match.fn)
            assert f1 == round(match.f1, 2)
            assert dice == round(seg.dice(LABELS > 0, p > edge), 2)


def test_the_lesson_is_in_the_numbers(widget):
    thresholds = widget.data["thresholds"]
    rows = dict(zip([*thresholds, "grown"], widget.data["scores"][7:], strict=True))
    assert rows[0.3][2:] == [1, 1, 2], "low: the two upper cells merge"
    assert rows[0.7][2:] == [2, 0, 1], "high: they come apart, the faint one is lost"
    assert rows["grown"][2:] == [2, 0, 1]
    assert rows[0.3][0] > rows[0.7][0], "and Dice prefers the merged ones"


def test_tiles_show_found_wrong_and_true_outlines(widget):
    tiles = sheet(widget)
    assert tiles.shape == (2 * 32, 7 * 32, 3)
    low = tiles[32:, 32:64]
    background, found, wrong, outline = (16, 16, 16), (86, 180, 233), (230, 120, 20), (255,) * 3
    assert tuple(low[24, 10]) == found
    assert tuple(low[9, 9]) == tuple(low[9, 20]) == wrong
    assert tuple(low[4, 4]) == outline
    assert tuple(low[1, 1]) == background


def test_text_form_does_not_depend_on_the_network(widget):
    """Trained numbers differ between processors in their last digits; the hash must not."""
    other = EpochExplorer(GRAY, LABELS, {0: np.full((32, 32), 0.5), 40: np.roll(MERGED, 1, axis=0)})
    assert repr(other) == repr(widget)
    assert other.html() != widget.html()
    later = EpochExplorer(GRAY, LABELS, {0: MERGED, 50: MERGED})
    assert repr(later) != repr(widget)


def test_fallback_and_start(widget):
    text = widget.fallback()
    assert text.count("<tr>") == 3
    assert "seeds above 0.9, grown to 0.5" in text
    assert widget.state == {"iteration": 1, "threshold": 2}
    assert len(widget.html()) < 40_000


@pytest.mark.slow
def test_a_chapter_sized_widget_stays_small():
    rng = np.random.default_rng(0)
    labels = np.kron(np.arange(1, 37).reshape(6, 6), np.pad(np.ones((28, 28), int), 2))
    stages = {
        n: np.clip(0.6 * (labels > 0) + 0.4 * rng.random(labels.shape), 0, 1) for n in range(8)
    }
    widget = EpochExplorer(rng.random(labels.shape), labels, stages)
    assert len(widget.data["tiles"]) + len(widget.data["image"]) < 300_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((GRAY[:20], LABELS[:20], {0: MERGED[:20]}), "image must be square, at most 256"),
        ((GRAY, LABELS * 0, {0: MERGED}), "labels must hold at least one cell"),
        ((GRAY, LABELS, {}), "predictions must hold at least one stage"),
        ((GRAY, LABELS, {0: 2 * MERGED}), "predictions must lie between 0 and 1"),
        ((GRAY, LABELS, {0: MERGED[:20]}), "labels, predictions must have the same shape"),
        ((GRAY, LABELS[:, :20], {0: MERGED}), "image, labels must have the same shape"),
    ],
)
def test_bad_input(arguments, said):
    with pytest.raises(ValueError, match=said):
        EpochExplorer(*arguments)
