"""Help page: the first steps, what the numbers cannot tell, and the words of the field."""

from __future__ import annotations

import streamlit as st

from survdash.language import tr
from survdash.ui.error_box import error_box
from survdash.ui.glossary import find_terms
from survdash.ui.guide import show_steps
from survdash.ui.limits import LIMITS
from survdash.ui.piece import facts

KINDS = {"patient": tr("About one patient"), "cohort": tr("About a cohort"), "compare": tr("About methods")}

st.title(tr("Help"), anchor=False)
with error_box():
    show_steps()

st.header(tr("What this cannot tell you"), anchor=False)
for tab, kind in zip(st.tabs(list(KINDS.values())), KINDS, strict=True):
    with tab:
        st.markdown("\n".join(f"- {tr(line)}" for line in LIMITS[kind]))

st.header(tr("Words"), anchor=False)
asked = st.text_input(tr("Search the words"), key="help.asked", type="search", live=True,
                      placeholder=tr("for instance: censored"))
terms = find_terms(asked)
if terms:
    facts({f"**{title}**": words for title, words in terms})
else:
    st.caption(tr("No word like that is explained here."))
