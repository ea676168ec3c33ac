"""Programs that some tests need and Debian has: installed when missing, so that no test is silently skipped."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def program(name: str, package: str) -> str:
    """Return the path of a program, its package installed when it is missing; a test that cannot have it fails."""
    found = shutil.which(name)
    if found is None and shutil.which("apt-get"):
        for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
            subprocess.run(["apt-get", *words], check=False, capture_output=True, timeout=900,
                           env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
        found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing and could not be installed: apt-get install {package}")
    return found


def chromium() -> str:
    """Return the path of Chromium."""
    return program("chromium", "chromium")
