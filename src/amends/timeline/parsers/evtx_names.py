"""Names of Windows logs and of kinds of logon.

Source: Microsoft Learn, event 4624, "Logon Type"; providers of the event logs of Windows; read 2026.
"""

from __future__ import annotations

# Which log an event belongs to, by provider: the channel of an exported or forwarded log may be another.
LOGS = {
    "microsoft-windows-security-auditing": "security",
    "microsoft-windows-eventlog": "eventlog",
    "service control manager": "system",
    "eventlog": "system",
    "microsoft-windows-kernel-general": "system",
    "microsoft-windows-kernel-power": "system",
    "microsoft-windows-power-troubleshooter": "system",
    "microsoft-windows-time-service": "system",
    "user32": "system",
    "microsoft-windows-sysmon": "sysmon",
    "microsoft-windows-powershell": "powershell",
    "powershell": "powershell_old",
    "microsoft-windows-terminalservices-localsessionmanager": "terminal",
    "microsoft-windows-terminalservices-remoteconnectionmanager": "terminal",
    "microsoft-windows-terminalservices-rdpclient": "terminal",
    "microsoft-windows-winrm": "winrm",
    "microsoft-windows-taskscheduler": "tasks",
    "microsoft-windows-windows defender": "defender",
    "microsoft-windows-smbserver": "smb",
    "microsoft-windows-dns-client": "dns",
}

# Winlogon's numbers: Microsoft Learn, event 4624, "Logon Type".
LOGON_TYPES = {
    "0": "system", "2": "console", "3": "network", "4": "batch", "5": "service", "7": "unlock", "8": "cleartext",
    "9": "newcredentials", "10": "rdp", "11": "console", "12": "rdp", "13": "unlock",
}  # fmt: skip


def log_of(provider: str, channel: str) -> str:
    """Return which of ``SPECS`` an event's provider and channel point to; "" for none."""
    low = provider.lower()
    if low.startswith(("mssql", "sqlserver")):
        return "mssql"
    if low in LOGS:
        return LOGS[low]
    # SharePoint, ADFS and others write to Security with providers of their own; old Windows named it "Security".
    return "security" if low == "security" or (not low and channel.lower() == "security") else ""
