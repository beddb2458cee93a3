"""A resolution comes from the file or the user; nothing else counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from survdash.errors import SlideError
from survdash.slide.resolution import (
    check_stated_mpp,
    has_tiff_unit,
    parse_ome_mpp,
    parse_openslide_mpp,
    parse_tiff_mpp,
)


@pytest.mark.parametrize("value", [0.0, -0.5, 0.01, 25.0, 1000.0, float("nan"), float("inf")])
def test_an_impossible_statement_is_refused_with_the_usual_values(value: float) -> None:
    with pytest.raises(SlideError, match=r"20x scan has about 0\.5"):
        check_stated_mpp(value)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ("0.499", "0.499", 0.499),
        ("0.25", "0.2502", pytest.approx(0.2501)),
        ("0", "0", None),
        ("352.7", "352.7", pytest.approx(352.7)),  # a printer's number; whether to believe it is asked elsewhere
        ("0.25", "0.5", None),  # pixels that are not square have no single resolution
        ("a lot", "0.5", None),
    ],
)
def test_what_openslide_says_counts_when_it_can_be_true(x: str, y: str, expected: float | None) -> None:
    assert parse_openslide_mpp({"openslide.mpp-x": x, "openslide.mpp-y": y}) == expected


def test_one_axis_alone_is_no_resolution() -> None:
    assert parse_openslide_mpp({"openslide.mpp-x": "0.5"}) is None


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        (20_000.0, 3, 0.5),
        (50_800.0, 2, 0.5),
        (20_000.0, 1, None),
        (20_000.0, None, None),
        (72.0, 2, 352.8),
        (0.0, 3, None),
    ],
)
def test_tiff_tags_count_only_with_a_unit(resolution: float, unit: int | None, expected: float | None) -> None:
    found = parse_tiff_mpp(resolution, resolution, unit)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-4))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<OME><Image><Pixels ID="1" PhysicalSizeX="0.5" PhysicalSizeY="0.5"/></Image></OME>', 0.5),
        ('<ome:Pixels PhysicalSizeX="500" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5">', 0.5),
        ('<Pixels PhysicalSizeX="0.5">', None),
        ('<Pixels PhysicalSizeX="0" PhysicalSizeY="0">', None),
        ('<Pixels PhysicalSizeX="0.5" PhysicalSizeY="0.5" PhysicalSizeXUnit="parsec">', None),
        ('<Pixels PhysicalSizeX="&lol9;" PhysicalSizeY="0.5">', None),
        ("<Pixels " + "x" * 100_000, None),
        ("", None),
    ],
)
def test_ome_xml_counts_when_both_sides_and_their_units_are_known(text: str, expected: float | None) -> None:
    assert parse_ome_mpp(text) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("unit", "expected"), [("CENTIMETER", True), ("INCH", True), ("NONE", False)])
def test_the_unit_is_read_from_the_file_itself(tmp_path: Path, unit: str, expected: bool) -> None:
    path = tmp_path / "slide.tiff"
    pixels = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(path, pixels, tile=(32, 32), photometric="rgb", resolution=(20_000, 20_000), resolutionunit=unit)
    assert has_tiff_unit(path) is expected


def test_a_damaged_unit_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    pixels = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(path, pixels, tile=(32, 32), photometric="rgb", resolution=(9, 9), resolutionunit="INCH")
    with tifffile.TiffFile(path) as file:
        where = file.pages[0].tags[296].offset
    data = bytearray(path.read_bytes())
    data[where + 2] = 7  # bytes in place of a number
    path.write_bytes(data)
    assert has_tiff_unit(path) is False
    path.write_bytes(data[:20])
    assert has_tiff_unit(path) is False
