"""A study folder of cBioPortal: tab-separated files as its datahub keeps them, and as our download writes them.

``data_clinical_patient.txt`` and ``data_clinical_sample.txt`` start with four lines of comment; expression and copy
numbers are genes × samples; ``data_mutations.txt`` is a MAF and ``case_lists/cases_sequenced.txt`` its denominator.
Sources: cBioPortal, docs/File-Formats.md; datahub.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError, InputError
from survdash.genes import functional_groups
from survdash.sources.barcode import choose_samples, codes_of
from survdash.sources.follow_up import (
    CASE_ID,
    LEGACY_DAYS,
    MONTH_DAYS,
    PAN_CANCER_DAYS,
    keep_with_outcome,
    parse_status,
    patient_frame,
    to_months,
)
from survdash.sources.gene_matrix import read_matrix, sample_columns
from survdash.sources.mutation_file import read_mutations
from survdash.sources.research_csv import ResearchTable
from survdash.sources.tab_file import open_tab_file, source_of
from survdash.sources.table_file import list_faults, name_some, to_numbers, to_text

PATIENTS, SAMPLES, MUTATIONS = "data_clinical_patient.txt", "data_clinical_sample.txt", "data_mutations.txt"
EXPRESSION, COPIES, META = "data_mrna_seq_v2_rsem.txt", "data_cna.txt", "meta_study.txt"
DIPLOID_SCORES = "data_mrna_seq_v2_rsem_zscores_ref_diploid_samples.txt"
SEQUENCED = "case_lists/cases_sequenced.txt"
ASKED = "genes_asked_for_mutations.txt"  # of our download: a gene without any mutation is in no line of the MAF
RSEM, SCORES = "log2(RSEM + 1)", "z-scores as the file has them"
# The first that is there is read; older names beside the present ones.
EXPRESSIONS: Mapping[str, str] = {
    EXPRESSION: RSEM, "data_RNA_Seq_v2_expression_median.txt": RSEM, "data_mrna_seq_rsem.txt": RSEM,
    "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt": SCORES,
    DIPLOID_SCORES: SCORES,
}  # fmt: skip
OLDER = {
    PATIENTS: "data_bcr_clinical_data_patient.txt", SAMPLES: "data_bcr_clinical_data_sample.txt",
    COPIES: "data_CNA.txt", MUTATIONS: "data_mutations_extended.txt",
}  # fmt: skip
SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}
STAGES = ("AJCC_PATHOLOGIC_TUMOR_STAGE", "AJCC_STAGE", "CLINICAL_STAGE")


def is_study_folder(path: Path) -> bool:
    """Whether a folder holds the patient table of a study."""
    return _find(path, PATIENTS) is not None


def read_study_folder(path: Path, *, symbols: Collection[str] | None = None) -> ResearchTable:
    """Read a study folder: overall survival, clinical facts, and what there is of expression, copies and mutations.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; those of the functional groups by default.

    Returns
    -------
    ResearchTable
        ``genes`` has the cases with any gene data; a kind that a case lacks is missing.

    Raises
    ------
    ClinicalError
        If the patient table is absent, damaged or contradicts itself; all faults at once.
    GeneError
        If a gene table is damaged.
    """
    wanted = frozenset[str]().union(*functional_groups().values()) if symbols is None else symbols
    table = _find(path, PATIENTS)
    if table is None:
        raise ClinicalError(f"{path.name} has no {PATIENTS}.", hint="Give the folder of one study of cBioPortal.")
    study = _study_id(path)
    patients, lines, reasons, notes = _read_patients(table, study)
    patients, dropped, left_out = keep_with_outcome(patients, lines, reasons)
    if patients.empty:
        raise ClinicalError(f"{table.name}: no patient has a follow-up above zero and an outcome.")
    genes, gene_notes, files = _read_genes(path, study, frozenset(patients.index), wanted)
    days = month_days(study)
    return ResearchTable(
        patients=patients, genes=genes, slides=_no_slides(), dropped=dropped, ignored=(),
        left_out=left_out, lines=len(lines), notes=(*notes, *gene_notes),
        source={
            **source_of(table), "study": study, "tables": files,
            "times": f"months of {days:g} days in the file, kept in months of {MONTH_DAYS:g} days",
        },
    )  # fmt: skip


def month_days(study: str) -> float:
    """Days in a month of a study's ``OS_MONTHS``, by its name.

    Measured against the days of the same patients: the PanCancer Atlas divides by 30.417, the older TCGA studies by
    30.44; of others nothing is known, and 365.25/12 is taken.

    Examples
    --------
    >>> month_days("blca_tcga_pan_can_atlas_2018"), month_days("blca_tcga")
    (30.417, 30.44)
    """
    if study.endswith("_tcga_pan_can_atlas_2018"):
        return PAN_CANCER_DAYS
    return LEGACY_DAYS if re.fullmatch(r"[a-z0-9]+_tcga(_pub.*)?", study) else MONTH_DAYS


def _no_slides() -> pd.Series:
    return pd.Series([], index=pd.Index([], name="slide_id", dtype="str"), name="case_id", dtype="str")


def _find(folder: Path, name: str) -> Path | None:
    return next((folder / one for one in (name, OLDER.get(name, name)) if (folder / one).is_file()), None)


def _study_id(folder: Path) -> str:
    """The study's id from ``meta_study.txt``, else the folder's name."""
    meta = folder / META
    if meta.is_file():
        for line in meta.read_text(encoding="utf-8", errors="replace")[:10_000].splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "cancer_study_identifier" and value.strip():
                return value.strip()[:80]
    return folder.name


def read_clinical(path: Path) -> pd.DataFrame:
    """A clinical table as text: columns in capitals, cells trimmed, missing words missing; index the line of the file.

    Raises
    ------
    ClinicalError
        If the file is damaged or has two columns of one name.
    """
    with open_tab_file(path, error=ClinicalError) as table:
        header = [name.upper() for name in table.header]
        if len(set(header)) < len(header):
            twice = sorted({name for name in header if header.count(name) > 1})
            raise ClinicalError(f"{path.name} has two columns {name_some(twice)}.")
        rows = list(table.rows)
    index = pd.Index([number for number, _ in rows], name="line", dtype="int64")
    frame = pd.DataFrame([cells for _, cells in rows], index, columns=header, dtype="str")
    return frame.apply(to_text) if len(frame) else frame


def _read_patients(path: Path, study: str) -> tuple[pd.DataFrame, dict[str, int], dict[str, str], list[str]]:
    """Patients with gaps, their lines, why the outcome of some is missing, and what the user should know."""
    rows = read_clinical(path)
    lacking = [name for name in ("PATIENT_ID", "OS_STATUS", "OS_MONTHS") if name not in rows]
    if lacking:
        raise ClinicalError(f"{path.name} lacks {', '.join(lacking)}.", hint="Choose a study with overall survival.")
    cases, faults = rows.pop("PATIENT_ID"), list[str]()
    if cases.isna().any():
        faults.append(f"{int(cases.isna().sum())} lines have no PATIENT_ID, the first is {rows.index[cases.isna()][0]}")
    odd = sorted({case for case in cases.dropna() if not CASE_ID.fullmatch(case)})
    if odd:
        faults.append(f"patient ids must be up to 64 letters, digits and . : + - _; not {odd[0][:80]!r}")
    twice = sorted(set(cases[cases.duplicated() & cases.notna()]))
    if twice:
        places = (f"{case} on {' and '.join(map(str, cases.index[cases == case]))}" for case in twice)
        faults.append(f"{len(twice)} patients stand on two lines ({name_some(places)})")
    event, unknown = parse_status(rows["OS_STATUS"])
    if unknown.any():
        pairs = zip(cases[unknown], rows["OS_STATUS"][unknown], strict=True)
        words = name_some(f"{case} {word[:40]!r}" for case, word in pairs)
        faults.append(f"OS_STATUS must begin with 0: or 1:, or be LIVING or DECEASED; not so {words}")
    months = _numbers(rows["OS_MONTHS"], cases, faults)
    columns: dict[str, object] = {"time_months": to_months(months, month_days=month_days(study)), "event": event}
    columns |= _facts(rows, cases, faults)
    if faults:
        raise ClinicalError(f"{path.name}: {list_faults(faults)}.", hint="Repair the table and import it again.")
    reasons = {
        str(case): "OS_STATUS without OS_MONTHS"
        for case, time, status in zip(cases, months, event, strict=True) if np.isnan(time) and not np.isnan(status)
    }
    others = [name for name in rows if name not in ("OS_STATUS", "OS_MONTHS", "AGE", "SEX")]
    notes = [f"Kept as they came, used by no model: {name_some(others)}."] if others else []
    if month_days(study) == MONTH_DAYS:
        notes.append(f"How many days a month of study {study} has is not known; {MONTH_DAYS:g} are taken.")
    arrays = {name: getattr(values, "to_numpy", lambda values=values: values)() for name, values in columns.items()}
    lines = dict(zip(cases, cases.index.to_list(), strict=True))
    return patient_frame(arrays, pd.Index(cases)), lines, reasons, notes


def _facts(rows: pd.DataFrame, cases: pd.Series, faults: list[str]) -> dict[str, object]:
    facts: dict[str, object] = {}
    if "AGE" in rows:
        facts["age"] = age = _numbers(rows["AGE"], cases, faults)
        if (wrong := (age < 0) | (age > 120)).any():
            faults.append(f"AGE is not between 0 and 120 years ({name_some(cases[wrong])})")
    if "SEX" in rows:
        facts["sex"] = sex = rows["SEX"].str.lower().map(SEXES)
        if (odd := rows["SEX"].notna() & sex.isna()).any():
            faults.append(f"SEX is neither female nor male: {name_some(sorted(set(rows['SEX'][odd])))}")
    stage = next((name for name in STAGES if name in rows), None)
    if stage is not None:
        facts["stage"] = rows[stage]
    for name in map(str, rows):
        if name not in ("OS_STATUS", "OS_MONTHS", "AGE", "SEX", stage):
            values, wrong = to_numbers(rows[name])
            facts[name] = rows[name] if wrong.any() or np.isnan(values).all() else values
    return facts


def _numbers(cells: pd.Series, cases: pd.Series, faults: list[str]) -> np.ndarray:
    values, wrong = to_numbers(cells)
    if wrong.any():
        faults.append(f"{cells.name} of {cases[wrong].iloc[0]} is no number: {str(cells[wrong].iloc[0])[:40]!r}")
    return values


def _read_genes(
    folder: Path, study: str, cases: frozenset[str], symbols: Collection[str]
) -> tuple[pd.DataFrame | None, list[str], dict[str, object]]:
    """Gene values of the cases, what the user should know, and which files they came from."""
    expression = next((folder / name for name in EXPRESSIONS if (folder / name).is_file()), None)
    copies, mutations = _find(folder, COPIES), _find(folder, MUTATIONS)
    present = [path for path in (expression, copies, mutations) if path is not None]
    if not present:
        return None, ["The folder has no expression, copy numbers or mutations."], {}
    notes: list[str] = []
    case_of = _samples(folder, present, cases, notes)
    chosen, chosen_notes = choose_samples(case_of, codes_of(study))
    notes += chosen_notes
    tables = []
    if expression is not None:
        scale = EXPRESSIONS[expression.name]
        values, said = read_matrix(expression, chosen, symbols=symbols, merge="sum" if scale == RSEM else "mean")
        tables.append(_to_log(values, notes) if scale == RSEM else values)
        tables[-1] = tables[-1].add_suffix("_rna")
        notes += [*said, f"Expression: {scale}, from {expression.name}."]
    if copies is not None:
        values, said = read_matrix(copies, chosen, symbols=symbols, merge="equal")
        tables.append(values.add_suffix("_cnv"))
        notes += said
    if mutations is not None:
        values, said = read_mutations(mutations, chosen, symbols=symbols, sequenced=_sequenced(folder),
                                      asked=_asked(folder))  # fmt: skip
        tables.append(values.add_suffix("_mut"))
        notes += said
    genes = pd.concat(tables, axis=1).sort_index()
    genes.index = pd.Index(genes.index, name="case_id", dtype="str")
    lost = [str(name) for name in genes if genes[name].isna().all()]
    if lost:
        notes.append(f"{len(lost)} genes have no value in any case and are left out: {name_some(lost)}.")
    genes = genes.drop(columns=lost)
    if genes.shape[0] < len(cases):
        notes.append(f"{len(cases) - genes.shape[0]} cases have no gene values.")
    hashes: dict[str, object] = {path.name: source_of(path)["sha256"] for path in present}
    return genes[sorted(map(str, genes))].astype(np.float32), notes, hashes


def _to_log(values: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    below = int((values < 0).to_numpy().sum())
    if below:
        notes.append(f"{below} expression values below zero count as zero.")
    return pd.DataFrame(np.log2(values.clip(lower=0) + 1))


def _samples(folder: Path, present: list[Path], cases: frozenset[str], notes: list[str]) -> dict[str, str]:
    """Sample to case, from the sample table, else from the barcodes in the matrices."""
    path = _find(folder, SAMPLES)
    if path is None:
        matrices = [file for file in present if file.name not in (MUTATIONS, OLDER[MUTATIONS])]
        names = {name for file in matrices for name in sample_columns(file)}
        if not names:
            raise ClinicalError(f"{folder.name} has no {SAMPLES}: nothing says which sample is whose.")
        notes.append(f"{SAMPLES} is missing: samples are told apart by the first 12 characters of their barcodes.")
        return {name: name[:12] for name in names if name[:12] in cases}
    rows = read_clinical(path)
    lacking = [name for name in ("PATIENT_ID", "SAMPLE_ID") if name not in rows]
    if lacking:
        raise ClinicalError(f"{path.name} lacks {', '.join(lacking)}.")
    pairs = rows[["SAMPLE_ID", "PATIENT_ID"]].dropna().drop_duplicates()
    shared = sorted(set(pairs["SAMPLE_ID"][pairs["SAMPLE_ID"].duplicated()]))
    if shared:
        raise ClinicalError(f"{path.name}: {len(shared)} samples belong to two patients ({name_some(shared)}).")
    return {sample: case for sample, case in zip(pairs["SAMPLE_ID"], pairs["PATIENT_ID"], strict=True) if case in cases}


def _sequenced(folder: Path) -> set[str] | None:
    """Samples that were sequenced, as the case list names them; None without one."""
    path = folder / SEQUENCED
    if not path.is_file():
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read: {error}.", hint="Copy it anew.") from error
    listed = next((line for line in lines if line.startswith("case_list_ids:")), "")
    return set(listed.partition(":")[2].split()) or None


def _asked(folder: Path) -> set[str]:
    """Genes that our download asked mutations of; of a folder from elsewhere nothing says so."""
    path = folder / ASKED
    return set(path.read_text(encoding="utf-8", errors="replace").split()) if path.is_file() else set()
