"""What is true, for tests only: who the people are, which row is whose, what of whom was exposed.

``people.parquet``    true_id, name parts, birth date, death, status, state of residence (null where
                      no address tells it: abroad, military, never known), address, affected
``records.parquet``   true_id, exhibit, inner_path, row (from 1, header not counted) or offset in the
                      document's text, relation (``self``, or ``holder`` of the account a row names)
``elements.parquet``  true_id, element, form (``valid``, or ``malformed`` where no well-formed value
                      stands), via (``record``, or ``account`` where only the holder's account ties it)

Only stolen exhibits count, and only those of the tranche at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from amends.demo.rows import ELEMENTS, Rows, standing
from amends.demo.strings import Ints, Mask

_BIT = {element: np.uint64(1 << place) for place, element in enumerate(ELEMENTS)}
_WORD = pa.dictionary(pa.int16(), pa.string())
_RECORDS = pa.schema([
    ("true_id", pa.int64()), ("exhibit", _WORD), ("inner_path", _WORD),
    ("row", pa.int64()), ("offset", pa.int64()), ("relation", _WORD),
])  # fmt: skip
_ELEMENTS = pa.schema([
    ("true_id", pa.int64()), ("element", _WORD), ("form", _WORD), ("via", _WORD),
])  # fmt: skip
PEOPLE = pa.schema([
    ("true_id", pa.int64()), ("first", pa.string()), ("middle", pa.string()), ("last", pa.string()),
    ("suffix", pa.string()), ("birth_on", pa.date32()), ("died_on", pa.date32()), ("on_death_list", pa.bool_()),
    ("status", pa.string()), ("state", pa.string()), ("line1", pa.string()), ("line2", pa.string()),
    ("city", pa.string()), ("zip", pa.string()), ("country", pa.string()), ("affected", pa.bool_()),
])  # fmt: skip


def bits(*elements: str) -> np.uint64:
    """Return the mask of some elements."""
    out = np.uint64(0)
    for element in elements:
        out |= _BIT[element]
    return out


class Truth:
    """Writes the three tables, chunk by chunk."""

    def __init__(self, folder: Path) -> None:
        """Open the tables in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        self._people = _writer(folder / "people.parquet", PEOPLE)
        self._records = _writer(folder / "records.parquet", _RECORDS)
        self._elements = _writer(folder / "elements.parquet", _ELEMENTS)
        self._rows: dict[tuple[str, str], int] = {}
        self.n_affected = 0
        self.n_records = 0
        self.n_elements = 0
        # Rows that come one by one wait here until the end.
        self._singles: list[tuple[int | str | None, ...]] = []
        self._businesses: list[dict[str, Any]] = []
        self._business_elements: list[tuple[int | str, ...]] = []
        self.begin(0)

    def begin(self, n: int) -> None:
        """Begin a chunk of ``n`` people."""
        self._valid = np.zeros(n, np.uint64)
        self._malformed = np.zeros(n, np.uint64)
        self._via_account = np.zeros(n, np.uint64)

    def skip_rows(self, exhibit: str, table: str, n: int) -> None:
        """Count rows that are nobody's."""
        self._rows[exhibit, table] = self._rows.get((exhibit, table), 0) + n

    def add(self, exhibit: str, rows: Rows, ids: Ints) -> None:
        """Keep whose rows these are and what stands in them."""
        start = self._rows.get((exhibit, rows.table), 0)
        self._rows[exhibit, rows.table] = start + len(rows)
        number = np.arange(start + 1, start + len(rows) + 1)
        known = rows.person >= 0
        self._keep(exhibit, rows.table, ids[rows.person[known]], number[known], "self")
        if rows.holder is not None:
            held = (rows.holder >= 0) & (rows.holder != rows.person)
            self._keep(exhibit, rows.table, ids[rows.holder[held]], number[held], "holder")
        for column in rows.columns:
            if column.element:
                self._mark(rows, column.element, standing(column), column.malformed, column.other)

    def _mark(
        self,
        rows: Rows,
        element: str,
        mask: Mask,
        malformed: Mask | None,
        other: tuple[str, Mask] | None,
    ) -> None:
        known = rows.person >= 0
        if other is not None:
            code, others = _BIT[other[0]], mask & other[1] & known
            bad = np.zeros(len(rows), np.bool_) if malformed is None else malformed
            self._valid[rows.person[others & ~bad]] |= code
            self._malformed[rows.person[others & bad]] |= code
            mask = mask & ~other[1]
        if malformed is not None:
            self._malformed[rows.person[mask & malformed & known]] |= _BIT[element]
            mask = mask & ~malformed
        self._valid[rows.person[mask & known]] |= _BIT[element]
        if rows.holder is not None:
            held = mask & (rows.holder >= 0)
            self._via_account[rows.holder[held]] |= _BIT[element]

    def add_mention(
        self, exhibit: str, inner_path: str, offset: int, true_id: int, place: int, *elements: str
    ) -> None:
        """Keep that a document speaks of a person; ``place`` is -1 for one outside the chunk."""
        self._single((true_id, exhibit, inner_path, None, offset, "self"))
        if place >= 0:
            self._valid[place] |= bits(*elements)

    def add_row(
        self, exhibit: str, inner_path: str, row: int, true_id: int, place: int, *elements: str
    ) -> None:
        """Keep that one row speaks of a person; ``place`` is -1 for one outside the chunk."""
        self._single((true_id, exhibit, inner_path, row, None, "self"))
        if place >= 0:
            self._valid[place] |= bits(*elements)

    def add_business(self, true_id: int, known: dict[str, str], elements: Sequence[str]) -> None:
        """Keep a business: what people.parquet knows of it and which elements are exposed."""
        row = {**known, "true_id": true_id, "status": "business", "affected": True}
        self._businesses.append(row)
        self._business_elements += [(true_id, element, "valid", "record") for element in elements]
        self.n_affected += 1
        self.n_elements += len(elements)

    def _single(self, row: tuple[int | str | None, ...]) -> None:
        self._singles.append(row)
        self.n_records += 1

    def close(self, ids: Ints, people: dict[str, Any]) -> Mask:
        """Write the people and elements of the chunk; return who was affected."""
        self._malformed &= ~self._valid
        self._via_account &= ~(self._valid | self._malformed)
        everything = self._valid | self._malformed | self._via_account
        affected: Mask = everything != 0
        for mask, form, via in (
            (self._valid, "valid", "record"),
            (self._malformed, "malformed", "record"),
            (self._via_account, "valid", "account"),
        ):
            self._write_elements(ids, mask, form, via)
        people["affected"] = affected
        self._people.write_table(pa.table(people, schema=PEOPLE))
        self.n_affected += int(affected.sum())
        return affected

    def _write_elements(self, ids: Ints, mask: npt.NDArray[np.uint64], form: str, via: str) -> None:
        rows, codes = [], []
        for place, element in enumerate(ELEMENTS):
            mine = ids[(mask & _BIT[element]) != 0]
            rows.append(mine)
            codes.append(np.full(len(mine), place, np.int16))
        number = np.concatenate(rows)
        if not len(number):
            return
        words = pa.DictionaryArray.from_arrays(np.concatenate(codes), pa.array(ELEMENTS))
        self.n_elements += len(number)
        self._write(
            self._elements,
            _ELEMENTS,
            [number, words, _same(form, len(number)), _same(via, len(number))],
        )

    def _keep(self, exhibit: str, table: str, ids: Ints, number: Ints, relation: str) -> None:
        n = len(ids)
        self.n_records += n
        if n:
            words = [_same(exhibit, n), _same(table, n)]
            columns = [ids, *words, number, pa.nulls(n, pa.int64()), _same(relation, n)]
            self._write(self._records, _RECORDS, columns)

    @staticmethod
    def _write(writer: pq.ParquetWriter, schema: pa.Schema, columns: list[Any]) -> None:
        arrays = [
            pa.array(c, t.type) if isinstance(c, list) else c
            for c, t in zip(columns, schema, strict=True)
        ]
        writer.write_table(pa.table(arrays, schema=schema))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the tables."""
        if self._singles:
            columns = [list(column) for column in zip(*self._singles, strict=True)]
            self._write(self._records, _RECORDS, columns)
        if self._businesses:
            self._people.write_table(pa.Table.from_pylist(self._businesses, schema=PEOPLE))
            columns = [list(column) for column in zip(*self._business_elements, strict=True)]
            self._write(self._elements, _ELEMENTS, columns)
        for writer in (self._people, self._records, self._elements):
            writer.close()


def _same(word: str, n: int) -> Any:
    return pa.DictionaryArray.from_arrays(np.zeros(n, np.int16), pa.array([word]))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    words = [field.name for field in schema if field.type == _WORD]
    return pq.ParquetWriter(
        path, schema, compression="snappy", use_dictionary=words or False, write_statistics=False
    )
