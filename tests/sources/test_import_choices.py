"""Bags and groups of genes through the command line, from files to the cohort that is opened."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from survdash import usecases
from survdash.__main__ import main
from survdash.bag_file import BagFile


@pytest.fixture
def files(tmp_path, shared, patients, write_table):
    """A research table of 20 patients, the real bag of STAMP under another name, a table of slides, one of groups."""
    bags = tmp_path / "bags"
    bags.mkdir()
    shutil.copy(shared / "slides" / "stamp_bag_TCGA-AD-6964.h5", bags / "slide one.h5")
    np.save(bags / "nobody.npy", np.ones((3, 512), np.float32))
    (tmp_path / "groups.csv").write_text("alpha,beta,gamma\nTP53,MYC,KRAS\nMYC,,\n")
    return {
        "table": write_table(patients(20), "table.csv"), "bags": bags, "groups": tmp_path / "groups.csv",
        "map": write_table([{"slide_id": "slide one.svs", "case_id": "P003"}], "map.csv"),
    }  # fmt: skip


def run(files, capsys, *more: str) -> tuple[int, str]:
    status = main(["import-cohort", str(files["table"]), "--name", "made", "--features", str(files["bags"]),
                   "--slide-map", str(files["map"]), *more])  # fmt: skip
    said = capsys.readouterr()
    return status, said.out + said.err


@pytest.mark.parametrize("link", [False, True])
def test_a_cohort_with_stamps_bag_and_three_groups(files, capsys, link):
    ask = ["--encoder", "ctranspath", "--gene-groups", str(files["groups"]), "--json", *["--link"] * link]
    status, said = run(files, capsys, *ask)
    assert status == 0
    notes = json.loads(said[said.index("{") :].partition("\n")[0])["notes"]
    for words in (
        "1 bags are not in map.csv and were left out (nobody).",
        "2 functional groups of groups.csv in place of the paper's six.",
        "No gene of the table belongs to: gamma.",
    ):
        assert words in notes
    cohort = usecases.open_cohort("made")
    assert dict(cohort.slides) == {"slide one": "P003"}
    assert (cohort.bag_origin.encoder, cohort.bag_origin.dim) == ("ctranspath", 512)
    assert dict(cohort.gene_groups) == {"alpha": ("MYC_cnv", "TP53_rna"), "beta": ("MYC_cnv",)}
    assert cohort.source["gene_groups"]["file"] == "groups.csv"
    with BagFile(cohort.bag_path) as bags:
        assert bags.read(["slide one"]).features.shape == (777, 512)
        assert bool(bags.links) is link


def test_choices_about_bags_without_bags_are_refused(files, capsys):
    status = main(["import-cohort", str(files["table"]), "--name", "made", "--encoder", "x"])
    assert status == 2
    assert "belong to bags of features, and none are given" in capsys.readouterr().err


def test_a_bag_of_another_encoder_stops_the_import(files, capsys):
    (files["bags"] / "nobody.npy").unlink()
    (files["bags"] / "slide two.meta.json").write_text('{"encoder_name": "virchow2"}')
    np.save(files["bags"] / "slide two.npy", np.ones((3, 512), np.float32))
    status, said = run(files, capsys, "--encoder", "ctranspath")
    assert status == 2
    assert "slide two.npy: it says that it was made by virchow2, not by ctranspath" in said
