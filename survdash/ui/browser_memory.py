"""What a browser keeps between visits: a choice about the interface, numbers of its jobs; nothing of a patient."""

from __future__ import annotations

import re

import streamlit as st

PREFIX = "survdash_"
SAFE = re.compile(r"[a-z0-9_-]{1,400}")  # so that no text can become code or another cookie
YEAR_SECONDS = 31_536_000


def recall(name: str) -> str | None:
    """What was kept when this window was opened; None where nothing, or nothing of ours, is."""
    kept = st.context.cookies.get(PREFIX + name)
    return kept if isinstance(kept, str) and SAFE.fullmatch(kept) else None


def remember_script(name: str, value: str, *, seconds: int = YEAR_SECONDS) -> str:
    """JavaScript that keeps a value, for a year if nothing else is said.

    Raises
    ------
    ValueError
        If name or value is more than lower-case letters, digits, - and _.
    """
    if not (SAFE.fullmatch(name) and SAFE.fullmatch(value)):
        raise ValueError("a cookie of ours is made of lower-case letters, digits, - and _")
    return f"document.cookie = '{PREFIX}{name}={value}; path=/; max-age={seconds}; SameSite=Lax';"


def run_script(script: str) -> None:
    """Run a script of ours in the visitor's browser; it must hold no text that came from outside."""
    st.html(f"<script>{script}</script>", width="content", unsafe_allow_javascript=True)
