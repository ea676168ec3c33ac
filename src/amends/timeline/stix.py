"""A STIX 2.1 bundle of what is known of the intruder, for law enforcement and others who defend.

Identifiers are UUIDv5 of what a thing is, times come from the logs: the same tables give the same bytes. The intruder
is an unknown intrusion set; nobody is accused by name.

Source: OASIS, STIX Version 2.1 (OASIS Standard, 10 June 2021), sections 2.9 (identifiers), 4, 5, 6, 7.2.1.4 (TLP).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from amends.timeline.narrative import TECHNIQUES

Thing = dict[str, Any]

# Section 2.9: the namespace of cyber-observable objects; all others have one of our own.
_OBSERVABLE = bytes.fromhex("00abedb4aa42466c9c01fed23315a9b7")
_OWN = hashlib.sha256(b"amends stix 2.1 objects").digest()[:16]
_TLP = {
    "white": "613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "5e57c739-391a-4eb3-b6be-7ca92e0b1dbc",
}
_ALGORITHMS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}


@dataclass(frozen=True)
class Given:
    """What a bundle is made from.

    Attributes:
        case: Short name of the case.
        entity: The company, as it is named.
        hops: Rows of ``HOPS`` that are in the chain, in order.
        indicators: Rows of ``INDICATORS``.
        sentences: Sentences of the narrative that are proved, for the report's text.
        tlp: white, green, amber or red.
        internal: Whether hosts and accounts of the company go in.
    """

    case: str
    entity: str
    hops: Sequence[Mapping[str, Any]]
    indicators: Sequence[Mapping[str, Any]]
    sentences: Sequence[str] = ()
    tlp: str = "amber"
    internal: bool = True


def bundle(given: Given) -> Thing:
    """Return the bundle."""
    made_at = _made_at(given)
    base = _Base(given, made_at)
    company = base.sdo("identity", given.entity, name=given.entity, identity_class="organization")
    base.creator = company["id"]
    intruder = base.sdo(
        "intrusion-set", given.case, name=f"Unknown intruder, case {given.case}",
        description="Not identified. Named after the case only.",
    )  # fmt: skip
    incident = base.sdo("incident", given.case, name=f"Breach at {given.entity}, case {given.case}",
                        description=" ".join(given.sentences)[:20_000] or "See the report.")  # fmt: skip
    things = [company, intruder, incident]
    things += [base.relation("targets", intruder, company)]
    things += _patterns(base, given, intruder, company)
    things += _hosts(base, given, intruder)
    things += _indicators(base, given, intruder)
    unique = list({t["id"]: t for t in things}.values())
    report = base.sdo(
        "report", given.case, name=f"What happened at {given.entity}", report_types=["threat-report"],
        published=_stamp(made_at), object_refs=[t["id"] for t in unique],
        description=" ".join(given.sentences)[:20_000] or "See the objects.",
    )  # fmt: skip
    things = [_marking(given.tlp), *unique, report]
    name = json.dumps([t["id"] for t in things], separators=(",", ":"))
    return {"type": "bundle", "id": _id("bundle", name, _OWN), "objects": things}


def bundle_text(given: Given) -> str:
    """Return the bundle as JSON, the same bytes for the same tables."""
    return json.dumps(bundle(given), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


class _Base:
    """Makes objects with what all of them share."""

    def __init__(self, given: Given, made_at: datetime) -> None:
        self._given = given
        self._stamp = _stamp(made_at)
        self.creator = ""

    def sdo(self, kind: str, key: str, **more: Any) -> Thing:
        made: Thing = {
            "type": kind,
            "spec_version": "2.1",
            "id": _id(kind, f"{self._given.case}\n{kind}\n{key}", _OWN),
            "created": self._stamp,
            "modified": self._stamp,
            "object_marking_refs": [f"marking-definition--{_TLP[self._given.tlp]}"],
            **more,
        }
        if self.creator:
            made["created_by_ref"] = self.creator
        return made

    def relation(self, kind: str, source: Thing, target: Thing) -> Thing:
        key = f"{source['id']} {kind} {target['id']}"
        ends = {"source_ref": source["id"], "target_ref": target["id"]}
        return self.sdo("relationship", key, relationship_type=kind, **ends)

    def observable(self, kind: str, **contributes: Any) -> Thing:
        """Return a cyber-observable whose id is made of its contributing properties (section 2.9)."""
        name = json.dumps(contributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return {
            "type": kind,
            "spec_version": "2.1",
            "id": _id(kind, name, _OBSERVABLE),
            "object_marking_refs": [f"marking-definition--{_TLP[self._given.tlp]}"],
            **contributes,
        }


def _id(kind: str, name: str, namespace: bytes) -> str:
    """Return a UUIDv5 (RFC 9562, section 5.5) with the type before it."""
    digest = bytearray(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{kind}--{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _stamp(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _made_at(given: Given) -> datetime:
    """Return the last instant of the tables: objects are dated by it, so that they do not change with the clock."""
    times = [h["to_at"] or h["at"] for h in given.hops if h["at"]]
    times += [i["last_at"] for i in given.indicators if i["last_at"]]
    return max(times, default=datetime(1970, 1, 1, tzinfo=UTC))


def _marking(tlp: str) -> Thing:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{_TLP[tlp]}",
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": f"TLP:{tlp.upper()}",
        "definition": {"tlp": tlp},
    }


def _patterns(base: _Base, given: Given, intruder: Thing, company: Thing) -> Iterable[Thing]:
    """Yield techniques, what was observed of each step, and the sighting that ties them."""
    for hop in given.hops:
        technique = str(hop["technique"] or "")
        seen = _observed(base, given, hop)
        yield from seen
        if not technique:
            continue
        pattern = base.sdo("attack-pattern", technique, name=TECHNIQUES.get(technique, technique),
                           external_references=[{"source_name": "mitre-attack", "external_id": technique}])  # fmt: skip
        yield pattern
        yield base.relation("uses", intruder, pattern)
        if seen:
            yield base.sdo(
                "sighting", str(hop["hop_id"]), sighting_of_ref=pattern["id"], count=max(1, int(hop["n_events"] or 1)),
                first_seen=_stamp(hop["at"]), last_seen=_stamp(hop["to_at"] or hop["at"]),
                observed_data_refs=[seen[-1]["id"]], where_sighted_refs=[company["id"]],
                confidence=_confidence(hop["confidence"]), description=_plain(hop["why"]),
            )  # fmt: skip


def _observed(base: _Base, given: Given, hop: Mapping[str, Any]) -> list[Thing]:
    """Return the observables of a step and, last, the observed data that names them."""
    found = [_address(base, str(hop[end] or "")) for end in ("source", "destination")]
    inside = given.internal
    things = [t for t in found if t is not None and (inside or _is_global(str(t["value"])))]
    if inside and hop["account"]:
        things.append(base.observable("user-account", user_id=str(hop["account"])))
    if not things:
        return []
    things = list({t["id"]: t for t in things}.values())
    observed = base.sdo(
        "observed-data", str(hop["hop_id"]), first_observed=_stamp(hop["at"]),
        last_observed=_stamp(hop["to_at"] or hop["at"]),
        number_observed=min(999_999_999, max(1, int(hop["n_events"] or 1))),
        object_refs=[t["id"] for t in things],
    )  # fmt: skip
    return [*things, observed]


def _address(base: _Base, text: str) -> Thing | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return base.observable(f"ipv{address.version}-addr", value=str(address))


def _is_global(text: str) -> bool:
    return not ipaddress.ip_address(text).is_private


def _hosts(base: _Base, given: Given, intruder: Thing) -> Iterable[Thing]:
    """Yield the company's hosts that the intruder entered."""
    if not given.internal:
        return
    for hop in given.hops:
        if hop["phase"] in ("initial_access", "lateral_movement") and hop["destination"]:
            host = base.sdo(
                "infrastructure", str(hop["destination"]), name=_plain(hop["destination"])
            )
            yield host
            yield base.relation("compromises", intruder, host)


