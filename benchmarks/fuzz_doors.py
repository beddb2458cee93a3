"""Every importer with sound inputs to begin with: what ``fuzz_sources`` mutates."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pandas as pd

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.genes import GenePanel
from survdash.hdf5_probe import find_unwalkable
from survdash.sources.archive import read_archive, unpack_archive, write_archive
from survdash.sources.bag_folder import read_bag_folder
from survdash.sources.clinical_table import read_clinical_table
from survdash.sources.cohort_folder import read_cohort, write_cohort
from survdash.sources.column_mapping import parse_mapping, read_mapping
from survdash.sources.feature_table import read_feature_table
from survdash.sources.fold_files import read_folds
from survdash.sources.gene_groups import deal_genes
from survdash.sources.gene_table import match_genes, read_gene_table
from survdash.sources.hospital_table import read_hospital_table
from survdash.sources.research_csv import read_research_csv
from survdash.sources.slide_mapping import read_slide_map
from survdash.sources.source_folder import read_source_folder
from survdash.store import file_sha256

SHARED = Path(__file__).resolve().parents[2] / "shared"
CASES = pd.Index([f"P{number}" for number in range(6)])
COLUMNS = ("TP53_rna", "TP53_cnv", "MYC_rna", "KRAS_mut", "EGFR_rna")
PANEL = GenePanel(columns=COLUMNS, groups={"all": COLUMNS}, mean=(0.0,) * 5, std=(1.0,) * 5, low=(-2.0,) * 5,
                  high=(2.0,) * 5)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Door:
    """One importer: sound inputs to begin with, by file name, and what reads them.

    ``build`` turns a folder with one mutated file into what ``read`` is given; by default the file itself.
    """

    seeds: tuple[tuple[str, bytes], ...]
    read: Callable[[Path], object]
    inside: tuple[tuple[str, bytes], ...] = ()  # sound files beside the mutated one; ``read`` gets their folder


def csv_of(rows: Sequence[dict[str, object]]) -> bytes:
    """Rows as CSV."""
    return pd.DataFrame(rows).to_csv(index=False).encode()


def research_rows() -> list[dict[str, object]]:
    """Lines of six made patients."""
    return [
        {"case_id": f"P{i}", "slide_id": f"P{i}-1.svs", "survival_months": 1.5 + i, "censorship": i % 2,
         "is_female": i % 2, "age": 50 + i, "site": "AA", "TP53_rnaseq": 0.25 * i - 1, "MYC_cnv": i % 5 - 2,
         "KRAS": i % 2}
        for i in range(6)
    ]  # fmt: skip


def hdf5_of(*, key: str = "features", tiles: int = 5, squeeze: bool = True) -> bytes:
    """A foreign bag."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        table = np.arange(tiles * 4, dtype="f4").reshape(tiles, 4) / 100
        file.create_dataset(key, data=table if squeeze else table[None], chunks=(1, 4) if squeeze else None,
                            compression="gzip" if squeeze else None)  # fmt: skip
        file["coords"] = np.arange(tiles * 2).reshape(tiles, 2)
        file[key].attrs["encoder"] = "net"
        file.attrs["unit"] = "um"
    return buffer.getvalue()


def own_bag(folder: Path) -> bytes:
    """One of our own bag files."""
    with new_bag_file(folder / "own.h5", BagOrigin(encoder="net", weights="ab", dim=4)) as writer:
        for case in CASES:
            writer.add_slide(case, [(np.ones((3, 4)), np.ones((3, 2)))], {"mpp": 0.5})
    return (folder / "own.h5").read_bytes()


def array_of(kind: str) -> bytes:
    """An array as .npy, .npz or .pt."""
    import torch

    table, buffer = np.arange(20, dtype="f4").reshape(5, 4), io.BytesIO()
    if kind == "npy":
        np.save(buffer, table)
    elif kind == "npz":
        np.savez_compressed(buffer, features=table, coords=np.ones((5, 2)), tile_index=np.arange(5))
    else:
        content = torch.from_numpy(table)
        torch.save(content if kind == "pt" else {"features": content, "coords": torch.ones(5, 2)}, buffer)
    return buffer.getvalue()


