"""What is to be fetched of TCGA from the servers of open data, and what a download would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from survdash.errors import InputError
from survdash.settings import settings
from survdash.sources.cbioportal import STUDIES, study_of
from survdash.sources.gdc import COHORTS, JOINED
from survdash.sources.importing import ImportRequest, check_name
from survdash.usecases.summary import summary_names

SOURCES = ("gdc", "cbioportal")
WHAT = ("clinical", "genes", "slides")
EXPRESSIONS = ("rsem", "zscores")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What is to be fetched.

    Parameters
    ----------
    cohort : str
        TCGA's name, such as ``BLCA``.
    source : {"gdc", "cbioportal"}
        Slides are at the GDC alone.
    what : tuple of str
        Of clinical, genes, slides. Clinical records always come: they say who can be used.
    cases : int or None
        Only the first so many, by barcode, of those that have an outcome and all that is asked for.
    case_ids : tuple of str
        Only these.
    jobs : int
        Files fetched at once.
    name : str
        What the cohort is called here; "" for TCGA's name in small letters, and the source's with it where models that
        come with survdash have that name: they are of other tables, and would not show beside this cohort.
    folder : Path or None
        Where the files go; ``downloads/`` in the data folder by default.
    compare : bool
        Ask the other source too, and say where the two disagree.
    expression : {"", "rsem", "zscores"}
        Of cBioPortal: RSEM, which is read as log2(RSEM + 1), or z-scores against diploid samples; "" for what the
        shipped models of this cancer look at, and RSEM where there are none.
    """

    cohort: str
    source: Literal["gdc", "cbioportal"] = "gdc"
    what: tuple[str, ...] = ("clinical", "genes")
    cases: int | None = None
    case_ids: tuple[str, ...] = ()
    jobs: int = 4
    name: str = ""
    folder: Path | None = None
    compare: bool = False
    expression: Literal["", "rsem", "zscores"] = ""

    def __post_init__(self) -> None:
        wrong = [word for word in self.what if word not in WHAT]
        if wrong or not self.what:
            raise InputError(f"{', '.join(wrong) or 'Nothing'} cannot be fetched.", hint=f"Of: {', '.join(WHAT)}.")
        if self.source not in SOURCES:
            raise InputError(f"There is no source {self.source!r}.", hint=f"Of: {', '.join(SOURCES)}.")
        if self.source == "cbioportal" and "slides" in self.what:
            raise InputError("cBioPortal has no slides.", hint="Fetch them from the GDC (--source gdc).")
        if self.expression not in ("", *EXPRESSIONS):
            raise InputError(f"There is no expression {self.expression!r}.", hint=f"Of: {', '.join(EXPRESSIONS)}.")
        if self.source == "gdc" and self.expression:
            raise InputError("The GDC's expression comes as TPM alone.", hint="Choose of cBioPortal's.")
        if self.cases is not None and self.cases < 1:
            raise InputError(f"{self.cases} cases cannot be fetched.", hint="Take at least one.")
        if self.cases is not None and self.case_ids:
            raise InputError("Cases are named, and the first few are asked for.", hint="Leave --cases or --case out.")
        check_name(self.cohort_name)

    @property
    def usual_name(self) -> str:
        """TCGA's name in small letters."""
        return self.cohort.lower().removeprefix("tcga-")

    @property
    def cohort_name(self) -> str:
        """What the cohort is called here."""
        usual = self.usual_name
        return self.name or (f"{usual}-{self.source}" if usual in summary_names() else usual)

    @property
    def place(self) -> Path:
        """Folder of this download."""
        name = f"TCGA-{self.cohort.upper().removeprefix('TCGA-')}"
        root = settings().data_dir / "downloads" if self.folder is None else self.folder
        return root / self.source / (name if self.source == "gdc" else study_of(self.cohort))

    @property
    def import_request(self) -> ImportRequest | None:
        """What is imported of what has arrived; None where no genes come."""
        return ImportRequest(table=self.place, name=self.cohort_name) if "genes" in self.what else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FetchPlan:
    """What a download would bring.

    Parameters
    ----------
    source, release, folder : str
        Whom, in which state of its data, and where to.
    cases : tuple of str
        Who was chosen.
    events : int
        Deaths among them.
    sizes : mapping
        Kind to (number of files, bytes, bytes that are here already); of cBioPortal, values and bytes about.
    free_bytes : int
    dropped, notes : tuple of str
        Who has no outcome; what was left out, and where two sources disagree.
    """

    source: str
    release: str
    folder: str
    cases: tuple[str, ...]
    events: int
    sizes: Mapping[str, tuple[int, int, int]]
    free_bytes: int
    dropped: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        sizes = {
            kind: {"number": number, "bytes": size, "bytes_here": here}
            for kind, (number, size, here) in self.sizes.items()
        }
        return {
            "source": self.source, "release": self.release, "folder": self.folder, "cases": len(self.cases),
            "events": self.events, "sizes": sizes, "free_bytes": self.free_bytes, "dropped": list(self.dropped),
            "notes": list(self.notes),
        }  # fmt: skip



def fetchable_cohorts(source: Literal["gdc", "cbioportal"]) -> tuple[str, ...]:
    """Cohorts of TCGA that a source has; cBioPortal has colon and rectum as one alone."""
    return (*COHORTS, *JOINED) if source == "gdc" else STUDIES
