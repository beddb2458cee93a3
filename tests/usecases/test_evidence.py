from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import InputError
from survdash.usecases.comparison import compare_models
from survdash.usecases.evidence import block_of, comparison_lines, write_block
from survdash.usecases.summary import summary_names
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "evidence.md"


def test_a_block_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Before\n<!-- demo -->\nold\n<!-- / -->\nAfter\n<!-- other -->\nkept\n<!-- / -->\n")
    table = compare_models("demo")
    write_block(page, "demo", comparison_lines(table))
    text = page.read_text()
    assert block_of("demo", text) == "\n".join(comparison_lines(table))
    assert block_of("other", text) == "kept"
    assert text.startswith("# Before\n")
    with pytest.raises(InputError, match="nobody"):
        write_block(page, "nobody", [])


def test_the_documentation_holds_the_figures_of_the_compare_page() -> None:
    names = summary_names()
    if not names:
        pytest.skip("no shipped models of real cohorts yet")
    text = PAGE.read_text(encoding="utf-8")
    for name in names:
        assert block_of(name, text) == "\n".join(comparison_lines(compare_models(name))), name
