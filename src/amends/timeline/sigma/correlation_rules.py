"""Correlations as rules: what is meant is checked, they are laid in an order, and what serves them falls silent."""

from __future__ import annotations

from dataclasses import replace

from amends.timeline.sigma.rules import Correlation, Node, Refusal, Rule

TYPES = (
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile",
    "value_median",
)  # fmt: skip
MAX_SPAN_S = 366 * 86_400


def check(rule: Correlation) -> None:
    """Refuse a correlation that cannot be evaluated as written.

    Raises:
        ValueError: It cannot; says why.
    """
    if rule.type not in TYPES:
        raise ValueError(f"a type of correlation that is not known: {rule.type}")
    if not rule.refers:
        raise ValueError("a correlation that refers to no rule")
    if rule.type == "temporal_ordered" and rule.test is not None and not _is_sequence(rule.test):
        raise ValueError("an order of rules that is not a plain sequence (or, not)")
    if rule.type == "value_percentile" and not 0 <= rule.percentile <= 100:
        raise ValueError("a percentile outside 0 to 100")
    if rule.span_s > MAX_SPAN_S:
        raise ValueError("a window of more than a year")


def _is_sequence(test: Node) -> bool:
    return isinstance(test, int) or (
        isinstance(test, list) and test[0] == "and" and all(_is_sequence(t) for t in test[1:])
    )


def ordered(
    drafts: list[tuple[str, Correlation]], rules: set[int]
) -> tuple[list[Correlation], list[Refusal]]:
    """Return correlations so that what is referred to comes first; circles and lost references are refused."""
    done, placed, waiting = set(rules), list[Correlation](), list(drafts)
    while True:
        ready = [(p, c) for p, c in waiting if set(c.refers) <= done]
        if not ready:
            break
        placed.extend(c for _, c in ready)
        done.update(c.key for _, c in ready)
        waiting = [(p, c) for p, c in waiting if c.key not in done]
    reason = "it refers to itself, or to a rule that was refused"
    return placed, [Refusal(path, c.title, reason) for path, c in waiting]


def silenced(
    rules: list[Rule], correlations: list[Correlation], generating: dict[int, bool]
) -> tuple[list[Rule], list[Correlation]]:
    """Mark as silent what only correlations without ``generate`` refer to."""
    silent = {k for c in correlations if not generating.get(c.key) for k in c.refers}
    return (
        [replace(r, silent=r.key in silent) for r in rules],
        [replace(c, silent=c.key in silent) for c in correlations],
    )
