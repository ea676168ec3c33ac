"""The statement that made a table of SQLite, taken apart word by word, so that it can be made again a little different.

SQLite keeps the statement as it was typed; nothing else tells a type's letters, a check or a foreign key's rules apart.

Source:
    SQLite documentation: CREATE TABLE, CREATE INDEX, "Keywords" (four ways of quoting).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from amends.kernel.errors import TableError
from amends.vault.stores.sqlite_session import q

_WORD = re.compile(
    r"""(?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
      |(?P<text>'(?:[^']|'')*')
      |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
      |(?P<word>[^\W\d][\w$]*)
      |(?P<other>\d[\w.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
_ENDS_TYPE = {
    "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS",
}  # fmt: skip
_TABLE_RULES = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


@dataclass(frozen=True)
class Word:
    """One word of a statement: its kind, its text, its place."""

    kind: str
    text: str
    start: int
    end: int

    def means(self, *keywords: str) -> bool:
        """Return whether it is one of these keywords."""
        return self.kind == "word" and self.text.upper() in keywords


@dataclass(frozen=True)
class Created:
    """A statement that makes a table: its text, the words of each definition, what follows the last parenthesis."""

    sql: str
    definitions: tuple[tuple[Word, ...], ...]
    tail: str

    def text(self, definition: tuple[Word, ...]) -> str:
        """Return a definition as it was typed."""
        return self.sql[definition[0].start : definition[-1].end]


def words_of(sql: str) -> list[Word]:
    """Return the words of a statement, spaces and comments left out."""
    return [
        Word(str(found.lastgroup), found[0], found.start(), found.end())
        for found in _WORD.finditer(sql)
        if found.lastgroup != "space"
    ]


def unquoted(word: Word) -> str:
    """Return the name a word stands for."""
    text = word.text
    if word.kind in ("name", "text"):
        end = text[-1]
        return text[1:-1] if end == "]" else text[1:-1].replace(end * 2, end)
    return text


def parsed(sql: str) -> Created:
    """Take a CREATE TABLE apart.

    Raises:
        TableError: It is none that we understand.
    """
    words = words_of(sql)
    first = next((n for n, w in enumerate(words) if w.text == "("), None)
    if first is None:
        raise TableError(
            "The table's definition cannot be understood", remedy="make it anew with CREATE TABLE"
        )
    definitions: list[tuple[Word, ...]] = []
    current: list[Word] = []
    depth = 0
    for word in words[first:]:
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "other" else 0
        if depth == 0:
            definitions.append(tuple(current))
            return Created(sql, tuple(definitions), sql[word.end :])
        if depth == 1 and word.text == "," and word.kind == "other":
            definitions.append(tuple(current))
            current = []
        elif not (depth == 1 and word.text == "(" and not current and not definitions):
            current.append(word)
    raise TableError("The table's definition ends early", remedy="make it anew with CREATE TABLE")


def is_column(definition: tuple[Word, ...]) -> bool:
    """Return whether a definition is a column's, not a rule of the table."""
    return bool(definition) and not definition[0].means(*_TABLE_RULES)


def rebuilt(
    created: Created,
    name: str,
    *,
    texts: Collection[str] = (),
    without_checks: Collection[str] = (),
    links: bool = True,
    more: tuple[str, ...] = (),
) -> str:
    """Return the statement for a table of another name.

    Args:
        created: The statement taken apart.
        name: The other name.
        texts: Columns whose type becomes TEXT.
        without_checks: Columns no check may read: such checks are left off.
        links: Whether foreign keys are kept.
        more: Rules to add.
    """
    parts = []
    for definition in created.definitions:
        cuts = checks_in(definition, lambda words: reads(words, without_checks))
        cuts += [] if links else links_in(definition)
        fresh: tuple[int, int, str] | None = None
        if is_column(definition) and _among(unquoted(definition[0]), texts):
            fresh = _type_span(definition)
        part = _cut(created.sql, definition, cuts, fresh)
        if part.strip():
            parts.append(part)
    return f"CREATE TABLE {q(name)} ({', '.join([*parts, *more])}){created.tail}"


def _among(name: str, names: Collection[str]) -> bool:
    return name.lower() in {n.lower() for n in names}


def _type_span(definition: tuple[Word, ...]) -> tuple[int, int, str]:
    end = next((n for n, w in enumerate(definition) if n and w.means(*_ENDS_TYPE)), len(definition))
    return definition[0].end, definition[end - 1].end, " TEXT"


def _cut(
    sql: str,
    definition: tuple[Word, ...],
    cuts: list[tuple[int, int]],
    fresh: tuple[int, int, str] | None,
) -> str:
    """Return a definition without some pieces, its comments left out at the ends."""
    if not definition:
        return ""
    edits = [(start, end, " ") for start, end in cuts] + ([fresh] if fresh else [])
    out, at = [], definition[0].start
    for start, end, text in sorted(edits):
        out += [sql[at:start], text]
        at = max(at, end)
    out.append(sql[at : definition[-1].end])
    # A comment to the end of the line would swallow what is written after it.
    return "".join(out) + ("\n" if "--" in "".join(out) else "")


def checks_in(
    definition: tuple[Word, ...], wanted: Callable[[tuple[Word, ...]], bool]
) -> list[tuple[int, int]]:
    """Return where checks stand whose words are wanted, their CONSTRAINT names included."""
    found = []
    for n, word in enumerate(definition):
        if word.means("CHECK") and _depth(definition, n) == 0 and n + 1 < len(definition):
            last = _group_end(definition, n + 1)
            if wanted(definition[n + 1 : last + 1]):
                found.append((definition[_with_name(definition, n)].start, definition[last].end))
    return found


def links_in(definition: tuple[Word, ...]) -> list[tuple[int, int]]:
    """Return where foreign keys stand."""
    found = []
    for n, word in enumerate(definition):
        if word.means("REFERENCES") and _depth(definition, n) == 0:
            start = n
            if not is_column(definition):
                start = max(i for i in range(n) if definition[i].means("FOREIGN"))
            found.append(
                (
                    definition[_with_name(definition, start)].start,
                    definition[_link_end(definition, n)].end,
                )
            )
    return found


def _link_end(definition: tuple[Word, ...], at: int) -> int:
    """Return the last word of REFERENCES table (columns) ON … MATCH … DEFERRABLE …."""
    last = at + 1
    if last + 1 < len(definition) and definition[last + 1].text == "(":
        last = _group_end(definition, last + 1)
    while last + 1 < len(definition):
        word = definition[last + 1]
        after = definition[last + 2] if last + 2 < len(definition) else None
        if word.means("ON") and after is not None:
            rule = definition[last + 3]
            last += 4 if rule.means("SET", "NO") else 3
        elif word.means("MATCH", "INITIALLY"):
            last += 2
        elif word.means("DEFERRABLE"):
            last += 1
        elif word.means("NOT") and after is not None and after.means("DEFERRABLE"):
            last += 2
        else:
            break
    return last


def _depth(definition: tuple[Word, ...], at: int) -> int:
    before = [w.text for w in definition[:at] if w.kind == "other"]
    return before.count("(") - before.count(")")


def _with_name(definition: tuple[Word, ...], at: int) -> int:
    return at - 2 if at >= 2 and definition[at - 2].means("CONSTRAINT") else at


def _group_end(definition: tuple[Word, ...], at: int) -> int:
    depth = 0
    for n in range(at, len(definition)):
        word = definition[n]
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "other" else 0
        if depth == 0:
            return n
    return len(definition) - 1


def reads(words: tuple[Word, ...] | list[Word], columns: Collection[str]) -> bool:
    """Return whether an expression names one of the columns."""
    names = {c.lower() for c in columns}
    return any(w.kind in ("word", "name") and unquoted(w).lower() in names for w in words)


def text_reads(sql: str, columns: Collection[str]) -> bool:
    """Return whether a statement names one of the columns."""
    return reads(words_of(sql), columns)


def renamed_index(sql: str, name: str, table: str) -> str:
    """Return a CREATE INDEX under another name, on another table."""
    words = words_of(sql)
    unique = any(w.means("UNIQUE") for w in words[:3])
    on = next(n for n, w in enumerate(words) if w.means("ON"))
    rest = next(w for w in words[on:] if w.text == "(" and w.kind == "other")
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX {q(name)} ON {q(table)} {sql[rest.start :]}"
