# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What a SQL statement does and to which table, as database logs need it: by its first words, not by a grammar.

Every distinct statement is looked at once. The first table named after FROM, INTO, UPDATE, TABLE or COPY is the object.

Source: ISO/IEC 9075-2 (statement classes), PostgreSQL and MySQL manuals (COPY, INTO OUTFILE, LOAD DATA).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

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
# Tried in this order; the first that fits names the table.
_TABLES = (
    rf"(?i)^(?:copy)\s+(?:binary\s+)?{_TABLE}(?:\s|\(|$)",
    rf"(?i)^(?:insert|replace|merge)\s+(?:(?:low_priority|delayed|high_priority|ignore|overwrite)\s+)*(?:into\s+)?(?:table\s+)?{_TABLE}",
    rf"(?i)^update\s+(?:(?:low_priority|ignore|only)\s+)*{_TABLE}",
    rf"(?i)^(?:truncate|lock|analyze|vacuum|describe|desc|reindex|check|optimize|repair)\s+(?:tables?\s+)?(?:only\s+)?{_TABLE}",
    rf"(?i)^(?:create|alter|drop|rename|comment\s+on)\s+(?:or\s+replace\s+)?(?:global\s+|local\s+|temporary\s+|temp\s+|unlogged\s+"
    rf"|external\s+|foreign\s+|materialized\s+|unique\s+)*(?:table|view|index|sequence|schema|database|function|procedure|trigger)"
    rf"\s+(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?{_TABLE}",
    rf"(?i)^(?:grant|revoke|deny)\s[^;]*?\son\s+(?:table\s+|object::)?{_TABLE}",
    rf"(?i)^load\s+data\s[^;]*?\sinto\s+table\s+{_TABLE}",
    rf"(?i)^backup\s+(?:database|log|table)\s+{_TABLE}",
    rf"(?is)\bfrom\s+(?:only\s+|lateral\s+)?{_TABLE}",
)
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
    bare = pc.replace_substring_regex(texts, _LEAD, "", max_replacements=1)
    verb = pc.utf8_lower(pc.struct_field(pc.extract_regex(bare, r"^(?P<verb>[A-Za-z]+)"), "verb"))
    action = cells.by_distinct(pc.fill_null(verb, ""), lambda v: _ACTIONS.get(v, "other"))
    out = pc.or_(
        pc.match_substring_regex(bare, _COPY_OUT), pc.match_substring_regex(bare, _OUTFILE)
    )
    copied = pc.fill_null(pc.equal(verb, "copy"), False)
    action = pc.if_else(copied, "insert", action)
    action = pc.if_else(out, "dump", action)
    action = _written_by_with(bare, verb, action)
    role = pc.extract_regex(bare, _ROLE)
    target = cells.account(pc.struct_field(role, "who"))
    on_role = pc.fill_null(pc.greater(pc.binary_length(pc.struct_field(role, "who")), 0), False)
    done = cells.by_distinct(pc.utf8_lower(pc.struct_field(role, "verb")), _role_action)
    password = pc.and_(on_role, pc.match_substring_regex(bare, r"(?i)\b(?:password|identified)\b"))
    done = pc.if_else(
        pc.and_(password, pc.fill_null(pc.equal(done, "modify"), False)), "password", done
    )
    action = pc.if_else(on_role, done, action)
    kind = pc.if_else(on_role, "account", "query")
    return Statements(kind, action, table_of(bare), target)


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


def table_of(bare: pa.StringArray) -> pa.StringArray:
    """Return the first table that a statement names, without quotes; null where it names none."""
    found = pa.nulls(len(bare), pa.string())
    for pattern in _TABLES:
        if not found.null_count:
            break
        name = pc.struct_field(pc.extract_regex(bare, pattern), "name")
        found = pc.coalesce(found, _unquoted(name))
    return found


def _unquoted(names: pa.StringArray) -> pa.StringArray:
    plain = pc.replace_substring_regex(names, r'["`\[\]]|\s*(?:\.)\s*', "\x00")
    plain = pc.replace_substring_regex(plain, "\x00+", ".")
    plain = pc.utf8_trim(plain, " .")
    bad = pc.or_(pc.is_in(pc.utf8_lower(plain), _NOT_TABLES), pc.equal(plain, ""))
    return pc.if_else(pc.fill_null(bad, True), pa.scalar(None, pa.string()), plain)
