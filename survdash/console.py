"""What every command keeps to: one line for a fault of the user's, and an end that leaves nothing running."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from survdash.errors import InputError
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
