"""SQL dumps: pg_dump (COPY and INSERT), mysqldump, sqlite3 .dump, SQL Server scripts; any size, streaming.

Tables come in the order of the dump. Small runs of rows are held and joined, so that scripts which change tables at
every line still give one part a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from amends.custody.names import clean_leaf, join, unique_columns
from amends.custody.readers.base import BATCH_ROWS, Opener, add_fault, row_numbers, schema_of
from amends.custody.source import Source
from amends.custody.sql.statements import Run, Statements
from amends.custody.text import decode, looks_like_text, sniff_encoding
from amends.kernel.contents import Fault, Part, TablePart

MEDIA_TYPE = "application/sql"
HELD_BYTES = 1 << 28
TAIL_BYTES = 1 << 23
ROW_REMEDY = "compare the row with the dump; its cells were kept as far as they fit"
CUT_REMEDY = "get a complete dump; the rows before the cut were read"
_DUMP = re.compile(
    rb"^(?:INSERT\s+(?:IGNORE\s+)?INTO\s+\S|REPLACE\s+INTO\s|CREATE\s+TABLE\s|COPY\s+\S.*FROM\s+stdin"
    rb"|INSERT\s+\[|-- (?:PostgreSQL|MySQL|MariaDB) (?:database )?dump|PRAGMA foreign_keys)",
    re.I | re.M,
)


class SqlDump:
    """Reads SQL dumps."""

    name = "sql_dump"

    def detect(self, source: Source) -> bool:
        """Answer whether the head has statements of a dump at line starts."""
        if not looks_like_text(source.head) or source.ending in (
            ".csv",
            ".tsv",
            ".json",
            ".html",
            ".eml",
        ):
            return False
        encoding, skip = sniff_encoding(source.head)
        head = source.head[skip:]
        if encoding.startswith(("utf-16", "utf-32")):
            head = head.decode(encoding, "replace").encode()
        return _DUMP.search(head) is not None

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield each table."""
        encoding, skip = sniff_encoding(source.head)
        head = source.head[skip:].decode(encoding, "replace").encode()
        statements = Statements(decode(source.stream(), encoding, skip), head)
        statements.definitions_from(_tail(source))
        yield from _Assembly(statements, source, opener.limits.faults).parts()


def _tail(source: Source) -> bytes:
    """Return the last bytes of a dump on disk, where pg_dump declares the foreign keys."""
    stream = source.again()
    if stream is None:
        return b""
    with stream:
        if source.path is not None:
            size = stream.seek(0, 2)
            stream.seek(max(size - TAIL_BYTES, 0))
            return stream.read()
        kept = b""
        while piece := stream.read(TAIL_BYTES):
            kept = (kept + piece)[-TAIL_BYTES:]
        return kept


@dataclass
class _Held:
    """Rows of a table that wait for more of the same."""

    batches: list[pa.RecordBatch]
    odd: list[str]
    is_named: bool


class _Assembly:
    """Parts from runs of rows."""

    def __init__(self, statements: Statements, source: Source, most_faults: int) -> None:
        self._statements = statements
        self._runs = statements.runs()
        self._next: Run | None = None
        self._source = source
        self._most_faults = most_faults
        self._held: dict[tuple[str, tuple[str, ...]], _Held] = {}
        self._held_bytes = 0
        self._seen: dict[str, int] = {}

    def parts(self) -> Iterator[Part]:
        """Yield the tables with rows, then those without."""
        while (run := self._peek()) is not None:
            held = self._gather(run)
            if self._runs_on(run):
                del self._held[run.table, run.columns]
                yield from self._emit(run, held, streams=True)
            elif self._held_bytes > HELD_BYTES:
                yield from self._flush()
        yield from self._flush()
        yield from self._without_rows()
        if self._statements.is_cut:
            yield Fault(self._source.inner_path, "end", "truncated", CUT_REMEDY, whole=False)

    def _peek(self) -> Run | None:
        if self._next is None:
            self._next = next(self._runs, None)
        return self._next

    def _take(self) -> None:
        self._next = None

    def _runs_on(self, run: Run) -> bool:
        following = self._peek()
        return following is not None and following.key == run.key

    def _gather(self, first: Run) -> _Held:
        """Hold the next runs of one table, up to a batch or two of rows."""
        held = self._held.setdefault((first.table, first.columns), _Held([], [], first.is_named))
        rows = 0
        while (run := self._peek()) is not None and run.key == first.key and rows < 2 * BATCH_ROWS:
            held.batches.append(run.batch)
            held.odd.extend(run.odd)
            rows += run.batch.num_rows
            self._held_bytes += run.batch.nbytes
            self._take()
        return held

    def _flush(self) -> Iterator[Part]:
        waiting, self._held, self._held_bytes = self._held, {}, 0
        for (table, columns), held in waiting.items():
            run = Run(table, columns, held.batches[0], [], held.is_named)
            yield from self._emit(run, held, streams=False)

    def _emit(self, run: Run, held: _Held, *, streams: bool) -> Iterator[Part]:
        name = clean_leaf(run.table)
        self._seen[run.table] = self._seen.get(run.table, 0) + 1
        if self._seen[run.table] > 1:
            name = f"{name}#{self._seen[run.table]}"
        inner = join(self._source.inner_path, name)
        faults: list[Fault] = []
        columns = unique_columns(list(run.columns))
        batches = self._batches(run, held, columns, inner, faults, streams)
        definitions = self._statements.definitions
        keys = definitions.keys_of(run.table)
        self._held_bytes -= sum(batch.nbytes for batch in held.batches) if streams else 0
        yield TablePart(inner, MEDIA_TYPE, "sql_dump", columns, batches, run.is_named, keys, faults)
        for _ in batches:
            pass

    def _batches(
        self,
        run: Run,
        held: _Held,
        columns: tuple[str, ...],
        inner: str,
        faults: list[Fault],
        streams: bool,
    ) -> Iterator[pa.RecordBatch]:
        number = 0
        for batch in _joined(held.batches):
            yield _renumbered(batch, columns, number)
            number += batch.num_rows
        self._note(held.odd, inner, faults)
        while streams and (more := self._peek()) is not None and more.key == run.key:
            self._take()
            yield _renumbered(more.batch, columns, number)
            self._note([f"row {number + at + 1}" for at in more.odd_rows], inner, faults)
            number += more.batch.num_rows

    def _note(self, odd: list[str], inner: str, faults: list[Fault]) -> None:
        for place in odd:
            add_fault(
                faults,
                Fault(inner, place, "malformed_row", ROW_REMEDY, whole=False),
                self._most_faults,
            )

    def _without_rows(self) -> Iterator[Part]:
        seen = {name.rsplit(".", 1)[-1] for name in self._seen}
        definitions = self._statements.definitions
        for table, columns in definitions.columns.items():
            if table in self._seen or table.rsplit(".", 1)[-1] in seen:
                continue
            inner = join(self._source.inner_path, clean_leaf(table))
            yield TablePart(
                inner,
                MEDIA_TYPE,
                "sql_dump",
                unique_columns(columns),
                iter(()),
                True,
                definitions.keys_of(table),
            )


def _joined(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Return many small batches as few."""
    if len(batches) < 2:
        return batches
    table = pa.Table.from_batches(batches).combine_chunks()
    return list(table.to_batches(max_chunksize=BATCH_ROWS))


def _renumbered(batch: pa.RecordBatch, columns: tuple[str, ...], before: int) -> pa.RecordBatch:
    numbers = row_numbers(before + 1, batch.num_rows)
    return pa.RecordBatch.from_arrays([*batch.columns[:-1], numbers], schema=schema_of(columns))
