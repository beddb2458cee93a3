from __future__ import annotations

import h5py
import numpy as np
import pytest

from survdash.bag_file import SCHEMA, BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import BagError, UnknownNameError

ORIGIN = BagOrigin(encoder="efficientnet-lite0", weights="ab" * 32, dim=8)


def block(tiles, *, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(tiles, 8)).astype(np.float32), rng.integers(0, 100_000, size=(tiles, 2), dtype=np.int32)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "bags.h5"
    with new_bag_file(path, ORIGIN) as writer:
        assert writer.add_slide("s1", [block(100), block(70, seed=1)], {"mpp": 0.5, "slide_sha256": "cd"}) == 170
        writer.add_slide("s2", [block(3, seed=2)], {})
    return path


def test_what_was_written_is_read_in_order(path):
    with BagFile(path) as bags:
        assert (bags.slide_ids, bags.tile_count("s1")) == (("s1", "s2"), 170)
        assert bags.attributes("s1") == {"mpp": 0.5, "slide_sha256": "cd"}
        bag = bags.read(["s2", "s1"])
    features = np.concatenate([block(3, seed=2)[0], block(100)[0], block(70, seed=1)[0]])
    np.testing.assert_array_equal(bag.features, features.astype(np.float16))
    np.testing.assert_array_equal(bag.coords[3:103], block(100)[1])
    np.testing.assert_array_equal(bag.slide_index, np.repeat([0, 1], [3, 170]))
    assert (bag.slide_ids, bag.origin.encoder, bag.origin.dim) == (("s2", "s1"), ORIGIN.encoder, 8)


def test_equal_bags_are_equal_bytes(tmp_path, path):
    again = tmp_path / "again.h5"
    with new_bag_file(again, ORIGIN) as writer:
        writer.add_slide("s1", [block(100), block(70, seed=1)], {"mpp": 0.5, "slide_sha256": "cd"})
        writer.add_slide("s2", [block(3, seed=2)], {})
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("slide_id", "blocks", "words"),
    [
        ("s/1", [block(1)], "not allowed"),
        ("..", [block(1)], "not allowed"),
        ("s1", [], "no tile"),
        ("s1", [(np.ones((2, 7)), np.zeros((2, 2)))], "width 8"),
        ("s1", [(np.ones((2, 8)), np.zeros((1, 2)))], "does not fit"),
        ("s1", [(np.full((2, 8), 1e6), np.zeros((2, 2)))], "too large"),
        ("s1", [(np.full((2, 8), np.nan), np.zeros((2, 2)))], "missing"),
    ],
)
def test_a_slide_that_does_not_fit_leaves_no_file(tmp_path, slide_id, blocks, words):
    with pytest.raises(BagError, match=words), new_bag_file(tmp_path / "b.h5", ORIGIN) as writer:
        writer.add_slide(slide_id, blocks, {})
    assert list(tmp_path.iterdir()) == []


def test_a_slide_is_added_once(tmp_path):
    with pytest.raises(BagError, match="taken"), new_bag_file(tmp_path / "b.h5", ORIGIN) as writer:
        writer.add_slide("s1", [block(1)], {})
        writer.add_slide("s1", [block(1)], {})


def test_tables_of_one_vector_a_slide_keep_gaps_and_large_areas(tmp_path):
    row = np.array([[1e6, np.nan, 0, 1, 2, 3, 4, 5]], np.float32)
    with new_bag_file(tmp_path / "b.h5", ORIGIN, allow_missing=True) as writer:
        writer.add_slide("s1", [(row, np.zeros((1, 2), np.int32))], {})
    with BagFile(tmp_path / "b.h5") as bags:
        np.testing.assert_array_equal(bags.read(["s1"]).features, row)


def test_an_unknown_slide_is_said_to_be_unknown(path):
    with BagFile(path) as bags, pytest.raises(UnknownNameError, match="s3"):
        bags.read(["s1", "s3"])


def test_other_files_and_newer_schemas_are_refused(tmp_path, path):
    (tmp_path / "text.h5").write_text("no HDF5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["features"] = [1.0]
    for name in ("text.h5", "foreign.h5", "absent.h5"):
        with pytest.raises(BagError, match=name):
            BagFile(tmp_path / name)
    with h5py.File(path, "r+") as file:
        file.attrs["schema"] = SCHEMA + 1
    with pytest.raises(BagError, match="Update"):
        BagFile(path)
