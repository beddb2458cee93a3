"""Drawn slides: the same twice, and showing what their parameters say."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from survdash.simulation.drawing import GLASS, IMMUNE, REGION_PX, SLIDE_PX, STROMA, TUMOUR, draw_regions, draw_slide
from survdash.simulation.patients import DEMO_SEED, LAYOUTS, SlideParameters, simulate_cohort

PLAIN = SlideParameters(
    number=1, nuclei_per_tile=60.0, nuclear_radius_px=7.0, pleomorphism=0.2, lymphocytes_per_tile=20.0,
    stroma_share=0.4, layout="sheets", haematoxylin=1.0, eosin=1.0, hue=0.0,
)


def nuclear(image: np.ndarray) -> np.ndarray:
    """Pixels as blue as a nucleus: red is absorbed by haematoxylin and hardly by eosin."""
    return np.asarray(image[..., 0] < 140)


def mask_of(region: int, parameters: SlideParameters) -> np.ndarray:
    chosen = (draw_regions(parameters, seed=DEMO_SEED) == region).astype(np.uint8)
    return cv2.resize(chosen, (SLIDE_PX, SLIDE_PX), interpolation=cv2.INTER_NEAREST).astype(bool)


def count_lymphocytes(image: np.ndarray, where: np.ndarray) -> int:
    """Separate very dark spots."""
    dark = ((image[..., 0] < 75) & where).astype(np.uint8)
    return int(cv2.connectedComponents(dark)[0] - 1)


def test_the_same_patient_is_drawn_the_same_twice_and_another_differently() -> None:
    first, second = simulate_cohort(2, seed=DEMO_SEED).slides
    prints = [hashlib.sha256(draw_slide(p, seed=DEMO_SEED).tobytes()).hexdigest() for p in (first, first, second)]
    assert prints[0] == prints[1] != prints[2]


def test_a_slide_is_tissue_on_near_white_glass() -> None:
    image = draw_slide(PLAIN, seed=DEMO_SEED)
    assert image.shape == (SLIDE_PX, SLIDE_PX, 3)
    assert image.dtype == np.uint8
    border = np.concatenate([image[:8].reshape(-1, 3), image[-8:].reshape(-1, 3), image[:, :8].reshape(-1, 3)])
    assert border.mean() > 235
    tissue = image[~mask_of(GLASS, PLAIN)].mean(axis=0)
    assert tissue[0] > tissue[1] < tissue[2]  # pink to purple: green is absorbed most
    assert tissue[1] < 190


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("share", [0.1, 0.4, 0.7])
def test_regions_have_the_share_of_stroma_asked_for(layout: str, share: float) -> None:
    regions = draw_regions(replace(PLAIN, layout=layout, stroma_share=share), seed=DEMO_SEED)
    assert regions.shape == (SLIDE_PX // REGION_PX,) * 2
    stroma, tumour, immune = (int((regions == region).sum()) for region in (STROMA, TUMOUR, IMMUNE))
    assert stroma / (stroma + tumour) == pytest.approx(share, abs=0.01)  # a quantile of thousands of map pixels
    assert 0.05 < immune / (stroma + tumour + immune) < 0.3


def test_every_slide_of_the_demo_has_a_bag_of_about_sixteen_tiles() -> None:
    side = 256 // REGION_PX
    for parameters in simulate_cohort(40, seed=DEMO_SEED).slides:
        tissue = draw_regions(parameters, seed=DEMO_SEED) != GLASS
        share = tissue.reshape(6, side, 6, side).mean(axis=(1, 3))
        assert 12 <= (share > 0.25).sum() <= 24


def test_more_and_larger_nuclei_make_tumour_bluer() -> None:
    where = mask_of(TUMOUR, PLAIN)

    def blue_share(parameters: SlideParameters) -> float:
        return float(nuclear(draw_slide(parameters, seed=DEMO_SEED))[where].mean())

    by_count = [blue_share(replace(PLAIN, nuclei_per_tile=count)) for count in (25.0, 60.0, 110.0)]
    by_size = [blue_share(replace(PLAIN, nuclear_radius_px=radius)) for radius in (5.0, 8.0, 11.0)]
    assert by_count[0] * 1.4 < by_count[1]
    assert by_count[1] * 1.3 < by_count[2]
    assert by_size[0] * 1.3 < by_size[1]
    assert by_size[1] * 1.2 < by_size[2]


def test_pleomorphic_nuclei_vary_in_darkness() -> None:
    where = mask_of(TUMOUR, PLAIN)
    spread = []
    for value in (0.05, 0.5):
        image = draw_slide(replace(PLAIN, pleomorphism=value, lymphocytes_per_tile=0.0), seed=DEMO_SEED)
        spread.append(image[where & nuclear(image)][:, 0].std())
    assert spread[0] < spread[1]


def test_lymphocytes_are_counted_and_crowd_in_the_immune_region() -> None:
    immune, stroma = mask_of(IMMUNE, PLAIN), mask_of(STROMA, PLAIN)
    counts = []
    for wanted in (0.0, 20.0, 60.0):
        image = draw_slide(replace(PLAIN, lymphocytes_per_tile=wanted), seed=DEMO_SEED)
        counts.append(count_lymphocytes(image, immune))
    assert counts[0] < 3
    assert counts[1] * 2 < counts[2]
    density = counts[2] / immune.sum(), count_lymphocytes(image, stroma) / stroma.sum()
    assert density[0] > 2 * density[1]  # drawn four times as dense; touching spots count once


def test_stain_changes_the_colour_and_not_the_tissue() -> None:
    weak = replace(PLAIN, haematoxylin=0.8, eosin=0.8, hue=-0.5)
    np.testing.assert_array_equal(draw_regions(weak, seed=DEMO_SEED), draw_regions(PLAIN, seed=DEMO_SEED))
    assert draw_slide(weak, seed=DEMO_SEED).mean() > draw_slide(PLAIN, seed=DEMO_SEED).mean() + 3
