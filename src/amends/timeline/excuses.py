"""What the company ordered or does every night: known facts that explain an event.

A fact explains an event when everything it names fits: who, from where, to where and when. One that names nothing
explains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.timeline.known import KnownFact
from amends.timeline.network import parsed, within

EXCUSING = ("backup", "test", "scanner", "maintenance")
"""Kinds of facts that explain what would otherwise look like an intruder."""

_SLACK = timedelta(minutes=60)
"""Room at both ends: jobs overrun, and clocks of unseen hosts are up to ten minutes off."""


@dataclass(frozen=True)
class Deed:
    """What is to be explained.

    Attributes:
        at: When.
        places: Hosts and addresses it ran between, in any order, "" left out.
        account: Account that acted; "" when the log does not say.
        source: Host or address that it came from; "" when the log does not say.
    """

    at: datetime
    places: tuple[str, ...]
    account: str = ""
    source: str = ""


def excuse(facts: Iterable[KnownFact], deed: Deed) -> KnownFact | None:
    """Return the known fact that explains a deed, or ``None``."""
    return next((f for f in facts if f.kind in EXCUSING and explains(f, deed)), None)


def explains(fact: KnownFact, deed: Deed) -> bool:
    """Answer whether a fact explains a deed."""
    if not (fact.networks or fact.hosts or fact.accounts):
        return False
    return _when(fact, deed.at) and _who(fact, deed.account) and _where(fact, deed)


def _who(fact: KnownFact, account: str) -> bool:
    return not fact.accounts or not account or account.lower() in {a.lower() for a in fact.accounts}


def _where(fact: KnownFact, deed: Deed) -> bool:
    if not (fact.networks or fact.hosts):
        return bool(deed.account) or not fact.accounts
    hosts = {h.lower() for h in fact.hosts}
    matched = {p.lower() for p in deed.places} & hosts
    by_address = any(
        address is not None and within(address, fact.networks)
        for address in (parsed(p) for p in deed.places)
    )
    if fact.networks and by_address:
        return True
    if fact.networks and fact.kind in ("test", "scanner"):
        return False
    # A job between two named hosts excuses nothing that runs between one of them and a third.
    wanted = min(len(hosts), len(set(deed.places)), 2)
    return bool(matched) and len(matched) >= wanted


def _when(fact: KnownFact, at: datetime) -> bool:
    if fact.from_at is not None and at < fact.from_at - _SLACK:
        return False
    if fact.to_at is not None and at > fact.to_at + _SLACK:
        return False
    if fact.daily_minutes is None:
        return True
    begin, end = fact.daily_minutes
    slack = int(_SLACK.total_seconds() // 60)
    minute = at.hour * 60 + at.minute
    length = (end - begin) % 1440 + 2 * slack
    return (minute - begin + slack) % 1440 <= length
