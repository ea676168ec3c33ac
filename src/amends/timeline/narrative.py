"""Words of the narrative: instants with the company's own time, spans, lists, techniques."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amends.timeline.known import Known

PROVED, LIKELY, UNSAID = "proved", "likely", "cannot be said"

# A step is told as proved where hardly anything speaks against it, as likely where more speaks for it than against.
_PROVED_FROM, _LIKELY_FROM = 0.85, 0.5

# Names as MITRE ATT&CK for Enterprise v16 gives them (attack.mitre.org, read November 2026).
TECHNIQUES = {
    "T1003": "OS Credential Dumping", "T1005": "Data from Local System", "T1018": "Remote System Discovery",
    "T1020": "Automated Exfiltration", "T1021": "Remote Services", "T1021.001": "Remote Desktop Protocol",
    "T1021.002": "SMB/Windows Admin Shares", "T1021.004": "SSH", "T1021.006": "Windows Remote Management",
    "T1030": "Data Transfer Size Limits", "T1039": "Data from Network Shared Drive",
    "T1040": "Network Sniffing", "T1041": "Exfiltration Over C2 Channel", "T1046": "Network Service Discovery",
    "T1048": "Exfiltration Over Alternative Protocol",
    "T1048.001": "Exfiltration Over Symmetric Encrypted Non-C2 Protocol",
    "T1048.002": "Exfiltration Over Asymmetric Encrypted Non-C2 Protocol",
    "T1048.003": "Exfiltration Over Unencrypted Non-C2 Protocol", "T1053": "Scheduled Task/Job", "T1053.003": "Cron",
    "T1059": "Command and Scripting Interpreter", "T1068": "Exploitation for Privilege Escalation",
    "T1070": "Indicator Removal", "T1070.001": "Clear Windows Event Logs",
    "T1070.002": "Clear Linux or Mac System Logs", "T1070.003": "Clear Command History", "T1070.004": "File Deletion",
    "T1071": "Application Layer Protocol", "T1074": "Data Staged", "T1074.001": "Local Data Staging",
    "T1074.002": "Remote Data Staging", "T1078": "Valid Accounts", "T1078.001": "Default Accounts",
    "T1078.002": "Domain Accounts", "T1078.003": "Local Accounts", "T1078.004": "Cloud Accounts",
    "T1082": "System Information Discovery", "T1087": "Account Discovery", "T1090": "Proxy",
    "T1098": "Account Manipulation", "T1098.004": "SSH Authorized Keys", "T1105": "Ingress Tool Transfer",
    "T1110": "Brute Force", "T1110.001": "Password Guessing", "T1110.003": "Password Spraying",
    "T1110.004": "Credential Stuffing", "T1114": "Email Collection", "T1119": "Automated Collection",
    "T1133": "External Remote Services", "T1136": "Create Account", "T1136.001": "Local Account",
    "T1190": "Exploit Public-Facing Application", "T1213": "Data from Information Repositories",
    "T1213.006": "Databases", "T1219": "Remote Access Tools", "T1485": "Data Destruction",
    "T1530": "Data from Cloud Storage", "T1543": "Create or Modify System Process",
    "T1548": "Abuse Elevation Control Mechanism", "T1548.003": "Sudo and Sudo Caching",
    "T1552": "Unsecured Credentials", "T1552.001": "Credentials In Files", "T1552.004": "Private Keys",
    "T1556": "Modify Authentication Process", "T1560": "Archive Collected Data",
    "T1560.001": "Archive via Utility", "T1562": "Impair Defenses", "T1562.001": "Disable or Modify Tools",
    "T1562.002": "Disable Windows Event Logging", "T1562.004": "Disable or Modify System Firewall",
    "T1567": "Exfiltration Over Web Service", "T1567.002": "Exfiltration to Cloud Storage",
    "T1570": "Lateral Tool Transfer", "T1590": "Gather Victim Network Information", "T1595": "Active Scanning",
    "T1595.001": "Scanning IP Blocks", "T1595.002": "Vulnerability Scanning",
    "T1602": "Data from Configuration Repository",
    "T1602.002": "Network Device Configuration Dump",
}  # fmt: skip


def technique_words(technique: str) -> str:
    """Return a technique by name where it is known: ``SSH, T1021.004``."""
    name = TECHNIQUES.get(technique) or TECHNIQUES.get(technique.split(".", maxsplit=1)[0], "")
    return f"{name}, {technique}" if name else technique


def standing_of(confidence: float | None) -> str:
    """Return how firmly a step may be told."""
    sure = confidence or 0.0
    return PROVED if sure >= _PROVED_FROM else LIKELY if sure >= _LIKELY_FROM else UNSAID


def told(standing: str, sentence: str) -> str:
    """Return a sentence as firm as its standing: nothing before what is proved."""
    if standing == PROVED:
        return sentence
    start = "It is likely that " if standing == LIKELY else "It cannot be said for sure that "
    return start + sentence[:1].lower() + sentence[1:]


class Clock:
    """Writes instants in UTC and in the company's own time."""

    def __init__(self, known: Known, zone: str = "") -> None:
        """Take the zone given, else the one most hosts write in."""
        named = Counter(
            h.time_zone for h in known.hosts if h.time_zone and h.time_zone.upper() not in _UTC
        )
        first = max(named, key=lambda z: (named[z], z), default="")
        self.zone = zone_named(zone or first)
        self.name = zone or first

    def words(self, at: datetime) -> str:
        """Return an instant to the minute: ``3 August 2026, 01:00 UTC (2 August, 18:00 PDT)``."""
        utc = at.astimezone(UTC)
        said = self.utc(at)
        if self.zone is None:
            return said
        local = at.astimezone(self.zone)
        name = local.tzname() or self.name
        day = "" if local.date() == utc.date() else f"{local.day} {local:%B}, "
        return f"{said} ({day}{local:%H:%M} {name})"

    def utc(self, at: datetime) -> str:
        """Return an instant to the minute, in UTC only: ``3 August 2026, 01:00 UTC``."""
        utc = at.astimezone(UTC)
        return f"{utc.day} {utc:%B %Y}, {utc:%H:%M} UTC"

    def day(self, at: datetime) -> str:
        """Return the day of an instant in UTC."""
        utc = at.astimezone(UTC)
        return f"{utc.day} {utc:%B %Y}"

    def days_between(self, at: datetime, on: datetime) -> int:
        """Return whole days from an instant, on the company's calendar, to a day entered without an hour."""
        local = at.astimezone(self.zone) if self.zone is not None else at.astimezone(UTC)
        return (on.astimezone(UTC).date() - local.date()).days


