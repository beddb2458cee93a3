"""What each network costs on one case, as a multiple of one matrix product M x 1024 x 256 beside it.

Each figure comes from a process of its own, on one thread, so that its peak of memory is its own too.
``python -m benchmarks.networks [TILES ...]`` (5,000 unless told otherwise)
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import torch

from survdash.nets import build, names
from survdash.training.losses import survival_loss

GENE_DIMS, TILE_DIM = (94, 334, 521, 468, 1496, 479), 1024  # BLCA's gene groups, ResNet50's features
SECONDS = 6.0  # time each figure at least so long, and take the fastest run


def fastest_beside(work: Callable[[], object], yardstick: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the fastest run of each, taken in turn so that a busy machine slows both; the first ones left out."""
    runs: list[list[float]] = [[], []]
    start = time.perf_counter()
    while len(runs[0]) < 3 or time.perf_counter() - start < SECONDS:
        for number, call in enumerate((yardstick, work)):
            begin = time.perf_counter()
            call()
            runs[number].append(time.perf_counter() - begin)
    return min(runs[1][1:]), min(runs[0][1:])


def measure(name: str, tiles: int, *, training: bool) -> None:
    """Print one row: seconds, multiple of the matrix product, peak of memory."""
    import resource

    torch.set_num_threads(1)
    rows, matrix = torch.randn(tiles, TILE_DIM), torch.randn(TILE_DIM, 256)
    model = build(name, tile_dim=TILE_DIM, gene_dims=GENE_DIMS)
    genes, lengths = [torch.randn(1, width) for width in GENE_DIMS], torch.tensor([tiles])
    bins, event = torch.tensor([1]), torch.tensor([True])

    def forward() -> None:
        with torch.inference_mode():
            model(rows, lengths, genes)

    def step() -> None:
        model.zero_grad()
        output = model(rows, lengths, genes)
        output.total_loss(survival_loss(output.logits, bins, event), bins).sum().backward()

    model.train(training)
    seconds, product = fastest_beside(step if training else forward, lambda: rows @ matrix)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{name:10} {tiles:7,} tiles  {'training' if training else 'forward ':8} {seconds:8.3f} s "
        f"{seconds / product:7.1f} x  {peak:5.1f} GB", flush=True,
    )


def main(arguments: list[str]) -> None:
    """Measure every network at each number of tiles; with three words, one figure."""
    if len(arguments) == 3 and arguments[2] in ("forward", "training"):
        measure(arguments[0], int(arguments[1]), training=arguments[2] == "training")
        return
    for tiles in arguments or ["5000"]:
        for name in names():
            for kind in ("forward", "training"):
                subprocess.run([sys.executable, "-m", "benchmarks.networks", name, tiles, kind], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
