"""Written pyramids, read back by OpenSlide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest

from survdash.errors import InputError
from survdash.simulation.drawing import draw_slide
from survdash.simulation.patients import DEMO_SEED, simulate_cohort
from survdash.simulation.pyramid import write_pyramid


def pixels(slide: openslide.OpenSlide, level: int) -> np.ndarray:
    region = slide.read_region((0, 0), level, slide.level_dimensions[level])
    return np.asarray(region)[..., :3].astype(int)


def test_openslide_reads_levels_resolution_and_pixels(tmp_path: Path) -> None:
    image = draw_slide(simulate_cohort(1, seed=DEMO_SEED).slides[0], seed=DEMO_SEED)
    path = tmp_path / "slide.tiff"
    write_pyramid(image, path, mpp=0.5)
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "generic-tiff"
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.5, rel=1e-6)  # 20,000 a cm
        assert float(slide.properties["openslide.mpp-y"]) == pytest.approx(0.5, rel=1e-6)
        assert slide.level_dimensions == ((1536, 1536), (768, 768), (384, 384), (192, 192))
        # JPEG at quality 90 with halved colour: two grey levels on average; small levels are averages and differ less.
        assert np.abs(pixels(slide, 0) - image).mean() < 2.5
        small = cv2.resize(image, (384, 384), interpolation=cv2.INTER_AREA)
        assert np.abs(pixels(slide, 2) - small).mean() < 4.0


def test_odd_sizes_and_other_resolutions(tmp_path: Path) -> None:
    ramp = np.dstack([np.tile(np.linspace(40, 220, 701).astype(np.uint8), (333, 1))] * 3)
    write_pyramid(ramp, tmp_path / "odd.tiff", mpp=0.2425)
    with openslide.OpenSlide(tmp_path / "odd.tiff") as slide:
        assert slide.level_dimensions == ((701, 333), (350, 166), (175, 83))
        # Resolution is a fraction of 32-bit integers: six digits hold.
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.2425, rel=1e-6)
        assert np.abs(pixels(slide, 0) - ramp).mean() < 1.0  # a smooth ramp survives JPEG within a grey level


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    for name in ("a.tiff", "b.tiff"):
        write_pyramid(image, tmp_path / name, mpp=0.5)
    assert (tmp_path / "a.tiff").read_bytes() == (tmp_path / "b.tiff").read_bytes()


@pytest.mark.parametrize("image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))])
def test_what_is_not_rgb_is_refused_and_nothing_is_left(image: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        write_pyramid(image, tmp_path / "no.tiff", mpp=0.5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mpp", [0.0, -0.5, float("nan")])
def test_impossible_resolutions_are_refused(mpp: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not possible"):
        write_pyramid(np.zeros((8, 8, 3), np.uint8), tmp_path / "no.tiff", mpp=mpp)
