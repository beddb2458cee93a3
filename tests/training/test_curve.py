from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from survdash.training.curve import Curve, InnerStop, curve_from_json

INNER = InnerStop(training=(0.1 + 0.2, 1 / 3), validation=(2.5, 2.0), epochs=2)


@pytest.mark.parametrize("curve", [Curve(), Curve(training=(1 / 3,), inner=INNER)])
def test_a_curve_survives_json_bit_for_bit(curve):
    assert curve_from_json(json.loads(json.dumps(asdict(curve)))) == curve
