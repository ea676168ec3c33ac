"""What the benchmarks share: where public data lie, time and memory of a command, pairs of clusters, tables."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]


def public_data() -> Path:
    """Return the folder of public data, or stop with a word on where it should be."""
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), ROOT.parent / "shared" / "data"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    sys.exit("the public data are not there: set AMENDS_PUBLIC_DATA")


@dataclass(frozen=True)
class Cost:
    """What a command cost."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: str
    code: int


def measured(words: Sequence[str | Path], codes: tuple[int, ...] = (0, 10)) -> Cost:
    """Run a command and return its cost; stop when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, text=True) as child:
        output = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode not in codes:
        sys.exit(f"{' '.join(map(str, words))}: exit code {child.returncode}")
    cpu = max(usage.ru_utime + usage.ru_stime, after.ru_utime - before.ru_utime)
    return Cost(
        round(seconds, 2), round(cpu, 2), round(usage.ru_maxrss / 1024, 1), output, child.returncode
    )


def amends(*words: str | Path) -> list[str | Path]:
    """Return the command line of amends in this environment."""
    return [sys.executable, "-m", "amends", "--quiet", "--no-input", *words]


def pair_scores(true: Sequence[object], found: Sequence[object]) -> dict[str, float]:
    """Return pairwise precision, recall and F1, and false merges and splits per million true persons."""
    t = np.unique(np.asarray(true, dtype=str), return_inverse=True)[1].astype(np.int64)
    f = np.unique(np.asarray(found, dtype=str), return_inverse=True)[1].astype(np.int64)
    both = np.unique(t * (f.max() + 1) + f, return_counts=True)[1]
    pairs = [int((n * (n - 1) // 2).sum()) for n in (both, np.bincount(t), np.bincount(f))]
    precision, recall = pairs[0] / max(pairs[2], 1), pairs[0] / max(pairs[1], 1)
    persons, clusters = len(np.unique(t)), len(np.unique(f))
    million = 1e6 / persons
    return {
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-12), 5),
        "persons_true": persons,
        "persons_found": clusters,
        "hidden_per_million": round((len(both) - clusters) * million, 1),
        "duplicates_per_million": round((len(both) - persons) * million, 1),
    }


def show(title: str, rows: Sequence[dict[str, object]], as_json: bool) -> None:
    """Print rows as a table, or as one JSON object with the machine."""
    if as_json:
        print(
            json.dumps(
                {"title": title, "machine": machine(), "rows": list(rows)}, indent=1, default=str
            )
        )
        return
    print(f"# {title}\n# {machine()}")
    names = list(dict.fromkeys(k for row in rows for k in row))
    cells = [[_text(row.get(n)) for n in names] for row in rows]
    widths = [max(len(n), *(len(c[i]) for c in cells)) for i, n in enumerate(names)]
    for line in (names, *cells):
        print("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)))


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    return "" if value is None else str(value)


def machine() -> str:
    """Return the machine in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"
