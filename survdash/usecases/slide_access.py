"""Who may look at a slide: a page signs a short-lived pass, the tile route lets in whoever shows a good one.

A pass names a slide by its SHA-256 and says until when it holds, signed (HMAC-SHA256) with a secret of this
installation, ``viewer.key`` in the data folder, for this user's eyes alone. No path and no name stands in an address. A
pass is made only by a page that shows the slide; the same page tells this process where the slide lies.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from survdash.settings import settings

KEY_FILE, KEY_BYTES = "viewer.key", 32
LASTS_S = 3600
STEP_S = 900  # passes made within one step are the same, so that a page drawn again does not change its addresses
MOST_KNOWN = 512
SHA256, DIGITS = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9]{1,12}")
PURPOSE = b"survdash slide viewer 1"


@dataclass(frozen=True, slots=True)
class SlidePass:
    """What stands in the address of a tile."""

    sha256: str
    expires: int
    signature: str

    @property
    def path(self) -> str:
        """The three, as they stand in the address."""
        return f"{self.sha256}/{self.expires}/{self.signature}"


_known: OrderedDict[str, Path] = OrderedDict()
_lock = threading.Lock()


def grant_pass(sha256: str, path: Path, *, now: float | None = None) -> SlidePass:
    """A pass for a slide that the page shows, which lies at ``path``; it holds for an hour or somewhat more."""
    with _lock:
        _known[sha256] = path
        _known.move_to_end(sha256)
        while len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    moment = time.time() if now is None else now
    expires = (int(moment) // STEP_S + 1) * STEP_S + LASTS_S
    return SlidePass(sha256=sha256, expires=expires, signature=_sign(sha256, expires))


def admitted(sha256: str, expires: str, signature: str, *, now: float | None = None) -> bool:
    """Whether a pass is one of ours and still holds; compared in a time that does not depend on the signature."""
    if SHA256.fullmatch(sha256) is None or DIGITS.fullmatch(expires) is None or SHA256.fullmatch(signature) is None:
        return False
    genuine = hmac.compare_digest(_sign(sha256, int(expires)), signature)
    return genuine and int(expires) > (time.time() if now is None else now)


def known_place(sha256: str) -> Path | None:
    """Where the slide of a good pass lies; None after a restart, until a page shows it again."""
    with _lock:
        return _known.get(sha256)


def _sign(sha256: str, expires: int) -> str:
    message = b"\0".join((PURPOSE, sha256.encode("ascii"), str(expires).encode("ascii")))
    return hmac.new(_secret(settings().data_dir), message, hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _secret(folder: Path) -> bytes:
    """The secret of this installation, made when it is first needed; two processes that make it at once agree."""
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where the other was faster
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
