"""Who may look at a slide: a page that shows it grants an hour, the tile route lets in whoever has such a grant.

A grant (``survdash.session_token``) names the slide by its SHA-256: no path and no name stands in an address. The page
that grants it also tells this process where the slide lies.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from pathlib import Path

from survdash.errors import InputError
from survdash.session_token import make_grant, read_grant

PURPOSE = "look at a slide"
LASTS_S = 3600
STEP_S = 900  # grants made within one step are the same, so that a page drawn again does not change its addresses
MOST_KNOWN = 512
SHA256 = re.compile(r"[0-9a-f]{64}")

_known: OrderedDict[str, Path] = OrderedDict()
_lock = threading.Lock()


def grant_slide(sha256: str, path: Path, *, now: float | None = None) -> str:
    """What stands in the addresses of a slide that the page shows and that lies at ``path``.

    It holds for an hour, or up to a quarter of an hour longer.

    Raises
    ------
    InputError
        If the slide is not named by its hash.
    """
    if SHA256.fullmatch(sha256) is None:
        raise InputError("A slide is shown by its hash, and this is none.")
    with _lock:
        _known[sha256] = path
        _known.move_to_end(sha256)
        while len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    moment = time.time() if now is None else now
    return make_grant(PURPOSE, sha256, seconds=LASTS_S, now=(moment // STEP_S + 1) * STEP_S)


def granted_place(grant: str, *, now: float | None = None) -> Path | None:
    """Where the slide of a good grant lies; None after a restart, until a page shows it again.

    Raises
    ------
    InputError
        If the grant is forged, of something else, or has run out.
    """
    sha256 = read_grant(grant, purpose=PURPOSE, now=now)
    with _lock:
        return _known.get(sha256)
