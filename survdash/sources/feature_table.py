"""Slide-level feature tables: one line a slide, one vector of image features; kept as bags of one row.

Outcome, follow-up and clinical columns are never features. In tables whose feature columns end in ``_HE`` or ``_FFPE``
(Diao et al. 2021) only those are taken. A missing feature stays missing (NaN): what stands in for it is learnt from the
training fold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from survdash.bag_file import BagWriter
from survdash.case import BagOrigin
from survdash.errors import BagError
from survdash.sources.research_csv import KNOWN, NOT_GENES
from survdash.sources.table_file import TextTable, list_faults, name_some, read_table, to_numbers, to_text
from survdash.store import digest

KEYS = ("case_id", "bcr_patient_barcode", "patient_id", "PATIENT_ID", "PATIENT")
ENCODER = "slide-level table"
FEATURE_END = ("_HE", "_FFPE")
# Names that are outcomes, treatment, clinic or numbering, with words parted by spaces and without capitals.
_OUTCOMES = (
    r"(is )?(os|dss|dfi|dfs|ddfs|pfi|pfs|efs|rfs|lrfs|lfs|mfs|dmfs|drfs|css|ttr|ttp|ttf|ttd|fu|fup|surv)( .*)?",
    r"(os|fu|rfs|pfs|dfs|surv) ?(time|stat|status|days|months|event|cens)",
    r".*(surviv|censor|vital ?stat|follow ?up|recurrence|recurred|relapse|progress(ed|ion)|metastasis free|"
    r"disease free|last contact|tumor event|tumor status|cause of death|slide map).*",
    r"(days|months|years|time) to .*|time ?to ?event|(is )?(dead|alive|died|deceased)|cens|death( .*)?|.* death( .*)?",
    r"(clinical )?(events?|labels?|targets?|outcomes?|endpoint|durations?|response|status)( (observed|months|days))?",
    r"[tey]( time)?",
    r"(disc|survival|risk|event|time) (label|bin|class|score|group|status|indicator|days|months|years)|risk|hazard",
    r".*(überleb|verstorben|todes|rezidiv|nachbeobacht|progress(ion)?sfrei).*|tod|tot|status.*",
    r".*(survie|décès|deces|récidive|rechute).*|suivi( .*)?|.*(生存|死亡|随访|复发|存活).*",
)
_CLINIC = (
    r"(is )?(fe)?male|(age|alter|âge)( (at|bei|au) .*)?|yob|(year of )?birth.*|.*geburt.*|年龄|性别|sexe|geschlecht",
    r"(ajcc|uicc|tnm|clinical|pathologic(al)?|tumou?r|[tnmpc]{1,2}) ?(stage|grade|stadium)( .*)?|stadium|stade|"
    r"[pcy]?[tnm]|tnm|gleason( .*)?|(histologic(al)? )?grade|分期",
    r"ecog( .*)?|karnofsky|kps|bmi|pack years?|smok.*|.*lymph nodes? (positive|examined).*|lvi|pni",
    r".*(treatment|therapy|diagnos|pathologic|histologic|histological|menopause|residual|mutation|ethnic).*",
    r"chemo|radiation( .*)?|race|gender|margin( status)?|type|case|batch|cent(er|re)|site|unnamed.*",
    r"(patient|case|sample|slide|subject) (number|no|nr|id|index)|index|contact.*",
)
NOT_FEATURES = re.compile("|".join((*_OUTCOMES, *_CLINIC)))


def is_outcome_or_clinic(name: str) -> bool:
    """Whether a column's name says that it is no image feature: outcome, follow-up, clinical fact or numbering.

    >>> [is_outcome_or_clinic(name) for name in ("os_months", "VitalStatus", "pT", "nuclear_area", "tumor_area")]
    [True, True, True, False, False]
    """
    parted = re.sub(r"(?<=[a-zäöü])(?=[A-Z][a-z])", " ", name)
    plain = " ".join(re.sub(r"[\W_]+", " ", parted).split()).casefold()
    return name in (*KNOWN, *KEYS) or bool(NOT_GENES.fullmatch(name) or NOT_FEATURES.fullmatch(plain))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureTable:
    """Image features of slides, one vector each.

    Parameters
    ----------
    values : DataFrame
        Index ``slide_id``, sorted; columns are features; float32, NaN where missing.
    slides : Series
        Index as ``values``, value ``case_id``.
    ignored : tuple of str
        Columns that are no features.
    source : dict
        File name, SHA-256 and the features' names.
    """

    values: pd.DataFrame
    slides: pd.Series
    ignored: tuple[str, ...]
    source: dict[str, object]

    @property
    def origin(self) -> BagOrigin:
        """Two tables mix only when they have the same columns: their digest stands for the encoder's weights."""
        columns = [str(column) for column in self.values.columns]
        return BagOrigin(encoder=ENCODER, weights=digest({"columns": columns}), dim=len(columns))

    def of_cases(self, cases: pd.Index) -> FeatureTable:
        """The slides of ``cases`` alone."""
        slides = self.slides[self.slides.isin(cases)]
        return FeatureTable(
            values=self.values.loc[slides.index], slides=slides, ignored=self.ignored, source=self.source
        )

    @property
    def allow_missing(self) -> bool:
        """Slide-level vectors may lack values."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of these slides."""
        missing = int(self.values.isna().to_numpy().sum())
        said = f"{missing} slide features are missing; the training fold's median stands in for them."
        return (said,) if missing else ()

    @property
    def fill(self) -> Callable[[BagWriter], None]:
        """Writes every slide as a bag of one row; for a file that allows missing values."""

        def write(writer: BagWriter) -> None:
            place = np.zeros((1, 2), dtype=np.int32)
            for slide_id, row in zip(self.values.index, self.values.to_numpy(np.float32), strict=True):
                writer.add_slide(str(slide_id), [(row[None], place)], {"level": "slide"})

        return write


