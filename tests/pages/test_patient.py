"""The patient page says what is stored of the patient of its address."""

from __future__ import annotations

from survdash import usecases


def test_the_answer_the_role_and_the_outcome_are_those_of_this_patient(open_page):
    analysis = usecases.analyse_cohort("demo", "default")
    case = analysis.case_ids[7]
    stored = usecases.stored_prediction("demo", "default", case)
    page = open_page("patient", cohort="demo", case=case)
    assert page.header[0].value == case
    at = stored.at(36)
    assert at is not None
    assert f"about {round(100 * at[0])} " in page.subheader[0].value
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Alive at 3 years"] == f"{round(100 * at[0])} of 100"
    assert any(stored.role.capitalize() in block.value for block in page.markdown)
    facts = page.table[0].value.set_index("")[" "]
    assert f"{analysis.survival.time_months[7]:.1f} months" in facts["What happened"]
    assert ("died" in facts["What happened"]) == bool(analysis.survival.event[7])


def test_an_unknown_patient_is_told_and_another_can_be_chosen(open_page):
    page = open_page("patient", cohort="demo", case="nobody")
    assert "There is no patient called 'nobody' here" in page.error[0].value.replace("\\", "")
    other = page.selectbox(key="patient.case").options[2]
    page.selectbox(key="patient.case").set_value(other).run()
    assert not page.error
    assert page.header[0].value == other
    assert page.query_params["case"] == other
