"""A fold model as named arrays and back: what a trained model's files and kept work hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
import torch
from torch import nn

from survdash.nets.baselines.linear_paths import Blend
from survdash.nets.registry import get
from survdash.training.baseline import Baseline
from survdash.training.clinical import ClinicalEncoder
from survdash.training.fold_model import FoldModel, build_network
from survdash.training.recalibration import Recalibration
from survdash.training.recipe import Recipe
from survdash.training.scaling import Scaler

Arrays = dict[str, np.ndarray]


def to_arrays(fold: FoldModel) -> Arrays:
    """Every number of a fitted fold; a network's in float16, to which they were rounded when they were fitted."""
    arrays: Arrays = {"edges": fold.edges}
    for name, rules in (("genes", fold.gene_scaler), ("tiles", fold.tile_scaler), ("clinical", fold.clinical)):
        if rules is not None:
            arrays |= {f"{name}.{key}": value for key, value in asdict(rules).items() if value is not None}
    if fold.prior is not None:
        arrays["prior"] = fold.prior
    if fold.recalibration is not None:
        arrays |= {f"recalibration.{key}": value for key, value in asdict(fold.recalibration).items()}
    if fold.fitted is not None:
        kind = get(fold.recipe.model).fitter
        arrays |= {f"{kind}.{key}": value for key, value in fold.fitted.to_arrays().items()}
    for number, network in enumerate(fold.networks):
        weights = network.state_dict()
        arrays |= {f"{_prefix(number)}{key}": value.numpy().astype(np.float16) for key, value in weights.items()}
    for number, baseline in enumerate(fold.baselines):
        arrays |= {f"baseline{number}.{key}": np.asarray(value) for key, value in asdict(baseline).items()}
    for number, blend in enumerate(fold.blends):
        arrays |= {f"blend{number}.{key}": value for key, value in blend.to_arrays().items()}
    # Not ascontiguousarray: it would give a single number an axis.
    return {name: np.asarray(value, order="C") for name, value in arrays.items()}


def from_arrays(
    arrays: Mapping[str, np.ndarray], *, recipe: Recipe, groups: tuple[np.ndarray, ...], tile_dim: int | None
) -> FoldModel:
    """The fold model that ``to_arrays`` laid out, ready to score on the CPU."""

    def part(prefix: str) -> Arrays:
        return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}

    genes, tiles, clinical = (part(prefix) for prefix in ("genes.", "tiles.", "clinical."))
    recalibration = part("recalibration.")
    blank = FoldModel(
        recipe=recipe, groups=groups, tile_dim=tile_dim,
        gene_scaler=Scaler(**genes) if genes else None, tile_scaler=Scaler(**tiles) if tiles else None,
        clinical=ClinicalEncoder(**clinical) if clinical else None,
        edges=arrays["edges"], prior=arrays.get("prior"),
        recalibration=Recalibration(**recalibration) if recalibration else None,
    )
    spec = get(recipe.model)
    if spec.fitter != "gradient":
        return replace(blank, fitted=spec.load_fitted().from_arrays(part(f"{spec.fitter}.")))
    networks: list[nn.Module] = []
    baselines: list[Baseline] = []
    blends: list[Blend] = []
    while weights := part(_prefix(len(networks))):
        network = build_network(blank)
        network.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()})
        if baseline := part(f"baseline{len(networks)}."):
            baselines.append(Baseline(**baseline))
        if blend := part(f"blend{len(networks)}."):
            blends.append(Blend.from_arrays(blend))
        networks.append(network.eval())
    return replace(blank, networks=tuple(networks), baselines=tuple(baselines), blends=tuple(blends))


def without_times(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """The same model without the days on which patients died: its cumulative hazards step at whole months.

    At whole months, where curves are told, nothing changes; in between a step comes at the end of its month.
    """
    made = {name: np.asarray(value) for name, value in arrays.items()}
    for name in [name for name in made if name.endswith("months")]:
        hazard = f"{name.removesuffix('months')}hazard"
        month = np.ceil(made[name])
        last = np.append(np.flatnonzero(np.diff(month)), month.size - 1)
        made |= {name: month[last], hazard: made[hazard][last]}
    return made | {"edges": np.ceil(made["edges"])}


def _prefix(number: int) -> str:
    """Of the weights of one network; the first has no number, as in files of the time before ensembles."""
    return "network." if number == 0 else f"network{number}."
