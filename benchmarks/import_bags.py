"""Memory and time of importing many bags of another program: it must not grow with their number.

Writes bags of 10,000 tiles of 1,024 features (float32 HDF5 as CLAM writes them; a few files of noise, the others hard
links to them, so that the disk holds the few), imports 50, 100, 200, ... of them in a process each, and prints the
largest memory that each process had. The bags are read, checked, turned to float16 and packed one after the other; with
``--link`` they are read and checked alone.

``python -m benchmarks.import_bags --counts 50 100 200 [--tiles 10000] [--dim 1024] [--link] [--kind h5|pt|npy]``
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py
import numpy as np
import pandas as pd

from survdash.bag_file import new_bag_file
from survdash.sources.bag_folder import read_bag_folder

ORIGINALS = 4


def write_bags(folder: Path, *, count: int, tiles: int, dim: int, kind: str) -> None:
    """Write ``count`` bags, of which ``ORIGINALS`` are files of their own."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        path = folder / f"P{number:04d}.{kind}"
        if number >= ORIGINALS:
            os.link(folder / f"P{number % ORIGINALS:04d}.{kind}", path)
            continue
        table = rng.standard_normal((tiles, dim), dtype=np.float32)
        if kind == "npy":
            np.save(path, table)
        elif kind == "pt":
            import torch

            torch.save(torch.from_numpy(table), path)
        else:
            with h5py.File(path, "w") as file:
                file.create_dataset("features", data=table, chunks=(1, dim), maxshape=(None, dim))
                file["coords"] = rng.integers(0, 100_000, (tiles, 2))


def memory_mb(name: str) -> float:
    """Memory of this process, now (VmRSS) or at most (VmHWM); ``ru_maxrss`` would count the parent's."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def import_once(folder: Path, target: Path, *, link: bool) -> None:
    """Import all bags of a folder and print megabytes, processor seconds and the size of what was written."""
    start, before = time.process_time(), memory_mb("VmRSS")
    cases = pd.Index(sorted(path.stem for path in folder.iterdir()))
    found = read_bag_folder(folder, cases, encoder="made", link=link)
    with new_bag_file(target, found.origin) as writer:
        found.fill(writer)
    most, seconds = memory_mb("VmHWM"), time.process_time() - start
    sys.stdout.write(f"{len(cases):6} bags  {before:7.0f} MB before  {most:7.0f} MB at most  "
                     f"{seconds:8.1f} s  {target.stat().st_size / 1e6:9.1f} MB made\n")  # fmt: skip


def main() -> None:
    """Run the counts one after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 20])
    parser.add_argument("--tiles", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=1024)
    parser.add_argument("--kind", choices=("h5", "pt", "npy"), default="h5")
    parser.add_argument("--link", action="store_true")
    parser.add_argument("--folder", type=Path, help="import this folder once, in this process")
    options = parser.parse_args()
    with TemporaryDirectory() as made:
        if options.folder is not None:
            import_once(options.folder, Path(made) / "bags.h5", link=options.link)
            return
        for count in options.counts:
            folder = Path(made) / str(count)
            write_bags(folder, count=count, tiles=options.tiles, dim=options.dim, kind=options.kind)
            ask = [sys.executable, "-m", "benchmarks.import_bags", "--folder", str(folder)]
            subprocess.run(ask + ["--link"] * options.link, check=True)


if __name__ == "__main__":
    main()
