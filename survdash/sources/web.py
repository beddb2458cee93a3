"""What every request keeps to: time limits, retries that a busy server may set the pace of, and JSON with plain faults.

A broken connection and an answer of 429 or 5xx are tried again a few times; everything else is an error at once. The
proxy of the environment (``HTTPS_PROXY``, ``NO_PROXY``) is used, as httpx does.
"""

from __future__ import annotations

import email.utils
import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx
import stamina

from survdash import __version__
from survdash.errors import DownloadError
from survdash.progress import Cancel, check_cancel

ATTEMPTS = 4
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
ANSWER_TIMEOUT = httpx.Timeout(120.0, connect=10.0)  # a large list may take its server a minute to begin
LONGEST_WAIT_S = 300.0
MOST_ANSWER_BYTES = 500_000_000
CANCEL_LOOK_S = 0.2
TOO_MANY_REQUESTS = 429
HEADERS = {"User-Agent": f"survdash/{__version__}"}


class BusyServerError(Exception):
    """The server is busy or broken for now."""


RETRIED = (httpx.TransportError, BusyServerError)


def _note_retry(details: stamina.instrumentation.RetryDetails) -> None:
    logging.getLogger(__name__).debug("attempt %d failed: %s", details.retry_num, details.caused_by)


# stamina's own hook warns on stderr, before the one line that says what is wrong.
stamina.instrumentation.set_on_retry_hooks([_note_retry])


def retries() -> Iterator[stamina.Attempt]:
    """Contexts of the attempts of one request; a failure among ``RETRIED`` starts the next one, the last is raised."""
    # No limit of time: stamina's own of 45 s would forbid a second try to every transfer that takes longer.
    return iter(stamina.retry_context(on=RETRIED, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=3.0))


def check_busy(answer: httpx.Response, *, cancel: Cancel | None, step: str) -> None:
    """Raise what is tried again for an answer of 429 or 5xx, after the time that the server asks to be left alone.

    Raises
    ------
    BusyServerError
        For 429 and 5xx.
    DownloadError
        If the server asks for more than five minutes.
    Cancelled
        If ``cancel`` is set meanwhile.
    """
    if answer.status_code != TOO_MANY_REQUESTS and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
        return
    wait = _retry_after_s(answer.headers.get("Retry-After", ""))
    if wait > LONGEST_WAIT_S:
        raise DownloadError(
            f"{answer.url.host} answered {answer.status_code} and asks to be left alone for {wait / 60:.0f} minutes.",
            hint="Start again then; what has arrived is kept.",
        )
    until = time.monotonic() + wait
    while (left := until - time.monotonic()) > 0:
        check_cancel(cancel, step=step)
        time.sleep(min(left, CANCEL_LOOK_S))
    raise BusyServerError(f"the server answered {answer.status_code}")


def open_client(timeout: httpx.Timeout, *, headers: Mapping[str, str] = HEADERS) -> httpx.Client:
    """A client that goes by the proxies and certificates of the environment.

    Raises
    ------
    DownloadError
        If these cannot be used.
    """
    try:
        return httpx.Client(headers=dict(headers), timeout=timeout, follow_redirects=True)
    except (ImportError, ValueError, OSError) as error:  # SOCKS without its package; another scheme; no such file
        raise DownloadError(
            f"The proxy or the certificates of the environment cannot be used: {reason(error)}.",
            hint="Check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and SSL_CERT_FILE; the proxy must speak HTTP.",
        ) from error


