"""For whoever runs this server: who is signed in, what the audit log says, whether its chain of seals holds."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from survdash.access import current
from survdash.audit import check_log, last_entries, note
from survdash.erase import how_deleted
from survdash.language import tr
from survdash.settings import settings
from survdash.ui.prose import escape
from survdash.ui.sign_in import show_visitor

SHOWN = 500


def show_upkeep() -> None:
    """Draw it; the audit log is for administrators."""
    show_visitor()
    st.caption(tr("Uploaded files and the answers made from them are deleted after {hours:g} hours, or at once on the "
                  "page New case. {how}", hours=settings().keep_upload_hours, how=tr(how_deleted())))  # fmt: skip
    if not current().may("audit"):
        return
    with st.expander(tr("Audit log: who signed in, opened, exported, imported, trained, deleted"),
                     icon=":material/history:"):  # fmt: skip
        checked = check_log()
        if checked.broken_at:
            st.error(tr("Line {line:,} does not fit the one before: the log was changed there.",
                        line=checked.broken_at), icon=":material/error:")  # fmt: skip
        else:
            st.caption(tr("{count:,} lines; each fits the one before. Last seal: {seal}. Lines cut off at the end "
                          "cannot be told from the log alone: keep the seal elsewhere.", count=checked.lines,
                          seal=escape(checked.seal[:16])))  # fmt: skip
        names = {"time": tr("Time"), "who": tr("Who"), "action": tr("Did"), "cohort": tr("Cohort"),
                 "case": tr("Patient"), "detail": tr("Detail")}  # fmt: skip
        table = pd.DataFrame([asdict(entry) for entry in last_entries(SHOWN)], columns=[*names])
        st.dataframe(table.rename(columns=names), hide_index=True, alt=tr("Audit log, the newest entry first."))


def note_opened(cohort: str, case: str) -> None:
    """Note that whoever looks has opened a patient, once in each visit."""
    seen: set[tuple[str, str]] = st.session_state.setdefault("upkeep.opened", set())
    if (cohort, case) not in seen:
        note("open", cohort=cohort, case=case)
        seen.add((cohort, case))
