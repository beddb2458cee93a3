"""Which outcome to study: OS, DSS, PFI and DFI of TCGA, and what their makers advise for each cancer."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from survdash.errors import UnknownNameError
from survdash.language import later

Advice = Literal["recommended", "with caution", "not recommended", "not available", "unknown"]
TABLE = Path(__file__).with_name("endpoints.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An outcome: its short name, its full one, and what counts as the event."""

    name: str
    title: str
    event: str


ENDPOINTS: dict[str, Endpoint] = {
    "OS": Endpoint(name="OS", title=later("Overall survival"), event="death from any cause"),
    "DSS": Endpoint(name="DSS", title=later("Disease-specific survival"), event="death from this cancer"),
    "PFI": Endpoint(
        name="PFI", title=later("Progression-free interval"),
        event="progression, recurrence, a new tumour, or death with the tumour present",
    ),
    "DFI": Endpoint(
        name="DFI", title=later("Disease-free interval"),
        event="recurrence or a new primary of this tumour after the patient was once free of it",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAdvice:
    """What TCGA's Clinical Data Resource says of one endpoint in one cancer; ``reason`` may be empty."""

    endpoint: Endpoint
    advice: Advice
    reason: str


def endpoint_advice(cancer: str, endpoint: str) -> EndpointAdvice:
    """Look up one endpoint of one cancer.

    Parameters
    ----------
    cancer : str
        TCGA's abbreviation, with or without "TCGA-", in any case: "BLCA", "tcga-luad".
    endpoint : {"OS", "DSS", "PFI", "DFI"}

    Returns
    -------
    EndpointAdvice
        "unknown" for a cancer that is not in the table.

    Raises
    ------
    UnknownNameError
        If there is no such endpoint.

    Notes
    -----
    Source: Liu et al. (2018), Cell 173, 400-416, table 3. The advice is about TCGA's data (length of follow-up, number
    of events), not about the cancer: another cohort of the same cancer may allow more or less.
    """
    name = endpoint.upper()
    if name not in ENDPOINTS:
        raise UnknownNameError(f"No endpoint is called {endpoint!r}.", hint=f"Known: {', '.join(ENDPOINTS)}.")
    row = _table().get(cancer.upper().removeprefix("TCGA-"))
    advice: Advice = "unknown" if row is None else row[name]  # type: ignore[assignment]
    reason = "The cancer is not among the 33 of TCGA." if row is None else row["reason"]
    return EndpointAdvice(endpoint=ENDPOINTS[name], advice=advice, reason=reason)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["cancer"]: row for row in csv.DictReader(lines)}
