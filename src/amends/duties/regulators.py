"""Who beside the people must be told: authorities, credit bureaus, owners of the data.

Lines are counted over the notified residents of the jurisdiction in all groups (law data
conventions), except where a file counts all residents in the breach.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.duties import clocks
from amends.duties.answer import BureauAnswer, RegulatorAnswer
from amends.duties.clocks import Due, People
from amends.duties.facts import Entity, Facts, Verdict
from amends.duties.rules import Regulator, StateLaw, Threshold

_BUREAU = frozenset(["CONSUMER_REPORTING_AGENCY", "CREDIT_BUREAU"])
_PROCESSORS = frozenset(["PROCESSOR", "VENDOR", "SERVICE_PROVIDER", "THIRD_PARTY_AGENT"])


@dataclass(frozen=True)
class Tally:
    """The people of one jurisdiction.

    Attributes:
        notified: Those to be told.
        exposed: All in the breach, told or not.
        relied: Those not told because harm is found unlikely.
        due: The earliest deadline of its groups; null when nobody is told.
    """

    notified: int = 0
    exposed: int = 0
    relied: int = 0
    due: Due | None = None

    def over(self, line: Threshold) -> int:
        """Return the number a line is counted over."""
        if line.count == "residents_in_breach":
            return self.exposed if self.notified else 0
        return self.notified


def authorities(law: StateLaw, tally: Tally, facts: Facts) -> list[RegulatorAnswer]:
    """Return the notices to authorities a jurisdiction asks for."""
    people = _people(tally, facts)
    found = []
    for rule in law.regulators if tally.notified else ():
        line = rule.threshold
        if rule.credit_bureau_n and facts.entity.roles & _BUREAU:
            line = Threshold(line.op, rule.credit_bureau_n, line.count)
        if line.is_met(tally.over(line)) and _binds(rule, facts.entity):
            found.append(_authority(law, rule, line, tally.over(line), facts, people))
    relied = law.harm.relied_on
    if relied and tally.relied and not relied.on_request and relied.threshold.is_met(tally.relied):
        found.append(_no_harm(law, relied, tally.relied, facts))
    return found


def _people(tally: Tally, facts: Facts) -> People:
    sent = facts.events.get("individual_notice_sent") or facts.events.get("individual_notice")
    return People(sent.on if sent else None, tally.due.on if tally.due else None)


def _binds(rule: Regulator, entity: Entity) -> bool:
    if rule.only_if and rule.only_if not in entity.roles:
        return False
    return not entity.relies_on_any(rule.exempt_if)


def _authority(
    law: StateLaw, rule: Regulator, line: Threshold, count: int, facts: Facts, people: People
) -> RegulatorAnswer:
    remarks = list(rule.remarks)
    required: Verdict = True
    if facts.entity.is_under(rule.exempt_if):
        required = None
        remarks.append(f"{', '.join(rule.exempt_if)} may be exempt: a person must judge")
    if rule.basis:
        remarks.append(f"basis: {rule.basis.replace('_', ' ')}, no statutory duty found")
    due = clocks.due(rule.deadline, facts.events, people)
    why = f"{count:,} residents; the line is {line.words()}; {due.rule}"
    if due.start == "individual_notice" and due.on is None and people.by:
        last = clocks.add_days(people.by, rule.deadline.n, rule.deadline.day_type)
        remarks.append(f"if people are told on their last day, {people.by}, this is due {last}")
    return RegulatorAnswer(
        jurisdiction=law.id,
        to=rule.recipient,
        kind="regulator",
        required=required,
        due=due,
        stage=rule.stage,
        count=count,
        threshold=line.words(),
        submit=rule.submit,
        why=why,
        source=law.source("regulator"),
        confidence=law.mark("regulator").confidence,
        remarks=tuple(remarks),
    )


def _no_harm(law: StateLaw, rule: Regulator, count: int, facts: Facts) -> RegulatorAnswer:
    due = clocks.due(rule.deadline, facts.events)
    return RegulatorAnswer(
        jurisdiction=law.id,
        to=rule.recipient,
        kind="regulator",
        required=True,
        due=due,
        stage="no_harm_finding",
        count=count,
        threshold=rule.threshold.words(),
        submit=(),
        why=f"{count:,} residents are not told because harm is found unlikely: {law.harm.standard}",
        source=law.source("risk_of_harm"),
        confidence=law.mark("risk_of_harm").confidence,
    )


def bureaus(law: StateLaw, tally: Tally, facts: Facts) -> BureauAnswer | None:
    """Return the notice to credit bureaus a jurisdiction asks for; null when it asks for none."""
    rule = law.bureaus
    if not rule.required or rule.threshold is None or rule.deadline is None or not tally.notified:
        return None
    line, remarks = rule.threshold, [rule.note] if rule.note else []
    required = _bureau_line(line, tally.notified, facts)
    if required is False or facts.entity.relies_on_any(rule.exempt_if):
        return None
    due = clocks.due(rule.deadline, facts.events, _people(tally, facts))
    exempt = facts.entity.is_under(rule.exempt_if)
    if exempt:
        remarks.append(f"{', '.join(rule.exempt_if)} entities are exempt from this notice")
    return BureauAnswer(
        jurisdiction=law.id,
        required=None if exempt else required,
        tell=required is True,
        due=Due(
            due.on, due.at, due.start, due.start_on, due.rule, due.standard, due.order,
            (*due.remarks, *remarks),
        ),
        hours=rule.deadline.n if rule.deadline.type == "hours" else 0,
        count=tally.notified,
        threshold=line.words(),
        why=f"{tally.notified:,} residents; the line is {line.words()}; {due.rule}",
        source=law.source("cra"),
        confidence=law.mark("cra").confidence,
    )  # fmt: skip


def _bureau_line(line: Threshold, count: int, facts: Facts) -> Verdict:
    if line.op == "on_direction":
        return facts.breach.cra_notice_directed
    if line.op == "if_letter_suggests_credit_report":
        return facts.breach.letter_suggests_credit_report
    return line.is_met(count)


def owners(law: StateLaw, tally: Tally, facts: Facts) -> RegulatorAnswer | None:
    """Return the notice a processor owes the owner of the data; null when it is none."""
    if law.vendor is None or not facts.entity.roles & _PROCESSORS or not tally.exposed:
        return None
    due = clocks.due(law.vendor, facts.events)
    return RegulatorAnswer(
        jurisdiction=law.id,
        to="OWNER_OF_THE_DATA",
        kind="partner",
        required=True,
        due=due,
        stage="",
        count=tally.exposed,
        threshold="any number",
        submit=(),
        why=f"who keeps data for another tells the owner; {due.rule}",
        source=law.source("vendor_notice"),
        confidence=law.mark("vendor_notice").confidence,
        remarks=(law.vendor_note,) if law.vendor_note else (),
    )
