"""The register of offers: stock, claims, and an append-only ledger of everything that became of them.

A code is ``free``, ``given`` (a person may have seen it, so nobody else ever gets it) or ``void``. A claim is ``held``
(it has a code), ``waiting`` (the stock was empty), ``void`` (its code was revoked and no other was given) or ``moved``
(the person turned out to be another who had claimed before).
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.register import make_tables

METADATA = sa.MetaData()

NO_EXPIRY = "9999-12-31"  # sorts after every real day, so that one comparison serves both kinds

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

PRODUCTS = sa.Table(
    "offer_products",
    METADATA,
    sa.Column("product", sa.String(200), primary_key=True),
    sa.Column("audiences", sa.String(80), nullable=False),  # spaced; "" = not told
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("enrol_by_on", sa.String(10), nullable=False),  # latest window that letters promise; "" = none
    sa.Column("top_up_below", sa.Integer, nullable=False),
    sa.Column("top_up_share", sa.Float, nullable=False),
    sa.Column("wait_days", sa.Integer, nullable=False),
)  # fmt: skip

BATCHES = sa.Table(
    "offer_batches",
    METADATA,
    sa.Column("batch_id", sa.String(32), primary_key=True),
    sa.Column("product", sa.String(200), nullable=False),
    sa.Column("file_key", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("n_rows", sa.BigInteger, nullable=False),
    sa.Column("n_new", sa.BigInteger, nullable=False),
    sa.Column("n_known", sa.BigInteger, nullable=False),
    sa.Column("n_refused", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),  # open, done
)

CODES = sa.Table(
    "offer_codes",
    METADATA,
    sa.Column("code_id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("product", sa.String(200), nullable=False),
    sa.Column("batch_id", sa.String(32), nullable=False, index=True),
    sa.Column("code_key", sa.String(32), nullable=False, unique=True),  # keyed hash
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("expires_on", sa.String(10), nullable=False),
    sa.Column("given_at", sa.String(32)),
    sa.Column("redeemed_on", sa.String(10)),
)
sa.Index(
    "offer_codes_free",
    CODES.c.product,
    CODES.c.expires_on,
    CODES.c.code_id,
    sqlite_where=CODES.c.state == "free",
    postgresql_where=CODES.c.state == "free",
)

CLAIMS = sa.Table(
    "offer_claims",
    METADATA,
    sa.Column("claim_id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("handle", sa.String(64), nullable=False),
    sa.Column("product", sa.String(200), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("code_id", _NUMBER, unique=True),
    sa.Column("claimed_at", sa.String(32), nullable=False),
    sa.Column("claimed_on", sa.String(10), nullable=False),
    sa.Column("enrol_by_on", sa.String(10), nullable=False),  # what this person's letter promises; "" = nothing
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("given_on", sa.String(10)),
    sa.Column("cover_until_on", sa.String(10)),
    sa.Column("by_on", sa.String(10)),  # while waiting: the day promised
    sa.Column("why", sa.Text, nullable=False),  # why an earlier code is void
    sa.UniqueConstraint("handle", "product"),
)  # fmt: skip
sa.Index(
    "offer_claims_waiting",
    CLAIMS.c.product,
    CLAIMS.c.claim_id,
    sqlite_where=CLAIMS.c.state == "waiting",
    postgresql_where=CLAIMS.c.state == "waiting",
)

# Written out, not bound: a database uses an index of some rows only where it sees that the rows are those.
FREE = CODES.c.state == sa.literal_column("'free'")
WAITING = CLAIMS.c.state == sa.literal_column("'waiting'")

MOVES = sa.Table(
    "offer_moves",
    METADATA,
    sa.Column("old_handle", sa.String(64), primary_key=True),
    sa.Column("handle", sa.String(64), nullable=False, index=True),
    sa.Column("at", sa.String(32), nullable=False),
)

EVENTS = sa.Table(
    "offer_events",
    METADATA,
    sa.Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("product", sa.String(200), nullable=False),
    sa.Column("handle", sa.String(64), nullable=False, index=True),
    sa.Column("claim_id", _NUMBER, index=True),
    sa.Column("code_id", _NUMBER, index=True),
    sa.Column("note", sa.Text, nullable=False),
)


def _append_only(table: str) -> tuple[tuple[str, str], ...]:
    """Return what makes the database itself refuse to change or drop a row that was written."""
    said = f"{table} is append-only"
    lite = (
        f"CREATE TRIGGER IF NOT EXISTS {table}_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        for act in ("UPDATE", "DELETE")
    )
    post = (
        f"CREATE OR REPLACE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$",
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_kept()",
    )
    return *(("sqlite", d) for d in lite), *(("postgresql", d) for d in post)


def keep_append_only(table: sa.Table) -> None:
    """Let the database refuse to change or drop a row of a table, once it is made."""
    for dialect, words in _append_only(table.name):
        ddl = sa.DDL(words)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        sa.event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


keep_append_only(EVENTS)


def make_offer_tables(state: sa.Engine) -> None:
    """Make the tables of offers where they are missing."""
    make_once(state, METADATA)


_MADE: WeakKeyDictionary[sa.Engine, set[int]] = WeakKeyDictionary()


def make_once(state: sa.Engine, metadata: sa.MetaData) -> None:
    """Make tables that are missing, looked at once for each engine; many processes may do so at once."""
    made = _MADE.setdefault(state, set())
    if id(metadata) in made:
        return
    make_tables(state, metadata)
    made.add(id(metadata))


# ------------------------------------------------------------------ transactions

_FEW_PAGES, _MANY_PAGES = -8_000, -128_000  # SQLite's way to say 8 and 128 MB

_TURNS: dict[str, threading.Lock] = {}
_TURNS_GUARD = threading.Lock()


@contextmanager
def writing(
    state: sa.Engine, table: sa.Table = CODES, *, many: bool = False
) -> Iterator[sa.Connection]:
    """Run a transaction that holds the write lock from its first statement.

    On SQLite one process writes at a time. Its own waiting polls with growing pauses, which starves some when a
    thousand wait; so writers first queue at a lock beside the file, which a process gives back however it ends.
    On PostgreSQL the rows that a transaction touches are locked instead.

    Args:
        state: Database of the site's state.
        table: Some table of this register with a column ``state``.
        many: Thousands of rows are written: SQLite gets room for their pages, else it writes each several times.
    """
    if state.dialect.name != "sqlite":
        with state.begin() as connection:
            yield connection
        return
    with ExitStack() as held:
        path = state.url.database or ""
        held.enter_context(_turn(path))
        if path and path != ":memory:":
            held.enter_context(_queue(Path(f"{path}.turn")))
        connection = held.enter_context(state.begin())
        connection.exec_driver_sql(f"PRAGMA cache_size = {_MANY_PAGES if many else _FEW_PAGES}")
        # An UPDATE that finds no row takes the write lock all the same, before anything is read.
        connection.exec_driver_sql(f"UPDATE {table.name} SET state = state WHERE rowid = -1")
        yield connection


_Made = TypeVar("_Made")


def patiently(work: Callable[[], _Made], tries: int = 8) -> _Made:
    """Do a transaction again when the database ended it because two stood in each other's way."""
    for left in range(tries, 0, -1):
        try:
            return work()
        except sa.exc.OperationalError as error:
            clash = getattr(error.orig, "sqlstate", "") in ("40P01", "40001", "55P03")
            if not clash or left == 1:
                raise
    raise AssertionError("unreachable")


def _turn(path: str) -> threading.Lock:
    with _TURNS_GUARD:
        return _TURNS.setdefault(path, threading.Lock())


@contextmanager
def _queue(path: Path) -> Iterator[IO[str]]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle


def note(
    connection: sa.Connection,
    act: str,
    product: str,
    *,
    handle: str = "",
    claim_id: int | None = None,
    code_id: int | None = None,
    words: str = "",
) -> None:
    """Append one event."""
    event = {"at": clock.stamp(), "act": act, "product": product, "handle": handle, "claim_id": claim_id,
             "code_id": code_id, "note": words}  # fmt: skip
    connection.execute(ADD_EVENT, event)


ADD_EVENT = EVENTS.insert()


def day(text: str | None) -> date | None:
    """Return a stored day; nothing for none."""
    return date.fromisoformat(text) if text and text != NO_EXPIRY else None
