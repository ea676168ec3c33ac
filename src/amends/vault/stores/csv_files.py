r"""CSV files: the bytes of the protected fields change, all others stay.

A field's quotes, the spaces around it, the line ends, the encoding and the packing of the file stay as they were, so
that a column that is not protected is the same byte for byte. A row that cannot be read is kept and counted with its
line. Empty fields, ``\N`` and an unquoted ``NULL`` are left alone.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.stores.base import ColumnShape, Refusal
from amends.vault.stores.csv_dialect import dialect_of, form_of
from amends.vault.stores.csv_fields import Fields, fields_of, spliced
from amends.vault.stores.csv_rows import Block, blocks
from amends.vault.stores.csv_streams import PACKED, Narrow, Widen, packed, unpacked
from amends.vault.stores.file_kinds import Form, Rewrite
from amends.vault.stores.files import FileStore

ENDINGS = (".csv", ".tsv", ".tab", ".psv", ".ssv")


class Csv:
    """The format of CSV and its kin."""

    name = "csv"

    def fits(self, path: Path) -> bool:
        """Say by the name whether a file is CSV, packed or not."""
        ending = path.suffix.lower()
        inner = Path(path.stem).suffix.lower() if ending in PACKED else ending
        return inner in ENDINGS

    def columns(self, path: Path, form: Form | None = None) -> tuple[ColumnShape, ...]:
        """Return the columns of a file; ``column_1`` and so on where it has no header."""
        names = (form or self._form(path))["names"]
        return tuple(ColumnShape(name, "text") for name in names)

    def n_rows(self, path: Path, form: Form | None = None) -> int:
        """Return the rows of a file, counted."""
        form = form or self._form(path)
        return sum(len(rows) for _, rows in _data_rows(path, form))

    def form(self, path: Path, columns: Sequence[str]) -> Form:
        """Return how a file is written."""
        return self._form(path)

    def refusals(self, path: Path, columns: Sequence[str]) -> list[Refusal]:
        """Return why columns cannot be protected."""
        names = self._form(path)["names"]
        remedy = "name a column that amends vault plan shows"
        return [
            Refusal(
                f"There {'is no column' if c not in names else 'are several columns'} {c}", remedy
            )
            for c in columns
            if names.count(c) != 1
        ]

    def changes(self, path: Path, columns: Sequence[str]) -> list[str]:
        """Return what will be different in the file: nothing but the fields themselves."""
        return []

    def batches(
        self, path: Path, columns: Sequence[str], rows: int, form: Form | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts; null for a field that is empty, missing or cannot be read."""
        form = form or self._form(path)
        chosen = list(columns) or form["names"]
        places = [_place(path, form, c) for c in chosen]
        for block, kept in _data_rows(path, form):
            arrays = [fields_of(block, kept, place, form).texts() for place in places]
            whole = pa.RecordBatch.from_arrays(arrays, names=chosen)
            for start in range(0, whole.num_rows, rows):
                yield whole.slice(start, rows)

    def rewrite(self, source: Path, target: Path, work: Rewrite) -> Iterator[int]:
        """Write a file again with other values in some columns."""
        form = work.form
        places = sorted((_place(source, form, c), c) for c in work.columns)
        with _readable(source), unpacked(source) as stream, packed(target, _packing(source)) as out:
            out.write(stream.read(form["mark"]))
            sink = Widen(out, form["encoding"])
            skip = form["skip"]
            for block in blocks(Narrow(stream, form["encoding"]), dialect_of(form)):
                kept, skip = _kept(block, skip)
                sink.write(_changed(block, kept, places, work))
                yield len(kept)

    @staticmethod
    def _form(path: Path) -> Form:
        with _readable(path):
            return form_of(path)


CSV = Csv()


def _changed(
    block: Block, rows: NDArray[np.int64], places: list[tuple[int, str]], work: Rewrite
) -> bytes | memoryview:
    """Return the bytes of a block with the fields of some columns changed."""
    if not len(rows):
        return block.raw
    fields: list[Fields] = []
    values: list[pa.Array] = []
    for place, column in places:
        found = fields_of(block, rows, place, work.form)
        texts = found.texts()
        batch = pa.RecordBatch.from_arrays([texts], names=[column])
        changed = work.convert(batch).column(0)
        fields.append(found)
        values.append(found.encoded(texts, changed))
    _count_faults(block, rows, fields, work)
    return spliced(block, fields, values)


def _count_faults(
    block: Block, rows: NDArray[np.int64], fields: list[Fields], work: Rewrite
) -> None:
    """Count the rows that are not as the others."""
    width = len(work.form["names"])
    newline = ord(work.form["newline"])
    ragged = block.fields[rows] != width
    unread = np.zeros(len(rows), np.bool_)
    for found in fields:
        unread |= found.unread
    odd = block.odd[rows]
    for at in np.flatnonzero(ragged | unread | odd):
        line = block.line_of(int(rows[at]), newline)
        if unread[at]:
            reason = "not in the file's encoding, or a quote that does not close: kept as it was"
        elif ragged[at]:
            reason = f"{int(block.fields[rows[at]])} fields where the others have {width}"
        else:
            reason = "a quote that does not close a field"
        work.faults.add(line, reason)


def _data_rows(path: Path, form: Form) -> Iterator[tuple[Block, NDArray[np.int64]]]:
    """Yield blocks with the rows of them that hold values."""
    skip = form["skip"]
    with _readable(path), unpacked(path) as stream:
        stream.read(form["mark"])
        for block in blocks(Narrow(stream, form["encoding"]), dialect_of(form)):
            kept, skip = _kept(block, skip)
            yield block, kept


def _kept(block: Block, skip: int) -> tuple[NDArray[np.int64], int]:
    """Return the rows of a block that hold values, and how many of the next block's do not."""
    n = len(block.begins)
    if skip >= n:
        return np.zeros(0, np.int64), skip - n
    ends = block.separators[block.first + block.fields - 1]
    lengths = ends - block.begins
    first = np.append(block.data, np.uint8(0))[block.begins]
    blank = (block.fields == 1) & ((lengths <= 0) | ((lengths == 1) & (first == 13)))
    blank[:skip] = True
    return np.flatnonzero(~blank), 0


def _place(path: Path, form: Form, column: str) -> int:
    names: list[str] = form["names"]
    if names.count(column) != 1:
        raise TableError(
            f"The file has no column {column}, or several",
            where=path.name,
            remedy="bring its columns to the names of the others, or move it out of the folder",
        )
    return names.index(column)


def _packing(path: Path) -> str:
    ending = path.suffix.lower()
    return ending if ending in PACKED else ""


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say in the reader's words what is wrong with a file; the foreign message may show a value."""
    try:
        yield
    except (EOFError, zlib.error, zstandard.ZstdError, UnicodeError) as error:
        raise _damaged(path, type(error).__name__) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(path, type(error).__name__) from None


def _damaged(path: Path, kind: str) -> TableError:
    return TableError(
        "The file is cut short or damaged",
        where=f"{path.name}: {kind}",
        remedy="restore it, or move it out of the folder, and run the command again",
    )


def opened(address: str, password: str = "") -> FileStore:
    """Open a CSV file, or a folder of them, as a store.

    Raises:
        UsageError: There is nothing at the path.
    """
    from amends.vault.stores.parquet import PARQUET  # noqa: PLC0415 - a folder may hold both

    return FileStore(Path(address), (PARQUET, CSV))
