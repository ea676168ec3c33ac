"""Writing requests, inside the caller's transaction: what is there stays, what is new is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from amends.kernel import clock
from amends.portal.offers.ledger import writing
from amends.portal.protection.ledger import (
    ACCOUNTS,
    ACTIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    request_key,
)
from amends.portal.protection.tally import moved, tally


def insert_new(connection: sa.Connection, table: sa.Table) -> Any:  # Any: an insert of the dialect
    """Return an insert that leaves rows alone whose key is there already."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    return kind.insert(table).on_conflict_do_nothing()


def link_accounts(connection: sa.Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Remember whose account is whose; the last word counts, and the account's requests follow."""
    rows = {ref: handle for ref, handle in pairs if handle}
    if not rows:
        return
    known: dict[str, str] = {}
    refs = list(rows)
    for start in range(0, len(refs), _KEYS_AT_ONCE):
        some = refs[start : start + _KEYS_AT_ONCE]
        query = sa.select(ACCOUNTS.c.account_ref, ACCOUNTS.c.handle)
        found = connection.execute(query.where(ACCOUNTS.c.account_ref.in_(some)))
        known.update((ref, owner) for ref, owner in found)
    new = [{"account_ref": ref, "handle": rows[ref]} for ref in refs if ref not in known]
    if new:
        connection.execute(insert_new(connection, ACCOUNTS), new)
        _give(connection, [("", r["account_ref"], r["handle"]) for r in new])
    other = [(known[ref], ref, rows[ref]) for ref in refs if known.get(ref, rows[ref]) != rows[ref]]
    if other:
        connection.execute(
            ACCOUNTS.update().where(ACCOUNTS.c.account_ref == sa.bindparam("r")).values(handle=sa.bindparam("h")),
            [{"r": ref, "h": handle} for _, ref, handle in other],
        )  # fmt: skip
        _give(connection, other)


def _give(connection: sa.Connection, owners: Sequence[tuple[str, str, str]]) -> None:
    """Let requests of accounts go from one handle ("" = nobody was known) to another."""
    if not any(before for before, _, _ in owners):
        nobody = sa.select(REQUESTS.c.request_id).where(REQUESTS.c.handle == "").limit(1)
        if connection.execute(nobody).first() is None:
            return
    connection.execute(
        REQUESTS.update()
        .where(REQUESTS.c.handle == sa.bindparam("b"), REQUESTS.c.account_ref == sa.bindparam("r"))
        .values(handle=sa.bindparam("h")),
        [{"b": before, "r": ref, "h": handle} for before, ref, handle in owners],
    )


def add_requests(
    connection: sa.Connection, pairs: Sequence[tuple[str, str]], actions: Sequence[str], source: str
) -> int:
    """Add the requests that are not there yet, and return how many."""
    at = clock.stamp()
    rows = [
        {"key": request_key(ref or handle, action), "handle": handle, "account_ref": ref, "action": action,
         "source": source, "state": "asked", "asked_at": at, "evidence": "", "attempt": 1, "tries": 0,
         "not_before": 0.0}
        for ref, handle in pairs
        for action in actions
    ]  # fmt: skip
    if not rows:
        return 0
    _add_turn(connection)
    keys = list({r["key"]: r["action"] for r in rows}.items())
    new = Counter(str(action) for _, action in keys)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = [key for key, _ in keys[start : start + _KEYS_AT_ONCE]]
        query = sa.select(REQUESTS.c.action, sa.func.count()).where(REQUESTS.c.key.in_(some))
        for action, n in connection.execute(query.group_by(REQUESTS.c.action)):
            new[action] -= int(n)
    if new.total():
        connection.execute(insert_new(connection, REQUESTS), rows)
        tally(connection, {(action, source, "asked"): n for action, n in new.items()})
    return new.total()


_KEYS_AT_ONCE = 10_000


def _add_turn(connection: sa.Connection) -> None:
    """Let one at a time add requests, so that what is new is counted once."""
    if connection.dialect.name == "postgresql":
        turn = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('protection add', 2))")
        connection.execute(turn)


def open_accounts(state: sa.Engine) -> int:
    """Turn requests of persons whose accounts are known by now into one for each account; return how many persons."""
    sums = 0
    while True:
        with writing(state, REQUESTS) as connection:
            opened = open_some(connection)
        sums += opened
        if opened < _OPENED_AT_ONCE:
            return sums


_OPENED_AT_ONCE = 2_000


def open_some(connection: sa.Connection, handle: str = "") -> int:
    """Do so for one person, or for some of all; return for how many requests."""
    _add_turn(connection)
    known = sa.exists().where(ACCOUNTS.c.handle == REQUESTS.c.handle)
    query = sa.select(
        REQUESTS.c.request_id,
        REQUESTS.c.handle,
        REQUESTS.c.action,
        REQUESTS.c.source,
        REQUESTS.c.state,
    ).where(REQUESTS.c.account_ref == "", REQUESTS.c.state == "asked", known)
    if handle:
        query = query.where(REQUESTS.c.handle == handle)
    rows = connection.execute(query.limit(_OPENED_AT_ONCE)).all()
    if not rows:
        return 0
    whose = sa.select(ACCOUNTS).where(ACCOUNTS.c.handle.in_(sorted({r.handle for r in rows})))
    accounts: dict[str, list[str]] = {}
    for ref, owner in connection.execute(whose):
        accounts.setdefault(owner, []).append(ref)
    for source in SOURCES:
        for action in ACTIONS:
            mine = [r for r in rows if (r.source, r.action) == (source, action)]
            add_requests(
                connection,
                [(ref, r.handle) for r in mine for ref in accounts[r.handle]],
                (action,),
                source,
            )
    done = [r.request_id for r in rows]
    connection.execute(
        REQUESTS.update().where(REQUESTS.c.request_id.in_(done)).values(state="split")
    )
    tally(connection, moved(rows, "split"))
    return len(rows)


_NEW_ATTEMPT = {
    "state": "asked",
    "attempt": REQUESTS.c.attempt + 1,
    "tries": 0,
    "not_before": 0.0,
    "ended_at": None,
}


def ask_again(connection: sa.Connection, handle: str, action: str) -> None:
    """Ask again for what was refused or failed: a new attempt, under a new key at the company."""
    for ended in ("refused", "failed"):
        mine = sa.and_(REQUESTS.c.handle == handle, REQUESTS.c.action == action)
        if opened := new_attempt(connection, sa.and_(mine, REQUESTS.c.state == ended), ended):
            note_event(connection, "asked_again", None, opened, f"{action} {handle}")


def new_attempt(connection: sa.Connection, chosen: sa.ColumnElement[bool], ended: str) -> int:
    """Ask again for requests that ended so; return how many."""
    changed = connection.execute(
        REQUESTS.update().where(chosen).values(_NEW_ATTEMPT)
        .returning(REQUESTS.c.action, REQUESTS.c.source)
    ).all()  # fmt: skip
    tally(connection, moved(changed, "asked", before=ended))
    return len(changed)


def note_event(
    connection: sa.Connection, act: str, request_id: int | None, n_requests: int, evidence: str
) -> None:
    """Append one event."""
    connection.execute(
        EVENTS.insert().values(
            at=clock.stamp(), act=act, request_id=request_id, n_requests=n_requests,
            evidence=evidence[:200],
        )
    )  # fmt: skip
