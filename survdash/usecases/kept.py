"""Numbers that take seconds, kept on disk by the content of all that made them, for the next start of the server.

Only for large cohorts; of small ones they are computed sooner than read. No patient stands in what is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from survdash.settings import settings
from survdash.store import digest, write_json

LARGE = 2000  # patients


def kept(name: str, version: int, *arrays: np.ndarray, compute: Callable[[], tuple[float, ...]]) -> tuple[float, ...]:
    """What ``compute`` gives, computed once for each content.

    Parameters
    ----------
    name, version
        Of the computation; the version changes with its results.
    *arrays : ndarray
        Numbers, all that goes in; the first one's length says whether the cohort is large.
    compute : callable
        Gives finite numbers; what it raises is not kept.
    """
    if len(arrays[0]) <= LARGE:
        return compute()
    parts = [[str(one.dtype), hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest()] for one in arrays]
    path = settings().data_dir / "statistics" / f"{digest({'name': name, 'version': version, 'arrays': parts})}.json"
    with suppress(OSError, ValueError, TypeError):  # not there, or damaged: then it is made again
        return tuple(float(one) for one in json.loads(path.read_text(encoding="utf-8")))
    made = compute()
    with suppress(OSError):  # a full or read-only disk spares nobody the answer
        write_json(path, list(made))
    return made
