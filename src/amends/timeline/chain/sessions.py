"""One coming-in that two hosts wrote down: the gateway that let somebody in, and the server it asked who that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from amends.timeline.chain.shapes import Access

ASKED = frozenset(["radius", "tacacs", "tacacs+", "diameter", "aaa"])
"""Ways in which a host asks a server about somebody (RFC 2865, RFC 8907): nobody comes to the server itself."""

APART = timedelta(minutes=2)
"""A gateway asks while somebody waits: minutes at most, beside what the clocks are wrong."""


def one_session(accesses: Sequence[Access]) -> list[Access]:
    """Return accesses without those that a server noted for a gateway whose own access is there.

    Where the gateway's log is lost, the server's note stands in for it.
    """
    came: dict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    for access in accesses:
        if access.how not in ASKED:
            came[access.source_ip, access.account].append((access.from_at, access.error_ms))
    return [a for a in accesses if a.how not in ASKED or not _noted(a, came)]


def _noted(access: Access, came: dict[tuple[str, str], list[tuple[datetime, int]]]) -> bool:
    for at, error_ms in came.get((access.source_ip, access.account), ()):
        slack = APART + timedelta(milliseconds=min(access.error_ms + error_ms, 1_200_000))
        if at - slack <= access.from_at <= at + slack or (
            access.from_at <= at <= access.to_at + slack
        ):
            return True
    return False
