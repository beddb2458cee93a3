"""The inbox folder: where whoever runs the server puts files that a visitor may use, instead of uploading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from survdash.errors import InputError
from survdash.settings import settings


def inbox_folder() -> Path:
    """``inbox`` of the data folder; it need not be there."""
    return settings().data_dir / "inbox"


def inbox_names(suffixes: Sequence[str], *, folders: bool = False) -> list[str]:
    """Names of what lies in the inbox folder, or in a folder of it, with one of these endings; sorted.

    Parameters
    ----------
    suffixes : sequence of str
        Endings of files, in small letters, without a dot.
    folders : bool
        Whether folders are listed too.
    """
    folder = inbox_folder()
    if not folder.is_dir():
        return []
    home = folder.resolve()
    # A link that leads out would offer any visitor what lies there.
    found = [
        path for path in (*folder.iterdir(), *folder.glob("*/*"))
        if not path.name.startswith(".") and path.resolve().is_relative_to(home)
    ]  # fmt: skip
    return sorted(
        path.relative_to(folder).as_posix()
        for path in found
        if (path.is_dir() and folders) or (path.is_file() and path.name.rpartition(".")[2].lower() in suffixes)
    )


def inbox_path(name: str) -> Path:
    """Where what is called ``name`` in the inbox folder lies.

    Raises
    ------
    InputError
        If the name, or a link of that name, leads out of the folder.
    """
    folder = inbox_folder()
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{name[:80]!r} is not in the inbox folder.", hint="Choose one of the list.")
    return path
