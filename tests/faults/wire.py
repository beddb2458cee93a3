"""A network between two programs of this machine that a test can cut, or let hang."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal

State = Literal["whole", "cut", "dead"]
BLOCK = 1 << 14


class Wire:
    """Passes bytes to ``target`` and back.

    ``cut`` ends all connections and refuses new ones; ``dead`` takes all that is sent and answers nothing, as a
    network does whose packets are lost. ``cut_after`` cuts by itself once so many bytes have come from the target.
    """

    def __init__(self, target: tuple[str, int], *, cut_after: int | None = None) -> None:
        self._target, self._left = target, cut_after
        self._state: State = "whole"
        self._open: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, state: State) -> None:
        """From now on the network is whole, cut or dead."""
        before, self._state = self._state, state
        if state == "cut":
            for one in (*self._open, self._listener):
                _end(one)
        elif before == "cut":
            self._left = None
            self._listener = self._listen(self.port)
            threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it for good."""
        self.set("cut")

    @staticmethod
    def _listen(port: int) -> socket.socket:
        made = socket.create_server(("127.0.0.1", port))
        return made

    def _accept(self) -> None:
        listener = self._listener
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open |= {near, far}
            for source, sink, is_answer in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=(source, sink, is_answer), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        try:
            while block := source.recv(BLOCK):
                if self._state == "dead":
                    continue  # taken and lost
                sink.sendall(block)
                if is_answer and self._left is not None:
                    self._left -= len(block)
                    if self._left <= 0:
                        self.set("cut")
        except OSError:
            pass
        finally:
            for one in (source, sink):
                _end(one)
                self._open.discard(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
