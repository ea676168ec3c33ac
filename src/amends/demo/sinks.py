"""Writers of tables in the formats the carrier's systems export, streamed chunk by chunk.

Source:
    PostgreSQL documentation, pg_dump and COPY text format; MySQL reference manual, mysqldump and
    string literals; RFC 4180 for CSV quoting.
"""

from __future__ import annotations

import gzip
import io
import shutil
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.demo.rows import Rows
from amends.demo.strings import Text

_COPY_BYTES = 1 << 22
# A mysqldump statement is about a megabyte: net_buffer_length.
_ROWS_A_STATEMENT = 4_000


class Sink(Protocol):
    """Takes the rows of an exhibit."""

    def write(self, rows: Rows) -> None:
        """Append rows to their table."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def as_cells(values: Text) -> Text:
    """Return any column as strings; nulls stay."""
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def raw_bytes(values: Text) -> memoryview:
    """Return the bytes of all strings of a column, one after the other."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not len(array):
        return memoryview(b"")
    offsets = memoryview(array.buffers()[1]).cast("i")
    start, end = offsets[array.offset], offsets[array.offset + len(array)]
    return memoryview(array.buffers()[2])[start:end]


class PgDump:
    """A plain dump of PostgreSQL: the statements before, one COPY a table, the keys after."""

    def __init__(self, path: Path, before: str, copies: dict[str, str], after: str) -> None:
        """Open the dump.

        Args:
            path: The file.
            before: Settings and table definitions.
            copies: Table → its column list as COPY names it, in the order of the dump.
            after: Keys and the end.
        """
        self._path, self._before, self._after = path, before, after
        self._copies = copies
        self._parts = {name: path.with_name(f".{path.name}.{name}") for name in copies}
        self._open = {name: part.open("wb") for name, part in self._parts.items()}

    def write(self, rows: Rows) -> None:
        """Append rows in COPY text format."""
        cells = [pc.fill_null(as_cells(column.values), "\\N") for column in rows.columns]
        ended = pc.binary_join_element_wise(cells[-1], "\n", "")
        lines = pc.binary_join_element_wise(*cells[:-1], ended, "\t")
        self._open[rows.table].write(raw_bytes(lines))

    def close(self) -> None:
        """Put the parts together."""
        with self._path.open("wb") as whole:
            whole.write(self._before.encode())
            for name, columns in self._copies.items():
                self._open[name].close()
                head = (
                    f"--\n-- Data for Name: {name}; Type: TABLE DATA; Schema: public; "
                    f"Owner: larkspur_app\n--\n\nCOPY public.{name} ({columns}) FROM stdin;\n"
                )
                whole.write(head.encode())
                with self._parts[name].open("rb") as part:
                    shutil.copyfileobj(part, whole, _COPY_BYTES)
                whole.write(b"\\.\n\n\n")
                self._parts[name].unlink()
            whole.write(self._after.encode())


class MySqlDump:
    """A dump of MySQL: definitions and extended INSERTs, table after table."""

    def __init__(self, path: Path, before: str, tables: dict[str, str], after: str) -> None:
        """Open the dump; ``tables`` maps each table to its CREATE statement."""
        self._path, self._before, self._after, self._tables = path, before, after, tables
        self._parts = {name: path.with_name(f".{path.name}.{name}") for name in tables}
        self._open = {name: part.open("wb") for name, part in self._parts.items()}

    def write(self, rows: Rows) -> None:
        """Append rows as extended INSERT statements."""
        cells = [_mysql_value(column.values) for column in rows.columns]
        body = pc.binary_join_element_wise(*cells, ",")
        n = len(rows)
        if not n:
            return
        last = [i % _ROWS_A_STATEMENT == _ROWS_A_STATEMENT - 1 for i in range(n - 1)] + [True]
        first = [True, *last[:-1]]
        head = pc.if_else(pa.array(first), f"INSERT INTO `{rows.table}` VALUES (", "(")
        tail = pc.if_else(pa.array(last), ");\n", "),")
        lines = pc.binary_join_element_wise(head, body, tail, "")
        self._open[rows.table].write(raw_bytes(lines))

    def close(self) -> None:
        """Put the parts together."""
        with self._path.open("wb") as whole:
            whole.write(self._before.encode())
            for name, create in self._tables.items():
                self._open[name].close()
                whole.write(_mysql_head(name, create).encode())
                with self._parts[name].open("rb") as part:
                    shutil.copyfileobj(part, whole, _COPY_BYTES)
                whole.write(
                    f"/*!40000 ALTER TABLE `{name}` ENABLE KEYS */;\nUNLOCK TABLES;\n\n".encode()
                )
                self._parts[name].unlink()
            whole.write(self._after.encode())


