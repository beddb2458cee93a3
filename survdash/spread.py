"""Spread independent pieces of work over processes of this machine, or over a Dask cluster by a setting."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import joblib

from survdash.dask_client import START, Lost, as_done, connected
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
        same files. What a worker was at when it died is done by another.

    Raises
    ------
    InputError
        If the cluster does not answer, has no worker or loses all of them, if one piece ends worker after worker, or
        if its workers run several threads: chance in torch is shared by the threads of a process, so that results
        would no longer depend on the seed alone.
    """
    if jobs == 1:
        for piece in pieces:
            yield function(**piece)
    elif settings().dask:
        yield from _by_cluster(settings().dask, function, pieces)
    else:
        tasks = (joblib.delayed(function)(**piece) for piece in pieces)
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)


def _by_cluster(address: str, function: Callable[..., R], pieces: Sequence[Mapping[str, Any]]) -> Iterator[R]:
    """In order, though they are done in another.

    What all pieces share, such as a cohort's values, goes to the scheduler once, as a task: a worker that dies takes
    its copy with it, and the next makes its own. (What is scattered instead, as joblib does, is gone with its worker,
    and with it all that needs it.)
    """
    with connected(address) as client:
        threads = [worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
        if max(threads, default=1) > 1:
            raise InputError(
                f"The Dask cluster at {address} has {len(threads)} workers of up to {max(threads)} threads.",
                hint=START.format(address=address),
            )
        own, mark = _own_of_each(pieces), f"survdash-{secrets.token_hex(8)}"
        shared = {name: value for name, value in (pieces[0] if pieces else {}).items() if name not in own}
        common: Any = client.submit(dict, shared, pure=False, key=f"{mark}-shared")
        each = [{name: piece[name] for name in own} for piece in pieces]
        futures = client.map(partial(_call, function), [common] * len(each), each, pure=False, key=mark)
        found: dict[int, R] = {}
        given = 0
        for number, result in as_done(client, futures):
            if isinstance(result, Lost):
                raise InputError(f"Piece {number + 1} of {len(pieces)}: {result.words}.",
                                 hint="Give the workers more memory, or start fewer of them on a machine.")  # fmt: skip
            found[number] = result
            while given in found:
                yield found.pop(given)
                given += 1


def _own_of_each(pieces: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of arguments that are not the very same object in all pieces."""
    first = pieces[0] if pieces else {}
    return [name for name in first if any(piece[name] is not first[name] for piece in pieces)]


def _call(function: Callable[..., R], shared: Mapping[str, Any], own: Mapping[str, Any]) -> R:
    return function(**shared, **own)
