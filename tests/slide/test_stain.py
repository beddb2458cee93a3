"""Stain normalisation brings one tissue, stained twice, to one colour, and says when it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survdash.errors import InputError, NotEnoughDataError
from survdash.slide.reader import open_slide
from survdash.slide.stain import (
    DENSITY,
    MACENKO_STRENGTH,
    MACENKO_VECTORS,
    REINHARD_DEVIATION,
    REINHARD_MEAN,
    STAINS,
    check_stain,
    fit_stain,
    sample_pixels,
)
from survdash.slide.tiles import lay_grid
from survdash.slide.tissue import find_tissue

METHODS = ("macenko", "reinhard")


@pytest.fixture(scope="module")
def tissue(shared: Path) -> np.ndarray:
    """Sampled pixels (n, 3) of a real section."""
    with open_slide(shared / "slides" / "CMU-1-Small-Region.svs") as slide:
        return sample_pixels(slide, lay_grid(slide, find_tissue(slide)))


def _stained_again(pixels: np.ndarray) -> np.ndarray:
    """The same tissue with a third more of what absorbs red, a fifth less green: another laboratory."""
    density = DENSITY[pixels] * np.array([1.3, 0.8, 1.15])
    return np.clip(np.rint(255 * np.exp(-density)), 0, 255).astype(np.uint8)


def _mean_density(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(DENSITY[pixels].mean(axis=(0, 1)))


def _made(vectors: np.ndarray, strength: np.ndarray, number: int = 20_000) -> np.ndarray:
    """Pixels of two stains in known directions (columns), up to a known strength."""
    amounts = np.random.default_rng(0).beta(1.2, 1.2, (number, 2)) * strength
    amounts[: number // 20, 0] = amounts[-number // 20 :, 1] = 0  # some of each stain alone, as in nuclei and stroma
    return np.clip(np.rint(255 * np.exp(-amounts @ vectors.T)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_one_tissue_stained_twice_comes_to_one_colour(tissue: np.ndarray, method: str) -> None:
    first, second = tissue[None], _stained_again(tissue)[None]
    apart = np.abs(_mean_density(first) - _mean_density(second)).max()
    near = np.abs(_mean_density(fit_stain(first[0], method).apply(first))
                  - _mean_density(fit_stain(second[0], method).apply(second))).max()  # fmt: skip
    assert apart > 0.15
    assert near < 0.25 * apart  # measured: 0.07 to 0.09 of it


@pytest.mark.parametrize("method", METHODS)
def test_once_more_changes_little(tissue: np.ndarray, method: str) -> None:
    once = fit_stain(tissue, method).apply(tissue[None])
    twice = fit_stain(once[0], method).apply(once)
    # What counts as stained shifts with the colours, so the second fit differs: 2.5 and 3.7 grey levels on average.
    assert np.abs(once.astype(int) - twice).mean() < 5


def test_macenko_finds_stains_that_are_known() -> None:
    vectors, strength = np.array([[0.65, 0.22], [0.70, 0.92], [0.29, 0.33]]), np.array([1.6, 1.2])
    vectors = vectors / np.linalg.norm(vectors, axis=0)
    stain = fit_stain(_made(vectors, strength), "macenko")
    changed = np.array(stain.matrix) @ vectors
    # Each known stain is brought onto the reference's; the percentiles cut a few hundredths off both ends.
    target = np.array(MACENKO_VECTORS)
    cosine = (changed * target).sum(axis=0) / np.linalg.norm(changed, axis=0) / np.linalg.norm(target, axis=0)
    assert cosine.min() > 0.995
    np.testing.assert_allclose(
        np.linalg.norm(changed, axis=0) * strength / np.linalg.norm(target, axis=0), MACENKO_STRENGTH, rtol=0.1
    )


def test_reinhard_brings_mean_and_deviation_to_the_references() -> None:
    from survdash.slide.stain import _lab

    rng = np.random.default_rng(1)
    pixels = np.clip(rng.normal([150, 100, 160], [18, 15, 12], (20_000, 3)), 0, 230).astype(np.uint8)
    lab = _lab(fit_stain(pixels, "reinhard").apply(pixels[None]))[0]
    np.testing.assert_allclose(lab.mean(axis=0), REINHARD_MEAN, atol=0.03)  # 8 bits, and clipping of the palest
    np.testing.assert_allclose(lab.std(axis=0), REINHARD_DEVIATION, rtol=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_white_stays_white_and_a_tile_does_not_depend_on_its_neighbours(tissue: np.ndarray, method: str) -> None:
    stain = fit_stain(tissue, method)
    assert (stain.apply(np.full((8, 8, 3), 255, np.uint8)) == 255).all()
    tile = tissue[:4096].reshape(64, 64, 3)
    np.testing.assert_array_equal(stain.apply(tile)[:32], stain.apply(tile[:32]))
    np.testing.assert_array_equal(stain.apply(tile[::-1])[::-1], stain.apply(tile))
    assert fit_stain(tissue, method) == stain


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), method=st.sampled_from(METHODS))
def test_any_two_stains_give_a_tile_of_the_same_shape_and_never_turn_the_shades_round(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    vectors = np.array([[0.65, 0.07], [0.70, 0.99], [0.29, 0.11]]) + rng.uniform(-0.05, 0.05, (3, 2))
    stain = fit_stain(_made(vectors, rng.uniform(0.8, 2, 2), 4000), method)
    grey = np.linspace(40, 255, 32).astype(np.uint8)
    shades = np.repeat(grey[None, :, None], 3, axis=2)
    changed = stain.apply(shades)
    assert changed.shape == shades.shape
    assert changed.dtype == np.uint8
    assert (np.diff(changed.astype(int).sum(axis=2)) >= -3).all()  # rounding of three channels


def test_what_cannot_be_estimated_says_so() -> None:
    white, one = np.full((5000, 3), 250, np.uint8), np.full((5000, 3), 120, np.uint8)
    ramp = np.clip(255 * np.exp(-np.outer(np.linspace(0.2, 2, 5000), [0.6, 0.7, 0.3])), 0, 255).astype(np.uint8)
    for method in METHODS:
        with pytest.raises(NotEnoughDataError, match="0 of 5000 sampled pixels"):
            fit_stain(white, method)
        with pytest.raises(NotEnoughDataError, match="one colour"):
            fit_stain(one, method)
    with pytest.raises(NotEnoughDataError, match="one colour, not two"):
        fit_stain(ramp, "macenko")


def test_names() -> None:
    assert [check_stain(name) for name in STAINS] == list(STAINS)
    with pytest.raises(InputError, match="Vahadane"):
        check_stain("Vahadane")
