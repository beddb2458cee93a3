"""What the program in the browser is given."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np

from survdash.explanation.record import TileMap
from survdash.settings import SHIPPED_MODELS
from survdash.ui.slide_viewer import ShownMap, grid_step, in_equal_shares, viewer_data
from survdash.usecases.case_slides import CaseSlide, SlideSize

SAMPLE = SHIPPED_MODELS / "demo" / "sample_1" / "slide.tiff"
COORDS = np.array([[512, 256], [1024, 256], [512, 768], [0, 0]])
TILES = TileMap(
    coords=COORDS, slide_index=np.array([0, 0, 0, 1]), weight=np.array([0.1, 0.2, 0.4, 0.3]), groups=("Group <b>",),
    attention=None, plan=np.array([[0.1], [0.2], [0.4], [0.3]]),
)  # fmt: skip
SLIDE = CaseSlide(number=0, name="", sha256="a" * 64, path=SAMPLE, note="", tile_px=None, mpp=0.25)
SHOWN = ShownMap(title="Weight", values=in_equal_shares(TILES.weight[:3]))


def data(slide: CaseSlide, size: SlideSize | None):
    made = viewer_data(TILES, slide, size, SHOWN, ranked=[SHOWN], identity="x", note="")
    return json.loads(json.dumps(made, allow_nan=False))


def unpack(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_places_count_from_the_corner_of_the_scanned_area():
    made = data(SLIDE, SlideSize(left=500, top=200, width=4000, height=3000, mpp=0.5))
    assert unpack(made["tiles"]["x"], "<i4").tolist() == [12, 524, 12]
    assert unpack(made["tiles"]["y"], "<i4").tolist() == [56, 56, 568]
    assert made["tiles"]["size"] == 512
    assert (made["slide"]["width"], made["slide"]["height"], made["slide"]["last_level"]) == (4000, 3000, 12)
    assert made["slide"]["mpp"] == 0.25  # what was used goes before what the file says
    np.testing.assert_allclose(unpack(made["shown"]["values"], "<f4"), [3 / 7, 6 / 7, 12 / 7], rtol=1e-6)
    assert made["top"] == [2, 1, 0]


def test_no_path_and_no_name_stands_in_an_address():
    made = data(SLIDE, SlideSize(left=0, top=0, width=4000, height=3000, mpp=None))
    assert made["slide"]["url"].startswith("/slide_view/")
    assert str(SAMPLE) not in json.dumps(made)
    assert SAMPLE.name not in json.dumps(made)


def test_without_the_file_the_map_lies_on_an_empty_ground_of_its_own_size():
    made = data(replace(SLIDE, path=None, mpp=None, tile_px=400), None)
    assert (made["slide"]["url"], made["slide"]["mpp"]) == (None, None)
    assert (made["slide"]["width"], made["slide"]["height"], made["tiles"]["size"]) == (912, 912, 400)


def test_the_side_of_a_tile_is_the_gap_between_neighbours():
    assert grid_step(COORDS) == 256
    assert grid_step(COORDS[:1]) == 1
    assert in_equal_shares(np.zeros(3)).tolist() == [0, 0, 0]
