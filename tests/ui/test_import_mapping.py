"""The wizard's rules; the wizard itself is tested on the import page."""

from __future__ import annotations

from dataclasses import fields

from survdash.sources.column_mapping import CHOICES, COLUMN_KEYS, MEANINGS, ColumnMapping
from survdash.ui import import_mapping as room


def test_every_column_and_choice_has_a_label_and_every_answer_is_a_key_of_the_mapping():
    keys = {one.name for one in fields(ColumnMapping)}
    assert set(room.LABELS) <= keys
    assert set(COLUMN_KEYS) <= set(room.LABELS)
    words = {word for answers in (*CHOICES.values(), *MEANINGS.values()) for word in answers}
    plain = {"days", "months", "years", "alive", "female", "male", "comma", "semicolon", "tab", "bar"}
    assert words - plain <= set(room.CHOICE_WORDS)
