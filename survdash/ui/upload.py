"""Uploaded files on disk: one private folder per case, our own file names, swept after a time.

A folder ``uploads/<32 hex digits>`` holds ``slide.<suffix>``, ``slide2.<suffix>`` and so on, ``areas.<suffix>``,
``areas2.<suffix>`` (masks drawn on these slides), ``genes.<suffix>`` and ``about.json`` (the names the files had, and
the job that reads them). The number stands in the page's address, so a refreshed or second tab finds the files again;
who does not know it does not find them, because no page lists it, nor the jobs of others.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, NoReturn

from survdash.access import current
from survdash.erase import remove, sweep_removed
from survdash.errors import GeneError, InputError, SlideError, UnknownNameError
from survdash.jobs import record
from survdash.jobs.queue import CLOCK_SLACK_S
from survdash.language import later
from survdash.settings import settings
from survdash.slide.areas import MAX_BYTES
from survdash.store import write_json
from survdash.ui.inbox import inbox_path

SLIDE_SUFFIXES = ("svs", "tif", "tiff", "ndpi", "scn", "bif", "png", "jpg", "jpeg")
PARTED_SUFFIXES = ("mrxs", "vms", "vmu", "dcm", "dicom", "ini", "dat", "zip", "tar", "gz", "7z")
MANY_FILES = later(
    "This page takes slides of one file, and no archives. Convert it to a pyramidal TIFF, for instance with QuPath or "
    "vips, or ask whoever runs the server to predict from all its files there: python -m survdash predict --slide.")
GENE_SUFFIXES = ("csv", "tsv", "txt", "xlsx")
AREA_SUFFIXES = ("geojson", "json")
SLIDE_PARTS = ("slide", *(f"slide{number}" for number in range(2, 9)))
AREA_PARTS = ("areas", *(f"areas{number}" for number in range(2, 9)))
BATCH_PARTS = ("file", *(f"file{number}" for number in range(2, 101)))  # named by a table of patients
PARTS = (*SLIDE_PARTS, *AREA_PARTS, *BATCH_PARTS, "genes", "table")
SUFFIXES = dict.fromkeys(SLIDE_PARTS, SLIDE_SUFFIXES) | dict.fromkeys(AREA_PARTS, AREA_SUFFIXES) | dict.fromkeys(
    BATCH_PARTS, (*SLIDE_SUFFIXES, *GENE_SUFFIXES)) | {"genes": GENE_SUFFIXES, "table": ("csv", "tsv")}  # fmt: skip
TABLE_BYTES = 2e6
BLOCK_BYTES = 16 << 20
MAX_NAME = 200
_about_lock = threading.Lock()
IDENTIFIER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a case's folder holds: the file of each part that is there, the name it had, and the job that reads them.

    ``hashes`` are the SHA-256 of those files that were hashed as they came; a part of ``chosen`` is not in the folder
    but in the inbox folder of this server, where it stays.
    """

    folder: Path
    files: Mapping[str, Path]
    names: Mapping[str, str]
    job: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()

    @property
    def genes(self) -> Path | None:
        """The gene table, None where there is none."""
        return self.files.get("genes")

    @property
    def slides(self) -> dict[str, Path]:
        """The slides by their part."""
        return {part: self.files[part] for part in SLIDE_PARTS if part in self.files}

    @property
    def batch(self) -> dict[str, Path]:
        """The files that a table of patients names, by their part."""
        return {part: self.files[part] for part in BATCH_PARTS if part in self.files}

    @property
    def identifier(self) -> str:
        """The folder's number, as it stands in the page's address."""
        return self.folder.name

    @property
    def modalities(self) -> tuple[str, ...]:
        """Which of "genes" and "slide" are here."""
        here = (("genes", self.genes is not None), ("slide", bool(self.slides)))
        return tuple(part for part, is_here in here if is_here)


def uploads_folder() -> Path:
    """Where all uploads lie; readable by this user alone."""
    folder = settings().data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_upload(identifier: str = "") -> Upload:
    """A private folder for one case, under this number; an empty one under a new number by default."""
    identifier = identifier or new_identifier()
    make_folder(identifier, owner=current().name)
    return find_upload(identifier)


def new_identifier() -> str:
    """A number for a case to come; its folder is made with its first file."""
    return secrets.token_hex(16)


def make_folder(identifier: str, *, owner: str = "") -> Path:
    """The private folder of this number, made for ``owner`` (as the login names them) where it is not yet."""
    if IDENTIFIER.fullmatch(identifier) is None:
        raise UnknownNameError("This is no number of an upload.", hint="Load the page again.")
    folder = uploads_folder() / identifier
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _tell(folder, {"owner": owner})
    return folder


