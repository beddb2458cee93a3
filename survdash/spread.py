"""Spread independent pieces of work over processes of this machine, or over a Dask cluster by a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import joblib

from survdash.dask_client import START, connected
from survdash.errors import InputError
from survdash.settings import settings

R = TypeVar("R")


def spread(function: Callable[..., R], pieces: Sequence[Mapping[str, Any]], *, jobs: int) -> Iterator[R]:
    """Call ``function(**piece)`` for each piece and yield the results in the order of the pieces.

    Parameters
    ----------
    jobs : int
        Processes; 1 works here and now, -1 takes all cores. With ``SURVDASH_DASK`` set to the address of a scheduler
        and ``jobs`` other than 1, the workers of that cluster do the work, whatever ``jobs`` is; they must see the
        same files.

    Raises
    ------
    InputError
        If the cluster does not answer or has no worker, or its workers run several threads: chance in torch is shared
        by the threads of a process, so that results would no longer depend on the seed alone.
    """
    if jobs == 1:
        for piece in pieces:
            yield function(**piece)
        return
    with ExitStack() as stack:
        if settings().dask:
            stack.enter_context(_dask(settings().dask))
        tasks = (joblib.delayed(function)(**piece) for piece in pieces)
        yield from joblib.Parallel(n_jobs=-1 if settings().dask else jobs, return_as="generator")(tasks)


@contextmanager
def _dask(address: str) -> Iterator[None]:
    with connected(address, as_default=True) as client:
        threads = [worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
        if max(threads, default=1) > 1:
            raise InputError(
                f"The Dask cluster at {address} has {len(threads)} workers of up to {max(threads)} threads.",
                hint=START.format(address=address),
            )
        with joblib.parallel_config(backend="dask"):
            yield
