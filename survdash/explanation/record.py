"""What an explanation holds, and its way through a JSON file; reading it costs no torch."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

SCHEMA = 2
Level = Literal["like", "unlike", "far"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneShare:
    """One gene column in one group: its ``value`` in standard deviations from the training mean, and its share."""

    group: str
    column: str
    value: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneShares:
    """What the genes add to the risk, against a patient whose genes are all at the training mean.

    Parameters
    ----------
    difference : float
        Risk minus the risk with all genes at the mean; the shares of all columns add up to it, but for ``gap``.
    gap : float
        Sum of the shares minus ``difference``.
    complete : bool
        Whether the gap is within the tolerance of ``explanation.gene_shares``.
    steps : int
        Points of the path at which gradients were taken; 0 for a model whose shares are exact.
    groups : tuple of (title, share)
        Sum of each functional group.
    top : tuple of GeneShare
        The columns of each group with the largest shares, group by group, the largest first.
    """

    difference: float
    gap: float
    complete: bool
    steps: int
    groups: tuple[tuple[str, float], ...]
    top: tuple[GeneShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shapley shares of the parts of a case in its risk.

    ``risk`` is the mean over the fold models, ``baseline`` the same where no part is there; ``shares`` add up to their
    difference. ``stand_ins`` says for each part what took its place.
    """

    risk: float
    baseline: float
    shares: Mapping[str, float]
    stand_ins: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileMap:
    """What each of M tiles had to do with the risk, and with each of J gene groups.

    Parameters
    ----------
    coords : ndarray, shape (M, 2)
        Top-left corners at level 0.
    slide_index : ndarray, shape (M,)
    weight : ndarray, shape (M,)
        Sums to 1.
    groups : tuple of str
        Titles of the J gene groups; empty where the model looks at no genes.
    attention : ndarray, shape (M, J), or None
        Each column sums to 1.
    plan : ndarray, shape (M, J), or None
        Each column sums to 1/J.
    """

    coords: np.ndarray
    slide_index: np.ndarray
    weight: np.ndarray
    groups: tuple[str, ...]
    attention: np.ndarray | None
    plan: np.ndarray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerRow:
    """What is predicted from ``parts``, by which model, and on which side of that model's cut it falls.

    ``at`` holds the probability to be alive at 12, 36 and 60 months, None beyond the follow-up.
    """

    parts: str
    model: str
    risk: float
    group: str | None
    at: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """Slide only, genes only, and all; ``disagree`` is None where one of the two sides is missing or has no cut."""

    rows: tuple[LedgerRow, ...]
    disagree: bool | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A patient of the cohort whom the model sees as like this one, and what happened.

    ``farness`` is the share of pairs of patients of the same fold that lie closer together than these two.
    """

    case_id: str
    fold: int
    farness: float
    risk: float
    time_months: float
    died: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Familiarity:
    """How like the training cohort's a case's ``part`` ("genes" or "slide") is.

    ``distance`` is in units of the warning's limit: above 1 it is unlike (5 of 100 held-out patients are), above
    ``far_limit`` it is farther off than any patient that the model learnt from by a wide margin. ``percentile`` is the
    rank among the held-out patients.
    """

    part: str
    distance: float
    percentile: float
    far_limit: float

    @property
    def level(self) -> Level:
        """In one word."""
        if self.distance > self.far_limit:
            return "far"
        return "unlike" if self.distance > 1 else "like"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Everything that is said of why; a part that cannot be said is None, and ``notes`` says why."""

    case_id: str
    model: str
    model_version: str
    role: str
    familiarity: tuple[Familiarity, ...]
    shares: Shares
    slides: Shares | None
    genes: GeneShares | None
    tiles: TileMap | None
    ledger: Ledger
    neighbours: tuple[Neighbour, ...]
    notes: tuple[str, ...]


def explanation_to_json(explanation: Explanation) -> dict[str, object]:
    """Plain JSON values; the tile map's tables as base64 of little-endian numbers."""
    plain = asdict(explanation)
    if explanation.tiles is not None:
        tiles = plain["tiles"]
        for name, kind in (("coords", "<i4"), ("slide_index", "<i4"), ("weight", "<f4"), ("attention", "<f4"),
                           ("plan", "<f4")):  # fmt: skip
            if tiles[name] is not None:
                tiles[name] = _pack(tiles[name], kind)
    return plain | {"schema": SCHEMA}


def explanation_from_json(values: Mapping[str, Any]) -> Explanation:
    """The explanation that ``explanation_to_json`` wrote."""
    parts = {name: value for name, value in values.items() if name != "schema"}
    genes, tiles, slides, ledger = (parts[name] for name in ("genes", "tiles", "slides", "ledger"))
    rows = tuple(LedgerRow(**{**row, "at": tuple(row["at"])}) for row in ledger["rows"])
    return Explanation(**parts | {
        "familiarity": tuple(Familiarity(**one) for one in parts["familiarity"]),
        "shares": Shares(**parts["shares"]), "slides": None if slides is None else Shares(**slides),
        "genes": None if genes is None else GeneShares(**genes | {
            "groups": tuple((title, share) for title, share in genes["groups"]),
            "top": tuple(GeneShare(**one) for one in genes["top"]),
        }),
        "tiles": None if tiles is None else TileMap(**tiles | {"groups": tuple(tiles["groups"])} | {
            name: None if tiles[name] is None else _unpack(tiles[name])
            for name in ("coords", "slide_index", "weight", "attention", "plan")
        }),
        "ledger": Ledger(rows=rows, disagree=ledger["disagree"], notes=tuple(ledger["notes"])),
        "neighbours": tuple(Neighbour(**one) for one in parts["neighbours"]), "notes": tuple(parts["notes"]),
    })  # fmt: skip


def _pack(table: np.ndarray, kind: str) -> dict[str, object]:
    data = base64.b64encode(np.ascontiguousarray(table, kind).tobytes()).decode("ascii")
    return {"kind": kind, "shape": list(table.shape), "data": data}


def _unpack(packed: Mapping[str, Any]) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(packed["data"]), packed["kind"])
    return flat.reshape(packed["shape"])
