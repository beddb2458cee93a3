"""A new case: what is checked before any work starts, and the prediction itself, here or in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from survdash.artefact import Artefact
from survdash.case import Bag, Case, Clinical
from survdash.errors import ArtefactError, InputError, NotEnoughDataError, UnknownNameError
from survdash.jobs.queue import file_job, read_job
from survdash.prediction import Prediction, check_origin
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.sources.gene_table import GeneCheck, match_genes, read_gene_table
from survdash.store import file_sha256
from survdash.usecases.analysis import prediction_from_json, prediction_to_json
from survdash.usecases.library import DEMO, find_model, list_runs, open_run

if TYPE_CHECKING:
    from survdash.features.embed import Embedding

JOB_KIND = "predict_case"
OVERLAY_PX = 900
SAME_MPP = 0.02  # resolutions closer than this share are the same one, rounded otherwise
ENLARGED = "This slide is coarser than the model's tiles: they are enlarged and blurred."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideCheck:
    """What is known of a slide before it is embedded.

    ``mpp`` is None where the file does not state it and the user has not either; then tissue and tiles are unknown.
    ``tiles`` is 0 too where nothing but possible ink was found; ``ink_tiles`` are those that thick strokes of ink
    concern, left out or kept. ``overlay`` is the thumbnail with the outline of the tissue, RGB uint8.
    """

    width: int
    height: int
    mpp: float | None
    tissue_fraction: float
    tiles: int
    overlay: np.ndarray
    warnings: tuple[str, ...]
    ink_tiles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """One new case for one trained model.

    Parameters
    ----------
    cohort, run : str
        The trained model.
    slides : tuple of Path
        All slides of the patient, each once.
    genes : Path or None
    mpp : float or None, or a tuple of one a slide
        Resolution in um per pixel as the user states it, for slides that do not say.
    keep_ink : bool, or a tuple of one a slide
        Whether tiles under thick strokes of possible ink are read like any other.
    age_years, sex, stage
        Read by models that look at clinical facts; carried into the case for the others.
    case_id : str
    """

    cohort: str = DEMO
    run: str = "default"
    slides: tuple[Path, ...] = ()
    genes: Path | None = None
    mpp: float | tuple[float | None, ...] | None = None
    keep_ink: bool | tuple[bool, ...] = False
    age_years: float | None = None
    sex: str | None = None
    stage: str | None = None
    case_id: str = "new-case"

    def statements(self) -> list[tuple[Path, float | None, bool]]:
        """Each slide with the resolution that is stated of it and whether its ink is kept.

        Raises
        ------
        InputError
            If the statements are not one a slide.
        """
        count = len(self.slides)
        mpp = self.mpp if isinstance(self.mpp, tuple) else (self.mpp,) * count
        ink = self.keep_ink if isinstance(self.keep_ink, tuple) else (self.keep_ink,) * count
        if not len(mpp) == len(ink) == count:
            raise InputError(f"{len(mpp)} resolutions are stated for {count} slides.", hint="State one, or all.")
        return list(zip(self.slides, mpp, ink, strict=True))


def check_slide(path: Path, *, mpp: float | None = None, keep_ink: bool = False) -> SlideCheck:
    """Open a slide, find its tissue, lay the grid.

    Raises
    ------
    SlideError, NotEnoughDataError
        If it cannot be read, or holds no tissue.
    """
    from survdash.slide.overlay import draw_overlay
    from survdash.slide.reader import open_slide
    from survdash.slide.tiles import lay_grid
    from survdash.slide.tissue import TissueRule, find_tissue

    with open_slide(path, mpp=mpp) as slide:
        tissue = find_tissue(slide, TissueRule(exclude_ink=not keep_ink))
        grid, ink, warnings = None, 0, []
        if slide.mpp is not None:
            try:
                grid = lay_grid(slide, tissue)
            except NotEnoughDataError as error:
                if tissue.excluded is None:
                    raise
                # Nothing but possible ink: the user may say that it is tissue, so the file is not refused.
                ink = lay_grid(slide, find_tissue(slide, TissueRule(exclude_ink=False))).size
                warnings.append(error.message)
        if grid is not None:
            ink = grid.ink.thick
            warnings += [*grid.ink.warnings, *([ENLARGED] if grid.level0_px < grid.tile_px else [])]
        return SlideCheck(
            width=slide.width, height=slide.height, mpp=slide.mpp, tissue_fraction=tissue.fraction,
            tiles=0 if grid is None else grid.size, ink_tiles=ink, warnings=tuple(warnings),
            overlay=draw_overlay(slide, tissue, grid, max_px=OVERLAY_PX),
        )


def check_genes(path: Path, *, cohort: str, run: str = "default") -> GeneCheck:
    """Read a patient's gene table and match it to the genes of a cohort's model.

    Raises
    ------
    GeneError
        If the table cannot be used.
    UnknownNameError
        If no model of the cohort looks at genes.
    """
    artefact = open_run(cohort, run)
    if artefact.card.panel is None:
        with_genes = [entry.name for entry in list_runs(cohort) if "genes" in entry.modalities]
        if not with_genes:
            raise UnknownNameError(f"No model of cohort {cohort} looks at genes.", hint="Leave the gene table out.")
        artefact = open_run(cohort, with_genes[0])
    panel = artefact.card.panel
    if panel is None:
        raise ArtefactError(f"Model {artefact.card.name} names genes but holds no panel.", hint="Train it again.")
    return match_genes(read_gene_table(path), panel)


def choose_run(request: PredictRequest) -> Artefact:
    """The trained model of a request; "default" is the recommended one that the given files suffice for.

    Raises
    ------
    UnknownNameError
        If the cohort has no such model, or none for these files.
    """
    if request.run != "default":
        return open_run(request.cohort, request.run)
    given = {name for name, here in (("genes", request.genes is not None), ("slide", bool(request.slides))) if here}
    fitting = [entry for entry in list_runs(request.cohort) if set(entry.modalities) - {"clinical"} <= given]
    if not fitting:
        raise UnknownNameError(
            f"No model of cohort {request.cohort} works with {' and '.join(sorted(given)) or 'nothing'} alone.",
            hint="Give the other part too, or choose another cohort.",
        )
    return open_run(request.cohort, max(fitting, key=lambda entry: len({*entry.modalities} - {"clinical"})).name)


def predict(request: PredictRequest, *, report: Report = silent, cancel: Cancel | None = None) -> Prediction:
    """Check, embed and score one new case.

    Raises
    ------
    SurvdashError
        Whatever is wrong with the input, in words.
    Cancelled
        If ``cancel`` is set.
    """
    artefact = choose_run(request)
    card, warnings, genes = artefact.card, [], None
    if not request.slides and request.genes is None:
        raise InputError("There is neither a slide nor a gene table.", hint="Give at least one.")
    request.statements()
    inputs: dict[str, object] = {}
    if request.genes is not None and card.panel is not None:
        report(Progress(step="Reading genes", done=0, total=1))
        check = match_genes(read_gene_table(request.genes), card.panel)
        genes, warnings = check.values, list(check.warnings)
        inputs["genes_sha256"] = file_sha256(request.genes)
    warnings += _unread(request, artefact)
    bag: Bag | None = None
    embeddings: list[Embedding] = []
    if request.slides and card.bag_origin is not None:
        bag, embeddings = _embed(request, artefact, report=report, cancel=cancel)
        warnings += [warning for one in embeddings for warning in one.warnings]
        warnings += _contradicted(request)
        # A model sees all tiles as one bag, so a slide weighs what its share of them is. File names may be a patient's.
        inputs["slides"] = [
            {"slide": number, "sha256": one.slide_sha256, "mpp": one.mpp, "mpp_source": one.mpp_source,
             "tiles": one.tiles, "share": one.tiles / len(bag.features), "ink_kept": ink}
            for number, (one, (_, _, ink)) in enumerate(zip(embeddings, request.statements(), strict=True), start=1)
        ]  # fmt: skip
    check_cancel(cancel, step="prediction")
    report(Progress(step="Predicting", done=0, total=1))
    clinical = Clinical(age_years=request.age_years, sex=request.sex, stage=request.stage)
    case = Case(case_id=request.case_id, bag=bag, genes=genes, clinical=clinical, slide_paths=request.slides)
    from survdash.features.encoders import choose_device
    from survdash.prediction import predict_case

    device = choose_device(settings().device)
    prediction = predict_case(artefact, case, warnings=tuple(warnings), device=device)
    report(Progress(step="Predicting", done=1, total=1))
    return replace(prediction, provenance=prediction.provenance | inputs | {"device": device})


def _unread(request: PredictRequest, artefact: Artefact) -> list[str]:
    """What was given and not looked at, in words."""
    card = artefact.card
    sees = " and ".join(card.modalities)
    unread = []
    if request.genes is not None and card.panel is None:
        unread.append(f"The gene table was not read: model {card.name} looks at the {sees} only.")
    if request.slides and card.bag_origin is None:
        unread.append(f"The slide was not read: model {card.name} looks at the {sees} only.")
    given = [name for name, value in (("Age", request.age_years), ("sex", request.sex), ("stage", request.stage))
             if value is not None]  # fmt: skip
    if given and "clinical" not in card.modalities:
        unread.append(f"Age and sex were not used: model {card.name} looks at {sees} only.")
    return unread


def _contradicted(request: PredictRequest) -> list[str]:
    """Slides whose own resolution the user's answer overrules, in words."""
    from survdash.slide.reader import open_slide

    found = []
    for number, (path, stated, _) in enumerate(request.statements(), start=1):
        if stated is None:
            continue
        with open_slide(path) as slide:
            own = slide.mpp
        if own is not None and abs(own / stated - 1) > SAME_MPP:
            found.append(
                f"Slide {number} states {own:g} um per pixel; {stated:g} was used instead, as it was stated here."
            )
    return found


