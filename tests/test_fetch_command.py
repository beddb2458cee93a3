"""The command ``fetch-cohort`` as it is called: the plan, the answer, and a process that is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from survdash.__main__ import main
from survdash.settings import settings
from tests.sources.gdc_server import Gdc, star_counts

ROOT = Path(__file__).resolve().parents[1]
SLIDE = bytes(range(256)) * 4_000  # 1 MB


def _fill(gdc: Gdc) -> None:
    for number in range(8):
        case = f"TCGA-2F-{number:04d}"
        status = {"vital_status": "Dead", "days_to_death": 100 + number} if number < 6 else {"vital_status": "Alive"}
        gdc.add_case(case, demographic=status, follow_ups=[{"days_to_follow_up": 50 + number}])
        gdc.add_genes(f"{case}-01A", star_counts({"TP53": 1.0 + number, "MYC": 2.0}))


def test_a_dry_run_tells_and_fetches_nothing(gdc: Gdc, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(gdc)
    assert main(["fetch-cohort", "blca", "--dry-run", "--cases", "3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cases"], answer["sizes"]["genes"]["number"], answer["source"]) == (3, 3, gdc.url)
    assert not (data_dir / "downloads").exists()


def test_what_will_come_is_said_before_and_the_import_after(gdc: Gdc, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(gdc)
    assert main(["fetch-cohort", "BLCA", "--name", "bladder", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith(f"8 cases, 6 deaths, from {gdc.url} (version 1):\n  genes: 8, ")
    assert "GB free" in captured.err
    answer = json.loads(captured.out)
    assert (answer["name"], answer["cases"], answer["events"], answer["stored"]) == ("bladder", 8, 6, True)
    assert any("log2(TPM + 1)" in note for note in answer["notes"])


def test_a_preview_fetches_and_shows_and_stores_no_cohort(
    gdc: Gdc, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(gdc)
    assert main(["fetch-cohort", "BLCA", "--preview"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "Cohort blca-gdc: 8 patients, 6 deaths (75.0%), overall survival." in told
    assert told[-1] == "No cohort was written."
    assert any("reverse Kaplan-Meier" in line for line in told)
    assert len(list((data_dir / "downloads").rglob("*.tsv"))) == 8
    assert main(["cohort-report", "blca-gdc"]) == 2
    gdc.asked.clear()
    assert main(["fetch-cohort", "BLCA", "--yes"]) == 0
    assert not [path for path, _ in gdc.asked if path.startswith("/data")]
    assert main(["cohort-report", "blca-gdc"]) == 0


def test_faults_are_one_line(gdc: Gdc, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch-cohort", "XYZ"]) == 2
    assert "TCGA has no cohort 'XYZ'" in capsys.readouterr().err
    assert main(["fetch-cohort", "BLCA", "--what", "slides,proteins"]) == 2
    assert "proteins cannot be fetched" in capsys.readouterr().err
    assert main(["fetch-cohort", "BLCA", "--cases", "3", "--case", "TCGA-2F-0000"]) == 2
    assert "Leave --cases or --case out" in capsys.readouterr().err


def test_a_process_that_is_killed_leaves_nothing_half_and_the_next_goes_on(gdc: Gdc, data_dir: Path) -> None:
    _fill(gdc)
    gdc.add_slide("TCGA-2F-0000-01Z-00-DX1.AAAA.svs", SLIDE)
    gdc.block_delay_s = 0.1  # 62 blocks: six seconds, unless it is killed
    command = [sys.executable, "-m", "survdash", "fetch-cohort", "BLCA", "--what", "clinical,genes,slides",
               "--case", "TCGA-2F-0000", "--json"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # the fixtures have set folder and address
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=data_dir)
    slide = data_dir / "downloads" / "gdc" / "TCGA-BLCA" / "slides" / "TCGA-2F-0000-01Z-00-DX1.AAAA.svs"
    part = slide.with_name(slide.name + ".part")
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 100_000) and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not slide.exists()
    arrived = part.stat().st_size
    assert 100_000 < arrived < len(SLIDE)
    gdc.block_delay_s = 0.0
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=data_dir)
    # One death alone: the fetch is whole, and the import says what it thinks of a cohort of one.
    assert slide.read_bytes() == SLIDE, done.stderr
    assert not part.exists()
    assert (f"/data/{gdc.files[-1]['file_id']}", f"bytes={arrived}-") in gdc.asked
    settings.cache_clear()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cases"] == 1
