from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import BagError
from survdash.settings import settings
from survdash.sources.bag_folder import case_of, read_bag_folder

CASES = pd.Index(["A", "B", "TCGA-AD-6964"])
GENERATOR = np.random.default_rng(0)


def foreign(
    path: Path,
    *,
    key: str = "features",
    shape: tuple[int, ...] = (7, 4),
    coords: tuple[int, ...] | None = (7, 2),
    **attrs: str,
):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = GENERATOR.normal(size=shape).astype(np.float32)
    with h5py.File(path, "w") as file:
        file[key] = values
        if coords is not None:
            file["coords"] = np.arange(np.prod(coords)).reshape(coords)
        file[key].attrs.update(attrs)
    return values


def store(found, path: Path) -> BagFile:
    with new_bag_file(path, found.origin) as writer:
        found.fill(writer)
    return BagFile(path)


def test_the_bag_of_another_program_keeps_its_numbers(shared, tmp_path):
    path = tmp_path / "TCGA-AD-6964-01Z-00-DX1.h5"
    path.write_bytes((shared / "slides" / "stamp_bag_TCGA-AD-6964.h5").read_bytes())
    found = read_bag_folder(tmp_path, CASES)
    assert dict(found.slides) == {"TCGA-AD-6964-01Z-00-DX1": "TCGA-AD-6964"}
    assert (found.origin.encoder, found.origin.weights, found.origin.dim) == ("unknown encoder, 512 wide", "", 512)
    assert "The files do not say which encoder made them, 512 features a tile" in found.notes[0]
    with store(found, tmp_path / "out" / "bags.h5") as bags, h5py.File(path) as file:
        bag = bags.read(list(found.slides.index))
        np.testing.assert_array_equal(bag.features, file["feats"][:].astype(np.float16))
        np.testing.assert_array_equal(bag.coords, file["coords"][:])


@pytest.mark.parametrize("key", ["features", "feats", "patch_embeddings"])
@pytest.mark.parametrize(
    ("shape", "coords"), [((7, 4), (7, 2)), ((1, 7, 4), (1, 7, 2)), ((1, 7, 4), None), ((7, 4), (1, 7, 2))]
)
def test_every_known_layout_gives_the_same_bag(tmp_path, key, shape, coords):
    values = foreign(tmp_path / "in" / "A.h5", key=key, shape=shape, coords=coords)
    found = read_bag_folder(tmp_path / "in", CASES)
    with store(found, tmp_path / "bags.h5") as bags:
        bag = bags.read(["A"])
    np.testing.assert_array_equal(bag.features, values.reshape(7, 4).astype(np.float16))
    np.testing.assert_array_equal(bag.coords, np.zeros((7, 2)) if coords is None else np.arange(14).reshape(7, 2))


def test_our_own_bags_are_taken_with_their_encoder(tmp_path):
    origin = BagOrigin(encoder="net", weights="ab", dim=3)
    (tmp_path / "in").mkdir()
    with new_bag_file(tmp_path / "in" / "x.h5", origin) as writer:
        writer.add_slide("A", [(np.ones((2, 3)), np.ones((2, 2)))], {"mpp": 0.5})
    found = read_bag_folder(tmp_path / "in" / "x.h5", CASES)
    assert (found.origin.encoder, found.origin.weights) == ("net", "ab")
    with store(found, tmp_path / "bags.h5") as bags:
        assert bags.attributes("A") == {"mpp": 0.5}


def test_the_encoder_is_recorded_and_never_inferred(tmp_path):
    foreign(tmp_path / "A.h5", encoder="uni_v1")
    assert read_bag_folder(tmp_path, CASES).origin.encoder == "uni_v1"


