"""The table of encoders, and names beyond it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from survdash.errors import UnknownNameError
from survdash.features.registry import DEFAULT_ENCODER, ENCODERS, check_encoder, config_digest, find_encoder


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="efficientnet-lite0, resnet50"):
        find_encoder("resnet5")
    assert find_encoder(DEFAULT_ENCODER) is ENCODERS[DEFAULT_ENCODER]
    assert config_digest(DEFAULT_ENCODER) == ""


@pytest.mark.parametrize("name", ["timm:vit_small_patch16_224.augreg_in21k", "hf-hub:MahmoodLab/UNI", "hf-hub:a/b@v1"])
def test_names_of_the_hub_are_let_through_without_a_look_at_the_network(name: str) -> None:
    check_encoder(name)


@pytest.mark.parametrize(
    "name", ["", "timm:", "timm:a/b", "hf-hub:UNI", "hf-hub:a/../b", "hf-hub:a/b/c", "timm:../x", "hf-hub:a/b@../../c"]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(UnknownNameError):
        check_encoder(name)


def test_listing_encoders_costs_no_torch() -> None:
    code = (
        "import sys; from survdash.features.registry import ENCODERS, weights_file; "
        "weights_file('efficientnet-lite0'); sys.exit('torch' in sys.modules or 'httpx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
