"""The statements of a dump, one after the other: definitions are kept, rows come as runs, the rest is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from amends.custody.sql.copy import copy_rows
from amends.custody.sql.ddl import Definitions
from amends.custody.sql.feed import Feed
from amends.custody.sql.names import NAME, listed_names, plain_name
from amends.custody.sql.values import batch_of, value_rows

CHUNK_BYTES = 1 << 21  # fits the processor's cache beside its masks; 4 MiB was a third slower
STATEMENT_BYTES = 1 << 24
_LEAD = re.compile(rb"(?:\s+|--[^\n]*(?:\n|\Z)|#[^\n]*(?:\n|\Z)|/\*(?!!).*?\*/|;)+", re.S)
_INSERT = re.compile(
    rb"(?:INSERT|REPLACE)\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+|IGNORE\s+|OR\s+\w+\s+)*(?:INTO\s+)?"
    rb"(?:ONLY\s+)?(?P<name>"
    + NAME
    + rb")\s*(?:\((?P<columns>[^()]*)\)\s*)?(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES?\s*(?=\()",
    re.I,
)
_COPY = re.compile(
    rb"COPY\s+(?P<name>"
    + NAME
    + rb")\s*(?:\((?P<columns>[^()]*)\)\s*)?FROM\s+stdin\b[^;]*;[^\n]*\n",
    re.I,
)
_KEPT = re.compile(rb"(?:CREATE\s+(?:\w+\s+){0,3}TABLE|ALTER\s+TABLE)\b", re.I)
_DELIMITER = re.compile(rb"DELIMITER\s+(\S+)[^\n]*(?:\n|\Z)", re.I)
_LINE_ALONE = re.compile(
    rb"(?:GO|USE\s+[^\n;]*|SET\s+(?:IDENTITY_INSERT|ANSI\w*|QUOTED_IDENTIFIER|NOCOUNT)\b[^\n;]*"
    rb"|PRINT\b[^\n;]*|\\[a-z]+[^\n]*|UNLOCK TABLES)\s*(?:;|\n|\Z)",
    re.I,
)
_PIECES = re.compile(
    rb"'(?:[^'\\]|\\.|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/|(?P<end>;)|\n(?P<go>GO)\s*\n",
    re.S,
)
_PLAIN_PIECES = re.compile(
    rb"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|--[^\n]*|/\*.*?\*/|(?P<end>;)|\n(?P<go>GO)\s*\n",
    re.S,
)
_MYSQL = re.compile(
    rb"-- (?:MySQL|MariaDB) dump|/\*!\d{5}|ENGINE\s*=|^\s*CREATE TABLE (?:IF NOT EXISTS )?`|INSERT INTO `",
    re.I | re.M,
)
_BETWEEN = (b");\n", b");\r\n", b")\n", b")\r\n", b")\nGO\n", b")\r\nGO\r\n", b");", b"); ")
_BETWEEN_ROWS = re.compile(rb"(?:\s|,|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*", re.S)
_BETWEEN_STATEMENTS = re.compile(rb"\s*;?\s*(?:GO\s+)?")
_COMMENT = re.compile(rb"--[^\n]*\n|#[^\n]*\n|/\*.*?\*/", re.S)
FIRST_BYTES = 1 << 10
JOIN_LOOK_BYTES = 1 << 16
MOST_STATEMENT = 1 << 29


class Joined:
    """A window of a dump in which statements that begin alike are one: what is between their rows is a comma.

    Only a copy is changed: a statement of another table may stand between, and must be found as it was.
    """

    def __init__(self, window: bytes, begin: bytes) -> None:
        """Join where the window holds the same beginning again."""
        early = window[:JOIN_LOOK_BYTES]
        found = [(at, between) for between in _BETWEEN if (at := early.find(between + begin)) >= 0]
        self.text = self._window = window
        self._mark = b""
        if found:
            self._mark = min(found)[1] + begin
            self.text = window.replace(self._mark, b"),(")

    def original(self, used: int) -> int:
        """Return how many bytes of the window ``used`` bytes of the joined text are."""
        if not self._mark:
            return used
        shorter = len(self._mark) - 3
        count, earlier = 0, -1
        while (
            count != earlier
        ):  # each joint before the end moves the end, so that more may come before it
            earlier = count
            count = self._window.count(self._mark, 0, used - 2 + count * shorter + len(self._mark))
        return used + count * shorter


@dataclass(frozen=True)
class Run:
    """Rows of one table that follow each other in a dump.

    Attributes:
        table: Its name, schema included.
        columns: Names as the dump has them.
        batch: Rows.
        odd_rows: Places in the batch, from 0, of rows that did not fit.
        is_named: Whether the dump named the columns.
    """

    table: str
    columns: tuple[str, ...]
    batch: pa.RecordBatch
    odd_rows: list[int]
    is_named: bool

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """Return what makes two runs the same table."""
        return self.table, self.columns

    @property
    def odd(self) -> list[str]:
        """Return the places of rows that did not fit."""
        return [f"row {at + 1}" for at in self.odd_rows]


class Statements:
    """Reads a dump statement by statement.

    Attributes:
        definitions: Tables and keys seen so far.
        is_cut: Whether the dump ended in the middle of a statement.
    """

    def __init__(self, pieces: Iterator[str], head: bytes) -> None:
        """Take the dump's text and its first bytes."""
        self._feed = Feed(pieces)
        self._backslashes = _MYSQL.search(head[: 1 << 18]) is not None
        self._delimiter = b";"
        self.definitions = Definitions()
        self.is_cut = False

    def definitions_from(self, tail: bytes) -> None:
        """Take in keys that are declared at the end of the dump."""
        for found in re.finditer(rb"ALTER\s+TABLE\b[^;]*?FOREIGN\s+KEY[^;]*;", tail, re.I):
            self.definitions.read(found.group())

    def runs(self) -> Iterator[Run]:
        """Yield rows in the order of the dump."""
        while self._at_statement():
            feed = self._feed
            insert = _INSERT.match(feed.waiting, feed.at)
            copy = None if insert else _COPY.match(feed.waiting, feed.at)
            if insert:
                prefix = insert.group()
                feed.at = insert.end()
                yield from self._inserted(insert, prefix)
            elif copy:
                feed.at = copy.end()
                yield from self._copied(copy)
            else:
                self._pass_over()

    def _at_statement(self) -> bool:
        """Go to the next statement; ``False`` at the end."""
        feed = self._feed
        while True:
            feed.want(1 << 16)
            found = _LEAD.match(feed.waiting, feed.at)
            if found and found.end() > feed.at:
                feed.at = found.end()
                continue
            if feed.at >= len(feed.waiting):
                if feed.is_final:
                    return False
                continue
            return True

    def _columns(self, found: re.Match[bytes]) -> tuple[str, list[str] | None]:
        table = plain_name(found.group("name"))
        listed = found.group("columns")
        names = listed_names(listed) if listed is not None else self.definitions.columns_of(table)
        return table, names

    def _inserted(self, found: re.Match[bytes], prefix: bytes) -> Iterator[Run]:
        """Yield the rows of an INSERT, and of those with the same beginning right after it."""
        table, names = self._columns(found)
        is_named = names is not None
        feed = self._feed
        size = FIRST_BYTES
        while True:
            feed.want(size)
            window = feed.waiting[feed.at : feed.at + size]
            is_last = feed.is_final and feed.at + size >= len(feed.waiting)
            joined = Joined(window, prefix + b"(")
            rows = value_rows(
                joined.text,
                len(names or ()),
                backslashes=self._backslashes,
                final=is_last,
                small=size == FIRST_BYTES,
            )
            if rows is None:
                if is_last or size > MOST_STATEMENT:
                    self.is_cut = True
                    feed.at = min(feed.at + size, len(feed.waiting))
                    return
                size *= 8
                continue
            columns = tuple(names or [f"column_{at}" for at in range(1, len(rows.cells) + 1)])
            names = list(columns)
            feed.at += joined.original(rows.used)
            yield Run(table, columns, batch_of(rows, columns, 1), rows.odd, is_named)
            if not self._another_row(prefix + b"("):
                return
            size = min(max(size * 8, FIRST_BYTES), CHUNK_BYTES)

    def _another_row(self, begin: bytes) -> bool:
        """Go to the next row of the statement, or of one that begins alike; ``False`` where there is none."""
        feed = self._feed
        feed.want(1 << 16)
        found = _BETWEEN_ROWS.match(feed.waiting, feed.at)
        at = found.end() if found else feed.at
        sign = feed.waiting[at : at + 1]
        if sign == b"(" and b"," in _COMMENT.sub(b"", feed.waiting[feed.at : at]):
            feed.at = at
            return True
        if not sign and feed.is_final:
            self.is_cut = b"," in feed.waiting[feed.at : at]
            return False
        alike = _BETWEEN_STATEMENTS.match(feed.waiting, feed.at)
        if alike and feed.waiting.startswith(begin, alike.end()):
            feed.at = alike.end() + len(begin) - 1
            return True
        return False

    def _copied(self, found: re.Match[bytes]) -> Iterator[Run]:
        """Yield the rows of a COPY up to its end mark."""
        table, names = self._columns(found)
        feed = self._feed
        while True:
            feed.want(2 * CHUNK_BYTES)
            chunk, ended = self._copy_chunk()
            if chunk:
                if names is None:
                    names = [
                        f"column_{at}" for at in range(1, chunk.split(b"\n", 1)[0].count(b"\t") + 2)
                    ]
                columns = tuple(names)
                batch, odd = copy_rows(chunk, columns, 1)
                yield Run(table, columns, batch, [row - 1 for row in odd], True)
            if ended:
                return

    def _copy_chunk(self) -> tuple[bytes, bool]:
        """Return whole lines of COPY text and whether its end was reached."""
        feed = self._feed
        if re.match(rb"\\\.\r?(?:\n|\Z)", feed.waiting[feed.at : feed.at + 4]):
            feed.at += 3 if feed.waiting[feed.at + 2 : feed.at + 3] == b"\n" else 4
            return b"", True
        mark = re.compile(rb"\n\\\.\r?(?:\n|\Z)").search(feed.waiting, feed.at)
        if mark:
            chunk = feed.waiting[feed.at : mark.start() + 1]
            feed.at = mark.end()
            return chunk, True
        end = feed.waiting.rfind(b"\n", feed.at) + 1
        if feed.is_final:
            self.is_cut = True
            chunk = feed.waiting[feed.at :]
            feed.at = len(feed.waiting)
            return chunk, True
        if end <= feed.at:
            if not feed.grow():
                end = len(feed.waiting)
            else:
                return b"", False
        chunk = feed.waiting[feed.at : end]
        feed.at = end
        return chunk, False

    def _pass_over(self) -> None:
        """Go past a statement that holds no rows; keep it if it defines something."""
        feed = self._feed
        feed.want(1 << 16)
        for alone in (_DELIMITER, _LINE_ALONE):
            found = alone.match(feed.waiting, feed.at)
            if found:
                feed.at = found.end()
                self._delimiter = found.group(1) if alone is _DELIMITER else self._delimiter
                return
        if self._delimiter != b";":
            self._pass_block()
            return
        end = self._statement_end()
        statement = feed.waiting[feed.at : end]
        if _KEPT.match(statement):
            self.definitions.read(statement)
        feed.at = end

    def _statement_end(self) -> int:
        """Return where the statement at hand ends, as far as it can be found."""
        feed = self._feed
        pieces = _PIECES if self._backslashes else _PLAIN_PIECES
        while True:
            for found in pieces.finditer(feed.waiting, feed.at):
                if found.group("end"):
                    return found.end()
                if found.group("go"):
                    return found.start() + 1
            if len(feed.waiting) - feed.at > STATEMENT_BYTES or not feed.grow():
                break
        next_line = feed.waiting.find(b"\n", feed.at)
        if feed.is_final and next_line < 0:
            return len(feed.waiting)
        return next_line + 1 if next_line >= 0 else len(feed.waiting)

    def _pass_block(self) -> None:
        """Go past a routine or trigger that ends in a delimiter of its own."""
        feed = self._feed
        while True:
            at = feed.waiting.find(self._delimiter, feed.at)
            if at >= 0:
                feed.at = at + len(self._delimiter)
                return
            if len(feed.waiting) - feed.at > STATEMENT_BYTES or not feed.grow():
                feed.at = len(feed.waiting)
                return
