from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from survdash.errors import BagError
from survdash.foreign_bag import BLOCK_TILES, inspect_bag, read_blocks, slide_name
from survdash.settings import settings

GENERATOR = np.random.default_rng(0)
TILES, DIM = 9, 4


def values(*shape: int, kind: str = "float32") -> np.ndarray:
    return GENERATOR.normal(size=shape).astype(kind)


def whole(path: Path) -> tuple[np.ndarray, np.ndarray]:
    blocks = list(read_blocks(inspect_bag(path)))
    return np.concatenate([one for one, _ in blocks]), np.concatenate([one for _, one in blocks])


def clam_pt(path, table):
    torch.save(torch.from_numpy(table), path)


def pt_with_coords(path, table):
    torch.save({"features": torch.from_numpy(table), "coords": torch.arange(2 * TILES).reshape(TILES, 2)}, path)


def npy(path, table):
    np.save(path, table)


def slide2vec_npz(path, table):
    np.savez_compressed(path, features=table, tile_index=np.arange(TILES))


def trident_h5(path, table):
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=table, chunks=(1, *table.shape[1:]), maxshape=(None, *table.shape[1:]))
        file["features"].attrs.update(encoder="uni_v1", name=path.stem, savetodir="x")
        file["coords"] = np.arange(2 * TILES).reshape(TILES, 2)
        file["coords"].attrs.update(patch_size=256, patch_size_level0=512, target_magnification=20, name=path.stem)


def uni2_h5(path, table):
    with h5py.File(path, "w") as file:
        file["features"] = table[None]
        file["coords"] = np.arange(2 * TILES).reshape(1, TILES, 2)


def stamp_h5(path, table):
    with h5py.File(path, "w") as file:
        file["feats"] = table
        file["coords"] = np.arange(2 * TILES).reshape(TILES, 2) * 256.0
        file.attrs.update(stamp_version="2.3.0", extractor="virchow2", unit="um", tile_size_um=256.0, feat_type="tile")


WRITERS = {
    "clam.pt": clam_pt, "coords.pt": pt_with_coords, "plain.npy": npy, "slide2vec.npz": slide2vec_npz,
    "trident.h5": trident_h5, "uni2.h5": uni2_h5, "stamp.h5": stamp_h5,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", WRITERS)
def test_every_program_gives_its_numbers(tmp_path, name, kind):
    table = values(TILES, DIM, kind=kind)
    WRITERS[name](tmp_path / name, table)
    bag = inspect_bag(tmp_path / name)
    assert (bag.tiles, bag.dim, bag.slide_level) == (TILES, DIM, False)
    features, coords = whole(tmp_path / name)
    # PyTorch's float64 comes as float32: that is more than the float16 that a bag keeps.
    np.testing.assert_array_equal(features.astype(np.float16), table.astype(np.float16))
    told = np.arange(2 * TILES).reshape(TILES, 2) * (256 if name == "stamp.h5" else 1)
    without = name in ("clam.pt", "plain.npy", "slide2vec.npz")
    np.testing.assert_array_equal(coords, np.zeros((TILES, 2)) if without else told)


@pytest.mark.parametrize("dim", [512, 768, 1024, 1280, 1536, 2560])
def test_any_width_and_more_tiles_than_a_block(tmp_path, dim):
    table = values(BLOCK_TILES // 1024 + BLOCK_TILES, dim, kind="float16")
    np.save(tmp_path / "a.npy", table)
    np.testing.assert_array_equal(whole(tmp_path / "a.npy")[0], table)


def test_what_programs_say_of_their_tiles_is_kept(tmp_path):
    for name in ("trident.h5", "stamp.h5"):
        WRITERS[name](tmp_path / name, values(TILES, DIM))
    trident, stamp = (inspect_bag(tmp_path / name) for name in ("trident.h5", "stamp.h5"))
    assert trident.encoder == "uni_v1"
    assert trident.attributes == {
        "coords_unit": "unknown", "patch_size": 256.0, "patch_size_level0": 512.0, "target_magnification": 20.0
    }  # fmt: skip
    assert stamp.encoder == "virchow2"
    assert stamp.attributes["coords_unit"] == "um"


def test_a_bfloat16_tensor_is_read(tmp_path):
    torch.save(torch.ones(TILES, DIM, dtype=torch.bfloat16), tmp_path / "a.pt")
    np.testing.assert_array_equal(whole(tmp_path / "a.pt")[0], np.ones((TILES, DIM)))


@pytest.mark.parametrize("ending", ["h5", "pt", "npy", "npz"])
def test_one_vector_a_slide_and_a_slide_without_tissue(tmp_path, ending):
    def write(name: str, table: np.ndarray) -> Path:
        path = tmp_path / f"{name}.{ending}"
        if ending == "h5":
            with h5py.File(path, "w") as file:
                file["features"] = table
        elif ending == "pt":
            clam_pt(path, table)
        elif ending == "npy":
            npy(path, table)
        else:
            np.savez(path, features=table)
        return path

    vector = values(DIM)
    path = write("vector", vector)
    assert (inspect_bag(path).slide_level, inspect_bag(path).tiles) == (True, 1)
    np.testing.assert_array_equal(whole(path)[0], vector[None])
    assert inspect_bag(write("empty", np.zeros((0, DIM), np.float32))).tiles == 0
    assert inspect_bag(write("empty_vector", np.zeros(0, np.float32))).tiles == 0


def test_slide2vecs_facts_are_read_and_compared(tmp_path):
    clam_pt(tmp_path / "a.pt", values(TILES, DIM))
    facts = {"feature_dim": DIM, "num_tiles": TILES, "encoder_name": "virchow2"}
    (tmp_path / "a.meta.json").write_text(json.dumps(facts))
    assert inspect_bag(tmp_path / "a.pt").encoder == "virchow2"
    (tmp_path / "a.meta.json").write_text(json.dumps({**facts, "num_tiles": 3}))
    with pytest.raises(BagError, match=r"a\.meta\.json says num_tiles 3, the file holds 9"):
        inspect_bag(tmp_path / "a.pt")
    (tmp_path / "a.meta.json").write_text("[" * 100_000)
    with pytest.raises(BagError, match=r"a\.meta\.json cannot be read"):
        inspect_bag(tmp_path / "a.pt")


@pytest.mark.parametrize(("value", "said"), [(np.nan, r"is no number \(nan\)"), (np.inf, r"is no number \(inf\)"),
                                             (70_000, r"is too large for float16 \(70000\)")])  # fmt: skip
@pytest.mark.parametrize("name", ["trident.h5", "clam.pt", "plain.npy", "slide2vec.npz"])
def test_a_number_that_is_none_is_named_with_its_tile(tmp_path, name, value, said):
    table = values(TILES, DIM)
    table[6, 2] = value
    WRITERS[name](tmp_path / name, table)
    with pytest.raises(BagError, match=f"feature 3 of tile 7 {said}"):
        whole(tmp_path / name)


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("pwned"),))


