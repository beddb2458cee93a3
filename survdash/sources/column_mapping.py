"""Which column of a hospital's table means what: said once, kept as a small YAML file, used again.

The file has one line a key. Every value is text, as it stands in the table: ``no`` and ``0`` are words like any other.

>>> mapping = parse_mapping('''
... case: Patient
... time: Follow-up
... unit: days
... status: Vital status
... status_words: {dead: [deceased, "1"], alive: [alive], ignore: [unknown]}
... age: Age
... ''')
>>> mapping.unit, mapping.status_words["deceased"]
('days', 'dead')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

import yaml

from survdash.errors import ClinicalError
from survdash.sources.table_file import list_faults
from survdash.store import write_text

MOST_LETTERS = 50_000
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "unit": ("days", "months", "years"),
    "age_unit": ("years", "months", "days"),
    "decimal": ("point", "comma"),
    "dates": ("iso", "dmy", "mdy", "excel"),
    "delimiter": ("comma", "semicolon", "tab", "bar"),
})
MEANINGS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "status_words": ("dead", "alive", "ignore"), "sex_words": ("female", "male", "ignore"),
})
_WHO = "The column mapping"
DELIMITER_SIGNS: Mapping[str, str] = MappingProxyType({"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Columns by their names in the file, and how their cells are read.

    Parameters
    ----------
    case : str
        Column that names the patient.
    time, unit : str, optional
        Column of the follow-up, and what it counts: days, months or years. Either this, or dates.
    diagnosis, last_contact, death : str, optional
        Columns of dates: time zero, the end of follow-up, and the death if it has a column of its own.
    status : str, optional
        Column of the vital status. Needed with ``time``, and with dates that have no ``death``.
    status_words : mapping of str to {"dead", "alive", "ignore"}
        What each word of ``status`` says; capitals do not matter. Patients whose word is to be ignored are dropped.
    age, age_unit : str, optional
        Column of the age at time zero, and its unit (years by default).
    birth : str, optional
        Column of birth dates, in place of ``age``; the date itself is never kept.
    sex, sex_words : str and mapping, optional
        Column, and what its words say: female, male or ignore. Common words need no mention.
    stage, site : str, optional
        Columns kept as text.
    keep : tuple of str
        Other columns to keep as they are; what is named nowhere is left out.
    keep_identifiers : tuple of str
        Of ``keep``, those that look like names, numbers or birth dates of persons and are to be kept all the same.
    missing : tuple of str
        Words for "not known", beside the common ones.
    decimal : {"point", "comma"}, optional
        By default told from the cells; asked for where they do not tell.
    dates : {"iso", "dmy", "mdy", "excel"}, optional
        Order of day and month, or Excel's day numbers; by default told from the cells, asked for where they do not.
    encoding, delimiter, sheet : str, optional
        How the file is opened; by default told from its bytes, and the first sheet.

    Raises
    ------
    ClinicalError
        If the keys contradict each other, or the outcome is not fully described; all faults at once.
    """

    case: str
    time: str | None = None
    unit: str | None = None
    diagnosis: str | None = None
    last_contact: str | None = None
    death: str | None = None
    status: str | None = None
    status_words: Mapping[str, str] = field(default_factory=dict)
    age: str | None = None
    age_unit: str | None = None
    birth: str | None = None
    sex: str | None = None
    sex_words: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    site: str | None = None
    keep: tuple[str, ...] = ()
    keep_identifiers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    dates: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        for key in MEANINGS:
            words = {fold(word): meaning for word, meaning in getattr(self, key).items()}
            object.__setattr__(self, key, words)
        faults = [*self._wrong_choices(), *self._wrong_outcome(), *self._wrong_columns()]
        if faults:
            raise ClinicalError(
                f"{_WHO} cannot be used: {list_faults(faults)}.", hint="Complete it, then read the table."
            )

    @property
    def columns(self) -> dict[str, str]:
        """Key to column, of every key that names one column and is set."""
        return {key: getattr(self, key) for key in COLUMN_KEYS if getattr(self, key) is not None}

    def to_plain(self) -> dict[str, object]:
        """Keys that are set, as text, lists and words grouped by meaning: what stands in the file."""
        plain: dict[str, object] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name in MEANINGS:
                value = {kind: [word for word, meaning in value.items() if meaning == kind]
                         for kind in MEANINGS[one.name] if kind in value.values()}  # fmt: skip
            elif isinstance(value, tuple):
                value = list(value)
            if value not in (None, [], {}):
                plain[one.name] = value
        return plain

    def _wrong_choices(self) -> list[str]:
        faults = []
        for key, allowed in CHOICES.items():
            value = getattr(self, key)
            if value is not None and value not in allowed:
                faults.append(f"{key} is {value!r}; it may be {', '.join(allowed)}")
        for key, allowed in MEANINGS.items():
            odd = [word for word, meaning in getattr(self, key).items() if meaning not in allowed]
            faults.extend(f"{key}: {word!r} must be {', '.join(allowed)}" for word in odd)
        return faults

    def _wrong_outcome(self) -> list[str]:
        faults, dates = [], [key for key in ("diagnosis", "last_contact", "death") if getattr(self, key) is not None]
        if self.time is not None:
            if dates:
                faults.append(f"both time and {', '.join(dates)} are given: the outcome comes from one of them")
            if self.unit is None:
                faults.append("unit is missing: does time count days, months or years?")
        elif self.diagnosis is None or self.last_contact is None:
            faults.append("the follow-up is missing: give time and unit, or diagnosis and last_contact")
        if self.time is None and self.unit is not None:
            faults.append("unit is given without time")
        if self.status is None and self.death is None:
            faults.append("status is missing: who died?")
        if self.status is not None and not {"dead", "alive"} & set(self.status_words.values()):
            faults.append("status_words are missing: which words of the status mean dead, which alive?")
        if self.status is None and self.status_words:
            faults.append("status_words are given without status")
        return faults

    def _wrong_columns(self) -> list[str]:
        faults = [f"{key} names no column" for key in COLUMN_KEYS if getattr(self, key) == ""]
        if self.age is not None and self.birth is not None:
            faults.append("both age and birth are given")
        if self.age_unit is not None and self.age is None:
            faults.append("age_unit is given without age")
        if self.birth is not None and self.diagnosis is None:
            faults.append("birth needs diagnosis: the age is counted at that date")
        if self.sex_words and self.sex is None:
            faults.append("sex_words are given without sex")
        taken: dict[str, str] = {}
        for key, column in self.columns.items():
            if column in taken:
                faults.append(f"column {column!r} is given as {taken[column]} and as {key}")
            taken.setdefault(column, key)
        faults.extend(f"column {column!r} is kept although it is {taken[column]}" for column in self.keep
                      if column in taken)  # fmt: skip
        faults.extend(f"keep_identifiers names {column!r}, which keep does not" for column in self.keep_identifiers
                      if column not in self.keep)  # fmt: skip
        if len(set(self.keep)) < len(self.keep):
            faults.append("keep names a column twice")
        return faults


