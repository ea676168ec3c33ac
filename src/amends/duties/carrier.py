"""The FCC's breach rule for carriers: two texts, one governs, both are shown.

The 2007 text bars customer notice before seven full business days after the agencies were told; the
2024 text was adopted and delayed. Which one governs is a dated switch in the law file.

Source: 47 CFR 64.2011; 89 FR 9968; see ``law/US-FED-FCC.json``.
"""

from __future__ import annotations

from dataclasses import replace

from amends.duties import clocks
from amends.duties.answer import OverlayNotice, RegulatorAnswer
from amends.duties.clocks import Due
from amends.duties.facts import Facts, Group
from amends.duties.law_reader import read_deadline, read_threshold
from amends.duties.overlaid import Overlaid, source_of
from amends.duties.rules import Raw, Threshold


def carrier_answers(law: Raw, facts: Facts, groups: tuple[Group, ...], found: Overlaid) -> None:
    """Fill in what the carrier rule asks: the governing text, and the other as a what-if."""
    governing = next((v for v in law["versions"] if v["in_effect"]), law["versions"][0])
    pending = [v for v in law["versions"] if v is not governing]
    total = sum(g.count for g in groups)
    covered = [g for g in groups if g.elements & set(governing["covers"])]
    found.regulators.append(_carrier_agency(law, governing, pending, covered, total, facts))
    for version in law["versions"]:
        _customers(version, facts, found)
    said = _carrier_notice(law, governing, facts)
    for group in covered:
        found.notices.setdefault(group.id, []).append(said)
    found.not_in_force += [f"{law['id']} text {v['id']}: {v['status']}" for v in pending]
    exception = governing["customer_notice"].get("exception", "")
    bars = governing["customer_notice"].get("also_bars", "")
    found.remarks.append(
        f"{law['id']}: the {governing['id']} text bars earlier customer notice"
        f" ({bars}; except: {exception}): where a state's last day comes first, counsel must decide"
    )


def _carrier_agency(
    law: Raw, governing: Raw, pending: list[Raw], covered: list[Group], total: int, facts: Facts
) -> RegulatorAnswer:
    """Return the notice through the central reporting facility."""
    agency: Raw = governing["agency_notice"]
    to = "+".join(agency["to"])
    for version in pending:
        extra = [t for t in version["agency_notice"]["to"] if t not in agency["to"]]
        to += f" (+{'+'.join(extra)} under the {version['id']} text)" if extra else ""
    due = clocks.due(read_deadline(agency["deadline"]), facts.events)
    source, confidence = source_of(law, f"text_{governing['id']}")
    scope = ", ".join(governing["covers"])
    why = f"{law['name']}: {due.rule}, through the {agency['via']}"
    if not covered:
        why += f"; the {governing['id']} text covers {scope}: whether such data were taken is a judgement"
    return RegulatorAnswer(
        jurisdiction=law["id"],
        to=to,
        kind="regulator",
        required=True if covered else None,
        due=due,
        stage="",
        count=total,
        threshold=_carrier_line(pending, total),
        submit=tuple(c for v in pending for c in v["agency_notice"].get("content", ())),
        why=why,
        source=source,
        confidence=confidence,
        remarks=tuple(f"{v['id']} text: {v['status']}" for v in pending),
    )


def _carrier_line(pending: list[Raw], total: int) -> str:
    lines = []
    for version in pending:
        raw = version["agency_notice"].get("threshold")
        if raw:
            line: Threshold = replace(read_threshold(raw), count="customers")
            met = "met" if line.is_met(total) else "not met"
            lines.append(f"{version['id']} text: {line.words()} customers ({met})")
    return "; ".join(["any number", *lines])


def _customers(version: Raw, facts: Facts, found: Overlaid) -> None:
    """Note when customers are, or may be, told under one text."""
    rule = read_deadline(version["customer_notice"]["deadline"])
    key = f"version_{version['id']}"
    if rule.type != "after":
        due = clocks.due(rule, facts.events)
        found.customers[f"{key}_by"] = due.on.isoformat() if due.on else None
        return
    found.customers[key] = f"only after {rule.n} full {rule.day_type} days from the agency notice"
    last = clocks.due(read_deadline(version["agency_notice"]["deadline"]), facts.events).on
    told = facts.events.get("agency_notice_sent") or facts.events.get("agency_notice")
    start = told.on if told else last
    if start:
        earliest = clocks.add_days(clocks.add_days(start, rule.n, rule.day_type), 1)
        name = "earliest" if told else "earliest_if_agencies_are_told_on_the_last_day"
        found.customers[f"{key}_{name}"] = earliest.isoformat()


def _carrier_notice(law: Raw, governing: Raw, facts: Facts) -> OverlayNotice:
    rule = read_deadline(governing["customer_notice"]["deadline"])
    words = f"only after {rule.n} full {rule.day_type} days from the agency notice"
    source, confidence = source_of(law, f"text_{governing['id']}")
    return OverlayNotice(
        overlay=law["id"],
        notify=True,
        due=Due(None, None, "agency_notice", None, words, "after_agency_notice"),
        content=(),
        format=(),
        why=f"{law['name']}: {governing['trigger']}",
        source=source,
        confidence=confidence,
        version=governing["id"],
    )
