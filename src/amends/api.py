"""What works alone, on one's own data, from Python: ``scan``, ``resolve``, ``duties``, ``detect``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends import custody, persons
from amends.duties import answer_json
from amends.elements.scan import scan_part, scan_path, scan_text
from amends.kernel.contents import TablePart, files_of
from amends.kernel.errors import EvidenceError, UsageError
from amends.persons.columns import known_columns
from amends.report import spreadsheet
from amends.timeline import detecting
from amends.timeline.sigma.detector import Detector
from amends.timeline.sigma.loading import load_rules
from amends.timeline.sigma.tables import events_of


def scan_rows(
    paths: Sequence[str | Path], *, text_lines: bool = False, reveal: bool = False
) -> Iterator[dict[str, object]]:
    """Find personal data in files and folders.

    Args:
        paths: Files, or folders that are walked.
        text_lines: Take each line of a text file as a document of its own.
        reveal: Add the value itself to each finding.

    Yields:
        The objects of ``amends scan --json``: kind ``finding``, ``column`` or ``exception``.
    """
    reader = custody.Reader()
    for path in files_of([Path(p) for p in paths]):
        yield from scan_path(path, reader, text_lines=text_lines, reveal=reveal)


def scan(data: object, *, reveal: bool = False) -> pa.Table:
    """Find personal data in a table, a text, or files.

    Args:
        data: A table that speaks the Arrow C stream (pandas, Polars, DuckDB, PyArrow), a text, or a path or list of
            paths (``pathlib.Path``).
        reveal: Add the value itself to each finding in text.

    Returns:
        For a table one row a column: column, element, confidence, n_rows, n_values, n_valid, n_malformed, evidence.
        For a text one row a finding: start, end, element, confidence, evidence, masked. For paths both kinds, with
        path, inner_path and kind.

    Raises:
        UsageError: ``data`` is none of these.
    """
    if isinstance(data, str):
        return _table(scan_text(data, reveal=reveal))
    if isinstance(data, Path):
        return _table(scan_rows([data], reveal=reveal))
    if isinstance(data, list | tuple) and all(isinstance(p, Path) for p in data):
        return _table(scan_rows(data, reveal=reveal))
    return _table(scan_part(_as_part(_arrow(data))))


def resolve(table: object) -> pa.Table:
    """Say which records of a table are one person.

    Args:
        table: Any table that speaks the Arrow C stream. Columns are known by name, synonyms included: record_id
            first middle last suffix name business dob ssn ssn4 phone email street city state zip dl account owner;
            others are ignored.

    Returns:
        record_id, person_id, reason, weight; record_id is the row number from 1 where there is none.
    """
    return persons.resolve(table if hasattr(table, "__arrow_c_stream__") else _arrow(table))


def resolve_file(path: Path, to: str) -> dict[str, Any]:
    """Resolve a file (Parquet, a folder of Parquet, or any table custody can read) and write the answer.

    Returns:
        records, persons, seconds, records_per_second, rows written to ``to``.

    Raises:
        UsageError: There is nothing at ``path``.
        EvidenceError: It holds no table, or more than one.
    """
    started = time.monotonic()
    answer = persons.resolve(read_stream(path))
    rows = spreadsheet.write(answer.schema, answer.to_batches(), to)
    seconds = time.monotonic() - started
    return {
        "records": rows,
        "persons": len(answer.column("person_id").unique()),
        "seconds": round(seconds, 2),
        "records_per_second": int(rows / max(seconds, 1e-9)),
        "to": to,
    }


def duties(facts: object) -> Any:
    """Say who must be told what, by when, and why.

    Args:
        facts: A facts object as in the guide on duties, ``{"facts": …}``, or ``{"examples": [...]}``.

    Returns:
        For each the keys groups, regulators, cra and explain; a list for examples.
    """
    return answer_json(facts)


def detect(
    logs: object,
    rules: str | Path | Sequence[str | Path] = (),
    *,
    own: bool = False,
    known: Sequence[str | Path] = (),
) -> pa.Table:
    """Say which Sigma rules fire on logs.

    Args:
        logs: A log file or folder, or several (containers are opened); or a table of events that speaks the Arrow C
            stream: its columns are the fields, as the product names them (EventID, CommandLine …).
        rules: Folder of rules, or several; without any our own pack is used.
        own: Add our own pack.
        known: Files of what the company knows of its hosts: ``hosts.csv``, a text of known facts.

    Returns:
        One row a detection: the table ``detections``. Events of a table are numbered by row from 0.

    Raises:
        UsageError: There is nothing at a path, or the logs are neither paths nor a table.
    """
    folders = [rules] if isinstance(rules, str | Path) else list(rules)
    if isinstance(logs, str | Path):
        logs = [logs]
    if isinstance(logs, list | tuple) and all(isinstance(p, str | Path) for p in logs):
        return detecting.detect(logs, custody.Reader(), folders, own=own, known=known)
    compiled = load_rules([Path(f) for f in folders], own=own)
    detector = Detector(compiled)
    for batch in events_of(_arrow(logs)):
        detector.take(batch)
    return detector.finish()


def read_stream(path: Path) -> pa.RecordBatchReader:
    """Read what entity resolution knows of the one table of a file, or of a folder of Parquet files, as a stream.

    Raises:
        UsageError: There is nothing there.
        EvidenceError: It holds no table, or more than one.
    """
    if not path.exists():
        raise UsageError("There is no such file", where=str(path), remedy="check the path")
    if path.is_dir() or path.suffix == ".parquet":
        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if files:
            return _parquet_stream(files)
        raise EvidenceError("This folder holds no Parquet", where=str(path), remedy="name a file")
    return _one_table(path).to_reader()


_READ_ROWS = 65_536


def _parquet_stream(files: Sequence[Path]) -> pa.RecordBatchReader:
    """Return the known columns of Parquet files, one row group after another: readers that run ahead cost memory."""
    with _sound(files[0]):
        first = pq.ParquetFile(files[0]).schema_arrow
    known = set(known_columns(first.names).values())
    schema = pa.schema([f for f in first if f.name in known]) if known else first

    def batches() -> Iterator[pa.RecordBatch]:
        for file in files:
            with _sound(file), pq.ParquetFile(file, pre_buffer=False) as table:
                yield from (
                    batch if batch.schema == schema else batch.cast(schema)
                    for batch in table.iter_batches(
                        _READ_ROWS, columns=schema.names, use_threads=False
                    )
                )

    return pa.RecordBatchReader.from_batches(schema, batches())


@contextmanager
def _sound(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, OSError) as error:
        raise EvidenceError(
            "This is not sound Parquet", where=str(file), remedy="export it again"
        ) from error


def _one_table(path: Path) -> pa.Table:
    tables = []
    for part in custody.Reader().parts(path):
        if isinstance(part, TablePart):
            batches = [b.drop_columns(["_row"]) for b in part.batches]
            if batches:
                tables.append(pa.Table.from_batches(batches))
    if len(tables) != 1:
        raise EvidenceError(
            f"This file holds {len(tables) or 'no'} tables; resolve wants one",
            where=str(path),
            remedy="give one table, or make a case: amends new, amends add, amends run",
        )
    return tables[0]


def _as_part(table: pa.Table) -> TablePart:
    """Return a table in the shape custody gives: text columns and a row number."""

    def batches() -> Iterator[pa.RecordBatch]:
        row = 1
        for batch in table.to_batches(max_chunksize=65_536):
            columns = [pc.cast(column, pa.string()) for column in batch.columns]
            numbers = pa.array(range(row, row + batch.num_rows), pa.int64())
            row += batch.num_rows
            yield pa.RecordBatch.from_arrays(
                [*columns, numbers], names=[*table.column_names, "_row"]
            )

    return TablePart(
        "", "application/vnd.apache.arrow", "arrow", tuple(table.column_names), batches()
    )


def _arrow(data: object) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    if isinstance(data, Mapping):
        return pa.table(dict(data))
    raise UsageError(
        f"Amends cannot read a {type(data).__name__} as a table",
        remedy="give a table of pandas, Polars, DuckDB or PyArrow, or a pathlib.Path",
    )


def _table(rows: Iterator[dict[str, object]] | list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))