def _mysql_head(name: str, create: str) -> str:
    return (
        f"--\n-- Table structure for table `{name}`\n--\n\nDROP TABLE IF EXISTS `{name}`;\n"
        "/*!40101 SET @saved_cs_client     = @@character_set_client */;\n"
        "/*!50503 SET character_set_client = utf8mb4 */;\n"
        f"{create}\n/*!40101 SET character_set_client = @saved_cs_client */;\n\n"
        f"--\n-- Dumping data for table `{name}`\n--\n\nLOCK TABLES `{name}` WRITE;\n"
        f"/*!40000 ALTER TABLE `{name}` DISABLE KEYS */;\n"
    )


def _mysql_value(values: Text) -> Text:
    if not pa.types.is_string(values.type):
        return pc.fill_null(values.cast(pa.string()), "NULL")
    escaped = values
    for sign, written in (("\\", "\\\\"), ("'", "\\'")):
        if sign.encode() in bytes(raw_bytes(escaped)):
            escaped = pc.replace_substring(escaped, sign, written)
    return pc.fill_null(pc.binary_join_element_wise("'", escaped, "'", ""), "NULL")


class Delimited:
    """A delimited text file, with what its exporter puts above the header, gzipped or not."""

    def __init__(
        self,
        path: Path,
        *,
        comma: str = ",",
        above: str = "",
        encoding: str = "utf-8",
        newline: str = "\n",
        quote: str = '"',
    ) -> None:
        """Open the file; ``above`` comes before the header as it is."""
        self._comma, self._newline, self._quote, self._encoding = comma, newline, quote, encoding
        self._raw = path.open("wb")
        # No name and no time in the header: the same rows give the same bytes.
        self._file: IO[bytes] | gzip.GzipFile = (
            gzip.GzipFile("", "wb", 1, self._raw, 0) if path.suffix == ".gz" else self._raw
        )
        self._above: str | None = above

    def write(self, rows: Rows) -> None:
        """Append rows; the first ones bring the header."""
        if self._above is not None:
            header = self._comma.join(column.name for column in rows.columns)
            self._put((self._above + header + self._newline).encode())
            self._above = None
        if not len(rows):
            return
        cells = [pc.fill_null(as_cells(column.values), "") for column in rows.columns]
        written = raw_bytes(self._lines(cells))
        if self._quote and not self._plain(bytes(written), len(rows), len(cells)):
            written = raw_bytes(self._lines([self._quoted(column) for column in cells]))
        self._put(written)

    def _lines(self, cells: list[Text]) -> Text:
        *most, last = cells
        ended = pc.binary_join_element_wise(last, self._newline, "")
        return pc.binary_join_element_wise(*most, ended, self._comma)

    def _plain(self, written: bytes, rows: int, columns: int) -> bool:
        """Return whether no value holds a comma, a quote or a line end."""
        return (
            self._quote.encode() not in written
            and written.count(self._comma.encode()) == rows * (columns - 1)
            and written.count(b"\n") == rows
        )

    def _put(self, written: bytes | memoryview) -> None:
        if self._encoding != "utf-8":
            written = bytes(written).decode().encode(self._encoding, "replace")
        self._file.write(written)

    def _quoted(self, values: Text) -> Text:
        quote = self._quote
        needs = pc.match_substring_regex(values, f"[{self._comma}{quote}\n]")
        doubled = pc.replace_substring(values, quote, quote * 2)
        return pc.if_else(needs, pc.binary_join_element_wise(quote, doubled, quote, ""), values)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        self._raw.close()


class ParquetFile:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        """Remember where to write; the first rows bring the schema."""
        self._path = path
        self._writer: Any = None

    def write(self, rows: Rows) -> None:
        """Append rows."""
        table = rows.arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="snappy")
        self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


class JsonLines:
    """One JSON object a line; an absent value is null."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self._file = path.open("wb")

    def write(self, rows: Rows) -> None:
        """Append rows."""
        parts: list[Text | str] = ["{"]
        for place, column in enumerate(rows.columns):
            escaped = as_cells(column.values)
            for sign, written in (("\\", "\\\\"), ('"', '\\"')):
                escaped = pc.replace_substring(escaped, sign, written)
            quoted = pc.binary_join_element_wise('"', escaped, '"', "")
            lead = f'{", " if place else ""}"{column.name}": '
            parts += [lead, pc.fill_null(quoted, "null")]
        lines = pc.binary_join_element_wise(*parts, "}\n", "")
        self._file.write(raw_bytes(lines))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def memory_csv(rows: Rows, comma: str = ",") -> bytes:
    """Return a few rows as CSV: for attachments."""
    out = io.StringIO()
    out.write(comma.join(column.name for column in rows.columns) + "\r\n")
    lists = [as_cells(column.values).to_pylist() for column in rows.columns]
    for cells in zip(*lists, strict=True):
        out.write(comma.join(cell or "" for cell in cells) + "\r\n")
    return out.getvalue().encode()