def open_upload(identifier: str) -> Upload:
    """The upload with this number, for whoever asks.

    Raises
    ------
    UnknownNameError
        If it is not there, or no longer, or somebody else's; nobody learns which.
    """
    upload, visitor = find_upload(identifier), current()
    owner = _about(upload.folder).get("owner", "")
    if visitor.name and visitor.name != owner and not visitor.may("audit"):
        _refuse_missing()
    return upload


def find_upload(identifier: str) -> Upload:
    """The upload with this number, for the server itself: nobody is asked who they are.

    Raises
    ------
    UnknownNameError
        If it is not there, or no longer.
    """
    folder = uploads_folder() / identifier
    if IDENTIFIER.fullmatch(identifier) is None or not folder.is_dir():
        _refuse_missing()
    about = _about(folder)
    chosen = {part: path for part in PARTS if (path := _inbox(about.get(f"inbox_{part}"))) is not None}
    here = _here(folder)
    files = {part: path for part in PARTS if (path := chosen.get(part) or here.get(part)) is not None}
    hashes = {part: digest for part in files if (digest := about.get(f"sha256_{part}"))}
    return Upload(folder=folder, files=files, names={part: about.get(part, "") for part in files},
                  job=about.get("job", ""), hashes=hashes, chosen=frozenset(chosen))  # fmt: skip


def _refuse_missing() -> NoReturn:
    hours = settings().keep_upload_hours
    raise UnknownNameError(
        "The uploaded files of this address are not here any more.",
        hint=f"Uploads are deleted {hours:g} hours after they came, or when you ask for it. Upload them again.",
    )


def upload_of_job(job_id: str) -> Upload | None:
    """The upload that a job reads; None when it has been deleted."""
    for folder in uploads_folder().iterdir():
        if IDENTIFIER.fullmatch(folder.name) and _about(folder).get("job") == job_id:
            return find_upload(folder.name)
    return None


def save_part(upload: Upload, part: str, *, name: str, file: BinaryIO) -> Upload:
    """Copy an uploaded file into the case's folder; a refused one leaves nothing there.

    Parameters
    ----------
    upload : Upload
    part : str
        One of ``PARTS``.
    name : str
        The name it had on the user's machine: only its ending is used, the rest is shown and never a path.
    file : binary file
        Read once, in blocks.

    Raises
    ------
    SlideError, GeneError
        If the kind is not known, or the file is empty or too large.
    """
    shown, suffix = check_name(part, name)
    refuse: type[InputError] = GeneError if part == "genes" else SlideError
    drop_part(upload, part)
    copy_private(file, upload.folder / f"{part}.{suffix}", limit=largest_bytes(part), shown=shown, refuse=refuse)
    return name_part(upload, part, shown)


def check_name(part: str, name: str) -> tuple[str, str]:
    """The name as it is shown, without folders, and its ending.

    Raises
    ------
    SlideError, GeneError
        If the kind is not known.
    """
    shown = PurePosixPath(PureWindowsPath(name).name).name[-MAX_NAME:]
    suffix = ending(shown)
    refuse: type[InputError] = GeneError if part == "genes" else SlideError
    if part in (*SLIDE_PARTS, *BATCH_PARTS) and suffix in PARTED_SUFFIXES:
        raise SlideError(f"{shown} is one of the many files that its slide is made of.", hint=MANY_FILES)
    if suffix not in SUFFIXES[part]:
        endings = ", ".join(SUFFIXES[part])
        raise refuse(f"{shown} is not a kind of file this page reads.", hint=f"Known endings: {endings}.")
    return shown, suffix


def ending(name: str) -> str:
    """What stands behind a name's last dot, in small letters."""
    return name.rpartition(".")[2].lower()


def copy_private(
    file: BinaryIO, path: Path, *, limit: float, shown: str, refuse: type[InputError] = InputError
) -> None:
    """Copy an uploaded file in blocks, readable by this user alone; it is there whole or not at all.

    Parameters
    ----------
    file : binary file
    path : Path
        Our own name for it.
    limit : float
        Bytes that are too many.
    shown : str
        The name it had, for messages.
    refuse : type
        Which error to raise.

    Raises
    ------
    InputError
        As ``refuse``: if the file is empty or too large.
    """
    with _private_part(path) as out:
        size = 0
        while block := file.read(BLOCK_BYTES):
            size += len(block)
            if size > limit:
                raise refuse(f"{shown} is larger than {limit / 1e6:,.0f} MB.", hint="Ask whoever runs the server.")
            out.write(block)
        if size == 0:
            raise refuse(f"{shown} is empty.", hint="Choose the file again; perhaps it was still being written.")


