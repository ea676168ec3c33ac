"""The fields of one CSV column in a block: taken out as texts, put back with their quotes and spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.stores.csv_dialect import dialect_of
from amends.vault.stores.csv_rows import Block, Dialect, Places
from amends.vault.stores.file_kinds import Form

SPACES = (32, 9)
_NULLS = pa.array(["\\N", "NULL"], pa.string())


@dataclass
class Fields:
    """One field of each row.

    Attributes:
        block: Where they lie.
        starts: Where each value begins, after quote and spaces.
        ends: Where it ends.
        there: Whether the row has this field.
        quoted: Whether quotes stand around it.
        unread: Whether it cannot be read and is kept as it is.
        dialect: How the file writes fields.
        encoding: In which letters.
    """

    block: Block
    starts: Places
    ends: Places
    there: NDArray[np.bool_]
    quoted: NDArray[np.bool_]
    unread: NDArray[np.bool_]
    dialect: Dialect
    encoding: str
    _texts: pa.Array | None = None

    def texts(self) -> pa.Array:
        """Return the values as texts; null where there is none."""
        if self._texts is None:
            raw = gathered(self.block, self.starts, self.ends)
            texts = self._decoded(raw)
            texts = self._unescaped(texts)
            gap = pc.is_in(texts, value_set=_NULLS)
            gap = pc.and_(gap, pa.array(~self.quoted))
            empty = pa.array((self.ends <= self.starts) | ~self.there | self.unread)
            self._texts = pc.if_else(pc.or_(gap, empty), pa.scalar(None, pa.string()), texts)
        return self._texts

    def encoded(self, before: pa.Array, after: pa.Array) -> pa.Array:
        """Return new values as the file writes them; what was null stays as it was.

        Args:
            before: The texts that were there.
            after: The texts that take their place.
        """
        raw = gathered(self.block, self.starts, self.ends)
        texts = pc.cast(after, pa.string())
        quote, escape = self.dialect.quote, self.dialect.escape
        quoted = pa.array(self.quoted)
        if pc.any(pc.match_substring(texts, quote)).as_py():
            doubled = pc.replace_substring(texts, quote, (escape or quote) + quote)
            texts = pc.if_else(quoted, doubled, texts)
        texts = self._quoted_anew(texts, quoted)
        changed = self._letters(texts)
        keep = pc.or_(pc.is_null(before), pc.is_null(after))
        return pc.if_else(keep, raw, changed)

    def _quoted_anew(self, texts: pa.Array, quoted: pa.Array) -> pa.Array:
        """Put quotes around new values that hold a separator and had none around them."""
        apart = f"[{_class(self.dialect.delimiter)}\r\n]"
        needs = pc.and_(pc.match_substring_regex(texts, apart), pc.invert(quoted))
        if not pc.any(needs).as_py():
            return texts
        quote = self.dialect.quote
        inner = pc.replace_substring(texts, quote, (self.dialect.escape or quote) + quote)
        return pc.if_else(
            pc.fill_null(needs, False),
            pc.binary_join_element_wise(quote, inner, quote, ""),
            texts,
        )

    def _decoded(self, raw: pa.Array) -> pa.Array:
        """Return bytes as texts; marks what is not in the file's encoding as unread."""
        if self.encoding != "cp1252":
            try:
                return pc.cast(raw, pa.string())
            except pa.ArrowInvalid:
                pass
        else:
            texts = raw.view(pa.string())
            if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
                return texts
        out: list[str | None] = []
        for at, value in enumerate(raw.to_pylist()):
            try:
                out.append(_letters_of(value, self.encoding))
            except UnicodeDecodeError:
                self.unread[at] = True
                out.append(None)
        return pa.array(out, pa.string())

    def _letters(self, texts: pa.Array) -> pa.Array:
        """Return texts as bytes of the file's encoding.

        Raises:
            TableError: It has no letters for a text.
        """
        if self.encoding != "cp1252" or pc.all(pc.string_is_ascii(texts)).as_py() is not False:
            return pc.cast(texts, pa.binary())
        return pa.array(
            [None if t is None else _bytes_of(t) for t in texts.to_pylist()], pa.binary()
        )

    def _unescaped(self, texts: pa.Array) -> pa.Array:
        quote, escape = self.dialect.quote, self.dialect.escape
        sign = (escape or quote) + quote
        if not pc.any(pc.match_substring(texts, sign)).as_py():
            return texts
        plain = pc.replace_substring(texts, sign, quote)
        return pc.if_else(pa.array(self.quoted), plain, texts)


