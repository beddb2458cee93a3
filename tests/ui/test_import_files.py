"""The files of an import: harmless names, private folders, what the inbox folder offers."""

from __future__ import annotations

import io
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.ui import import_files as room
from survdash.ui.inbox import inbox_folder, inbox_path
from survdash.ui.upload import new_upload
from tests.page_drawing import app_of


@given(name=st.text(max_size=120))
def test_a_name_never_leaves_its_folder_and_never_hides(name):
    harmless = room.harmless_name(name)
    assert harmless
    assert not set("/\\\0 \n") & set(harmless)
    assert not harmless.startswith(".")
    assert len(harmless) <= 80


@pytest.mark.parametrize(("name", "kept"), [
    ("patients.csv.zip", "patients.csv.zip"), ("../../etc/passwd", "passwd"), ("C:\\a\\b c.CSV", "b_c.CSV"),
    (".csv", "csv"), ("…", "file"), ("splits_0.csv", "splits_0.csv"),
])  # fmt: skip
def test_what_becomes_of_a_name(name, kept):
    assert room.harmless_name(name) == kept


def test_files_are_private_and_one_takes_the_place_of_another_but_not_of_folds():
    upload = new_upload()
    for name in ("a.csv", "b.csv"):
        path = room.keep_file(upload, "table", name=name, file=io.BytesIO(b"x"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in room.files_of(upload, "table")] == ["b.csv"]
    for number in (0, 1):
        room.keep_file(upload, "folds", name=f"splits_{number}.csv", file=io.BytesIO(b"x"))
    assert [one.name for one in room.files_of(upload, "folds")] == ["splits_0.csv", "splits_1.csv"]
    room.drop_files(upload, "folds")
    assert room.files_of(upload, "folds") == []


@pytest.mark.parametrize(("name", "content", "said"), [
    ("t.exe", b"x", "is not a kind of file"), ("t.csv", b"", "is empty"), ("t.csv.pdf", b"x", "is not a kind of file"),
])  # fmt: skip
def test_a_refused_file_leaves_nothing(name, content, said):
    upload = new_upload()
    with pytest.raises(InputError, match=said):
        room.keep_file(upload, "table", name=name, file=io.BytesIO(content))
    assert not any(upload.folder.iterdir())


def test_the_inbox_offers_by_ending_and_two_levels_deep(data_dir):
    assert room.list_inbox("table") == []
    inbox = inbox_folder()
    (inbox / "study" / "deep").mkdir(parents=True)
    for name in ("a.csv", "study/b.csv", "study/deep/c.csv", "x.pdf", ".hidden.csv", "bag.h5"):
        (inbox / name).write_bytes(b"x")
    assert room.list_inbox("table") == ["a.csv", "study/b.csv"]
    assert room.list_inbox("study") == ["study", "study/deep"]
    assert "bag.h5" in room.list_inbox("features")
    assert room.list_inbox("folds") == ["study", "study/deep"]  # one fold file alone is no folds


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "link.csv", "way/out.csv", "a/../../secret.csv"])
def test_no_name_and_no_link_leads_out_of_the_inbox(data_dir, name):
    inbox = inbox_folder()
    inbox.mkdir(parents=True)
    outside = data_dir / "secret.csv"
    outside.write_text("case_id")
    (data_dir / "elsewhere").mkdir()
    (data_dir / "elsewhere" / "out.csv").write_text("case_id")
    (inbox / "link.csv").symlink_to(outside)
    (inbox / "way").symlink_to(data_dir / "elsewhere")
    (inbox / "mine.csv").write_text("case_id")
    assert room.list_inbox("table") == ["mine.csv"]
    assert inbox_path("mine.csv").is_file()
    with pytest.raises(InputError, match="not in the inbox folder"):
        inbox_path(name)


def form():
    from survdash.ui.import_files import show_part

    show_part("clinical", page="import")
    show_part("genes", page="import")


def test_two_tables_given_at_once_stay_together_though_the_address_is_new():
    page = app_of(form).run()
    page.get("file_uploader")[0].upload("a.csv", b"x", "text/csv").run()
    number = page.query_params.pop("upload")  # the browser's next event was on its way already
    page.get("file_uploader")[0].upload("b.csv", b"x", "text/csv").run()
    assert not page.exception
    assert page.query_params["upload"] == number
    assert [button.key for button in page.button] == ["import.remove_clinical", "import.remove_genes"]
