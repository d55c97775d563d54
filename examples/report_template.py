# %% [markdown]
# # A report of two pages
#
# Run this notebook as it is: it writes `report.html`, the book's own report on
# its U-Net. Then replace the parts marked **yours** by your data, your model
# and your words, and run it again. Print the page from a browser; it must fit
# on two sheets of A4.
#
# The checklist and the rubric are in the chapter *Report and presentation*.

# %%
import numpy as np
import torch
from matplotlib import pyplot as plt
from torch.nn.functional import cross_entropy

from course_lib import datasets, figures
from course_lib import segmentation as seg
from course_lib.augment import elastic_crops, jitter_intensity
from course_lib.handout import handout
from course_lib.metrics import ConfusionMatrix
from course_lib.nets import UNet
from course_lib.report import ModelCard, Result, diagnostic_report
from course_lib.roc import compare_auc
from course_lib.training import fit

figures.set_style()
ITERATIONS, SEEDS = 120, (0, 1, 2)

# %% [markdown]
# ## Data: yours
#
# What is one *case*? What is the reference standard? What separates training
# from test, so that nothing leaks: patients, slides, halves of an image?

# %%
image, labels = datasets.nuclei()
left, right = np.s_[:, :256], np.s_[:, 256:]
x = torch.tensor(seg.standardize(image))[None, None]
# Nuclei that are cut by the seam belong to neither half.
truth = seg.without_touching(labels[right], 0)

# Point counting: places 24 pixels apart, about one a nucleus.
rows, columns = np.mgrid[12:512:24, 12:256:24]
y_true = (labels[right][rows, columns] > 0).ravel()

# %% [markdown]
# ## Model: yours

# %%
cells = seg.separate_touching(labels[left])
Y = torch.tensor(cells > 0).long()[None, None]
W = torch.tensor(seg.border_weight_map(cells)).float()[None, None]


def draw(generator):
    """Two deformed crops of the left half, with targets and weights."""
    crops, (y, w) = elastic_crops(x[..., :256], [Y, W], 96, 2, generator)
    return jitter_intensity(crops, generator), y[:, 0], w[:, 0]


def weighted_cross_entropy(scores, y, w):
    """Equation 1 of the U-Net paper, as a weighted mean."""
    return (w * cross_entropy(scores, y, reduction="none")).sum() / w.sum()


def train(seed):
    """P(cell) on the right half, by a network from this seed."""
    torch.manual_seed(seed)
    network = UNet(channels=8, depth=3, classes=2)
    options = {"iterations": ITERATIONS, "lr": 4e-3, "seed": seed}
    fit(network, draw, weighted_cross_entropy, quiet=True, **options)
    network.to("cpu")
    with torch.no_grad():
        return network(x[..., 256:]).softmax(1)[0, 1].numpy()


maps = [train(seed) for seed in SEEDS]

# %% [markdown]
# ## Baseline: yours
#
# The best that can be done without your network, tuned on the same data as the
# network.

# %%
settings = seg.tune_watershed(image[left], labels[left])
classical = seg.watershed_cells(image[right], settings)
brightness = seg.standardize(image)[right]


def counts(found):
    """Nuclei matched, missed and invented, as a 2×2 table without TN."""
    match = seg.match_instances(truth, seg.without_touching(found, 0))
    return ConfusionMatrix(tp=match.tp, fn=match.fn, fp=match.fp, tn=0)


def line(what, matrix):
    """A line of the table: F1 with its interval."""
    cases = f"{matrix.tp} found, {matrix.fn} missed, {matrix.fp} invented"
    return Result(what, matrix.f1, *matrix.interval("f1"), cases)


tables = [counts(seg.grow_seeds(p)) for p in maps]
middle = int(np.argsort([table.f1 for table in tables])[1])
results = [
    line("Watershed, tuned: F1 of nuclei", counts(classical)),
    *(
        line(f"U-Net, seed {seed}: F1 of nuclei", table)
        for seed, table in zip(SEEDS, tables, strict=True)
    ),
]
gains = [
    seg.f1_difference(
        truth, seg.without_touching(seg.grow_seeds(p), 0), seg.without_touching(classical, 0)
    )
    for p in maps
]
differences = [
    Result(f"F1, U-Net minus watershed, seed {seed}", g.difference, *g.interval, f"{g.tiles} tiles")
    for seed, g in zip(SEEDS, gains, strict=True)
]
results += differences

# %% [markdown]
# ## Diagnostic accuracy
#
# Is this point inside of a nucleus? The full page goes into the supplement.

