from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import InputError
from survdash.usecases.studies import ALL, STUDIES, opened


def test_a_study_says_how_it_is_imported_and_misses_its_tables(tmp_path: Path) -> None:
    told = ALL["skcms"].command()
    assert "--name skcms --folds splits/skcm --clinical skcm_stage.csv --features features/skcm_hif.csv" in told
    with pytest.raises(InputError, match="skcm_mutsig"):
        opened(ALL["skcms"], tmp_path)
    assert all(study.bars is not None for study in ALL.values())
    assert {study.name for study in STUDIES} < set(ALL)


def test_the_tables_are_where_they_are_said_to_be(shared: Path) -> None:
    for study in ALL.values():
        for part in ("table", "folds", "clinical", "features"):
            file = getattr(study, part)
            assert file is None or (shared / "tcga" / file).exists(), file
