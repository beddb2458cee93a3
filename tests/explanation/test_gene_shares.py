"""Shares of genes: complete, exact where they can be, and on the simulated truth's side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from survdash.explanation.gene_shares import SMALL, TOLERANCE, share_genes
from survdash.simulation.patients import ONCOGENES, SUPPRESSORS


def ask(case, artefact):
    panel = artefact.card.panel
    return share_genes(case, titles=tuple(panel.groups), columns=panel.columns)


@pytest.mark.parametrize("run", ["glg", "glg-genes", "snn"])
@pytest.mark.parametrize("number", [3, 11])
def test_integrated_gradients_add_up_to_the_difference_they_explain(ask_demo, demo_run, run: str, number: int) -> None:
    case = ask_demo(run, number, folds=(0, 3))
    made = ask(case, demo_run(run))
    rest = frozenset(case.parts) - {"genes"}
    assert made.difference == pytest.approx(case.risk(frozenset(case.parts)) - case.risk(rest), abs=1e-9)
    assert made.complete
    assert sum(share for _, share in made.groups) == pytest.approx(made.difference + made.gap, abs=1e-9)
    assert abs(made.gap) <= TOLERANCE * max(abs(made.difference), SMALL)


def test_of_a_linear_model_they_are_coefficient_times_value(ask_demo, demo_run) -> None:
    case = ask_demo("cox_ridge", 5, folds=(1,))
    made = ask(case, demo_run("cox_ridge"))
    fold = case.folds[0]
    row = fold.gene_scaler.apply(case.inputs.genes)[0].astype(float)
    # The genes come first among the balanced blocks, each divided by the root of the block's width.
    own = row * fold.fitted.coefficients[: row.size] / np.sqrt(row.size)
    assert made.steps == 0
    assert made.gap == pytest.approx(0, abs=1e-9)
    place = {name: number for number, name in enumerate(demo_run("cox_ridge").card.panel.columns)}
    for one in made.top:
        assert one.share == pytest.approx(own[place[one.column]], abs=1e-12)
        assert one.value == pytest.approx(row[place[one.column]], abs=1e-6)


def test_a_gene_at_the_mean_has_no_share(ask_demo, demo_run) -> None:
    case = ask_demo("snn", 2, folds=(0,))
    genes = case.inputs.genes.copy()
    made = ask(case, demo_run("snn"))
    first = max(made.top, key=lambda one: abs(one.share))
    place = demo_run("snn").card.panel.columns.index(first.column)
    genes[0, place] = case.folds[0].gene_scaler.average[place]
    again = ask(replace(case, inputs=replace(case.inputs, genes=genes)), demo_run("snn"))
    assert abs(first.share) > 0.01
    assert not [one for one in again.top if one.column == first.column and one.share != 0]


def test_weights_are_left_as_they_were(ask_demo, demo_run) -> None:
    case = ask_demo("snn", 2, folds=(0,))
    ask(case, demo_run("snn"))
    assert all(weight.requires_grad for weight in case.folds[0].network.parameters())


@pytest.mark.parametrize("run", ["cox_ridge", "snn"])
def test_the_groups_that_the_generator_made_count_most(ask_demo, demo_run, run: str) -> None:
    """The generator's gene part has oncogenes and suppressors alone; cytokines act only through lymphocytes."""
    total: dict[str, float] = {}
    for number in range(0, 40, 2):
        for title, share in ask(ask_demo(run, number, folds=(number % 5,)), demo_run(run)).groups:
            total[title] = total.get(title, 0.0) + abs(share)
    ranked = sorted(total, key=lambda title: -total[title])
    assert set(ranked[:2]) == {ONCOGENES, SUPPRESSORS}


def test_without_genes_or_with_a_forest_there_are_none(ask_demo, ask_made) -> None:
    assert share_genes(ask_demo("glg-slide", folds=(0,)), titles=(), columns=()) is None
    titles, columns = tuple(f"group {one}" for one in range(6)), tuple(f"gene {one}" for one in range(12))
    assert share_genes(ask_made("rsf"), titles=titles, columns=columns) is None


def test_learnt_stand_ins_are_another_start_than_the_mean(ask_made) -> None:
    titles, columns = tuple(f"group {one}" for one in range(6)), tuple(f"gene {one}" for one in range(12))
    made = share_genes(ask_made("glg", stand_ins=True), titles=titles, columns=columns)
    assert made is not None
    assert made.complete


def test_of_a_blend_they_add_up_to_its_risk_and_not_to_the_networks(ask_made) -> None:
    titles, columns = tuple(f"group {one}" for one in range(6)), tuple(f"gene {one}" for one in range(12))
    case = ask_made("glg_linear", 4)
    made = share_genes(case, titles=titles, columns=columns)
    assert made is not None
    assert any(blend.weight[:-1].any() for fold in case.folds for blend in fold.blends)
    assert made.difference == pytest.approx(
        case.risk(frozenset(case.parts)) - case.risk(frozenset(case.parts) - {"genes"}), abs=1e-9
    )
    assert made.complete
