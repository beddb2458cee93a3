"""A visitor without a browser: speaks the dashboard's websocket, so that many fit beside the server on two cores.

What a browser would ask the server for is asked (the frame of the page, each run of the script, downloads), and what
it would remember is remembered (widgets, messages that need not be sent again). Nothing is drawn.
"""

from __future__ import annotations

import asyncio
import re
import time
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_SECONDS = 120.0
KEY = re.compile(r"^\$\$ID-[0-9a-f]+-(.*)$")
XSRF = re.compile(r"_streamlit_xsrf=([^;]+)")
ERROR = 1  # kind of an alert
OPENED = ("", "_stcore/health", "_stcore/host-config")


@dataclass(kw_only=True)
class Seen:
    """What one run of a page sent: seconds until it was complete, bytes and messages on the wire, elements by kind."""

    seconds: float = 0.0
    wire_bytes: int = 0
    messages: int = 0
    elements: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


class Visitor:
    """One window of the dashboard.

    Parameters
    ----------
    url : str
        Of the server, without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.widgets: dict[str, Any] = {}  # key to the last element drawn with it
        self.query: dict[str, str] = {}
        self._socket: ClientConnection | None = None
        self._pages: dict[str, str] = {}
        self._page = ""
        self._states: dict[str, WidgetState] = {}
        self._fragments: dict[str, str] = {}
        self._ticking = ""
        self.tick_seconds = 0.0
        self._session = ""
        self._xsrf = ""
        self._kept: dict[str, ForwardMsg] = {}

    async def open(self, page: str, **query: str) -> Seen:
        """Open an address as a new window does, or a reload."""
        await self.close()
        start = time.monotonic()
        for path in OPENED:
            await asyncio.to_thread(self._fetch, path)
        where = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await connect(where, subprotocols=["streamlit"], origin=self.url, max_size=None,
                                     compression=None, open_timeout=PATIENCE_SECONDS)  # fmt: skip
        self._states, self._kept, self._page, self.query = {}, {}, "", dict(query)
        return await self._run(start, page_name=page)

    async def go(self, page: str, **query: str) -> Seen:
        """Go to another page of the menu, in the window that is open."""
        self.query, self._page, self._states = dict(query), self._pages[page], {}
        return await self._run(time.monotonic())

    async def set(self, key: str, **value: Any) -> Seen:
        """Give a widget a value, or press a button, as the browser tells it; a fragment runs alone.

        Parameters
        ----------
        key : str
            The widget's.
        **value
            One field of ``WidgetState``: ``string_value``, ``trigger_value``, ``string_array_value`` (list), ...
        """
        widget = self.widgets[key]
        state = WidgetState(id=widget.id)
        ((name, given),) = value.items()
        if isinstance(given, list):
            getattr(state, name).data.extend(given)
        else:
            setattr(state, name, given)
        self._states[widget.id] = state
        seen = await self._run(time.monotonic(), fragment=self._fragments.get(widget.id, ""))
        if name == "trigger_value":
            del self._states[widget.id]
        return seen

    async def tick(self) -> Seen:
        """Let the part that refreshes itself do so once, as its clock would."""
        return await self._run(time.monotonic(), fragment=self._ticking, is_clock=True)

    @property
    def is_ticking(self) -> bool:
        """Whether something on the page refreshes itself."""
        return bool(self._ticking)

    async def download(self, key: str) -> bytes:
        """Click a download button and fetch its file."""
        button = self.widgets[key]
        url = button.url
        if button.deferred_file_id:
            ask = BackMsg()
            request = ask.backend_operation_request
            request.request_id, request.session_id = key, self._session
            request.deferred_file.file_id = button.deferred_file_id
            url = (await self._answer(ask, "backend_operation_response")).deferred_file.url
        return await asyncio.to_thread(_get, f"{self.url}{url}")

    async def upload(self, key: str, name: str, content: bytes) -> Seen:
        """Give a file to an uploader, as the browser sends it, and let the page run on it."""
        assert self._socket is not None
        ask = BackMsg()
        ask.file_urls_request.request_id, ask.file_urls_request.session_id = key, self._session
        ask.file_urls_request.file_names.append(name)
        start = time.monotonic()
        urls = (await self._answer(ask, "file_urls_response")).file_urls[0]
        await asyncio.to_thread(self._put, f"{self.url}{urls.upload_url}", name, content)
        state = WidgetState(id=self.widgets[key].id)
        file = state.file_uploader_state_value.uploaded_file_info.add()
        file.name, file.size, file.file_id = name, len(content), urls.file_id
        file.file_urls.CopyFrom(urls)
        self._states[state.id] = state
        return await self._run(start)

    def _put(self, url: str, name: str, content: bytes) -> None:
        mark = uuid.uuid4().hex
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode() + content + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "X-Xsrftoken": self._xsrf,
                   "Cookie": f"_streamlit_xsrf={self._xsrf}"}  # fmt: skip
        request = urllib.request.Request(url, data=body, headers=headers, method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
            pass

    async def close(self) -> None:
        """Close the window."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def _answer(self, ask: BackMsg, kind: str) -> Any:
        assert self._socket is not None
        await self._socket.send(ask.SerializeToString())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = ForwardMsg.FromString(await self._receive())
                if message.WhichOneof("type") == kind:
                    answer = getattr(message, kind)
                    if answer.error_msg:
                        raise RuntimeError(answer.error_msg)
                    return answer

    def _fetch(self, path: str) -> None:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=PATIENCE_SECONDS) as answer:
            answer.read()
            if found := XSRF.search(answer.headers.get("Set-Cookie", "")):
                self._xsrf = found[1]

    async def _receive(self) -> bytes:
        assert self._socket is not None
        data = await self._socket.recv()
        assert isinstance(data, bytes)
        return data

    async def _run(self, start: float, *, page_name: str = "", fragment: str = "", is_clock: bool = False) -> Seen:
        assert self._socket is not None
        ask = BackMsg()
        state = ask.rerun_script
        state.query_string, state.page_script_hash, state.page_name = urlencode(self.query), self._page, page_name
        state.fragment_id, state.is_auto_rerun = fragment, is_clock
        state.widget_states.widgets.extend(self._states.values())
        state.cached_message_hashes.extend(self._kept)
        state.context_info.locale, state.context_info.timezone = "en-GB", "Europe/London"
        state.context_info.url, state.context_info.color_scheme = f"{self.url}/{page_name}", "light"
        await self._socket.send(ask.SerializeToString())
        seen = Seen()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._take(await self._receive(), seen):
                pass
        seen.seconds = time.monotonic() - start
        return seen

    def _take(self, data: bytes, seen: Seen) -> bool:
        """Take in one message; True for the last of a run."""
        message = ForwardMsg.FromString(data)
        seen.messages += 1
        seen.wire_bytes += len(data)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message, kind = self._kept[message.ref_hash], "delta"
        elif message.metadata.cacheable:
            self._kept[message.hash] = message
        if kind == "delta":
            self._draw(message.delta, seen, size=len(data))
        elif kind == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:  # the whole page: whoever refreshed itself is gone
                self._ticking = ""
        elif kind == "navigation":
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            pairs = (pair.partition("=") for pair in message.page_info_changed.query_string.split("&") if pair)
            self.query = {name: value for name, _, value in pairs}
        elif kind == "auto_rerun":
            self._ticking, self.tick_seconds = message.auto_rerun.fragment_id, message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            self._ticking = ""
        elif kind == "session_event" and message.session_event.WhichOneof("type") == "script_compilation_exception":
            seen.errors.append("the script does not compile")
        elif kind == "script_finished":
            return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return False

    def _draw(self, delta: Any, seen: Seen, *, size: int) -> None:
        if delta.WhichOneof("type") != "new_element":
            block = delta.add_block
            if delta.WhichOneof("type") == "add_block" and block.WhichOneof("type") == "tab_container":
                self._keep(block.tab_container, delta.fragment_id)
            return
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind)
        seen.elements[kind] += 1
        seen.sizes[kind] += size
        if kind == "exception":
            seen.errors.append(element.message)
        elif kind == "alert" and element.format == ERROR:
            seen.errors.append(element.body)
        elif kind == "markdown":
            seen.words.append(element.body)
        self._keep(element, delta.fragment_id)

    def _keep(self, element: Any, fragment: str) -> None:
        named = KEY.match(getattr(element, "id", ""))
        if named and named[1] != "None":
            self.widgets[named[1]] = element
            self._fragments[element.id] = fragment


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
        return bytes(answer.read())
