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
    people: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        source: str,
        target: str = "",
        *,
        evidence: str = "",
        on: str = "",
        detail: tuple[tuple[str, str], ...] = (),
        remedy: str = "",
        act: str = "",
        looks: tuple[Look, ...] = (),
    ) -> None:
        """Keep a fact; one known already gets the further evidence. What a scan saw, a scan can prove gone."""
        key = (kind, source, target)
        known = self.facts.get(key)
        if known is None:
            self.facts[key] = Fact(
                kind, source, target, evidence, on or self.on, detail, remedy, act, looks
            )
            return
        words = known.evidence
        if evidence and evidence not in words and words.count(" | ") < 4:
            words = f"{words} | {evidence}" if words else evidence
        self.facts[key] = replace(
            known,
            evidence=words,
            on=max(known.on, on or self.on),
            detail=tuple((dict(detail) | dict(known.detail)).items()),
            looks=looks if looks and looks[0][0].startswith("scan:") else known.looks,
        )

    def identity(self, name: str) -> str:
        """Return an identity as facts write it: the first spelling wins, case does not matter."""
        return f"identity:{self.people.setdefault(name.strip().lower(), name.strip())}"

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
