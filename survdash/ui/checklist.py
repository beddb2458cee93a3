"""The checks of a new case as one list: it stands before any file comes, and each line turns green or says what to do.

A red line must be answered before anything can be predicted, an amber one should be read, a grey one waits or is not
given. Colour never stands alone: each line begins with a sign and a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from survdash.language import later, tr
from survdash.ui.prose import escape

State = Literal["good", "look", "todo", "wait", "none"]
SIGNS: Mapping[State, tuple[str, str, str]] = {
    "good": ("green", "check_circle", later("good")),
    "look": ("orange", "warning", later("look")),
    "todo": ("red", "error", later("to do")),
    "wait": ("gray", "hourglass_empty", later("waiting")),
    "none": ("gray", "remove", later("not given")),
}
WORST: tuple[State, ...] = ("todo", "look", "wait", "none", "good")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line: how it stands, what is checked, what was found, and what to do about it; texts as they are shown."""

    state: State
    what: str
    finding: str = ""
    to_do: str = ""


def waiting(names: Sequence[str], *, state: State = "wait") -> tuple[Check, ...]:
    """A line for each of these checks of which nothing has come; ``names`` are texts for ``tr``."""
    return tuple(Check(state=state, what=tr(name)) for name in names)


def refused(checks: Sequence[Check], at: int = 0) -> tuple[Check, ...]:
    """The lines of a file that was not taken: those before ``at`` held, the reason stands where the file was given."""
    finding, to_do = tr("the file was refused"), tr("What to do stands where you gave it.")
    return tuple(
        replace(one, state="good" if place < at else "wait") if place != at
        else replace(one, state="todo", finding=finding, to_do=to_do) for place, one in enumerate(checks)
    )  # fmt: skip


def together(several: Sequence[tuple[str, tuple[Check, ...]]]) -> tuple[Check, ...]:
    """The lines of several files as those of one: the worst state of each, and what is said of which file.

    Parameters
    ----------
    several : sequence of (name, lines)
        The same checks of each file, in the same order; at least one file.
    """
    if len(several) == 1:
        return several[0][1]
    names = [name for name, _ in several]
    return tuple(_one_of(names, lines) for lines in zip(*(lines for _, lines in several), strict=True))


def _one_of(names: Sequence[str], lines: Sequence[Check]) -> Check:
    state = next(state for state in WORST if any(one.state == state for one in lines))
    findings = [tr("{name}: {words}", name=name, words=one.finding)
                for name, one in zip(names, lines, strict=True) if one.finding]  # fmt: skip
    to_do = dict.fromkeys(one.to_do for one in lines if one.to_do)
    return Check(state=state, what=lines[0].what, finding=tr("; ").join(findings), to_do=" ".join(to_do))


def show_line(check: Check) -> None:
    """One line by itself."""
    st.markdown(_line(check))


def show_list(checks: Sequence[Check], *, page: str) -> None:
    """All of them, below their heading; ``page`` is the first half of the key."""
    with st.container(key=f"{page}_checks"):
        st.markdown(tr(":material/checklist: **Checks**"))
        st.markdown("\n".join(f"- {_line(one)}" for one in checks))


def _line(check: Check) -> str:
    colour, icon, word = SIGNS[check.state]
    said = tr("{name}: {words}", name=f"**{check.what}**", words=escape(check.finding)) if check.finding \
        else f"**{check.what}**"
    return f":{colour}-badge[:material/{icon}: {tr(word)}] {said}{'. ' + escape(check.to_do) if check.to_do else ''}"
