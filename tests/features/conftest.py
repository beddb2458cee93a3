"""What the tests of embedding share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.made_pictures import pink_pixels, write_picture


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "Jane Doe.png", pink_pixels())
