"""A working instance in one file, and back: cohorts with their models, bags, explanations, audits of models, the log.

The file is a plain tar: ``backup.json`` first (what made it), then the files, ``sums.json`` last (their SHA-256). Files
are written whole or not at all, so they can be read while survdash works; a cohort is held still while its files are
read, and what does not fit together afterwards is read again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from survdash import __version__
from survdash.bag_file import BagFile
from survdash.data_folder import LAYOUT, close_rooms
from survdash.errors import InputError
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.sources.cohort_folder import BAGS
from survdash.sources.cohort_states import held_still, settle_all
from survdash.store import BLOCK_BYTES, new_file, walk

SCHEMA = 1
TRIES = 3
HEAD, SUMS = "backup.json", "sums.json"
MAX_NOTE_BYTES = 256 << 20
# Left out: uploads and jobs (kept for hours only), inbox and downloads (the users' own files), and what is made again
# when it is missed (engines, hashes, interrupted training, locks, logs).
ROOMS = ("cohorts", "bags", "explanations", "weights", "audit", "audits")
HALF_WRITTEN = (".part", ".old", ".lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds; ``links`` counts slides whose features lie elsewhere, in files that it does not hold."""

    files: int
    bytes: int
    made: str
    software: str
    links: int = 0


def write_backup(
    target: Path, *, bags: bool = True, report: Report = silent, cancel: Cancel | None = None
) -> Backup:
    """Write the data folder to one file, for its owner's eyes alone.

    Parameters
    ----------
    target : Path
        A new file; an existing one is replaced when the backup is whole.
    bags : bool
        Also features of slides that belong to no cohort. They are made again from the slides when they are missing.

    Raises
    ------
    Cancelled
        If ``cancel`` is set; nothing is left then.
    """
    root = settings().data_dir
    settle_all(root / "cohorts")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    sums: dict[str, str] = {}
    with (
        new_file(target, mode=0o600) as temporary,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as packed,
    ):
        _add_note(packed, HEAD, {"schema": SCHEMA, "layout": LAYOUT, "software": __version__, "made": made})
        for unit in _units(root, bags=bags):
            check_cancel(cancel, step="Backup")
            report(Progress(step="Backup", done=len(sums), total=0, message=unit.name))
            with held_still(unit):
                sums |= _add_unit(packed, unit, root)
        _add_note(packed, SUMS, sums)
    return Backup(files=len(sums), bytes=target.stat().st_size, made=made, software=__version__, links=_linked(root))


def restore_backup(source: Path, *, report: Report = silent, cancel: Cancel | None = None) -> Backup:
    """Fill an empty data folder from a backup; it is filled whole or not at all.

    Raises
    ------
    InputError
        If the file is no backup, is damaged, of a newer survdash, holds anything but plain files of ours, or does not
        fit on the disk; or if the data folder holds cohorts, bags or explanations already.
    Cancelled
        If ``cancel`` is set.
    """
    root = settings().data_dir
    root.mkdir(parents=True, exist_ok=True)
    taken = [room for room in ROOMS if any((root / room).glob("*"))]
    if taken:
        raise InputError(f"The data folder is not empty: it holds {', '.join(taken)}.",
                         hint="Set SURVDASH_DATA_DIR to a new folder, and restore there.")  # fmt: skip
    temporary = Path(tempfile.mkdtemp(dir=root, prefix=".restore.", suffix=".part"))
    try:
        with _opened(source) as packed:
            head = _unpack(packed, temporary, source, report=report, cancel=cancel)
        for room in sorted(path.name for path in temporary.iterdir() if path.is_dir()):
            if (root / room).exists():  # empty, as looked at above
                (root / room).rmdir()
            os.replace(temporary / room, root / room)
        close_rooms(root)
        return head
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _units(root: Path, *, bags: bool) -> Iterator[Path]:
    """What must be read in one go: a cohort with its models, an earlier state of one; else a whole room."""
    for room in ROOMS:
        if room == "cohorts":
            yield from (path for path in sorted((root / room).glob("*/")) if not path.name.endswith(HALF_WRITTEN))
        elif (room != "bags" or bags) and (root / room).is_dir():
            yield root / room


def _add_unit(packed: tarfile.TarFile, unit: Path, root: Path) -> dict[str, str]:
    """Add the files of a unit; again, where a model was trained anew meanwhile. Of members of one name the last counts.

    Raises
    ------
    InputError
        If it does not keep still.
    """
    for _ in range(TRIES):
        found = {path.relative_to(root).as_posix(): _add_file(packed, path, path.relative_to(root).as_posix())
                 for path in _files(unit)}  # fmt: skip
        sums = {name: sha256 for name, sha256 in found.items() if sha256 is not None}
        if all(_fits(card.parent, root, sums) for card in unit.glob("runs/[!.]*/card.json")):
            return sums
    raise InputError(f"{unit.name} changes all the time.", hint="Take the backup when no training of it ends.")