def workbook_of(rows: Sequence[dict[str, object]]) -> bytes:
    """Rows as XLSX."""
    buffer = io.BytesIO()
    pd.DataFrame(rows).to_excel(buffer, index=False)
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    """A table alone in a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", content)
    return buffer.getvalue()


def cohort_files(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """The files of a sound cohort folder."""
    patients = pd.DataFrame({"time_months": np.arange(1.0, 7), "event": [True, False] * 3, "age": 60.0, "sex": "female",
                             "stage": "II", "site": "A"}, index=CASES)  # fmt: skip
    genes = pd.DataFrame(np.zeros((6, 2), np.float32), index=CASES, columns=["TP53_rna", "MYC_rna"])

    def fill(writer: object) -> None:
        for case in CASES:
            writer.add_slide(case, [(np.ones((2, 4)), np.zeros((2, 2)))], {})  # type: ignore[attr-defined]

    write_cohort(folder / "made", name="made", title="Made", simulated=True, endpoint="overall survival",
                 patients=patients, genes=genes, gene_groups={"one": ("MYC_rna", "TP53_rna")},
                 slides={case: case for case in CASES}, folds=pd.Series(np.arange(6) % 2, index=CASES), source={},
                 bags=fill, bag_origin=BagOrigin(encoder="net", weights="", dim=4))  # fmt: skip
    return tuple((path.name, path.read_bytes()) for path in sorted((folder / "made").iterdir()))


def read_bags(path: Path) -> None:
    """Import bags up to the file that a cohort keeps."""
    found = read_bag_folder(path, CASES)
    with TemporaryDirectory() as out:
        with new_bag_file(Path(out) / "bags.h5", found.origin, allow_missing=found.allow_missing) as writer:
            found.fill(writer)
        with BagFile(Path(out) / "bags.h5") as bags:
            bags.read(bags.slide_ids)


def read_whole_cohort(folder: Path) -> None:
    """Open a cohort whose hashes were made to fit, as an attacker would, and read its bags."""
    manifest = folder / "cohort.json"
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        told["sha256"] = {name: file_sha256(folder / name) for name in told["sha256"] if (folder / name).is_file()}
        manifest.write_text(json.dumps(told), encoding="utf-8")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass  # the manifest is the mutated file
    cohort = read_cohort(folder)
    if cohort.bag_path is not None and not find_unwalkable([cohort.bag_path], patience_s=5):
        with BagFile(cohort.bag_path) as bags:
            for slide in bags.slide_ids:
                bags.attributes(slide)
            bags.read(bags.slide_ids[:3])


def unpack_whole(path: Path) -> None:
    """Look into an archive and unpack it."""
    archive = read_archive(path)
    with TemporaryDirectory() as out:
        unpack_archive(archive, Path(out) / "made", check_run=lambda folder, cohort: None)


def study_files() -> tuple[tuple[str, bytes], ...]:
    """A cBioPortal study of six patients."""
    head = "#a\tb\tc\n" * 4
    patients = "PATIENT_ID\tOS_STATUS\tOS_MONTHS\n" + "".join(f"P{i}\t{i % 2}:DECEASED\t{i + 1.5}\n" for i in range(6))
    samples = "PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n" + "".join(f"P{i}\tP{i}-01\tPrimary\n" for i in range(6))
    names = "\t".join(f"P{i}-01" for i in range(6))
    genes = f"Hugo_Symbol\tEntrez_Gene_Id\t{names}\nTP53\t7157\t" + "\t".join("1.5" for _ in range(6)) + "\n"
    return (
        ("data_clinical_patient.txt", (head + patients).encode()),
        ("data_clinical_sample.txt", (head + samples).encode()), ("data_mrna_seq_v2_rsem.txt", genes.encode()),
    )


def real_cut(name: str, columns: slice) -> tuple[tuple[str, bytes], ...]:
    """The first lines and some columns of a real table, where the public data lie beside the repository."""
    path = SHARED / "tcga" / name
    if not path.is_file():
        return ()
    content = pd.read_csv(path, nrows=6).iloc[:, columns].to_csv(index=False).encode()
    return ((path.name.removesuffix(".zip"), content),)


def make_doors(folder: Path) -> dict[str, Door]:
    """Every importer with its sound inputs."""
    research, own = csv_of(research_rows()), own_bag(folder)
    patient = csv_of([dict(zip(COLUMNS, (0.5, 1, -0.5, 1, 0.25), strict=True))])
    features = csv_of([{"case_id": case, "slide_id": f"{case}-1", "a_HE": 1.5, "b_HE": 2} for case in CASES])
    clinical = csv_of([{"case_id": case, "stage": "Stage II", "age": 60, "sex": "female", "x": "y"} for case in CASES])
    folds = b"train,val\n" + b"\n".join(b"P%d,P%d" % (i, (i + 3) % 6) for i in range(3))
    stamp = SHARED / "slides" / "stamp_bag_TCGA-AD-6964.h5"
    real_bag = ((f"{CASES[0]}.h5", stamp.read_bytes()),) if stamp.is_file() else ()
    cohort = cohort_files(folder)
    write_archive(folder / "made", folder / "made.zip")
    packed = (folder / "made.zip").read_bytes()
    hospital = csv_of([{"pid": f"P{i}", "days": 30 + 10 * i, "vital": "dead" if i % 2 else "alive"} for i in range(6)])
    words = "case: pid\ntime: days\nunit: days\nstatus: vital\nstatus_words: {dead: [dead], alive: [alive]}\n"
    mapping = parse_mapping(words)
    groups = pd.DataFrame(np.zeros((2, 5)), columns=list(COLUMNS))
    return {
        "research": Door(
            seeds=(("t.csv", research), ("t.xlsx", workbook_of(research_rows())), ("t.csv.zip", zipped(research)),
                   *real_cut("blca_rnaseq_cnv.csv.zip", slice(40))), read=read_research_csv),
        "clinical": Door(seeds=(("c.csv", clinical), *real_cut("luad_stage.csv", slice(10))), read=read_clinical_table),
        "features": Door(seeds=(("f.csv", features), *real_cut("features/luad_hif.csv", slice(600, None))),
                         read=lambda path: read_feature_table(path).of_cases(CASES)),
        "folds": Door(seeds=(("splits_0.csv", folds),), inside=(("splits_1.csv", b"train,val\nP0,P1\n"),),
                      read=lambda path: read_folds(path, CASES)),
        "genes": Door(seeds=(("g.csv", patient), ("g.tsv", patient.replace(b",", b"\t")),
                             ("g.csv", b"gene,value\nTP53_rna,1\nENSG00000136997,2\nEGFR,0.5\n")),
                      read=lambda path: match_genes(read_gene_table(path), PANEL, max_missing=1.0)),
        "groups": Door(seeds=(("g.csv", b"one,two\nTP53,MYC\nKRAS,\n"), ("g.csv", b"group,symbol\none,TP53\n")),
                       read=lambda path: deal_genes(groups, path)),
        "slide map": Door(seeds=(("m.csv", b"slide_id,case_id\nP0-1.svs,P0\n"),), read=read_slide_map),
        "bags hdf5": Door(seeds=(("P0.h5", hdf5_of()), ("P0.h5", hdf5_of(key="feats", squeeze=False)), *real_bag),
                          read=read_bags),
        "bags own": Door(seeds=(("own.h5", own),), read=read_bags),
        "bags npy": Door(seeds=(("P0.npy", array_of("npy")),), read=read_bags),
        "bags npz": Door(seeds=(("P0.npz", array_of("npz")),), read=read_bags),
        "bags pt": Door(seeds=(("P0.pt", array_of("pt")), ("P0.pt", array_of("dict"))), read=read_bags),
        "bags meta": Door(seeds=(("P0.meta.json", b'{"feature_dim": 4, "num_tiles": 5, "encoder_name": "net"}'),),
                          inside=(("P0.npy", array_of("npy")),), read=read_bags),
        "hospital": Door(seeds=(("h.csv", hospital), ("h.csv", hospital.replace(b",", b";")), ("h.xlsx", workbook_of(
            [{"pid": "P1", "days": 30, "vital": "dead"}, {"pid": "P2", "days": 90, "vital": "alive"}]))),
                         read=lambda path: read_hospital_table(path, mapping=mapping)),
        "mapping": Door(seeds=(("m.yaml", words.encode()),), read=read_mapping),
        "study": Door(seeds=study_files(), inside=study_files(), read=read_source_folder),
        "archive": Door(seeds=(("made.zip", packed),), read=unpack_whole),
        "cohort": Door(seeds=cohort, inside=cohort, read=read_whole_cohort),
    }  # fmt: skip
