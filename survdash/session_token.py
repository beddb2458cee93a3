"""Short-lived grants that a page hands to its own visitor, for the app's routes beside the pages.

Streamlit guards its own addresses, not ours: a route that takes a file or gives a slide's tiles must know by itself
that a page of this server allowed it. A grant names what it is for (its purpose), which thing it opens (its subject)
and when it ends, signed with a secret that lies in the data folder for this user alone. It is sent in a header or an
address, never in a cookie, so that no other site can make a visitor's browser send it along.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from survdash.errors import InputError
from survdash.settings import settings

SECRET_BYTES = 32
GRANT_SECONDS = 900.0
MAX_CHARACTERS = 1000  # of a grant: what is longer was not made here
STALE = "Load the page again; what was given so far is not lost."


def make_grant(purpose: str, subject: str, *, seconds: float = GRANT_SECONDS, now: float | None = None) -> str:
    """A signed text that opens one thing for a while.

    Parameters
    ----------
    purpose : str
        Which route it is for: a grant for one is worth nothing at another.
    subject : str
        What it opens, for instance an upload's number and part.
    seconds : float
        How long it holds.
    now : float, optional
        Seconds since 1970; the clock's by default.

    Returns
    -------
    str
        Letters, digits, ``-``, ``_`` and one dot, so it can stand in an address.
    """
    ends = (time.time() if now is None else now) + seconds
    body = json.dumps([purpose, subject, round(ends, 3)], separators=(",", ":")).encode()
    return f"{_text(body)}.{_text(_sign(body))}"


def read_grant(grant: str, *, purpose: str, now: float | None = None) -> str:
    """The subject of a grant that this server made for ``purpose`` and that still holds.

    Raises
    ------
    InputError
        If it is not such a grant; the message does not say which of these it was.
    """
    body_text, _, signature = grant.partition(".")
    try:
        if len(grant) > MAX_CHARACTERS:
            raise ValueError
        body = _bytes(body_text)
        # The signature first: nothing of a forged body is looked at.
        if not hmac.compare_digest(_bytes(signature), _sign(body)):
            raise ValueError
        made_for, subject, ends = json.loads(body)
        if made_for != purpose or ends < (time.time() if now is None else now):
            raise ValueError
    except (ValueError, TypeError, binascii.Error) as error:
        raise InputError("This page's permission has ended or is not for this.", hint=STALE) from error
    return str(subject)


def pseudonym(text: str) -> str:
    """A name in place of another, always the same in this data folder; without its secret nobody finds the way back.

    Examples
    --------
    >>> pseudonym("Miller, Anna") == pseudonym("Miller, Anna") != pseudonym("Miller, Bernd")
    True
    """
    return f"case-{_sign(f'pseudonym {text}'.encode()).hex()[:12]}"


def refuse_other_sites(headers: Mapping[str, str]) -> None:
    """Refuse a request that another site's page made a visitor's browser send.

    Parameters
    ----------
    headers : mapping
        Of the request, names in lower case. ``Origin`` must be the ``Host`` that was asked, or, behind a proxy that
        asks by another name, the ``X-Forwarded-Host``; a request without ``Origin`` is taken unless the browser says
        that it comes from elsewhere.

    Raises
    ------
    InputError
        If the request comes from another site.
    """
    origin = headers.get("origin")
    hosts = {host.lower() for name in ("host", "x-forwarded-host") if (host := headers.get(name, "").strip())}
    same = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not same or (origin is not None and urlsplit(origin).netloc.lower() not in hosts):
        raise InputError("This request comes from another site.", hint="Open the page of this server and use it there.")


def _secret() -> bytes:
    """The secret of this data folder, made on first use; several processes agree on the one that was first."""
    path = settings().data_dir / "session.key"
    try:
        return _read_secret(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(partial, path)  # unlike a rename it never takes the place of another's
    finally:
        partial.unlink(missing_ok=True)
    return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise InputError(f"{path.name} of the data folder is damaged.", hint="Delete it; a new one is made.")
    return secret


def _sign(body: bytes) -> bytes:
    return hmac.new(_secret(), body, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(data) != text:  # one spelling only: a last letter carries bits that mean nothing
        raise ValueError
    return data
