"""A figure with the way to take it away."""

from __future__ import annotations

import pytest

from survdash.ui import figure_view
from tests.page_drawing import app_of


def script():
    import plotly.graph_objects as go

    from survdash.figures.palette import dress
    from survdash.ui.figure_view import show_figure

    figure = dress(go.Figure(go.Scatter(x=[0, 1], y=[1, 0])), height_px=300)
    show_figure(figure, key="p.km", name="demo_km", title="Survival", alt="A curve.", stamp="survdash 9")


@pytest.mark.parametrize("browser", ["/usr/bin/chromium", None])
def test_html_is_always_offered_svg_and_png_where_something_can_draw_them(monkeypatch, browser):
    monkeypatch.setattr(figure_view, "find_browser", lambda: browser)
    page = app_of(script).run()
    assert not page.exception
    off = {button.proto.label: button.proto.disabled for button in page.get("download_button")}
    assert off == {"SVG": browser is None, "PNG": browser is None, "HTML": False}
    assert any("none on the machine" in caption.value for caption in page.caption) == (browser is None)
