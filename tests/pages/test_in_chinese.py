"""No page says an English sentence to a reader of Chinese, in any of its states, errors among them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pandas as pd
import pytest

from survdash import usecases
from survdash.errors import SlideError
from survdash.jobs import record
from survdash.jobs.queue import file_job
from survdash.progress import silent
from survdash.simulation.sample_case import sample_case

SENTENCE = re.compile(r"(?:\b[A-Za-z][a-z'’]+,? ){3,}[A-Za-z][a-z]+")  # four words after another
COMMAND = re.compile(r"python -m survdash[^。；\n\"]*|make [a-z]+")
# What is English everywhere: code and data as they are exported; texts of Streamlit and Plotly's own widgets.
ENGLISH = {"code", "json", "iframe"}
STATES = {
    "home": {}, "cohort": {"cohort": "demo"}, "patient": {"cohort": "demo"}, "new_case": {}, "models": {},
    "compare": {"cohort": "demo"}, "import_cohort": {}, "contents": {"cohort": "demo"}, "help": {},
}  # fmt: skip
ERRORS = [
    ("cohort", {"cohort": "nothing"}), ("patient", {"cohort": "demo", "case": "nobody"}),
    ("cohort", {"cohort": "blca"}), ("patient", {"cohort": "blca"}), ("contents", {"cohort": "luad"}),
    ("compare", {"cohort": "ucec"}),
    ("new_case", {"job": "0" * 32}), ("new_case", {"upload": "../x"}), ("models", {"job": "0" * 32}),
    ("import_cohort", {"job": "0" * 32}), ("import_cohort", {"upload": "0" * 32}),
]  # fmt: skip


def said(block) -> Iterator[str]:
    """Every text of a page: of its elements' messages, and of its tables."""
    for one in block.children.values():
        if hasattr(one, "children"):
            yield from [str(getattr(one, "label", "")), *said(one)]
        elif one.type == "arrow_data_frame":
            yield one.value.to_csv()
        elif one.type == "bidi_component":
            yield one.proto.json  # beside it stands its script
        elif one.type not in ENGLISH:
            yield str(one.proto)


def english(page) -> list[str]:
    texts = " ".join(said(page.main))
    return sorted({found.group() for found in SENTENCE.finditer(COMMAND.sub(" ", texts))})


@pytest.mark.parametrize(("name", "address"), [*STATES.items(), *ERRORS])
def test_a_page_in_chinese_says_no_english_sentence(open_page, name, address):
    page = open_page(name, lang="zh", **address)
    assert not page.exception
    assert english(page) == []


def test_a_failed_job_tells_in_chinese_what_is_wrong(open_page):
    job = file_job("predict_case", {})
    error = SlideError("a.svs is a picture of kind RGBA, not of 8-bit colours.", hint="Save it as 8-bit RGB.")
    with record.held(job):
        record.finish(record.read(job), "failed", message=error.message, hint=error.hint)
    page = open_page("new_case", lang="zh", job=job)
    assert "是 RGBA 类型的图片" in page.error[0].value
    assert english(page) == []


def test_the_answers_of_a_table_of_patients_their_warnings_and_failures(open_page, tmp_path):
    genes, letter, few = sample_case(tmp_path)[1], tmp_path / "letter.csv", tmp_path / "few.csv"
    letter.write_text("Dear colleague,\n")
    table = pd.read_csv(genes)
    table.iloc[:-3].to_csv(few, index=False)
    requests = [usecases.PredictRequest(genes=path, case_id=path.stem, age_years=60.0) for path in (few, letter)]
    job = usecases.file_batch(requests)
    made = usecases.HANDLERS["predict_batch"](record.read_payload(job), silent, threading.Event())
    record.write_private(record.job_folder(job) / "result.json", made)
    record.finish(record.read(job), "done")
    page = open_page("new_case", lang="zh", job=job)
    assert english(page) == []
    page = open_page("new_case", lang="zh", job=job, case="few")
    assert page.warning, "some genes are missing, and the age was not used"
    assert english(page) == []
    assert english(open_page("new_case", lang="en", job=job, case="few")), "the reader of sentences would see them"


def test_an_import_with_doubts_and_what_it_leaves_out(open_page, tmp_path):
    rows = [f"P{i:02d},{900 + i if i else -1},{i % 2},{i / 7},x{i % 2}" for i in range(40)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq,note", *rows,
                               "P05,905,1,0.7142857142857143,x1"]))  # fmt: skip
    usecases.import_cohort(path, name="mine")
    page = open_page("contents", lang="zh", cohort="mine")
    assert page.warning, "months like days"
    assert english(page) == []


@pytest.mark.parametrize("words", ["Give at least one of them.", 'alt: "Share of patients alive over time"'])
def test_the_reader_of_sentences_sees_one(words):
    assert SENTENCE.search(words)
