"""Cached loaders: what is stored is read once per content, shared by all visitors, read-only by convention.

Keys are names and digests, never arrays: Streamlit hashes a large array from a sample of it, so two could collide. A
cohort that is imported again and a model that is trained again are seen at the next run of a page: each loader's key
has the stamp of the small files that name the content, and each computation's the cohort's digest and model versions.
What is kept is shared, so each loader asks first whether this visitor may see the cohort.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from survdash import usecases
from survdash.access import current, require
from survdash.export import Export
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.settings import SHIPPED_MODELS, settings
from survdash.statistics.kaplan_meier import KaplanMeier
from survdash.ui.waiting import waiting
from survdash.usecases.analysis import Cut
from survdash.usecases.outcomes import MAIN
from survdash.usecases.summary import SUMMARY

KEPT = 24
FEW = 4
MANY = 200
LOOK_AGAIN_S = 60.0

T = TypeVar("T")
Analysis = usecases.CohortAnalysis | usecases.AggregateAnalysis
Stamp = tuple[tuple[str, int, int], ...]


def cohorts() -> list[usecases.CohortEntry]:
    """The cohorts of this machine that are open to whoever asks."""
    return [entry for entry in _cohorts(_stamp("*")) if current().may("view", entry.name)]


def runs(cohort: str) -> list[usecases.RunEntry]:
    """The models evaluated on a cohort, the recommended one first."""
    require("view", cohort)
    return _runs(cohort, _stamp(cohort))


def analysis(
    cohort: str, run: str, *, cut: Cut = "maxstat", value: float | None = None, endpoint: str = MAIN
) -> usecases.CohortAnalysis | usecases.AggregateAnalysis:
    """Statistics of a cohort under one model's out-of-fold risks; computed once for each state of cohort and model."""
    require("view", cohort)
    state = _digest(cohort, _stamp(cohort)), _versions(cohort).get(run)
    with waiting(tr("Computing the statistics of this cohort …"), run, *state, cut, value, endpoint):
        return _analysis(cohort, run, *state, cut, value, endpoint)


def patients(cohort: str, run: str) -> usecases.CohortAnalysis:
    """The analysis with its patients; raises where they are not here, and says how to bring them."""
    return usecases.need_patients(analysis(cohort, run))


def of_analysis(compute: Callable[..., T], found: Analysis, **options: Hashable) -> T:
    """What ``compute`` says of an analysis, computed once for each of its states.

    Parameters
    ----------
    compute : callable
        A use case that takes an analysis and the options.
    found : CohortAnalysis or AggregateAnalysis
    **options
        Given to ``compute``.
    """
    require("view", found.cohort)
    state = _digest(found.cohort, _stamp(found.cohort)), _versions(found.cohort).get(found.run)
    which = (found.cohort, found.run, found.cut, found.cutpoints, found.endpoint)
    asked = tuple(sorted(options.items()))
    with waiting(tr("Looking closer …"), compute.__name__, state, which, asked):
        answer: T = _of_analysis(compute.__name__, state, which, asked, _compute=compute, _found=found)
    return answer


def endpoints(cohort: str) -> tuple[str, ...]:
    """The outcomes that a cohort holds, the main one first."""
    require("view", cohort)
    return _endpoints(cohort, _digest(cohort, _stamp(cohort)))


def model_pair(cohort: str, first: str, second: str) -> usecases.ModelPair:
    """Two models over the same patients."""
    require("view", cohort)
    versions = tuple(_versions(cohort).get(run) for run in (first, second))
    key = cohort, first, second, _digest(cohort, _stamp(cohort)), versions
    with waiting(tr("Comparing two models …"), *key):
        return _model_pair(*key)


def comparison(cohort: str) -> pd.DataFrame:
    """All methods of a cohort side by side."""
    require("view", cohort)
    state = _state(cohort)
    with waiting(tr("Comparing the methods patient by patient …"), "comparison", *state):
        return _comparison(*state)


def comparison_export(cohort: str) -> Export:
    """The same as a CSV with its provenance."""
    require("view", cohort)
    return _comparison_export(*_state(cohort))


def comparison_latex(cohort: str) -> str:
    """The same as a LaTeX table."""
    require("view", cohort)
    return _comparison_latex(*_state(cohort))


