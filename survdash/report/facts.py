"""What stands on a report, in words that are ready to be printed; no layout here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from survdash.artefact import INTENDED_USE
from survdash.explanation.familiarity import familiarity_words
from survdash.explanation.record import Explanation, GeneShare, Ledger
from survdash.figures.words import alive_of_100, percentile_words, years
from survdash.language import TAGS, language, later, tr
from survdash.prediction import LANDMARKS, NEW_CASE, Prediction
from survdash.report.curve import draw_curve, draw_people
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.statistics.kaplan_meier import KaplanMeier

MAIN_HORIZON = 36
TOP_GENES = 6
SHOWN_DIGITS = 16
NOT_CLINICAL = later("Not for clinical decisions.")
LIMITS = later(
    "The numbers are about patients with a profile like this, not about one person; they say nothing of what a "
    "treatment would change. {band} Whether the model holds for patients of another hospital is not known unless it "
    "was tried there."
)
BAND = later("The band is how far the model's own variants disagree, not all uncertainty.")
NO_BAND = later("One model gave one answer: how uncertain it is, is not known.")
DISAGREE = later("Slide and genes disagree: alone, one says low risk and the other high. Trust the answer less.")
AGREE = later("Slide alone and genes alone fall into the same risk group.")
NOT_COMPUTED = later("Not computed for this report: open the patient and ask for the explanation first.")
LABELS = {  # what stands on every sheet, by its name in the two layouts
    "report": later("Report"), "filled": later("Filled: alive at 3 years, of 100."), "warnings": later("Warnings"),
    "simulated": later("Simulated patients: nobody stands behind these numbers"),
    "curve": later("Predicted survival by month against the cohort's risk groups"),
    "parts": later("What each part says alone"), "genes": later("Genes that weigh most"),
    "went_in": later("What went in"), "limits": later("What this cannot tell"),
}  # fmt: skip


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
    labels : mapping
        What stands on every sheet, in its language.
    language : str
        Tag of it, as HTML wants it.
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
    labels: Mapping[str, str]
    language: str


def report_facts(
    prediction: Prediction,
    *,
    curves: Mapping[str, KaplanMeier],
    model_title: str,
    explanation: Explanation | None = None,
    outcome: str = "",
    made_on: str = "",
) -> ReportFacts:
    """Put the sheet of one prediction together, in the reader's language.

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
    main = prediction.at(MAIN_HORIZON)
    ledger = None if explanation is None else explanation.ledger
    return ReportFacts(
        case_id=prediction.case_id, role=_capital(retell(prediction.role)), simulated=prediction.simulated,
        subtitle=_subtitle(prediction, model_title),
        headline="" if main is None else alive_of_100(main[0], MAIN_HORIZON),
        people="" if main is None else draw_people(round(100 * main[0])),
        horizons=tuple(_horizon(prediction, month) for month in LANDMARKS),
        curve=draw_curve(prediction, curves),
        curve_note=tr("Thin lines: what happened in the cohort's risk groups.") if curves else "",
        facts=_facts(prediction, outcome=outcome), ledger_head=_ledger_head(),
        ledger=() if ledger is None else _ledger_rows(ledger), ledger_note=_ledger_note(ledger),
        genes=_genes(explanation), genes_note=_genes_note(explanation),
        warnings=tuple(map(retell, (*_unlike(explanation), *prediction.warnings))),
        went_in=_went_in(prediction.provenance), made_on=made_on,
        limits=tr(LIMITS, band=tr(BAND if prediction.has_band else NO_BAND)),
        notice=tr("{use} {not_clinical}", use=retell(INTENDED_USE), not_clinical=tr(NOT_CLINICAL)),
        stamp=stamp(prediction.provenance | {"model_version": prediction.model_version, "model": prediction.model}),
        labels={name: tr(words) for name, words in LABELS.items()}, language=TAGS[language()],
    )  # fmt: skip


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _subtitle(prediction: Prediction, model_title: str) -> str:
    words = later("Predicted by {model} from {parts}, trained on simulated patients of cohort {cohort}") \
        if prediction.simulated else later("Predicted by {model} from {parts}, trained on patients of cohort {cohort}")
    parts = _parts(prediction.modalities)
    return tr(words, model=retell(model_title), parts=parts, cohort=prediction.cohort)


def _parts(names: Iterable[str]) -> str:
    return tr(" and ").join(tr("clinical facts") if name == "clinical" else tr(name) for name in names)


def _alive_at(month: int) -> str:
    return tr("Alive at {time}", time=years(month))


def _of_100(share: float) -> str:
    return tr("{count} of 100", count=round(100 * share))


