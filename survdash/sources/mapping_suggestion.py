"""A proposed column mapping for a table nobody has described yet, from its headers and cells.

What cannot be decided is left open and explained: above all the unit of time, and what numbers in a status mean. The
proposal can be written as YAML with its reasons as comments; an open key has no value there, and the file is refused as
a mapping until it has one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from survdash.errors import ClinicalError
from survdash.sources.cell_values import (
    Decision,
    decide_dates,
    decide_decimal,
    is_missing,
    plain_text,
    read_number,
    shape_of_date,
    shape_of_number,
)
from survdash.sources.clinical_words import (
    SEXES,
    UNKNOWN,
    key_of_header,
    meaning_of_status,
    unit_in_header,
    why_identifier,
)
from survdash.sources.column_mapping import CHOICES, COLUMN_KEYS, MEANINGS, ColumnMapping, fold, yaml_value
from survdash.sources.hospital_cells import DATE_KEYS, TAKEN, WordCount
from survdash.sources.table_cells import CellTable, read_cells
from survdash.sources.table_file import name_some
from survdash.sources.workbook import Cell

MOST_WORDS = 12  # of a status or a sex; more is another kind of column
MOST_LETTERS = 60  # of a kept cell, at the median: longer ones are letters and findings, which may name persons
_ORDER = (
    "case", "time", "unit", "diagnosis", "last_contact", "death", "status", "status_words", "age", "age_unit", "birth",
    "sex", "sex_words", "stage", "site", "keep", "missing", "decimal", "dates", "encoding", "delimiter", "sheet",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What only the user knows: the key of the mapping, why it is open, and what may be chosen (empty: any column)."""

    key: str
    words: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MappingSuggestion:
    """A proposed mapping with reasons, and what is left to the user.

    Parameters
    ----------
    table : CellTable
        The table as it was read.
    draft : dict
        Arguments of ``ColumnMapping`` that are decided; ``status_words`` holds the plain words alone.
    reasons : dict of str to str
        Key to why.
    questions : tuple of Question
    status_words : tuple of WordCount
        Words of the proposed status column, the most frequent first; ``meaning`` None where it is asked.
    identifiers : dict of str to str
        Columns that may name a person, and why; they are not kept.
    left_out : dict of str to str
        Other columns that are not kept, and why.
    """

    table: CellTable
    draft: dict[str, Any]
    reasons: dict[str, str]
    questions: tuple[Question, ...]
    status_words: tuple[WordCount, ...]
    identifiers: dict[str, str]
    left_out: dict[str, str]

    def complete(self, **answers: Any) -> ColumnMapping:
        """The mapping with the user's answers, which also overrule the draft; None takes a key out.

        Raises
        ------
        ClinicalError
            If something is still open or contradicts itself.
        """
        merged = {**self.draft, **answers}
        for key in MEANINGS:
            if key in answers and key in self.draft:
                merged[key] = {**self.draft[key], **answers[key]}
        given = {key: value for key, value in merged.items() if value not in (None, {}, ())}
        if "case" not in given:
            raise ClinicalError("The column mapping cannot be used: case is missing.", hint="Choose its column.")
        return ColumnMapping(**given)

    def to_yaml(self) -> str:
        """The proposal as the YAML of a mapping; reasons and open questions stand in comments."""
        lines = [
            "# Proposed column mapping of survdash. Complete what is open, check the rest, then import with --mapping.",
            f"# {self.table.name}: {len(self.table.rows)} lines, {len(self.table.columns)} columns; "
            f"{_one_line(self.table.form)}.",
        ]
        lines += [f"# {_one_line(note)}" for note in self.table.notes]
        open_keys = {question.key: question for question in self.questions}
        for key in _ORDER:
            if key in self.reasons:
                lines.append(f"# {_one_line(self.reasons[key])}")
            if key in open_keys:
                question = open_keys[key]
                choices = f" (choose: {', '.join(question.choices)})" if question.choices else ""
                lines.append(f"# OPEN: {_one_line(question.words + choices)}")
            if key in self.draft:
                lines.append(f"{key}: {yaml_value(_plain(key, self.draft[key]))}")
            elif key in open_keys:
                lines.append(f"{key}:")
        for column, why in {**self.identifiers, **self.left_out}.items():
            lines.append(f"# not kept: {_one_line(column)} ({why})")
        return "\n".join([*lines, ""])


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A proposal in the making."""

    table: CellTable
    keys: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    words: tuple[WordCount, ...] = ()

    def known(self, column: str) -> list[Cell]:
        cells = self.table.cells(column)
        return [cell for cell in cells if not is_missing(cell) and fold(plain_text(cell)) not in UNKNOWN]

    def ask(self, key: str, words: str, choices: Sequence[str] = ()) -> None:
        self.questions.append(Question(key=key, words=words, choices=tuple(choices)))


def suggest_mapping(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, sheet: str | None = None
) -> MappingSuggestion:
    """Propose a mapping for a table.

    Parameters
    ----------
    path : Path
    encoding, delimiter, sheet : str, optional
        As in ``ColumnMapping``'s reader (``survdash.sources.table_cells.read_cells``).

    Returns
    -------
    MappingSuggestion

    Raises
    ------
    ClinicalError
        If the file cannot be read as a table.
    """
    table = read_cells(path, encoding=encoding, delimiter=delimiter, sheet=sheet)
    draft = _Draft(table=table)
    _choose_columns(draft)
    _choose_outcome(draft)
    _ask_status(draft)
    _ask_facts(draft)
    _ask_locale(draft)
    named = {value: key for key, value in draft.keys.items() if key in COLUMN_KEYS}
    identifiers, left_out = _choose_kept(draft, set(named))
    for key, value in (("encoding", encoding), ("sheet", sheet)):
        if value is not None:
            draft.keys[key] = value
    return MappingSuggestion(
        table=table, draft=draft.keys, reasons=draft.reasons, questions=tuple(draft.questions),
        status_words=draft.words, identifiers=identifiers, left_out=left_out,
    )


def _choose_columns(draft: _Draft) -> None:
    """The column of each key by its header, if its cells agree."""
    for key in COLUMN_KEYS:
        named = [column for column in draft.table.columns if column and key_of_header(column) == key]
        fitting = [column for column in named if draft.table.columns.count(column) == 1 and _fits(draft, key, column)]
        if len(fitting) == 1:
            draft.keys[key] = fitting[0]
            draft.reasons[key] = f"{key}: by the header, and its cells agree"
        elif fitting:
            told = "; ".join(_say_words(draft, column) for column in fitting) if key == "status" else ""
            draft.ask(key, f"{len(fitting)} columns may be it{': ' if told else ''}{told}", fitting)
    if "status" not in draft.keys and not any(question.key == "status" for question in draft.questions):
        speaking = [column for column in draft.table.columns if column and _speaks_of_death(draft, column)]
        if len(speaking) == 1:
            draft.keys["status"] = speaking[0]
            draft.reasons["status"] = "status: its words say who died"
        elif speaking:
            draft.ask("status", "the words of several columns say who died", speaking)
    if "case" not in draft.keys and not any(question.key == "case" for question in draft.questions):
        alone = [column for column in draft.table.columns if column and draft.table.columns.count(column) == 1
                 and len({plain_text(cell) for cell in draft.known(column)}) == len(draft.table.rows)]  # fmt: skip
        draft.ask("case", "no header names the patient", alone)


def _fits(draft: _Draft, key: str, column: str) -> bool:
    cells = draft.known(column)
    if not cells:
        return False
    if key in DATE_KEYS:
        return _share(shape_of_date(cell) != "wrong" for cell in cells) > 0.5
    if key in ("time", "age"):
        return _share(shape_of_number(cell) != "wrong" for cell in cells) > 0.5
    if key in ("status", "sex"):
        return len({fold(plain_text(cell)) for cell in cells}) <= MOST_WORDS
    return True


def _speaks_of_death(draft: _Draft, column: str) -> bool:
    if draft.table.columns.count(column) > 1:
        return False
    words = {fold(plain_text(cell)) for cell in draft.known(column)}
    meanings = {meaning_of_status(word) for word in words}
    return 0 < len(words) <= MOST_WORDS and {"dead", "alive"} & meanings != set() and None not in meanings


def _share(flags: Any) -> float:
    found = list(flags)
    return sum(found) / len(found)


def _choose_outcome(draft: _Draft) -> None:
    """Either a time and its unit, or dates."""
    keys = draft.keys
    if "time" in keys:
        for key in ("diagnosis", "last_contact", "death", "birth"):
            if key in keys:
                draft.reasons["time"] = (
                    f"time: by the header; the dates ({name_some(keys[k] for k in DATE_KEYS if k in keys)}) are not "
                    "needed. To use them, take time and unit out"
                )
        for key in DATE_KEYS:
            keys.pop(key, None)
        unit = unit_in_header(keys["time"])
        if unit is not None:
            keys["unit"], draft.reasons["unit"] = unit, f"unit: the header {keys['time']!r} says it"
        else:
            times = _numbers(draft, keys["time"])
            spread = f", half of them above {np.median(times):g}, the longest {times.max():g}" if times.size else ""
            draft.ask("unit", f"column {keys['time']!r} does not say what it counts{spread}", CHOICES["unit"])
    elif not {"diagnosis", "last_contact"} <= keys.keys() and not any(q.key == "time" for q in draft.questions):
        if not keys.keys() & {"diagnosis", "last_contact", "death"}:
            draft.ask("time", "no header names the follow-up", _of_shape(draft, "number"))
            return
        for key in ("diagnosis", "last_contact"):
            if key not in keys and not any(question.key == key for question in draft.questions):
                draft.ask(key, "no header names this date", _of_shape(draft, "date"))


def _of_shape(draft: _Draft, kind: str) -> list[str]:
    shape = shape_of_date if kind == "date" else shape_of_number
    single = [column for column in draft.table.columns if column and draft.table.columns.count(column) == 1]
    found = {column: [shape(cell) != "wrong" for cell in draft.known(column)] for column in single}
    return [column for column, right in found.items() if right and _share(right) > 0.9]


def _numbers(draft: _Draft, column: str) -> np.ndarray:
    decimal = decide_decimal({column: draft.table.cells(column)}, draft.table.lines, missing=UNKNOWN).value
    values = [read_number(cell, decimal) for cell in draft.known(column)]
    return np.array([value for value in values if value is not None], float)


def _ask_status(draft: _Draft) -> None:
    column = draft.keys.get("status")
    if column is None:
        if any(question.key == "status" for question in draft.questions):
            draft.ask("status_words", "which words of that column mean dead, which alive?", MEANINGS["status_words"])
        elif "death" not in draft.keys:
            draft.ask("status", "no column says who died")
        return
    counts = _count(draft, column)
    words = {word: meaning_of_status(word) for word in counts}
    draft.words = tuple(WordCount(word=word, count=n, meaning=words[word]) for word, n in counts.most_common())
    plain = {word: meaning for word, meaning in words.items() if meaning is not None}
    if plain:
        draft.keys["status_words"] = plain
    draft.reasons["status_words"] = f"status_words: {_say_words(draft, column)}"
    unclear = [word for word, meaning in words.items() if meaning is None]
    if unclear:
        censor = " The header speaks of censoring: there 1 usually means alive." if "cens" in column.casefold() else ""
        draft.ask("status_words", f"which patients are dead: what do {name_some(map(repr, unclear), most=MOST_WORDS)} "
                                  f"mean?{censor}", MEANINGS["status_words"])  # fmt: skip


def _count(draft: _Draft, column: str) -> Counter[str]:
    return Counter(plain_text(cell) for cell in draft.table.cells(column) if not is_missing(cell))


def _say_words(draft: _Draft, column: str) -> str:
    counts = _count(draft, column).most_common(MOST_WORDS)
    return f"column {column!r} has {', '.join(f'{word!r} in {count} lines' for word, count in counts)}"


def _ask_facts(draft: _Draft) -> None:
    """Unit of the age, words of the sex, words for "not known"."""
    if "age" in draft.keys:
        ages = _numbers(draft, draft.keys["age"])
        if ages.size and ages.max() > 120:
            draft.ask("age_unit", f"ages reach {ages.max():g}: these are no years", CHOICES["age_unit"])
        draft.keys.pop("birth", None)
    elif "birth" in draft.keys and "diagnosis" not in draft.keys:
        draft.keys.pop("birth")
    if "sex" in draft.keys:
        words = Counter(plain_text(cell) for cell in draft.known(draft.keys["sex"]))
        unclear = [f"{word!r} in {count} lines" for word, count in words.most_common() if fold(word) not in SEXES]
        if unclear:
            draft.ask("sex_words", f"what do these mean: {name_some(unclear)}?", MEANINGS["sex_words"])
    status = draft.keys.get("status")
    unknown = {plain_text(cell) for column in set(draft.table.columns) - {status, ""}
               if draft.table.columns.count(column) == 1 for cell in draft.table.cells(column)
               if not is_missing(cell) and fold(plain_text(cell)) in UNKNOWN}  # fmt: skip
    if unknown:
        draft.keys["missing"], draft.reasons["missing"] = tuple(sorted(unknown)), "missing: words for \"not known\""


def _ask_locale(draft: _Draft) -> None:
    def cells(keys: Sequence[str]) -> dict[str, list[Cell]]:
        return {draft.keys[key]: draft.table.cells(draft.keys[key]) for key in keys if key in draft.keys}

    decisions: dict[str, Decision] = {
        "decimal": decide_decimal(cells(("time", "age")), draft.table.lines, missing=UNKNOWN),
        "dates": decide_dates(cells(DATE_KEYS), draft.table.lines, missing=UNKNOWN),
    }
    for key, decision in decisions.items():
        if decision.fault:
            draft.ask(key, decision.fault, CHOICES[key])
        elif decision.value is not None:
            draft.keys[key], draft.reasons[key] = decision.value, decision.reason


def _choose_kept(draft: _Draft, named: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Keep what is harmless; say of the rest why it is left out."""
    identifiers, left_out, kept = dict[str, str](), dict[str, str](), []
    asked = {choice for question in draft.questions if question.key in COLUMN_KEYS for choice in question.choices}
    for column in dict.fromkeys(draft.table.columns):
        if column in named or not column:
            continue
        if draft.table.columns.count(column) > 1:
            left_out[column] = "stands more than once"
            continue
        cells = draft.known(column)
        texts = [plain_text(cell) for cell in cells]
        why = why_identifier(column, texts)
        if why is not None:
            identifiers[column] = why
        elif not cells:
            left_out[column] = "empty"
        elif column in TAKEN or column in asked:
            left_out[column] = "may be one of the keys above"
        elif _share(shape_of_date(cell) not in ("wrong", "excel") for cell in cells) > 0.5:
            left_out[column] = "dates, which may tell who a person is"
        elif np.median([len(text) for text in texts]) > MOST_LETTERS:
            left_out[column] = "free text, which may tell who a person is"
        else:
            kept.append(column)
    if kept:
        draft.keys["keep"] = tuple(kept)
        draft.reasons["keep"] = "keep: other columns as they are; no model uses them"
    return identifiers, left_out


def _plain(key: str, value: Any) -> object:
    if key in MEANINGS:
        return {kind: [word for word, meaning in value.items() if meaning == kind]
                for kind in MEANINGS[key] if kind in value.values()}  # fmt: skip
    return list(value) if isinstance(value, tuple) else value


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
