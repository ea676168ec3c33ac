"""A plan as TOML that a person reads and may edit."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from amends.kernel import ids
from amends.kernel.errors import UsageError
from amends.vault.ciphers import Scheme
from amends.vault.protect.plan import Plan, PlannedColumn, PlannedTable
from amends.vault.protect.propose import applications
from amends.vault.stores.opening import refuse_password

FORMAT = 1
_PLAN_KEYS = frozenset(
    ("format", "plan_id", "vault_id", "address", "store", "made_at", "chunk_rows", "table")
)
_TABLE_KEYS = frozenset(("name", "change_id", "shape", "rows", "group", "guard", "column"))
_COLUMN_KEYS = frozenset(("name", "domain", "scheme"))


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan, whole or not at all.

    Raises:
        UsageError: The file cannot be written.
    """
    half = path.with_name(f".{path.name}.{ids.new(4)}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write("\n".join(_lines(plan)) + "\n")
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)
    except OSError as error:
        raise UsageError(
            "The plan cannot be written", where=str(path), remedy="name a place you may write to"
        ) from error


def _lines(plan: Plan) -> Iterator[str]:
    yield "# What amends vault protect will do. Nothing has been changed yet. Read it, edit it, then run:"
    yield "#   amends vault protect VAULT THIS-FILE"
    yield "# You may take out a column or a table, change a domain, a scheme (siv, ff1, random) or guard."
    yield "# It is checked again when it is used."
    yield "#"
    yield "# For applications:"
    for line in applications():
        yield f"# - {line}"
    if plan.remarks:
        yield "#"
        yield "# Columns that are not in this plan:"
    for remark in plan.remarks:
        yield f"# - {_comment(remark)}"
    yield ""
    yield f"format = {FORMAT}"
    for name in ("plan_id", "vault_id", "address", "store", "made_at"):
        yield f"{name} = {_text(str(getattr(plan, name)))}"
    yield f"chunk_rows = {plan.chunk_rows}"
    for table in plan.tables:
        yield from _table_lines(table)


def _table_lines(table: PlannedTable) -> Iterator[str]:
    yield ""
    yield "[[table]]"
    yield f"name = {_text(table.name)}"
    yield f"change_id = {_text(table.change_id)}"
    yield f"shape = {_text(table.shape)}"
    yield f"rows = {table.n_rows}"
    yield f"group = {table.group}  # tables of one group change together"
    yield f"guard = {'true' if table.guard else 'false'}  # true: the store refuses values in clear from the swap on"
    for refusal in table.refusals:
        yield f"# CANNOT BE DONE YET: {_comment(refusal.what)}"
        yield f"#   -> {_comment(refusal.remedy)}"
    for note in table.notes:
        yield f"# {_comment(note)}"
    for column in table.columns:
        yield ""
        yield "[[table.column]]"
        if column.why:
            yield f"# {_comment(column.why)}"
        yield f"name = {_text(column.name)}"
        yield f"domain = {_text(column.domain)}"
        yield f"scheme = {_text(column.scheme)}"


def _text(value: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UsageError: It cannot be read, or does not have the form of a plan.
    """
    try:
        held = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The plan cannot be read", where=str(path), remedy="make one: amends vault plan"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            "The plan is not TOML any more",
            where=f"{path}: {error}",
            remedy="correct the line named, or make the plan again",
        ) from error
    try:
        return _plan(held)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            "The plan lacks something, or holds what a plan does not have",
            where=f"{path}: {error}",
            remedy="make it again: amends vault plan",
        ) from error


def _plan(held: Mapping[str, Any]) -> Plan:  # Any: as TOML gives it
    _known(held, _PLAN_KEYS)
    if held["format"] != FORMAT:
        raise ValueError("another format of plans")
    chunk_rows = int(held["chunk_rows"])
    if not 1 <= chunk_rows <= 10_000_000:
        raise ValueError("chunk_rows lies between 1 and 10,000,000")
    refuse_password(str(held["address"]))
    return Plan(
        _id(held["plan_id"]),
        str(held["vault_id"]),
        str(held["address"]),
        str(held["store"]),
        str(held["made_at"]),
        chunk_rows,
        tuple(_table(t) for t in held.get("table", ())),
    )


def _table(held: Mapping[str, Any]) -> PlannedTable:
    _known(held, _TABLE_KEYS)
    return PlannedTable(
        str(held["name"]),
        _id(held["change_id"]),
        tuple(_column(c) for c in held.get("column", ())),
        str(held["shape"]),
        int(held["rows"]),
        int(held["group"]),
        _truth(held["guard"]),
    )


def _column(held: Mapping[str, Any]) -> PlannedColumn:
    _known(held, _COLUMN_KEYS)
    scheme: Scheme = held["scheme"]
    if scheme not in get_args(Scheme):
        raise ValueError("scheme is siv, ff1 or random")
    return PlannedColumn(str(held["name"]), str(held["domain"]), scheme)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("guard is true or false")
    return value


def _id(value: object) -> str:
    """Return an id; it becomes part of names in the store, so nothing else passes."""
    text = str(value)
    if len(text) != 17 or text[0] != "V" or set(text[1:]) - set("0123456789abcdef"):
        raise ValueError("an id is V and 16 hex digits")
    return text


def _known(held: Mapping[str, Any], names: frozenset[str]) -> None:
    strange = sorted(set(held) - names)
    if strange:
        raise ValueError(f"unknown key {strange[0]}")
