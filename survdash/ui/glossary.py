"""Words of the field in plain words: on hover beside a number, and all together on the help page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from survdash.errors import UnknownNameError
from survdash.language import later, tr


@dataclass(frozen=True, slots=True)
class Term:
    """One word and what it means; both English, shown by ``tr``."""

    title: str
    words: str


GLOSSARY: Mapping[str, Term] = {
    "case": Term(later("Case"), later("One patient at one point in time: slides, a gene table, or both.")),
    "cohort": Term(later("Cohort"), later(
        "Patients with a known outcome whom a model was trained and judged on, all described in the same way.")),
    "slide": Term(later("Whole-slide image"), later(
        "A stained tissue section scanned at full magnification, many thousand pixels wide.")),
    "tile": Term(later("Tile"), later("A small square of a slide. A network sees a slide as hundreds of tiles.")),
    "bag": Term(later("Bag"), later("All tiles of a case as numbers (features), in no order.")),
    "mpp": Term(later("Microns per pixel (mpp)"), later(
        "How much tissue a pixel shows: about 0.25 at 40×, 0.5 at 20×. Without it a slide cannot be cut to scale.")),
    "genes": Term(later("Gene table"), later(
        "Expression, copy numbers or mutations of one patient's genes. A model needs most of the genes it was trained "
        "on.")),
    "gene_group": Term(later("Gene group"), later(
        "Genes of one function, for instance tumour suppressors. The model reads the genes by such groups.")),
    "survival": Term(later("Overall survival"), later("Time from diagnosis to death of any cause.")),
    "censored": Term(later("Censored"), later(
        "Still alive, or lost from sight, when last heard of: death came later than that, if it came, and nobody knows "
        "when. Such patients count until their last contact.")),
    "at_risk": Term(later("At risk"), later(
        "Patients still alive and still watched at that time. Where few are left, a curve says little.")),
    "km": Term(later("Kaplan–Meier curve"), later(
        "Share of patients alive over time, which lets censored patients count for as long as they were watched. It "
        "steps down at each death.")),
    "median_survival": Term(later("Median survival"), later(
        "The time by which half of the patients have died; “not reached” where more than half were alive to the end.")),
    "risk": Term(later("Risk score"), later(
        "One number of the model for a case; higher is worse. It orders patients and has no unit.")),
    "percentile": Term(later("Percentile"), later("Of 100 patients of the cohort, how many have a lower risk score.")),
    "cutpoint": Term(later("Cutpoint"), later("The risk score that parts the low-risk from the high-risk group.")),
    "maxstat": Term(later("Maximally selected cut"), later(
        "The cut at which low and high part best in these patients. Because every cut was tried, its plain p-value is "
        "too small and has to be corrected.")),
    "hazard": Term(later("Hazard"), later("How fast patients of a group die at a moment, of those still alive then.")),
    "hazard_ratio": Term(later("Hazard ratio (HR)"), later(
        "How many times faster one group dies than the other, at any moment; 1 means no difference.")),
    "interval": Term(later("95 % confidence interval"), later(
        "Where the true value would lie in 95 of 100 studies like this one. The wider, the less is known.")),
    "p_value": Term(later("p-value"), later(
        "How often chance alone would give a difference at least this large. Small does not mean important.")),
    "logrank": Term(later("Log-rank test"), later("Asks whether groups die at different speeds over the whole time.")),
    "cindex": Term(later("C-index"), later(
        "How often, of two patients, the one with the higher risk died first. 0.5 is chance, 1 is perfect.")),
    "brier": Term(later("Brier score"), later(
        "Mean squared distance between predicted probability and what happened; lower is better, 0.25 is a coin.")),
    "auc": Term(later("Time-dependent AUC"), later(
        "Of one patient dead and one alive at that time, how often the dead one had the higher risk.")),
    "calibration": Term(later("Calibration"), later(
        "Whether of patients given a risk of 30 % about 30 in 100 die. A model can order well and still be badly "
        "calibrated.")),
    "fold": Term(later("Fold"), later(
        "A part of the cohort that was held out while the model was trained on the rest. Each patient is held out "
        "once.")),
    "out_of_fold": Term(later("Held out"), later(
        "Predicted by a model that had not seen this patient. Only such predictions say how good a model is.")),
    "attention": Term(later("Attention"), later(
        "How much weight the network gave a tile. It shows where the model looked, not where the disease is.")),
    "transport": Term(later("Optimal transport"), later(
        "The cheapest matching of gene groups to tissue; it tells which tissue the model ties to which genes.")),
    "fusion": Term(later("Fusion"), later("One prediction from slide and genes together.")),
    "provenance": Term(later("Provenance"), later(
        "What made a number: checksums of data and model, version of the program.")),
}  # fmt: skip


def define(name: str) -> str:
    """A term's plain words, for ``help=``.

    Raises
    ------
    UnknownNameError
        If there is no such term.
    """
    try:
        return tr(GLOSSARY[name].words)
    except KeyError:
        raise UnknownNameError(f"The glossary has no {name!r}.", hint=f"It has: {', '.join(GLOSSARY)}.") from None


def find_terms(asked: str) -> list[tuple[str, str]]:
    """Titles and words of the terms that hold what was asked, in the reader's language, in the order of titles.

    Parameters
    ----------
    asked : str
        Any part of a title or of its words, in capitals or not; empty for all.
    """
    told = [(tr(term.title), tr(term.words)) for term in GLOSSARY.values()]
    return sorted(pair for pair in told if asked.strip().lower() in " ".join(pair).lower())
