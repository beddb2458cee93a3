"""A file that was made for a click stays until the browser has come for it.

Streamlit 1.67 makes the file of a download button on the click and tells the browser where it is; from then on it is
nobody's, and the second run of a page that ends anywhere on the server deletes it. With twenty visitors that is half a
second later: the browser's request then finds nothing, and the visitor gets no file.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit.runtime import exists, get_instance
from streamlit.runtime.media_file_manager import MediaFileManager, MediaFileMetadata
from streamlit.runtime.media_file_storage import MediaFileKind

GRACE_SECONDS = 60.0


def keep_downloads() -> None:
    """See to it in this server; nothing where there is none."""
    if exists():
        add_grace(get_instance().media_file_mgr)


def add_grace(manager: MediaFileManager, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Let a manager of files count none as left over that was made less than a minute ago.

    Parameters
    ----------
    manager : MediaFileManager
    clock : callable
        Seconds.
    """
    left_over = manager._get_inactive_file_ids
    since: dict[str, tuple[MediaFileMetadata, float]] = {}

    def long_left_over() -> set[str]:  # called under the manager's lock
        now, found = clock(), left_over()
        for file_id in since.keys() - found:
            del since[file_id]
        for file_id in found:
            made = manager._file_metadata[file_id]  # another object where the file was made again
            if file_id not in since or since[file_id][0] is not made:
                since[file_id] = made, now
        return {
            file_id for file_id in found
            if since[file_id][0].kind is not MediaFileKind.DOWNLOADABLE or now - since[file_id][1] >= GRACE_SECONDS
        }  # fmt: skip

    manager._get_inactive_file_ids = long_left_over  # type: ignore[method-assign]
