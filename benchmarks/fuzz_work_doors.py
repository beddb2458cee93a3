"""What a new case, a worker and an administrator read, with sound inputs to begin with: what ``fuzz_sources`` mutates.

Slides of every kind that can be made here, masks drawn on them, tables of new cases, what jobs carry, messages of the
queue, models, notes and explanations in the data folder, backups, the access file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import tifffile
from PIL import Image

from benchmarks.fuzz_doors import CASES, Door
from survdash.access import visitor_of
from survdash.artefact import load_folds, read_artefact
from survdash.errors import InputError, SlideError
from survdash.jobs import record
from survdash.jobs.lanes import Lane
from survdash.session_token import read_grant
from survdash.settings import SHIPPED_MODELS, settings
from survdash.simulation.pyramid import write_pyramid
from survdash.slide.areas import read_areas
from survdash.slide.deep_zoom import ZoomSlide
from survdash.slide.header_texts import header_hints, strip
from survdash.slide.reader import open_slide
from survdash.sources.mutation_file import read_mutations
from survdash.sources.star_counts import read_star_counts
from survdash.sources.xena_folder import read_xena_folder
from survdash.store import file_sha256
from survdash.usecases.backup import restore_backup, write_backup
from survdash.usecases.case_request import request_from_json
from survdash.usecases.manifest import read_manifest
from survdash.usecases.needs import of_prediction
from survdash.usecases.summary import read_summary
from survdash.usecases.verify import verify
from tests.slide.made_slides import tissue_and_glass, write_dicom, write_mrxs, write_vms
from tests.slide.made_tiffs import write_bif, write_ndpi, write_scn, write_trestle

SIDE = 512
APERIO = ("Aperio Image Library v11\r\n512x512 [0,0 512x512] (256x256) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5|"
          "Patient = M")


def read_slide(path: Path) -> None:
    """Open a slide, its header texts too, and read what the pages and the encoder would."""
    if header_hints(path):
        strip(path)
    with open_slide(path, mpp=0.5) as slide:
        slide.thumbnail(256)
        slide.read_tile(slide.width // 2, slide.height // 2, level0_px=256, tile_px=256)
    zoom = ZoomSlide(open_slide(path))
    try:
        zoom.tile(zoom.pyramid.last_level, 0, 0)
    finally:
        zoom.close()


def in_folder(name: str) -> Callable[[Path], None]:
    """Read the slide of this name in a folder of many files."""
    return lambda folder: read_slide(folder / name)


def made_slides(folder: Path) -> dict[str, Door]:
    """Slides of every kind that can be made, small."""
    pixels = tissue_and_glass(SIDE, SIDE)
    write_pyramid(pixels, folder / "plain.tiff", mpp=0.5)
    with tifffile.TiffWriter(folder / "a.svs") as file:
        file.write(pixels, tile=(256, 256), compression="jpeg", description=APERIO, metadata=None)
        file.write(pixels[::4, ::4], rowsperstrip=16, compression="jpeg", description=APERIO, metadata=None)
    with tifffile.TiffWriter(folder / "o.ome.tiff", bigtiff=True) as file:
        file.write(pixels, tile=(256, 256), compression="deflate", subifds=1,
                   metadata={"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5})  # fmt: skip
        file.write(pixels[::2, ::2], tile=(256, 256), compression="deflate", subfiletype=1)
    write_scn(folder / "l.scn", {(0, 0): pixels}, size=(2 * SIDE, 2 * SIDE))
    write_bif(folder / "v.bif", pixels)
    write_ndpi(folder / "h.ndpi", pixels)
    write_trestle(folder / "t.tif", pixels)
    for name in ("p.png", "p.jpg"):
        Image.fromarray(pixels).save(folder / name)
    one = [(name, (folder / name).read_bytes()) for name in
           ("plain.tiff", "a.svs", "o.ome.tiff", "l.scn", "v.bif", "h.ndpi", "t.tif")]  # fmt: skip
    doors = {f"slide {Path(name).suffix[1:]}": Door(seeds=((name, content),), read=read_slide) for name, content in one}
    doors["picture"] = Door(seeds=tuple((name, (folder / name).read_bytes()) for name in ("p.png", "p.jpg")),
                            read=read_slide)  # fmt: skip
    write_vms(folder / "vms", pixels)
    write_dicom(folder / "dicom", [pixels, pixels[::2, ::2]])
    for kind, name in (("vms", "slide.vms"), ("dicom", "level0.dcm")):
        files = tuple((path.name, path.read_bytes()) for path in sorted((folder / kind).iterdir()))
        doors[f"slide {kind}"] = Door(seeds=files, inside=files, read=in_folder(name))
    write_mrxs(folder / "mrxs" / "m.mrxs", pixels, levels=2)
    inner = tuple((path.relative_to(folder / "mrxs").as_posix(), path.read_bytes())
                  for path in sorted((folder / "mrxs").rglob("*")) if path.is_file())  # fmt: skip
    doors["slide mrxs"] = Door(seeds=inner, inside=inner, read=in_folder("m.mrxs"))
    return doors


def areas_text() -> bytes:
    """A mask of two polygons."""
    ring = [[10, 10], [300, 10], [300, 200.5], [10, 10]]
    kinds = (("Polygon", [ring], "Tissue"), ("MultiPolygon", [[ring], [ring, ring]], {"name": "Ignore"}))
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"classification": kind},
         "geometry": {"type": name, "coordinates": rings}} for name, rings, kind in kinds
    ]}).encode()  # fmt: skip


def read_drawn(path: Path) -> None:
    """Read a mask and lay it over a slide."""
    read_areas(path).masks((64, 64), (512, 512))


def json_of(path: Path) -> dict[str, Any]:
    """A JSON object, as the store of jobs reads its own files; anything else is refused there."""
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError("no JSON") from error
    if not isinstance(value, dict):
        raise InputError("no object")
    return value


def read_payload(path: Path) -> None:
    """What a worker does with a prediction's payload before it opens a file."""
    request = request_from_json(json_of(path))
    request.statements()
    with suppress(OSError):
        of_prediction(json_of(path))