def _embed(
    request: PredictRequest, artefact: Artefact, *, report: Report, cancel: Cancel | None
) -> tuple[Bag, list[Embedding]]:
    """One bag of all slides of the case, by the encoder that the model was trained on."""
    from survdash.bag_file import BagFile
    from survdash.features.embed import embed_slide
    from survdash.features.registry import ENCODERS, check_encoder
    from survdash.slide.tissue import TissueRule

    card = artefact.card
    expected = card.bag_origin
    if expected is None:
        raise ArtefactError(f"Model {card.name} does not say what made its features.", hint="Train it again.")
    try:
        check_encoder(expected.encoder)
    except UnknownNameError as error:
        raise ArtefactError(
            f"Model {card.name} was trained on features of {expected.encoder}, which survdash cannot make.",
            hint="Choose a model trained on features of one of: " + ", ".join(ENCODERS) + ", or of the model hub.",
        ) from error
    embeddings: list[Embedding] = []
    bags: list[Bag] = []
    _refuse_twins(request.slides)
    for path, mpp, keep_ink in request.statements():
        made = embed_slide(
            path, encoder=expected.encoder, mpp=mpp, tissue_rule=TissueRule(exclude_ink=not keep_ink),
            stain=expected.stain, report=report, cancel=cancel,
        )
        with BagFile(made.bag_path) as file:
            check_origin(expected, file.origin, model=card.name)
            bags.append(file.read(file.slide_ids))
        embeddings.append(made)
    joined = Bag(
        features=np.concatenate([bag.features for bag in bags]), coords=np.concatenate([bag.coords for bag in bags]),
        slide_index=np.repeat(np.arange(len(bags), dtype=np.int32), [len(bag.features) for bag in bags]),
        slide_ids=tuple(slide for bag in bags for slide in bag.slide_ids), origin=expected,
    )
    return joined, embeddings


