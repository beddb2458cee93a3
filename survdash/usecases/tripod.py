"""The TRIPOD+AI sheet of a trained model: all 27 items, each filled from what is stored, or said to be open.

Items as numbered by Collins et al., BMJ 2024;385:e078378, compared with their checklist item by item; the words are
ours, and short. What no machine can know (funding, ethics, who was involved) is left to the authors, in so many words.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from survdash.artefact import Artefact, Card
from survdash.figures.words import interval_text
from survdash.nets.registry import get
from survdash.usecases.auditing import stored_audit
from survdash.usecases.library import describe_cohort, find_model, run_title
from survdash.usecases.model_card import CLIPPED_AND_BENT, calibration_words
from survdash.usecases.summary import CohortSummary

SOURCE = "Collins et al., BMJ 2024;385:e078378, doi:10.1136/bmj-2023-078378"
OPEN = "Not reported here; to be filled by the authors."
NONE_USED = "None was used."
CLIPPED = "to the 0.5 % and 99.5 % quantiles of the training patients, then standardised by them"

# number, section, what is asked
ITEMS: tuple[tuple[str, str, str], ...] = (
    ("1", "Title",
     "Title names the development or evaluation of a prediction model, the target population, the outcome"),
    ("2", "Abstract", "Abstract by the TRIPOD+AI checklist for abstracts"),
    ("3a", "Introduction",
     "Healthcare context, diagnosis or prognosis, why the model is made or evaluated, existing models"),
    ("3b", "Introduction", "Target population, purpose within the care pathway, intended users"),
    ("3c", "Introduction", "Health inequalities known between sociodemographic groups"),
    ("4", "Introduction", "Objectives: development, evaluation, or both"),
    ("5a", "Methods: data", "Sources of the data for development and for evaluation, why these, how representative"),
    ("5b", "Methods: data", "Dates: start and end of accrual, end of follow-up"),
    ("6a", "Methods: participants", "Setting, number and location of centres"),
    ("6b", "Methods: participants", "Eligibility"),
    ("6c", "Methods: participants", "Treatments, and how development or evaluation handled them"),
    ("7", "Methods: data preparation",
     "Pre-processing and quality checks, and whether alike in all sociodemographic groups"),
    ("8a", "Methods: outcome",
     "Outcome and horizon, how and when assessed, why this one, whether assessed alike in all groups"),
    ("8b", "Methods: outcome", "Qualification and demographics of assessors, where the outcome needs judgement"),
    ("8c", "Methods: outcome", "Blinding of the assessment of the outcome"),
    ("9a", "Methods: predictors", "Choice of initial predictors, and any pre-selection before the model was built"),
    ("9b", "Methods: predictors", "Definition of all predictors, how and when measured, blinding of their assessment"),
    ("9c", "Methods: predictors", "Qualification and demographics of assessors, where predictors need judgement"),
    ("10", "Methods: sample size", "How the size was arrived at for development and evaluation, and why it suffices"),
    ("11", "Methods: missing data", "How missing data were handled, reasons for leaving data out"),
    ("12a", "Methods: analysis", "How the data were used and divided, with a view to the size that is needed"),
    ("12b", "Methods: analysis", "Handling of predictors: form, rescaling, transformation, standardisation"),
    ("12c", "Methods: analysis", "Type of model and why, all building steps, tuning, internal validation"),
    ("12d", "Methods: analysis",
     "How differences of parameters and performance between clusters were handled and measured"),
    ("12e", "Methods: analysis", "Measures and plots of performance and why, comparison of models"),
    ("12f", "Methods: analysis", "Model updating such as recalibration after evaluation, overall or for some groups"),
    ("12g", "Methods: analysis", "How predictions were calculated in the evaluation: formula, code, object, interface"),
    ("13", "Methods: class imbalance", "Methods against class imbalance and why, recalibration after them"),
    ("14", "Methods: fairness", "Approaches to fairness and why"),
    ("15", "Methods: model output", "Output; classes, why, and how thresholds were found"),
    ("16", "Methods: training and evaluation",
     "Differences of setting, eligibility, outcome and predictors between the two"),
    ("17", "Methods: ethics", "Approving committee; consent, or its waiver"),
    ("18a", "Open science", "Funding and the funders' role"),
    ("18b", "Open science", "Conflicts of interest and financial disclosures of all authors"),
    ("18c", "Open science", "Where the protocol is, or that there was none"),
    ("18d", "Open science", "Register and number, or that it was not registered"),
    ("18e", "Open science", "Availability of the data"),
    ("18f", "Open science", "Availability of the analytical code"),
    ("19", "Patient and public involvement",
     "Patients and public in design, conduct, reporting, interpretation, or that none were"),
    ("20a", "Results: participants", "Flow of participants, with and without the outcome, follow-up"),
    ("20b", "Results: participants",
     "Characteristics overall and by source: dates, predictors, treatments, events, missing data"),
    ("20c", "Results: participants", "Predictors and outcome of the evaluation data beside the development data"),
    ("21", "Results: model development", "Participants and events in each analysis: development, tuning, evaluation"),
    ("22", "Results: model specification",
     "The full model for predictions in new individuals, and limits of its access or reuse"),
    ("23a", "Results: performance", "Performance with intervals, also in key subgroups"),
    ("23b", "Results: performance", "Differences of performance between clusters, where looked at"),
    ("24", "Results: model updating", "The updated model and how it performs"),
    ("25", "Discussion", "Interpretation, with fairness, in the light of objectives and earlier studies"),
    ("26", "Discussion", "Limitations, and what they do to bias, uncertainty and generality"),
    ("27a", "Discussion: usability", "How poor or missing input is recognised and handled in use"),
    ("27b", "Discussion: usability", "Whether users must act on input or model, and the expertise asked of them"),
    ("27c", "Discussion: usability", "Next steps for research, towards use and other settings"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TripodItem:
    """One line: its number, section and question, the answer, and whether it is filled."""

    number: str
    section: str
    asked: str
    answer: str
    filled: bool


def tripod_items(model: str) -> tuple[TripodItem, ...]:
    """All items for a model of this machine, by its full name.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    """
    artefact = find_model(model)
    cohort = describe_cohort(artefact.card.cohort)
    card, evaluation = _as_trained(artefact.card, artefact.evaluation())
    audit = stored_audit(card.cohort, card.run) or {}
    answers = {**_introduction(card), **_methods(card, evaluation, scaling=_scaling(artefact)),
               **_data(card, cohort.source), **_results(card, evaluation, audit), **_discussion(card)}  # fmt: skip
    if isinstance(cohort, CohortSummary):
        answers["18e"] = (f"The patients' tables are not shipped. They are {cohort.source['taken_from']}; "
                          f"{cohort.source['terms']} Bring them here: {cohort.opens_with}")  # fmt: skip
    return tuple(
        TripodItem(number=number, section=section, asked=asked, answer=answers.get(number, OPEN),
                   filled=number in answers)
        for number, section, asked in ITEMS
    )  # fmt: skip


def _as_trained(card: Card, evaluation: dict[str, Any]) -> tuple[Card, dict[str, Any]]:
    """Card and figures of the training, where patients of another source were brought to the model since."""
    if "opened" not in card.about:
        return card, evaluation
    opened, people = card.about["opened"], card.about["population"]
    trained = replace(card, cohort=opened["cohort"], cases=people["patients"], events=people["deaths"])
    return trained, evaluation | card.about["metrics"]


def _introduction(card: Card) -> dict[str, str]:
    who = "simulated patients" if card.simulated else f"patients of cohort {card.cohort}"
    return {
        "1": f"Development and internal validation of {run_title(card)} for {card.endpoint} of {who}.",
        "3b": f"{card.about.get('intended_use', 'Research on prediction models.')} Users are researchers; it has no "
              "place in a care pathway.",
        "4": "Development, with internal validation on held-out folds. No external evaluation.",
    }  # fmt: skip


def _data(card: Card, source: Mapping[str, Any]) -> dict[str, str]:
    data, population = card.about.get("data", {}), card.about.get("population", {})
    files = "; ".join(str(part["file"]) for part in source.values() if isinstance(part, Mapping) and "file" in part)
    told = {"5a": f"{data['title']}, taken from {data['taken_from']}. {data['terms']}" if data else
            ("Simulated by survdash." if card.simulated else f"Imported from {files or 'the files of its manifest'}.")}
    if sites := population.get("site"):
        told["6a"] = (f"Patients of {len(sites)} tissue source sites or groups of them: "
                      f"{_counts(sites)}. Their locations: {OPEN}")
    if population:
        known = ", ".join(f"{name}: {count} missing" for name, count in population["missing"].items())
        age = population.get("age_quartiles")
        told["20b"] = (
            f"{population['patients']} patients, {population['deaths']} deaths, median follow-up "
            f"{_months(population)} (reverse Kaplan-Meier). "
            + (f"Age quartiles {age[0]:.0f}, {age[1]:.0f}, {age[2]:.0f}. " if age else "")
            + f"Sex {_counts(population['sex'])}; stage {_counts(population['stage'])}. {known}."
        )
        told["20a"] = (f"All {population['patients']} patients of the cohort; {card.cases} had what the model reads "
                       f"and a fold, {card.events} of them died. Median follow-up "
                       f"{_months(population)}.")  # fmt: skip
    else:
        told["20a"] = f"{card.cases} patients with what the model reads and a fold; {card.events} died."
    return told


def _scaling(artefact: Artefact) -> str:
    """What was done to values before they were seen: as the card says it, else as the weights' own rules have it."""
    told = (artefact.card.about.get("genes") or {}).get("clipped")
    return told or (CLIPPED_AND_BENT if artefact.has_weights and artefact.bends_expression else CLIPPED)


