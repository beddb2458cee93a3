"""Tells a visitor to wait for what is computed for the first time, and nobody for what is at hand."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import streamlit as st

KEYS_KEPT = 10_000

_computed: set[Hashable] = set()


@contextmanager
def waiting(words: str, *key: Hashable) -> Iterator[None]:
    """Show a spinner while the block runs, unless it ran before in this process: a spinner costs a thread each time.

    Parameters
    ----------
    words : str
    *key : hashable
        What the block computes.
    """
    if key in _computed:
        yield
        return
    with st.spinner(words):
        yield
    if len(_computed) >= KEYS_KEPT:
        _computed.clear()
    _computed.add(key)
