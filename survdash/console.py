"""What every command keeps to: one line for a fault of the user's, and an end that leaves nothing running."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from survdash.errors import InputError
from survdash.progress import Progress
from survdash.settings import settings

# Faults of a disk, which name no file.
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments, as every other fault is said."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError, with the way to the help."""
        raise InputError(f"{message.rstrip('.')}.", hint=f"See: {self.prog} --help")


@contextmanager
def places_in_words(out: Path | None) -> Iterator[None]:
    """A place that cannot be written, ``--out`` or the data folder, is the user's to change, and no fault of ours."""
    try:
        yield
    except OSError as error:
        named = [Path(os.path.abspath(name)) for name in (error.filename, error.filename2) if isinstance(name, str)]
        for place, hint in ((out, "Choose another --out."), (settings().data_dir, "Set SURVDASH_DATA_DIR to another.")):
            if place is not None and (error.errno in DISK_FAULTS or any(_is_at(path, place) for path in named)):
                raise InputError(f"{place} cannot be written: {error.strerror}.", hint=hint) from error
        raise


@contextmanager
def interrupt_for_us_alone() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started inside: each would print a traceback; we end them.

    They inherit that the signal is held back. Here it reaches the main thread by way of one that lets it in.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()  # started later, it would let the signal in again
    over = threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        over.set()


def _is_at(path: Path, place: Path) -> bool:
    """Whether ``path`` is the place, above it, in it, or the file beside it under which it is first written."""
    whole = Path(os.path.abspath(place))
    beside = path.parent == whole.parent and path.name.startswith(f".{whole.name}.")
    return beside or path == whole or whole.is_relative_to(path) or path.is_relative_to(whole)


class Bar:
    """A progress bar on a terminal, nothing in a pipe."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._step = ""

    def report(self, progress: Progress) -> None:
        """Draw where the work stands."""
        if not sys.stderr.isatty():
            return
        if self._bar is None or progress.step != self._step:
            self.close()
            self._bar, self._step = tqdm(total=progress.total or None, desc=progress.step, leave=False), progress.step
        self._bar.total = progress.total or None
        self._bar.n = progress.done
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def answer_lines(answer: dict[str, Any] | list[Any], indent: str = "") -> list[str]:
    """An answer for people: one ``name: value`` a line."""
    if isinstance(answer, list):
        return [indent + (", ".join(f"{k}: {_short(v)}" for k, v in row.items()) if isinstance(row, dict) else str(row))
                for row in answer] or [f"{indent}none"]  # fmt: skip
    lines = []
    for key, value in answer.items():
        if isinstance(value, (dict, list)) and value and not _is_flat(value):
            lines += [f"{indent}{key}:", *answer_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_short(value)}")
    return lines


def _is_flat(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, (dict, str)) for item in value)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) > 6:
        return f"{len(value)} values"
    return str(value)
