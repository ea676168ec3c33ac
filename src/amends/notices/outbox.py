"""Sending exactly once: intent before act, then ask.

For every batch the intent is on disk (record and register) before anything leaves the house. After a crash the
channel is asked what arrived; only what did *not* arrive is offered again; what nobody can say is *unknown* and waits
for a person. One worker holds the outbox at a time; each has a fencing epoch, so an older one is stopped by the
register before it can begin another batch.

Two stores, one truth: ``deliveries.jsonl`` is the append-only, chained record of what was done; the register holds
what is open and what went other than well. A register that is older than the record (a restored snapshot) is brought
up from it before anything is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.errors import DeliveryError
from amends.kernel.ledger import Ledger
from amends.notices.channels.base import Batch, Channel, Outcome, Outgoing
from amends.notices.outbox_hold import Hold
from amends.notices.outbox_record import (
    BATCHES,
    FENCES,
    PIECES,
    SCOPE,
    Sent,
    Standing,
    replay,
    serialise,
)


class Plan(Protocol):
    """A sealed plan of one channel, by ordinal."""

    def count(self) -> int:
        """Return the number of notices."""
        ...

    def notices(self, first: int, n: int) -> tuple[Outgoing, ...]:
        """Return ``n`` notices from ordinal ``first`` on."""
        ...

    def chosen(self, ordinals: Sequence[int]) -> tuple[Outgoing, ...]:
        """Return the notices at these ordinals."""
        ...


class Outbox(Standing):
    """The outbox of a case.

    Args:
        engine: Register database: SQLite or PostgreSQL.
        record: Path of the chained record of deliveries.
    """

    def __init__(self, engine: sa.Engine, record: Path) -> None:
        """Open the outbox and make its tables."""
        super().__init__(engine)
        self._record = Ledger(record)
        self._epoch = 0
        self._hold = Hold(engine, record)

    # ------------------------------------------------------------------ holding it

    def take(self) -> int:
        """Take hold of the outbox and return the fencing epoch.

        Raises:
            BusyError: Another worker is sending.
            DeliveryError: The record was cut short, or changed.
        """
        self._hold.take()
        self._record = Ledger(self._record.path)
        with self._engine.begin() as connection:
            serialise(connection)
            row = (
                connection.execute(sa.select(FENCES).where(FENCES.c.scope == SCOPE))
                .mappings()
                .first()
            )
            if row is None:
                connection.execute(
                    FENCES.insert().values(scope=SCOPE, epoch=0, holder="", record_seq=0)
                )
            known = row["record_seq"] if row else 0
            last = self._catch_up(connection, known)
            self._epoch = max(row["epoch"] if row else 0, last) + 1
            line = self._record.append("fence", epoch=self._epoch)
            connection.execute(
                FENCES.update().where(FENCES.c.scope == SCOPE)
                .values(epoch=self._epoch, holder=ids.new(4), record_seq=line.seq)
            )  # fmt: skip
        return self._epoch

    def release(self) -> None:
        """Let go of the outbox."""
        self._hold.release()

    def _catch_up(self, connection: sa.Connection, known: int) -> int:
        """Bring a register that is older than the record up to it; return the highest epoch in the record."""
        highest, last, broken = 0, 0, next(self._record.faults(), None)
        if broken:
            raise DeliveryError(f"The record of deliveries was changed: {broken}", where=self._record.path.name,
                                remedy="restore it from a backup; nothing was sent")  # fmt: skip
        for line in self._record.lines():
            last = line.seq
            highest = max(highest, int(line.body.get("epoch", 0)))
            if line.seq > known:
                replay(connection, line)
        if last < known:
            raise DeliveryError(
                f"The record of deliveries ends at line {last}, the register has seen line {known}",
                where=self._record.path.name,
                remedy="restore the newest copy of the record; nothing was sent",
            )
        return highest

    # ------------------------------------------------------------------ sending

    def send(
        self,
        seal_id: str,
        channel: Channel,
        plan: Plan,
        batch_size: int,
        said: Callable[[float], None] = lambda n: None,
    ) -> Sent:
        """Send what is left of a sealed plan through a channel; go on where a crash stopped.

        Args:
            seal_id: The seal.
            channel: The way out.
            plan: The sealed plan of this channel.
            batch_size: Notices in a batch.
            said: Told, as batches are settled, how many notices more are done.

        Raises:
            DeliveryError: A newer worker took over.
        """
        recovered, resent = self._recover(seal_id, channel, plan)
        for batch in self._deferred(seal_id, channel, plan):
            self._settle(batch, seal_id, channel, self._careful_offer(batch, channel))
        stuck = False
        while not stuck:
            fresh = self._next(seal_id, channel.name, plan, batch_size)
            if fresh is None:
                break
            outcomes = self._careful_offer(fresh, channel)
            self._settle(fresh, seal_id, channel, outcomes)
            said(len(fresh.notices))
            stuck = all(o.state == "deferred" for o in outcomes)
        if not stuck:
            for batch in self._deferred(seal_id, channel, plan):
                self._settle(batch, seal_id, channel, self._careful_offer(batch, channel))
        done = self.status(seal_id, channel.name, plan.count())
        return Sent(**{**done.__dict__, "recovered": recovered, "resent": resent})

    def _next(self, seal_id: str, channel: str, plan: Plan, size: int) -> Batch | None:
        """Commit the intent of the next batch and return it; ``None`` when the plan is done."""
        with self._engine.begin() as connection:
            self._mine(connection)
            last = connection.execute(
                sa.select(sa.func.max(BATCHES.c.first + BATCHES.c.n_notices))
                .where(BATCHES.c.seal_id == seal_id, BATCHES.c.channel == channel, BATCHES.c.first >= 0)
            ).scalar()  # fmt: skip
            first = last or 0
            n = min(size, plan.count() - first)
            if n <= 0:
                return None
            batch = Batch(batch_key(seal_id, channel, first), plan.notices(first, n))
            self._intend(connection, batch, seal_id, channel, first)
        return batch

    def _deferred(self, seal_id: str, channel: Channel, plan: Plan) -> list[Batch]:
        """Commit the intent to try again what was deferred, and return the batch (at most one)."""
        with self._engine.begin() as connection:
            self._mine(connection)
            rows = connection.execute(
                sa.select(PIECES.c.ordinal)
                .where(PIECES.c.seal_id == seal_id, PIECES.c.channel == channel.name, PIECES.c.state == "deferred")
                .order_by(PIECES.c.ordinal)
            ).scalars().all()  # fmt: skip
            if not rows:
                return []
            tries = connection.execute(
                sa.select(sa.func.min(BATCHES.c.first)).where(
                    BATCHES.c.seal_id == seal_id, BATCHES.c.channel == channel.name
                )
            ).scalar()
            first = min(tries or 0, 0) - 1
            batch = Batch(batch_key(seal_id, channel.name, first), plan.chosen(rows))
            self._intend(connection, batch, seal_id, channel.name, first)
        return [batch]

    def _intend(
        self, connection: sa.Connection, batch: Batch, seal_id: str, channel: str, first: int
    ) -> None:
        """Write the intent into record and register, in one step that either holds or leaves nothing sent."""
        again = [[n.to.notice_id, n.ordinal] for n in batch.notices] if first < 0 else []
        self._write(
            connection, "intent", batch=batch.batch_id, seal=seal_id, channel=channel, first=first,
            n=len(batch.notices), epoch=self._epoch, again=again, at=clock.stamp(),
        )  # fmt: skip

    def _write(self, connection: sa.Connection, act: str, **body: object) -> None:
        line = self._record.append(act, **body)
        replay(connection, line)
        connection.execute(
            FENCES.update().where(FENCES.c.scope == SCOPE).values(record_seq=line.seq)
        )

    def _mine(self, connection: sa.Connection) -> None:
        """Lock the fence and make sure that no newer worker has it.

        Raises:
            DeliveryError: One has.
        """
        serialise(connection)
        held = connection.execute(
            FENCES.update()
            .where(FENCES.c.scope == SCOPE, FENCES.c.epoch == self._epoch)
            .values(epoch=self._epoch)
        ).rowcount
        if held != 1:
            raise DeliveryError(
                "A newer worker has taken over the sending of this case",
                remedy="let it finish; see: amends notices status CASE",
            )

    def _careful_offer(self, batch: Batch, channel: Channel) -> list[Outcome]:
        """Offer a batch that was never offered by this register; skip what the channel says it already has.

        A restored register does not know what it sent. A question costs less than a second letter: where asking is
        dear, the first and the last notice are asked about, and all of them when one of the two is there.
        """
        probe = batch
        if not channel.asks_cheaply and len(batch.notices) > 2:
            ends = frozenset((batch.notices[0].to.notice_id, batch.notices[-1].to.notice_id))
            probe = batch.only(ends)
        answers = channel.ask(probe)
        if probe is not batch and "arrived" in answers.values():
            answers = channel.ask(batch)
        there = frozenset(n for n, a in answers.items() if a == "arrived")
        rest = batch.only(frozenset(n.to.notice_id for n in batch.notices) - there)
        made = [Outcome(n, "accepted", "already there") for n in there]
        return made + (list(channel.offer(rest, batch.batch_id)) if rest.notices else [])

    def _settle(
        self, batch: Batch, seal_id: str, channel: Channel, outcomes: Sequence[Outcome]
    ) -> None:
        """Ask about what is unknown, then write what became of a batch."""
        lost = frozenset(o.notice_id for o in outcomes if o.state == "unknown")
        if lost:
            time.sleep(channel.settle_seconds)
            answers = channel.ask(batch.only(lost))
            outcomes = [
                _asked(o, answers.get(o.notice_id, "unknown")) if o.notice_id in lost else o
                for o in outcomes
            ]
        by_id = {o.notice_id: o for o in outcomes}
        other = [
            [n.to.notice_id, n.ordinal, o.state, o.detail]
            for n in batch.notices
            if (
                o := by_id.get(n.to.notice_id, Outcome(n.to.notice_id, "unknown", "no outcome"))
            ).state
            != "accepted"
        ]
        with self._engine.begin() as connection:
            self._mine(connection)
            self._write(
                connection, "settled", batch=batch.batch_id, seal=seal_id, channel=channel.name,
                n=len(batch.notices), other=other, epoch=self._epoch, at=clock.stamp(),
            )  # fmt: skip

    def _recover(self, seal_id: str, channel: Channel, plan: Plan) -> tuple[int, int]:
        """Find out what became of batches that a crash left open; send again only what did not arrive."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(BATCHES)
                .where(BATCHES.c.seal_id == seal_id, BATCHES.c.channel == channel.name, BATCHES.c.state == "intent")
                .order_by(BATCHES.c.first)
            ).mappings().all()  # fmt: skip
            open_batches = [(row, self._members(connection, row, plan)) for row in rows]
        if open_batches:
            time.sleep(channel.settle_seconds)
        recovered = resent = 0
        for row, notices in open_batches:
            batch = Batch(row["batch_id"], notices)
            answers = channel.ask(batch)
            there = [n for n, a in answers.items() if a == "arrived"]
            missing = batch.only(frozenset(n for n, a in answers.items() if a == "not"))
            outcomes = [Outcome(n, "accepted") for n in there]
            if missing.notices:
                self._claim(batch.batch_id)
                outcomes += channel.offer(missing, batch.batch_id)
            self._settle(batch, seal_id, channel, [*outcomes, *_unknown(batch, answers)])
            recovered += len(there)
            resent += len(missing.notices)
        return recovered, resent

    def _members(
        self, connection: sa.Connection, row: Any, plan: Plan
    ) -> tuple[Outgoing, ...]:  # Any: a row mapping
        if row["first"] >= 0:
            return plan.notices(row["first"], row["n_notices"])
        query = sa.select(PIECES.c.ordinal).where(
            PIECES.c.batch_id == row["batch_id"], PIECES.c.state == "intent"
        )
        return plan.chosen(connection.execute(query.order_by(PIECES.c.ordinal)).scalars().all())

    def _claim(self, batch_id: str) -> None:
        """Take an open batch over under this worker's epoch, before any of it is offered again."""
        with self._engine.begin() as connection:
            self._mine(connection)
            self._write(connection, "claim", batch=batch_id, epoch=self._epoch, at=clock.stamp())

    # ------------------------------------------------------------------ what came back

    def receive(
        self, seal_id: str, channel: Channel, known: Callable[[Sequence[str]], dict[str, int]]
    ) -> int:
        """Take in what came back; return how many notices changed.

        Args:
            seal_id: The seal they belong to.
            channel: The way they went.
            known: Returns, of notice ids, those in the seal with their ordinals.
        """
        receipts = list(channel.receipts())
        places = known([r.notice_id for r in receipts])
        changed = 0
        with self._engine.begin() as connection:
            self._mine(connection)
            query = sa.select(PIECES.c.notice_id, PIECES.c.state).where(PIECES.c.seal_id == seal_id)
            have = {row[0]: row[1] for row in connection.execute(query)}
            for receipt in receipts:
                if receipt.notice_id in places and have.get(receipt.notice_id) != receipt.state:
                    self._write(
                        connection, "receipt", seal=seal_id, channel=channel.name, notice=receipt.notice_id,
                        ordinal=places[receipt.notice_id], state=receipt.state, detail=receipt.detail, at=receipt.at,
                    )  # fmt: skip
                    have[receipt.notice_id] = receipt.state
                    changed += 1
        return changed

    def decide(self, notice_id: str, arrived: bool) -> None:
        """Settle an unknown notice by a person's word: it arrived, or it is to be sent again.

        Raises:
            DeliveryError: The notice is not unknown.
        """
        with self._engine.begin() as connection:
            self._mine(connection)
            row = (
                connection.execute(sa.select(PIECES).where(PIECES.c.notice_id == notice_id))
                .mappings()
                .first()
            )
            if row is None or row["state"] != "unknown":
                raise DeliveryError(
                    f"The notice {notice_id} is not unknown",
                    remedy="list them with: amends notices status CASE",
                )
            self._write(
                connection, "receipt", seal=row["seal_id"], channel=row["channel"], notice=notice_id,
                ordinal=row["ordinal"], state="arrived" if arrived else "deferred", detail="decided", at=clock.stamp(),
            )  # fmt: skip


def batch_key(seal_id: str, channel: str, first: int) -> str:
    """Return the key of a batch: the same batch, the same key, in every attempt."""
    return (
        f"{seal_id}-{channel}-{first:08d}"
        if first >= 0
        else f"{seal_id}-{channel}-again{-first:04d}"
    )


def _asked(outcome: Outcome, answer: str) -> Outcome:
    if answer == "arrived":
        return Outcome(outcome.notice_id, "accepted", "asked")
    return Outcome(outcome.notice_id, "deferred" if answer == "not" else "unknown", outcome.detail)


def _unknown(batch: Batch, answers: Any) -> list[Outcome]:  # Any: a mapping of answers
    return [
        Outcome(n.to.notice_id, "unknown", "crash")
        for n in batch.notices
        if answers.get(n.to.notice_id, "unknown") == "unknown"
    ]
