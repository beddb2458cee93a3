"""The data folder as a whole: which layout it has, and how one of an older survdash is brought up to date.

``survdash.json`` in it names the layout. Files in it carry numbers of their own besides (cohorts, models, bags, jobs);
this number changes only when files move or change their meaning together.
"""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from survdash.errors import InputError
from survdash.settings import settings
from survdash.store import write_json

_log = logging.getLogger("survdash.data_folder")
LAYOUT = 2
NOTE = "survdash.json"
# Patients' data, and what is computed from them. The inbox stays as its owner made it: others put slides there.
PRIVATE = ("cohorts", "bags", "explanations", "audits", "audit", "jobs", "uploads", "training", "logs", "hashes",
           "downloads")  # fmt: skip
PRIVATE_MODE = 0o700


def close_rooms(folder: Path) -> None:
    """Close the rooms that hold patients' data to everybody but this user, whoever made them."""
    for name in PRIVATE:
        room = folder / name
        if room.is_dir() and stat.S_IMODE(room.stat().st_mode) & ~PRIVATE_MODE:
            with suppress(OSError):  # a disk that cannot be written, or a folder of somebody else's
                room.chmod(PRIVATE_MODE)


# From a layout to the next. 0 is a folder of a survdash that wrote no note; the files in it are those of layout 1.
# Until layout 2 every user of the machine could read cohorts and features; an older survdash would open them again.
STEPS: Mapping[int, Callable[[Path], None]] = MappingProxyType({0: lambda _folder: None, 1: close_rooms})


def prepare_data_folder() -> Path:
    """Make the data folder where it is not there, and bring one of an older layout up to date; return it.

    A step that is interrupted is begun again: the note is written after it.

    Raises
    ------
    InputError
        If a newer survdash has written the folder, or its note is damaged.
    """
    folder = settings().data_dir
    folder.mkdir(mode=PRIVATE_MODE, parents=True, exist_ok=True)
    close_rooms(folder)  # at every start: writers make their rooms as they need them
    if _layout(folder) == LAYOUT:
        return folder
    if folder.joinpath(NOTE).exists():
        _log.warning("the data folder is brought from layout %d to %d", _layout(folder), LAYOUT)
    with FileLock(folder / ".layout.lock"):
        while (layout := _layout(folder)) < LAYOUT:
            STEPS[layout](folder)
            write_json(folder / NOTE, {"layout": layout + 1})
    return folder


def _layout(folder: Path) -> int:
    note = folder / NOTE
    if not note.exists():
        return 0
    try:
        layout = int(json.loads(note.read_text(encoding="utf-8"))["layout"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{NOTE} in the data folder is damaged.", hint="Restore a backup, or delete that file if the "
                         "folder was written by this version.") from error  # fmt: skip
    if layout > LAYOUT:
        raise InputError(
            f"The data folder was written by a newer survdash (layout {layout}; this one knows up to {LAYOUT}).",
            hint="Update survdash, or set SURVDASH_DATA_DIR to another folder.",
        )
    return layout