_UTC = ("UTC", "Z", "ETC/UTC", "GMT", "+00:00", "LINE")


def zone_named(name: str) -> tzinfo | None:
    """Return a zone by its IANA name or offset; ``None`` where there is none of that name."""
    if not name:
        return None
    if name[0] in "+-" and len(name) >= 3 and name[1:].replace(":", "").isdigit():
        digits = name[1:].replace(":", "").ljust(4, "0")
        span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(span if name[0] == "+" else -span)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def span_words(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    left = int(abs(seconds))
    parts = []
    for word, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:,} {word}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "less than a minute"


def listed(words: Iterable[str], most: int = 12) -> str:
    """Return words as a sentence lists them: ``a, b and c``."""
    found = list(dict.fromkeys(w for w in words if w))
    if len(found) > most:
        found = [*found[:most], f"{len(found) - most} more"]
    if len(found) < 2:
        return "".join(found)
    return ", ".join(found[:-1]) + " and " + found[-1]


def counted(count: int, unit: str) -> str:
    """Return a number with its unit, one of it in the singular: ``1 file``, ``1,459 rows``."""
    word = unit or "rows"
    if count == 1:
        word = {"persons": "person", "people": "person", "entries": "entry"}.get(
            word, word.removesuffix("s")
        )
    return f"{count:,} {word}"
