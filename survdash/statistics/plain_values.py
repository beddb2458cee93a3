"""Results as plain JSON values and back: frozen dataclasses of numbers, arrays and one another.

JSON knows no nan: it is written as null, and read as nan wherever a number is expected.
"""

from __future__ import annotations

import dataclasses
import math
import types
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

DIGITS = 6  # significant ones
Result = TypeVar("Result")


def to_plain(value: object, *, digits: int = DIGITS) -> Any:
    """Plain JSON values of a result, numbers rounded to so many significant digits.

    Examples
    --------
    >>> to_plain((1, np.nan, np.array([0.123456789])))
    [1, None, [0.123457]]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name), digits=digits) for one in dataclasses.fields(value)}
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist(), digits=digits)
    if isinstance(value, dict):
        return {str(key): to_plain(one, digits=digits) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(one, digits=digits) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value


def from_plain(kind: type[Result], values: Any) -> Result:
    """The result that ``to_plain`` wrote, by the types of its fields.

    Raises
    ------
    TypeError, KeyError, ValueError
        If the values are not those of ``kind``.
    """
    hints = get_type_hints(kind)
    own = [one.name for one in dataclasses.fields(kind) if one.init]  # type: ignore[arg-type]
    return kind(**{name: _read(hints[name], values[name]) for name in own})


def _read(hint: Any, value: Any) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [one for one in inside if one is not type(None)]
        return None if value is None else _read(kinds[0], value)
    if dataclasses.is_dataclass(hint):
        return from_plain(hint, value)  # type: ignore[arg-type]
    if hint is np.ndarray:
        return _array(value)
    if hint is float:
        return math.nan if value is None else float(value)
    if origin is tuple:
        kinds = [inside[0]] * len(value) if len(inside) == 2 and inside[1] is Ellipsis else list(inside)
        return tuple(_read(kind, one) for kind, one in zip(kinds, value, strict=True))
    if origin is dict:
        return {key: _read(inside[1], one) for key, one in value.items()}
    return value


def _array(values: list[Any]) -> np.ndarray:
    def filled(one: Any) -> Any:
        return [filled(part) for part in one] if isinstance(one, list) else math.nan if one is None else one

    return np.asarray(filled(values)) if values else np.zeros(0)