@contextmanager
def own_data_folder() -> Iterator[Path]:
    """A data folder for one input."""
    before = os.environ.get("SURVDASH_DATA_DIR")
    with TemporaryDirectory() as made:
        os.environ["SURVDASH_DATA_DIR"] = made
        settings.cache_clear()
        try:
            yield Path(made)
        finally:
            os.environ.pop("SURVDASH_DATA_DIR")
            if before is not None:
                os.environ["SURVDASH_DATA_DIR"] = before
            settings.cache_clear()


def read_message(path: Path) -> None:
    """Take a message out of the queue, as a worker does; whatever lies in it, the job folders are the truth."""
    with own_data_folder():
        lane = Lane("jobs")
        try:
            lane._huey.storage.enqueue(path.read_bytes())
            lane.waiting()
            lane.take()
        finally:
            lane.close()


def read_own_job(path: Path) -> None:
    """Read a job's state as a page does."""
    with own_data_folder():
        job_id = record.create("predict", {}).id
        (record.job_folder(job_id) / path.name).write_bytes(path.read_bytes())
        record.read(job_id)
        record.read_step(job_id)


def restore(path: Path) -> None:
    """Restore a backup and look whether it is whole."""
    with own_data_folder():
        restore_backup(path)
        verify()


def backup_bytes() -> bytes:
    """A backup of a small instance."""
    with own_data_folder() as folder:
        bag = folder / "explanations" / "ab"
        bag.mkdir(parents=True)
        (bag / "one.json").write_text(json.dumps({"a": list(range(40))}))
        (folder / "cohorts" / "mine").mkdir(parents=True)
        (folder / "cohorts" / "mine" / "cohort.json").write_text(json.dumps({"name": "mine"}))
        with TemporaryDirectory() as out:
            write_backup(Path(out) / "b.tar")
            return (Path(out) / "b.tar").read_bytes()


def read_model(folder: Path) -> None:
    """Load a model whose hashes were made to fit, as an attacker would."""
    card = folder / "card.json"
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        told = json.loads(card.read_text(encoding="utf-8"))
        told["files"] = {name: file_sha256(folder / name) for name in told["files"] if (folder / name).is_file()}
        card.write_text(json.dumps(told), encoding="utf-8")
    load_folds(read_artefact(folder))


