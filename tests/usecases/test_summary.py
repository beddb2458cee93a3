from __future__ import annotations

import json
from dataclasses import replace

import pytest

from survdash.cohort import Cohort
from survdash.errors import CohortError
from survdash.usecases.summary import SUMMARY, content_digest, read_summary, shipped_summary, summary_names
from tests.usecases.conftest import Shipped


def test_a_summary_comes_back(shipped: Shipped) -> None:
    assert summary_names() == ["real"]  # the demo comes whole
    told = shipped_summary("real")
    assert told is not None
    assert (told.cases, told.simulated, told.modalities) == (60, False, ("genes",))
    assert told.content == content_digest(shipped.patients)
    assert told.curve.at([12])[0] == pytest.approx(told.curve.at([12])[0])
    assert shipped_summary("nobody") is None


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1}'])
def test_a_malformed_summary_is_a_message(shipped: Shipped, text: str) -> None:
    path = shipped.folder / "real" / SUMMARY
    path.write_text(text)
    with pytest.raises(CohortError):
        read_summary(path)


def test_the_same_values_are_known_again_and_others_are_not(cohort: Cohort) -> None:
    key = content_digest(cohort)
    assert key == content_digest(replace(cohort, title="Another title", digest="another"))
    older = replace(cohort, patients=cohort.patients.assign(age=61.0))
    refolded = replace(cohort, folds=cohort.folds.sort_index()[::-1].set_axis(cohort.folds.sort_index().index))
    assert len({key, content_digest(older), content_digest(refolded)}) == 3
    assert json.dumps(key)
