"""Barcodes: which sample of a case is taken, whatever the order in which they come."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from survdash.sources.barcode import choose_samples, codes_of, site_of


def test_the_kind_of_sample_depends_on_the_project_and_not_on_letters_in_its_name() -> None:
    assert codes_of("TCGA-LAML") == ("03",)
    assert codes_of("TCGA.SKCM.sampleMap/HiSeqV2.gz") == ("06", "01")
    assert codes_of("laml2 study") == ("01",)


def test_site_is_the_hospital_of_tcga_alone() -> None:
    assert (site_of("TCGA-2F-A9KO"), site_of("P001"), site_of("TCGA-2F-A9KO-01A")) == ("2F", None, None)


def test_names_that_are_no_barcodes_are_all_taken_the_first_of_a_case() -> None:
    chosen, notes = choose_samples({"s2": "P1", "s1": "P1", "s3": "P2"}, ("01",))
    assert chosen == {"s1": "P1", "s3": "P2"}
    assert "1 further samples" in notes[0]


kinds, vials = st.sampled_from(["01", "06", "11", "02"]), st.sampled_from(["", "A", "B"])
samples = st.lists(st.tuples(st.integers(0, 3), kinds, vials), unique=True)


@given(rows=samples, seed=st.randoms())
def test_every_case_gets_one_sample_of_its_best_kind_in_any_order(
    rows: list[tuple[int, str, str]], seed: random.Random
) -> None:
    case_of = {f"TCGA-AA-000{case}-{code}{vial}": f"TCGA-AA-000{case}" for case, code, vial in rows}
    shuffled = list(case_of.items())
    seed.shuffle(shuffled)
    chosen, notes = choose_samples(dict(shuffled), ("06", "01"))
    assert (chosen, notes) == choose_samples(case_of, ("06", "01"))
    for case in set(case_of.values()):
        codes = {sample[13:15] for sample in case_of if case_of[sample] == case}
        best = next((code for code in ("06", "01") if code in codes), None)
        taken = [sample for sample, owner in chosen.items() if owner == case]
        assert [sample[13:15] for sample in taken] == ([best] if best else [])
