"""An objective and a resolution that cannot both be true."""

from __future__ import annotations

import pytest

from survdash.slide.objective import contradiction


def _properties(power: str, vendor: str = "aperio") -> dict[str, str]:
    return {"openslide.objective-power": power, "openslide.vendor": vendor}


@pytest.mark.parametrize(
    ("power", "mpp"),
    [("20", 0.499), ("40", 0.2527), ("20", 0.46), ("40", 0.22), ("10", 1.0), ("60", 0.17), ("20", 0.325), ("5", 2.0)],
)
def test_what_scanners_write_is_no_contradiction(power: str, mpp: float) -> None:
    assert contradiction(mpp, _properties(power)) == ""


@pytest.mark.parametrize(("power", "mpp", "expected"), [("40", 0.5, "0.25"), ("20", 0.25, "0.5"), ("10", 0.25, "1")])
def test_the_next_objective_is_a_contradiction_that_names_both(power: str, mpp: float, expected: str) -> None:
    assert contradiction(mpp, _properties(power)) == (
        f"{mpp:g} um per pixel and an objective of {power}x, which has about {expected}"
    )


@pytest.mark.parametrize("power", ["", "0", "-20", "nan", "twenty"])
def test_an_objective_that_is_no_number_says_nothing(power: str) -> None:
    assert contradiction(0.5, _properties(power)) == ""
    assert contradiction(0.5, {}) == ""
    assert contradiction(None, _properties("20")) == ""


def test_the_lens_of_an_mrxs_is_not_the_magnification_of_its_pixels() -> None:
    # 3DHISTECH: a lens of 20x with an adapter of 1.6x before the camera gives 0.23 um per pixel.
    assert contradiction(0.2325, _properties("20", "mirax")) == ""
