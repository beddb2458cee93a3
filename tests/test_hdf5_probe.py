from __future__ import annotations

import os

import h5py
import numpy as np

from survdash import hdf5_probe
from survdash.hdf5_probe import find_unwalkable


def test_sound_files_and_files_that_are_merely_broken_are_walked_through(tmp_path):
    sound, broken = tmp_path / "a b\u00e9.h5", tmp_path / "b.h5"
    with h5py.File(sound, "w") as file:
        file.create_dataset("features", data=np.ones((5, 4)), chunks=(1, 4))
        file["circle"] = file["/"]
        file["away"] = h5py.ExternalLink("nowhere.h5", "/")
    broken.write_bytes(b"no HDF5")
    assert find_unwalkable([sound, broken, tmp_path / "absent.h5"]) == {}
    assert find_unwalkable([]) == {}


def test_a_file_that_holds_the_reader_for_ever_is_given_up_and_the_next_is_tried(tmp_path):
    # A pipe that nobody writes to stands for a file on which the library runs in circles.
    os.mkfifo(tmp_path / "endless.h5")
    with h5py.File(tmp_path / "sound.h5", "w") as file:
        file["features"] = np.ones((2, 2))
    paths = [tmp_path / "endless.h5", tmp_path / "sound.h5"]
    found = find_unwalkable(paths, patience_s=3)
    assert found == {paths[0]: "it is damaged: reading it does not come to an end"}


def test_a_file_on_which_the_library_crashes_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_probe, "CHILD", "import os, sys; sys.stdin.readline(); os.abort()")
    found = find_unwalkable([tmp_path / "a.h5", tmp_path / "b.h5"])
    assert set(found.values()) == {"it is damaged: the HDF5 library crashes on it"}
    assert len(found) == 2
