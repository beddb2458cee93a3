"""Slides made for the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

PINK = (220, 120, 180)
MakeSlide = Callable[..., Path]


@pytest.fixture
def picture() -> np.ndarray:
    """White glass of 2,048 x 1,536 px with one pink ellipse that has a white hole, and a speck of dust."""
    pixels = np.full((1536, 2048, 3), 245, np.uint8)
    cv2.ellipse(pixels, (900, 760), (620, 500), 0, 0, 360, PINK, cv2.FILLED)
    cv2.circle(pixels, (900, 760), 150, (245, 245, 245), cv2.FILLED)
    cv2.circle(pixels, (1900, 100), 6, PINK, cv2.FILLED)
    return pixels


@pytest.fixture
def write_slide(tmp_path: Path) -> MakeSlide:
    """Write a tiled TIFF that OpenSlide opens, with as many levels (each half the last) as asked for."""

    def write(
        pixels: np.ndarray,
        name: str = "slide.tiff",
        *,
        levels: int = 1,
        per_cm: float = 20_000,
        unit: str = "CENTIMETER",
    ) -> Path:
        path = tmp_path / name
        with tifffile.TiffWriter(path) as file:
            for level in range(levels):
                size = (pixels.shape[1] >> level, pixels.shape[0] >> level)
                file.write(
                    cv2.resize(pixels, size, interpolation=cv2.INTER_AREA),
                    tile=(256, 256),
                    photometric="rgb",
                    resolution=(per_cm / 2**level, per_cm / 2**level),
                    resolutionunit=unit,
                    subfiletype=1 if level else 0,
                )
        return path

    return write
