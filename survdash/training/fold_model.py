"""A model as fitted on one training fold, with every rule that was fitted along with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from survdash.nets.baselines.fitted import Blocks, Fitted
from survdash.nets.baselines.linear_paths import NETWORK, PRIOR, Blend
from survdash.nets.hazards import risk_from_logits, survival_from_logits
from survdash.nets.output import Output
from survdash.nets.registry import build
from survdash.training.baseline import Baseline
from survdash.training.clinical import WIDTH as CLINICAL_WIDTH
from survdash.training.clinical import ClinicalEncoder
from survdash.training.data import CaseInputs
from survdash.training.discretise import curve_on_grid
from survdash.training.recalibration import Recalibration
from survdash.training.recipe import Recipe
from survdash.training.scaling import Scaler


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What a fold model says of N cases.

    ``risk`` (N,), ``survival`` (N, K) at the months asked for, and ``variants`` (V, N, K): the curve of each network
    of the fold and each random deal of the tiles (V = 1 where there is one of both).
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
    clinical : ClinicalEncoder or None
    edges : ndarray, shape (B + 1,)
        Time bins in months; for a Cox loss or a closed fit (0, longest follow-up).
    networks : tuple of nn.Module
        One a seed, in evaluation mode.
    baselines : tuple of Baseline
        Of each network, where the Cox loss was used; else empty.
    blends : tuple of Blend
        Of each network, where classical paths stand beside it; else empty.
    prior : ndarray, shape (G,), or None
        What other cohorts say of the scaled genes (``gene_prior``), where a path reads it.
    fitted : Fitted or None
        Result of a closed fit; either it or a network is there.
    recalibration : Recalibration or None
        What held-out patients say of the curves; None until they are known, where too few died, or where the blend's
        own curve is of held-out patients.
    """

    recipe: Recipe
    groups: tuple[np.ndarray, ...]
    tile_dim: int | None
    gene_scaler: Scaler | None
    tile_scaler: Scaler | None
    clinical: ClinicalEncoder | None = None
    edges: np.ndarray
    networks: tuple[nn.Module, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    blends: tuple[Blend, ...] = ()
    prior: np.ndarray | None = None
    fitted: Fitted | None = None
    recalibration: Recalibration | None = None

    @property
    def network(self) -> nn.Module | None:
        """The network, or that of the first of several seeds; None for a closed fit."""
        return self.networks[0] if self.networks else None

    def score(self, inputs: CaseInputs, months: np.ndarray) -> Scores:
        """Risk and survival of N cases at (K,) months within the training follow-up, recalibrated where that is known.

        Several networks are averaged: their risks, and their curves month by month.
        """
        if self.recalibration is None:
            return self.score_raw(inputs, months)
        own = self.recalibration
        said = self.score_raw(inputs, own.horizon[None])
        return Scores(
            risk=said.risk, survival=own.curves(said.survival[..., 0], months),
            variants=own.curves(said.variants[..., 0], months),
        )

    def score_raw(self, inputs: CaseInputs, months: np.ndarray) -> Scores:
        """The same as the fold's own fit has it."""
        if self.fitted is not None:
            blocks = model_blocks(inputs, self)
            survival = self.fitted.survival(blocks, months)
            return Scores(risk=self.fitted.risk(blocks), survival=survival, variants=survival[None])
        if not self.networks:
            raise TypeError("A fold model holds either a network or a closed fit.")
        device = next(self.networks[0].parameters()).device
        laid = network_inputs(inputs, self, device=device)
        blocks = model_blocks(inputs, self) if self.blends else {}
        each = [self._score_one(number, laid, blocks, months=months) for number in range(len(self.networks))]
        return Scores(
            risk=np.mean([one.risk for one in each], axis=0), survival=np.mean([one.survival for one in each], axis=0),
            variants=np.concatenate([one.variants for one in each]),
        )

    def _score_one(self, number: int, laid: NetworkInputs, blocks: Blocks, *, months: np.ndarray) -> Scores:
        with torch.inference_mode(), one_thread():
            output: Output = self.networks[number](*laid)
            risk, risks = (self._risk(number, logits) for logits in (output.logits, output.variants))
            if self.blends:
                blend = self.blends[number]
                mean, *each = ({**blocks, NETWORK: one[:, None]} for one in (risk, *risks))
                return Scores(
                    risk=blend.risk(mean), survival=blend.survival(mean, months),
                    variants=np.stack([blend.survival(one, months) for one in each]),
                )
            if self.baselines:
                survival, variants = (
                    self.baselines[number].survival(logits[..., 0].double().cpu().numpy(), months)
                    for logits in (output.logits, output.variants)
                )
            else:
                survival, variants = (
                    curve_on_grid(survival_from_logits(logits).double().cpu().numpy(), self.edges, months)
                    for logits in (output.logits, output.variants)
                )
        return Scores(risk=risk, survival=survival, variants=variants)

    def _risk(self, number: int, logits: Tensor) -> np.ndarray:
        """Risk by logits (..., N, B) of one network: (..., N)."""
        if self.baselines:
            return self.baselines[number].risk(logits[..., 0].double().cpu().numpy())
        result: np.ndarray = risk_from_logits(logits).double().cpu().numpy()
        return result


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread, so that no result depends on how many the machine has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


NetworkInputs = tuple[Tensor, Tensor, list[Tensor]] | tuple[Tensor, Tensor, list[Tensor], Tensor]


def network_inputs(inputs: CaseInputs, fold: FoldModel, *, device: torch.device) -> NetworkInputs:
    """Scale and lay out N cases for ``network(tiles, lengths, genes)``, with clinical facts where they are read.

    Where the network has learnt stand-ins, genes that are missing altogether stay NaN, for it to see that they are.
    """
    tiles, lengths = torch.zeros(0, 0), torch.zeros(0, dtype=torch.long)
    if inputs.bags is not None and fold.tile_scaler is not None:
        scaled = [fold.tile_scaler.apply(bag) for bag in inputs.bags]
        tiles = torch.from_numpy(np.concatenate(scaled))
        lengths = torch.tensor([len(bag) for bag in scaled])
    genes: list[Tensor] = []
    if inputs.genes is not None and fold.gene_scaler is not None:
        row = fold.gene_scaler.apply(inputs.genes)
        if fold.recipe.allows_missing:
            row[np.isnan(inputs.genes).all(axis=1)] = np.nan
        genes = [torch.from_numpy(row[:, group]).to(device) for group in fold.groups]
    tiles, lengths = tiles.to(device), lengths.to(device)
    if inputs.clinical is None or fold.clinical is None:
        return tiles, lengths, genes
    return tiles, lengths, genes, torch.from_numpy(fold.clinical.apply(inputs.clinical)).to(device)


def model_blocks(inputs: CaseInputs, fold: FoldModel) -> Blocks:
    """What a closed fit sees of N cases: scaled genes, mean of the scaled tiles, clinical facts, the prior's score.

    One (N, P) float64 table each, in this order, without those that the model does not look at.
    """
    blocks: dict[str, np.ndarray] = {}
    if inputs.genes is not None and fold.gene_scaler is not None:
        blocks["genes"] = fold.gene_scaler.apply(inputs.genes).astype(np.float64)
    if inputs.bags is not None and fold.tile_scaler is not None:
        scaled = (fold.tile_scaler.apply(bag) for bag in inputs.bags)
        blocks["slide"] = np.stack([bag.astype(np.float64).mean(axis=0) for bag in scaled])
    if inputs.clinical is not None and fold.clinical is not None:
        blocks["clinical"] = fold.clinical.apply(inputs.clinical).astype(np.float64)
    if "genes" in blocks and fold.prior is not None:
        blocks[PRIOR] = blocks["genes"] @ fold.prior[:, None]
    return blocks


def build_network(fold: FoldModel) -> nn.Module:
    """The untrained network of a fold's recipe; with the Cox loss it has one output, the log hazard ratio."""
    recipe = fold.recipe
    options: Mapping[str, object] = recipe.options
    return build(
        recipe.model, tile_dim=fold.tile_dim, gene_dims=[len(group) for group in fold.groups],
        bins=1 if recipe.loss == "cox" else recipe.bins,
        clinical_dim=CLINICAL_WIDTH if "clinical" in recipe.modalities else 0, **options,
    )
