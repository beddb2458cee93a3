"""What the command line says when arguments, places or the user stop it."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from survdash.console import Parser, interrupt_for_us_alone, places_in_words
from survdash.errors import InputError
from survdash.settings import settings


def test_a_wrong_argument_is_an_error_with_the_way_to_the_help() -> None:
    parser: argparse.ArgumentParser = Parser(prog="survdash")
    parser.add_argument("--seed", type=int)
    with pytest.raises(InputError, match=r"invalid int value: 'a'\. See: survdash --help"):
        parser.parse_args(["--seed", "a"])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="file/x cannot be written"), places_in_words(file / "x"):
        (file / "x").mkdir(parents=True)
    with pytest.raises(InputError, match="SURVDASH_DATA_DIR"), places_in_words(None):
        raise PermissionError(errno.EACCES, "Permission denied", str(settings().data_dir / "bags"))
    with pytest.raises(InputError, match="No space left"), places_in_words(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    beside = str(tmp_path / ".out.csv.ab12.part")
    with pytest.raises(InputError, match=r"out\.csv cannot"), places_in_words(tmp_path / "out.csv"):
        raise PermissionError(errno.EACCES, "Permission denied", beside)


def test_a_fault_elsewhere_stays_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), places_in_words(tmp_path / "out"):
        (tmp_path / "elsewhere" / "x").read_text()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_an_interrupt_reaches_us_and_not_what_we_start() -> None:
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with pytest.raises(KeyboardInterrupt), interrupt_for_us_alone():
        started = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
        assert started.stdout == "True\n"
        os.kill(os.getpid(), signal.SIGINT)
        signal.sigtimedwait([], 5)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
