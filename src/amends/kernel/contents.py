"""What is inside an exhibit: tables in batches, documents in blocks, faults with a remedy.

Custody opens exhibits; other rooms read what it found. Rooms do not import each other, so the
shapes stand here and the pipeline hands custody's reader to whoever needs it (see
``docs/decisions``).

A reader yields parts in a fixed order for the same bytes. A part's batches or blocks are read to
their end, or dropped, before the next part is asked for; they stream, so that a 40 GB dump needs
no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

from amends.kernel.errors import UsageError


@dataclass(frozen=True)
class Fault:
    """Something that could not be read, and what can be done about it.

    Attributes:
        inner_path: Path inside the exhibit, "" for the exhibit itself; containers joined by "/".
        place: Where in it: "row 17", "page 3", "byte 4096", or "".
        reason: A short code: encrypted, truncated, empty, unknown_format, bomb, link,
            malformed_row, unreadable …
        remedy: One step that may work. Never a personal value.
        whole: True when a whole item was lost, false when the rest of the item was read.
    """

    inner_path: str
    place: str
    reason: str
    remedy: str
    whole: bool = True


@dataclass(frozen=True)
class DeclaredKey:
    """A key that the exhibit itself declares (a foreign key of a dump or database).

    Attributes:
        column: Column of this table.
        to_table: ``inner_path`` of the other table, or its bare table name.
        to_column: Column of the other table.
    """

    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class TablePart:
    """One table: rows in batches of text columns.

    Attributes:
        inner_path: Path inside the exhibit; tables of one sheet or file end in "#1", "#2" …
        media_type: Media type of the item.
        reader: Name of the reader that opened it.
        columns: Column names as found; ``column_1`` … where there is no header; never two alike.
        batches: Record batches, every column ``string`` (null = absent or empty), plus ``_row``
            (``int64``): the row number from 1 among the data rows.
        has_header: Whether the names came from the exhibit.
        keys: Keys that the exhibit declares.
        faults: Filled while batches are read (rows that did not fit …).
    """

    inner_path: str
    media_type: str
    reader: str
    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]
    has_header: bool = True
    keys: tuple[DeclaredKey, ...] = ()
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A stretch of a document's text.

    Attributes:
        offset: Character offset of ``text`` in the item's whole extracted text.
        text: At most 4 Mi characters; blocks follow each other without gap or overlap, cut at line
            ends or spaces.
    """

    offset: int
    text: str


@dataclass(frozen=True)
class DocumentPart:
    """One document: its text in blocks.

    Attributes:
        inner_path: Path inside the exhibit.
        media_type: Media type of the item.
        reader: Name of the reader that opened it.
        blocks: The text, in order.
        page_starts: Character offsets at which pages begin, filled while blocks are read; empty
            where there are none.
        faults: Filled while blocks are read.
    """

    inner_path: str
    media_type: str
    reader: str
    blocks: Iterator[Block]
    page_starts: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class RawPart:
    """One file as bytes: containers around it are opened, the file itself is not.

    Attributes:
        inner_path: Path inside the exhibit; "" for the exhibit itself.
        name: File name without the ending of what it was compressed with.
        stream: Its bytes, forwards, once; read to the end, or dropped, before the next part.
        faults: Filled while it is read: a cut stream gives what was readable.
    """

    inner_path: str
    name: str
    stream: BinaryIO
    faults: list[Fault] = field(default_factory=list)


Part = TablePart | DocumentPart | Fault


class Contents(Protocol):
    """Opens what lies at a path, containers and all."""

    def parts(self, path: Path) -> Iterator[Part]:
        """Yield every part of the file at ``path``, in a fixed order; no fault stops the rest."""
        ...

    def raw(self, path: Path, name: str = "") -> Iterator[RawPart | Fault]:
        """Yield every file at ``path`` as bytes, containers opened; for logs and configurations.

        Args:
            path: The file.
            name: Its name as it was received; by default the name of ``path``.
        """
        ...


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files, and those in folders in the order of their names; links are not followed.

    Raises:
        UsageError: There is nothing at a path.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
        elif path.exists():
            yield path
        else:
            raise UsageError("There is no such file", where=str(path), remedy="check the path")


class _Joined:
    """A stream with its first bytes put back; forwards only."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes, all of them where no number is given."""
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._stream.read()
        part, self._head = self._head[:size], self._head[size:]
        return part


def joined(head: bytes, stream: BinaryIO) -> BinaryIO:
    """Return a stream whose first bytes were looked at, whole again; ``read`` is all that it can."""
    return cast(BinaryIO, _Joined(head, stream))
