"""Files of the UCSC Xena hubs in one folder: an expression matrix, the survival table, and more where there is more.

The legacy hub (``HiSeqV2``, symbols, samples of 15 characters) and the GDC hub (``TCGA-BLCA.star_tpm.tsv``, Ensembl
ids, 16 characters) are both read, plain or gz. Values are logarithms already and stay so. The survival table has a
line a sample, ``OS`` 1 for a death and ``OS.time`` in days.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd

from survdash.errors import ClinicalError, GeneError
from survdash.genes import functional_groups
from survdash.sources.barcode import CASE, choose_samples, codes_of
from survdash.sources.follow_up import MONTH_DAYS, keep_with_outcome, patient_frame, to_months
from survdash.sources.gene_matrix import read_matrix, sample_columns
from survdash.sources.gene_names import translate
from survdash.sources.research_csv import ResearchTable
from survdash.sources.tab_file import is_missing, open_tab_file, source_of
from survdash.sources.table_file import list_faults, name_some, to_numbers, to_text

# Of several, the first that is there is read.
EXPRESSION = (
    r"HiSeqV2(\.gz)?$", r"star_tpm\.tsv", r"star_fpkm-uq\.tsv", r"star_fpkm\.tsv", r"star_counts\.tsv",
    r"htseq_fpkm-uq\.tsv", r"htseq_fpkm\.tsv", r"htseq_counts\.tsv", r"HiSeqV2_PANCAN(\.gz)?$",
)  # fmt: skip
COPIES = (r"Gistic2_CopyNumber_Gistic2_all_thresholded\.by_genes",)
SURVIVAL, CLINICAL = (r"survival\.(txt|tsv)",), (r"clinicalMatrix", r"clinical\.tsv", r"GDC_phenotype\.tsv")
PROBES = (r"(?i)\.probemap",)
AGES = ("age_at_initial_pathologic_diagnosis", "age_at_index.demographic", "age_at_index")
SEXES = ("gender", "gender.demographic", "sex_at_birth.demographic")
STAGES = ("pathologic_stage", "ajcc_pathologic_stage.diagnoses", "tumor_stage.diagnoses", "clinical_stage")
SAMPLES = ("sampleID", "sample", "submitter_id.samples")
REDACTION = "Redaction"  # of TCGA's clinical data resource (Liu et al. 2018): who was withdrawn from TCGA


def is_xena_folder(path: Path) -> bool:
    """Whether a folder holds a survival table of Xena."""
    return bool(_find(path, SURVIVAL))


def read_xena_folder(path: Path, *, symbols: Collection[str] | None = None) -> ResearchTable:
    """Read a folder of Xena files.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; those of the functional groups by default.

    Raises
    ------
    ClinicalError
        If the survival table is absent, damaged, or contradicts itself; all faults at once.
    GeneError
        If a matrix is damaged.
    """
    wanted = frozenset[str]().union(*functional_groups().values()) if symbols is None else symbols
    found = _find(path, SURVIVAL)
    if not found:
        raise ClinicalError(f"{path.name} has no survival table of Xena.", hint="Put <cohort>_survival.txt beside it.")
    patients, case_of, lines, redacted = _read_survival(found[0])
    notes = _join_clinical(path, patients)
    patients, dropped, left_out = keep_with_outcome(patient_frame(dict(patients), patients.index), lines, redacted)
    if patients.empty:
        raise ClinicalError(f"{found[0].name}: no patient has a follow-up above zero and an outcome.")
    genes, gene_notes, files = _read_genes(path, case_of, frozenset(patients.index), wanted)
    return ResearchTable(
        patients=patients, genes=genes, dropped=dropped, ignored=_ignored(path),
        left_out=left_out, lines=len(case_of),
        slides=pd.Series([], index=pd.Index([], name="slide_id", dtype="str"), name="case_id", dtype="str"),
        notes=(*notes, *gene_notes),
        source={
            **source_of(found[0]), "tables": files, "times": f"days, kept in months of {MONTH_DAYS:g} days",
        },
    )  # fmt: skip


def _find(folder: Path, patterns: Collection[str]) -> list[Path]:
    """Files of a kind, the preferred first; names may still be quoted as in the hub's address."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return [file for pattern in patterns for file in files if re.search(pattern, unquote(file.name))]


