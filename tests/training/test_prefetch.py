"""Shards that are loaded in advance are the same, whoever loads them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mydl.training.prefetch import Prefetched

SHARDS = [(0, 3), (3, 6), (6, 8)]


def load(lo, hi):
    return np.arange(lo, hi), np.arange(lo, hi) * 10


def test_every_shard_is_what_the_loader_makes():
    with ThreadPoolExecutor(1) as executor:
        prefetched = Prefetched(load, SHARDS, executor)
        for lo, hi in [(6, 8), (0, 3), (3, 6)]:
            x, labels = prefetched(lo, hi)
            np.testing.assert_array_equal(x, np.arange(lo, hi))
            np.testing.assert_array_equal(labels, x * 10)


def test_a_shard_that_is_not_begun_is_loaded_by_the_one_who_asks():
    busy, go_on = threading.Event(), threading.Event()
    loaded_by = {}

    def slow(lo, hi):
        loaded_by[lo] = threading.current_thread()
        if lo == 0:
            busy.set()
            go_on.wait(10)
        return load(lo, hi)

    with ThreadPoolExecutor(1) as executor:
        prefetched = Prefetched(slow, SHARDS, executor)
        assert busy.wait(10)
        prefetched(3, 6)
        go_on.set()
        prefetched(0, 3)
    assert loaded_by[3] is threading.current_thread()
    assert loaded_by[0] is not threading.current_thread()


def test_an_error_reaches_the_one_who_asks():
    def broken(lo, hi):
        raise ValueError("this photograph is damaged")

    with ThreadPoolExecutor(1) as executor:
        prefetched = Prefetched(broken, SHARDS, executor)
        with pytest.raises(ValueError, match="damaged"):
            prefetched(0, 3)


def test_after_cancel_nothing_more_is_loaded():
    go_on, loaded = threading.Event(), []

    def slow(lo, hi):
        loaded.append(lo)
        go_on.wait(10)
        return load(lo, hi)

    with ThreadPoolExecutor(1) as executor:
        prefetched = Prefetched(slow, SHARDS, executor)
        prefetched.cancel()
        go_on.set()
    assert loaded in ([], [0])  # what was begun is finished
