"""A Parquet file again, with some of its columns written anew and all others copied as bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from amends.kernel.errors import AmendsError, TableError
from amends.vault.stores.file_kinds import Rewrite
from amends.vault.stores.parquet_footer import (
    MAGIC,
    Node,
    Reader,
    encoded,
    get,
    number,
    read_footer,
    written_footer,
)
from amends.vault.stores.parquet_leaves import (
    as_type,
    put_leaf,
    texts_of,
    with_leaf_type,
)
from amends.vault.stores.parquet_schema import Target, element_at, retell, retype, targets_of

CONVERT_ROWS = 1 << 17
"""Rows converted at once: the tokens of one column stay in the processor's cache."""
CODECS = {0: "none", 1: "snappy", 2: "gzip", 4: "brotli", 5: "lz4", 6: "zstd", 7: "lz4"}
PLAIN_DICTIONARY, DELTA_LENGTH, DELTA_BYTES, RLE_DICTIONARY = 2, 6, 7, 8
DATA_PAGE_V2 = 3
_COPY = 1 << 22


@dataclass(frozen=True)
class _Chunk:
    """A column chunk as it stands in the new file.

    Attributes:
        node: Its entry in the footer, places moved.
        shift: How far its pages moved; none for a chunk written anew.
        column_index: Its column index as bytes; empty when there is none.
        offset_index: The same of its offset index, places moved.
        bloom: Its bloom filter, as bytes.
    """

    node: Node
    column_index: bytes = b""
    offset_index: bytes = b""
    bloom: bytes = b""


def splice(source: Path, target: Path, work: Rewrite) -> Iterator[int]:
    """Write a Parquet file again with other values in some columns; yield the rows of each row group.

    Raises:
        TableError: The file is damaged or encrypted, or a value cannot be converted.
    """
    try:
        with source.open("rb") as stream, target.open("wb") as out, pq.ParquetFile(source) as file:
            footer = read_footer(stream, source.name)
            yield from _Splicer(stream, out, file, footer, work).run()
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise TableError(
                "The file cannot be written again",
                where=f"{source.name}: {os.strerror(error.errno)}",
                remedy="free disk space or mend the rights on the folder, then run the command again",
            ) from error
        raise TableError(
            "The Parquet file cannot be read, or its values cannot be written in their type",
            where=source.name,
            remedy="restore the file, or leave the column out",
        ) from None  # the foreign message may show a value


