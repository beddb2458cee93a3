from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from survdash.errors import ArtefactError, Cancelled
from survdash.training import checkpoint
from survdash.training.checkpoint import work_key
from survdash.training.fold_arrays import to_arrays
from survdash.training.loop import fit_fold

SCRIPT = Path(__file__).with_name("interrupted.py")


class After:
    """A cancel flag that is set when it was looked at so often."""

    def __init__(self, times: int) -> None:
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def assert_same(one, other):
    assert one.curves == other.curves
    first, second = to_arrays(one.model), to_arrays(other.model)
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


@pytest.mark.parametrize(
    "changes",
    [{}, {"stop": "inner"}, {"loss": "cox"}, {"max_tiles": 3}, {"model": "attnmil"}],
    ids=str,
)
def test_stopped_and_taken_up_gives_the_same_weights_bit_for_bit(small, data_for, tmp_path, changes):
    recipe = small(**{"model": "glg", "epochs": 4, **changes})
    data = data_for(recipe)
    whole = fit_fold(data, recipe, fold=0)
    for times in (1, 2, 6):  # each stops later than the one before, and goes on where that stood
        try:
            fit_fold(data, recipe, fold=0, kept=tmp_path, cancel=After(times))
        except Cancelled:
            assert list(tmp_path.glob("*.part.safetensors"))
            torch.rand(13)
    again = fit_fold(data, recipe, fold=0, kept=tmp_path)
    assert_same(again, whole)
    assert [path.name for path in tmp_path.iterdir()] == ["fold_0_seed_0.safetensors"]
    assert_same(fit_fold(data, recipe, fold=0, kept=tmp_path, cancel=After(0)), whole)  # done: nothing to stop


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is not known here")
def test_killed_and_taken_up_gives_the_same_weights_bit_for_bit(tmp_path):
    spec = importlib.util.spec_from_file_location("interrupted", SCRIPT)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path)], env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    kept, until = tmp_path / "fold_0_seed_0.inner.part.safetensors", time.monotonic() + 120
    while not kept.is_file() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    assert process.poll() is None, "it was done before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "fold_0_seed_0.safetensors").exists()
    seen = []
    again = fit_fold(made.made_data(), made.RECIPE, fold=0, kept=tmp_path, report=seen.append)
    assert any("taken up" in progress.message for progress in seen)
    assert_same(again, fit_fold(made.made_data(), made.RECIPE, fold=0))


def test_a_damaged_file_is_a_message(small, data_for, tmp_path):
    recipe = small("snn")
    (tmp_path / "fold_0_seed_0.all.part.safetensors").write_bytes(b"not a state")
    with pytest.raises(ArtefactError, match="damaged"):
        fit_fold(data_for(recipe), recipe, fold=0, kept=tmp_path)


def test_states_are_kept_now_and_then_and_cost_no_more(small, data_for, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr("survdash.training.network.save_state", lambda path, *_: kept.append(path))
    recipe = small("snn", epochs=3)
    fit_fold(data_for(recipe), recipe, fold=0, kept=tmp_path)
    assert kept == []  # a training of seconds
    monkeypatch.setattr(checkpoint, "KEEP_EVERY_SECONDS", 0.0)
    fit_fold(data_for(recipe), recipe, fold=1, kept=tmp_path)
    assert len(kept) == 3


def test_other_data_or_another_recipe_never_meet_kept_work(small, data_for):
    recipe = small("glg")
    data = data_for(recipe)
    genes = data.genes.copy()
    genes[3, 1] += 1
    others = [
        (replace(data, genes=genes), recipe), (replace(data, folds=np.roll(data.folds, 1)), recipe),
        (replace(data, bags=data.bags.reordered(np.roll(np.arange(data.size), 1))), recipe),
        (data, replace(recipe, seed=1)), (data, replace(recipe, epochs=3)),
    ]  # fmt: skip
    keys = {work_key(one, other, device="cpu") for one, other in [(data, recipe), *others]}
    assert len(keys) == 1 + len(others)
    assert work_key(replace(data, genes=data.genes.copy()), recipe, device="cpu") in keys
