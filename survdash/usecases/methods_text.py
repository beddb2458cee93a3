"""The methods paragraph of a paper for the analysis that a page shows: software, model, folds, statistics, sources."""

from __future__ import annotations

from collections.abc import Mapping

from survdash import __version__
from survdash.artefact import INTENDED_USE, Artefact
from survdash.cohort import Cohort
from survdash.language import ENGLISH, speaking
from survdash.nets.registry import MODELS
from survdash.retelling import retell
from survdash.stamp import stamp
from survdash.usecases.analysis import CohortAnalysis
from survdash.usecases.library import open_facts, open_run, run_title
from survdash.usecases.outcomes import MAIN

SOURCES: Mapping[str, str] = {
    "km": "Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481, doi:10.1080/01621459.1958.10501452",
    "greenwood": "Greenwood M. Rep Public Health Med Subj 1926;33:1-26",
    "kmunicate": "Morris TP et al. BMJ Open 2019;9:e030215, doi:10.1136/bmjopen-2019-030215",
    "logrank": "Peto R, Peto J. J R Stat Soc A 1972;135:185-207, doi:10.2307/2344317",
    "lausen": "Lausen B, Schumacher M. Biometrics 1992;48:73-85, doi:10.2307/2532740",
    "hothorn": "Hothorn T, Lausen B. Comput Stat Data Anal 2003;43:121-137, doi:10.1016/S0167-9473(02)00225-6",
    "simon": "Simon RM et al. Brief Bioinform 2011;12:203-214, doi:10.1093/bib/bbr001",
    "cox": "Cox DR. J R Stat Soc B 1972;34:187-220, doi:10.1111/j.2517-6161.1972.tb00899.x",
    "efron": "Efron B. J Am Stat Assoc 1977;72:557-565, doi:10.1080/01621459.1977.10480613",
    "harrell": "Harrell FE et al. JAMA 1982;247:2543-2546, doi:10.1001/jama.1982.03320430047030",
    "liu": "Liu J et al. Cell 2018;173:400-416, doi:10.1016/j.cell.2018.02.052",
}
CUTS = {
    "maxstat": "at the cutpoint with the largest standardised logrank statistic, the low group holding between 10 % "
               "and 90 % of the patients [{lausen}]",
    "median": "at the median of the risks",
    "tertiles": "at the tertiles of the risks",
    "value": "at a value of {value} that the user chose",
}  # fmt: skip
TESTS = {
    "maxstat": "Three p-values are given: of the logrank test at the cut, uncorrected for its choice [{logrank}]; of "
               "the maximally selected rank statistic by its exact Gaussian approximation [{hothorn}]; and of groups "
               "cut in each fold where the other folds said, by {draws} permutations of outcomes within folds "
               "[{simon}].",
    "median": "Groups were compared by the logrank test [{logrank}], also with the median taken from the other folds.",
    "tertiles": "Groups were compared by the logrank test [{logrank}], also with the tertiles taken from the other "
                "folds.",
    "value": "Groups were compared by the logrank test [{logrank}].",
}  # fmt: skip
DRAWS = 999


class _Sources(dict[str, str]):
    """Numbers of the sources in the order in which a text names them."""

    def __missing__(self, name: str) -> str:
        self[name] = str(len(self) + 1)
        return self[name]


def methods_text(analysis: CohortAnalysis, *, language: str = ENGLISH) -> str:
    """The paragraph and its list of sources, as plain text.

    Parameters
    ----------
    analysis : CohortAnalysis
    language : str, optional
        One of ``survdash.language.LANGUAGES``; sources stay as they are cited.

    Raises
    ------
    UnknownNameError
        If its cohort or run is gone.
    """
    cohort, artefact = open_facts(analysis.cohort), open_run(analysis.cohort, analysis.run)
    numbers = _Sources()
    template = " ".join((_who(analysis, cohort), _model(artefact), _groups(analysis), _estimates()))
    with speaking(language):
        template = retell(template)
    text = template.format_map(numbers)
    listed = [f"[{number}] {_source(name, artefact)}." for name, number in numbers.items()]
    made_of = {
        "cohort": cohort.name, "cohort_digest": cohort.digest, "simulated": cohort.simulated,
        "model": artefact.card.name, "model_version": artefact.card.version,
    }  # fmt: skip
    return "\n".join([text, "", *listed, "", stamp(made_of), ""])


def _who(analysis: CohortAnalysis, cohort: Cohort) -> str:
    simulated = "simulated " if cohort.simulated else ""
    outcome = analysis.outcome
    source = " as defined by the TCGA Clinical Data Resource [{liu}]" if outcome.name != MAIN else ""
    event = outcome.event if outcome.name != MAIN else "death from any cause"
    return (
        f"The outcome of {analysis.survival.size:,} {simulated}patients of cohort {_plain(cohort.title)} was "
        f"{outcome.title.lower()}{source} (event: {event}; {int(analysis.survival.event.sum()):,} events)."
    )


def _model(artefact: Artefact) -> str:
    card, recipe = artefact.card, artefact.card.recipe
    made = "made at random, stratified by event" if recipe.made_folds else "given with the cohort"
    if recipe.made_folds and recipe.by_site:
        made = "made so that no hospital is on both sides"
    seeds = f", {recipe.seeds} networks in each fold averaged" if recipe.seeds > 1 else ""
    learnt = " The model was trained on overall survival." if artefact.card.endpoint.startswith("overall") else ""
    if "opened" in card.about:
        opened = card.about["opened"]
        return (
            f"Risks were predicted by {_plain(run_title(card))} [{{model}}] from {' and '.join(card.modalities)}, by "
            f"the weights of {opened['model']}, version {opened['version']}, which came with survdash: "
            f"{opened['held_out']:,} patients each by the fold of its {len(card.folds)}-fold cross-validation that "
            f"held the patient out, {opened['new']:,} who were new to it by all folds together. The values came from "
            f"another source than those of the training.{learnt}"
        )
    return (
        f"Risks were predicted by {_plain(run_title(card))} [{{model}}] from {' and '.join(card.modalities)}, in "
        f"{len(card.folds)}-fold cross-validation (folds {made}{seeds}): each patient's risk comes from a model that "
        f"did not see the patient.{learnt}"
    )


def _groups(analysis: CohortAnalysis) -> str:
    if not analysis.cutpoints:
        return "The risks have no cutpoint, so the cohort is shown as one group."
    value = f"{analysis.cutpoints[0]:.3g}"
    how = CUTS[analysis.cut].replace("{value}", value)
    return f"Patients were divided {how}. {TESTS[analysis.cut].replace('{draws}', str(DRAWS))}"


def _estimates() -> str:
    return (
        "Survival was estimated by Kaplan and Meier [{km}] with pointwise 95 % log-log limits [{greenwood}], shown "
        "with the numbers at risk, censored and with the event [{kmunicate}]; the hazard ratio of the highest "
        "against the "
        "lowest group is of a Cox model [{cox}] with Efron's handling of ties [{efron}]. Discrimination is Harrell's "
        "c-index [{harrell}], averaged over the folds, with a 95 % percentile interval by bootstrap over patients (by "
        f"jackknife in large cohorts). All was computed with survdash {__version__}. {INTENDED_USE}"
    )


def _source(name: str, artefact: Artefact) -> str:
    return MODELS[artefact.card.recipe.model].source.rstrip(".") if name == "model" else SOURCES[name]


def _plain(words: str) -> str:
    """Words of a user's, which hold no place for a number of a source."""
    return words.replace("{", "(").replace("}", ")")
