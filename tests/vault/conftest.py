"""Servers that the tests of stores share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vault.mariadb import Server, server


@pytest.fixture(scope="session")
def maria() -> Iterator[Server]:
    """Yield a running MariaDB server."""
    with server() as running:
        yield running
