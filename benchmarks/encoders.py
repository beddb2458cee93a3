"""How fast the encoders are: engine against torch on one core.

Everything is a ratio within one run: the ways take turns, round by round, and CPU seconds of the process count, so that
other work on the machine disturbs little. ResNet-50 takes random weights (the speed is the same, nothing is fetched).
``python -m benchmarks.encoders [ROUNDS]``
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # per core

import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch

from survdash.features.encoders import load_encoder
from survdash.features.engine import largest_difference, load_engine
from survdash.features.registry import ENCODERS
from survdash.features.trunks import Normalised, build_trunk
from survdash.settings import settings
from survdash.slide.focus import measure_focus
from survdash.slide.stain import fit_stain

Way = Callable[[np.ndarray], np.ndarray]
SECONDS, BATCHES = 1.5, (1, 4, 8)
BF16 = "torch, bf16"  # not used by survdash: docs/decisions/007-no-bf16-on-processors.md


def ways(name: str) -> dict[str, Way]:
    """The engine, and plain torch in channels-last order at several batch sizes, of one encoder."""
    spec = ENCODERS[name]
    if name == "resnet50":
        torch.manual_seed(0)
        network = Normalised(build_trunk(spec.network), mean=spec.mean, std=spec.std).eval().requires_grad_(False)
        engine = load_engine({"network": spec.network, "weights": "random"}, tile_px=256, build=lambda: network)
    else:
        encoder, plain = load_encoder(name), load_encoder(name, fast=False)
        if encoder.engine is None:
            sys.exit("\n".join(encoder.warnings))
        engine, network = encoder.engine, plain._build()

    network = network.to(memory_format=torch.channels_last)

    def by_torch(batch: int, *, bf16: bool = False) -> Way:
        def run(tiles: np.ndarray) -> np.ndarray:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                parts = [torch.from_numpy(tiles[i : i + batch]) for i in range(0, len(tiles), batch)]
                return np.concatenate([network(part).float().numpy() for part in parts])

        return run

    plain = {f"torch, batch {batch}": by_torch(batch) for batch in BATCHES}
    return {"engine": engine.encode} | plain | {BF16: by_torch(8, bf16=True)}


def rate(way: Way, tiles: np.ndarray) -> float:
    """Tiles per CPU second."""
    done, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        way(tiles)
        done += len(tiles)
    return done / (time.process_time() - start)


def compare(name: str, rounds: int) -> None:
    """Print the rates and the ratio of the engine to each way of torch, round by round."""
    tiles = np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), dtype=np.uint8)
    table = ways(name)
    reference = table["torch, batch 8"](tiles)
    moved, by_bf16 = (largest_difference(table[words](tiles), reference) for words in ("engine", BF16))
    print(f"{name}: largest difference {moved:.1e} (relative above 1), by bf16 {by_bf16:.1e}; this processor computes "
          f"with {torch.backends.cpu.get_cpu_capability()}")  # fmt: skip
    rates = {words: [] for words in table}
    for _ in range(rounds):
        for words, way in table.items():
            rates[words].append(rate(way, tiles))
    for words, found in rates.items():
        ratio = np.array(rates["engine"]) / np.array(found)
        print(f"  {words:16} {np.median(found):7.1f} tiles/CPU-s   engine is {np.median(ratio):.2f} x "
              f"({ratio.min():.2f}-{ratio.max():.2f})", flush=True)  # fmt: skip


def beside_encoding(rounds: int) -> None:
    """Print what measuring focus, and normalising stain, add to the encoding of a tile by the default encoder."""
    rng = np.random.default_rng(0)
    tiles = np.clip(rng.normal([170, 110, 160], [30, 35, 25], (8, 256, 256, 3)), 0, 255).astype(np.uint8)
    sample = tiles[:, ::4, ::4].reshape(-1, 3)
    encoder = load_encoder()
    stains = {method: fit_stain(sample, method) for method in ("macenko", "reinhard")}
    table: dict[str, Way] = {"encoding": encoder.encode, "focus": lambda some: np.array([*map(measure_focus, some)])}
    table |= {name: lambda some, stain=stain: np.stack([*map(stain.apply, some)]) for name, stain in stains.items()}
    for _ in range(rounds):
        spent = {words: 1000 / rate(way, tiles) for words, way in table.items()}
        print("  " + ", ".join(f"{words} {value:.2f} ms ({value / spent['encoding']:.1%})"
                               for words, value in spent.items()), flush=True)  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as data:
        os.environ["SURVDASH_DATA_DIR"] = data
        settings.cache_clear()
        for one in ENCODERS:
            compare(one, number)
        print("A tile (efficientnet-lite0), CPU time and share of encoding:")
        beside_encoding(max(2, number // 2))
