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


def _padded(sequences, length, pad):
    return np.array([[*one[:length], *[pad] * (length - len(one))] for one in sequences])


def _sentence_cases(rng):
    """Some too long and some too short; the number that fills is not always 0."""
    cases = []
    for length, pad, sizes in ((4, 0, (2, 6, 4)), (5, 9, (7, 1, 5, 3)), (3, 0, (4, 2, 5))):
        cases.append(([rng.integers(1, 9, n).tolist() for n in sizes], length, pad))
    return cases


def _padded_in_front(sequences, length, pad):
    return np.array([[*[pad] * (length - len(one)), *one[:length]] for one in sequences])


def _cut_in_front(sequences, length, pad):
    return np.array([[*one[-length:], *[pad] * (length - len(one))] for one in sequences])


def _filled_with_zero(sequences, length, pad):
    return _padded(sequences, length, 0)


def _as_long_as_the_longest(sequences, length, pad):
    return _padded(sequences, max(map(len, sequences)), pad)


def _attention(Q, K, V, real):
    return _heard(Q, K, V, real, np.sqrt(Q.shape[1]))


def _heard(Q, K, V, real, scale):
    scores = Q @ K.T / scale
    weights = np.exp(scores - scores.max()) * real
    return weights / weights.sum(axis=1, keepdims=True) @ V


def _weights(Q, K, V, real):
    return _attention(Q, K, np.eye(len(K)), real)


def _padding_zeroed_late(Q, K, V, real):
    return _attention(Q, K, np.eye(len(K)), np.ones(len(K))) * real @ V


def _attention_cases(rng):
    cases = []
    for places, d, padding in ((5, 4, 2), (6, 3, 1), (7, 5, 3)):
        Q, K, V = rng.normal(size=(3, places, d))
        cases.append((Q, K, V, np.arange(places) < places - padding))
    return cases


EXERCISES = (
    Exercise(
        id="dli_l6.padded",
        title="Sentences of equal length",
        reference=_padded,
        cases=_sentence_cases,
        misconceptions=(
            Misconception(
                "filled_in_front",
                _padded_in_front,
                "The short ones are filled in front. Some networks want that; here the words come "
                "first.",
            ),
            Misconception(
                "cut_in_front",
                _cut_in_front,
                "Of the long ones the beginning is cut away. Keep the first `length` numbers.",
            ),
            Misconception(
                "filled_with_zero",
                _filled_with_zero,
                "The short ones are filled with 0. Fill them with `pad`, whatever number it is.",
            ),
            Misconception(
                "not_cut",
                _as_long_as_the_longest,
                "The table is as wide as the longest sentence. It shall have `length` columns.",
            ),
        ),
    ),
    Exercise(
        id="dli_l6.attention",
        title="Attention by hand",
        reference=_attention,
        cases=_attention_cases,
        points=2,
        misconceptions=(
            Misconception(
                "not_scaled",
                lambda Q, K, V, real: _heard(Q, K, V, real, 1.0),
                "This is attention without the root of d: the scores grow with d, and one place "
                "gets all the weight.",
            ),
            Misconception(
                "divided_by_d",
                lambda Q, K, V, real: _heard(Q, K, V, real, Q.shape[1]),
                "These scores were divided by d. It is its square root.",
            ),
            Misconception(
                "padding_heard",
                lambda Q, K, V, real: _attention(Q, K, V, np.ones(len(K))),
                "Here the padding is listened to like a word. Its weight must be 0, and the "
                "weights of the words must add up to 1.",
            ),
            Misconception(
                "padding_after_softmax",
                _padding_zeroed_late,
                "The padding has the weight 0, but the other weights no longer add up to 1: leave "
                "it out before they are divided by their sum.",
            ),
            Misconception(
                "weights_alone",
                _weights,
                "These are the weights, (places, places). What is heard is their sum of values.",
            ),
            Misconception(
                "keys_as_values",
                lambda Q, K, V, real: _attention(Q, K, K, real),
                "This is the weighted sum of the keys. Keys say where to listen, values what is "
                "heard.",
            ),
            Misconception(
                "keys_ask",
                lambda Q, K, V, real: _attention(K, Q, V, real),
                "Here the keys ask and the queries answer. Row i holds the weights with which "
                "place i listens: query i with every key.",
            ),
        ),
    ),
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
