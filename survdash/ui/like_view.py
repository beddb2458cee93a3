"""Patients whom the model sees as like this one: their real curve, and a link to each by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from survdash.explanation.record import Neighbour
from survdash.figures.like_patients import plot_like_patients
from survdash.language import tr
from survdash.prediction import Prediction
from survdash.stamp import stamp
from survdash.statistics.kaplan_meier import kaplan_meier
from survdash.ui.drawn import drawn
from survdash.ui.figure_view import NO_TOOLS, export_buttons
from survdash.ui.prose import escape


def show_like_patients(found: tuple[Neighbour, ...], prediction: Prediction, *, page: str) -> None:
    """Draw them; says so where a model knows of none.

    Parameters
    ----------
    found : tuple of Neighbour
    prediction : Prediction
        Of the patient whom they are like.
    page : str
        First half of the widgets' keys.
    """
    if not found:
        st.caption(tr("This model cannot tell which patients are alike."))
        return
    st.caption(tr(
        "Nearest in what the model reads the risk from, each seen by the one model that was not trained on them. "
        "What happened to them is real; how alike they are is the model's opinion."
    ))  # fmt: skip
    left, right = st.columns([1.4, 1], gap="large")
    with left:
        time, died = np.array([one.time_months for one in found]), np.array([one.died for one in found])
        figure = drawn(plot_like_patients, prediction.months, prediction.survival, kaplan_meier(time, died))
        st.plotly_chart(figure, key=f"{page}.like", config=NO_TOOLS, alt=what_happened(found))
        st.markdown(what_happened(found))
        export_buttons(
            figure, key=f"{page}.like", name=f"{prediction.cohort}_{prediction.case_id}_like",
            title=tr("Patients like {case}", case=prediction.case_id), stamp=stamp(prediction.provenance),
        )  # fmt: skip
    with right:
        run = prediction.model.removeprefix(f"{prediction.cohort}-")
        for one in found:
            words = (tr("{case}: died after {months:.0f} months", case=escape(one.case_id), months=one.time_months)
                     if one.died else tr("{case}: alive when last seen, {months:.0f} months",
                                         case=escape(one.case_id), months=one.time_months))  # fmt: skip
            # The name goes into the address, never a place in a list: what is clicked is what is opened.
            st.page_link(
                "patient.py", label=words, icon=":material/person:",
                query_params={"cohort": prediction.cohort, "run": run, "case": one.case_id},
                help=tr("Of 100 pairs of patients, {share:.1f} are more alike.", share=100 * one.farness),
            )  # fmt: skip


def what_happened(found: Sequence[Neighbour]) -> str:
    """How many of some patients died, and when, in words."""
    died = [one.time_months for one in found if one.died]
    if not died:
        return tr("None of these {count} patients was seen to die.", count=len(found))
    first, last = f"{min(died):.0f}", f"{max(died):.0f}"
    if first == last:
        return tr("{died} of these {count} patients died, after {months} months.", died=len(died), count=len(found),
                  months=first)  # fmt: skip
    return tr("{died} of these {count} patients died, after {first} to {last} months.", died=len(died),
              count=len(found), first=first, last=last)  # fmt: skip
