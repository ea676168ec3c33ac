"""The footer of a Parquet file as a tree that can be read, changed and written again.

Everything that is not understood here is carried through as it stands, so that a footer read and written is the same
footer, byte for byte.

Source:
    Apache Thrift compact protocol specification (thrift/doc/specs/thrift-compact-protocol.md); Apache Parquet
    ``parquet.thrift`` and ``README.md``, section "File format".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from amends.kernel.errors import TableError

MAGIC = b"PAR1"
MAGIC_ENCRYPTED = b"PARE"
TAIL = 8

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
_DEPTH = 64  # no Parquet structure is deeper than ten; hostile bytes must not exhaust the stack

Node = dict[int, tuple[int, Any]]
"""A thrift struct: number of a field to its type and value. Any: values are ints, bytes, lists or nodes."""


@dataclass
class Values:
    """A thrift list or set: the type of its members and the members."""

    kind: int
    items: list[Any]  # Any: as in Node


class Reader:
    """Reads thrift's compact protocol from bytes."""

    def __init__(self, raw: bytes, at: int = 0) -> None:
        self.raw = raw
        self.at = at

    def node(self, depth: int = 0) -> Node:
        """Return the struct that starts here."""
        if depth > _DEPTH:
            raise ValueError("too deep")
        found: Node = {}
        number = 0
        while True:
            head = self.raw[self.at]
            self.at += 1
            if not head:
                return found
            step = head >> 4
            number = number + step if step else _unzigzag(self._varint())
            found[number] = (head & 15, self._value(head & 15, depth))

    def _value(self, kind: int, depth: int) -> Any:  # Any: as in Node
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind in _INTEGERS:
            return _unzigzag(self._varint())
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return self.node(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind == _BYTE:
            return self._take(1)
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _MAP:
            raise ValueError("Parquet has no maps")
        raise ValueError("unknown type")

    def _list(self, depth: int) -> Values:
        head = self.raw[self.at]
        self.at += 1
        kind, size = head & 15, head >> 4
        if size == 15:
            size = self._varint()
        if size > len(self.raw) - self.at:
            raise ValueError("cut short")
        if kind in (_TRUE, _FALSE):  # in a list each stands in a byte of its own
            return Values(kind, [self._take(1) for _ in range(size)])
        return Values(kind, [self._value(kind, depth + 1) for _ in range(size)])

    def _take(self, size: int) -> bytes:
        part = self.raw[self.at : self.at + size]
        if len(part) != size:
            raise ValueError("cut short")
        self.at += size
        return part

    def _varint(self) -> int:
        result = shift = 0
        while True:
            byte = self.raw[self.at]
            self.at += 1
            result |= (byte & 127) << shift
            if byte < 128:
                return result
            shift += 7
            if shift > 63:
                raise ValueError("number too long")


def encoded(node: Node) -> bytes:
    """Return a struct in the compact protocol."""
    out = bytearray()
    _write_node(out, node)
    return bytes(out)


def _write_node(out: bytearray, node: Node) -> None:
    before = 0
    for number in sorted(node):
        kind, value = node[number]
        if kind in (_TRUE, _FALSE):
            kind = _TRUE if value else _FALSE
        if 0 < number - before < 16:
            out.append((number - before) << 4 | kind)
        else:
            out.append(kind)
            _write_varint(out, _zigzag(number))
        before = number
        _write_value(out, kind, value)
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:  # Any: as in Node
    if kind in (_TRUE, _FALSE):
        return
    if kind in _INTEGERS:
        _write_varint(out, _zigzag(value))
    elif kind == _BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == _STRUCT:
        _write_node(out, value)
    elif kind in (_LIST, _SET):
        _write_list(out, value)
    else:
        out += value


def _write_list(out: bytearray, values: Values) -> None:
    size = len(values.items)
    out.append(min(size, 15) << 4 | values.kind)
    if size >= 15:
        _write_varint(out, size)
    for item in values.items:
        if values.kind in (_TRUE, _FALSE):
            out += item
        else:
            _write_value(out, values.kind, item)


def _write_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _unzigzag(number: int) -> int:
    return number >> 1 if not number & 1 else -(number >> 1) - 1


def get(node: Node, number: int, default: Any = None) -> Any:  # Any: as in Node
    """Return a field's value, or the default where it is absent."""
    held = node.get(number)
    return default if held is None else held[1]


def number(value: int) -> tuple[int, int]:
    """Return a 64-bit integer as a field."""
    return 6, value


def read_footer(stream: BinaryIO, where: str) -> Node:
    """Return the footer of a Parquet file.

    Args:
        stream: The file.
        where: Its name, for messages.

    Raises:
        TableError: It is no Parquet file, is cut short, or is encrypted.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - TAIL))
    tail = stream.read(TAIL)
    if tail[4:] == MAGIC_ENCRYPTED:
        raise TableError(
            "The Parquet file is encrypted",
            where=where,
            remedy="decrypt it with the keys it was written with, or leave it as it is: it is not in clear",
        )
    length = struct.unpack("<I", tail[:4])[0] if len(tail) == TAIL else 0
    if tail[4:] != MAGIC or length + TAIL + len(MAGIC) > size:
        raise _damaged(where)
    stream.seek(size - TAIL - length)
    try:
        footer = Reader(stream.read(length)).node()
    except (ValueError, IndexError) as error:
        raise _damaged(where) from error
    if 8 in footer:  # encryption_algorithm: the footer is in clear, some columns are not
        raise TableError(
            "Columns of the Parquet file are encrypted",
            where=where,
            remedy="decrypt it with the keys it was written with, then protect it",
        )
    return footer


def written_footer(footer: Node) -> bytes:
    """Return a footer with its length and the magic bytes: the end of a file."""
    raw = encoded(footer)
    return raw + struct.pack("<I", len(raw)) + MAGIC


def _damaged(where: str) -> TableError:
    return TableError(
        "The file is not a whole Parquet file",
        where=where,
        remedy="restore it, or move it out of the folder, and run the command again",
    )
