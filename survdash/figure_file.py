"""Figures as files: HTML that needs no network, SVG and PNG drawn by a browser of this machine, each with its stamp.

One browser serves the whole process. It is started by the first figure, on a thread of its own, and ends when nobody
has asked for a figure for a while, so that its memory comes back.
"""

from __future__ import annotations

import asyncio
import atexit
import html
import io
import logging
import math
import re
import textwrap
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import plotly.graph_objects as go
import psutil

from survdash.errors import ProgramError
from survdash.language import ENGLISH, TAGS, language, later, tr

if TYPE_CHECKING:
    from kaleido import Kaleido

Kind = Literal["svg", "png", "html"]
KINDS: dict[Kind, str] = {"svg": "image/svg+xml", "png": "image/png", "html": "text/html"}
WIDTH_PX = 1000
SCALE = 2  # of a PNG: 2,000 px across
DRAW_SECONDS = 30.0  # one figure, the browser's start included
IDLE_SECONDS = 300.0
STAMP_PX = 10
LINE_PX = 14
INK, PAPER = "#1B2430", "#FFFFFF"
NO_BROWSER = "SVG and PNG files are drawn by Chromium or Chrome, and there is none on the machine of this server."
HOW_TO_GET_ONE = "Install one there (Debian: apt-get install chromium), or take the HTML file, which needs none."
CHANCE_NAME = re.compile(rb'id="defs-([0-9a-f]{6})"')
TOOLS = (
    later("Download plot as a PNG"), later("Download plot"), later("Zoom"), later("Pan"), later("Box Select"),
    later("Lasso Select"), later("Zoom in"), later("Zoom out"), later("Autoscale"), later("Reset axes"),
    later("Double-click to zoom back out"),
)  # fmt: skip
LOG = logging.getLogger(__name__)


@cache
def find_browser() -> str | None:
    """The browser that draws figures, looked for once; None without."""
    from choreographer.browsers.chromium import Chromium

    return Chromium.find_browser(skip_local=False)


def figure_file(figure: go.Figure, kind: Kind, *, title: str, stamp: str) -> bytes:
    """A figure as the bytes of a file; the figure that is given stays as it is.

    Parameters
    ----------
    figure : Figure
    kind : {"svg", "png", "html"}
    title : str
        Stands above the figure.
    stamp : str
        Stands below it, see ``survdash.stamp``.

    Raises
    ------
    ProgramError
        If SVG or PNG is asked for and no browser is here, or it does not answer in time.
    """
    if kind == "html":
        return _html(figure, title=title, stamp=stamp)
    if find_browser() is None:
        raise ProgramError(NO_BROWSER, hint=HOW_TO_GET_ONE)
    dressed = stamped(figure, title=title, stamp=stamp)
    options = {"format": kind, "width": WIDTH_PX, "height": int(dressed.layout.height),
               "scale": SCALE if kind == "png" else 1}  # fmt: skip
    drawn = _browser().draw(dressed.to_dict(), options)
    return _name_inside(drawn, kind, title=title, stamp=stamp)


def stamped(figure: go.Figure, *, title: str, stamp: str, width_px: int = WIDTH_PX) -> go.Figure:
    """A copy on white paper, with the title above and the stamp below the drawing."""
    copy = go.Figure(figure)
    lines = textwrap.wrap(stamp, width=max(40, int(width_px / (0.56 * STAMP_PX))))
    margin = copy.layout.margin.to_plotly_json()
    below = LINE_PX * len(lines) + 12
    heading = 30 if title else 0
    for number, trace in enumerate(copy.data):  # otherwise Plotly names them by chance, and no two files are equal
        trace.uid = f"{number:06x}"
    copy.update_layout(
        width=width_px, height=int(figure.layout.height or 450) + below + heading, paper_bgcolor=PAPER,
        plot_bgcolor=PAPER, font={"family": "Arial, Helvetica, DejaVu Sans, sans-serif", "size": 13, "color": INK},
        margin=margin | {"b": margin.get("b", 50) + below, "t": margin.get("t", 30) + heading},
        # the one text whose place is told from the edge of the paper, whatever the margins grow to
        title={"text": "<br>".join(_plain(line) for line in lines), "xref": "container", "yref": "container", "x": 0.01,
               "xanchor": "left", "y": 6 / (figure.layout.height or 450), "yanchor": "bottom",
               "font": {"size": STAMP_PX}, "automargin": False},
    )  # fmt: skip
    if title:
        copy.add_annotation(
            text=f"<b>{_plain(title)}</b>", xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom",
            yshift=28, showarrow=False, font={"size": 15},
        )  # fmt: skip
    return copy


def _plain(text: str) -> str:
    """Text of a figure without the few tags that Plotly would obey."""
    return html.escape(text, quote=False)


def _html(figure: go.Figure, *, title: str, stamp: str) -> bytes:
    copy = go.Figure(figure)
    copy.update_layout(paper_bgcolor=PAPER, plot_bgcolor=PAPER, font={"color": INK})
    drawing = copy.to_html(full_html=False, include_plotlyjs=True, include_mathjax=False, div_id="figure",
                           config={"displaylogo": False, "responsive": True, **_tool_words()})  # fmt: skip
    return (
        f'<!DOCTYPE html>\n<html lang="{TAGS[language()]}"><head><meta charset="utf-8">'
        f'<title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><meta name="generator" content="{html.escape(stamp)}">'
        "<style>body{font-family:Arial,Helvetica,sans-serif;margin:1.5rem;color:#1B2430;background:#FFFFFF}"
        "h1{font-size:1.2rem}footer{font-size:.75rem;margin-top:1rem}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{drawing}<footer>{html.escape(stamp)}</footer></body></html>\n"
    ).encode()


