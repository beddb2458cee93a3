"""Train one network on given cases: the same loop for every network."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from survdash.case import Survival
from survdash.errors import Cancelled
from survdash.nets.output import Output
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.training import checkpoint
from survdash.training.batches import prefetched
from survdash.training.checkpoint import Losses, load_state, save_state
from survdash.training.data import ModelData, TileDraw
from survdash.training.discretise import assign_bins
from survdash.training.fold_model import FoldModel, NetworkInputs, build_network, network_inputs, one_thread
from survdash.training.losses import cox_loss, survival_loss

SCORED_AT_ONCE = 16
# Of a training step: 32 bags of 500 go through the network together, larger ones in parts. What a network keeps of a
# tile until its gradient is known may be some hundred times the tile's share of the projection.
TILES_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """What N cases are judged by: time bins (N,) int64, follow-up in months (N,) float64, death seen (N,) bool."""

    bins: Tensor
    time_months: Tensor
    event: Tensor

    def take(self, index: Tensor) -> Targets:
        """The targets at ``index``."""
        return Targets(bins=self.bins[index], time_months=self.time_months[index], event=self.event[index])


def make_targets(survival: Survival, edges: np.ndarray, *, device: str) -> Targets:
    """Targets of the cases with this follow-up."""
    arrays = (assign_bins(survival.time_months, edges), survival.time_months.copy(), survival.event.copy())
    bins, months, event = (torch.from_numpy(array).to(device) for array in arrays)
    return Targets(bins=bins, time_months=months, event=event)


def outcome_loss(output: Output, targets: Targets, *, loss: str) -> Tensor:
    """What the recipe's ``loss`` makes of each case's outcome, (N,); without what the network adds."""
    if loss == "cox":
        return cox_loss(output.logits[:, 0], targets.time_months, targets.event)
    return survival_loss(output.logits, targets.bins, targets.event)


def case_loss(output: Output, targets: Targets, *, loss: str) -> Tensor:
    """The whole loss of each case, (N,), whose mean is brought down."""
    return output.total_loss(outcome_loss(output, targets, loss=loss), targets.bins)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Training:
    """What is to be done: train the network of ``blank`` on ``cases`` of ``data`` for ``epochs``.

    ``validation`` are cases whose loss is told after each epoch, and nothing else; ``kept`` is the file for interrupted
    work; ``step`` is what the reports say.
    """

    data: ModelData
    blank: FoldModel
    cases: np.ndarray
    validation: np.ndarray | None = None
    epochs: int
    seed: int
    device: str
    kept: Path | None
    step: str

    def targets(self, cases: np.ndarray) -> Targets:
        """Targets of ``cases`` on the device."""
        return make_targets(self.data.survival.take(cases), self.blank.edges, device=self.device)

    def load(self, cases: np.ndarray, *, draw: TileDraw | None = None) -> NetworkInputs:
        """Inputs of ``cases`` on the device."""
        return network_inputs(self.data.inputs(cases, draw=draw), self.blank, device=torch.device(self.device))


def train_network(
    training: Training, *, report: Report = silent, cancel: Cancel | None = None
) -> tuple[nn.Module, Losses]:
    """Train; a kept state is taken up, and gives the same weights bit for bit.

    Returns
    -------
    nn.Module
        On the CPU in evaluation mode, its weights rounded to float16.
    Losses

    Raises
    ------
    Cancelled
        If ``cancel`` is set between two epochs; the state is kept.
    """
    recipe = training.blank.recipe
    targets = training.targets(training.cases)
    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(training.seed)
        network = build_network(training.blank).to(training.device).train()
        optimiser = torch.optim.Adam(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        losses = Losses() if training.kept is None else load_state(training.kept, network, optimiser)
        begun, started = len(losses.training), time.monotonic()
        last_kept = started
        message = f"taken up after {begun} epochs" if begun else ""
        for epoch in range(begun, training.epochs):
            try:
                check_cancel(cancel, step=f"{training.step}, {epoch} of {training.epochs}")
            except Cancelled:
                if training.kept is not None:
                    save_state(training.kept, network, optimiser, losses)
                raise
            report(Progress(step=training.step, done=epoch, total=training.epochs, message=message))
            loss = _epoch(training, network, optimiser, targets, epoch=epoch)
            validation = losses.validation
            if training.validation is not None:
                validation = (*validation, _validation_loss(training, network))
            losses = Losses(training=(*losses.training, loss), validation=validation)
            # A whole training is kept if it was long: it may be one of several that a fold needs.
            since = started if epoch + 1 == training.epochs else last_kept
            if training.kept is not None and time.monotonic() - since >= checkpoint.KEEP_EVERY_SECONDS:
                save_state(training.kept, network, optimiser, losses)
                last_kept = time.monotonic()
        report(Progress(step=training.step, done=training.epochs, total=training.epochs, message=message))
    # Half the size on disk; every prediction, the stored ones too, is made by the rounded weights.
    return network.cpu().half().float().eval(), losses


def _epoch(
    training: Training, network: nn.Module, optimiser: torch.optim.Optimizer, targets: Targets, *, epoch: int
) -> float:
    """One pass over the cases in a random order; the mean loss of its steps."""
    recipe = training.blank.recipe
    draw = None if recipe.max_tiles is None else TileDraw(most=recipe.max_tiles, seed=(training.seed, epoch))
    batches = torch.randperm(len(training.cases)).split(recipe.batch_cases)

    def load(step: _Part) -> NetworkInputs:
        return training.load(training.cases[step.cases.numpy()], draw=draw)

    losses = []
    for step, inputs in prefetched(load, _parts(training, batches, draw=draw)):
        if step.is_first:
            optimiser.zero_grad()
        loss = case_loss(network(*inputs), targets.take(step.cases.to(training.device)), loss=recipe.loss)
        (loss.sum() / step.of).backward()
        losses.append(loss.detach())
        if step.is_last:
            optimiser.step()
    return float(torch.cat(losses).mean())


def part_sizes(tiles: Sequence[int], *, cases: int) -> list[int]:
    """How many of a step's cases, in their order, go through the network together.

    Parameters
    ----------
    tiles : sequence of int
        Tiles of each case; empty where the network looks at none.
    cases : int

    Returns
    -------
    list of int
        Sum ``cases``: each part has at most ``TILES_AT_ONCE`` tiles, or is one case.
    """
    if not tiles:
        return [cases]
    sizes, filled = [0], 0
    for count in tiles:
        if sizes[-1] and filled + count > TILES_AT_ONCE:
            sizes.append(0)
            filled = 0
        sizes[-1] += 1
        filled += count
    return sizes


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Cases that are read and go through the network together: the whole or a part of a step of ``of`` cases."""

    cases: Tensor
    of: int
    is_first: bool
    is_last: bool


