"""One demo case, run once, for every end-to-end test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.face import Demo, Grown, amends

PEOPLE = 3_000
SEED = 11


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Return a demo case after its first run."""
    folder = tmp_path_factory.mktemp("demo")
    data, truth, case = folder / "data", folder / "truth", folder / "case"
    amends("demo", data, "--people", str(PEOPLE), "--seed", str(SEED), "--truth", truth)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", data / "add.sh", case], check=True, env=environment, capture_output=True
    )
    amends("run", case)
    return Demo(case, data, truth)


@pytest.fixture(scope="session")
def grown(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Grown:
    """Return a copy of the demo case after its first release and the evidence that came later."""
    folder = tmp_path_factory.mktemp("grown")
    case, data, published = folder / "case", folder / "data", folder / "published"
    shutil.copytree(demo.case, case, symlinks=True)
    first = json.loads(amends("notices", "seal", case, "--json"))
    for name in ("Dana Lee", "Sam Roe"):
        amends("notices", "approve", case, first["seal_id"], "--as", name)
    amends("notices", "send", case, "--channel", "print", "--yes")
    amends("portal", "publish", case, "--to", published)
    for tranche in ("1", "2"):
        amends("demo", data, "--people", str(PEOPLE), "--seed", str(SEED), "--tranche", tranche)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", data / "add.sh", case, "2"], check=True, env=environment, capture_output=True
    )
    amends("run", case)
    second = json.loads(amends("notices", "seal", case, "--json"))
    return Grown(case, published, first, second)
