"""Many slides: those of a folder or a list, embedded by several processes; one bad slide stops none of the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import joblib

from survdash.errors import InputError, SlideError, SurvdashError
from survdash.features.embed import Embedding, embed_slide, save_bag
from survdash.features.registry import DEFAULT_ENCODER, weights_file
from survdash.progress import Report, silent
from survdash.settings import settings
from survdash.slide.companions import dicom_series, named_files
from survdash.slide.rules import DEFAULT_TILES, DEFAULT_TISSUE, TileRule, TissueRule

SLIDE_SUFFIXES = frozenset({
    ".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide", ".dcm", ".png", ".jpg",
    ".jpeg",
})  # fmt: skip
NAMES_OTHERS = (".vms", ".vmu")
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
    """What became of one slide: an embedding and its bag, or an error in words and what to do about it.

    ``same_as`` names a slide with the same content that was done before, "" where there is none.
    """

    entry: SlideEntry
    bag_path: Path
    embedding: Embedding | None = None
    error: str = ""
    hint: str = ""
    same_as: str = ""


def is_many(path: Path) -> bool:
    """Whether ``path`` is a folder or a list of slides, and not a slide."""
    return path.is_dir() or path.suffix.lower() in MANIFEST_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideList:
    """The slides of a folder or a list, and what lies among them and is none.

    Parameters
    ----------
    entries : tuple of SlideEntry
    parts : tuple of Path
        Pictures that a slide beside them names as its own.
    """

    entries: tuple[SlideEntry, ...]
    parts: tuple[Path, ...] = ()

    @property
    def words(self) -> str:
        """What was left out, for people; "" where nothing was."""
        if not self.parts:
            return ""
        names = ", ".join(path.name for path in self.parts[:3]) + (", ..." if len(self.parts) > 3 else "")
        return f"Left out, as parts of the Hamamatsu slide beside them: {len(self.parts)} JPEG file(s) ({names})."


def list_slides(source: Path) -> SlideList:
    """The slides of a folder and the folders in it, or of a list.

    Parameters
    ----------
    source : Path
        A folder; or a CSV with the column ``slide`` (paths, from the list's own folder or from anywhere) and if wanted
        ``name`` and ``mpp``; or a text file with one path a line. Of the DICOM files of one series in a folder the
        first stands for the slide; the JPEG files that a VMS or VMU slide names are not slides, others beside it are.
        Links to files are followed, links to folders are not.

    Raises
    ------
    InputError
        If there is no slide, a row of the list cannot be understood, or two slides would get one name.
    """
    if not source.exists():
        raise InputError(f"There is no folder or list {source.name}.", hint=f"Looked at {source}.")
    parts: list[Path] = []
    entries = tuple(_in_folder(source, parts) if source.is_dir() else _in_list(source))
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
    return SlideList(entries=entries, parts=tuple(parts))


def embed_many(
    entries: Sequence[SlideEntry],
    out: Path,
    *,
    encoder: str = DEFAULT_ENCODER,
    mpp: float | None = None,
    tissue_rule: TissueRule = DEFAULT_TISSUE,
    tile_rule: TileRule = DEFAULT_TILES,
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
        Processes of this machine that share the slides; each takes its share of the cores. 1 where the setting ``dask``
        names a scheduler: then its workers share them.
    report : callable
        Steps inside a slide; heard only with one job here.

    Yields
    ------
    Outcome
        Of each slide when it is done, in the order in which they are done.

    Raises
    ------
    InputError
        If ``jobs`` is not possible, the Dask scheduler or its workers cannot be used, or the system ended a process.
    UnknownNameError, DownloadError
        If the encoder is not known or its weights cannot be had.
    """
    if jobs < 1:
        raise InputError(f"{jobs} jobs are not possible.", hint="Use 1 or more.")
    if settings().dask and jobs > 1:
        raise InputError("With SURVDASH_DASK the scheduler's workers share the slides.", hint="Leave --jobs out.")
    out.mkdir(parents=True, exist_ok=True)
    weights_file(encoder, report=report)  # fetched here, once, and not by each process
    work = partial(
        _embed_one, out=out.absolute(), encoder=encoder, mpp=mpp, tissue_rule=tissue_rule, tile_rule=tile_rule,
        stain=stain, skip_unreadable=skip_unreadable,
    )  # fmt: skip
    if settings().dask:
        found = _by_cluster(work, entries, out)
    elif jobs > 1:
        found = _by_processes(work, entries, jobs)
    else:
        found = (work(entry, report=report) for entry in entries)
    yield from _with_twins(found)


def _by_processes(work: Callable[[SlideEntry], Outcome], entries: Sequence[SlideEntry], jobs: int) -> Iterator[Outcome]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
    try:
        yield from pool(joblib.delayed(work)(entry) for entry in entries)
    except TerminatedWorkerError as error:
        raise InputError(
            "The system ended a process that was embedding, perhaps for want of memory.",
            hint="Start again, with fewer --jobs: what was finished is kept and it goes on there.",
        ) from error


def _by_cluster(work: Callable[[SlideEntry], Outcome], entries: Sequence[SlideEntry], out: Path) -> Iterator[Outcome]:
    from survdash.dask_client import Lost
    from survdash.features.cluster import cluster

    whole = [replace(entry, path=entry.path.absolute()) for entry in entries]  # a worker starts in another folder
    with cluster(settings().dask, out=out) as spread:
        for entry, found in spread(work, whole):
            yield _failed(entry, out, found.words) if isinstance(found, Lost) else found


def _with_twins(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """Say of each slide whether another with the same content was done before it."""
    first: dict[str, str] = {}
    for one in outcomes:
        if one.embedding is None:
            yield one
        else:
            name = first.setdefault(one.embedding.slide_sha256, one.entry.name)
            yield one if name == one.entry.name else replace(one, same_as=name)


def _embed_one(
    entry: SlideEntry, *, out: Path, encoder: str, mpp: float | None, tissue_rule: TissueRule,
    tile_rule: TileRule, stain: str, skip_unreadable: bool, report: Report = silent,
) -> Outcome:
    stated = mpp if entry.mpp is None else entry.mpp
    try:
        made = embed_slide(
            entry.path, encoder=encoder, mpp=stated, tissue_rule=tissue_rule, tile_rule=tile_rule, stain=stain,
            skip_unreadable=skip_unreadable, report=report,
        )  # fmt: skip
        save_bag(made, _bag_path(entry, out), slide_id=entry.name)
    except SurvdashError as error:
        return _failed(entry, out, error.message, hint=error.hint)
    except OSError as error:
        return _failed(entry, out, str(error))
    return Outcome(entry=entry, bag_path=_bag_path(entry, out), embedding=made)


def _failed(entry: SlideEntry, out: Path, words: str, *, hint: str = "") -> Outcome:
    return Outcome(entry=entry, bag_path=_bag_path(entry, out), error=" ".join(words.split()), hint=hint)


def _bag_path(entry: SlideEntry, out: Path) -> Path:
    return out / f"{entry.name}.h5"


def _in_folder(folder: Path, parts: list[Path]) -> Iterator[SlideEntry]:
    """The slides; into ``parts`` goes what is a part of one."""
    dicom: set[tuple[Path, str]] = set()
    every = sorted(folder.rglob("*"))
    named = {part for path in every if path.suffix.lower() in NAMES_OTHERS for part in named_files(path)}
    for path in every:
        suffix = path.suffix.lower()
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if suffix not in SLIDE_SUFFIXES or hidden or not path.is_file():
            continue
        if path in named:
            parts.append(path)
            continue
        if suffix == ".dcm":
            series = path.parent, dicom_series(path)
            if series[1] and series in dicom:  # damaged files say no series, and each is told of
                continue
            dicom.add(series)
        yield SlideEntry(name=path.stem, path=path)


def _in_list(source: Path) -> Iterator[SlideEntry]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source.name} cannot be read as a list of slides: {error}.") from error
    if source.suffix.lower() == ".txt":
        for line in filter(None, map(str.strip, text.splitlines())):
            path = source.parent / line
            yield SlideEntry(name=path.stem, path=path)
        return
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if "slide" not in (rows.fieldnames or ()):
            raise InputError(
                f"{source.name} has no column 'slide'; its columns are {', '.join(rows.fieldnames or ()) or 'none'}.",
                hint="Give the paths in the column slide, and if wanted name and mpp; commas part the columns.",
            )
        for row in rows:
            yield _listed(row, source.parent, f"{source.name}, row {rows.line_num}")
    except csv.Error as error:
        raise InputError(f"{source.name}, row {rows.line_num}: not CSV ({error}).") from error


def _listed(row: Mapping[str | None, object], folder: Path, place: str) -> SlideEntry:
    if None in row:
        raise InputError(f"{place}: more values than columns.", hint="Put a path that holds a comma in quotes.")
    slide, name, mpp = (str(row.get(column) or "").strip() for column in ("slide", "name", "mpp"))
    if not slide:
        raise InputError(f"{place}: the column slide is empty.")
    name = name or Path(slide).stem
    if "/" in name or name in (".", ".."):
        raise InputError(f"{place}: a slide cannot be called {name!r}.")
    try:
        return SlideEntry(name=name, path=folder / slide, mpp=float(mpp) if mpp else None)
    except ValueError:
        raise SlideError(f"{place}: the column mpp holds {mpp!r}, not a number of um per pixel.") from None
