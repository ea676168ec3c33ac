# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""What the fields of JSON events mean: Windows, cloud audit trails, sign-ins, databases, Zeek, Samba, and anything with a time.

A dialect is known by fields that it always has; the first that fits is taken. Names are those of the flat event.

Source: AWS CloudTrail User Guide, "Record contents"; Okta System Log API; Microsoft Graph, "signIn"; MongoDB manual, "Log messages";
MySQL 8.4 manual, "Audit log file formats"; Percona audit log plugin; PostgreSQL manual, "jsonlog"; Elastic winlogbeat fields; read 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, Ints
from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Times
from amends.timeline.parsers.fields import Fields
from amends.timeline.parsers.iis import of_status
from amends.timeline.parsers.postgres_events import read_messages
from amends.timeline.parsers.records import shortened
from amends.timeline.parsers.sql import read_statements
from amends.timeline.parsers.zeek_events import PATHS, zeek_columns

Columns = dict[str, pa.Array]
_TIMES = (
    "@timestamp", "timestamp", "time", "ts", "datetime", "eventTime", "event_time", "date", "_time", "published", "createdDateTime",
    "TimeGenerated", "created_at", "logged_at", "start_time", "event.created", "Timestamp", "Time", "receiveTimestamp", "t.$date",
    "EventTime", "UtcTime", "TimeCreated", "start", "timestamp_ms", "CreationTime",
)  # fmt: skip


