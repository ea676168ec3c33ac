"""What Larkspur's stores hold, counted while the exhibits are written, and where each store lies.

The intruder's reads and the company's own list of stores rest on these counts, so that rows in the logs agree
with the rows of the exhibits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from amends.demo.rows import Rows
from amends.demo.sinks import as_cells

# store -> host it lies on (a key of the estate), exhibit
STORES = {
    "crm-db": ("crm", "larkspur_crm.pg.sql"),
    "archive-db": ("archive", "former_customers.mysql.sql"),
    "credit-share": ("winfs", "credit_applicants.csv"),
    "device-lake": ("lake", "devices.parquet"),
    "prepaid-billing": ("billing", "prepaid_subscribers.psv.gz"),
    "sales-share": ("nas", "business_accounts.xlsx"),
    "mail-archive": ("nas", "support_mail.mbox"),
    "hr-share": ("winfs", "hr-share"),
    "test-server": ("test2", "misc"),
}
_DOCUMENTS = {
    "business_accounts.xlsx": ("name", "email", "phone", "address", "ein", "account_number"),
    "support_mail.mbox": ("name", "email", "phone", "address", "account_number", "ssn_last4"),
    "hr-share": ("name", "address", "birth_date", "ssn", "employee_id", "bank_account"),
    "misc": ("name", "ssn", "phone"),
}


@dataclass
class Held:
    """A table, file or share of a store.

    Attributes:
        store: Store.
        table: Table, or the name of the file.
        elements: Element codes in it.
        rows: Rows; files for a share.
        unit: rows or files.
        size: Bytes of the whole.
    """

    store: str
    table: str
    elements: tuple[str, ...]
    rows: int
    unit: str
    size: int

    @property
    def avg_bytes(self) -> float:
        """Return the bytes of one."""
        return round(self.size / max(self.rows, 1), 1)


@dataclass
class Counted:
    """Rows and bytes of the exhibits, added up while they are written."""

    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    bytes_a_row: dict[tuple[str, str], float] = field(default_factory=dict)
    elements: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def add(self, exhibit: str, rows: Rows) -> None:
        """Count rows of a table of an exhibit."""
        key = (exhibit, rows.table)
        self.rows[key] = self.rows.get(key, 0) + len(rows)
        if key in self.bytes_a_row or not len(rows):
            return
        known = self.elements.setdefault(key, {})
        total = 0
        for column in rows.columns:
            cells = as_cells(column.values)
            total += int(pc.sum(pc.binary_length(cells)).as_py() or 0) + len(rows)
            if column.element:
                known[column.element] = None
                if column.other is not None and bool(np.any(column.other[1])):
                    known[column.other[0]] = None
        self.bytes_a_row[key] = total / len(rows)


def holdings(counted: Counted, evidence: Path) -> list[Held]:
    """Return what the stores of the first tranche hold, in the order of the exhibits."""
    held = []
    for store, (_, exhibit) in STORES.items():
        tables = [key for key in counted.rows if key[0] == exhibit]
        for key in tables:
            n = counted.rows[key]
            size = int(counted.bytes_a_row.get(key, 0) * n)
            name = key[1] or exhibit
            if not key[1]:
                size = _size(evidence / exhibit)
            held.append(Held(store, name, tuple(counted.elements.get(key, ())), n, "rows", size))
        if not tables:
            files = _files(evidence / exhibit)
            held.append(
                Held(
                    store,
                    exhibit,
                    _DOCUMENTS[exhibit],
                    len(files),
                    "files",
                    _size(evidence / exhibit),
                )
            )
    return held


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _size(path: Path) -> int:
    return sum(found.stat().st_size for found in _files(path))


def share_files(evidence: Path, exhibit: str) -> list[tuple[str, int]]:
    """Return the files of an exhibit that is a folder, with their sizes."""
    top = evidence / exhibit
    return [(path.relative_to(top).as_posix(), path.stat().st_size) for path in _files(top)]


def of_store(held: Iterable[Held], store: str) -> list[Held]:
    """Return the tables of one store."""
    return [one for one in held if one.store == store]
