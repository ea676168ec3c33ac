"""What the tests of the portal share: a PostgreSQL server, and a fresh state on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.notices.postgres import server
from tests.portal.claims_world import open_world


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the address of a running PostgreSQL database."""
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Yield a fresh state of a site, on each kind of database."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    with open_world(tmp_path, url) as engine:
        yield engine
