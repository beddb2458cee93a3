"""Whether HDF5 files can be walked through at all: tried in a process of its own, before this one opens them.

The HDF5 library runs in circles on some damaged files, and crashes on others, where nothing can stop it but the end of
its process. A child opens each file first and visits every attribute, dataset and index of chunks.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

PATIENCE_S = 30.0
# The child sees paths, one a line, and answers with a line for each; it imports nothing of survdash.
CHILD = """
import os, sys
import h5py

def visit(group):
    dict(group.attrs)
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        entry = group[name]
        if isinstance(entry, h5py.Group):
            visit(entry)
        elif isinstance(entry, h5py.Dataset):
            dict(entry.attrs)
            if entry.chunks is not None and not entry.is_virtual:
                entry.id.get_num_chunks()

for line in sys.stdin.buffer:
    try:
        with h5py.File(os.fsdecode(bytes.fromhex(line.decode())), "r") as file:
            visit(file)
    except Exception:
        pass  # said in words by the process that asked, which meets the same error
    print("walked", flush=True)
"""


def find_unwalkable(paths: Sequence[Path], *, patience_s: float = PATIENCE_S) -> dict[Path, str]:
    """Files on which HDF5 crashes or does not come to an end, and which of both; others may still be damaged.

    Parameters
    ----------
    paths : sequence of Path
    patience_s : float
        For one file.
    """
    waiting, faults = list(paths), {}
    while waiting:
        walked, why = _walk(waiting, patience_s)
        if walked == len(waiting):
            break
        faults[waiting[walked]] = why
        waiting = waiting[walked + 1 :]
    return faults


def _walk(paths: Sequence[Path], patience_s: float) -> tuple[int, str]:
    """How many of ``paths`` one child walks through, and what became of it at the next."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    answers: Queue[bytes] = Queue()

    def listen() -> None:
        if child.stdout is not None:
            for line in child.stdout:
                answers.put(line)
        answers.put(b"")

    Thread(target=listen, daemon=True).start()
    try:
        if child.stdin is None:
            return 0, "it cannot be tried"
        for number, path in enumerate(paths):
            try:
                child.stdin.write(path.resolve().as_posix().encode(errors="surrogateescape").hex().encode() + b"\n")
                child.stdin.flush()
                answer = answers.get(timeout=patience_s)
            except Empty:
                return number, "it is damaged: reading it does not come to an end"
            except OSError:
                answer = b""
            if not answer:
                return number, "it is damaged: the HDF5 library crashes on it"
        return len(paths), ""
    finally:
        child.kill()
        child.wait()