def reason(error: Exception) -> str:
    """Why a request failed, in a few words and without a full stop."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return str(error).strip().rstrip(".") or type(error).__name__


class JsonServer:
    """A server that answers in JSON; one connection, kept open between requests.

    Parameters
    ----------
    title : str
        What the server is called in messages.
    url : str
        Base address, without a slash at its end.
    setting : str
        Name of the setting that holds the address.
    cancel : Cancel, optional
        Looked at before each request and between its parts.
    """

    def __init__(self, title: str, url: str, *, setting: str, cancel: Cancel | None = None) -> None:
        self.title, self.url, self.setting, self.cancel = title, url, setting, cancel
        self._client = open_client(ANSWER_TIMEOUT)

    def __enter__(self) -> JsonServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON of a GET."""
        return self._json("GET", path, params=params)

    def post(self, path: str, body: object, *, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON that answers a POST of JSON."""
        return self._json("POST", path, params=params, body=body)

    def header(self, path: str, name: str, *, params: Mapping[str, str | int]) -> str:
        """One header of the answer to a GET; "" where it is not there."""
        return self._send("GET", path, params=params, body=None)[0].headers.get(name, "")

    def _json(self, method: str, path: str, *, params: Mapping[str, str | int] | None, body: object = None) -> Any:
        answer, content = self._send(method, path, params=params, body=body)
        try:
            # NaN and Infinity are no JSON, but some servers write them for what is not known.
            found = json.loads(content, parse_constant=lambda _: None, parse_float=_finite)
            # Half of a pair of code points is no text, and no file takes it.
            if b"\\ud" in content.lower() or b"\xed" in content:
                json.dumps(found, ensure_ascii=False).encode()
            return found
        except (ValueError, RecursionError) as error:  # RecursionError: nested thousands deep
            kind = answer.headers.get("Content-Type", "no type stated")[:60]
            raise DownloadError(
                f"{self.title} ({self.url}{path}) did not answer in JSON ({kind}, {len(content)} bytes).",
                hint=f"Is it the page of a proxy or of a login? Check HTTPS_PROXY and {self.setting}.",
            ) from error

    def _send(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None, body: object
    ) -> tuple[httpx.Response, bytes]:
        step = f"Asking {self.title}"
        try:
            for attempt in retries():
                with attempt:
                    check_cancel(self.cancel, step=step)
                    sent = {} if body is None else {"json": body}
                    with self._client.stream(method, self.url + path, params=params, **sent) as answer:  # type: ignore[arg-type]
                        check_busy(answer, cancel=self.cancel, step=step)
                        content = self._read(answer, step)
        except (httpx.HTTPError, httpx.InvalidURL, BusyServerError) as error:
            raise self._unreachable(error) from error
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise DownloadError(
                f"{self.title} refused {method} {path}: {_said(content) or 'no reason given'} ({answer.status_code}).",
                hint=f"Check the name that was asked for, and {self.setting}.",
            )
        return answer, content

    def _read(self, answer: httpx.Response, step: str) -> bytes:
        content = bytearray()
        for block in answer.iter_bytes():
            check_cancel(self.cancel, step=step)
            content += block
            if len(content) > MOST_ANSWER_BYTES:
                raise DownloadError(f"{self.title} answers with more than {MOST_ANSWER_BYTES // 10**6} MB of JSON.")
        return bytes(content)

    def _unreachable(self, error: Exception) -> DownloadError:
        if isinstance(error, BusyServerError):
            hint = "It is busy or broken for now: try again later; what has arrived is kept."
        elif isinstance(error, httpx.ProxyError):
            hint = "The proxy that HTTPS_PROXY names does not let this through: check it, or ask who runs it."
        else:
            hint = (
                "Is this machine online? Behind a proxy set HTTPS_PROXY; for a mirror set "
                f"{self.setting}. Without network, import files that were downloaded elsewhere."
            )
        return DownloadError(f"{self.title} ({self.url}) cannot be reached: {reason(error)}.", hint=hint)


def _retry_after_s(value: str) -> float:
    """Seconds that a ``Retry-After`` asks for: a number, or a date; 0 where it says nothing."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _said(content: bytes) -> str:
    """The server's own words in an error of its."""
    try:
        words = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    found = (words.get("message") or words.get("error")) if isinstance(words, dict) else None
    return " ".join(found.split())[:200].rstrip(".") if isinstance(found, str) else ""
