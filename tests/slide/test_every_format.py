"""The formats that OpenSlide reads and no public sample is small enough of: made here, read by the same way as all."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from survdash.errors import SlideError
from survdash.features.embed import embed_slide
from survdash.slide.areas import read_areas
from survdash.slide.geojson import tissue_to_geojson
from survdash.slide.overlay import TILE, draw_overlay
from survdash.slide.reader import open_slide, require_mpp, scanned_area
from survdash.slide.tiles import TileRule, lay_grid
from survdash.slide.tissue import find_tissue, judge_tissue, take_view
from tests.slide.made_slides import halved, tissue_and_glass, write_dicom, write_mrxs, write_vms

SMALL = TileRule(tile_px=64)  # as other tests embed: one engine is made for all


CORNER = (2048, 3072)


@pytest.fixture
def mrxs(tmp_path: Path) -> Path:
    """40 x 40 tiles of which 8 x 4 were scanned, one of them not."""
    return write_mrxs(tmp_path / "a.mrxs", tissue_and_glass(), at=(8, 12), canvas=(40, 40), mpp=0.25)


def test_of_an_mrxs_slide_only_what_was_scanned_is_looked_at(mrxs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with openslide.OpenSlide(mrxs) as reference:
        assert reference.dimensions == (10_240, 10_240)
        assert (reference.read_region((0, 0), 0, (8, 8)).getextrema()[3]) == (0, 0)  # transparent where none is
    with open_slide(mrxs) as slide:
        assert (slide.left, slide.top, slide.width, slide.height) == (*CORNER, 2048, 1024)
        assert (slide.mpp, slide.downsamples) == (0.25, (1, 2, 4))
        asked: list[tuple[int, int, int, int]] = []
        read = slide._read

        def noted(x: int, y: int, *, level: int, size: tuple[int, int]) -> np.ndarray:
            own = slide.downsamples[level]
            asked.append((x, y, round(x + size[0] * own), round(y + size[1] * own)))
            return read(x, y, level=level, size=size)

        monkeypatch.setattr(slide, "_read", noted)
        view = take_view(slide, 1024)
        tissue = judge_tissue(view)
        grid = lay_grid(slide, tissue)
        tiles = [slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=256) for x, y in grid.coords.tolist()]
    assert min(left for left, *_ in asked) == CORNER[0]
    assert min(top for _, top, *_ in asked) == CORNER[1]
    assert max(right for *_, right, _ in asked) <= CORNER[0] + 2048
    assert max(bottom for *_, bottom in asked) <= CORNER[1] + 1024
    pixels = tissue_and_glass()
    assert view.pixels.shape == (512, 1024, 3)
    truth = pixels[..., 1] < 200
    assert tissue.fraction == pytest.approx(truth.mean(), abs=0.01)  # of the scanned area: of the canvas it is 0.7 %
    # The tiles of the scanned area alone, at the places OpenSlide reads them from.
    assert grid.size == 4
    for (x, y), tile in zip((grid.coords - CORNER).tolist(), tiles, strict=True):
        expected = cv2.resize(pixels[y : y + 512, x : x + 512], (256, 256), interpolation=cv2.INTER_AREA)
        assert np.abs(tile.astype(int) - expected).mean() < 2  # JPEG at quality 95, twice


def test_unscanned_parts_inside_the_area_are_white_background(tmp_path: Path) -> None:
    gaps = {(3, 1), (3, 2), (4, 1)}
    path = write_mrxs(tmp_path / "a.mrxs", tissue_and_glass(), at=(8, 12), canvas=(40, 40), gaps=gaps)
    with open_slide(path) as slide:
        assert (slide.left, slide.top, slide.width, slide.height) == (*CORNER, 2048, 1024)
        assert (slide.read_tile(CORNER[0] + 768, CORNER[1] + 256, level0_px=256, tile_px=256) == 255).all()
        tissue = find_tissue(slide)
        grid = lay_grid(slide, tissue, TileRule(tile_px=128))
    pixels = tissue_and_glass()
    for column, row in gaps:
        pixels[row * 256 : (row + 1) * 256, column * 256 : (column + 1) * 256] = 255
    Image.fromarray(pixels).save(tmp_path / "same.png")
    with open_slide(tmp_path / "same.png", mpp=0.25) as plain:
        expected = lay_grid(plain, find_tissue(plain), TileRule(tile_px=128))
    np.testing.assert_array_equal(grid.coords - CORNER, expected.coords)
    assert not gaps & set(map(tuple, (expected.coords // 256).tolist()))


def test_the_overlay_and_the_outlines_of_an_mrxs_lie_on_its_tissue(mrxs: Path) -> None:
    with open_slide(mrxs) as slide:
        view = take_view(slide, 1024)
        tissue = judge_tissue(view)
        grid = lay_grid(slide, tissue)
        drawn = draw_overlay(view, tissue, grid, legend=False)
        outlines = tissue_to_geojson(tissue, slide)
    squares = (drawn == TILE).all(axis=2) & ~(view.pixels == TILE).all(axis=2)
    rows, columns = np.nonzero(squares)
    places = (grid.coords - CORNER) // 2  # the view is half as wide as the area
    assert (columns.min(), rows.min()) == tuple(places.min(axis=0))
    assert (columns.max(), rows.max()) == tuple(places.max(axis=0) + 255)
    # QuPath counts from the corner of the area too.
    (piece,) = outlines["features"]  # type: ignore[misc]
    (ring,) = piece["geometry"]["coordinates"]
    middle = (np.min(ring, axis=0) + np.max(ring, axis=0)) / 2
    np.testing.assert_allclose(middle, (1024, 512), atol=8)


def test_areas_drawn_on_an_mrxs_lie_where_they_were_drawn(mrxs: Path, tmp_path: Path) -> None:
    """In QuPath's coordinates, in which the outlines are written too."""
    with open_slide(mrxs) as slide:
        view = take_view(slide, 1024)
        before = judge_tissue(view)
        ring = [[0, 0], [1024, 0], [1024, 1024], [0, 1024], [0, 0]]
        feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
                   "properties": {"classification": {"name": "Ignore"}}}  # fmt: skip
        (tmp_path / "mask.geojson").write_text(json.dumps(feature))
        after = judge_tissue(view, areas=read_areas(tmp_path / "mask.geojson"))
        grid = lay_grid(slide, after)
    assert not after.mask[:, :512].any()
    np.testing.assert_array_equal(after.mask[:, 512:], before.mask[:, 512:])
    assert (grid.coords[:, 0] >= CORNER[0] + 1024).all()


