"""Tables that leave the house: CSV that a spreadsheet cannot be tricked with, and a sidecar that says what made it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from survdash import __version__
from survdash.artefact import INTENDED_USE
from survdash.cohort import Cohort
from survdash.prediction import LANDMARKS, Prediction

DANGEROUS = ("=", "+", "-", "@", "\t", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A CSV text and its provenance (plain JSON); equal inputs give equal bytes."""

    csv: str
    provenance: Mapping[str, object]

    def sidecar(self) -> str:
        """The provenance as JSON text, with the hash of the CSV it belongs to."""
        values = dict(self.provenance) | {"csv_sha256": hashlib.sha256(self.csv.encode()).hexdigest()}
        return json.dumps(values, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def safe_cell(value: object) -> str:
    """Text of one cell; text that a spreadsheet would run as a formula gets an apostrophe in front.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell(-0.25), safe_cell(None)
    ("'=1+1", '-0.250000', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "" if value != value else f"{value:.6f}"
    # A carriage return alone ends a line for some readers and not for others.
    text = str(value).replace("\r", " ")
    return f"'{text}" if text.startswith(DANGEROUS) else text


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text with a header row, every cell made safe."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_cell(column) for column in columns])
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def export_predictions(predictions: Sequence[Prediction]) -> Export:
    """One row a case: who, by what, risk, percentile, group, survival with its band at 12, 36 and 60 months.

    A horizon beyond the data the model was trained on is an empty cell; so are the bounds of a prediction that has no
    band, because equal numbers would read as certainty.
    """
    spans = [(kind, month) for month in LANDMARKS for kind in ("survival", "low", "high")]
    columns = [
        "case_id", "cohort", "model", "role", "fold", "risk", "percentile", "group", "cutpoint",
        *(f"{kind}_{month}_months" for kind, month in spans), "warnings", "model_version", "simulated", "notice",
    ]
    rows = []
    for one in predictions:
        values = {
            (kind, month): value
            for month in LANDMARKS
            for kind, value in zip(("survival", "low", "high"), one.at(month) or (None,) * 3, strict=True)
            if kind == "survival" or one.has_band
        }
        rows.append([
            one.case_id, one.cohort, one.model, one.role, None if one.fold is None else one.fold + 1, one.risk,
            one.percentile, one.group, one.cutpoint, *(values.get(span) for span in spans), " | ".join(one.warnings),
            one.model_version, one.simulated, INTENDED_USE,
        ])
    provenance = dict(predictions[0].provenance) if predictions else {}
    return Export(csv=write_csv(columns, rows), provenance=provenance | {"notice": INTENDED_USE, "rows": len(rows)})


def export_comparison(table: pd.DataFrame, cohort: Cohort, *, versions: Mapping[str, str]) -> Export:
    """One row a method, as ``usecases.compare_models`` gives them, with the cohort and the intended use in each.

    Parameters
    ----------
    table : DataFrame
        Column ``run`` and any others of plain values.
    cohort : Cohort
    versions : mapping
        Run to the version of its trained model.
    """
    # Series iterate as plain Python values, which safe_cell knows.
    cells = zip(*(table[column] for column in table.columns), strict=True)
    rows = [[cohort.name, *row, cohort.simulated, INTENDED_USE] for row in cells]
    provenance = {
        "cohort": cohort.name, "cohort_digest": cohort.digest, "simulated": cohort.simulated,
        "sources": dict(cohort.source), "model_versions": {run: versions[run] for run in table["run"]},
        "software": f"survdash {__version__}", "notice": INTENDED_USE, "rows": len(rows),
    }
    return Export(csv=write_csv(["cohort", *table.columns, "simulated", "notice"], rows), provenance=provenance)