def test_bags_of_no_case_are_counted_and_none_at_all_is_an_error(tmp_path):
    foreign(tmp_path / "A.h5", encoder="net")
    foreign(tmp_path / "stranger.h5", encoder="net")
    assert read_bag_folder(tmp_path, CASES).notes == ("1 bags belong to no case of the cohort (stranger).",)
    with pytest.raises(BagError, match="none of 2 slides belongs"):
        read_bag_folder(tmp_path, pd.Index(["Z"]))
    (tmp_path / "none").mkdir()
    with pytest.raises(BagError, match="holds no bag"):
        read_bag_folder(tmp_path / "none", CASES)


def test_mixed_widths_and_encoders_are_refused(tmp_path):
    foreign(tmp_path / "A.h5", encoder="one")
    foreign(tmp_path / "B.h5", encoder="two", shape=(7, 5))
    with pytest.raises(BagError, match=r"2 kinds.*one with 4 features \(1 slides, as A.h5\), two with 5"):
        read_bag_folder(tmp_path, CASES)


def test_all_broken_files_are_named_at_once(tmp_path):
    foreign(tmp_path / "A.h5", key="data")
    foreign(tmp_path / "B.h5", shape=(7, 0))
    foreign(tmp_path / "C.h5", coords=(6, 2))
    foreign(tmp_path / "x" / "D.h5")
    foreign(tmp_path / "y" / "D.h5")
    (tmp_path / "E.h5").write_bytes(b"no HDF5")
    with pytest.raises(BagError) as caught:
        read_bag_folder(tmp_path, pd.Index(list("ABCDE")))
    for said in (
        "A.h5: no dataset",
        "B.h5: features has 0 features a tile",
        "C.h5: coords (6, 2) do not fit 7",
        "E.h5: the file is damaged",
        "slide D stands in",
    ):
        assert said in caught.value.message


def test_links_out_of_the_file_are_refused(tmp_path):
    foreign(tmp_path / "secret" / "data.h5")
    with h5py.File(tmp_path / "A.h5", "w") as file:
        file["features"] = h5py.ExternalLink("secret/data.h5", "features")
    with h5py.File(tmp_path / "B.h5", "w") as file:
        file["real"] = np.ones((2, 2), np.float32)
        file["features"] = h5py.SoftLink("/real")
    with h5py.File(tmp_path / "C.h5", "w") as file:
        layout = h5py.VirtualLayout((7, 4), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret" / "data.h5"), "features", (7, 4))
        file.create_virtual_dataset("features", layout)
    for name in "ABC":
        with pytest.raises(BagError, match=r"is a link, not data|lies in another file"):
            read_bag_folder(tmp_path / f"{name}.h5", pd.Index(list("ABC")))


def test_a_bag_that_claims_to_be_huge_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SURVDASH_MAX_SLIDE_GB", "0.001")
    settings.cache_clear()
    with h5py.File(tmp_path / "A.h5", "w") as file:
        file.create_dataset("features", shape=(10**9, 512), chunks=(64, 512), dtype="f4")
    assert (tmp_path / "A.h5").stat().st_size < 10_000
    with pytest.raises(BagError, match=r"larger than 0\.001 GB"):
        read_bag_folder(tmp_path, CASES)


@pytest.mark.parametrize(
    ("slide", "case"),
    [
        ("TCGA-AD-6964-01Z-00-DX1.ABC", "TCGA-AD-6964"),
        ("TCGA-AD-6964", "TCGA-AD-6964"),
        ("A", "A"),
        ("A-1", None),
        ("TCGA-AD-69645", None),
    ],
)
def test_the_case_of_a_slide(slide, case):
    assert case_of(slide, CASES) == case


def test_bags_of_other_colours_are_another_kind(tmp_path):
    for slide, stain in (("A", "none"), ("B", "macenko")):
        origin = BagOrigin(encoder="net", weights="ab", dim=3, stain=stain)
        with new_bag_file(tmp_path / f"{slide}.h5", origin) as writer:
            writer.add_slide(slide, [(np.ones((2, 3)), np.ones((2, 2)))], {})
    with pytest.raises(BagError, match=r"bags of 2 kinds.*net with 3 features \(macenko\)"):
        read_bag_folder(tmp_path, CASES)
