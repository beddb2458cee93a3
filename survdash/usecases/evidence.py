"""The figures of the documentation, written by the same hand as those of the Compare page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from survdash.errors import InputError
from survdash.figures.words import p_text
from survdash.store import write_text

HEADS = ("method", "reads", "c, mean ± sd of folds", "95 % of the mean", "less the first (95 %, paired)", "p, Holm")


def comparison_lines(table: pd.DataFrame) -> list[str]:
    """What ``compare_models`` gives as a table of Markdown, a line a method."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for row in table.to_dict("records"):
        paired = row["p_holm"] == row["p_holm"]
        gap = f"{row['difference']:+.3f} ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"
        cells = (row["title"], row["modalities"], f"{row['mean']:.3f} ± {row['sd']:.3f}",
                 f"{row['low']:.3f} to {row['high']:.3f}", gap if paired else "–",
                 p_text(row["p_holm"]) if paired else "–")  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def block_of(name: str, text: str) -> str | None:
    """What stands between the marks of a cohort in a page of the documentation; None where it has none."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n(.*?)\n<!-- / -->", text, flags=re.DOTALL)
    return None if found is None else found[1]


def write_block(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put lines, such as a cohort's figures, between their marks in a page; all else stays.

    Raises
    ------
    InputError
        If the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    old = block_of(name, text)
    if old is None:
        raise InputError(f"{page.name} has no place for the figures of {name}.",
                         hint=f"Write <!-- {name} --> and <!-- / --> on lines of their own.")  # fmt: skip
    new = "\n".join(lines)
    write_text(page, text.replace(f"<!-- {name} -->\n{old}\n<!-- / -->", f"<!-- {name} -->\n{new}\n<!-- / -->"))
