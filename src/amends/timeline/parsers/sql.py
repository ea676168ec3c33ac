# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What a SQL statement does and to which table, as database logs need it: by its first words, not by a grammar.

Every distinct statement is looked at once. The first table named after FROM, INTO, UPDATE, TABLE or COPY is the object.

Source: ISO/IEC 9075-2 (statement classes), PostgreSQL and MySQL manuals (COPY, INTO OUTFILE, LOAD DATA).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Ints
from amends.timeline.parsers import cells

_LEAD = r"^(?s:[\s(;]+|/\*.*?\*/|--[^\n]*\n|#[^\n]*\n)*"
_NAME = r'(?:["`\[]?[\w$#@ -]*["`\]]|[\w$#@*]+)'
_TABLE = rf"(?P<name>{_NAME}(?:\s*\.\s*{_NAME}){{0,3}})"
_ACTIONS = {
    "select": "select", "table": "select", "with": "select", "values": "select", "fetch": "select", "declare": "select",
    "insert": "insert", "replace": "insert", "merge": "insert", "load": "insert", "update": "update", "delete": "delete",
    "truncate": "delete", "create": "define", "alter": "define", "drop": "define", "rename": "define", "comment": "define",
    "reindex": "define", "grant": "grant", "revoke": "grant", "deny": "grant", "connect": "connect", "backup": "dump",
    "unload": "dump", "export": "dump", "mysqldump": "dump",
}  # fmt: skip
_FROM = rf"(?is)\bfrom\s+(?:only\s+|lateral\s+)?{_TABLE}"
_WRITTEN = rf"(?i)^(?:insert|replace|merge)\s+(?:(?:low_priority|delayed|high_priority|ignore|overwrite)\s+)*(?:into\s+)?(?:table\s+)?{_TABLE}"
_KEPT = rf"(?i)^(?:truncate|lock|analyze|vacuum|describe|desc|reindex|check|optimize|repair)\s+(?:tables?\s+)?(?:only\s+)?{_TABLE}"
_MADE = (
    r"(?i)^(?:create|alter|drop|rename|comment\s+on)\s+(?:or\s+replace\s+)?(?:global\s+|local\s+|temporary\s+|temp\s+|unlogged\s+"
    r"|external\s+|foreign\s+|materialized\s+|unique\s+)*(?:table|view|index|sequence|schema|database|function|procedure|trigger)"
    rf"\s+(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?{_TABLE}"
)
_GIVEN = rf"(?i)^(?:grant|revoke|deny)\s[^;]*?\son\s+(?:table\s+|object::)?{_TABLE}"
# By its verb, where a statement names its table; what is not found there is looked for behind FROM.
_TABLES = {
    "copy": rf"(?i)^(?:copy)\s+(?:binary\s+)?{_TABLE}(?:\s|\(|$)",
    "update": rf"(?i)^update\s+(?:(?:low_priority|ignore|only)\s+)*{_TABLE}",
    "load": rf"(?i)^load\s+data\s[^;]*?\sinto\s+table\s+{_TABLE}",
    "backup": rf"(?i)^backup\s+(?:database|log|table)\s+{_TABLE}",
} | dict.fromkeys(("insert", "replace", "merge"), _WRITTEN) | dict.fromkeys(
    ("truncate", "lock", "analyze", "vacuum", "describe", "desc", "reindex", "check", "optimize", "repair"), _KEPT
) | dict.fromkeys(("create", "alter", "drop", "rename", "comment"), _MADE) | dict.fromkeys(("grant", "revoke", "deny"), _GIVEN)  # fmt: skip
_COPY_OUT = r"(?is)^copy\b.*\bto\s+(?:stdout|program\b|'|e'|\")"
_OUTFILE = r"(?is)\binto\s+(?:outfile|dumpfile)\b"
_WITH_WRITE = r"(?is)^with\b.*\)\s*(?P<verb>insert|update|delete|merge)\s"
_ROLE = r"(?i)^(?P<verb>create|alter|drop)\s+(?:user|role|login|group)\s+(?:if\s+(?:not\s+)?exists\s+)?['\"`\[]?(?P<who>[\w.$@-]+)"
_NOT_TABLES = pa.array(
    ["stdin", "stdout", "select", "lateral", "unnest", "(", "only", "table", "dual"]
)


@dataclass(frozen=True)
class Statements:
    """What statements do.

    Attributes:
        kind: query, or account for statements on accounts and roles.
        action: A word of that kind.
        object: Table, without quotes; null where none is named.
        target_account: Account made, changed or dropped.
    """

    kind: pa.StringArray
    action: pa.StringArray
    object: pa.StringArray
    target_account: pa.StringArray


def read_statements(commands: pa.Array) -> Statements:
    """Return what statements do; null and empty ones are ``other``."""
    coded = pc.fill_null(cells.flat(commands), "").dictionary_encode()
    found = _read(coded.dictionary)
    parts = (found.kind, found.action, found.object, found.target_account)
    return Statements(*(part.take(coded.indices) for part in parts))


