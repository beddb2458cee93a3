"""How a report is drawn: nothing of it is lost, whatever a file wrote into it."""

from __future__ import annotations

from pathlib import Path

from survdash.usecases import cohort_report, import_cohort
from tests.page_drawing import app_of

SCRIPT = """
from survdash import usecases
from survdash.ui.import_report import show_report
show_report(usecases.cohort_report("mine"), usecases.cohort_curve("mine"), page="p")
"""


def test_names_from_a_file_are_shown_letter_by_letter(tmp_path: Path) -> None:
    rows = [f"P{i:02d},{900 + i},{i % 2},{i / 7},*{i}*" for i in range(40)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,_bold_", *rows]))
    import_cohort(path, name="mine")
    page = app_of(SCRIPT).run()
    assert not page.exception
    shown = "\n".join(block.value for block in page.markdown)
    assert "\\_bold\\_" in shown
    assert "are these days" in page.warning[0].value
    (columns,) = [frame.value for frame in page.dataframe if "Different values" in frame.value]
    assert columns["Column"].tolist() == [one.name for one in cohort_report("mine").columns]
    # a doubtful follow-up is drawn to its end, not to ten years
    assert not any("Drawn up to" in block.value for block in page.caption)


def test_a_column_s_range_is_read_not_computed_with(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"P{i:02d},{(i + 1) / 3},{i % 2},{i / 7},{i}" for i in range(40)]
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,age", *rows]))
    import_cohort(path, name="mine")
    page = app_of(SCRIPT).run()
    (columns,) = [frame.value for frame in page.dataframe if "Different values" in frame.value]
    ranges = dict(zip(columns["Column"], columns["Values"], strict=True))
    assert ranges["time_months"] == "0.3333 to 13.33"
