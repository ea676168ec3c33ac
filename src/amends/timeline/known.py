"""What the company tells of its own systems: hosts, stores, and known facts such as backups and tests."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Host:
    """A row of ``hosts.csv``.

    Attributes:
        host: Its name.
        ips: Inside addresses.
        outside_ips: Addresses it has towards the internet.
        time_zone: IANA name or offset of its logs; "" when not said.
        role: router, firewall, vpn, jump, database, file server, web … as the company wrote it, lower case.
    """

    host: str
    ips: tuple[str, ...] = ()
    outside_ips: tuple[str, ...] = ()
    time_zone: str = ""
    role: str = ""


@dataclass(frozen=True)
class StoreTable:
    """A row of ``stores.csv``: a table, file or share of a store.

    Attributes:
        store: Name of the store.
        table: Table, file or share; "" for the whole.
        host: Host it lies on; the store's name where the list does not say and a host is called so.
        elements: Element codes it holds.
        rows: How many it holds; ``None`` when not said.
        unit: rows, files, persons …
        avg_bytes: Bytes of one of them on the wire or on disk; ``None`` when not said.
    """

    store: str
    table: str
    host: str
    elements: tuple[str, ...]
    rows: int | None
    unit: str
    avg_bytes: float | None


@dataclass(frozen=True)
class KnownFact:
    """A sentence of the company's known facts, and what could be read out of it.

    Attributes:
        kind: backup, test (penetration test or scan by order), scanner, address (ours, outside), vpn_pool,
            maintenance, or other.
        sentence: As written.
        hosts: Hosts it names.
        accounts: Accounts it names.
        networks: Addresses and networks it names.
        from_at: Begin, UTC; ``None`` for always.
        to_at: End, UTC; ``None`` for always.
        daily_minutes: Begin and end in minutes of the day, in the zone of the sentence or UTC, for what repeats
            daily; ``None`` otherwise.
    """

    kind: str
    sentence: str
    hosts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    from_at: datetime | None = None
    to_at: datetime | None = None
    daily_minutes: tuple[int, int] | None = None


@dataclass(frozen=True)
class Known:
    """Everything the company told."""

    hosts: tuple[Host, ...] = ()
    stores: tuple[StoreTable, ...] = ()
    facts: tuple[KnownFact, ...] = ()
