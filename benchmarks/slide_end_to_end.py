"""A whole slide from the file to the stored bag: time against its bound, memory against the slide's size, the repeat.

The bound is what the processor must do in any case: (CPU seconds of reading all tiles + CPU seconds of encoding them) /
threads. It is measured twice: by one thread alone, and by all threads at once, where they take memory and clock from
each other. "wall" compares it with the time of ``embed_slide``, opening, hash, tissue, proof of the engine and writing
included: run it on an idle machine. "CPU" compares the sum with the CPU seconds of that call, which other work on the
machine disturbs less. Both bounds are measured before and after in the same process; encoding on ``SAMPLE`` tiles.
Modules are loaded beforehand, as in a worker. The slides are made from the real region in
``../shared/slides``; ResNet-50 takes random weights (the speed is the same, nothing is fetched) and less tissue.
``python -m benchmarks.slide_end_to_end [ROUNDS] [ENCODER ...]``
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.slide_reading import make_slide, peak_mb
from survdash.features import embed
from survdash.features.encoders import cores, load_encoder
from survdash.features.registry import DEFAULT_ENCODER, ENCODERS, DownloadedWeights, EncoderSpec
from survdash.settings import settings
from survdash.slide.reader import Slide, open_slide
from survdash.slide.tiles import TileGrid, lay_grid
from survdash.slide.tissue import find_tissue

SIDE, SAMPLE, TISSUE_PX = 20_000, 192, {"efficientnet-lite0": None, "resnet50": 9_000}
MEMORY_SIDES, MEMORY_TISSUE_PX = (10_000, 40_000), 5_000
CHILD = "child-of"  # the word that makes this a child that measures itself


def registry() -> Mapping[str, EncoderSpec]:
    """The encoders, with random weights where the real ones would be fetched."""
    import torch
    import torchvision

    path = settings().data_dir / "weights" / "resnet50-random.pth"
    if not path.exists():
        torch.manual_seed(0)
        path.parent.mkdir(parents=True)
        torch.save(torchvision.models.resnet50(weights=None).state_dict(), path)
    prefix = hashlib.sha256(path.read_bytes()).hexdigest()
    random = DownloadedWeights(url=f"http://127.0.0.1/{path.name}", sha256_prefix=prefix)
    return {**ENCODERS, "resnet50": replace(ENCODERS["resnet50"], weights=random)}


def spent(path: Path, grid: TileGrid, encoder: embed.Encoder, *, threads: int) -> tuple[float, float]:
    """CPU seconds of reading all tiles and, counted up from a sample, of encoding them, shared by so many threads."""
    if encoder.engine is None:
        sys.exit("\n".join(encoder.warnings))
    encode, places = encoder.engine.encode, np.array_split(np.arange(grid.size), threads)

    def read(slide: Slide, own: np.ndarray) -> np.ndarray:
        wanted, tiles = set(own[:: max(1, threads * len(own) // SAMPLE)].tolist()), []
        for place in own.tolist():
            x, y = grid.coords[place].tolist()
            tile = slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=grid.tile_px)
            if place in wanted:
                tiles.append(tile)
        return np.stack(tiles)

    with ExitStack() as stack:
        slides = [stack.enter_context(open_slide(path)) for _ in places]
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        start = time.process_time()
        samples = list(pool.map(read, slides, places))
        reading, start = time.process_time() - start, time.process_time()
        list(pool.map(encode, samples))
        return reading, (time.process_time() - start) * grid.size / sum(map(len, samples))


def measure(path: Path, name: str) -> dict[str, float]:
    """What is alone and what all cores take together, then the whole, then both again, then the repeat."""
    encoder, threads = load_encoder(name, registry=registry()), cores()
    with open_slide(path) as slide:
        grid = lay_grid(slide, find_tissue(slide))
    counts = (1, threads)
    before = [spent(path, grid, encoder, threads=count) for count in counts]
    wall, cpu = time.perf_counter(), time.process_time()
    made = embed.embed_slide(path, encoder=name)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = [spent(path, grid, encoder, threads=count) for count in counts]
    again = embed.embed_slide(path, encoder=name)
    if made.cached or not again.cached or made.tiles != grid.size:
        sys.exit("This was not the first and then the second time.")
    made.bag_path.unlink()
    (reading, encoding), together = np.mean([before, after], axis=0)
    return {"tiles": grid.size, "reading": reading, "encoding": encoding, "together": together.sum(), "wall": wall,
            "cpu": cpu, "again": again.seconds, "drift": np.sum(after) / np.sum(before)}  # fmt: skip


def memory(path: Path | None, name: str) -> dict[str, float]:
    """Peak memory of this process after a slide, or with the encoder alone."""
    encoder = load_encoder(name)
    if path is None or encoder.engine is None:
        encoder.encode(np.zeros((1, 256, 256, 3), np.uint8))
        return {"peak": peak_mb()}
    made = embed.embed_slide(path, encoder=name)
    made.bag_path.unlink()
    return {"peak": peak_mb(), "tiles": made.tiles}


def child(what: str, path: Path | None, name: str, *, threads: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.slide_end_to_end", CHILD, what, str(path or ""), name]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    answer = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(answer.splitlines()[-1]))


def show_speed(folder: Path, names: list[str], rounds: int) -> None:
    """Print the table of times; the ways take turns."""
    print("| encoder | threads | tiles | reading + encoding alone, CPU s | all at once, CPU s | wall s | bound / wall, "
          "alone | bound / wall, at once | CPU s | alone / CPU | at once / CPU | drift | second request s |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name in names:
        path = folder / f"{name}.tiff"
        make_slide(path, SIDE, tissue_px=TISSUE_PX[name])
        for _ in range(rounds):
            for threads in (1, 2):
                found = child("measure", path, name, threads=threads)
                both, together = found["reading"] + found["encoding"], found["together"]
                print(f"| {name} | {threads} | {found['tiles']:,.0f} | {found['reading']:.1f} + "
                      f"{found['encoding']:.1f} | {together:.1f} | {found['wall']:.2f} | "
                      f"{both / threads / found['wall']:.2f} | {together / threads / found['wall']:.2f} | "
                      f"{found['cpu']:.1f} | {both / found['cpu']:.2f} | {together / found['cpu']:.2f} | "
                      f"{found['drift']:.2f} | {found['again']:.2f} |", flush=True)  # fmt: skip
        path.unlink()


def show_memory(folder: Path) -> None:
    """Print the peak memory for a small and a large slide with the same tissue, and of the encoder alone."""
    child("memory", None, DEFAULT_ENCODER, threads=2)  # making the engine, once on a machine, takes more
    alone_mb = child("memory", None, DEFAULT_ENCODER, threads=2)["peak"]
    print(f"\n| slide | tiles | peak memory MB | over the encoder's {alone_mb:.0f} MB |\n|---|---|---|---|")
    for side in MEMORY_SIDES:
        path = folder / "memory.tiff"
        make_slide(path, side, tissue_px=MEMORY_TISSUE_PX)
        found = child("memory", path, DEFAULT_ENCODER, threads=2)
        print(f"| {side:,} x {side:,} | {found['tiles']:,.0f} | {found['peak']:.0f} | {found['peak'] - alone_mb:.0f} |",
              flush=True)  # fmt: skip


def main(arguments: list[str]) -> None:
    if arguments[:1] == [CHILD]:
        what, path, name = arguments[1], Path(arguments[2]) if arguments[2] else None, arguments[3]
        if what == "measure" and path is not None:
            known = registry()
            embed.weights_file = partial(embed.weights_file, registry=known)
            embed.load_encoder = partial(embed.load_encoder, registry=known)
            print(json.dumps(measure(path, name)))
        else:
            print(json.dumps(memory(path, name)))
        return
    rounds = int(arguments[0]) if arguments else 1
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SURVDASH_DATA_DIR"] = str(Path(folder) / "data")
        show_speed(Path(folder), arguments[1:] or list(TISSUE_PX), rounds)
        show_memory(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
