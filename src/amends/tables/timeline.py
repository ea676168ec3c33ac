"""What happened when, how the intruder moved, what left, and what the logs cannot say."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

KINDS = (
    "login", "logout", "connection", "query", "file", "process", "config", "account", "privilege",
    "web", "log", "service", "system", "other",
)  # fmt: skip
ACTIONS = {
    "login": ("login", "multifactor", "lockout"),
    "logout": ("logout",),
    "connection": ("allow", "deny", "open", "close", "flow", "translate", "assign"),
    "query": ("select", "dump", "insert", "update", "delete", "define", "grant", "connect", "other"),
    "file": ("read", "write", "create", "delete", "rename", "archive", "upload", "download", "open", "list"),
    "process": ("start", "end", "command"),
    "config": ("change", "export", "view"),
    "account": ("create", "modify", "delete", "enable", "disable", "group", "password"),
    "privilege": ("elevate", "grant", "revoke"),
    "web": ("request",),
    "log": ("clear", "rotate", "stop", "start", "hole"),
    "service": ("install", "start", "stop", "modify", "job"),
    "system": ("boot", "shutdown", "time", "network"),
    "other": ("other",),
}  # fmt: skip
OUTCOMES = ("success", "failure", "")

EVENTS = Table(
    "events",
    "a dated thing that a log says happened, from one line or record of it",
    (
        Column(
            "event_id",
            "int",
            "Hash of exhibit, path inside it and offset: the same line has the same id in every run. Shown as V and 16 hex.",
        ),
        Column("log_id", "text", "Log file it stands in, from log_files."),
        Column(
            "position", "int", "Byte offset of its line, or number of its record, in the file as opened."
        ),
        Column("line", "int", "Line or record number from 1."),
        Column(
            "at", "instant", "When it happened, corrected for zone and clock; null when it cannot be known."
        ),
        Column("at_raw", "text", "The time as written."),
        Column(
            "zone_rule",
            "text",
            "Where its zone comes from: line, hosts (the company said), assumed (UTC).",
        ),
        Column("error_ms", "int", "Bound of the error of at: resolution of the time and clock of the host."),
        Column("host", "text", "Host that the event happened on; the company's name for it where known."),
        Column("kind", "text", "login, connection, query, file, process … (KINDS)."),
        Column("action", "text", "What was done, a word of its kind (ACTIONS)."),
        Column("outcome", "text", "success, failure, or empty when the line does not say."),
        Column("account", "text", "Account that acted, lower case, domain or realm dropped."),
        Column("target_account", "text", "Account acted upon: created, changed, switched to."),
        Column("session", "text", "Session, logon or connection number, as the host gives it."),
        Column("logon_type", "text", "ssh, telnet, console, vpn, rdp, smb, service, batch, web, db …"),
        Column("src_ip", "text", "Address it came from, in its shortest form."),
        Column("src_port", "int", "Port that it came from."),
        Column("dst_ip", "text", "Address it went to."),
        Column("dst_port", "int", "Port that it went to."),
        Column("proto", "text", "tcp, udp, icmp …, lower case."),
        Column("process", "text", "Program that acted or wrote the line."),
        Column("pid", "int", "Number of that program."),
        Column("parent", "text", "Program that started it."),
        Column("command", "text", "Command line or SQL statement; identifiers in it are masked."),
        Column("object", "text", "File, table, key, rule or service acted upon."),
        Column("object_kind", "text", "file, table, key, rule, service, archive, share …"),
        Column("rows", "int", "Rows read or changed, where the log says."),
        Column("bytes_in", "int", "Bytes that reached the host named as destination."),
        Column("bytes_out", "int", "Bytes that it sent back; for a flow: from source to destination is bytes_in."),
        Column("url", "text", "Path or address asked for."),
        Column("status", "int", "Status code of web, FTP or the like."),
        Column("user_agent", "text", "What the client said it was."),
        Column("source", "text", "Parser and dialect: syslog/cisco_ios, evtx, csv/pgaudit …"),
        Column("code", "text", "The product's own number or mnemonic: 4625, SYS-5-CONFIG_I, 106023."),
        Column("message", "text", "The line after its head; identifiers in it are masked."),
        Column(
            "extra", "fields", "Fields as the product names them (EventID, TargetUserName …), for rules."
        ),
        Column("duplicate_of", "int", "event_id of the same event in another log; null for the first."),
    ),
)  # fmt: skip

LOG_FILES = Table(
    "log_files",
    "a log file found in an exhibit, and how its lines were accounted for",
    (
        Column("log_id", "text", "G and seven or more digits."),
        Column("exhibit_id", "text", "Exhibit it was found in."),
        Column("inner_path", "text", "Path inside the exhibit; empty for the exhibit itself."),
        Column("path", "text", "Path of the exhibit as given."),
        Column("host", "text", "Host it belongs to; empty for a collector of many hosts' lines."),
        Column("parser", "text", "Parser that read it; empty when none could."),
        Column("n_lines", "int", "Lines or records found."),
        Column("n_events", "int", "Lines that became events."),
        Column("n_rejects", "int", "Lines that did not; events and rejects add up to lines."),
        Column("n_duplicates", "int", "Events that another log has as well."),
        Column("n_undated", "int", "Events without a time that can be known."),
        Column("first_at", "instant", "Earliest event."),
        Column("last_at", "instant", "Latest event."),
        Column("zone", "text", "Time zone its times were read in: an IANA name, an offset, or line."),
        Column("skew_ms", "int", "Estimated clock error taken off its times; 0 when none was found."),
        Column("skew_error_ms", "int", "Bound of that estimate; null when nothing could be compared."),
        Column("reject_places", "texts", "First rejected lines by number and reason; never their text."),
        Column("status", "text", "read, partly, or unread."),
        Column("remedy", "text", "One step that may help where it was not wholly read."),
    ),
)  # fmt: skip

DETECTIONS = Table(
    "detections",
    "a rule that fired on an event, or a correlation that fired on several",
    (
        Column(
            "detection_id", "text", "D and a digest of rule and first event: stable between runs."
        ),
        Column("rule_id", "text", "Identifier of the rule."),
        Column("title", "text", "Title of the rule."),
        Column("level", "text", "informational, low, medium, high, critical."),
        Column("technique", "text", "ATT&CK technique the rule names first; empty for none."),
        Column("tags", "texts", "Tags of the rule."),
        Column("kind", "text", "event, or the type of correlation."),
        Column(
            "group", "text", "Values of the group-by of a correlation, joined; empty otherwise."
        ),
        Column("at", "instant", "Time of the first event."),
        Column("to_at", "instant", "Time of the last event."),
        Column("n_events", "int", "How many events are behind it."),
        Column("event_ids", "ints", "The events, earliest first; at most a thousand."),
        Column("pack", "text", "own, or the name of the folder of rules."),
    ),
)

HOPS = Table(
    "hops",
    "a step of the intruder: from a place to a place, as an account, with its evidence",
    (
        Column(
            "hop_id",
            "text",
            "H and a digest of what it is and its first event: stable between runs.",
        ),
        Column("step", "int", "Place in the chain from 1; null for what is not in the chain."),
        Column("status", "text", "chain, alternative, or excluded."),
        Column(
            "phase",
            "text",
            "reconnaissance, initial_access, credential_access, lateral_movement, persistence, discovery, "
            "collection, staging, exfiltration, defense_evasion.",
        ),
        Column("at", "instant", "When it began."),
        Column("to_at", "instant", "When it ended."),
        Column("at_error_ms", "int", "Bound of the error of at."),
        Column("source", "text", "Host or address it came from."),
        Column("destination", "text", "Host, store or address it went to."),
        Column("account", "text", "Account used; empty when none."),
        Column("how", "text", "ssh, telnet, vpn, db, smb, query, archive, scp, https …"),
        Column("technique", "text", "ATT&CK technique, such as T1110.003."),
        Column("tactic", "text", "ATT&CK tactic."),
        Column("event_ids", "ints", "Its events, earliest first; at most a thousand."),
        Column("n_events", "int", "How many there are."),
        Column("confidence", "float", "0 to 1."),
        Column("why", "text", "Why it is believed, in a sentence."),
        Column("against", "texts", "What speaks against it."),
        Column("decided_by", "text", "rule, or the decision that settled it."),
    ),
)

TAKEN = Table(
    "taken",
    "an element of a table of a store: how much of it was read and left, with bounds",
    (
        Column("store", "text", "Store, as stores.csv or amends add --store names it."),
        Column("table", "text", "Table, file or share inside it; empty for the whole store."),
        Column("element", "text", "Element code."),
        Column("unit", "text", "What is counted: rows, files, persons."),
        Column("lower", "int", "Proved: at least so many were taken."),
        Column("best", "int", "Most likely number."),
        Column("upper", "int", "At most so many: what the credential could read while it could."),
        Column(
            "accessed", "bool", "Whether it was seen, proved or not excluded: duties take this."
        ),
        Column(
            "acquired", "bool", "Whether it was taken, proved or not excluded: duties take this."
        ),
        Column("accessed_proof", "text", "proved, not_excluded or excluded."),
        Column("acquired_proof", "text", "proved, not_excluded or excluded."),
        Column(
            "read_rows",
            "int",
            "Estimate from reads: audit rows, dumps, file reads; null when no log says.",
        ),
        Column("staged_rows", "int", "Estimate from archives; null when no log says."),
        Column(
            "left_rows",
            "int",
            "Estimate from bytes that left above baseline; null when no log says.",
        ),
        Column("grounds", "text", "Why these numbers, in plain words."),
        Column("event_ids", "ints", "Events it rests on; at most a thousand."),
    ),
)

GAPS = Table(
    "gaps",
    "a span for which a log that should be there is not, and what that costs",
    (
        Column("gap_id", "text", "Q and a digest: stable between runs."),
        Column("host", "text", "Host whose log it is."),
        Column("log", "text", "Kind of log: auth, audit, flow, firewall, evtx …"),
        Column("from_at", "instant", "When it begins; null when the log is missing altogether."),
        Column("to_at", "instant", "When it ended."),
        Column("reason", "text", "missing_span, cleared, record_hole, rotation_missing, truncated, no_log, stopped."),
        Column("effect", "text", "What cannot be said because of it, in a sentence."),
        Column("matters", "bool", "Whether the intruder was, or may have been, there in that span."),
        Column("event_ids", "ints", "Events that show it: a clearing, the lines on either side."),
    ),
)  # fmt: skip

INDICATORS = Table(
    "indicators",
    "a trace of the attacker that can be looked for elsewhere",
    (
        Column("indicator_id", "text", "N and a digest: stable between runs."),
        Column("kind", "text", "ip, domain, account, file, hash, tool, user_agent, key, url."),
        Column("value", "text", "The value itself."),
        Column("role", "text", "attacker (theirs), abused (ours, used by them)."),
        Column("first_at", "instant", "First seen."),
        Column("last_at", "instant", "Last seen."),
        Column("n_events", "int", "Events it stands in."),
        Column("hop_ids", "texts", "Steps it belongs to."),
        Column("confidence", "float", "0 to 1."),
        Column("why", "text", "Why it is one."),
    ),
)

STATEMENTS = Table(
    "statements",
    "a sentence of the narrative: a question, what the logs say to it, and the lines that carry it",
    (
        Column("position", "int", "Order in the narrative, from 1."),
        Column("question", "text", "Investigative question it answers."),
        Column(
            "sentence",
            "text",
            "The answer in plain words; figures and times in it come from the tables.",
        ),
        Column("standing", "text", "proved, likely, or cannot be said."),
        Column("hop_ids", "texts", "Steps it speaks of."),
        Column("event_ids", "ints", "Events that carry it; at most a thousand."),
    ),
)

TABLES = (EVENTS, LOG_FILES, DETECTIONS, HOPS, TAKEN, GAPS, INDICATORS, STATEMENTS)
