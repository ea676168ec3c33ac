"""Sector and foreign rules that bind the entity by its role, or by where people live.

They stand beside the law of the states and never take its place. Rules that are not in force are
named and not applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from amends.duties import clocks, history
from amends.duties.answer import OverlayNotice, RegulatorAnswer
from amends.duties.carrier import carrier_answers
from amends.duties.clocks import People
from amends.duties.facts import Facts, Group, Verdict
from amends.duties.law_reader import day, read_content, read_deadline, read_threshold
from amends.duties.lawbook import LawBook
from amends.duties.overlaid import Overlaid, source_of
from amends.duties.rules import Deadline, Raw

_EEA_CODES = """
AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO EU EL
"""
_EEA = frozenset(_EEA_CODES.split())
"""Countries of the European Economic Area (ISO codes, EU for the whole)."""

_PROCESSORS = frozenset(["PROCESSOR", "VENDOR", "SERVICE_PROVIDER", "HIPAA_BUSINESS_ASSOCIATE"])
_SMALLER = frozenset(["SMALLER_ENTITY", "SMALLER_REPORTING_COMPANY"])


def overlay_answers(book: LawBook, facts: Facts, on: date) -> Overlaid:
    """Return what every overlay that binds the entity or reaches its people asks."""
    found = Overlaid()
    for overlay_id in sorted(book.overlays):
        law = book.overlay(overlay_id, on)
        if law is None:
            continue
        groups = _reached(law, facts)
        if not groups:
            continue
        since = _not_yet(law, facts, on)
        if since:
            found.not_in_force.append(f"{law['id']} {law['name']}: {since}")
        elif "versions" in law:
            carrier_answers(law, facts, groups, found)
        else:
            _sector(law, facts, groups, found, on)
        if not since:
            found.remarks += _shown(law, facts)
    return found


def _reached(law: Raw, facts: Facts) -> tuple[Group, ...]:
    """Return the groups a rule reaches: by the entity's role, or by residence for foreign law."""
    roles = set(law.get("applies_if", ())) | set(_extra_roles(law))
    if roles & facts.entity.roles:
        return facts.groups
    if law["id"] == "US-FED-CIRCIA" and "CRITICAL_INFRASTRUCTURE" in facts.entity.roles:
        return facts.groups
    countries = {"EU-GDPR": _EEA, "GB-UK-GDPR": frozenset(["GB", "UK"])}.get(law["id"], frozenset())
    return tuple(g for g in facts.groups if g.residence.split("-")[0] in countries)


def _extra_roles(law: Raw) -> tuple[str, ...]:
    pecr = law.get("pecr_5a", {}).get("applies_if", "")
    named = {"EU-GDPR": "EU_ESTABLISHED", "GB-UK-GDPR": "UK_ESTABLISHED"}.get(law["id"], "")
    return tuple(r for r in (pecr, named) if r)


def _not_yet(law: Raw, facts: Facts, on: date) -> str:
    """Return why a rule is not in force on a day; empty when it is."""
    if law.get("in_effect") is False:
        return f"not in force ({law.get('status', 'no date announced')})"
    first = law.get("compliance_date") or law.get("effective")
    if isinstance(first, Mapping):
        small = facts.entity.roles & _SMALLER
        first = first["compliance_smaller_entities" if small else "compliance_larger_entities"]
    if facts.entity.roles & _SMALLER and "effective_smaller_reporting_companies" in law:
        first = law["effective_smaller_reporting_companies"]
    begins = day(first)
    return f"in force only since {begins}" if begins and on < begins else ""


def _unsecured(group: Group) -> bool:
    """Say whether anything of a group was in clear, or its key taken or possibly taken."""
    return bool(group.elements - group.secured) or group.key_taken is not False


def _sent(facts: Facts) -> People:
    sent = facts.events.get("individual_notice_sent") or facts.events.get("individual_notice")
    return People(sent.on if sent else None, None)


_SHOWN = (
    "trigger",
    "covers",
    "delay",
    "carrier_delay",
    "amendment",
    "not_yet_material",
    "foreign_private_issuers",
    "methods",
    "processor",
    "records",
    "related",
    "pending",
    "encryption",
    "conflict",
)
"""Parts of a sector rule that a person must read; nothing is computed from them."""


