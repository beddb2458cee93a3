"""What each tile had to do with the risk and with each gene group, from the pass that gives the risk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from survdash.case import Bag
from survdash.explanation.case_risk import CaseRisk
from survdash.explanation.record import TileMap
from survdash.nets.output import Explained
from survdash.training.data import CaseInputs
from survdash.training.fold_model import FoldModel, network_inputs, one_thread

DEALS = 64  # with few deals neighbours in a deal cannot be told apart


def map_tiles(case: CaseRisk, bag: Bag, *, titles: Sequence[str]) -> TileMap | None:
    """Tile weight, attention and transport plan, each the mean over the fold models and their networks.

    Parameters
    ----------
    case : CaseRisk
    bag : Bag
        The tiles of the case in the order of its inputs.
    titles : sequence of J str

    Returns
    -------
    TileMap or None
        None for a model without a tile explanation, or a case without a slide.
    """
    if "slide" not in case.parts:
        return None
    found = [one for fold in case.folds for one in explain_all(fold, case.inputs, deals=DEALS)]
    weights = [one.tile_weight for one in found if one.tile_weight is not None]
    if not weights:
        return None
    attention = [one.tile_attention for one in found if one.tile_attention is not None]
    plan = [one.tile_plan for one in found if one.tile_plan is not None]
    weight = _mean(weights)
    return TileMap(
        coords=bag.coords, slide_index=bag.slide_index, weight=weight,
        groups=tuple(titles) if attention or plan else (), attention=_mean(attention) if attention else None,
        plan=_mean(plan) if plan else None,
    )


def fused_vectors(fold: FoldModel, inputs: CaseInputs) -> np.ndarray | None:
    """The vector H that the risk is read from, of N cases: (N, W) float32, those of several networks side by side.

    None for a model that has no such vector.
    """
    found = [one.fused.float().cpu().numpy() for one in explain_all(fold, inputs, deals=None)]
    return np.concatenate(found, axis=1) if found else None


def explain_all(fold: FoldModel, inputs: CaseInputs, *, deals: int | None) -> Iterator[Explained]:
    """What each network of a fold that can explain itself looked at."""
    for network in fold.networks:
        explain: Callable[..., Explained] | None = getattr(network, "explain", None)
        if explain is not None:
            laid = network_inputs(inputs, fold, device=next(network.parameters()).device)
            with one_thread():
                made = explain(*laid, deals=deals)
            yield made


def _mean(tables: Sequence[torch.Tensor]) -> np.ndarray:
    made: np.ndarray = torch.stack([table.double() for table in tables]).mean(dim=0).float().cpu().numpy()
    return made
