"""Many slides: those of a folder or a list, embedded by several processes; one bad slide stops none of the others."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib

from survdash.errors import InputError, SlideError, SurvdashError
from survdash.features.embed import Embedding, embed_slide, save_bag
from survdash.features.registry import DEFAULT_ENCODER, weights_file
from survdash.progress import Report, silent
from survdash.slide.tissue import DEFAULT_TISSUE, TissueRule

SLIDE_SUFFIXES = frozenset({
    ".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide", ".dcm", ".png", ".jpg",
    ".jpeg",
})  # fmt: skip
MANIFEST_SUFFIXES = frozenset({".csv", ".txt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideEntry:
    """One slide of a folder or a list.

    Parameters
    ----------
    name : str
        What its bag is called.
    path : Path
    mpp : float, optional
        Resolution in um per pixel as the list states it; goes before the file's own.
    """

    name: str
    path: Path
    mpp: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one slide: an embedding and its bag, or an error in words."""

    entry: SlideEntry
    bag_path: Path
    embedding: Embedding | None = None
    error: str = ""


def is_many(path: Path) -> bool:
    """Whether ``path`` is a folder or a list of slides, and not a slide."""
    return path.is_dir() or path.suffix.lower() in MANIFEST_SUFFIXES


def list_slides(source: Path) -> tuple[SlideEntry, ...]:
    """The slides of a folder and the folders in it, or of a list.

    Parameters
    ----------
    source : Path
        A folder; or a CSV with the column ``slide`` (paths, from the list's own folder) and if wanted ``name`` and
        ``mpp``; or a text file with one path a line. Of the DICOM files of one folder the first stands for the slide.

    Raises
    ------
    InputError
        If there is no slide, a row of the list cannot be understood, or two slides would get one name.
    """
    if not source.exists():
        raise InputError(f"There is no folder or list {source.name}.", hint=f"Looked at {source}.")
    entries = tuple(_in_folder(source) if source.is_dir() else _in_list(source))
    if not entries:
        raise InputError(
            f"{source.name} holds no slide.",
            hint="Slides are known by their endings: " + " ".join(sorted(SLIDE_SUFFIXES)),
        )
    places: dict[str, Path] = {}
    for entry in entries:
        if entry.name in places:
            raise InputError(
                f"Two slides are called {entry.name!r}: {places[entry.name]} and {entry.path}.",
                hint="Rename one, or give a list with the columns slide and name.",
            )
        places[entry.name] = entry.path
    return entries


def embed_many(
    entries: Sequence[SlideEntry],
    out: Path,
    *,
    encoder: str = DEFAULT_ENCODER,
    mpp: float | None = None,
    tissue_rule: TissueRule = DEFAULT_TISSUE,
    stain: str = "none",
    jobs: int = 1,
    skip_unreadable: bool = False,
    report: Report = silent,
) -> Iterator[Outcome]:
    """Embed slides and write ``<out>/<name>.h5`` of each; what was embedded before costs nothing.

    Parameters
    ----------
    mpp : float, optional
        For slides whose entry states none; goes before the file's own.
    jobs : int
        Processes that share the slides; each takes its share of the cores.
    report : callable
        Steps inside a slide; heard only with one job.

    Yields
    ------
    Outcome
        Of each slide when it is done, in the order in which they are done.

    Raises
    ------
    InputError
        If ``jobs`` is below 1.
    UnknownNameError, DownloadError
        If the encoder is not known or its weights cannot be had.
    """
    if jobs < 1:
        raise InputError(f"{jobs} jobs are not possible.", hint="Use 1 or more.")
    weights_file(encoder, report=report)  # fetched here, once, and not by each process

    heard = report if jobs == 1 else silent
    tasks = (
        joblib.delayed(_embed_one)(
            entry, out / f"{entry.name}.h5", encoder=encoder, mpp=mpp, tissue_rule=tissue_rule, stain=stain,
            skip_unreadable=skip_unreadable, report=heard,
        )
        for entry in entries
    )
    yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")(tasks)


def _embed_one(
    entry: SlideEntry, bag_path: Path, *, encoder: str, mpp: float | None, tissue_rule: TissueRule,
    stain: str, skip_unreadable: bool, report: Report,
) -> Outcome:
    stated = mpp if entry.mpp is None else entry.mpp
    try:
        made = embed_slide(
            entry.path, encoder=encoder, mpp=stated, tissue_rule=tissue_rule, stain=stain,
            skip_unreadable=skip_unreadable, report=report,
        )  # fmt: skip
        save_bag(made, bag_path, slide_id=entry.name)
    except (SurvdashError, OSError) as error:
        return Outcome(entry=entry, bag_path=bag_path, error=" ".join(str(error).split()))
    return Outcome(entry=entry, bag_path=bag_path, embedding=made)


def _in_folder(folder: Path) -> Iterator[SlideEntry]:
    dicom: set[Path] = set()
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if suffix not in SLIDE_SUFFIXES or hidden or not path.is_file():
            continue
        if suffix in (".jpg", ".jpeg") and any(path.parent.glob("*.vms")):
            continue  # Hamamatsu keeps the pieces of a slide as JPEG files beside it
        if suffix == ".dcm":
            if path.parent in dicom:
                continue
            dicom.add(path.parent)
        yield SlideEntry(name=path.stem, path=path)


def _in_list(source: Path) -> Iterator[SlideEntry]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in file.read().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source.name} cannot be read as a list of slides: {error}.") from error
    if source.suffix.lower() == ".txt":
        for line in lines:
            path = source.parent / line.strip()
            yield SlideEntry(name=path.stem, path=path)
        return
    rows = csv.DictReader(lines)
    if "slide" not in (rows.fieldnames or ()):
        raise InputError(
            f"{source.name} has no column 'slide'; its columns are {', '.join(rows.fieldnames or ())}.",
            hint="Give the paths in the column slide, and if wanted name and mpp.",
        )
    for number, row in enumerate(rows, start=2):
        if not (row["slide"] or "").strip():
            raise InputError(f"{source.name}, row {number}: the column slide is empty.")
        path = source.parent / row["slide"].strip()
        name = (row.get("name") or "").strip() or path.stem
        if "/" in name or name in (".", ".."):
            raise InputError(f"{source.name}, row {number}: a slide cannot be called {name!r}.")
        yield SlideEntry(name=name, path=path, mpp=_mpp(row.get("mpp"), f"{source.name}, row {number}"))


def _mpp(text: str | None, place: str) -> float | None:
    if not (text or "").strip():
        return None
    try:
        return float(str(text))
    except ValueError:
        raise SlideError(f"{place}: the column mpp holds {text!r}, not a number of um per pixel.") from None