def _shown(law: Raw, facts: Facts) -> list[str]:
    """Return what a sector rule says beside its clocks, in words."""
    telecom = "TELECOM_CARRIER" in facts.entity.roles
    found = [
        f"{law['id']} {part.replace('_', ' ')}: {_words(law[part])}"
        for part in _SHOWN
        if part in law and (part != "carrier_delay" or telecom)
    ]
    rule = law.get("individual_notice", {})
    found += [
        f"{law['id']} individual notice, {part}: {_words(rule[part])}"
        for part in ("exceptions", "methods")
        if part in rule
    ]
    for version in law.get("versions", ()):
        hold = version.get("agency_hold") or version["customer_notice"].get("agency_hold")
        parts = {
            "agency hold": hold,
            "scope": version.get("pii_scope"),
            "small breaches": version.get("small_breach"),
            "customers need not be told when": version["customer_notice"].get("unless"),
            "records kept, years": version.get("records_years"),
        }
        text = f"{law['id']} text {version['id']}"
        found += [f"{text}, {name}: {_words(value)}" for name, value in parts.items() if value]
    if isinstance(law.get("vendor_notice"), Mapping) and "n" not in law["vendor_notice"]:
        found.append(f"{law['id']} vendor notice: {_words(law['vendor_notice'])}")
    return found


