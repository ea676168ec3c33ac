"""From the journal and the exhibits to the tables ``exhibits``, ``items`` and ``exceptions``.

Every thing found is read or is an exception; the stage checks that the sums agree. What reading costs is paid once
here: rows and characters are counted, so a later room cannot be surprised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.custody.digests import digest
from amends.custody.intake import REFUSALS
from amends.custody.journal import Exhibit, exhibits, refusals, witness
from amends.kernel.case import Case
from amends.kernel.contents import DocumentPart, Fault, Part, TablePart
from amends.kernel.errors import EvidenceError
from amends.kernel.progress import Task, step
from amends.kernel.schema import Table
from amends.kernel.stage import Stage
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS

Row = dict[str, Any]
OPENED_ROLES = ("stolen", "roster")


@dataclass
class Inventory:
    """What was found so far.

    Attributes:
        items: Rows of ``items``.
        exceptions: Rows of ``exceptions``.
        ids: Exception ids given out.
    """

    items: list[Row] = field(default_factory=list)
    exceptions: list[Row] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def add_item(self, exhibit: Exhibit, kind: str, part: TablePart | DocumentPart | Fault) -> Row:
        """Add an item and return its row, to be completed."""
        number = len(self.items) + 1
        row: Row = {
            "item_id": f"I{number:07d}",
            "item_no": number,
            "exhibit_id": exhibit.exhibit_id,
            "inner_path": part.inner_path,
            "kind": kind,
            "media_type": "" if isinstance(part, Fault) else part.media_type,
            "reader": "" if isinstance(part, Fault) else part.reader,
            "n_rows": None,
            "n_characters": None,
            "status": "exception" if isinstance(part, Fault) else "read",
        }
        self.items.append(row)
        return row

    def add_exception(self, exhibit_id: str, item_id: str | None, fault: Fault) -> None:
        """Add an exception; its id stays the same while the fault does."""
        number = int(exhibit_id[1:]) if exhibit_id else 0
        seal = hashlib.sha256(
            f"{fault.inner_path}\0{fault.place}\0{fault.reason}".encode("utf-8", "replace")
        )
        tail = int.from_bytes(seal.digest()[:8], "big") % 1_000_000
        while f"X{number:04d}{tail:06d}" in self.ids:
            tail = (tail + 1) % 1_000_000
        made = f"X{number:04d}{tail:06d}"
        self.ids.add(made)
        self.exceptions.append(
            {
                "exception_id": made,
                "exhibit_id": exhibit_id,
                "item_id": item_id,
                "inner_path": fault.inner_path,
                "place": fault.place,
                "whole": fault.whole,
                "reason": fault.reason,
                "remedy": fault.remedy,
                "disposition": "open",
            }
        )


def run(case: Case) -> None:
    """Write the exhibits as received, every item in them, and what could not be read."""
    received = exhibits(case.folder)
    found = Inventory()
    refused_exceptions(case.folder, found)
    total = sum(exhibit.size_bytes for exhibit in received if exhibit.role in OPENED_ROLES)
    with step(case.progress, "custody", total, "bytes") as task:
        for exhibit in received:
            if exhibit.role in OPENED_ROLES:
                open_exhibit(case, exhibit, found, task)
    apply_decisions(case, found)
    check_sums(found)
    case.write(EXHIBITS, _arrow(EXHIBITS, [exhibit_row(exhibit) for exhibit in received]))
    case.write(ITEMS, _arrow(ITEMS, found.items))
    case.write(EXCEPTIONS, _arrow(EXCEPTIONS, found.exceptions))


def place_of(case_folder: Path, exhibit: Exhibit) -> Path:
    """Return where the bytes of an exhibit lie."""
    return Path(exhibit.place) if exhibit.reference else case_folder / exhibit.place


def open_exhibit(case: Case, exhibit: Exhibit, found: Inventory, task: Task) -> None:
    """Read an exhibit to its end and note every item and fault.

    Raises:
        EvidenceError: Its bytes are missing, or not what was sealed.
    """
    path = place_of(case.folder, exhibit)
    _check_seal(path, exhibit)
    task.say(exhibit.exhibit_id)
    items_before = len(found.items)
    for part in case.contents.parts(path):
        note_part(exhibit, part, found)
    if len(found.items) == items_before:
        nothing = Fault("", "", "empty", "ask the custodian whether it was empty at the source")
        note_part(exhibit, nothing, found)
    task.advance(exhibit.size_bytes)


def _check_seal(path: Path, exhibit: Exhibit) -> None:
    """Compare an exhibit's bytes with its seal before anything is read from them."""
    restore = "restore it from the custodian's copy; amends verify says what else changed"
    try:
        found = digest(path)
    except OSError as error:
        raise EvidenceError(
            f"Exhibit {exhibit.exhibit_id} is missing or cannot be read",
            where=exhibit.place,
            remedy=restore,
        ) from error
    for what, now, sealed in (
        ("size", f"{found.size_bytes:,} bytes", f"{exhibit.size_bytes:,} bytes"),
        ("sha256", found.sha256, exhibit.sha256),
        ("blake3", found.blake3, exhibit.blake3),
    ):
        if now != sealed:
            raise EvidenceError(
                f"Exhibit {exhibit.exhibit_id} is not what was sealed ({what} differs)",
                where=exhibit.place,
                remedy=restore,
            )


