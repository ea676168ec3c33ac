"""What became of each fact from one dated evidence to the next: open, claimed, verified, reopened.

A fact is *verified* gone only when later evidence looked where it was seen and does not show it. What somebody says
makes it *claimed*, and closes nothing. One that comes back is *reopened*. Everything but verified still holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from amends.paths.acts import bare, fact_id
from amends.paths.model import Key, merged
from amends.paths.shapes import Fact, Network

CLAIM_WORDS = {
    "reach": "block|blocked|firewall|acl|filter|filtered|segment|segmented|closed|close",
    "no_auth": "password|login|log-in|authentication|auth",
    "known_exploited": "patch|patched|update|updated|upgrade|upgraded|cve",
    "weak_auth": "mfa|2fa|factor|lockout|lock-out|multifactor",
    "stored_on": "rotate|rotated|remove|removed|deleted|credential|secret|key|password|script",
    "opens": "rotate|rotated|changed|credential|secret|key|password|revoked",
    "admin_of": "admin|rights|privilege|privileges|sudo|revoked",
    "reads": "grant|grants|rights|privilege|privileges|revoked",
    "trusts": "trust|authorized_keys|rhosts|key",
}
"""Words by which a claim in free text speaks of a kind of fact; it must name a place of the fact as well."""


@dataclass(frozen=True)
class Dated:
    """The network as evidence of one date shows it.

    Attributes:
        on: ISO day, or a word that sorts as it should ("before"); "" when nobody said.
        network: What was collected.
    """

    on: str
    network: Network


@dataclass(frozen=True)
class Followed:
    """A fact through time.

    Attributes:
        fact: As the latest evidence that shows it has it.
        state: A word of ``shapes.STATES``.
        evidence: What the state rests on.
        first_on: Date of the first evidence that shows it.
        last_on: Date of the latest evidence that could show it.
        seen: For each date whether the evidence shows it.
    """

    fact: Fact
    state: str
    evidence: str
    first_on: str
    last_on: str
    seen: tuple[bool, ...]

    @property
    def holds(self) -> bool:
        """Say whether the fact must be taken to hold now."""
        return self.state != "verified"


@dataclass
class Story:
    """All facts through time.

    Attributes:
        dates: The dates, earliest first.
        facts: By key.
        claims: Claims that name no fact we know.
    """

    dates: tuple[str, ...]
    facts: dict[Key, Followed] = field(default_factory=dict)
    claims: list[dict[str, str]] = field(default_factory=list)


def follow(dated: Sequence[Dated]) -> Story:
    """Return what became of each fact; ``dated`` is earliest first."""
    shown = [{f.key: f for f in merged(d.network.facts)} for d in dated]
    story = Story(tuple(d.on for d in dated))
    claims = [(n, c) for n, d in enumerate(dated) for c in d.network.claims]
    claimed, story.claims = _claimed(shown, claims)
    for key in dict.fromkeys(k for facts in shown for k in facts):
        story.facts[key] = _followed(key, dated, shown, claimed.get(key))
    return story


def _followed(
    key: Key,
    dated: Sequence[Dated],
    shown: Sequence[Mapping[Key, Fact]],
    claim: tuple[int, str] | None,
) -> Followed:
    state, evidence, fact, last_on, first_on = "", "", None, "", ""
    for number, one in enumerate(dated):
        here = shown[number].get(key)
        if here is not None:
            back = state in ("verified", "reopened")
            evidence = f"back {when(one.on)}: {here.evidence}" if back else here.evidence
            state = "reopened" if back else "open"
            fact, last_on, first_on = here, one.on, first_on or one.on
        elif fact is not None and state != "verified" and looked_for(fact, one.network):
            state, last_on = "verified", one.on
            evidence = f"looked at {when(one.on)} ({_what(fact)}), not there any more; was: {fact.evidence}"
        elif fact is not None and state == "verified" and looked_for(fact, one.network):
            last_on = one.on
    assert fact is not None
    if claim is not None and state == "open":
        state, evidence = "claimed", f"{claim[1]}; no evidence shows it; still: {evidence}"
    return Followed(
        fact, state, evidence, first_on, last_on, tuple(key in facts for facts in shown)
    )


def when(on: str) -> str:
    """Return a date as people say it."""
    return (
        f"on {on}"
        if on[:1].isdigit()
        else f"in the evidence of {on!r}"
        if on
        else "in the evidence"
    )


def _what(fact: Fact) -> str:
    """Return what was looked at, the first few."""
    looks = [f"{kind} {bare(place) if place else ''}".strip() for kind, place in fact.looks]
    looks = looks or [f"{fact.kind} {bare(fact.source)}"]
    return ", ".join(looks[:3]) + (f" and {len(looks) - 3} more" if len(looks) > 3 else "")


def looked_for(fact: Fact, network: Network) -> bool:
    """Say whether this evidence would show the fact if it were there."""
    looked = network.looked_at
    if fact.looks:
        return all((kind, place) in looked or (kind, "") in looked for kind, place in fact.looks)
    kind = fact.kind
    return any((kind, place) in looked for place in (fact.source, fact.target, ""))


def _claimed(
    shown: Sequence[Mapping[Key, Fact]], claims: Sequence[tuple[int, dict[str, str]]]
) -> tuple[dict[Key, tuple[int, str]], list[dict[str, str]]]:
    """Return for each fact the last claim about it, and the claims that name none."""
    latest: dict[Key, Fact] = {}
    for facts in shown:
        latest.update(facts)
    by_name = _by_name(latest) if claims else {}
    found: dict[Key, tuple[int, str]] = {}
    lost = []
    for number, claim in claims:
        about = _about(claim, latest, by_name)
        for key in about:
            found[key] = (number, _said(claim))
        if not about:
            lost.append(claim)
    return found, lost


def _by_name(facts: Mapping[Key, Fact]) -> dict[str, set[Key]]:
    """Return facts by the names of their places, as people say them."""
    found: dict[str, set[Key]] = {}
    for key, fact in facts.items():
        for name in _names(fact):
            found.setdefault(name, set()).add(key)
    return found


def _names(fact: Fact) -> set[str]:
    names = set()
    for place in (
        fact.source,
        fact.target,
        *(v for k, v in fact.detail if k in ("identity", "cve")),
    ):
        name = place.partition(":")[2] or place
        names |= {place.lower(), name.lower(), bare(place).lower()}
        if place.startswith("service:"):
            names |= {name.rsplit(":", 1)[0].lower(), name.split("/")[0].lower()}
    return {n for n in names if n}


def _about(
    claim: Mapping[str, str], facts: Mapping[Key, Fact], by_name: Mapping[str, set[Key]]
) -> set[Key]:
    """Return the facts that a claim is about; empty when it names none."""
    if claim.get("fact"):
        return {k for k, f in facts.items() if fact_id(f) == claim["fact"]}
    named = [claim[w].lower() for w in ("source", "target") if claim.get(w)]
    if named:
        about = set.intersection(*(by_name.get(n, set()) for n in named))
    else:
        words = set(re.findall(r"[\w.:/@-]+[\w]", claim.get("words", "").lower()))
        about = {k for w in words for k in by_name.get(w, ())}
        about = {k for k in about if _speaks_of(k[0], words)}
    if claim.get("kind"):
        about = {k for k in about if k[0] == claim["kind"]}
    return about


def _speaks_of(kind: str, words: set[str]) -> bool:
    return kind in CLAIM_WORDS and not words.isdisjoint(CLAIM_WORDS[kind].split("|"))


def _said(claim: Mapping[str, str]) -> str:
    who = claim.get("who") or "somebody"
    when = f" on {claim['on']}" if claim.get("on") else ""
    words = f": {claim['words']}" if claim.get("words") else ""
    return f"{who} says{when} that it is gone{words}"
