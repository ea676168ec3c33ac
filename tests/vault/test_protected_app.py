"""The example application runs as its README says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "docs" / "examples" / "protected_app"
SERVERS = ("amends vault serve", "uvicorn")


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (HERE / "README.md").read_text(), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(HERE, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "app"


@pytest.fixture
def environment(place: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bin_folder = str(Path(sys.executable).parent)
    return {
        **os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "NO_COLOR": "1", "AMENDS_ACTOR": "tester",
        "DESK_ADDRESS": f"http://127.0.0.1:{port}", "PORT": str(port),
    }  # fmt: skip


def words(line: str, environment: dict[str, str]) -> list[str]:
    split = shlex.split(line.replace("8011", environment["PORT"]))
    if split[0] == "python":
        return [sys.executable, *split[1:]]
    if split[0] in ("uvicorn", "amends"):
        return [sys.executable, "-m", *split]
    return split


def run(line: str, place: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        words(line, environment), cwd=place, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


@contextmanager
def serving(line: str, place: Path, environment: dict[str, str]) -> Iterator[None]:
    with (place / f"{abs(hash(line))}.log").open("wb") as log:
        process = subprocess.Popen(
            words(line, environment), cwd=place, env=environment, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def until(place: Path, environment: dict[str, str]) -> None:
    """Wait for the desk and the brake."""
    for _ in range(150):
        with socket.socket() as probe:
            up = not probe.connect_ex(("127.0.0.1", int(environment["PORT"])))
        if up and (place / "vault" / "brake.sock").exists():
            return
        time.sleep(0.2)
    logs = "".join(p.read_text() for p in place.glob("*.log"))
    raise AssertionError(f"the servers did not start: {logs}")


def test_the_readme_holds(place: Path, environment: dict[str, str]) -> None:
    lines = commands()
    asked = [line for line in lines if line.startswith("python ask.py")]
    for line in lines:
        if line not in asked and not line.startswith(SERVERS):
            run(line, place, environment)
    brake, desk = (line for line in lines if line.startswith(SERVERS))
    assert b"666" not in (place / "desk.db").read_bytes()
    with serving(brake, place, environment), serving(desk, place, environment):
        until(place, environment)
        first, second, whole, refused = (run(line, place, environment) for line in asked)
    assert '"Ann Lee"' in first and "3456" in first and "66612" not in first
    assert second == first
    assert "666123456" in whole
    assert "error" in refused and "666" not in refused
    audit = run("amends vault audit vault --json", place, environment)
    assert "desk" in audit and "666123456" not in audit
    for log in place.glob("*.log"):
        assert "66612" not in log.read_text() and "666-12" not in log.read_text()


def test_without_the_brake_nobody_reads_a_whole_value(
    place: Path, environment: dict[str, str]
) -> None:
    run("amends vault new vault", place, environment)
    run("python fill.py", place, environment)
    code = (
        "from starlette.testclient import TestClient; from app import app; c = TestClient(app); "
        "print(c.post('/customers/1/reveal', json={'purpose': 'identity-check', 'case': 'T-1'}).text); "
        "print(c.post('/customers', json={'name': 'Dee', 'ssn': '666-12-9999'}).text); "
        "print(c.post('/find', json={'ssn': '666 12 9999'}).text)"
    )
    refused, added, found = run(f'python -c "{code}"', place, environment).splitlines()
    assert "amends vault serve" in refused and "3456" not in refused
    assert "9999" in added and "Dee" in found