def _parts(training: Training, batches: Sequence[Tensor], *, draw: TileDraw | None) -> Iterator[_Part]:
    """The steps of an epoch in parts: neither the bags of a step nor what comes of them are ever in memory together."""
    for batch in batches:
        # Cox's partial likelihood compares the cases of a step, so that all have to be there.
        sizes = [len(batch)]
        if training.blank.recipe.loss != "cox":
            tiles = training.data.tile_counts(training.cases[batch.numpy()], draw=draw)
            sizes = part_sizes(tiles, cases=len(batch))
        for number, cases in enumerate(batch.split(sizes)):
            yield _Part(cases, len(batch), number == 0, number == len(sizes) - 1)


def scoring_parts(data: ModelData, cases: np.ndarray) -> list[np.ndarray]:
    """``cases`` in parts that are scored together: at most 16, and of large bags fewer."""
    parts = np.array_split(cases, -(-len(cases) // SCORED_AT_ONCE))
    made = []
    for part in parts:
        sizes = part_sizes(data.tile_counts(part), cases=len(part))
        made += np.split(part, np.cumsum(sizes)[:-1])
    return made


def outputs(training: Training, network: nn.Module, cases: np.ndarray) -> Iterator[Output]:
    """What the network, in evaluation mode, says of ``cases``, some at a time."""
    with torch.inference_mode():
        for _, inputs in prefetched(training.load, scoring_parts(training.data, cases)):
            yield network(*inputs)


def _validation_loss(training: Training, network: nn.Module) -> float:
    """Mean loss of the validation cases by the weights as they are; leaves network and chance as they were."""
    if training.validation is None:
        raise TypeError("There is no validation set.")
    network.eval()
    with torch.random.fork_rng():
        logits = torch.cat([output.logits for output in outputs(training, network, training.validation)])
    network.train()
    output = Output(logits=logits, variants=logits[None], extra_loss=logits.new_zeros(len(logits)))
    loss = outcome_loss(output, training.targets(training.validation), loss=training.blank.recipe.loss)
    return float(loss.mean())
