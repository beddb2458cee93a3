"""What each gene adds to the risk: integrated gradients (Sundararajan 2017), or exactly where the model is linear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from survdash.explanation.case_risk import CaseRisk
from survdash.explanation.record import GeneShare, GeneShares
from survdash.nets.baselines.cox_ridge import LinearCox
from survdash.nets.baselines.late_fusion import LateFusion
from survdash.nets.hazards import risk_from_logits
from survdash.training.fold_model import FoldModel, model_blocks, network_inputs, one_thread

STEPS = (32, 128, 512)
GRADING = 3  # points crowd at the start: attention saturates within the first hundredths of the way from the mean
TILES_AT_ONCE = 16_384  # steps of the path are batched until their copies of the bag have so many tiles
TOLERANCE = 0.01  # of the difference, or of SMALL where that is larger
SMALL = 0.1
TOP = 10


def share_genes(case: CaseRisk, *, titles: Sequence[str], columns: Sequence[str]) -> GeneShares | None:
    """Shares of the genes in the mean risk of the fold models, the other parts of the case as they are.

    The start is the training mean of every gene, 0 after scaling, and the path to the case is straight. Its steps are
    raised from 32 to 512 until the shares add up to the difference in risk within 1 % (within 0.001 for differences
    below 0.1); where that is not reached, ``complete`` is False.

    Parameters
    ----------
    case : CaseRisk
    titles : sequence of J str
        The gene groups.
    columns : sequence of str
        The gene columns, in the order of the case's row.

    Returns
    -------
    GeneShares or None
        None where there are no genes, or the model is neither differentiable nor linear in them (a forest).

    Notes
    -----
    A column that stands in several groups has a share in each: a network's gradient by group; of a linear model, which
    sees it once, equal parts.
    """
    if "genes" not in case.parts:
        return None
    rest = frozenset(case.parts) - {"genes"}
    difference = case.risk(frozenset(case.parts)) - case.risk(rest) if not case.has_stand_ins else None
    if case.folds[0].fitted is not None:
        exact = [_linear_shares(fold, case) for fold in case.folds]
        found = [one for one in exact if one is not None]
        if len(found) < len(exact):
            return None
        return _gather(np.mean(found, axis=0), case, difference, titles=titles, columns=columns, steps=0)
    made: GeneShares | None = None
    for steps in STEPS:
        each = [_network_shares(fold, case, steps=steps) for fold in case.folds]
        if difference is None:  # the learnt stand-in is another start than the mean
            difference = float(np.mean([end - start for _, start, end in each]))
        shares = np.mean([one for one, _, _ in each], axis=0)
        made = _gather(shares, case, difference, titles=titles, columns=columns, steps=steps)
        if made.complete:
            break
    return made


def _gather(
    shares: np.ndarray, case: CaseRisk, difference: float | None, *, titles: Sequence[str], columns: Sequence[str],
    steps: int,
) -> GeneShares:
    """From (sum of group sizes,) shares, group by group, to what is kept."""
    fold, genes = case.folds[0], case.inputs.genes
    if fold.gene_scaler is None or genes is None or difference is None:
        raise TypeError("Shares of genes are of a model that looks at genes.")
    values = np.mean([one.gene_scaler.apply(genes)[0] for one in case.folds if one.gene_scaler is not None], axis=0)
    sums, top = [], []
    ends = np.cumsum([len(group) for group in fold.groups])[:-1]
    for title, group, own in zip(titles, fold.groups, np.split(shares, ends), strict=True):
        sums.append((title, float(own.sum())))
        for place in np.argsort(-np.abs(own), kind="stable")[:TOP]:
            top.append(GeneShare(
                group=title, column=columns[group[place]], value=float(values[group[place]]), share=float(own[place])
            ))  # fmt: skip
    gap = float(shares.sum() - difference)
    return GeneShares(
        difference=difference, gap=gap, complete=abs(gap) <= TOLERANCE * max(abs(difference), SMALL), steps=steps,
        groups=tuple(sums), top=tuple(top),
    )


def _linear_shares(fold: FoldModel, case: CaseRisk) -> np.ndarray | None:
    """Coefficient times scaled value of each column, laid out by groups; None where the model is not linear."""
    row = model_blocks(case.inputs, fold)["genes"][0]
    fitted = fold.fitted
    if isinstance(fitted, LateFusion):
        member = fitted.members["genes"]
        if not isinstance(member, LinearCox):
            return None
        own = row * member.coefficients / np.sqrt(row.size) / fitted.scale["genes"]
    elif isinstance(fitted, LinearCox):
        own = row * fitted.coefficients[: row.size] / np.sqrt(row.size)
    else:
        return None
    laid = np.concatenate(fold.groups)
    return np.asarray(own[laid] / np.bincount(laid, minlength=row.size)[laid])


def _network_shares(fold: FoldModel, case: CaseRisk, *, steps: int) -> tuple[np.ndarray, float, float]:
    """Integrated gradients of one fold, and its risk at the start and at the end; the mean of its networks."""
    found = [_one_network(number, fold, case, steps=steps) for number in range(len(fold.networks))]
    shares, starts, ends = zip(*found, strict=True)
    return np.mean(shares, axis=0), float(np.mean(starts)), float(np.mean(ends))


def _one_network(number: int, fold: FoldModel, case: CaseRisk, *, steps: int) -> tuple[np.ndarray, float, float]:
    network = fold.networks[number]
    tiles, lengths, genes, *clinical = network_inputs(case.inputs, fold, device=next(network.parameters()).device)
    at_once = max(1, TILES_AT_ONCE // max(1, len(tiles)))
    sums = [torch.zeros(group.shape[1], dtype=torch.float64) for group in genes]
    with _frozen(network), one_thread():

        def risk(points: Tensor) -> tuple[Tensor, list[Tensor]]:
            moved = [(points[:, None] * group).requires_grad_() for group in genes]
            count = len(points)
            output = network(
                tiles.repeat(count, 1), lengths.repeat(count), moved, *(facts.repeat(count, 1) for facts in clinical)
            )
            if fold.baselines:
                return output.logits[:, 0] - float(fold.baselines[number].centre), moved
            return risk_from_logits(output.logits), moved

        middles = ((torch.arange(steps, device=genes[0].device) + 0.5) / steps) ** GRADING
        weights = ((torch.arange(steps + 1, device=genes[0].device) / steps) ** GRADING).diff()
        for points, some in zip(middles.split(at_once), weights.split(at_once), strict=True):
            value, moved = risk(points)
            for total, gradient in zip(sums, torch.autograd.grad((some * value).sum(), moved), strict=True):
                total += gradient.double().cpu().sum(dim=0)
        start, end = (float(risk(middles.new_tensor([place]))[0].detach()) for place in (0.0, 1.0))
    shares = [total * group[0].double().cpu() for total, group in zip(sums, genes, strict=True)]
    return _with_paths(number, fold, case, torch.cat(shares).numpy()), start, end


def _with_paths(number: int, fold: FoldModel, case: CaseRisk, own: np.ndarray) -> np.ndarray:
    """Shares in the blended risk: the network's by its weight; the paths are linear in the genes, so theirs exact."""
    if not fold.blends:
        return own
    blend = fold.blends[number]
    factors = blend.weight / blend.scale  # paths by alphabet, then the network
    blocks = model_blocks(case.inputs, fold)
    row = blocks["genes"][0]
    slope = np.zeros(row.size)
    for factor, path in zip(factors[:-1], blend.paths.values(), strict=True):
        slope += factor * path.gene_slope(blocks, prior=fold.prior)
    laid = np.concatenate(fold.groups)
    return np.asarray(factors[-1] * own + (slope * row)[laid] / np.bincount(laid, minlength=row.size)[laid])


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """No gradient of the weights: it would be most of the work and of the memory."""
    wanted = [weight.requires_grad for weight in network.parameters()]
    network.requires_grad_(False)
    try:
        yield
    finally:
        for weight, was in zip(network.parameters(), wanted, strict=True):
            weight.requires_grad_(was)
