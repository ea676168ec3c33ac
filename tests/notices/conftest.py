"""The PostgreSQL server that tests of registers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notices.postgres import server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the address of a running PostgreSQL database."""
    with server() as url:
        yield url