def _tool_words() -> dict[str, object]:
    """The tool bar's words in the reader's language; Plotly itself speaks English."""
    if language() == ENGLISH:
        return {}
    return {"locale": TAGS[language()], "locales": {TAGS[language()]: {"dictionary": {one: tr(one) for one in TOOLS}}}}


def _name_inside(drawn: bytes, kind: Kind, *, title: str, stamp: str) -> bytes:
    """Title and stamp where other programs read them: in the description of an SVG, in the text of a PNG."""
    if kind == "svg":
        # Plotly names the parts of each drawing by chance; equal figures are equal bytes
        if found := CHANCE_NAME.search(drawn):
            drawn = drawn.replace(found[1], b"figure")
        opening, end, rest = drawn.partition(b">")
        words = f"<title>{html.escape(title)}</title><desc>{html.escape(stamp)}</desc>"
        return opening + end + words.encode() + rest
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_itxt("Title", title)
    text.add_itxt("Description", stamp)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(drawn)) as image:
        image.save(buffer, "PNG", pnginfo=text, dpi=(96 * SCALE, 96 * SCALE))
    return buffer.getvalue()


class _Browser:
    """Chromium behind a thread with an event loop; one figure at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._one_at_a_time = asyncio.Lock()
        self._open: Kaleido | None = None
        self._end: asyncio.TimerHandle | None = None
        threading.Thread(target=self._loop.run_forever, name="survdash-figures", daemon=True).start()
        atexit.register(self.close)

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """Draw one figure; returns the file's bytes.

        Raises
        ------
        ProgramError
            If the browser fails or takes too long; it is ended then, and the next figure starts another.
        """
        from choreographer.errors import BrowserClosedError, BrowserFailedError, ChannelClosedError, ChromeNotFoundError
        from kaleido.errors import JavascriptError, KaleidoError

        waiting = asyncio.run_coroutine_threadsafe(self._draw(figure, options), self._loop)
        try:
            return waiting.result(timeout=DRAW_SECONDS)
        except ChromeNotFoundError as error:
            raise ProgramError(NO_BROWSER, hint=HOW_TO_GET_ONE) from error
        except (FutureTimeoutError, BrowserClosedError, BrowserFailedError, ChannelClosedError, JavascriptError,
                KaleidoError, OSError) as error:  # fmt: skip
            waiting.cancel()
            LOG.warning("A figure was not drawn: %s", type(error).__name__)
            raise ProgramError(
                f"The browser that draws figures did not answer within {math.ceil(DRAW_SECONDS)} seconds.",
                hint="Try again, or take the HTML file, which needs none.",
            ) from error

    def close(self) -> None:
        """End the browser; waits a moment for it to go."""
        if not self._loop.is_running():
            return
        ending = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        try:
            ending.result(timeout=5)
        except FutureTimeoutError:
            LOG.warning("The browser that draws figures did not end in time")

    async def _draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        async with self._one_at_a_time:
            if self._end is not None:
                self._end.cancel()
            work, drawn = asyncio.ensure_future(self._work(figure, options)), b""
            try:
                # What is broken off in the middle may wait for a browser that has hung, or leave one that nobody knows.
                drawn = await asyncio.shield(work)
            finally:
                if not drawn:  # it failed, or who asked has given up
                    await self._kill(work)
            self._end = self._loop.call_later(IDLE_SECONDS, lambda: asyncio.ensure_future(self._close()))
            return drawn

    async def _work(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        if self._open is None:
            from kaleido import Kaleido

            # no formulas in our figures: without this, the page asks the network for MathJax
            self._open = Kaleido(n=1, timeout=DRAW_SECONDS, mathjax=False)
            await self._open.open()
        drawn: bytes = await self._open.calc_fig(figure, opts=options)
        return drawn

    async def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await opened.close()

    async def _kill(self, work: asyncio.Future[bytes]) -> None:
        """End a browser that does not answer, or is still starting, without asking it."""
        opened, self._open = self._open, None
        if opened is not None:
            while not work.done() and not hasattr(opened, "subprocess"):
                await asyncio.sleep(0.02)
            if hasattr(opened, "subprocess"):
                _kill_tree(opened.subprocess.pid)
                while opened.subprocess.poll() is None:  # as long as it seems alive, close would ask it
                    await asyncio.sleep(0.02)
            try:
                await opened.close()
            except (OSError, RuntimeError) as error:  # of choreographer, about a process that is gone
                LOG.warning("What an ended browser left was not put away: %s", type(error).__name__)
        work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # asyncio would print it
        work.cancel()


def _kill_tree(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.suspend()  # it starts nothing more
        for one in (*process.children(recursive=True), process):
            with suppress(psutil.NoSuchProcess):
                one.kill()


@cache
def _browser() -> _Browser:
    return _Browser()
