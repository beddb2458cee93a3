"""Parts by runs, beside what a picture of labels gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.slide.regions import find_parts

masks = st.integers(1, 9).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=9)
)


@given(rows=masks, connectivity=st.sampled_from([4, 8]), seed=st.integers(0, 99))
def test_counts_and_paints_as_the_labels_say(rows: list[list[bool]], connectivity: int, seed: int) -> None:
    mask = np.array(rows, bool)
    found = find_parts(mask, connectivity=connectivity)
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)
    assert (found.labels == labels).all()
    assert found.pixels.tolist() == [0, *(int((labels == part).sum()) for part in range(1, count))]
    keep = np.random.default_rng(seed).random(count) < 0.5
    assert (found.only(keep) == (np.isin(labels, np.flatnonzero(keep)) & mask)).all()


@pytest.mark.parametrize(("connectivity", "parts"), [(4, 2), (8, 1)])
def test_a_corner_joins_only_where_it_may(connectivity: int, parts: int) -> None:
    assert len(find_parts(np.eye(2, dtype=bool), connectivity=connectivity).pixels) == 1 + parts
