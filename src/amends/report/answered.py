"""The register of contact requests that were answered, and who waits for a call. No contact stands in it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables
from amends.tables.persons import PERSONS

FINAL = frozenset(
    (
        "sent", "joined", "refused", "unknown", "call_back", "called", "not_found", "not_released", "empty", "capped",
        "unreadable",
    )
)  # fmt: skip
"""States after which a request is not looked at again; the others are ``sending`` and ``deferred``."""

METADATA = sa.MetaData()
ANSWERS = sa.Table(
    "contact_answers",
    METADATA,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("asked_at", sa.String(32), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("contact", sa.String(16), nullable=False, index=True),  # keyed: says only "the same one"
    sa.Column("person_id", sa.String(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("detail", sa.String(80), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)  # fmt: skip
_AT_ONCE = 500


class AnswerRegister:
    """What became of each request, in the register of the case; each change lasts when its call returns."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        make_tables(engine, METADATA)

    def leave_unknown(self) -> int:
        """What an earlier go had begun and did not end may or may not have left: it is not sent again."""
        begun = ANSWERS.c.state == "sending"
        with self._engine.begin() as connection:
            return connection.execute(
                ANSWERS.update().where(begun).values(state="unknown")
            ).rowcount

    def states(self, request_ids: Sequence[str]) -> dict[str, str]:
        """Return the state of each request that is known."""
        query = sa.select(ANSWERS.c.request_id, ANSWERS.c.state)
        found: dict[str, str] = {}
        with self._engine.connect() as connection:
            for first in range(0, len(request_ids), _AT_ONCE):
                some = request_ids[first : first + _AT_ONCE]
                rows = connection.execute(query.where(ANSWERS.c.request_id.in_(some)))
                found.update({r[0]: r[1] for r in rows})
        return found

    def write(self, request_id: str, row: dict[str, str]) -> None:
        """Set what is known of a request: ``asked_at, kind, language, contact, person_id, state, detail``."""
        now = clock.now()
        row = {**row, "day": now.date().isoformat(), "at": clock.stamp(now)}
        mine = ANSWERS.c.request_id == request_id
        with self._engine.begin() as connection:
            if not connection.execute(ANSWERS.update().where(mine).values(**row)).rowcount:
                connection.execute(ANSWERS.insert().values(request_id=request_id, **row))

    def sent_today(self, contact: str) -> int:
        """Return how many messages left today, or may have left, for a contact."""
        query = sa.select(sa.func.count()).where(
            ANSWERS.c.contact == contact,
            ANSWERS.c.day == clock.now().date().isoformat(),
            ANSWERS.c.state.in_(("sending", "sent", "unknown")),
        )
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def counts(self) -> dict[str, int]:
        """Return how many requests are in each state, all goes together."""
        query = sa.select(ANSWERS.c.state, sa.func.count()).group_by(ANSWERS.c.state)
        with self._engine.connect() as connection:
            return {str(r[0]): int(r[1]) for r in connection.execute(query)}


def call_backs(case: Case, reveal: bool = False) -> list[dict[str, str]]:
    """Return who waits for a call: ``request_id, asked_at, person_id, language`` and, revealed, ``name, phone``.

    Revealing is written to the ledger.
    """
    make_tables(case.register, METADATA)
    query = sa.select(
        ANSWERS.c.request_id, ANSWERS.c.asked_at, ANSWERS.c.person_id, ANSWERS.c.language
    ).where(ANSWERS.c.state == "call_back")
    with case.register.connect() as connection:
        rows = [dict(r) for r in connection.execute(query.order_by(ANSWERS.c.at)).mappings()]
    if not reveal or not rows:
        return rows
    case.ledger.append("reveal", what="call_backs", n=len(rows))
    ids = pa.table({"person_id": pa.array([r["person_id"] for r in rows], pa.string())})
    wanted = case.engine.register("call_back_persons", ids)
    found = case.engine.arrow(
        f"""SELECT person_id, coalesce(name, '') AS name, coalesce(phone, '') AS phone
        FROM {case.read(PERSONS)} WHERE person_id IN (SELECT person_id FROM {wanted})"""
    ).to_pylist()
    by_id = {r["person_id"]: r for r in found}
    return [{"name": "", "phone": "", **r, **by_id.get(r["person_id"], {})} for r in rows]


def close_call_back(case: Case, request_id: str) -> None:
    """Say that a person was called.

    Raises:
        UsageError: Nobody waits under that id.
    """
    make_tables(case.register, METADATA)
    mine = sa.and_(ANSWERS.c.request_id == request_id, ANSWERS.c.state == "call_back")
    called = ANSWERS.update().where(mine).values(state="called", at=clock.stamp())
    with case.register.begin() as connection:
        n = connection.execute(called).rowcount
    if not n:
        raise UsageError(
            "Nobody waits for a call under this id",
            where=request_id,
            remedy="see who does with: amends portal answer CASE --from PUBLISHED --call-backs",
        )
    case.ledger.append("called_back", request=request_id)
