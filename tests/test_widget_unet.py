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
from course_lib.nets.layers import activations
from course_lib.visualize import receptive_field
from course_lib.widgets import ArchitectureExplorer, EpochExplorer, _maps
from course_lib.widgets._maps import reach, walk
from course_lib.widgets.architecture import NETWORKS, Step, trace_unet

# Architecture -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "settings"), NETWORKS, ids=[n[0] for n in NETWORKS])
def test_steps_are_those_of_the_network(name, settings):
    """Channels, sizes and parameters of every convolution, from the module itself."""
    steps = trace_unet(**settings)
    settings = {"classes": 2, "batch_norm": False} | settings
    size = settings.pop("size")
    network = UNet(**settings).to("meta")
    seen = []

    def note(module, x, y):
        n = sum(p.numel() for p in module.parameters())
        if isinstance(module, nn.BatchNorm2d):
            n += seen.pop()[-1]
        seen.append((y.shape[1], y.shape[2], n))

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            module.register_forward_hook(note)
    with torch.device("meta"):
        network(torch.zeros(1, 1, size, size))
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


# Maps -------------------------------------------------------------------------------------------


IMAGE = np.random.default_rng(0).random((32, 32))


def small_network(seed=0):
    """Not trained; half of the pixels are cell to it."""
    torch.manual_seed(seed)
    network = UNet(4, 2, 2).eval()
    with torch.no_grad():
        background, cell = network(torch.tensor(IMAGE).float()[None, None])[0]
        network.classify.bias[1] += (background - cell).median()
    return network


@pytest.fixture(scope="module")
def explorer():
    return ArchitectureExplorer(small_network(), IMAGE)


@pytest.mark.parametrize("skips", [True, False])
def test_the_walk_is_the_networks_own_way(skips, monkeypatch):
    network, x = small_network(), torch.tensor(IMAGE).float()[None, None]
    if not skips:
        # Every skip is cropped before it is joined.
        monkeypatch.setattr(unet, "center_crop", lambda skip, size: torch.zeros_like(skip))
    with torch.no_grad():
        steps = walk(network, x, skips)
        torch.testing.assert_close(steps[-1], network(x))
    traced = trace_unet(4, 2, True, 32, batch_norm=True)
    assert [(s.channels, s.size) for s in traced] == [tuple(m.shape[1:3]) for m in steps]


def map_tile(widget, way, step, place):
    """A map as the front end shows it."""
    maps, level = widget.data["maps"], widget.data["networks"][-1]["steps"][step][1]
    side, at = maps["size"] >> level, maps["steps"][way][step]["tiles"][place]
    picture = Image.open(io.BytesIO(base64.b64decode(maps["sheets"][level].partition(",")[2])))
    row, column = divmod(at, maps["columns"])
    tile = np.asarray(picture.convert("L"))[row * side :, column * side :]
    return tile[:side, :side] / 255


def test_maps_shown_are_those_that_vary_most(explorer):
    found = activations(small_network(), ["contract.0", "contract.1", "bottom", "expand.1"], IMAGE)
    for (layer, maps), step in zip(found.items(), (2, 5, 8, 16), strict=True):
        most = sorted(range(len(maps)), key=lambda channel: -maps[channel].std())[:4]
        assert explorer.data["maps"]["steps"][0][step]["channels"] == most, layer
        wanted = maps[most[0]] - maps[most[0]].min()
        shown = map_tile(explorer, 0, step, 0)
        assert np.abs(shown - wanted / wanted.max()).mean() < 0.06, layer