class Found(Mapping[str, pa.StringArray]):
    """The fields of a block by name; a name that no event has is all nulls when asked for by ``of``."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._none = pa.nulls(len(fields), pa.string())
        self._kept: dict[str, pa.StringArray] = {"": self._none}

    def __getitem__(self, name: str) -> pa.StringArray:
        if name not in self._kept:
            found = self._fields.column(name)
            if found is None:
                raise KeyError(name)
            self._kept[name] = found
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        """Yield an empty name only: what shares this with tables then sees how many rows there are."""
        return iter(("",))

    def __len__(self) -> int:
        return 1

    def of(self, *names: str) -> pa.StringArray:
        """Return the first of some fields that each event has."""
        held = [self[name] for name in names if name in self._fields.names]
        return pc.coalesce(*held) if held else self._none


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


def _word(word: str, n: int) -> pa.StringArray:
    return pa.repeat(pa.scalar(word, pa.string()), n)


def _unread(f: Found, n: int, origin: Origin) -> Columns:
    return {}


# CloudTrail: event names by what they do. Source: AWS service authorization reference.
_TRAIL = {
    "ConsoleLogin": ("login", "login"), "AssumeRole": ("privilege", "elevate"), "AssumeRoleWithSAML": ("login", "login"),
    "AssumeRoleWithWebIdentity": ("login", "login"), "GetSessionToken": ("login", "login"), "GetFederationToken": ("login", "login"),
    "GetObject": ("file", "download"), "HeadObject": ("file", "read"), "PutObject": ("file", "upload"), "CopyObject": ("file", "write"),
    "DeleteObject": ("file", "delete"), "DeleteObjects": ("file", "delete"), "ListObjects": ("file", "list"),
    "ListObjectsV2": ("file", "list"), "ListBuckets": ("file", "list"), "SelectObjectContent": ("query", "select"),
    "CreateUser": ("account", "create"), "DeleteUser": ("account", "delete"), "UpdateUser": ("account", "modify"),
    "CreateLoginProfile": ("account", "password"), "UpdateLoginProfile": ("account", "password"), "ChangePassword": ("account", "password"),
    "CreateAccessKey": ("account", "modify"), "AddUserToGroup": ("account", "group"), "AttachUserPolicy": ("privilege", "grant"),
    "AttachRolePolicy": ("privilege", "grant"), "AttachGroupPolicy": ("privilege", "grant"), "PutUserPolicy": ("privilege", "grant"),
    "PutRolePolicy": ("privilege", "grant"), "StopLogging": ("log", "stop"), "DeleteTrail": ("log", "stop"), "StartLogging": ("log", "start"),
    "UpdateTrail": ("config", "change"), "PutBucketPolicy": ("config", "change"), "ExecuteStatement": ("query", "other"),
    "BatchExecuteStatement": ("query", "other"), "StartQueryExecution": ("query", "select"), "GetItem": ("query", "select"),
    "Query": ("query", "select"), "Scan": ("query", "select"), "RestoreDBInstanceFromDBSnapshot": ("query", "dump"),
    "CreateDBSnapshot": ("query", "dump"), "StartExportTask": ("query", "dump"), "ModifyDBSnapshotAttribute": ("privilege", "grant"),
    "ModifySnapshotAttribute": ("privilege", "grant"), "RunInstances": ("service", "install"), "SendCommand": ("process", "command"),
    "GetSecretValue": ("file", "read"), "GetPasswordData": ("file", "read"), "GetParameter": ("file", "read"),
}  # fmt: skip


def _trail_kind(name: str) -> tuple[str, str]:
    if name in _TRAIL:
        return _TRAIL[name]
    if name.startswith(("Get", "List", "Describe", "Lookup", "Batch", "Head")):
        return "config", "view"
    return "config", "change"


def _cloudtrail(f: Found, n: int, origin: Origin) -> Columns:
    name = f.of("eventName")
    said = pc.coalesce(
        f.of("responseElements.ConsoleLogin"),
        pc.if_else(pc.is_valid(f.of("errorCode")), "Failure", "Success"),
    )
    user = f.of("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.principalId",
                "userIdentity.invokedBy", "userIdentity.type")  # fmt: skip
    bucket, key = f.of("requestParameters.bucketName"), f.of("requestParameters.key")
    where = pc.coalesce(
        pc.binary_join_element_wise(bucket, key, "/"), bucket,
        f.of("requestParameters.secretId", "requestParameters.tableName", "requestParameters.dBInstanceIdentifier",
             "requestParameters.roleArn", "requestParameters.policyArn", "requestParameters.name", "requestParameters.instanceId"),
    )  # fmt: skip
    return {
        "kind": cells.by_distinct(name, lambda w: _trail_kind(w)[0]),
        "action": cells.by_distinct(name, lambda w: _trail_kind(w)[1]),
        "outcome": pc.if_else(pc.equal(pc.utf8_lower(said), "failure"), "failure", "success"),
        "account": cells.account(user),
        "target_account": cells.account(f.of("requestParameters.userName")),
        "session": f.of("userIdentity.accessKeyId"),
        "logon_type": _word("cloud", n),
        "src_ip": cells.address(f.of("sourceIPAddress")),
        "host": f.of("eventSource"),
        "process": f.of("eventSource"),
        "object": where,
        "object_kind": pc.if_else(
            pc.is_valid(key),
            "file",
            pc.if_else(pc.is_valid(bucket), "share", pa.scalar(None, pa.string())),
        ),
        "bytes_out": cells.whole(_integral(f.of("additionalEventData.bytesTransferredOut"))),
        "bytes_in": cells.whole(_integral(f.of("additionalEventData.bytesTransferredIn"))),
        "command": f.of(
            "requestParameters.sqlStatement",
            "requestParameters.sql",
            "requestParameters.queryString",
        ),
        "user_agent": f.of("userAgent"),
        "code": name,
        "message": f.of("errorMessage", "eventName"),
    }


def _integral(texts: pa.StringArray) -> pa.StringArray:
    """Return numbers without the ``.0`` that CloudTrail writes behind counts of bytes."""
    return pc.replace_substring_regex(texts, r"\.0+$", "")


def _okta(f: Found, n: int, origin: Origin) -> Columns:
    name = f.of("eventType")

    def what(word: str) -> tuple[str, str]:
        table = {
            "user.session.start": ("login", "login"), "user.session.end": ("logout", "logout"),
            "user.account.lock": ("login", "lockout"), "user.lifecycle.create": ("account", "create"),
            "user.lifecycle.deactivate": ("account", "disable"), "user.account.update_password": ("account", "password"),
            "user.account.reset_password": ("account", "password"), "user.account.privilege.grant": ("privilege", "grant"),
            "group.user_membership.add": ("account", "group"), "policy.rule.update": ("config", "change"),
        }  # fmt: skip
        if word.startswith("user.authentication.auth_via_mfa"):
            return "login", "multifactor"
        return table.get(
            word,
            ("login", "login") if word.startswith("user.authentication") else ("other", "other"),
        )

    return {
        "kind": cells.by_distinct(name, lambda w: what(w)[0]),
        "action": cells.by_distinct(name, lambda w: what(w)[1]),
        "outcome": _outcome(f.of("outcome.result")),
        "account": cells.account(f.of("actor.alternateId")),
        "session": f.of("authenticationContext.externalSessionId"),
        "logon_type": _word("cloud", n),
        "src_ip": cells.address(f.of("client.ipAddress")),
        "user_agent": f.of("client.userAgent.rawUserAgent"),
        "host": _word("okta", n),
        "code": name,
        "message": f.of("displayMessage"),
    }


def _outcome(texts: pa.StringArray) -> pa.StringArray:
    low = pc.fill_null(pc.utf8_lower(texts), "")
    good = pc.is_in(
        low,
        pa.array(
            [
                "success",
                "allow",
                "succeeded",
                "true",
                "0",
                "ok",
                "successful",
                "nt_status_ok",
                "granted",
            ]
        ),
    )
    bad = pc.is_in(
        low,
        pa.array(
            ["failure", "deny", "failed", "false", "error", "fail", "denied", "blocked", "refused"]
        ),
    )
    return pc.if_else(good, "success", pc.if_else(bad, "failure", ""))


def _sign_in(f: Found, n: int, origin: Origin) -> Columns:
    code = f.of("status.errorCode", "properties.status.errorCode", "resultType", "ResultType")
    return {
        "kind": _word("login", n),
        "action": _word("login", n),
        "outcome": pc.fill_null(pc.if_else(pc.equal(code, "0"), "success", "failure"), ""),
        "account": cells.account(
            f.of("userPrincipalName", "properties.userPrincipalName", "UserPrincipalName")
        ),
        "session": f.of("correlationId", "properties.correlationId", "CorrelationId"),
        "logon_type": _word("cloud", n),
        "src_ip": cells.address(
            f.of("ipAddress", "properties.ipAddress", "callerIpAddress", "IPAddress")
        ),
        "object": f.of("appDisplayName", "properties.appDisplayName", "AppDisplayName"),
        "user_agent": f.of("userAgent", "properties.userAgent", "clientAppUsed"),
        "host": _word("entra", n),
        "code": code,
        "message": f.of(
            "status.failureReason", "properties.status.failureReason", "resultDescription"
        ),
    }


def _postgres(f: Found, n: int, origin: Origin) -> Columns:
    names = {
        "user": "user", "database": "dbname", "pid": "pid", "client": "remote_host", "port": "remote_port", "session": "session_id",
        "severity": "error_severity", "state": "state_code", "message": "message", "query": "statement", "application": "application_name",
        "tag": "ps", "backend": "backend_type", "detail": "detail",
    }  # fmt: skip
    columns = read_messages(
        {ours: f.of(theirs) for ours, theirs in names.items()}, n, "postgres/jsonlog"
    )
    columns.pop("extra")
    return columns


def _query(statement: pa.StringArray) -> Columns:
    said = read_statements(statement)
    return {
        "kind": said.kind,
        "action": said.action,
        "command": shortened(pc.fill_null(statement, "")),
        "object": said.object,
        "object_kind": pc.if_else(pc.is_valid(said.object), "table", pa.scalar(None, pa.string())),
        "target_account": said.target_account,
    }


def _where(mask: pa.Array, one: str, columns: Columns, name: str) -> None:
    columns[name] = pc.if_else(pc.fill_null(mask, False), one, columns[name])


def database_event(
    *, verb: pa.StringArray, statement: pa.StringArray, status: pa.StringArray, account: pa.StringArray, address: pa.StringArray,
    session: pa.StringArray, rows: pa.StringArray, database: pa.StringArray, table: pa.StringArray,
) -> Columns:  # fmt: skip
    """Return the columns of events of a database's audit: logons by verb, everything else by statement."""
    low = pc.fill_null(pc.utf8_lower(verb), "")
    columns = _query(statement)
    come = pc.is_in(low, pa.array(["connect", "change user", "failed_connect", "logon", "login"]))
    gone = pc.is_in(low, pa.array(["disconnect", "quit", "logoff", "logout"]))
    for mask, kind, action in ((come, "login", "login"), (gone, "logout", "logout")):
        _where(mask, kind, columns, "kind")
        _where(mask, action, columns, "action")
    failed = pc.or_(
        pc.equal(low, "failed_connect"),
        pc.fill_null(pc.invert(pc.is_in(status, pa.array(["0", ""]))), False),
    )
    failed = pc.and_(failed, pc.is_valid(status)) if len(status) else failed
    columns["outcome"] = pc.if_else(
        pc.or_(failed, pc.equal(low, "failed_connect")), "failure", "success"
    )
    columns["object"] = pc.coalesce(cells.known(table), columns["object"])
    n = len(low)
    return columns | {
        "account": cells.account(account),
        "src_ip": cells.address(address),
        "session": session,
        "rows": cells.whole(rows),
        "logon_type": _word("db", n),
        "process": _word("database", n),
        "code": verb,
        "message": pc.coalesce(cells.known(statement), verb),
    }


