"""What holds for every page."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from subprocess import run

import pytest

from survdash.artefact import INTENDED_USE
from tests.conftest import REPOSITORY

TITLES = {
    "import_cohort": "Import a cohort", "contents": "What is in a cohort",
    "home": "How long do patients with this tumour live?", "cohort": "Cohort", "patient": "Patient",
    "new_case": "New case", "compare": "Compare", "models": "Models & data",
}


@pytest.mark.parametrize(("name", "title"), TITLES.items())
def test_a_page_has_its_title_the_banner_and_no_error(open_page, name, title):
    page = open_page(name)
    assert [box.value for box in page.error] == []
    assert not page.exception
    assert page.title[0].value == title
    assert INTENDED_USE in page.caption[0].value


@pytest.mark.parametrize("name", TITLES)
def test_no_level_of_heading_is_left_out(open_page, name):
    # a screen reader's user goes from heading to heading
    levels = [int(one.tag[1]) for one in headings(open_page(name).main)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def headings(block):
    for one in block.children.values():
        if getattr(one, "tag", None) in ("h1", "h2", "h3"):
            yield one
        elif hasattr(one, "children"):
            yield from headings(one)


@pytest.mark.parametrize("name", [name for name in TITLES if name not in ("new_case", "models", "import_cohort")])
def test_simulated_patients_are_called_simulated(open_page, name):
    page = open_page(name)
    assert any("Simulated patients" in block.value for block in page.markdown)


def test_pages_show_what_is_stored_without_torch(demo_is_here):
    script = (
        "import pathlib, sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "frame = pathlib.Path('pages/_main.py').resolve()\n"
        "for name in ('cohort', 'patient', 'compare', 'models', 'new_case', 'import_cohort', 'contents'):\n"
        "    page = AppTest.from_file(frame, default_timeout=120).switch_page(name + '.py').run()\n"
        "    assert not page.exception and not page.error, name\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    environment = os.environ | {"SURVDASH_START_WORKER": "false"}
    done = run([sys.executable, "-c", script], cwd=REPOSITORY, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