def _methods(card: Card, evaluation: Mapping[str, Any], *, scaling: str) -> dict[str, str]:
    recipe, spec, panel, origin = card.recipe, get(card.recipe.model), card.panel, card.bag_origin
    genes = card.about.get("genes") or {}
    scale = "; ".join(genes.get("scale", {}).values())
    reads = []
    if "genes" in card.modalities:
        count = len(panel.columns) if panel else genes.get("columns", "the")
        reads.append(f"{count} gene columns in six functional groups" + (f" ({scale})" if scale else ""))
    if origin is not None:
        reads.append(f"features of slide tiles by {origin.encoder}, {origin.dim} wide")
    if "clinical" in card.modalities:
        reads.append(f"clinical facts: {'; '.join(card.clinical) or 'age, sex and stage as far as known'}")
    folds = f"{recipe.made_folds} folds made here{' by site' if recipe.by_site else ''}" if recipe.made_folds \
        else f"{len(card.folds)} folds that came with the cohort"
    return {
        "7": f"Values are clipped {scaling}; columns are checked for gaps, kinds and outcomes under another name at "
             "import.",
        "8a": f"{card.endpoint.capitalize()}; told for each month from 0 to {card.months}.",
        "9a": "All columns of the tables that belong to one of six functional gene groups; no selection by outcome "
              "outside the training folds.",
        "9b": "; ".join(reads) + ".",
        "11": "A missing number is replaced by the training patients' median or mean, a missing fact by their average; "
              "patients without a modality that the model needs are left out.",
        "12a": f"{folds.capitalize()}; each patient is predicted by the model of the fold that did not train on him or "
               "her. Scaling, time bins, weights and cut are made in the training folds.",
        "12b": "Standardised, linear in Cox paths, non-linear in the network; see 7.",
        "12c": f"{spec.title} ({spec.source}). Recipe: {_recipe_words(card)}. The last epoch is the model unless said "
               "otherwise; internal validation by cross-validation.",
        "12d": "Sites are a subgroup factor; folds may be made by site. No random effects.",
        "12e": "Harrell's c as mean over folds with a bootstrap interval over patients; calibration at 12, 36 and 60 "
               "months (ratio, slope, ICI), Brier score, time-dependent AUC, Kaplan-Meier of groups with three p.",
        "12f": f"{calibration_words(evaluation)} Slope and baseline hazard are set." if evaluation.get("recalibrated")
        else NONE_USED,
        "12g": "By the stored fold weights: python -m survdash predict, or the page 'New case'.",
        "13": NONE_USED,
        "14": "None beyond reporting performance by sex, age, stage and site.",
        "15": "Chance to be alive by month, a risk score, a percentile among the cohort's out-of-fold risks, and a "
              f"group by the maximally selected cut ({_cut_words(evaluation)}).",
        "16": " ".join(("None: evaluation is on held-out patients of the same cohort.",
                        *card.about.get("opened", {}).get("words", ()))),
        "21": f"{card.cases} patients and {card.events} deaths; each fold trains on about "
              f"{1 - 1 / len(card.folds):.0%} of them, within which inner folds choose, and is judged on the rest.",
        "18f": f"survdash {card.software}, in this repository.",
    }  # fmt: skip