def _ledger_head() -> tuple[str, ...]:
    return (tr("Read from"), *map(_alive_at, LANDMARKS), tr("Risk group"))


def _horizon(prediction: Prediction, month: int) -> Horizon:
    label, at = _alive_at(month), prediction.at(month)
    if at is None:
        return Horizon(label=label, value="–", band=tr("beyond the cohort's follow-up"))
    _, low, high = (round(100 * share) for share in at)
    if not prediction.has_band:
        return Horizon(label=label, value=_of_100(at[0]), band=tr("uncertainty not known"))
    band = tr("band {low} to {high}", low=low, high=high) if low != high else tr("band narrower than 1")
    return Horizon(label=label, value=_of_100(at[0]), band=band)


def _facts(prediction: Prediction, *, outcome: str) -> tuple[tuple[str, str], ...]:
    if prediction.group is None:
        group = tr("no cut found in this cohort")
    elif prediction.cutpoint is None:
        group = tr(prediction.group)
    else:
        group = tr("{group} (cut at {cut:.3g})", group=tr(prediction.group), cut=prediction.cutpoint)
    rows = [
        (tr("Risk"), percentile_words(prediction.percentile)),
        (tr("Risk group"), group),
        (tr("Risk score"), tr("{risk:.3g} (higher is worse)", risk=prediction.risk)),
        (tr("Role"), retell(prediction.role)),
    ]
    return tuple([*rows, (tr("What happened"), retell(outcome))] if outcome else rows)


def _ledger_rows(ledger: Ledger) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (_parts(row.parts.split(" and ")),
         *("–" if share is None else _of_100(share) for share in row.at), tr(row.group or later("no cut")))
        for row in ledger.rows
    )  # fmt: skip


def _ledger_note(ledger: Ledger | None) -> str:
    if ledger is None:
        return tr(NOT_COMPUTED)
    said = [] if ledger.disagree is None else [tr(DISAGREE if ledger.disagree else AGREE)]
    return " ".join([*said, *map(retell, ledger.notes)])


def _genes(explanation: Explanation | None) -> tuple[tuple[str, str, str], ...]:
    if explanation is None or explanation.genes is None:
        return ()
    # a gene may stand in several groups: its largest share is shown
    largest: dict[str, GeneShare] = {}
    for one in sorted(explanation.genes.top, key=lambda one: -abs(one.share)):
        largest.setdefault(one.column, one)
    return tuple(
        (one.column.replace("_", " "), tr("raises the risk") if one.share >= 0 else tr("lowers the risk"),
         tr("{count:.1f} SD above the mean", count=one.value) if one.value >= 0
         else tr("{count:.1f} SD below the mean", count=-one.value))
        for one in list(largest.values())[:TOP_GENES]
    )  # fmt: skip


def _genes_note(explanation: Explanation | None) -> str:
    if explanation is None:
        return tr(NOT_COMPUTED)
    if explanation.genes is None:
        return tr("The model read no genes of this patient, or cannot say which mattered.")
    return tr("Against a patient with every gene at the training mean; SD: standard deviations.")


def _unlike(explanation: Explanation | None) -> tuple[str, ...]:
    # a new case has them among the warnings of its prediction already
    if explanation is None or explanation.role == NEW_CASE:
        return ()
    return familiarity_words(explanation.familiarity)


def _went_in(provenance: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = []
    for one in provenance.get("slides") or ():
        words = tr("SHA-256 {sha256}, {tiles:,} tiles", sha256=_short(one.get("sha256")), tiles=one["tiles"])
        mpp = tr(", {mpp:.3g} µm per pixel", mpp=one["mpp"]) if one.get("mpp") else ""
        rows.append((tr("Slide {number}", number=one["slide"]), words + mpp))
    if genes := provenance.get("genes_sha256"):
        rows.append((tr("Gene table"), f"SHA-256 {_short(genes)}"))
    if encoder := provenance.get("encoder"):
        weights = provenance.get("encoder_weights")
        rows.append((tr("Encoder"), f"{encoder}" + (tr(", weights {hash}", hash=_short(weights)) if weights else "")))
    files = provenance.get("model_files") or {}
    model = tr("{model}, version {version}", model=provenance.get("model"), version=provenance.get("model_version"))
    rows.append((tr("Model"), model + (tr(", {count} files", count=len(files)) if files else "")))
    rows.append((tr("Cohort"), tr("{cohort}, state {state}", cohort=provenance.get("cohort"),
                                  state=_short(provenance.get("cohort_digest")))))  # fmt: skip
    rows.append((tr("Software"), str(provenance.get("software", tr("not known")))))
    return tuple(rows)


def _short(value: object) -> str:
    return str(value)[:SHOWN_DIGITS] if value else tr("not known")