class _Splicer:
    def __init__(
        self, stream: BinaryIO, out: BinaryIO, file: pq.ParquetFile, footer: Node, work: Rewrite
    ) -> None:
        self.stream, self.out, self.file, self.footer, self.work = stream, out, file, footer, work
        self.targets = targets_of(file.schema_arrow, work.columns, work.form, work.back)
        self.by_names = {tuple(t.names): t for t in self.targets}
        self.made: dict[str, Node] = {}

    def run(self) -> Iterator[int]:
        self.out.write(MAGIC)
        groups = get(self.footer, 4)
        chunks: list[_Chunk] = []
        for index, group in enumerate(groups.items if groups else []):
            chunks += self._group(index, group)
            yield get(group, 3, 0)
        self._indexes(chunks)
        for target in self.targets:
            if target.path in self.made:
                retype(self.footer, target, self.made[target.path])
            else:
                retype(self.footer, target, self._empty(target))
        retell(self.footer, self.targets, self.work.form)
        self.out.write(written_footer(self.footer))

    def _group(self, index: int, group: Node) -> list[_Chunk]:
        """Write one row group and let its entry say where it lies."""
        start = self.out.tell()
        columns = get(group, 1).items
        made = []
        for place, column in enumerate(columns):
            target = self.by_names.get(tuple(get(get(column, 3), 3).items))
            chunk = self._anew(index, column, target) if target else self._as_is(column)
            columns[place] = chunk.node
            made.append(chunk)
        metas = [get(c.node, 3) for c in made]
        group[2] = number(sum(get(m, 6) for m in metas))
        if 5 in group:
            group[5] = number(start)
        if 6 in group:
            group[6] = number(sum(get(m, 7) for m in metas))
        self._unsort(group, columns)
        return made

    def _unsort(self, group: Node, columns: list[Node]) -> None:
        """Let the row group no longer say that it is sorted by a column that holds other values now."""
        order = get(group, 4)
        if order is None:
            return
        kept = []
        for entry in order.items:
            names = tuple(get(get(columns[get(entry, 1)], 3), 3).items)
            if names in self.by_names:
                break
            kept.append(entry)
        order.items = kept
        if not kept:
            del group[4]

    def _as_is(self, column: Node) -> _Chunk:
        """Copy a column chunk byte for byte."""
        meta = get(column, 3)
        if 8 in column or 9 in column or get(column, 1):
            raise TableError(
                "A column of the Parquet file is encrypted, or lies in another file",
                where="its footer",
                remedy="write the file out again as one plain Parquet file, then protect it",
            )
        start, length = _span(meta)
        shift = self.out.tell() - start
        self._copy(start, length)
        for field in (9, 10, 11):
            if get(meta, field, 0) > 0:
                meta[field] = number(get(meta, field) + shift)
        moved = get(column, 2, 0)
        column[2] = number(moved + shift if start <= moved <= start + length else 0)
        return _Chunk(
            column,
            self._bytes(column, 6, 7),
            _moved_pages(self._bytes(column, 4, 5), shift),
            self._bloom(meta),
        )

    def _copy(self, start: int, length: int) -> None:
        self.stream.seek(start)
        while length:
            part = self.stream.read(min(length, _COPY))
            if not part:
                raise ValueError("cut short")
            self.out.write(part)
            length -= len(part)

    def _bytes(self, node: Node, at: int, size: int) -> bytes:
        if not get(node, at, 0) or not get(node, size, 0):
            return b""
        self.stream.seek(get(node, at))
        return self.stream.read(get(node, size))

    def _bloom(self, meta: Node) -> bytes:
        """Return a bloom filter with its head; older writers do not say how long it is."""
        at = get(meta, 14, 0)
        if not at:
            return b""
        self.stream.seek(at)
        length = get(meta, 15, 0)
        if not length:
            head = Reader(self.stream.read(256))
            length = get(head.node(), 1) + head.at
            self.stream.seek(at)
        return self.stream.read(length)

    def _anew(self, index: int, column: Node, target: Target) -> _Chunk:
        """Write a column chunk with converted values."""
        before = get(column, 3)
        buffer = _encode(self._values(index, target), before, indexed=6 in column)
        small = io.BytesIO(buffer)
        footer = read_footer(small, target.path)
        groups = get(footer, 4)
        if not groups.items:
            raise ValueError("no row group")
        made = get(groups.items[0], 1).items[0]
        meta = get(made, 3)
        start, length = _span(meta)
        shift = self.out.tell() - start
        self.out.write(memoryview(buffer)[start : start + length])
        for field in (9, 11):
            if get(meta, field, 0) > 0:
                meta[field] = number(get(meta, field) + shift)
        meta[3] = before[3]
        self.made[target.path] = element_at(footer, target.names)
        held = memoryview(buffer)
        column_index = _cut(held, made, 6, 7)
        offset_index = _moved_pages(_cut(held, made, 4, 5), shift)
        node: Node = {2: number(0), 3: (12, meta)}
        return _Chunk(node, column_index, offset_index)

    def _values(self, index: int, target: Target) -> pa.Table:
        """Return one column of a row group, converted, as a table of the field it is in."""
        schema = self.file.schema_arrow
        read = self.file.read_row_group(index, columns=[target.path], use_threads=False)
        read = read.select([target.top])
        before = {target.path: _type_of(schema, target)}
        field = with_leaf_type(read.schema.field(0), list(target.inner), target.written)
        done = []
        for batch in read.to_batches(max_chunksize=CONVERT_ROWS):
            texts = texts_of(batch, schema, [target.path], before)
            changed = self.work.convert(texts).column(0)
            if len(changed) != batch.num_rows:
                raise AmendsError("A conversion lost rows", where=target.path)
            leaf = as_type(changed, target.written)
            done.append(put_leaf(batch.column(0), list(target.inner), leaf))
        kept = pa.field(field.name, field.type, field.nullable)
        return pa.table([pa.chunked_array(done, field.type)], schema=pa.schema([kept]))

    def _empty(self, target: Target) -> Node:
        """Return the schema element of a column in a file without rows."""
        schema = self.file.schema_arrow
        field = with_leaf_type(schema.field(target.top), list(target.inner), target.written)
        only = _only(field, list(target.inner))
        buffer = io.BytesIO()
        pq.write_table(pa.schema([only]).empty_table(), buffer, store_schema=False)
        return element_at(read_footer(buffer, target.path), target.names)

    def _indexes(self, chunks: list[_Chunk]) -> None:
        """Write page indexes and bloom filters after the last row group and say where."""
        for field, size, name in ((6, 7, "column_index"), (4, 5, "offset_index")):
            for chunk in chunks:
                self._put(chunk.node, field, size, getattr(chunk, name), 5)
        for chunk in chunks:
            self._put(get(chunk.node, 3), 14, 15, chunk.bloom, 5)

    def _put(self, node: Node, at: int, size: int, raw: bytes, kind: int) -> None:
        for field in (at, size):
            node.pop(field, None)
        if raw:
            node[at], node[size] = number(self.out.tell()), (kind, len(raw))
            self.out.write(raw)


