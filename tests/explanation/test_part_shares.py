"""Shares add up, whatever the model; slides too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash.explanation.part_shares import share_parts, share_slides


@pytest.mark.parametrize(("model", "options"), [("glg", {}), ("glg", {"stand_ins": True}), ("cox_ridge", {})])
def test_the_shares_add_up_to_the_risk_against_the_start(ask_made, model: str, options: dict[str, bool]) -> None:
    made = share_parts(ask_made(model, **options))
    assert set(made.shares) == {"genes", "slide", "clinical"} == set(made.stand_ins)
    assert sum(made.shares.values()) == pytest.approx(made.risk - made.baseline, abs=1e-9)


def test_the_share_of_a_linear_model_is_what_the_part_adds(ask_made) -> None:
    case = ask_made("cox_ridge")
    whole = frozenset(case.parts)
    for part, share in share_parts(case).shares.items():
        assert share == pytest.approx(case.risk(whole) - case.risk(whole - {part}), abs=1e-9)


def test_slides_share_what_the_slide_adds_and_twins_share_alike(ask_demo) -> None:
    case = ask_demo("glg")
    bag = case.inputs.bags[0]
    both = replace(case, inputs=replace(case.inputs, bags=[np.concatenate([bag, bag + np.float16(0.5), bag])]))
    index = np.repeat([0, 1, 2], len(bag))
    made = share_slides(both, index)
    assert made is not None
    assert sum(made.shares.values()) == pytest.approx(made.risk - made.baseline, abs=1e-9)
    # Equal content in another order of the bag: sums round otherwise.
    assert made.shares["slide 1"] == pytest.approx(made.shares["slide 3"], abs=1e-5)
    assert f"{len(bag)} of {3 * len(bag)} tiles" in made.stand_ins["slide 2"]


def test_one_slide_needs_no_shares_and_nine_are_too_many(ask_demo) -> None:
    case = ask_demo("glg")
    size = len(case.inputs.bags[0])
    assert share_slides(case, np.zeros(size, int)) is None
    assert share_slides(case, np.arange(size) % 9) is None
