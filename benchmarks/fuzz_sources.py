"""Random bytes and mutated files through every importer: nothing but a SurvdashError may come out, and soon.

Each importer has its own process, so that a crash of a library is found and not the end; an input that takes longer
than ``--seconds`` of processor time, or more memory than ``--gigabytes`` beyond what the libraries take, is a finding
too. What was found is written to ``--out``, one file or folder each, with the traceback beside it.

``python -m benchmarks.fuzz_sources --minutes 10 [--only NAME ...] [--seed 0] [--out FOLDER]``
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.fuzz_doors import Door, make_doors
from benchmarks.fuzz_work_doors import make_work_doors
from survdash.errors import SurvdashError

TOKENS = (
    b"nan", b"inf", b"1e999", b"1e308", b"9" * 30, b"=1+1", b"=cmd|' /C calc'!A0", b"\0", b'"', b'""', b"'", b",",
    b";", b"\t", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\0\0", b"\xe4", "\u202e".encode(),
    b"../..", b"/", b"NA", b"#REF!", b"2023-09-02", b"1,5", b"<b>", b"{", b"[" * 300, b"-", b"0", b"True",
    b"\xf0\x9f\x92\x80", b"P0", b"case_id", b"TP53_rna", b"ENSG00000141510", b"1-Mar",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came out that must not."""

    door: str
    error: str
    trace: str


def mutate(content: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """One to four random changes of a sound file; now and then random bytes alone."""
    if dice.random() < 0.05:
        return dice.randbytes(dice.choice([0, 1, 7, 100, 3000]))
    data = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 4])):
        place, size = dice.randrange(len(data) + 1), dice.choice([1, 2, 8, 64, 1000])
        match dice.randrange(9):
            case 0 if data:
                data[min(place, len(data) - 1)] ^= 1 << dice.randrange(8)
            case 1:
                data[place : place + size] = dice.randbytes(size)
            case 2:
                del data[place : place + size]
            case 3:
                data[place:place] = data[place : place + size] * dice.choice([1, 2, 50])
            case 4:
                data[place:place] = dice.choice(TOKENS)
            case 5:
                token = dice.choice(TOKENS)
                data[place : place + len(token)] = token
            case 6:
                del data[place:]
            case 7:
                other = dice.choice(others)
                start = dice.randrange(len(other) + 1)
                data[place : place + size] = other[start : start + size]
            case _:
                # The size and offset fields of binary formats: extreme numbers of 2, 4 or 8 bytes.
                width = dice.choice([2, 4, 8])
                number = dice.choice([0, 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1, 2 ** (8 * width - 2)])
                data[place : place + width] = number.to_bytes(width, dice.choice(["little", "big"]))
    return mutate_cells(bytes(data), dice) if dice.random() < 0.2 else bytes(data)


def mutate_cells(content: bytes, dice: random.Random) -> bytes:
    """Another value in one cell, or two columns or lines swapped, where the file is a text table."""
    lines = content.split(b"\n")
    if len(lines) < 2 or b"," not in lines[0]:
        return content
    line = dice.randrange(len(lines))
    cells = lines[line].split(b",")
    cells[dice.randrange(len(cells))] = dice.choice(TOKENS)
    lines[line] = b",".join(cells)
    if dice.random() < 0.3:
        lines.insert(dice.randrange(len(lines)), lines[dice.randrange(len(lines))])
    return b"\n".join(lines)


class TooSlowError(Exception):
    """An input took longer than it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TooSlowError`` after so much processor time."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} s")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def try_once(name: str, door: Door, folder: Path, dice: random.Random, *, seconds: float) -> Finding | None:
    """Write one mutated input into ``folder`` and read it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, content in door.inside:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    file, content = dice.choice(door.seeds)
    (folder / file).write_bytes(mutate(content, dice, [one for _, one in door.seeds]))
    try:
        with time_limit(seconds):
            door.read(folder if door.inside else folder / file)
    except SurvdashError as error:
        if len(error.message) > 6000:
            return Finding(door=name, error="endless message", trace=error.message[:500])
    except BaseException as error:  # whatever comes out is what is looked for
        return Finding(door=name, error=f"{type(error).__name__}: {error}"[:200], trace=traceback.format_exc())
    return None


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended: HDF5 files are probed in one of their own."""
    return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def fuzz_door(name: str, door: Door, *, seconds: float, seed: int, out: Path, limit_s: float, gigabytes: float) -> int:
    """Feed one importer for so many seconds of processor time; the number of inputs it was given."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(gigabytes * 1e9), hard))
    dice, began, count, seen = random.Random(f"{name} {seed}"), processor_seconds(), 0, set()
    folder = out / f"{name.replace(' ', '_')}.now"  # what a crash leaves behind
    while processor_seconds() - began < seconds:
        count += 1
        found = try_once(name, door, folder, dice, seconds=limit_s)
        if found is None:
            continue
        where = found.trace.strip().splitlines()[-3:-1]
        if (found.error.partition(":")[0], *where) not in seen:
            seen.add((found.error.partition(":")[0], *where))
            kept = out / f"{name.replace(' ', '_')}-{len(seen)}"
            shutil.copytree(folder, kept)
            (kept / "traceback.txt").write_text(found.trace)
    shutil.rmtree(folder, ignore_errors=True)
    (out / f"{name.replace(' ', '_')}.count").write_text(str(count))
    return len(seen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz and say what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.5, help="processor time over all importers")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20.0, help="most that one input may take")
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as made:
        out = options.out or Path(made) / "found"
        out.mkdir(parents=True, exist_ok=True)
        doors = make_doors(Path(made)) | make_work_doors(Path(made) / "work")
        doors = {name: doors[name] for name in doors if not options.only or name in options.only}
        worst = 0
        for name, door in doors.items():
            child = os.fork()
            if child == 0:
                status = fuzz_door(name, door, seconds=60 * options.minutes / len(doors), seed=options.seed, out=out,
                                   limit_s=options.seconds, gigabytes=options.gigabytes)  # fmt: skip
                os._exit(min(status, 100))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            counted = out / f"{name.replace(' ', '_')}.count"
            inputs = counted.read_text() if counted.exists() else "?"
            said = f"crashed by signal {-status}" if status < 0 else f"{status} findings"
            sys.stdout.write(f"{name:12} {inputs:>7} inputs  {said}\n")
            sys.stdout.flush()
            worst = max(worst, abs(status))
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
