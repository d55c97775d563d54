"""Studies drawn from a number: sound, but for the faults that are planted in them.

The same number gives the same studies in every Python: of the standard library's random numbers
`random()` alone is promised never to change.
"""

import functools
import math
import random
from dataclasses import dataclass

# In the order in which a text tells them: how the study was made, then what came out.
_METHODS = ("leakage", "verification", "looks", "label_leak", "threshold")

_DOMAINS = (
    {
        "disease": "pneumothorax",
        "images": "films",
        "test": "a CT",
        "mark": "a chest tube",
        "grades": ("small", "medium", "large"),
        "groups": ("women", "men"),
        "clinic": "the emergency room",
    },
    {
        "disease": "melanoma",
        "images": "photographs",
        "test": "a biopsy",
        "mark": "a ruler",
        "grades": ("thin", "medium", "thick"),
        "groups": ("men", "women"),
        "clinic": "the skin clinic",
    },
    {
        "disease": "tuberculosis",
        "images": "films",
        "test": "a sputum culture",
        "mark": "the label of the isolation ward",
        "grades": ("slight", "moderate", "advanced"),
        "groups": ("smokers", "non-smokers"),
        "clinic": "the district hospital",
    },
    {
        "disease": "diabetic retinopathy",
        "images": "photographs",
        "test": "an examination with wide pupils",
        "mark": "a laser scar",
        "grades": ("mild", "moderate", "severe"),
        "groups": ("outpatients", "inpatients"),
        "clinic": "the eye clinic",
    },
    {
        "disease": "breast cancer",
        "images": "mammograms",
        "test": "a biopsy or two years of follow-up",
        "mark": "a skin marker",
        "grades": ("small", "medium", "large"),
        "groups": ("older women", "younger women"),
        "clinic": "the breast center",
    },
    {
        "disease": "atrial fibrillation",
        "images": "recordings",
        "test": "a monitor for three days",
        "mark": "the spike of a pacemaker",
        "grades": ("rare", "frequent", "permanent"),
        "groups": ("men", "women"),
        "clinic": "the heart clinic",
    },
    {
        "disease": "glaucoma",
        "images": "scans",
        "test": "a test of the visual field",
        "mark": "an artificial lens",
        "grades": ("early", "moderate", "late"),
        "groups": ("non-smokers", "smokers"),
        "clinic": "the eye hospital",
    },
    {
        "disease": "colon cancer",
        "images": "frames",
        "test": "a second colonoscopy",
        "mark": "an instrument",
        "grades": ("early", "local", "spread"),
        "groups": ("outpatients", "inpatients"),
        "clinic": "the endoscopy unit",
    },
)

_FRAMES = (
    ("We tested a network that finds {disease} on {images}.", "It may help in {clinic}."),
    ("Aim: to find {disease} on {images}.", "Conclusion: a network can do this work."),
    (
        "Good question! In short: yes, the network finds {disease} on {images}, and the study is "
        "careful.",
        "Shall I draft the order for you?",
    ),
    (
        "Dear colleague, you asked about our network for {disease} on {images}.",
        "Come to {clinic} and see it at work!",
    ),
    (
        "Meet the second pair of eyes for {disease} on {images}.",
        "Order now, and the first year is free.",
    ),
    (
        "Minutes: the group showed its network for {disease} on {images}.",
        "The board was impressed.",
    ),
)

_HEADLINES = (
    "It called {tp} of the {ill} ill positive, and {fp} of the {healthy} healthy.",
    "Of the {ill} ill it found {tp}; of the {healthy} healthy it called {fp} positive.",
    "True positives: {tp} of {ill} ill. False positives: {fp} of {healthy} healthy.",
)

