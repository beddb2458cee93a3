"""Archives: the same bytes for the same cohort, whole on the other side, and nothing hostile gets in."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survdash.case import BagOrigin
from survdash.errors import CohortError, SurvdashError
from survdash.sources.archive import CONTENTS, read_archive, unpack_archive, write_archive
from survdash.sources.bag_folder import read_bag_folder
from survdash.sources.cohort_folder import read_cohort, write_cohort
from survdash.store import digest as digest_of


def no_runs(folder: Path, cohort: object) -> None:
    raise AssertionError(f"{folder.name} should not be looked at")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cases = [f"P{number:02d}" for number in range(12)]
    rng = np.random.default_rng(0)
    patients = pd.DataFrame(
        {"time_months": rng.uniform(1, 60, 12), "event": rng.random(12) < 0.5, "age": 60.0, "sex": "female",
         "stage": "II", "site": "A"}, index=cases,
    )  # fmt: skip
    place = tmp_path_factory.mktemp("cohorts") / "made"
    write_cohort(
        place, name="made", title="Made", simulated=False, endpoint="overall survival", patients=patients,
        genes=pd.DataFrame(rng.normal(size=(12, 2)), index=cases, columns=["TP53_rna", "MYC_cnv"]),
        gene_groups={"one": ("TP53_rna",)}, slides={"s1": "P00"}, folds=pd.Series(np.arange(12) % 3, index=cases),
        source={}, bag_origin=BagOrigin(encoder="net", weights="", dim=3),
        bags=lambda writer: writer.add_slide("s1", [(np.ones((2, 3)), np.zeros((2, 2)))], {}),
    )  # fmt: skip
    run = place / "runs" / "snn"
    run.mkdir(parents=True)
    (run / "card.json").write_text("{}")
    (run / "notes.txt").write_text("not of a model")
    return place


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    write_archive(folder, tmp_path / "made.zip")
    return tmp_path / "made.zip"


def files_of(place: Path) -> dict[str, bytes]:
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_what_is_packed_is_unpacked_byte_by_byte_and_the_same_again(folder, packed, tmp_path):
    archive = read_archive(packed)
    assert (archive.name, archive.title, archive.runs) == ("made", "Made", ())
    unpack_archive(archive, tmp_path / "there" / "made", check_run=no_runs)
    expected = {name: content for name, content in files_of(folder).items() if not name.startswith("runs/")}
    assert files_of(tmp_path / "there" / "made") == expected
    write_archive(tmp_path / "there" / "made", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_bags_that_are_links_do_not_travel(tmp_path):
    tiles = tmp_path / "P00.npy"
    np.save(tiles, np.ones((4, 3), np.float32))
    patients = pd.DataFrame({"time_months": [1.0], "event": [True], "age": 60.0, "sex": "male", "stage": "I",
                             "site": "A"}, index=["P00"])  # fmt: skip
    bags = read_bag_folder(tiles, patients.index, encoder="net", link=True)
    write_cohort(tmp_path / "made", name="made", title="Made", simulated=False, endpoint="os", patients=patients,
                 genes=None, gene_groups={}, slides=bags.slides, folds=None, source={}, bags=bags.fill,
                 bag_origin=bags.origin)  # fmt: skip
    with pytest.raises(CohortError, match="are links to files of this machine"):
        write_archive(tmp_path / "made", tmp_path / "made.zip")
    assert not (tmp_path / "made.zip").exists()


def test_models_travel_where_they_are_asked_for_and_are_checked_before_they_are_there(folder, tmp_path):
    archive = write_archive(folder, tmp_path / "made.zip", runs=["snn"])
    assert archive.runs == ("snn",)
    assert "runs/snn/notes.txt" not in archive.files
    seen = []
    unpack_archive(archive, tmp_path / "made", check_run=lambda folder, cohort: seen.append((folder.name, cohort.name)))
    assert seen == [("snn", "made")]

    def refuse(folder, cohort):
        raise CohortError("no model")

    with pytest.raises(CohortError, match="no model"):
        unpack_archive(archive, tmp_path / "other", check_run=refuse)
    assert not (tmp_path / "other").exists()


def test_one_that_was_packed_anew_with_folders_and_compression_is_taken_too(packed, tmp_path):
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(tmp_path / "new.zip", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.mkdir("runs")
    unpack_archive(read_archive(tmp_path / "new.zip"), tmp_path / "made", check_run=no_runs)
    assert read_cohort(tmp_path / "made").name == "made"


class Forged:
    """An archive whose parts can be changed before it is written."""

    def __init__(self, packed: Path) -> None:
        with zipfile.ZipFile(packed) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist() if name != CONTENTS}
            self.contents = json.loads(archive.read(CONTENTS))
        self.extra: list[tuple[zipfile.ZipInfo | str, bytes]] = []

    def put(self, name: str, content: bytes) -> None:
        """Replace or add a member, with an honest line in the list."""
        self.files[name] = content
        self.contents["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def put_manifest(self, **changes: object) -> None:
        """Change cohort.json and make every hash and digest fit again."""
        values = json.loads(self.files["cohort.json"]) | changes
        values["sha256"] = {name: hashlib.sha256(self.files[name]).hexdigest() for name in values["sha256"]}
        values["digest"] = digest_of({key: one for key, one in values.items() if key not in ("source", "digest")})
        self.contents["digest"] = values["digest"]
        self.put("cohort.json", json.dumps(values).encode())

    def write(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in self.files.items():
                archive.writestr(name, content)
            for member, content in self.extra:
                archive.writestr(member, content)
            archive.writestr(CONTENTS, json.dumps(self.contents))
        return path


@pytest.fixture
def forged(packed: Path) -> Forged:
    return Forged(packed)


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize("name", [
    "../cohort.json", "/etc/passwd", "runs/../../x.json", "C:\\x.json", "runs/a/../card.json", "notes.txt",
    "runs/snn/run.sh", "runs/snn/deep/card.json", "runs/.hidden/card.json", ".cohort.json", "patients.parquet/x",
])  # fmt: skip
def test_names_that_no_cohort_has_are_refused(forged, tmp_path, name):
    forged.put(name, b"{}")
    with pytest.raises(CohortError, match=r"is refused: files that no cohort has"):
        read_archive(forged.write(tmp_path / "x.zip"))


def a_link(forged: Forged) -> None:
    forged.extra.append((link("folds.csv"), forged.files.pop("folds.csv")))


def a_member_twice(forged: Forged) -> None:
    forged.extra.append(("folds.csv", forged.files["folds.csv"]))


def a_member_that_is_not_listed(forged: Forged) -> None:
    del forged.contents["files"]["folds.csv"]


def a_member_that_is_missing(forged: Forged) -> None:
    del forged.files["folds.csv"]


def a_wrong_size(forged: Forged) -> None:
    forged.contents["files"]["folds.csv"]["bytes"] += 1


def a_bomb(forged: Forged) -> None:
    forged.contents["files"]["bags.h5"]["bytes"] = 10**13


def no_patients(forged: Forged) -> None:
    del forged.files["patients.parquet"], forged.contents["files"]["patients.parquet"]


def a_newer_archive(forged: Forged) -> None:
    forged.contents["schema_version"] = 99


def another_format(forged: Forged) -> None:
    forged.contents["format"] = "a letter"


def a_key_too_many(forged: Forged) -> None:
    forged.contents["run"] = "rm"


def a_hash_that_is_none(forged: Forged) -> None:
    forged.contents["files"]["folds.csv"]["sha256"] = "x"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("change", "said"), [
    (a_link, "links or devices"), (a_member_twice, "stand twice: folds.csv"),
    (a_member_that_is_not_listed, "not on its list: folds.csv"),
    (a_member_that_is_missing, "on its list but not there: folds.csv"), (a_wrong_size, "another size"),
    (a_bomb, "no cohort packs so small"), (no_patients, "no cohort.json or no patients.parquet"),
    (a_newer_archive, "archive schema 99; this survdash reads up to 1"), (another_format, "calls itself 'a letter'"),
    (a_key_too_many, "run: Extra inputs"), (a_hash_that_is_none, "sha256"),
])  # fmt: skip
def test_a_list_that_lies_is_refused_before_anything_is_unpacked(forged, tmp_path, change, said):
    change(forged)
    with pytest.raises(CohortError, match=said):
        read_archive(forged.write(tmp_path / "x.zip"))


def a_wrong_hash(forged: Forged) -> None:
    forged.contents["files"]["folds.csv"]["sha256"] = "0" * 64


def another_digest(forged: Forged) -> None:
    forged.contents["digest"] = "0" * 24


def another_name(forged: Forged) -> None:
    forged.contents["name"] = "other"


def a_newer_cohort(forged: Forged) -> None:
    forged.put_manifest(schema_version=99)


def folds_of_strangers(forged: Forged) -> None:
    forged.put("folds.csv", b"case_id,fold\nX,0\nY,1\n")
    forged.put_manifest()


def tables_that_are_none(forged: Forged) -> None:
    forged.put("genes.parquet", b"PAR1 no table")
    forged.put_manifest()


def slides_without_bags(forged: Forged) -> None:
    forged.put_manifest(slides={"s1": "P00", "s2": "P01"})


def groups_of_absent_genes(forged: Forged) -> None:
    forged.put_manifest(gene_groups=[["one", ["EGFR_rna"]]])


def patients_of_words(forged: Forged) -> None:
    table = pd.DataFrame({"time_months": ["1"], "event": ["yes"], "age": [1.0], "sex": ["f"], "stage": ["I"],
                          "site": ["A"]}, index=pd.Index(["P00"], name="case_id"))  # fmt: skip
    forged.put("patients.parquet", table.to_parquet(use_dictionary=False))
    forged.put_manifest()


@pytest.mark.parametrize(("change", "said"), [
    (a_wrong_hash, "folds.csv in the archive is not what its list says"), (another_digest, "not of the cohort that"),
    (another_name, "not of the cohort that"), (a_newer_cohort, "has schema 99"),
    (folds_of_strangers, "folds name unknown cases"), (tables_that_are_none, "no Parquet table"),
    (slides_without_bags, "1 slides have no bag"), (groups_of_absent_genes, "name columns that are not there"),
    (patients_of_words, "genes of unknown cases|not float64"),
])  # fmt: skip
def test_a_cohort_that_lies_is_refused_and_the_one_that_was_there_stays(forged, folder, tmp_path, change, said):
    target = tmp_path / "cohorts" / "made"
    unpack_archive(write_archive(folder, tmp_path / "good.zip"), target, check_run=no_runs)
    before = files_of(target)
    change(forged)
    with pytest.raises(SurvdashError, match=said):
        unpack_archive(read_archive(forged.write(tmp_path / "x.zip")), target, check_run=no_runs)
    assert files_of(target) == before
    assert sorted(path.name for path in target.parent.iterdir()) == [".made.lock", "made"]


def test_a_size_that_the_archive_lies_about_is_counted(packed, tmp_path):
    # The sizes in both headers of the member say one byte less than there is: zlib would go on.
    raw = packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        size = archive.getinfo("folds.csv").file_size
    broken = raw.replace(size.to_bytes(4, "little"), (size - 1).to_bytes(4, "little"))
    path = tmp_path / "x.zip"
    path.write_bytes(broken)
    with pytest.raises(CohortError):
        unpack_archive(read_archive(path), tmp_path / "made", check_run=no_runs)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(CohortError, match="is no archive of a cohort"):
        read_archive(path)
    with pytest.raises(CohortError, match="There is no file"):
        read_archive(tmp_path / "none.zip")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans())
def test_whatever_byte_is_damaged_it_is_told_or_does_not_matter(packed, folder, tmp_path, place, byte, cut):
    raw = bytearray(packed.read_bytes())
    place %= len(raw)
    raw[place] = byte
    path, target = tmp_path / "damaged.zip", tmp_path / "target"
    path.write_bytes(raw[:place] if cut else raw)
    try:
        unpack_archive(read_archive(path), target, check_run=no_runs)
    except SurvdashError:
        return
    assert {name: one for name, one in files_of(folder).items() if not name.startswith("runs/")} == files_of(target)
