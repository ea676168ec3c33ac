"""Programs that some tests need and Debian has: installed when missing, so that no test is silently skipped."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    """Return the path of a program, its package installed when it is missing; a test that cannot have it fails."""
    found = shutil.which(name)
    if found is None and shutil.which("apt-get"):
        with alone():
            found = shutil.which(name) or _installed(name, package)
    if found is None:
        pytest.fail(f"{name} is missing and could not be installed: apt-get install {package}")
    return found


def _installed(name: str, package: str) -> str | None:
    for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
        subprocess.run(["apt-get", *words], check=False, capture_output=True, timeout=900,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    return shutil.which(name)


@contextmanager
def alone() -> Iterator[None]:
    """Let one process of a test run install at a time; apt refuses two."""
    with (Path(tempfile.gettempdir()) / "amends-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def chromium() -> str:
    """Return the path of Chromium."""
    return program("chromium", "chromium")
