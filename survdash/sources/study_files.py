"""Write a study folder of cBioPortal from the rows that its interface gives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from survdash.errors import DownloadError
from survdash.sources.study_folder import (
    ASKED,
    COPIES,
    DIPLOID_SCORES,
    EXPRESSION,
    META,
    MUTATIONS,
    PATIENTS,
    SAMPLES,
    SEQUENCED,
)
from survdash.store import new_folder

MATRICES = {"rna": EXPRESSION, "zscores": DIPLOID_SCORES, "cnv": COPIES}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyTables:
    """Everything that a study folder holds.

    Parameters
    ----------
    study, description : str
    patients, samples : sequence of mapping
        ``patientId`` (and ``sampleId``), ``clinicalAttributeId``, ``value``.
    sequenced : collection of str
        Samples that were sequenced.
    values : mapping
        Kind (rna, zscores, cnv, mut) to rows of ``sample``, ``gene`` (Entrez id), ``value``; no row is missing, or
        wild type.
    genes : mapping
        Entrez id to symbol.
    """

    study: str
    description: str
    patients: Sequence[Mapping[str, Any]]
    samples: Sequence[Mapping[str, Any]]
    sequenced: Collection[str]
    values: Mapping[Any, Sequence[Mapping[str, Any]]]
    genes: Mapping[int, str]


def write_study(folder: Path, tables: StudyTables, *, chosen: Sequence[str]) -> None:
    """Write the folder whole, in the place of an older one; only the chosen samples and their patients.

    Raises
    ------
    DownloadError
        If a value holds a tab or a line break, is given twice, or is no number where one belongs.
    """
    owners = {str(row.get("sampleId")): str(row.get("patientId")) for row in tables.samples}
    kept = {owners[sample] for sample in chosen if sample in owners}
    with new_folder(folder) as temporary:
        _write_clinical(temporary / PATIENTS, "PATIENT_ID", [
            (str(row.get("patientId")), row) for row in tables.patients if str(row.get("patientId")) in kept
        ], {})  # fmt: skip
        _write_clinical(temporary / SAMPLES, "SAMPLE_ID", [
            (str(row.get("sampleId")), row) for row in tables.samples if row.get("sampleId") in set(chosen)
        ], {sample: owners[sample] for sample in chosen if sample in owners})  # fmt: skip
        for kind, name in MATRICES.items():
            if kind in tables.values:
                _write_matrix(temporary / name, tables.values[kind], tables.genes, chosen)
        if "mut" in tables.values:
            _write_mutations(temporary, tables, chosen)
        _write(temporary / META, [
            (f"cancer_study_identifier: {tables.study}",), (f"description: {tables.description}",),
        ])  # fmt: skip


def _write_clinical(
    path: Path, key: str, rows: Sequence[tuple[str, Mapping[str, Any]]], owners: Mapping[str, str]
) -> None:
    """One line an id, one column an attribute; the interface gives a row for each value."""
    table: dict[str, dict[str, str]] = {name: {"PATIENT_ID": owner} for name, owner in owners.items()}
    for name, row in rows:
        # Free text may have lines and tabs of its own, which a table cannot keep.
        attribute, value = str(row.get("clinicalAttributeId")), " ".join(str(row.get("value", "")).split())
        known = table.setdefault(name, {})
        if known.get(attribute, value) != value:
            raise DownloadError(f"cBioPortal gives two values of {attribute} for {name}.")
        known[attribute] = value
    columns = sorted({attribute for known in table.values() for attribute in known} - {"PATIENT_ID"})
    columns = [key, *(["PATIENT_ID"] if owners else []), *(one for one in columns if one != key)]
    # Display name, description, type, priority: the form has these four lines, which nobody here reads.
    lines: list[Sequence[str]] = [
        [f"#{columns[0]}", *columns[1:]], [f"#{columns[0]}", *columns[1:]],
        ["#STRING", *("STRING" for _ in columns[1:])], ["#1", *("1" for _ in columns[1:])], columns,
    ]  # fmt: skip
    lines += [
        [name if column == key else known.get(column, "") for column in columns]
        for name, known in sorted(table.items())
    ]
    _write(path, lines)


def _write_matrix(
    path: Path, rows: Iterable[Mapping[str, Any]], genes: Mapping[int, str], samples: Sequence[str]
) -> None:
    values: dict[int, dict[str, str]] = {}
    for row in rows:
        value = row["value"]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DownloadError(f"cBioPortal gives {str(value)[:40]!r} where a number belongs ({genes[row['gene']]}).")
        line = values.setdefault(row["gene"], {})
        if row["sample"] in line:
            raise DownloadError(f"cBioPortal gives {genes[row['gene']]} of {row['sample']} twice.")
        line[row["sample"]] = repr(value)
    lines: list[Sequence[str]] = [["Hugo_Symbol", "Entrez_Gene_Id", *samples]]
    lines += [
        [genes[gene], str(gene), *(line.get(sample, "NA") for sample in samples)]
        for gene, line in sorted(values.items())
    ]
    _write(path, lines)


def _write_mutations(folder: Path, tables: StudyTables, samples: Sequence[str]) -> None:
    lines: list[Sequence[str]] = [["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode"]]
    lines += [
        [tables.genes[row["gene"]], str(row["value"] or "unknown"), row["sample"]] for row in tables.values["mut"]
    ]
    _write(folder / MUTATIONS, lines)
    _write(folder / ASKED, [[symbol] for symbol in sorted(tables.genes.values())])
    listed = sorted(set(samples) & set(tables.sequenced))
    (folder / SEQUENCED).parent.mkdir()
    _write(folder / SEQUENCED, [["case_list_ids: " + listed[0], *listed[1:]] if listed else ["case_list_ids:"]])


def _write(path: Path, lines: Iterable[Sequence[str]]) -> None:
    written = []
    for cells in lines:
        odd = next((cell for cell in cells if set(cell) & set("\t\n\r\0")), None)
        if odd is not None:
            raise DownloadError(f"cBioPortal gives a value with a tab or a line break: {odd[:60]!r}.")
        written.append("\t".join(cells))
    path.write_text("\n".join(written) + "\n", encoding="utf-8")
