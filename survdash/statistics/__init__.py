"""Survival statistics: plain arrays in, frozen results out; needs neither torch nor Streamlit.

>>> from survdash.statistics import concordance, kaplan_meier
>>> kaplan_meier([1.0, 2.0, 3.0, 4.0], [True, True, True, True]).median
2.5
>>> concordance([4, 3, 2, 1], [1.0, 2.0, 3.0, 4.0], [True, True, True, True])
1.0
"""

from survdash.statistics.adjusted import Adjusted, ForestRow, adjusted_hazard_ratios
from survdash.statistics.bootstrap import (
    Comparison,
    MethodPair,
    PairedDifference,
    compare_methods,
    compare_paired,
    concordance_interval,
    uno_interval,
)
from survdash.statistics.calibration import (
    Calibration,
    DCalibration,
    SmoothCalibration,
    calibration,
    d_calibration,
    smooth_calibration,
)
from survdash.statistics.competing_risks import Incidence, cumulative_incidence
from survdash.statistics.concordance import concordance, concordance_std_err, concordance_uno
from survdash.statistics.cox import HazardRatio, hazard_ratio
from survdash.statistics.cox_model import CoxModel, cox_model
from survdash.statistics.cut_evidence import (
    CutPValues,
    CutStability,
    TwoCuts,
    cut_p_values,
    cutpoint_stability,
    maxstat_two_cuts,
)
from survdash.statistics.cutpoint import Maxstat, held_out_groups, maxstat
from survdash.statistics.decision_curve import DecisionCurve, decision_curve
from survdash.statistics.endpoints import EndpointAdvice, endpoint_advice
from survdash.statistics.held_out import HeldOutTest, held_out_test
from survdash.statistics.holm import holm
from survdash.statistics.kaplan_meier import KaplanMeier, at_risk, kaplan_meier
from survdash.statistics.landmark import Landmark, landmark
from survdash.statistics.logrank import Logrank, PairTest, logrank, logrank_trend, pairwise_logrank
from survdash.statistics.prediction_error import BrierScore, brier_score
from survdash.statistics.proportional_hazards import ProportionalHazards, check_proportional_hazards
from survdash.statistics.restricted_mean import RmstDifference, rmst_difference
from survdash.statistics.risk_table import RiskTable, risk_table
from survdash.statistics.subgroups import SubgroupRow, subgroup_table
from survdash.statistics.time_auc import TimeAuc, time_auc

__all__ = [
    "Adjusted",
    "BrierScore",
    "Calibration",
    "Comparison",
    "CoxModel",
    "CutPValues",
    "CutStability",
    "DCalibration",
    "DecisionCurve",
    "EndpointAdvice",
    "ForestRow",
    "HazardRatio",
    "HeldOutTest",
    "Incidence",
    "KaplanMeier",
    "Landmark",
    "Logrank",
    "Maxstat",
    "MethodPair",
    "PairTest",
    "PairedDifference",
    "ProportionalHazards",
    "RiskTable",
    "RmstDifference",
    "SmoothCalibration",
    "SubgroupRow",
    "TimeAuc",
    "TwoCuts",
    "adjusted_hazard_ratios",
    "at_risk",
    "brier_score",
    "calibration",
    "check_proportional_hazards",
    "compare_methods",
    "compare_paired",
    "concordance",
    "concordance_interval",
    "concordance_std_err",
    "concordance_uno",
    "cox_model",
    "cumulative_incidence",
    "cut_p_values",
    "cutpoint_stability",
    "d_calibration",
    "decision_curve",
    "endpoint_advice",
    "hazard_ratio",
    "held_out_groups",
    "held_out_test",
    "holm",
    "kaplan_meier",
    "landmark",
    "logrank",
    "logrank_trend",
    "maxstat",
    "maxstat_two_cuts",
    "pairwise_logrank",
    "risk_table",
    "rmst_difference",
    "smooth_calibration",
    "subgroup_table",
    "time_auc",
    "uno_interval",
]