def method_look(cohort: str) -> tuple[usecases.MethodLook, ...]:
    """All methods of a cohort over time."""
    require("view", cohort)
    state = _state(cohort)
    with waiting(tr("Judging the methods over time …"), "looks", *state):
        return _method_look(*state)


def ablations(cohort: str) -> tuple[usecases.Ablation, ...]:
    """What each part of the methods adds."""
    require("view", cohort)
    return _ablations(*_state(cohort))


def published(cohort: str) -> tuple[usecases.Published, ...]:
    """What the paper reports for the cancer of a cohort."""
    require("view", cohort)
    return _published(cohort, _digest(cohort, _stamp(cohort)))


def methods(cohort: str) -> list[usecases.MethodState]:
    """Every method, and what there is of it for a cohort."""
    require("view", cohort)
    return _methods(cohort, _stamp(cohort))


def report(cohort: str) -> usecases.ImportReport:
    """What the import of a cohort said."""
    require("view", cohort)
    return _report(cohort, _stamp(cohort))


def curve(cohort: str) -> KaplanMeier:
    """The outcome of all patients of a cohort."""
    require("view", cohort)
    return _curve(cohort, _digest(cohort, _stamp(cohort)))


def preview(request: usecases.ImportRequest) -> usecases.ImportPreview:
    """What an import would store; read once for each state of its files and of the cohort it would replace."""
    paths = (request.table, request.folds, request.features, request.clinical, request.mapping, request.genes,
             request.gene_groups, request.slide_map)
    stamp = tuple(mark for path in paths if path is not None for mark in _marks(path))
    with st.spinner(tr("Reading the tables …")):
        return _preview(request, (*stamp, *_stamp(request.name)))


def archive_preview(path: Path) -> usecases.ArchivePreview:
    """What an archive holds; read once for each state of the file."""
    return _archive_preview(path, _mark(path))


def glance(cohort: str, run: str, case: str) -> usecases.Glance:
    """What is stored of a patient and needs no network."""
    require("view", cohort)
    return _glance(run, case, *_state(cohort))


def prediction(cohort: str, run: str, case: str) -> Prediction:
    """The stored prediction of a cohort's patient."""
    require("view", cohort)
    return _prediction(run, case, *_state(cohort))


def what_if_range(cohort: str, run: str, case: str) -> usecases.WhatIfRange:
    """What may be asked of a cohort's patient."""
    require("view", cohort)
    return _what_if_range(run, case, *_state(cohort))


def patient_slides(cohort: str, case: str) -> tuple[usecases.CaseSlide, ...]:
    """The slides of a cohort's patient; the inbox is looked at again after a minute."""
    require("view", cohort)
    return _patient_slides(cohort, case, _digest(cohort, _stamp(cohort)))


def slide_size(path: Path) -> usecases.SlideSize:
    """Size and resolution of a slide's file, as it is now."""
    return _slide_size(path, _mark(path))


def models() -> list[dict[str, Any]]:
    """The cards of all trained models of the cohorts that are open to whoever asks."""
    return [card for card in _models(_stamp("*")) if current().may("view", str(card["cohort"]))]


def problems() -> list[str]:
    """What lies among cohorts and models and cannot be used, in words; to those who may mend it."""
    return _problems(_stamp("*")) if current().may("delete") else []


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _problems(stamp: Stamp) -> list[str]:
    return usecases.list_problems()


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _cohorts(stamp: Stamp) -> list[usecases.CohortEntry]:
    return usecases.list_cohorts()


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _runs(cohort: str, stamp: Stamp) -> list[usecases.RunEntry]:
    return usecases.list_runs(cohort)


@st.cache_resource(max_entries=FEW, show_spinner=False, hash_funcs={usecases.ImportRequest: repr})
def _preview(request: usecases.ImportRequest, stamp: Stamp) -> usecases.ImportPreview:
    return usecases.preview_import(request)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _archive_preview(path: Path, mark: tuple[str, int, int]) -> usecases.ArchivePreview:
    return usecases.preview_archive(path)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _glance(
    run: str, case: str, cohort: str, digest: str, versions: tuple[tuple[str, str], ...]
) -> usecases.Glance:
    return usecases.glance_at_patient(cohort, run, case)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _prediction(
    run: str, case: str, cohort: str, digest: str, versions: tuple[tuple[str, str], ...]
) -> Prediction:
    return usecases.stored_prediction(cohort, run, case)


