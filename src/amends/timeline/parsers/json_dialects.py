# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What the fields of JSON events mean: Windows, cloud audit trails, sign-ins, databases, Zeek, Samba, and anything with a time.

A dialect is known by fields that it always has; the first that fits is taken. Names are those of the flat event.

Source: AWS CloudTrail User Guide, "Record contents"; Okta System Log API; Microsoft Graph, "signIn"; MongoDB manual, "Log messages";
MySQL 8.4 manual, "Audit log file formats"; Percona audit log plugin; PostgreSQL manual, "jsonlog"; Elastic winlogbeat fields; read 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, Ints
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Times
from amends.timeline.parsers.fields import Fields
from amends.timeline.parsers.iis import of_status
from amends.timeline.parsers.json_cloud import cloudtrail, okta, sign_in
from amends.timeline.parsers.json_databases import mongo, mssql_audit, mysql_audit, postgres
from amends.timeline.parsers.json_found import Columns, Found, outcome_of, word
from amends.timeline.parsers.records import shortened
from amends.timeline.parsers.zeek_events import PATHS, zeek_columns

_TIMES = (
    "@timestamp", "timestamp", "time", "ts", "datetime", "eventTime", "event_time", "date", "_time", "published", "createdDateTime",
    "TimeGenerated", "created_at", "logged_at", "start_time", "event.created", "Timestamp", "Time", "receiveTimestamp", "t.$date",
    "EventTime", "UtcTime", "TimeCreated", "start", "timestamp_ms", "CreationTime",
)  # fmt: skip


Read = Callable[[Found, int, Origin], Columns]


@dataclass(frozen=True)
class Dialect:
    """A shape of JSON events.

    Attributes:
        name: Word for ``source``.
        needs: Fields; of each group an event has at least one.
        times: Fields that may hold the time, the first that is there.
        columns: Turns fields into columns of events.
    """

    name: str
    needs: tuple[tuple[str, ...], ...]
    times: tuple[str, ...]
    columns: Read

    def read(self, fields: Fields, origin: Origin) -> tuple[Columns, Times]:
        """Return the columns and the times of events of this shape."""
        found = Found(fields)
        n = len(fields)
        stamp = found.of(*self.times)
        wall, utc = any_time(stamp)
        columns = {"source": cells.constant(self.name, n)} | self.columns(found, n, origin)
        fine = pc.all(
            pc.match_substring_regex(pc.fill_null(stamp, ".0"), r"[.,]\d|^\d{13}")
        ).as_py()
        return columns, moments.times(wall, utc, stamp, 1 if fine else 1000)


def any_time(stamp: pa.StringArray) -> tuple[Ints, Bools]:
    """Return times of ISO 8601, of web servers' stamps, or of seconds (or milliseconds …) since 1970."""
    wall, utc = moments.iso(stamp)
    for reader in (moments.epoch, moments.web):
        late = wall == NO_TIME
        if not late.any():
            break
        other = reader(stamp)
        more, zoned = other if isinstance(other, tuple) else (other, other != NO_TIME)
        wall, utc = np.where(late, more, wall), np.where(late, zoned, utc)
    return wall, utc


def choose(fields: Fields, origin: Origin) -> Ints:
    """Return the number of the dialect of each event in ``DIALECTS``, -1 where none fits."""
    n = len(fields)
    of = np.full(n, -1, dtype=np.int64)
    present: dict[str, Bools] = {}
    known = {name: code for code, name in enumerate(fields.names)}
    owners = fields.owners

    def has(name: str) -> Bools:
        if name not in present:
            mask = np.zeros(n, dtype=bool)
            if name in known:
                mask[owners[fields.codes == known[name]]] = True
            present[name] = mask
        return present[name]

    for number, dialect in enumerate(DIALECTS):
        fits = of < 0
        for group in dialect.needs:
            if not fits.any():
                break
            fits = fits & np.logical_or.reduce([has(name) for name in group])
        of[fits] = number
    return of


def as_windows(fields: Fields) -> Fields:
    """Return fields of exported Windows events under the names that Windows gives them."""
    return fields.renamed(tuple(_windows_name(name) for name in fields.names))


# Winlogbeat, NXLog, and JSON of Get-WinEvent; what they add beside is kept under its own name.
_WINDOWS = {
    "winlog.channel": "Channel", "winlog.provider_name": "Provider_Name", "winlog.event_id": "EventID", "winlog.computer_name": "Computer",
    "winlog.record_id": "EventRecordID", "winlog.process.pid": "ProcessID", "winlog.process.thread.id": "ThreadID",
    "winlog.user.identifier": "UserID", "winlog.task": "Task", "winlog.opcode": "Opcode", "@timestamp": "SystemTime",
    "Hostname": "Computer", "EventTime": "SystemTime", "SourceName": "Provider_Name", "ProviderName": "Provider_Name",
    "RecordNumber": "EventRecordID", "RecordId": "EventRecordID", "ExecutionProcessID": "ProcessID", "ExecutionThreadID": "ThreadID",
    "Id": "EventID", "LogName": "Channel", "MachineName": "Computer", "TimeCreated": "SystemTime", "event_id": "EventID",
    "log_name": "Channel", "computer_name": "Computer", "source_name": "Provider_Name", "record_number": "EventRecordID",
    "winlog.keywords": "KeywordNames", "UserID": "UserID", "event.code": "EventCode", "UtcTime": "UtcTime", "EventReceivedTime": "received",
}  # fmt: skip


def _windows_name(name: str) -> str:
    for start in (
        "winlog.event_data.",
        "winlog.user_data.",
        "event_data.",
        "EventData.",
        "UserData.",
    ):
        if name.startswith(start):
            return name[len(start) :]
    return _WINDOWS.get(name, name)


def _unread(f: Found, n: int, origin: Origin) -> Columns:
    return {}


def _samba(f: Found, n: int, origin: Origin) -> Columns:
    remote = f.of("Authentication.remoteAddress", "Authorization.remoteAddress")
    found = pc.extract_regex(remote, r"^(?:ipv[46]:)?(?P<ip>.*?)(?::(?P<port>\d+))?$")
    status = f.of("Authentication.status", "Authorization.status")
    return {
        "kind": word("login", n),
        "action": word("login", n),
        "outcome": pc.if_else(
            pc.equal(pc.fill_null(status, "NT_STATUS_OK"), "NT_STATUS_OK"), "success", "failure"
        ),
        "account": cells.account(
            f.of(
                "Authentication.mappedAccount",
                "Authentication.clientAccount",
                "Authorization.account",
            )
        ),
        "src_ip": cells.address(pc.struct_field(found, "ip")),
        "src_port": cells.port(pc.struct_field(found, "port")),
        "session": f.of("Authentication.logonId", "Authorization.sessionId"),
        "logon_type": word("smb", n),
        "object": f.of("Authentication.workstation"),
        "process": word("samba", n),
        "code": status,
        "message": f.of("Authentication.serviceDescription", "type"),
    }


_SAMBA_FILE = {
    "open": "open", "openat": "open", "create_file": "open", "pread": "read", "pread_recv": "read", "pread_send": "read", "read": "read",
    "sendfile": "read", "pwrite": "write", "pwrite_recv": "write", "pwrite_send": "write", "write": "write", "unlink": "delete",
    "unlinkat": "delete", "rmdir": "delete", "rename": "rename", "renameat": "rename", "mkdir": "create", "mkdirat": "create",
    "opendir": "list", "fdopendir": "list", "readdir": "list", "close": "open", "connect": "open", "disconnect": "open",
}  # fmt: skip


def _file_access(f: Found, n: int, origin: Origin) -> Columns:
    verb = pc.utf8_lower(f.of("operation", "op", "action"))
    share, name = f.of("share", "service"), f.of("file", "path", "object", "filename")
    return {
        "kind": word("file", n),
        "action": pc.fill_null(
            cells.by_distinct(
                verb, lambda v: _SAMBA_FILE.get(v, v if v in _FILE_WORDS else "open")
            ),
            "open",
        ),
        "outcome": outcome_of(f.of("result", "status", "success")),
        "account": cells.account(f.of("user", "username", "account")),
        "src_ip": cells.address(f.of("client", "ip", "client_ip", "src_ip", "remote")),
        "logon_type": word("smb", n),
        "object": pc.coalesce(pc.binary_join_element_wise(share, name, "/"), name, share),
        "object_kind": word("file", n),
        "bytes_out": cells.whole(f.of("bytes", "bytes_read", "size")),
        "host": f.of("host", "server"),
        "message": verb,
    }


_FILE_WORDS = frozenset(
    ("read", "write", "create", "delete", "rename", "archive", "upload", "download", "open", "list")
)


def _zeek(f: Found, n: int, origin: Origin) -> Columns:
    path = f.of("_path")
    named = next((p for p in sorted(PATHS, key=len, reverse=True) if origin.name.startswith(p)), "")
    first = pc.drop_null(path)
    word = first[0].as_py() if len(first) else named
    columns = zeek_columns(
        "".join(c for c in word if c.isalnum() or c == "_")[:30] or "other", f, n
    )
    columns.pop("extra")
    return columns


def _flow(f: Found, n: int, origin: Origin) -> Columns:
    verdict = pc.utf8_lower(
        f.of("action", "alert.action", "disposition", "jsonPayload.disposition")
    )
    denied = pc.fill_null(
        pc.is_in(
            verdict, pa.array(["deny", "denied", "drop", "dropped", "blocked", "block", "reject"])
        ),
        False,
    )
    allowed = pc.fill_null(
        pc.is_in(verdict, pa.array(["allow", "allowed", "accept", "permit", "pass"])), False
    )
    numbered = {"1": "icmp", "6": "tcp", "17": "udp"}
    return {
        "kind": word("connection", n),
        "action": pc.if_else(denied, "deny", pc.if_else(allowed, "allow", "flow")),
        "outcome": pc.if_else(denied, "failure", pc.if_else(allowed, "success", "")),
        "src_port": cells.port(f.of("src_port", "srcport", "source.port", "jsonPayload.connection.src_port")),
        "dst_port": cells.port(f.of("dest_port", "dst_port", "dstport", "destination.port", "jsonPayload.connection.dest_port")),
        "src_ip": cells.address(f.of("src_ip", "srcaddr", "source.ip", "jsonPayload.connection.src_ip")),
        "dst_ip": cells.address(f.of("dest_ip", "dst_ip", "dstaddr", "destination.ip", "jsonPayload.connection.dest_ip")),
        "proto": cells.by_distinct(f.of("proto", "protocol", "network.transport", "jsonPayload.connection.protocol"),
                                   lambda p: numbered.get(p, p.lower())),
        "bytes_in": cells.whole(f.of("flow.bytes_toserver", "bytes", "bytes_sent", "source.bytes", "jsonPayload.bytes_sent")),
        "bytes_out": cells.whole(f.of("flow.bytes_toclient", "bytes_received", "destination.bytes")),
        "host": f.of("host", "sensor", "observer.name"),
        "object": f.of("alert.signature", "app_proto"),
        "message": f.of("alert.signature", "event_type", "message"),
    }  # fmt: skip


def _web(f: Found, n: int, origin: Origin) -> Columns:
    status = cells.whole(
        f.of("status", "status_code", "response_status", "http.response.status_code", "sc-status")
    )
    url = f.of("request_uri", "uri", "url", "path", "url.original", "request")
    return {
        "kind": word("web", n),
        "action": word("request", n),
        "outcome": of_status(status),
        "account": cells.account(f.of("remote_user", "user")),
        "src_ip": cells.address(
            f.of("remote_addr", "client_ip", "remote_ip", "source.ip", "clientip")
        ),
        "url": url,
        "status": status,
        "bytes_out": cells.whole(
            f.of("body_bytes_sent", "bytes_sent", "bytes", "http.response.body.bytes")
        ),
        "user_agent": f.of("http_user_agent", "user_agent", "agent", "user_agent.original"),
        "host": f.of("host.name", "hostname"),
        "message": f.of("request", "message"),
    }


