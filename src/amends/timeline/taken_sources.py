"""What `taken` works from: names of tables, the span of the intrusion, the steps of the chain, and who is where."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.known import Known

_OURS = tuple(
    ipaddress.ip_network(n)
    for n in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "fc00::/7", "fe80::/10", "::1/128", "ff00::/8",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """Tables and views that are read, by the name the engine knows them by (quoted).

    Attributes:
        events: Columns of ``EVENTS``.
        hops: Columns of ``HOPS``.
        gaps: Columns of ``GAPS``; "" for none.
        exhibits: Columns of ``EXHIBITS``; "" for none.
        items: Columns of ``ITEMS``; "" for none.
        columns: Columns of ``COLUMNS``; "" for none.
    """

    events: str
    hops: str
    gaps: str = ""
    exhibits: str = ""
    items: str = ""
    columns: str = ""


@dataclass(frozen=True)
class Dates:
    """Dates that the case knows, UTC; ``None`` where nobody said.

    Attributes:
        contained_at: When the intruder was shut out.
        discovered_at: When the company found out.
        contained_kind: Kind of case event that containment was entered as; "" for containment itself.
        contained_day_only: Whether only the day of it is known.
        discovered_day_only: Whether only the day of it is known.
    """

    contained_at: datetime | None = None
    discovered_at: datetime | None = None
    contained_kind: str = ""
    contained_day_only: bool = False
    discovered_day_only: bool = False


@dataclass(frozen=True)
class Step:
    """A hop of the chain with its ends as places: the company's name of a host, or an address.

    Attributes:
        hop_id: As in ``hops``.
        step: Place in the chain; 0 where it has none.
        phase: As in ``hops``.
        at: Begin.
        to_at: End; the begin where none is known.
        error: Bound of the error of both.
        source: Where it came from.
        destination: Where it went; a store's host for a store.
        account: Account used; "" for none.
        how: As in ``hops``.
        event_ids: Its events; at most a thousand.
        n_events: How many there are.
        row: The row of ``hops``.
    """

    hop_id: str
    step: int
    phase: str
    at: datetime
    to_at: datetime
    error: timedelta
    source: str
    destination: str
    account: str
    how: str
    event_ids: tuple[int, ...]
    n_events: int
    row: Mapping[str, Any] = field(hash=False, compare=False)


class Places:
    """Says whose an address is, from the company's own lists first."""

    def __init__(self, known: Known) -> None:
        """Take the lists of the company."""
        self.by_ip = {ip: h.host.lower() for h in known.hosts for ip in (*h.ips, *h.outside_ips)}
        self.outside_ips = {ip for h in known.hosts for ip in h.outside_ips}
        self.hosts = {h.host.lower() for h in known.hosts}
        self.zones = {h.host.lower(): h.time_zone for h in known.hosts}
        self.pools = [n for f in known.facts if f.kind == "vpn_pool" for n in f.networks]
        self._ours = [
            *(n for f in known.facts if f.kind in ("address", "vpn_pool") for n in f.networks),
            *_OURS,
        ]
        self.stores = {s.store.lower(): (s.host or s.store).lower() for s in known.stores}

    def of(self, text: object) -> str:
        """Return the host that an address or name belongs to, or the address itself; "" for nothing."""
        plain = str(text or "").strip().lower()
        return self.by_ip.get(plain) or self.stores.get(plain) or plain

    def is_outside(self, place: str) -> bool:
        """Answer whether a place is an address on the internet that is not the company's."""
        address = _address(place)
        if address is None or place in self.by_ip:
            return False
        return not any(address.version == n.version and address in n for n in self._ours)

    def is_remote(self, place: str) -> bool:
        """Answer whether whoever reads from this place has what he read outside: the internet, or a VPN client."""
        address = _address(place)
        if address is None:
            return False
        if any(address.version == n.version and address in n for n in self.pools):
            return True
        return self.is_outside(place)

    def register(self, engine: Engine, places: Iterable[str]) -> str:
        """Make the addresses of the company readable in SQL (``ip``, ``place``) and return the name."""
        rows = {**self.by_ip, **{p: p for p in places if _address(p) and p not in self.by_ip}}
        return engine.register(
            "taken_addresses",
            pa.table(
                {
                    "ip": pa.array(list(rows), pa.string()),
                    "place": pa.array(list(rows.values()), pa.string()),
                }
            ),
        )


def _address(place: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(place)
    except ValueError:
        return None


def chain_steps(engine: Engine, hops: str, places: Places) -> tuple[Step, ...]:
    """Return the hops of the chain, first step first."""
    rows = engine.arrow(
        f"SELECT * FROM {hops} WHERE status = 'chain' AND \"at\" IS NOT NULL "
        'ORDER BY step NULLS LAST, "at", hop_id'
    ).to_pylist()
    return tuple(_step(row, places) for row in rows)


def _step(row: dict[str, Any], places: Places) -> Step:
    at = row["at"]
    return Step(
        hop_id=row["hop_id"],
        step=int(row["step"] or 0),
        phase=row["phase"] or "",
        at=at,
        to_at=max(at, row["to_at"] or at),
        error=timedelta(milliseconds=int(row["at_error_ms"] or 0)),
        source=places.of(row["source"]),
        destination=places.of(row["destination"]),
        account=(row["account"] or "").lower(),
        how=row["how"] or "",
        event_ids=tuple(row["event_ids"] or ()),
        n_events=int(row["n_events"] or 0),
        row=row,
    )


@dataclass(frozen=True)
class Span:
    """The time in which the intruder could act.

    Attributes:
        from_at: First access.
        to_at: Containment; the last dated event where nobody said.
        contained: Whether containment is known.
    """

    from_at: datetime
    to_at: datetime
    contained: bool


def day_sql(instant: str) -> str:
    """Return SQL of the day of an instant in UTC, as days since 1970: an engine's calendar is far slower."""
    return f"(epoch_us({instant}) // 86400000000)"


def day_of(at: datetime) -> int:
    """Return the day of an instant in UTC, as days since 1970."""
    return int(at.timestamp() // 86_400)


def first_access(steps: Iterable[Step]) -> Step | None:
    """Return the step of first access: the earliest initial access, else the earliest that is no mere probing."""
    listed = sorted(steps, key=lambda s: (s.at, s.step))
    for phase in ("initial_access", ""):
        for step in listed:
            if step.phase == phase or (phase == "" and step.phase != "reconnaissance"):
                return step
    return None


def span_of(
    engine: Engine, events: str, steps: tuple[Step, ...], contained_at: datetime | None
) -> Span | None:
    """Return the span from first access to containment, ``None`` without a chain.

    A containment that is a day only lasts to its end; steps of the chain after it show that it did not hold.
    """
    first = first_access(steps)
    if first is None:
        return None
    begin = first.at - first.error
    if contained_at is not None and contained_at > begin:
        day_only = contained_at.astimezone(UTC).time() == time()
        end = contained_at + timedelta(days=1) if day_only else contained_at
        return Span(begin, max([end, *(s.to_at for s in steps)]), True)
    last = engine.arrow(f'SELECT max("at") AS "at" FROM {events}').to_pylist()[0]["at"]
    return Span(begin, max([last or begin, *(s.to_at for s in steps)]), False)
