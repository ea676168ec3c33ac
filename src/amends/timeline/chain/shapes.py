"""What the chain is made of: accesses, deeds, transfers, and the hops they become."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Access:
    """Somebody came from a place to a host, as an account, over some time.

    Attributes:
        no: Number of it in this run.
        source: Host it came from, or the address where no host has it.
        source_ip: Address it came from.
        outside: Whether that is the internet.
        host: Host it went to.
        account: Account used; "" when the log does not say.
        how: ssh, telnet, vpn, db, smb …
        from_at: First event.
        to_at: Last event of it.
        n: Events.
        first_event: Its first event: the login where there is one.
        days_before: Days before on which this account came from this place to this host.
        pair_days: Days before on which anybody came from this place to this host.
        account_days: Days before on which this account came to this host from anywhere.
        source_days: Days before on which this account came from this place to any host.
        history_days: Days before of which the host has logins at all; what is new in a log of one day means little.
        error_ms: Bound of the error of its time.
        by_flow: Whether only records of connections show it.
        total_days: Days of the whole case on which the same was seen.
        size_bytes: Bytes of its largest connection, where only those show it.
    """

    no: int
    source: str
    source_ip: str
    outside: bool
    host: str
    account: str
    how: str
    from_at: datetime
    to_at: datetime
    n: int
    first_event: int
    days_before: int = 0
    pair_days: int = 0
    account_days: int = 0
    source_days: int = 0
    history_days: int = 0
    error_ms: int = 0
    by_flow: bool = False
    total_days: int = 1
    size_bytes: int = 0


@dataclass(frozen=True)
class Deed:
    """Something telling that was done on a host: a configuration exported, a table dumped, a log cleared.

    Attributes:
        category: One of ``categories.CATEGORIES``, or detection.
        host: Where.
        account: Who; "" when the log does not say.
        source_ip: From where, when the log says so.
        source: Host of that address, or the address.
        outside: Whether that is the internet.
        from_at: First event.
        to_at: Last event.
        n: Events.
        event_ids: The events, earliest first, at most a thousand.
        days_before: Days before on which this account did such a thing on this host.
        weight: How much it speaks for an intruder, from 0.
        technique: ATT&CK technique.
        what: What it was, in words, never with a value of a person.
        rows: Rows it read, as far as the log says.
        tactic: ATT&CK tactic, where only a rule found it.
        error_ms: Bound of the error of its time.
    """

    category: str
    host: str
    account: str
    source_ip: str
    source: str
    outside: bool
    from_at: datetime
    to_at: datetime
    n: int
    event_ids: tuple[int, ...]
    days_before: int
    weight: float
    technique: str = ""
    what: str = ""
    rows: int = 0
    error_ms: int = 0
    tactic: str = ""


@dataclass(frozen=True)
class Failures:
    """Logins that failed, from one place to one host, without a pause of an hour.

    Attributes:
        source: Host or address they came from.
        source_ip: Address.
        outside: Whether that is the internet.
        host: Host they were aimed at.
        from_at: First.
        to_at: Last.
        n: How many.
        n_accounts: How many accounts were tried.
        event_ids: At most a thousand.
        error_ms: Bound of the error of the times.
    """

    source: str
    source_ip: str
    outside: bool
    host: str
    from_at: datetime
    to_at: datetime
    n: int
    n_accounts: int
    event_ids: tuple[int, ...]
    error_ms: int = 0


@dataclass(frozen=True)
class Probing:
    """Connections refused, or very many tried, from one place.

    Attributes:
        source: Host or address.
        source_ip: Address.
        outside: Whether that is the internet.
        from_at: First.
        to_at: Last.
        n: Connections.
        n_targets: Different addresses and ports.
        event_ids: At most a thousand.
        error_ms: Bound of the error of the times.
    """

    source: str
    source_ip: str
    outside: bool
    from_at: datetime
    to_at: datetime
    n: int
    n_targets: int
    event_ids: tuple[int, ...]
    error_ms: int = 0


@dataclass(frozen=True)
class Transfer:
    """Bytes that went from a place of ours to a place outside, without a pause of an hour.

    Attributes:
        host: Host of ours, or its address.
        outer: Address outside.
        port: Port they went to; 0 when unknown.
        from_at: First record.
        to_at: Last record.
        size_bytes: Bytes, as the one log that has most of it says.
        days_before: Days before on which this pair moved anything out.
        most_before: Most bytes of one heap before.
        n_places: Places of ours that ever sent something there.
        place_most: Most bytes that this host had sent anywhere at once before.
        served: Whether the connections came from outside: answers of a server.
        event_ids: At most a thousand.
        error_ms: Bound of the error of the times.
    """

    host: str
    outer: str
    port: int
    from_at: datetime
    to_at: datetime
    size_bytes: int
    days_before: int
    most_before: int
    event_ids: tuple[int, ...]
    error_ms: int = 0
    n_places: int = 1
    place_most: int = 0
    served: bool = False


@dataclass
class Node:
    """An access with what belongs to it.

    Attributes:
        access: The access.
        strange: How far it is out of the ordinary.
        reasons: Why, in words.
        deeds: Done in it.
        transfers: Left through it.
        failures: Failures of the same place before it.
        parent: Access it was made from; ``None`` for one from outside, or of unknown origin.
        rivals: Other accesses it may have been made from.
        excused: Known fact that explains it, in the company's words; "" for none.
        decided: Decision that settled it; "" for none.
        verdict: What was decided: attacker, not_attacker, or "".
    """

    access: Access
    strange: float = 0.0
    reasons: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    failures: list[Failures] = field(default_factory=list)
    parent: int | None = None
    rivals: list[int] = field(default_factory=list)
    excused: str = ""
    decided: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Hop:
    """A row of ``hops`` before it has its place in the chain."""

    status: str
    phase: str
    at: datetime
    to_at: datetime
    error_ms: int
    source: str
    destination: str
    account: str
    how: str
    technique: str
    tactic: str
    event_ids: tuple[int, ...]
    n_events: int
    confidence: float
    why: str
    against: tuple[str, ...] = ()
    decided_by: str = "rule"
    order: int = 0
    group: str = ""
    size_bytes: int = 0