_SENTENCES = {
    "leakage": (
        "The {images} of {trained} patients trained it, the {images} of {tested} tested it; "
        "{everybody} patients took part.",
        "{everybody} patients took part: {trained} gave {images} for training, {tested} gave "
        "{images} for the test.",
        "For training there were {images} of {trained} patients, for the test {images} of "
        "{tested}, and {everybody} patients altogether.",
    ),
    "threshold": (
        "It decides at {threshold}, where it was right most often (table: right answers).",
        "The threshold with the most right answers was taken: {threshold} (table: right answers).",
        "At {threshold}, which the table of right answers suggests, it decides.",
    ),
    "spectrum": (
        "It is meant for {clinic}; how severe {disease} is among the ill there is in the last "
        "column of the table.",
        "The last column of the table gives the ill of {clinic}, where it will be used, by "
        "severity.",
        "By severity of {disease}, beside the ill of {clinic}, whom it is made for: see the table.",
    ),
    "verification": (
        "All {positive} patients whom it called positive had {test}, and so had {checked} of the "
        "{negative} negative ones; these are counted.",
        "The truth is {test}: {positive} of {positive} positive and {checked} of {negative} "
        "negative patients had it and are counted.",
        "Counted are patients who had {test}, that is {positive} of the {positive} with a positive "
        "and {checked} of the {negative} with a negative result.",
    ),
    "impossible": (
        "An expert called {first} % of {few} heat maps plausible, and {second} % of {some} doctors "
        "would use it.",
        "Of {few} cases read twice {first} % got the same answer; of {some} doctors asked "
        "{second} % trust it.",
        "Asked about it, {second} % of {some} doctors were content; of {few} heat maps {first} % "
        "made sense to them.",
    ),
    "unit": (
        "Each patient gave {each} {images}, never called differently; sensitivity is "
        "{sensitivity:.3f} (standard error {error:.3f}).",
        "Sensitivity is {sensitivity:.3f}, its standard error {error:.3f}, from {each} {images} a "
        "patient, which always got the same answer.",
        "With {each} {images} of each patient, all called alike, sensitivity comes to "
        "{sensitivity:.3f} and its standard error to {error:.3f}.",
    ),
    "baseline": (
        "It is right in {accuracy:.1f} % of the patients, where a coin is right in 50 %.",
        "Its accuracy is {accuracy:.1f} %; a rule from age alone has {rule} %.",
        "With an accuracy of {accuracy:.1f} % it leaves a rule from age alone ({rule} %) behind.",
    ),
    "subgroup": (
        "It is for everybody: {found_shown} of the {ill_shown} ill {shown} were found, and the "
        "other ill were {hidden}.",
        "Among the ill were {ill_shown} {shown}, of whom it found {found_shown}; all others were "
        "{hidden}.",
        "Who is ill is found: {found_shown} of {ill_shown} {shown}, for example. The other ill "
        "were {hidden}.",
    ),
    "calibration": (
        "It also states a risk, which may be told to patients as it is; the mean over the "
        "{counted} counted was {risk:.3f}.",
        "Its output can be read as a risk: over the {counted} patients counted the mean is "
        "{risk:.3f}.",
        "Patients learn their risk from it. The mean risk of the {counted} counted was {risk:.3f}.",
    ),
    "looks": (
        "It was compared with its predecessor for {looks} outcomes, and for one of them it was "
        "significantly better (p = {p:.3f}).",
        "Of {looks} networks that were tried, this one is significantly better than the old one "
        "(p = {p:.3f}).",
        "The results were looked at {looks} times, and at one of these times the gain was "
        "significant (p = {p:.3f}).",
    ),
    "label_leak": (
        "On the {images} one sees {mark} in {mark_ill} of the ill and in {mark_healthy} of the "
        "healthy.",
        "A reader noticed {mark} in {mark_ill} ill and in {mark_healthy} healthy patients.",
        "Whoever looks closely finds {mark}: in {mark_healthy} of the healthy, in {mark_ill} of "
        "the ill.",
    ),
    "screening": (
        "In screening, where {rare} of 1000 are ill, {promised:.1f} % of its positives will be "
        "ill.",
        "If {rare} of 1000 are ill, as in screening, then {promised:.1f} % of those called "
        "positive are ill.",
        "The next step is screening ({rare} of 1000 are ill): there, {promised:.1f} % of positive "
        "results are right.",
    ),
}


@dataclass(frozen=True)
class Study:
    """One study: what is printed, and what is wrong with it.

    Attributes
    ----------
    text : str
        Paragraphs and tables, as the student reads them.
    facts : dict
        The printed numbers.
    told : frozenset of str
        The kinds of which the text says something.
    planted : tuple of str
        The kinds that are wrong, of those told.
    """

    text: str
    facts: dict
    told: frozenset
    planted: tuple

    @property
    def faults(self):
        """The number that proves each planted fault."""
        return {kind: proof(kind, self.facts) for kind in self.planted}


