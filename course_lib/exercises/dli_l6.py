"""Exercises of the chapter "L6: sequences"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _windows(series, length):
    pairs = [(series[i : i + length], series[i + length]) for i in range(len(series) - length)]
    return np.array([window for window, _ in pairs]), np.array([target for _, target in pairs])


def _target_inside(series, length):
    X, _ = _windows(series, length)
    return X, X[:, -1]


def _one_too_far(series, length):
    X, _ = _windows(series, length)
    return X[:-1], series[length + 1 :]


def _side_by_side(series, length):
    X, y = _windows(series, length)
    return X[::length], y[::length]


def _series_cases(rng):
    cases = [(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), 2)]
    return cases + [
        (rng.normal(size=n).round(3), length) for n, length in ((12, 3), (20, 5), (15, 4))
    ]


def _persistence_error(series, horizon):
    return np.mean((series[horizon:] - series[:-horizon]) ** 2)


def _horizon_cases(rng):
    cases = [(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), 2)]
    return cases + [
        (rng.normal(size=n).cumsum().round(3), horizon)
        for n, horizon in ((20, 1), (30, 4), (50, 9))
    ]


def _rnn(x, W, U, b):
    h = np.zeros(len(b))
    for x_t in x:
        h = np.tanh(W @ x_t + U @ h + b)
    return h


def _all_states(x, W, U, b):
    return np.array([_rnn(x[: t + 1], W, U, b) for t in range(len(x))])


def _linear_rnn(x, W, U, b):
    h = np.zeros(len(b))
    for x_t in x:
        h = W @ x_t + U @ h + b
    return h


def _rnn_from_ones(x, W, U, b):
    h = np.ones(len(b))
    for x_t in x:
        h = np.tanh(W @ x_t + U @ h + b)
    return h


def _network_cases(rng):
    cases = []
    for steps, features, hidden in ((2, 1, 2), (5, 1, 3), (8, 2, 4)):
        cases.append(
            (
                rng.normal(size=(steps, features)),
                rng.normal(size=(hidden, features)),
                0.6 * rng.normal(size=(hidden, hidden)),
                0.3 * rng.normal(size=hidden),
            )
        )
    return cases


def _perplexity(p):
    return np.exp(-np.mean(np.log(p)))


def _probability_cases(rng):
    return [(np.array([0.5, 0.25, 0.125]),)] + [
        (rng.uniform(0.01, 1, n).round(4),) for n in (4, 10, 40)
    ]


EXERCISES = (
    Exercise(
        id="dli_l6.windows_and_targets",
        title="Windows and what comes next",
        reference=_windows,
        cases=_series_cases,
        misconceptions=(
            Misconception(
                "target_inside",
                _target_inside,
                "This target is the last sample of the window: the network only has to copy it. "
                "The target is the first sample *behind* the window.",
            ),
            Misconception(
                "one_too_far",
                _one_too_far,
                "Here one sample is left out: the target lies right behind the window, not two "
                "samples on.",
            ),
            Misconception(
                "side_by_side",
                _side_by_side,
                "These windows lie side by side. Move on by one sample, not by a window: every "
                "sample that has enough past can be a target.",
            ),
            Misconception(
                "last_pair_missing",
                lambda series, length: tuple(part[:-1] for part in _windows(series, length)),
                "The last window is missing. n samples give n - length pairs.",
            ),
        ),
    ),
    Exercise(
        id="dli_l6.persistence_error",
        title="The forecast to beat",
        reference=_persistence_error,
        cases=_horizon_cases,
        misconceptions=(
            Misconception(
                "one_step",
                lambda series, horizon: np.mean(np.diff(series) ** 2),
                "That is the error one sample ahead. Compare samples that lie `horizon` apart.",
            ),
            Misconception(
                "mean_forecast",
                lambda series, horizon: np.mean((series[horizon:] - series.mean()) ** 2),
                "This is the error of forecasting the mean of the series. Persistence forecasts "
                "that nothing changes: the value of now.",
            ),
            Misconception(
                "root",
                lambda series, horizon: np.sqrt(_persistence_error(series, horizon)),
                "That is the root of the mean squared error. Leave the root out.",
            ),
            Misconception(
                "absolute",
                lambda series, horizon: np.mean(np.abs(series[horizon:] - series[:-horizon])),
                "This is the mean of the absolute errors. Square them: a missed heartbeat shall "
                "count for more than a little noise.",
            ),
        ),
    ),
    Exercise(
        id="dli_l6.rnn",
        title="A recurrent network by hand",
        reference=_rnn,
        cases=_network_cases,
        points=2,
        misconceptions=(
            Misconception(
                "no_memory",
                lambda x, W, U, b: np.tanh(W @ x[-1] + b),
                "Only the last input counts here. The term U h carries what was before.",
            ),
            Misconception(
                "all_states",
                _all_states,
                "These are the states after every step. The last one is asked for: it has seen "
                "the whole sequence.",
            ),
            Misconception(
                "no_tanh",
                _linear_rnn,
                "The tanh is missing. Without it the state grows without bound, and a sequence of "
                "layers is no more than one.",
            ),
            Misconception(
                "starts_at_one",
                _rnn_from_ones,
                "This is the state after starting from ones. Before the first sample the network "
                "knows nothing: zeros.",
            ),
        ),
    ),
    Exercise(
        id="dli_l6.perplexity",
        title="Perplexity",
        reference=_perplexity,
        cases=_probability_cases,
        misconceptions=(
            Misconception(
                "cross_entropy",
                lambda p: -np.mean(np.log(p)),
                "That is the cross-entropy. Perplexity turns it back into a number of choices: "
                "take the exponential.",
            ),
            Misconception(
                "mean_of_inverses",
                lambda p: np.mean(1 / p),
                "This is the mean of 1/p, which one unlucky character dominates. Average the "
                "logarithms, then undo the logarithm.",
            ),
            Misconception(
                "inverse_of_mean",
                lambda p: 1 / np.mean(p),
                "This is the inverse of the mean probability. A text's probability is a product, "
                "so the mean to take is the geometric one: average the logarithms.",
            ),
            Misconception(
                "wrong_base",
                lambda p: 2 ** -np.mean(np.log(p)),
                "Two bases are mixed: log is the natural logarithm, so undo it with exp.",
            ),
        ),
    ),
)
