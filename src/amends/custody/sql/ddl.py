"""What a dump says of its tables: columns in order, and the keys between tables.

Source:
    SQL:2016 part 2, table definition and referential constraints, in the forms that pg_dump, mysqldump, sqlite3
    .dump and SQL Server Management Studio write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from amends.custody.sql.names import NAME, PART, listed_names, parts_of, plain_name
from amends.kernel.contents import DeclaredKey

_CREATE = re.compile(
    rb"CREATE\s+(?:GLOBAL\s+|LOCAL\s+|TEMP(?:ORARY)?\s+|UNLOGGED\s+|FOREIGN\s+)*TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>"
    + NAME
    + rb")\s*\(",
    re.I,
)
_ALTER = re.compile(
    rb"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<name>" + NAME + rb")", re.I
)
_FOREIGN = re.compile(
    rb"FOREIGN\s+KEY\s*(?:"
    + PART
    + rb"\s*)?\((?P<own>[^)]*)\)\s*REFERENCES\s+(?P<to>"
    + NAME
    + rb")\s*(?:\((?P<other>[^)]*)\))?",
    re.I,
)
_INLINE = re.compile(rb"\bREFERENCES\s+(?P<to>" + NAME + rb")\s*(?:\((?P<other>[^)]*)\))?", re.I)
_NOT_A_COLUMN = re.compile(
    rb"(?:CONSTRAINT|PRIMARY\s+KEY|UNIQUE\s*(?:KEY|INDEX|\(|CLUSTERED|NONCLUSTERED)|FOREIGN\s+KEY|CHECK\s*\(|EXCLUDE|LIKE|KEY\b|INDEX\b|FULLTEXT|SPATIAL|PERIOD\s+FOR)",
    re.I,
)
_PIECE = re.compile(
    rb"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[(),]|[^'\"`\[(),/-]+|.",
    re.S,
)


@dataclass
class Definitions:
    """Tables defined so far.

    Attributes:
        columns: Columns of each table by its name.
        keys: Foreign keys of each table by its name.
    """

    columns: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, list[DeclaredKey]] = field(default_factory=dict)

    def read(self, statement: bytes) -> None:
        """Take in a statement if it defines a table or a key."""
        created = _CREATE.match(statement)
        if created:
            name = plain_name(created.group("name"))
            self._define(name, _split_body(statement[created.end() :]))
            return
        altered = _ALTER.match(statement)
        if altered:
            self._foreign(plain_name(altered.group("name")), statement)

    def columns_of(self, table: str) -> list[str] | None:
        """Return a table's columns, by its full or bare name."""
        if table in self.columns:
            return self.columns[table]
        bare = table.rsplit(".", 1)[-1]
        named = [
            columns for name, columns in self.columns.items() if name.rsplit(".", 1)[-1] == bare
        ]
        return named[0] if len(named) == 1 else None

    def keys_of(self, table: str) -> tuple[DeclaredKey, ...]:
        """Return a table's foreign keys, by its full or bare name."""
        bare = table.rsplit(".", 1)[-1]
        found: dict[DeclaredKey, None] = {}
        for name, keys in self.keys.items():
            if name == table or (
                ("." not in name or "." not in table) and name.rsplit(".", 1)[-1] == bare
            ):
                found.update(dict.fromkeys(keys))
        return tuple(found)

    def _define(self, name: str, entries: list[bytes]) -> None:
        columns = []
        for entry in entries:
            text = entry.strip()
            if not text:
                continue
            if _NOT_A_COLUMN.match(text):
                self._foreign(name, text)
                continue
            found = re.match(PART, text)
            if found is None:
                continue
            column = listed_names(found.group())[0]
            columns.append(column)
            inline = _INLINE.search(text)
            if inline:
                self._add(name, [column], inline)
        if columns:
            self.columns[name] = columns

    def _foreign(self, name: str, text: bytes) -> None:
        for found in _FOREIGN.finditer(text):
            self._add(name, listed_names(found.group("own")), found)

    def _add(self, name: str, own: list[str], found: re.Match[bytes]) -> None:
        to_table = ".".join(parts_of(found.group("to")))
        other = listed_names(found.group("other") or b"") or own
        keys = self.keys.setdefault(name, [])
        keys.extend(DeclaredKey(a, to_table, b) for a, b in zip(own, other, strict=False))


def _split_body(body: bytes) -> list[bytes]:
    """Return the entries of a definition, split at commas outside brackets, up to its closing bracket."""
    entries: list[bytes] = []
    current: list[bytes] = []
    depth = 0
    for found in _PIECE.finditer(body):
        piece = found.group()
        if piece == b"(":
            depth += 1
        elif piece == b")":
            depth -= 1
            if depth < 0:
                break
        elif piece == b"," and depth == 0:
            entries.append(b"".join(current))
            current = []
            continue
        if not piece.startswith((b"--", b"/*")):
            current.append(piece)
    entries.append(b"".join(current))
    return entries
