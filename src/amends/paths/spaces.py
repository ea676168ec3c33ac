"""Sets of addresses and of ports as exact intervals: what a line of an access list speaks of.

IPv4 and IPv6 lie on one line of numbers, IPv4 at its mapped place (::ffff:0:0/96, RFC 4291 section 2.5.5.2), so that
one algebra serves both.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

Span = tuple[int, int]
Spans = tuple[Span, ...]

V4 = 0xFFFF << 32
TOP4 = V4 + 2**32 - 1
TOP6 = 2**128 - 1
NOTHING: Spans = ()
ANY4: Spans = ((V4, TOP4),)
ANY6: Spans = ((0, V4 - 1), (TOP4 + 1, TOP6))
ANY: Spans = ((0, TOP6),)
PORTS: Spans = ((0, 65535),)

MAX_SPANS = (
    4096  # a wildcard mask with gaps may mean millions of spans; beyond this the line is a reject
)

_PRIVATE = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
    "224.0.0.0/3 ::/127 fc00::/7 fe80::/10 ff00::/8"
)


def join(spans: Iterable[Span]) -> Spans:
    """Return the spans sorted and joined where they touch."""
    out: list[Span] = []
    for low, high in sorted(spans):
        if low > high:
            continue
        if out and low <= out[-1][1] + 1:
            if high > out[-1][1]:
                out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return tuple(out)


def both(one: Spans, other: Spans) -> Spans:
    """Return what lies in both sets."""
    out: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        low, high = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if low <= high:
            out.append((low, high))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def without(one: Spans, other: Spans) -> Spans:
    """Return what lies in the first set and not in the second."""
    out: list[Span] = []
    j = 0
    for low, high in one:
        at = low
        while j < len(other) and other[j][1] < at:
            j += 1
        k = j
        while k < len(other) and other[k][0] <= high:
            if other[k][0] > at:
                out.append((at, other[k][0] - 1))
            at = max(at, other[k][1] + 1)
            k += 1
        if at <= high:
            out.append((at, high))
    return tuple(out)


def covers(outer: Spans, inner: Spans) -> bool:
    """Answer whether all of ``inner`` lies in ``outer``."""
    return not without(inner, outer)


def touches(one: Spans, other: Spans) -> bool:
    """Answer whether the sets have anything in common."""
    return bool(both(one, other))


def holds(spans: Spans, value: int) -> bool:
    """Answer whether the value lies in the set."""
    at = bisect_right(spans, (value, TOP6 + 1)) - 1
    return at >= 0 and spans[at][0] <= value <= spans[at][1]


def size(spans: Spans) -> int:
    """Return how many values the set holds."""
    return sum(high - low + 1 for low, high in spans)


@lru_cache(maxsize=65536)
def address(text: str) -> int | None:
    """Return an address as its number on the line; ``None`` when it is none."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").split("%", 1)[0])
    except ValueError:
        return None
    return V4 + int(found) if found.version == 4 else int(found)


@lru_cache(maxsize=65536)
def network(text: str) -> Spans | None:
    """Return ``10.0.0.0/8``, ``10.0.0.1`` or ``10.0.0.1-10.0.0.9`` as spans; ``None`` when it is none."""
    text = text.strip()
    if "-" in text:
        low, high = (address(part) for part in text.split("-", 1))
        return None if low is None or high is None or low > high else ((low, high),)
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    base = V4 if found.version == 4 else 0
    return ((base + int(found.network_address), base + int(found.broadcast_address)),)


def wildcard(base: int, care_not: int) -> Spans | None:
    """Return the IPv4 addresses equal to ``base`` but for the bits set in ``care_not``.

    Args:
        base: The address as a 32-bit number.
        care_not: A Cisco wildcard mask; it may have gaps.

    Returns:
        The spans, or ``None`` where they would be more than ``MAX_SPANS``.
    """
    low_bits = 0
    while low_bits < 32 and care_not >> low_bits & 1:
        low_bits += 1
    gaps = [bit for bit in range(low_bits, 32) if care_not >> bit & 1]
    if 2 ** len(gaps) > MAX_SPANS:
        return None
    start = base & ~care_not & 0xFFFFFFFF
    width = 2**low_bits - 1
    starts = [start]
    for bit in gaps:
        starts += [value | 1 << bit for value in starts]
    return join((V4 + value, V4 + value + width) for value in starts)


def shown(value: int) -> str:
    """Return an address as people write it."""
    if V4 <= value <= TOP4:
        return str(ipaddress.IPv4Address(value - V4))
    return str(ipaddress.IPv6Address(value))


def ports(text: str) -> Spans | None:
    """Return ``22``, ``80,443`` or ``1-1024`` as spans of ports; ``None`` when it is none."""
    out: list[Span] = []
    for part in text.replace(":", "-").split(","):
        low, _, high = part.strip().partition("-")
        if not low.isdecimal() or not (high or low).isdecimal() or len(low) > 5 or len(high) > 5:
            return None
        out.append((int(low), int(high or low)))
    return join(out)


INTERNET_SPACE = without(ANY, join(s for word in _PRIVATE.split() for s in network(word) or ()))
"""Addresses that packets from the internet come from: not those that no public router forwards (RFC 6890)."""
