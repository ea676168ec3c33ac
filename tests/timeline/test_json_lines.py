# ruff: noqa: E501  (lines of logs are as long as they are)
"""JSON: an event a line, arrays and documents of them, by dialect."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.json_lines import JsonLog
from tests.timeline.parsing import chosen, garbled, has, read

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
GET = {"eventVersion": "1.08", "userIdentity": {"type": "IAMUser", "userName": "Ann", "accessKeyId": "AKIAEXAMPLE"}, "eventTime": "2024-05-06T07:08:09Z",
       "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli",
       "requestParameters": {"bucketName": "b", "key": "k/x.csv"}, "additionalEventData": {"bytesTransferredOut": 5200.0}}  # fmt: skip
CONSOLE = {"eventVersion": "1.08", "eventTime": "2024-05-06T07:08:09Z", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
           "userIdentity": {"userName": "ann"}, "sourceIPAddress": "198.51.100.7", "responseElements": {"ConsoleLogin": "Failure"}}  # fmt: skip
CASES = [
    (GET, {"source": "cloudtrail", "kind": "file", "action": "download", "account": "ann", "object": "b/k/x.csv", "bytes_out": 5200, "src_ip": "198.51.100.7"}),
    (CONSOLE, {"kind": "login", "outcome": "failure", "account": "ann"}),
    (GET | {"eventName": "AttachUserPolicy", "errorCode": "AccessDenied"}, {"kind": "privilege", "action": "grant", "outcome": "failure"}),
    ({"@timestamp": "2024-05-06T07:08:09.000Z", "winlog": {"event_id": 4625, "channel": "Security", "provider_name": "Microsoft-Windows-Security-Auditing",
      "computer_name": "DC1", "event_data": {"TargetUserName": "ann", "IpAddress": "10.0.0.5", "LogonType": "3"}}},
     {"source": "evtx/security", "kind": "login", "outcome": "failure", "account": "ann", "src_ip": "10.0.0.5", "host": "DC1", "code": "4625"}),
    ({"EventTime": "2024-05-06 07:08:09", "Hostname": "H1", "EventID": 4688, "SourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security",
      "NewProcessName": "C:\\a.exe", "CommandLine": "a -x"}, {"kind": "process", "action": "start", "command": "a -x", "host": "H1", "utc": False}),
    ({"_path": "conn", "ts": 1714979289.0, "uid": "C1", "id.orig_h": "10.0.0.5", "id.orig_p": 1, "id.resp_h": "203.0.113.9", "id.resp_p": 443, "proto": "tcp",
      "orig_bytes": 10, "resp_bytes": 20}, {"source": "zeek/conn", "kind": "connection", "bytes_in": 10, "bytes_out": 20}),
    ({"timestamp": "2024-05-06 07:08:09.000 UTC", "user": "app", "dbname": "crm", "pid": 42, "remote_host": "10.0.0.5", "remote_port": 5555, "error_severity": "LOG",
      "message": "AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.c,select 1,<none>,12"},
     {"source": "postgres/pgaudit", "rows": 12, "object": "public.c", "src_port": 5555, "account": "app"}),
    ({"t": {"$date": "2024-05-06T07:08:09.000+00:00"}, "s": "I", "c": "ACCESS", "id": 20249, "ctx": "conn1", "msg": "Authentication failed",
      "attr": {"user": "ann", "remote": "10.0.0.5:1234"}}, {"source": "mongodb", "kind": "login", "outcome": "failure", "src_port": 1234}),
    ({"timestamp": "2024-05-06 07:08:09", "id": 0, "class": "general", "event": "status", "connection_id": 5, "account": {"user": "app", "host": ""},
      "login": {"user": "app", "ip": "10.0.0.5"}, "general_data": {"command": "Query", "query": "SELECT * FROM crm.t", "status": 0}},
     {"source": "mysql/audit", "kind": "query", "action": "select", "object": "crm.t", "outcome": "success", "src_ip": "10.0.0.5"}),
    ({"timestamp": "2024-05-06 07:08:09", "id": 1, "class": "connection", "event": "connect", "connection_id": 5, "login": {"user": "app", "ip": "10.0.0.5"},
      "connection_data": {"status": 1045}}, {"kind": "login", "outcome": "failure"}),
    ({"audit_record": {"name": "Query", "record": "1", "timestamp": "2024-05-06T07:08:09Z", "command_class": "select", "connection_id": "5", "status": 0,
      "sqltext": "SELECT 1 FROM t", "user": "app[app] @  [10.0.0.5]", "ip": "10.0.0.5"}}, {"source": "mysql/audit", "account": "app", "object": "t"}),
    ({"event_time": "2024-05-06T07:08:09Z", "action_id": "SL  ", "succeeded": True, "server_principal_name": "CORP\\ann", "schema_name": "dbo", "object_name": "c",
      "statement": "select * from c", "client_ip": "10.0.0.5", "affected_rows": 7}, {"source": "mssql/audit", "object": "dbo.c", "rows": 7, "account": "ann"}),
    ({"eventType": "user.session.start", "published": "2024-05-06T07:08:09.000Z", "actor": {"alternateId": "ann@corp.example"}, "client": {"ipAddress": "198.51.100.7"},
      "outcome": {"result": "FAILURE"}}, {"source": "okta", "kind": "login", "outcome": "failure", "account": "ann"}),
    ({"createdDateTime": "2024-05-06T07:08:09Z", "userPrincipalName": "ann@corp.example", "ipAddress": "198.51.100.7", "status": {"errorCode": 50126}},
     {"source": "entra", "kind": "login", "outcome": "failure"}),
    ({"timestamp": "2024-05-06T07:08:09.000000+0000", "event_type": "flow", "src_ip": "10.0.0.5", "src_port": 1, "dest_ip": "203.0.113.9", "dest_port": 443, "proto": "TCP",
      "flow": {"bytes_toserver": 10, "bytes_toclient": 20}}, {"kind": "connection", "action": "flow", "bytes_in": 10, "bytes_out": 20, "dst_port": 443}),
    ({"timestamp": "2024-05-06T07:08:09.000000+0000", "type": "Authentication", "Authentication": {"status": "NT_STATUS_WRONG_PASSWORD", "clientAccount": "ann",
      "remoteAddress": "ipv4:10.0.0.5:5555"}}, {"source": "samba/auth", "outcome": "failure", "src_ip": "10.0.0.5", "account": "ann"}),
    ({"timestamp": "2024-05-06T07:08:09Z", "user": "ann", "client": "10.0.0.5", "share": "hr", "operation": "pread", "file": "a.csv", "result": "ok"},
     {"source": "samba/files", "kind": "file", "action": "read", "object": "hr/a.csv"}),
    ({"time": "2024-05-06T07:08:09+00:00", "remote_addr": "10.0.0.5", "request_uri": "/x", "status": 200, "body_bytes_sent": 9, "http_user_agent": "curl"},
     {"source": "web/json", "kind": "web", "status": 200, "bytes_out": 9}),
    ({"time": "2024-05-06T07:08:09Z", "level": "info", "msg": "hello", "user": "bob"}, {"source": "json", "kind": "other", "message": "hello", "account": "bob"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "wanted"),
    CASES,
    ids=[str(w.get("source", i)) + str(i) for i, (_, w) in enumerate(CASES)],
)
def test_each_dialect(event: dict, wanted: dict) -> None:
    log = json.dumps(event).encode() + b"\n"
    assert chosen(log) == "json"
    (row,) = read(JsonLog(), log).events
    has(row, **({"at": AT} | wanted))
    assert row["extra"], "every field is kept"


def test_documents_arrays_and_lines_hold_the_same() -> None:
    lines = b"".join(json.dumps(e).encode() + b"\n" for e in (GET, CONSOLE))
    forms = [
        json.dumps({"Records": [GET, CONSOLE]}).encode(),
        json.dumps({"Records": [GET, CONSOLE]}, indent=2).encode(),
        json.dumps([GET, CONSOLE]).encode(),
        b"[\n" + b",\n".join(json.dumps(e).encode() for e in (GET, CONSOLE)) + b"\n]\n",
        json.dumps(GET, indent=1).encode() + b"\n" + json.dumps(CONSOLE, indent=1).encode(),
    ]
    wanted = [row["extra"] for row in read(JsonLog(), lines).events]
    for form in forms:
        assert chosen(form) == "json"
        assert [row["extra"] for row in read(JsonLog(), form).events] == wanted


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"[1, 2]",
        b'{"a": 1}',
        b"plain text",
        b"[2024] text",
        b'{"name": "ann", "ssn": "x"}\n',
    ],
)
def test_what_has_no_time_is_no_log(head: bytes) -> None:
    assert not JsonLog().detect(head, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [
    b"nope", b'{"time": ', b'{"a":' * 5000, b"[" * 100_000, b'{"time": "x", "a": ' + b"[" * 3000 + b"]" * 3000 + b"}", b"\xff\xfe{", b"\0\0\0", b"17", b"null",
])  # fmt: skip
def test_a_hostile_line_costs_itself_only(bad: bytes) -> None:
    good = json.dumps(GET).encode()
    found = read(JsonLog(), good + b"\n" + bad + b"\n" + good + b"\n")
    assert len([r for r in found.events if r["source"] == "cloudtrail"]) == 2


def test_a_cut_document_keeps_what_was_whole() -> None:
    whole = json.dumps({"Records": [GET, CONSOLE]}).encode()
    found = read(JsonLog(), whole[:-40])
    assert len(found.events) == 1
    assert found.rejects == [(2, "cut off or not JSON")]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_lines_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    lines = b"".join(json.dumps(event).encode() + b"\n" for event, _ in CASES)
    read(JsonLog(), garbled(lines, seed))
    read(JsonLog(), garbled(json.dumps({"Records": [GET, CONSOLE]}, indent=1).encode(), seed))
