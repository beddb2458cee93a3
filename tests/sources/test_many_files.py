"""Many files at once: one progress, a stop in the middle of a slow transfer, faults of one and of all."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from survdash.errors import Cancelled, DownloadError, InputError
from survdash.progress import Progress
from survdash.sources.many_files import WantedFile, check_room, fetch_files, free_bytes
from tests.sources.gdc_server import Gdc


def _wanted(gdc: Gdc, folder: Path, number: int, size: int = 50_000) -> list[WantedFile]:
    files = []
    for index in range(number):
        file_id = gdc.add_slide(f"TCGA-2F-{index:04d}-01Z-00-DX1.svs", bytes([index]) * size)
        record = gdc.files[-1]
        files.append(WantedFile(url=f"{gdc.url}/data/{file_id}", path=folder / f"{index}.svs", md5=record["md5sum"],
                                size=record["file_size"]))  # fmt: skip
    return files


def test_all_arrive_with_one_progress_that_never_runs_back(gdc: Gdc, tmp_path: Path) -> None:
    files = _wanted(gdc, tmp_path, 9)
    seen: list[Progress] = []
    fetch_files(files, jobs=4, report=seen.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{index}.svs" for index in range(9)]
    assert (seen[-1].done, seen[-1].total, seen[-1].message) == (450_000, 450_000, "9 of 9 files")
    assert [one.done for one in seen] == sorted(one.done for one in seen)


def test_no_more_are_asked_for_at_once_than_was_said(gdc: Gdc, tmp_path: Path) -> None:
    files = _wanted(gdc, tmp_path, 6, size=40_000)
    gdc.block_delay_s = 0.05
    now, most, lock = 0, 0, threading.Lock()
    plain = gdc._data

    def counted(request: object) -> object:
        nonlocal now, most
        answer = plain(request)  # type: ignore[arg-type]
        with lock:
            now += 1
            most = max(most, now)

        def gone() -> None:
            nonlocal now
            with lock:
                now -= 1

        answer.call_on_close(gone)
        return answer

    gdc._data = counted  # type: ignore[method-assign, assignment]
    fetch_files(files, jobs=2)
    assert most <= 2


def test_a_slow_transfer_is_stopped_at_once_and_taken_up(gdc: Gdc, tmp_path: Path) -> None:
    files = _wanted(gdc, tmp_path, 3, size=2_000_000)  # 122 blocks each: more than a minute
    gdc.block_delay_s = 0.5
    stop = threading.Event()

    def stop_early(progress: Progress) -> None:
        if progress.done > 60_000:
            stop.set()

    start = time.monotonic()
    with pytest.raises(Cancelled):
        fetch_files(files, jobs=2, report=stop_early, cancel=stop)
    assert time.monotonic() - start < 20
    parts = sorted(tmp_path.iterdir())
    assert {path.suffix for path in parts} == {".part"}
    assert sum(one.bytes_here for one in files) >= 60_000
    gdc.block_delay_s = 0.0
    fetch_files(files, jobs=2)
    ranges = [asked for path, asked in gdc.asked if asked is not None]
    assert len(ranges) == len(parts)
    assert [one.path.read_bytes() == bytes([index]) * 2_000_000 for index, one in enumerate(files)] == [True] * 3


def test_one_that_fails_does_not_keep_the_others(gdc: Gdc, tmp_path: Path) -> None:
    files = _wanted(gdc, tmp_path, 5)
    del gdc.data[files[0].url.rsplit("/", 1)[1]]
    with pytest.raises(DownloadError, match=r"0\.svs could not be fetched .* answered 404"):
        fetch_files(files, jobs=2)
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".svs"]) == 4


def test_a_server_that_fails_for_all_is_left_after_a_few(gdc: Gdc, tmp_path: Path) -> None:
    files = _wanted(gdc, tmp_path, 30)
    gdc.data.clear()
    with pytest.raises(DownloadError, match=r"\(5 of 30 files failed\)"):
        fetch_files(files, jobs=1)
    assert len(gdc.asked) < 12


def test_room_is_looked_for_before(gdc: Gdc, tmp_path: Path) -> None:
    file = WantedFile(url="http://x/1", path=tmp_path / "deep" / "a", md5="0" * 32, size=10**18)
    with pytest.raises(InputError, match=r"1000000000\.0 GB are to come") as caught:
        check_room([file], tmp_path / "deep")
    assert "--cases" in caught.value.hint
    assert free_bytes(tmp_path / "deep" / "deeper") > 0
    check_room([], tmp_path)
    for jobs in (0, 17):
        with pytest.raises(InputError, match="at once"):
            fetch_files([], jobs=jobs)
