"""Deleted files are overwritten first, unless their bytes are somebody else's too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from survdash import erase
from survdash.settings import settings

SECRET = b"MILLER^ANNA" * 1000


def blocks_of(path: Path) -> int:
    """A second handle on a file's bytes, as a thief of the disk has one."""
    return os.open(path, os.O_RDONLY)


@pytest.mark.parametrize("overwrite", [True, False])
def test_the_bytes_are_gone_where_the_setting_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    monkeypatch.setenv("SURVDASH_OVERWRITE_DELETED", str(overwrite).lower())
    settings.cache_clear()
    folder = tmp_path / "case"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "slide.svs").write_bytes(SECRET)
    handle = blocks_of(folder / "deep" / "slide.svs")
    erase.remove(folder, aside=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert os.pread(handle, 1 << 20, 0) == (bytes(len(SECRET)) if overwrite else SECRET)
    os.close(handle)


def test_another_name_of_the_same_bytes_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(SECRET)
    os.link(tmp_path / "own", tmp_path / "linked")
    (tmp_path / "pointer").symlink_to(tmp_path / "own")
    for name in ("linked", "pointer"):
        erase.remove(tmp_path / name, aside=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    assert (tmp_path / "own").read_bytes() == SECRET


def test_what_a_killed_process_left_goes_with_the_next_sweep_and_nothing_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "slide.svs").write_bytes(SECRET)
    monkeypatch.setattr(erase, "erase", lambda path: None)  # killed right after the rename
    erase.remove(tmp_path / "case", aside=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [erase.REMOVED]
    monkeypatch.undo()
    erase.sweep_removed(tmp_path)
    assert list(tmp_path.iterdir()) == []
    erase.remove(tmp_path / "case", aside=tmp_path)


def test_it_is_said_what_deleting_means_on_this_disk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, rotating, words in (("ext4", True, erase.IN_PLACE), ("xfs", False, erase.FLASH),
                                  ("btrfs", True, erase.COPIED), ("fuse.sshfs", True, erase.COPIED),
                                  ("tmpfs", False, erase.MEMORY)):  # fmt: skip
        monkeypatch.setattr(erase, "_file_system", lambda _folder, kind=kind: kind)
        monkeypatch.setattr(erase, "_is_rotating", lambda _folder, rotating=rotating: rotating)
        assert erase.how_deleted() == words
    monkeypatch.undo()
    assert erase.how_deleted()
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SURVDASH_OVERWRITE_DELETED", "false")
    settings.cache_clear()
    assert "not overwritten" in erase.how_deleted()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_file_that_cannot_be_overwritten_is_removed_and_that_is_logged_without_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "MILLER"
    secret.write_bytes(SECRET)
    opened = os.open
    # A disk that takes nothing, in place of the one that these tests run on.
    monkeypatch.setattr(erase.os, "open", lambda path, flags: opened("/dev/full", flags))
    erase.erase(secret)
    assert not secret.exists()
    assert "could not be overwritten" in caplog.text
    assert "MILLER" not in caplog.text