def _ignored(folder: Path) -> tuple[str, ...]:
    used = {
        *_find(folder, EXPRESSION)[:1], *_find(folder, COPIES)[:1], *_find(folder, SURVIVAL)[:1],
        *_find(folder, CLINICAL)[:1], *_find(folder, PROBES)[:1],
    }  # fmt: skip
    return tuple(file.name for file in sorted(folder.iterdir()) if file not in used and not file.name.startswith("."))


def _read_survival(path: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, int], dict[str, str]]:
    """Patients with ``time_months`` and ``event``; sample to case; case to first line; case to what TCGA withdrew.

    Lines of one patient must agree. Who is redacted has no outcome.
    """
    with open_tab_file(path, error=ClinicalError) as table:
        withdrawn = table.place(REDACTION)
        places = {name: table.place(name) for name in ("sample", "_PATIENT", "OS", "OS.time")}
        lacking = [name for name, place in places.items() if place is None]
        if lacking:
            raise ClinicalError(f"{path.name} lacks {', '.join(lacking)}.", hint="Is it a survival table of Xena?")
        places[REDACTION] = withdrawn
        rows = [
            (number, *("" if place is None else cells[place].strip() for place in places.values()))
            for number, cells in table.rows
        ]
    if not rows:
        raise ClinicalError(f"{path.name} has no line below its header.", hint="Was it cut short?")
    frame = pd.DataFrame(rows, columns=["line", "sample", "case", "event", "days", REDACTION]).set_index("line")
    faults: list[str] = []
    for name in ("event", "days"):
        values, wrong = to_numbers(to_text(frame[name]))
        if name == "event":
            wrong = wrong | ~(np.isnan(values) | np.isin(values, (0, 1)))
        if wrong.any():
            line = frame.index[wrong][0]
            column = {"event": "OS", "days": "OS.time"}[name]
            faults.append(f"{column} in line {line} cannot be {frame[name][line][:40]!r}")
        frame[name] = values
    odd = [case for case in frame["case"] if not CASE.fullmatch(case)]
    if odd:
        faults.append(f"{len(odd)} lines name no TCGA patient ({name_some(odd)})")
    facts = frame[["case", "event", "days"]].drop_duplicates()
    twice = sorted(set(facts["case"][facts["case"].duplicated()]))
    if twice:
        faults.append(f"{len(twice)} patients have two outcomes ({name_some(twice)})")
    if faults:
        raise ClinicalError(f"{path.name}: {list_faults(faults)}.", hint="Repair the table and import it again.")
    facts = facts.set_index("case")
    patients = pd.DataFrame({
        "time_months": to_months(facts["days"].to_numpy(float), month_days=1.0), "event": facts["event"],
    })  # fmt: skip
    said = frame[~frame[REDACTION].map(is_missing)]
    redacted = {
        case: f"withdrawn by TCGA ({words[:40]})" for case, words in zip(said["case"], said[REDACTION], strict=True)
    }
    patients.loc[list(redacted), "event"] = np.nan
    first = {case: int(line) for line, case in reversed(list(frame["case"].items()))}
    return patients, dict(zip(frame["sample"], frame["case"], strict=True)), first, redacted


