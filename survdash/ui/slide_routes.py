"""The viewer's own addresses: tiles of a slide, parts of it at full resolution, and the viewer's program.

Streamlit asks nobody who he is at a route of our own, so each tile needs a grant that a page has signed
(``usecases.slide_access``). What is wrong with a request is answered by a number alone: no name, no path, no reason.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from survdash.errors import InputError, SlideError
from survdash.slide.deep_zoom import ZoomSlide
from survdash.slide.zoom_pool import ZoomPool
from survdash.usecases.slide_access import granted_place

PREFIX = "slide_view"
PROGRAM = Path(__file__).with_name("vendor") / "openseadragon" / "openseadragon.min.js"
AT_ONCE = 4  # tiles that are read at the same time, over all visitors
LARGEST_NUMBER = 1 << 31
PRIVATE = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip

_pool = ZoomPool()
_limit: list[anyio.CapacityLimiter] = []


def viewer_routes(base: str = "") -> list[Route]:
    """What ``app.py`` adds to Streamlit's own routes; ``base`` is the server's ``baseUrlPath``."""
    root = f"{address_root(base)}/{{grant}}"
    return [
        Route(f"{address_root(base)}/openseadragon.js", _program),
        Route(f"{root}/tile/{{level:int}}/{{column:int}}_{{row:int}}.jpeg", _tile),
        Route(f"{root}/crop/{{x:int}}_{{y:int}}_{{side:int}}.jpeg", _crop),
    ]


def address_root(base: str = "") -> str:
    """First part of all addresses of the viewer."""
    inner = base.strip("/")
    return f"/{inner}/{PREFIX}" if inner else f"/{PREFIX}"


async def _program(_request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(PROGRAM, media_type="text/javascript", headers=headers)


async def _tile(request: Request) -> Response:
    level, column, row = (request.path_params[name] for name in ("level", "column", "row"))
    return await _answer(request, (level, column, row), lambda zoom: zoom.tile(level, column, row))


async def _crop(request: Request) -> Response:
    x, y, side = (request.path_params[name] for name in ("x", "y", "side"))
    return await _answer(request, (x, y, side), lambda zoom: zoom.crop(x, y, side))


async def _answer(request: Request, numbers: tuple[int, ...], read: Callable[[ZoomSlide], bytes]) -> Response:
    try:
        path = granted_place(request.path_params["grant"])
    except InputError:
        return Response(status_code=403, headers=PRIVATE)
    if path is None or max(numbers) > LARGEST_NUMBER:
        return Response(status_code=404, headers=PRIVATE)
    if not _limit:
        _limit.append(anyio.CapacityLimiter(AT_ONCE))  # belongs to the server's loop, so not made before it runs
    body = await anyio.to_thread.run_sync(_read, path, read, limiter=_limit[0])
    if body is None:
        return Response(status_code=404, headers=PRIVATE)
    return Response(body, media_type="image/jpeg", headers=PRIVATE)


def _read(path: Path, read: Callable[[ZoomSlide], bytes]) -> bytes | None:
    try:
        with _pool.lend(path) as zoom:
            return read(zoom)
    except SlideError:
        return None
