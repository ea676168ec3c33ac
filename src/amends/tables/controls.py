"""The review: which safeguards failed, were late or were never measured, what to do, and how it is going."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

SCANNER_FINDINGS = Table(
    "scanner_findings",
    "a finding of somebody else's scanner, as its file gives it",
    (
        Column(
            "scan_id",
            "text",
            "W and a digest of tool, rule, place and subject: stable between runs.",
        ),
        Column("exhibit_id", "text", "Exhibit it was read from."),
        Column("tool", "text", "Name of the scanner."),
        Column(
            "rule",
            "text",
            "The scanner's own name for what it found; a CVE or CWE where it gives one.",
        ),
        Column("title", "text", "What was found, in the scanner's words, cut to 300 characters."),
        Column("severity", "text", "critical, high, medium, low, info."),
        Column("place", "text", "Host, service, file or component it is about."),
        Column(
            "control_ids",
            "texts",
            "Controls of NIST SP 800-53 it speaks to, named by the file or by our table.",
        ),
        Column(
            "status",
            "text",
            "open, closed, suppressed; unread for a place of a file that could not be read: rule is then the reason, title the remedy.",
        ),
        Column("found_at", "instant", "When the scanner saw it; null when the file does not say."),
    ),
)

MEASURES = Table(
    "measures",
    "a figure about a safeguard, measured from the case's own facts, or said not to be measured",
    (
        Column("measure_id", "text", "Code of the measure: time_to_detect, clear_identifiers …"),
        Column("title", "text", "What it is, in words."),
        Column("value", "float", "Today's value; null when it was not measured."),
        Column("unit", "text", "days, people, share, columns, ways …"),
        Column("better", "text", "lower or higher."),
        Column("target", "float", "Where it should be."),
        Column(
            "measured_at",
            "instant",
            "Date of the evidence it rests on; null when it was not measured.",
        ),
        Column("evidence", "texts", "Ids and tables it was read from."),
        Column(
            "why_not",
            "text",
            "What would have to be added for it to be measured; empty when it was.",
        ),
        Column("is_kpi", "bool", "Whether it is shown among the key figures."),
    ),
)

CONTROL_GAPS = Table(
    "control_gaps",
    "a safeguard held against what the investigation found",
    (
        Column("gap_id", "text", "Q and a digest of the rule: stable between runs."),
        Column(
            "rank",
            "int",
            "From 1: not met by priority; then what failed in the breach and is proved closed since; "
            "then not measured, accepted, met.",
        ),
        Column("rule_id", "text", "Row of our own table of findings and controls."),
        Column("finding", "text", "Kind of finding that the rule speaks of."),
        Column("title", "text", "The safeguard, in words."),
        Column(
            "why",
            "text",
            "What was found, in a sentence with its figures and dates; when not measured, what has to be added.",
        ),
        Column(
            "subject",
            "text",
            "Places it is about, the first five; empty for the whole house.",
        ),
        Column("places", "texts", "All of these places, sorted; at most a hundred."),
        Column("status", "text", "met, not_met, not_measured, accepted."),
        Column("accepted_until_on", "day", "Day until which somebody accepted it; null otherwise."),
        Column(
            "cause",
            "text",
            "Which kind of cause: exposed_device, stored_credentials, test_environment, brute_force, clear_identifiers, detection, retention, response, governance.",
        ),
        Column(
            "gao_cause",
            "text",
            "identification, detection, segmentation, data_governance: the four causes GAO-18-559 names; empty for none.",
        ),
        Column("control_id", "text", "Control of NIST SP 800-53 Rev. 5."),
        Column("control_title", "text", "Its title."),
        Column("csf_id", "text", "Outcome of the NIST Cybersecurity Framework 2.0."),
        Column("techniques", "texts", "ATT&CK techniques of the case's chain that it bears on."),
        Column(
            "evidence",
            "texts",
            "Ids of rows this rests on: hops, facts, closures, exhibits, columns …",
        ),
        Column(
            "measured_at", "instant", "Date of the latest of that evidence; null when not measured."
        ),
        Column("measure_id", "text", "Measure by which it is followed."),
        Column("value", "float", "That measure today; null when not measured."),
        Column("target", "float", "Where it should be."),
        Column("persons", "int", "People whose data the open evidence exposes."),
        Column(
            "persons_then",
            "int",
            "People whose data it exposed on the day of the breach; null when no evidence is of that day.",
        ),
        Column(
            "failed_in_breach", "bool", "Whether the evidence shows that it failed in this breach."
        ),
        Column(
            "failed_on", "day", "Day of the first evidence that it failed; null when it did not."
        ),
        Column(
            "closed_on",
            "day",
            "Day of the evidence that proves it closed since; null when it is open or never failed.",
        ),
        Column("on_path", "bool", "Whether the intruder's own way went through it."),
        Column(
            "observed", "float", "How sure: 1 seen in evidence, less where it is only inferred."
        ),
        Column("effort_days", "float", "Working days, from our table; the case may say otherwise."),
        Column("effort_why", "text", "Why so many."),
        Column(
            "priority",
            "float",
            "persons × (4 on the way, else 1) × observed ÷ effort_days; "
            "of what is closed since: by the people of the day of the breach; 0 when never failed.",
        ),
        Column(
            "persons_removed",
            "int",
            "People no open way reaches any more once this is done: by reckoning the ways again without its facts; null where no way depends on it.",
        ),
        Column("owner", "text", "Office that answers for it."),
        Column("remedy", "text", "What to do."),
        Column(
            "state",
            "text",
            "new, open, closed, reopened: against the last measurement that was different.",
        ),
        Column("state_on", "day", "Day of the evidence with which that state began."),
        Column("source", "text", "Where the link from finding to control is grounded."),
    ),
)

ROADMAP = Table(
    "roadmap",
    "a piece of work that closes gaps, with what it is measured by",
    (
        Column("item_id", "text", "M and a digest of its remedy: stable between runs."),
        Column("rank", "int", "Order of work, from 1."),
        Column("horizon", "text", "30_days, 90_days, 365_days, years_2_3."),
        Column("title", "text", "What is done."),
        Column("cause", "text", "Kind of cause, as in control_gaps."),
        Column("after", "texts", "Items that come before it, because it rests on them."),
        Column("gap_ids", "texts", "Gaps it closes."),
        Column("owner", "text", "Office that answers for it."),
        Column("effort_days", "float", "Working days."),
        Column(
            "due_on",
            "day",
            "Last day of its horizon, counted from the day the breach was discovered.",
        ),
        Column("measure_id", "text", "Measure it is followed by."),
        Column("value", "float", "Today's value; null when not measured."),
        Column("unit", "text", "Its unit."),
        Column(
            "targets",
            "fields",
            "Quarter (2026-Q4) and the value it should have by its end; 'measured' where it is not yet.",
        ),
        Column(
            "persons", "int", "People whose data the open evidence of its gaps exposes, at most."
        ),
        Column("persons_removed", "int", "People no open way reaches any more once it is done."),
        Column("state", "text", "new, open, closed, reopened."),
        Column("state_on", "day", "Day of the evidence with which that state began."),
    ),
)

RISK = Table(
    "risk",
    "a range of what the breach may cost; never one number",
    (
        Column(
            "item",
            "text",
            "What is paid for: notices, protection, calls, review, claims and fines, all.",
        ),
        Column("n_low", "float", "Fewest things counted; null for all."),
        Column("n_high", "float", "Most things counted; null for all."),
        Column("cost_low", "float", "Least a thing, US dollars; null for all."),
        Column("cost_likely", "float", "Likeliest, US dollars."),
        Column("cost_high", "float", "Most, US dollars."),
        Column("p10", "float", "One draw in ten lies below, US dollars."),
        Column("p50", "float", "Half the draws lie below."),
        Column("p90", "float", "Nine draws in ten lie below."),
        Column(
            "source", "text", "Where the costs come from: our table, with its source, or case.toml."
        ),
    ),
)

CONTROL_HISTORY = Table(
    "control_history",
    "a gap as one measurement found it; a measurement that found nothing different is not kept",
    (
        Column("measurement", "int", "From 1, in the order in which they were made."),
        Column(
            "measurement_id",
            "text",
            "Y and a digest of what was found: two measurements alike have the same.",
        ),
        Column("measured_on", "day", "Day of the latest evidence it rests on; null for none."),
        Column("gap_id", "text", "The gap."),
        Column("rule_id", "text", "Its rule."),
        Column("status", "text", "met, not_met, not_measured, accepted, as of then."),
        Column("measure_id", "text", "Its measure."),
        Column("value", "float", "That measure then; null when not measured."),
        Column("state", "text", "Its state in that measurement."),
        Column("state_on", "day", "Day of the evidence with which that state began."),
    ),
)

TABLES = (SCANNER_FINDINGS, MEASURES, CONTROL_GAPS, ROADMAP, RISK, CONTROL_HISTORY)
