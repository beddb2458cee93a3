"""Figures that were drawn before: the same data in the same language give the very same figure, so it is kept.

Plotly takes some ten milliseconds to put a figure together, most of a page's time. A figure is kept by the content of
all that went in, so nothing stale can be shown; what is kept is shared by all visitors and read-only.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from survdash.language import language

KEPT = 64  # some hundred kilobytes each; of a cohort of 10,000 patients a megabyte

_kept: OrderedDict[Hashable, go.Figure] = OrderedDict()
_lock = threading.Lock()


def drawn(plot: Callable[..., go.Figure], *data: object, **options: object) -> go.Figure:
    """What ``plot(*data, **options)`` gives; not to be changed.

    Parameters
    ----------
    plot : callable
        A function of a module, whose figure depends on nothing but what it is given and the language.
    *data, **options
        Plain values, arrays, frames, dataclasses, and sequences and mappings of these.

    Raises
    ------
    TypeError
        If something is given whose content is not known how to tell.
    """
    key = plot.__module__, plot.__qualname__, language(), content(data), content(options)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    figure = plot(*data, **options)
    with _lock:
        _kept[key] = figure
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return figure


def content(value: object) -> Hashable:
    """What tells a value from others of another content, and is equal for equal content; raises as ``drawn``."""
    if value is None or isinstance(value, (str, bytes, bool, int, float, range, np.generic)):
        return type(value).__name__, value
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return "objects", value.shape, content(value.ravel().tolist())
        return value.dtype.str, value.shape, hashlib.blake2b(np.ascontiguousarray(value).tobytes()).digest()
    if isinstance(value, pd.DataFrame):
        return "frame", tuple((str(name), content(value[name].to_numpy())) for name in value), content(value.index)
    if isinstance(value, (pd.Series, pd.Index)):
        return "series", content(value.to_numpy())
    if is_dataclass(value):
        return type(value).__qualname__, tuple(content(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, Mapping):
        return "mapping", tuple((content(name), content(one)) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return "sequence", tuple(content(one) for one in value)
    raise TypeError(f"the content of a {type(value).__name__} is not known")
