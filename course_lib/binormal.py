"""The binormal model: a smooth ROC curve for ratings such as "probably abnormal"."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ._validation import as_counts, as_probability, same_length


@dataclass(frozen=True, eq=False)
class BinormalFit:
    """The curve ``TPR = Φ(a + b Φ⁻¹(FPR))``.

    Behind the ratings lies a normal variable with mean 0 and sd 1 in normal cases, mean a/b and sd
    1/b in diseased ones.

    Attributes
    ----------
    a, b : float
    covariance : ndarray, shape (2, 2)
        Of a and b, from Fisher's information.
    cutoffs : ndarray, shape (k - 1,)
        Where one rating ends and the next begins.
    log_likelihood : float
    """

    a: float
    b: float
    covariance: np.ndarray
    cutoffs: np.ndarray
    log_likelihood: float

    @property
    def auc(self):
        """Area under the fitted curve, Φ(a / √(1 + b²))."""
        return float(stats.norm.cdf(self.a / np.sqrt(1 + self.b**2)))

    @property
    def auc_se(self):
        """Standard error of the area (delta method)."""
        a, b, spread = self.a, self.b, np.sqrt(1 + self.b**2)
        slope = stats.norm.pdf(a / spread) * np.array([1 / spread, -a * b / spread**3])
        return float(np.sqrt(slope @ self.covariance @ slope))

    def sensitivity_at(self, fpr):
        """Sensitivity of the fitted curve at false positive rates in [0, 1]."""
        return stats.norm.cdf(self.a + self.b * stats.norm.ppf(as_probability(fpr, "fpr")))


def fit_binormal(disease, normal):
    """Fit the binormal model by maximum likelihood (Dorfman–Alf).

    Parameters
    ----------
    disease, normal : array_like of int, shape (k,)
        Number of diseased and of normal cases with each rating, "certainly normal" first. At
        least three ratings must be in use; one that nobody received is left out.

    Returns
    -------
    BinormalFit

    Raises
    ------
    ValueError
        If the counts are not valid, or the likelihood has no maximum: ratings that separate the
        classes, or too few distinct operating points.

    References
    ----------
    Dorfman & Alf 1969, J Math Psychol 6:487.
    """
    disease, normal = as_counts(disease, "disease"), as_counts(normal, "normal")
    same_length(disease=disease, normal=normal)
    used = disease + normal > 0
    disease, normal = disease[used], normal[used]
    if len(disease) < 3:
        raise ValueError("disease and normal must use at least three ratings for this model.")
    try:
        theta, likelihood, information = _maximize(disease, normal)
        covariance = np.linalg.inv(information)[:2, :2]
    except np.linalg.LinAlgError:
        covariance = np.full((2, 2), np.inf)
    # Where the likelihood has no maximum, it becomes flat and the parameters run away.
    if not np.diag(covariance).max() < 100:
        raise ValueError("disease and normal have no binormal curve: the fit is degenerate.")
    return BinormalFit(float(theta[0]), float(theta[1]), covariance, theta[2:], likelihood)


def _maximize(disease, normal):
    """Fisher's method of scoring, with steps halved until the likelihood does not fall."""
    theta = _start(disease, normal)
    likelihood, gradient, information = _likelihood(theta, disease, normal)
    for _ in range(200):
        step = np.linalg.solve(information, gradient)
        if np.abs(step).max() < 1e-9:
            break
        trial = _likelihood(theta + step, disease, normal)
        while trial[0] < likelihood and np.abs(step).max() > 1e-10:
            step = step / 2
            trial = _likelihood(theta + step, disease, normal)
        theta, (likelihood, gradient, information) = theta + step, trial
    return theta, float(likelihood), information


def _start(disease, normal):
    """a, b and cutoffs from a straight line through the points on normal deviate axes."""
    c, z = (
        stats.norm.ppf((np.cumsum(counts)[:-1] + 0.5) / (counts.sum() + 1))
        for counts in (normal, disease)
    )
    c = c + 1e-3 * np.arange(len(c))
    b, minus_a = np.polyfit(c, z, 1)
    return np.r_[-minus_a, max(b, 0.2), c]


def _likelihood(theta, disease, normal):
    """Log-likelihood of (a, b, cutoffs), its gradient, and Fisher's information."""
    a, b, c = theta[0], theta[1], theta[2:]
    # P(rating <= k) is Φ(c) in normal cases and Φ(b c - a) in diseased ones.
    z_normal, z_disease = c, b * c - a
    slope_normal, slope_disease = stats.norm.pdf(z_normal), stats.norm.pdf(z_disease)
    slopes = (
        (normal, z_normal, [0 * c, 0 * c, np.diag(slope_normal)]),
        (disease, z_disease, [-slope_disease, c * slope_disease, np.diag(b * slope_disease)]),
    )
    likelihood, gradient, information = 0.0, 0.0, 0.0
    for counts, z, columns in slopes:
        p = np.diff(stats.norm.cdf(z), prepend=0, append=1)
        if np.any(p <= 0):
            # The cutoffs are out of order, or so far out that a rating cannot occur.
            return -np.inf, gradient, information
        dp = np.diff(np.column_stack(columns), axis=0, prepend=0, append=0)
        likelihood = likelihood + counts @ np.log(p)
        gradient = gradient + (counts / p) @ dp
        information = information + counts.sum() * (dp.T / p) @ dp
    return likelihood, gradient, information
