"""What stands on a report, in words that are ready to be printed; no layout here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from survdash.artefact import INTENDED_USE
from survdash.explanation.familiarity import familiarity_words
from survdash.explanation.record import Explanation, GeneShare, Ledger
from survdash.figures.words import alive_of_100, percentile_words, years
from survdash.language import ENGLISH, speaking
from survdash.prediction import LANDMARKS, Prediction
from survdash.report.curve import draw_curve, draw_people
from survdash.stamp import stamp
from survdash.statistics.kaplan_meier import KaplanMeier

MAIN_HORIZON = 36
TOP_GENES = 6
SHOWN_DIGITS = 16
NOT_CLINICAL = "Not for clinical decisions."
LIMITS = (
    "The numbers are about patients with a profile like this, not about one person; they say nothing of what a "
    "treatment would change. {band} Whether the model holds for patients of another hospital is not known unless it "
    "was tried there."
)
BAND = "The band is how far the model's own variants disagree, not all uncertainty."
NO_BAND = "One model gave one answer: how uncertain it is, is not known."
DISAGREE = "Slide and genes disagree: alone, one says low risk and the other high. Trust the answer less."
AGREE = "Slide alone and genes alone fall into the same risk group."


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """One box: at which time, how many of 100 are alive, between what; ``band`` says why where there is none."""

    label: str
    value: str
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Everything on the sheet; texts are plain, ``curve`` and ``people`` are drawings (SVG).

    Parameters
    ----------
    case_id, role, subtitle : str
    simulated : bool
        The patients that the model learnt from never lived.
    headline : str
    people : str
        A hundred figures, those alive at three years filled; "" beyond the follow-up.
    horizons : tuple of Horizon
    curve : str
    curve_note : str
    facts : tuple of (name, value)
    ledger_head : tuple of str
    ledger : tuple of tuple of str
        Rows of "read from, alive at each horizon, risk group"; empty without an explanation.
    ledger_note : str
    genes : tuple of (gene, direction, level)
    genes_note : str
    warnings : tuple of str
    went_in : tuple of (name, value)
        Files, encoder, model and cohort with their hashes.
    limits, notice, stamp, made_on : str
    """

    case_id: str
    role: str
    subtitle: str
    simulated: bool
    headline: str
    people: str
    horizons: tuple[Horizon, ...]
    curve: str
    curve_note: str
    facts: tuple[tuple[str, str], ...]
    ledger_head: tuple[str, ...]
    ledger: tuple[tuple[str, ...], ...]
    ledger_note: str
    genes: tuple[tuple[str, str, str], ...]
    genes_note: str
    warnings: tuple[str, ...]
    went_in: tuple[tuple[str, str], ...]
    limits: str
    notice: str
    stamp: str
    made_on: str


def report_facts(
    prediction: Prediction,
    *,
    curves: Mapping[str, KaplanMeier],
    model_title: str,
    explanation: Explanation | None = None,
    outcome: str = "",
    made_on: str = "",
) -> ReportFacts:
    """Put the sheet of one prediction together, in English: the words that models and checks gave it are.

    Parameters
    ----------
    prediction : Prediction
    curves : mapping
        The cohort's "low" and "high" curves, drawn thin behind the patient's.
    model_title : str
    explanation : Explanation, optional
        Without it, ledger and genes are left out, and the sheet says so.
    outcome : str, optional
        What happened to a patient of a cohort, in words.
    made_on : str, optional
        A date; left out by default, so that equal inputs give equal bytes.
    """
    with speaking(ENGLISH):
        return _facts_of(prediction, curves, model_title, explanation, outcome=outcome, made_on=made_on)


def _facts_of(
    prediction: Prediction, curves: Mapping[str, KaplanMeier], model_title: str, explanation: Explanation | None, *,
    outcome: str, made_on: str,
) -> ReportFacts:  # fmt: skip
    main = prediction.at(MAIN_HORIZON)
    who = "simulated patients" if prediction.simulated else "patients"
    ledger = None if explanation is None else explanation.ledger
    return ReportFacts(
        case_id=prediction.case_id, role=prediction.role.capitalize(), simulated=prediction.simulated,
        subtitle=f"Predicted by {model_title} from {' and '.join(prediction.modalities)}, trained on {who} of cohort "
                 f"{prediction.cohort}",
        headline="" if main is None else alive_of_100(main[0], MAIN_HORIZON),
        people="" if main is None else draw_people(round(100 * main[0])),
        horizons=tuple(_horizon(prediction, month) for month in LANDMARKS),
        curve=draw_curve(prediction, curves),
        curve_note="Thin lines: what happened in the cohort's risk groups." if curves else "",
        facts=_facts(prediction, outcome=outcome),
        ledger_head=("Read from", *(f"Alive at {years(month)}" for month in LANDMARKS), "Risk group"),
        ledger=() if ledger is None else _ledger_rows(ledger), ledger_note=_ledger_note(ledger),
        genes=_genes(explanation), genes_note=_genes_note(explanation),
        warnings=(*_unlike(explanation), *prediction.warnings),
        went_in=_went_in(prediction.provenance), made_on=made_on,
        limits=LIMITS.format(band=BAND if prediction.has_band else NO_BAND), notice=f"{INTENDED_USE} {NOT_CLINICAL}",
        stamp=stamp(prediction.provenance | {"model_version": prediction.model_version, "model": prediction.model}),
    )  # fmt: skip


