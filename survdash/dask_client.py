"""The one way to a Dask scheduler; who uses it decides what its workers must be like."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from survdash.errors import InputError

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 10.0
ALONE_SECONDS, LOOK_SECONDS, WAIT_SECONDS = 60.0, 5.0, 0.1
GONE = "The Dask scheduler is gone."
START = "Start them in survdash's folder: python -m dask worker {address} --nworkers 2 --nthreads 1"


@dataclass(frozen=True, slots=True)
class Lost:
    """What there is in place of a result when every worker died that had an item."""

    words: str


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler that has at least one worker.

    Parameters
    ----------
    address : str
        As ``tcp://host:8786``.

    Raises
    ------
    InputError
        If no scheduler answers, or it has no worker.
    """
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said by us, once
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # no answer in time; no address; tls without certificates
        raise InputError(
            f"No Dask scheduler answers at {address}.",
            hint="Start one (python -m dask scheduler), or mend or remove SURVDASH_DASK.",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise InputError(
                f"The Dask scheduler at {address} has no worker.", hint=START.format(address=address)
            ) from error
        yield client


def as_done(client: Client, futures: Sequence[Future]) -> Iterator[tuple[int, Any]]:
    """Number and result of each future, as they are done; ``Lost`` where all workers died that had it.

    What a worker was at when it died is given to another. Those not done when this is left are called off.

    Raises
    ------
    InputError
        If the scheduler goes, or no worker comes back.
    Exception
        What the work itself raised.
    """
    from distributed import KilledWorker, as_completed

    number_of = {future.key: number for number, future in enumerate(futures)}
    done, left, company = as_completed(futures, loop=client.loop), len(futures), _Company(client)
    try:
        while left:
            for future in done.next_batch(block=False) or company.wait():
                left -= 1
                if future.cancelled():
                    raise _gone(GONE)
                error = future.exception()
                if isinstance(error, KilledWorker):
                    lost = Lost("every Dask worker that had it died; perhaps for want of memory")
                    yield number_of[future.key], lost
                elif error is not None:
                    raise error
                else:
                    yield number_of[future.key], future.result()
                future.release()
    finally:
        if client.status == "running":
            client.cancel(futures)  # what is being done on a worker is finished there


class _Company:
    """Watches, while we wait, that there is somebody to wait for."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._looked = self._seen = time.monotonic()

    def wait(self) -> tuple[()]:
        """Wait a moment.

        Raises
        ------
        InputError
            If the scheduler is gone, or there was no worker for too long.
        """
        time.sleep(WAIT_SECONDS)
        if self._client.status != "running":
            raise _gone(GONE)
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return ()
        self._looked = now
        try:
            workers = self._client.scheduler_info(n_workers=1)["workers"]
        except OSError as error:
            raise _gone(GONE) from error
        if workers:
            self._seen = now
        elif now - self._seen > ALONE_SECONDS:
            raise _gone(f"No Dask worker has been there for {ALONE_SECONDS:g} s.")
        return ()


def _gone(words: str) -> InputError:
    return InputError(words, hint="What was finished is kept: start again and it goes on there.")
