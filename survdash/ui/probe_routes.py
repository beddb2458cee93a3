"""Addresses that machines ask: ``/health/live``, ``/health/ready`` and ``/metrics``.

``/metrics`` answers this machine alone, and nobody who comes through a proxy (which tells by ``X-Forwarded-For``).
"""

from __future__ import annotations

import ipaddress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from survdash.usecases.health import metrics, readiness

NEVER_KEPT = {"Cache-Control": "no-store"}


def probe_routes() -> list[Route]:
    """The routes, for ``st.App``."""
    return [
        Route("/health/live", _live, methods=["GET"]), Route("/health/ready", _ready, methods=["GET"]),
        Route("/metrics", _metrics, methods=["GET"]),
    ]  # fmt: skip


async def _live(_request: Request) -> Response:
    return PlainTextResponse("ok", headers=NEVER_KEPT)


async def _ready(_request: Request) -> Response:
    problems = await run_in_threadpool(readiness)
    return JSONResponse({"ready": not problems, "problems": problems}, status_code=503 if problems else 200,
                        headers=NEVER_KEPT)  # fmt: skip


async def _metrics(request: Request) -> Response:
    if not _is_from_here(request):
        return PlainTextResponse("Metrics are for this machine alone.", status_code=403, headers=NEVER_KEPT)
    return Response(await run_in_threadpool(metrics), media_type="text/plain; version=0.0.4", headers=NEVER_KEPT)


def _is_from_here(request: Request) -> bool:
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
