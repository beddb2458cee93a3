"""What a page's numbers cannot tell, said on the page itself."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from survdash.language import later, tr

LIMITS: Mapping[str, tuple[str, ...]] = {
    "patient": (
        later("**What will happen to this person.** The curve is about people with a profile like this; one of them "
              "may "
              "live much longer or shorter."),
        later("**What a treatment would change.** The model learnt from patients as they were treated then. A higher "
              "risk is no reason for, and a lower risk no reason against, any treatment."),
        later("**Other tumours, other laboratories.** It knows the cancer, the stain, the scanner and the gene "
              "assay of "
              "its cohort. Elsewhere it was not tested unless the page says so."),
        later("**All that is uncertain.** The band shows how much the trained networks differ, not what no model sees: "
              "the sample, the follow-up, what was never measured."),
        later("**Causes.** A gene or a piece of tissue that weighs much need not drive the disease. A heat-map shows "
              "where the model looked, not where the disease is."),
    ),
    "cohort": (
        later("**Whether the groups part elsewhere.** They were made in these patients. Only another cohort can "
              "confirm "
              "them."),
        later("**That low risk is safe.** Patients of the low-risk group die too: read the curve, not the name of the "
              "group."),
        later("**What a treatment would change.** Patients were not treated at random, so groups differ in more than "
              "their risk score."),
        later("**Much about the end of the curve.** Where few patients are at risk a single death moves it far."),
        later("**That censoring is harmless.** All of this takes for granted that who was lost from sight did not fare "
              "differently from who stayed."),
    ),
    "compare": (
        later("**Which model is best for a decision.** The C-index says how well patients are put in order, not "
              "whether "
              "the probabilities are right, nor what acting on them would bring."),
        later("**That a small lead is real.** Differences whose interval holds 0 may be chance; with many methods, one "
              "always leads."),
        later("**How models would do elsewhere.** All were trained and judged in one cohort, on the same folds."),
        later("**That published numbers can be set beside ours.** They come from other patients, folds and "
              "settings, and "
              "are marked."),
    ),
}  # fmt: skip


def show_limits(kind: str) -> None:
    """Draw the section, folded.

    Parameters
    ----------
    kind : str
        One of ``LIMITS``: what the page's numbers are about.
    """
    with st.expander(tr("What this cannot tell you"), icon=":material/block:"):
        st.markdown("\n".join(f"- {tr(line)}" for line in LIMITS[kind]))
