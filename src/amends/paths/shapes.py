"""What a network is made of here: places, and dated facts between them.

A place is named by its kind: ``zone:dmz``, ``asset:jump1``, ``service:jump1:22/tcp``, ``identity:svc_crm``,
``credential:FINGERPRINT`` (never the secret), ``store:crm-db``. The intruder begins in ``zone:internet``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

INTERNET = "zone:internet"
KINDS = {
    "in_zone": "the asset (source) stands in the zone (target)",
    "reach": "from the zone or asset (source) a packet gets to the service (target); each zone to its own too",
    "hosts": "the asset (source) offers the service, or keeps the store (target)",
    "serves": "the service (source) is the door to the store (target)",
    "exposes_login": "the service (source) asks for a name and a secret",
    "no_auth": "the service (source) asks for nothing",
    "known_exploited": "the service (source) has a hole that is exploited in the wild (detail: cve)",
    "weak_auth": "the service (source) asks for a password only and never locks out; needs exposes_login too",
    "stored_on": "the credential (source) lies readable on the asset (target); or in a zone, or in a store",
    "opens": "the credential (source) opens the service (target) now (detail: identity); not once it is rotated",
    "admin_of": "the identity (source) administers the asset (target)",
    "reads": "the identity (source) may read the store (target)",
    "belongs_to": "the credential (source) is a current secret of the identity (target); not once it is rotated",
    "trusts": "the asset (target) lets the asset (source) in without asking (detail: how, port); needs a reach too",
}  # fmt: skip
STATES = ("open", "claimed", "verified", "reopened")


@dataclass(frozen=True)
class Fact:
    """One fact about the network.

    Attributes:
        kind: A word of ``KINDS``.
        source: The place it is about.
        target: The other place; "" for facts about one.
        evidence: File and line, scan and host, or exhibit it was read from.
        on: ISO day of the evidence; "" when nobody said.
        detail: Further words by name: identity, cve, port, rule, how.
        remedy: What a person would do to make it untrue, in a sentence; "" where nothing sensible can be done.
        act: What one act removes together: facts with the same act fall together (one line of a list, one rotated
            secret, one service shut), such as ``acl:edge-r1:OUTSIDE-IN:12``; "" when it falls alone.
        looks: What was looked at to see it: entries of ``Network.looked_at``. Later evidence that looked at all of
            them, and does not show the fact, proves that it is gone. "" as a place means all places. When empty,
            ``(kind, source)``, ``(kind, target)`` or ``(kind, "")`` in ``looked_at`` does.
    """

    kind: str
    source: str
    target: str = ""
    evidence: str = ""
    on: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    remedy: str = ""
    act: str = ""
    looks: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what makes it the same fact in later evidence."""
        return (self.kind, self.source, self.target)


@dataclass(frozen=True)
class StoreAtEnd:
    """A store and what lies in it.

    Attributes:
        store: Name, without ``store:``.
        persons: People whose data it holds; ``None`` when not known.
        elements: Element codes.
    """

    store: str
    persons: int | None = None
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reject:
    """Something in the inputs that could not be read.

    Attributes:
        place: File, and line where there is one.
        reason: Short code: unknown_format, malformed, unsupported_line, truncated …
        remedy: One step that may work.
    """

    place: str
    reason: str
    remedy: str


@dataclass
class Network:
    """All that was collected from one state of the inputs (one date).

    Attributes:
        facts: Facts that hold.
        stores: Stores at the end of paths.
        claims: What people say was fixed; closes nothing. By name: ``kind``, ``source``, ``target`` (as in a fact,
            each may be missing or a bare name) or ``fact`` (its id), ``words``, ``who``, ``on``, ``evidence``.
        looked_at: For each kind of evidence what it covers, so that the absence of a fact can be proof: for instance
            ``("scan:internet", "asset:edge-r1")`` says that the asset was scanned from the internet; "" as the
            place says that all was looked at. ``Fact.looks`` names the entries a fact rests on.
        rejects: What could not be read.
    """

    facts: list[Fact] = field(default_factory=list)
    stores: list[StoreAtEnd] = field(default_factory=list)
    claims: list[dict[str, str]] = field(default_factory=list)
    looked_at: set[tuple[str, str]] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)
