"""Asking for protection: by the person, or for everybody by default. Asking twice is asking once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.portal.offers.ledger import writing
from amends.portal.protection.ledger import (
    ACCOUNTS,
    ACTIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    STATES,
    make_protection_tables,
    request_key,
)
from amends.portal.protection.tally import counted, fold, moved, tally

Source = Literal["person", "default"]
Plain = Literal["asked", "in_progress", "done", "refused", "failed"]

_REF = re.compile(r"[0-9a-f]{64}")
_PAIRS_AT_ONCE = 5_000  # in one transaction: claims wait no longer than that takes


@dataclass(frozen=True)
class Protected:
    """How one protection of a person stands, as the person may see it.

    Attributes:
        action: ``lock``, ``port_out_block`` or ``pin_reset``.
        state: ``asked``: recorded. ``in_progress``: the company's system has it. ``done``, ``refused`` (the company
            said why; its reference is on file), ``failed`` (it could not be done; the person should call).
        asked_on: Day on which it was asked for.
        ended_on: Day on which it ended; ``None`` while open.
        source: ``person`` or ``default``: done for everybody, nobody had to ask.
        n_accounts: Accounts it covers; 0 while none is known.
        n_done: Of them, done.
    """

    action: str
    state: Plain
    asked_on: date
    ended_on: date | None
    source: Source
    n_accounts: int
    n_done: int


@dataclass(frozen=True)
class Bulk:
    """What a bulk request came to: ``n_pairs`` = ``n_new`` + ``n_known``, over ``n_accounts`` accounts.

    Attributes:
        n_accounts: Accounts read.
        n_refused: Rows without a proper account reference.
        n_pairs: Accounts times actions.
        n_new: Requests made.
        n_known: Requests that were there.
    """

    n_accounts: int = 0
    n_refused: int = 0
    n_pairs: int = 0
    n_new: int = 0
    n_known: int = 0

    def as_json(self) -> dict[str, int]:
        """Return it as a JSON value."""
        return asdict(self)


class Protection:
    """The requests of a site. None needs a claim: protection never depends on enrolment.

    Args:
        state: Database of the site's state.
    """

    def __init__(self, state: sa.Engine) -> None:
        """Open the register and make its tables."""
        self._state = state
        make_protection_tables(state)

    def request(
        self,
        handle: str,
        action: str,
        source: Source = "person",
        account_refs: Sequence[str] = (),
    ) -> Protected:
        """Record that a person wants an action on all their accounts; return how it stands now.

        Args:
            handle: Stands for the person.
            action: ``lock``, ``port_out_block`` or ``pin_reset``.
            source: Who wants it.
            account_refs: The person's accounts, where the caller knows them; those known from before are added.

        Raises:
            UsageError: The action or an account reference is not one.
        """
        _check((action,))
        if any(not _REF.fullmatch(ref) for ref in account_refs):
            raise UsageError("An account reference is not one", remedy="64 lower-case hex digits")
        with writing(self._state, REQUESTS) as connection:
            known = connection.execute(
                sa.select(ACCOUNTS.c.account_ref).where(ACCOUNTS.c.handle == handle)
            ).scalars()
            refs = sorted({*account_refs, *known})
            _link(connection, [(ref, handle) for ref in account_refs])
            _add(connection, [(ref, handle) for ref in refs or [""]], (action,), source)
            _open(connection, handle)
            _again(connection, handle, action)
        return next(p for p in self.status(handle) if p.action == action)

    def request_all(
        self,
        batches: Iterable[Sequence[tuple[str, str]]],
        actions: Sequence[str],
        source: Source = "default",
    ) -> Bulk:
        """Record actions for many accounts, set-wise; ended at any moment and given again, it goes on.

        Args:
            batches: Pairs of account reference and handle ("" while no person is known).
            actions: The actions.
            source: Who wants it.

        Raises:
            UsageError: An action is not one.
        """
        _check(actions)
        sums = Bulk()
        for batch in batches:
            for start in range(0, len(batch), _PAIRS_AT_ONCE):
                sums = self._request_some(
                    batch[start : start + _PAIRS_AT_ONCE], actions, source, sums
                )
        open_accounts(self._state)
        fold(self._state)
        words = ids.canonical_json({"actions": list(actions), **sums.as_json()})
        with writing(self._state, REQUESTS) as connection:
            _note(connection, "asked_all", None, sums.n_new, words)
        return sums

    def _request_some(
        self, batch: Sequence[tuple[str, str]], actions: Sequence[str], source: Source, sums: Bulk
    ) -> Bulk:
        good = sorted((ref, handle) for ref, handle in batch if _REF.fullmatch(ref))
        with writing(self._state, REQUESTS, many=True) as connection:
            _link(connection, good)
            new = _add(connection, good, actions, source)
        pairs = len(good) * len(actions)
        return Bulk(
            sums.n_accounts + len(batch), sums.n_refused + len(batch) - len(good),
            sums.n_pairs + pairs, sums.n_new + new, sums.n_known + pairs - new,
        )  # fmt: skip

    def status(self, handle: str) -> list[Protected]:
        """Return how each protection of a person stands, in the order of ``ACTIONS``; empty for none asked."""
        query = sa.select(REQUESTS).where(REQUESTS.c.handle == handle, REQUESTS.c.state != "split")
        with self._state.connect() as connection:
            rows = connection.execute(query).all()
        return [
            _protected(action, mine)
            for action in ACTIONS
            if (mine := [r for r in rows if r.action == action])
        ]

    def move(self, old_handle: str, new_handle: str) -> int:
        """Let the requests of a person who became part of another follow; return how many did."""
        with writing(self._state, REQUESTS) as connection:
            connection.execute(
                ACCOUNTS.update().where(ACCOUNTS.c.handle == old_handle).values(handle=new_handle)
            )
            n_moved = connection.execute(
                REQUESTS.update().where(REQUESTS.c.handle == old_handle).values(handle=new_handle)
            ).rowcount
            if n_moved:
                _note(connection, "moved", None, n_moved, f"{old_handle} {new_handle}")
        return n_moved


def reopen_failed(state: sa.Engine) -> int:
    """Ask again for everything that failed; return how many."""
    make_protection_tables(state)
    with writing(state, REQUESTS) as connection:
        opened = _new_attempt(connection, REQUESTS.c.state == "failed", "failed")
        if opened:
            _note(connection, "asked_again", None, opened, "")
    return opened


def status_counts(state: sa.Engine) -> dict[str, dict[str, int]]:
    """Return action -> state -> requests, each with ``total``, which is their sum."""
    make_protection_tables(state)
    made: dict[str, dict[str, int]] = {}
    for (action, _, named), n in counted(state).items():
        of_action = made.setdefault(action, dict.fromkeys(STATES, 0))
        of_action[named] += n
    return {a: {**made[a], "total": sum(made[a].values())} for a in ACTIONS if a in made}


# ------------------------------------------------------------------ writing


def _check(actions: Sequence[str]) -> None:
    if not actions or any(a not in ACTIONS for a in actions):
        raise UsageError(
            "That is no action of account protection", remedy="write " + ", ".join(ACTIONS)
        )


def insert_new(connection: sa.Connection, table: sa.Table) -> Any:  # Any: an insert of the dialect
    """Return an insert that leaves rows alone whose key is there already."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    return kind.insert(table).on_conflict_do_nothing()


