import plotly.graph_objects as go
import pytest

from survdash.figures.palette import HIGH, LOW, Look, dress, in_order, looks


def test_low_is_blue_and_solid_and_high_vermillion_and_dashed():
    assert (LOW.colour, LOW.dash, HIGH.colour, HIGH.dash) == ("#0072B2", "solid", "#D55E00", "dash")


def test_order_is_fixed_whatever_comes_first():
    assert in_order(["other", "high", "low"]) == ["low", "high", "other"]
    assert list(looks(["high", "low"])) == ["low", "high"]
    assert looks(["high", "low"]) == {"low": LOW, "high": HIGH}


@pytest.mark.parametrize("labels", [["low", "medium", "high"], ["I", "II", "III", "IV"], ["stage I", "high"]])
def test_no_two_groups_share_colour_or_dash(labels):
    chosen = looks(labels)
    assert len({look.colour for look in chosen.values()}) == len(labels)
    assert len({look.dash for look in chosen.values()}) == len(labels)


def test_band_is_the_colour_seen_through():
    assert Look(colour="#0072B2", dash="solid", symbol="", pattern="").band(0.2) == "rgba(0,114,178,0.2)"


def test_layout_leaves_background_and_font_colour_to_the_page():
    figure = dress(go.Figure(), height_px=300)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert figure.layout.height == 300