def mysql_audit(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of MySQL's audit, of either vendor."""
    host = f.of("login.ip", "account.host", "login.host", "audit_record.ip", "audit_record.host")
    user = f.of("login.user", "account.user", "audit_record.user", "audit_record.priv_user")
    verb = f.of("event", "audit_record.name")
    table = f.of("table_access_data.table")
    schema = f.of("table_access_data.db")
    return database_event(
        verb=verb,
        statement=f.of(
            "general_data.query",
            "table_access_data.query",
            "query_data.query",
            "audit_record.sqltext",
        ),
        status=f.of("general_data.status", "connection_data.status", "audit_record.status"),
        account=pc.struct_field(pc.extract_regex(user, r"^(?P<who>[^\[\s]*)"), "who"),
        address=host,
        session=f.of("connection_id", "audit_record.connection_id"),
        rows=f.of("query_statistics.rows_sent", "general_data.rows_sent"),
        database=f.of("connection_data.db", "audit_record.db"),
        table=pc.coalesce(pc.binary_join_element_wise(schema, table, "."), table),
    )


def _mssql_audit(f: Found, n: int, origin: Origin) -> Columns:
    schema, table = f.of("schema_name"), f.of("object_name")
    verb = pc.utf8_trim_whitespace(f.of("action_id"))
    columns = database_event(
        verb=cells.by_distinct(
            verb,
            lambda v: {"LGIS": "connect", "LGIF": "failed_connect", "LGO": "disconnect"}.get(v, v),
        ),
        statement=f.of("statement"),
        status=pa.nulls(n, pa.string()),
        account=f.of("server_principal_name", "session_server_principal_name"),
        address=f.of("client_ip"),
        session=f.of("session_id"),
        rows=f.of("affected_rows", "response_rows"),
        database=f.of("database_name"),
        table=pc.coalesce(pc.binary_join_element_wise(schema, table, "."), table),
    )
    failed = pc.is_in(
        pc.fill_null(pc.utf8_lower(f.of("succeeded")), "true"), pa.array(["false", "0"])
    )
    columns["outcome"] = pc.if_else(failed, "failure", columns["outcome"])
    return columns | {"code": verb, "host": f.of("server_instance_name")}


def _mongo(f: Found, n: int, origin: Origin) -> Columns:
    message = pc.fill_null(f.of("msg"), "")
    accepted = pc.equal(message, "Connection accepted")
    ended = pc.equal(message, "Connection ended")
    good = pc.match_substring_regex(
        message, r"^(?:Successfully authenticated|Authentication succeeded)"
    )
    bad = pc.equal(message, "Authentication failed")
    slow = pc.equal(message, "Slow query")
    kind, action = _word("other", n), _word("other", n)
    for mask, word, act in (
        (accepted, "connection", "open"), (ended, "connection", "close"), (good, "login", "login"), (bad, "login", "login"),
        (slow, "query", "select"),
    ):  # fmt: skip
        kind, action = pc.if_else(mask, word, kind), pc.if_else(mask, act, action)
    remote = f.of("attr.remote", "attr.client")
    found = pc.extract_regex(remote, r"^(?P<ip>.*?)(?::(?P<port>\d+))?$")
    return {
        "kind": kind,
        "action": action,
        "outcome": pc.if_else(bad, "failure", pc.if_else(pc.or_(good, slow), "success", "")),
        "account": cells.account(f.of("attr.user", "attr.principalName", "attr.user.user")),
        "session": f.of("ctx"),
        "src_ip": cells.address(pc.struct_field(found, "ip")),
        "src_port": cells.port(pc.struct_field(found, "port")),
        "object": f.of("attr.ns"),
        "object_kind": _word("table", n),
        "rows": cells.whole(f.of("attr.nreturned")),
        "bytes_out": cells.whole(f.of("attr.reslen")),
        "logon_type": _word("db", n),
        "process": _word("mongod", n),
        "code": f.of("id"),
        "message": message,
    }


def _samba(f: Found, n: int, origin: Origin) -> Columns:
    remote = f.of("Authentication.remoteAddress", "Authorization.remoteAddress")
    found = pc.extract_regex(remote, r"^(?:ipv[46]:)?(?P<ip>.*?)(?::(?P<port>\d+))?$")
    status = f.of("Authentication.status", "Authorization.status")
    return {
        "kind": _word("login", n),
        "action": _word("login", n),
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
        "logon_type": _word("smb", n),
        "object": f.of("Authentication.workstation"),
        "process": _word("samba", n),
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
        "kind": _word("file", n),
        "action": pc.fill_null(
            cells.by_distinct(
                verb, lambda v: _SAMBA_FILE.get(v, v if v in _FILE_WORDS else "open")
            ),
            "open",
        ),
        "outcome": _outcome(f.of("result", "status", "success")),
        "account": cells.account(f.of("user", "username", "account")),
        "src_ip": cells.address(f.of("client", "ip", "client_ip", "src_ip", "remote")),
        "logon_type": _word("smb", n),
        "object": pc.coalesce(pc.binary_join_element_wise(share, name, "/"), name, share),
        "object_kind": _word("file", n),
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
        "kind": _word("connection", n),
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
        "kind": _word("web", n),
        "action": _word("request", n),
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
        "kind": _word("other", n),
        "action": _word("other", n),
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
        "outcome": _outcome(f.of("outcome", "result", "event.outcome", "success")),
        "message": shortened(
            pc.fill_null(f.of("message", "msg", "event", "log", "MESSAGE", "textPayload"), "")
        ),
    }


_ANY_TIME = (_TIMES,)
DIALECTS: tuple[Dialect, ...] = (
    Dialect("windows", (("winlog.event_id", "EventID", "event_id", "Id"), (
        "winlog.channel", "Channel", "LogName", "log_name", "winlog.provider_name", "ProviderName", "SourceName")), _TIMES, _unread),
    Dialect("cloudtrail", (("eventSource",), ("eventName",), ("eventTime",)), ("eventTime",), _cloudtrail),
    Dialect("okta", (("eventType",), ("published",), ("actor.alternateId", "outcome.result")), ("published",), _okta),
    Dialect("entra", (("userPrincipalName", "properties.userPrincipalName", "UserPrincipalName"),
                      ("createdDateTime", "time", "TimeGenerated", "properties.createdDateTime")),
            ("createdDateTime", "properties.createdDateTime", "time", "TimeGenerated"), _sign_in),
    Dialect("postgres/jsonlog", (("timestamp",), ("error_severity",), ("message",)), ("timestamp",), _postgres),
    Dialect("mongodb", (("t.$date",), ("c",), ("msg",)), ("t.$date",), _mongo),
    Dialect("mysql/audit", (("audit_record.timestamp",),), ("audit_record.timestamp",), mysql_audit),
    Dialect("mysql/audit", (("timestamp",), ("class",), ("event",), ("connection_id", "id")), ("timestamp",), mysql_audit),
    Dialect("mssql/audit", (("event_time",), ("action_id",), ("server_principal_name", "statement")), ("event_time",), _mssql_audit),
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
