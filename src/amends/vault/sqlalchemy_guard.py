"""What cannot be done with a column of tokens, and what to do instead.

Operators are refused where the statement is written. What SQLAlchemy gives a type no say in (ORDER BY, functions,
casts, a comparison that begins with another column) is refused when the statement is executed, before anything is
sent: on every engine of the process, once :mod:`amends.vault.sqlalchemy_type` was imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    Cast,
    ColumnElement,
    Over,
)
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import GenerativeSelect, ScalarSelect, SelectBase

from amends.kernel.errors import TableError

if TYPE_CHECKING:
    from amends.vault.sqlalchemy_type import Protected

PLAIN = (operators.distinct_op,)
COUNTING = ("count", "coalesce", "nullif", "array_agg", "exists", "approx_count_distinct")
"""Functions that only ask whether tokens are there or equal, or hand them on."""
_COMPARED = (
    operators.eq,
    operators.ne,
    operators.in_op,
    operators.not_in_op,
    operators.is_,
    operators.is_not,
    operators.comma_op,
    operators.as_,
)
_ORDERS = (operators.asc_op, operators.desc_op, operators.nulls_first_op, operators.nulls_last_op)
_TEXTS = (
    "like_op", "ilike_op", "contains_op", "startswith_op", "endswith_op", "regexp_match_op", "match_op",
)  # fmt: skip


def no_operator(
    domain: str, op: Any
) -> TableError:  # Any: operators are functions of several types
    """Return what to say of an operator that tokens do not bear."""
    name = getattr(op, "__name__", str(op)).removesuffix("_op").replace("not_", "not ")
    if (
        getattr(op, "__name__", "").removeprefix("not_").removeprefix("i") in _TEXTS
        or "like" in name
    ):
        remedy = (
            "search for the whole value; for parts keep a column of their own, such as the last four, "
            "or a blind index of a normal form"
        )
    elif op in _ORDERS:
        remedy = "order by another column: the order of tokens means nothing"
    else:
        remedy = "compare with == or in_ and whole values; reveal single values in the application"
    return TableError(f"{name} cannot work on {domain}: the database holds tokens", remedy=remedy)


def no_parameter(domain: str) -> TableError:
    """Return what to say of a parameter whose value comes later: it would find one key version only."""
    return TableError(
        f"A bound parameter cannot be looked for in {domain}: a value has a token for each live key version",
        remedy="write the value into the comparison (column == value); it is bound when the statement runs",
    )


def unwrapped(other: Any) -> Any:  # Any: whatever an application compares with
    """Return the expression behind an attribute of a mapped class; other things as they are."""
    for _ in range(4):  # an attribute of an alias of a hybrid is as deep as they go
        if isinstance(other, ColumnElement) or not hasattr(other, "__clause_element__"):
            break
        other = other.__clause_element__()
    return other


def refuse_derived(expression: ColumnElement[Any]) -> None:
    """Refuse what is no longer a token though its type says so: a function's result.

    Raises:
        TableError: It is.
    """
    kind = expression.type
    derived = isinstance(expression, FunctionElement) and expression.name not in COUNTING
    if derived and is_protected(kind):
        raise _no_function(kind.domain, expression.name)


def refuse_other(kind: Protected, other: ColumnElement[Any]) -> None:
    """Refuse a comparison with something that is not a column of the same domain.

    Raises:
        TableError: It is not.
    """
    if isinstance(other, BindParameter):
        raise no_parameter(kind.domain)
    if isinstance(other, ScalarSelect):
        other = (
            other.element.selected_columns[0]
            if hasattr(other.element, "selected_columns")
            else other
        )
    if not _matches(kind, other):
        raise _other_domain(kind, other)


def refuse_other_select(kind: Protected, other: Any) -> None:  # Any: what IN takes
    """Refuse IN over a query whose column is not of the same domain.

    Raises:
        TableError: It is not.
    """
    chosen: Any = getattr(other, "selected_columns", None)  # Any: a collection of columns
    columns = list(getattr(other, "c", ()) if chosen is None else chosen)
    if len(columns) != 1 or not _matches(kind, columns[0]):
        raise _other_domain(kind, columns[0] if columns else None)


def _matches(kind: Protected, other: ColumnElement[Any]) -> bool:
    theirs = getattr(other, "type", None)
    return is_protected(theirs) and kind.same_domain(theirs)


def is_protected(kind: object) -> TypeGuard[Protected]:
    """Say whether a type is :class:`~amends.vault.sqlalchemy_type.Protected`."""
    return hasattr(kind, "same_domain") and hasattr(kind, "wanted")


def _other_domain(kind: Protected, other: Any) -> TableError:  # Any: whatever was compared
    theirs = getattr(getattr(other, "type", None), "domain", None)
    what = f"tokens of {theirs}" if theirs else "something that is not protected"
    return TableError(
        f"A column of {kind.domain} is compared with {what}",
        remedy="give both columns one domain, scheme and keyring; tokens of two domains are never equal",
    )


def _no_function(domain: str, name: str) -> TableError:
    return TableError(
        f"{name}() cannot work on {domain}: the database holds tokens",
        remedy="bring values to one form before they are stored (normal=…), and compute in the application",
    )


_HARMLESS = frozenset(
    (
        "column",
        "bindparam",
        "table",
        "alias",
        "subquery",
        "grouping",
        "label",
        "null",
        "join",
        "clauselist",
    )
)


@event.listens_for(Engine, "before_execute")
def _look(conn: Any, statement: Any, *rest: Any) -> None:  # Any: SQLAlchemy's own
    """Refuse a statement that does with tokens what cannot be done."""
    if not isinstance(statement, visitors.ExternallyTraversible):
        return
    for element in visitors.iterate(statement):
        # This is done for each statement of the application: most elements are told by their name alone.
        if element.__visit_name__ not in _HARMLESS:
            _refuse(element)


def _refuse(element: Any) -> None:  # Any: elements of many types
    if isinstance(element, BinaryExpression):
        _refuse_binary(element)
    elif isinstance(element, FunctionElement):
        if element.name not in COUNTING:
            for kind in _kinds(element.clauses):
                raise _no_function(kind.domain, element.name)
    elif isinstance(element, Cast):
        for kind in _kinds((element.clause,)):
            raise _no_function(kind.domain, "cast")
    elif isinstance(element, GenerativeSelect):
        _refuse_order(element._order_by_clauses)
    elif isinstance(element, Over) and element.order_by is not None:
        _refuse_order(element.order_by)


def _refuse_order(clauses: Any) -> None:  # Any: clauses of many types
    for clause in clauses:
        inner = clause
        for _ in range(8):  # labels, directions and places of nulls, one around the other
            inner = getattr(inner, "element", inner)
        for kind in _kinds((inner,)):
            raise no_operator(kind.domain, operators.asc_op)


def _refuse_binary(element: BinaryExpression[Any]) -> None:
    for mine, theirs in ((element.left, element.right), (element.right, element.left)):
        for kind in _kinds((mine,)):
            if element.operator not in _COMPARED:
                raise no_operator(kind.domain, element.operator)
            column = theirs.element if isinstance(theirs, ScalarSelect) else theirs
            if isinstance(column, SelectBase):
                refuse_other_select(kind, column)
            elif hasattr(column, "type") and _is_column(column) and not _matches(kind, column):
                raise _other_domain(kind, column)


def _is_column(element: Any) -> bool:  # Any: elements of many types
    return getattr(element, "__visit_name__", "") in ("column", "label", "function", "cast")


def _kinds(elements: Any) -> Iterator[Protected]:  # Any: elements of many types
    """Yield the protected types among elements that are columns, not values on their way to one."""
    for element in elements:
        kind = getattr(element, "type", None)
        if is_protected(kind) and not isinstance(element, BindParameter):
            yield kind
