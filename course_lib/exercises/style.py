"""Exercises of the chapter "Painting with features"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _content_cost(features, target):
    return float(np.mean((features - target) ** 2) / np.var(target))


def _layer_cases(rng):
    """Features and target are loud in unlike ways, and no variance is its own root."""
    target = np.array([[[0.0, 2, 4, 6]]])
    cases = [(np.array([[[1.0, 2, 6, 9]]]), target)]
    for channels in (2, 3, 5):
        shape = (channels, *(int(n) for n in rng.integers(3, 7, 2)))
        target = rng.normal(1, rng.uniform(1.5, 3), shape)
        cases.append((rng.normal(2, 1, shape), target))
    return cases


def _pixels_in_columns(features):
    return features.reshape(len(features), -1)


def _gram_matrix(features):
    F = _pixels_in_columns(features)
    return F @ F.T / F.shape[1]


def _scrambled(features):
    F = features.reshape(-1, len(features))
    return F.T @ F / len(F)


def _pixels_by_pixels(features):
    F = _pixels_in_columns(features).T
    return F @ F.T / len(F)


def _feature_cases(rng):
    # Rectified, as after many a layer, and thus with a mean above 0.
    cases = [(np.array([[[1.0, 2], [0, 1]], [[0, 2], [2, 0]]]),)]
    for channels in (2, 3, 5):
        shape = (channels, *(int(n) for n in rng.integers(3, 6, 2)))
        cases.append((np.maximum(rng.normal(1, 1, shape), 0),))
    return cases


def _standardize_like(features, target):
    mean, sd = target.mean((1, 2), keepdims=True), target.std((1, 2), keepdims=True)
    return (features - mean) / sd


def _style_cases(rng):
    """Two pictures of unlike sizes; some channels are much louder than others."""
    features = np.array([[[2.0, 4, 0]], [[20, 40, 30]]])
    cases = [(features, np.array([[[1.0], [3]], [[10], [30]]]))]
    for channels in (2, 3, 5):
        loudness = np.geomspace(0.5, 8, channels)[:, None, None]
        sizes = rng.integers(3, 6, (2, 2)).tolist()
        features, target = (
            loudness * rng.normal(1, s, (channels, *size))
            for s, size in zip((0.6, 1.2), sizes, strict=True)
        )
        cases.append((features, target))
    return cases


def _failed(content, manner):
    pairs = list(zip(content, manner, strict=True))
    return np.array([any(a < c and b < m for a, b in pairs) for c, m in pairs])


def _desk_cases(rng):
    """Pictures on a line of trade and behind it; in the second case two have the same content."""
    cases = [
        (np.array([0.2, 0.5, 0.6]), np.array([0.4, 0.1, 0.3])),
        (np.array([0.2, 0.5, 0.5, 0.6]), np.array([0.4, 0.1, 0.3, 0.5])),
    ]
    for n in (4, 6, 9):
        content = rng.uniform(0.1, 1, n)
        manner = 0.1 / content
        behind = rng.permutation(n)[: n // 2 + 1]
        content[behind] *= rng.uniform(1.1, 2.5, len(behind))
        manner[behind] *= rng.uniform(1.1, 2.5, len(behind))
        cases.append((content, manner))
    return cases


def _mean(lab):
    return lab.mean((0, 1))


def _sd(lab):
    return lab.std((0, 1))


def _match_colors(lab, reference):
    return (lab - _mean(lab)) / _sd(lab) * _sd(reference) + _mean(reference)


def _color_cases(rng):
    """Lightness and two axes of color; sizes differ, and so does the contrast."""
    lab = np.array([[[40.0, 10, -20], [60, 20, -10]]])
    cases = [(lab, np.array([[[70.0, 0, -5]], [[90, 2, -25]]]))]
    for _ in range(3):
        sizes = rng.integers(2, 5, (2, 2)).tolist()
        lab = rng.normal((60, 15, -12), (12, 6, 8), (*sizes[0], 3))
        cases.append((lab, rng.normal((75, 22, -5), (7, 9, 4), (*sizes[1], 3))))
    return cases


def _optical_density(intensity, white):
    return np.log10(white / np.maximum(intensity, 1))


def _infinitely_dense(intensity, white):
    with np.errstate(divide="ignore"):
        return -np.log10(intensity / white)


def _camera_cases(rng):
    """Bare glass stands in the first image alone: the brightest pixel is not it."""
    cases = [(np.array([200, 20, 2]), 200), (np.array([120, 24, 1, 0]), 240)]
    for _ in range(3):
        white = int(rng.integers(215, 250))
        intensity = rng.integers(1, white, (*(int(n) for n in rng.integers(2, 5, 2)), 3))
        intensity[0, 0, :2] = 0, 1
        cases.append((intensity, white))
    return cases


def _unmix(density, dyes):
    return np.linalg.solve(dyes @ dyes.T, dyes @ density.T).T


def _two_colors(density, dyes):
    return np.linalg.solve(dyes[:, :2].T, density[:, :2].T).T


def _dye_cases(rng):
    """Pure dyes and their mixture; bare glass, where there is only noise; random tissue."""
    dyes = np.array([[0.8, 0.6, 0.0], [0.0, 0.6, 0.8]])
    glass = np.array([[-0.01, 0.01, -0.02], [0.02, -0.01, 0.0], [0.0, 0.01, 0.01]])
    cases = [(np.array([[1.0, 0], [0, 1], [1, 1]]) @ dyes, dyes), (glass, dyes)]
    for pixels in (3, 5, 8):
        dyes = rng.normal([(0.65, 0.7, 0.29), (0.1, 0.95, 0.25)], 0.03)
        dyes /= np.linalg.norm(dyes, axis=1, keepdims=True)
        amounts = rng.uniform(0, 1.5, (pixels, 2))
        cases.append((amounts @ dyes + rng.normal(0, 0.03, (pixels, 3)), dyes))
    return cases


EXERCISES = (
    Exercise(
        id="style.content_cost",
        title="Content cost",
        reference=_content_cost,
        cases=_layer_cases,
        misconceptions=(
            Misconception(
                "not_divided",
                lambda features, target: float(np.mean((features - target) ** 2)),
                "This is the mean square alone: a loud layer costs more than a quiet one that is "
                "just as wrong. Measure the difference in units of the layer: divide by the "
                "variance of the target.",
            ),
            Misconception(
                "variance_of_features",
                lambda features, target: (
                    _content_cost(features, target) * float(target.var() / features.var())
                ),
                "This is the value divided by the variance of the features. The picture can "
                "change those, and could pay less by merely being louder. The target stays what "
                "it is.",
            ),
            Misconception(
                "standard_deviation",
                lambda features, target: _content_cost(features, target) * float(target.std()),
                "This is a square divided by a standard deviation, so a layer ten times as loud "
                "still costs ten times as much. Squares are measured by the variance.",
            ),
            Misconception(
                "sum",
                lambda features, target: _content_cost(features, target) * target.size,
                "This is the sum of the squares, so a large picture costs more than a small one. "
                "The mean does not depend on the number of values.",
            ),
            Misconception(
                "square_of_the_mean",
                lambda features, target: float(np.mean(features - target) ** 2 / target.var()),
                "This is the square of the mean difference: too much here makes up for too little "
                "there. Square each difference, then average.",
            ),
            Misconception(
                "n_minus_one",
                lambda features, target: float(
                    np.mean((features - target) ** 2) / target.var(ddof=1)
                ),
                "This is the value for the variance that divides by n - 1, as torch has it. "
                "Here it divides by n, as `np.var` does.",
            ),
        ),
    ),
    Exercise(
        id="style.gram_matrix",
        title="Gram matrix",
        reference=_gram_matrix,
        cases=_feature_cases,
        misconceptions=(
            Misconception(
                "scrambled",
                _scrambled,
                "The columns behind this matrix mix channels and places: `reshape(-1, channels)` "
                "does not swap axes, it only cuts the numbers anew. Keep the first axis and "
                "flatten the other two.",
            ),
            Misconception(
                "not_divided",
                lambda features: _gram_matrix(features) * features[0].size,
                "These are sums over the pixels, so the same style on a larger canvas has a "
                "larger matrix. Divide by the number of pixels.",
            ),
            Misconception(
                "divided_by_all_values",
                lambda features: _gram_matrix(features) / len(features),
                "This is the matrix divided by channels times pixels, another convention. In this "
                "chapter each entry is the mean over the pixels alone.",
            ),
            Misconception(
                "covariance",
                lambda features: np.cov(_pixels_in_columns(features)),
                "That is the covariance: the means were subtracted. How strongly a channel answers "
                "on the whole, for instance to brown, is part of a style. Leave it in.",
            ),
            Misconception(
                "pixels_by_pixels",
                _pixels_by_pixels,
                "This matrix has a row for each pixel: it compares places, which a style should "
                "forget. Let channels meet channels.",
            ),
        ),
    ),
    Exercise(
        id="style.standardize_like",
        title="In units of the style",
        reference=_standardize_like,
        cases=_style_cases,
        misconceptions=(
            Misconception(
                "by_itself",
                lambda features, target: _standardize_like(features, features),
                "These are the features standardized by themselves: every picture then has mean 0 "
                "and deviation 1, so these can no longer be matched. The target sets the units.",
            ),
            Misconception(
                "all_channels_alike",
                lambda features, target: (features - target.mean()) / target.std(),
                "This is the value for one mean and one deviation of all channels, so the loud "
                "ones remain loud. Each channel has its own.",
            ),
            Misconception(
                "variance",
                lambda features, target: (
                    _standardize_like(features, target) / target.std((1, 2), keepdims=True)
                ),
                "This is the value divided by the variance, which makes the loudest channels the "
                "quietest. The standard deviation is in the units of the features themselves.",
            ),
            Misconception(
                "not_centered",
                lambda features, target: features / target.std((1, 2), keepdims=True),
                "This is the value without subtracting the mean. Then 0 stands for silence; it "
                "should stand for what is usual in the style.",
            ),
            Misconception(
                "n_minus_one",
                lambda features, target: (
                    (features - target.mean((1, 2), keepdims=True))
                    / target.std((1, 2), ddof=1, keepdims=True)
                ),
                "This is the value for the deviation that divides by n - 1, as torch has it. "
                "Here it divides by n, as `np.std` does.",
            ),
        ),
    ),
    Exercise(
        id="style.failed",
        title="Read a failure",
        reference=_failed,
        cases=_desk_cases,
        misconceptions=(
            Misconception(
                "against_the_best_of_each",
                lambda content, manner: (content > content.min()) & (manner > manner.min()),
                "These pictures lose to one picture in content and to one in style, but these may "
                "be two pictures: then a weight between theirs explains it. One picture must win "
                "in both.",
            ),
            Misconception(
                "equal_is_enough",
                lambda content, manner: np.array(
                    [
                        ((content <= c) & (manner <= m)).sum() > 1
                        for c, m in zip(content, manner, strict=True)
                    ]
                ),
                "Here a picture counts as superior with one cost lower and the other equal. Both "
                "must be lower.",
            ),
            Misconception(
                "the_dearest",
                lambda content, manner: content + manner == (content + manner).max(),
                "This is the picture with the largest sum. The two costs have different units, and "
                "several pictures can have failed, or none.",
            ),
            Misconception(
                "superior",
                lambda content, manner: _failed(-content, -manner),
                "These are the pictures to which another is inferior in both costs: the winners of "
                "such pairs, not the losers.",
            ),
        ),
    ),
    Exercise(
        id="style.match_colors",
        title="Reinhard",
        reference=_match_colors,
        cases=_color_cases,
        misconceptions=(
            Misconception(
                "means_only",
                lambda lab, reference: lab - _mean(lab) + _mean(reference),
                "The averages agree now, but a slide with little contrast still has little. Give "
                "it the reference's standard deviations, too.",
            ),
            Misconception(
                "upside_down",
                lambda lab, reference: (
                    (lab - _mean(lab)) * (_sd(lab) / _sd(reference)) + _mean(reference)
                ),
                "This is the value for the ratio upside down: where the reference has more "
                "contrast, the slide gets less. Which of the two deviations has to cancel?",
            ),
            Misconception(
                "scaled_first",
                lambda lab, reference: (
                    lab * (_sd(reference) / _sd(lab)) - _mean(lab) + _mean(reference)
                ),
                "This is the value if the numbers are stretched with their mean in them: the mean "
                "is stretched, too, and subtracting the old one comes too late. Center first.",
            ),
            Misconception(
                "all_channels_alike",
                lambda lab, reference: (
                    (lab - lab.mean()) / lab.std() * reference.std() + reference.mean()
                ),
                "This is the value for one mean and one deviation of all three channels, as if "
                "lightness and color were one quantity. Each channel has its own.",
            ),
            Misconception(
                "no_mean",
                lambda lab, reference: _match_colors(lab, reference) - _mean(reference),
                "These channels vary around 0, which in CIELAB is black. Move them to the "
                "reference's means.",
            ),
            Misconception(
                "n_minus_one",
                lambda lab, reference: (
                    (lab - _mean(lab)) / lab.std((0, 1), ddof=1) * reference.std((0, 1), ddof=1)
                    + _mean(reference)
                ),
                "This is the value for deviations that divide by n - 1, as torch has them. Here "
                "they divide by n, as `np.std` does.",
            ),
        ),
    ),
    Exercise(
        id="style.optical_density",
        title="Optical density",
        reference=_optical_density,
        cases=_camera_cases,
        misconceptions=(
            Misconception(
                "infinite",
                _infinitely_dense,
                "Where the camera counted 0 this density is infinite, and one such pixel spoils "
                "every mean. Zero only says: less than 1.",
            ),
            Misconception(
                "natural_logarithm",
                lambda intensity, white: np.log(white / np.maximum(intensity, 1)),
                "That is the natural logarithm. Optical density counts powers of ten: where a "
                "tenth of the light comes through, it is 1.",
            ),
            Misconception(
                "sign",
                lambda intensity, white: -_optical_density(intensity, white),
                "These densities are negative, as logarithms of a share are. The more dye, the "
                "less light, but the more density: turn the sign.",
            ),
            Misconception(
                "share_absorbed",
                lambda intensity, white: 1 - np.maximum(intensity, 1) / white,
                "That is the share of the light that is absorbed, and shares do not add up: two "
                "dyes that take half each leave a quarter, not nothing. Logarithms add up.",
            ),
            Misconception(
                "white_forgotten",
                lambda intensity, white: _optical_density(intensity, 255),
                "This is the density compared with 255, the most that the camera can count. Bare "
                "glass lets less through than that, and would seem to be stained. Compare with "
                "`white`.",
            ),
            Misconception(
                "adds_one",
                lambda intensity, white: np.log10(white / (intensity + 1)),
                "This is the density with 1 added to every count. Only a count of 0 becomes 1; "
                "the others stay.",
            ),
        ),
    ),
    Exercise(
        id="style.unmix",
        title="How much of each dye",
        reference=_unmix,
        cases=_dye_cases,
        points=2,
        misconceptions=(
            Misconception(
                "each_dye_alone",
                lambda density, dyes: density @ dyes.T,
                "These amounts say how well each dye alone fits. What both absorb is then counted "
                "twice: even a pure dye seems to hold some of the other. Fit both together.",
            ),
            Misconception(
                "two_colors",
                _two_colors,
                "These amounts explain red and green alone. Two equations are enough for two "
                "unknowns, but all three measurements are noisy: least squares uses each of them.",
            ),
            Misconception(
                "a_row_per_dye",
                lambda density, dyes: _unmix(density, dyes).T,
                "The amounts are right, but these rows are dyes. Each pixel is to have its row, "
                "as in `density`.",
            ),
            Misconception(
                "no_negatives",
                lambda density, dyes: np.maximum(_unmix(density, dyes), 0),
                "These are the amounts with everything below 0 cut off. Noise on bare glass goes "
                "both ways; with one half removed, the other no longer averages to 0. Leave the "
                "amounts as they come.",
            ),
        ),
    ),
)
