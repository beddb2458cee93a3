"""The address to which the page sends a slide: straight to disk, never through the server's memory.

Streamlit's own uploader keeps a file in memory, twice its size. Here a file comes in pieces, each a request of its own:
``POST`` says which file will come and is told where to go on, ``PUT`` brings the next piece, ``DELETE`` cancels. Each
must carry the grant that the page made for one part of one case (``session_token``); every answer renews it.
"""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from survdash.access import current
from survdash.errors import InputError, SurvdashError
from survdash.session_token import make_grant, read_grant, refuse_other_sites
from survdash.ui import arrival

PURPOSE = "upload"
ADDRESS = "/take_in"
GRANT, OFFSET = "x-survdash-grant", "x-survdash-offset"
WRITE_BYTES = 1 << 20  # gathered before the disk is asked: small enough to be nothing in memory
MAX_SAID = 4096
NO_STORE = {"Cache-Control": "no-store"}


def upload_route(base_path: str = "") -> Route:
    """The route, below the server's ``baseUrlPath``."""
    return Route(f"{base(base_path)}{ADDRESS}", _answer, methods=["POST", "PUT", "DELETE"])


def base(path: str) -> str:
    """``server.baseUrlPath`` as an address begins with it: "" or "/name"."""
    return f"/{path.strip('/')}" if path.strip("/") else ""


def grant_for(identifier: str, part: str) -> str:
    """What the page hands to the browser so that it may send this part of this case, in the name of who looks."""
    return make_grant(PURPOSE, f"{identifier}/{part}/{current().name}")


async def _answer(request: Request) -> Response:
    try:
        refuse_other_sites(request.headers)
        subject = read_grant(request.headers.get(GRANT, ""), purpose=PURPOSE)
    except InputError as error:
        return _refusal(error, status=403)
    identifier, part, owner = subject.split("/", 2)
    try:
        if request.method == "POST":
            offset, is_done = await _begin(request, identifier, part, owner), False
        elif request.method == "PUT":
            offset, is_done = await _take(request, identifier, part)
        else:
            await run_in_threadpool(arrival.cancel, identifier, part)
            offset, is_done = 0, False
    except ClientDisconnect:
        return Response(status_code=499)  # nobody reads it; what has come is kept
    except arrival.ArrivalError as error:
        return _refusal(error, status=409)
    except SurvdashError as error:
        return _refusal(error, status=422)
    return JSONResponse({"offset": offset, "done": is_done, "grant": make_grant(PURPOSE, subject)}, headers=NO_STORE)


async def _begin(request: Request, identifier: str, part: str, owner: str) -> int:
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > MAX_SAID:
            raise InputError("This is no announcement of a file.", hint="Load the page again.")
    try:
        said = json.loads(body)
        name, size, mark = str(said["name"]), int(said["size"]), str(said["mark"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise InputError("This is no announcement of a file.", hint="Load the page again.") from error
    return await run_in_threadpool(arrival.begin, identifier, part, name=name, size=size, mark=mark, owner=owner)


async def _take(request: Request, identifier: str, part: str) -> tuple[int, bool]:
    try:
        offset = int(request.headers.get(OFFSET, ""))
    except ValueError as error:
        raise InputError("This piece does not say where it belongs.", hint="Load the page again.") from error
    piece = arrival.taking(identifier, part, offset=offset)
    taker = await run_in_threadpool(piece.__enter__)
    refused: InputError | None = None
    try:
        await _write(request, taker)
    except InputError as error:
        refused = error
        raise
    finally:
        # What came before the connection was lost is kept; a refused file is not.
        await run_in_threadpool(piece.__exit__, None if refused is None else type(refused), refused, None)
    return taker.offset, taker.is_done


async def _write(request: Request, taker: arrival.Taker) -> None:
    gathered = bytearray()
    try:
        async for block in request.stream():
            gathered += block
            if len(gathered) >= WRITE_BYTES:
                await run_in_threadpool(taker.write, bytes(gathered))
                gathered.clear()
    finally:
        if gathered:
            await run_in_threadpool(taker.write, bytes(gathered))


def _refusal(error: SurvdashError, *, status: int) -> JSONResponse:
    return JSONResponse({"message": error.message, "hint": error.hint}, status_code=status, headers=NO_STORE)
