"""An objective and a resolution that cannot both be true."""

from __future__ import annotations

import pytest

from survdash.slide.objective import doubt


def _properties(power: str, vendor: str = "aperio") -> dict[str, str]:
    return {"openslide.objective-power": power, "openslide.vendor": vendor}


@pytest.mark.parametrize(
    ("power", "mpp"),
    [("20", 0.499), ("40", 0.2527), ("20", 0.46), ("40", 0.22), ("10", 1.0), ("60", 0.17), ("20", 0.325), ("5", 2.0)],
)
def test_what_scanners_write_is_no_doubt(power: str, mpp: float) -> None:
    assert doubt(mpp, _properties(power)) == ""


@pytest.mark.parametrize(("power", "mpp", "expected"), [("40", 0.5, "0.25"), ("20", 0.25, "0.5"), ("10", 0.25, "1")])
def test_the_next_objective_is_a_contradiction_that_names_both(power: str, mpp: float, expected: str) -> None:
    assert doubt(mpp, _properties(power)) == (
        f"contradicts itself: it states {mpp:g} um per pixel and an objective of {power}x, which has about {expected}"
    )


@pytest.mark.parametrize("power", ["", "0", "-20", "nan", "twenty"])
def test_an_objective_that_is_no_number_says_nothing(power: str) -> None:
    assert doubt(0.5, _properties(power)) == ""
    assert doubt(0.5, {}) == ""
    assert doubt(None, _properties("20")) == ""


def test_the_lens_of_an_mrxs_is_not_the_magnification_of_its_pixels() -> None:
    # 3DHISTECH: a lens of 20x with an adapter of 1.6x before the camera gives 0.23 um per pixel.
    assert doubt(0.2325, _properties("20", "mirax")) == ""


@pytest.mark.parametrize("mpp", [0.12, 0.17, 0.22, 0.25, 0.2527, 0.46, 0.5, 0.55, 0.79])
def test_a_slip_of_ten_is_doubted_with_and_without_an_objective(mpp: float) -> None:
    """The usual scans, from 80x to a coarse 20x, with the decimal point one place to either side."""
    power = f"{10 / mpp:g}"
    assert doubt(mpp, {}) == doubt(mpp, _properties(power)) == ""
    for wrong in (mpp / 10, mpp * 10):
        assert f"states {wrong:g} um per pixel" in doubt(wrong, {})
        assert "contradicts itself" in doubt(wrong, _properties(power))
        assert "slide scanners have 0.08 to 1.1" in doubt(wrong, _properties("20", "mirax"))  # no witness there


def test_a_coarse_scan_is_believed_when_its_objective_says_so_too() -> None:
    assert doubt(2.0, _properties("5")) == doubt(4.0, _properties("2.5")) == ""
    assert doubt(2.0, {}) != ""
