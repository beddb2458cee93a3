"""Read the next batch while this one computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def prefetched(load: Callable[[K], V], keys: Iterable[K]) -> Iterator[tuple[K, V]]:
    """Yield ``(key, load(key))`` in order; one thread loads one ahead, so that two values at most are in memory.

    ``load`` must draw no chance from torch: what it returns may not depend on when it runs.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="survdash-read") as reader:
        waiting: tuple[K, Future[V]] | None = None
        for key in keys:
            following = (key, reader.submit(load, key))
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting is not None:
            yield waiting[0], waiting[1].result()
