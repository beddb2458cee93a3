"""NOTICE names every table of others that is shipped, with the licence that asks for it."""

from __future__ import annotations

from tests.conftest import REPOSITORY


def test_every_shipped_table_and_foreign_code_is_named_with_its_licence():
    notice = (REPOSITORY / "NOTICE").read_text(encoding="utf-8")
    shipped = [*(REPOSITORY / "survdash").rglob("*.csv"), *(REPOSITORY / "survdash").glob("ui/vendor/*/")]
    names = [path.relative_to(REPOSITORY).as_posix() for path in shipped]
    assert "survdash/gene_ids.csv" in names
    assert not [name for name in names if name not in notice]
    # The MIT licence asks for its notice and its whole text in every copy.
    assert "Copyright (c) 2022 Stefan Peidli" in notice
    assert "The above copyright notice and this permission notice shall be included in all" in notice
