"""A figure as a file: SVG and PNG from a real browser, HTML without a network, and what is said where there is none."""

from __future__ import annotations

import io
import re
import threading
import time
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import psutil
import pytest
from PIL import Image

from survdash import figure_file as module
from survdash.errors import ProgramError
from survdash.figure_file import SCALE, WIDTH_PX, figure_file, find_browser, stamped
from survdash.figures.palette import dress
from tests.browser.server import find_chromium

STAMP = "survdash 9 · cohort <b>x</b>, state 0123 · For research use only."
in_a_browser = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")


def a_figure() -> go.Figure:
    figure = go.Figure()
    figure.add_scatter(x=[0, 1, 2], y=[1.0, 0.8, 0.5], name="low")
    return dress(figure, height_px=300)


def a_long_figure() -> go.Figure:
    """One that takes a second or more to draw, its browser's start not counted."""
    points = np.random.default_rng(0).normal(size=(2, 60_000))
    return go.Figure().add_scatter(x=points[0], y=points[1], mode="markers")


def make(kind: module.Kind) -> bytes:
    return figure_file(a_figure(), kind, title="Survival & more", stamp=STAMP)


def test_the_figure_on_the_page_stays_as_it_is_and_the_paper_is_white():
    figure = a_figure()
    before = figure.to_json()
    copy = stamped(figure, title="T", stamp=STAMP)
    assert figure.to_json() == before
    assert copy.layout.paper_bgcolor == "#FFFFFF"
    assert copy.layout.height > figure.layout.height
    assert "research use only" in copy.layout.title.text
    assert "<b>x" not in copy.layout.title.text  # a cohort's name is no markup


@in_a_browser
def test_an_svg_has_the_lines_the_stamp_to_be_seen_and_the_stamp_to_be_read():
    drawn = make("svg")
    root = ET.fromstring(drawn)
    name = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{name}title") == "Survival & more"
    assert root.findtext(f"{name}desc") == STAMP
    assert "For research use only." in "".join(root.itertext()).replace("\xa0", " ").replace(STAMP, "", 1)
    assert drawn == make("svg")


@in_a_browser
def test_a_png_has_its_size_and_its_stamp():
    with Image.open(io.BytesIO(make("png"))) as image:
        assert image.size[0] == SCALE * WIDTH_PX
        assert image.text["Description"] == STAMP
        assert image.text["Title"] == "Survival & more"


@in_a_browser
def test_several_visitors_at_once_share_one_browser():
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(make("svg"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


def test_html_holds_everything_itself():
    text = make("html").decode()
    assert "<title>Survival &amp; more</title>" in text
    assert "<footer>survdash 9 · cohort &lt;b&gt;x&lt;/b&gt;" in text
    assert "Plotly.newPlot" in text
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="?https?:', text)


def test_without_a_browser_it_is_said_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "find_browser", lambda: None)
    with pytest.raises(ProgramError, match=r"none on the machine.*apt-get install chromium.*HTML"):
        make("png")
    assert make("html")


@in_a_browser
@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.8])
def test_a_browser_that_does_not_answer_ends_even_while_it_starts_and_the_next_figure_starts_another(
    monkeypatch, seconds
):
    find_browser.cache_clear()
    module._browser().close()
    others = _children()
    monkeypatch.setattr(module, "DRAW_SECONDS", seconds)
    with pytest.raises(ProgramError, match="did not answer"):
        figure_file(a_long_figure(), "png", title="", stamp=STAMP)
    monkeypatch.undo()
    end = time.monotonic() + 60
    while _children() - others:
        assert time.monotonic() < end, "the browser that was given up is still here"
        time.sleep(0.05)
    assert make("png").startswith(b"\x89PNG")


@in_a_browser
def test_a_browser_that_has_hung_is_ended_and_the_next_figure_starts_another(monkeypatch):
    module._browser().close()
    others = _children()
    make("svg")
    for process in (hung := _children() - others):
        process.suspend()
    monkeypatch.setattr(module, "DRAW_SECONDS", 0.5)
    with pytest.raises(ProgramError, match="did not answer"):
        make("svg")
    monkeypatch.undo()
    assert make("svg").startswith(b"<svg")
    assert not psutil.wait_procs(hung, timeout=60)[1]


@in_a_browser
def test_who_gives_up_waiting_for_another_figure_does_not_end_its_browser(monkeypatch):
    make("svg")
    browser, drawn = psutil.Process().children(), []
    long = a_long_figure()
    other = threading.Thread(target=lambda: drawn.append(figure_file(long, "svg", title="", stamp=STAMP)))
    other.start()
    time.sleep(0.5)  # it is at work now
    monkeypatch.setattr(module, "DRAW_SECONDS", 0.001)
    with pytest.raises(ProgramError, match="did not answer"):
        make("svg")
    monkeypatch.undo()
    other.join()
    assert drawn
    assert psutil.Process().children() == browser


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))
