"""What the ink rule removes of made translucent strokes on real tissue, and what it takes of clean tissue.

``python -m benchmarks.ink_strokes [FOLDER]``; the folder holds the pictures of ``SLIDES``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from survdash.slide.ink import find_ink
from survdash.slide.reader import open_slide
from survdash.slide.tissue import find_tissue

# The resolution that strokes are drawn at, and others that false alarms are looked for at: only the first slide states
# its own, and the two plain pictures are of unknown scale.
SLIDES = {
    "CMU-1-Small-Region.svs": (0.499, 0.25, 1.0),
    "TCGA-CR-7395-01A-01-TS1.svs": (0.5, 0.25, 1.0, 2.0),
    "histoprep_slide.jpeg": (0.5, 0.25, 1.0, 2.0),
    "histoprep_tma_spots.jpeg": (8.0, 0.5, 4.0, 25.0),
    "tcga_lgg_region.png": (0.5, 0.25, 1.0),
}
INKS = {
    "green": (0, 130, 70), "pale green": (40, 150, 100), "blue": (25, 50, 160), "light blue": (20, 90, 190),
    "violet blue": (60, 50, 160), "black": (15, 15, 20), "grey black": (45, 45, 55), "red": (200, 30, 45),
    "orange red": (220, 40, 30),
}  # fmt: skip
GLASS = 245.0
REPEATS = 3


def main(folder: Path) -> None:
    views = {}
    print("clean tissue taken for ink: thick, thin, red")
    for name, scales in SLIDES.items():
        with open_slide(folder / name, mpp=0.5) as slide:
            view = slide.thumbnail(1024)
            tissue = cv2.resize(find_tissue(slide).mask.astype(np.uint8), view.shape[1::-1]) > 0
            views[name] = (view, tissue, scales[0] * slide.width / view.shape[1])
            for mpp in scales:
                ink = find_ink(view, um_per_px=mpp * slide.width / view.shape[1])
                shares = [f"{mask[tissue].mean():.2%}" for mask in (ink.thick, ink.thin, ink.red)]
                print(f"  {name:28s} read as {mpp:5.2f} um/px: {'  '.join(shares)}")
    print("share of the tissue under a stroke that is removed / only flagged (mean of the slides, worst slide removed)")
    for width in (300, 600):
        for ink_name, colour in INKS.items():
            cells = []
            for how in ("mixed", "absorbed"):
                for opacity in (0.9, 0.6):
                    found = [_stroke(*views[name], colour, how, opacity, width) for name in SLIDES]
                    removed, flagged = np.array(found).T
                    cells.append(f"{how} {opacity}: {removed.mean():.2f}/{flagged.mean():.2f} ({removed.min():.2f})")
            print(f"  {width} um {ink_name:12s} {'   '.join(cells)}")


def _stroke(
    view: np.ndarray, tissue: np.ndarray, um: float, colour: tuple[int, int, int], how: str, opacity: float, width: int
) -> tuple[float, float]:
    rng, found = np.random.default_rng(0), []
    rows, columns = np.nonzero(tissue)
    for _ in range(REPEATS):
        at, angle = rng.integers(len(rows)), rng.uniform(0, np.pi)
        step = 5000 * np.array([np.cos(angle), np.sin(angle)])
        middle = np.array([columns[at], rows[at]])
        first, last = (np.round(middle + side * step).astype(int).tolist() for side in (-1, 1))
        stroke = np.zeros(tissue.shape, np.uint8)
        cv2.line(stroke, first, last, 1, max(1, round(width / um)))
        under, ink = view.astype(float), np.array(colour, float)
        over = (1 - opacity) * under + opacity * ink if how == "mixed" else under * (ink / GLASS) ** opacity
        drawn = np.where(stroke[..., None] > 0, over, under).clip(0, 255).astype(np.uint8)
        seen = find_ink(drawn, um_per_px=um)
        here = tissue & (stroke > 0)
        found.append((seen.thick[here].mean(), ((seen.thin | seen.red) & ~seen.thick)[here].mean()))
    return tuple(np.mean(found, axis=0).tolist())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/slides"))
