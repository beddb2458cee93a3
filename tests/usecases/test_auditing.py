"""An audit of made patients: chance where there must be chance, a planted twin and a planted outcome found."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from survdash.cohort import Cohort
from survdash.errors import Cancelled, NotEnoughDataError
from survdash.progress import Progress
from survdash.settings import settings
from survdash.sources.cohort_folder import write_cohort
from survdash.usecases.auditing import audit_cohort, compare_ranks, file_audit, findings, stored_audit
from survdash.usecases.library import cohort_folder, open_cohort
from survdash.usecases.training import crossval, make_recipe


@pytest.fixture
def made(cohort: Cohort) -> str:
    write_cohort(
        cohort_folder("made"), name="made", title="Made", simulated=True, endpoint="overall survival",
        patients=cohort.patients.assign(site=[f"h{number % 7}" for number in range(len(cohort.patients))]),
        genes=cohort.genes, gene_groups=cohort.gene_groups, slides=cohort.slides, folds=cohort.folds, source={},
        bags=cohort.bag_path, bag_origin=cohort.bag_origin,
    )  # fmt: skip
    return "made"


def test_controls_fail_and_what_is_true_holds(made: str) -> None:
    found = audit_cohort(made, model="cox_ridge", repeats=2, seeds=2)
    assert found["intact"]["mean"] > 0.7  # the fixture's planted truth
    assert all(row["mean"] < found["intact"]["mean"] for row in found["shuffled_outcomes"])
    pairing = found["shuffled_pairing"]
    assert pairing["gain"] > max(pairing["gain_of_wrong_slides"]) + 0.02
    assert [row["share"] for row in found["learning_curve"]] == [0.25, 0.5, 0.75, 1.0]
    assert found["stability"]["changed_group"] == 0  # a closed fit knows no chance
    assert found["leakage"]["genes"]["over_folds"] == 0
    assert all(one["good"] in (True, False, None) for one in found["findings"])
    assert len(found["findings"]) == 8


def test_it_goes_on_where_it_was_stopped_and_is_stored_with_the_cohort(made: str) -> None:
    cancel, steps = threading.Event(), []

    def tell(progress: Progress) -> None:
        steps.append(progress.done)
        if progress.done == 2:
            cancel.set()

    with pytest.raises(Cancelled):
        audit_cohort(made, model="cox_ridge", repeats=1, seeds=1, report=tell, cancel=cancel)
    kept = {path.name: path.stat().st_mtime_ns for path in (settings().data_dir / "audits").glob("*.parquet")}
    assert kept
    found = audit_cohort(made, model="cox_ridge", repeats=1, seeds=1)
    assert all(
        path.stat().st_mtime_ns == kept[path.name]
        for path in (settings().data_dir / "audits").glob("*.parquet") if path.name in kept
    )  # fmt: skip
    crossval(open_cohort(made), make_recipe(open_cohort(made), model="cox_ridge"))
    assert stored_audit(made, found["run"]) == found
    assert found["stability"] is None


def test_ranks_that_are_turned_round_are_told() -> None:
    rows = pd.DataFrame({"fold": np.repeat([0, 1], 10), "risk": np.tile(np.arange(10.0), 2)})
    back = rows.assign(risk=-rows["risk"])
    high = (rows["risk"] > 4.5).to_numpy()
    found = compare_ranks([rows, back], cutpoints=[high, ~high])
    assert found is not None
    assert (found["spearman"], found["kendall"], found["changed_group"]) == pytest.approx((-1, -1, 1))


def test_a_gain_of_wrong_slides_is_not_as_it_should_be() -> None:
    row = {"mean": 0.6, "low": 0.55, "high": 0.65}
    told = findings({
        "shuffled_outcomes": [row], "shuffled_pairing": {"gain": 0.03, "gain_of_wrong_slides": [0.04]},
        "learning_curve": [{"share": 0.75, "mean": 0.6}, {"share": 1.0, "mean": 0.62}], "stability": None,
        "leakage": {"findings": []},
    })  # fmt: skip
    assert [one["good"] for one in told] == [False, False, None]
    assert "more patients may help" in told[2]["words"]


def test_what_cannot_be_audited_is_not_filed(cohort: Cohort) -> None:
    write_cohort(
        cohort_folder("unfolded"), name="unfolded", title="U", simulated=True, endpoint="overall survival",
        patients=cohort.patients, genes=cohort.genes, gene_groups=cohort.gene_groups, slides={}, folds=None, source={},
    )  # fmt: skip
    with pytest.raises(NotEnoughDataError, match="folds"):
        file_audit("unfolded", "cox_ridge")
