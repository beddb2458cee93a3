"""One file from the network: streamed, resumed, checked.

Nothing is at the final path before its checksum fits; what has arrived so far waits beside it in ``<name>.part``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx
import stamina

from survdash.errors import DownloadError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.store import file_sha256

STEP = "Downloading"
ATTEMPTS = 4
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
BLOCK_BYTES = 1 << 20
PARTIAL, RANGE_REFUSED = 206, 416


def _note_retry(details: stamina.instrumentation.RetryDetails) -> None:
    logging.getLogger(__name__).debug("attempt %d failed: %s", details.retry_num, details.caused_by)


# stamina's own hook warns on stderr, before the one line that says what is wrong.
stamina.instrumentation.set_on_retry_hooks([_note_retry])


class _RetryableStatusError(Exception):
    """The server is busy or broken for now."""


def fetch_file(
    url: str,
    path: Path,
    *,
    sha256_prefix: str | None,
    token: str = "",
    report: Report = silent,
    cancel: Cancel | None = None,
) -> None:
    """Make sure that ``path`` holds the file of ``url``.

    A file that is there already, for instance put there by hand, is used after its checksum is verified; then the
    network is not touched. A broken transfer goes on where it stopped, also in a later run.

    Parameters
    ----------
    url : str
    path : Path
    sha256_prefix : str or None
        Leading hex digits of the SHA-256 that the file must have, at least eight; None where nobody states it.
    token : str
        Shown to the server of ``url``, not to servers that it redirects to.
    report : callable
        Called with the step "Downloading", in bytes.
    cancel : Cancel, optional
        Looked at between blocks; what has arrived is kept for the next try.

    Raises
    ------
    DownloadError
        If the file cannot be fetched, or a file does not have the checksum; names the file, the URL and where to put
        it by hand.
    Cancelled
        If ``cancel`` is set.
    """
    if path.exists():
        _verify(path, sha256_prefix, url=url, hint=f"Delete {path}, or put the file of {url} there.", shown=path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    by_hand = f"On a machine with network fetch {url} and put it at {path}; it is used once its checksum fits."
    with _locked(part) as file:
        if path.exists():  # another process was quicker
            _verify(path, sha256_prefix, url=url, hint=by_hand, shown=path)
            return
        try:
            for attempt in stamina.retry_context(
                on=(httpx.TransportError, _RetryableStatusError), attempts=ATTEMPTS, wait_initial=0.2, wait_max=3.0
            ):
                with attempt:
                    _stream(url, file, token=token, report=report, cancel=cancel)
        except (httpx.HTTPError, httpx.InvalidURL, _RetryableStatusError) as error:
            raise DownloadError(
                f"{path.name} could not be fetched from {url}: {_reason(error)}.", hint=by_hand
            ) from error
        try:
            _verify(part, sha256_prefix, url=url, hint=by_hand, shown=path)
        except DownloadError:
            part.unlink()
            raise
        os.fsync(file.fileno())
        os.replace(part, path)


def _stream(url: str, file: BinaryIO, *, token: str, report: Report, cancel: Cancel | None) -> None:
    """Append to ``file`` what is still missing of ``url``."""
    check_cancel(cancel, step=STEP)
    done = file.seek(0, os.SEEK_END)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT) as answer:
        if answer.status_code == RANGE_REFUSED and done:
            if answer.headers.get("Content-Range", "") == f"bytes */{done}":
                return  # all of it has arrived; the checksum decides
            file.truncate(0)
            raise _RetryableStatusError("the server could not go on with the part that is here")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _RetryableStatusError(f"the server answered {answer.status_code}")
        answer.raise_for_status()
        if answer.status_code != PARTIAL or not answer.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            done = 0
            file.truncate(0)
        length = answer.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else 0
        for block in answer.iter_raw(BLOCK_BYTES):
            check_cancel(cancel, step=STEP)
            file.write(block)
            done += len(block)
            report(Progress(step=STEP, done=done, total=total, message=url.rsplit("/", 1)[-1]))
    file.flush()
    if total and done < total:
        raise httpx.ReadError(f"the transfer stopped after {done} of {total} bytes")


def _verify(path: Path, prefix: str | None, *, url: str, hint: str, shown: Path) -> None:
    if prefix is None:
        return
    found = file_sha256(path)
    if len(prefix) < 8 or not found.startswith(prefix.lower()):
        raise DownloadError(
            f"{shown.name} from {url} has the SHA-256 {found[:16]}..., not {prefix[:16]}...: it is another file or "
            f"damaged ({shown}).",
            hint=hint,
        )


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return str(error).strip().rstrip(".") or type(error).__name__


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """Open ``part`` for appending, one process at a time; the lock dies with its owner."""
    with part.open("ab") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
