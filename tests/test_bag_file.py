from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import BagError, UnknownNameError

ORIGIN = BagOrigin(encoder="net", weights="ab", dim=3)


def blocks(*sizes: int):
    start = 0
    for size in sizes:
        yield (
            np.arange(start, start + 3 * size).reshape(size, 3).astype(np.float32) / 8,
            np.full((size, 2), start, np.int32),
        )
        start += 3 * size


def write(path, *, allow_missing: bool = False, **slides):
    with new_bag_file(path, ORIGIN, allow_missing=allow_missing) as writer:
        for name, parts in slides.items():
            writer.add_slide(name, parts, {"mpp": 0.5, "rule": "x"})


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(sizes=st.lists(st.integers(0, 90), min_size=1, max_size=4).filter(any))
def test_the_cut_into_blocks_does_not_matter(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("bag")
    write(folder / "a.h5", s=blocks(*sizes))
    write(folder / "b.h5", s=blocks(sum(sizes)))
    with BagFile(folder / "a.h5") as one, BagFile(folder / "b.h5") as other:
        assert one.tile_count("s") == sum(sizes)
        np.testing.assert_array_equal(one.read(["s"]).features, other.read(["s"]).features)


def test_slides_are_read_as_one_bag_in_the_order_asked_for(tmp_path):
    write(tmp_path / "b.h5", s1=blocks(2), s2=blocks(3))
    with BagFile(tmp_path / "b.h5") as file:
        bag = file.read(["s2", "s1"])
        assert file.slide_ids == ("s1", "s2")
        assert file.attributes("s1") == {"mpp": 0.5, "rule": "x"}
        assert (file.origin.encoder, file.origin.weights, file.origin.dim) == ("net", "ab", 3)
        with pytest.raises(UnknownNameError, match="holds no slide 's3'"):
            file.read(["s3"])
    assert bag.slide_index.tolist() == [0, 0, 0, 1, 1]
    assert bag.features.dtype == np.float16


@pytest.mark.parametrize(("value", "allowed"), [(np.nan, True), (np.inf, False), (1e6, True), (1e39, False)])
def test_slide_level_tables_may_have_gaps_and_large_values_and_tiles_may_not(tmp_path, value, allowed):
    block = [(np.array([[1.0, value, 2.0]]), np.zeros((1, 2), np.int32))]
    with pytest.raises(BagError, match="missing or too large for float16"):
        write(tmp_path / "tiles.h5", s=block)
    if not allowed:
        with pytest.raises(BagError, match="missing or too large for float32"):
            write(tmp_path / "table.h5", s=block, allow_missing=True)
        return
    write(tmp_path / "table.h5", s=block, allow_missing=True)
    with BagFile(tmp_path / "table.h5") as file:
        np.testing.assert_array_equal(file.read(["s"]).features, block[0][0].astype(np.float32))


@pytest.mark.parametrize(
    ("name", "parts", "said"),
    [
        ("a/b", [(np.ones((1, 3)), np.ones((1, 2)))], "name is taken or not allowed"),
        ("..", [(np.ones((1, 3)), np.ones((1, 2)))], "name is taken or not allowed"),
        ("s", [(np.ones((1, 4)), np.ones((1, 2)))], "does not fit width 3"),
        ("s", [(np.ones((1, 3)), np.ones((2, 2)))], "does not fit width 3"),
        ("s", [], "has no tile"),
    ],
)
def test_a_faulty_slide_leaves_no_file(tmp_path, name, parts, said):
    with pytest.raises(BagError, match=said):
        write(tmp_path / "b.h5", **{name: parts})
    assert list(tmp_path.iterdir()) == []


def test_a_slide_is_added_once(tmp_path):
    def twice() -> None:
        with new_bag_file(tmp_path / "b.h5", ORIGIN) as writer:
            writer.add_slide("s", blocks(1), {})
            writer.add_slide("s", blocks(1), {})

    with pytest.raises(BagError, match="name is taken"):
        twice()


def test_other_files_and_newer_schemas_are_refused(tmp_path):
    (tmp_path / "x.h5").write_bytes(b"not HDF5")
    with pytest.raises(BagError, match="not a bag file of survdash"):
        BagFile(tmp_path / "x.h5")
    write(tmp_path / "b.h5", s=blocks(1))
    with h5py.File(tmp_path / "b.h5", "a") as file:
        file.attrs["schema"] = 2
    with pytest.raises(BagError, match="has bag schema 2; this survdash reads up to 1"):
        BagFile(tmp_path / "b.h5")


@pytest.mark.parametrize("how", ["external", "soft", "virtual"])
def test_a_bag_that_points_outside_of_its_file_is_not_read(tmp_path, how):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.arange(8, dtype="<f2").tobytes())
    path = tmp_path / "bag.h5"
    with new_bag_file(path, BagOrigin(encoder="made", weights="", dim=8)) as writer:
        writer.add_slide("a", [(np.zeros((1, 8)), np.zeros((1, 2), np.int32))], {})
    with h5py.File(path, "r+") as file:
        del file["slides/a/features"]
        if how == "external":
            file["slides/a"].create_dataset("features", (1, 8), "f2", external=[(str(secret), 0, 16)])
        elif how == "soft":
            file["slides/a"]["features"] = h5py.ExternalLink(str(path), "/slides/a/coords")
        else:
            layout = h5py.VirtualLayout((1, 8), "f2")
            layout[:] = h5py.VirtualSource(str(path), "slides/a/other", (1, 8), "f2")
            file["slides/a"].create_virtual_dataset("features", layout)
    with BagFile(path) as bag, pytest.raises(BagError, match="outside"):
        bag.read(["a"])


def test_the_stain_is_part_of_the_origin_and_older_files_have_none(tmp_path: Path) -> None:
    origins = {"none": ORIGIN, "macenko": replace(ORIGIN, stain="macenko")}
    for stain, origin in origins.items():
        with new_bag_file(tmp_path / f"{stain}.h5", origin) as writer:
            writer.add_slide("A", [(np.ones((2, 3)), np.ones((2, 2)))], {})
        with h5py.File(tmp_path / f"{stain}.h5") as file:
            assert ("stain" in file.attrs) == (stain != "none")
        with BagFile(tmp_path / f"{stain}.h5") as bags:
            assert bags.origin.stain == stain
        assert ("stain" in origin.to_json()) == (stain != "none")
