"""Random bytes and mutated files through every importer: nothing but a SurvdashError may come out, and soon.

Each importer has its own process, so that a crash of a library is found and not the end; an input that takes longer
than ``--seconds`` of processor time, or more memory than ``--gigabytes`` beyond what the libraries take, is a finding
too. What was found is written to ``--out``, one file or folder each, with the traceback beside it.

``python -m benchmarks.fuzz_sources --minutes 10 [--only NAME ...] [--seed 0] [--out FOLDER]``
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py
import numpy as np
import pandas as pd

from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin
from survdash.errors import SurvdashError
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
TOKENS = (
    b"nan", b"inf", b"1e999", b"1e308", b"9" * 30, b"=1+1", b"=cmd|' /C calc'!A0", b"\0", b'"', b'""', b"'", b",",
    b";", b"\t", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\0\0", b"\xe4", "\u202e".encode(),
    b"../..", b"/", b"NA", b"#REF!", b"2023-09-02", b"1,5", b"<b>", b"{", b"[" * 300, b"-", b"0", b"True",
    b"\xf0\x9f\x92\x80", b"P0", b"case_id", b"TP53_rna", b"ENSG00000141510", b"1-Mar",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Door:
    """One importer: sound inputs to begin with, by file name, and what reads them.

    ``build`` turns a folder with one mutated file into what ``read`` is given; by default the file itself.
    """

    seeds: tuple[tuple[str, bytes], ...]
    read: Callable[[Path], object]
    inside: tuple[tuple[str, bytes], ...] = ()  # sound files beside the mutated one; ``read`` gets their folder


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came out that must not."""

    door: str
    error: str
    trace: str


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


def mutate(content: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """One to four random changes of a sound file; now and then random bytes alone."""
    if dice.random() < 0.05:
        return dice.randbytes(dice.choice([0, 1, 7, 100, 3000]))
    data = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 4])):
        place, size = dice.randrange(len(data) + 1), dice.choice([1, 2, 8, 64, 1000])
        match dice.randrange(9):
            case 0 if data:
                data[min(place, len(data) - 1)] ^= 1 << dice.randrange(8)
            case 1:
                data[place : place + size] = dice.randbytes(size)
            case 2:
                del data[place : place + size]
            case 3:
                data[place:place] = data[place : place + size] * dice.choice([1, 2, 50])
            case 4:
                data[place:place] = dice.choice(TOKENS)
            case 5:
                token = dice.choice(TOKENS)
                data[place : place + len(token)] = token
            case 6:
                del data[place:]
            case 7:
                other = dice.choice(others)
                start = dice.randrange(len(other) + 1)
                data[place : place + size] = other[start : start + size]
            case _:
                # The size and offset fields of binary formats: extreme numbers of 2, 4 or 8 bytes.
                width = dice.choice([2, 4, 8])
                number = dice.choice([0, 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1, 2 ** (8 * width - 2)])
                data[place : place + width] = number.to_bytes(width, dice.choice(["little", "big"]))
    return mutate_cells(bytes(data), dice) if dice.random() < 0.2 else bytes(data)


def mutate_cells(content: bytes, dice: random.Random) -> bytes:
    """Another value in one cell, or two columns or lines swapped, where the file is a text table."""
    lines = content.split(b"\n")
    if len(lines) < 2 or b"," not in lines[0]:
        return content
    line = dice.randrange(len(lines))
    cells = lines[line].split(b",")
    cells[dice.randrange(len(cells))] = dice.choice(TOKENS)
    lines[line] = b",".join(cells)
    if dice.random() < 0.3:
        lines.insert(dice.randrange(len(lines)), lines[dice.randrange(len(lines))])
    return b"\n".join(lines)


class TooSlowError(Exception):
    """An input took longer than it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TooSlowError`` after so much processor time."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} s")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def try_once(name: str, door: Door, folder: Path, dice: random.Random, *, seconds: float) -> Finding | None:
    """Write one mutated input into ``folder`` and read it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, content in door.inside:
        (folder / file).write_bytes(content)
    file, content = dice.choice(door.seeds)
    (folder / file).write_bytes(mutate(content, dice, [one for _, one in door.seeds]))
    try:
        with time_limit(seconds):
            door.read(folder if door.inside else folder / file)
    except SurvdashError as error:
        if len(error.message) > 6000:
            return Finding(door=name, error="endless message", trace=error.message[:500])
    except BaseException as error:  # whatever comes out is what is looked for
        return Finding(door=name, error=f"{type(error).__name__}: {error}"[:200], trace=traceback.format_exc())
    return None


def fuzz_door(name: str, door: Door, *, seconds: float, seed: int, out: Path, limit_s: float, gigabytes: float) -> int:
    """Feed one importer for so many seconds of processor time; the number of inputs it was given."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(gigabytes * 1e9), hard))
    dice, began, count, seen = random.Random(f"{name} {seed}"), time.process_time(), 0, set()
    folder = out / f"{name.replace(' ', '_')}.now"  # what a crash leaves behind
    while time.process_time() - began < seconds:
        count += 1
        found = try_once(name, door, folder, dice, seconds=limit_s)
        if found is None:
            continue
        where = found.trace.strip().splitlines()[-3:-1]
        if (found.error.partition(":")[0], *where) not in seen:
            seen.add((found.error.partition(":")[0], *where))
            kept = out / f"{name.replace(' ', '_')}-{len(seen)}"
            shutil.copytree(folder, kept)
            (kept / "traceback.txt").write_text(found.trace)
    shutil.rmtree(folder, ignore_errors=True)
    (out / f"{name.replace(' ', '_')}.count").write_text(str(count))
    return len(seen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz and say what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.5, help="processor time over all importers")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20.0, help="most that one input may take")
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as made:
        out = options.out or Path(made) / "found"
        out.mkdir(parents=True, exist_ok=True)
        doors = make_doors(Path(made))
        doors = {name: doors[name] for name in doors if not options.only or name in options.only}
        worst = 0
        for name, door in doors.items():
            child = os.fork()
            if child == 0:
                status = fuzz_door(name, door, seconds=60 * options.minutes / len(doors), seed=options.seed, out=out,
                                   limit_s=options.seconds, gigabytes=options.gigabytes)  # fmt: skip
                os._exit(min(status, 100))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            counted = out / f"{name.replace(' ', '_')}.count"
            inputs = counted.read_text() if counted.exists() else "?"
            said = f"crashed by signal {-status}" if status < 0 else f"{status} findings"
            sys.stdout.write(f"{name:12} {inputs:>7} inputs  {said}\n")
            sys.stdout.flush()
            worst = max(worst, abs(status))
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
