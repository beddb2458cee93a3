"""Parts of Streamlit's own program that a page needs late, named to the browser with the page itself.

The part that draws figures has 5 MB, and is asked for when the first figure arrives. Told of it by a ``Link`` header, a
browser that was never here fetches and compiles it while the server still computes the page.
"""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

NAMES = ("PlotlyChart", "arrowFormatUtils", "DataFrame")  # on nearly every page; each is built as NAME.DIGEST.js


class EarlyFiles:
    """Add the header to every page of an ASGI application; without such files, to none.

    Parameters
    ----------
    app : ASGI application
    folder : Path, optional
        Of Streamlit's program, with its ``index.html``.
    """

    def __init__(self, app: ASGIApp, folder: Path | None = None) -> None:
        self.app = app
        self.link = early_link(Path(get_static_dir()) if folder is None else folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the header where it is a page."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and self.link:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("Link", self.link)
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)


def early_link(folder: Path) -> str:
    """The header's text: addresses relative to the page, as in ``index.html``, fetched after what that names itself."""
    found = [path for name in NAMES for path in sorted((folder / "static" / "js").glob(f"{name}.*.js"))]
    return ", ".join(f"<./static/js/{path.name}>; rel=modulepreload; fetchpriority=low" for path in found)