def _join_clinical(folder: Path, patients: pd.DataFrame) -> list[str]:
    """Add age, sex and stage, where a clinical table has them; say which cases it contradicts itself on."""
    found = _find(folder, CLINICAL)
    if not found:
        return ["No clinical table lies in the folder: age, sex and stage are missing."]
    with open_tab_file(found[0], error=ClinicalError) as table:
        sample = table.place(*SAMPLES)
        places = {name: table.place(*names) for name, names in (("age", AGES), ("sex", SEXES), ("stage", STAGES))}
        if sample is None:
            raise ClinicalError(f"{found[0].name} has no column of samples ({', '.join(SAMPLES[:2])}).")
        facts: dict[str, dict[str, set[str]]] = {name: {} for name in places}
        for _, cells in table.rows:
            for name, place in places.items():
                if place is not None and not is_missing(cells[place]):
                    facts[name].setdefault(cells[sample].strip()[:12], set()).add(cells[place].strip())
    notes = []
    for name, said in facts.items():
        differ = sorted(case for case, words in said.items() if len(words) > 1 and case in patients.index)
        if differ:
            notes.append(f"{name}: {len(differ)} cases have two values and get none ({name_some(differ)}).")
        single = pd.Series({case: min(words) for case, words in said.items() if len(words) == 1}, dtype="str")
        patients[name] = _clean(name, single.reindex(patients.index), found[0].name)
    return notes


def _clean(name: str, words: pd.Series, file: str) -> pd.Series:
    if name == "stage":
        return words
    if name == "sex":
        return words.str.lower().where(words.str.lower().isin(("female", "male")))
    years, wrong = to_numbers(words)
    if wrong.any() or ((years < 0) | (years > 120)).any():
        raise ClinicalError(f"{file}: an age is no number between 0 and 120 years.", hint="Are these days?")
    return pd.Series(years, words.index)


def _read_genes(
    folder: Path, case_of: Mapping[str, str], cases: frozenset[str], symbols: Collection[str]
) -> tuple[pd.DataFrame | None, list[str], dict[str, object]]:
    notes: list[str] = []
    tables, files = [], dict[str, object]()
    for patterns, kind in ((EXPRESSION, "rna"), (COPIES, "cnv")):
        found = _find(folder, patterns)
        if not found:
            continue
        path = found[0]
        columns = {name: case_of.get(name, name[:12]) for name in sample_columns(path)}
        here = {name: case for name, case in columns.items() if case in cases}
        chosen, said = choose_samples(here, codes_of(f"{folder.name} {unquote(path.name)}"))
        if not chosen:
            raise GeneError(f"{path.name} has no sample of a patient of the survival table.")
        values, more = read_matrix(
            path, chosen, symbols=symbols, merge="mean" if kind == "rna" else "equal",
            symbol_of=_probes(folder, path, symbols),
        )  # fmt: skip
        tables.append(values.add_suffix(f"_{kind}"))
        files[path.name] = source_of(path)["sha256"]
        notes += [*said, *more]
        if kind == "rna":
            notes.append(f"Expression: logarithms as in {path.name}.")
    if not tables:
        return None, ["The folder has no expression matrix and no copy numbers."], {}
    genes = pd.concat(tables, axis=1).sort_index().dropna(axis=1, how="all")
    genes.index = pd.Index(genes.index, name="case_id", dtype="str")
    if len(genes) < len(cases):
        notes.append(f"{len(cases) - len(genes)} cases have no gene values.")
    return genes[sorted(map(str, genes))].astype(np.float32), notes, files


def _probes(folder: Path, matrix: Path, symbols: Collection[str]) -> dict[str, str] | None:
    """Ensembl id to symbol, by the hub's probe map or else by our table; None where symbols stand in the matrix."""
    with open_tab_file(matrix, error=GeneError) as table:
        ids = [cells[0].partition(".")[0] for _, cells in table.rows]
    if not ids or not ids[0].startswith("ENSG"):
        return None
    found = _find(folder, PROBES)
    if not found:
        return dict(zip(ids, translate(ids, symbols).names, strict=True))
    with open_tab_file(found[0], error=GeneError) as table:
        place = table.place("gene")
        if place is None:
            raise GeneError(f"{found[0].name} has no column gene.", hint="Is it a probe map of Xena?")
        return {cells[0].partition(".")[0]: cells[place].strip() for _, cells in table.rows}
