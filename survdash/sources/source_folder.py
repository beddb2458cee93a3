"""A folder of tables from a portal: what lies in it decides how it is read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from survdash.errors import ClinicalError
from survdash.sources.gdc_folder import is_gdc_folder, read_gdc_folder
from survdash.sources.research_csv import ResearchTable
from survdash.sources.study_folder import is_study_folder, read_study_folder
from survdash.sources.xena_folder import is_xena_folder, read_xena_folder


def read_source_folder(path: Path, *, symbols: Collection[str] | None = None) -> ResearchTable:
    """Read a study folder of cBioPortal, a folder of Xena files, or a download of ours from the GDC.

    Parameters
    ----------
    path : Path
    symbols : collection of str, optional
        Genes to keep; those of the functional groups by default.

    Raises
    ------
    InputError
        If it is none of them, or one of its files is at fault.
    """
    if not path.is_dir():
        raise ClinicalError(f"There is no folder {path.name!r}.", hint="Check the path.")
    if is_gdc_folder(path):
        return read_gdc_folder(path, symbols=symbols)
    if is_study_folder(path):
        return read_study_folder(path, symbols=symbols)
    if is_xena_folder(path):
        return read_xena_folder(path, symbols=symbols)
    raise ClinicalError(
        f"Folder {path.name!r} holds no tables that are known here.",
        hint="It should be a study folder of cBioPortal (data_clinical_patient.txt), files of UCSC Xena with a "
        "survival table, or what 'fetch-cohort' has downloaded.",
    )
