"""The one place where an error becomes something to read."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from survdash.errors import Cancelled, SurvdashError
from survdash.language import tr
from survdash.retelling import retell
from survdash.ui.prose import escape

LOG = logging.getLogger(__name__)


def show_error(message: str, hint: str = "") -> None:
    """Show what is wrong and, below it, what to do next; both as plain text, never as markup."""
    st.error("\n\n".join(escape(text) for text in (retell(message), retell(hint)) if text), icon=":material/error:")


def show_problems(problems: list[str]) -> None:
    """Name what is left out of the lists of a page, because it is damaged."""
    for words in problems:
        st.warning(escape(retell(words)), icon=":material/warning:")


@contextmanager
def error_box(way_out: Callable[[], object] | None = None) -> Iterator[None]:
    """Turn an error inside the block into a box; what stands after the block is still drawn.

    Parameters
    ----------
    way_out : callable, optional
        Draws below the box what leads on, such as a link.

    A ``SurvdashError`` is shown with its message and hint. Any other error is ours: the box names a log entry and
    shows nothing of the data, the log has the place.
    """
    try:
        yield
    except Cancelled as cancelled:
        st.info(escape(retell(cancelled.message)), icon=":material/cancel:")
    except SurvdashError as error:
        show_error(error.message, error.hint)
        if way_out is not None:
            way_out()
    except Exception as error:
        entry = secrets.token_hex(4)
        # The place but not the words: an error's text may quote a patient's table.
        frames = "".join(traceback.format_tb(error.__traceback__))
        LOG.error("log entry %s: %s on a page\n%s", entry, type(error).__name__, frames)
        show_error(
            tr("Something went wrong that is not your fault (log entry {entry}).", entry=entry),
            tr("Try again; if it happens once more, tell whoever runs this server and give that number."),
        )
