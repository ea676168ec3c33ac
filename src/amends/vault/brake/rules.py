"""Who may ask for what: purposes, actors, their budgets, and the ceiling over all."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from amends.kernel.errors import UsageError
from amends.vault.brake.windows import Budget

BATCH = 100
"""Tokens in one call. A screen shows fewer; whoever needs more at once needs a release."""

MOST_PER_DAY = 1_000_000
"""Largest budget: each person of it is held in memory, and more than this in a day is a release."""

DEFAULT_CEILING = Budget(1_000, 5_000)
"""5,000 persons a day over all actors: 54 million would take 10,800 days (the vault's room page)."""

DEFAULT_BUDGET = Budget(60, 300)
"""One person a minute, and a working day of five hours of that: what somebody who talks to people can use."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/#-]{0,99}")


@dataclass(frozen=True)
class Purpose:
    """What somebody may ask for.

    Attributes:
        name: As the call names it.
        clear: Whether it allows values in clear; else they come masked.
        domains: Domains it is about; empty for any.
    """

    name: str
    clear: bool = False
    domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Actor:
    """Somebody, or a program, that may ask.

    Attributes:
        name: As the call names it.
        budgets: Budget for each purpose it may ask for.
        key_sha256: Digest of its key; empty when it has none.
        uid: Account that may use the name on the local socket without a key; -1 for none.
    """

    name: str
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    key_sha256: str = ""
    uid: int = -1

    @property
    def total(self) -> Budget:
        """Return the budget over all purposes together: the largest, so a new name for a purpose adds nothing."""
        return Budget(
            max((b.per_hour for b in self.budgets.values()), default=0),
            max((b.per_day for b in self.budgets.values()), default=0),
        )


def new_key() -> str:
    """Return a fresh key of 256 bits: too much to guess, so that a plain digest of it may be kept."""
    return secrets.token_urlsafe(32)


def key_digest(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.strip().encode("utf-8", "replace")).hexdigest()


def checked_name(name: str, what: str) -> str:
    """Return a name that can be a purpose's or an actor's.

    Raises:
        UsageError: It has signs that two names could differ by without anybody seeing it.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"That cannot be the name of {what}",
            remedy="use small letters, digits and . _ - (up to 64), as in: call-centre",
        )
    return name


def is_name(name: object) -> bool:
    """Say whether something can be a name."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name))


def is_case(text: object) -> bool:
    """Say whether something can be the reference of a case: a ticket, not a story."""
    return isinstance(text, str) and bool(_CASE.fullmatch(text))


def checked_budget(per_hour: int, per_day: int) -> Budget:
    """Return a budget.

    Raises:
        UsageError: More an hour than a day, or more than can be held.
    """
    if not 0 < per_hour <= per_day <= MOST_PER_DAY:
        raise UsageError(
            "That budget cannot be kept",
            remedy=f"give 1 ≤ per hour ≤ per day ≤ {MOST_PER_DAY:,}; for more at once ask for a release",
        )
    return Budget(per_hour, per_day)
