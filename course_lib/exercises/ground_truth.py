"""Exercises of the chapter "Ground truth"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _apparent_sensitivity(sensitivity, specificity, prevalence):
    called_and_ill = sensitivity * prevalence
    called_and_well = (1 - specificity) * (1 - prevalence)
    return called_and_ill / (called_and_ill + called_and_well)


def _apparent_specificity(sensitivity, specificity, prevalence):
    return _apparent_sensitivity(specificity, sensitivity, 1 - prevalence)


def _rate_cases(rng):
    return [(0.9, 0.75, 0.3), (0.75, 0.95, 0.1)] + [
        tuple(float(p) for p in rng.uniform((0.55, 0.55, 0.02), (0.95, 0.95, 0.45)))
        for _ in range(4)
    ]


def _kappa(first, second):
    observed = np.mean(first == second)
    expected = np.mean(first) * np.mean(second) + np.mean(first == 0) * np.mean(second == 0)
    return float((observed - expected) / (1 - expected))


def _kappa_cases(rng):
    """Ten films, then more; both readers say both, one of them pneumonia more often."""
    first = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1, 0])
    second = np.array([1, 0, 0, 0, 1, 0, 1, 0, 1, 1])
    cases = [(first, second)]
    for n, share in ((30, 0.3), (60, 0.15), (200, 0.6)):
        truth = np.arange(n) < share * n
        first = np.where(rng.random(n) < 0.85, truth, ~truth).astype(int)
        second = np.where(rng.random(n) < 0.75, truth, ~truth).astype(int)
        first[:2], second[:2] = (0, 1), (0, 1)
        cases.append((first, second))
    return cases


def _majority(votes):
    yes, no = np.sum(votes == 1, axis=1), np.sum(votes == 0, axis=1)
    return np.where(yes > no, 1, np.where(no > yes, 0, -1))


def _vote_cases(rng):
    """Five films with every trap, then random ones: gaps, ties, a film that nobody read."""
    traps = np.array(
        [[1, 1, 0, -1], [1, 0, -1, -1], [0, 0, 1, -1], [-1, -1, -1, -1], [1, -1, -1, -1]]
    )
    cases = [(traps,)]
    for n, readers in ((12, 4), (20, 6), (30, 5)):
        votes = rng.integers(0, 2, size=(n, readers))
        votes[rng.random(votes.shape) < 0.25] = -1
        votes[:5], votes[:5, :4] = -1, traps
        cases.append((votes,))
    return cases


def _two_of_three(a, b, c):
    return a * b * c + a * b * (1 - c) + a * (1 - b) * c + (1 - a) * b * c


def _three_rates(rng):
    return [(0.8, 0.8, 0.8), (0.95, 0.6, 0.55)] + [
        tuple(float(p) for p in rng.uniform(0.5, 0.98, size=3)) for _ in range(4)
    ]


def _posterior(votes, sensitivity, specificity, prevalence):
    if_ill = np.prod(np.where(votes == 1, sensitivity, 1 - sensitivity), axis=1)
    if_well = np.prod(np.where(votes == 1, 1 - specificity, specificity), axis=1)
    return prevalence * if_ill / (prevalence * if_ill + (1 - prevalence) * if_well)


def _posterior_cases(rng):
    films = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 1]])
    cases = [(films, np.array([0.9, 0.7, 0.6]), np.array([0.95, 0.8, 0.7]), 0.3)]
    for n, readers in ((8, 2), (15, 4), (40, 5)):
        cases.append(
            (
                rng.integers(0, 2, size=(n, readers)),
                rng.uniform(0.55, 0.95, size=readers),
                rng.uniform(0.55, 0.95, size=readers),
                float(rng.uniform(0.05, 0.4)),
            )
        )
    return cases


def _expected_sensitivity(votes, posterior):
    return (posterior[:, None] * (votes == 1)).sum(axis=0) / posterior.sum()


def _weighted_cases(rng):
    votes = np.array([[1, 1], [1, 0], [0, 0], [1, 0], [0, 1]])
    cases = [(votes, np.array([0.95, 0.7, 0.05, 0.6, 0.2]))]
    for n, readers in ((12, 3), (30, 5), (50, 4)):
        votes = rng.integers(0, 2, size=(n, readers))
        votes[0] = 1
        cases.append((votes, rng.beta(0.7, 1.2, size=n) * 0.98 + 0.01))
        cases[-1][1][0] = 0.9
    return cases


def _corrected_sensitivity(tp, fn, fp, tn, positives, negatives):
    ill_among_positives = positives * tp / (tp + fp)
    ill_among_negatives = negatives * fn / (fn + tn)
    return ill_among_positives / (ill_among_positives + ill_among_negatives)


def _verification_cases(rng):
    """Hepatic scintigraphy (Drum & Christacopoulos 1972), then random tables."""
    cases = [(231, 27, 32, 54, 429, 221)]
    for _ in range(4):
        tp, fn, fp, tn = (int(count) for count in rng.integers((60, 4, 10, 30), (200, 20, 50, 90)))
        cases.append(
            (
                *(tp, fn, fp, tn),
                tp + fp + int(rng.integers(5, 60)),
                fn + tn + int(rng.integers(100, 900)),
            )
        )
    return cases


EXERCISES = (
    Exercise(
        id="ground_truth.apparent_sensitivity",
        title="A perfect model before an imperfect judge",
        reference=_apparent_sensitivity,
        cases=_rate_cases,
        misconceptions=(
            Misconception(
                "readers_sensitivity",
                lambda sensitivity, specificity, prevalence: sensitivity,
                "That is the reader's sensitivity against the truth. Now the reader plays the "
                "truth: start from the films that the reader calls pneumonia.",
            ),
            Misconception(
                "apparent_specificity",
                _apparent_specificity,
                "That is the specificity which the model seems to have. Look at the films that "
                "the reader calls pneumonia, not at those called normal.",
            ),
            Misconception(
                "agreement",
                lambda sensitivity, specificity, prevalence: (
                    sensitivity * prevalence + specificity * (1 - prevalence)
                ),
                "That is how often model and reader agree on any film: the accuracy that the "
                "model seems to have. Sensitivity looks at the reader's positives alone.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.kappa",
        title="Cohen's kappa",
        reference=_kappa,
        cases=_kappa_cases,
        misconceptions=(
            Misconception(
                "percent_agreement",
                lambda first, second: float(np.mean(first == second)),
                "That is the share of films on which they agree. Two readers who guess agree on "
                "many films too: take that away, and divide by what could still be gained.",
            ),
            Misconception(
                "coin",
                lambda first, second: float(2 * np.mean(first == second) - 1),
                "This is what one half as the agreement by chance gives, as if both tossed coins."
                " Chance must use how often each of them says pneumonia.",
            ),
            Misconception(
                "not_scaled",
                lambda first, second: float(
                    np.mean(first == second)
                    - np.mean(first) * np.mean(second)
                    - np.mean(first == 0) * np.mean(second == 0)
                ),
                "That is the agreement beyond chance, not yet scaled: perfect readers would not "
                "reach 1. Divide by the most that it can be.",
            ),
            Misconception(
                "chance_of_yes_alone",
                lambda first, second: float(
                    (np.mean(first == second) - np.mean(first) * np.mean(second))
                    / (1 - np.mean(first) * np.mean(second))
                ),
                "This is what comes out if chance means that both say pneumonia. They also agree "
                "by chance when both say normal.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.majority",
        title="A vote with gaps and ties",
        reference=_majority,
        cases=_vote_cases,
        misconceptions=(
            Misconception(
                "gaps_are_numbers",
                lambda votes: (votes.mean(axis=1) > 0.5).astype(int),
                "This is what the mean of a row gives, in which each missing rating (-1) pulls "
                "down. Count the ones and the zeros, and compare the counts.",
            ),
            Misconception(
                "gaps_are_no",
                lambda votes: (np.sum(votes == 1, axis=1) > votes.shape[1] / 2).astype(int),
                "This asks for more than half of all readers. Those who did not read the film "
                "have no vote: compare the yes with the no.",
            ),
            Misconception(
                "tie_is_yes",
                lambda votes: (np.sum(votes == 1, axis=1) >= np.sum(votes == 0, axis=1)).astype(
                    int
                ),
                "A tie became pneumonia. The rule says that a film without a majority gets no "
                "label: -1.",
            ),
            Misconception(
                "tie_is_no",
                lambda votes: (np.sum(votes == 1, axis=1) > np.sum(votes == 0, axis=1)).astype(int),
                "A tie became normal. The rule says that a film without a majority gets no label: "
                "-1.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.two_of_three",
        title="Three unequal readers",
        reference=_two_of_three,
        cases=_three_rates,
        misconceptions=(
            Misconception(
                "mean",
                lambda a, b, c: (a + b + c) / 3,
                "That is the mean of the three. A vote can be better than its best member, and "
                "worse: add up the ways in which two or three of them say yes.",
            ),
            Misconception(
                "all",
                lambda a, b, c: a * b * c,
                "That is the chance that all three say yes. Two are enough.",
            ),
            Misconception(
                "any",
                lambda a, b, c: 1 - (1 - a) * (1 - b) * (1 - c),
                "That is the chance that at least one says yes. The majority needs two.",
            ),
            Misconception(
                "exactly_two",
                lambda a, b, c: a * b * (1 - c) + a * (1 - b) * c + (1 - a) * b * c,
                "That is the chance that exactly two say yes. All three may say it, too.",
            ),
            Misconception(
                "pairs",
                lambda a, b, c: a * b + a * c + b * c,
                "Each pair's chance includes the case in which the third says yes as well, so that "
                "case is counted three times.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.posterior",
        title="What the votes say about a film",
        reference=_posterior,
        cases=_posterior_cases,
        misconceptions=(
            Misconception(
                "no_prior",
                lambda votes, sensitivity, specificity, prevalence: _posterior(
                    votes, sensitivity, specificity, 0.5
                ),
                "This is the answer where half of the films show pneumonia. The prevalence weighs"
                " the product for pneumonia, and 1 - prevalence that for normal films.",
            ),
            Misconception(
                "joint",
                lambda votes, sensitivity, specificity, prevalence: (
                    prevalence * np.prod(np.where(votes == 1, sensitivity, 1 - sensitivity), axis=1)
                ),
                "That is P(pneumonia and these votes). Divide by P(these votes), which normal "
                "films give as well.",
            ),
            Misconception(
                "yes_votes_alone",
                lambda votes, sensitivity, specificity, prevalence: (
                    prevalence
                    * np.prod(np.where(votes == 1, sensitivity, 1), axis=1)
                    / (
                        prevalence * np.prod(np.where(votes == 1, sensitivity, 1), axis=1)
                        + (1 - prevalence)
                        * np.prod(np.where(votes == 1, 1 - specificity, 1), axis=1)
                    )
                ),
                "A reader who says normal is left out. That vote is evidence too, the more the "
                "better the reader.",
            ),
            Misconception(
                "specificity_for_false_alarms",
                lambda votes, sensitivity, specificity, prevalence: _posterior(
                    votes, sensitivity, 1 - specificity, prevalence
                ),
                "This is the answer with specificity and 1 - specificity in each other's place. "
                "On a normal film a reader says yes with probability 1 - specificity.",
            ),
            Misconception(
                "share_of_votes",
                lambda votes, sensitivity, specificity, prevalence: votes.mean(axis=1),
                "That is the share of yes votes, in which every reader counts alike. Use how good "
                "each of them is.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.expected_sensitivity",
        title="A reader's sensitivity without the truth",
        reference=_expected_sensitivity,
        cases=_weighted_cases,
        misconceptions=(
            Misconception(
                "share_of_all",
                lambda votes, posterior: (posterior[:, None] * (votes == 1)).mean(axis=0),
                "This is a share of all films. Sensitivity is a share of the films with "
                "pneumonia: how many are those, expected?",
            ),
            Misconception(
                "hard_labels",
                lambda votes, posterior: votes[posterior >= 0.5].mean(axis=0),
                "This is the sensitivity if every posterior from 0.5 on is taken for certain. A "
                "film with posterior 0.6 is six tenths of a case of pneumonia: let it count with "
                "that weight.",
            ),
            Misconception(
                "expected_ppv",
                lambda votes, posterior: (
                    (posterior[:, None] * (votes == 1)).sum(axis=0) / (votes == 1).sum(axis=0)
                ),
                "This is a share of the reader's yes votes: a PPV. Sensitivity starts from the "
                "films with pneumonia.",
            ),
            Misconception(
                "all_readers_at_once",
                lambda votes, posterior: float(
                    (posterior[:, None] * (votes == 1)).sum() / (posterior.sum() * votes.shape[1])
                ),
                "That is one number for all readers together. Sum over the films only (axis 0), so "
                "that each reader keeps a sensitivity.",
            ),
        ),
    ),
    Exercise(
        id="ground_truth.corrected_sensitivity",
        title="Sensitivity after partial verification",
        reference=_corrected_sensitivity,
        cases=_verification_cases,
        misconceptions=(
            Misconception(
                "verified_alone",
                lambda tp, fn, fp, tn, positives, negatives: tp / (tp + fn),
                "That is the sensitivity among the verified. Patients with a negative result are "
                "verified less often, so most of the missed ones are not in that table.",
            ),
            Misconception(
                "unverified_are_well",
                lambda tp, fn, fp, tn, positives, negatives: (
                    (positives * tp / (tp + fp)) / (positives * tp / (tp + fp) + fn)
                ),
                "This is the value if the positives alone are scaled up: as if everybody "
                "unverified with a negative result were well. Scale both.",
            ),
            Misconception(
                "scaled_by_truth",
                lambda tp, fn, fp, tn, positives, negatives: (
                    positives * tp / (positives * tp + negatives * fn)
                ),
                "This is the value if TP and FN are scaled by the numbers of results. "
                "Verification depended on the result: take the share of the ill among the "
                "verified with that result.",
            ),
            Misconception(
                "specificity",
                lambda tp, fn, fp, tn, positives, negatives: _corrected_sensitivity(
                    tn, fp, fn, tp, negatives, positives
                ),
                "That is the corrected specificity. Sensitivity is a share of the ill.",
            ),
        ),
    ),
)
