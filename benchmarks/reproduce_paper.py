"""Time and memory of the paper's protocol on bags of its size, and what all of it would take.

Writes bags of 80,000 tiles of 1,024 features (made numbers, float16 HDF5, 164 MB each) for the first patients of the
public BLCA table, runs ``reproduce`` on them in a process of its own, one method after the other, and reckons from
seconds a bag and epoch what 373 patients, five folds and 20 epochs take. Processor seconds are told, because a wall
clock counts what else the machine does. How long a bag takes to be read and scaled is told apart: on a GPU that is
what remains. Stopped, it goes on where it was; the bags are deleted at the end, unless ``--keep`` is given.
With ``--steps`` each method's training step on one such bag is timed instead, in a process of its own.

``python -m benchmarks.reproduce_paper [--bags 20] [--tiles 80000] [--epochs 1] [--methods glg,mcat] [--folder DIR]``
``python -m benchmarks.reproduce_paper --steps [--tiles 80000] [--methods glg,mcat]``
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py
import numpy as np
import pandas as pd

TABLES = Path(__file__).resolve().parents[2] / "shared" / "tcga"
METHODS = "snn,snntrans,attnmil,clam,transmil,porpoise,hfbsurv,mcat,dualtrans,glg"
PATIENTS, TRAINED_SHARE, FOLDS, EPOCHS = 373, 0.8, 5, 20
WITHOUT_SLIDES = ("snn", "snntrans")
GENE_DIMS = (82, 328, 513, 452, 1536, 452)  # symbols of the six functional groups


def write_bags(folder: Path, *, count: int, tiles: int) -> list[Path]:
    """Bags of ``count`` patients; the random numbers are drawn anew for each, so that nothing is cached twice."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.read_csv(TABLES / "blca_rnaseq_cnv.csv.zip", usecols=["case_id", "slide_id", "censorship"])
    table = table.drop_duplicates("case_id")
    dead, alive = table[table["censorship"] == 0], table[table["censorship"] == 1]
    chosen = pd.concat([dead.head(count // 2), alive.head(count - count // 2)])
    made = []
    for number, slide in enumerate(chosen["slide_id"]):
        path = folder / f"{Path(slide).stem}.h5"
        made.append(path)
        if path.is_file():
            continue
        rng = np.random.default_rng(number)
        part = path.with_suffix(".part")
        with h5py.File(part, "w") as file:
            features = file.create_dataset("features", (tiles, 1024), np.float16)
            for start in range(0, tiles, 8192):
                size = min(8192, tiles - start)
                features[start:start + size] = np.abs(rng.standard_normal((size, 1024), dtype=np.float32))
            file["coords"] = rng.integers(0, 100_000, (tiles, 2)).astype(np.int32)
        part.rename(path)
    return made


def read_and_scale(paths: list[Path]) -> float:
    """Processor seconds to read one bag and bring it to the network's scale, mean of three."""
    from survdash.training.scaling import fit_scaler

    with h5py.File(paths[0]) as file:
        scaler = fit_scaler(file["features"][:2000].astype(np.float32))
    start = time.process_time()
    for path in paths[:3]:
        with h5py.File(path) as file:
            scaler.apply(file["features"][:])
    return (time.process_time() - start) / min(3, len(paths))


def time_step(method: str, tiles: int) -> None:
    """Print processor seconds of one training step on one bag (the second of two), and the largest memory."""
    import torch

    from survdash.case import Survival
    from survdash.nets.registry import build
    from survdash.training.network import case_loss, make_targets

    torch.set_num_threads(1)
    torch.manual_seed(0)
    reads_genes = method not in ("attnmil", "clam", "transmil")
    network = build(method, tile_dim=1024, gene_dims=GENE_DIMS if reads_genes else ())
    bag, genes = torch.randn(tiles, 1024).abs(), [torch.randn(1, width) for width in GENE_DIMS] if reads_genes else []
    survival = Survival(time_months=np.array([20.0]), event=np.array([True]))
    targets = make_targets(survival, np.array([0.0, 10, 30, 50, 100]), device="cpu")
    spent = 0.0
    for _ in range(2):
        start = time.process_time()
        case_loss(network(bag, torch.tensor([tiles]), genes), targets, loss="nll").sum().backward()
        spent = time.process_time() - start
    print(json.dumps({"cpu_s": spent, "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))


def show_steps(methods: list[str], tiles: int) -> None:
    """A row a method: a step on one bag, and what all steps of the protocol take."""
    passes = PATIENTS * TRAINED_SHARE * FOLDS * EPOCHS
    print(f"One training step on a bag of {tiles:,} tiles, one thread; the whole: {passes:,.0f} steps.")
    print("| method | processor s | memory, GB | whole, processor h |\n|---|---|---|---|", flush=True)
    for method in methods:
        made = subprocess.run([sys.executable, "-m", "benchmarks.reproduce_paper", "--step", method, "--tiles",
                               str(tiles)], capture_output=True, text=True, check=False)  # fmt: skip
        if made.returncode:
            print(f"| {method} | failed: {made.stderr.strip().splitlines()[-1][:80]} | | |", flush=True)
            continue
        found = json.loads(made.stdout)
        print(f"| {method} | {found['cpu_s']:.1f} | {found['memory_gb']:.1f} | {found['cpu_s'] * passes / 3600:.0f} |",
              flush=True)  # fmt: skip


def run(method: str, options: argparse.Namespace) -> dict[str, float]:
    """One method by the command, in a process of its own: its processor seconds, wall seconds and largest memory."""
    folder: Path = options.folder
    arguments = [sys.executable, "-m", "survdash", "reproduce", "--cohort", "BLCA", "--bags", str(folder / "bags"),
                 "--out", str(folder / method), "--epochs", str(options.epochs), "--methods", method,
                 "--ablations", "none", "--json"]  # fmt: skip
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=os.environ | {"SURVDASH_DATA_DIR": str(options.folder / "data")})  # fmt: skip
    most = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            most = max(most, *(int(line.split()[1]) / 1e6 for line in status.splitlines() if line.startswith("VmHWM")))
        except (FileNotFoundError, ProcessLookupError, ValueError, TypeError):
            pass
        time.sleep(0.5)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{method} failed with status {process.returncode}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads((options.folder / method / "reproduction.json").read_text())
    return {"cpu_s": spent, "wall_s": time.perf_counter() - start, "memory_gb": most,
            "patients": told["patients"]}  # fmt: skip


def main() -> None:
    """Make the bags, run the methods, print a row each and the estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bags", type=int, default=20)
    parser.add_argument("--tiles", type=int, default=80_000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--methods", default=METHODS)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/survdash-reproduce"))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--steps", action="store_true", help="time a step of each method instead")
    parser.add_argument("--step", metavar="METHOD", help="time this one's, here")
    options = parser.parse_args()
    if options.step:
        time_step(options.step, options.tiles)
        return
    if options.steps:
        show_steps([name for name in options.methods.split(",") if name not in WITHOUT_SLIDES], options.tiles)
        return
    if not TABLES.is_dir():
        print(f"Skipped: no tables at {TABLES}.")
        return
    paths = write_bags(options.folder / "bags", count=options.bags, tiles=options.tiles)
    reading = read_and_scale(paths)
    passes = PATIENTS * TRAINED_SHARE * FOLDS * EPOCHS
    print(f"{len(paths)} bags of {options.tiles:,} tiles; reading and scaling one: {reading:.2f} processor seconds, so "
          f"{reading * passes / 3600:.0f} h for the {passes:,.0f} passes of one method.")  # fmt: skip
    print("| method | patients | epochs | processor s | wall s | memory, GB | s a bag and epoch | whole, processor h |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for method in options.methods.split(","):
        found = run(method, options)
        bags = found["patients"] * TRAINED_SHARE * FOLDS * options.epochs
        each = found["cpu_s"] / bags
        cells = (method, f"{found['patients']:.0f}", options.epochs, f"{found['cpu_s']:.0f}", f"{found['wall_s']:.0f}",
                 f"{found['memory_gb']:.1f}", f"{each:.2f}", f"{each * passes / 3600:.0f}")
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    if not options.keep:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
