# ruff: noqa: E501  (a kind of event reads best on one line)
"""What the events of Windows mean: for each provider and number, the kind of event and the fields that fill its columns.

Source: Microsoft Learn, "Advanced security audit policy settings" and "Windows security auditing events" (fields of each
Security event), "Sysmon" (Sysinternals, events 1 to 29), "Remote Desktop Services" and "PowerShell" operational logs, SQL Server
errors 18453 to 18456 and audit event 33205; read 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spec:
    """What one kind of Windows event means.

    Attributes:
        kind: A word of ``KINDS``.
        action: A word of ``ACTIONS``.
        message: What happened, in a few words.
        outcome: success, failure, "" or ``status`` (success when the field Status or FailureCode is 0x0).
        object_kind: What ``object`` is.
        logon_type: Where the event itself says it.
        fields: Column, and the names of the fields that may fill it, the first that is there.
    """

    kind: str
    action: str
    message: str
    outcome: str = ""
    object_kind: str = ""
    logon_type: str = ""
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _f(**columns: str) -> dict[str, tuple[str, ...]]:
    return {c: tuple(names.split("|")) for c, names in columns.items()}


_SUBJECT = _f(account="SubjectUserName", session="SubjectLogonId")
_ON = _SUBJECT | _f(target_account="TargetUserName")
_LOGON = _f(
    account="TargetUserName", session="TargetLogonId", src_ip="IpAddress", src_port="IpPort", logon_type="LogonType",
    process="ProcessName", pid="ProcessId", object="WorkstationName", parent="SubjectUserName",
)  # fmt: skip
_GROUP = _SUBJECT | _f(target_account="MemberName|MemberSid", object="TargetUserName")
_TICKET = _f(account="TargetUserName", src_ip="IpAddress", src_port="IpPort", object="ServiceName")
_HANDLE = _SUBJECT | _f(object="ObjectName", process="ProcessName", pid="ProcessId")
_SHARE = _SUBJECT | _f(src_ip="IpAddress", src_port="IpPort")
_PACKET = _f(
    src_ip="SourceAddress", src_port="SourcePort", dst_ip="DestAddress", dst_port="DestPort", proto="Protocol",
    process="Application", pid="ProcessID|ProcessId",
)  # fmt: skip
_TASK = _SUBJECT | _f(object="TaskName", command="TaskContent|TaskContentNew")
_SESSION = _f(
    account="User|Param1|param1", session="SessionID", src_ip="Address|Param3|param3|IPString"
)
_PROGRAM = _f(process="Image", pid="ProcessId", account="User")
_REGISTRY = _PROGRAM | _f(object="TargetObject", command="Details|NewName")
_SHELL = _f(account="UserId|User", pid="ProcessID")
_THREAT = _f(object="Path", account="Detection User", process="Process Name", command="Threat Name")

SECURITY = {
    1102: Spec("log", "clear", "audit log cleared", "success", "log", fields=_SUBJECT),
    1100: Spec("log", "stop", "event logging service stopped"),
    4608: Spec("system", "boot", "Windows started"),
    4609: Spec("system", "shutdown", "Windows stopped"),
    4616: Spec("system", "time", "system time changed", fields=_SUBJECT | _f(object="NewTime", process="ProcessName")),
    4624: Spec("login", "login", "logon", "success", fields=_LOGON),
    4625: Spec("login", "login", "logon failed", "failure", fields=_LOGON),
    4634: Spec("logout", "logout", "logoff", "success", fields=_f(
        account="TargetUserName", session="TargetLogonId", logon_type="LogonType")),
    4647: Spec("logout", "logout", "logoff by the user", "success", fields=_f(account="TargetUserName", session="TargetLogonId")),
    4648: Spec("login", "login", "logon tried with explicit credentials", fields=_ON | _f(
        src_ip="IpAddress", src_port="IpPort", process="ProcessName", pid="ProcessId", object="TargetServerName")),
    4649: Spec("login", "login", "replayed credentials", "failure", fields=_ON),
    4656: Spec("file", "open", "handle to an object asked for", fields=_HANDLE),
    4657: Spec("config", "change", "registry value changed", "success", "key", fields=_HANDLE | _f(command="NewValue")),
    4660: Spec("file", "delete", "object deleted", "success", fields=_HANDLE),
    4661: Spec("file", "open", "handle to a directory object asked for", fields=_HANDLE),
    4662: Spec("file", "read", "directory object accessed", "success", "object", fields=_HANDLE),
    4663: Spec("file", "read", "object accessed", "success", "file", fields=_HANDLE),
    4670: Spec("privilege", "grant", "permissions of an object changed", "success", fields=_HANDLE),
    4672: Spec("privilege", "elevate", "special privileges at logon", "success", fields=_SUBJECT | _f(object="PrivilegeList")),
    4673: Spec("privilege", "elevate", "privileged service called", fields=_SUBJECT | _f(object="Service", process="ProcessName")),
    4674: Spec("privilege", "elevate", "operation on a privileged object", fields=_HANDLE),
    4688: Spec("process", "start", "process started", "success", "file", fields=_SUBJECT | _f(
        target_account="TargetUserName", process="NewProcessName", pid="NewProcessId", parent="ParentProcessName",
        command="CommandLine", object="NewProcessName")),
    4689: Spec("process", "end", "process ended", "success", fields=_SUBJECT | _f(process="ProcessName", pid="ProcessId")),
    4697: Spec("service", "install", "service installed", "success", "service", fields=_SUBJECT | _f(
        object="ServiceName", command="ServiceFileName", target_account="ServiceAccount")),
    4698: Spec("service", "job", "scheduled task created", "success", "job", fields=_TASK),
    4699: Spec("service", "job", "scheduled task deleted", "success", "job", fields=_TASK),
    4700: Spec("service", "job", "scheduled task enabled", "success", "job", fields=_TASK),
    4701: Spec("service", "job", "scheduled task disabled", "success", "job", fields=_TASK),
    4702: Spec("service", "job", "scheduled task changed", "success", "job", fields=_TASK),
    4703: Spec("privilege", "elevate", "token rights changed", "success", fields=_ON | _f(object="EnabledPrivilegeList", process="ProcessName")),
    4704: Spec("privilege", "grant", "user right given", "success", fields=_SUBJECT | _f(target_account="TargetSid", object="PrivilegeList")),
    4719: Spec("config", "change", "audit policy changed", "success", "policy", fields=_SUBJECT | _f(object="SubcategoryGuid")),
    4720: Spec("account", "create", "user account created", "success", fields=_ON),
    4722: Spec("account", "enable", "user account enabled", "success", fields=_ON),
    4723: Spec("account", "password", "own password change tried", fields=_ON),
    4724: Spec("account", "password", "password reset tried", fields=_ON),
    4725: Spec("account", "disable", "user account disabled", "success", fields=_ON),
    4726: Spec("account", "delete", "user account deleted", "success", fields=_ON),
    4738: Spec("account", "modify", "user account changed", "success", fields=_ON),
    4740: Spec("login", "lockout", "account locked out", "failure", fields=_f(
        account="TargetUserName", object="TargetDomainName")),
    4741: Spec("account", "create", "computer account created", "success", fields=_ON),
    4742: Spec("account", "modify", "computer account changed", "success", fields=_ON),
    4743: Spec("account", "delete", "computer account deleted", "success", fields=_ON),
    4765: Spec("account", "modify", "SID history added", "success", fields=_ON),
    4767: Spec("account", "enable", "account unlocked", "success", fields=_ON),
    4768: Spec("login", "login", "Kerberos ticket asked for", "status", "service", "kerberos", fields=_TICKET),
    4769: Spec("login", "login", "Kerberos service ticket asked for", "status", "service", "kerberos", fields=_TICKET),
    4770: Spec("login", "login", "Kerberos service ticket renewed", "success", "service", "kerberos", fields=_TICKET),
    4771: Spec("login", "login", "Kerberos pre-authentication failed", "failure", "service", "kerberos", fields=_TICKET),
    4772: Spec("login", "login", "Kerberos ticket refused", "failure", "service", "kerberos", fields=_TICKET),
    4776: Spec("login", "login", "credentials checked", "status", "", "ntlm", fields=_f(
        account="TargetUserName", object="Workstation")),
    4778: Spec("login", "login", "session reconnected", "success", "", "rdp", fields=_f(
        account="AccountName", session="LogonID", src_ip="ClientAddress", object="ClientName")),
    4779: Spec("logout", "logout", "session disconnected", "success", "", "rdp", fields=_f(
        account="AccountName", session="LogonID", src_ip="ClientAddress", object="ClientName")),
    4781: Spec("account", "modify", "account renamed", "success", fields=_SUBJECT | _f(
        target_account="NewTargetUserName", object="OldTargetUserName")),
    4798: Spec("file", "list", "local groups of a user listed", "success", "account", fields=_ON | _f(process="CallerProcessName")),
    4799: Spec("file", "list", "members of a local group listed", "success", "group", fields=_SUBJECT | _f(
        object="TargetUserName", process="CallerProcessName")),
    4800: Spec("logout", "logout", "workstation locked", "success", fields=_f(account="TargetUserName", session="TargetLogonId")),
    4801: Spec("login", "login", "workstation unlocked", "success", "", "unlock", fields=_f(
        account="TargetUserName", session="TargetLogonId")),
    4825: Spec("login", "login", "remote desktop refused", "failure", "", "rdp", fields=_f(account="AccountName", src_ip="ClientAddress")),
    4946: Spec("config", "change", "firewall rule added", "success", "rule", fields=_f(object="RuleName")),
    4947: Spec("config", "change", "firewall rule changed", "success", "rule", fields=_f(object="RuleName")),
    4948: Spec("config", "change", "firewall rule deleted", "success", "rule", fields=_f(object="RuleName")),
    4964: Spec("privilege", "elevate", "special group at logon", "success", fields=_ON),
    5136: Spec("config", "change", "directory object changed", "success", "object", fields=_SUBJECT | _f(
        object="ObjectDN", command="AttributeValue")),
    5137: Spec("config", "change", "directory object created", "success", "object", fields=_SUBJECT | _f(object="ObjectDN")),
    5140: Spec("file", "open", "share opened", "success", "share", "smb", fields=_SHARE | _f(object="ShareName")),
    5142: Spec("config", "change", "share added", "success", "share", fields=_SUBJECT | _f(object="ShareName", command="ShareLocalPath")),
    5145: Spec("file", "read", "file of a share accessed", "success", "file", "smb", fields=_SHARE | _f(object="RelativeTargetName")),
    5152: Spec("connection", "deny", "packet blocked", "failure", fields=_PACKET),
    5154: Spec("connection", "open", "port opened for listening", "success", fields=_PACKET),
    5156: Spec("connection", "allow", "connection allowed", "success", fields=_PACKET),
    5157: Spec("connection", "deny", "connection blocked", "failure", fields=_PACKET),
    5158: Spec("connection", "open", "port bound", "success", fields=_PACKET),
    6272: Spec("login", "login", "network policy server let a user in", "success", "", "vpn", fields=_f(
        account="SubjectUserName", src_ip="CallingStationID", dst_ip="NASIPv4Address")),
    6273: Spec("login", "login", "network policy server refused a user", "failure", "", "vpn", fields=_f(
        account="SubjectUserName", src_ip="CallingStationID", dst_ip="NASIPv4Address")),
}  # fmt: skip
SECURITY |= {
    n: Spec("account", "group", text, "success", "group", fields=_GROUP)
    for n, text in {
        4727: "global group created", 4728: "member added to a global group", 4729: "member taken from a global group",
        4730: "global group deleted", 4731: "local group created", 4732: "member added to a local group",
        4733: "member taken from a local group", 4734: "local group deleted", 4735: "local group changed",
        4737: "global group changed", 4754: "universal group created", 4755: "universal group changed",
        4756: "member added to a universal group", 4757: "member taken from a universal group",
    }.items()
}  # fmt: skip

EVENTLOG = {
    104: Spec(
        "log",
        "clear",
        "log cleared",
        "success",
        "log",
        fields=_f(account="SubjectUserName", object="Channel"),
    ),
    1100: Spec("log", "stop", "event logging service stopped"),
    1102: SECURITY[1102],
    1104: Spec("log", "stop", "security log is full"),
    1105: Spec("log", "rotate", "log archived by itself", object_kind="log"),
    6005: Spec("log", "start", "event log started"),
    6006: Spec("log", "stop", "event log stopped"),
}
SYSTEM = {
    1: Spec("system", "time", "system time changed", fields=_f(object="NewTime")),
    12: Spec("system", "boot", "Windows started"),
    13: Spec("system", "shutdown", "Windows stopping"),
    37: Spec("system", "time", "time synchronised", fields=_f(object="TimeSource")),
    41: Spec("system", "boot", "restarted without a clean stop"),
    1074: Spec("system", "shutdown", "restart or stop asked for", fields=_f(process="param1", account="param7")),
    6005: EVENTLOG[6005],
    6006: EVENTLOG[6006],
    6008: Spec("system", "shutdown", "stop was unexpected", "failure"),
    6009: Spec("system", "boot", "Windows started"),
    6013: Spec("system", "boot", "uptime"),
    7030: Spec("service", "modify", "service set to interact", object_kind="service", fields=_f(object="param1")),
    7034: Spec("service", "stop", "service ended unexpectedly", "failure", "service", fields=_f(object="param1")),
    7035: Spec("service", "start", "service sent a control", "success", "service", fields=_f(object="param1")),
    7036: Spec("service", "start", "service changed state", "success", "service", fields=_f(object="param1", command="param2")),
    7040: Spec("service", "modify", "start type of a service changed", "success", "service", fields=_f(object="param4|param1", command="param3")),
    7045: Spec("service", "install", "service installed", "success", "service", fields=_f(
        object="ServiceName", command="ImagePath", target_account="AccountName", account="UserID")),
}  # fmt: skip
SYSMON = {
    1: Spec("process", "start", "process started", "success", "file", fields=_PROGRAM | _f(
        parent="ParentImage", command="CommandLine", object="Image", session="LogonId")),
    2: Spec("file", "write", "creation time of a file changed", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    3: Spec("connection", "open", "network connection", "success", fields=_PROGRAM | _f(
        src_ip="SourceIp", src_port="SourcePort", dst_ip="DestinationIp", dst_port="DestinationPort", proto="Protocol",
        object="DestinationHostname")),
    4: Spec("log", "start", "Sysmon changed state", fields=_f(object="State")),
    5: Spec("process", "end", "process ended", "success", fields=_PROGRAM),
    6: Spec("service", "install", "driver loaded", "success", "file", fields=_f(object="ImageLoaded")),
    7: Spec("file", "read", "image loaded", "success", "file", fields=_PROGRAM | _f(object="ImageLoaded")),
    8: Spec("process", "command", "thread created in another process", "success", "file", fields=_f(
        process="SourceImage", pid="SourceProcessId", object="TargetImage", account="SourceUser")),
    9: Spec("file", "read", "disk read directly", "success", "device", fields=_PROGRAM | _f(object="Device")),
    10: Spec("process", "command", "process opened by another", "success", "file", fields=_f(
        process="SourceImage", pid="SourceProcessId|SourceProcessID", object="TargetImage", account="SourceUser")),
    11: Spec("file", "create", "file created", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    12: Spec("config", "change", "registry key created or deleted", "success", "key", fields=_REGISTRY),
    13: Spec("config", "change", "registry value set", "success", "key", fields=_REGISTRY),
    14: Spec("config", "change", "registry key renamed", "success", "key", fields=_REGISTRY),
    15: Spec("file", "create", "file stream created", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    16: Spec("config", "change", "Sysmon configuration changed", "success", "policy", fields=_f(object="Configuration")),
    17: Spec("file", "create", "pipe created", "success", "pipe", fields=_PROGRAM | _f(object="PipeName")),
    18: Spec("file", "open", "pipe connected", "success", "pipe", fields=_PROGRAM | _f(object="PipeName")),
    19: Spec("config", "change", "WMI filter set", "success", "rule", fields=_f(account="User", object="Name", command="Query")),
    20: Spec("config", "change", "WMI consumer set", "success", "rule", fields=_f(account="User", object="Name", command="Destination")),
    21: Spec("config", "change", "WMI consumer bound to a filter", "success", "rule", fields=_f(account="User", object="Filter", command="Consumer")),
    22: Spec("connection", "open", "name looked up", fields=_PROGRAM | _f(object="QueryName", command="QueryResults")),
    23: Spec("file", "delete", "file deleted", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    24: Spec("other", "other", "clipboard changed", fields=_PROGRAM),
    25: Spec("process", "command", "image of a process replaced", "success", fields=_PROGRAM | _f(object="Type")),
    26: Spec("file", "delete", "file deleted", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    27: Spec("file", "create", "executable blocked", "failure", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    28: Spec("file", "delete", "shredding blocked", "failure", "file", fields=_PROGRAM | _f(object="TargetFilename")),
    29: Spec("file", "create", "executable written", "success", "file", fields=_PROGRAM | _f(object="TargetFilename")),
}  # fmt: skip
POWERSHELL = {
    4103: Spec(
        "process",
        "command",
        "PowerShell pipeline run",
        fields=_SHELL | _f(command="Payload", object="ContextInfo"),
    ),
    4104: Spec(
        "process",
        "command",
        "PowerShell script block",
        fields=_SHELL | _f(command="ScriptBlockText", object="Path"),
    ),
    40961: Spec("process", "start", "PowerShell console starting", fields=_SHELL),
    53504: Spec("process", "start", "PowerShell remoting listener started", fields=_SHELL),
}
POWERSHELL_OLD = {
    n: Spec("process", action, text, fields=_f(command="Data"))
    for n, action, text in (
        (400, "start", "PowerShell engine started"), (403, "end", "PowerShell engine stopped"),
        (600, "start", "PowerShell provider started"), (800, "command", "PowerShell pipeline run"),
    )
}  # fmt: skip
TERMINAL = {
    21: Spec("login", "login", "session opened", "success", "", "rdp", fields=_SESSION),
    22: Spec(
        "process", "start", "shell of the session started", "success", "", "rdp", fields=_SESSION
    ),
    23: Spec("logout", "logout", "session ended", "success", "", "rdp", fields=_SESSION),
    24: Spec("logout", "logout", "session disconnected", "success", "", "rdp", fields=_SESSION),
    25: Spec("login", "login", "session reconnected", "success", "", "rdp", fields=_SESSION),
    39: Spec(
        "logout",
        "logout",
        "session disconnected by another",
        "success",
        "",
        "rdp",
        fields=_f(session="TargetSession"),
    ),
    1024: Spec(
        "connection",
        "open",
        "remote desktop client connecting",
        "",
        "",
        "rdp",
        fields=_f(object="Value"),
    ),
    1149: Spec(
        "login", "login", "remote desktop user authenticated", "success", "", "rdp", fields=_SESSION
    ),
}
WINRM = {
    6: Spec(
        "connection",
        "open",
        "remote shell session opened to another host",
        fields=_f(object="connection"),
    ),
    91: Spec(
        "process",
        "start",
        "remote shell created",
        "success",
        "",
        "winrm",
        fields=_f(object="resourceUri", account="UserID"),
    ),
    142: Spec("connection", "open", "remote shell operation failed", "failure"),
    161: Spec("login", "login", "remote shell user refused", "failure", "", "winrm"),
    169: Spec(
        "login",
        "login",
        "remote shell user authenticated",
        "success",
        "",
        "winrm",
        fields=_f(account="username"),
    ),
}
TASKS = {
    106: Spec("service", "job", "scheduled task registered", "success", "job", fields=_f(object="TaskName", account="UserContext")),
    140: Spec("service", "job", "scheduled task changed", "success", "job", fields=_f(object="TaskName", account="UserName")),
    141: Spec("service", "job", "scheduled task deleted", "success", "job", fields=_f(object="TaskName", account="UserName")),
    200: Spec("process", "start", "action of a task started", "success", "job", fields=_f(object="TaskName", command="ActionName")),
    201: Spec("process", "end", "action of a task ended", "success", "job", fields=_f(object="TaskName", command="ActionName")),
}  # fmt: skip
DEFENDER = {
    1006: Spec("other", "other", "malware found", "", "file", fields=_THREAT),
    1013: Spec(
        "log", "clear", "malware history deleted", "success", "log", fields=_f(account="User")
    ),
    1116: Spec("other", "other", "malware found", "", "file", fields=_THREAT),
    1117: Spec("other", "other", "malware acted upon", "success", "file", fields=_THREAT),
    5001: Spec("config", "change", "real-time protection switched off", "success", "policy"),
    5007: Spec(
        "config",
        "change",
        "antivirus configuration changed",
        "success",
        "policy",
        fields=_f(object="New Value"),
    ),
    5010: Spec("config", "change", "malware scanning switched off", "success", "policy"),
    5012: Spec("config", "change", "virus scanning switched off", "success", "policy"),
}
SMB = {
    551: Spec(
        "login",
        "login",
        "share session refused",
        "failure",
        "",
        "smb",
        fields=_f(account="UserName", object="ClientName"),
    ),
    1009: Spec(
        "connection",
        "deny",
        "share connection refused",
        "failure",
        "",
        "smb",
        fields=_f(object="ClientName"),
    ),
}
MSSQL = {
    18453: Spec("login", "login", "database logon, Windows account", "success", "", "db"),
    18454: Spec("login", "login", "database logon", "success", "", "db"),
    18455: Spec("login", "login", "database logon", "success", "", "db"),
    18456: Spec("login", "login", "database logon failed", "failure", "", "db"),
    15457: Spec("config", "change", "database option changed", "success", "policy"),
    33205: Spec("query", "other", "database audit", "", "table", "db"),
}
SPECS: dict[str, dict[int, Spec]] = {
    "security": SECURITY, "eventlog": EVENTLOG, "system": SYSTEM, "sysmon": SYSMON, "powershell": POWERSHELL,
    "powershell_old": POWERSHELL_OLD, "terminal": TERMINAL, "winrm": WINRM, "tasks": TASKS, "defender": DEFENDER,
    "smb": SMB, "mssql": MSSQL,
}  # fmt: skip
OTHER = Spec(
    "other", "other", "", fields=_f(account="SubjectUserName|TargetUserName|User", object="Data")
)
