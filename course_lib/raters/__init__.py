"""Ground truth: how far readers agree, what they decide together, and what nobody verified.

``votes`` is an array (cases, raters) of category codes, 0 or larger, in any numeric type; a
missing rating is -1 or NaN. Where the raters are judged (`cohen_kappa`, `dawid_skene`) each must
have given a rating; elsewhere a column without any changes nothing.
"""

from .agreement import (
    Agreement,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    prevalence_adjusted_kappa,
)
from .consensus import DawidSkene, Staple, dawid_skene, majority_vote, staple
from .panel import pair_kappa, positive_votes, simulated_readers
from .verification import Corrected, begg_greenes

__all__ = [
    "Agreement",
    "Corrected",
    "DawidSkene",
    "Staple",
    "begg_greenes",
    "cohen_kappa",
    "dawid_skene",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "majority_vote",
    "pair_kappa",
    "positive_votes",
    "prevalence_adjusted_kappa",
    "simulated_readers",
    "staple",
]
