"""Cached loaders: one computation for all, a new one for a new version of the model."""

from __future__ import annotations

from dataclasses import replace

from survdash import usecases
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