class _Dice:
    """Random draws that are the same in every version of Python."""

    def __init__(self, text):
        self._random = random.Random(int.from_bytes(text.encode(), "big")).random

    def share(self, low, high):
        return low + (high - low) * self._random()

    def whole(self, low, high):
        """A whole number, both ends included."""
        return low + int((high - low + 1) * self._random())

    def pick(self, options):
        return options[self.whole(0, len(options) - 1)]

    def mixed(self, options):
        left, out = list(options), []
        while left:
            out.append(left.pop(self.whole(0, len(left) - 1)))
        return out


@functools.lru_cache(256)
def draw(number, name, kinds, told, count=3):
    """The studies of one number.

    Parameters
    ----------
    number : str
        As the student writes it; each gives other studies.
    name : str
        Of the exercise, for the same reason.
    kinds : tuple of str
        What may be wrong, of `KINDS`.
    told : int
        Of how many kinds each study says something.
    count : int

    Returns
    -------
    tuple of Study
        With none, one or two faults each, two to four together, and no kind twice.
    """
    dice = _Dice(f"{number}\0{name}")
    faults = [3] * count
    while not 2 <= sum(faults) <= 4:
        faults = [dice.whole(0, 2) for _ in range(count)]
    left = dice.mixed(kinds)
    domains, frames = dice.mixed(_DOMAINS), dice.mixed(_FRAMES)
    studies = []
    for many, domain, frame in zip(faults, domains, frames, strict=False):
        planted, left = tuple(left[:many]), left[many:]
        others = [kind for kind in dice.mixed(kinds) if kind not in planted]
        said = [*planted, *others[: told - many]]
        facts = _facts(dice, planted) | domain
        text = _text(dice, said, facts, frame)
        studies.append(Study(text, facts, frozenset(said), planted))
    return tuple(studies)


def proof(kind, facts):
    """The number that proves a fault, from the printed ones."""
    return _PROOFS[kind](facts)


# What is true -------------------------------------------------------------------------------------


def _facts(dice, planted):
    facts = _patients(dice, planted)
    for kind, drawn in _DRAWN.items():
        facts |= drawn(dice, facts, kind in planted)
    return facts


def _patients(dice, planted):
    """Who is ill, how severely, and who was called positive."""
    no_baseline, severe = "baseline" in planted, "spectrum" in planted
    mix = (0.15, 0.3, 0.55) if severe else (0.3, 0.4, 0.3)
    rates = ((0.4, 0.55), (0.72, 0.85), (0.92, 0.99)) if severe else ((0.6, 0.7), (0.78, 0.86))
    rates = (*rates, (0.9, 0.96))[:3]
    while True:
        counted = dice.whole(420, 600) if no_baseline else dice.whole(190, 420)
        ill = round(counted * (dice.share(0.08, 0.12) if no_baseline else dice.share(0.12, 0.42)))
        healthy = counted - ill
        sizes = [round(ill * share * dice.share(0.85, 1.15)) for share in mix[:2]]
        sizes.append(ill - sum(sizes))
        found = [round(n * dice.share(*rate)) for n, rate in zip(sizes, rates, strict=True)]
        tp = sum(found)
        fp = round(healthy * (dice.share(0.11, 0.17) if no_baseline else dice.share(0.02, 0.12)))
        gain = ill - (ill - tp + fp)
        clear = gain <= -0.03 * counted if no_baseline else gain >= 0.04 * counted
        if clear and min(sizes) >= 5 and tp < ill and fp >= 4:
            break
    return {
        "counted": counted,
        "ill": ill,
        "healthy": healthy,
        "sizes": tuple(sizes),
        "found": tuple(found),
        "tp": tp,
        "fp": fp,
        "right": counted - (ill - tp) - fp,
        "positive": tp + fp,
    }


def _verification(dice, facts, planted):
    checked = facts["counted"] - facts["positive"]
    negative = checked + (round(checked * dice.share(2, 4)) if planted else 0)
    return {"checked": checked, "negative": negative}


def _leakage(dice, facts, planted):
    tested = facts["positive"] + facts["negative"]
    trained = round(tested * dice.share(2, 3.5))
    shared = round(tested * dice.share(0.12, 0.4)) if planted else 0
    return {"tested": tested, "trained": trained, "everybody": trained + tested - shared}


