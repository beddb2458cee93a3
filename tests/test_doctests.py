"""The examples in docstrings run and say what they claim."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WITH_EXAMPLES = [
    path.relative_to(ROOT).as_posix().removesuffix(".py").replace("/", ".")
    for path in sorted((ROOT / "survdash").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_the_module_hold(module):
    outcome = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted
    assert not outcome.failed
