"""A cohort without a model: every page says so as news, not as a fault, and leads to the training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survdash import usecases


@pytest.fixture
def untrained(data_dir, tmp_path):
    rng = np.random.default_rng(3)
    names = [f"P{number}" for number in range(40)]
    table = pd.DataFrame({"case_id": names, "slide_id": names, "survival_months": rng.exponential(20, 40) + 0.1,
                          "censorship": rng.integers(0, 2, 40), "TP53_rnaseq": rng.normal(size=40)})  # fmt: skip
    table.to_csv(tmp_path / "bare.csv", index=False)
    usecases.import_cohort(tmp_path / "bare.csv", name="bare")


@pytest.mark.parametrize("name", ["cohort", "patient", "compare", "new_case"])
def test_every_page_of_it_says_what_is_missing_and_leads_to_the_training(open_page, untrained, name):
    page = open_page(name, cohort="bare")
    assert not page.exception
    assert not page.error
    assert "No model has been trained on" in page.info[0].value
    assert [link.proto.page for link in page.get("page_link")] == ["models", "contents"]
    assert page.code[0].value == "python -m survdash crossval bare --model default"
