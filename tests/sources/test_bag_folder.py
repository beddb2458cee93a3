from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from survdash.bag_file import BagFile, copy_bag_file, new_bag_file
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


def test_a_table_of_slides_tells_whose_they_are(tmp_path, write_table):
    foreign(tmp_path / "in" / "S1.h5", encoder="net")
    foreign(tmp_path / "in" / "S2.h5", encoder="net")
    told = write_table([{"slide_id": "S1.svs", "case_id": "B"}], "map.csv")
    found = read_bag_folder(tmp_path / "in", CASES, slide_map=told)
    assert dict(found.slides) == {"S1": "B"}
    assert found.notes == ("1 bags are not in map.csv and were left out (S2).",)
    assert found.source["slide_map"]["file"] == "map.csv"


def test_slides_without_tissue_and_files_of_places_alone_are_counted_not_refused(tmp_path):
    foreign(tmp_path / "A.h5", encoder="net")
    foreign(tmp_path / "B.h5", shape=(0, 4), coords=(0, 2), encoder="net")
    with h5py.File(tmp_path / "A_patches.h5", "w") as file:
        file["coords"] = np.ones((3, 2))
    found = read_bag_folder(tmp_path, CASES)
    assert list(found.slides.index) == ["A"]
    assert found.notes == (
        "1 bags hold no tile and were left out (B).",
        "1 files hold coordinates alone and were left out (A_patches.h5).",
    )


def test_clam_writes_each_slide_twice_and_the_one_with_coordinates_is_taken(tmp_path):
    values = foreign(tmp_path / "h5_files" / "A.h5")
    (tmp_path / "pt_files").mkdir()
    torch.save(torch.from_numpy(values), tmp_path / "pt_files" / "A.pt")
    found = read_bag_folder(tmp_path, CASES, encoder="resnet50")
    assert found.notes == ("1 slides stand in h5_files and in pt_files; those of h5_files are taken.",)
    with store(found, tmp_path.parent / f"{tmp_path.name}.h5") as bags:
        assert bags.attributes("A")["file"] == "A.h5"
    torch.save(torch.ones(3, 4), tmp_path / "pt_files" / "A.pt")
    with pytest.raises(BagError, match=r"slide A stands in h5_files/A\.h5 and in pt_files/A\.pt"):
        read_bag_folder(tmp_path, CASES)


def test_the_encoder_that_the_user_states_stands_where_the_files_are_silent(tmp_path):
    foreign(tmp_path / "A.h5")
    found = read_bag_folder(tmp_path, CASES, encoder="uni_v1")
    assert (found.origin.encoder, found.notes) == ("uni_v1", ())
    foreign(tmp_path / "B.h5", encoder="conch_v1")
    with pytest.raises(BagError, match=r"B\.h5: it says that it was made by conch_v1, not by uni_v1"):
        read_bag_folder(tmp_path, CASES, encoder="uni_v1")


def test_two_encoders_of_one_width_are_two_kinds(tmp_path):
    foreign(tmp_path / "A.h5", encoder="uni_v1")
    foreign(tmp_path / "B.h5", encoder="hibou_l")
    with pytest.raises(BagError, match=r"hibou_l with 4 features \(1 slides, as B\.h5\), uni_v1 with 4 features"):
        read_bag_folder(tmp_path, CASES)


def test_one_vector_a_slide_and_one_a_tile_cannot_stand_together(tmp_path):
    np.save(tmp_path / "A.npy", np.ones(4, np.float32))
    found = read_bag_folder(tmp_path, CASES, encoder="titan")
    with store(found, tmp_path / "out" / "bags.h5") as bags:
        assert bags.attributes("A") == {"file": "A.npy", "level": "slide"}
        assert bags.read(["A"]).features.shape == (1, 4)
    np.save(tmp_path / "B.npy", np.ones((5, 4), np.float32))
    with pytest.raises(BagError, match="1 files hold one vector a slide, 1 one a tile"):
        read_bag_folder(tmp_path, CASES, encoder="titan")


def test_all_files_with_numbers_that_are_none_are_named_at_once(tmp_path):
    for name, tile in (("A", 2), ("B", 5)):
        table = np.ones((7, 4), np.float32)
        table[tile, 1] = np.nan
        np.save(tmp_path / f"{name}.npy", table)
    found = read_bag_folder(tmp_path, CASES)
    with pytest.raises(BagError) as caught:
        store(found, tmp_path / "out" / "bags.h5")
    assert "A.npy: feature 2 of tile 3 is no number (nan); B.npy: feature 2 of tile 6" in caught.value.message
    assert not (tmp_path / "out" / "bags.h5").exists()


def test_links_give_the_same_bag_until_the_file_moves_or_changes(tmp_path):
    path = tmp_path / "in" / "A.h5"
    values = foreign(path, encoder="net")
    copied = read_bag_folder(tmp_path / "in", CASES)
    linked = read_bag_folder(tmp_path / "in", CASES, link=True)
    assert linked.source["linked"] == 1
    assert linked.notes[-1].startswith("1 bags are linked, not copied")
    with store(copied, tmp_path / "copy.h5") as one, store(linked, tmp_path / "link.h5") as other:
        first, second = one.read(["A"]), other.read(["A"])
        np.testing.assert_array_equal(second.features, first.features)
        np.testing.assert_array_equal(second.coords, first.coords)
        assert second.features.dtype == first.features.dtype
        assert (other.links, one.links) == ({"A": path.resolve()}, {})
        assert (other.tile_count("A"), other.attributes("A")) == (7, one.attributes("A"))
    with pytest.raises(BagError, match="it refers to other files"):
        read_bag_folder(tmp_path / "link.h5", CASES)
    copy_bag_file(tmp_path / "link.h5", tmp_path / "whole.h5")
    os.utime(path, (1, 1))
    with BagFile(tmp_path / "link.h5") as bags:
        np.testing.assert_array_equal(bags.read(["A"]).features, values.astype(np.float16))
    with h5py.File(path, "a") as file:
        file["features"][0, 0] = 5
    with BagFile(tmp_path / "link.h5") as bags, pytest.raises(BagError, match=r"Slide A: A\.h5 has changed since"):
        bags.read(["A"])
    path.unlink()
    with BagFile(tmp_path / "link.h5") as bags, pytest.raises(BagError, match=r"A\.h5 is no longer where it was"):
        bags.read(["A"])
    with BagFile(tmp_path / "whole.h5") as bags:
        np.testing.assert_array_equal(bags.read(["A"]).features, values.astype(np.float16))


def test_our_own_files_are_not_linked(tmp_path):
    with new_bag_file(tmp_path / "x.h5", BagOrigin(encoder="net", weights="ab", dim=3)) as writer:
        writer.add_slide("A", [(np.ones((2, 3)), np.ones((2, 2)))], {})
    with pytest.raises(BagError, match="are copied, not linked"):
        read_bag_folder(tmp_path / "x.h5", CASES, link=True)
