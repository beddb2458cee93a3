"""A model as fitted on one training fold, with every rule that was fitted along with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from survdash.nets.baselines.fitted import Blocks, Fitted
from survdash.nets.hazards import risk_from_logits, survival_from_logits
from survdash.nets.registry import build
from survdash.training.data import CaseInputs
from survdash.training.discretise import curve_on_grid
from survdash.training.recipe import Recipe
from survdash.training.scaling import Scaler


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What a fold model says of N cases.

    ``risk`` (N,), ``survival`` (N, K) at the months asked for, and ``variants`` (V, N, K): the curve of each random
    deal of the tiles (V = 1 where there is none).
    """

    risk: np.ndarray
    survival: np.ndarray
    variants: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldModel:
    """One fitted fold.

    Parameters
    ----------
    recipe : Recipe
    groups : tuple of ndarray
        Positions of each gene group in the gene row.
    tile_dim : int or None
    gene_scaler, tile_scaler : Scaler or None
    edges : ndarray, shape (B + 1,)
        Time bins in months; for a closed fit (0, longest follow-up).
    network : nn.Module or None
        In evaluation mode.
    fitted : Fitted or None
        Result of a closed fit; exactly one of it and ``network`` is there.
    """

    recipe: Recipe
    groups: tuple[np.ndarray, ...]
    tile_dim: int | None
    gene_scaler: Scaler | None
    tile_scaler: Scaler | None
    edges: np.ndarray
    network: nn.Module | None
    fitted: Fitted | None

    def score(self, inputs: CaseInputs, months: np.ndarray) -> Scores:
        """Risk and survival of N cases at (K,) months within the training follow-up."""
        if self.fitted is not None:
            blocks = model_blocks(inputs, self)
            survival = self.fitted.survival(blocks, months)
            return Scores(risk=self.fitted.risk(blocks), survival=survival, variants=survival[None])
        if self.network is None:
            raise TypeError("A fold model holds either a network or a closed fit.")
        device = next(self.network.parameters()).device
        with torch.inference_mode(), one_thread():
            output = self.network(*network_inputs(inputs, self, device=device))
        risk = risk_from_logits(output.logits).double().cpu().numpy()
        survival, variants = (
            curve_on_grid(survival_from_logits(logits).double().cpu().numpy(), self.edges, months)
            for logits in (output.logits, output.variants)
        )
        return Scores(risk=risk, survival=survival, variants=variants)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread, so that no result depends on how many the machine has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def network_inputs(inputs: CaseInputs, fold: FoldModel, *, device: torch.device) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Scale and lay out N cases for ``network(tiles, lengths, genes)``."""
    tiles, lengths = torch.zeros(0, 0), torch.zeros(0, dtype=torch.long)
    if inputs.bags is not None and fold.tile_scaler is not None:
        scaled = [fold.tile_scaler.apply(bag) for bag in inputs.bags]
        tiles = torch.from_numpy(np.concatenate(scaled))
        lengths = torch.tensor([len(bag) for bag in scaled])
    genes: list[Tensor] = []
    if inputs.genes is not None and fold.gene_scaler is not None:
        row = fold.gene_scaler.apply(inputs.genes)
        genes = [torch.from_numpy(row[:, group]).to(device) for group in fold.groups]
    return tiles.to(device), lengths.to(device), genes


def model_blocks(inputs: CaseInputs, fold: FoldModel) -> Blocks:
    """What a closed fit sees of N cases: scaled genes, mean of the scaled tiles; one (N, P) float64 table each."""
    blocks: dict[str, np.ndarray] = {}
    if inputs.genes is not None and fold.gene_scaler is not None:
        blocks["genes"] = fold.gene_scaler.apply(inputs.genes).astype(np.float64)
    if inputs.bags is not None and fold.tile_scaler is not None:
        scaled = (fold.tile_scaler.apply(bag) for bag in inputs.bags)
        blocks["slide"] = np.stack([bag.astype(np.float64).mean(axis=0) for bag in scaled])
    return blocks


def build_network(recipe: Recipe, groups: Sequence[np.ndarray], tile_dim: int | None) -> nn.Module:
    """The untrained network of a recipe."""
    options: Mapping[str, object] = recipe.options
    return build(
        recipe.model, tile_dim=tile_dim, gene_dims=[len(group) for group in groups], bins=recipe.bins, **options
    )
