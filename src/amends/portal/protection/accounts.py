"""The company's accounts for bulk protection: a file of numbers or references, led to persons batch by batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from amends.kernel.errors import EvidenceError, UsageError
from amends.portal.edition import Edition
from amends.portal.handles import account_numbers, account_refs
from amends.portal.keys import SiteKeys

BATCH = 10_000
_REF_COLUMN, _NUMBER_COLUMN = "account_ref", "account"
_REF = re.compile(r"[0-9a-f]{64}")


def read_account_key(path: Path) -> bytes:
    """Return the company's key that makes account references, from ``CASE/keys/banner.json``.

    Raises:
        UsageError: It is not there, or not of that form.
    """
    try:
        return bytes.fromhex(json.loads(path.read_text("utf-8"))["account_key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "The company's key cannot be read", where=path.name, remedy="give CASE/keys/banner.json"
        ) from error


@dataclass
class AccountCounts:
    """What a file of accounts came to: ``n_rows`` = the sum of the others.

    Attributes:
        n_rows: Rows read.
        n_affected: Accounts of persons of the determination.
        n_undecided: Accounts of persons about whom nothing is decided yet, or of several persons; they are
            protected as well.
        n_others: Accounts that lead to nobody.
        n_refused: Rows without an account, or with a reference that is none.
    """

    n_rows: int = 0
    n_affected: int = 0
    n_undecided: int = 0
    n_others: int = 0
    n_refused: int = 0

    def as_json(self) -> dict[str, int]:
        """Return it as a JSON value."""
        return asdict(self)


@dataclass
class AccountFile:
    """A file of accounts: CSV or Parquet with the column ``account_ref``, or ``account`` with the company's own key.

    Args:
        path: The file.
        edition: The edition that says whose account it is.
        keys: The keys of the site.
        account_key: The company's key, for account numbers.
        others_too: Also accounts that lead to nobody.
        given: Accounts at hand, in place of the file: batches with the account's number in their first column.
    """

    path: Path
    edition: Edition
    keys: SiteKeys
    account_key: bytes | None = None
    others_too: bool = False
    given: Iterable[pa.RecordBatch] | None = None
    counts: AccountCounts = field(default_factory=AccountCounts)

    def batches(self) -> Iterator[list[tuple[str, str]]]:
        """Yield pairs of account reference and handle ("" where no person is known).

        Raises:
            UsageError: It has neither column, or account numbers come without the company's key.
            EvidenceError: It cannot be read.
        """
        try:
            for batch in self._read():
                yield self._pairs(*self._refs(batch))
        except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
            raise EvidenceError(
                "The file of accounts cannot be read",
                where=self.path.name,
                remedy="save it as CSV, UTF-8",
            ) from error

    def _read(self) -> Iterator[pa.RecordBatch]:
        if self.given is not None:
            for batch in self.given:
                for start in range(0, batch.num_rows, BATCH):
                    yield batch.select([0]).rename_columns([_NUMBER_COLUMN]).slice(start, BATCH)
            return
        if self.path.suffix.lower() in (".parquet", ".pq"):
            file = pq.ParquetFile(self.path)
            yield from file.iter_batches(BATCH, columns=[self._column(file.schema_arrow.names)])
            return
        with self.path.open("rb") as head:
            first = head.readline(1 << 16).decode("utf-8-sig", "replace")
        names = [name.strip().strip('"') for name in first.rstrip("\r\n").split(",")]
        column = self._column(names)
        convert = pacsv.ConvertOptions(
            column_types={column: pa.string()}, include_columns=[column], strings_can_be_null=True
        )
        read = pacsv.ReadOptions(block_size=1 << 22, column_names=names, skip_rows=1)
        with pacsv.open_csv(self.path, read_options=read, convert_options=convert) as stream:
            for batch in stream:
                for start in range(0, batch.num_rows, BATCH):
                    yield batch.slice(start, BATCH)

    def _column(self, names: list[str]) -> str:
        if _REF_COLUMN in names:
            return _REF_COLUMN
        if _NUMBER_COLUMN not in names:
            raise UsageError(
                "The file of accounts has no column that is known",
                where=self.path.name,
                remedy=f"name it {_REF_COLUMN} (64 hex digits) or {_NUMBER_COLUMN} (the account's number)",
            )
        if self.account_key is None:
            raise UsageError(
                "Account numbers need the company's own key",
                where=self.path.name,
                remedy="give --company-key CASE/keys/banner.json",
            )
        return _NUMBER_COLUMN

    def _refs(self, batch: pa.RecordBatch) -> tuple[list[str], int]:
        """Return the proper references of a batch, and how many rows it had."""
        name = batch.schema.names[0]
        values = batch.column(0).cast(pa.string())
        if name == _NUMBER_COLUMN and self.account_key is not None:
            numbers = [v.strip() for v in values.to_pylist() if v and v.strip()]
            raw = account_refs(self.account_key, pa.array(numbers, pa.string()))
            return [row.tobytes().hex() for row in raw], len(values)
        texts = (v.strip().lower() for v in values.to_pylist() if v)
        return [v for v in texts if _REF.fullmatch(v)], len(values)

    def _pairs(self, refs: list[str], n_rows: int) -> list[tuple[str, str]]:
        """Lead references to persons, and count."""
        raw = np.frombuffer(bytes.fromhex("".join(refs)), np.uint8).reshape(-1, 32)
        found = [self.edition.links.find(int(n)) for n in account_numbers(self.keys.index, raw)]
        known = np.array([hit for hit, _ in found], bool)
        leads_to = np.array([to if hit else 0 for hit, to in found], np.uint64)
        leads = known & (leads_to != 0)  # 0: an account of several persons
        handles = np.full(len(refs), "", object)
        handles[leads] = self._handles(leads_to[leads])
        affected = leads.copy()
        affected[leads] = [self.edition.codes.find(int(n))[1] >= 0 for n in leads_to[leads]]
        counts = self.counts
        counts.n_rows += n_rows
        counts.n_refused += n_rows - len(refs)
        counts.n_affected += int(affected.sum())
        counts.n_undecided += int((known & ~affected).sum())
        counts.n_others += int((~known).sum())
        wanted = np.ones(len(refs), bool) if self.others_too else known
        return [(refs[i], str(handles[i])) for i in np.flatnonzero(wanted)]

    def _handles(self, numbers: Any) -> list[str]:  # Any: an array of numpy
        made: list[str] = self.keys.index.handles(numbers).to_pylist()
        return made
