"""Asking for protection: by the person, or for everybody by default. Asking twice is asking once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from amends.kernel import ids
from amends.kernel.errors import UsageError
from amends.portal.offers.ledger import writing
from amends.portal.protection.adding import (
    add_requests,
    ask_again,
    link_accounts,
    new_attempt,
    note_event,
    open_accounts,
    open_some,
)
from amends.portal.protection.ledger import (
    ACCOUNTS,
    ACTIONS,
    REQUESTS,
    STATES,
    make_protection_tables,
)
from amends.portal.protection.tally import counted, fold

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
            link_accounts(connection, [(ref, handle) for ref in account_refs])
            add_requests(connection, [(ref, handle) for ref in refs or [""]], (action,), source)
            open_some(connection, handle)
            ask_again(connection, handle, action)
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
            note_event(connection, "asked_all", None, sums.n_new, words)
        return sums

    def _request_some(
        self, batch: Sequence[tuple[str, str]], actions: Sequence[str], source: Source, sums: Bulk
    ) -> Bulk:
        good = sorted((ref, handle) for ref, handle in batch if _REF.fullmatch(ref))
        with writing(self._state, REQUESTS, many=True) as connection:
            link_accounts(connection, good)
            new = add_requests(connection, good, actions, source)
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
                note_event(connection, "moved", None, n_moved, f"{old_handle} {new_handle}")
        return n_moved


def reopen_failed(state: sa.Engine) -> int:
    """Ask again for everything that failed; return how many."""
    make_protection_tables(state)
    with writing(state, REQUESTS) as connection:
        opened = new_attempt(connection, REQUESTS.c.state == "failed", "failed")
        if opened:
            note_event(connection, "asked_again", None, opened, "")
    return opened


def status_counts(state: sa.Engine) -> dict[str, dict[str, int]]:
    """Return action -> state -> requests, each with ``total``, which is their sum."""
    make_protection_tables(state)
    made: dict[str, dict[str, int]] = {}
    for (action, _, named), n in counted(state).items():
        of_action = made.setdefault(action, dict.fromkeys(STATES, 0))
        of_action[named] += n
    return {a: {**made[a], "total": sum(made[a].values())} for a in ACTIONS if a in made}


def _check(actions: Sequence[str]) -> None:
    if not actions or any(a not in ACTIONS for a in actions):
        raise UsageError(
            "That is no action of account protection", remedy="write " + ", ".join(ACTIONS)
        )


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