def test_a_bag_of_an_mrxs_has_the_places_of_the_whole_slide(mrxs: Path, tmp_path: Path) -> None:
    made = embed_slide(mrxs, tile_rule=SMALL)
    with h5py.File(made.bag_path) as file:
        slide = file[f"slides/{made.slide_id}"]
        coords, facts = slide["coords"][:], dict(slide.attrs)
        features = slide["features"][:].astype(float)
    assert (facts["left"], facts["top"], facts["width"], facts["height"]) == (*CORNER, 2048, 1024)
    assert (facts["mpp"], facts["mpp_source"]) == (0.25, "file")
    pixels = tissue_and_glass()
    Image.fromarray(pixels).save(tmp_path / "same.png")
    plain = embed_slide(tmp_path / "same.png", mpp=0.25, tile_rule=SMALL)
    with h5py.File(plain.bag_path) as file:
        there = file[f"slides/{plain.slide_id}"]
        np.testing.assert_array_equal(coords - CORNER, there["coords"][:])
        others = there["features"][:].astype(float)
    cosine = (features * others).sum(axis=1) / np.linalg.norm(features, axis=1) / np.linalg.norm(others, axis=1)
    assert np.median(cosine) > 0.95  # the same squares, stored as JPEG twice; of other squares it is below 0.9


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, (0, 0, 100, 80)),
        ({"x": "10", "y": "20", "width": "30", "height": "40"}, (10, 20, 30, 40)),
        ({"x": "10", "y": "20", "width": "30"}, (0, 0, 100, 80)),
        ({"x": "-5", "y": "70", "width": "30", "height": "40"}, (0, 70, 25, 10)),
        ({"x": "200", "y": "0", "width": "30", "height": "40"}, (0, 0, 100, 80)),
        ({"x": "0", "y": "0", "width": "0", "height": "40"}, (0, 0, 100, 80)),
        ({"x": "a", "y": "0", "width": "3", "height": "40"}, (0, 0, 100, 80)),
    ],
)
def test_the_scanned_area_never_leaves_the_slide(said: dict[str, str], expected: tuple[int, ...]) -> None:
    assert scanned_area({f"openslide.bounds-{side}": value for side, value in said.items()}, (100, 80)) == expected


