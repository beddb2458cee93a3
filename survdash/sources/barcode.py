"""What a TCGA barcode says: the case, the hospital, the kind of sample; and which sample of a case is taken.

``TCGA-2F-A9KO-01A-11D-0182-01``: case in characters 1 to 12, hospital in 6 and 7, kind of sample in 14 and 15 (01
primary tumour, 02 recurrent, 03 blood of a blood cancer, 06 metastasis, 10 to 14 normal), vial in 16.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from survdash.sources.table_file import name_some

CASE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")
SAMPLE = re.compile(rf"({CASE.pattern})-(\d\d)[A-Z]?(?![A-Z0-9])")
KINDS = {"01": "primary tumour", "03": "blood of a blood cancer", "06": "metastasis"}
# Melanoma was mostly sampled from metastases, leukaemia from blood; of all others the primary tumour is taken alone.
CODES: Mapping[str, tuple[str, ...]] = {"SKCM": ("06", "01"), "LAML": ("03",)}
PRIMARY = ("01",)
HASH_DIGITS = 12


def codes_of(name: str) -> tuple[str, ...]:
    """Kinds of samples that are taken for a project, study or file of this name, the preferred one first.

    Examples
    --------
    >>> codes_of("TCGA-BLCA"), codes_of("skcm_tcga_pan_can_atlas_2018")
    (('01',), ('06', '01'))
    """
    words = re.split(r"[^A-Z0-9]+", name.upper())
    return next((codes for project, codes in CODES.items() if project in words), PRIMARY)


def site_of(case: str) -> str | None:
    """The hospital ("tissue source site") of a TCGA case; None for others."""
    return case[5:7] if CASE.fullmatch(case) else None


def case_hash(case_id: str) -> str:
    """Of a patient's number, to find a patient again and nothing else; of a TCGA barcode however long or written.

    Patients of TCGA under other numbers cannot be found: for such a cohort, leave the prior out.

        >>> case_hash("TCGA-2F-A9KO") == case_hash("tcga.2f.a9ko.01A")
        True
    """
    found = CASE.search(re.sub(r"[._\s]", "-", case_id.upper()))
    return hashlib.sha256((found[0] if found else case_id).encode()).hexdigest()[:HASH_DIGITS]


def choose_samples(
    case_of: Mapping[str, str], codes: tuple[str, ...]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """One sample for each case.

    Parameters
    ----------
    case_of : mapping
        Sample to case; samples may be TCGA barcodes of any length from the kind of sample on, or other names.
    codes : tuple of str
        Kinds of samples to take, the preferred one first; other names have no kind and are all taken.

    Returns
    -------
    chosen : dict
        Sample to case. Of several samples of the best kind that a case has, the first by name.
    notes : tuple of str
        How many are of which kind, what was left out.
    """
    ranked: dict[str, list[tuple[int, str]]] = {}
    others = []
    for sample, case in case_of.items():
        match = SAMPLE.match(sample)
        if match is not None and match[2] not in codes:
            others.append(sample)
        else:
            ranked.setdefault(case, []).append((0 if match is None else codes.index(match[2]), sample))
    chosen = {min(samples)[1]: case for case, samples in sorted(ranked.items())}
    spare = [sample for samples in ranked.values() for _, sample in sorted(samples)[1:]]
    notes = []
    if others:
        words = " or ".join(KINDS.get(code, code) for code in codes)
        notes.append(f"{len(others)} samples are no {words} and left out ({name_some(sorted(others))}).")
    if spare:
        notes.append(
            f"{len(spare)} further samples of cases that have several are left out, the best kind and then the first "
            f"by name is taken ({name_some(sorted(spare))})."
        )
    if len(codes) > 1:
        notes.append(_count_kinds(chosen, codes))
    return chosen, tuple(note for note in notes if note)


def _count_kinds(chosen: Iterable[str], codes: tuple[str, ...]) -> str:
    found = [match[2] for sample in chosen if (match := SAMPLE.match(sample))]
    counts = [f"{found.count(code)} {KINDS.get(code, code)}" for code in codes if code in found]
    return f"Samples: {', '.join(counts)}." if counts else ""