def test_a_pickle_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features": torch.ones(2, 2), "more": Evil()}, tmp_path / "a.pt")
    with pytest.raises(BagError, match="more than tensors"):
        inspect_bag(tmp_path / "a.pt")
    torch.save(torch.ones(2, 2), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(BagError, match=r"no file of PyTorch 1\.6"):
        inspect_bag(tmp_path / "old.pt")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "holds no tensor"),
        ({"other": torch.ones(2, 2)}, "holds no tensor"),
        (torch.ones(2, 2, dtype=torch.int64), "must hold floats"),
        (torch.ones(2, 2).to_sparse(), "plain tensor"),
        (torch.ones(2, 2, dtype=torch.complex64), "plain tensor"),
        (torch.ones(2, 2, 2), "must be"),
        (torch.ones(1).expand(10**9, 512), "larger than"),
        ({"features": torch.ones(3, 2), "coords": torch.ones(2, 2)}, "do not fit 3 tiles"),
    ],
)
def test_tensors_of_other_forms_are_refused(tmp_path, content, said):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(BagError, match=said):
        inspect_bag(tmp_path / "a.pt")


def test_a_damaged_tensor_is_noticed_though_its_form_is_right(tmp_path):
    clam_pt(tmp_path / "a.pt", np.ones((500, DIM), np.float32))
    content = bytearray((tmp_path / "a.pt").read_bytes())
    place = content.index(np.ones(100, np.float32).tobytes()) + 6
    content[place] ^= 1
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(BagError, match="checksum"):
        whole(tmp_path / "a.pt")


def test_a_packed_tensor_archive_is_refused(tmp_path):
    clam_pt(tmp_path / "a.pt", values(TILES, DIM))
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(BagError, match="is packed"):
        inspect_bag(tmp_path / "b.pt")


def test_sizes_are_refused_before_anything_is_allocated(tmp_path, monkeypatch):
    monkeypatch.setenv("SURVDASH_MAX_SLIDE_GB", "0.001")
    settings.cache_clear()
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 1024)}
        )
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("features", shape=(10**9, 512), chunks=(64, 512), dtype="f4")
    with h5py.File(tmp_path / "wide.h5", "w") as file:
        file.create_dataset("features", shape=(1, 10**9), chunks=(1, 64), dtype="f4")
    for name, said in (("a.npy", "larger than"), ("a.h5", "larger than"), ("wide.h5", "1000000000 features a tile")):
        with pytest.raises(BagError, match=said):
            inspect_bag(tmp_path / name)


def foreign_filter(file: h5py.File) -> None:
    packing = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    packing.set_chunk((1, 4))
    packing.set_filter(32013, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((5, 4))
    h5py.h5d.create(file.id, b"features", h5py.h5t.IEEE_F32LE, space, dcpl=packing)
    file["features"][:] = 1


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda file: file.create_dataset("features", shape=(50, 4), chunks=(5, 4), dtype="f4"), "holds no data"),
        (lambda file: foreign_filter(file), "features is packed by filter 32013"),
        (lambda file: file.create_dataset("features", data=np.ones((5, 4), "i4")), "must hold floats"),
        (lambda file: file.create_group("features"), "no dataset"),
        (lambda file: file.create_dataset("features", data=np.ones((2, 5, 4))), "must be"),
    ],
)  # fmt: skip
def test_hdf5_of_other_forms_is_refused(tmp_path, write, said):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(file)
    with pytest.raises(BagError, match=said):
        inspect_bag(tmp_path / "a.h5")


@pytest.mark.parametrize("ending", ["h5", "pt", "npy", "npz"])
@pytest.mark.parametrize("content", [b"", b"no such file", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_such_file_is_said_so(tmp_path, ending, content):
    (tmp_path / f"a.{ending}").write_bytes(content)
    with pytest.raises(BagError):
        inspect_bag(tmp_path / f"a.{ending}")


def test_a_slide_is_called_by_its_name_without_endings():
    assert slide_name(Path("x/TCGA-AA-0001-01Z-00-DX1.ABC.svs.h5")) == "TCGA-AA-0001-01Z-00-DX1.ABC"
    assert slide_name(Path("slide_vs.svs.pt")) == "slide_vs"
