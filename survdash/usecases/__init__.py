"""The verbs that pages and command line share; no user interface here, and nothing heavy until it is needed."""

from survdash.explanation.record import Explanation, explanation_to_json
from survdash.slide.header_texts import HeaderHint, header_hints
from survdash.slide.header_texts import strip as strip_header
from survdash.sources.archive import Archive, read_archive
from survdash.sources.gene_table import GeneCheck
from survdash.sources.importing import ImportRequest
from survdash.sources.preview import ImportReport, report_to_json
from survdash.usecases.aggregates import AggregateAnalysis
from survdash.usecases.analysis import (
    CohortAnalysis,
    analyse_cohort,
    export_cohort,
    export_prediction,
    prediction_to_json,
    stored_prediction,
)
from survdash.usecases.auditing import AUDIT, file_audit, stored_audit
from survdash.usecases.auditing import HANDLERS as AUDIT_HANDLERS
from survdash.usecases.batch import (
    BATCH,
    CaseOutcome,
    batch_export,
    failures_csv,
    file_batch,
    file_case_of_batch,
    job_batch,
    predict_batch,
)
from survdash.usecases.batch import HANDLERS as BATCH_HANDLERS
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.case_slides import CaseSlide, SlideSize, measure_slide, slides_of_job, slides_of_patient
from survdash.usecases.cases import (
    SlideCheck,
    check_genes,
    check_slide,
    check_view,
    model_for_command,
    predict,
    view_slide,
    write_sample_case,
)
from survdash.usecases.closer_look import CloserLook, look_closer
from survdash.usecases.comparison import compare_models, export_models, latex_of_models
from survdash.usecases.deeper_look import (
    LandmarkLook,
    ModelPair,
    causes,
    decision,
    from_landmark,
    model_pair,
    steadiness,
)
from survdash.usecases.deidentify import HeaderLook, look_at_headers, told_places
from survdash.usecases.explaining import explain_patient, predict_and_explain, stored_explanation
from survdash.usecases.fetch_request import FetchPlan, FetchRequest, fetchable_cohorts
from survdash.usecases.fetching import (
    FETCHING,
    FetchReport,
    fetch_cohort,
    fetch_to_json,
    fetched,
    file_fetch,
    plan_fetch,
)
from survdash.usecases.fetching import HANDLERS as FETCH_HANDLERS
from survdash.usecases.figures import closer_figures, cohort_figures, endpoints_of, need_patients
from survdash.usecases.glance import Glance, glance_at_patient, glance_of
from survdash.usecases.importing import HANDLERS as IMPORT_HANDLERS
from survdash.usecases.importing import (
    IMPORT,
    ImportPreview,
    cancer_of,
    cohort_curve,
    cohort_report,
    file_import,
    import_cohort,
    preview_import,
    run_import,
)
from survdash.usecases.jobs_of_cohort import jobs_of, name_jobs
from survdash.usecases.keeping import HANDLERS as ARCHIVE_HANDLERS
from survdash.usecases.keeping import (
    UNPACK,
    ArchivePreview,
    PreviousState,
    delete_cohort,
    export_archive,
    file_archive,
    import_archive,
    own_folder,
    preview_archive,
    previous_facts,
    undo_import,
)
from survdash.usecases.library import (
    CohortEntry,
    RunEntry,
    cohort_digest,
    describe_cohort,
    describe_methods,
    list_cohorts,
    list_models,
    list_problems,
    list_runs,
    open_cohort,
    open_run,
)
from survdash.usecases.manifest import COLUMNS as MANIFEST_COLUMNS
from survdash.usecases.manifest import TEMPLATE as MANIFEST_TEMPLATE
from survdash.usecases.manifest import Fault, Manifest, read_manifest
from survdash.usecases.many_runs import RunOutcome, crossval_all
from survdash.usecases.method_look import Ablation, MethodLook, ablations, look_at_methods
from survdash.usecases.methods_text import methods_text
from survdash.usecases.published import Published, published_for
from survdash.usecases.queued import HANDLERS as CASE_HANDLERS
from survdash.usecases.queued import PREDICTION, file_explanation, file_prediction, job_explanation, job_prediction
from survdash.usecases.reporting import case_report, outcome_words, patient_report
from survdash.usecases.training import add_references, crossval, make_recipe
from survdash.usecases.training_jobs import HANDLERS as TRAINING_HANDLERS
from survdash.usecases.training_jobs import TRAINING, MethodState, file_training, list_methods
from survdash.usecases.tripod import tripod_html
from survdash.usecases.what_if import HANDLERS as WHAT_IF_HANDLERS
from survdash.usecases.what_if import WhatIf, WhatIfAnswer, WhatIfRange, file_what_if, what_if_answer, what_if_range

