"""Small made pictures to embed, with tiles so small that a picture has several blocks of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from survdash.slide.rules import TileRule

SMALL = TileRule(tile_px=64)  # small tiles encode 16 times faster and make more blocks


def write_picture(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def pink_pixels(height: int = 640, width: int = 960) -> np.ndarray:
    """Pink noise with a white margin on the right."""
    pixels = np.random.default_rng(0).integers(0, 40, (height, width, 3))
    pixels += np.array([200, 90, 150])
    pixels[:, -width // 6 :] = 250
    return pixels.astype(np.uint8)


def left_bags(data_dir: Path) -> list[str]:
    """What lies in the folder of bags."""
    return [path.name for path in (data_dir / "bags").rglob("*")]