def _horizon(prediction: Prediction, month: int) -> Horizon:
    label, at = f"Alive at {years(month)}", prediction.at(month)
    if at is None:
        return Horizon(label=label, value="–", band="beyond the cohort's follow-up")
    middle, low, high = (round(100 * share) for share in at)
    if not prediction.has_band:
        return Horizon(label=label, value=f"{middle} of 100", band="uncertainty not known")
    band = f"band {low} to {high}" if low != high else "band narrower than 1"
    return Horizon(label=label, value=f"{middle} of 100", band=band)


def _facts(prediction: Prediction, *, outcome: str) -> tuple[tuple[str, str], ...]:
    cut = "" if prediction.cutpoint is None else f" (cut at {prediction.cutpoint:.3g})"
    rows = [
        ("Risk", percentile_words(prediction.percentile)),
        ("Risk group", "no cut found in this cohort" if prediction.group is None else f"{prediction.group}{cut}"),
        ("Risk score", f"{prediction.risk:.3g} (higher is worse)"),
        ("Role", prediction.role),
    ]
    return tuple([*rows, ("What happened", outcome)] if outcome else rows)


def _ledger_rows(ledger: Ledger) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (row.parts, *("–" if share is None else f"{round(100 * share)} of 100" for share in row.at),
         row.group or "no cut")
        for row in ledger.rows
    )  # fmt: skip


def _ledger_note(ledger: Ledger | None) -> str:
    if ledger is None:
        return "Not computed for this report: open the patient and ask for the explanation first."
    said = "" if ledger.disagree is None else DISAGREE if ledger.disagree else AGREE
    return " ".join([*([said] if said else []), *ledger.notes])


def _genes(explanation: Explanation | None) -> tuple[tuple[str, str, str], ...]:
    if explanation is None or explanation.genes is None:
        return ()
    # a gene may stand in several groups: its largest share is shown
    largest: dict[str, GeneShare] = {}
    for one in sorted(explanation.genes.top, key=lambda one: -abs(one.share)):
        largest.setdefault(one.column, one)
    return tuple(
        (one.column.replace("_", " "), "raises the risk" if one.share >= 0 else "lowers the risk",
         f"{abs(one.value):.1f} SD {'above' if one.value >= 0 else 'below'} the mean")
        for one in list(largest.values())[:TOP_GENES]
    )  # fmt: skip


def _genes_note(explanation: Explanation | None) -> str:
    if explanation is None:
        return "Not computed for this report: open the patient and ask for the explanation first."
    if explanation.genes is None:
        return "The model read no genes of this patient, or cannot say which mattered."
    return "Against a patient with every gene at the training mean; SD: standard deviations."


def _unlike(explanation: Explanation | None) -> tuple[str, ...]:
    # a new case has them among the warnings of its prediction already
    if explanation is None or explanation.role == "new case":
        return ()
    return familiarity_words(explanation.familiarity)


def _went_in(provenance: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = []
    for one in provenance.get("slides") or ():
        mpp = f", {one['mpp']:.3g} µm per pixel" if one.get("mpp") else ""
        rows.append((f"Slide {one['slide']}", f"SHA-256 {_short(one.get('sha256'))}, {one['tiles']:,} tiles{mpp}"))
    if genes := provenance.get("genes_sha256"):
        rows.append(("Gene table", f"SHA-256 {_short(genes)}"))
    if encoder := provenance.get("encoder"):
        weights = provenance.get("encoder_weights")
        rows.append(("Encoder", f"{encoder}" + (f", weights {_short(weights)}" if weights else "")))
    files = provenance.get("model_files") or {}
    version = provenance.get("model_version")
    rows.append(("Model", f"{provenance.get('model')}, version {version}" + (f", {len(files)} files" if files else "")))
    rows.append(("Cohort", f"{provenance.get('cohort')}, state {_short(provenance.get('cohort_digest'))}"))
    rows.append(("Software", str(provenance.get("software", "not known"))))
    return tuple(rows)


def _short(value: object) -> str:
    return str(value)[:SHOWN_DIGITS] if value else "not known"
