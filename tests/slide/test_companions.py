"""Slides of many files: all of them are the slide, and one that is not there is named."""

from __future__ import annotations

import shutil
import tracemalloc
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from survdash.errors import SlideError
from survdash.slide import companions
from survdash.slide.companions import dicom_series, slide_sha256
from survdash.slide.header_texts import header_hints
from survdash.slide.reader import open_slide
from survdash.store import file_sha256
from tests.slide.made_slides import halved, write_dicom, write_mrxs, write_vms


def _pixels(seed: int = 0, height: int = 512, width: int = 1024) -> np.ndarray:
    small = np.random.default_rng(seed).integers(60, 250, (height // 64, width // 64, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _sha256(path: Path) -> str:
    with open_slide(path, mpp=0.5) as slide:
        return slide.sha256


def test_two_mrxs_slides_that_differ_at_level_0_alone_are_two_slides(tmp_path: Path) -> None:
    """Same named file, same text, same coarse levels: OpenSlide's own hash takes them for one."""
    one = write_mrxs(tmp_path / "one" / "a.mrxs", _pixels(0), levels=2)
    other = write_mrxs(tmp_path / "other" / "a.mrxs", _pixels(1), levels=2, coarse=_pixels(0))
    assert one.read_bytes() == other.read_bytes()
    assert _sha256(one) != _sha256(other)


def test_an_mrxs_slide_is_the_same_under_another_name(tmp_path: Path) -> None:
    one = write_mrxs(tmp_path / "a.mrxs", _pixels())
    renamed = tmp_path / "b.mrxs"
    shutil.copy(one, renamed)
    shutil.copytree(one.with_suffix(""), renamed.with_suffix(""))
    (renamed.with_suffix("") / "Thumbs.db").write_bytes(b"no part of the slide")
    assert _sha256(renamed) == _sha256(one)


def test_every_file_of_an_mrxs_slide_counts(tmp_path: Path) -> None:
    path = write_mrxs(tmp_path / "a.mrxs", _pixels())
    before = _sha256(path)
    data = path.with_suffix("") / "Data0000.dat"
    data.write_bytes(data.read_bytes() + b"\0")
    assert _sha256(path) != before


@pytest.mark.parametrize("kept_slidedat", [True, False])
def test_an_mrxs_file_alone_says_what_belongs_beside_it(tmp_path: Path, *, kept_slidedat: bool) -> None:
    path = write_mrxs(tmp_path / "a.mrxs", _pixels())
    (path.with_suffix("") / "Data0000.dat").unlink()
    if not kept_slidedat:
        shutil.rmtree(path.with_suffix(""))
    match = "only a part of its slide: beside it belong a folder" if not kept_slidedat else r"Data0000\.dat"
    with pytest.raises(SlideError, match=match) as caught:
        open_slide(path)
    if not kept_slidedat:
        assert "Copy the named file together with its folder" in caught.value.hint


def test_a_name_that_leaves_the_slides_folder_is_refused(tmp_path: Path) -> None:
    path = write_mrxs(tmp_path / "a.mrxs", _pixels())
    folder = path.with_suffix("")
    shutil.move(folder / "Data0000.dat", tmp_path / "Data0000.dat")
    text = (folder / "Slidedat.ini").read_text()
    (folder / "Slidedat.ini").write_text(text.replace("FILE_0 = Data0000.dat", "FILE_0 = ../Data0000.dat"))
    with pytest.raises(SlideError, match=r"lies elsewhere: '\.\./Data0000\.dat'"):
        open_slide(path)


def test_a_vms_slide_is_what_the_files_that_it_names_hold(tmp_path: Path) -> None:
    one, other = write_vms(tmp_path / "one", _pixels(0)), write_vms(tmp_path / "other", _pixels(1))
    assert one.read_bytes() == other.read_bytes()
    assert _sha256(one) != _sha256(other)
    same = _sha256(one)
    (one.parent / "macro.jpg").write_bytes((other.parent / "macro.jpg").read_bytes())  # never looked at
    assert _sha256(one) == same
    (one.parent / "pixels.jpg").unlink()
    with pytest.raises(SlideError, match=r"slide\.vms cannot be opened: .*pixels\.jpg"):
        open_slide(one)
    (tmp_path / "empty.vms").write_text("")
    with pytest.raises(SlideError, match=r"empty\.vms is only a part of its slide: beside it belong the JPEG"):
        open_slide(tmp_path / "empty.vms")


def test_any_instance_of_a_dicom_slide_stands_for_all_of_them(tmp_path: Path) -> None:
    pixels = _pixels()
    files = write_dicom(tmp_path / "one", halved(pixels, 2))
    write_dicom(tmp_path / "one", [_pixels(5)], prefix="another_slide", series="1.2.3.4")
    series = dicom_series(files[0])
    assert series == dicom_series(files[1]) != dicom_series(tmp_path / "one" / "another_slide0.dcm") == "1.2.3.4"
    assert _sha256(files[0]) == _sha256(files[1])
    renamed = tmp_path / "two"
    renamed.mkdir()
    for number, file in enumerate(reversed(files)):
        shutil.copy(file, renamed / f"{number}.bin")
    assert _sha256(renamed / "0.bin") == _sha256(files[0])
    # The same named instance, but another level 0 of the same series beside it.
    others = write_dicom(tmp_path / "three", [_pixels(1), halved(pixels, 2)[1]], series=series)
    assert file_sha256(others[1]) == file_sha256(files[1])
    assert _sha256(others[1]) != _sha256(files[1])


def test_what_is_no_dicom_file_belongs_to_no_series(tmp_path: Path) -> None:
    (file,) = write_dicom(tmp_path / "slide", [_pixels()])
    data = file.read_bytes()
    long = data[:138] + b"\xf2" + data[139:]  # the first element says that it is 242 bytes long
    made = {"text": b"words " * 100, "empty": b"", "cut": data[:300], "zeros": data[:140] + bytes(400), "long": long}
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
        assert dicom_series(tmp_path / name) == ""
    assert dicom_series(tmp_path / "missing") == ""
    assert dicom_series(tmp_path) == ""


def test_an_element_that_says_it_has_gigabytes_takes_no_more_memory_than_its_file(tmp_path: Path) -> None:
    (file,) = write_dicom(tmp_path / "slide", [_pixels()])
    data = bytearray(file.read_bytes())
    assert data[148:150] == b"OB"  # the version of the file's meta information
    data[152:156] = (0xF000_0000).to_bytes(4, "little")
    file.write_bytes(data)
    tracemalloc.start()
    try:
        assert dicom_series(file) == ""
        with suppress(SlideError):
            header_hints(file)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_a_slide_of_one_file_has_that_files_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a slide")
    assert slide_sha256(tmp_path / "a", (), in_any_order=False) == file_sha256(tmp_path / "a")


def test_headers_of_a_folder_are_read_once_and_again_where_a_file_changed(tmp_path: Path) -> None:
    files = write_dicom(tmp_path, halved(_pixels(), 2))
    write_dicom(tmp_path, [_pixels(5)], prefix="another", series="1.2.3.4")
    with open_slide(files[0]) as slide:
        known = slide.files
        read = companions._read_series.cache_info().misses
        with slide.another() as again, open_slide(files[1]) as other:
            assert set(again.files) == set(other.files) == set(known) == set(files)
    assert companions._read_series.cache_info().misses == read + 1  # the first file, which is now the one beside
    write_dicom(tmp_path, [_pixels(5)], prefix="another", series="1.2.3.5678")
    assert dicom_series(tmp_path / "another0.dcm") == "1.2.3.5678"
