from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.store import digest, file_sha256, folder_bytes, new_file, new_folder, write_json, write_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(parts=st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_change_a_digest(parts):
    assert digest(parts) == digest(dict(reversed(parts.items())))
    assert digest({**parts, "more": 1}) != digest({**parts, "more": 2})


def test_a_digest_is_the_same_in_another_process():
    command = "from survdash.store import digest; print(digest({'b': [1, 2.5], 'a': None}))"
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.strip()
    assert told == digest({"a": None, "b": [1, 2.5]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": float("nan")})


def test_a_file_is_hashed_as_hashlib_does(tmp_path):
    content = os.urandom(3_000_001)
    (tmp_path / "x").write_bytes(content)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "x.txt"
    write_text(path, "old")

    def fail() -> None:
        with new_file(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_takes_the_place_of_the_old_one_whole_or_not_at_all(tmp_path):
    path = tmp_path / "c"

    def write(name: str, *, fail: bool) -> None:
        with new_folder(path) as temporary:
            (temporary / name).write_text(name)
            if fail:
                raise KeyboardInterrupt

    write("first", fail=False)
    with pytest.raises(KeyboardInterrupt):
        write("second", fail=True)
    assert [file.name for file in path.iterdir()] == ["first"]
    write("third", fail=False)
    assert [file.name for file in path.iterdir()] == ["third"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path):
    path = tmp_path / "c"

    def lose() -> None:
        with new_folder(path) as temporary:
            temporary.rename(tmp_path / "taken away")
            (tmp_path / "taken away").chmod(0o755)

    path.mkdir()
    (path / "x").write_text("old")
    with pytest.raises(FileNotFoundError):
        lose()
    assert (path / "x").read_text() == "old"


def test_equal_values_give_equal_bytes_of_json(tmp_path):
    write_json(tmp_path / "a", {"b": 1, "a": "ä"})
    write_json(tmp_path / "b", {"a": "ä", "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert folder_bytes(tmp_path) == 2 * (tmp_path / "a").stat().st_size
    assert folder_bytes(tmp_path / "none") == 0
