"""The list of checks: one line a check, a word beside each colour, the worst of several files first."""

from __future__ import annotations

import pytest

from survdash.ui.checklist import SIGNS, WORST, Check, refused, together, waiting
from tests.page_drawing import app_of


def line(state, finding="", to_do=""):
    return (Check(state=state, what="Tissue found", finding=finding, to_do=to_do),)


def test_every_state_has_a_sign_and_a_word_of_its_own_and_a_place_in_the_order():
    assert set(SIGNS) == set(WORST)
    assert len({icon for _, icon, _ in SIGNS.values()}) == len({word for *_, word in SIGNS.values()}) == len(SIGNS)


def test_one_file_stands_for_itself():
    assert together([("a.svs", line("good", "4 tiles"))]) == line("good", "4 tiles")


@pytest.mark.parametrize(
    ("states", "worst"),
    [(("good", "good"), "good"), (("good", "look"), "look"), (("look", "todo"), "todo"), (("wait", "good"), "wait")],
)
def test_several_files_are_as_good_as_the_worst_of_them(states, worst):
    (one,) = together([(f"{name}.svs", line(state, "seen")) for name, state in zip("ab", states, strict=True)])
    assert (one.state, one.finding) == (worst, "a.svs: seen; b.svs: seen")


def test_two_files_of_one_name_both_count_and_one_advice_is_given_once():
    (one,) = together([("a.svs", line("todo", "none", "Mend it.")), ("a.svs", line("good", "some", "Mend it."))])
    assert one.finding == "a.svs: none; a.svs: some"
    assert one.to_do == "Mend it."


def test_a_refusal_says_which_check_failed_and_nothing_of_those_after_it():
    assert [one.state for one in refused(waiting(("a", "b", "c")), at=1)] == ["good", "todo", "wait"]


def script():
    from survdash.ui.checklist import Check, show_list

    show_list([Check(state="todo", what="Resolution", finding="a*b.svs", to_do="Say [it].")], page="p")


def test_what_is_shown_is_no_markup_of_the_file():
    (heading, shown) = (one.value for one in app_of(script).run().markdown)
    assert "Checks" in heading
    assert shown.startswith("- :red-badge[:material/error: to do] **Resolution**")
    assert r"a\*b\.svs" in shown
    assert r"Say \[it\]\." in shown
