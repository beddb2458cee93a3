"""Reading the R reference values that lie beside the repository; how they were made stands in their README."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "oracles"
FILES = ("r_oracles.json", "r_oracles_builtin.json")
SPLITS = ("at_cutpoint", "at_median", "at_median_ge")


@dataclass(frozen=True)
class Entry:
    """What R was given, and what it answered."""

    risk: np.ndarray
    time: np.ndarray
    event: np.ndarray
    fold: np.ndarray | None
    answer: dict[str, Any]


@lru_cache
def answers() -> dict[str, dict[str, Any]]:
    """Entries by id; empty where the folder is absent."""
    if not FOLDER.is_dir():
        return {}
    return {e["id"]: e for name in FILES for e in json.loads((FOLDER / name).read_text())["entries"]}


@lru_cache
def table(name: str) -> pd.DataFrame:
    # Each float is read back to the digit: an ulp away, the patient on the cutpoint would change sides. (The csv
    # module's floats are exact on every pandas; read_csv's default parser is not on all.)
    text = pd.read_csv(FOLDER / name, dtype=str, keep_default_na=False)
    for column in text.columns:
        try:
            text[column] = np.array([float(cell) if cell not in ("", "NA") else math.nan for cell in text[column]])
        except ValueError:
            continue  # a column of words
    return text


def ids(block: str) -> list[str]:
    """Ids of entries for which R computed this block."""
    return [key for key, e in answers().items() if e["status"] == "ok" and block in e] or ["absent"]


def refused() -> list[str]:
    """Ids of entries for which R has no answer."""
    return [key for key, e in answers().items() if e["status"] != "ok"] or ["absent"]


def load_entry(key: str) -> Entry:
    """The data and R's answer; skips where the reference values are absent."""
    if not answers():
        pytest.skip("no R reference values beside the repository")
    answer = answers()[key]
    if "file" in answer:
        rows = table(answer["file"])
        name = key.split("/")[1].split("[")[0]
        if "~" in name:  # counts by cover, without follow-up: the counts stand where the times would
            rows = rows.assign(event=1.0)
        outcome, _, risk_name = name.rpartition("~")
        risk = rows[risk_name].to_numpy(float)
        fold = None
        time = rows[outcome or "time"]
    else:
        every = table("mcat_iccv_risks.csv")
        rows = every[(every["cohort"] == answer["cohort"]) & (every["method"] == answer["method"])]
        risk = rows["risk" if answer["variant"] == "raw" else "risk_z"].to_numpy(float)
        fold = rows["fold"].to_numpy(int)
        time = rows["survival_months"]
    known = ~np.isnan(risk)
    return Entry(
        risk=risk[known],
        time=time.to_numpy(float)[known],
        event=rows["event"].to_numpy(float)[known] == 1,
        fold=None if fold is None else fold[known],
        answer=answer,
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each entry of the kind it asks for."""
    for fixture, chosen in (("any_entry", ids("maxstat")), ("refused_entry", refused())):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, chosen, indirect=True)


@pytest.fixture
def any_entry(request: pytest.FixtureRequest) -> Entry:
    """Each entry with an answer; every one has a maximally selected statistic."""
    return load_entry(request.param)


@pytest.fixture
def refused_entry(request: pytest.FixtureRequest) -> Entry:
    """Each entry without."""
    return load_entry(request.param)


@pytest.fixture
def entry_by_id() -> Callable[[str], Entry]:
    """Load one named entry."""
    return load_entry


@pytest.fixture
def reference_table() -> Callable[[str], pd.DataFrame]:
    """Load one csv file of the reference values."""
    if not answers():
        pytest.skip("no R reference values beside the repository")
    return table
