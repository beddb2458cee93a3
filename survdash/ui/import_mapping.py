"""The wizard for a hospital's table: which column means what, what the words of the status say, in which unit.

Every question has the proposal of ``mapping_suggestion`` as its answer where there is one; what only the user knows
stays open until it is answered. What comes out is the small YAML that the command line reads too.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import streamlit as st

from survdash.errors import ClinicalError
from survdash.language import later, tr
from survdash.retelling import retell
from survdash.sources.cell_values import is_missing, plain_text
from survdash.sources.clinical_words import SEXES, UNKNOWN, meaning_of_status
from survdash.sources.column_mapping import (
    CHOICES,
    DELIMITER_SIGNS,
    MEANINGS,
    ColumnMapping,
    fold,
    read_mapping,
    write_mapping,
)
from survdash.sources.mapping_suggestion import MOST_WORDS, MappingSuggestion, suggest_mapping
from survdash.ui.error_box import show_error
from survdash.ui.import_files import PAGE, current_upload
from survdash.ui.prose import escape
from survdash.ui.upload import new_upload
from survdash.ui.upload_address import name_upload

ANSWERS = "answers"
OPENED = ("encoding", "delimiter", "sheet")  # how the file is opened; nothing is asked about these
TIME, DATES = later("a number of days, months or years"), later("dates")
LABELS = {
    "case": later("Patient number"), "time": later("Follow-up"), "unit": later("It counts"),
    "status": later("Vital status"), "diagnosis": later("Date of diagnosis"),
    "last_contact": later("Date of last contact"), "death": later("Date of death (if any)"),
    "age": later("Age"), "birth": later("Date of birth (in place of the age)"), "sex": later("Sex"),
    "stage": later("Stage"), "site": later("Hospital"),
    "decimal": later("Decimal mark"), "dates": later("Order of dates"), "age_unit": later("Age counts"),
}  # fmt: skip
HELP = {
    "time": later("From diagnosis to death or last contact."), "death": later("Empty for who lives."),
    "site": later("Who sent the patient; folds can keep each hospital on one side."),
    "birth": later("Only the age at diagnosis is kept."),
}
CHOICE_WORDS = {
    "point": later("1.5 (point)"), "comma": later("1,5 (comma)"), "iso": "2021-03-09", "dmy": later("day month year"),
    "days": later("days"), "weeks": later("weeks"), "months": later("months"), "years": later("years"),
    "dead": later("dead"), "alive": later("alive"), "male": later("male"), "female": later("female"),
    "unknown": later("unknown"), "mdy": later("month day year"), "excel": later("Excel's day numbers"),
    "ignore": later("leave out"),
}
TOLD = later("as the cells tell")
SHOWN_ROWS = 5


def ask_mapping(table: Path, given: Path | None, *, page: str) -> Path | None:
    """Draw the wizard for a table.

    Parameters
    ----------
    table : Path
    given : Path or None
        A mapping of an earlier import, whose answers are proposed.
    page : str
        First half of the widgets' keys.

    Returns
    -------
    Path or None
        The mapping as a file in the private folder; None while something is open.
    """
    old = None if given is None else read_mapping(given)
    opened = {name: getattr(old, name) for name in OPENED if old is not None and getattr(old, name) is not None}
    with st.spinner(tr("Reading the table …")):
        suggestion = _suggestion(str(table), table.stat().st_mtime_ns, tuple(opened.items()))
    draft = dict(suggestion.draft)
    if old is not None:
        # What it leaves out is left out on purpose: a proposal beside it might tell another outcome.
        draft = {name: getattr(old, name) for name in (*LABELS, "status_words", "sex_words", "keep", "missing")
                 if getattr(old, name)}  # fmt: skip
    mark = f"{page}.map_{abs(hash((str(table), str(given))))}"
    _show_cells(suggestion, key=f"{mark}.cells")
    answers = _ask_columns(suggestion, draft, key=mark)
    answers |= opened
    answers["status_words"] = _ask_words(suggestion, answers.get("status"), "status", draft, key=mark)
    answers["sex_words"] = _ask_words(suggestion, answers.get("sex"), "sex", draft, key=mark)
    if draft.get("missing"):
        answers["missing"] = tuple(draft["missing"])
    given_answers = {name: value for name, value in answers.items() if value not in (None, {}, ())}
    if "case" not in given_answers:
        st.info(tr("Choose the column that names the patient."), icon=":material/help:")
        return None
    try:
        mapping = ColumnMapping(**given_answers)
    except ClinicalError as error:
        st.info(escape(f"{retell(error.message.replace('?.', '?'))} {retell(error.hint)}"), icon=":material/help:")
        return None
    return _keep(mapping, page=page)


@st.cache_resource(max_entries=8, show_spinner=False)
def _suggestion(table: str, changed: int, opened: tuple[tuple[str, str], ...]) -> MappingSuggestion:
    how = dict(opened)
    if "delimiter" in how:
        how["delimiter"] = DELIMITER_SIGNS[how["delimiter"]]
    return suggest_mapping(Path(table), **how)


def _show_cells(suggestion: MappingSuggestion, *, key: str) -> None:
    table = suggestion.table
    about = tr("{lines:,} lines, {columns} columns; {form}", lines=len(table.rows), columns=len(table.columns),
               form=escape(table.form))  # fmt: skip
    with st.expander(about, icon=":material/table:"):
        rows = [[plain_text(cell) if cell is not None else "" for cell in row] for row in table.rows[:SHOWN_ROWS]]
        st.dataframe([{f"{place + 1} {name}": cell for place, (name, cell) in
                       enumerate(zip(table.columns, row, strict=True))} for row in rows], hide_index=True, key=key,
                     alt=tr("The first lines of the table as they were read."))  # fmt: skip
        for column, why in {**suggestion.identifiers, **suggestion.left_out}.items():
            st.caption(tr("Not kept: {column} ({why}).", column=escape(column), why=escape(retell(why))))
    for note in table.notes:
        st.caption(escape(retell(note)))


def _ask_columns(suggestion: MappingSuggestion, draft: dict[str, Any], *, key: str) -> dict[str, Any]:
    """Columns, unit and marks; only those that belong to the chosen kind of follow-up."""
    answers: dict[str, Any] = {}
    first, second, third = st.columns(3)
    with first:
        answers["case"] = _column("case", suggestion, draft, key=key)
        way = st.radio(tr("The follow-up stands as"), [TIME, DATES], key=f"{key}.way", format_func=tr,
                       index=int("diagnosis" in draft and "time" not in draft))
        wanted = ("time",) if way == TIME else ("diagnosis", "last_contact", "death")
        for name in wanted:
            answers[name] = _column(name, suggestion, draft, key=key)
        if way == TIME:
            answers["unit"] = _choice("unit", suggestion, draft, key=key, open_first=True)
    with second:
        for name in ("status", "sex", "stage", "site"):
            answers[name] = _column(name, suggestion, draft, key=key)
    with third:
        answers["age"] = _column("age", suggestion, draft, key=key)
        if answers["age"] is None and way == DATES:
            answers["birth"] = _column("birth", suggestion, draft, key=key)
        if any(question.key == "age_unit" for question in suggestion.questions):
            answers["age_unit"] = _choice("age_unit", suggestion, draft, key=key)
        answers["decimal"] = _choice("decimal", suggestion, draft, key=key)
        answers["dates"] = _choice("dates", suggestion, draft, key=key)
        taken = {value for value in answers.values() if isinstance(value, str)}
        others = [name for name in _single(suggestion) if name not in taken and name not in suggestion.identifiers]
        answers["keep"] = tuple(st.multiselect(
            tr("Keep as they are"), others, [name for name in draft.get("keep", ()) if name in others],
            key=f"{key}.keep_{len(taken)}", placeholder=tr("Choose"),
            help=tr("No model uses them; what is not named here is left out."),
        ))
    return answers


def _single(suggestion: MappingSuggestion) -> list[str]:
    columns = suggestion.table.columns
    return [name for name in columns if name and columns.count(name) == 1]


def _column(name: str, suggestion: MappingSuggestion, draft: dict[str, Any], *, key: str) -> str | None:
    columns = _single(suggestion)
    proposed = draft.get(name)
    index = columns.index(proposed) if proposed in columns else None
    chosen = st.selectbox(tr(LABELS[name]), columns, index=index, key=f"{key}.{name}",
                          placeholder=tr("not in the table"), help=tr(HELP[name]) if name in HELP else None)
    for question in suggestion.questions:
        if question.key == name and chosen is None:
            st.caption(f":material/help: {escape(retell(question.words))}")
    return chosen


def _choice(
    name: str, suggestion: MappingSuggestion, draft: dict[str, Any], *, key: str, open_first: bool = False
) -> str | None:
    """One of the fixed answers; what the cells tell by themselves needs none."""
    options = list(CHOICES[name])
    proposed = draft.get(name)
    chosen = st.selectbox(
        tr(LABELS[name]), options, index=options.index(proposed) if proposed in options else None, key=f"{key}.{name}",
        format_func=_choice_words,
        placeholder=tr("choose") if open_first else tr(TOLD),
    )
    for question in suggestion.questions:
        if question.key == name and chosen is None:
            st.caption(f":material/help: {escape(retell(question.words))}")
    return chosen


def _choice_words(answer: str) -> str:
    return tr(CHOICE_WORDS.get(answer, answer))


def _ask_words(
    suggestion: MappingSuggestion, column: str | None, name: str, draft: dict[str, Any], *, key: str
) -> dict[str, str]:
    """What each word of a column means, with how often it stands there; of a sex only the words nobody knows."""
    if column is None:
        return {}
    counts = Counter(plain_text(cell) for cell in suggestion.table.cells(column) if not is_missing(cell))
    known = draft.get(f"{name}_words", {})
    if name == "sex":
        plain = {*SEXES, *UNKNOWN}
        counts = Counter({word: count for word, count in counts.items() if fold(word) not in plain})
    if not counts:
        return {}
    if len(counts) > MOST_WORDS:
        show_error(tr("Column {column} has {count} different words; {meaning} has few.", column=column,
                      count=len(counts), meaning=tr(LABELS[name])), tr("Choose another column."))
        return {}
    st.markdown(tr("**What the words of “{column}” mean**", column=escape(column)))
    meanings, answers = MEANINGS[f"{name}_words"], {}
    folded = {fold(word): meaning for word, meaning in known.items()}
    columns = st.columns(min(4, len(counts)))
    for place, (word, count) in enumerate(counts.most_common()):
        proposed = folded.get(fold(word)) or (meaning_of_status(word) if name == "status" else None)
        with columns[place % len(columns)]:
            chosen = st.selectbox(
                tr("{word} ({count:,} lines)", word=escape(word), count=count), meanings,
                key=f"{key}.{name}_{column}_{word}", placeholder=tr("choose"),
                index=meanings.index(proposed) if proposed in meanings else None,
                format_func=_choice_words,
            )
        if chosen is not None:
            answers[word] = chosen
    return answers


def _keep(mapping: ColumnMapping, *, page: str) -> Path:
    """Write the mapping into the private folder, and offer it."""
    upload = current_upload()
    if upload is None:
        upload = new_upload()
        name_upload(upload.identifier, page=PAGE)
    folder = upload.folder / ANSWERS
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "mapping.yaml"
    write_mapping(path, mapping)
    st.download_button(tr("Save these answers (YAML)"), path.read_bytes(), "mapping.yaml", "application/yaml",
                       key=f"{page}.mapping_yaml", on_click="ignore", icon=":material/download:",
                       help=tr("Give it with the next table of this kind, here or as --mapping on the command line."))
    return path
