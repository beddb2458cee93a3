"""Which case has which modality, checked before anything is computed; and modality dropout in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from survdash.errors import InputError

DROP = 0.25  # chance that a training case with both modalities loses one of them for a step
STAND_INS = "A model trained with the option stand_ins can do without."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Presence:
    """What N cases have: ``slide`` (N,) and ``genes`` (N,), bool."""

    slide: Tensor
    genes: Tensor

    @property
    def both(self) -> Tensor:
        """Cases whose modalities can be compared: (N,) bool."""
        return self.slide & self.genes


def check_inputs(
    lengths: Tensor | None, genes: Sequence[Tensor], clinical: Tensor | None, *, stand_ins: bool, clinical_dim: int
) -> Presence:
    """Find what each case has.

    Parameters
    ----------
    lengths : Tensor, shape (N,), or None
        Tiles of each case; None for a network without slides.
    genes : sequence of Tensor, shape (N, d_j)
        NaN throughout for a case without genes; empty for a network without genes.
    clinical : Tensor, shape (N, clinical_dim), or None
    stand_ins : bool
        One of slide and genes may be missing.
    clinical_dim : int
        Clinical columns that the network was built for.

    Raises
    ------
    InputError
        Naming the first case that lacks something, or the input that does not fit the network.
    """
    _check_clinical(clinical, clinical_dim)
    counts = {"bags": lengths, "gene rows": genes[0] if genes else None, "clinical rows": clinical}
    sizes = {name: len(rows) for name, rows in counts.items() if rows is not None}
    if len(set(sizes.values())) != 1:
        raise InputError(f"Inputs of different cases: {', '.join(f'{size} {name}' for name, size in sizes.items())}.")
    size = next(iter(sizes.values()))
    device = next(rows.device for rows in counts.values() if rows is not None)
    slide = torch.zeros(size, dtype=torch.bool, device=device) if lengths is None else lengths > 0
    unknown = [group.isnan() for group in genes]
    absent = torch.stack([rows.all(dim=1) for rows in unknown]).all(dim=0) if genes else torch.ones_like(slide)
    if genes:
        _refuse(torch.stack([rows.any(dim=1) for rows in unknown]).any(dim=0) & ~absent, "has NaN among its genes",
                "Fill the gaps, or give NaN for all genes of a case without genes.")  # fmt: skip
    if not stand_ins:
        if lengths is not None:
            _refuse(~slide, "has no tiles", STAND_INS)
        if genes:
            _refuse(absent, "has no genes", STAND_INS)
    elif lengths is not None and genes:
        _refuse(~slide & absent, "has neither a slide nor genes", "Give one of them.")
    return Presence(slide=slide, genes=~absent)


def _check_clinical(clinical: Tensor | None, columns: int) -> None:
    if clinical is None:
        if columns:
            raise InputError(f"The model was built for {columns} clinical columns, and none are given.")
        return
    if clinical.ndim != 2 or clinical.shape[1] != columns or not columns:
        raise InputError(f"The model was built for {columns} clinical columns; given: {tuple(clinical.shape)}.")
    _refuse(clinical.isnan().any(dim=1), "has NaN among its clinical columns", "Give an indicator of what is missing.")


def _refuse(guilty: Tensor, what: str, hint: str) -> None:
    if guilty.any():
        first = int(guilty.nonzero()[0])
        raise InputError(f"Case {first + 1} of {len(guilty)} {what}.", hint=hint)


def drop_modalities(presence: Presence) -> Presence:
    """Modality dropout: of each case that has both, leave out one with probability 1/4, either as often."""
    chance = torch.rand(len(presence.slide), device=presence.slide.device)
    slide = presence.both & (chance < DROP / 2)
    genes = presence.both & (chance >= DROP / 2) & (chance < DROP)
    return replace(presence, slide=presence.slide & ~slide, genes=presence.genes & ~genes)
