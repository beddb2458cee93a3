"""A bag is made by one process, goes on after a kill, and leaves nothing half written."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from survdash.bag_file import BagFile
from survdash.errors import Cancelled, InputError
from survdash.features.bag_place import KEEP_BLOCKS_DAYS
from survdash.features.blocks import BLOCK_TILES
from survdash.features.embed import embed_slide
from survdash.progress import Progress
from survdash.settings import settings
from tests.features.made_pictures import SMALL, left_bags, pink_pixels, write_picture


def test_a_stop_between_blocks_leaves_nothing(slide: Path, data_dir: Path) -> None:
    stop = threading.Event()

    def report(progress: Progress) -> None:
        if progress.step == "Embedding" and progress.done:
            stop.set()

    with pytest.raises(Cancelled, match="Embedding"):
        embed_slide(slide, mpp=0.5, tile_rule=SMALL, report=report, cancel=stop)
    assert left_bags(data_dir) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiles")]


def test_two_at_once_are_harmless(slide: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: embed_slide(slide, mpp=0.5, tile_rule=SMALL), range(3)))
    assert len({one.bag_path for one in made}) == 1
    assert {one.tiles for one in made} == {made[0].tiles}
    with BagFile(made[0].bag_path) as bag:
        assert bag.tile_count(made[0].slide_id) == made[0].tiles
    assert [path.name for path in made[0].bag_path.parent.iterdir()] == [made[0].bag_path.name]


def _child(slide: Path, *, stop_at: int = 10**9) -> subprocess.Popen[str]:
    """A process that embeds a slide, says how far it is, and at ``stop_at`` waits to be killed."""
    code = f"""
import sys, time
from pathlib import Path
from survdash.features.embed import *
def report(progress):
    if progress.step == "Embedding" and progress.done:
        print(progress.done, flush=True)
        if progress.done >= {stop_at}:
            time.sleep(600)
made = embed_slide(Path({str(slide)!r}), mpp=0.5, tile_rule=TileRule(tile_px=64), report=report)
print("cached" if made.cached else "made", flush=True)
"""
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "large.png", pink_pixels(1280, 1280))


def test_what_was_killed_goes_on_at_its_last_finished_block(large: Path, data_dir: Path) -> None:
    child = _child(large, stop_at=3 * BLOCK_TILES)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 3 * BLOCK_TILES:
            break
    child.kill()
    child.wait()
    finished = len(list((data_dir / "bags").glob("*.part/*.npz")))
    assert finished >= 3
    (part,) = (data_dir / "bags").glob("*.part")
    (part / ".bag.h5.abc.part").write_bytes(b"what a kill leaves of a file that is being written")
    seen: list[Progress] = []
    made = embed_slide(large, mpp=0.5, tile_rule=SMALL, report=seen.append)
    done = [step.done for step in seen if step.step == "Embedding" and step.done]
    assert done[0] == finished * BLOCK_TILES
    assert not made.cached
    assert left_bags(data_dir) == [made.bag_path.name]
    resumed = made.bag_path.read_bytes()
    made.bag_path.unlink()
    assert embed_slide(large, mpp=0.5, tile_rule=SMALL).bag_path.read_bytes() == resumed


def test_processes_that_want_the_same_slide_do_the_work_once(large: Path, data_dir: Path) -> None:
    children = [_child(large) for _ in range(3)]
    words = [child.communicate(timeout=280)[0].split()[-1] for child in children]
    assert sorted(words) == ["cached", "cached", "made"]
    assert len(left_bags(data_dir)) == 1


def test_waiting_for_another_can_be_stopped(large: Path) -> None:
    child = _child(large, stop_at=1)
    assert child.stdout is not None
    child.stdout.readline()
    stop = threading.Event()
    seen: list[str] = []

    def report(progress: Progress) -> None:
        seen.append(progress.message)
        if "waiting" in progress.message:
            stop.set()

    try:
        with pytest.raises(Cancelled, match="waiting"):
            embed_slide(large, mpp=0.5, tile_rule=SMALL, report=report, cancel=stop)
    finally:
        child.kill()
        child.wait()
    assert any("another process" in message for message in seen)


def test_blocks_that_nobody_came_back_to_are_thrown_away(slide: Path, data_dir: Path) -> None:
    bags, locks = data_dir / "bags", data_dir / "locks"
    for name, days in (("old", KEEP_BLOCKS_DAYS + 1), ("busy", KEEP_BLOCKS_DAYS + 1), ("young", KEEP_BLOCKS_DAYS - 1)):
        (bags / f"{name}.part").mkdir(parents=True)
        (bags / f"{name}.part" / "000000000.npz").write_bytes(b"a block")
        os.utime(bags / f"{name}.part", (time.time() - days * 86_400,) * 2)
    locks.mkdir()
    with FileLock(locks / "busy.lock"):
        made = embed_slide(slide, mpp=0.5, tile_rule=SMALL)
    assert sorted(path.name for path in bags.iterdir()) == sorted(["busy.part", "young.part", made.bag_path.name])


@contextlib.contextmanager
def _small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("full_at", ["blocks", "bag"])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    large: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_at: str
) -> None:
    made = embed_slide(large, mpp=0.5, tile_rule=SMALL)
    blocks = made.tiles * made.dim * 2 / 1024
    room = blocks / 2 if full_at == "blocks" else blocks + made.bag_path.stat().st_size / 2048 + 40
    small = tmp_path / "small"
    with _small_disk(small, round(room)):
        monkeypatch.setenv("SURVDASH_DATA_DIR", str(small))
        settings.cache_clear()
        (small / "engines").symlink_to(data_dir / "engines")
        with pytest.raises(InputError, match="is full"):
            embed_slide(large, mpp=0.5, tile_rule=SMALL)
        left = [path.name for path in (small / "bags").rglob("*") if path.is_file()]
        assert all(name.endswith(".npz") or name == "card.json" for name in left), left
