"""Facts as they are found: each key once, what several inputs say of it joined."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace

from amends.paths.shapes import Fact
from amends.paths.world import Service, World

Look = tuple[str, str]


LOGIN_PORTS = frozenset(
    {
        21,
        22,
        23,
        25,
        110,
        139,
        143,
        389,
        445,
        512,
        513,
        514,
        636,
        873,
        1433,
        1521,
        2222,
        3306,
        3389,
        5432,
        5900,
        5985,
        5986,
        6379,
        8022,
        9042,
        9200,
        27017,
        50000,
    }
)


@dataclass
class Telling:
    """Facts as they are found; each key once, what several inputs say of it joined."""

    world: World
    on: str
    secret: bytes
    facts: dict[tuple[str, str, str], Fact] = field(default_factory=dict)
    looked: set[Look] = field(default_factory=set)

    def add(self, kind: str, source: str, target: str = "", **words: object) -> None:
        """Keep a fact; one known already gets the further evidence."""
        fact = Fact(kind, source, target, **{"on": self.on, **words})  # type: ignore[arg-type]
        known = self.facts.get(fact.key)
        if known is None:
            self.facts[fact.key] = fact
            return
        evidence = known.evidence
        if fact.evidence and fact.evidence not in evidence and evidence.count(" | ") < 4:
            evidence = f"{evidence} | {fact.evidence}" if evidence else fact.evidence
        detail = dict(fact.detail) | dict(known.detail)
        if fact.looks and fact.looks[0][0].startswith("scan:"):
            known = replace(
                known, looks=fact.looks
            )  # what a scan saw, a scan from there can prove gone
        self.facts[fact.key] = replace(
            known, evidence=evidence, on=max(known.on, fact.on), detail=tuple(detail.items())
        )

    def credential(self, fingerprint: str) -> str:
        """Return the name of a credential; keyed where a key was given."""
        if self.secret:
            digest = hmac.new(self.secret, fingerprint.encode(), hashlib.sha256).hexdigest()
            return f"credential:{digest[:40]}"
        return f"credential:{fingerprint}"


def asks(service: Service, auth: str) -> bool:
    """Answer whether a service asks for a name and a secret, as far as anything says or its port suggests."""
    if auth == "no password set":
        return False  # an IOS line with ``login`` and no password turns everybody away
    return (
        bool(auth)
        or service.mfa is not None
        or service.lockout is not None
        or service.port in LOGIN_PORTS
    )
