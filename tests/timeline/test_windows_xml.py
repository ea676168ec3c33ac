# ruff: noqa: E501  (events are as long as they are)
"""Windows events as XML: what they mean, and XML made to harm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.windows_xml import MysqlXml, WindowsXml
from tests.timeline.parsing import chosen, garbled, has, read

NS = "http://schemas.microsoft.com/win/2004/08/events/event"
SECURITY = "Microsoft-Windows-Security-Auditing"
SYSMON = "Microsoft-Windows-Sysmon"


def event(
    number: int,
    provider: str = SECURITY,
    channel: str = "Security",
    keywords: str = "0x8020000000000000",
    **fields: str,
) -> str:
    body = "".join(f'<Data Name="{name}">{value}</Data>' for name, value in fields.items())
    return (
        f'<Event xmlns="{NS}"><System><Provider Name="{provider}" Guid="{{x}}"/><EventID>{number}</EventID><Keywords>{keywords}</Keywords>'
        f'<TimeCreated SystemTime="2024-05-06T07:08:09.1234567Z"/><EventRecordID>7</EventRecordID><Execution ProcessID="4" ThreadID="8"/>'
        f"<Channel>{channel}</Channel><Computer>DC1.corp.example</Computer></System><EventData>{body}</EventData></Event>"
    )


MEANT = [
    (event(4624, TargetUserName="Ann", TargetDomainName="CORP", TargetLogonId="0x3e7", LogonType="10", IpAddress="::ffff:10.0.0.5", IpPort="51514"),
     {"kind": "login", "outcome": "success", "account": "ann", "src_ip": "10.0.0.5", "src_port": 51514, "logon_type": "rdp", "session": "0x3e7"}),
    (event(4625, TargetUserName="ann", LogonType="3", IpAddress="-", IpPort="-"), {"outcome": "failure", "logon_type": "network", "src_ip": None}),
    (event(4634, TargetUserName="ann", LogonType="3"), {"kind": "logout"}),
    (event(4648, SubjectUserName="bob", TargetUserName="adm", TargetServerName="FS1"), {"account": "bob", "target_account": "adm", "object": "FS1"}),
    (event(4672, SubjectUserName="adm"), {"kind": "privilege", "action": "elevate", "account": "adm"}),
    (event(4688, SubjectUserName="ann", NewProcessName="C:\\a.exe", CommandLine="a -x", NewProcessId="0x1a4", ParentProcessName="C:\\p.exe"),
     {"kind": "process", "action": "start", "command": "a -x", "pid": 420, "parent": "C:\\p.exe", "process": "C:\\a.exe"}),
    (event(4697, SubjectUserName="ann", ServiceName="svc", ServiceFileName="cmd /c x"), {"kind": "service", "action": "install", "object": "svc", "command": "cmd /c x"}),
    (event(4698, TaskName="\\t"), {"kind": "service", "action": "job", "object": "\\t"}),
    (event(4719, SubjectUserName="a"), {"kind": "config", "action": "change"}),
    (event(4720, SubjectUserName="adm", TargetUserName="evil"), {"kind": "account", "action": "create", "account": "adm", "target_account": "evil"}),
    (event(4726, TargetUserName="evil"), {"kind": "account", "action": "delete"}),
    (event(4732, SubjectUserName="adm", MemberName="-", MemberSid="S-1-5-21-1", TargetUserName="Administrators"),
     {"kind": "account", "action": "group", "target_account": "s-1-5-21-1", "object": "Administrators"}),
    (event(4740, TargetUserName="ann"), {"kind": "login", "action": "lockout"}),
    (event(4768, TargetUserName="ann", Status="0x0", IpAddress="::ffff:10.0.0.5"), {"outcome": "success", "logon_type": "kerberos", "src_ip": "10.0.0.5"}),
    (event(4768, TargetUserName="ann", Status="0x6"), {"outcome": "failure"}),
    (event(4776, TargetUserName="ann", Status="0xc000006a"), {"outcome": "failure", "logon_type": "ntlm"}),
    (event(5140, SubjectUserName="ann", ShareName="\\\\*\\HR", IpAddress="10.0.0.5"), {"kind": "file", "object": "\\\\*\\HR", "object_kind": "share"}),
    (event(5145, SubjectUserName="ann", ShareName="\\\\*\\HR", RelativeTargetName="a.csv", AccessMask="0x1"), {"action": "read", "object": "\\\\*\\HR\\a.csv"}),
    (event(5145, ShareName="x", RelativeTargetName="a", AccessMask="0x2", keywords="0x8010000000000000"), {"action": "write", "outcome": "failure"}),
    (event(4663, ObjectName="C:\\a.csv", AccessMask="0x10000"), {"action": "delete", "object": "C:\\a.csv"}),
    (event(5156, SourceAddress="10.0.0.5", SourcePort="5", DestAddress="10.0.0.6", DestPort="445", Protocol="6"), {"kind": "connection", "action": "allow", "proto": "tcp", "dst_port": 445}),
    (event(1102, "Microsoft-Windows-Eventlog", SubjectUserName="ann"), {"kind": "log", "action": "clear", "account": "ann"}),
    (event(104, "Microsoft-Windows-Eventlog", "System", Channel="System"), {"kind": "log", "action": "clear"}),
    (event(7045, "Service Control Manager", "System", ServiceName="svc", ImagePath="x.exe"), {"kind": "service", "action": "install", "command": "x.exe"}),
    (event(6008, "EventLog", "System"), {"kind": "system", "action": "shutdown"}),
    (event(1, "Microsoft-Windows-Kernel-General", "System", NewTime="x"), {"kind": "system", "action": "time"}),
    (event(1, SYSMON, "Microsoft-Windows-Sysmon/Operational", Image="C:\\a.exe", CommandLine="a", ParentImage="p", User="CORP\\ann", ProcessId="12"),
     {"kind": "process", "action": "start", "account": "ann", "pid": 12, "source": "evtx/sysmon"}),
    (event(3, SYSMON, "x", SourceIp="10.0.0.5", DestinationIp="203.0.113.9", DestinationPort="443", Protocol="tcp"), {"kind": "connection", "dst_port": 443}),
    (event(11, SYSMON, "x", TargetFilename="C:\\x.zip"), {"kind": "file", "action": "create", "object": "C:\\x.zip"}),
    (event(4104, "Microsoft-Windows-PowerShell", "x", ScriptBlockText="iex"), {"kind": "process", "action": "command", "command": "iex"}),
    (event(21, "Microsoft-Windows-TerminalServices-LocalSessionManager", "x", User="CORP\\ann", SessionID="2", Address="10.0.0.5"),
     {"kind": "login", "logon_type": "rdp", "account": "ann", "src_ip": "10.0.0.5"}),
    (event(21, "Some-Other-Provider", "x", User="ann"), {"kind": "other", "source": "evtx"}),
    (event(99999, SYSMON, "x"), {"kind": "other"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), MEANT)
def test_what_an_event_means(text: str, wanted: dict) -> None:
    assert chosen(text.encode()) == "windows_xml"
    (row,) = read(WindowsXml(), text.encode()).events
    has(
        row,
        **({"host": "DC1.corp.example", "at": datetime(2024, 5, 6, 7, 8, 9, 123456, UTC)} | wanted),
    )


def test_fields_stay_under_their_names() -> None:
    (row,) = read(
        WindowsXml(), event(4624, TargetUserName="Ann", Empty="", ProcessId="0x1").encode()
    ).events
    extra = row["extra"]
    assert (
        extra["EventID"] == "4624"
        and extra["Channel"] == "Security"
        and extra["Provider_Name"] == SECURITY
    )
    assert extra["TargetUserName"] == "Ann" and extra["EventRecordID"] == "7"
    assert "Empty" not in extra
    assert extra["ProcessId"] == "0x1" and "ProcessID" not in extra, (
        "of two names that differ in case the event's own holds"
    )


def test_sql_server_writes_who_in_its_text() -> None:
    texts = "<Data>sa</Data><Data> Reason: x</Data><Data> [CLIENT: 10.0.0.5]</Data>"
    failed = event(18456, "MSSQLSERVER", "Application").replace(
        "<EventData>", "<EventData>" + texts
    )
    (row,) = read(WindowsXml(), failed.encode()).events
    has(row, kind="login", outcome="failure", account="sa", src_ip="10.0.0.5", logon_type="db")
    audit = "audit_schema_version:1&#10;action_id:SL&#10;succeeded:true&#10;server_principal_name:CORP\\ann&#10;schema_name:dbo&#10;object_name:c&#10;statement:select * from c&#10;client_ip:10.0.0.5&#10;"
    told = event(33205, "MSSQLSERVER$AUDIT", "Application").replace(
        "<EventData>", f"<EventData><Data>{audit}</Data>"
    )
    (row,) = read(WindowsXml(), told.encode()).events
    has(
        row,
        kind="query",
        action="select",
        object="dbo.c",
        account="ann",
        command="select * from c",
        src_ip="10.0.0.5",
    )


HOSTILE = [
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + event(1).replace("<EventData>", "<EventData><Data>&b;</Data>"),
    event(1)[:-40], event(1).replace("</System>", ""), event(1).replace('Name="', 'Name=<'),
    f'<Event xmlns="{NS}">' + "<a>" * 3000, f'<Event xmlns="{NS}"></Event>',
]  # fmt: skip


@pytest.mark.parametrize("bad", HOSTILE)
def test_a_hostile_event_costs_itself_only(bad: str) -> None:
    found = read(WindowsXml(), f"<Events>{event(4624)}{bad}{event(4625)}</Events>".encode())
    assert [row["code"] for row in found.events if row["code"] != "1"] == ["4624", "4625"]
    assert len(found.rejects) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_encodings_and_control_characters(encoding: str) -> None:
    text = '<?xml version="1.0"?>\n' + event(4688, CommandLine="a&#x1;\x02b é").replace(
        "utf-8", encoding
    )
    (row,) = read(WindowsXml(), text.encode(encoding)).events
    assert row["command"] == "ab é"


NEW = b"""<?xml version="1.0" encoding="utf-8"?>
<AUDIT>
 <AUDIT_RECORD>
  <TIMESTAMP>2024-05-06T07:08:09 UTC</TIMESTAMP>
  <NAME>Query</NAME><CONNECTION_ID>5</CONNECTION_ID><STATUS>0</STATUS><USER>app[app] @ localhost [127.0.0.1]</USER>
  <IP>10.0.0.5</IP><SQLTEXT>SELECT * FROM crm.t WHERE a &lt; 1</SQLTEXT>
 </AUDIT_RECORD>
 <AUDIT_RECORD><TIMESTAMP>
</AUDIT>
"""
OLD = b"""<?xml version="1.0" encoding="UTF-8"?>
<AUDIT>
<AUDIT_RECORD
  NAME="Connect" TIMESTAMP="2024-05-06T07:08:09Z" CONNECTION_ID="36" STATUS="1045" USER="root" HOST="h" IP="10.0.0.9"
/>
"""


def test_audit_of_mysql_in_both_styles() -> None:
    assert chosen(NEW) == chosen(OLD) == "mysql_audit_xml"
    found = read(MysqlXml(), NEW)
    has(
        found.events[0],
        kind="query",
        object="crm.t",
        account="app",
        src_ip="10.0.0.5",
        outcome="success",
    )
    assert found.rejects == [(2, "not a whole record")]
    has(
        read(MysqlXml(), OLD).events[0],
        kind="login",
        outcome="failure",
        account="root",
        src_ip="10.0.0.9",
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_events_are_events_or_rejects_whatever_is_done_to_them(seed: int) -> None:
    read(WindowsXml(), garbled("".join(text for text, _ in MEANT[:6]).encode(), seed))
    read(MysqlXml(), garbled(NEW, seed))
