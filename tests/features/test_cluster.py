"""Slides on the workers of a Dask scheduler: real processes, one of which is killed at work."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from survdash import dask_client
from survdash.bag_file import BagFile
from survdash.errors import InputError
from survdash.features.blocks import BLOCK_TILES
from survdash.features.many import Outcome, embed_many, list_slides
from survdash.settings import settings
from survdash.simulation.pyramid import write_pyramid
from tests.dask_workers import Dask, until

MARK = 0.5  # what a feature of a block says that was there when the worker died


def _slide(path: Path, *, tiles: int) -> Path:
    rng = np.random.default_rng(tiles)
    pixels = rng.integers(0, 90, (256, 512, 3)) + np.array([160, 60, 120])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pyramid(np.tile(pixels.astype(np.uint8), (tiles // 16, 8, 1)), path, mpp=0.5)
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_worker_that_is_killed_costs_its_block_and_no_slide(
    dask: Dask, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, out = _slide(tmp_path / "slides" / "large.tiff", tiles=320), tmp_path / "out"
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 1.0)
    with pytest.raises(InputError, match=r"has no worker.*python -m dask worker"):
        list(embed_many(list_slides(large.parent).entries, out))
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 30.0)
    stranger = dask.add_worker(SURVDASH_DATA_DIR=str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match=r"elsewhere, which is not the one here.*that all machines share"):
        list(embed_many(list_slides(large.parent).entries, out))
    os.kill(stranger, signal.SIGKILL)
    until(lambda: not dask.client.scheduler_info()["workers"])
    workers = {dask.add_worker(), dask.add_worker()}
    numbers = dask.numbers()
    assert set(numbers.values()) == workers

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: list(embed_many(list_slides(large.parent).entries, out)))
        bags = data_dir / "bags"
        until(lambda: future.done() or len(list(bags.glob("*.part/*.npz"))) >= 2, seconds=120)
        assert not future.done(), future.result()
        victim = numbers[dask.at_work()]
        os.kill(victim, signal.SIGSTOP)
        first = bags / next(bags.glob("*.part")) / f"{0:09d}.npz"
        with np.load(first) as block:
            parts = dict(block)
        np.savez(first, **{**parts, "features": np.full_like(parts["features"], MARK)})
        os.kill(victim, signal.SIGKILL)
        (found,) = future.result(timeout=120)
    assert found.error == ""
    with BagFile(out / "large.h5") as bag:
        features = bag.read(["large"]).features
    # The other worker took the finished block as it lay there, and made the rest itself.
    assert (features[:BLOCK_TILES] == MARK).all()
    assert not (features[-BLOCK_TILES:] == MARK).all()
    assert not list(bags.glob("*.part"))

    for number in range(2):
        _slide(tmp_path / "slides" / f"small{number}.tiff", tiles=16 * (number + 2))
    (tmp_path / "slides" / "broken.svs").write_text("words " * 500)
    again: dict[str, Outcome] = {one.entry.name: one for one in embed_many(list_slides(large.parent).entries, out)}
    assert set(again) == {"large", "small0", "small1", "broken"}
    assert "broken.svs is not a slide" in again["broken"].error
    assert again["large"].embedding is not None
    assert again["large"].embedding.cached
    assert (out / "small1.h5").is_file()
    with pytest.raises(InputError, match="Leave --jobs out"):
        list(embed_many(list_slides(large.parent).entries, out, jobs=2))


def test_a_wrong_address_is_told_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 1.0)
    monkeypatch.setenv("SURVDASH_DASK", "tcp://127.0.0.1:9")  # nobody listens on port 9
    settings.cache_clear()
    started = time.monotonic()
    with pytest.raises(InputError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(embed_many([], tmp_path))
    assert time.monotonic() - started < 30  # the import of dask on a busy machine included