def read_feature_table(path: Path) -> FeatureTable:
    """Read a table of slide-level features.

    The case is named by ``case_id`` or ``bcr_patient_barcode``; the slide by ``slide_id``, or by another column that
    ends in ``_ID`` and differs in every line, or by its number among the case's lines.

    Raises
    ------
    BagError
        If no key or no feature column is found, or a feature is not a number; all faults at once.
    """
    table = read_table(path, error=BagError, text=(*KEYS, "slide_id"))
    key = next((name for name in KEYS if name in table.columns), None)
    if key is None:
        raise BagError(f"{table.name} names no patient.", hint=f"Give a column {' or '.join(KEYS[:2])}.")
    if table.frame.empty:
        raise BagError(f"{table.name} has a header but no slide.")
    faults: list[str] = []
    cases = to_text(table.frame[table.positions(key)[0]])
    if cases.isna().any():
        faults.append(f"{key} is missing in {int(cases.isna().sum())} lines")
    chosen = _feature_columns(table)
    if not chosen:
        faults.append("no numeric column is left that is neither an outcome nor a clinical fact")
    values = _read_values(table, chosen, faults)
    slide_ids = _name_slides(table, cases, faults)
    if faults:
        raise BagError(f"{table.name}: {list_faults(faults)}.", hint="One line a slide, one column a feature.")
    values.index = pd.Index(slide_ids, name="slide_id", dtype="str")
    slides = pd.Series(cases.to_numpy(), index=values.index, name="case_id", dtype="str")
    values = values.sort_index()
    taken = set(chosen)
    return FeatureTable(
        values=values, slides=slides.loc[values.index],
        ignored=tuple(name for place, name in enumerate(table.columns) if place not in taken and name != key),
        source={"file": table.name, "sha256": table.sha256, "columns": [str(name) for name in values.columns]},
    )


def _feature_columns(table: TextTable) -> list[int]:
    """Places of the image features."""
    marked = [place for place, name in enumerate(table.columns) if name.endswith(FEATURE_END)]
    if marked:
        return marked
    return [
        place for place, name in enumerate(table.columns)
        if name and not is_outcome_or_clinic(name) and pd.api.types.is_numeric_dtype(table.frame[place])
    ]


def _read_values(table: TextTable, chosen: list[int], faults: list[str]) -> pd.DataFrame:
    names = [table.columns[place] for place in chosen]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        faults.append(f"feature columns stand twice: {name_some(twice)}")
    columns = []
    for place in chosen:
        values, wrong = to_numbers(table.frame[place])
        if wrong.any():
            line = int(np.flatnonzero(wrong)[0]) + 2
            faults.append(f"{table.columns[place]} in line {line} is not a number ({int(wrong.sum())} lines)")
        columns.append(values)
    with np.errstate(over="ignore"):
        block = np.column_stack(columns).astype(np.float32) if columns else np.empty((len(table.frame), 0), np.float32)
    if np.isinf(block).any():
        faults.append("a feature is too large for float32")
    return pd.DataFrame(block, columns=pd.Index(names, dtype="str"))


def _name_slides(table: TextTable, cases: pd.Series, faults: list[str]) -> list[str]:
    if "slide_id" in table.columns:
        named = to_text(table.frame[table.positions("slide_id")[0]]).str.removesuffix(".svs")
        if named.isna().any() or named.duplicated().any() or named.str.contains("/", regex=False).any():
            faults.append("slide_id must be given, without '/', and differ in every line")
        return list(named.fillna(""))
    for place, name in enumerate(table.columns):
        cells = table.frame[place]
        if name.endswith("_ID") and cells.notna().all() and cells.is_unique and pd.api.types.is_integer_dtype(cells):
            return [f"{case}.{cell}" for case, cell in zip(cases, cells, strict=True)]
    return [f"{case}.{number + 1}" for case, number in zip(cases, cases.groupby(cases).cumcount(), strict=True)]