def _threshold(dice, facts, planted):
    """Three thresholds: the best of validation, the best of the test, and a worse one."""
    right, n = facts["right"], dice.whole(90, 180)
    best = round(n * min(right / facts["counted"] + dice.share(0, 0.02), 0.97))
    of_validation = {"validation": best, "test": right}
    of_test = {"validation": best - dice.whole(3, 6), "test": right + dice.whole(2, 5)}
    if planted:
        of_validation["test"], of_test["test"] = right - dice.whole(6, 12), right
    worse = {
        "validation": of_test["validation"] - dice.whole(2, 5),
        "test": of_validation["test"] - dice.whole(3, 6),
    }
    order = dice.mixed([of_validation, of_test, worse])
    low = dice.whole(4, 8) / 20
    thresholds = [round(low + step, 2) for step in (0, 0.1, 0.2)]
    used = order.index(of_test if planted else of_validation)
    return {
        "threshold": f"{thresholds[used]:.2f}",
        "thresholds": tuple(thresholds),
        "validated": n,
        "right_validation": tuple(row["validation"] for row in order),
        "right_test": tuple(row["test"] for row in order),
    }


def _spectrum(dice, facts, planted):
    if planted:
        mild, severe = dice.whole(56, 66), dice.whole(6, 12)
        return {"clinic_shares": (mild, 100 - mild - severe, severe)}
    mild, middle = (round(100 * n / facts["ill"]) for n in facts["sizes"][:2])
    return {"clinic_shares": (mild, middle, 100 - mild - middle)}