def _refuse_twins(paths: tuple[Path, ...]) -> None:
    """Refuse, before any work, a slide that was given twice, be it under two names."""
    from survdash.slide.reader import open_slide

    number_of: dict[str, int] = {}
    for number, path in enumerate(paths if len(paths) > 1 else (), start=1):
        with open_slide(path) as slide:
            first = number_of.setdefault(slide.sha256, number)
        if first != number:
            raise InputError(
                f"The same slide was given twice: slides {first} and {number} have the same content.",
                hint="Give each slide once: tiles would count double.",
            )


def file_prediction(request: PredictRequest) -> str:
    """Hand a request to the worker; returns the job's id."""
    values = asdict(request)
    values["slides"] = [str(path) for path in request.slides]
    values["genes"] = None if request.genes is None else str(request.genes)
    return file_job(JOB_KIND, values)


def job_prediction(job_id: str) -> Prediction:
    """The prediction of a finished job.

    Raises
    ------
    UnknownNameError
        If there is no such job, or it has no prediction.
    """
    job = read_job(job_id)
    if job.kind != JOB_KIND:
        raise UnknownNameError("This job is no prediction.", hint="Page 'Models & data' shows trainings.")
    if job.result is None:
        raise UnknownNameError("This job has no result yet.", hint="Wait for it, or start it again.")
    return prediction_from_json(job.result)


def _work(payload: dict[str, Any], report: Report, cancel: Cancel) -> dict[str, Any]:
    genes = payload["genes"]
    said = {key: tuple(value) for key, value in payload.items() if isinstance(value, list)}  # JSON has no tuples
    request = PredictRequest(**payload | said | {
        "slides": tuple(Path(path) for path in payload["slides"]), "genes": None if genes is None else Path(genes),
    })
    return prediction_to_json(predict(request, report=report, cancel=cancel))


HANDLERS: dict[str, Callable[[dict[str, Any], Report, Cancel], dict[str, Any]]] = {JOB_KIND: _work}


def write_sample_case(out: Path, *, number: int = 0) -> tuple[Path, Path]:
    """Write a simulated case to try: ``slide.tiff`` and ``genes.csv``; see ``survdash.simulation.sample_case``."""
    from survdash.simulation.sample_case import sample_case

    return sample_case(out, number=number)


def model_for_command(name: str) -> tuple[str, str]:
    """Cohort and run of a trained model as the command line names it: ``demo-glg``, ``glg``, or ``default``."""
    if name == "default":
        return DEMO, "default"
    card = find_model(name).card
    return card.cohort, card.run