def _indicators(base: _Base, given: Given, intruder: Thing) -> Iterable[Thing]:
    for row in given.indicators:
        pattern = (
            pattern_of(str(row["kind"]), str(row["value"])) if row["role"] == "attacker" else ""
        )
        if not pattern:
            continue
        begin = row["first_at"] or _made_at(given)
        made = base.sdo(
            "indicator", str(row["indicator_id"]), name=_plain(f"{row['kind']} {row['value']}"), pattern=pattern,
            pattern_type="stix", pattern_version="2.1", valid_from=_stamp(begin),
            indicator_types=["malicious-activity"],
            confidence=_confidence(row["confidence"]), description=_plain(row["why"]),
        )  # fmt: skip
        yield made
        yield base.relation("indicates", made, intruder)


def pattern_of(kind: str, value: str) -> str:
    """Return the STIX pattern that finds an indicator; "" for a kind that has none."""
    if kind == "ip":
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return ""
        return f"[ipv{address.version}-addr:value = {_quoted(str(address))}]"
    if kind == "hash":
        name = _ALGORITHMS.get(len(value))
        return f"[file:hashes.{_quoted(name)} = {_quoted(value)}]" if name else ""
    if kind in ("file", "tool"):
        return f"[file:name = {_quoted(value.replace(chr(92), '/').rsplit('/', 1)[-1])}]"
    return {
        "domain": f"[domain-name:value = {_quoted(value)}]",
        "url": f"[url:value = {_quoted(value)}]",
        "account": f"[user-account:user_id = {_quoted(value)}]",
        "user_agent": f"[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = {_quoted(value)}]",
    }.get(kind, "")


def _quoted(text: str) -> str:
    """Return a string literal of a pattern (section 9.4): backslash and quote escaped."""
    return "'" + _plain(text).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _plain(text: object) -> str:
    return "".join(c for c in str(text or "") if c.isprintable())


def _confidence(share: float | None) -> int:
    return max(0, min(100, round(100 * (share or 0.0))))
