"""Tables that leave the house: CSV that a spreadsheet cannot be tricked with, LaTeX, and what made them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from survdash import __version__
from survdash.artefact import INTENDED_USE
from survdash.figures.words import p_text
from survdash.prediction import LANDMARKS, Prediction
from survdash.session_token import pseudonym
from survdash.sources.identity_check import names_people

DANGEROUS = ("=", "+", "-", "@", "\t", "\n")
LATEX_HEADS = ("Method", "Reads", "Folds", "Seeds", "C-index", r"95\,\% CI", r"Difference (95\,\% CI)", r"$p$")
LATEX_LETTERS = str.maketrans({
    **{letter: f"\\{letter}" for letter in "&%$#_{}"}, "\\": r"\textbackslash{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "±": r"$\pm$", "–": "--",
    "×": r"$\times$", "µ": r"$\mu$", "…": r"\ldots{}",
})


class Described(Protocol):
    """A cohort as far as an export tells of it, with its patients here or not."""

    @property
    def name(self) -> str:
        """Its identifier."""

    @property
    def title(self) -> str:
        """Its name in words."""

    @property
    def endpoint(self) -> str:
        """The outcome in words."""

    @property
    def simulated(self) -> bool:
        """True for patients that never lived."""

    @property
    def digest(self) -> str:
        """What changes when it changes."""

    @property
    def source(self) -> Mapping[str, Any]:
        """Where its tables came from."""


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


def without_names(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Predictions with pseudonyms for case ids that look like names, dates or numbers of people; study numbers stay."""
    if not names_people([one.case_id for one in predictions]):
        return list(predictions)
    return [replace(one, case_id=pseudonym(one.case_id)) for one in predictions]


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


def export_comparison(table: pd.DataFrame, cohort: Described, *, versions: Mapping[str, str]) -> Export:
    """One row a method, as ``usecases.compare_models`` gives them, with the cohort and the intended use in each.

    Parameters
    ----------
    table : DataFrame
        Column ``run`` and any others of plain values.
    cohort : Described
    versions : mapping
        Run to the version of its trained model.
    """
    # Series iterate as plain Python values, which safe_cell knows.
    cells = zip(*(table[column] for column in table.columns), strict=True)
    rows = [[cohort.name, *row, cohort.simulated, INTENDED_USE] for row in cells]
    provenance = _comparison_provenance(table, cohort, versions)
    return Export(csv=write_csv(["cohort", *table.columns, "simulated", "notice"], rows), provenance=provenance)


def _comparison_provenance(table: pd.DataFrame, cohort: Described, versions: Mapping[str, str]) -> dict[str, object]:
    return {
        "cohort": cohort.name, "cohort_digest": cohort.digest, "simulated": cohort.simulated,
        "sources": dict(cohort.source), "model_versions": {run: versions[run] for run in table["run"]},
        "software": f"survdash {__version__}", "notice": INTENDED_USE, "rows": len(table),
    }


def latex_text(words: object) -> str:
    r"""Words that LaTeX prints letter by letter.

    Examples
    --------
    >>> print(latex_text("50 % of a_b & ~{c}\\d"))
    50 \% of a\_b \& \textasciitilde{}\{c\}\textbackslash{}d
    """
    return " ".join(str(words).split()).translate(LATEX_LETTERS)


def latex_comparison(table: pd.DataFrame, cohort: Described, *, versions: Mapping[str, str]) -> str:
    """The comparison as a ``table`` of LaTeX with booktabs rules, its provenance in comments above.

    Mean ± standard deviation over the folds, the best in bold where it is one; the paper's numbers, where there are
    any, in a column of their own that the caption names the source of.

    Parameters
    ----------
    table, cohort, versions
        As in ``export_comparison``, with all columns of ``usecases.compare_models``.
    """
    with_published = bool(table["published"].notna().any())
    heads = [*LATEX_HEADS, *(["Published"] if with_published else [])]
    lines = [
        *(f"% {' '.join(line.split())}" for line in _latex_origin(table, cohort, versions)),
        r"% Needs \usepackage{booktabs}.", r"\begin{table}", r"\centering", r"\small",
        rf"\caption{{{_latex_caption(table, cohort)}}}",
        rf"\begin{{tabular}}{{llrr{'c' * (len(heads) - 4)}}}", r"\toprule", " & ".join(heads) + r" \\", r"\midrule",
        *(" & ".join(_latex_cells(row)[:len(heads)]) + r" \\" for row in table.to_dict("records")),
        r"\bottomrule", r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _latex_cells(row: Mapping[Hashable, Any]) -> list[str]:
    """All cells of one run, the published one last."""
    mean = rf"${row['mean']:.3f} \pm {row['sd']:.3f}$"
    paired = row["p_holm"] == row["p_holm"]
    gap = f"${row['difference']:+.3f}$ ({_signed(row['difference_low'])} to {_signed(row['difference_high'])})"
    p_value = p_text(row["p_holm"]).replace("<", "$<$")
    return [
        latex_text(row["title"]), latex_text(row["modalities"]), f"{row['folds']}, {latex_text(row['fold_source'])}",
        str(row["seeds"]), rf"\textbf{{\boldmath {mean}}}" if row["best"] else mean,
        f"{row['low']:.3f}--{row['high']:.3f}", gap if paired else "--", p_value if paired else "--",
        "--" if row["published"] != row["published"] else f"{row['published']:.3f}",
    ]  # fmt: skip


def _signed(value: float) -> str:
    return f"${value:+.3f}$"


def _latex_caption(table: pd.DataFrame, cohort: Described) -> str:
    simulated = " Simulated patients: they never lived." if cohort.simulated else ""
    words = (
        f"C-index of each method on {int(table['common'].iloc[0])} patients of {cohort.title}, outcome "
        f"{cohort.endpoint}; mean and standard deviation over the held-out folds, 95 % interval by bootstrap over "
        "patients. The difference is to the first row, paired, its p-value corrected by Holm; a run on other folds has "
        f"none. Seeds are networks a fold, averaged.{simulated}"
    )
    sources = sorted({source for source in table["published_source"] if source})
    if sources:
        notes = ", ".join(sorted({note for note in table["published_note"] if note}))
        words += f" Last column: {notes}, from {' and '.join(sources)}; not ranked or tested with ours."
    return latex_text(f"{words} {INTENDED_USE}")


def _latex_origin(table: pd.DataFrame, cohort: Described, versions: Mapping[str, str]) -> list[str]:
    made = _comparison_provenance(table, cohort, versions)
    runs = [f"Run {run}, version {versions[run]}." for run in table["run"]]
    return [f"Made by {made['software']} of cohort {cohort.name}, digest {cohort.digest}.", *runs, INTENDED_USE]
