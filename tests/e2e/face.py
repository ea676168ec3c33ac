"""The command line as a user runs it, and the demo case every end-to-end test shares."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


def _run(words: tuple[str | Path, ...], cwd: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "AMENDS_ACTOR": "tester"}
    return subprocess.run(
        [sys.executable, "-m", "amends", "--no-input", "--quiet", *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=cwd,
        timeout=600,
        check=False,
    )


def amends(*words: str | Path, codes: tuple[int, ...] = (0, 10), cwd: Path | None = None) -> str:
    """Run the command line as a user would and return standard output."""
    done = _run(words, cwd)
    assert done.returncode in codes, (
        f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def refusal(*words: str | Path, code: int) -> str:
    """Run a command that must be refused with this exit code, and return what it says."""
    done = _run(words, None)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stderr[-4000:]}"
    assert "Traceback" not in done.stderr
    return done.stderr


@dataclass(frozen=True)
class Demo:
    """A demo case that was run, and the truth beside it."""

    case: Path
    data: Path
    truth: Path


@dataclass(frozen=True)
class Grown:
    """A demo case whose first seal was released, sent by print and published, and to which a second tranche came.

    The second seal is made and not approved.
    """

    case: Path
    published: Path
    first: dict[str, object]
    second: dict[str, object]
