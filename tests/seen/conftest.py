"""One browser, one case, one site and one console for all tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.packages import chromium
from tests.seen.chrome import FLAGS
from tests.seen.world import World, build, opened, serving


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the case, built once."""
    kept = os.environ.get("AMENDS_SEEN_WORLD")
    if kept and (Path(kept) / "published" / "current").exists():
        return opened(Path(kept))
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
    return build(Path(kept) if kept else tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Yield the one browser."""
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="package")
def site(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the site on a copy of what was published: what is claimed there stays there."""
    published = tmp_path_factory.mktemp("site") / "published"
    shutil.copytree(world.published, published, symlinks=True)
    with serving("site", published, path="/health") as address:
        yield address


@pytest.fixture(scope="package")
def console(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the console of a copy of the case: what is decided there stays there."""
    case = tmp_path_factory.mktemp("console") / "larkspur"
    shutil.copytree(world.open_case, case, symlinks=True)
    with serving("console", case, path="/sign-in") as address:
        yield address
