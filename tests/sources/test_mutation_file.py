"""Mutations: what counts as one, who was looked at, and that the others are missing, not zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from survdash.errors import GeneError
from survdash.sources.mutation_file import read_mutations

HEADER = "#version 2.4\nHugo_Symbol\tChromosome\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
CHOSEN = {f"TCGA-2F-000{number}-01": f"TCGA-2F-000{number}" for number in range(4)}


def _write(tmp_path: Path, *rows: tuple[str, str, str]) -> Path:
    path = tmp_path / "data_mutations.txt"
    lines = [f"{gene}\t17\t{kind}\t{sample}\tp.X" for gene, kind, sample in rows]
    path.write_text(HEADER + "\n".join(lines) + ("\n" if lines else ""))
    return path


def test_a_change_of_the_protein_counts_and_a_silent_one_does_not(tmp_path: Path) -> None:
    path = _write(
        tmp_path, ("TP53", "Missense_Mutation", "TCGA-2F-0000-01A-11D"), ("TP53", "Silent", "TCGA-2F-0001-01"),
        ("MYC", "Intron", "TCGA-2F-0001-01"), ("RB1", "Frame_Shift_Del", "TCGA-2F-0001-01"),
        ("RB1", "Nonsense_Mutation", "TCGA-2F-0001-01"), ("TP53", "Splice_Site", "TCGA-ZZ-0000-01"),
        ("NOT", "Missense_Mutation", "TCGA-2F-0000-01"),
    )  # fmt: skip
    values, notes = read_mutations(path, CHOSEN, symbols={"TP53", "MYC", "RB1"}, sequenced=set(list(CHOSEN)[:3]))
    assert list(values.index) == ["TCGA-2F-0000", "TCGA-2F-0001", "TCGA-2F-0002"]  # the fourth was not sequenced
    assert list(values.columns) == ["RB1", "TP53"]
    assert values["TP53"].to_list() == [1, 0, 0]
    assert values["RB1"].to_list() == [0, 1, 0]
    told = " ".join(notes)
    assert "2 mutations that leave the protein as it is" in told
    assert "1 other samples are left out (TCGA-ZZ-0000-01)" in told


def test_without_a_list_only_those_with_a_mutation_are_known(tmp_path: Path) -> None:
    path = _write(tmp_path, ("TP53", "Missense_Mutation", "TCGA-2F-0000-01"), ("TP53", "Silent", "TCGA-2F-0001-01"))
    values, notes = read_mutations(path, CHOSEN, symbols={"TP53"}, sequenced=None)
    assert values["TP53"].to_dict() == {"TCGA-2F-0000": 1, "TCGA-2F-0001": 0}
    assert "2 that have a mutation are taken for it" in " ".join(notes)


def test_a_sequenced_cohort_without_any_mutation_is_wild_type_not_missing(tmp_path: Path) -> None:
    values, _ = read_mutations(_write(tmp_path), CHOSEN, symbols={"TP53"}, sequenced=set(CHOSEN))
    assert values.shape == (4, 0)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneError, match="names no sample that is wanted"):
        read_mutations(
            _write(tmp_path, ("TP53", "Silent", "X")), CHOSEN, symbols={"TP53"}, sequenced=None
        )
    path = tmp_path / "other.txt"
    path.write_text("Hugo_Symbol\tS1\nTP53\t1\n")
    with pytest.raises(GeneError, match="Is it a MAF"):
        read_mutations(path, CHOSEN, symbols={"TP53"}, sequenced=None)
