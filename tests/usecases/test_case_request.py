"""What is asked of a new case goes through a job unchanged, and what does not fit the slides is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survdash.errors import InputError
from survdash.slide.rules import DEFAULT_TISSUE, TileRule, TissueRule
from survdash.usecases.case_request import PredictRequest, request_from_json, request_to_json

SLIDES = (Path("/a.svs"), Path("/b.svs"))
PALE = TissueRule(otsu_share=0.4)
numbers = st.none() | st.floats(0.05, 20)
paths = st.none() | st.just(Path("/m.geojson"))
tissues = st.builds(TissueRule, otsu_share=st.floats(0, 5), exclude_ink=st.booleans())
tiles = st.builds(TileRule, min_tissue=st.floats(0.01, 1))


@given(
    st.builds(
        PredictRequest, slides=st.just(SLIDES), genes=paths, mpp=numbers | st.tuples(numbers, numbers),
        tissue=tissues | st.tuples(tissues, tissues), tiles=tiles | st.tuples(tiles, tiles),
        areas=paths | st.tuples(paths, paths), age_years=st.none() | st.floats(0, 120), sex=st.none() | st.just("male"),
        stage=st.none() | st.just("II"), case_id=st.text(min_size=1),
    )
)  # fmt: skip
def test_a_job_carries_the_whole_request(request: PredictRequest) -> None:
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request


def test_one_answer_is_for_all_slides_and_several_are_one_each() -> None:
    request = PredictRequest(slides=SLIDES, mpp=0.5, tissue=(DEFAULT_TISSUE, PALE), areas=(None, Path("/m.geojson")))
    first, second = request.statements()
    assert (first.mpp, first.tissue, first.areas) == (0.5, DEFAULT_TISSUE, None)
    assert (second.mpp, second.tissue, second.areas) == (0.5, PALE, Path("/m.geojson"))
    assert PredictRequest(mpp=0.5).statements() == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mpp": (0.5,)}, "1 resolutions are stated for 2 slides"),
        ({"tissue": (PALE, PALE, PALE)}, "3 rules are stated for 2 slides"),
        ({"areas": (None,)}, "1 masks are stated for 2 slides"),
        ({"areas": Path("/m.geojson")}, "One mask is given for 2 slides"),
    ],
)
def test_what_is_not_one_a_slide_is_refused(said: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        PredictRequest(slides=SLIDES, **said).statements()  # type: ignore[arg-type]


@pytest.mark.parametrize("keep", [True, [False, True]])
def test_a_job_filed_before_there_were_rules_keeps_its_meaning(keep: bool | list[bool]) -> None:
    payload = {"cohort": "demo", "run": "glg", "slides": ["/a.svs", "/b.svs"], "genes": None, "mpp": None,
               "keep_ink": keep, "age_years": None, "sex": None, "case_id": "new-case"}  # fmt: skip
    ink = [one.tissue.exclude_ink for one in request_from_json(payload).statements()]
    assert ink == ([False, False] if keep is True else [True, False])


@pytest.mark.parametrize("payload", [{"colour": "blue"}, {"tissue": {"colour": "blue"}}, {"tiles": [{"side": 3}]}])
def test_a_job_of_another_version_is_refused_in_words(payload: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"This job.*(colour|side)"):
        request_from_json({"slides": []} | payload)
