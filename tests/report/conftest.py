"""One prediction and one explanation with something in every part of the sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from survdash.explanation.record import (
    Explanation,
    Familiarity,
    GeneShare,
    GeneShares,
    Ledger,
    LedgerRow,
    Shares,
)
from survdash.prediction import Prediction
from survdash.report import ReportFacts, report_facts
from survdash.statistics.kaplan_meier import kaplan_meier

CURVES = {"low": kaplan_meier([10.0, 20.0, 70.0], [True, False, True]),
          "high": kaplan_meier([3.0, 6.0, 30.0], [True, True, True])}  # fmt: skip
MONTHS = np.arange(73.0)
ALIVE = np.exp(-MONTHS / 60)
PROVENANCE = {
    "model": "blca-glg", "model_version": "0123456789ab", "cohort": "blca", "cohort_digest": "feedfacefeedfacefeed",
    "simulated": False, "software": "survdash 9", "genes_sha256": "a" * 64, "encoder": "efficientnet-lite0",
    "encoder_weights": "b" * 64, "model_files": {"fold_0.safetensors": "c" * 64},
    "slides": [{"slide": 1, "sha256": "d" * 64, "mpp": 0.4987, "tiles": 1234, "share": 1.0}],
}  # fmt: skip
PREDICTION = Prediction(
    case_id="CASE-1", cohort="blca", model="blca-glg", model_version="0123456789ab", modalities=("genes", "slide"),
    role="new case", fold=None, simulated=False, risk=0.25, percentile=83.2, group="high", cutpoint=0.1, months=MONTHS,
    survival=ALIVE, low=ALIVE * 0.9, high=ALIVE**0.9, warnings=("Only 412 of 3,053 genes were found.",),
    provenance=PROVENANCE,
)  # fmt: skip
EXPLANATION = Explanation(
    case_id="CASE-1", model="blca-glg", model_version="0123456789ab", role="new case",
    familiarity=(Familiarity(part="genes", distance=0.5, percentile=40.0, far_limit=3.0),), slides=None, tiles=None,
    shares=Shares(risk=0.25, baseline=0.0, shares={"genes": 0.25}, stand_ins={"genes": "the mean"}),
    genes=GeneShares(
        difference=0.2, gap=0.0, complete=True, steps=32, groups=(("A", 0.3), ("B", -0.1)),
        top=(GeneShare(group="A", column="TP53_rna", value=1.54, share=0.2),
             GeneShare(group="B", column="MYC_cnv", value=-2.0, share=-0.3),
             GeneShare(group="B", column="TP53_rna", value=1.54, share=0.1)),
    ),
    ledger=Ledger(rows=(LedgerRow(parts="slide", model="m", risk=0.1, group="low", at=(0.9, 0.7, None)),
                        LedgerRow(parts="genes", model="m", risk=0.4, group="high", at=(0.8, 0.5, 0.3))),
                  disagree=True),
    neighbours=(), notes=(),
)  # fmt: skip


@pytest.fixture
def make() -> Callable[..., ReportFacts]:
    """The facts of the sheet; what is named is changed in the prediction."""

    def make(explanation: Explanation | None = EXPLANATION, **changes: object) -> ReportFacts:
        return report_facts(replace(PREDICTION, **changes), curves=CURVES, model_title="GLG", explanation=explanation)

    return make
