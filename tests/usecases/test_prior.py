"""The shipped table of genes, made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash.case import Survival
from survdash.errors import InputError
from survdash.sources.barcode import case_hash
from survdash.training.gene_prior import read_prior, shipped_prior
from survdash.usecases.prior import make_prior, score_statistics


def test_scores_are_slope_and_curvature_of_the_partial_likelihood_at_zero():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(80, 3))
    survival = Survival(time_months=rng.permutation(80) + 1.0, event=rng.random(80) < 0.6)
    score, information = score_statistics(table, survival)
    for column in range(3):
        frame = pd.DataFrame({"x": table[:, column], "time": survival.time_months, "event": survival.event})

        risk = frame.sort_values("time", ascending=False)

        def by_hand(beta, risk=risk):
            eta = beta * risk["x"].to_numpy()
            return (eta - np.log(np.cumsum(np.exp(eta))))[risk["event"].to_numpy()].sum()

        step = 1e-4
        slope = (by_hand(step) - by_hand(-step)) / (2 * step)
        bend = -(by_hand(step) - 2 * by_hand(0.0) + by_hand(-step)) / step**2
        # Central differences of step 1e-4: error near 1e-6 of a third, and 1e-4 of a second derivative by rounding.
        assert score[column] == pytest.approx(slope, abs=1e-4)
        assert information[column] == pytest.approx(bend, rel=1e-4)


def write(path, *, seed, genes):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "case_id": [f"{path.stem}-{number:03d}" for number in range(60)],
        "slide_id": [f"{path.stem}-{number:03d}.svs" for number in range(60)],
        "survival_months": rng.uniform(1, 90, 60).round(2), "censorship": rng.integers(0, 2, 60),
        **{gene: rng.normal(size=60) for gene in genes},
    })  # fmt: skip
    frame.to_csv(path, index=False)
    return path


def test_tables_of_different_genes_are_put_together(tmp_path):
    one = write(tmp_path / "one_x.csv", seed=0, genes=["TP53_rnaseq", "MYC_rnaseq"])
    two = write(tmp_path / "two_x.csv", seed=1, genes=["MYC_rnaseq", "KRAS_cnv"])
    assert make_prior([two, one], target=tmp_path / "prior") == {"one": 60, "two": 60}
    prior = read_prior(tmp_path / "prior")
    assert prior.cohorts == ("one", "two")
    assert prior.columns == ("KRAS_cnv", "MYC_rna", "TP53_rna")
    np.testing.assert_array_equal(prior.information > 0, [[False, True, True], [True, True, False]])
    assert case_hash("one_x-000") in prior.cases[0]


@pytest.mark.parametrize("count", [0, 2])
def test_no_table_or_two_of_one_name_are_refused(tmp_path, count):
    tables = [write(tmp_path / f"one_{number}.csv", seed=0, genes=["TP53_rnaseq"]) for number in range(count)]
    with pytest.raises(InputError, match="at least one table"):
        make_prior(tables, target=tmp_path / "prior")


def test_the_shipped_table_is_what_the_public_tables_give(shared, tmp_path):
    table = shared / "tcga" / "skcm_mutsig.csv.zip"
    if not table.exists():
        table = shared / "tcga" / "more" / "skcm_mutsig.csv.zip"
    make_prior([table], target=tmp_path / "prior")
    made, shipped = read_prior(tmp_path / "prior"), shipped_prior()
    row = shipped.cohorts.index("skcm")
    places = [shipped.columns.index(column) for column in made.columns]
    # Both are kept in half precision.
    np.testing.assert_allclose(shipped.score[row, places], made.score[0], rtol=2e-3, atol=1e-2)
    assert shipped.cases[row] == made.cases[0]
