"""How fast the networks are, and what memory they take: ratios to one matrix product of the tiles' size.

The baseline is one fp32 product of (M x 1024) by (1024 x 256), the least that a projection of M tiles costs. Baseline,
forward pass and training step take turns, round by round, in CPU seconds of one thread, so that other work on the
machine disturbs little; each ratio is the median of the rounds, with their range. A training step is the forward pass,
the loss and its gradient, of as many cases as fit (32 of 500 tiles, as in training; fewer of more tiles), plus its part
of one optimiser step per 32 cases. Peak memory is that of a process of its own, above its input and network.
``python -m benchmarks.model_speed [--models NAME ...] [--tiles M ...] [--rounds N] [--device cpu|cuda]``
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import ctypes
import math
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from torch import nn

from survdash.nets import build, names
from survdash.nets.registry import get
from survdash.training.losses import survival_loss

DIM, WIDTH, STEP_CASES = 1024, 256, 32
GENE_DIMS = (81, 323, 496, 457, 1535, 452)  # genes of the paper's six functional groups, about as in TCGA tables
CASES = {500: STEP_CASES, 5_000: 4}  # cases at once; one of more tiles
TILES = (500, 5_000, 20_000, 80_000)
VARIANTS = {"glg tokens=tiles": ("glg", {"tokens": "tiles"})}
Trial = Callable[[], object]


class Subject:
    """One network and a batch of ``cases`` cases with ``tiles`` tiles each."""

    def __init__(self, label: str, *, tiles: int, device: str = "cpu") -> None:
        name, options = VARIANTS.get(label, (label, {}))
        spec, torch_device = get(name), torch.device(device)
        self.cases, self.device = CASES.get(tiles, 1), device
        torch.manual_seed(0)
        self.network: nn.Module = build(
            name, tile_dim=DIM if "slide" in spec.modalities else None,
            gene_dims=GENE_DIMS if "genes" in spec.modalities else (), **options,
        ).to(torch_device)
        self.table = torch.randn(tiles * self.cases, DIM, device=torch_device)
        self.inputs = (
            self.table, torch.full((self.cases,), tiles, device=torch_device),
            [torch.randn(self.cases, width, device=torch_device) for width in GENE_DIMS],
        )  # fmt: skip
        self.weight = torch.randn(DIM, WIDTH, device=torch_device)
        self.bins = torch.arange(self.cases, device=torch_device) % 4
        self.event = torch.arange(self.cases, device=torch_device) % 2 == 0
        self.optimiser = torch.optim.Adam(self.network.parameters(), fused=True)

    def product(self) -> None:
        """The baseline."""
        with torch.inference_mode():
            self.table @ self.weight

    def forward(self) -> None:
        """One answer, in evaluation."""
        self.network.eval()
        with torch.inference_mode():
            self.network(*self.inputs)

    def learn(self) -> None:
        """Forward pass, loss and gradient."""
        self.network.train()
        self.optimiser.zero_grad()
        output = self.network(*self.inputs)
        output.total_loss(survival_loss(output.logits, self.bins, self.event), self.bins).mean().backward()

    def seconds(self, trial: Trial) -> float:
        """CPU seconds of the process, or wall seconds of a device."""
        if self.device != "cpu":
            torch.cuda.synchronize()
            start = time.perf_counter()
            trial()
            torch.cuda.synchronize()
            return time.perf_counter() - start
        start = time.process_time()
        trial()
        return time.process_time() - start


def _peak(label: str, tiles: int, trial: str, sender: Connection) -> None:
    torch.set_num_threads(1)
    getattr(Subject(label, tiles=8), trial)()  # loads what is loaded at first use, which is no tile's doing
    subject = Subject(label, tiles=tiles)
    # Memory that was freed and kept by the allocator would hide as much of what the pass takes.
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _status("VmRSS")
    getattr(subject, trial)()
    sender.send((_status("VmHWM") - before) / 1024)


def _status(field: str) -> int:
    """A number of kB that Linux keeps of this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])


def peak_memory(label: str, tiles: int, *, trial: str) -> float:
    """MB that one ``trial`` takes above its input and its network, in a fresh process; nan where it is killed for it.

    Its "product" is known, 4 * 256 bytes a tile, and says how right the others are.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_peak, args=(label, tiles, trial, sender))
    process.start()
    sender.close()
    try:
        return float(receiver.recv())
    except EOFError:
        return math.nan
    finally:
        process.join()


def measure(label: str, tiles: int, *, rounds: int, device: str) -> str:
    """One row of the table."""
    subject = Subject(label, tiles=tiles, device=device)
    trials = {"product": subject.product, "forward": subject.forward, "learn": subject.learn}
    found: dict[str, list[float]] = {name: [] for name in trials}
    for number in range(rounds + 1):
        for name, trial in trials.items():
            seconds = subject.seconds(trial)
            if number:  # the first round warms up
                found[name].append(seconds)
    step = subject.seconds(subject.optimiser.step) * subject.cases / STEP_CASES
    product = np.array(found["product"])
    forward, learn = np.array(found["forward"]) / product, (np.array(found["learn"]) + step) / product
    cases = subject.cases
    del subject, trials
    memory = [peak_memory(label, tiles, trial=trial) if device == "cpu" else math.nan for trial in ("forward", "learn")]
    return (
        f"| {label} | {tiles:,} x {cases} | {1e3 * np.median(product) / cases:.1f} | {_range(forward)} | "
        f"{_range(learn)} | {memory[0]:,.0f} | {memory[1]:,.0f} |"
    )


def _range(ratios: np.ndarray) -> str:
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}-{ratios.max():.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=[*names(), *VARIANTS])
    parser.add_argument("--tiles", nargs="+", type=int, default=TILES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | tiles x cases | product, ms a case | forward | training step | forward, MB | training, MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for label in chosen.models:
        for tiles in chosen.tiles:
            print(measure(label, tiles, rounds=chosen.rounds, device=chosen.device), flush=True)


if __name__ == "__main__":
    main()
