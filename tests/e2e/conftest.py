"""One demo case, run once, for every end-to-end test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.face import Demo, amends

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