def largest_bytes(part: str, suffix: str = "") -> float:
    """How large a file of this part, with this ending, may be."""
    if part in AREA_PARTS:
        return MAX_BYTES
    if part == "table":
        return TABLE_BYTES
    is_table = part == "genes" or (part in BATCH_PARTS and suffix in GENE_SUFFIXES)
    return settings().max_table_mb * 1e6 if is_table else settings().max_slide_gb * 1e9


def areas_of(slide_part: str) -> str:
    """The part of the mask that is drawn on a slide: "areas" of "slide", "areas2" of "slide2"."""
    return AREA_PARTS[SLIDE_PARTS.index(slide_part)]


def name_part(upload: Upload, part: str, name: str, *, sha256: str = "") -> Upload:
    """Note the name under which a file that lies in the folder is shown, and its hash where that is known."""
    _tell(upload.folder, {part: name, f"sha256_{part}": sha256, f"inbox_{part}": ""})
    return find_upload(upload.identifier)


def choose_part(upload: Upload, part: str, name: str) -> Upload:
    """Take a file of the inbox folder as a part, where it lies.

    Raises
    ------
    InputError
        If it is not in the inbox folder, or of no kind that this part can be.
    """
    path = inbox_path(name)
    shown, _ = check_name(part, path.name)
    if not path.is_file():
        raise InputError(f"{shown} is not in the inbox folder any more.", hint="Choose another.")
    drop_part(upload, part)
    _tell(upload.folder, {part: shown, f"sha256_{part}": "", f"inbox_{part}": name})
    return find_upload(upload.identifier)


def drop_part(upload: Upload, part: str, *, keep: Path | None = None) -> None:
    """Delete one file of an upload, but not ``keep``; one of the inbox folder is let go and stays there."""
    for path in upload.folder.glob(f"{part}.*"):
        if path != keep:
            remove(path, aside=uploads_folder())
    _tell(upload.folder, {f"sha256_{part}": "", f"inbox_{part}": ""})


def note_job(upload: Upload, job_id: str) -> None:
    """Remember which job reads these files."""
    _tell(upload.folder, {"job": job_id})


def delete_upload(upload: Upload) -> None:
    """Delete a case's files and their folder; see ``erase``."""
    remove(upload.folder, aside=uploads_folder())


def sweep_uploads(*, now: float | None = None) -> int:
    """Delete every upload older than ``settings().keep_upload_hours`` that no job waits for; return how many.

    Parameters
    ----------
    now : float, optional
        Seconds since 1970; the clock's by default.
    """
    return delete_uploads(older_than_hours=settings().keep_upload_hours, now=now)


def delete_uploads(*, older_than_hours: float, now: float | None = None) -> int:
    """Delete uploads that came before that and that no job waits for; return how many."""
    now = time.time() if now is None else now
    sweep_removed(uploads_folder())
    count = 0
    for folder in uploads_folder().iterdir():
        if IDENTIFIER.fullmatch(folder.name) is None or _is_in_use(folder):
            continue
        came = folder.stat().st_mtime
        if came > now + CLOCK_SLACK_S:  # the clock was ahead then: its time begins anew
            os.utime(folder, (now, now))
        elif came < now - 3600 * older_than_hours or older_than_hours <= 0:
            remove(folder, aside=uploads_folder())
            count += 1
    return count


def _is_in_use(folder: Path) -> bool:
    """Whether a job that reads these files still waits or runs."""
    try:
        return record.read(_about(folder).get("job", "")).state not in record.FINISHED
    except (UnknownNameError, FileNotFoundError):
        return False


def _here(folder: Path) -> dict[str, Path]:
    """What has come whole, by its part."""
    return {path.name.partition(".")[0]: path for path in sorted(folder.iterdir(), reverse=True)
            if path.suffix != ".part" and not path.name.startswith(".")}  # fmt: skip


def _about(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / "about.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _tell(folder: Path, facts: Mapping[str, str]) -> None:
    """Note or, where empty, forget what is known of the files; several may arrive at once."""
    with _about_lock:
        before = _about(folder)
        after = {key: value for key, value in {**before, **facts}.items() if value}
        if after != before:
            write_json(folder / "about.json", after)


def _inbox(name: str | None) -> Path | None:
    if not name:
        return None
    try:
        path = inbox_path(name)
    except InputError:
        return None
    return path if path.is_file() else None


@contextmanager
def _private_part(path: Path) -> Iterator[BinaryIO]:
    # Not store.new_file: an upload is for this user's eyes alone from its first byte.
    partial = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            yield out
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