def _read(texts: pa.StringArray) -> Statements:
    bare = texts
    if pc.any(pc.match_substring_regex(texts, r"^[\s(;/#-]")).as_py():
        bare = pc.replace_substring_regex(texts, _LEAD, "", max_replacements=1)
    verb = pc.struct_field(pc.extract_regex(bare, r"^(?P<verb>[A-Za-z]+)"), "verb")
    verb = pc.fill_null(pc.utf8_lower(verb), "")
    rows = _rows_by_verb(verb)
    action = cells.by_distinct(
        verb, lambda v: "insert" if v == "copy" else _ACTIONS.get(v, "other")
    )
    action = _dumped(bare, rows.get("copy"), _COPY_OUT, action)
    if pc.any(pc.match_substring(bare, "into", ignore_case=True)).as_py():
        action = _dumped(bare, rows.get("select"), _OUTFILE, action)
    action = _written_by_with(bare, verb, action)
    tables = table_of(bare, rows)
    n = len(bare)
    if not {"create", "alter", "drop"} & rows.keys():
        return Statements(cells.constant("query", n), action, tables, pa.nulls(n, pa.string()))
    return _on_roles(bare, action, tables)


def _rows_by_verb(verb: pa.StringArray) -> dict[str, Ints]:
    """Return the rows of each verb."""
    coded = verb.dictionary_encode()
    codes = coded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=len(coded.dictionary))
    parts = np.split(order, np.cumsum(sizes)[:-1]) if len(sizes) else []
    return dict(zip(coded.dictionary.to_pylist(), parts, strict=False))


def _dumped(
    bare: pa.StringArray, rows: Ints | None, pattern: str, action: pa.StringArray
) -> pa.StringArray:
    """Return actions in which statements that write what they read to a file or a pipe are dumps."""
    if rows is None or not len(rows):
        return action
    out = np.zeros(len(bare), dtype=bool)
    fits = pc.match_substring_regex(bare.take(pa.array(rows)), pattern)
    out[rows] = fits.to_numpy(zero_copy_only=False)
    return pc.if_else(pa.array(out), "dump", action)


def _on_roles(bare: pa.StringArray, action: pa.StringArray, tables: pa.StringArray) -> Statements:
    """Return statements in which those that make, change or drop an account are of kind ``account``."""
    role = pc.extract_regex(bare, _ROLE)
    target = cells.account(pc.struct_field(role, "who"))
    on_role = pc.fill_null(pc.greater(pc.binary_length(pc.struct_field(role, "who")), 0), False)
    done = cells.by_distinct(pc.utf8_lower(pc.struct_field(role, "verb")), _role_action)
    password = pc.and_(on_role, pc.match_substring_regex(bare, r"(?i)\b(?:password|identified)\b"))
    changed = pc.and_(password, pc.fill_null(pc.equal(done, "modify"), False))
    done = pc.if_else(changed, "password", done)
    kind = pc.if_else(on_role, "account", "query")
    return Statements(kind, pc.if_else(on_role, done, action), tables, target)


def _role_action(verb: str) -> str:
    return {"create": "create", "drop": "delete"}.get(verb, "modify")


def _written_by_with(
    bare: pa.StringArray, verb: pa.StringArray, action: pa.StringArray
) -> pa.StringArray:
    """Return actions in which a WITH that ends in a writing statement counts as that."""
    rows = pc.fill_null(pc.equal(verb, "with"), False)
    if not pc.any(rows).as_py():
        return action
    written = pc.utf8_lower(pc.struct_field(pc.extract_regex(bare, _WITH_WRITE), "verb"))
    words = cells.by_distinct(written, _ACTIONS.get)
    return pc.coalesce(pc.if_else(rows, words, None), action)


def table_of(bare: pa.StringArray, rows: dict[str, Ints]) -> pa.StringArray:
    """Return the first table that each statement names, without quotes; null where it names none."""
    left = np.ones(len(bare), dtype=bool)
    place = np.full(len(bare), -1, dtype=np.int64)
    parts: list[pa.StringArray] = []
    done = 0
    for where, pattern in [
        *((where, _TABLES[verb]) for verb, where in rows.items() if verb in _TABLES),
        (None, _FROM),
    ]:
        mine = np.flatnonzero(left) if where is None else where
        named = pc.struct_field(pc.extract_regex(bare.take(pa.array(mine)), pattern), "name")
        found = _unquoted(named)
        good = found.is_valid().to_numpy(zero_copy_only=False)
        place[mine[good]] = done + np.flatnonzero(good)
        left[mine[good]] = False
        parts.append(found)
        done += len(mine)
    return pa.concat_arrays(parts).take(pa.array(place, mask=place < 0))


def _unquoted(names: pa.StringArray) -> pa.StringArray:
    plain = pc.replace_substring_regex(names, r'["`\[\]]|\s*(?:\.)\s*', "\x00")
    plain = pc.replace_substring_regex(plain, "\x00+", ".")
    plain = pc.utf8_trim(plain, " .")
    bad = pc.or_(pc.is_in(pc.utf8_lower(plain), _NOT_TABLES), pc.equal(plain, ""))
    return pc.if_else(pc.fill_null(bad, True), pa.scalar(None, pa.string()), plain)