COLUMN_KEYS = (
    "case", "time", "diagnosis", "last_contact", "death", "status", "age", "birth", "sex", "stage", "site",
)


def fold(word: str) -> str:
    """A word as words are compared: capitals and spaces around do not matter, ``1.0`` is ``1``."""
    plain = " ".join(word.split()).casefold()
    return plain[:-2] if plain.endswith(".0") and plain[:-2].isdigit() else plain


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping from its YAML file.

    Raises
    ------
    ClinicalError
        If the file is absent, too long, no YAML, has an unknown key or an open question, or contradicts itself.
    """
    if not path.is_file():
        raise ClinicalError(f"There is no mapping {path.name!r}.", hint="Write one with --suggest-mapping.")
    if path.stat().st_size > MOST_LETTERS:
        raise ClinicalError(f"{path.name} is too long for a mapping.", hint="It is a small YAML file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ClinicalError(f"{path.name} cannot be read: {fault}.", hint="Save it as UTF-8.") from fault
    return parse_mapping(text, name=path.name)


def write_mapping(path: Path, mapping: ColumnMapping) -> None:
    """Write a mapping as YAML; ``read_mapping`` gives it back equal."""
    lines = [f"{key}: {yaml_value(value)}" for key, value in mapping.to_plain().items()]
    write_text(path, "\n".join(["# Column mapping of survdash: which column of the table means what.", *lines, ""]))


def yaml_value(value: object) -> str:
    """Text, a list of texts, or lists by meaning, on one line of YAML; quoted, so that no word changes its kind."""
    return yaml.safe_dump(
        value, default_style='"', default_flow_style=True, allow_unicode=True, width=10 * MOST_LETTERS, sort_keys=False
    ).strip()


def parse_mapping(text: str, *, name: str = "The mapping") -> ColumnMapping:
    """A mapping from the text of its YAML.

    Raises
    ------
    ClinicalError
        As ``read_mapping``.
    """
    if len(text) > MOST_LETTERS:
        raise ClinicalError(f"{name} is too long for a mapping.", hint="It is a small YAML file.")
    try:
        # Only the tree of nodes is built: no object is made, no word becomes a number or a truth value.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        said = " ".join(str(fault).split())[:200] or "nested too deeply"
        raise ClinicalError(f"{name} is no YAML: {said}.", hint="Write one 'key: value' a line.") from fault
    if not isinstance(node, yaml.MappingNode):
        raise ClinicalError(f"{name} is no list of 'key: value' lines.", hint="Write one with --suggest-mapping.")
    faults: list[str] = []
    arguments = {key: _value_of(key, value, faults) for key, value in _pairs(node, faults)}
    if "case" not in arguments:
        faults.append("case is missing: which column names the patient?")
    if faults:
        raise ClinicalError(f"{name}: {list_faults(faults)}.", hint=f"Known keys: {', '.join(_KINDS)}.")
    try:
        return ColumnMapping(**arguments)
    except ClinicalError as fault:
        raise ClinicalError(f"{name}{fault.message.removeprefix(_WHO)}", hint=fault.hint) from fault


def _pairs(node: yaml.MappingNode, faults: list[str]) -> list[tuple[str, yaml.Node]]:
    pairs, seen = [], set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value not in _KINDS:
            faults.append(f"line {line} has an unknown key {str(key.value)[:40]!r}")
        elif key.value in seen:
            faults.append(f"{key.value} is given twice (line {line})")
        else:
            pairs.append((key.value, value))
            seen.add(key.value)
    return pairs


def _value_of(key: str, node: yaml.Node, faults: list[str]) -> Any:
    """A node as the argument that ``ColumnMapping`` takes."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and not node.value.strip():
        faults.append(f"{key} is still open (line {line}): complete it, or take the line out")
        return None
    if _KINDS[key] == "words":
        return _words_of(key, node, faults)
    if _KINDS[key] == "list":
        return tuple(_texts_of(node, f"{key} (line {line})", faults))
    if not isinstance(node, yaml.ScalarNode):
        faults.append(f"{key} (line {line}) must be one value")
        return None
    return node.value.strip()