def test_zeros_cross_the_u(explorer, monkeypatch):
    trained, zeroed = explorer.data["maps"]["steps"]
    kinds = [step[0] for step in explorer.data["networks"][-1]["steps"]]
    first = kinds.index("join")
    assert trained[:first] == zeroed[:first], "what comes before a skip does not change"
    for at, kind in enumerate(kinds):
        if kind == "join":
            wide = explorer.data["networks"][-1]["steps"][at][3]
            assert [channel < wide / 2 for channel in trained[at]["channels"]] == [1, 1, 0, 0]
            assert map_tile(explorer, 1, at, 0).max() < 0.1
    x = torch.tensor(IMAGE).float()[None, None]
    network, sides = small_network(), []
    with torch.no_grad():
        sides.append(network(x).argmax(1))
        monkeypatch.setattr(unet, "center_crop", lambda skip, size: torch.zeros_like(skip))
        sides.append(network(x).argmax(1))
    changed = (sides[0] != sides[1]).float().mean().item()
    answers = explorer.data["maps"]["answers"]
    assert [answer["changed"] for answer in answers] == [0, pytest.approx(changed, abs=1e-4)]
    assert changed > 0.05


def test_boxes_are_what_the_network_sees(monkeypatch):
    """As above: no path cancels, and the mean of four pixels depends on all of them.

    After an enlargement neighbors may see less than the layer's field, which is the most.
    """
    monkeypatch.setattr(_maps, "max_pool2d", nn.functional.avg_pool2d)
    network = small_network()
    for p in network.parameters():
        nn.init.constant_(p, 0.1)
    maps = ArchitectureExplorer(network, np.full((64, 64), 0.5)).data["maps"]
    layers = {2: "contract.0", 5: "contract.1", 8: "bottom", 12: "expand.0", 16: "expand.1"}
    for step, layer in layers.items():
        left, top, right, bottom = maps["steps"][0][step]["field"]
        whole = receptive_field(network, layer).size
        assert right - left == bottom - top
        assert whole - (layer[0] == "e") * 8 <= right - left <= whole, layer
        assert left <= 32 < right


@pytest.mark.parametrize("units", [1, 2, 5, 10, 20])
def test_most_of_the_influence_by_trying_every_square(units):
    share = np.random.default_rng(units).random((20, 20)) ** 8
    share /= share.sum()
    reached = reach(share, units)
    assert reached["field"] == [0, 0, 20, 20]
    middle = (units // 2 + 0.5) * 20 / units
    for half in np.arange(0.5, 30, 0.5):
        low, high = max(middle - half, 0), min(middle + half, 20)
        if (
            low % 1 == high % 1 == 0
            and share[int(low) : int(high), int(low) : int(high)].sum() > 0.9
        ):
            break
    assert reached["most"] == [low, low, high, high]
    assert reach(0 * share, units) == {}
    assert reach(np.eye(20)[:1].T @ np.eye(20)[2:3], 20)["field"] == [2, 0, 3, 1]


def test_text_form_does_not_depend_on_the_maps(explorer):
    other = ArchitectureExplorer(small_network(seed=1), IMAGE)
    assert repr(other) == repr(explorer)
    assert other.html() != explorer.html()
    assert repr(ArchitectureExplorer(small_network(), IMAGE[:16, :16])) != repr(explorer)


@pytest.mark.parametrize(
    ("network", "image", "said"),
    [
        (small_network(), None, "network and image must be given together"),
        (None, IMAGE, "network and image must be given together"),
        (nn.Identity(), IMAGE, "network must be a padded U-Net with skips"),
        (UNet(4, 2, 2, padded=False), IMAGE, "network must be a padded U-Net with skips"),
        (UNet(4, 2, 2, skips=False), IMAGE, "network must be a padded U-Net with skips"),
        (UNet(4, 2, 3), IMAGE, "network must be a padded U-Net with skips"),
        (UNet(4, 2, 2, in_channels=3), IMAGE, "network must be a padded U-Net with skips"),
        (small_network(), IMAGE[:16], "image must be square"),
        (small_network(), IMAGE + 1, "image must lie between 0 and 1"),
        (small_network(), IMAGE[:30, :30], "height 30 does not fit a U-Net of depth 2"),
        (small_network(), np.zeros((260, 260)), "image must be square, at most 256"),
    ],
)
def test_no_maps(network, image, said):
    with pytest.raises(ValueError, match=said):
        ArchitectureExplorer(network, image)


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
