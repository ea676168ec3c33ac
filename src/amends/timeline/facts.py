# ruff: noqa: E501  (expressions and tables read best on one line)
"""Known facts in sentences: backups, tests by order, scanners, outside addresses, VPN pools, maintenance.

Strangers write them, in their own words. A sentence is never thrown away: what cannot be told apart is ``other``, which
explains nothing away.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta

import numpy as np

from amends.timeline.known import KnownFact, Network
from amends.timeline.zones import NAMED_OFFSETS, is_zone, to_utc

MAX_SENTENCES = 5000
DAILY_RUN_MINUTES = 120
"""A job that starts daily at a time said to the minute is taken to run for at most two hours."""

_KINDS = (
    ("test", r"penetration|pen[- ]?test\w*|red[- ]?team\w*|security assessment|rules of engagement|phishing (?:simulation|exercise|test)|authori[sz]ed test\w*|security test\w*|ethical hack\w*|purple[- ]?team\w*|attack simulation"),
    ("vpn_pool", r"(?:vpn|remote[- ]access|anyconnect|globalprotect|openvpn|wireguard|dial[- ]?in)\b[^.;]{0,60}\b(?:pool|range|subnet|clients?|users?|addresses|network)|(?:pool|range|subnet|addresses)\b[^.;]{0,60}\b(?:vpn|remote[- ]access|anyconnect|globalprotect)"),
    ("backup", r"back[- ]?ups?\b|backed up|backs up|pg_?basebackup|replicat\w+|nightly (?:dump|copy|export|sync)|veeam|bacula|restic|borg\b|rman\b|mysqldump|pg_dump|snapshots?|etl\b|rsync|off-?site cop\w+"),
    ("scanner", r"scanner\w*|scans?\b|scanning|nessus|qualys|rapid7|nexpose|openvas|tenable|vulnerability|monitoring (?:probe|server|station|system)|nagios|zabbix|health[- ]?checks?|probes?\b"),
    ("maintenance", r"maintenance|patch\w*|change window|upgrad\w+|migrat\w+|reboot\w*|firmware|planned (?:work|outage|change)|chg[-_ ]?\d+|software update"),
    ("address", r"(?:public|outside|external|egress|nat|wan|internet|static|office|branch|partner|vendor|our own|owned|registered)\b[^.;]{0,60}\b(?:ip|ips|address\w*|range|block|network|prefix|subnet)|(?:address\w*|range|block|prefix|network|ip|ips)\b[^.;]{0,60}\b(?:ours|our own|belongs? to us|owned|office|branch|partner|headquarters|public|outside|internet|external)"),
)  # fmt: skip
_NOT = r"\b(?:no|not|never|without|nobody|isn't|wasn't|weren't|aren't|neither)\b(?:\W+\w+){0,3}\W+(?:%s)"
_KIND_PATTERNS = tuple(
    (kind, re.compile(rf"\b(?:{words})", re.I), re.compile(_NOT % words, re.I))
    for kind, words in _KINDS
)

_IP = r"(?:\d{1,3}\.){3}\d{1,3}"
_MASKED = re.compile(rf"({_IP})\s*(?:/|\s(?:net)?mask\s|\s)\s*(255\.(?:\d{{1,3}}\.){{2}}\d{{1,3}})")
_RANGE = re.compile(
    rf"({_IP})\s*(?:-|–|—|\bto\b|\bthrough\b|\.\.\.?)\s*({_IP}|\d{{1,3}}\b(?!\.\d))"
)
_CIDR = re.compile(rf"(?<![\d.])({_IP})(/\d{{1,2}})?(?![\d.]*\d)")
_V6 = re.compile(r"(?<![\w:])((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:/\d{1,3})?)(?![\w:])")

_ROW = re.compile(
    r"\d{1,4}[./\-]\d{1,2}[./\-]\d{2,4}\b|[^,]*,\S[^,]*,\S|[^;]*;[^;]*;|[^\t]*\t[^\t]*\t"
)
"""A line that begins with a date, or is a row of a table: it goes on from no sentence before it."""
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_DASH = r"\s*(?:-|–|—|to|through|until|and)\s*"
_DATES = (
    (re.compile(r"\b(\d{4})-(\d\d)-(\d\d)"), "ymd"),
    (re.compile(rf"\b({_MONTH})\s+{_DAY}{_DASH}{_DAY},?\s+(\d{{4}})\b", re.I), "mddy"),
    (re.compile(rf"\b{_DAY}{_DASH}{_DAY}\s+({_MONTH}),?\s+(\d{{4}})\b", re.I), "ddmy"),
    (re.compile(rf"\b({_MONTH})\s+{_DAY}(?:,?\s+(\d{{4}}))?\b", re.I), "mdy"),
    (re.compile(rf"\b{_DAY}\s+(?:of\s+)?({_MONTH})(?:,?\s+(\d{{4}}))?\b", re.I), "dmy"),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"), "us"),
    (re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\d]|\.\d)"), "dotted"),
)
_TIME = re.compile(r"(?<![\d:.])(\d{1,2})(?::(\d\d)(?::\d\d)?\s*(am|pm|a\.m\.|p\.m\.)?|\s*(am|pm|a\.m\.|p\.m\.)|\s*h\b|(\d\d)\s*(?:hours|hrs)\b)(?![\d:])", re.I)  # fmt: skip
_WORD_TIMES = re.compile(r"\b(midnight|noon)\b", re.I)
_DAILY = re.compile(
    r"\b(?:nightly|daily|every|each|weekdays?|cron|hourly|night|mornings?|evenings?)\b", re.I
)
_ACCOUNT_WORDS = re.compile(
    r"\b(?:(?:service\s+)?accounts?|users?|user\s*name|login|logs?\s+in\s+as|runs?\s+as|running\s+as|credentials?(?:\s+of)?|role|as\s+user)\b(?:\s+(?:is|named|called|of|for))?\s*[:=]?\s*[\"'`“‘(]?([A-Za-z_][\w.$\\@-]{1,63})",
    re.I,
)
_WORD_ACCOUNT = re.compile(
    r"[\"'`“‘]?\b([A-Za-z_][\w.$-]{1,63})\b[\"'`”’]?\s+(?:service\s+)?(?:account|user|login|role)\b",
    re.I,
)
_SERVICE_WORD = re.compile(r"\b((?:svc|srv|sa|app|adm|bkp|backup|batch|cron|etl|scan|test|pentest|pt)[_-][\w.$-]{1,60}|\w+[_](?:svc|ro|rw|backup|job|user|agent|scan))\b", re.I)  # fmt: skip
_COMMON = frozenset(
    [
        "the",
        "a",
        "an",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "with",
        "from",
        "for",
        "and",
        "or",
        "of",
        "on",
        "in",
        "at",
        "to",
        "by",
        "via",
        "that",
        "this",
        "these",
        "those",
        "its",
        "their",
        "our",
        "all",
        "any",
        "each",
        "every",
        "only",
        "service",
        "user",
        "users",
        "account",
        "accounts",
        "backup",
        "test",
        "tests",
        "admin",
        "named",
        "called",
        "used",
        "uses",
        "using",
        "which",
        "who",
        "will",
        "may",
        "can",
        "not",
        "no",
        "new",
        "same",
        "it",
        "as",
        "into",
        "per",
        "database",
        "local",
        "domain",
        "vpn",
        "remote",
        "root-level",
        "server",
        "host",
        "network",
        "role",
        "login",
        "logins",
        "own",
        "dedicated",
        "read",
        "write",
        "name",
        "names",
        "group",
        "it's",
        "does",
        "do",
        "runs",
        "run",
        "privileged",
        "shared",
        "normal",
        "other",
        "one",
        "two",
    ]
)


def known_facts(text: str, hosts: tuple[str, ...] = ()) -> list[KnownFact]:
    """Return the sentences of a text with what could be read out of each."""
    years = re.findall(r"\b(20\d\d)\b", text)
    year = int(max(set(years), key=years.count)) if years else None
    return [_fact(s, hosts, year) for s in _sentences(text)[:MAX_SENTENCES]]


def _sentences(text: str) -> list[str]:
    """Return sentences: a bullet, a line after an empty line, or what a full stop ends; wrapped lines are joined."""
    paragraphs: list[str] = []
    fresh = True
    for line in text.splitlines():
        bare = line.strip()
        if not bare or set(bare) <= set("=-_*#~"):
            fresh = True
            continue
        bullet = re.match(r"^(?:[-*•·–]|\d{1,3}[.)]|#+)\s+", bare)
        wrapped = (
            not bullet
            and paragraphs
            and (bare[0].islower() or bare[0].isdigit() or bare[0] in "(/,")
            and not _ROW.match(bare)
        )
        if (fresh or bullet or not wrapped) and not (wrapped and not fresh):
            paragraphs.append(bare[bullet.end() :] if bullet else bare)
        else:
            paragraphs[-1] += " " + bare
        fresh = False
    out: list[str] = []
    for paragraph in paragraphs:
        out += [
            s.strip()
            for s in re.split(r"(?<=[a-z0-9)\]\"'][.!?])\s+(?=[A-Z\"'(])", paragraph)
            if s.strip()
        ]
    return out


def _fact(sentence: str, hosts: tuple[str, ...], year: int | None) -> KnownFact:
    short = sentence[:4000]
    zone = _zone(short)
    from_at, to_at, daily = _when(short, zone, year)
    return KnownFact(
        _kind(short), sentence, _hosts(short, hosts), _accounts(short, hosts), _networks(short), from_at, to_at, daily
    )  # fmt: skip


def _kind(sentence: str) -> str:
    for kind, words, negated in _KIND_PATTERNS:
        if words.search(sentence) and not negated.search(sentence):
            return kind
    return "other"


def _hosts(sentence: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    words = {w.strip(".").lower() for w in re.findall(r"[\w.-]+", sentence)}
    words |= {w.split(".")[0] for w in words if not w.replace(".", "").isdigit()}
    return tuple(h for h in hosts if h.lower() in words or h.lower().split(".")[0] in words)


def _accounts(sentence: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for pattern in (_ACCOUNT_WORDS, _WORD_ACCOUNT, _SERVICE_WORD):
        found += [m[1] for m in pattern.finditer(sentence)]
    names = {h.lower().split(".")[0] for h in hosts} | {h.lower() for h in hosts}
    out: dict[str, None] = {}
    for word in found:
        name = re.sub(r"^.*\\", "", word).split("@")[0].strip(".-").lower()
        if len(name) > 1 and name not in _COMMON and name not in names:
            out[name] = None
    return tuple(out)


def _networks(sentence: str) -> tuple[Network, ...]:
    found: dict[Network, None] = {}
    rest = sentence
    for pattern, read in (
        (_MASKED, _by_mask),
        (_RANGE, _by_range),
        (_CIDR, _by_prefix),
        (_V6, _by_prefix),
    ):
        for match in pattern.finditer(rest):
            for network in read(match):
                found[network] = None
        rest = pattern.sub(" ", rest) if pattern in (_MASKED, _RANGE) else rest
    return tuple(found)


def _by_mask(match: re.Match[str]) -> list[Network]:
    return _network(f"{match[1]}/{match[2]}")


def _by_prefix(match: re.Match[str]) -> list[Network]:
    return _network(match[0])


def _network(text: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(text, strict=False)]
    except ValueError:
        return []


def _by_range(match: re.Match[str]) -> list[Network]:
    last = match[2] if "." in match[2] else match[1].rsplit(".", 1)[0] + "." + match[2]
    try:
        first, end = ipaddress.IPv4Address(match[1]), ipaddress.IPv4Address(last)
        return list(ipaddress.summarize_address_range(first, end)) if first <= end else []
    except ValueError:
        return []


def _zone(sentence: str) -> str:
    for word in re.findall(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+\b|\b[A-Z]{2,4}T\b|\bUTC(?:[+-]\d{1,2}(?::?\d\d)?)?|\bGMT\b|[+-]\d\d:\d\d\b", sentence):  # fmt: skip
        if (
            word in NAMED_OFFSETS or "/" in word or word[:3] in ("UTC", "GMT") or word[0] in "+-"
        ) and is_zone(word):
            return str(word)
    spoken = {"eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver", "pacific": "America/Los_Angeles"}  # fmt: skip
    match = re.search(r"\b(eastern|central|mountain|pacific)\b(?:\s+\w+)?\s+time", sentence, re.I)
    return spoken[match[1].lower()] if match else ""


def _when(
    sentence: str, zone: str, year: int | None
) -> tuple[datetime | None, datetime | None, tuple[int, int] | None]:
    days, rest = _days(sentence, year)
    minutes = _minutes(rest)
    if not days:
        return (
            None,
            None,
            _daily(minutes, zone, None) if _DAILY.search(sentence) or len(minutes) >= 2 else None,
        )
    first, last = min(days), max(days)
    if _DAILY.search(sentence) or (first != last and minutes):
        spread = len(days) > 1 or not re.search(
            r"\b(?:since|from|starting|as of)\b", sentence, re.I
        )
        return (
            _utc(first, 0, zone),
            _utc(last, 1440, zone) if spread else None,
            _daily(minutes, zone, first),
        )
    if not minutes:
        open_end = len(days) == 1 and re.search(r"\b(?:since|starting|as of)\b", sentence, re.I)
        return _utc(first, 0, zone), None if open_end else _utc(last, 1440, zone), None
    begin, end = minutes[0], minutes[-1] if len(minutes) > 1 else minutes[0] + DAILY_RUN_MINUTES
    return (
        _utc(first, begin, zone),
        _utc(last, end + (1440 if first == last and end < begin else 0), zone),
        None,
    )


def _days(sentence: str, year: int | None) -> tuple[list[datetime], str]:
    days: list[datetime] = []
    rest = sentence
    for pattern, order in _DATES:
        for match in pattern.finditer(rest):
            days += _read_days(match, order, year)
        rest = pattern.sub(" ", rest)
    return days, rest


def _read_days(match: re.Match[str], order: str, year: int | None) -> list[datetime]:
    g = match.groups()
    try:
        if order == "ymd":
            return [datetime(int(g[0]), int(g[1]), int(g[2]), tzinfo=UTC)]
        if order == "us":
            return [datetime(int(g[2]), int(g[0]), int(g[1]), tzinfo=UTC)]
        if order == "dotted":  # day first: nobody writes dots and the month first
            return [datetime(int(g[2]), int(g[1]), int(g[0]), tzinfo=UTC)]
        if order == "mddy":
            return [datetime(int(g[3]), _month(g[0]), int(d), tzinfo=UTC) for d in (g[1], g[2])]
        if order == "ddmy":
            return [datetime(int(g[3]), _month(g[2]), int(d), tzinfo=UTC) for d in (g[0], g[1])]
        month, day = (g[0], g[1]) if order == "mdy" else (g[1], g[0])
        own = int(g[2]) if g[2] else year
        return [datetime(own, _month(month), int(day), tzinfo=UTC)] if own else []
    except ValueError:
        return []


def _month(word: str) -> int:
    return _MONTHS.index(word[:3].lower()) + 1


def _minutes(sentence: str) -> list[int]:
    """Return the times of day of a sentence, in their order, as minutes."""
    bare = _V6.sub(" ", _CIDR.sub(" ", sentence))
    out: list[tuple[int, int]] = []
    for match in _TIME.finditer(bare):
        half = (match[3] or match[4] or "").lower().replace(".", "")
        hour, minute = int(match[1]), int(match[2] or match[5] or 0)
        if half and hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
        if hour <= 24 and minute < 60:
            out.append((match.start(), hour * 60 + minute))
    out += [
        (m.start(), 0 if m[1].lower() == "midnight" else 720) for m in _WORD_TIMES.finditer(bare)
    ]
    return [minute for _, minute in sorted(out)]


def _daily(minutes: list[int], zone: str, day: datetime | None) -> tuple[int, int] | None:
    """Return a daily window in minutes of UTC; a zone with two offsets widens it by their difference."""
    if not minutes:
        return None
    begin = minutes[0]
    end = minutes[1] if len(minutes) > 1 else begin + DAILY_RUN_MINUTES
    months = (
        [day] if day else [datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)]
    )
    shifts = [int((_utc(d, 720, zone) - d).total_seconds()) // 60 - 720 for d in months]
    return (begin + min(shifts)) % 1440, (end + max(shifts)) % 1440


def _utc(day: datetime, minutes: int, zone: str) -> datetime:
    wall = np.array([int((day + timedelta(minutes=minutes)).timestamp()) * 1_000_000], np.int64)
    at = int(to_utc(wall, zone)[0][0]) if zone else int(wall[0])
    return datetime.fromtimestamp(at / 1e6, UTC)
