"""Tissue and tiles of survdash beside what a user would pick instead: tiles found, seconds, memory, overlays.

``python -m benchmarks.tissue_side_by_side [FOLDER] [--histolab PYTHON] [--hs2p PYTHON] [--out OVERLAYS]``

FOLDER holds the pictures of ``SLIDES``. The other programs live in environments of their own (``pip install histolab``,
``pip install hs2p openslide-python openslide-bin``), named by their interpreters, and are left out where none is given;
CLAM is no package, so its rule is written out below. Every run is a process of its own: seconds and memory count
from after the imports, best of three. Memory is the peak of the resident set (Linux).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from survdash.simulation.pyramid import write_pyramid
from survdash.slide.reader import open_slide

SLIDES = ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs", "histoprep_slide.jpeg", "tcga_lgg_region.png")
LARGE_PX = 16_000
RUNS = 3
MPP = 0.5  # taken for all: only the first slide states its own, 0.499

# Each reads the slide's path and prints coordinates, seconds and memory. VmHWM, because getrusage tells the peak of the
# process that started this one when that is higher.
FRAME = """
import json, sys, time
from pathlib import Path
path = Path(sys.argv[1])
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
{imports}
before, started = peak(), time.perf_counter()
{work}
seconds, after = time.perf_counter() - started, peak()
print("\\n" + json.dumps({{"coords": [[int(x), int(y)] for x, y in coords], "side": 256, "seconds": seconds,
      "mb": (after - before) / 1024}}))
