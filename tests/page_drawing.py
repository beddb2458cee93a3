"""Pages and parts of pages as a session sees them, drawn without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

# A part is drawn in a tenth of a second, a page in two; a busy machine or a slow disk must not fail a test.
PATIENCE_S = 120


def app_of(script: Callable[..., object] | str, args: tuple[object, ...] = ()) -> AppTest:
    """What a function, or the text of a program, draws; ``run`` it first."""
    if isinstance(script, str):
        return AppTest.from_string(script, default_timeout=PATIENCE_S)
    return AppTest.from_function(script, args=args, default_timeout=PATIENCE_S)


def app_in(file: Path) -> AppTest:
    """What a file of a page draws; ``run`` it first."""
    return AppTest.from_file(file, default_timeout=PATIENCE_S)
