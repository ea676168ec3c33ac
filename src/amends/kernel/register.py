"""Registers: rows whose state changes by transaction, on SQLite or PostgreSQL.

PostgreSQL is used when ``[register] url`` in ``case.toml`` says so. There each case has a schema of its own, named
after the id that its ledger gave it, so that many cases share one database and none sees another's rows.

Two registers every case has: ``decisions``, what people decided, and ``case_events``, the dates of
the case with their evidence. Both are append-only: a later row overrules an earlier one and
nothing is overwritten.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.kernel.ledger import actor_name

METADATA = sa.MetaData()

DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("decision_id", sa.String(32), nullable=False, unique=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("choice", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
)

CASE_EVENTS = sa.Table(
    "case_events",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("recorded_at", sa.String(32), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("evidence", sa.Text, nullable=False, default=""),
    sa.Column("note", sa.Text, nullable=False, default=""),
)


@dataclass(frozen=True)
class Decision:
    """What a person decided.

    Attributes:
        decision_id: ``D`` and random hex.
        at: When, ISO UTC.
        by: Who.
        kind: merge, keep_apart, not_theirs, column, link, person_status, residence, judgement,
            quarantine …
        subject: What it is about, for instance ``{"records": [17, 23]}``.
        choice: What was chosen.
        note: Why.
    """

    decision_id: str
    at: str
    by: str
    kind: str
    subject: Mapping[str, object]
    choice: str
    note: str


@dataclass(frozen=True)
class CaseEvent:
    """A dated event of the case.

    Attributes:
        kind: discovery, determination, confirmation, containment, law_enforcement_hold_from …
        at: ISO day or instant, as given.
        evidence: The exhibit it rests on, or "".
        note: In words.
        recorded_at: When it was entered.
        by: Who entered it.
    """

    kind: str
    at: str
    evidence: str
    note: str
    recorded_at: str
    by: str


def open_register(url: str, default: Path, case_id: str = "") -> sa.Engine:
    """Open the register database and make its tables.

    Args:
        url: Address of the database; "" = SQLite.
        default: Path of the SQLite file.
        case_id: Id of the case; on PostgreSQL its rows live in the schema ``amends_ID``.

    Raises:
        UsageError: The kind of database is not known or its driver is missing, the address cannot be used, or the
            database does not answer or does not let this account make what it needs.
    """
    try:
        engine = sa.create_engine(url or f"sqlite:///{default}")
    except (sa.exc.NoSuchModuleError, sa.exc.ArgumentError, ImportError) as error:
        raise UsageError(
            "The register's database kind is not known, or its driver is not installed",
            where="case.toml [register] url",
            remedy='leave url out, or write "postgresql+psycopg://…" and install amends[postgres]',
        ) from error
    try:
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _steady_sqlite)
        elif engine.dialect.name == "postgresql":
            _own_schema(engine, f"amends_{case_id}" if case_id else "amends")
        make_tables(engine, METADATA)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        engine.dispose()
        raise UsageError(
            "The register's database does not answer, or does not let this account make its tables",
            where="case.toml [register] url",
            remedy="start the database, correct the url, or mend the rights (on PostgreSQL: "
            "GRANT CREATE ON DATABASE; for a file: on the case folder)",
        ) from None  # the driver's words hold the address of the database
    return engine


def make_tables(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Make the tables that are not there yet; two processes may do so at once."""
    if set(metadata.tables) <= set(sa.inspect(engine).get_table_names()):
        return
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # else two find the same table missing
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MAKING_TABLES})
        metadata.create_all(connection)


# Any number that nothing else in the database is likely to lock.
_MAKING_TABLES = 0x616D656E6473


def _own_schema(engine: sa.Engine, name: str) -> None:
    """Let every connection work in one schema, made when it is not there."""
    quoted = engine.dialect.identifier_preparer.quote_identifier(name)

    def choose(connection: Any, record: object) -> None:  # Any: a DB-API connection
        before = connection.autocommit
        connection.autocommit = True
        connection.execute(f"SET search_path TO {quoted}")
        connection.autocommit = before

    sa.event.listen(engine, "connect", choose, insert=True)
    there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MAKING_TABLES})
        if connection.execute(there, {"name": name}).scalar() is None:
            connection.execute(sa.schema.CreateSchema(name))


def _steady_sqlite(connection: object, record: object) -> None:
    """Make SQLite keep what it was told through a crash, and wait when two write at once."""
    steady_sqlite(connection)


def steady_sqlite(connection: object, *more: str) -> None:
    """Settle a fresh SQLite connection: it waits for others, keeps what it was told, checks foreign keys.

    Args:
        connection: A DB-API connection.
        more: Further pragmas, such as ``secure_delete = ON``.
    """
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DB-API connection, whose type SQLAlchemy does not name
    # Waiting comes first: the change to WAL needs the file alone, and a fresh one is opened by many at once.
    cursor.execute("PRAGMA busy_timeout = 30000")
    _choose_wal(cursor)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", *more):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _choose_wal(cursor: sqlite3.Cursor) -> None:
    """Change to WAL; SQLite answers "locked" at once, without waiting, when two change at the same moment."""
    for attempt in range(_WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(0.05)
        else:
            return


_WAL_ATTEMPTS = 200


def add_decision(
    engine: sa.Engine, kind: str, subject: Mapping[str, object], choice: str, note: str = ""
) -> Decision:
    """Append one decision and return it."""
    made = Decision(
        "D" + ids.new(6), clock.stamp(), actor_name(), kind, dict(subject), choice, note
    )
    row = {**made.__dict__, "subject": ids.canonical_json(made.subject)}
    with engine.begin() as connection:
        connection.execute(DECISIONS.insert().values(**row))
    return made


def decisions(engine: sa.Engine, kind: str | None = None) -> list[Decision]:
    """Return the decisions in force, oldest first: the last for each kind and subject.

    A decision whose choice is ``undo`` takes the earlier one on the same subject back.
    """
    query = sa.select(DECISIONS).order_by(DECISIONS.c.seq)
    if kind is not None:
        query = query.where(DECISIONS.c.kind == kind)
    latest: dict[tuple[str, str], Decision] = {}
    with engine.connect() as connection:
        for row in connection.execute(query).mappings():
            key = (row["kind"], row["subject"])
            latest.pop(key, None)
            latest[key] = Decision(
                row["decision_id"], row["at"], row["by"], row["kind"],
                json.loads(row["subject"]), row["choice"], row["note"],
            )  # fmt: skip
    return [d for d in latest.values() if d.choice != "undo"]


def add_event(
    engine: sa.Engine, kind: str, at: str, evidence: str = "", note: str = ""
) -> CaseEvent:
    """Append one dated event of the case and return it.

    Raises:
        UsageError: ``at`` is neither an ISO day nor an ISO instant.
    """
    try:
        datetime.fromisoformat(at)
    except ValueError as error:
        raise UsageError(
            "That is not a date", where=kind, remedy="write 2026-08-17 or 2026-08-17T09:30-04:00"
        ) from error
    made = CaseEvent(kind, at, evidence, note, clock.stamp(), actor_name())
    with engine.begin() as connection:
        connection.execute(CASE_EVENTS.insert().values(**made.__dict__))
    return made


def events(engine: sa.Engine) -> list[CaseEvent]:
    """Return every event ever entered, oldest first; the last of a kind is in force."""
    query = sa.select(CASE_EVENTS).order_by(CASE_EVENTS.c.seq)
    names = ("kind", "at", "evidence", "note", "recorded_at", "by")
    with engine.connect() as connection:
        return [CaseEvent(*(row[n] for n in names)) for row in connection.execute(query).mappings()]
