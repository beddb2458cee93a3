"""Kept numbers are those that would be computed; of other content, or damaged, they are computed anew."""

from __future__ import annotations

import numpy as np
import pytest

from survdash.errors import NotEnoughDataError
from survdash.settings import settings
from survdash.usecases import kept as module
from survdash.usecases.kept import kept

LARGE = np.arange(module.LARGE + 1.0)


@pytest.fixture
def count():
    calls = []

    def compute():
        calls.append(1)
        return 0.1 + 0.2, float(len(calls))

    compute.calls = calls
    return compute


def files():
    return list((settings().data_dir / "statistics").glob("*"))


def test_a_large_cohorts_numbers_come_back_bit_for_bit(data_dir, count):
    assert kept("c", 1, LARGE, compute=count) == kept("c", 1, LARGE.copy(), compute=count) == (0.1 + 0.2, 1.0)
    assert len(count.calls) == len(files()) == 1


@pytest.mark.parametrize("other", [("d", 1, LARGE), ("c", 2, LARGE), ("c", 1, LARGE + 1e-9), ("c", 1, LARGE, LARGE),
                                   ("c", 1, LARGE.astype(int))])  # fmt: skip
def test_whatever_differs_is_computed_anew(data_dir, count, other):
    kept("c", 1, LARGE, compute=count)
    assert kept(*other, compute=count)[1] == 2


def test_a_small_cohort_leaves_nothing_on_disk(data_dir, count):
    kept("c", 1, LARGE[:100], compute=count)
    assert files() == []


@pytest.mark.parametrize("damage", [b"", b"[1, ", b"{}x", b'["a"]', b"3"])
def test_a_damaged_file_is_made_again(data_dir, count, damage):
    first = kept("c", 1, LARGE, compute=count)
    files()[0].write_bytes(damage)
    assert kept("c", 1, LARGE, compute=count) == (first[0], 2.0)
    assert kept("c", 1, LARGE, compute=count) == (first[0], 2.0), "and stays"


def test_an_error_is_not_kept_and_a_disk_that_takes_nothing_spares_the_answer(data_dir, count, monkeypatch):
    def fail():
        raise NotEnoughDataError("no")

    with pytest.raises(NotEnoughDataError):
        kept("c", 1, LARGE, compute=fail)
    assert files() == []

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_json", full)
    assert kept("c", 1, LARGE, compute=count)[0] == 0.1 + 0.2
