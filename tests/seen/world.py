"""A small released case, and its site and console as real processes on this machine.

``AMENDS_SEEN_WORLD`` names a folder in which the case is kept from one run to the next, for whoever works on pages.
"""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PEOPLE, SEED = 400, 3
CLOCK = "2026-08-24T09:00:00+00:00"  # a week after the discovery: offers run, deadlines lie ahead
PASSWORD = "four plain words here"
_START_SECONDS = 60


@dataclass(frozen=True)
class World:
    """What the tests look at.

    Attributes:
        folder: Everything below it.
        open_case: A case with a seal that nobody has approved yet: the console's.
        published: What was published of the same case, released: the site's.
        letters: Rows of the print batch: ``notice_id``, ``code``, ``variant`` …
    """

    folder: Path
    open_case: Path
    published: Path
    letters: tuple[dict[str, str], ...]

    def code(self, at: int = 0) -> str:
        """Return the letter code of one person."""
        return self.letters[at]["code"]


def environment() -> dict[str, str]:
    """Return the environment of every process: the clock of the demo, no colours."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AMENDS_CLOCK": CLOCK,
        "AMENDS_ACTOR": "tester",
        "NO_COLOR": "1",
    }


def amends(*words: str | Path, codes: tuple[int, ...] = (0, 10)) -> str:
    """Run the command line as a user would and return standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "amends", "--no-input", "--quiet", *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode in codes, (
        f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout


def build(folder: Path) -> World:
    """Make the case: intake, run, seal; a copy is approved by two, sent, and published; codes and accounts."""
    data, open_case, released = folder / "data", folder / "open", folder / "released"
    published = folder / "published"
    amends("demo", data, "--people", str(PEOPLE), "--seed", str(SEED))
    subprocess.run(
        ["bash", data / "add.sh", open_case], check=True, env=environment(), capture_output=True
    )
    amends("run", open_case)
    amends("notices", "seal", open_case)
    shutil.copytree(open_case, released, symlinks=True)
    for name in ("Dana Lee", "Robin Roe"):
        amends("notices", "approve", released, "S0001", "--as", name)
    amends("notices", "send", released, "--channel", "print", "--yes")
    amends("portal", "publish", released, "--to", published)
    _enrolment_codes(folder, published)
    _accounts(folder, open_case)
    return opened(folder)


def opened(folder: Path) -> World:
    """Return a world that was built."""
    manifests = sorted((folder / "released" / "out" / "print").glob("*/manifest.csv"))
    rows = [
        row for path in manifests for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    assert rows, "no letter was printed"
    return World(folder, folder / "open", folder / "published", tuple(rows))


def _enrolment_codes(folder: Path, published: Path) -> None:
    path = folder / "codes.csv"
    path.write_text("code\n" + "".join(f"LW{i:08d}Q7\n" for i in range(2000)), "utf-8")
    product = "Larkspur Identity Watch"
    amends("offers", "import", published, path, "--product", product, "--expires-on", "2027-06-30")
    path.unlink()


def _accounts(folder: Path, case: Path) -> None:
    path = folder / "password.txt"
    path.write_text(PASSWORD + "\n", "utf-8")
    people = (
        ("dana", "lead", "Dana Lee"), ("robin", "counsel", "Robin Roe"), ("remy", "reviewer", "Remy Park"),
        ("cal", "call_centre", "Cal Center"),
    )  # fmt: skip
    for name, role, shown in people:
        amends(
            "users", "add", case, name, "--role", role, "--shown", shown, "--password-file", path
        )


@contextmanager
def serving(*words: str | Path, path: str) -> Iterator[str]:
    """Run a server of the command line on a free port of this machine; yield its address, end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "amends", "--no-input", *map(str, words), "--port", str(port)],
        env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _wait(f"{address}{path}", process)
        yield address
    finally:
        process.terminate()
        try:
            _, said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
    assert "Traceback" not in said, said[-4000:]


def _wait(address: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {process.communicate()[1][-4000:]}")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {address}")
