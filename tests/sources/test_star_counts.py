"""STAR-Counts as the GDC writes them: what is no gene, several lines of one symbol, older tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from survdash.errors import GeneError
from survdash.sources.star_counts import find_renamed, read_star_counts
from tests.sources.gdc_server import star_counts

Y_TWIN = "ENSG00000002586.20_PAR_Y\tCD99\tprotein_coding\t0\t0\t0\t1.5000\t0\t0\n"


def _write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "sample.tsv"
    path.write_bytes(content)
    return path


def test_tpm_of_one_symbol_add_up_before_the_logarithm(tmp_path: Path) -> None:
    values = read_star_counts(_write(tmp_path, star_counts({"TP53": 12.3456, "CD99": 1.5, "MYC": 0.0}, more=Y_TWIN)))
    assert list(values.index) == ["CD99", "MYC", "TP53"]  # and no N_unmapped
    np.testing.assert_allclose(values, [2.0, 0.0, np.log2(13.3456)], rtol=1e-14)


def test_only_the_genes_that_are_wanted_are_kept(tmp_path: Path) -> None:
    path = _write(tmp_path, star_counts({"TP53": 1.0, "MYC": 3.0}))
    assert read_star_counts(path, symbols={"MYC", "NONE"}).to_dict() == {"MYC": 2.0}
    with pytest.raises(GeneError, match="none of the genes"):
        read_star_counts(path, symbols={"NONE"})


@pytest.mark.parametrize(("wanted", "there"), [("ARNTL", "BMAL1"), ("BMAL1", "ARNTL")])
def test_a_gene_of_another_symbol_is_known_by_its_id_unless_a_gene_has_the_wanted_one(
    tmp_path: Path, wanted: str, there: str
) -> None:
    row = f"ENSG00000133794.20\t{there}\tprotein_coding\t0\t0\t0\t3.0000\t0\t0\n"
    path = _write(tmp_path, star_counts({"TP53": 1.0}, more=row))
    renamed = find_renamed(path, {wanted, "TP53"})
    assert renamed == {"ENSG00000133794": wanted}
    assert read_star_counts(path, symbols={wanted, "TP53"}, renamed=renamed).to_dict() == {wanted: 2.0, "TP53": 1.0}
    assert find_renamed(path, {there, "TP53"}) == {}
    path = _write(tmp_path, star_counts({wanted: 1.0}, more=row))
    assert find_renamed(path, {wanted}) == {}


@pytest.mark.parametrize("value", ["", "many", "-1", "inf", "nan"])
def test_a_tpm_that_cannot_be_is_named(tmp_path: Path, value: str) -> None:
    content = star_counts({"TP53": 1.0}).replace(b"1.0000", value.encode())
    with pytest.raises(GeneError, match="tpm_unstranded of TP53 in line 7 cannot be"):
        read_star_counts(_write(tmp_path, content))


def test_htseq_tables_and_torn_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneError, match="no STAR-Counts table"):
        read_star_counts(_write(tmp_path, b"ENSG00000000003.13\t2544\nENSG00000000005.5\t13\n"))
    with pytest.raises(GeneError, match="cells, the header 9"):
        read_star_counts(_write(tmp_path, star_counts({"TP53": 1.0})[:-20]))