def _encode(table: pa.Table, before: Node, *, indexed: bool) -> memoryview:
    """Return a table of one column as a Parquet file of one row group, written as the column was."""
    encodings = set(get(before, 2).items)
    name = ".".join(n.decode() for n in get(before, 3).items)
    pages = [get(s, 1) for s in get(before, 13).items] if 13 in before else []
    dictionary = bool(get(before, 11, 0)) or bool(encodings & {PLAIN_DICTIONARY, RLE_DICTIONARY})
    given: dict[str, Any] = {}  # Any: options of PyArrow
    if not dictionary and _is_text(table) and encodings & {DELTA_LENGTH, DELTA_BYTES}:
        named = "DELTA_BYTE_ARRAY" if DELTA_BYTES in encodings else "DELTA_LENGTH_BYTE_ARRAY"
        given["column_encoding"] = {name: named}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression=CODECS.get(get(before, 4), "snappy"),
        use_dictionary=dictionary,
        write_statistics=12 in before,
        write_page_index=indexed,
        data_page_version="2.0" if DATA_PAGE_V2 in pages else "1.0",
        store_schema=False,
        **given,
    ) as writer:
        # One row group, however many rows: PyArrow's bound of 64 Mi is above what a row group may hold here.
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
    return memoryview(sink.getvalue())


def _is_text(table: pa.Table) -> bool:
    kind = table.schema.field(0).type
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _type_of(schema: pa.Schema, target: Target) -> pa.DataType:
    kind = schema.field(target.top).type
    for name in target.inner:
        kind = kind.field(name).type
    return kind


def _only(field: pa.Field, path: list[str]) -> pa.Field:
    """Return a field with nothing in it but one leaf."""
    if not path:
        return pa.field(field.name, field.type, field.nullable)
    child = next(c for c in field.type if c.name == path[0])
    return pa.field(field.name, pa.struct([_only(child, path[1:])]), field.nullable)


def _span(meta: Node) -> tuple[int, int]:
    """Return where a column chunk begins and how long it is."""
    begin = get(meta, 9)
    dictionary = get(meta, 11, 0)
    if 0 < dictionary < begin:
        begin = dictionary
    return begin, get(meta, 7)


def _cut(held: memoryview, node: Node, at: int, size: int) -> bytes:
    start, length = get(node, at, 0), get(node, size, 0)
    return bytes(held[start : start + length]) if start and length else b""


def _moved_pages(raw: bytes, shift: int) -> bytes:
    """Return an offset index with its pages moved."""
    if not raw:
        return b""
    index = Reader(raw).node()
    for page in get(index, 1).items:
        page[1] = number(get(page, 1) + shift)
    return encoded(index)
