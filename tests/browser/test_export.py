"""What is downloaded is what is stored, and what the command line gives."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser
