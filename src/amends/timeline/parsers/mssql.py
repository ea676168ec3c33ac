# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""SQL Server: ERRORLOG, and audits exported as CSV from ``sys.fn_get_audit_file``; as JSON they are read by ``json_lines``.

Source: Microsoft Learn, "SQL Server Audit records", "MSSQLSERVER_18456"; read 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools
from amends.timeline.lines import Lines
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed
from amends.timeline.parsers.json_databases import database_event
from amends.timeline.parsers.records import Records, csv_columns, grouped, shortened

_OPENS = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\s+\S+\s"
_LINE = (
    r"^(?s:(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d)\s+(?P<process>\S+)\s+(?P<message>.*))$"
)
_LOGIN = r"Login (?P<how>failed|succeeded) for user '(?P<user>[^']*)'(?:.*?\[CLIENT: (?P<client>[^\]]+)\])?"
_HELD = (
    (r"^SQL Server is now ready for client connections", "system", "boot"),
    (
        r"^SQL Server is terminating|^SQL Trace was stopped due to server shutdown",
        "system",
        "shutdown",
    ),
    (r"^Configuration option '", "config", "change"),
    (r"^(?:Database backed up|BACKUP DATABASE)", "query", "dump"),
    (r"^Audit: Server Audit: .* State changed from: STARTED to: STOPPED", "log", "stop"),
)


@dataclass
class MssqlErrorlog:
    """The parser of SQL Server's ERRORLOG."""

    name: str = "mssql_errorlog"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether lines begin with time and process as ERRORLOG's do."""
        text = _decoded(head[:65536])
        lines = [line for line in text.splitlines() if line.strip()][:60]
        hits = sum(
            re.match(
                r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\s+(?:Server|Logon|Backup|spid\d+\w?|SQLServer)\s",
                line,
            )
            is not None
            for line in lines
        )
        return hits > 0

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        for records in grouped(stream, _opens):
            yield _errorlog(records)


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    return head.decode("utf-8", "replace").lstrip("\ufeff")


def _opens(lines: Lines) -> Bools:
    found: Bools = pc.match_substring_regex(lines.text, _OPENS).to_numpy(zero_copy_only=False)
    return found


def _part(found: pa.StructArray, name: str) -> pa.StringArray:
    text = pc.struct_field(found, name)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _errorlog(records: Records) -> Parsed:
    found = pc.extract_regex(records.text, _LINE)
    good = found.is_valid().to_numpy(zero_copy_only=False)
    kept, found = records.only(good), found.filter(pa.array(good))
    n = len(kept)
    message = pc.struct_field(found, "message")
    login = pc.extract_regex(message, _LOGIN)
    how = _part(login, "how")
    kind, action = cells.constant("other", n), cells.constant("other", n)
    for pattern, word, act in _HELD:
        fits = pc.match_substring_regex(message, pattern)
        kind, action = pc.if_else(fits, word, kind), pc.if_else(fits, act, action)
    came = pc.is_valid(how)
    error = pc.struct_field(pc.extract_regex(message, r"^Error: (?P<v>\d+), Severity"), "v")
    stamp = pc.struct_field(found, "time")
    wall, utc = moments.iso(stamp)
    columns = {
        "kind": pc.if_else(came, "login", kind),
        "action": pc.if_else(came, "login", action),
        "outcome": pc.fill_null(pc.if_else(pc.equal(how, "failed"), "failure", "success"), ""),
        "account": cells.account(_part(login, "user")),
        "src_ip": cells.address(_part(login, "client")),
        "logon_type": pc.if_else(came, "db", pa.scalar(None, pa.string())),
        "process": pc.struct_field(found, "process"),
        "source": cells.constant("mssql/errorlog", n),
        "code": error,
        "message": shortened(message),
        "extra": cells.named({"Data": _part(login, "user")}, n),
    }
    return Parsed(
        len(records), moments.times(wall, utc, stamp, 10), columns | kept.places(), kept.text,
        records.rejects(~good, "heading or no entry"),
    )  # fmt: skip


@dataclass
class MssqlAudit:
    """The parser of an audit of SQL Server exported as CSV with a header."""

    name: str = "mssql_audit"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether the header names what an audit has."""
        line = _decoded(head[:65536]).split("\n", 1)[0].lower()
        return all(name in line for name in ("event_time", "action_id", "statement"))

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; a statement may run over several lines."""
        names: tuple[str, ...] = ()
        sign = ","
        for records in grouped(stream, _audit_opens):
            if not names:
                head = records.text[0].as_py()
                sign = max(",;\t|", key=head.count)
                names = tuple(dict.fromkeys(c.strip().strip('"').lower() for c in head.split(sign)))
            yield _audit(records, names, sign)


def _audit_opens(lines: Lines) -> Bools:
    found: Bools = pc.match_substring_regex(
        lines.text, r'^"?(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\d{1,2}/\d{1,2}/\d{4} \d)'
    ).to_numpy(zero_copy_only=False)
    return found


def _audit(records: Records, names: tuple[str, ...], sign: str) -> Parsed:
    found, good = csv_columns(records, names, sign)
    stamp = found.get("event_time", pa.nulls(int(good.sum()), pa.string()))
    head = pc.fill_null(pc.equal(stamp, "event_time"), False).to_numpy(zero_copy_only=False)
    if head.any():
        rows = np.flatnonzero(good)
        good = good.copy()
        good[rows[head]] = False
        found = {name: texts.filter(pa.array(~head)) for name, texts in found.items()}
        stamp = stamp.filter(pa.array(~head))
    kept = records.only(good)
    n = len(kept)

    def of(*asked: str) -> pa.StringArray:
        return next((cells.known(found[a]) for a in asked if a in found), pa.nulls(n, pa.string()))

    schema, table = of("schema_name"), of("object_name")
    verb = pc.utf8_trim_whitespace(of("action_id"))
    columns = database_event(
        verb=cells.by_distinct(verb, lambda v: {"LGIS": "connect", "LGIF": "failed_connect", "LGO": "disconnect"}.get(v, v)),
        statement=of("statement"), status=pa.nulls(n, pa.string()), account=of("server_principal_name", "session_server_principal_name"),
        address=of("client_ip"), session=of("session_id"), rows=of("affected_rows", "response_rows"), database=of("database_name"),
        table=pc.coalesce(pc.binary_join_element_wise(schema, table, "."), table),
    )  # fmt: skip
    failed = pc.is_in(
        pc.fill_null(pc.utf8_lower(of("succeeded")), "true"), pa.array(["false", "0"])
    )
    columns["outcome"] = pc.if_else(failed, "failure", columns["outcome"])
    wall, _ = moments.iso(stamp)
    columns |= {
        "code": verb, "host": of("server_instance_name"), "process": of("application_name"), "source": cells.constant("mssql/audit", n),
        "extra": cells.named({k: cells.known(v) for k, v in found.items() if k not in ("event_time", "statement")}, n),
    }  # fmt: skip
    # fn_get_audit_file gives event_time in UTC.
    timed = moments.times(wall, wall != NO_TIME, stamp, 1)
    return Parsed(
        len(records),
        timed,
        columns | kept.places(),
        kept.text,
        records.rejects(~good, "heading or no audit record"),
    )