def _impossible(dice, facts, planted):
    few, some = dice.whole(19, 30), dice.whole(19, 30)
    rates = [100 * dice.whole(7 * n // 10, n - 1) / n for n in (few, some)]
    if planted:
        # So far from k / n that no way of rounding leads there, and nearer to it than to its
        # neighbor.
        bad, n = dice.whole(0, 1), (few, some)
        up = rates[bad] < 90 and dice.whole(0, 1)
        rates[bad] += (1 if up else -1) * max(1.3, dice.share(0.36, 0.4) * 100 / n[bad])
    return {"few": few, "some": some, "first": f"{rates[0]:.1f}", "second": f"{rates[1]:.1f}"}


def _unit(dice, facts, planted):
    each = dice.whole(3, 6)
    sensitivity = round(facts["tp"] / facts["ill"], 3)
    n = facts["ill"] * (each if planted else 1)
    error = round(math.sqrt(sensitivity * (1 - sensitivity) / n), 3)
    return {"each": each, "sensitivity": sensitivity, "error": error}


def _baseline(dice, facts, planted):
    accuracy = round(100 * facts["right"] / facts["counted"], 1)
    return {"accuracy": accuracy, "rule": dice.whole(55, 66)}


def _subgroup(dice, facts, planted):
    """One group's numbers; those of the other are what is left."""
    ill, tp = facts["ill"], facts["tp"]
    while True:
        shown = round(ill * dice.share(0.5, 0.7))
        other = tp / ill - (dice.share(0.16, 0.26) if planted else 0)
        found = tp - round(other * (ill - shown))
        gap = found / shown - (tp - found) / (ill - shown)
        if found <= shown and (gap >= 0.24 if planted else abs(gap) <= 0.05):
            return {"ill_shown": shown, "found_shown": found}


def _calibration(dice, facts, planted):
    wrong = dice.pick((dice.share(0.5, 0.66), dice.share(1.5, 2)))
    ratio = wrong if planted else dice.share(0.96, 1.04)
    return {"risk": round(facts["ill"] / facts["counted"] / ratio, 3)}


def _looks(dice, facts, planted):
    while True:
        looks, p = dice.whole(3, 16), (dice.whole(18, 46) if planted else dice.whole(1, 9)) / 1000
        if 0.15 <= looks * p <= 0.7 if planted else looks * p <= 0.03:
            return {"looks": looks, "p": p}


def _label_leak(dice, facts, planted):
    while True:
        share = dice.share(0.15, 0.4)
        ill = round(facts["ill"] * (dice.share(0.6, 0.9) if planted else share))
        healthy = round(facts["healthy"] * (dice.share(0.02, 0.08) if planted else share))
        ratio = (ill / facts["ill"]) / (healthy / facts["healthy"]) if healthy else 0
        if ratio > 7 if planted else 0.9 < ratio < 1.1:
            return {"mark_ill": ill, "mark_healthy": healthy}


def _screening(dice, facts, planted):
    facts = facts | {"rare": dice.whole(3, 12)}
    ppv = facts["tp"] / facts["positive"] if planted else _ppv(facts)
    return {"rare": facts["rare"], "promised": round(100 * ppv, 1)}


# The order matters: leakage counts those whom verification left unchecked.
_DRAWN = {
    "verification": _verification,
    "leakage": _leakage,
    "threshold": _threshold,
    "spectrum": _spectrum,
    "impossible": _impossible,
    "unit": _unit,
    "baseline": _baseline,
    "subgroup": _subgroup,
    "calibration": _calibration,
    "looks": _looks,
    "label_leak": _label_leak,
    "screening": _screening,
}

# What proves it -----------------------------------------------------------------------------------


def _gain_on_test(facts):
    validated = facts["right_validation"].index(max(facts["right_validation"]))
    return max(facts["right_test"]) - facts["right_test"][validated]


def _expected_sensitivity(facts):
    rows = zip(facts["clinic_shares"], facts["found"], facts["sizes"], strict=True)
    return sum(share / 100 * found / n for share, found, n in rows)


def _all_verified(facts):
    missed = (facts["ill"] - facts["tp"]) * facts["negative"] / facts["checked"]
    return facts["tp"] / (facts["tp"] + missed)


def _nearest_share(facts):
    """Of the printed percentage that is farther from any k / n."""
    found = []
    for percent, n in ((facts["first"], facts["few"]), (facts["second"], facts["some"])):
        nearest = round(float(percent) / 100 * n) / n
        found.append((abs(nearest - float(percent) / 100), nearest))
    return max(found)[1]


def _ppv(facts):
    prevalence = facts["rare"] / 1000
    true = facts["tp"] / facts["ill"] * prevalence
    return true / (true + facts["fp"] / facts["healthy"] * (1 - prevalence))


_PROOFS = {
    "leakage": lambda f: f["trained"] + f["tested"] - f["everybody"],
    "threshold": _gain_on_test,
    "spectrum": _expected_sensitivity,
    "verification": _all_verified,
    "impossible": _nearest_share,
    "unit": lambda f: math.sqrt(f["sensitivity"] * (1 - f["sensitivity"]) / f["ill"]),
    "baseline": lambda f: f["healthy"] / f["counted"],
    "subgroup": lambda f: (f["tp"] - f["found_shown"]) / (f["ill"] - f["ill_shown"]),
    "calibration": lambda f: f["ill"] / (f["counted"] * f["risk"]),
    "looks": lambda f: f["looks"] * f["p"],
    "label_leak": lambda f: (f["mark_ill"] / f["ill"]) / (f["mark_healthy"] / f["healthy"]),
    "screening": _ppv,
}

#: What may be wrong with a study.
KINDS = tuple(_PROOFS)

# How it is told -----------------------------------------------------------------------------------


def _text(dice, said, facts, frame):
    words = dict(facts, shown=facts["groups"][0], hidden=facts["groups"][1])
    methods = [kind for kind in dice.mixed(said) if kind in _METHODS]
    results = [kind for kind in dice.mixed(said) if kind not in _METHODS]

    def told(kinds):
        return [dice.pick(_SENTENCES[kind]).format(**words) for kind in kinds]

    opening, closing = (part.format(**words) for part in frame)
    first = " ".join([opening, *told(methods)])
    second = " ".join([dice.pick(_HEADLINES).format(**words), *told(results), closing])
    tables = [_TABLES[kind](facts) for kind in said if kind in _TABLES]
    return "\n\n".join([first, second, *tables])


def _right_answers(facts):
    rows = zip(
        ("cases", *(f"{threshold:.2f}" for threshold in facts["thresholds"])),
        (facts["validated"], *facts["right_validation"]),
        (facts["counted"], *facts["right_test"]),
        strict=True,
    )
    return _table(("threshold", "validation", "test"), rows)


def _severity(facts):
    shares = [f"{share} %" for share in facts["clinic_shares"]]
    rows = zip(facts["grades"], facts["sizes"], facts["found"], shares, strict=True)
    return _table(("severity", "ill", "found", "there"), rows)


_TABLES = {"threshold": _right_answers, "spectrum": _severity}


def _table(head, rows):
    lines = [[str(cell) for cell in line] for line in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )
