"""Tabs that cannot be filled say why, and the others stand."""

from __future__ import annotations

from tests.page_drawing import app_of


def script():
    from survdash.language import tr
    from survdash.ui.compare_view import _show_brier, _show_calibration
    from survdash.usecases import MethodLook

    nothing = MethodLook(run="r", title="R", auc=None, brier=None, calibration=None, smooth=None,
                         notes=(tr("The model says nothing of 36 months."),))
    _show_brier("c", (nothing,), stamp="survdash")
    _show_calibration("c", (nothing,), stamp="survdash")


def test_what_cannot_be_had_is_told():
    page = app_of(script).run()
    assert not page.exception
    assert [box.value.replace("\\", "") for box in page.info] == ["The model says nothing of 36 months."] * 2
    assert not page.get("plotly_chart")
