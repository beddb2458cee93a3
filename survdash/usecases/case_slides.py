"""Which slides a patient has, and where their files lie on this machine, if they do.

A cohort keeps the features of its slides, not the slides. A file is taken for a slide of the cohort where it lies in
the inbox folder under the slide's name and is, by its SHA-256, what the features were made from. The demo's slides
were drawn by a program, which draws them again. Of a new case the given files are looked at, as long as they are here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from survdash.bag_file import BagFile
from survdash.cohort import Cohort
from survdash.errors import SurvdashError
from survdash.jobs.record import read_payload
from survdash.language import later
from survdash.settings import settings
from survdash.slide.reader import open_slide
from survdash.store import file_sha256, new_file
from survdash.usecases.case_request import request_from_json
from survdash.usecases.library import open_cohort

GENERATOR = "survdash.simulation"
NOT_HERE = later(
    "The slide itself is not on this machine: the cohort keeps what the encoder made of it. Put the file into the "
    "inbox folder of this server under the name {name}, and it is shown here."
)
OTHER = later("A file of this name lies in the inbox folder, but it is not the slide that the features were made from.")
BY_NAME = later("Found by its name alone: the features do not say which file they were made from.")
DELETED = later("The uploaded slide is not on this machine any more.")
NOT_THE_SAME = later("This simulated slide could not be drawn again to the byte on this machine.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSlide:
    """One slide of a patient.

    Parameters
    ----------
    number : int
        Which it is in a ``TileMap``'s ``slide_index``, from 0.
    name : str
        Of a cohort's slide; "" of a new case, whose file names may be a patient's.
    sha256 : str
        What it is; "" where that is not known.
    path : Path or None
        The file, where it is on this machine.
    note : str
        Why there is no file, or what must be known of it, in words with a place for the slide's ``name``.
    tile_px : int or None
        Side of a tile in level-0 pixels, where it was stored.
    mpp : float or None
        Resolution as it was used, in um per pixel.
    """

    number: int
    name: str
    sha256: str
    path: Path | None
    note: str
    tile_px: int | None
    mpp: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideSize:
    """The scanned area in level-0 pixels: its corner in the slide's own coordinates, and its sides."""

    left: int
    top: int
    width: int
    height: int
    mpp: float | None


def measure_slide(path: Path) -> SlideSize:
    """Open a slide for its size and resolution.

    Raises
    ------
    SlideError
        If it cannot be opened.
    """
    with open_slide(path) as slide:
        return SlideSize(left=slide.left, top=slide.top, width=slide.width, height=slide.height, mpp=slide.mpp)


def slides_of_patient(cohort: str, case_id: str) -> tuple[CaseSlide, ...]:
    """The slides of a cohort's patient, in the order of the maps of tiles.

    Raises
    ------
    UnknownNameError
        If there is no such cohort or patient.
    """
    opened = open_cohort(cohort)
    names = opened.slides_of(case_id)
    if opened.bag_path is None or not names:
        return ()
    with BagFile(opened.bag_path) as file:
        told = [file.attributes(name) for name in names]
    found = []
    for number, (name, facts) in enumerate(zip(names, told, strict=True)):
        sha256 = str(facts.get("slide_sha256", ""))
        path, note = _redraw(opened, case_id, sha256) if _is_drawn(opened) else _in_inbox(name, sha256)
        side = _positive(facts.get("level0_px"))
        found.append(CaseSlide(
            number=number, name=name, sha256=sha256 or _sha256_of(path), path=path, note=note,
            tile_px=None if side is None else int(side), mpp=_positive(facts.get("mpp")),
        ))  # fmt: skip
    return tuple(found)


def slides_of_job(job_id: str, facts: object) -> tuple[CaseSlide, ...]:
    """The slides of a new case.

    Parameters
    ----------
    job_id : str
    facts : list of dict
        What the prediction's provenance says of its slides, one after the other.

    Raises
    ------
    UnknownNameError
        If there is no such job.
    """
    request = request_from_json(read_payload(job_id))
    told = facts if isinstance(facts, list) else []
    found = []
    for number, one in enumerate(told):
        path = request.slides[number] if number < len(request.slides) else None
        sha256, here = str(one.get("sha256", "")), path is not None and path.is_file()
        if here and _sha256_of(path) != sha256:
            here = False
        found.append(CaseSlide(
            number=number, name="", sha256=sha256, path=path if here else None, note="" if here else DELETED,
            tile_px=None, mpp=_positive(one.get("mpp")),
        ))  # fmt: skip
    return tuple(found)


def _in_inbox(name: str, sha256: str) -> tuple[Path | None, str]:
    folder, note = settings().data_dir / "inbox", NOT_HERE
    if not folder.is_dir() or name != Path(name).name:
        return None, note
    home = folder.resolve()
    for path in sorted(one for one in (*folder.iterdir(), *folder.glob("*/*")) if one.name.startswith(f"{name}.")):
        if not path.is_file() or not path.resolve().is_relative_to(home):
            continue
        found = _sha256_of(path)
        if not found:
            continue
        if not sha256 or found == sha256:
            return path, "" if sha256 else BY_NAME
        note = OTHER
    return None, note


def _sha256_of(path: Path | None) -> str:
    """Of all files of a slide; "" for what is no slide."""
    if path is None:
        return ""
    try:
        with open_slide(path) as slide:
            return slide.sha256
    except SurvdashError:
        return ""


def _is_drawn(cohort: Cohort) -> bool:
    return cohort.simulated and cohort.source.get("generator") == GENERATOR


def _redraw(cohort: Cohort, case_id: str, sha256: str) -> tuple[Path | None, str]:
    """The slide of a simulated patient, drawn anew in a second and kept; refused where other bytes come out."""
    from survdash.simulation.drawing import MPP, draw_slide
    from survdash.simulation.patients import simulate_patients
    from survdash.simulation.pyramid import write_pyramid

    path = settings().data_dir / "simulated_slides" / f"{sha256}.tiff"
    if not path.is_file():
        number, seed = int(case_id.rpartition("-")[2]), int(str(cohort.source["seed"]))
        drawn = draw_slide(simulate_patients((number,), seed=seed).slides[0], seed=seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(path) as temporary:
            write_pyramid(drawn, temporary, mpp=MPP)
            same = file_sha256(temporary) == sha256
        if not same:
            path.unlink()
            return None, NOT_THE_SAME
    return path, ""


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value > 0 else None
