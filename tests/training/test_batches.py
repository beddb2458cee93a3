from __future__ import annotations

import threading

import pytest

from survdash.training.batches import prefetched


def test_values_come_in_order_and_the_next_is_loaded_while_one_is_used():
    loaded = [threading.Event() for _ in range(4)]

    def load(key):
        loaded[key].set()
        return key * 10

    for key, value in prefetched(load, range(4)):
        assert value == key * 10
        if key < 3:
            assert loaded[key + 1].wait(60)
        assert not any(event.is_set() for event in loaded[key + 2 :])


def test_a_fault_of_the_reader_reaches_the_caller():
    def load(key):
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(prefetched(load, range(3)))


def test_nothing_to_read_yields_nothing():
    assert list(prefetched(str, [])) == []
