"""The commands that keep an instance going say what they did."""

from __future__ import annotations

import json

from survdash.__main__ import main


def test_a_backup_of_an_empty_folder_is_restored(data_dir, tmp_path, capsys):
    assert main(["backup", "--out", str(tmp_path / "b.tar"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 0
    assert main(["restore", str(tmp_path / "b.tar"), "--json"]) == 0


def test_a_file_that_is_no_backup_is_the_users_fault(data_dir, tmp_path, capsys):
    assert main(["restore", str(tmp_path / "none.tar")]) == 2
    assert "none.tar is no backup" in capsys.readouterr().err
