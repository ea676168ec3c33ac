"""The outbox's register: its tables, how a line of the record changes them, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from amends.kernel.ledger import Line
from amends.kernel.register import make_tables

METADATA = sa.MetaData()

FENCES = sa.Table(
    "outbox_fences",
    METADATA,
    sa.Column("scope", sa.String(80), primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(80), nullable=False),
    sa.Column("record_seq", sa.Integer, nullable=False),
)

BATCHES = sa.Table(
    "outbox_batches",
    METADATA,
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("seal_id", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("first", sa.Integer, nullable=False),  # ordinal; retries count down from -1
    sa.Column("n_notices", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # intent, settled
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.UniqueConstraint("seal_id", "channel", "first"),
)

# Only notices that are something other than simply accepted with their batch.
PIECES = sa.Table(
    "outbox_pieces",
    METADATA,
    sa.Column("notice_id", sa.String(32), primary_key=True),
    sa.Column("seal_id", sa.String(16), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("batch_id", sa.String(64), nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("detail", sa.String(80), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)

SCOPE = "outbox"


def serialise(connection: sa.Connection) -> None:
    """Take the write lock at the start, so that two workers cannot both read before either writes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("UPDATE outbox_fences SET epoch = epoch WHERE scope = 'outbox'")
    else:
        connection.execute(
            sa.select(FENCES.c.epoch).where(FENCES.c.scope == SCOPE).with_for_update()
        )


def replay(connection: sa.Connection, line: Line) -> None:
    """Bring the register to what one line of the record says; doing it twice changes nothing."""
    body = line.body
    if line.act == "intent":
        _replay_intent(connection, body)
    elif line.act == "settled":
        connection.execute(
            BATCHES.update().where(BATCHES.c.batch_id == body["batch"]).values(state="settled")
        )
        connection.execute(
            PIECES.delete().where(PIECES.c.batch_id == body["batch"], PIECES.c.state == "intent")
        )
        for notice, ordinal, state, detail in body["other"]:
            _put(connection, body, notice, ordinal, state, detail)
    elif line.act == "claim":
        connection.execute(
            BATCHES.update().where(BATCHES.c.batch_id == body["batch"]).values(epoch=body["epoch"])
        )
    elif line.act == "receipt":
        _put(
            connection,
            {**body, "batch": "receipt"},
            body["notice"],
            body["ordinal"],
            body["state"],
            body["detail"],
        )


def _replay_intent(connection: sa.Connection, body: dict[str, Any]) -> None:  # Any: JSON
    there = connection.execute(
        sa.select(BATCHES.c.batch_id).where(BATCHES.c.batch_id == body["batch"])
    ).first()
    if there is None:
        connection.execute(BATCHES.insert().values(
            batch_id=body["batch"], seal_id=body["seal"], channel=body["channel"], first=body["first"],
            n_notices=body["n"], state="intent", epoch=body["epoch"], at=body["at"],
        ))  # fmt: skip
    for notice, ordinal in body["again"]:
        _put(connection, body, notice, ordinal, "intent", "")


def _put(
    connection: sa.Connection,
    body: dict[str, Any],
    notice: str,
    ordinal: int,
    state: str,
    detail: str,
) -> None:  # Any: JSON
    """Set the state of one notice."""
    connection.execute(PIECES.delete().where(PIECES.c.notice_id == notice))
    connection.execute(PIECES.insert().values(
        notice_id=notice, seal_id=body["seal"], channel=body["channel"], ordinal=ordinal, batch_id=body["batch"],
        state=state, detail=detail[:80], at=body["at"],
    ))  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """What a run of ``send`` came to, for one seal and channel.

    Attributes:
        planned: Notices in the sealed plan.
        accepted: Taken by the channel, in all runs together, and not refused later.
        refused: Refused for good.
        deferred: Not taken for now; the same command tries again.
        unknown: Nobody can say whether they arrived; waiting for a decision.
        recovered: Of this run: found to have arrived before a crash.
        resent: Of this run: offered again because they had not arrived.
    """

    planned: int
    accepted: int
    refused: int
    deferred: int
    unknown: int
    recovered: int = 0
    resent: int = 0


class Standing:
    """What the register says of each notice; reads only."""

    def __init__(self, engine: sa.Engine) -> None:
        """Open the register and make the outbox's tables."""
        self._engine = engine
        make_tables(engine, METADATA)

    def status(self, seal_id: str, channel: str, planned: int) -> Sent:
        """Return where a seal stands in one channel."""
        with self._engine.connect() as connection:
            settled = connection.execute(
                sa.select(sa.func.coalesce(sa.func.sum(BATCHES.c.n_notices), 0)).where(
                    BATCHES.c.seal_id == seal_id, BATCHES.c.channel == channel,
                    BATCHES.c.state == "settled", BATCHES.c.first >= 0,
                )
            ).scalar_one()  # fmt: skip
            counts = self.states(seal_id, channel)
        open_states = ("refused", "deferred", "unknown", "intent")
        away = sum(counts.get(s, 0) for s in open_states)
        return Sent(
            planned, int(settled) - away, counts.get("refused", 0),
            counts.get("deferred", 0) + counts.get("intent", 0), counts.get("unknown", 0),
        )  # fmt: skip

    def states(self, seal_id: str, channel: str) -> dict[str, int]:
        """Return how many notices are in each state other than plainly accepted."""
        query = (
            sa.select(PIECES.c.state, sa.func.count())
            .where(PIECES.c.seal_id == seal_id, PIECES.c.channel == channel)
            .group_by(PIECES.c.state)
        )
        with self._engine.connect() as connection:
            return {state: n for state, n in connection.execute(query)}

    def since(self, notice_id: str) -> str:
        """Return when a notice came into its present state, as ISO text; "" when it is plainly accepted."""
        query = sa.select(PIECES.c.at).where(PIECES.c.notice_id == notice_id)
        with self._engine.connect() as connection:
            return str(connection.execute(query).scalar() or "")

    def waiting(self, seal_id: str | None = None) -> list[str]:
        """Return the ids of notices that are unknown and wait for a decision."""
        query = (
            sa.select(PIECES.c.notice_id)
            .where(PIECES.c.state == "unknown")
            .order_by(PIECES.c.notice_id)
        )
        if seal_id is not None:
            query = query.where(PIECES.c.seal_id == seal_id)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())
