r"""Windows hosts: events of the Security and System channels, as exported.

EVTX is Microsoft's binary format and cannot be written easily; incident teams pass such events on as XML
(``wevtutil qe Security /f:xml /e:Events``) or as the JSON lines of winlogbeat. The seed chooses one.

Source:
    Microsoft, "Audit logon", "Audit file share", "Audit file system" event pages (4624, 4625, 4634, 4663, 4672, 4688,
    4720, 4732, 4740, 5140, 5145, 1102, 7045); schema of events 2004/08; Elastic, winlogbeat exported fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Protocol
from xml.sax.saxutils import escape

from amends.demo.logs.estate import Machine
from amends.demo.logs.shelf import LogFile

DOMAIN = "LARKSPUR"
_AUDITING = "Microsoft-Windows-Security-Auditing"
_GUID = "{54849625-5478-4994-A5BA-3E3B0328C30D}"
XML_HEADER = '<?xml version="1.0" encoding="utf-8"?>\n<Events>\n'
XML_FOOTER = "</Events>\n"
_PROVIDERS = {
    1102: (
        "Microsoft-Windows-Eventlog",
        "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}",
        "Security",
        4,
        104,
    ),
    7045: ("Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}", "System", 4, 0),
    6005: ("EventLog", "", "System", 4, 0),
    7036: ("Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}", "System", 4, 0),
}
_TASKS = {4624: 12544, 4625: 12544, 4634: 12545, 4648: 12544, 4672: 12548, 4688: 13312, 4663: 12800, 5140: 12808,
          5145: 12811, 4740: 13824, 4720: 13824, 4732: 13826, 4776: 14336}  # fmt: skip
_FAILURES = (4625,)


class EventWriter(Protocol):
    """Writes one event in a format."""

    def write(
        self, machine: Machine, at: int, code: int, record: int, fields: dict[str, str]
    ) -> str:
        """Return the event as text."""
        ...


def _provider(code: int) -> tuple[str, str, str, int, int]:
    return _PROVIDERS.get(code, (_AUDITING, _GUID, "Security", 0, _TASKS.get(code, 0)))


def _keywords(code: int) -> str:
    if code in _PROVIDERS:
        return "0x4020000000000000" if code == 1102 else "0x8080000000000000"
    return "0x8010000000000000" if code in _FAILURES else "0x8020000000000000"


class XmlEvents:
    """One Event element a line, as wevtutil writes them."""

    def write(
        self, machine: Machine, at: int, code: int, record: int, fields: dict[str, str]
    ) -> str:
        """Return the event as XML."""
        name, guid, channel, level, task = _provider(code)
        guided = f" Guid='{guid}'" if guid else ""
        if code == 1102:
            inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
            body = (
                "<UserData><LogFileCleared xmlns='http://manifests.microsoft.com/win/2004/08/windows/eventlog'>"
                f"{inner}</LogFileCleared></UserData>"
            )
        else:
            inner = "".join(
                f"<Data Name='{key}'>{escape(value)}</Data>" for key, value in fields.items()
            )
            body = f"<EventData>{inner}</EventData>"
        return (
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            f"<Provider Name='{name}'{guided}/><EventID>{code}</EventID><Version>{2 if code == 4624 else 0}</Version>"
            f"<Level>{level}</Level><Task>{task}</Task><Opcode>0</Opcode><Keywords>{_keywords(code)}</Keywords>"
            f"<TimeCreated SystemTime='{machine.clock.zulu(at, 7)}'/><EventRecordID>{record}</EventRecordID>"
            f"<Correlation/><Execution ProcessID='712' ThreadID='{4000 + record % 900}'/><Channel>{channel}</Channel>"
            f"<Computer>{machine.name}.larkspur.example</Computer><Security/></System>{body}</Event>"
        )


class JsonEvents:
    """One JSON object a line, as winlogbeat sends them."""

    def write(
        self, machine: Machine, at: int, code: int, record: int, fields: dict[str, str]
    ) -> str:
        """Return the event as JSON."""
        name, guid, channel, _, _ = _provider(code)
        computer = f"{machine.name}.larkspur.example"
        held = (
            {"user_data": {**fields, "xml_name": "LogFileCleared"}}
            if code == 1102
            else {"event_data": fields}
        )
        return json.dumps({
            "@timestamp": machine.clock.zulu(at),
            "agent": {"type": "winlogbeat", "version": "8.11.3", "hostname": machine.name},
            "ecs": {"version": "8.0.0"},
            "event": {"code": str(code), "kind": "event", "provider": name,
                      "outcome": "failure" if code in _FAILURES else "success"},
            "host": {"name": computer},
            "log": {"level": "information"},
            "winlog": {"api": "wineventlog", "channel": channel, "computer_name": computer, "event_id": str(code),
                       "keywords": ["Audit Failure" if code in _FAILURES else "Audit Success"],
                       "opcode": "Info", "provider_guid": guid, "provider_name": name, "record_id": record,
                       "process": {"pid": 712, "thread": {"id": 4000 + record % 900}}, **held},
        })  # fmt: skip


@dataclass
class WindowsHost:
    """Writers of one Windows host's events.

    Record ids are given at the end of a window, in the order of time: see ``settle``.
    """

    machine: Machine
    log: LogFile
    writer: EventWriter
    record: int = 310_000
    waiting: list[tuple[int, int, dict[str, str], str]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)

    def event(self, at: int, code: int, fields: dict[str, str], label: str = "") -> None:
        """Add an event."""
        self.waiting.append((at, code, fields, label))

    def settle(self, until: int) -> None:
        """Number the events before an instant and put them on the shelf."""
        self.waiting.sort(key=lambda entry: entry[0])
        due = [entry for entry in self.waiting if entry[0] < until]
        self.waiting = self.waiting[len(due) :]
        for at, code, fields, label in due:
            self.record += 1
            text = self.writer.write(self.machine, at, code, self.record, fields)
            self.log.put(at, text, label)

    def logon(self, at: int, until: int, user: str, ip: str, port: int, kind: int, label: str = "", *,
              station: str = "-", elevated: bool = False) -> str:  # fmt: skip
        """Write a logon with its logoff and return its number."""
        number = f"0x{0x1A0000 + at // 1_000_000 % 0xFFFFF:x}"
        self.event(at, 4624, {
            "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0",
            "TargetUserSid": _sid(user), "TargetUserName": user, "TargetDomainName": DOMAIN, "TargetLogonId": number,
            "LogonType": str(kind), "LogonProcessName": "User32" if kind in (2, 10) else "NtLmSsp",
            "AuthenticationPackageName": "Negotiate" if kind in (2, 10) else "NTLM", "WorkstationName": station,
            "LogonGuid": "{00000000-0000-0000-0000-000000000000}", "TransmittedServices": "-",
            "LmPackageName": "-" if kind in (2, 10) else "NTLM V2", "KeyLength": "0" if kind in (2, 10) else "128",
            "ProcessId": "0x0", "ProcessName": "-", "IpAddress": ip, "IpPort": str(port),
            "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-", "TargetOutboundUserName": "-",
            "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843", "TargetLinkedLogonId": "0x0",
            "ElevatedToken": "%%1842" if elevated else "%%1843",
        }, label)  # fmt: skip
        if elevated:
            self.event(at + 200, 4672, {
                "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
                "SubjectLogonId": number,
                "PrivilegeList": "SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege SeDebugPrivilege",
            }, label)  # fmt: skip
        self.event(until, 4634, {
            "TargetUserSid": _sid(user), "TargetUserName": user, "TargetDomainName": DOMAIN, "TargetLogonId": number,
            "LogonType": str(kind),
        }, label)  # fmt: skip
        return number

    def failed(
        self,
        at: int,
        user: str,
        ip: str,
        port: int,
        kind: int,
        label: str = "",
        *,
        station: str = "-",
    ) -> None:
        """Write a failed logon."""
        self.event(at, 4625, {
            "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0",
            "TargetUserSid": "S-1-0-0", "TargetUserName": user, "TargetDomainName": DOMAIN, "Status": "0xc000006d",
            "FailureReason": "%%2313", "SubStatus": "0xc000006a", "LogonType": str(kind),
            "LogonProcessName": "NtLmSsp", "AuthenticationPackageName": "NTLM", "WorkstationName": station,
            "TransmittedServices": "-", "LmPackageName": "-", "KeyLength": "0", "ProcessId": "0x0",
            "ProcessName": "-", "IpAddress": ip, "IpPort": str(port),
        }, label)  # fmt: skip

    def locked(self, at: int, user: str, station: str, label: str = "") -> None:
        """Write an account's lock-out."""
        self.event(at, 4740, {
            "TargetUserName": user, "TargetDomainName": station, "TargetSid": _sid(user), "SubjectUserSid": "S-1-5-18",
            "SubjectUserName": f"{self.machine.name}$", "SubjectDomainName": DOMAIN, "SubjectLogonId": "0x3e7",
        }, label)  # fmt: skip

    def process(
        self, at: int, user: str, number: str, image: str, line: str, parent: str, label: str = ""
    ) -> None:
        """Write a process that began."""
        self.event(at, 4688, {
            "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": number, "NewProcessId": f"0x{0x1000 + at // 1_000_000 % 0x7000:x}",
            "NewProcessName": image, "TokenElevationType": "%%1937", "ProcessId": "0xb3c", "CommandLine": line,
            "TargetUserSid": "S-1-0-0", "TargetUserName": "-", "TargetDomainName": "-", "TargetLogonId": "0x0",
            "ParentProcessName": parent, "MandatoryLabel": "S-1-16-12288",
        }, label)  # fmt: skip

    def share(
        self,
        at: int,
        user: str,
        number: str,
        ip: str,
        port: int,
        share: str,
        folder: str,
        label: str = "",
    ) -> None:
        """Write a share that was opened."""
        self.event(at, 5140, {
            "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": number, "ObjectType": "File", "IpAddress": ip, "IpPort": str(port),
            "ShareName": f"\\\\*\\{share}", "ShareLocalPath": f"\\??\\{folder}", "AccessMask": "0x1",
            "AccessList": "%%4416",
        }, label)  # fmt: skip

    def read(self, at: int, user: str, number: str, ip: str, port: int, share: str, folder: str, path: str,
             label: str = "") -> None:  # fmt: skip
        """Write a file that was read over a share: access checked, then done."""
        self.event(at, 5145, {
            "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": number, "ObjectType": "File", "IpAddress": ip, "IpPort": str(port),
            "ShareName": f"\\\\*\\{share}", "ShareLocalPath": f"\\??\\{folder}", "RelativeTargetName": path,
            "AccessMask": "0x120089", "AccessList": "%%1538 %%1541 %%4416 %%4419 %%4423", "AccessReason": "-",
        }, label)  # fmt: skip
        self.event(at + 400, 4663, {
            "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": number, "ObjectServer": "Security", "ObjectType": "File",
            "ObjectName": f"{folder}\\{path}", "HandleId": f"0x{0x200 + at // 1000 % 0xFFF:x}",
            "AccessList": "%%4416", "AccessMask": "0x1", "ProcessId": "0x4", "ProcessName": "",
            "ResourceAttributes": "S:AI",
        }, label)  # fmt: skip

    def cleared(self, at: int, user: str, number: str, label: str = "") -> None:
        """Write that the Security log was cleared: the first record of the new log."""
        self.event(at, 1102, {
            "SubjectUserSid": _sid(user), "SubjectUserName": user, "SubjectDomainName": DOMAIN,
            "SubjectLogonId": number,
        }, label)  # fmt: skip

    def service(self, at: int, name: str, image: str, account: str, label: str = "") -> None:
        """Write a service that was installed."""
        self.event(at, 7045, {
            "ServiceName": name, "ImagePath": image, "ServiceType": "user mode service",
            "StartType": "demand start", "AccountName": account,
        }, label)  # fmt: skip


def _sid(user: str) -> str:
    number = 1_100
    for sign in user:
        number = (number * 31 + ord(sign)) % 8_000
    return f"S-1-5-21-1004336348-1177238915-682003330-{1_100 + number}"
