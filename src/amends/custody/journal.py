"""The custody journal: one sealed line for each act on an exhibit, beside the exhibits.

A line is one of the kernel's sealed lines (``seq``, ``at``, ``actor``, ``act``, ``body``, ``prev``, ``digest``).
Acts: ``begin`` and ``end`` of an intake, ``take`` of one exhibit, ``refuse`` of what could not be taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from amends.kernel.ledger import GENESIS, Ledger, Line

FOLDER = "evidence"
FILE = "journal.jsonl"
CLOCK_SOURCE = "system clock, UTC"


@dataclass(frozen=True)
class Exhibit:
    """One thing received, as the journal has it.

    Attributes:
        exhibit_id: ``E0001`` …
        path: As it was given, folder names included.
        place: Where its bytes lie: a path in the case folder, or the original path of a reference.
        size_bytes: Size.
        sha256: SHA-256 of its bytes, hex.
        blake3: BLAKE3 of its bytes, hex.
        role: stolen, roster, log or inventory.
        owner: Organisation whose data it is.
        population: current, former, prospective …
        store: System it came from.
        as_of: Day the data describe, ISO; "" when not said.
        note: Remark.
        reference: Whether the bytes were left where they lay.
        same_as: Earlier exhibit with the same bytes; "" where there is none.
        received_at: When, ISO UTC.
        received_by: Who.
        clock: Source of the time.
        tool: Name and version of what took it in.
        reason: Why the act was done.
    """

    exhibit_id: str
    path: str
    place: str
    size_bytes: int
    sha256: str
    blake3: str
    role: str
    owner: str
    population: str
    store: str
    as_of: str
    note: str
    reference: bool
    same_as: str
    received_at: str
    received_by: str
    clock: str
    tool: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """Return the fields for a journal line."""
        return asdict(self)


def journal_path(case_folder: Path) -> Path:
    """Return where the journal of a case lies."""
    return case_folder / FOLDER / FILE


def open_journal(case_folder: Path) -> Ledger:
    """Open the journal of a case; it is made by its first line."""
    return Ledger(journal_path(case_folder))


def exhibits(case_folder: Path) -> list[Exhibit]:
    """Return the exhibits of a case in order of receipt."""
    return [
        exhibit_of(line.body) for line in open_journal(case_folder).lines() if line.act == "take"
    ]


def exhibit_of(body: Mapping[str, Any]) -> Exhibit:
    """Return the exhibit of a line's body; fields that an older version did not write are empty."""
    known = {field.name: body.get(field.name, "") for field in fields(Exhibit)}
    known["size_bytes"] = int(body.get("size_bytes", 0))
    known["reference"] = bool(body.get("reference", False))
    return Exhibit(**known)


def refusals(case_folder: Path) -> list[Line]:
    """Return the lines about things that could not be taken in."""
    return [line for line in open_journal(case_folder).lines() if line.act == "refuse"]


def journal_rows(case_folder: Path) -> list[dict[str, object]]:
    """Return the journal as flat rows, one an act, for export."""
    columns = [field.name for field in fields(Exhibit)]
    rows: list[dict[str, object]] = []
    for line in open_journal(case_folder).lines():
        row: dict[str, object] = {
            "seq": line.seq,
            "at": line.at,
            "actor": line.actor,
            "act": line.act,
        }
        for name in columns:
            value = line.body.get(name)
            row[name] = None if value is None else str(value)
        row["body"] = json.dumps(line.body, ensure_ascii=False, sort_keys=True)
        rows.append({**row, "prev": line.prev, "digest": line.digest})
    return rows


def witness(case_folder: Path) -> tuple[int, str]:
    """Return number and digest of the journal's last line, to be kept elsewhere."""
    return open_journal(case_folder).head() if journal_path(case_folder).exists() else (0, GENESIS)


def lines_after_open_begin(lines: Iterator[Line], batch: str) -> list[Line]:
    """Return the lines of an intake that was interrupted and is now given again; empty where there is none."""
    open_lines: list[Line] | None = None
    for line in lines:
        if line.act == "begin":
            open_lines = [] if line.body.get("batch") == batch else None
        elif line.act == "end":
            open_lines = None
        elif open_lines is not None:
            open_lines.append(line)
    return open_lines or []