"""
PROGRAMS = {
    "survdash": (
        "from survdash.slide.reader import open_slide\n"
        "from survdash.slide.tiles import lay_grid\n"
        "from survdash.slide.tissue import find_tissue",
        "slide = open_slide(path, mpp=0.5)\ncoords = lay_grid(slide, find_tissue(slide)).coords",
    ),
    "CLAM": ("from benchmarks.tissue_side_by_side import clam", "coords = clam(path)"),
    "CLAM biopsy": (
        "from benchmarks.tissue_side_by_side import clam",
        "coords = clam(path, threshold=15, median=11, close=2, piece=1, hole=1, most_holes=2)",
    ),
    "histolab": (
        "from histolab.slide import Slide\nfrom histolab.tiler import GridTiler",
        "tiler = GridTiler((256, 256), level=0, check_tissue=True, tissue_percent=50.0)\n"
        "slide = Slide(path, '/nowhere')\n"
        "coords = [(at.x_ul, at.y_ul) for _, at in tiler._tiles_generator(slide)]",
    ),
    "hs2p": (
        "from hs2p import SegmentationConfig, SlideSpec, TilingConfig, tile_slide",
        "spec = SlideSpec(sample_id='a', image_path=path, spacing_at_level_0=0.5)\n"
        "tiling = TilingConfig(requested_spacing_um=0.5, requested_tile_size_px=256, tolerance=0.05, overlap=0.0)\n"
        "found = tile_slide(spec, tiling=tiling, segmentation=SegmentationConfig(method='hsv')).tiles\n"
        "coords = list(zip(found.x, found.y))",
    ),
}


def clam(
    path: Path, *, threshold: int = 8, median: int = 7, close: int = 4, piece: int = 100, hole: int = 16,
    most_holes: int = 8,
) -> list[tuple[int, int]]:  # fmt: skip
    """CLAM's rule (create_patches_fp.py of 2025-04) on the level nearest 64, by default with its defaults.

    A tile of 256 px counts where one of four points round its centre lies in a piece and not in a hole.
    """
    import openslide

    try:
        slide = openslide.OpenSlide(path)
        level = int(np.argmin(np.abs(np.array(slide.level_downsamples) - 64)))
        view = np.asarray(slide.read_region((0, 0), level, slide.level_dimensions[level]).convert("RGB"))
        scale = slide.level_downsamples[level]
    except openslide.OpenSlideUnsupportedFormatError:
        view, scale = np.asarray(Image.open(path).convert("RGB")), 1.0
    saturation = cv2.medianBlur(cv2.cvtColor(view, cv2.COLOR_RGB2HSV)[..., 1], median)
    _, mask = cv2.threshold(saturation, threshold, 255, cv2.THRESH_BINARY)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((close, close), np.uint8))
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    unit, coords = (512 / scale) ** 2, []
    tree = np.empty((0, 4), int) if tree is None else tree.reshape(-1, 4)
    for at in np.flatnonzero(tree[:, 3] == -1):
        holes = sorted((contours[i] for i in np.flatnonzero(tree[:, 3] == at)), key=cv2.contourArea, reverse=True)
        area = cv2.contourArea(contours[at]) - sum(map(cv2.contourArea, holes))
        if area < piece * unit:
            continue
        holes = [one for one in holes[:most_holes] if cv2.contourArea(one) > hole * unit]
        coords += _tiles_of_piece(contours[at] * scale, [one * scale for one in holes])
    return coords


def _tiles_of_piece(piece: np.ndarray, holes: list[np.ndarray]) -> list[tuple[int, int]]:
    piece, holes = piece.astype(np.int32), [hole.astype(np.int32) for hole in holes]
    left, top, width, height = cv2.boundingRect(piece)
    found = []
    for y in range(top, top + height, 256):
        for x in range(left, left + width, 256):
            points = [(x + 128 + dx, y + 128 + dy) for dx in (-64, 64) for dy in (-64, 64)]
            inside = any(cv2.pointPolygonTest(piece, point, False) >= 0 for point in points)
            if inside and not any(cv2.pointPolygonTest(hole, (x + 128, y + 128), False) > 0 for hole in holes):
                found.append((x, y))
    return found


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        slides = [options.folder / name for name in SLIDES] + [_make_large(options.folder, Path(scratch))]
        for path in slides:
            print(path.name)
            for name, (imports, work) in PROGRAMS.items():
                interpreter = {"histolab": options.histolab, "hs2p": options.hs2p}.get(name, sys.executable)
                if interpreter is None:
                    continue
                code = FRAME.format(imports=imports, work=work)
                runs = [_run(interpreter, code, path) for _ in range(RUNS)]
                if any(isinstance(run, str) for run in runs):
                    print(f"  {name:12s} failed: {next(run for run in runs if isinstance(run, str))}")
                    continue
                best = min(run["seconds"] for run in runs)
                memory = min(run["mb"] for run in runs)
                print(f"  {name:12s} {len(runs[0]['coords']):5d} tiles  {best:7.2f} s  {memory:6.0f} MB")
                if options.out is not None:
                    _draw(path, runs[0]["coords"], options.out / f"{path.stem}.{name.replace(' ', '_')}.png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/slides"))
    parser.add_argument("--histolab")
    parser.add_argument("--hs2p")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _run(interpreter: str, code: str, path: Path) -> dict | str:
    done = subprocess.run(
        [interpreter, "-c", code, str(path.resolve())], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1][:150]
    return json.loads(done.stdout.strip().splitlines()[-1])


def _make_large(folder: Path, scratch: Path) -> Path:
    """A made slide: real tissue repeated on glass, in a pyramid."""
    with open_slide(folder / SLIDES[0]) as slide:
        region = slide.thumbnail(100_000)
    canvas = np.full((LARGE_PX, LARGE_PX, 3), 243, np.uint8)
    for top in range(1000, LARGE_PX - 4000, 4000):
        for left in range(1000, LARGE_PX - 3000, 3000):
            canvas[top : top + region.shape[0], left : left + region.shape[1]] = region
    path = scratch / f"made_{LARGE_PX}.tiff"
    write_pyramid(canvas, path, mpp=MPP)
    return path


def _draw(path: Path, coords: list[list[int]], target: Path) -> None:
    with open_slide(path, mpp=MPP) as slide:
        view = slide.thumbnail(700).copy()
        scale = view.shape[1] / slide.width
    for x, y in coords:
        first, last = (round(x * scale), round(y * scale)), (round((x + 256) * scale), round((y + 256) * scale))
        cv2.rectangle(view, first, last, (0, 158, 115), 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(view).save(target)


if __name__ == "__main__":
    main()
