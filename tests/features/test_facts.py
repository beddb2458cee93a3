"""What a bag tells of its tiles is told again each time it is found."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from survdash.features.facts import Facts, focus_facts, warnings_from
from survdash.slide.tiles import NO_ARTEFACTS

PLAIN: Facts = {
    "level0_px": 256, "tile.tile_px": 256, "tile.target_mpp": 0.5, "mpp": 0.5, "tiles_blurred": 0, "ink.thick": 0,
    "ink.excluded": True, "ink.thin": 0, "ink.red": 0,
    **{f"artefacts.{name}": value for name, value in asdict(NO_ARTEFACTS).items()},
}  # fmt: skip


def _said(**changed: str | float) -> tuple[str, ...]:
    facts = PLAIN | {name.replace("__", "."): value for name, value in changed.items()}
    return warnings_from(facts, tiles=100, name="abc.h5")


def test_nothing_to_tell() -> None:
    assert _said() == ()
    assert _said(tiles_blurred=50) == ()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"tiles_blurred": 51}, "51 of 100 tiles (51%) are blurred; they were not left out."),
        ({"ink__thick": 7}, "Possible ink, 7 tiles excluded."),
        ({"ink__thick": 7, "ink__excluded": False}, "Possible ink, 7 tiles kept."),
        ({"ink__red": 1}, "Possible red marker (or blood) in 1 tile; not excluded."),
        ({"artefacts__edges": 2, "artefacts__edges_excluded": True},
         "Possible rims of bubbles or of the coverslip, 2 tiles excluded."),
        ({"artefacts__folds": 2}, "Possible tissue folds (or dense epithelium) in 2 tiles; not excluded."),
        ({"artefacts__folded": 2, "artefacts__folded_excluded": True}, "Mostly tissue fold, 2 tiles excluded."),
        ({"artefacts__folded": 2}, "Mostly tissue fold in 2 tiles; not excluded."),
        ({"artefacts__padding": 2}, "Black padding in 2 tiles; it is no tissue."),
        ({"artefacts__added": 2}, "Areas drawn by hand brought in 2 tiles and took away 0 tiles."),
        ({"tiles_lost": 3}, "3 of 103 tiles could not be read and were left out."),
        ({"notes": "torch computed the features."}, "torch computed the features."),
        ({"level0_px": 128, "mpp": 1.0, "tiles_blurred": 99},
         "The slide has 1 um per pixel: its tiles were enlarged and are blurred."),
    ],
)  # fmt: skip
def test_each_fact_has_its_sentence(facts: dict[str, str | float], words: str) -> None:
    assert _said(**facts) == (words,)


def test_tiles_of_another_resolution_are_not_judged() -> None:
    assert _said(tiles_blurred=99, tile__target_mpp=1.0) == ()


@pytest.mark.parametrize("missing", [("ink", "tiles_", "artefacts"), ("artefacts",)])
def test_a_bag_that_did_not_count_says_so(missing: tuple[str, ...]) -> None:
    old = {name: value for name, value in PLAIN.items() if not name.startswith(missing)}
    (words,) = warnings_from(old, tiles=100, name="abc.h5")
    assert "did not count" in words
    assert "bags/abc.h5" in words


def test_the_focus_of_the_tiles_is_counted() -> None:
    assert focus_facts(np.array([10, 49.9, 50, 700], np.float32)) == {
        "tiles_blurred": 2, "focus_median": pytest.approx(49.95),
    }  # fmt: skip
