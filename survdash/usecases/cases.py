"""A new case: what is checked before any work starts, and the prediction itself, here or in a worker."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from survdash.artefact import Artefact
from survdash.case import Bag, Case, Clinical
from survdash.errors import ArtefactError, InputError, NotEnoughDataError, UnknownNameError
from survdash.explanation.familiarity import familiarity_words
from survdash.explanation.record import Familiarity
from survdash.explanation.references import familiarity_of
from survdash.prediction import Prediction, check_origin
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.slide.rules import DEFAULT_TILES, DEFAULT_TISSUE, TileRule, TissueRule, change_words, rule_changes
from survdash.sources.gene_table import GeneCheck, match_genes, read_gene_table
from survdash.store import file_sha256
from survdash.usecases.case_bags import read_case_bags
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.library import DEMO, find_model, list_runs, open_run

if TYPE_CHECKING:
    from survdash.features.embed import Embedding
    from survdash.slide.tissue import SlideView

OVERLAY_PX = 900
SAME_MPP = 0.02  # resolutions closer than this share are the same one, rounded otherwise
ENLARGED = "This slide is coarser than the model's tiles: they are enlarged and blurred."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideCheck:
    """What is known of a slide before it is embedded.

    ``mpp`` is None where the file does not state it and the user has not either; then tissue and tiles are unknown.
    ``tiles`` is 0 too where there is no tissue, or nothing but possible ink; ``ink_tiles`` are those that thick strokes
    of ink concern, left out or kept; ``artefact_tiles`` those of possible folds and rims. ``overlay`` is the thumbnail
    with the outline of the tissue, RGB uint8.
    """

    width: int
    height: int
    mpp: float | None
    tissue_fraction: float
    tiles: int
    overlay: np.ndarray
    warnings: tuple[str, ...]
    ink_tiles: int = 0
    artefact_tiles: int = 0


def view_slide(path: Path, *, mpp: float | None = None, view_px: int = DEFAULT_TISSUE.view_px) -> SlideView:
    """Open a slide and read the view that its tissue is judged on; ``check_view`` needs no more of it.

    Raises
    ------
    SlideError
        If it cannot be read.
    """
    from survdash.slide.reader import open_slide
    from survdash.slide.tissue import take_view

    with open_slide(path, mpp=mpp) as slide:
        return take_view(slide, view_px)


def check_view(
    view: SlideView, *, tissue: TissueRule = DEFAULT_TISSUE, tiles: TileRule = DEFAULT_TILES, areas: Path | None = None
) -> SlideCheck:
    """Find the tissue on a view, lay the grid, draw both; without tissue, ``tiles`` is 0 and a warning says so.

    Raises
    ------
    SlideError
        If the areas do not fit the slide, or it is too coarse.
    """
    from survdash.slide.areas import read_areas
    from survdash.slide.overlay import draw_overlay
    from survdash.slide.tiles import lay_grid
    from survdash.slide.tissue import judge_tissue

    found = judge_tissue(view, tissue, areas=(drawn := None if areas is None else read_areas(areas)))
    grid, ink, warnings = None, 0, []
    if view.mpp is not None:
        try:
            grid = lay_grid(view, found, tiles)
        except NotEnoughDataError as error:  # another rule, or an area drawn by hand, may find some
            warnings = [error.message, error.hint]
            if found.excluded is not None:
                every = replace(tissue, exclude_ink=False, exclude_folds=False)
                ink = lay_grid(view, judge_tissue(view, every, areas=drawn), tiles).size
    if grid is not None:
        ink = grid.ink.thick
        warnings += [*grid.warnings, *([ENLARGED] if grid.level0_px < grid.tile_px else [])]
    return SlideCheck(
        width=view.width, height=view.height, mpp=view.mpp, tissue_fraction=found.fraction,
        tiles=0 if grid is None else grid.size, ink_tiles=ink, warnings=tuple(warnings),
        artefact_tiles=0 if grid is None else grid.artefacts.edges + grid.artefacts.folded + grid.artefacts.folds,
        overlay=draw_overlay(view, found, grid, max_px=OVERLAY_PX),
    )


def check_slide(
    path: Path, *, mpp: float | None = None, tissue: TissueRule = DEFAULT_TISSUE, tiles: TileRule = DEFAULT_TILES,
    areas: Path | None = None,
) -> SlideCheck:  # fmt: skip
    """Open a slide, find its tissue, lay the grid: ``view_slide`` and ``check_view``."""
    return check_view(view_slide(path, mpp=mpp, view_px=tissue.view_px), tissue=tissue, tiles=tiles, areas=areas)


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
    parts = (("genes", request.genes is not None), ("slide", bool(request.slides or request.bags)))
    given = {name for name, here in parts if here}
    fitting = [entry for entry in list_runs(request.cohort)
               if entry.can_predict and set(entry.modalities) - {"clinical"} <= given]
    if not fitting:
        raise UnknownNameError(
            f"No model of cohort {request.cohort} works with {' and '.join(sorted(given)) or 'nothing'} alone.",
            hint="Give the other part too, or choose another cohort.",
        )
    return open_run(request.cohort, max(fitting, key=lambda entry: len({*entry.modalities} - {"clinical"})).name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedCase:
    """A new case as its model sees it, before it is scored; ``inputs`` is what stands in the provenance."""

    artefact: Artefact
    case: Case
    familiarity: tuple[Familiarity, ...]
    warnings: tuple[str, ...]
    inputs: dict[str, object]
    device: str


def prepare_case(
    request: PredictRequest, *, report: Report = silent, cancel: Cancel | None = None
) -> PreparedCase:
    """Check and embed one new case.

    Raises
    ------
    SurvdashError
        Whatever is wrong with the input, in words; also where the case is nothing like the training patients.
    Cancelled
        If ``cancel`` is set.
    """
    artefact = choose_run(request)
    card, warnings, genes = artefact.card, [], None
    if not (request.slides or request.bags) and request.genes is None:
        raise InputError("There is neither a slide nor a gene table.", hint="Give at least one.")
    if request.slides and request.bags:
        raise InputError("Slides and bags of features are given for one case.", hint="Give one or the other.")
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
        if (stain := embeddings[0].stain) != "none":
            words = f"Tiles were brought to a reference's colours ({stain}), as those that the model learnt from."
            warnings.append(words)
        warnings += _contradicted(request)
        warnings += _other_rules(request)
        inputs["slides"] = _slide_facts(request, embeddings)
    if request.bags and card.bag_origin is not None:
        bag, facts, told = read_case_bags(
            request.bags, expected=card.bag_origin, model=card.name, encoder=request.encoder
        )
        warnings += told
        inputs["slides"] = facts
    check_cancel(cancel, step="prediction")
    clinical = Clinical(age_years=request.age_years, sex=request.sex, stage=request.stage)
    case = Case(case_id=request.case_id, bag=bag, genes=genes, clinical=clinical, slide_paths=request.slides)
    from survdash.features.encoders import choose_device

    device = choose_device(settings().device)
    familiarity = _familiarity(artefact, case, request)
    inputs["familiarity"] = [asdict(one) for one in familiarity]
    return PreparedCase(
        artefact=artefact, case=case, familiarity=familiarity,
        warnings=(*familiarity_words(familiarity), *warnings), inputs=inputs | {"device": device}, device=device,
    )


def predict_prepared(prepared: PreparedCase, *, report: Report = silent) -> Prediction:
    """Score a case that was checked and embedded."""
    from survdash.prediction import predict_case

    report(Progress(step="Predicting", done=0, total=1))
    made = predict_case(prepared.artefact, prepared.case, warnings=prepared.warnings, device=prepared.device)
    report(Progress(step="Predicting", done=1, total=1))
    return replace(made, provenance=made.provenance | prepared.inputs)


def predict(request: PredictRequest, *, report: Report = silent, cancel: Cancel | None = None) -> Prediction:
    """Check, embed and score one new case.

    Raises
    ------
    SurvdashError
        Whatever is wrong with the input, in words.
    Cancelled
        If ``cancel`` is set.
    """
    return predict_prepared(prepare_case(request, report=report, cancel=cancel), report=report)


def _familiarity(artefact: Artefact, case: Case, request: PredictRequest) -> tuple[Familiarity, ...]:
    """How like the training patients the case is; one that is nothing like them is refused unless it was asked for.

    A model of simulated patients is a demonstration, to which every real slide is foreign: it warns and answers.
    """
    arrays = artefact.references()
    found = () if arrays is None else familiarity_of(arrays, case, artefact.card.panel)
    far = [one for one in found if one.level == "far"]
    if far and not artefact.card.simulated and not request.even_if_unlike:
        raise InputError(
            f"Prediction withheld. {familiarity_words(far)[0]}",
            hint="To see the answer all the same, ask for it: --even-if-unlike, or the box above the button.",
        )
    return found


def _slide_facts(request: PredictRequest, embeddings: list[Embedding]) -> list[dict[str, object]]:
    """What the prediction says about each slide that it was made from; file names may be a patient's."""
    tiles = sum(made.tiles for made in embeddings)
    found = []
    for number, (made, said) in enumerate(zip(embeddings, request.statements(), strict=True), start=1):
        facts: dict[str, object] = {
            "slide": number, "sha256": made.slide_sha256, "mpp": made.mpp, "mpp_source": made.mpp_source,
            "tiles": made.tiles, "stain": made.stain,
            "share": made.tiles / tiles,  # a model sees all tiles as one bag, so that is what the slide weighs
            "ink_kept": not said.tissue.exclude_ink, "tissue_rule": rule_changes(said.tissue, said.tiles),
        }  # fmt: skip
        if said.areas is not None:
            facts["areas_sha256"] = file_sha256(said.areas)
        found.append(facts)
    return found