def test_a_vms_slide_is_read_with_its_own_resolution(tmp_path: Path) -> None:
    pixels = tissue_and_glass()
    with open_slide(write_vms(tmp_path / "slide", pixels, mpp=0.23, power=40)) as slide:
        assert (slide.width, slide.height, slide.mpp_source) == (2048, 1024, "file")
        assert require_mpp(slide) == pytest.approx(0.23)
        tile = slide.read_tile(500, 300, level0_px=512, tile_px=256)
        assert find_tissue(slide).fraction == pytest.approx((pixels[..., 1] < 200).mean(), abs=0.01)
    expected = cv2.resize(pixels[300:812, 500:1012], (256, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(tile.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("named", [0, 1])
def test_a_dicom_slide_is_read_from_any_of_its_files(tmp_path: Path, named: int) -> None:
    pixels = tissue_and_glass(1000, 1500)
    path = write_dicom(tmp_path / "slide", halved(pixels, 2), mpp=0.25)[named]
    with open_slide(path) as slide:
        assert (slide.width, slide.height, slide.level_count) == (1500, 1000, 2)
        assert (require_mpp(slide), slide.mpp_source) == (pytest.approx(0.25), "file")
        for level0_px, tile_px in ((256, 256), (512, 256)):
            tile = slide.read_tile(301, 203, level0_px=level0_px, tile_px=tile_px)
            expected = cv2.resize(pixels[203 : 203 + level0_px, 301 : 301 + level0_px], (tile_px, tile_px),
                                  interpolation=cv2.INTER_AREA)  # fmt: skip
            assert np.abs(tile.astype(int) - expected).mean() < 4  # JPEG with half the colour resolution
        grid = lay_grid(slide, find_tissue(slide), TileRule(tile_px=128))
        truth = tissue_and_glass(1000, 1500)[..., 1] < 200
        assert abs(grid.size * 256**2 / truth.sum() - 1) < 0.35


def test_a_dicom_slide_without_spacing_asks_and_one_that_contradicts_itself_too(tmp_path: Path) -> None:
    pixels = tissue_and_glass(512, 512)
    (silent,) = write_dicom(tmp_path / "silent", [pixels], mpp=None)
    (odd,) = write_dicom(tmp_path / "odd", [pixels], mpp=0.5, power=40)
    (agreed,) = write_dicom(tmp_path / "agreed", [pixels], mpp=0.5, power=20)
    with open_slide(silent) as slide, pytest.raises(SlideError, match="does not state its resolution"):
        require_mpp(slide)
    with open_slide(odd) as slide, pytest.raises(SlideError, match=r"contradicts itself.*0\.5 um.*40x"):
        require_mpp(slide)
    with open_slide(agreed) as slide:
        assert require_mpp(slide) == 0.5


def test_what_is_no_slide_among_dicom_files_is_refused(tmp_path: Path) -> None:
    (path,) = write_dicom(tmp_path / "slide", [tissue_and_glass(512, 512)])
    data = path.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(data[:400])
    chest = data.replace(b"1.2.840.10008.5.1.4.1.1.77.1.6", b"1.2.840.10008.5.1.4.1.1.77.1.7")
    (tmp_path / "other.dcm").write_bytes(chest)
    for name in ("cut.dcm", "other.dcm"):
        with pytest.raises(SlideError, match=name):
            open_slide(tmp_path / name)


def _svs(path: Path, *, mpp: str | None = None, power: str | None = None, factors: tuple[float, ...] = (1,)) -> Path:
    """An Aperio slide with levels that are smaller by ``factors``."""
    pixels = tissue_and_glass(1200, 1500)
    words = "Aperio Image Library v11\r\n1500x1200 (256x256) JPEG/RGB Q=90"
    words += "".join(f"|{key} = {value}" for key, value in (("AppMag", power), ("MPP", mpp)) if value is not None)
    with tifffile.TiffWriter(path) as file:
        for factor in factors:
            level = cv2.resize(pixels, (round(1500 / factor), round(1200 / factor)), interpolation=cv2.INTER_AREA)
            file.write(np.asarray(level), tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None,
                       compressionargs={"level": 95}, description=words, subfiletype=int(factor > 1))  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("mpp", "power", "words"),
    [
        (None, None, "does not state its resolution"),
        (None, "40", "does not state its resolution"),  # an objective alone is no resolution
        ("0", None, "does not state its resolution"),
        ("0", "20", "does not state its resolution"),
        ("5.0", None, "states 5 um per pixel, and slide scanners have 0.08 to 1.1"),
        ("0.05", None, "states 0.05 um per pixel, and slide scanners have"),
        ("5.0", "20", "contradicts itself: it states 5 um per pixel and an objective of 20x, which has about 0.5"),
        ("0.025", "40", "contradicts itself: it states 0.025 um per pixel and an objective of 40x"),
        ("0.25", "20", "contradicts itself: it states 0.25 um per pixel and an objective of 20x"),
        ("0.5", "40", "contradicts itself: it states 0.5 um per pixel and an objective of 40x"),
    ],
)
def test_a_resolution_that_cannot_be_trusted_is_asked_for_and_the_answer_stands_in_the_bag(
    tmp_path: Path, mpp: str | None, power: str | None, words: str
) -> None:
    path = _svs(tmp_path / "a.svs", mpp=mpp, power=power)
    with pytest.raises(SlideError, match=f"a.svs {words}") as caught:
        embed_slide(path)
    assert "--mpp" in caught.value.hint
    assert "'Resolution' on the page" in caught.value.hint
    if (mpp, power) not in (("5.0", None), ("0.5", "40"), (None, None)):
        return  # embedding takes seconds, and the way is the same
    made = embed_slide(path, mpp=0.5, tile_rule=TileRule(tile_px=64, min_tissue=1.0))
    assert (made.mpp, made.mpp_source) == (0.5, "user")
    with h5py.File(made.bag_path) as file:
        facts = file[f"slides/{made.slide_id}"].attrs
        assert (facts["mpp"], facts["mpp_source"]) == (0.5, "user")
        assert str(facts.get("mpp_doubt", "")).startswith("" if mpp is None else words[:20])


BELIEVED = [("0.499", "20"), ("0.2527", "40"), ("0.2", None), ("1.0", None), ("2", "5")]


@pytest.mark.parametrize(("mpp", "power"), BELIEVED)
def test_a_resolution_that_scanners_have_is_believed(tmp_path: Path, mpp: str, power: str | None) -> None:
    with open_slide(_svs(tmp_path / "a.svs", mpp=mpp, power=power)) as slide:
        assert (require_mpp(slide), slide.mpp_source) == (pytest.approx(float(mpp)), "file")


@pytest.mark.parametrize("factors", [(1, 3, 7.3), (1, 1.5, 4), (1, 10)])
def test_levels_that_are_no_powers_of_two_give_the_tiles_of_level_0(tmp_path: Path, factors: tuple[float, ...]) -> None:
    pixels = tissue_and_glass(1200, 1500)
    with open_slide(_svs(tmp_path / "a.svs", mpp="0.25", factors=factors)) as slide:
        assert slide.downsamples == pytest.approx(factors, rel=0.005)
        for level0_px, tile_px in ((256, 256), (512, 256), (450, 150), (600, 80), (1000, 100)):
            tile = slide.read_tile(150, 90, level0_px=level0_px, tile_px=tile_px).astype(int)
            expected = cv2.resize(pixels[90 : 90 + level0_px, 150 : 150 + level0_px], (tile_px, tile_px),
                                  interpolation=cv2.INTER_AREA)  # fmt: skip
            # Averaged over 3 and averaged again differs by half a pixel of the level at the texture's rims.
            assert np.abs(tile - expected).mean() < 4
        coarse = find_tissue(slide).fraction
    with open_slide(_svs(tmp_path / "b.svs", mpp="0.25")) as slide:
        assert find_tissue(slide).fraction == pytest.approx(coarse, abs=0.005)


def test_a_philips_tiff_is_read_with_its_own_resolution(tmp_path: Path) -> None:
    pixels = tissue_and_glass(1024, 1024)
    path = tmp_path / "philips.tiff"
    with tifffile.TiffWriter(path) as file:
        for level, picture in enumerate(halved(pixels, 2)):
            file.write(picture, tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None,
                       compressionargs={"level": 95}, software="Philips DP v1.0",
                       description=_philips() if level == 0 else None, subfiletype=int(level > 0))  # fmt: skip
    with open_slide(path) as slide:
        assert openslide.OpenSlide(path).properties["openslide.vendor"] == "philips"
        assert (require_mpp(slide), slide.mpp_source, slide.downsamples) == (pytest.approx(0.25), "file", (1, 2))
        tile = slide.read_tile(256, 256, level0_px=512, tile_px=256)
    expected = cv2.resize(pixels[256:768, 256:768], (256, 256), interpolation=cv2.INTER_AREA)
    assert np.abs(tile.astype(int) - expected).mean() < 4


def _philips() -> str:
    def level(number: int, spacing: float) -> str:
        return (
            '<DataObject ObjectType="PixelDataRepresentation">'
            f'<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">'
            f"&quot;{spacing}&quot; &quot;{spacing}&quot;</Attribute>"
            f'<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_NUMBER" Group="0x1001" Element="0x8B02" PMSVR="IUInt16">'
            f"{number}</Attribute></DataObject>"
        )

    return (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        '<Attribute Name="DICOM_MANUFACTURER" Group="0x0008" Element="0x0070" PMSVR="IString">Hamamatsu</Attribute>'
        '<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray"><Array>'
        '<DataObject ObjectType="DPScannedImage">'
        '<Attribute Name="PIM_DP_IMAGE_TYPE" Group="0x301D" Element="0x1004" PMSVR="IString">WSI</Attribute>'
        '<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">'
        "&quot;0.00025&quot; &quot;0.00025&quot;</Attribute>"
        '<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE" Group="0x1001" Element="0x8B01" '
        f'PMSVR="IDataObjectArray"><Array>{level(0, 0.00025)}{level(1, 0.0005)}</Array></Attribute>'
        "</DataObject></Array></Attribute></DataObject>"
    )


@pytest.mark.parametrize("kind", ["mrxs", "dicom", "direct", "ome", "picture"])
def test_another_handle_reads_the_same_and_outlives_the_first(tmp_path: Path, kind: str) -> None:
    pixels = tissue_and_glass()
    if kind == "mrxs":
        path = write_mrxs(tmp_path / "a.mrxs", pixels, at=(8, 12), canvas=(40, 40))
    elif kind == "dicom":
        path = write_dicom(tmp_path, halved(pixels, 2))[0]
    elif kind == "picture":
        path = tmp_path / "a.png"
        Image.fromarray(pixels).save(path)
    else:
        path = tmp_path / f"{kind}.tif"
        whole, half = halved(pixels, 2)
        how = {"tile": (256, 256), "photometric": "rgb", "compression": "jpeg", "metadata": None}
        below = kind == "ome"
        with tifffile.TiffWriter(path) as file:
            file.write(whole, subifds=int(below), resolution=(20_000, 20_000), resolutionunit="CENTIMETER", **how)
            file.write(half, subfiletype=1, **how)
    with open_slide(path, mpp=0.5) as slide:
        read = {"level0_px": 512, "tile_px": 256}
        expected = slide.read_tile(slide.left + 512, slide.top + 256, **read)
        known, again = slide.sha256, slide.another()
    with again:
        assert type(again) is type(slide)
        np.testing.assert_array_equal(again.read_tile(again.left + 512, again.top + 256, **read), expected)
        assert (again.sha256, again.mpp, again.mpp_source) == (known, 0.5, "user")
        assert (again.width, again.height, again.downsamples) == (slide.width, slide.height, slide.downsamples)