def _texts_of(node: yaml.Node, where: str, faults: list[str]) -> list[str]:
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(one, yaml.ScalarNode) for one in node.value):
        faults.append(f"{where} must be a list of texts, as [a, b]")
        return []
    return [one.value for one in node.value]


def _words_of(key: str, node: yaml.Node, faults: list[str]) -> dict[str, str]:
    words: dict[str, str] = {}
    if not isinstance(node, yaml.MappingNode):
        faults.append(f"{key} must group words by meaning, as {{{MEANINGS[key][0]}: [word, word]}}")
        return words
    for meaning, values in node.value:
        where = f"{key}.{meaning.value} (line {meaning.start_mark.line + 1})"
        if meaning.value not in MEANINGS[key]:
            faults.append(f"{where} is unknown; there are {', '.join(MEANINGS[key])}")
            continue
        for word in _texts_of(values, where, faults):
            if words.setdefault(fold(word), meaning.value) != meaning.value:
                faults.append(f"{key}: {word!r} is both {words[fold(word)]} and {meaning.value}")
    return words


def _kind(hint: object) -> str:
    if hint == tuple[str, ...]:
        return "list"
    return "text" if hint is str or (str in get_args(hint) and type(None) in get_args(hint)) else "words"


_KINDS = {key: _kind(hint) for key, hint in get_type_hints(ColumnMapping).items()}

