"""Nothing that is fitted for a fold may depend on the patients it holds out: for every model, and shown to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from survdash.case import Survival
from survdash.nets.registry import MODELS
from survdash.training import loop
from survdash.training.data import BagReader, ModelData
from survdash.training.fold_arrays import to_arrays
from survdash.training.loop import fit_fold
from survdash.training.recipe import Recipe

Small = Callable[..., Recipe]
DataFor = Callable[[Recipe], ModelData]


class StrangeBags(BagReader):
    """The bags of the others as they are; those of some cases another and far away."""

    def __init__(self, bags: BagReader, strange: np.ndarray) -> None:
        self._bags, self._strange, self.dim = bags, set(np.flatnonzero(strange)), bags.dim

    def read(self, case: int) -> np.ndarray:
        tiles = self._bags.read(case)
        return np.full((2, self.dim), 50.0, np.float32) if case in self._strange else tiles

    def tiles(self, case: int) -> int:
        return 2 if case in self._strange else self._bags.tiles(case)


def other_held_out(data: ModelData, *, fold: int) -> ModelData:
    """The same training patients; those held out are changed in everything one can know of them."""
    held_out = data.folds == fold
    time = np.where(held_out, 500.0, data.survival.time_months)
    return replace(
        data,
        genes=None if data.genes is None else np.where(held_out[:, None], np.float32(1e3), data.genes),
        bags=None if data.bags is None else StrangeBags(data.bags, held_out),
        clinical=None if data.clinical is None else np.where(held_out[:, None], [[119.0, np.nan, 4.0]], data.clinical),
        survival=Survival(time_months=time, event=data.survival.event ^ held_out),
    )


def check_held_out_unseen(data: ModelData, recipe: Recipe, *, fold: int = 0) -> None:
    """Fit a fold twice, the held-out patients changed in between: every fitted number must stay, bit for bit."""
    one, other = (fit_fold(version, recipe, fold=fold) for version in (data, other_held_out(data, fold=fold)))
    assert one.curves == other.curves, "the losses depend on the held-out patients"
    before, after = to_arrays(one.model), to_arrays(other.model)
    assert before.keys() == after.keys()
    changed = [name for name, value in before.items() if not np.array_equal(value, after[name])]
    assert not changed, f"fitted on held-out patients: {changed}"


@pytest.mark.parametrize("model", MODELS)
def test_no_model_sees_the_held_out_patients(model: str, small: Small, data_for: DataFor) -> None:
    recipe = small(model)
    check_held_out_unseen(data_for(recipe), recipe)


@pytest.mark.parametrize("changes", [{"stop": "inner"}, {"loss": "cox"}, {"max_tiles": 3}], ids=str)
def test_nor_does_any_way_of_training(changes: dict[str, object], small: Small, data_for: DataFor) -> None:
    recipe = small("glg", **changes)
    check_held_out_unseen(data_for(recipe), recipe)


@pytest.mark.parametrize("rule", ["gene_scaler", "tile_scaler", "clinical", "edges"])
def test_a_rule_that_is_fitted_on_everybody_is_caught(
    rule: str, small: Small, data_for: DataFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = loop.prepare

    def leaky(data: ModelData, recipe: Recipe, cases: np.ndarray, *, seed: int) -> object:
        on_all = honest(data, recipe, np.arange(data.size), seed=seed)
        return replace(honest(data, recipe, cases, seed=seed), **{rule: getattr(on_all, rule)})

    recipe = small("cox_ridge") if rule == "clinical" else small("glg", modalities=("genes", "slide"))
    data = data_for(recipe)
    check_held_out_unseen(data, recipe)
    monkeypatch.setattr(loop, "prepare", leaky)
    with pytest.raises(AssertionError, match="held-out"):
        check_held_out_unseen(data, recipe)