def _other_rules(request: PredictRequest) -> list[str]:
    """That tissue was found in another way than for the slides a model learns from, in words; once where all agree."""
    changes = [change_words(said.tissue, said.tiles) for said in request.statements()]
    if len(set(changes)) == 1:
        return [f"Tissue was found by a rule other than the default: {changes[0]}."] if changes[0] else []
    return [
        f"Slide {number}: tissue was found by a rule other than the default: {words}."
        for number, words in enumerate(changes, start=1)
        if words
    ]


def _unread(request: PredictRequest, artefact: Artefact) -> list[str]:
    """What was given and not looked at, in words."""
    card = artefact.card
    sees = " and ".join(card.modalities)
    unread = []
    if request.genes is not None and card.panel is None:
        unread.append(f"The gene table was not read: model {card.name} looks at the {sees} only.")
    if (request.slides or request.bags) and card.bag_origin is None:
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
    for number, said in enumerate(request.statements(), start=1):
        stated = said.mpp
        if stated is None:
            continue
        with open_slide(said.path) as slide:
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
    from survdash.slide.areas import read_areas

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
    statements = request.statements()
    drawn = [None if said.areas is None else read_areas(said.areas) for said in statements]  # a bad one before any work
    for said, areas in zip(statements, drawn, strict=True):
        made = embed_slide(
            said.path, encoder=expected.encoder, mpp=said.mpp, tissue_rule=said.tissue, tile_rule=said.tiles,
            areas=areas, stain=expected.stain, report=report, cancel=cancel,
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
