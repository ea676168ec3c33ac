"""Names in SQL: quoted the PostgreSQL, MySQL or SQL Server way, with or without a schema."""

from __future__ import annotations

import re

PART = rb'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[(?:[^\]]|\]\])*\]|[\w$\x80-\xff]+)'
NAME = PART + rb"(?:\s*\.\s*" + PART + rb"){0,3}"
_PARTS = re.compile(PART)


def parts_of(name: bytes) -> list[str]:
    """Return the steps of a name, unquoted."""
    return [_unquoted(found.group()) for found in _PARTS.finditer(name)]


def plain_name(name: bytes) -> str:
    """Return a name as it is shown: steps joined by dots."""
    return ".".join(parts_of(name))


def listed_names(text: bytes) -> list[str]:
    """Return the names of a list of columns."""
    return [_unquoted(found.group()) for found in _PARTS.finditer(text)]


def _unquoted(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    if text[:1] == '"':
        return text[1:-1].replace('""', '"')
    if text[:1] == "`":
        return text[1:-1].replace("``", "`")
    if text[:1] == "[":
        return text[1:-1].replace("]]", "]")
    return text
