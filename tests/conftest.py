"""What all tests share: a data folder of their own, and the way to real data where it lies beside the repository."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors: threads cost more than they give

import hypothesis
import numpy as np
import pandas as pd
import pytest
import stamina
from pytest_httpserver import HTTPServer

from survdash.bag_file import new_bag_file
from survdash.case import BagOrigin
from survdash.cohort import Cohort
from survdash.logs import ROOT
from survdash.settings import settings
from tests.dask_workers import Dask
from tests.sources.cbioportal_server import CBioPortal
from tests.sources.gdc_server import Gdc

# A shell ignores it for what it starts in the background, and so would everything that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The first example of a test may load a library; how long one takes is not what these tests are about.
hypothesis.settings.register_profile("survdash", deadline=None)
hypothesis.settings.load_profile("survdash")

CASES, FOLDS, TILE_DIM = 60, 3, 8
GROUPS = {f"group {number}": (f"G{number}A_rna", f"G{number}B_rna") for number in range(6)}
REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that of two processes neither waits at the end; those in a browser go file by file."""
    items.sort(key=lambda item: "slow" not in item.keywords or "browser" in item.keywords)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public data beside the repository; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no public data at {folder.name}/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where engines of encoders lie, for all tests of a run: exporting one takes seconds."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(autouse=True)
def data_dir(
    engines: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A data folder for each test, empty but for the engines; what the tests write never reaches the user's own."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "engines").symlink_to(engines)
    monkeypatch.setenv("SURVDASH_DATA_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """What a test makes of the program's log is forgotten: a page that starts it would hide it from later tests."""
    logger = logging.getLogger(ROOT)
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


@pytest.fixture(scope="session")
def web_server() -> Iterator[HTTPServer]:
    """One server for all tests of a run: to end one takes half a second. It logs no requests."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture
def gdc(web_server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gdc]:
    """A GDC on this machine, at the address of the settings; tries that fail follow each other at once."""
    made = Gdc.at(web_server)
    monkeypatch.setenv("SURVDASH_GDC_URL", made.url)
    settings.cache_clear()
    with stamina.set_testing(True, attempts=4, cap=True):
        yield made
    web_server.clear()


@pytest.fixture
def cbioportal(web_server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[CBioPortal]:
    """A cBioPortal on this machine, beside the GDC where a test has both."""
    made = CBioPortal.at(web_server)
    monkeypatch.setenv("SURVDASH_CBIOPORTAL_URL", made.url)
    settings.cache_clear()
    with stamina.set_testing(True, attempts=4, cap=True):
        yield made
    web_server.clear()


@pytest.fixture
def dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dask]:
    """A Dask scheduler that the settings name; a test gives it workers."""
    made = Dask(tmp_path)
    monkeypatch.setenv("SURVDASH_DASK", made.address)
    settings.cache_clear()
    yield made
    made.close()


@pytest.fixture
def fresh_workers() -> Iterator[None]:
    """Worker processes that know this test's data folder; joblib keeps those of earlier tests alive."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """60 made patients, three folds; one gene and the tiles' first feature shorten life.

    Patient P00 has two slides, the last patient has none and stands in no fold.
    """
    rng = np.random.default_rng(0)
    ids = [f"P{number:02d}" for number in range(CASES)]
    columns = [name for members in GROUPS.values() for name in members]
    genes = pd.DataFrame(rng.normal(size=(CASES, 12)), index=ids, columns=columns)
    tumour = rng.normal(size=CASES)
    hazard = np.exp(1.5 * genes["G0A_rna"].to_numpy() + 1.5 * tumour)
    time = 1 + rng.exponential(30 / hazard)
    origin = BagOrigin(encoder="made", weights="", dim=TILE_DIM)
    path = tmp_path_factory.mktemp("cohort") / "bags.h5"
    slides = {f"{case}-1": case for case in ids[:-1]} | {"P00-2": "P00"}
    with new_bag_file(path, origin) as writer:
        for slide, case in slides.items():
            tiles = rng.normal(size=(5, TILE_DIM))
            tiles[:, 0] += 3 * tumour[ids.index(case)]
            writer.add_slide(slide, [(tiles, np.zeros((5, 2), np.int32))], {})
    facts = {"age": 60.0, "sex": "female", "stage": "II", "site": "A"}
    patients = pd.DataFrame({"time_months": time, "event": rng.random(CASES) < 0.8, **facts}, index=ids)
    return Cohort(
        name="made",
        title="Made",
        simulated=True,
        endpoint="overall survival",
        patients=patients,
        genes=genes,
        gene_groups=GROUPS,
        bag_path=path,
        slides=pd.Series(slides),
        bag_origin=origin,
        folds=pd.Series(np.arange(CASES - 1) % FOLDS, index=ids[:-1]),
    )
