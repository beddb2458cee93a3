"""What a stranger's cohort folder must be; how lies are told apart is tested with whole archives in test_archive.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survdash.errors import CohortError, SurvdashError
from survdash.sources.cohort_folder import read_cohort, read_digest, write_cohort
from survdash.sources.foreign_cohort import check_foreign_cohort
from survdash.store import file_sha256


def write(folder: Path, cases: list[str], **changes) -> dict[str, str]:
    facts = {"age": 60.0, "sex": "female", "stage": "II", "site": "A"}
    patients = pd.DataFrame({"time_months": 5.0, "event": True, **facts}, index=cases).assign(**changes)
    write_cohort(
        folder, name="made", title="Made", simulated=False, endpoint="overall survival", patients=patients,
        genes=pd.DataFrame({"TP53_rna": np.ones(len(cases))}, index=cases), gene_groups={"one": ("TP53_rna",)},
        slides={}, folds=None, source={},
    )  # fmt: skip
    return {path.name: file_sha256(path) for path in folder.iterdir()}


def test_what_our_own_writer_wrote_is_taken_as_it_is(tmp_path):
    hashes = write(tmp_path / "made", ["A", "B"])
    cohort = check_foreign_cohort(tmp_path / "made", name="made", digest=read_digest(tmp_path / "made"), hashes=hashes)
    pd.testing.assert_frame_equal(cohort.patients, read_cohort(tmp_path / "made").patients)


@pytest.mark.parametrize(("cases", "changes", "said"), [
    (["../../A", "B"], {}, "case ids that cannot be: '../../A'"), (["A", "B"], {"time_months": -1.0}, "not above zero"),
    (["A", "<b>"], {}, "case ids that cannot be: '<b>'"),
])  # fmt: skip
def test_cases_and_times_that_no_import_lets_in_are_refused(tmp_path, cases, changes, said):
    hashes = write(tmp_path / "made", sorted(cases), **changes)
    with pytest.raises(SurvdashError, match=said):
        check_foreign_cohort(tmp_path / "made", name="made", digest=read_digest(tmp_path / "made"), hashes=hashes)


def test_another_name_digest_or_list_of_files_is_refused(tmp_path):
    hashes, folder = write(tmp_path / "made", ["A", "B"]), tmp_path / "made"
    digest = read_digest(folder)
    with pytest.raises(CohortError, match="not of the cohort that the archive names"):
        check_foreign_cohort(folder, name="other", digest=digest, hashes=hashes)
    with pytest.raises(CohortError, match="not of the cohort that the archive names"):
        check_foreign_cohort(folder, name="made", digest="0", hashes=hashes)
    with pytest.raises(CohortError, match="name other files"):
        check_foreign_cohort(folder, name="made", digest=digest, hashes=hashes | {"bags.h5": "0"})
