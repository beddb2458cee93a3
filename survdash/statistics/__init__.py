"""Survival statistics: plain arrays in, frozen results out; needs neither torch nor Streamlit.

>>> from survdash.statistics import concordance, kaplan_meier
>>> kaplan_meier([1.0, 2.0, 3.0, 4.0], [True, True, True, True]).median
2.5
>>> concordance([4, 3, 2, 1], [1.0, 2.0, 3.0, 4.0], [True, True, True, True])
1.0
"""

from survdash.statistics.bootstrap import PairedDifference, compare_paired, concordance_interval, holm
from survdash.statistics.concordance import concordance, concordance_uno
from survdash.statistics.cox import HazardRatio, hazard_ratio
from survdash.statistics.cutpoint import Maxstat, held_out_groups, maxstat
from survdash.statistics.kaplan_meier import KaplanMeier, at_risk, kaplan_meier
from survdash.statistics.logrank import Logrank, logrank

__all__ = [
    "HazardRatio",
    "KaplanMeier",
    "Logrank",
    "Maxstat",
    "PairedDifference",
    "at_risk",
    "compare_paired",
    "concordance",
    "concordance_interval",
    "concordance_uno",
    "hazard_ratio",
    "held_out_groups",
    "holm",
    "kaplan_meier",
    "logrank",
    "maxstat",
]
