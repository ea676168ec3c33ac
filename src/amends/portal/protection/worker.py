"""The worker: brings every request to an end, each done once at the company, whenever it is killed.

The intent is on disk before anything leaves. What was handed over and not answered is asked about before it is handed
over again. One worker at a time.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.errors import BusyError
from amends.portal.offers.ledger import writing
from amends.portal.protection.adding import open_accounts
from amends.portal.protection.connector import Connector, Outcome, Request
from amends.portal.protection.ledger import EVENTS, REQUESTS, make_protection_tables, request_key
from amends.portal.protection.tally import fold, moved, tally

MOST_TRIES = 10
"""Handing over is tried so often, with pauses that double to five minutes: some twenty minutes in all."""

_LONGEST_PAUSE_SECONDS = 300.0
_PENDING_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Worked:
    """What one run came to.

    Attributes:
        done: Requests that came to be done in this run.
        refused: Refused by the company.
        failed: Given up.
        again: Handed over again because the company never had them.
        waiting: Still open: to be asked about or tried again later.
    """

    done: int = 0
    refused: int = 0
    failed: int = 0
    again: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, int]:
        """Return it as a JSON value."""
        return asdict(self)


class Worker:
    """Drains the ledger through a connector.

    Args:
        state: Database of the site's state.
        connector: The way to the company's system.
        batch: Requests handed over together.
        said: Told, as requests end, how many more have.
    """

    def __init__(
        self,
        state: sa.Engine,
        connector: Connector,
        *,
        batch: int = 500,
        said: Callable[[float], None] = lambda n: None,
    ) -> None:
        make_protection_tables(state)
        self._state, self._connector, self._batch, self._said = state, connector, batch, said
        self._sums = dict.fromkeys(("done", "refused", "failed", "again"), 0)

    def run(self, wait_seconds: float = 0.0) -> Worked:
        """Work until nothing is due; go on where a crash stopped.

        Args:
            wait_seconds: Wait so long in all for what is due later.

        Raises:
            BusyError: Another worker is at it.
            DeliveryError: The company's system does not know us, or its address leads elsewhere.
        """
        until = time.monotonic() + wait_seconds
        with _alone(self._state):
            open_accounts(self._state)
            self._settle()
            while True:
                if self._asked_about() + self._handed_over():
                    continue
                pause = self._pause()
                if pause is None or time.monotonic() + pause > until:
                    break
                time.sleep(min(pause + 0.01, 5.0))
            fold(self._state)
            return Worked(**self._sums, waiting=self._open())

    # ------------------------------------------------------------------ steps

    def _settle(self) -> None:
        """Put off the questions about what a worker before was just handing over when it ended."""
        with writing(self._state, REQUESTS) as connection:
            earliest = sa.func.max if self._state.dialect.name == "sqlite" else sa.func.greatest
            soon = _now() + self._connector.settle_seconds
            recent = clock.stamp(clock.now() - timedelta(seconds=self._connector.settle_seconds))
            connection.execute(
                REQUESTS.update()
                .where(REQUESTS.c.state == "handed_over", REQUESTS.c.handed_at > recent)
                .values(not_before=earliest(REQUESTS.c.not_before, soon))
            )

    def _asked_about(self) -> int:
        """Ask what became of a batch that was handed over; return how many."""
        with self._state.connect() as connection:
            rows = self._due(connection, "handed_over")
        if rows:
            self._record(rows, self._connector.ask([_key(r) for r in rows]))
        return len(rows)

    def _handed_over(self) -> int:
        """Commit the intent for a batch, hand it over, record the answers; return how many."""
        at = clock.stamp()
        with writing(self._state, REQUESTS) as connection:
            rows = self._due(connection, "asked")
            if not rows:
                return 0
            settled = _now() + self._connector.settle_seconds
            connection.execute(
                REQUESTS.update()
                .where(REQUESTS.c.request_id.in_([r.request_id for r in rows]))
                .values(state="handed_over", handed_at=at, tries=REQUESTS.c.tries + 1, not_before=settled)
            )  # fmt: skip
            tally(connection, moved(rows, "handed_over"))
            connection.execute(
                EVENTS.insert().values(
                    at=at, act="handed_over", request_id=None, n_requests=len(rows),
                    evidence=f"{rows[0].request_id}..{rows[-1].request_id}",
                )
            )  # fmt: skip
        requests = [Request(_key(r), r.action, r.account_ref, r.source, r.asked_at) for r in rows]
        self._record(rows, self._connector.submit(requests), tried=1)
        return len(rows)

    def _due(self, connection: sa.Connection, state: str) -> Sequence[Any]:  # Any: rows
        query = (
            sa.select(REQUESTS)
            .where(
                REQUESTS.c.state == state, REQUESTS.c.not_before <= _now(), REQUESTS.c.account_ref != ""
            )
            .order_by(REQUESTS.c.not_before, REQUESTS.c.request_id)
            .limit(self._batch)
        )  # fmt: skip
        return connection.execute(query).all()

    def _record(self, rows: Sequence[Any], outcomes: Sequence[Outcome], tried: int = 0) -> None:
        """Write down what was said of a batch, in one transaction."""
        told: Mapping[str, Outcome] = {o.key: o for o in outcomes}
        at, now = clock.stamp(), _now()
        changes, events = [], []
        for row in rows:
            outcome = told.get(_key(row), Outcome(_key(row), "unknown", "no outcome"))
            change = _change(row, outcome, row.tries + tried, now, self._connector.settle_seconds)
            changes.append({"i": row.request_id, **change})
            if outcome.said == "absent":
                self._sums["again"] += 1
            if change["s"] in ("done", "refused", "failed"):
                self._sums[change["s"]] += 1
                events.append({"at": at, "act": change["s"], "request_id": row.request_id,
                               "n_requests": 1, "evidence": change["e"]})  # fmt: skip
        with writing(self._state, REQUESTS) as connection:
            connection.execute(
                REQUESTS.update().where(REQUESTS.c.request_id == sa.bindparam("i")).values(
                    state=sa.bindparam("s"), evidence=sa.bindparam("e"), not_before=sa.bindparam("n"),
                    ended_at=sa.bindparam("x"),
                ),
                [{**c, "x": at if c["s"] in ("done", "refused", "failed") else None} for c in changes],
            )  # fmt: skip
            tally(connection, moved(rows, [c["s"] for c in changes], before="handed_over"))
            if events:
                connection.execute(EVENTS.insert(), events)
        self._said(len(events))

    def _pause(self) -> float | None:
        """Return in how many seconds something is due; ``None`` when nothing is open."""
        query = sa.select(sa.func.min(REQUESTS.c.not_before)).where(
            REQUESTS.c.state.in_(("asked", "handed_over")), REQUESTS.c.account_ref != ""
        )
        with self._state.connect() as connection:
            first = connection.execute(query).scalar()
        return None if first is None else max(0.0, float(first) - _now())

    def _open(self) -> int:
        query = sa.select(sa.func.count()).select_from(REQUESTS)
        query = query.where(REQUESTS.c.state.in_(("asked", "handed_over")))
        with self._state.connect() as connection:
            return int(connection.execute(query).scalar_one())


def _change(
    row: Any, outcome: Outcome, tries: int, now: float, settle: float
) -> dict[str, Any]:  # Any: a row
    """Return state, evidence and next time of a request after an outcome."""
    said, evidence = outcome.said, outcome.evidence[:120]
    pause = min(2.0 ** max(0, tries - 1), _LONGEST_PAUSE_SECONDS)
    if said in ("done", "refused"):
        return {"s": said, "e": evidence, "n": 0.0}
    if said in ("later", "absent") and tries >= MOST_TRIES:
        return {"s": "failed", "e": f"given up after {tries} tries: {evidence}"[:120], "n": 0.0}
    if said == "absent":
        return {"s": "asked", "e": evidence, "n": now}
    if said == "later":
        return {"s": "asked", "e": evidence, "n": now + max(outcome.wait_seconds, pause)}
    if said == "pending":
        return {
            "s": "handed_over", "e": evidence, "n": now + (outcome.wait_seconds or _PENDING_PAUSE_SECONDS)
        }  # fmt: skip
    wait = max(outcome.wait_seconds, settle, pause if row.state == "handed_over" else 0.0)
    return {"s": "handed_over", "e": evidence, "n": now + wait}


def _key(row: Any) -> str:  # Any: a row
    """Return the key under which the company knows a request; another for each attempt after a refusal."""
    key = request_key(row.account_ref, row.action)
    return key if row.attempt == 1 else f"{key}-{row.attempt}"


def _now() -> float:
    return clock.now().timestamp()


@contextmanager
def _alone(state: sa.Engine) -> Iterator[None]:
    """Be the only worker; the lock ends with the process.

    Raises:
        BusyError: Another one is at it.
    """
    if state.dialect.name == "postgresql":
        with state.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            got = sa.text("SELECT pg_try_advisory_lock(hashtextextended('protection', 2))")
            if not connection.execute(got).scalar():
                raise _busy()
            try:
                yield
            finally:
                connection.execute(
                    sa.text("SELECT pg_advisory_unlock(hashtextextended('protection', 2))")
                )
        return
    with Path(f"{state.url.database}.protection").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _busy() from error
        yield


def _busy() -> BusyError:
    return BusyError(
        "Another worker is handing requests over",
        remedy="wait for it to end, then give the same command again",
    )