def _link(connection: sa.Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Remember whose account is whose."""
    rows = [{"account_ref": ref, "handle": handle} for ref, handle in pairs if handle]
    if not rows:
        return
    connection.execute(insert_new(connection, ACCOUNTS), rows)
    nobody = sa.select(REQUESTS.c.request_id).where(REQUESTS.c.handle == "").limit(1)
    if connection.execute(nobody).first() is None:
        return
    # Requests made for an account while nothing was decided about its person.
    connection.execute(
        REQUESTS.update()
        .where(REQUESTS.c.handle == "", REQUESTS.c.account_ref == sa.bindparam("r"))
        .values(handle=sa.bindparam("h")),
        [{"r": row["account_ref"], "h": row["handle"]} for row in rows],
    )


def _add(
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
            opened = _open(connection)
        sums += opened
        if opened < _OPENED_AT_ONCE:
            return sums


_OPENED_AT_ONCE = 2_000


def _open(connection: sa.Connection, handle: str = "") -> int:
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
            _add(
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


def _again(connection: sa.Connection, handle: str, action: str) -> None:
    """Ask again for what was refused or failed: a new attempt, under a new key at the company."""
    for ended in ("refused", "failed"):
        mine = sa.and_(REQUESTS.c.handle == handle, REQUESTS.c.action == action)
        if opened := _new_attempt(connection, sa.and_(mine, REQUESTS.c.state == ended), ended):
            _note(connection, "asked_again", None, opened, f"{action} {handle}")


def _new_attempt(connection: sa.Connection, chosen: sa.ColumnElement[bool], ended: str) -> int:
    changed = connection.execute(
        REQUESTS.update().where(chosen).values(_NEW_ATTEMPT)
        .returning(REQUESTS.c.action, REQUESTS.c.source)
    ).all()  # fmt: skip
    tally(connection, moved(changed, "asked", before=ended))
    return len(changed)


def _note(
    connection: sa.Connection, act: str, request_id: int | None, n_requests: int, evidence: str
) -> None:
    connection.execute(
        EVENTS.insert().values(
            at=clock.stamp(), act=act, request_id=request_id, n_requests=n_requests,
            evidence=evidence[:200],
        )
    )  # fmt: skip


# ------------------------------------------------------------------ reading

# The state of several accounts is that of the one that is furthest from done.
_SLOWEST = ("asked", "handed_over", "failed", "refused", "done")


def _protected(action: str, rows: Sequence[Any]) -> Protected:  # Any: rows of the database
    states = {r.state for r in rows}
    slowest = next(s for s in _SLOWEST if s in states)
    plain: Mapping[str, Plain] = {
        "asked": "asked", "handed_over": "in_progress", "done": "done", "refused": "refused", "failed": "failed"
    }  # fmt: skip
    ended = max((r.ended_at or "" for r in rows), default="")
    still_open = slowest in ("asked", "handed_over")
    return Protected(
        action,
        plain[slowest],
        date.fromisoformat(min(r.asked_at for r in rows)[:10]),
        None if still_open or not ended else date.fromisoformat(ended[:10]),
        "person" if any(r.source == "person" for r in rows) else "default",
        sum(bool(r.account_ref) for r in rows),
        sum(r.state == "done" for r in rows),
    )
