"""A small case, run, sealed, released and published once; each test module works on a copy of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from amends.console import accounts
from amends.console.app import make_app
from amends.console.roles import ROLES
from tests.console.browser import PASSWORD, Browser
from tests.e2e.face import amends


@pytest.fixture(scope="session")
def finished_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``case`` (run, sealed, approved by two) and ``published``. Do not change it."""
    folder = tmp_path_factory.mktemp("console")
    amends("demo", folder / "data", "--people", "300", "--seed", "4")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", folder / "data" / "add.sh", folder / "case"],
        check=True, env=environment, capture_output=True,
    )  # fmt: skip
    amends("run", folder / "case")
    amends("notices", "seal", folder / "case")
    for name in ("Ann Approver", "Sam Second"):
        amends("notices", "approve", folder / "case", "S0001", "--as", name)
    amends("portal", "publish", folder / "case", "--to", folder / "published")
    return folder


@pytest.fixture(scope="module")
def case_folder(finished_case: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the case for one module."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(finished_case / "case", home / "case", symlinks=True)
    shutil.copytree(finished_case / "published", home / "published", symlinks=True)
    return home / "case"


@pytest.fixture(scope="module")
def console(case_folder: Path) -> Iterator[Starlette]:
    """Return the console of the copy, with one account a role: its name is the role's."""
    app = make_app(case_folder)
    for role in ROLES:
        accounts.add(
            app.state.desk.register,
            role,
            f"{role.replace('_', ' ').title()} Person",
            role,
            PASSWORD,
        )
    yield app
    app.state.desk.close()


@pytest.fixture(scope="module")
def as_role(console: Starlette) -> Callable[[str], Browser]:
    """Return what gives the browser of somebody who signed in with a role; one session a role."""
    open_ones: dict[str, Browser] = {}

    def browser(role: str) -> Browser:
        if role not in open_ones:
            open_ones[role] = Browser(console)
            assert open_ones[role].sign_in(role).status_code == 303
        return open_ones[role]

    return browser


@pytest.fixture(scope="module")
def lead(as_role: Callable[[str], Browser]) -> Browser:
    """Return the lead's browser."""
    return as_role("lead")
