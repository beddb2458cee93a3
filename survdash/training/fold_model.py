"""A model as fitted on one training fold, with every rule that was fitted along with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from survdash.nets.baselines.cox_ridge import LinearCox, balance_blocks
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
        Time bins in months; for a Cox model (0, longest follow-up).
    network : nn.Module or None
        In evaluation mode.
    cox : LinearCox or None
        Exactly one of ``network`` and ``cox`` is there.
    """

    recipe: Recipe
    groups: tuple[np.ndarray, ...]
    tile_dim: int | None
    gene_scaler: Scaler | None
    tile_scaler: Scaler | None
    edges: np.ndarray
    network: nn.Module | None
    cox: LinearCox | None

    def score(self, inputs: CaseInputs, months: np.ndarray) -> Scores:
        """Risk and survival of N cases at (K,) months within the training follow-up."""
        if self.cox is not None:
            features = linear_features(inputs, self.gene_scaler, self.tile_scaler)
            survival = self.cox.survival(features, months)
            return Scores(risk=self.cox.risk(features), survival=survival, variants=survival[None])
        if self.network is None:
            raise TypeError("A fold model holds either a network or a Cox model.")
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


def linear_features(inputs: CaseInputs, gene_scaler: Scaler | None, tile_scaler: Scaler | None) -> np.ndarray:
    """Features of a linear model: scaled genes, mean of the scaled tiles, or both balanced; (N, P) float64."""
    blocks = []
    if inputs.genes is not None and gene_scaler is not None:
        blocks.append(gene_scaler.apply(inputs.genes).astype(np.float64))
    if inputs.bags is not None and tile_scaler is not None:
        blocks.append(np.stack([tile_scaler.apply(bag).astype(np.float64).mean(axis=0) for bag in inputs.bags]))
    return balance_blocks(blocks)


def build_network(recipe: Recipe, groups: Sequence[np.ndarray], tile_dim: int | None) -> nn.Module:
    """The untrained network of a recipe."""
    options: Mapping[str, object] = recipe.options
    return build(
        recipe.model, tile_dim=tile_dim, gene_dims=[len(group) for group in groups], bins=recipe.bins, **options
    )
