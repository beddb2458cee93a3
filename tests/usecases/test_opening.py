from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from survdash.errors import ArtefactError
from survdash.store import file_sha256
from survdash.usecases.analysis import stored_prediction
from survdash.usecases.library import list_runs, open_run
from survdash.usecases.opening import open_shipped
from tests.usecases.conftest import Shipped


def test_patients_come_back_with_what_the_model_said_of_them(shipped: Shipped) -> None:
    opened = open_shipped(shipped.bring_patients())
    assert {one.card.run for one in opened} == {"cox_ridge", "cox_ridge-genes-clinical"}
    table = opened[0].predictions()
    assert len(table) == 59
    assert stored_prediction("real", "cox_ridge", "P03").role.startswith("held out")
    runs = {run.name: run.has_patients for run in list_runs("real")}
    assert runs == {"cox_ridge": True, "cox_ridge-genes-clinical": True, "coxnet": False}
    assert np.isfinite(open_run("real", "cox_ridge").evaluation()["cindex"]["mean"])


def test_other_patients_open_nothing(shipped: Shipped) -> None:
    cohort = shipped.bring_patients()
    assert open_shipped(replace(cohort, patients=cohort.patients.assign(sex="male"))) == []
    assert open_shipped(replace(cohort, name="other")) == []


def test_weights_that_do_not_repeat_their_card_are_refused(shipped: Shipped) -> None:
    folder = shipped.folder / "real-cox_ridge"
    shutil.copy(folder / "fold_1.safetensors", folder / "fold_0.safetensors")
    card = json.loads((folder / "card.json").read_text())
    card["files"]["fold_0.safetensors"] = file_sha256(folder / "fold_0.safetensors")
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ArtefactError, match="does not repeat its card"):
        open_shipped(shipped.bring_patients())


def test_an_import_says_whether_the_shipped_models_will_show(shipped: Shipped) -> None:
    from survdash.usecases.importing import _say_shipped

    def told(patients: pd.DataFrame) -> tuple[list[str], list[str]]:
        one = shipped.patients
        return _say_shipped(
            SimpleNamespace(name="real", patients=patients, genes=one.genes, folds=one.folds, source={})
        )

    notes, doubts = told(shipped.patients.patients)
    assert "held him or her out" in notes[0]
    assert not doubts
    notes, doubts = told(shipped.patients.patients.assign(age=1.0))
    assert not notes
    assert "will not show" in doubts[0]
