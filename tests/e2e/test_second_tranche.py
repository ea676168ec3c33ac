"""When the scope grows, only those newly owed, or owed more, hear again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import PEOPLE, SEED
from tests.e2e.face import Demo, amends


@pytest.fixture(scope="module")
def grown(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    folder = tmp_path_factory.mktemp("grown")
    case = folder / "case"
    shutil.copytree(demo.case, case, symlinks=True)
    first = json.loads(amends("notices", "seal", case, "--json"))
    amends("notices", "approve", case, first["seal_id"], "--as", "Dana Lee")
    amends("notices", "approve", case, first["seal_id"], "--as", "Sam Roe")
    amends("notices", "send", case, "--channel", "print", "--yes")
    data = folder / "data"
    for tranche in ("1", "2"):
        amends("demo", data, "--people", str(PEOPLE), "--seed", str(SEED), "--tranche", tranche)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", data / "add.sh", case, "2"], check=True, env=environment, capture_output=True
    )
    amends("run", case)
    second = json.loads(amends("notices", "seal", case, "--json"))
    return case, first, second


def test_the_difference_counts_those_newly_owed_and_owed_more(
    grown: tuple[Path, dict, dict],
) -> None:
    case, _, _ = grown
    counts = json.loads(amends("diff", case, "R0001", "R0002", "--json"))["counts"]
    assert counts["newly_owed"] > 0
    assert counts["owed_more"] > 0


def test_the_second_seal_reaches_only_them(grown: tuple[Path, dict, dict]) -> None:
    case, first, second = grown
    changed = {
        row["person_id"]
        for row in json.loads(amends("diff", case, "R0001", "R0002", "--json"))["persons"]
        if row["change"] in ("newly_owed", "owed_more")
    }
    listed = [
        json.loads(line) for line in amends("export", case, "notices", "--to", "-").splitlines()
    ]
    sealed_again = {n["person_id"] for n in listed if n["sealed_in"] == second["seal_id"]}
    sealed_first = {n["person_id"] for n in listed if n["sealed_in"] == first["seal_id"]}
    assert sealed_again
    assert sealed_again <= changed
    assert len(sealed_again) < 0.5 * len(sealed_first)
    updates = [n for n in listed if n["sealed_in"] == second["seal_id"] and n["kind"] == "update"]
    assert updates
    assert all(n["new_elements"] for n in updates)
