"""The most that each kind of job takes, told from what was asked: what ``jobs.room`` compares with what is free."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from survdash.bag_file import BagFile
from survdash.features.registry import DEFAULT_ENCODER, ENCODERS
from survdash.jobs.room import Need, Needs
from survdash.slide.reader import open_slide
from survdash.usecases.case_request import request_from_json
from survdash.usecases.importing import IMPORT
from survdash.usecases.library import open_cohort
from survdash.usecases.queued import EXPLANATION, PREDICTION
from survdash.usecases.training_jobs import TRAINING

# benchmarks/README.md: .81 GB while a slide is embedded, whatever its size, and a network beside it.
PROCESS_BYTES = int(1.2e9)
HALF, FULL = 2, 4  # bytes of a number in a bag, and in a network
PASSES = {"transmil": 9}  # networks that hold a case's tiles many times over; the others about twice
IMPORT_FACTOR = 6  # a table in memory as text, as numbers, and as it is written


def of_prediction(payload: dict[str, Any]) -> Need:
    """Features of all tiles that could be tissue, once in blocks and once in the bag."""
    request = request_from_json(payload)
    width = ENCODERS[DEFAULT_ENCODER].dim if request.encoder is None else 2560
    tiles = sum(_most_tiles(path, said.mpp) for path, said in zip(request.slides, request.statements(), strict=True))
    return Need(disk=2 * tiles * width * HALF, memory=PROCESS_BYTES)


def of_training(payload: dict[str, Any]) -> Need:
    """The largest case as often as the hungriest of the networks holds it, and all gene tables twice."""
    cohort = open_cohort(str(payload["cohort"]))
    memory = PROCESS_BYTES + (0 if cohort.genes is None else 2 * cohort.genes.size * 8)
    if cohort.bag_path is not None and cohort.bag_origin is not None:
        with BagFile(cohort.bag_path) as bags:
            counts = cohort.slides.index.to_series().map(bags.tile_count)
        largest = int(counts.groupby(cohort.slides.to_numpy()).sum().max())
        passes = max(PASSES.get(str(name), 2) for name in payload["models"])
        memory += passes * largest * cohort.bag_origin.dim * FULL
    return Need(disk=int(2e8), memory=memory)


def of_import(payload: dict[str, Any]) -> Need:
    """Tables in memory; a copy of the bags on the disk, unless they are linked."""
    tables = sum(_bytes(payload.get(name)) for name in ("table", "genes", "clinical", "folds"))
    features = _bytes(payload.get("features"))
    copied = 0 if payload.get("link") else features
    return Need(disk=2 * tables + copied, memory=PROCESS_BYTES + IMPORT_FACTOR * tables)


NEEDS: Needs = {
    PREDICTION: of_prediction, EXPLANATION: lambda _payload: Need(memory=PROCESS_BYTES), TRAINING: of_training,
    IMPORT: of_import,
}  # fmt: skip


def _most_tiles(path: Path, mpp: float | None) -> int:
    """Tiles of a slide that is tissue all over, at the target resolution; a slide that does not say it is fine."""
    with open_slide(path, mpp=mpp) as slide:
        scale = (slide.mpp or 0.25) / 0.5
        return int(slide.width * slide.height * scale**2 / 256**2) + 1


def _bytes(named: object) -> int:
    if not named:
        return 0
    path = Path(str(named))
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size
