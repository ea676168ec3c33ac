"""How far an access is out of the ordinary, and how well a thing fits the access it may have been done in.

The weights are judgement, kept in one place: about one point is what an incident responder would call "worth a look",
three "this is not normal". They were set on events made for the purpose, not on the demo case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.timeline.chain.shapes import Access, Failures, Node, Transfer

LEAST_HISTORY = 2
"""Days a host's log must reach back before "new" means anything."""

YOUNG_DAYS = 7
"""Days after which a log has seen each weekday, and what was not seen in it is new."""

SLACK = timedelta(minutes=2)
"""One host writes its login and what follows with one clock, but through several programs."""

DECAY = (
    (timedelta(0), 1.0), (timedelta(hours=1), 0.8), (timedelta(hours=12), 0.5), (timedelta(days=3), 0.25),
    (timedelta(days=21), 0.1),
)  # fmt: skip
"""How far an access that ended still explains what happens on the host: things left running, and coming back."""

LEVEL_WEIGHTS = {"critical": 3.0, "high": 1.7, "medium": 0.7, "low": 0.2, "informational": 0.0}
"""Level of a rule → weight of what it fired on (levels as SigmaHQ defines them: high = should be looked at at once)."""

SYSTEM_ACCOUNTS = frozenset(
    [
        "root",
        "system",
        "administrator",
        "local",
        "service",
        "network_service",
        "www-data",
        "apache",
        "nginx",
        "postgres",
        "mysql",
        "oracle",
        "daemon",
        "nobody",
        "iusr",
    ]
)
"""Accounts that programs run as, or that one switches to: they say little about who sits behind."""

NIGHT = (22, 6)
"""Hours of the night, taken where a case's own hours say nothing."""


@dataclass(frozen=True)
class Clock:
    """The hours in which people of this case work, in UTC.

    Attributes:
        busy: The 24 hours' share of all accesses.
    """

    busy: tuple[float, ...]

    def is_odd(self, at: datetime) -> bool:
        """Answer whether hardly anybody works at this hour: below a third of an even share, with its neighbours."""
        hours = [self.busy[(at.hour + d) % 24] for d in (-1, 0, 1)]
        return sum(hours) / 3 < 1 / 24 / 3


def clock_of(accesses: Sequence[Access]) -> Clock:
    """Return the working hours that the accesses show; even where there are too few."""
    counts = [0.0] * 24
    for access in accesses:
        counts[access.from_at.hour] += 1
    total = sum(counts)
    if total < 200:
        return Clock((1 / 24,) * 24)
    return Clock(tuple(c / total for c in counts))


def strangeness(
    access: Access, failures: Sequence[Failures], clock: Clock
) -> tuple[float, list[str]]:
    """Return how far an access is out of the ordinary, and why, in words.

    Args:
        access: The access.
        failures: Failed logins from its place to its host in the day before it.
        clock: When people work.
    """
    score, why = 0.0, []
    if access.outside:
        score += 0.5 if access.how == "vpn" else 1.5
        why.append("it came from the internet")
    score += _new(access, why)
    guessed = sum(f.n for f in failures)
    if guessed >= 5:
        score += _guessing(access, failures, guessed)
        why.append(f"{guessed} failed logins from the same place came before it")
    if clock.is_odd(access.from_at):
        score += 0.5
        why.append("hardly anybody works at that hour")
    usual = routine_days(access)
    if usual >= 3:
        score -= 1.0 + 0.1 * min(usual, 20)
        why.append(f"the same was seen on {usual} other days")
    if access.by_flow:
        score += _carried(access.size_bytes)
    return score, why


def routine_days(access: Access) -> int:
    """Return on how many days the same is usual: those before; in a log that has just begun, those after too."""
    return max(access.days_before, access.total_days - 1 if access.history_days < YOUNG_DAYS else 0)


def _carried(size_bytes: int) -> float:
    """Return what the size of a connection says: a failed login is small, work is not."""
    if size_bytes <= 0:
        return 0.0
    return max(-1.0, min(1.5, math.log10(size_bytes / 6_000)))


def _guessing(access: Access, failures: Sequence[Failures], guessed: int) -> float:
    """Return what failures before a success say; a few on one account from inside are somebody's forgetting."""
    if guessed >= 20:
        return 3.0
    forgot = not access.outside and all(f.n_accounts == 1 for f in failures)
    return 0.5 if forgot else 2.0


def _new(access: Access, why: list[str]) -> float:
    if access.history_days < LEAST_HISTORY:
        return 0.5 if access.days_before == 0 else 0.0
    score = 0.0
    if access.pair_days == 0:
        score += 1.0
        why.append(f"nobody had come from {access.source} to {access.host} before")
    if access.account and access.source_days == 0:
        score += 1.0
        why.append(f"the account {access.account} had not been used from there before")
    if access.account and access.account_days == 0:
        score += 0.5
        why.append(f"the account {access.account} had not been used on {access.host} before")
    return score


def fits(
    access: Access, at: datetime, account: str = "", source_ip: str = "", error_ms: int = 0
) -> float:
    """Return how well something at an instant on the access's host fits into the access, 0 for not at all."""
    slack = SLACK + timedelta(milliseconds=min(error_ms, 5000)) if error_ms else SLACK
    if at < access.from_at - slack:
        return 0.0
    score = _lasting(at - access.to_at - slack)
    if source_ip and access.source_ip:
        score *= 3.0 if source_ip == access.source_ip else 0.02
    if account and access.account:
        if account == access.account:
            score *= 2.0
        elif account not in SYSTEM_ACCOUNTS:
            score *= 0.3
    return score


def _lasting(late: timedelta) -> float:
    return next((weight for bound, weight in DECAY if late <= bound), 0.03)


def weight_of(node: Node) -> float:
    """Return what a node alone says for an intruder: its strangeness and what was done in it, each kind once."""
    if node.excused or node.verdict == "not_attacker":
        return 0.0
    decided = 20.0 if node.verdict == "attacker" else 0.0
    return min(node.strange, 5.0) + sum(deeds_of(node).values()) + decided


def deeds_of(node: Node) -> dict[str, float]:
    """Return kind of deed → its greatest weight, transfers among them."""
    best: dict[str, float] = {}
    for deed in node.deeds:
        best[deed.category] = max(best.get(deed.category, 0.0), deed.weight)
    for moved in node.transfers:
        if not through_vpn(node.access, moved):
            weight = transfer_weight(moved.size_bytes, moved.days_before, moved.most_before)
            best["transfer"] = max(best.get("transfer", 0.0), weight)
    return best


def through_vpn(access: Access, moved: Transfer) -> bool:
    """Answer whether a transfer is a VPN session itself: whatever its owner does inside flows through it."""
    return access.how == "vpn" and moved.outer == access.source_ip


def transfer_weight(size_bytes: int, days_before: int, most_before: int) -> float:
    """Return how far a transfer speaks for an intruder: much, to a place that never got as much."""
    if days_before >= 3 and size_bytes < 10 * most_before:
        return 0.0
    if size_bytes >= 50_000_000:
        return 2.5
    return 1.5 if size_bytes >= 5_000_000 else 0.5
