from __future__ import annotations

import numpy as np
import pytest

from survdash.training.fold_arrays import from_arrays, to_arrays
from survdash.training.loop import fit_fold, join

MONTHS = np.arange(6.0)


@pytest.mark.parametrize(
    ("model", "changes"),
    [("glg", {}), ("glg", {"seeds": 2}), ("snn", {"loss": "cox", "seeds": 2}), ("cox_ridge", {}),
     ("glg_linear", {"seeds": 2})],
    ids=str,
)
def test_a_fold_comes_back_to_say_the_same(small, data_for, model, changes):
    recipe = small(model, **changes)
    data = data_for(recipe)
    fold = join([fit_fold(data, recipe, fold=0, member=member) for member in range(recipe.seeds)]).model
    arrays = to_arrays(fold)
    again = from_arrays(arrays, recipe=recipe, groups=fold.groups, tile_dim=fold.tile_dim)
    inputs = data.inputs(np.arange(5))
    one, other = fold.score(inputs, MONTHS), again.score(inputs, MONTHS)
    np.testing.assert_array_equal(other.risk, one.risk)
    np.testing.assert_array_equal(other.variants, one.variants)
    assert all(value.dtype == np.float16 for name, value in arrays.items() if name.startswith("network"))
    assert len(again.networks) == len(fold.networks)