def note_part(exhibit: Exhibit, part: Part, found: Inventory) -> None:
    """Read a part to its end and note it."""
    if isinstance(part, Fault):
        row = found.add_item(exhibit, "unknown", part) if part.whole else None
        found.add_exception(
            exhibit.exhibit_id, row["item_id"] if row else _last_item(found, exhibit), part
        )
        return
    row = found.add_item(exhibit, "table" if isinstance(part, TablePart) else "document", part)
    if isinstance(part, TablePart):
        row["n_rows"] = sum(batch.num_rows for batch in part.batches)
    else:
        row["n_characters"] = sum(len(block.text) for block in part.blocks)
    whole = next((fault for fault in part.faults if fault.whole), None)
    if whole is not None:
        row["status"] = "exception"
    for fault in part.faults:
        found.add_exception(exhibit.exhibit_id, row["item_id"], fault)


def _last_item(found: Inventory, exhibit: Exhibit) -> str | None:
    last = found.items[-1] if found.items else None
    return last["item_id"] if last and last["exhibit_id"] == exhibit.exhibit_id else None


def refused_exceptions(case_folder: Path, found: Inventory) -> None:
    """Note what could not be taken in at all; it is in no exhibit, so it is no item."""
    for line in refusals(case_folder):
        reason = str(line.body.get("reason", "unreadable"))
        fault = Fault(
            str(line.body.get("path", "")), "", reason, REFUSALS.get(reason, ""), whole=True
        )
        found.add_exception("", None, fault)


def apply_decisions(case: Case, found: Inventory) -> None:
    """Set the disposition of exceptions a person decided about."""
    decided = dispositions(case)
    for row in found.exceptions:
        row["disposition"] = decided.get(row["exception_id"], "open")


def dispositions(case: Case) -> Mapping[str, str]:
    """Return what was decided about exceptions, the last word counting."""
    chosen: dict[str, str] = {}
    for decision in case.decisions("exception"):
        chosen[str(decision.subject.get("exception_id", ""))] = decision.choice
    return chosen


def check_sums(found: Inventory) -> None:
    """Check that items read and items lost are the items found.

    Raises:
        EvidenceError: They are not; an item would have been silently dropped.
    """
    read = {row["item_id"] for row in found.items if row["status"] == "read"}
    lost = {row["item_id"] for row in found.exceptions if row["whole"] and row["item_id"]}
    if len(read) + len(lost) != len(found.items) or read & lost:
        raise EvidenceError(
            f"Items read ({len(read)}) and lost ({len(lost)}) are not the items found ({len(found.items)})",
            where="custody",
            remedy="this is a fault in Amends: please report it with the kind of exhibit",
        )


def exhibit_row(exhibit: Exhibit) -> Row:
    """Return an exhibit as a row of ``exhibits``."""
    return {
        "exhibit_id": exhibit.exhibit_id,
        "role": exhibit.role,
        "owner": exhibit.owner,
        "population": exhibit.population,
        "store": exhibit.store,
        "as_of_on": date.fromisoformat(exhibit.as_of) if exhibit.as_of else None,
        "path": exhibit.path,
        "place": exhibit.place,
        "size_bytes": exhibit.size_bytes,
        "sha256": exhibit.sha256,
        "blake3": exhibit.blake3,
        "received_at": datetime.fromisoformat(exhibit.received_at),
        "received_by": exhibit.received_by,
        "note": exhibit.note,
    }


def _arrow(table: Table, rows: list[Row]) -> Iterator[pa.RecordBatch]:
    yield from pa.Table.from_pylist(rows, table.schema).to_batches() or [
        pa.RecordBatch.from_pylist([], table.schema)
    ]


def depends_on(case: Case) -> object:
    """Return what the result depends on besides settings: the journal's head, decisions, passwords."""
    password_file = case.config.text("custody", "password_file")
    passwords = Path(password_file)
    sealed = (
        hashlib.sha256(passwords.read_bytes()).hexdigest()
        if password_file and passwords.is_file()
        else ""
    )
    return {
        "journal": witness(case.folder),
        "decided": dict(dispositions(case)),
        "passwords": sealed,
    }


STAGE = Stage("custody", reads=(), writes=(EXHIBITS, ITEMS, EXCEPTIONS), run=run, also=depends_on)
