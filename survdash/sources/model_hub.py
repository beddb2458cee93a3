"""A vision model from the Hugging Face Hub: its configuration and its weights, with the user's own token where needed.

What is asked is what the Hub documents: ``<hub>/<owner>/<name>/resolve/<revision>/<file>``, which answers 401 or 403
for gated and private models and else redirects to where the bytes lie; ``X-Linked-ETag`` is the SHA-256 of large files.
The token goes to the Hub alone, never to the place that it redirects to, and never over a plain connection.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx

from survdash.errors import DownloadError
from survdash.progress import Cancel, Report, check_cancel, silent
from survdash.settings import settings
from survdash.sources.download import STEP, fetch_file
from survdash.sources.web import TIMEOUT
from survdash.store import new_file

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # the second is read only if it holds nothing but tensors
CONFIG_BYTES = 1_000_000
REDIRECTS = 5
SHA256 = re.compile(r"[0-9a-f]{64}")
HERE = ("127.0.0.1", "localhost", "::1")


def fetch_model(
    repo: str, folder: Path, *, revision: str = "main", report: Report = silent, cancel: Cancel | None = None
) -> Path:
    """Make sure that ``folder`` holds the configuration and the weights of a model.

    Files that are there already, for instance put there by hand, are left as they are; with both there the network is
    not touched.

    Parameters
    ----------
    repo : str
        ``owner/name``.
    folder : Path
    revision : str
        Branch, tag or commit.

    Returns
    -------
    Path
        The file of weights.

    Raises
    ------
    DownloadError
        If the model is not there, may not be had with the user's token or without one, or cannot be fetched now.
    Cancelled
        If ``cancel`` is set.
    """
    config = folder / CONFIG
    if not config.exists():
        content, _ = _ask(repo, CONFIG, revision, folder=folder, whole=True, cancel=cancel) or (b"", "")
        if not content:
            raise DownloadError(
                f"{repo} has no {CONFIG} at {settings().hub_url}: it is no vision model of timm.",
                hint="Models that timm can load carry the tag timm there.",
            )
        with new_file(config) as temporary:
            temporary.write_bytes(content)
    for name in WEIGHTS:
        if (folder / name).exists():
            return folder / name
    for name in WEIGHTS:
        found = _ask(repo, name, revision, folder=folder, whole=False, cancel=cancel)
        if found is None:
            continue
        etag = found[1]
        fetch_file(
            _url(repo, name, revision), folder / name, sha256_prefix=etag if SHA256.fullmatch(etag) else None,
            token=_token(), report=report, cancel=cancel,
        )  # fmt: skip
        return folder / name
    raise DownloadError(f"{repo} has neither {' nor '.join(WEIGHTS)} at {settings().hub_url}.")


def _url(repo: str, name: str, revision: str) -> str:
    return f"{settings().hub_url}/{repo}/resolve/{quote(revision, safe='')}/{name}"


def _token() -> str:
    """The user's token as the Hub's own tools find it (``HF_TOKEN``, or after ``hf auth login``); "" without one."""
    from huggingface_hub import get_token

    hub = urlsplit(settings().hub_url)
    return (get_token() or "") if hub.scheme == "https" or hub.hostname in HERE else ""


def _ask(
    repo: str, name: str, revision: str, *, folder: Path, whole: bool, cancel: Cancel | None
) -> tuple[bytes, str] | None:
    """Content (if ``whole``) and stated SHA-256 of a file; None where there is no such file."""
    check_cancel(cancel, step=STEP)
    url, token = _url(repo, name, revision), _token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    by_hand = f"On a machine with network fetch {url} and put it into {folder}."
    try:
        with httpx.Client(headers=headers, timeout=TIMEOUT, follow_redirects=whole) as client:
            answer = client.request("GET" if whole else "HEAD", url)
            for _ in range(REDIRECTS):  # of a model that was renamed; to other places the hub sends with its ETag
                target = urljoin(url, answer.headers.get("Location", ""))
                if not answer.is_redirect or urlsplit(target).netloc != urlsplit(url).netloc:
                    break
                if "X-Linked-ETag" in answer.headers:
                    break
                answer = client.request("HEAD", target)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        where = settings().hub_url
        raise DownloadError(f"{repo} could not be fetched from {where}: {reason}.", hint=by_hand) from error
    _check_status(answer, repo, has_token=bool(token), by_hand=by_hand)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if whole and len(answer.content) > CONFIG_BYTES:
        raise DownloadError(f"{name} of {repo} has {len(answer.content):,} bytes: it is no configuration.")
    etag = answer.headers.get("X-Linked-ETag", "").removeprefix("W/").strip('"')
    return (answer.content if whole else b""), etag


def _check_status(answer: httpx.Response, repo: str, *, has_token: bool, by_hand: str) -> None:
    """Say what a refusal means; the Hub answers 401 also for what is not there, so as not to tell of private models."""
    page, status = f"{settings().hub_url}/{repo}", answer.status_code
    if status == httpx.codes.UNAUTHORIZED:
        known = "your token is not accepted" if has_token else "no token was given"
        raise DownloadError(
            f"{repo} is not open to everybody, or there is no such model ({known}).",
            hint=f"Check the name; ask for access at {page}, make a token at {settings().hub_url}/settings/tokens and "
            "give it as HF_TOKEN or with 'hf auth login'.",
        )
    if status == httpx.codes.FORBIDDEN:
        raise DownloadError(
            f"Your token may not fetch {repo}: access has to be asked for and granted.",
            hint=f"Ask for it at {page} with the account of the token, and wait until it is granted.",
        )
    missing = status == httpx.codes.NOT_FOUND
    if missing and answer.headers.get("X-Error-Code") in ("RepoNotFound", "RevisionNotFound"):
        raise DownloadError(f"There is no model {repo} of this revision at {page}.", hint="Check the name.")
    if status >= httpx.codes.BAD_REQUEST and not missing:
        raise DownloadError(f"{repo} could not be fetched: {settings().hub_url} answered {status}.", hint=by_hand)
