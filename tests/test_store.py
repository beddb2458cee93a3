from __future__ import annotations

import hashlib
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash import store

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(parts=st.dictionaries(st.text(), PLAIN, max_size=4))
def test_a_digest_does_not_know_the_order_of_keys(parts):
    assert store.digest(dict(reversed(parts.items()))) == store.digest(parts)
    assert len(store.digest(parts)) == 24


@given(parts=st.dictionaries(st.text(max_size=3), st.integers(), min_size=1, max_size=4), change=st.integers(1, 9))
def test_a_digest_notices_any_changed_value(parts, change):
    key = min(parts)
    assert store.digest(parts | {key: parts[key] + change}) != store.digest(parts)


@pytest.mark.parametrize("value", [float("nan"), object(), b"bytes"])
def test_what_has_no_one_spelling_has_no_digest(value):
    with pytest.raises((ValueError, TypeError)):
        store.digest({"value": value})


def test_a_files_hash_is_that_of_its_bytes(tmp_path):
    data = os.urandom(2 * store.BLOCK_BYTES + 17)
    (tmp_path / "file").write_bytes(data)
    assert store.file_sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()


def test_a_failure_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    store.write_text(path, "old")
    with pytest.raises(RuntimeError), store.new_file(path) as temporary:
        temporary.write_text("half of the ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, seen, stop = tmp_path / "file.json", set(), threading.Event()
    store.write_json(path, {"fill": "0" * 100_000})

    def read() -> None:
        while not stop.is_set():
            seen.add(len(path.read_bytes()))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(20):
        store.write_json(path, {"fill": str(turn % 10) * 100_000})
    stop.set()
    reader.join()
    assert len(seen) == 1


def test_equal_values_give_equal_bytes_and_nan_is_refused(tmp_path):
    store.write_json(tmp_path / "a", {"x": 1, "ä": [2.5]})
    store.write_json(tmp_path / "b", {"ä": [2.5], "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        store.write_json(tmp_path / "a", float("nan"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_new_folder_takes_the_place_of_the_old_one_whole_or_not_at_all(tmp_path):
    path = tmp_path / "model"
    for text in ("one", "two"):
        with store.new_folder(path) as folder:
            (folder / text).write_text(text)
    assert [file.name for file in path.iterdir()] == ["two"]
    with pytest.raises(RuntimeError), store.new_folder(path) as folder:
        (folder / "three").touch()
        raise RuntimeError
    assert [file.name for file in path.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path):
    assert store.folder_bytes(tmp_path / "none") == 0
    store.write_text(tmp_path / "a" / "b" / "c", "12345")
    store.write_text(tmp_path / "d", "678")
    assert store.folder_bytes(tmp_path) == 8
