"""A cohort as one file that can be carried to another machine, and the door for such files.

A zip with ``survdash-archive.json`` (format, version, cohort, and of every other member its SHA-256 and size) and the
files of the cohort's folder under their own names: tables, bags, the import's report and, unless left out, its trained
models below ``runs/``. Equal cohorts give equal bytes. What comes in is believed in nothing: a member must have one of
the known names and be what the list says, what is unpacked is counted, and every table, card and digest is checked
before the folder takes its place.
"""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from survdash import __version__
from survdash.bag_file import BagFile
from survdash.cohort import Cohort
from survdash.errors import CohortError, SurvdashError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.sources.cohort_folder import BAGS, FOLDS, GENES, MANIFEST, PATIENTS, REPORT, read_cohort
from survdash.sources.cohort_states import RUNS, new_state
from survdash.sources.foreign_cohort import check_foreign_cohort, check_parquet
from survdash.sources.preview import ImportReport, report_from_json
from survdash.sources.table_file import list_faults, name_some
from survdash.store import new_file

CONTENTS = "survdash-archive.json"
FORMAT, SCHEMA = "survdash cohort archive", 1
RUN = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,149}"
MODEL_FILES = r"[a-z0-9_]{1,60}\.(json|parquet|safetensors)"
KNOWN = re.compile(
    "|".join(re.escape(name) for name in (MANIFEST, PATIENTS, GENES, BAGS, FOLDS, REPORT))
    + rf"|{RUNS}/(?P<run>{RUN})/({MODEL_FILES})"
)
FOLDER = re.compile(rf"{RUNS}/({RUN}/)?")
MOST_MEMBERS = 20_000
LARGEST_CONTENTS = 20_000_000
# Our own members are stored as they are; one who packs them anew gains little, for Parquet and HDF5 are packed.
MOST_RATIO, FREE_BYTES = 100, 100_000_000
STAMP = (1980, 1, 1, 0, 0, 0)
BLOCK = 1 << 20
_ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError, struct.error,
    ValueError, OverflowError,
)
HINT = "Ask whoever gave you the archive for a new one."


