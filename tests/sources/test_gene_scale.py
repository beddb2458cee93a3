from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.genes import GenePanel
from survdash.sources.gene_scale import judge_scale, name_scale, outside_of

COLUMNS = tuple(f"G{number}_rna" for number in range(40))


def panel(low: float, high: float) -> GenePanel:
    return GenePanel(columns=COLUMNS, groups={"all": COLUMNS}, mean=((low + high) / 2,) * 40, std=(1.0,) * 40,
                     low=(low,) * 40, high=(high,) * 40)  # fmt: skip


def test_each_scale_is_known_by_its_values(blca):
    level = np.random.default_rng(0).normal(6, 3, 2000)
    assert name_scale(np.round(2 ** np.clip(level, 0, None))) == "counts"
    assert name_scale(2 ** (level - 3)) == "TPM, FPKM or the like"
    assert name_scale(np.log2(1 + 2**level)) == "logarithms, as log2(TPM + 1)"
    assert name_scale(np.zeros(100)) == name_scale(np.arange(5.0)) == ""
    rna = blca.genes[[column for column in blca.genes if column.endswith("_rna")]]
    assert {name_scale(row) for row in rna.to_numpy(float)} == {"z-scores"}, "every real patient of BLCA"


def test_the_message_says_what_the_values_look_like():
    values = pd.Series(np.arange(40) * 97.0, index=COLUMNS)
    z = panel(-2, 2)
    (fault,) = judge_scale(values, outside_of(values, z, widen=0), z)
    assert fault.endswith("they are in another scale and look like counts")
    logs = pd.Series(np.linspace(0, 4, 40), index=COLUMNS)
    wide = panel(-2, 5)
    (fault,) = judge_scale(logs, outside_of(logs, wide, widen=0), wide)
    assert fault.endswith("centred values (z-scores): they are in another scale and look like "
                          "logarithms, as log2(TPM + 1)")  # fmt: skip


@given(values=st.lists(st.floats(-1.9, 1.9), min_size=40, max_size=40).filter(lambda v: sum(x < 0 for x in v) > 2))
def test_values_within_the_cohorts_range_are_in_its_scale(values):
    series, z = pd.Series(values, index=COLUMNS), panel(-2, 2)
    assert judge_scale(series, outside_of(series, z, widen=0), z) == []


@pytest.mark.parametrize(("kind", "inside"), [("cnv", [-2, 2]), ("mut", [0, 1])])
def test_copy_numbers_and_mutations_have_their_own_bounds(kind, inside):
    columns = (f"A_{kind}", f"B_{kind}", f"C_{kind}")
    one = GenePanel(columns=columns, groups={"all": columns}, mean=(0,) * 3, std=(1,) * 3, low=(0,) * 3, high=(0,) * 3)
    values = pd.Series([*inside, 0.5 if kind == "mut" else 3], index=columns, dtype=float)
    assert outside_of(values, one, widen=0).tolist() == [False, False, True]
