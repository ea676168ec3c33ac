"""``amends site``: it starts, says where, serves, takes up the work of a worker that died, and stops when told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.portal.world import World, publish_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a published world."""
    return publish_world(tmp_path_factory.mktemp("command"))


@contextmanager
def started(world: World, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command on a free port; yield it with the address it told."""
    words = [sys.executable, "-m", "amends", "site", str(world.published), "--port", "0", *options]
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stderr is not None
        try:
            line = child.stderr.readline()
            found = re.search(r"http://\S+:\d+/", line)
            assert found, line
            yield child, found.group(0)
        finally:
            if child.poll() is None:
                child.terminate()
            child.communicate(timeout=30)


def get(address: str) -> int:
    """Return the status of a page, after it came up."""
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return int(answer.status)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_it_serves_and_stops_when_told(world: World) -> None:
    with started(world) as (child, address):
        assert get(f"{address}en/check") == 200
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0


def test_a_worker_that_dies_is_started_again(world: World) -> None:
    with started(world, "--workers", "2") as (child, address):
        assert get(f"{address}en/check") == 200
        before = _children(child.pid)
        assert len(before) >= 2
        os.kill(before[-1], signal.SIGKILL)
        until = time.monotonic() + 30
        while time.monotonic() < until and len(set(_children(child.pid)) - {before[-1]}) < len(before):  # fmt: skip
            time.sleep(0.2)
        assert len(set(_children(child.pid)) - {before[-1]}) >= len(before)
        assert get(f"{address}en/check") == 200
        child.send_signal(signal.SIGTERM)
        assert child.wait(40) == 0


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(word) for word in text.split()]


def test_on_an_open_address_it_warns_that_tls_must_end_in_front(world: World) -> None:
    with started(world, "--host", "0.0.0.0") as (child, _):
        child.send_signal(signal.SIGTERM)
        assert child.stderr is not None
        told = child.stderr.read()
        assert child.wait(30) == 0
        assert "TLS must end in front" in told
        assert "--trust-proxy 1" in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["NOTHING-THERE"], "Nothing is published here"),
        (["PUBLISHED", "--host", "203.0.113.1"], "cannot listen there"),
        (["PUBLISHED", "--state", "nonsense://x"], "kind of database"),
    ],
)
def test_what_cannot_be_served_is_told_with_a_remedy(
    world: World, tmp_path: Path, options: list[str], says: str
) -> None:
    named = [o.replace("PUBLISHED", str(world.published)) for o in options]
    done = subprocess.run(
        [sys.executable, "-m", "amends", "site", *named, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir()), "nothing is made where nothing is published"
