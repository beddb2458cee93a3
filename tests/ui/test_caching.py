"""Cached loaders: one computation for all, a new one for a new version of the model."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from survdash import usecases
from survdash.errors import SurvdashError
from survdash.settings import SHIPPED_MODELS
from survdash.store import write_json
from survdash.ui import caching


def test_the_analysis_is_computed_once_for_a_cut_and_again_for_another(demo):
    run = caching.runs(demo)[0].name
    first = caching.analysis(demo, run)
    assert caching.analysis(demo, run) is first
    assert caching.analysis(demo, run, cut="median") is not first
    assert first.cutpoint == usecases.analyse_cohort(demo, run).cutpoint


def test_a_model_that_was_trained_again_is_analysed_again(demo, monkeypatch):
    entries = caching.runs(demo)
    first = caching.analysis(demo, entries[0].name)
    anew = [replace(entry, card=entry.card | {"version": "f" * 12}) for entry in entries]
    monkeypatch.setattr(caching, "runs", lambda cohort: anew)
    assert caching.analysis(demo, entries[0].name) is not first


@pytest.fixture
def own_demo(demo, data_dir):
    """A copy of the demo cohort in the data folder, as an import would leave it."""
    folder = data_dir / "cohorts" / demo
    shutil.copytree(SHIPPED_MODELS / demo, folder)
    return folder


def change(path, **values):
    write_json(path, json.loads(path.read_text()) | values)


def test_an_import_and_a_training_are_seen_at_once(demo, own_demo):
    name = caching.runs(demo)[0].name
    first, compared = caching.analysis(demo, name), caching.comparison(demo)
    shutil.copytree(SHIPPED_MODELS / f"demo-{name}", own_demo / "runs" / name)
    card = own_demo / "runs" / name / "card.json"
    files = json.loads(card.read_text())["files"]
    change(card, files=files | {"more": "0" * 64})  # another file, another version
    assert caching.analysis(demo, name) is not first
    assert caching.comparison(demo) is not compared
    change(own_demo / "cohort.json", digest="f" * 24, title="Anew")
    assert caching.cohorts()[0].title == "Anew"
    with pytest.raises(SurvdashError):  # the models know another state of the cohort
        caching.analysis(demo, name)
