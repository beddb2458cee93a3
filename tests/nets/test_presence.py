from __future__ import annotations

import pytest
import torch

from survdash.errors import InputError
from survdash.nets.presence import Presence, check_inputs, drop_modalities

NAN = float("nan")
LENGTHS = torch.tensor([3, 0, 2])
GENES = [torch.tensor([[1.0], [2.0], [NAN]]), torch.tensor([[1.0, 2.0], [3.0, 4.0], [NAN, NAN]])]


def check(lengths=LENGTHS, genes=GENES, clinical=None, **options):
    return check_inputs(lengths, genes, clinical, **{"stand_ins": True, "clinical_dim": 0, **options})


def test_a_length_of_zero_is_no_slide_and_nan_throughout_no_genes():
    found = check()
    assert found.slide.tolist() == [True, False, True]
    assert found.genes.tolist() == [True, True, False]
    assert found.both.tolist() == [True, False, False]


def test_what_the_network_has_no_eye_for_is_absent():
    assert not check(lengths=None, genes=[GENES[0][:2]]).both.any()
    assert not check(lengths=LENGTHS[:1], genes=[]).both.any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stand_ins": False, "genes": [torch.ones(3, 1)]}, "Case 2 of 3 has no tiles.*stand_ins"),
        ({"stand_ins": False, "lengths": torch.tensor([1, 1, 1])}, "Case 3 of 3 has no genes.*stand_ins"),
        ({"lengths": torch.tensor([1, 1, 0])}, "Case 3 of 3 has neither"),
        ({"genes": [GENES[0], torch.tensor([[1.0, NAN], [3.0, 4.0], [NAN, NAN]])]}, "Case 1 of 3 has NaN among"),
        ({"lengths": torch.tensor([1, 1])}, "2 bags, 3 gene rows"),
        ({"clinical": torch.ones(3, 2)}, "0 clinical columns"),
        ({"clinical_dim": 2}, "2 clinical columns, and none"),
        ({"clinical_dim": 2, "clinical": torch.ones(3, 3)}, "2 clinical columns; given: .3, 3"),
        ({"clinical_dim": 1, "clinical": torch.tensor([[1.0], [NAN], [1.0]])}, "Case 2 of 3 has NaN among its clin"),
        ({"clinical_dim": 1, "clinical": torch.ones(4, 1)}, "4 clinical rows"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    with pytest.raises(InputError, match=words):
        check(**change)


def test_a_quarter_of_the_whole_cases_loses_one_modality_either_as_often():
    torch.manual_seed(0)
    size = 30_000
    slide, genes = torch.rand(size) < 0.8, torch.rand(size) < 0.7
    kept = drop_modalities(Presence(slide=slide, genes=genes))
    one_sided = ~(slide & genes)
    assert torch.equal(kept.slide[one_sided], slide[one_sided])
    assert torch.equal(kept.genes[one_sided], genes[one_sided])
    whole = ~one_sided
    assert torch.all(kept.slide[whole] | kept.genes[whole])
    for part in (kept.slide, kept.genes):
        # Some 16,800 cases: a standard error of .0026; five of them.
        assert (~part[whole]).float().mean().item() == pytest.approx(0.125, abs=0.013)