def _results(card: Card, evaluation: Mapping[str, Any], audit: Mapping[str, Any]) -> dict[str, str]:
    c = evaluation["cindex"]
    parts = [f"C-index {c['mean']:.3f} (95 % {c['low']:.3f} to {c['high']:.3f}), sd over folds {c['sd']:.3f}."]
    for month, found in (evaluation.get("horizons") or {}).items():
        if "ici" in found:
            parts.append(
                f"{month} months: predicted {found['predicted']:.0%}, observed {found['observed']:.0%}, ICI "
                f"{interval_text(found['ici'], found['ici_low'], found['ici_high'])}, AUC "
                f"{interval_text(found['auc'], found['auc_low'], found['auc_high'])}, Brier {found['brier']:.3f} "
                f"against {found['brier_reference']:.3f} for everybody's curve."
            )
    rows = card.about.get("subgroups", [])
    groups = [f"{row['factor']} {row['level']}: {interval_text(row['c'], row['c_low'], row['c_high'])} "
              f"({row['patients']} patients)" for row in rows if row["factor"] != "all" and row["c"] is not None]
    told = {
        "22": f"Weights of {len(card.folds)} fold models with SHA-256 on the card, {card.parameters:,} numbers each, "
              f"version {card.version}; research use only.",
        "23a": " ".join(parts) + (f" C-index by subgroup: {'; '.join(groups)}." if groups else ""),
    }  # fmt: skip
    sites = [words for words in groups if words.startswith("site")]
    if sites:
        told["23b"] = "; ".join(sites) + "."
    at = (evaluation.get("horizons") or {}).get("36", {})
    if evaluation.get("recalibrated") and "ici" in at:
        told["24"] = f"After recalibration the ICI at 36 months is {at['ici']:.3f}, out of fold."
    if findings := audit.get("findings"):
        told["23a"] += " Audit: " + " ".join(one["words"] for one in findings)
    return told


