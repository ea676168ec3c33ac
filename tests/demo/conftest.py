from __future__ import annotations

from pathlib import Path

import pytest

from amends.demo import write_demo

PEOPLE = 3_000


@pytest.fixture(scope="session")
def larkspur(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tranches of a small case, with truth."""
    folder = tmp_path_factory.mktemp("larkspur")
    write_demo(folder, people=PEOPLE, seed=5)
    write_demo(folder, people=PEOPLE, seed=5, tranche=2)
    return folder