class _Member(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class _Contents(BaseModel):
    """What stands in survdash-archive.json."""

    model_config = ConfigDict(extra="forbid")

    format: str
    schema_version: int
    name: str
    title: str
    digest: str
    software: str
    files: dict[str, _Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What an archive says it holds; its list of members has been checked, their contents have not.

    Parameters
    ----------
    path : Path
    name, title, digest, software : str
    files : mapping
        Member to SHA-256 and bytes.
    runs : tuple of str
        Trained models.
    report : ImportReport or None
        What the import said when the cohort was made.
    """

    path: Path
    name: str
    title: str
    digest: str
    software: str
    files: dict[str, tuple[str, int]]
    runs: tuple[str, ...]
    report: ImportReport | None

    @property
    def bytes(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(size for _, size in self.files.values())


def write_archive(
    folder: Path, out: Path, *, runs: Collection[str] = (), report: Report = silent, cancel: Cancel | None = None
) -> Archive:
    """Pack a cohort's folder; the file is there whole or not at all.

    Parameters
    ----------
    folder, out : Path
    runs : collection of str
        Folders of trained models to take along.
    report : Report
    cancel : Cancel, optional

    Raises
    ------
    CohortError
        If the cohort is damaged.
    """
    cohort = read_cohort(folder)
    if cohort.bag_path is not None:
        with BagFile(cohort.bag_path) as bags:
            if bags.links:
                raise CohortError(
                    f"The bags of cohort {cohort.name} are links to files of this machine: they cannot travel.",
                    hint="Import it again without --link, then export it.",
                )
    files = [*folder.iterdir(), *(path for run in runs for path in (folder / RUNS / run).iterdir())]
    names = sorted(path.relative_to(folder).as_posix() for path in files if path.is_file())
    names = [name for name in names if KNOWN.fullmatch(name)]
    listed: dict[str, dict[str, Any]] = {}
    with new_file(out) as temporary:
        with zipfile.ZipFile(temporary, "w", allowZip64=True) as packed:
            for done, name in enumerate(names):
                check_cancel(cancel, step=f"Pack {name}")
                report(Progress(step="Pack", done=done, total=len(names), message=name))
                listed[name] = _pack(packed, folder / name, name)
            contents = {
                "format": FORMAT, "schema_version": SCHEMA, "name": cohort.name, "title": cohort.title,
                "digest": cohort.digest, "software": f"survdash {__version__}", "files": listed,
            }
            text = json.dumps(contents, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
            packed.writestr(_member(CONTENTS), text.encode())
        stored = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
        if BAGS in stored and listed[BAGS]["sha256"] != stored[BAGS]:
            raise CohortError(f"Cohort {cohort.name}: {BAGS} has changed.", hint="Import the cohort again.")
    return read_archive(out)


def read_archive(path: Path) -> Archive:
    """Look into an archive: its list is read and held against its members; nothing is unpacked.

    Raises
    ------
    CohortError
        If it is no archive of a cohort, of a newer survdash, or holds what it should not; all faults at once.
    """
    with _opened(path) as packed:
        contents = _read_contents(packed, path.name)
        _check_members(packed, contents, path)
        told = _read_report(packed, contents, path.name)
    runs = sorted({match["run"] for name in contents.files if (match := KNOWN.fullmatch(name)) and match["run"]})
    return Archive(
        path=path, name=contents.name, title=contents.title, digest=contents.digest, software=contents.software,
        files={name: (one.sha256, one.bytes) for name, one in contents.files.items()}, runs=tuple(runs), report=told,
    )


def read_outcome(archive: Archive) -> pd.DataFrame:
    """``time_months`` and ``event`` of the patients; only their table is unpacked, and held against the list.

    Raises
    ------
    CohortError
        If it is not what the list says, or no table of patients.
    """
    sha256, size = archive.files[PATIENTS]
    with TemporaryDirectory() as folder, _opened(archive.path) as packed:
        path = Path(folder) / PATIENTS
        _unpack(packed, PATIENTS, path, sha256=sha256, size=size)
        check_parquet(path, PATIENTS)
        try:
            return pd.read_parquet(path, columns=["time_months", "event"]).astype({"time_months": float, "event": bool})
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise CohortError(f"{PATIENTS} in {archive.path.name} has no outcome that can be read.",
                              hint=HINT) from error


def unpack_archive(
    archive: Archive, target: Path, *, check_run: Callable[[Path, Cohort], None], report: Report = silent,
    cancel: Cancel | None = None,
) -> None:
    """Unpack an archive as the cohort folder ``target``; what stood there becomes its previous state.

    Parameters
    ----------
    archive : Archive
    target : Path
    check_run : callable
        Raises ``SurvdashError`` if a folder is no sound model of the cohort.
    report : Report
    cancel : Cancel, optional

    Raises
    ------
    CohortError, BagError
        If a member is not what the list says, or the cohort contradicts itself; nothing is then changed.
    Cancelled
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free
    if archive.bytes > free:
        raise CohortError(
            f"{archive.path.name} needs {archive.bytes / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            hint="Make room first.",
        )
    with new_state(target) as temporary:
        with _opened(archive.path) as packed:
            for done, (name, (sha256, size)) in enumerate(sorted(archive.files.items())):
                check_cancel(cancel, step=f"Unpack {name}")
                report(Progress(step="Unpack", done=done, total=len(archive.files), message=name))
                _unpack(packed, name, temporary / name, sha256=sha256, size=size)
        report(Progress(step="Check", done=len(archive.files), total=len(archive.files)))
        cohort = check_foreign_cohort(
            temporary, name=archive.name, digest=archive.digest,
            hashes={name: sha256 for name, (sha256, _) in archive.files.items()},
        )
        for run in archive.runs:
            check_run(temporary / RUNS / run, cohort)


def _pack(packed: zipfile.ZipFile, path: Path, name: str) -> dict[str, Any]:
    hasher, size = hashlib.sha256(), 0
    with path.open("rb") as source, packed.open(_member(name), "w", force_zip64=True) as member:
        while block := source.read(BLOCK):
            hasher.update(block)
            size += len(block)
            member.write(block)
    return {"sha256": hasher.hexdigest(), "bytes": size}


def _member(name: str) -> zipfile.ZipInfo:
    # A fixed date: equal cohorts give equal bytes.
    member = zipfile.ZipInfo(name, STAMP)
    member.external_attr = 0o644 << 16
    return member


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise CohortError(f"There is no file {path.name!r}.", hint="Check the path.")
    try:
        return zipfile.ZipFile(path)
    except _ZIP_FAULTS as fault:
        raise CohortError(f"{path.name} is no archive of a cohort: {str(fault)[:80]}.",
                          hint="Give a file that 'export-cohort' wrote.") from fault


def _read_contents(packed: zipfile.ZipFile, name: str) -> _Contents:
    members = packed.infolist()
    if len(members) > MOST_MEMBERS:
        raise CohortError(f"{name} holds {len(members):,} files; at most {MOST_MEMBERS:,} can be.", hint=HINT)
    if sum(member.filename == CONTENTS for member in members) != 1:
        raise CohortError(f"{name} is no archive of a cohort: it has no {CONTENTS}.",
                          hint="Give a file that 'export-cohort' wrote.")
    try:
        values = json.loads(_read_small(packed, CONTENTS, name))
        version = values["schema_version"]
        if values["format"] != FORMAT:
            raise CohortError(f"{name} is no archive of a cohort: it calls itself {str(values['format'])[:60]!r}.")
        if isinstance(version, int) and version > SCHEMA:
            raise CohortError(f"{name} has archive schema {version}; this survdash reads up to {SCHEMA}.",
                              hint="Update survdash.")
        return _Contents.model_validate(values)
    except SurvdashError:
        raise
    except ValidationError as error:
        faults = list_faults(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise CohortError(f"{name}: {CONTENTS} is malformed: {faults}.", hint=HINT) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CohortError(f"{name}: {CONTENTS} is malformed.", hint=HINT) from error


def _read_small(packed: zipfile.ZipFile, member: str, name: str) -> bytes:
    try:
        with packed.open(member) as file:
            content = file.read(LARGEST_CONTENTS + 1)
    except _ZIP_FAULTS as fault:
        raise CohortError(f"{name} is damaged: {member} cannot be read.", hint="Copy it anew.") from fault
    if len(content) > LARGEST_CONTENTS:
        raise CohortError(f"{name}: {member} is larger than {LARGEST_CONTENTS / 1e6:.0f} MB.", hint=HINT)
    return content


def _check_members(packed: zipfile.ZipFile, contents: _Contents, path: Path) -> None:
    """Hold the members against the list and against what a cohort may consist of; all faults at once."""
    members = [one for one in packed.infolist() if one.filename != CONTENTS and not FOLDER.fullmatch(one.filename)]
    names = [one.filename for one in members]
    faults = []
    unknown = sorted({*names, *contents.files} - {name for name in (*names, *contents.files) if KNOWN.fullmatch(name)})
    if unknown:
        faults.append(f"files that no cohort has: {name_some(map(repr, unknown))}")
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        faults.append(f"files that stand twice: {name_some(twice)}")
    for words, these in (("not on its list", set(names) - set(contents.files)),
                         ("on its list but not there", set(contents.files) - set(names))):
        if these - set(unknown):
            faults.append(f"files {words}: {name_some(sorted(these - set(unknown)))}")
    links = [one.filename for one in members if stat.S_IFMT(one.external_attr >> 16) not in (0, stat.S_IFREG)]
    if links:
        faults.append(f"links or devices in place of files: {name_some(links)}")
    if any(one.flag_bits & 0x1 for one in members):
        faults.append("files that are protected by a password")
    sizes = [one.filename for one in members
             if one.filename in contents.files and one.file_size != contents.files[one.filename].bytes]
    if sizes:
        faults.append(f"files of another size than its list says: {name_some(sizes)}")
    total = max(sum(one.bytes for one in contents.files.values()), sum(one.file_size for one in members))
    if total > MOST_RATIO * path.stat().st_size + FREE_BYTES:
        packed_mb = path.stat().st_size / 1e6
        faults.append(f"{total / 1e9:,.1f} GB in a file of {packed_mb:,.1f} MB: no cohort packs so small")
    if MANIFEST not in names or PATIENTS not in names:
        faults.append(f"no {MANIFEST} or no {PATIENTS}")
    if faults:
        raise CohortError(f"{path.name} is refused: {list_faults(faults)}.", hint=HINT)


def _read_report(packed: zipfile.ZipFile, contents: _Contents, name: str) -> ImportReport | None:
    if REPORT not in contents.files:
        return None
    try:
        return report_from_json(json.loads(_read_small(packed, REPORT, name)))
    except SurvdashError:
        raise
    except (ValueError, RecursionError) as error:
        raise CohortError(f"{name}: {REPORT} is malformed.", hint=HINT) from error


def _unpack(packed: zipfile.ZipFile, name: str, target: Path, *, sha256: str, size: int) -> None:
    """Write one member, counting: what the archive says of its size may be untrue."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher, written = hashlib.sha256(), 0
    try:
        with packed.open(name) as member, target.open("xb") as file:
            while block := member.read(BLOCK):
                written += len(block)
                if written > size:
                    break
                hasher.update(block)
                file.write(block)
    except _ZIP_FAULTS as fault:
        # The disk, not the archive; a member that claims to begin before the file gives EINVAL.
        if isinstance(fault, OSError) and fault.errno not in (None, errno.EINVAL):
            raise
        words = str(fault)[:80]  # it may quote a kilobyte of the file
        raise CohortError(f"{name} in the archive is damaged: {words}.", hint="Copy the archive anew.") from fault
    if written != size or hasher.hexdigest() != sha256:
        raise CohortError(f"{name} in the archive is not what its list says (SHA-256).", hint=HINT)
