"""What the law asks, for whom and by when."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

DUTY_GROUPS = Table(
    "duty_groups",
    "a distinct combination on which the law's answer depends",
    (
        Column("group_id", "text", "G and a digest of the combination: stable between runs."),
        Column("residence", "text", "Jurisdiction; null when unknown."),
        Column("elements", "texts", "Exposed elements, sorted."),
        Column(
            "possible",
            "texts",
            "Elements of which only malformed values were found; a part of elements.",
        ),
        Column("secured", "texts", "Those of them that were secured; a part of elements."),
        Column("status", "text", "adult, minor, deceased, business or unknown."),
        Column("owner", "text", "Owner of the data; several joined by ' + '."),
        Column("accessed", "bool", "Whether the data were seen."),
        Column("acquired", "bool", "Whether the data were taken."),
        Column("n_persons", "int", "Persons in it."),
        Column("notify", "text", "required, not_required or needs_judgement."),
        Column(
            "tell",
            "bool",
            "Whether they are told: required, or judgement with the default or a decision to tell.",
        ),
        Column("due_on", "day", "Last day for the notice; null when the law gives no number."),
        Column("standard", "text", "How the law words the time when it gives no number."),
        Column("target_on", "day", "Day planned for: due_on, or the case's own target."),
        Column("id_protection_months", "int", "Months of identity protection owed; 0 for none."),
        Column("content", "texts", "Content codes the notice must carry."),
        Column("forbidden", "texts", "Content codes it must not carry."),
        Column("format", "texts", "Format codes."),
        Column(
            "methods", "texts", "Ways that count as notice: written, email:CONDITION, telephone …"
        ),
        Column("jurisdictions", "texts", "Jurisdictions whose rules apply."),
        Column("why", "text", "The reasoning in words, with its rules."),
        Column("sources", "texts", "Citations."),
        Column("confidence", "text", "Weakest mark among the fields relied on."),
    ),
)

PERSON_GROUPS = Table(
    "person_groups",
    "a person in a duty group",
    (
        Column("person_id", "text", "The person."),
        Column("group_id", "text", "The group."),
    ),
)

DUTIES = Table(
    "duties",
    "something owed to somebody by a date",
    (
        Column(
            "duty_id",
            "text",
            "U and a digest of jurisdiction, recipient, group and stage: stable between runs.",
        ),
        Column("jurisdiction", "text", "Whose law, such as US-CA or US-FED-FCC."),
        Column("recipient", "text", "person, regulator, bureau, media or partner."),
        Column("to", "text", "Who in particular: AG, EQUIFAX …; empty for persons."),
        Column("group_id", "text", "Group for a duty to persons; null otherwise."),
        Column("n_persons", "int", "Persons it counts."),
        Column("answer", "text", "required, not_required or needs_judgement."),
        Column(
            "due_at",
            "instant",
            "Last moment; for days, the end of the day in UTC; null when the law gives no number.",
        ),
        Column("due_on", "day", "The day of due_at."),
        Column("standard", "text", "How the law words the time when it gives no number."),
        Column("from_event", "text", "Event the time runs from."),
        Column("stage", "text", "preliminary, full …; empty when there is one."),
        Column("order", "text", "before individuals, with individuals …; empty when free."),
        Column("why", "text", "The reasoning in words."),
        Column("source", "text", "Citation."),
        Column("confidence", "text", "Mark of the data relied on."),
        Column(
            "warnings",
            "texts",
            "The day is no business day, the date has passed, the law is in conflict …",
        ),
    ),
)

TABLES = (DUTY_GROUPS, PERSON_GROUPS, DUTIES)