@st.cache_resource(max_entries=KEPT, show_spinner=False)  # a megabyte each where genes are thousands
def _what_if_range(
    run: str, case: str, cohort: str, digest: str, versions: tuple[tuple[str, str], ...]
) -> usecases.WhatIfRange:
    return usecases.what_if_range(cohort, run, case)


@st.cache_resource(max_entries=MANY, ttl=LOOK_AGAIN_S, show_spinner=False)
def _patient_slides(cohort: str, case: str, digest: str) -> tuple[usecases.CaseSlide, ...]:
    return usecases.slides_of_patient(cohort, case)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _slide_size(path: Path, mark: tuple[str, int, int]) -> usecases.SlideSize:
    return usecases.measure_slide(path)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _report(cohort: str, stamp: Stamp) -> usecases.ImportReport:
    return usecases.cohort_report(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _curve(cohort: str, digest: str) -> KaplanMeier:
    return usecases.cohort_curve(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _digest(cohort: str, stamp: Stamp) -> str:
    return usecases.cohort_digest(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _analysis(
    cohort: str, run: str, digest: str, version: str | None, cut: Cut, value: float | None, endpoint: str
) -> Analysis:
    return usecases.cohort_figures(cohort, run, cut=cut, value=value, endpoint=endpoint)


@st.cache_resource(max_entries=2 * KEPT, show_spinner=False)
def _of_analysis(
    name: str, state: tuple[object, ...], which: tuple[object, ...], options: tuple[tuple[str, Hashable], ...], *,
    _compute: Callable[..., Any], _found: Analysis,
) -> Any:  # fmt: skip
    return _compute(_found, **dict(options))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _endpoints(cohort: str, digest: str) -> tuple[str, ...]:
    return usecases.endpoints_of(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _model_pair(
    cohort: str, first: str, second: str, digest: str, versions: tuple[str | None, ...]
) -> usecases.ModelPair:
    return usecases.model_pair(cohort, first, second)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _comparison(cohort: str, digest: str, versions: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return usecases.compare_models(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _comparison_export(cohort: str, digest: str, versions: tuple[tuple[str, str], ...]) -> Export:
    return usecases.export_models(cohort, comparison(cohort))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _comparison_latex(cohort: str, digest: str, versions: tuple[tuple[str, str], ...]) -> str:
    return usecases.latex_of_models(cohort, comparison(cohort))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _method_look(
    cohort: str, digest: str, versions: tuple[tuple[str, str], ...]
) -> tuple[usecases.MethodLook, ...]:
    return usecases.look_at_methods(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _ablations(cohort: str, digest: str, versions: tuple[tuple[str, str], ...]) -> tuple[usecases.Ablation, ...]:
    return usecases.ablations(cohort)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _published(cohort: str, digest: str) -> tuple[usecases.Published, ...]:
    return usecases.published_for(usecases.describe_cohort(cohort))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _methods(cohort: str, stamp: Stamp) -> list[usecases.MethodState]:
    return usecases.list_methods(cohort)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _models(stamp: Stamp) -> list[dict[str, Any]]:
    return usecases.list_models()


def _state(cohort: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """A cohort with what its content and its models are now."""
    return cohort, _digest(cohort, _stamp(cohort)), tuple(_versions(cohort).items())


def _versions(cohort: str) -> dict[str, str]:
    return {entry.name: str(entry.card["version"]) for entry in runs(cohort)}


def _stamp(cohort: str) -> Stamp:
    """Path, time and size of the files that name the content of a cohort ("*": of all) and of its models.

    Cohorts and models are written to a new folder that takes the old one's place, so these files change with them.
    """
    own = settings().data_dir / "cohorts"
    patterns = ((SHIPPED_MODELS, f"{cohort}/cohort.json"), (SHIPPED_MODELS, f"{cohort}/{SUMMARY}"),
                (SHIPPED_MODELS, f"{cohort}-*/card.json"),
                (own, f"{cohort}/cohort.json"), (own, f"{cohort}/runs/*/card.json"))
    return tuple(_mark(path) for folder, pattern in patterns for path in sorted(folder.glob(pattern)))


def _marks(path: Path) -> list[tuple[str, int, int]]:
    """A file, or what lies in a folder."""
    return [_mark(one) for one in ([path] if path.is_file() else sorted(path.rglob("*")))]


def _mark(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:  # its folder is just being replaced
        return str(path), 0, 0
    return str(path), status.st_mtime_ns, status.st_size
