"""One file from the network: streamed, resumed, checked.

Nothing is at the final path before its checksum fits; what has arrived so far waits beside it in ``<name>.part``.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from survdash.errors import DownloadError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.sources.web import (
    CANCEL_LOOK_S,
    HEADERS,
    RETRIED,
    TIMEOUT,
    BusyServerError,
    check_busy,
    open_client,
    reason,
    retries,
)
from survdash.store import BLOCK_BYTES, file_sha256

STEP = "Downloading"
PARTIAL, RANGE_REFUSED = 206, 416


def fetch_file(
    url: str,
    path: Path,
    *,
    sha256_prefix: str | None = None,
    md5: str | None = None,
    size: int | None = None,
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
    md5 : str or None
        The same for the MD5, all 32 digits: what the GDC states.
    size : int or None
        Bytes that the file must have; a server that sends more is stopped there.
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
    stated = _Stated(sha256_prefix=sha256_prefix, md5=md5, size=size)
    if path.exists():
        _verify(path, stated, url=url, hint=f"Delete {path}, or put the file of {url} there.", shown=path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    by_hand = f"On a machine with network fetch {url} and put it at {path}; it is used once its checksum fits."
    with _locked(part, cancel) as file:
        if path.exists():  # another process was quicker
            _verify(path, stated, url=url, hint=by_hand, shown=path)
            return
        try:
            _persist(url, file, stated, token=token, report=report, cancel=cancel)
        except (httpx.HTTPError, httpx.InvalidURL, BusyServerError) as error:
            raise DownloadError(
                f"{path.name} could not be fetched from {url}: {reason(error)}.", hint=by_hand
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DownloadError(
                f"The disk is full: {path.name} cannot be stored in {path.parent}.",
                hint="Make room and start again; what has arrived is kept.",
            ) from error
        try:
            _verify(part, stated, url=url, hint=by_hand, shown=path)
        except DownloadError:
            part.unlink()
            raise
        os.fsync(file.fileno())
        os.replace(part, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """What others say of the file."""

    sha256_prefix: str | None
    md5: str | None
    size: int | None


def _persist(
    url: str, file: BinaryIO, stated: _Stated, *, token: str, report: Report, cancel: Cancel | None
) -> None:
    """Try again as long as something arrives: a file of gigabytes may break off more often than a request may fail."""
    while True:
        arrived = file.seek(0, os.SEEK_END)
        try:
            for attempt in retries():
                with attempt:
                    _stream(url, file, stated, token=token, report=report, cancel=cancel)
        except RETRIED:
            if file.seek(0, os.SEEK_END) <= arrived:
                raise
        else:
            return


def _stream(
    url: str, file: BinaryIO, stated: _Stated, *, token: str, report: Report, cancel: Cancel | None
) -> None:
    """Append to ``file`` what is still missing of ``url``."""
    check_cancel(cancel, step=STEP)
    done = file.seek(0, os.SEEK_END)
    headers = HEADERS | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    with open_client(TIMEOUT) as client, client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == RANGE_REFUSED and done:
            if answer.headers.get("Content-Range", "") == f"bytes */{done}" or done == stated.size:
                return  # all of it has arrived; the checksum decides
            file.truncate(0)
            raise BusyServerError("the server could not go on with the part that is here")
        check_busy(answer, cancel=cancel, step=STEP)
        answer.raise_for_status()
        if answer.status_code != PARTIAL or not answer.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            done = 0
            file.truncate(0)
        length = answer.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else stated.size or 0
        # As it arrives, not in blocks of ours: a slow transfer is stopped as quickly as a fast one.
        for block in answer.iter_raw():
            check_cancel(cancel, step=STEP)
            file.write(block)
            done += len(block)
            if stated.size is not None and done > stated.size:
                break
            report(Progress(step=STEP, done=done, total=total, message=url.rsplit("/", 1)[-1]))
    file.flush()
    if total and done < total:
        raise httpx.ReadError(f"the transfer stopped after {done} of {total} bytes")


def _verify(path: Path, stated: _Stated, *, url: str, hint: str, shown: Path) -> None:
    if stated.size is not None and (found := path.stat().st_size) != stated.size:
        kept = "more than" if found > stated.size else f"{found:,}, not"
        words = f"has {kept} {stated.size:,} bytes"
    elif stated.md5 is not None and (found_md5 := _file_md5(path)) != stated.md5.lower():
        words = f"has the MD5 {found_md5}, not {stated.md5[:32]}"
    elif stated.sha256_prefix is None:
        return
    else:
        prefix, found_sha256 = stated.sha256_prefix, file_sha256(path)
        if len(prefix) >= 8 and found_sha256.startswith(prefix.lower()):
            return
        words = f"has the SHA-256 {found_sha256[:16]}..., not {prefix[:16]}..."
    raise DownloadError(f"{shown.name} from {url} {words}: it is another file or damaged ({shown}).", hint=hint)


def _file_md5(path: Path) -> str:
    hasher = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            hasher.update(block)
    return hasher.hexdigest()


@contextmanager
def _locked(part: Path, cancel: Cancel | None) -> Iterator[BinaryIO]:
    """Open ``part`` for appending, one process at a time; the lock dies with its owner."""
    while True:
        with part.open("ab") as file:
            _wait_for(file, cancel)
            # Who had it before may have renamed it, which the caller sees, or thrown it away: then it is opened anew.
            if part.with_suffix("").exists() or _is_at(file, part):
                yield file
                return


def _wait_for(file: BinaryIO, cancel: Cancel | None) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            check_cancel(cancel, step=STEP)
            time.sleep(CANCEL_LOOK_S)
        else:
            return


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