def _generic(f: Found, n: int, origin: Origin) -> Columns:
    return {
        "kind": word("other", n),
        "action": word("other", n),
        "account": cells.account(
            f.of("user", "username", "user.name", "account", "actor", "email", "userName")
        ),
        "src_ip": cells.address(
            f.of(
                "src_ip",
                "client_ip",
                "source.ip",
                "remote_addr",
                "ip",
                "clientIp",
                "ipAddress",
                "remote_ip",
            )
        ),
        "dst_ip": cells.address(f.of("dst_ip", "dest_ip", "destination.ip")),
        "host": f.of("host", "hostname", "host.name", "computer", "instance"),
        "process": f.of("program", "process", "process.name", "app", "logger", "service"),
        "pid": cells.whole(f.of("pid", "process.pid")),
        "outcome": outcome_of(f.of("outcome", "result", "event.outcome", "success")),
        "message": shortened(
            pc.fill_null(f.of("message", "msg", "event", "log", "MESSAGE", "textPayload"), "")
        ),
    }


_ANY_TIME = (_TIMES,)
DIALECTS: tuple[Dialect, ...] = (
    Dialect("windows", (("winlog.event_id", "EventID", "event_id", "Id"), (
        "winlog.channel", "Channel", "LogName", "log_name", "winlog.provider_name", "ProviderName", "SourceName")), _TIMES, _unread),
    Dialect("cloudtrail", (("eventSource",), ("eventName",), ("eventTime",)), ("eventTime",), cloudtrail),
    Dialect("okta", (("eventType",), ("published",), ("actor.alternateId", "outcome.result")), ("published",), okta),
    Dialect("entra", (("userPrincipalName", "properties.userPrincipalName", "UserPrincipalName"),
                      ("createdDateTime", "time", "TimeGenerated", "properties.createdDateTime")),
            ("createdDateTime", "properties.createdDateTime", "time", "TimeGenerated"), sign_in),
    Dialect("postgres/jsonlog", (("timestamp",), ("error_severity",), ("message",)), ("timestamp",), postgres),
    Dialect("mongodb", (("t.$date",), ("c",), ("msg",)), ("t.$date",), mongo),
    Dialect("mysql/audit", (("audit_record.timestamp",),), ("audit_record.timestamp",), mysql_audit),
    Dialect("mysql/audit", (("timestamp",), ("class",), ("event",), ("connection_id", "id")), ("timestamp",), mysql_audit),
    Dialect("mssql/audit", (("event_time",), ("action_id",), ("server_principal_name", "statement")), ("event_time",), mssql_audit),
    Dialect("samba/auth", (("timestamp",), ("Authentication.status", "Authorization.account")), ("timestamp",), _samba),
    Dialect("zeek", (("ts",), ("uid", "id.orig_h", "_path", "note", "fuid")), ("ts",), _zeek),
    Dialect("flow/json", (_TIMES, ("src_ip", "srcaddr", "source.ip", "jsonPayload.connection.src_ip"), (
        "dest_ip", "dst_ip", "dstaddr", "destination.ip", "jsonPayload.connection.dest_ip")),
            ("flow.start", "jsonPayload.start_time", *_TIMES), _flow),
    Dialect("web/json", (_TIMES, ("status", "status_code", "response_status", "http.response.status_code"),
                         ("request_uri", "uri", "url", "request", "url.original"), (
        "remote_addr", "client_ip", "remote_ip", "source.ip", "clientip")), _TIMES, _web),
    Dialect("samba/files", (_TIMES, ("operation", "op"), ("file", "path", "object", "filename"), ("user", "username", "account")),
            _TIMES, _file_access),
    Dialect("json", (_TIMES,), _TIMES, _generic),
)  # fmt: skip
