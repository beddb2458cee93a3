"""The inbox folder offers what lies in it, and nothing else (names and links: ``test_import_files``)."""

from __future__ import annotations

from survdash.ui.inbox import inbox_folder, inbox_names
from survdash.ui.upload import choose_part, delete_upload, drop_part, new_upload, open_upload


def test_names_are_listed_by_their_ending_two_levels_deep(data_dir):
    assert inbox_names(("svs",)) == []
    for name in ("a.svs", "B.SVS", "day/c.svs", "day/deep/d.svs", "x.pdf", ".e.svs"):
        (inbox_folder() / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox_folder() / name).write_bytes(b"x")
    assert inbox_names(("svs",)) == ["B.SVS", "a.svs", "day/c.svs"]


def test_a_chosen_slide_is_used_where_it_lies_and_stays_there(data_dir):
    (inbox_folder() / "day").mkdir(parents=True)
    slide = inbox_folder() / "day" / "c.svs"
    slide.write_bytes(b"x")
    upload = choose_part(new_upload(), "slide", "day/c.svs")
    assert upload.slides == {"slide": slide}
    assert (upload.names["slide"], upload.chosen) == ("c.svs", {"slide"})
    drop_part(upload, "slide")
    assert open_upload(upload.identifier).files == {}
    delete_upload(choose_part(upload, "slide", "day/c.svs"))
    assert slide.read_bytes() == b"x"
