"""The site over a small published world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.visitor import Place, running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Return a running site."""
    with running(tmp_path) as made:
        yield made