def _sector(law: Raw, facts: Facts, groups: tuple[Group, ...], found: Overlaid, on: date) -> None:
    reached = tuple(g for g in groups if _unsecured(g))
    total = sum(g.count for g in reached)
    if not total:
        return
    notices = law.get("agency_notice", ())
    for rule in notices if isinstance(notices, list) else (notices,):
        if rule:
            found.regulators += _agency(law, rule, total, facts)
    for rule, role in _special(law, on):
        if role in facts.entity.roles or role in facts.events:
            found.regulators.append(_plain(law, rule, facts, total))
    made: dict[Verdict, OverlayNotice] = {}
    for group in reached if "individual_notice" in law else ():
        harm = group.breach.harm_likely
        if harm not in made:
            made[harm] = _individual(law, facts, group)
        found.notices.setdefault(group.id, []).append(made[harm])
    found.partners += _media(law, facts, reached)
    found.partners += _owner(law, facts, total)


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {_words(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_words(v) for v in value)
    return str(value)


def _agency(law: Raw, rule: Raw, total: int, facts: Facts) -> Iterator[RegulatorAnswer]:
    """Yield the notice to the authority of a sector rule, when its line is met."""
    threshold = read_threshold(rule.get("threshold"))
    if not threshold.is_met(total):
        return
    required, why = _judged(law, rule, facts)
    due = clocks.due(read_deadline(rule["deadline"]), facts.events, _sent(facts))
    if "materiality" in due.start and due.on is None:
        required = None
    source, confidence = source_of(law, "agency_notice")
    shown = ("below_threshold", "phased", "reasons_if_late")
    remarks = [f"{k.replace('_', ' ')}: {_words(rule[k])}" for k in shown if k in rule]
    yield RegulatorAnswer(
        jurisdiction=law["id"],
        to="+".join(rule["to"]),
        kind="regulator",
        required=required,
        due=due,
        stage="yearly" if threshold.op == "<" else "",
        count=total,
        threshold=threshold.words(),
        submit=tuple(rule.get("content", ())),
        why=f"{law['name']}: {total:,} people; {due.rule}{why}",
        source=source,
        confidence=confidence,
        remarks=tuple(remarks),
    )


def _judged(law: Raw, rule: Raw, facts: Facts) -> tuple[Verdict, str]:
    """Return whether the trigger of a sector rule is met as far as the facts say."""
    worded = rule.get("threshold") or law.get("threshold")
    if isinstance(worded, str):
        sure = facts.breach.harm_likely is True
        return (True if sure else None), f"; {worded}"
    if law["id"] == "US-FED-BANK-36H":
        return None, f"; a person must judge: {law['trigger']}"
    return True, ""


def _special(law: Raw, on: date) -> Iterator[tuple[Raw, str]]:
    """Yield rules for one role or one event: electronic communications, ransom payments."""
    if "pecr_5a" in law:
        pecr, _ = history.as_at(law["pecr_5a"], on)
        yield {"to": ["ICO"], "stage": "pecr_5a", **pecr}, pecr["applies_if"]
    ransom = law.get("ransom_payment", {})
    for stage in ("notice", "explanation"):
        if stage in ransom:
            part = {"to": law["agency_notice"]["to"], "stage": f"ransom_payment_{stage}"}
            yield {**part, "deadline": ransom[stage]}, "ransom_payment"


def _plain(law: Raw, rule: Raw, facts: Facts, total: int) -> RegulatorAnswer:
    due = clocks.due(read_deadline(rule["deadline"]), facts.events)
    source, confidence = source_of(law, rule["stage"].split("_notice")[0].split("_expl")[0])
    return RegulatorAnswer(
        law["id"], "+".join(rule["to"]), "regulator", True, due, rule["stage"], total,
        "any number", (), f"{law['name']}: {due.rule}", source, confidence,
    )  # fmt: skip


def _individual(law: Raw, facts: Facts, group: Group) -> OverlayNotice:
    """Return what a sector rule asks for the people of a group."""
    rule: Raw = law["individual_notice"]
    harm = group.breach.harm_likely
    notify: Verdict = True
    why = str(law.get("trigger", rule.get("trigger", law["name"])))
    if "unless" in rule:
        notify, why = harm, f"{why}; unless {rule['unless']}"
    elif rule.get("threshold"):
        notify, why = (True if harm else None), f"{law['name']}: {rule['threshold']}"
    elif harm is not True:
        notify = None
    if "HIPAA" in law["id"] and "HIPAA_COVERED_ENTITY" not in facts.entity.roles:
        why += "; a business associate tells the covered entity, which tells the people"
    content = read_content(rule.get("content", law.get("content", {})))
    source, confidence = source_of(law, "individual_notice")
    return OverlayNotice(
        overlay=law["id"],
        notify=notify,
        due=clocks.due(read_deadline(rule["deadline"]), facts.events),
        content=content.required,
        format=content.format,
        why=why,
        source=source,
        confidence=confidence,
    )


def _media(law: Raw, facts: Facts, groups: tuple[Group, ...]) -> Iterator[RegulatorAnswer]:
    """Yield the notice to the media of each state whose residents pass the line."""
    rule = law.get("media_notice")
    if not rule:
        return
    line = read_threshold(rule["threshold"])
    source, confidence = source_of(law, "media_notice")
    standard = Deadline("without_unreasonable_delay")
    due = clocks.due(read_deadline(rule["deadline"]) if "deadline" in rule else standard, facts.events)  # fmt: skip
    for state in sorted({g.residence for g in groups if g.residence}):
        count = sum(g.count for g in groups if g.residence == state)
        if line.is_met(count):
            yield RegulatorAnswer(
                law["id"], f"MEDIA {state}", "media", True, due, "", count, line.words(), (),
                f"{law['name']}: {count:,} residents of one state; the line is {line.words()}",
                source, confidence, tuple(str(rule[k]) for k in ("note",) if k in rule),
            )  # fmt: skip


def _owner(law: Raw, facts: Facts, total: int) -> Iterator[RegulatorAnswer]:
    """Yield the notice a processor owes under a sector rule."""
    rule = law.get("vendor_notice")
    if not isinstance(rule, Mapping) or not facts.entity.roles & _PROCESSORS or "n" not in rule:
        return
    kind = "hours" if rule.get("unit") == "hours" else "days"
    due = clocks.due(Deadline(kind, int(rule["n"]), start=rule.get("from", "awareness")), facts.events)  # fmt: skip
    source, confidence = source_of(law, "vendor_notice")
    yield RegulatorAnswer(
        law["id"], "OWNER_OF_THE_DATA", "partner", True, due, "", total, "any number", (),
        f"{law['name']}: the processor tells the one it works for; {due.rule}", source, confidence,
    )  # fmt: skip
