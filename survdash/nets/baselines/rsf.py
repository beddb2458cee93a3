"""Random survival forest (Ishwaran 2008; grown by scikit-survival), kept and walked as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from survdash.errors import NotEnoughDataError
from survdash.nets.baselines.fitted import Blocks, TrainingSet, outcome_table

TREES, LEAF_CASES = 100, 15
LEAF = -1  # in place of a child


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Trees side by side: node numbers run through all of them.

    Parameters
    ----------
    roots : ndarray, shape (T,)
        First node of each tree.
    left, right : ndarray, shape (V,)
        Children of each node, -1 for a leaf.
    feature, threshold : ndarray, shape (V,)
        A case with ``x[feature] <= threshold`` goes left; features are compared in float32, as they were grown.
    leaf : ndarray, shape (V,)
        Row of a leaf in the two tables below, -1 for other nodes.
    mortality : ndarray, shape (L,)
        Sum of the leaf's cumulative hazard over all death times of the training cases.
    alive : ndarray, shape (L, K)
        The leaf's Kaplan-Meier curve at months 0, 1, ... K - 1; K - 1 is the last whole month of follow-up.
    """

    roots: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    leaf: np.ndarray
    mortality: np.ndarray
    alive: np.ndarray

    @property
    def parameters(self) -> int:
        """Number of splits."""
        return int((self.left != LEAF).sum())

    def risk(self, blocks: Blocks) -> np.ndarray:
        """Mean of the leaves' mortality over the trees: (N,), higher is worse."""
        result: np.ndarray = self.mortality[self._leaves(blocks)].mean(axis=1)
        return result

    def survival(self, blocks: Blocks, months: np.ndarray) -> np.ndarray:
        """Mean of the leaves' curves at (K,) months, each read at its last whole month: (N, K)."""
        column = np.clip(np.floor(months).astype(int), 0, self.alive.shape[1] - 1)
        curves = sum(self.alive[leaves] for leaves in self._leaves(blocks).T) / len(self.roots)
        result: np.ndarray = np.asarray(curves)[:, column]
        return result

    def _leaves(self, blocks: Blocks) -> np.ndarray:
        """Row of the leaf that each of N cases reaches in each of T trees: (N, T)."""
        features = np.concatenate(list(blocks.values()), axis=1).astype(np.float32)
        node = np.tile(self.roots, (len(features), 1))
        while (inner := self.left[node] != LEAF).any():
            value = np.take_along_axis(features, np.where(inner, self.feature[node], 0), axis=1)
            child = np.where(value <= self.threshold[node], self.left[node], self.right[node])
            node = np.where(inner, child, node)
        return self.leaf[node]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The eight arrays."""
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What ``to_arrays`` came from."""
        return cls(**arrays)


def fit(training: TrainingSet) -> Forest:
    """Grow 100 trees by the log-rank statistic: at least 15 cases a leaf, sqrt(P) features tried at each split.

    Blocks stand side by side as they are: a tree does not mind scales. A narrow block beside a wide one is tried in
    proportion to its width. Raises NotEnoughDataError if nobody died.
    """
    from sksurv.ensemble import RandomSurvivalForest

    if not training.survival.event.any():
        raise NotEnoughDataError(f"No death among {training.survival.event.size} patients: no forest can be grown.")
    grown = RandomSurvivalForest(
        n_estimators=TREES, min_samples_leaf=LEAF_CASES, max_features="sqrt", random_state=training.seed % 2**32
    ).fit(np.concatenate(list(training.blocks.values()), axis=1), outcome_table(training.survival))
    return forest_arrays(grown)


def forest_arrays(grown: Any) -> Forest:
    """The trees of a fitted scikit-survival ``RandomSurvivalForest``."""
    months = np.arange(np.floor(grown.unique_times_[-1]) + 1)
    step = np.searchsorted(grown.unique_times_, months, side="right")  # 0 before the first follow-up ends
    trees = [one.tree_ for one in grown.estimators_]
    sizes = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    left, right = (
        np.concatenate([
            np.where(child == LEAF, LEAF, child + root) for child, root in zip(children, roots, strict=True)
        ])
        for children in ([tree.children_left for tree in trees], [tree.children_right for tree in trees])
    )
    is_leaf = left == LEAF
    values = np.concatenate([tree.value[tree.children_left == LEAF] for tree in trees])  # hazard, survival
    alive = np.concatenate([np.ones((len(values), 1)), values[:, :, 1]], axis=1)[:, step]
    return Forest(
        roots=roots, left=left, right=right, leaf=np.where(is_leaf, np.cumsum(is_leaf) - 1, LEAF),
        feature=np.concatenate([tree.feature for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        mortality=values[:, grown.estimators_[0].is_event_time_, 0].sum(axis=1), alive=alive,
    )
