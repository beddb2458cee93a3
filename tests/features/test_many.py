"""Many slides: each gets its bag or its reason, whatever happens to the others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from survdash.bag_file import BagFile
from survdash.errors import InputError, UnknownNameError
from survdash.features.many import Outcome, SlideEntry, embed_many, is_many, list_slides
from survdash.simulation.pyramid import write_pyramid
from survdash.slide.reader import open_slide
from tests.slide.made_slides import tissue_and_glass, write_dicom, write_vms, write_vmu


def _slide(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 90, (520, 520, 3)) + np.array([160, 60, 120])
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folder_gives_its_slides_and_no_pieces_of_slides(tmp_path: Path) -> None:
    _touch(tmp_path, "b.svs", "a.TIFF", "notes.txt", ".hidden.svs", "deep/er/c.ndpi", "dicom/1.dcm", "dicom/2.dcm")
    _touch(tmp_path, "m.mrxs", "m/Data0001.dat", ".cache/e.svs")
    assert [entry.name for entry in list_slides(tmp_path).entries] == ["a", "b", "c", "1", "2", "m"]
    assert list_slides(tmp_path).words == ""


def test_the_pieces_of_a_vms_slide_are_told_and_other_pictures_beside_it_are_slides(tmp_path: Path) -> None:
    pixels = tissue_and_glass(256, 512)
    write_vms(tmp_path / "vms", pixels)
    _slide(tmp_path / "vms" / "photo.jpg")
    found = list_slides(tmp_path)
    assert [entry.path.name for entry in found.entries] == ["photo.jpg", "slide.vms"]
    assert sorted(path.name for path in found.parts) == ["macro.jpg", "map.jpg", "pixels.jpg"]
    assert "3 JPEG file(s)" in found.words
    write_vmu(tmp_path / "vmu", pixels)
    assert [path.name for path in list_slides(tmp_path / "vmu").parts] == ["macro.jpg"]
    with open_slide(tmp_path / "vms" / "slide.vms") as slide:  # what OpenSlide reads is what is taken for its parts
        assert {path.name for path in slide.files} - {"slide.vms"} <= {path.name for path in found.parts}


def test_dicom_slides_in_one_folder_are_told_apart_by_their_series(tmp_path: Path) -> None:
    pixels = np.full((256, 512, 3), 200, np.uint8)
    write_dicom(tmp_path, [pixels, pixels[::2, ::2]], prefix="a", series="1.2.3")
    write_dicom(tmp_path, [pixels, pixels[::2, ::2]], prefix="b", series="1.2.4")
    assert [entry.name for entry in list_slides(tmp_path).entries] == ["a0", "b0"]


def test_a_list_may_name_slides_and_state_their_resolution(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("\ufeffname,slide,mpp\nP1,slides/a.svs,0.25\n,slides/b.svs,\n\n", encoding="utf-8")
    assert list_slides(table).entries == (
        SlideEntry(name="P1", path=tmp_path / "slides/a.svs", mpp=0.25),
        SlideEntry(name="b", path=tmp_path / "slides/b.svs"),
    )
    lines = tmp_path / "list.txt"
    lines.write_text("/data/a.svs\n b.svs \n")
    assert [entry.path for entry in list_slides(lines).entries] == [Path("/data/a.svs"), tmp_path / "b.svs"]
    assert [is_many(path) for path in (table, lines, tmp_path, tmp_path / "a.svs")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file\na.svs\n", "no column 'slide'"),
        ("slide,mpp\na.svs,half\n", "row 2: the column mpp"),
        ("slide,mpp\na.svs,\n,0.5\n", "row 3: the column slide"),
        ("slide,name\na.svs,../a\n", "cannot be called"),
        ("slide\none/a.svs\ntwo/a.svs\n", "Two slides are called 'a'"),
        ("slide\n", "holds no slide"),
        ("", "its columns are none"),
        ("slide,mpp\n\na,b.svs,0.5\n", "row 3: more values than columns"),
        ('slide\n"a.svs\n', "not CSV"),
    ],
)
def test_a_list_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        list_slides(tmp_path / "list.csv")


def test_no_folder_and_no_list() -> None:
    with pytest.raises(InputError, match="no folder or list"):
        list_slides(Path("nowhere.csv"))


@pytest.mark.usefixtures("fresh_workers")
@pytest.mark.parametrize("jobs", [1, 2])
def test_one_bad_slide_stops_none_of_the_others(tmp_path: Path, jobs: int) -> None:
    folder = tmp_path / "slides"
    for number in range(3):
        _slide(folder / f"s{number}.png", number)
    (folder / "broken.svs").write_text("words " * 500)
    entries = list_slides(folder).entries
    made = {one.entry.name: one for one in embed_many(entries, tmp_path / "out", mpp=0.5, jobs=jobs)}
    assert set(made) == {"s0", "s1", "s2", "broken"}
    assert "broken.svs is not a slide" in made["broken"].error
    assert made["broken"].embedding is None
    for name in ("s0", "s1", "s2"):
        embedding = made[name].embedding
        assert embedding is not None
        assert not embedding.cached
        with BagFile(tmp_path / "out" / f"{name}.h5") as bag:
            assert bag.slide_ids == (name,)
            assert bag.tile_count(name) == embedding.tiles
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["s0.h5", "s1.h5", "s2.h5"]
    again = [one for one in embed_many(entries, tmp_path / "out", mpp=0.5) if one.embedding is not None]
    assert [one.embedding.cached for one in again if one.embedding] == [True] * 3


def test_the_same_content_under_two_names_is_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _slide(tmp_path / "slides" / f"{name}.png")
    first, second = embed_many(list_slides(tmp_path / "slides").entries, tmp_path / "out", mpp=0.5)
    assert (first.same_as, second.same_as) == ("", "a")
    assert second.embedding is not None
    assert second.embedding.cached


@pytest.mark.usefixtures("fresh_workers")
def test_a_process_that_the_system_ends_is_told(tmp_path: Path, data_dir: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 90, (256, 512, 3)) + np.array([160, 60, 120])
    large = tmp_path / "large.tiff"
    write_pyramid(np.tile(pixels.astype(np.uint8), (20, 8, 1)), large, mpp=0.5)

    def kill_at_work() -> None:
        while not list((data_dir / "bags").glob("*.part/*.npz")):
            time.sleep(0.02)
        for child in psutil.Process().children():
            if any("loky.backend.popen" in word for word in child.cmdline()):
                child.kill()

    entries = [SlideEntry(name=name, path=large) for name in ("a", "b")]
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_at_work)
        with pytest.raises(InputError, match="The system ended a process"):
            list(embed_many(entries, tmp_path / "out", jobs=2))
        killed.result()
    assert all(one.embedding for one in embed_many(entries, tmp_path / "out"))


def test_the_resolution_of_an_entry_goes_before_that_for_all(tmp_path: Path) -> None:
    slide = _slide(tmp_path / "a.png")
    entries = [SlideEntry(name="own", path=slide, mpp=0.25), SlideEntry(name="all", path=slide)]
    found: list[Outcome] = list(embed_many(entries, tmp_path / "out", mpp=0.5))
    assert [one.embedding.mpp for one in found if one.embedding] == [0.25, 0.5]


def test_what_is_wrong_for_all_is_told_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        next(embed_many([], tmp_path, encoder="nope"))
    with pytest.raises(InputError, match="0 jobs"):
        next(embed_many([], tmp_path, jobs=0))
