"""The evidence of account protection: what was asked for which account, what the company said, and when. It sums."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.portal.protection.ledger import EVENTS, REQUESTS, make_protection_tables

COLUMNS = (
    "account_ref", "action", "source", "state", "asked_at", "handed_at", "ended_at", "reference", "attempt", "tries",
)  # fmt: skip
_CHUNK = 20_000


def report(state: sa.Engine) -> list[dict[str, object]]:
    """Return one row an action and source: requests by state, which sum to ``total``, with first and last times.

    ``with_evidence`` counts those done that carry the company's own reference; ``no_account`` those of persons of whom
    no account is known yet. Every request is read.
    """
    make_protection_tables(state)
    c = REQUESTS.c

    def n(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0)).label(name)

    query = (
        sa.select(
            c.action, c.source,
            *(n(c.state == s, s) for s in ("asked", "handed_over", "done", "refused", "failed")),
            sa.func.count().label("total"),
            n(sa.and_(c.state == "done", c.evidence != ""), "with_evidence"),
            n(c.account_ref == "", "no_account"),
            sa.func.min(c.asked_at).label("first_asked_at"),
            sa.func.max(c.ended_at).label("last_ended_at"),
        )
        .where(c.state != "split")
        .group_by(c.action, c.source).order_by(c.action, c.source)
    )  # fmt: skip
    with state.connect() as connection:
        return [
            {k: int(v) if k not in _TEXTS else v for k, v in row.items()}
            for row in connection.execute(query).mappings()
        ]


_TEXTS = ("action", "source", "first_asked_at", "last_ended_at")


def write_evidence(state: sa.Engine, to: Path) -> int:
    """Write one line a request to a CSV file; return how many. Only the company can trace a reference to an account.

    Raises:
        UsageError: The file cannot be written.
    """
    make_protection_tables(state)
    n = 0
    try:
        with to.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for rows in _rows(state):
                writer.writerows(rows)
                n += len(rows)
    except OSError as error:
        raise UsageError(
            "The evidence cannot be written", where=str(to), remedy="choose another file"
        ) from error
    return n


def history(state: sa.Engine, limit: int = 100) -> list[dict[str, object]]:
    """Return the newest events of the ledger."""
    make_protection_tables(state)
    query = sa.select(EVENTS).order_by(EVENTS.c.seq.desc()).limit(limit)
    with state.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _rows(state: sa.Engine) -> Iterator[Sequence[tuple[object, ...]]]:
    c, after = REQUESTS.c, 0
    while True:
        query = (
            sa.select(
                c.request_id, c.account_ref, c.action, c.source, c.state, c.asked_at, c.handed_at, c.ended_at,
                c.evidence, c.attempt, c.tries,
            )
            .where(c.request_id > after, c.state != "split").order_by(c.request_id).limit(_CHUNK)
        )  # fmt: skip
        with state.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [tuple(row[1:]) for row in rows]