def fields_of(block: Block, rows: Places, column: int, form: Form) -> Fields:
    """Return the fields of a column in rows of a block."""
    dialect = dialect_of(form)
    there = block.fields[rows] > column
    starts = np.zeros(len(rows), np.int64)
    ends = np.zeros(len(rows), np.int64)
    starts[there], ends[there] = block.spans(column, rows[there])
    # A field that is not there lies, empty, where its row begins.
    starts[~there] = ends[~there] = block.begins[rows[~there]]
    data = np.append(block.data, np.uint8(0))
    ends = _without_return(data, starts, ends)
    starts, ends = _trimmed(data, starts, ends)
    quote = ord(dialect.quote)
    opens = (data[starts] == quote) & (ends > starts)
    quoted = opens & (ends - starts >= 2) & (data[np.maximum(ends - 1, 0)] == quote)
    starts, ends = starts + quoted, ends - quoted
    unread = opens & ~quoted
    unread |= quoted & block.odd[rows] & _holds(block, starts, ends, dialect)
    starts, ends = _trimmed(data, starts, ends)
    return Fields(block, starts, ends, there, quoted, unread, dialect, form["encoding"])


def _holds(block: Block, starts: Places, ends: Places, dialect: Dialect) -> NDArray[np.bool_]:
    """Say whether a quote stands inside; only asked of rows in which one is in an odd place."""
    inside = gathered(block, starts, ends)
    mark = dialect.quote.encode()
    return np.asarray(pc.fill_null(pc.match_substring(inside, mark.decode()), False))


def _without_return(data: NDArray[np.uint8], starts: Places, ends: Places) -> Places:
    last = data[np.maximum(ends - 1, 0)]
    cut: Places = ends - ((ends > starts) & (last == 13))
    return cut


def _trimmed(data: NDArray[np.uint8], starts: Places, ends: Places) -> tuple[Places, Places]:
    """Return spans without the spaces at both ends."""
    starts, ends = starts.copy(), ends.copy()
    going = ends > starts
    while (going := going & (ends > starts) & np.isin(data[starts], SPACES)).any():
        starts += going
    going = ends > starts
    while (going := going & (ends > starts) & np.isin(data[np.maximum(ends - 1, 0)], SPACES)).any():
        ends -= going
    return starts, ends


def gathered(block: Block, starts: Places, ends: Places) -> pa.Array:
    """Return the bytes of spans, which do not overlap and lie in order."""
    n = len(starts)
    offsets = np.empty(2 * n + 1, np.int32)
    offsets[0:-1:2], offsets[1::2] = starts, ends
    offsets[-1] = ends[-1] if n else 0
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block.raw)]
    every = pa.Array.from_buffers(pa.binary(), 2 * n, buffers)
    return every.take(pa.array(np.arange(0, 2 * n, 2)))


def spliced(block: Block, fields: list[Fields], values: list[pa.Array]) -> bytes:
    """Return the bytes of a block with new values in the spans of fields."""
    width, n = len(fields), len(fields[0].starts)
    starts = np.stack([f.starts for f in fields], axis=1).ravel()
    ends = np.stack([f.ends for f in fields], axis=1).ravel()
    there = np.stack([f.there for f in fields], axis=1).ravel()
    # Column after column becomes row after row.
    order = (np.arange(n)[:, None] + np.arange(width)[None, :] * n).ravel()
    news = pa.concat_arrays(values).take(pa.array(order[there]))
    starts, ends = starts[there], ends[there]
    if not len(starts):
        return block.raw
    n = len(starts)
    offsets = np.empty(2 * n + 1, np.int32)
    offsets[0], offsets[1::2], offsets[2::2] = 0, starts, ends
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block.raw)]
    every = pa.Array.from_buffers(pa.binary(), 2 * n, buffers)
    gaps = every.take(pa.array(np.arange(0, 2 * n, 2)))
    joined = pc.binary_join_element_wise(gaps, news, b"")
    held = joined.buffers()[2]
    used = np.frombuffer(joined.buffers()[1], np.int32)[joined.offset + n]
    return b"".join([memoryview(held)[: int(used)], block.raw[int(ends[-1]) :]])


def _letters_of(value: bytes, encoding: str) -> str:
    if encoding != "cp1252":
        return value.decode("utf-8")
    # Five bytes have no letter in Windows-1252; as in browsers they stand for themselves (WHATWG Encoding, 9.1).
    return "".join(bytes([b]).decode("cp1252") if b not in _HOLES else chr(b) for b in value)


def _bytes_of(text: str) -> bytes:
    try:
        return b"".join(bytes([ord(c)]) if ord(c) in _HOLES else c.encode("cp1252") for c in text)
    except UnicodeEncodeError:
        raise TableError(
            "A value has letters that the file's encoding (Windows-1252) cannot write",
            remedy="write the file out as UTF-8 first",
        ) from None  # the foreign message shows the value


_HOLES = frozenset((0x81, 0x8D, 0x8F, 0x90, 0x9D))


def _class(letter: str) -> str:
    return "\\" + letter if letter in "|\\^]-" else letter
