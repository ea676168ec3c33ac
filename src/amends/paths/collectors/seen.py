"""What collectors say they saw: small facts in one vocabulary, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amends.paths.devices import Device
from amends.paths.filters import Filter
from amends.paths.shapes import Reject
from amends.paths.spaces import Spans


@dataclass(frozen=True)
class AssetSeen:
    """A machine. ``name`` "" means: the one whose addresses these are. ``zone`` "" means: not said."""

    name: str
    place: str
    ips: tuple[str, ...] = ()
    zone: str = ""
    role: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceSeen:
    """A service that answers. ``None`` means: not said."""

    asset: str
    port: int
    protocol: str
    place: str
    auth: str = ""
    mfa: bool | None = None
    lockout: bool | None = None
    product: str = ""
    cves: tuple[str, ...] = ()
    act: str = ""
    listed: bool = True


@dataclass(frozen=True)
class AccountSeen:
    """An account, with the fingerprint of its current secret; ``None`` where the list has no such column."""

    identity: str
    asset: str
    port: int
    fingerprint: str | None
    place: str


@dataclass(frozen=True)
class GrantSeen:
    """A right of an identity on a store; ``host`` helps to find the store where only a database is named."""

    identity: str
    store: str
    privilege: str
    place: str
    host: str = ""
    listed: bool = False


@dataclass(frozen=True)
class StoreSeen:
    """A store of personal data."""

    store: str
    place: str
    asset: str = ""
    port: int = 0
    persons: int | None = None
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretSeen:
    """A secret that lies somewhere readable; only its fingerprint is kept.

    Attributes:
        fingerprint: SHA-256 of the secret in hex, the fingerprint given, or the SSH fingerprint of a key.
        host: Host it lies on; "" means: the host the file belongs to.
        file: File it was found in, as told.
        identity: Whom it is a secret of.
        target: What it opens, as told: host, host:port, service or store.
        place: Where we read this.
        rule: What kind of secret.
        key: Whether it is a private key.
        current: Whether it is current by where it stands, such as a device's own configuration.
        looks: Kind of evidence that shows it: ``config``, ``aws:Reservations`` …; "" for a secret scanner's.
    """

    fingerprint: str
    place: str
    host: str = ""
    file: str = ""
    identity: str = ""
    target: str = ""
    rule: str = ""
    key: bool = False
    current: bool = False
    looks: str = ""


@dataclass(frozen=True)
class KeySeen:
    """A public key that lets its owner in: a line of ``authorized_keys``."""

    fingerprint: str
    identity: str
    place: str
    host: str = ""
    sources: Spans | None = None


@dataclass(frozen=True)
class LockedSeen:
    """A local account whose password opens nothing."""

    identity: str
    place: str
    host: str = ""


@dataclass(frozen=True)
class GroupSeen:
    """Members of a local group."""

    group: str
    members: tuple[str, ...]
    place: str
    host: str = ""


@dataclass(frozen=True)
class AdminSeen:
    """An identity that administers a host."""

    identity: str
    place: str
    host: str = ""
    how: str = ""
    looks: str = "sudoers"


@dataclass(frozen=True)
class TrustSeen:
    """Addresses that a service of a host lets in without asking."""

    sources: Spans
    place: str
    host: str = ""
    port: int = 0
    how: str = ""
    words: str = ""
    looks: str = "pg_hba"


@dataclass(frozen=True)
class ExploitedSeen:
    """A hole that is exploited in the wild (KEV), or how likely that is (EPSS)."""

    cve: str
    place: str
    epss: float | None = None


@dataclass(frozen=True)
class PortSeen:
    """A port of a scanned host."""

    port: int
    protocol: str
    state: str
    place: str
    product: str = ""
    cves: tuple[str, ...] = ()
    auth: str = ""
    weak: str = ""


@dataclass(frozen=True)
class ScanSeen:
    """What a scan saw of one host.

    Attributes:
        ips: Its addresses.
        names: Its names.
        ports: Ports with their states.
        covered: Ports looked at, by protocol.
        place: File and host.
        on: ISO day; "" when not told.
        up: Whether the host answered.
        path: File, whose name says where the scan was made from.
    """

    ips: tuple[str, ...]
    names: tuple[str, ...]
    ports: tuple[PortSeen, ...]
    covered: tuple[tuple[str, Spans], ...]
    place: str
    path: str
    on: str = ""
    up: bool = True


@dataclass(frozen=True)
class DeviceSeen:
    """A router or firewall."""

    device: Device
    place: str


@dataclass(frozen=True)
class FirewallSeen:
    """A host's own firewall; ``host`` "" means: the host the file belongs to."""

    filter: Filter
    place: str
    host: str = ""
    family: int = 4


@dataclass(frozen=True)
class LinkSeen:
    """A host tells in which file its firewall lies."""

    host: str
    file: str
    place: str


@dataclass(frozen=True)
class ClaimSeen:
    """Somebody says that something was fixed."""

    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LookedSeen:
    """A kind of evidence covers a place."""

    kind: str
    place: str
    host: str = ""


@dataclass(frozen=True)
class CloudSeen:
    """A piece of a cloud's description; several together mean something."""

    kind: str
    row: dict[str, Any]
    place: str


@dataclass(frozen=True)
class FactSeen:
    """A fact that needs no other input; names are made alike later."""

    kind: str
    source: str
    target: str
    place: str
    remedy: str = ""
    act: str = ""
    detail: tuple[tuple[str, str], ...] = field(default_factory=tuple)


Sighting = (
    AssetSeen
    | ServiceSeen
    | AccountSeen
    | GrantSeen
    | StoreSeen
    | SecretSeen
    | KeySeen
    | LockedSeen
    | GroupSeen
    | AdminSeen
    | TrustSeen
    | ExploitedSeen
    | ScanSeen
    | DeviceSeen
    | FirewallSeen
    | LinkSeen
    | ClaimSeen
    | LookedSeen
    | CloudSeen
    | FactSeen
    | Reject
)