def model_files() -> tuple[tuple[str, bytes], ...]:
    """The smallest shipped model that predicts."""
    folder = SHIPPED_MODELS / "demo-cox_ridge"
    return tuple((path.name, path.read_bytes()) for path in sorted(folder.iterdir()))


def read_access(path: Path) -> None:
    """What the access file says of somebody."""
    os.environ["SURVDASH_ACCESS_FILE"] = str(path)
    settings.cache_clear()
    try:
        visitor_of("anna@hospital.org")
    finally:
        os.environ.pop("SURVDASH_ACCESS_FILE")
        settings.cache_clear()


def find_nothing(name: str) -> Path:
    """No file of a table of new cases is here."""
    raise SlideError(f"{name[:40]} is not here.")


def read_xena(folder: Path) -> None:
    """A folder of Xena's files."""
    read_xena_folder(folder)


def workbook_free_tables() -> dict[str, Door]:
    """Tab files of mutations, expression and Xena."""
    maf = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nTP53\tMissense_Mutation\tP0\nKRAS\tSilent\tP1\n"
    star = "gene_id\tgene_name\ttpm_unstranded\nENSG1.2\tTP53\t1.5\nENSG2.1\tMYC\t0\n"
    people = [f"TCGA-2F-A9K{number}-01" for number in range(6)]
    survival = "sample\tOS\tOS.time\t_PATIENT\n" + "".join(f"{one}\t{number % 2}\t{90 + number}\t{one[:-3]}\n"
                                                       for number, one in enumerate(people))  # fmt: skip
    matrix = "sample\t" + "\t".join(people) + "\nTP53\t" + "\t".join("1.5" for _ in people) + "\n"
    xena = (("survival.txt", survival.encode()), ("HiSeqV2", matrix.encode()))
    return {
        "mutations": Door(seeds=(("m.maf", maf.encode()),), read=lambda path: read_mutations(
            path, {case: case for case in CASES}, symbols={"TP53", "KRAS"}, sequenced=None)),
        "star counts": Door(seeds=(("s.tsv", star.encode()),), read=read_star_counts),
        "xena": Door(seeds=xena, inside=xena, read=read_xena),
    }  # fmt: skip


def make_work_doors(folder: Path) -> dict[str, Door]:
    """Every reader of this module with its sound inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"case_id": ["a", "b"], "slides": ["x.svs", "y.svs; z.tiff"], "age": [50, 61]})
    payload = {"cohort": "demo", "run": "default", "slides": ["/tmp/none.svs"], "genes": None, "mpp": [0.5],
               "age_years": 60, "tissue": None, "keep_ink": [False], "areas": [None]}  # fmt: skip
    message = b'["a1", "run_job", null, 0, 0, null, ["0123456789abcdef0123456789abcdef"], {}, null, null, null]'
    models, summary = model_files(), next(SHIPPED_MODELS.glob("*/summary.json"))
    access = b"users:\n  anna@hospital.org: {role: analyst, cohorts: [demo]}\nothers: {role: viewer}\n"
    job = b'{"id": "0", "kind": "predict", "state": "queued", "created": 1.5, "format": 1}'
    return {
        **made_slides(folder),
        "areas": Door(seeds=(("a.geojson", areas_text()),), read=read_drawn),
        "case table": Door(seeds=(("m.csv", table.to_csv(index=False).encode()),),
                           read=lambda path: read_manifest(path, find=find_nothing, cohort="demo")),
        "payload": Door(seeds=(("p.json", json.dumps(payload).encode()),), read=read_payload),
        "message": Door(seeds=(("m", message), ("m", b"\x80\x04N.")), read=read_message),
        "job": Door(seeds=(("job.json", job), ("progress.json", b'{"step": "a", "done": 1, "total": 2}')),
                    read=read_own_job),
        "backup": Door(seeds=(("b.tar", backup_bytes()),), read=restore),
        "model": Door(seeds=models, inside=models, read=read_model),
        "summary": Door(seeds=(("summary.json", summary.read_bytes()),), read=read_summary),
        "access": Door(seeds=(("a.yaml", access),), read=read_access),
        "grant": Door(seeds=(("g", b"WyJ1cGxvYWQiLCJhIiwxLjBd.AAAA"),),
                      read=lambda path: read_grant(path.read_text("latin-1"), purpose="upload")),
        **workbook_free_tables(),
    }  # fmt: skip