def _fits(run: Path, root: Path, sums: dict[str, str]) -> bool:
    """Whether the files of a model that were read are those that its card names."""
    inside = run.relative_to(root).as_posix()
    try:
        named = json.loads((run / "card.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):  # damaged before: it is kept as it is, and doctor names it
        return True
    return all(sums.get(f"{inside}/{name}") == sha256 for name, sha256 in named.items())


def _linked(root: Path) -> int:
    """Slides of all cohorts whose features are in files outside of the data folder."""
    links = 0
    for path in sorted((root / "cohorts").glob(f"[!.]*/{BAGS}")):
        with BagFile(path) as bags:
            links += len(bags.links)
    return links


def _files(unit: Path) -> Iterator[Path]:
    for path in sorted(walk(unit)):
        inside = path.relative_to(unit).parts
        if path.is_file() and not path.is_symlink() and not any(part.endswith(HALF_WRITTEN) for part in inside):
            yield path


def _add_note(packed: tarfile.TarFile, name: str, value: object) -> None:
    data = json.dumps(value, sort_keys=True).encode()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    packed.addfile(member, io.BytesIO(data))


def _add_file(packed: tarfile.TarFile, path: Path, name: str) -> str | None:
    """Add a file as it is now; None where it was removed meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        member = tarfile.TarInfo(name)
        state = os.fstat(file.fileno())
        member.size, member.mtime, member.mode = state.st_size, int(state.st_mtime), 0o600
        hashed = _Hashed(file)
        packed.addfile(member, hashed)  # type: ignore[arg-type]  # it asks for read alone
        return hashed.hexdigest()


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hasher = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._hasher.update(block)
        return block

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{source.name} is no backup of survdash.", hint="Give a file that 'backup' wrote.") from error


def _unpack(
    packed: tarfile.TarFile, target: Path, source: Path, *, report: Report, cancel: Cancel | None
) -> Backup:
    """Write the members below ``target``, each under a name of ours and with the hash that the backup names."""
    hint = "Take another backup: this one was cut short or changed."
    found: dict[str, str] = {}
    head: dict[str, object] = {}
    sums: dict[str, str] | None = None  # written last: without it the file ends too soon
    size, room = 0, shutil.disk_usage(target).free
    try:
        for member in packed:
            check_cancel(cancel, step="Restoring")
            if not member.isreg() or not (member.name in (HEAD, SUMS) or _is_ours(member.name)):
                raise InputError(f"{source.name}: {member.name[:80]!r} does not belong into a backup.", hint=hint)
            file = packed.extractfile(member)
            if file is None:
                raise InputError(f"{source.name}: {member.name[:80]!r} cannot be read.", hint=hint)
            if member.name == HEAD:
                head = _read_note(file, member.size)
                _check_head(head, source)
            elif member.name == SUMS:
                sums = {str(name): str(value) for name, value in _read_note(file, member.size).items()}
            else:
                size += member.size
                if size > room:
                    raise InputError(f"{source.name} needs more room than the disk has.", hint="Make room first.")
                report(Progress(step="Restoring", done=len(found), total=0, message=member.name))
                found[member.name] = _write(file, target / member.name)
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        if isinstance(error, InputError) or (isinstance(error, OSError) and error.errno):
            raise
        raise InputError(f"{source.name} is damaged.", hint=hint) from error
    if not head or sums is None or sums != found:
        told = sums or {}
        wrong = sorted({*told} ^ {*found} or {name for name in found if found[name] != told[name]})
        raise InputError(f"{source.name} is not whole{f', from {wrong[0]} on' if wrong else ''}.", hint=hint)
    return Backup(files=len(found), bytes=size, made=str(head["made"]), software=str(head["software"]))


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) > 1 and parts[0] in ROOMS and ".." not in parts and not any("\\" in part for part in parts)


def _read_note(file: object, size: int) -> dict[str, object]:
    if size > MAX_NOTE_BYTES:
        raise ValueError("a note of this size")
    value = json.loads(file.read())  # type: ignore[attr-defined]
    if not isinstance(value, dict):
        raise ValueError("not a note")
    return value


def _check_head(head: dict[str, object], source: Path) -> None:
    newer = [name for name, known in (("schema", SCHEMA), ("layout", LAYOUT)) if int(str(head.get(name, 0))) > known]
    if newer or not {"schema", "layout", "made", "software"} <= head.keys():
        raise InputError(f"{source.name} was written by another survdash ({head.get('software', 'unknown')!s:.20}).",
                         hint="Restore it with that version or a newer one.")  # fmt: skip


def _write(file: object, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    with path.open("wb") as out:
        while block := file.read(BLOCK_BYTES):  # type: ignore[attr-defined]
            hasher.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return hasher.hexdigest()