def _discussion(card: Card) -> dict[str, str]:
    told = {
        "27a": "The program checks tables and slides, refuses a table in another scale, names missing genes, and "
               "withholds the answer where a case is nothing like the training patients.",
        "27b": "Users choose files and confirm resolution and tissue; to read a survival curve is assumed.",
    }  # fmt: skip
    if failures := card.about.get("known_failures"):
        told["26"] = " ".join(failures)
    return told


def _recipe_words(card: Card) -> str:
    recipe = card.recipe
    parts = [f"seed {recipe.seed}"]
    if any(card.history):
        parts += [f"{recipe.epochs} epochs", f"learning rate {recipe.learning_rate:g}", f"loss {recipe.loss}"]
    else:
        parts.append(f"penalty {recipe.penalty:g}")
    return ", ".join([*parts, *(f"{name} {value}" for name, value in sorted(recipe.options.items()))])


def _cut_words(evaluation: Mapping[str, Any]) -> str:
    cut = evaluation["cutpoint"]
    return "none was found" if cut is None else f"{cut:.3g}, out-of-fold risks"


def _months(population: Mapping[str, Any]) -> str:
    months = population["median_follow_up_months"]
    return "not reached" if months is None else f"{months:.1f} months"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items()) or "not known"


def tripod_markdown(model: str) -> str:
    """The sheet as Markdown."""
    items = tripod_items(model)
    card = find_model(model).card
    lines = [f"# TRIPOD+AI: {card.name}, version {card.version}", "", _head(items), "",
             "| Item | Section | Asked | Answer |", "|---|---|---|---|"]  # fmt: skip
    lines += [f"| {one.number} | {one.section} | {one.asked} | {one.answer.replace('|', '/')} |" for one in items]
    return "\n".join(lines) + "\n"


def tripod_html(model: str) -> str:
    """The sheet as one HTML file without anything from elsewhere."""
    items, card = tripod_items(model), find_model(model).card
    rows = "\n".join(
        f'<tr class="{"" if one.filled else "open"}"><td>{one.number}</td><td>{html.escape(one.section)}</td>'
        f"<td>{html.escape(one.asked)}</td><td>{html.escape(one.answer)}</td></tr>"
        for one in items
    )
    title = html.escape(f"TRIPOD+AI: {card.name}, version {card.version}")
    style = ("body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#1b2430;"
             "background:#fff}table{border-collapse:collapse;width:100%}td,th{border:1px solid #c9d1da;padding:6px 8px;"
             "text-align:left;vertical-align:top}tr.open td:last-child{background:#fff4e0}")  # fmt: skip
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style>'
            f"</head><body><h1>{title}</h1><p>{html.escape(_head(items))}</p><table><thead><tr><th>Item</th>"
            f"<th>Section</th><th>Asked</th><th>Answer</th></tr></thead><tbody>\n{rows}\n</tbody></table></body></html>\n")


def _head(items: tuple[TripodItem, ...]) -> str:
    filled = sum(one.filled for one in items)
    return (f"By {SOURCE}; {filled} of {len(items)} items and sub-items are filled from what is stored with the model, "
            "the others are the authors'. For research use only.")  # fmt: skip


