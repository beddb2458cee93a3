"""A few seconds of ``benchmarks/fuzz_sources.py``, and what its hours have found."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from benchmarks import fuzz_doors, fuzz_sources
from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import BagError, ClinicalError, CohortError
from survdash.sources.research_csv import read_research_csv

INPUTS = 8


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    return fuzz_doors.make_doors(tmp_path_factory.mktemp("seeds"))


@pytest.mark.filterwarnings("ignore")
def test_nothing_but_our_errors_comes_out_of_any_importer(doors, tmp_path):
    dice = random.Random(0)
    for name, door in doors.items():
        for _ in range(INPUTS):
            found = fuzz_sources.try_once(name, door, tmp_path / "now", dice, seconds=20)
            assert found is None, f"{name}: {found.error}\n{found.trace}"


@pytest.mark.filterwarnings("ignore")
def test_the_sound_inputs_of_the_fuzzer_are_read(doors, tmp_path):
    for name, door in doors.items():
        for number, (file, content) in enumerate(door.seeds):
            folder = tmp_path / f"{name}-{number}"
            folder.mkdir()
            for beside, sound in door.inside:
                (folder / beside).write_bytes(sound)
            (folder / file).write_bytes(content)
            door.read(folder if door.inside else folder / file)


def test_a_pickle_bomb_a_hang_and_a_crash_would_be_findings(tmp_path):
    def hang(_: Path) -> None:
        while True:
            pass

    for read, said in ((hang, "TooSlowError"), (lambda path: {}[path], "KeyError")):
        door = fuzz_doors.Door(seeds=(("a", b"abc"),), read=read)
        found = fuzz_sources.try_once("made", door, tmp_path / "now", random.Random(0), seconds=0.2)
        assert found is not None
        assert found.error.startswith(said)


def test_an_archive_with_a_member_without_a_name_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x", "case_id,age\nA,50\n")
    content = buffer.getvalue()
    place = content.rindex(b"PK\x01\x02")
    # The length of the name in the directory becomes 0.
    broken = content[: place + 28] + b"\0\0" + content[place + 30 : place + 46] + content[place + 47 :]
    (tmp_path / "t.csv.zip").write_bytes(broken)
    with pytest.raises(ClinicalError, match="archive"):
        read_research_csv(tmp_path / "t.csv.zip")


def test_an_archive_whose_members_begin_before_the_file_is_refused(doors, tmp_path):
    ((_, content),) = doors["archive"].seeds
    place = content.rindex(b"PK\x05\x06") + 16
    start = int.from_bytes(content[place : place + 4], "little") + 1000
    (tmp_path / "made.zip").write_bytes(content[:place] + start.to_bytes(4, "little") + content[place + 4 :])
    with pytest.raises(CohortError):
        fuzz_doors.unpack_whole(tmp_path / "made.zip")


def test_a_bag_file_with_a_type_in_place_of_a_table_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    with new_bag_file(path, BagOrigin(encoder="net", weights="", dim=2)) as writer:
        writer.add_slide("A", [(np.ones((2, 2)), np.ones((2, 2)))], {})
    with h5py.File(path, "a") as file:
        del file["slides/A/coords"]
        file["slides/A/coords"] = np.dtype("f4")
    with BagFile(path) as bags, pytest.raises(BagError, match="points to data outside"):
        bags.read(["A"])


def test_headers_of_python_2_are_read_without_a_word(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.ones((3, 4), np.float32))
    content = buffer.getvalue().replace(b"(3, 4)", b"(3L,4)")
    (tmp_path / "P0.npy").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fuzz_doors.read_bags(tmp_path / "P0.npy")


def test_a_fold_that_no_number_of_ours_holds_and_a_member_with_an_endless_name_are_short_messages(doors, tmp_path):
    cohort = dict(doors["cohort"].seeds)
    folder = tmp_path / "made"
    folder.mkdir()
    for name, content in cohort.items():
        (folder / name).write_bytes(content)
    (folder / "folds.csv").write_bytes(cohort["folds.csv"].replace(b",1", b"," + b"9" * 30))
    with pytest.raises(CohortError, match="a table cannot be read") as told:
        fuzz_doors.read_whole_cohort(folder)
    ((_, content),) = doors["archive"].seeds
    place = content.index(b"PK\x03\x04", content.index(b"genes.parquet") - 40) + 26
    (tmp_path / "made.zip").write_bytes(content[:place] + (2000).to_bytes(2, "little") + content[place + 2 :])
    with pytest.raises(CohortError, match="in the archive is damaged") as also:
        fuzz_doors.unpack_whole(tmp_path / "made.zip")
    assert max(len(told.value.message), len(also.value.message)) < 400
