"""The one way to a Dask scheduler; who uses it decides what its workers must be like."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from survdash.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10.0
START = "Start them in survdash's folder: python -m dask worker {address} --nworkers 2 --nthreads 1"


@contextmanager
def connected(address: str, *, as_default: bool = False) -> Iterator[Client]:
    """Connect to a scheduler that has at least one worker.

    Parameters
    ----------
    address : str
        As ``tcp://host:8786``.
    as_default : bool
        Whether joblib and others in this process are to find this client.

    Raises
    ------
    InputError
        If no scheduler answers, or it has no worker.
    """
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said by us, once
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=as_default)
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
