"""Holds the code to the rules of the house, and the rules to examples of what they must find."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from survdash.nets.registry import MODELS
from tests import architecture_rules as rules
from tests.architecture_rules import RULES, Source, read_sources

ROOT = Path(__file__).resolve().parents[1]
SOURCES = read_sources(ROOT)

# Modules without a test file of their own, and why that is right.
IN_A_BROWSER = "layout and calls only; drawn in a real browser by tests/browser/test_pages.py"
UNTESTED: dict[str, str] = {"app.py": IN_A_BROWSER, "pages/_main.py": IN_A_BROWSER}

UNDOCUMENTED = rules.public_is_annotated_and_documented
GUILTY: list[tuple[Callable[..., Iterator[str]], str, str, str]] = [
    (rules.layers, "survdash/statistics/a.py", "from survdash.usecases import open_cohort", "to its right"),
    (rules.layers, "survdash/case.py", "def f():\n    import survdash.store", "to its right"),
    (rules.layers, "survdash/errors.py", "from survdash import store", "to its right"),
    (rules.layers, "survdash/elsewhere/a.py", "", "no place"),
    (rules.no_cycles, "survdash/nets/a.py", "def f():\n    from survdash.nets import b", "circle"),
    (rules.forbidden_imports, "survdash/statistics/a.py", "def f():\n    import torch.nn", "without torch"),
    (rules.forbidden_imports, "survdash/nets/a.py", "from pandas import DataFrame", "tensors only"),
    (rules.forbidden_imports, "survdash/slide/a.py", "import httpx", "opens sockets"),
    (rules.forbidden_imports, "survdash/usecases.py", "import streamlit as st", "see streamlit"),
    (rules.forbidden_imports, "survdash/nets/a.py", "from safetensors.torch import load_file", "safetensors"),
    (rules.forbidden_imports, "survdash/sources/a.py", "import pickle", "no pickle"),
    (rules.forbidden_imports, "survdash/sources/a.py", "import torch", "in its function"),
    (rules.forbidden_imports, "pages/a.py", "import torch", "what is stored"),
    (rules.pages_start_light, "pages/a.py", "import survdash.nets.b", "nets.b"),
    (rules.sizes, "pages/a.py", "\n" * 201, "201 lines"),
    (rules.sizes, "survdash/case.py", "\n" * 401, "401 lines"),
    (rules.sizes, "survdash/case.py", "def f():\n" + "    x = 1\n" * 61, "f has 62 lines"),
    (UNDOCUMENTED, "survdash/case.py", "x = 1", "module has no docstring"),
    (UNDOCUMENTED, "survdash/case.py", '"""."""\ndef f(x: int) -> int: ...', "no docstring"),
    (UNDOCUMENTED, "survdash/case.py", '"""."""\ndef f(x) -> int:\n """."""', "x has no type"),
    (UNDOCUMENTED, "survdash/nets/a.py", '"""."""\nclass A:\n """."""\n def f(self):\n  """."""', "returns"),
    (rules.errors_are_not_swallowed, "survdash/case.py", "try: f()\nexcept: pass", "bare except"),
    (rules.errors_are_not_swallowed, "survdash/case.py", "try: f()\nexcept (ValueError, Exception): pass", "only"),
    (rules.no_dangerous_calls, "survdash/case.py", "assert x", "assert"),
    (rules.no_dangerous_calls, "survdash/case.py", "eval(x)", "as code"),
    (rules.no_dangerous_calls, "survdash/case.py", "print(x)", "prints"),
    (rules.no_dangerous_calls, "survdash/case.py", "torch.load(x)", "weights_only"),
    (rules.no_dangerous_calls, "survdash/case.py", "torch.load(x, weights_only=False)", "weights_only"),
    (rules.no_dangerous_calls, "survdash/case.py", "np.load(x, allow_pickle=True)", "pickle"),
    (rules.doors_raise_our_errors, "survdash/slide/a.py", "raise ValueError(x)", "errors.py"),
    (rules.doors_raise_our_errors, "survdash/sources/a.py", "raise FileNotFoundError", "errors.py"),
    (rules.booleans_have_names, "survdash/case.py", "def f(x: int, loud: bool = False): ...", "loud must be"),
    (rules.names_say_something, "survdash/nets/utils.py", "", "says nothing"),
]  # fmt: skip
INNOCENT = '''"""A module."""
from typing import TYPE_CHECKING
from survdash.nets import a
if TYPE_CHECKING:
    import pandas
class A:
    """A class."""
    def f(self, x: int, *, y: str) -> None:
        """Do."""
        try:
            torch.load(x, weights_only=True), model.eval()
        except ValueError:
            raise NotImplementedError
'''
NEIGHBOURS = [Source("survdash/nets/b.py", '"""B."""\nimport torch\nfrom survdash.nets import a')]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule: Callable[[Sequence[Source]], Iterator[str]]):
    broken = list(rule(SOURCES))
    assert not broken, "\n".join([rule.__doc__ or "", *broken])


@pytest.mark.parametrize(("rule", "path", "text", "words"), GUILTY)
def test_the_rule_finds_its_guilty_example(rule, path, text, words):
    broken = list(rule([Source(path, text), *NEIGHBOURS]))
    assert len(broken) == 1
    assert words in broken[0]
    assert broken[0].partition(":")[0] in (path, NEIGHBOURS[0].path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_rule_minds_an_innocent_module(rule):
    assert not list(rule([Source("survdash/nets/innocent.py", INNOCENT), Source("survdash/nets/a.py", '"""A."""')]))


def test_every_rule_has_a_guilty_example():
    assert {rule for rule, *_ in GUILTY} == set(RULES)


def test_every_module_has_its_test_file():
    broken = list(rules.modules_have_tests(SOURCES, ROOT, UNTESTED))
    assert not broken, "\n".join(broken)


def test_a_module_without_test_or_reason_is_found(tmp_path):
    sources = [
        Source("survdash/nets/a.py", ""),
        Source("survdash/__main__.py", ""),
        Source("survdash/nets/__init__.py", ""),
    ]
    found = list(rules.modules_have_tests(sources, tmp_path, {"survdash/gone.py": "was generated"}))
    assert [line.partition(":")[0] for line in found] == [
        "survdash/nets/a.py",
        "survdash/__main__.py",
        "survdash/gone.py",
    ]
    assert "tests/nets/test_a.py" in found[0]
    assert "tests/test_main.py" in found[1]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_registry_has_its_file(name):
    module, _, target = MODELS[name].target.partition(":")
    path = ROOT / "survdash" / "nets" / f"{module.replace('.', '/')}.py"
    assert path.exists(), f"survdash/nets/registry.py: {name} has no {path.relative_to(ROOT)}"
    defined = [
        node.name for node in ast.parse(path.read_text()).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    ]
    assert target in defined, f"{path.relative_to(ROOT)}: defines no {target}"


def test_the_files_of_every_shipped_model_are_those_its_card_names():
    broken = []
    for card_path in sorted((ROOT / "models").glob("*/card.json")):
        named = json.loads(card_path.read_text())["files"]
        where = card_path.relative_to(ROOT).as_posix()
        for file, entry in named.items():
            wanted = entry["sha256"] if isinstance(entry, dict) else entry
            path = card_path.parent / file
            if not path.exists():
                broken.append(f"{where}:1: names {file}, which is not there")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
                broken.append(f"{where}:1: the hash of {file} does not fit")
        unnamed = {path.name for path in card_path.parent.glob("*.safetensors")} - set(named)
        broken += [f"{where}:1: does not name {file}" for file in sorted(unnamed)]
    broken += [
        f"{folder.relative_to(ROOT)}:1: has weights but no card.json"
        for folder in sorted({path.parent for path in (ROOT / "models").rglob("*.safetensors")})
        if not (folder / "card.json").exists()
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("survdash", "torch pandas streamlit numpy pydantic"),
        ("survdash.nets.registry", "torch pandas"),
        ("survdash.jobs.queue", "torch pandas streamlit"),
    ],
)
def test_importing_costs_nothing_heavy(module, heavy):
    # In a process of its own: this one has loaded everything already.
    code = f"import sys, {module}; print(*(name for name in {heavy.split()} if name in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.split() == []