# %%
y_score = maps[middle][rows, columns].ravel()
supplement = diagnostic_report(
    y_true,
    y_score,
    threshold=0.5,
    title="U-Net: is this point inside of a nucleus?",
    stard={"10b": "Outlines by an expert.", "12a": "0.5, fixed beforehand."},
)
numbers = supplement.to_dict()
for name in ("sensitivity", "specificity"):
    rate = numbers["rates"][name]
    cases = f"{rate['successes']}/{rate['trials']} points"
    results.append(Result(f"U-Net: {name}", rate["value"], rate["low"], rate["high"], cases))
auc = numbers["auc"]
results.append(Result("U-Net: AUC", auc["value"], auc["low"], auc["high"]))
gain = compare_auc(y_true, y_score, brightness[rows, columns].ravel())
results.append(Result("AUC, U-Net minus brightness", gain.difference, *gain.interval))

# %% [markdown]
# ## Figure: yours
#
# One figure, three panels at most, a caption that says what is to be seen.

# %%
window = np.s_[:192, 32:224]
panels = {
    "micrograph": brightness[window],
    "P(nucleus)": maps[middle][window],
    "missed (red), invented (blue)": None,
}
found = seg.grow_seeds(maps[middle])
match = seg.match_instances(labels[right], found)
missed = (labels[right] > 0) & ~np.isin(labels[right], match.pairs[:, 0])
invented = (found > 0) & ~np.isin(found, match.pairs[:, 1])
overlay = np.repeat(brightness[..., None].clip(0, 1), 3, axis=2)
overlay[missed] = (0.84, 0.37, 0.0)
overlay[invented] = (0.0, 0.45, 0.7)
panels["missed (red), invented (blue)"] = overlay[window]
figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
for ax, (title, picture) in zip(axes, panels.items(), strict=True):
    ax.imshow(picture, vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9)
plt.close(figure)

# %% [markdown]
# ## Words: yours
#
# The conclusion follows the numbers, not the other way round.

# %%
shown = [g.interval[0] > 0 or g.interval[1] < 0 for g in gains]
verdict = (
    "the interval of every paired difference contains 0. With "
    f"{len(np.unique(truth)) - 1} nuclei no difference was shown."
    if not any(shown)
    else f"{sum(shown)} of {len(shown)} paired differences exclude 0; see the table."
)
sections = {
    "Question": """
        Can a small U-Net find single nuclei in a fluorescence micrograph better
        than a carefully tuned watershed, if both learn from the same nuclei?
        """,
    "Method": f"""
        Data: one image of 512×512 pixels with 125 nuclei outlined by an expert
        (2018 Data Science Bowl, BBBC038). Left half for training, right half for
        test; nuclei across the seam are left out. Image and halves are not
        independent patients: see the limitations.

        Model: U-Net (Ronneberger 2015) with 8 channels, depth 3, batch
        normalization; cross-entropy with the paper's border weights; crops of 96
        pixels, turned, flipped, elastically deformed; AdamW, one-cycle rate up to
        4e-3, {ITERATIONS} iterations of 2 crops, seeds 0 to 2. Cells grow from
        P > 0.9 down to P > 0.5.

        Baselines: watershed whose threshold, smoothing and distance were chosen
        on the training half; for single points, the brightness.

        Measures: F1 of nuclei at IoU ≥ 0.5; its difference on the same tiles of
        64 pixels, bootstrap; for {
        y_true.size
    } points 24 pixels apart, sensitivity and specificity (Wilson)
        at 0.5, fixed beforehand, and AUC (DeLong), of the run whose F1 on the
        test half is the middle of the three, which the figure shows, too.
        """,
    "Performance": f"""
        The table gives all runs, not the best one. For nuclei, {verdict}
        """,
    "Conclusion": """
        On 51 nuclei no difference between the U-Net and a tuned watershed was
        shown; the intervals of the differences do not exclude several points.
        Where nuclei are fainter, denser or of another kind, both will need new
        outlines, and a test on other slides.
        """,
}
card = ModelCard(
    index_test="""U-Net, 8 channels, depth 3, 121,042 parameters, course version 0.1; P > 0.5,
        fixed beforehand""",
    intended_use="Teaching. Not for counting cells in any study.",
    development="Left half of one micrograph, about 70 nuclei, outlined by one expert",
    population="Right half of the same micrograph: the same slide and stain",
    reference_standard="Outlines by the same expert",
    results=differences,
    groups="One cell line, one microscope; nothing else was checked",
    limits="Other stains, magnifications, tissue; nuclei that overlap",
)

# %%
report = handout(
    "A small U-Net beside a tuned watershed",
    "Your name, your number, the date",
    sections,
    results,
    [(figure, "Part of the test half. Errors sit where nuclei touch.")],
    card,
)
report.write("report.html")
with open("supplement.html", "w", encoding="utf-8") as file:
    file.write(supplement.to_html())
report  # noqa: B018
