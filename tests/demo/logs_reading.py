"""Independent readers of the demonstration logs: nothing of the generator's own formats is used."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any


def lines_of(path: Path) -> list[str]:
    """Return the lines of a log as far as it can be read; a torn gzip gives what it has."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except EOFError:
            raw = zlib.decompressobj(31).decompress(raw)
    return raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:-1]


def labels_of(case: Path) -> list[dict[str, Any]]:
    """Return the labels of a case."""
    return [
        json.loads(line)
        for line in (case / "truth-1" / "log_labels.jsonl").read_text().splitlines()
    ]


def truth_of(case: Path, name: str) -> Any:
    """Return a file of the truth."""
    return json.loads((case / "truth-1" / f"{name}.json").read_text("utf-8"))


def labelled_lines(case: Path) -> dict[str, dict[str, list[str]]]:
    """Return label → path → its lines, text logs only."""
    by_path: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in labels_of(case):
        by_path[entry["path"]].append((entry["line"], entry["label"]))
    out: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, entries in by_path.items():
        if path.endswith(("wtmp", "btmp")):
            continue
        lines = lines_of(case / path)
        for number, label in entries:
            if number <= len(lines):
                out[label][path].append(lines[number - 1])
    return out


def logs(case: Path, part: str) -> list[Path]:
    """Return the log files whose path holds a word."""
    return sorted(
        path for path in (case / "logs-1").rglob("*") if path.is_file() and part in path.as_posix()
    )


def read(paths: list[Path]) -> list[str]:
    """Return the lines of some logs."""
    return [line for path in paths for line in lines_of(path)]
