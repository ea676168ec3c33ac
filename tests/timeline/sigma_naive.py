"""A second opinion: Sigma evaluated the plain way, one event and one rule at a time, straight from pySigma's tree."""

from __future__ import annotations

import base64
import ipaddress
import operator
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from sigma import conditions as C  # noqa: N812
from sigma import types as T  # noqa: N812
from sigma.collection import SigmaCollection

from amends.timeline.sigma.rules import Correlation

Event = Mapping[str, str]


def fires(rule_yaml: str, event: Event) -> bool:
    """Say whether a rule fires on an event, its log source left out."""
    rule = SigmaCollection.from_yaml(rule_yaml).rules[0]
    low = {k.lower(): v for k, v in event.items()}
    return any(_node(c.parsed, low) for c in rule.detection.parsed_condition)


def tree_fires(tree: Any, event: Event) -> bool:
    """Say whether a parsed condition holds for an event whose names are in lower case."""
    return _node(tree, event)


def _node(tree: Any, event: Event) -> bool:
    if isinstance(tree, C.ConditionAND):
        return all(_node(a, event) for a in tree.args)
    if isinstance(tree, C.ConditionOR):
        return any(_node(a, event) for a in tree.args)
    if isinstance(tree, C.ConditionNOT):
        return not _node(tree.args[0], event)
    if isinstance(tree, C.ConditionFieldEqualsValueExpression):
        return _holds(event.get(tree.field.lower()), tree.value, event)
    value = tree.value
    if isinstance(value, T.SigmaString):
        value = T.SpecialChars.WILDCARD_MULTI + value + T.SpecialChars.WILDCARD_MULTI
    return any(_holds(v, value, event) for v in event.values())


def _holds(text: str | None, value: Any, event: Event) -> bool:
    if isinstance(value, T.SigmaNull):
        return text is None
    if isinstance(value, T.SigmaExists):
        return (text is not None) == bool(value)
    if text is None:
        return False
    if isinstance(value, T.SigmaExpansion):
        return any(_holds(text, v, event) for v in value.values)
    if isinstance(value, T.SigmaString):
        flags = re.S if isinstance(value, T.SigmaCasedString) else re.S | re.I
        parts = [
            re.escape(p)
            if isinstance(p, str)
            else ".*"
            if p == T.SpecialChars.WILDCARD_MULTI
            else "."
            for p in value.s
        ]
        return re.fullmatch("".join(parts), text, flags) is not None
    return _rarer(text, value, event)


def _rarer(text: str, value: Any, event: Event) -> bool:
    if isinstance(value, T.SigmaNumber | T.SigmaBool):
        return text.lower() == str(value).lower()
    if isinstance(value, T.SigmaRegularExpression):
        flags = {"IGNORECASE": re.I, "MULTILINE": re.M, "DOTALL": re.S}
        return (
            re.search(str(value.regexp), text, sum(flags[f.name] for f in value.flags)) is not None
        )
    if isinstance(value, T.SigmaCIDRExpression):
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(str(value.cidr))
        except ValueError:
            return False
    if isinstance(value, T.SigmaCompareExpression):
        ask = {
            "LT": operator.lt,
            "LTE": operator.le,
            "GT": operator.gt,
            "GTE": operator.ge,
            "NEQ": operator.ne,
        }
        try:
            return bool(ask[value.op.name](float(text), float(str(value.number))))
        except ValueError:
            return False
    if isinstance(value, T.SigmaFieldReference):
        other = event.get(value.field.lower())
        return other is not None and text.lower() == other.lower()
    raise NotImplementedError(type(value).__name__)


def batch_of(events: list[Event], **columns: list[Any]) -> pa.RecordBatch:
    """Return events as a batch: fields in ``extra``, further columns as given."""
    n = len(events)
    extra = pa.array([list(e.items()) for e in events], pa.map_(pa.string(), pa.string()))
    made = {"event_id": pa.array(range(1, n + 1), pa.int64()), "extra": extra}
    return pa.record_batch({**made, **{k: pa.array(v) for k, v in columns.items()}})


def encoded(text: str, wide: bool = False) -> str:
    """Return text in Base64, from UTF-16LE if wide."""
    return base64.b64encode(text.encode("utf-16le" if wide else "utf-8")).decode()


def windows(rule: Correlation, rows: list[tuple[int, int, int, int]]) -> set[tuple[int, int]]:
    """Return (group, end) of every window that ends with a hit and for which a growing condition holds.

    Rows are (at, id, place of the rule, group), counted one by one.
    """
    found = set()
    for at, _, _, group in rows:
        if group < 0:
            continue
        inside = [r for r in rows if r[3] == group and at - rule.span_s * 1_000_000 <= r[0] <= at]
        n = (
            len({r[1] for r in inside})
            if rule.type == "event_count"
            else len({r[2] for r in inside})
        )
        if {"gt": n > rule.count, "gte": n >= rule.count}[rule.op]:
            found.add((group, at))
    return found
