"""Work on the workers of a Dask scheduler, on this machine or others: the setting ``SURVDASH_DASK`` says where.

The workers share the data folder with us: there a slide's finished blocks lie, so that what a worker did before it died
is not done again by the next. Dask sends functions as pickles, and whoever reaches the scheduler or a worker can run
code there: they belong in a network that is trusted, or behind Dask's own TLS.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from survdash import __version__
from survdash.dask_client import START, Lost, as_done, connected
from survdash.errors import InputError, SurvdashError
from survdash.settings import settings

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How a worker knows that its folders are ours."""

    version: str
    token: str
    out: Path


class Spread(Protocol):
    """Maps work over items, on the workers."""

    def __call__(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R | Lost]]:
        """Each item with its result, in the order in which they are done."""
        ...


@contextmanager
def cluster(address: str, *, out: Path) -> Iterator[Spread]:
    """Connect to a scheduler; gives a function that maps work over items, results as they are done.

    Parameters
    ----------
    address : str
        As ``tcp://host:8786``.
    out : Path
        A folder that the work writes to; it must be there for the workers too, under the same name.

    Yields
    ------
    callable
        ``(work, items)`` to an iterator of each item with its result, or with ``Lost``. ``work`` is a function of a
        module that the workers can import; its results and errors go over the wire.

    Raises
    ------
    InputError
        If there is no scheduler or no worker, or a worker has another survdash or other folders. From the iterator: if
        the scheduler goes, or no worker comes back.
    """
    with connected(address) as client, _token() as token:
        place = _Place(version=__version__, token=token, out=out.resolve())
        _check_workers(client, address, place)
        yield partial(_map, client, place)


@contextmanager
def _token() -> Iterator[str]:
    """A file in our data folder, by whose name a worker sees whether its data folder is the same."""
    token = secrets.token_hex(8)
    path = _token_path(token)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)


def _token_path(token: str) -> Path:
    return settings().data_dir / "locks" / f"{token}.cluster"


def _check_workers(client: Client, address: str, place: _Place) -> None:
    for worker, fault in client.run(_check_here, place, on_error="return").items():
        if isinstance(fault, SurvdashError):
            raise fault
        if isinstance(fault, Exception):
            raise InputError(
                f"Dask worker {worker} cannot run survdash: {fault}.", hint=START.format(address=address)
            ) from fault


def _check_here(place: _Place) -> None:
    """Run by a worker: whether it may do the work."""
    name = f"The Dask worker with process number {os.getpid()} on {os.uname().nodename}"
    if place.version != __version__:
        raise InputError(f"{name} has survdash {__version__}; here is {place.version}.", hint="Install one version.")
    if not _token_path(place.token).is_file():
        raise InputError(
            f"{name} has the data folder {settings().data_dir}, which is not the one here.",
            hint="Start it with SURVDASH_DATA_DIR set to a folder that all machines share.",
        )
    if not os.access(place.out, os.W_OK):
        raise InputError(f"{name} cannot write to {place.out}.", hint="Choose an --out that all machines share.")


def _work_here(work: Callable[[T], R], place: _Place, item: T) -> R:
    """Run by a worker that may have come later than the others."""
    _check_here(place)
    return work(item)


def _map(
    client: Client, place: _Place, work: Callable[[T], R], items: Sequence[T]
) -> Iterator[tuple[T, R | Lost]]:
    futures = client.map(partial(_work_here, work, place), items, pure=False, key=f"survdash-{place.token}")
    for number, found in as_done(client, futures):
        yield items[number], found
