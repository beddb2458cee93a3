"""The paper's numbers: which stand beside which run, and for which cohorts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from survdash.cohort import Cohort
from survdash.nets.registry import get
from survdash.training.recipe import Recipe
from survdash.usecases.published import (
    CODES,
    published_beside,
    published_cancer,
    published_for,
    published_numbers,
)


def coded(cohort: Cohort, *codes: str | None, simulated: bool = False) -> Cohort:
    """The made cohort with these OncoTree codes, repeated over the patients."""
    column = [codes[row % len(codes)] for row in range(len(cohort.patients))]
    return replace(cohort, patients=cohort.patients.assign(oncotree_code=column), simulated=simulated)


def test_the_file_holds_thirteen_rows_of_three_cancers_and_says_where_they_are_from() -> None:
    numbers = published_numbers()
    assert len(numbers) == 13 * 3
    assert {one.cancer for one in numbers} == set(CODES)
    assert {one.note for one in numbers} == {"published, other features"}
    assert all(one.source.startswith("Zhang 2025, doi:10.14135/") for one in numbers)
    # Read off the paper's Table 1 and ablations: the corners of the table.
    value = {(one.model, one.without, one.cancer): one.cindex for one in numbers}
    assert value["snn", "", "BLCA"] == 0.606
    assert value["glg", "", "UCEC"] == 0.712
    assert value["dualtrans", "", "BLCA"] == 0.683
    assert value["glg", "transport", "UCEC"] == 0.680
    assert value["glg", "cross_attention", "BLCA"] == 0.665


def test_every_method_and_part_is_one_of_ours() -> None:
    for one in published_numbers():
        spec = get(one.model)
        assert set(one.modalities) <= set(spec.modalities)
        assert not one.without or spec.options[one.without].usual is True


@pytest.mark.parametrize(
    ("codes", "cancer"),
    [(("BLCA",), "BLCA"), (("UEC", "USC", "UCEC"), "UCEC"), (("LUAD", "LUAD", None), "LUAD"), (("LUAD", "LUSC"), None),
     (("LUAD", None, None), None), ((None,), None)],
)  # fmt: skip
def test_the_patients_codes_say_the_cancer(cohort: Cohort, codes: tuple[str | None, ...], cancer: str | None) -> None:
    assert published_cancer(coded(cohort, *codes)) == cancer


def test_neither_a_name_nor_a_simulation_makes_a_cohort_the_paper_s(cohort: Cohort) -> None:
    assert published_cancer(replace(cohort, name="blca", title="BLCA", simulated=False)) is None
    assert published_for(coded(cohort, "BLCA", simulated=True)) == ()


def test_only_the_same_method_on_the_same_modalities_stands_beside(cohort: Cohort) -> None:
    numbers = published_for(coded(cohort, "BLCA"))

    def beside(**recipe: object) -> float | None:
        found = published_beside(Recipe(**recipe), numbers)  # type: ignore[arg-type]
        return None if found is None else found.cindex

    both = ("genes", "slide")
    assert beside(model="glg", modalities=both) == 0.731
    assert beside(model="glg", modalities=("genes",)) is None
    assert beside(model="glg", modalities=(*both, "clinical")) is None
    assert beside(model="glg", modalities=both, options={"alignment": False}) == 0.691
    assert beside(model="glg", modalities=both, options={"alignment": False, "transport": False}) is None
    assert beside(model="glg", modalities=both, options={"transport": True, "stand_ins": False}) == 0.731
    assert beside(model="rsf", modalities=both) is None
    assert beside(model="snn", modalities=("genes",)) == 0.606
