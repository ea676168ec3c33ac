"""The plan of a masked copy: a file that a person reads and changes before anything is written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from amends.kernel.errors import UsageError
from amends.vault.masking.rules import RULE_WORDS, RULES, UNIQUE_DOMAINS

T = TypeVar("T")
POLICIES = ("keep", "redact")


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of a column.

    Attributes:
        table: Table.
        column: Column.
        rule: One of ``RULES``.
        domain: Value domain, for fpe and pool.
        element: What it was taken for; empty when it was not recognised.
        reason: Why.
        part: ``first``, ``last`` … of a name.
        day_first: For shift: whether 3/4/2020 is the third of April.
        beside: For cities: the column with the state.
    """

    table: str
    column: str
    rule: str
    domain: str = ""
    element: str = ""
    reason: str = ""
    part: str = ""
    day_first: bool = False
    beside: str = ""


@dataclass(frozen=True)
class Join:
    """Two columns that hold the same values.

    Attributes:
        child: Table that refers.
        child_column: Its column.
        parent: Table that is referred to.
        parent_column: Its column, in which each value stands once.
        why: declared, or how it was inferred.
    """

    child: str
    child_column: str
    parent: str
    parent_column: str
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """The whole plan.

    Attributes:
        source: Name of the store it was made for.
        unknown: ``keep`` or ``redact``: what becomes of columns that were not recognised.
        columns: One entry a column of the source, none left out.
        joins: Columns that hold the same values.
    """

    source: str
    unknown: str = "keep"
    columns: tuple[ColumnPlan, ...] = ()
    joins: tuple[Join, ...] = field(default=())

    def of(self, table: str) -> list[ColumnPlan]:
        """Return the columns of a table."""
        return [c for c in self.columns if c.table == table]

    def with_columns(self, columns: Iterable[ColumnPlan]) -> Plan:
        """Return the plan with other columns."""
        return replace(self, columns=tuple(columns))


def write_plan(plan: Plan) -> str:
    """Return a plan as TOML."""
    unrecognised = [c for c in plan.columns if not c.element and c.rule == "keep"]
    lines = [
        "# Plan of a masked copy. Read it; change a rule where you know better; give it back with --plan.",
        *(f"#   {rule:<7}{words}" for rule, words in RULE_WORDS.items()),
        "#",
        f"# NOT RECOGNISED AND KEPT AS THEY ARE: {len(unrecognised)} columns. Look at each:",
        *(f"#   {_comment(c.table)} . {_comment(c.column)}" for c in unrecognised),
        "",
        f"source = {_text(plan.source)}",
        f"unknown = {_text(plan.unknown)}  # columns that are not recognised: keep or redact",
    ]
    for table in dict.fromkeys(c.table for c in plan.columns):
        for one in plan.of(table):
            lines += [
                "",
                "[[column]]",
                *(_entry(k, v) for k, v in vars(one).items() if v not in ("", False)),
            ]
    for join in plan.joins:
        lines += ["", "[[join]]", *(_entry(k, v) for k, v in vars(join).items())]
    return "\n".join(lines) + "\n"


def _entry(key: str, value: object) -> str:
    return f"{key} = {'true' if value is True else _text(str(value))}"


def _text(value: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's, but for DEL, and lone surrogates cannot stand in either."""
    plain = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(value: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in value)


def read_plan(path: Path) -> Plan:
    """Return the plan of a file.

    Raises:
        UsageError: It is no plan, or names a rule that does not exist.
    """
    try:
        held = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The plan cannot be read", where=str(path), remedy="check the path"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"The plan is not TOML: {error}", where=str(path), remedy="correct the line named"
        ) from error
    columns = [_made(ColumnPlan, row, path) for row in held.get("column", [])]
    joins = [_made(Join, row, path) for row in held.get("join", [])]
    plan = Plan(
        str(held.get("source", "")), str(held.get("unknown", "keep")), tuple(columns), tuple(joins)
    )
    _check(plan, path)
    return plan


def _made(kind: type[T], row: Mapping[str, Any], path: Path) -> T:  # Any: TOML
    try:
        return kind(**row)
    except TypeError as error:
        raise UsageError(
            f"An entry of the plan has a word that is not known, or lacks one ({kind.__name__})",
            where=str(path),
            remedy="make the plan again with --plan-only and compare",
        ) from error


def _check(plan: Plan, path: Path) -> None:
    if plan.unknown not in POLICIES:
        raise UsageError("unknown must be keep or redact", where=str(path), remedy="correct it")
    seen = set()
    for one in plan.columns:
        if one.rule not in RULES:
            raise UsageError(
                f"There is no rule {one.rule}", where=f"{path}: {one.table}.{one.column}",
                remedy=f"use one of {' '.join(RULES)}",
            )  # fmt: skip
        if one.rule in ("fpe", "pool") and not one.domain:
            raise UsageError(
                f"Rule {one.rule} needs a domain", where=f"{path}: {one.table}.{one.column}",
                remedy="name the values it is compared with, as in: domain = \"ssn\"",
            )  # fmt: skip
        if (one.table, one.column) in seen:
            raise UsageError(
                "A column stands twice in the plan",
                where=f"{path}: {one.table}.{one.column}",
                remedy="keep one",
            )
        seen.add((one.table, one.column))


def is_unique(domain: str) -> bool:
    """Say whether no original of a domain may survive: all but pools and numbers of few digits."""
    return domain in UNIQUE_DOMAINS or domain not in _FEW_VALUES


_FEW_VALUES = frozenset(
    [
        "last4",
        "cvv",
        "pin",
        "name",
        "given_name",
        "surname",
        "business",
        "street",
        "street2",
        "city",
        "zip",
        "address",
    ]
)
