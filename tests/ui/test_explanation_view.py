"""Tissue and genes as a page draws them."""

from __future__ import annotations

from survdash.explanation.record import GeneShare, GeneShares
from survdash.ui.explanation_view import heaviest_genes
from tests.page_drawing import app_of


def script(run: str, slides: str = "usecases.slides_of_patient('demo', 'SIM-0001')") -> str:
    return f"""
from survdash import usecases
from survdash.ui.explanation_view import show_explanation
made = usecases.explain_patient("demo", "{run}", "SIM-0001")
show_explanation(made, page="test", slides=lambda: {slides}, stamp="made by a test")
"""


def test_groups_genes_and_shares_are_drawn_and_a_group_can_be_chosen(demo: str) -> None:
    page = app_of(script("glg")).run()
    assert not page.exception
    titles = " ".join(one.value for one in page.markdown)
    assert "Genes that weigh most" in titles
    assert "What the risk is made of" in titles
    assert not page.info  # the slide of a simulated patient is drawn again
    (groups,) = page.pills if hasattr(page, "pills") else page.button_group
    page = groups.set_value([groups.options[1]] if isinstance(groups.value, list) else groups.options[1]).run()
    assert not page.exception
    assert f"Genes of {groups.options[1]}" in " ".join(one.value for one in page.markdown)


def test_a_slide_that_is_not_here_is_said_to_be_elsewhere_in_either_language(demo: str) -> None:
    facts = "number=0, name='S_1.svs', sha256='', path=None, note=NOT_HERE, tile_px=None, mpp=None"
    elsewhere = f"(usecases.CaseSlide({facts}),)"
    first = "from survdash.usecases.case_slides import NOT_HERE\nfrom survdash.language import use_language\n"
    text = f"{first}use_language('zh')\n{script('glg', slides=elsewhere)}"
    page = app_of(text).run()
    assert not page.exception
    told = page.info[0].value.replace("\\", "")
    assert "切片本身不在本机" in told
    assert "S_1.svs" in told
    assert "inbox" not in told


def test_a_model_without_a_map_says_so(demo: str) -> None:
    page = app_of(script("attnmil")).run()
    assert not page.exception
    assert any("no tile explanation" in one.value for one in page.caption)


def test_shares_of_a_gene_in_several_groups_are_added_up() -> None:
    top = tuple(GeneShare(group=group, column=column, value=1.0, share=share)
                for group, column, share in (("a", "X", 0.2), ("a", "Y", -0.25), ("b", "X", 0.1)))  # fmt: skip
    genes = GeneShares(difference=0.05, gap=0.0, complete=True, steps=0, groups=(("a", 0.0), ("b", 0.0)), top=top)
    assert [(one.column, round(one.share, 6)) for one in heaviest_genes(genes)] == [("X", 0.3), ("Y", -0.25)]
    assert len(heaviest_genes(genes, most=1)) == 1
