"""The browser's side of a streaming upload: choose or drop files, progress, time left, cancel; goes on after a break.

Its script is constant; what it shows of a file's name it sets as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from survdash.language import tr
from survdash.ui.arrival import arriving
from survdash.ui.prose import data_size
from survdash.ui.upload import (
    BATCH_PARTS,
    SUFFIXES,
    Upload,
    largest_bytes,
    new_identifier,
    new_upload,
    uploads_folder,
)
from survdash.ui.upload_route import ADDRESS, base, grant_for

HERE = Path(__file__).parent
COMING = "ui.coming_upload"
EMPTY = "ui.empty_upload"  # begun, and no file of it seen whole so far
HTML = """
<div class="uploader">
  <div class="box" data-part="idle">
    <button type="button" data-part="choose"></button>
    <span class="small" data-part="hint"></span>
    <input type="file" data-part="input" hidden tabindex="-1" aria-hidden="true">
  </div>
  <div class="box" data-part="busy" hidden>
    <span class="name" data-part="name"></span>
    <div class="bar" data-part="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div></div></div>
    <span class="small" data-part="status" role="status"></span>
    <button type="button" data-part="cancel"></button>
  </div>
  <div class="error" data-part="error" role="alert" hidden></div>
</div>
"""

_mount = st.components.v2.component(
    "survdash_uploader",
    html=HTML,
    css=(HERE / "uploader.css").read_text(encoding="utf-8"),
    js=(HERE / "uploader.js").read_text(encoding="utf-8"),
)


def coming_identifier() -> str:
    """The number that this session's next case will have, so that the browser may begin to send before it is there."""
    return str(st.session_state.setdefault(COMING, new_identifier()))


def begin_upload() -> Upload:
    """The folder under that number: what the browser begins to send at the same moment comes into the same."""
    return new_upload(coming_identifier())


def take_coming(identifier: str) -> None:
    """A case with this number has begun: the next one gets another."""
    if st.session_state.get(COMING) == identifier:
        del st.session_state[COMING]
        st.session_state[EMPTY] = identifier


def came_to_nothing(identifier: str) -> bool:
    """Whether what is gone had begun in this session and had no file yet: its only one was refused as it came.

    Its number is then that of the next case again, so that the browser's side goes on saying what was wrong.
    """
    if st.session_state.get(EMPTY) != identifier or (uploads_folder() / identifier).is_dir():
        return False
    del st.session_state[EMPTY]
    st.session_state[COMING] = identifier
    return True


def has_come(identifier: str) -> None:
    """A file of this case has come whole: were it gone later, that would have to be said."""
    if st.session_state.get(EMPTY) == identifier:
        del st.session_state[EMPTY]


def coming_has_begun() -> str | None:
    """The number of the case of which something has come while the address does not name it yet."""
    identifier = st.session_state.get(COMING)
    return identifier if identifier and (uploads_folder() / identifier).is_dir() else None


def show_uploader(upload: Upload | None, parts: tuple[str, ...], *, key: str) -> None:
    """Draw the uploader of files that become ``parts``, first come first; what has come lies in the case's folder.

    Parameters
    ----------
    upload : Upload or None
        The case; None where nothing of it is here, then its files come under ``coming_identifier``.
    parts : tuple of str
        Parts that are free, of one kind.
    key : str
        Of the widget.
    """
    identifier = coming_identifier() if upload is None else upload.identifier
    limit = largest_bytes(parts[0])
    _mount(
        key=key,
        data={
            "key": f"{identifier}/{parts[0].rstrip('0123456789')}",
            "address": f"{base(str(st.get_option('server.baseUrlPath') or ''))}{ADDRESS}",
            "slots": [{"part": part, "grant": grant_for(identifier, part)} for part in parts],
            "suffixes": list(SUFFIXES[parts[0]]),
            "limit": limit,
            "resume": _resume_words(upload, parts),
            "words": _words(limit, parts[0]),
        },
        on_arrived_change=_redraw,
        on_begun_change=_redraw,
    )


def _redraw() -> None:
    """What has come is read from the disk, so the run that follows is all that is needed."""


def _resume_words(upload: Upload | None, parts: tuple[str, ...]) -> str:
    coming = {} if upload is None else arriving(upload.folder)
    half = next((one for part, one in coming.items() if part in parts), None)
    if half is None:
        return ""
    return tr("{here} of {size} of {name} are here. Choose the same file to go on with it.",
              here=data_size(half.offset), size=data_size(half.size), name=half.name)  # fmt: skip


def _words(limit: float, part: str) -> Mapping[str, str]:
    several = part in BATCH_PARTS
    return {
        "choose": tr("Choose slides and gene tables") if several else tr("Choose slides"),
        "hint": tr("or drop them here. One file each, {limit} at most; they go straight to this server's disk.",
                   limit=data_size(int(limit))),
        "cancel": tr("Cancel"),
        "left": tr("about {time} left", time="{time}"),
        "again": tr("connection lost, next try in {seconds} s", seconds="{seconds}"),
        "more": tr("{count} more waiting", count="{count}"),
        "full": tr("That are {count} files, and more cannot come this way: put the others into the inbox folder.",
                   count=len(BATCH_PARTS)) if several else tr("A case can have eight slides."),
        "large": tr("{name} is larger than the {limit} that this server takes. Ask whoever runs it to put the file "
                    "into its inbox folder.", name="{name}", limit=data_size(int(limit))),
    }  # fmt: skip
