"""The drawings of a report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from survdash.figures.palette import LOW
from survdash.report.curve import draw_curve, draw_people
from tests.report.conftest import CURVES, PREDICTION

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("alive", [0, 1, 62, 100])
def test_as_many_of_a_hundred_are_filled(alive):
    dots = ET.fromstring(draw_people(alive)).findall(f"{SVG}circle")
    assert len(dots) == 100
    assert sum(dot.get("fill") == LOW.colour for dot in dots) == alive
    # empty rings and filled dots: told apart without colour
    assert all(dot.get("stroke") for dot in dots if dot.get("fill") == "none")


def test_the_curve_is_an_svg_that_needs_no_font_and_is_the_same_twice():
    drawn = draw_curve(PREDICTION, CURVES)
    root = ET.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    assert not root.findall(f".//{SVG}text")  # letters are outlines
    assert drawn == draw_curve(PREDICTION, CURVES)
    assert drawn != draw_curve(PREDICTION, {})
