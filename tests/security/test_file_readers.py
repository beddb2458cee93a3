"""Files that attack their reader: small on the disk and large in memory, or with a way out of themselves.

What is held elsewhere: names and members of archives (tests/sources/test_archive.py, test_gdc_folder.py and
tests/ui/test_import_files.py), pickles and tensors (tests/test_foreign_bag.py), links out of HDF5
(tests/test_bag_file.py, tests/sources/test_bag_folder.py), formulas (tests/test_export.py, test_table_cells.py), zip
and gz bombs (tests/sources/test_table_bytes.py), pixel bombs (tests/slide/test_picture.py), random bytes
(tests/sources/test_fuzz_sources.py).
"""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from survdash.errors import BagError, ClinicalError, InputError
from survdash.sources.bag_folder import read_bag_folder
from survdash.sources.column_mapping import parse_mapping, read_mapping
from survdash.sources.hospital_table import read_hospital_table
from survdash.sources.research_csv import read_research_csv

MAPPING = parse_mapping("case: id\ntime: t\nunit: days\nstatus: s\nstatus_words: {dead: [1], alive: [0]}\n")
LAUGHS = 9  # each level ten times the one before: a billion letters at the end


@contextmanager
def most_memory(megabytes: float) -> Iterator[None]:
    """Fail where more was allocated at once: a defence that comes after the damage is none."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    finally:
        tracemalloc.stop()


def read_as_research(path: Path) -> object:
    return read_research_csv(path)


def read_as_hospital(path: Path) -> object:
    return read_hospital_table(path, mapping=MAPPING)


@pytest.mark.parametrize("read", [read_as_research, read_as_hospital])
@pytest.mark.parametrize(("content", "said"), [
    (lambda: "," * 5_000_000 + "\n", "5,000,001 columns"),
    (lambda: "id,t,s\n" + "\n" * 4_000_000, "4,000,001 lines"),
    (lambda: '"id",t,s\n' + "A,1,0\n" * 2_100_000, "2,100,001 lines"),
])  # fmt: skip
def test_many_cells_in_few_bytes_are_refused_before_they_are_made(
    tmp_path: Path, read: Callable[[Path], object], content: Callable[[], str], said: str
) -> None:
    path = tmp_path / "t.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", content())
    assert path.stat().st_size < 50_000
    with most_memory(150), pytest.raises(ClinicalError, match=said):
        read(path)


def test_a_table_of_columns_without_rows_is_refused(tmp_path: Path) -> None:
    none = pa.array([], pa.float32())
    pq.write_table(pa.table({f"c{number}": none for number in range(300)}), tmp_path / "t.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("survdash.sources.table_bytes.MOST_COLUMNS", 200)
        with pytest.raises(ClinicalError, match="300 columns"):
            read_research_csv(tmp_path / "t.parquet")


@pytest.mark.parametrize("text", [
    "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghi")
    ) + "case: *i\n",
    "[" * 100_000, "case: !!python/object/apply:os.system ['touch {place}']\n", "case: !!python/name:os.system\n",
])  # fmt: skip
def test_a_mapping_neither_grows_nor_runs(tmp_path: Path, text: str) -> None:
    place = tmp_path / "ran"
    (tmp_path / "m.yaml").write_text(text.replace("{place}", str(place)))
    with most_memory(20), pytest.raises(InputError):
        read_mapping(tmp_path / "m.yaml")
    assert not place.exists()


def entities() -> bytes:
    """A document type whose last entity is a billion letters."""
    names = [f"e{number}" for number in range(LAUGHS)]
    grown = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    return f'<!DOCTYPE l [<!ENTITY {names[0]} "{"A" * 10}">{grown}]>'.encode()


@pytest.mark.parametrize(("kind", "entity"), [
    (entities(), f"e{LAUGHS - 1}".encode()), (b'<!DOCTYPE l [<!ENTITY out SYSTEM "file:///etc/hostname">]>', b"out"),
])  # fmt: skip
def test_a_workbook_neither_unfolds_nor_reads_other_files(tmp_path: Path, kind: bytes, entity: bytes) -> None:
    made = io.BytesIO()
    sheet = pd.DataFrame({"case_id": ["MARK", "B"], "survival_months": [1, 2], "censorship": [0, 1]})
    sheet.to_excel(made, index=False)
    with zipfile.ZipFile(made) as sound, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as hostile:
        for name in sound.namelist():
            content = sound.read(name)
            if b">MARK<" in content:
                body = content[content.index(b"?>") + 2 :] if content.startswith(b"<?xml") else content
                content = kind + body.replace(b">MARK<", b">&" + entity + b";<")
            hostile.writestr(name, content)
    with most_memory(100), pytest.raises(ClinicalError, match="damaged Excel file"):
        read_research_csv(tmp_path / "t.xlsx")


def test_a_header_that_claims_to_be_endless_and_facts_nested_without_end_are_refused(tmp_path: Path) -> None:
    cases = pd.Index(["P0"])
    (tmp_path / "P0.npy").write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{" * 1000)
    with most_memory(50), pytest.raises(BagError, match="damaged or no NumPy array"):
        read_bag_folder(tmp_path / "P0.npy", cases)
    np.save(tmp_path / "P0.npy", np.zeros((2, 3), np.float32))
    (tmp_path / "P0.meta.json").write_text("[" * 1_000_000)
    with most_memory(50), pytest.raises(BagError):
        read_bag_folder(tmp_path, cases)


def test_a_tensor_file_whose_header_is_larger_than_itself_is_no_model(tmp_path: Path) -> None:
    from survdash.artefact import check_arrays
    from survdash.errors import ArtefactError

    for header in (2**62, 10**9):
        (tmp_path / "fold_0.safetensors").write_bytes(struct.pack("<Q", header) + json.dumps({}).encode())
        with most_memory(50), pytest.raises(ArtefactError, match="damaged"):
            check_arrays(tmp_path / "fold_0.safetensors")
