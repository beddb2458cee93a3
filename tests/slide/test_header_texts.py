"""What a slide's header says of its patient is told by place, never by value, and taken out; the tissue stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide
import pydicom
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from survdash.errors import SlideError
from survdash.slide.header_texts import header_hints, strip
from survdash.slide.reader import open_slide
from tests.slide.made_slides import tissue_and_glass, write_dicom
from tests.slide.made_tiffs import write_bif, write_ndpi, write_scn

APERIO = ("Aperio Image Library v11\r\n512x512 [0,0 512x512] (256x256) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5|"
          "Date = 12/29/09|Filename = CMU-1|User = b414003d{}")  # fmt: skip
NAMED = "|Patient Name = Miller, Anna|DOB = 1950-02-03|Accession Number = S09-1234|Title = Müller, Bernd"


def write_svs(path: Path, words: str, *, label: bool = True, bigtiff: bool = False) -> Path:
    """An Aperio slide as the scanner writes it: pyramid of tiles, thumbnail, label and macro as pages of strips."""
    pixels = tissue_and_glass(512, 512)
    label_pixels = np.full((64, 96, 3), 77, np.uint8)
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        options = {"compression": "jpeg", "metadata": None}
        said = APERIO.format(words).encode()
        file.write(pixels, tile=(256, 256), description=said, **options)
        file.write(pixels[::4, ::4], rowsperstrip=16, description=said, **options)
        if label:
            for name, kind in (("label", 1), ("macro", 9)):
                file.write(label_pixels, rowsperstrip=64, description=f"Aperio Image Library v11\r\n{name} 96x64",
                           subfiletype=kind, metadata=None)  # fmt: skip
    return path


def test_a_header_that_names_nobody_says_nothing(tmp_path: Path, shared: Path) -> None:
    assert header_hints(write_svs(tmp_path / "a.svs", "", label=False)) == ()
    scn = write_scn(tmp_path / "b.scn", {(0, 0): tissue_and_glass(512, 512)}, size=(1024, 512))  # its barcode is "none"
    assert {hint.place for hint in header_hints(scn)} <= {"macro picture"}
    assert {hint.place for hint in header_hints(shared / "slides" / "CMU-1-Small-Region.svs")} <= {
        "label picture", "macro picture"}  # fmt: skip


@pytest.mark.parametrize("bigtiff", [False, True])
def test_what_an_operator_typed_is_found_and_taken_out_with_the_label_and_the_pixels_stay(
    tmp_path: Path, bigtiff: bool
) -> None:
    path = write_svs(tmp_path / "a.svs", NAMED, bigtiff=bigtiff)
    with open_slide(path) as slide:
        before, mpp = slide.read_tile(128, 128, level0_px=256, tile_px=256), slide.mpp
    hints = header_hints(path)
    places = {hint.place for hint in hints}
    for name in ("Patient Name", "DOB", "Accession Number", "Title"):
        assert f"ImageDescription: {name}" in places
        assert f"ImageDescription of page 2: {name}" in places
    assert {"label picture", "macro picture"} <= places
    assert all(hint.can_strip for hint in hints)
    assert not any(word in str(hints) for word in ("Miller", "1950", "S09"))

    strip(path)
    assert header_hints(path) == ()
    content = path.read_bytes()
    for secret in (b"Miller", b"1950-02-03", b"S09-1234", "Müller".encode(), bytes([77] * 96)):
        assert secret not in content
    with openslide.OpenSlide(path) as raw:
        assert set(raw.associated_images) <= {"thumbnail"}
        assert raw.properties["openslide.vendor"] == "aperio"
        assert raw.properties["aperio.Date"] == "12/29/09"
    with open_slide(path) as slide:
        assert slide.mpp == mpp
        np.testing.assert_array_equal(slide.read_tile(128, 128, level0_px=256, tile_px=256), before)


def test_xml_of_other_scanners_is_read_too(tmp_path: Path) -> None:
    words = '<?xml version="1.0"?><iScan BarCode1D="S09-77" Magnification="20" PatientName=""/>'
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, tissue_and_glass(512, 512), tile=(256, 256), description=words, metadata=None)
    assert [hint.place for hint in header_hints(path)] == ["ImageDescription: BarCode1D"]
    strip(path)
    assert header_hints(path) == ()
    philips = '<DataObject><Attribute Name="PIM_DP_UFS_BARCODE" PMSVR="IString">S09-78</Attribute></DataObject>'
    tifffile.imwrite(path, tissue_and_glass(512, 512), tile=(256, 256), description=philips, metadata=None)
    assert [hint.place for hint in header_hints(path)] == ["ImageDescription: PIM_DP_UFS_BARCODE"]
    bif = write_bif(tmp_path / "v.bif", tissue_and_glass(512, 1024))
    assert all("Patient" not in hint.place for hint in header_hints(bif))


def test_what_hamamatsu_took_from_the_label_is_told_and_overwritten(tmp_path: Path) -> None:
    path = write_ndpi(tmp_path / "a.ndpi", tissue_and_glass(512, 512), reference="S09-1234 M")
    assert {"Reference", "Reference of page 2", "macro picture"} <= {hint.place for hint in header_hints(path)}
    strip(path)
    assert b"S09-1234" not in path.read_bytes()
    assert header_hints(path) == ()


def test_dicom_attributes_and_texts_of_pictures_are_told(tmp_path: Path) -> None:
    (path,) = write_dicom(tmp_path / "dicom", [tissue_and_glass(512, 512)])
    one = pydicom.dcmread(path)
    one.PatientName, one.PatientBirthDate, one.AccessionNumber = "Miller^Anna", "19500203", ""
    one.save_as(path)
    hints = header_hints(path)
    assert {hint.place for hint in hints} == {"PatientName", "PatientBirthDate"}
    assert not any(hint.can_strip for hint in hints)
    one.PatientIdentityRemoved = "YES"  # as public collections say, which keep a study number as the name
    one.save_as(path)
    assert header_hints(path) == ()
    notes = PngInfo()
    notes.add_text("Comment", "Patient: Anna Miller; scanned twice")
    notes.add_text("Software", "scanner")
    Image.fromarray(tissue_and_glass(64, 64)).save(tmp_path / "p.png", pnginfo=notes)
    assert [hint.place for hint in header_hints(tmp_path / "p.png")] == ["Comment"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match="cannot be read"):
        header_hints(tmp_path / "a.svs")
