"""A file made for a click is there when the browser comes, however many pages end meanwhile, and goes afterwards."""

from __future__ import annotations

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from survdash.ui.kept_downloads import GRACE_SECONDS, add_grace


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clicked():
    """A server's manager, and what a click on a download button of it gives: the file's name in the storage."""
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)

    def click():
        button = manager.add_deferred(lambda: b"risk", "text/csv", "0.1", file_name="risks.csv")
        return manager.execute_deferred(button).rpartition("/")[2]

    return storage, manager, click


def test_without_grace_the_second_page_that_ends_takes_the_file_away(clicked):
    """Should this fail, Streamlit has mended it, and ``kept_downloads`` can go."""
    storage, manager, click = clicked
    name = click()
    manager.remove_orphaned_files()
    manager.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)


def test_the_file_stays_for_a_minute_and_goes_then(clicked):
    storage, manager, click = clicked
    clock = Clock()
    add_grace(manager, clock=clock)
    name = click()
    for _ in range(50):
        clock.now += (GRACE_SECONDS - 1) / 50
        manager.remove_orphaned_files()
    assert storage.get_file(name).content == b"risk"
    clock.now += 5
    manager.remove_orphaned_files()
    manager.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)


def test_a_second_click_begins_another_minute(clicked):
    storage, manager, click = clicked
    clock = Clock()
    add_grace(manager, clock=clock)
    click()
    manager.remove_orphaned_files()
    clock.now = GRACE_SECONDS - 1
    name = click()
    clock.now = GRACE_SECONDS + 1
    manager.remove_orphaned_files()
    manager.remove_orphaned_files()
    assert storage.get_file(name).content == b"risk"


def test_pictures_that_no_page_shows_any_more_go_at_once(clicked):
    storage, manager, _ = clicked
    add_grace(manager, clock=Clock())
    kept = storage.load_and_get_id(b"picture", "image/png", MediaFileKind.MEDIA)
    manager.add(b"picture", "image/png", "0.2")
    manager.clear_session_refs("dontcare")
    manager.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(f"{kept}.png")
