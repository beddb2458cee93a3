import pytest

from survdash.errors import UnknownNameError
from survdash.statistics import endpoint_advice
from survdash.statistics.endpoints import ENDPOINTS, _table

CANCERS = (
    "ACC BLCA BRCA CESC CHOL COAD DLBC ESCA GBM HNSC KICH KIRC KIRP LAML LGG LIHC LUAD LUSC MESO OV PAAD PCPG PRAD "
    "READ SARC SKCM STAD TGCT THCA THYM UCEC UCS UVM"
)


def test_the_table_holds_the_33_cancers_of_tcga_with_a_word_for_each_endpoint():
    assert sorted(_table()) == CANCERS.split()
    words = {"recommended", "with caution", "not recommended", "not available"}
    assert {row[name] for row in _table().values() for name in ENDPOINTS} == words
    assert all(row["reason"] for row in _table().values() if {row[n] for n in ENDPOINTS} != {"recommended"})


def test_known_advice():
    # Said in the paper's text too: BRCA's OS needs longer follow-up, PCPG allows none, LAML has OS only.
    assert endpoint_advice("brca", "OS").advice == "with caution"
    assert endpoint_advice("TCGA-PCPG", "os").advice == "not recommended"
    assert endpoint_advice("LAML", "PFI").advice == "not available"
    found = endpoint_advice("TCGA-BLCA", "DSS")
    assert (found.advice, found.endpoint.title) == ("recommended", "Disease-specific survival")


def test_other_cancers_are_unknown_and_other_endpoints_refused():
    assert endpoint_advice("my-cohort", "OS").advice == "unknown"
    with pytest.raises(UnknownNameError, match="OS, DSS, PFI, DFI"):
        endpoint_advice("BLCA", "PFS")
