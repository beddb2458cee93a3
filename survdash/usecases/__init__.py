"""The verbs that pages and command line share; no user interface here, and nothing heavy until it is needed."""

from survdash.sources.gene_table import GeneCheck
from survdash.usecases.analysis import (
    CohortAnalysis,
    analyse_cohort,
    compare_models,
    export_cohort,
    export_prediction,
    prediction_to_json,
    stored_prediction,
)
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.cases import (
    HANDLERS,
    SlideCheck,
    check_genes,
    check_slide,
    check_view,
    file_prediction,
    job_prediction,
    model_for_command,
    predict,
    view_slide,
    write_sample_case,
)
from survdash.usecases.library import (
    CohortEntry,
    RunEntry,
    describe_methods,
    list_cohorts,
    list_models,
    list_problems,
    list_runs,
    open_cohort,
    open_run,
)
from survdash.usecases.many_runs import RunOutcome, crossval_all
from survdash.usecases.training import crossval, import_cohort, make_recipe

__all__ = [
    "HANDLERS", "CohortAnalysis", "CohortEntry", "GeneCheck", "PredictRequest", "RunEntry", "RunOutcome",
    "SlideCheck", "analyse_cohort", "check_genes", "check_slide", "check_view", "compare_models", "crossval",
    "crossval_all", "describe_methods", "export_cohort", "export_prediction", "file_prediction", "import_cohort",
    "job_prediction", "list_cohorts", "list_models", "list_problems", "list_runs", "make_recipe", "model_for_command",
    "open_cohort", "open_run", "predict", "prediction_to_json", "stored_prediction", "view_slide",
    "write_sample_case",
]  # fmt: skip
