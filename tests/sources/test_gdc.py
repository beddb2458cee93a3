"""The client of the GDC against a server that answers as documented: pages, warnings, absences, faults."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest
from werkzeug import Request, Response

from survdash.errors import Cancelled, DownloadError, UnknownNameError
from survdash.settings import settings
from survdash.sources import gdc as client
from survdash.sources.barcode import codes_of
from tests.sources.gdc_server import Gdc, star_counts, truncated

TABLE = star_counts({"TP53": 1.0})
CODES = ("01",)


def _cases(gdc: Gdc, number: int) -> list[str]:
    names = [f"TCGA-2F-{index:04d}" for index in range(number)]
    random.Random(3).shuffle(names)
    for name in names:
        gdc.add_case(name)
    return sorted(names)


def _fetch_cases() -> list[dict[str, Any]]:
    with client.open_gdc() as server:
        return client.fetch_cases(server, ["TCGA-BLCA"])


def _list(kind: client.Kind = "genes", codes: tuple[str, ...] = CODES) -> Any:
    with client.open_gdc() as server:
        return client.list_files(server, ["TCGA-BLCA"], kind, codes=codes)


def test_every_page_is_read_in_one_order(gdc: Gdc) -> None:
    # More than two pages of ours, and many of the server's ten.
    names = _cases(gdc, 2 * client.PAGE + 1)
    assert [hit["submitter_id"] for hit in _fetch_cases()] == names
    assert [asked["from"] for _, asked in gdc.asked] == [0, client.PAGE, 2 * client.PAGE]


def test_a_total_that_changes_on_the_way_begins_the_list_anew(gdc: Gdc) -> None:
    names = _cases(gdc, client.PAGE + 5)

    def grow(request: Request) -> Response:
        gdc.add_case("TCGA-AA-0000")  # sorts before all others: every page moves by one
        return gdc.answer(request)

    gdc.fail("/cases", gdc.answer, grow)
    assert [hit["submitter_id"] for hit in _fetch_cases()] == sorted(["TCGA-AA-0000", *names])


def test_a_list_that_never_stands_still_is_told(gdc: Gdc) -> None:
    _cases(gdc, client.PAGE + 1)

    def twice(request: Request) -> Response:
        gdc.cases.append(dict(gdc.cases[0]))
        return gdc.answer(request)

    gdc.fail("/cases", twice)
    with pytest.raises(DownloadError, match="from page to page"):
        _fetch_cases()


def test_a_warning_is_an_error(gdc: Gdc, monkeypatch: pytest.MonkeyPatch) -> None:
    _cases(gdc, 1)
    monkeypatch.setattr(client, "EXPANDED", ("demographic", "follow_up"))
    with pytest.raises(DownloadError, match=r"does not understand .*unrecognized values: \['follow_up'\]"):
        _fetch_cases()


def test_an_answer_of_another_form_is_told(gdc: Gdc) -> None:
    for body in ('{"data": []}', "[]", '{"data": {"hits": [1], "pagination": {"total": 1}}}',
                 '{"data": {"hits": [], "pagination": 3}}', '{"data": {"hits": [], "pagination": {"total": true}}}'):
        gdc.fail("/cases", Response(body, content_type="application/json"))
        with pytest.raises(DownloadError, match="in a form that is not known"):
            _fetch_cases()
    gdc.add_genes("TCGA-2F-0001-01A", TABLE)
    for name in ("cases", "associated_entities"):
        with pytest.raises(DownloadError, match=f"{name} of a file in a form that is not known"):
            client.parse_file(gdc.files[0] | {name: "text"}, "genes")


def test_the_servers_own_words_are_told_of_an_error(gdc: Gdc) -> None:
    words = '{"message": "internal filters are malformed"}'
    gdc.fail("/cases", Response(words, status=400, content_type="application/json"))
    with pytest.raises(DownloadError, match=r"filters are malformed \(400\)"):
        _fetch_cases()
    assert len(gdc.asked) == 1  # it would not become right by asking again


def test_a_page_of_a_proxy_is_told(gdc: Gdc) -> None:
    gdc.fail("/cases", Response("<html>Please log in</html>", content_type="text/html"))
    with pytest.raises(DownloadError, match="did not answer in JSON \\(text/html") as caught:
        _fetch_cases()
    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.parametrize("fault", [Response(status=500), Response(status=503), truncated(b'{"data": {}}', at=5)])
def test_what_is_broken_for_now_is_asked_again(gdc: Gdc, fault: Response) -> None:
    names = _cases(gdc, 3)
    gdc.fail("/cases", fault)
    assert [hit["submitter_id"] for hit in _fetch_cases()] == names
    assert len(gdc.asked) == 2


def test_a_server_that_stays_broken_is_told_after_a_few_tries(gdc: Gdc) -> None:
    gdc.fail("/cases", *[Response(status=502)] * 9)
    with pytest.raises(DownloadError, match="answered 502") as caught:
        _fetch_cases()
    assert "later" in caught.value.hint
    assert len(gdc.asked) == 4


def test_a_busy_server_sets_the_pace(gdc: Gdc) -> None:
    _cases(gdc, 1)
    gdc.fail("/cases", Response(status=429, headers={"Retry-After": "1"}))
    start = time.monotonic()
    assert len(_fetch_cases()) == 1
    assert time.monotonic() - start >= 1.0
    gdc.fail("/cases", Response(status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(DownloadError, match="left alone for 1440 minutes"):
        _fetch_cases()


def test_waiting_for_a_busy_server_can_be_stopped(gdc: Gdc) -> None:
    gdc.fail("/cases", Response(status=429, headers={"Retry-After": "200"}))
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    start = time.monotonic()
    with client.open_gdc(stop) as server, pytest.raises(Cancelled):
        client.fetch_cases(server, ["TCGA-BLCA"])
    assert time.monotonic() - start < 20


def test_without_network_the_message_says_what_to_do(gdc: Gdc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVDASH_GDC_URL", "http://127.0.0.1:9")  # nobody listens on port 9
    settings.cache_clear()
    with pytest.raises(DownloadError, match=r"The GDC \(http://127.0.0.1:9\) cannot be reached") as caught:
        _fetch_cases()
    for word in ("online", "HTTPS_PROXY", "SURVDASH_GDC_URL", "import"):
        assert word in caught.value.hint


def test_a_proxy_that_refuses_is_told_without_its_password(gdc: Gdc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVDASH_GDC_URL", "https://gdc.example")
    monkeypatch.setenv("HTTPS_PROXY", gdc.url.replace("http://", "http://me:secret@"))  # no proxy: it refuses CONNECT
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings.cache_clear()
    with pytest.raises(DownloadError, match="cannot be reached") as caught:
        _fetch_cases()
    assert "HTTPS_PROXY" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_the_gdc_tells_its_release(gdc: Gdc) -> None:
    with client.open_gdc() as server:
        assert client.data_release(server) == "version 1"
        gdc.fail("/status", Response('{"status": "Down"}', content_type="application/json"))
        with pytest.raises(DownloadError, match="not well"):
            client.data_release(server)


def test_one_table_a_case_is_taken_and_the_rest_told(gdc: Gdc) -> None:
    kept = gdc.add_genes("TCGA-2F-0001-01A", TABLE)
    gdc.add_genes("TCGA-2F-0001-01B", TABLE)  # another vial
    gdc.add_genes("TCGA-2F-0002-11A", TABLE)  # normal tissue
    gdc.add_genes("TCGA-2F-0003-01A", TABLE, access="controlled")
    gdc.add_genes("TCGA-2F-0004-01A", TABLE, cases=[])
    gdc.add_genes("TCGA-2F-0005-01A", TABLE, cases=[{"project": {"project_id": "TCGA-BLCA"}}])  # who is it?
    gdc.add_genes("TCGA-2F-0006-06A", TABLE)
    files, notes = _list()
    assert [(one.file_id, one.case_id, one.sample) for one in files] == [(kept, "TCGA-2F-0001", "TCGA-2F-0001-01A")]
    assert (files[0].size, files[0].url) == (len(TABLE), f"{gdc.url}/data/{kept}")
    told = " ".join(notes)
    assert "2 samples are no primary tumour" in told
    assert "1 further samples of cases that have several are left out" in told
    assert "1 files do not say of which one case" in told


def test_a_second_file_of_a_sample_is_told(gdc: Gdc) -> None:
    ids = sorted(gdc.add_genes("TCGA-2F-0001-01A", TABLE) for _ in range(2))
    files, notes = _list()
    assert len(files) == 1
    assert files[0].file_id in ids
    assert "1 further files of a sample" in " ".join(notes)


def test_of_melanoma_the_metastasis_is_preferred(gdc: Gdc) -> None:
    for sample in ("TCGA-2F-0001-01A", "TCGA-2F-0001-06A", "TCGA-2F-0002-01A"):
        gdc.add_genes(sample, TABLE)
    files, notes = _list(codes=codes_of("TCGA-SKCM"))
    assert [one.sample for one in files] == ["TCGA-2F-0001-06A", "TCGA-2F-0002-01A"]
    assert "1 metastasis, 1 primary tumour" in " ".join(notes)


def test_slides_are_known_by_their_names_where_no_sample_is_nested(gdc: Gdc) -> None:
    gdc.add_slide("TCGA-2F-0001-01Z-00-DX1.AA.svs", b"1")
    # 74 slides hang on a portion: no samples in the answer.
    gdc.add_slide("TCGA-2F-0001-01Z-00-DX2.BB.svs", b"2",
                  cases=[{"submitter_id": "TCGA-2F-0001", "project": {"project_id": "TCGA-BLCA"}}])  # fmt: skip
    gdc.add_slide("TCGA-2F-0002-11A-00-DX1.CC.svs", b"3")
    gdc.add_slide("TCGA-2F-0003-01A-01-TS1.DD.svs", b"4", experimental_strategy="Tissue Slide")
    files, notes = _list("slides")
    assert [one.name for one in files] == ["TCGA-2F-0001-01Z-00-DX1.AA.svs", "TCGA-2F-0001-01Z-00-DX2.BB.svs"]
    assert {one.case_id for one in files} == {"TCGA-2F-0001"}
    assert "1 slides are of other kinds" in " ".join(notes)


@pytest.mark.parametrize(
    "changes",
    [{"file_name": "../../TCGA-2F-0001-01Z-00-DX1.svs"}, {"file_name": "TCGA-2F-0001/../../x.svs"},
     {"file_id": "../status"}, {"md5sum": None}, {"file_size": None}, {"file_size": "12"}, {"file_size": -1}],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused(gdc: Gdc, changes: dict[str, Any]) -> None:
    gdc.add_slide("TCGA-2F-0001-01Z-00-DX1.AA.svs", b"1", **changes)
    with pytest.raises(DownloadError, match="cannot be"):
        _list("slides")


def test_cohorts_have_the_names_of_tcga() -> None:
    assert client.projects_of("tcga-blca") == ("TCGA-BLCA",)
    assert client.projects_of("GBMLGG") == ("TCGA-GBM", "TCGA-LGG")
    with pytest.raises(UnknownNameError, match="'XYZ'"):
        client.projects_of("XYZ")