# every kind of job that a worker can do
HANDLERS = {
    **WHAT_IF_HANDLERS, **ARCHIVE_HANDLERS, **AUDIT_HANDLERS, **BATCH_HANDLERS, **CASE_HANDLERS, **FETCH_HANDLERS,
    **IMPORT_HANDLERS, **TRAINING_HANDLERS,
}  # fmt: skip

__all__ = [
    "AUDIT", "BATCH", "FETCHING", "HANDLERS", "IMPORT", "MANIFEST_COLUMNS", "MANIFEST_TEMPLATE", "PREDICTION",
    "TRAINING", "UNPACK", "Ablation", "AggregateAnalysis", "Archive", "ArchivePreview", "CaseOutcome", "CaseSlide",
    "CloserLook", "CohortAnalysis", "CohortEntry", "Explanation", "Fault", "FetchPlan", "FetchReport", "FetchRequest",
    "GeneCheck", "Glance", "HeaderHint", "HeaderLook", "ImportPreview", "ImportReport", "ImportRequest", "LandmarkLook",
    "Manifest", "MethodLook", "MethodState", "ModelPair", "PredictRequest", "PreviousState", "Published", "RunEntry",
    "RunOutcome", "SlideCheck", "SlideSize", "WhatIf", "WhatIfAnswer", "WhatIfRange", "ablations", "add_references",
    "analyse_cohort", "batch_export", "cancer_of", "case_report", "causes", "check_genes", "check_slide", "check_view",
    "closer_figures", "cohort_curve", "cohort_digest", "cohort_figures", "cohort_report", "compare_models", "crossval",
    "crossval_all", "decision", "delete_cohort", "describe_cohort", "describe_methods", "endpoints_of",
    "explain_patient", "explanation_to_json", "export_archive", "export_cohort", "export_models", "export_prediction",
    "failures_csv", "fetch_cohort", "fetch_to_json", "fetchable_cohorts", "fetched", "file_archive", "file_audit",
    "file_batch", "file_case_of_batch", "file_explanation", "file_fetch", "file_import", "file_prediction",
    "file_training", "file_what_if", "from_landmark", "glance_at_patient", "glance_of", "header_hints",
    "import_archive", "import_cohort", "job_batch", "job_explanation", "job_prediction", "jobs_of", "latex_of_models",
    "list_cohorts", "list_methods", "list_models", "list_problems", "list_runs", "look_at_headers", "look_at_methods",
    "look_closer", "make_recipe", "measure_slide", "methods_text", "model_for_command", "model_pair", "name_jobs",
    "need_patients", "open_cohort", "open_run", "outcome_words", "own_folder", "patient_report", "plan_fetch",
    "predict", "predict_and_explain", "predict_batch", "prediction_to_json", "preview_archive", "preview_import",
    "previous_facts", "published_for", "read_archive", "read_manifest", "report_to_json", "run_import", "slides_of_job",
    "slides_of_patient", "steadiness", "stored_audit", "stored_explanation", "stored_prediction", "strip_header",
    "told_places", "tripod_html", "undo_import", "view_slide", "what_if_answer", "what_if_range", "write_sample_case",
]  # fmt: skip
