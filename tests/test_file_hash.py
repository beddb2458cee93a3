"""The remembered hash is always that of the bytes."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from survdash import file_hash
from survdash.file_hash import is_quick, kept_sha256, known_sha256


@pytest.fixture
def large(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large and has lain there for a while."""
    monkeypatch.setattr(file_hash, "SMALL_BYTES", 8)
    monkeypatch.setattr(file_hash, "SETTLED_SECONDS", 0.05)
    path = tmp_path / "slide.svs"
    path.write_bytes(b"first bytes")
    time.sleep(0.1)
    return path


def _true(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_settled_large_file_is_remembered_without_its_name(large: Path, data_dir: Path) -> None:
    assert known_sha256(large) is None
    assert not is_quick(large)
    assert kept_sha256(large) == known_sha256(large) == _true(large)
    assert is_quick(large)
    (note,) = (data_dir / "hashes").iterdir()
    assert "slide" not in note.name + note.read_text()
    os.link(large, large.with_name("other.svs"))  # its entry changes with it
    assert known_sha256(large) is None


def _rewrite(path: Path) -> None:
    path.write_bytes(b"other bytes")


def _replace(path: Path) -> None:
    other = path.with_name("new")
    other.write_bytes(b"other bytes")
    os.replace(other, path)


def _rewrite_and_restore_the_date(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"other bytes")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.parametrize("change", [_rewrite, _replace, _rewrite_and_restore_the_date])
def test_whatever_changed_is_hashed_anew(large: Path, change: Callable[[Path], None]) -> None:
    first = kept_sha256(large)
    change(large)
    assert known_sha256(large) is None
    time.sleep(0.1)
    assert kept_sha256(large) == known_sha256(large) == _true(large) != first


def test_what_has_just_been_written_and_what_is_small_is_not_remembered(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_hash, "SETTLED_SECONDS", 60)
    assert kept_sha256(large) == _true(large)
    assert known_sha256(large) is None
    monkeypatch.setattr(file_hash, "SETTLED_SECONDS", 0)
    monkeypatch.setattr(file_hash, "SMALL_BYTES", 100)
    assert kept_sha256(large) == _true(large)
    assert known_sha256(large) is None


@pytest.mark.parametrize("words", ["", "[]", "7", "null", '{"size": 11}', '{"sha256": "ff"}'])
def test_a_damaged_note_says_nothing(large: Path, data_dir: Path, words: str) -> None:
    kept_sha256(large)
    (note,) = (data_dir / "hashes").iterdir()
    note.write_text(words)
    assert known_sha256(large) is None
    assert kept_sha256(large) == _true(large)
    assert json.loads(note.read_text())["sha256"] == _true(large)
