"""Facts from JSON: a fault is an error with its place and a remedy, what is unknown stays unknown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from amends.duties.facts import (
    EVENTS,
    INCIDENT,
    ROLES,
    Breach,
    Entity,
    Facts,
    Group,
    HoldFacts,
    Moment,
    Verdict,
)
from amends.duties.lawbook import vocabulary
from amends.kernel.errors import UsageError
from amends.taxonomy.elements import elements as taxonomy_elements

_KEYS: Mapping[str, frozenset[str]] = {
    "facts": frozenset(
        ["entity", "events", "breach", "groups", "law_enforcement_hold", "notice_cost_usd"]
    ),
    "facts.entity": frozenset(
        [
            "name",
            "roles",
            "source_of_breach",
            "regimes",
            "relies_on",
            "employees",
            "has_parent",
            "parent",
            "parent_company",
            "seat",
        ]
    ),
    "facts.breach": frozenset(
        [
            "access",
            "acquisition",
            "use",
            "release",
            "harm_likely",
            "id_theft_sufficient",
            "media",
            "inadvertent_disclosure",
            "number_usable_alone",
            "letter_suggests_credit_report",
            "cra_notice_directed",
            "regulator_request",
        ]
    ),
    "facts.groups": frozenset(
        [
            "group",
            "residence",
            "count",
            "elements",
            "secured",
            "key_taken",
            "access",
            "acquisition",
            "use",
            "release",
            "harm_likely",
            "id_theft_sufficient",
            "insufficient_contact",
            "status",
            "owner",
            "note",
        ]
    ),
}

_HOLD_FROM = ("law_enforcement_hold_from", "law_enforcement_hold_start", "hold_from")
_HOLD_TO = (
    "law_enforcement_hold_to",
    "law_enforcement_hold_end",
    "law_enforcement_clearance",
    "law_enforcement_cleared",
    "hold_to",
)

_AS_LAW_NAMES_THEM = (
    "individual_notice",
    "agency_notice",
    "aware",
    "aware_and_scope_identified",
    "confirmation_and_information_ascertainable",
    "determination_breach_and_harm_likely",
    "determination_notification_incident",
    "investigation_concluded",
    "payment",
)


def read_facts(raw: object) -> Facts:
    """Read and check the facts of a case.

    Raises:
        UsageError: A key is misspelt, a code or date is not one, a count is negative; names the
            place and a remedy.
    """
    remarks: list[str] = []
    facts = _object(raw, "facts")
    _check_keys(facts, "facts", remarks)
    events = _events(facts.get("events", {}), remarks)
    breach = _breach(_object(facts.get("breach", {}), "facts.breach"), remarks)
    groups = facts.get("groups")
    if not isinstance(groups, list) or not groups:
        raise _wrong("facts.groups", "holds no groups", "list at least one group of people")
    read = tuple(_group(g, i, breach, remarks) for i, g in enumerate(groups))
    _check_unique(read)
    return Facts(
        entity=_entity(_object(facts.get("entity", {}), "facts.entity"), remarks),
        events=events,
        hold=_hold(facts, events),
        breach=breach,
        groups=read,
        notice_cost_usd=_count(facts.get("notice_cost_usd"), "facts.notice_cost_usd"),
        law_on=_law_day(events),
        remarks=tuple(remarks),
    )


def element_codes(names: Iterable[str], where: str) -> frozenset[str]:
    """Return law-vocabulary codes for law codes or Amends element codes.

    Raises:
        UsageError: A name is neither.
    """
    laws, own = vocabulary().elements, taxonomy_elements()
    found: set[str] = set()
    for name in names:
        if name in laws:
            found.add(name)
        elif name in own:
            found.update(own[name].law_codes)
        else:
            near = difflib.get_close_matches(str(name), [*laws, *own], n=1)
            raise _wrong(
                where,
                f"names the unknown element {str(name)[:40]!r}",
                f"did you mean {near[0]}?" if near else "list the codes with: amends show taxonomy",
            )
    return frozenset(found)


_YEARS = (1990, 2150)
"""Years a case event can lie in; anything else is a slip of the pen."""

_IN_ORDER = (
    ("discovery", "determination"),
    ("discovery", "individual_notice_sent"),
    ("discovery", "agency_notice_sent"),
    ("incident", "discovery"),
)
"""Events of which the first comes no later than the second."""


def _wrong(where: str, what: str, remedy: str) -> UsageError:
    return UsageError(f"{where} {what}", where="facts", remedy=remedy)


def _object(raw: object, where: str) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise _wrong(where, "is not a JSON object", "write it as in the worked cases of the guide")
    return raw


def _check_keys(raw: Mapping[str, object], where: str, remarks: list[str]) -> None:
    """Refuse a misspelt key; a key that resembles none is said to be left to a person."""
    known = _KEYS[where]
    for key in raw:
        if key in known or key.startswith("_"):
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
        if near:
            raise _wrong(where, f"holds the unknown key {key[:40]!r}", f"did you mean {near[0]!r}?")
        remarks.append(
            f"needs judgement: {where}.{key[:40]} is no fact this evaluation knows; a person must"
            " say whether it changes the answer"
        )


def _verdict(raw: object, where: str, absent: Verdict = None) -> Verdict:
    if raw is None or raw in ("unknown", "needs_judgement"):
        return None
    if isinstance(raw, bool):
        return raw
    raise _wrong(where, "must be true, false or null", "write null when it is not known")


def _fact(raw: Mapping[str, object], key: str, where: str, absent: Verdict = None) -> Verdict:
    return _verdict(raw[key], f"{where}.{key}") if key in raw else absent


def _count(raw: object, where: str) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise _wrong(where, "must be a whole number, 0 or more", "correct the number")
    return raw


def _codes(raw: object, where: str) -> tuple[str, ...]:
    if isinstance(raw, str) or not isinstance(raw, list | tuple):
        raise _wrong(where, "must be a list of codes", 'write it like ["NAME", "SSN"]')
    return tuple(str(v) for v in raw)


def _moment(raw: object, where: str) -> Moment:
    evidence = ""
    if isinstance(raw, Mapping):
        evidence = str(raw.get("evidence", ""))
        raw = next((raw[k] for k in ("at", "on", "date", "when") if k in raw), None)
    if isinstance(raw, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        try:
            on = date.fromisoformat(raw[:10])
            at = datetime.fromisoformat(raw) if len(raw) != 10 else None
        except ValueError:
            pass
        else:
            if at is not None and at.tzinfo is None:
                raise _wrong(where, "has a time without a time zone", "add it, such as -05:00 or Z")
            if not _YEARS[0] <= on.year <= _YEARS[1]:
                raise _wrong(where, f"lies outside {_YEARS[0]} to {_YEARS[1]}", "correct the year")
            return Moment(at.date() if at else on, at, evidence)
    raise _wrong(where, "is not a date", "write YYYY-MM-DD, or a time with its zone")


def _events(raw: object, remarks: list[str]) -> dict[str, Moment]:
    found: dict[str, Moment] = {}
    for name, value in _object(raw, "facts.events").items():
        if value is None or name == "law_enforcement_hold":
            continue
        if name not in (*EVENTS, *INCIDENT, *_HOLD_FROM, *_HOLD_TO, *_AS_LAW_NAMES_THEM):
            near = difflib.get_close_matches(name, EVENTS, n=1, cutoff=0.8)
            if near:
                raise _wrong("facts.events", f"holds {name[:40]!r}", f"did you mean {near[0]!r}?")
            remarks.append(f"the event {name[:40]} starts no clock of these rules")
        found[name] = _moment(value, f"facts.events.{name[:40]}")
    for first, then in _IN_ORDER:
        if first in found and then in found and found[then].on < found[first].on:
            remarks.append(f"the event {then} lies before {first}: check both dates")
    if not found:
        remarks.append("needs judgement: no dated event is known, so no deadline can be computed")
    return found


def _hold(facts: Mapping[str, object], events: Mapping[str, Moment]) -> HoldFacts | None:
    listed = _object(facts.get("events", {}), "facts.events").get("law_enforcement_hold")
    raw = facts.get("law_enforcement_hold", listed)
    where = "facts.events.law_enforcement_hold"
    if isinstance(raw, Mapping) and ("from" in raw or "start" in raw):
        end = raw.get("to", raw.get("end"))
        return HoldFacts(
            _moment(raw.get("from", raw.get("start")), f"{where}.from").on,
            _moment(end, f"{where}.to").on if end else None,
            _verdict(raw.get("written"), f"{where}.written"),
        )
    if raw is not None:
        return HoldFacts(_moment(raw, where).on, None, None)
    start = next((events[n] for n in _HOLD_FROM if n in events), None)
    last = next((events[n] for n in _HOLD_TO if n in events), None)
    if start is None and last is None:
        return None
    if start is None:  # only the clearance is known: the hold then began with the first event
        start = min(events.values(), key=lambda m: m.on)
    return HoldFacts(start.on, last.on if last else None, None)


def _law_day(events: Mapping[str, Moment]) -> date | None:
    for name in (*INCIDENT, "discovery", "detection", "awareness", "determination"):
        if name in events:
            return events[name].on
    return min((m.on for m in events.values()), default=None)


def _entity(raw: Mapping[str, object], remarks: list[str]) -> Entity:
    _check_keys(raw, "facts.entity", remarks)
    where = "facts.entity"
    _check_roles(_codes(raw.get("roles", ["BUSINESS"]), f"{where}.roles"), remarks)
    named = raw.get("parent", raw.get("parent_company"))
    parent = raw.get("has_parent", None if named is None else bool(named))
    return Entity(
        roles=frozenset(_codes(raw.get("roles", ["BUSINESS"]), f"{where}.roles")),
        source_of_breach=_fact(raw, "source_of_breach", where),
        regimes=frozenset(_codes(raw.get("regimes", []), f"{where}.regimes")),
        relies_on=frozenset(_codes(raw.get("relies_on", []), f"{where}.relies_on")),
        employees=_count(raw.get("employees"), f"{where}.employees"),
        has_parent=_verdict(parent, f"{where}.has_parent"),
        seat=str(raw.get("seat", "")),
    )


def _check_roles(roles: tuple[str, ...], remarks: list[str]) -> None:
    """Refuse a misspelt role, for a rule would silently not bind; say which roles bind nothing."""
    for role in roles:
        if role in ROLES:
            continue
        near = difflib.get_close_matches(role, ROLES, n=1, cutoff=0.85)
        if near:
            raise _wrong("facts.entity.roles", f"holds {role[:40]!r}", f"did you mean {near[0]!r}?")
        remarks.append(f"needs judgement: no rule in the law files asks for the role {role[:40]}")


def _breach(raw: Mapping[str, object], remarks: list[str]) -> Breach:
    _check_keys(raw, "facts.breach", remarks)
    where = "facts.breach"
    media = raw.get("media", "electronic")
    if media not in ("electronic", "paper", "unknown", "electronic_and_paper", "any"):
        raise _wrong(f"{where}.media", "must be electronic, paper or unknown", "correct it")
    return Breach(
        access=_fact(raw, "access", where),
        acquisition=_fact(raw, "acquisition", where),
        use=_fact(raw, "use", where, absent=False),
        release=_fact(raw, "release", where, absent=False),
        harm_likely=_fact(raw, "harm_likely", where),
        id_theft_sufficient=_fact(raw, "id_theft_sufficient", where),
        inadvertent_disclosure=_fact(raw, "inadvertent_disclosure", where, absent=False),
        number_usable_alone=_fact(raw, "number_usable_alone", where, absent=False),
        letter_suggests_credit_report=_fact(raw, "letter_suggests_credit_report", where),
        cra_notice_directed=_fact(raw, "cra_notice_directed", where, absent=False),
        regulator_request=_fact(raw, "regulator_request", where, absent=False),
        media=str(media),
    )


def _group(raw: object, index: int, breach: Breach, remarks: list[str]) -> Group:
    where = f"facts.groups[{index}]"
    group = _object(raw, where)
    _check_keys(group, "facts.groups", remarks)
    name = str(group.get("group", index + 1))
    if "elements" not in group:
        raise _wrong(where, "says nothing of its elements", 'add "elements"; [] for none')
    count = _count(group.get("count"), f"{where}.count")
    if count is None:
        raise _wrong(where, "has no count", 'add "count", the number of people')
    residence = group.get("residence")
    if residence is not None and not isinstance(residence, str):
        raise _wrong(f"{where}.residence", "must be a jurisdiction or null", "write it like US-CA")
    overruled: dict[str, Any] = {  # Any: replace() wants one type for all fields
        key: _verdict(group[key], f"{where}.{key}")
        for key in ("access", "acquisition", "use", "release", "harm_likely", "id_theft_sufficient")
        if key in group
    }
    exposed = element_codes(_codes(group["elements"], f"{where}.elements"), where)
    secured = element_codes(_codes(group.get("secured") or [], f"{where}.secured"), where)
    if secured - vocabulary().closure(exposed):
        remarks.append(f"group {name}: secured names elements that are not exposed; left out")
    return Group(
        id=name,
        residence=_residence(residence),
        count=count,
        elements=exposed,
        secured=secured & vocabulary().closure(exposed),
        key_taken=_fact(group, "key_taken", where),
        breach=replace(breach, **overruled),
        insufficient_contact=_fact(group, "insufficient_contact", where),
    )


def _residence(raw: str | None) -> str:
    known = (raw or "").strip().upper().replace("_", "-")
    return "" if known in ("", "UNKNOWN", "NONE", "NULL") else known


def _check_unique(groups: tuple[Group, ...]) -> None:
    seen: set[str] = set()
    for group in groups:
        if group.id in seen:
            raise _wrong(
                "facts.groups", f"holds two groups named {group.id[:40]!r}", "name each once"
            )
        seen.add(group.id)
