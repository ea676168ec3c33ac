"""What the attacker left that can be looked for elsewhere: addresses, accounts, tools, files, agents, hashes, URLs.

Everything comes from events of the chain. Hosts and addresses of ours are never the attacker's; our accounts that they
used are *abused*.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from amends.kernel import ids
from amends.kernel.engine.base import Engine
from amends.tables.timeline import INDICATORS
from amends.timeline.chain.build import hop_id
from amends.timeline.chain.shapes import Hop
from amends.timeline.network import Ground, parsed
from amends.timeline.rows import as_table

MOST_EVENTS = 50_000
"""Events of the chain looked at; of each hop at most a thousand are kept anyway."""

MOST_A_KIND = 500
"""Indicators kept of a kind, the most seen first."""

_HASH = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b", re.IGNORECASE)
_URL = re.compile(r"\b(?:https?|ftp|tftp|scp|sftp)://[^\s'\"<>|;]{4,300}", re.IGNORECASE)
_DOMAIN = re.compile(r"^(?:[a-z0-9_-]+\.)+[a-z]{2,24}$", re.IGNORECASE)
_TOOLS = re.compile(
    r"(?:^|[\s/\\;|&])(nmap|masscan|hydra|medusa|ncrack|mimikatz|psexec|psexesvc|rclone|chisel|ngrok|frpc|plink|socat|"
    r"crackmapexec|netexec|bloodhound|sharphound|adfind|procdump|lazagne|secretsdump|wmiexec|smbexec|sshpass|mega-put|"
    r"kerbrute|john|hashcat|zmap|rustscan|enum4linux)(?:64)?(?:\.exe|\.py)?(?=$|[\s;|&])",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bSHA256:[A-Za-z0-9+/]{43}\b")
_ORDINARY_AGENTS = re.compile(
    r"^-?$|mozilla/5\.0 \((windows|macintosh|x11|iphone|android|linux)", re.IGNORECASE
)


@dataclass
class _Trace:
    first_at: datetime | None
    last_at: datetime | None
    n: int
    hops: set[str]
    confidence: float
    why: str
    role: str


def indicators(engine: Engine, events: str, hops: Sequence[Hop], ours: Ground) -> pa.Table:
    """Return the rows of ``indicators``.

    Args:
        engine: The engine.
        events: Events as written.
        hops: All hops; those of the chain are looked at.
        ours: What is ours.
    """
    chain = [h for h in hops if h.status == "chain"]
    found: dict[tuple[str, str], _Trace] = {}
    for hop in chain:
        _of_hop(found, hop, ours)
    by_event = _hops_by_event(chain)
    for row in _rows(engine, events, by_event):
        _of_event(found, row, by_event[int(str(row["event_id"]))], ours)
    return as_table(INDICATORS, _kept(found))


def _hops_by_event(chain: Iterable[Hop]) -> dict[int, Hop]:
    out: dict[int, Hop] = {}
    for hop in chain:
        for event_id in hop.event_ids:
            out.setdefault(event_id, hop)
    return dict(list(out.items())[:MOST_EVENTS])


def _rows(engine: Engine, events: str, wanted: Mapping[int, Hop]) -> list[dict[str, object]]:
    if not wanted:
        return []
    engine.register("timeline_wanted", pa.table({"event_id": pa.array(list(wanted), pa.int64())}))
    found: list[dict[str, object]] = engine.arrow(
        f"""SELECT e.event_id, e."at", e.kind, e.action, e.outcome, e.account, e.target_account, e.command, e.object,
                   e.object_kind, e.url, e.user_agent, e.src_ip, e.message, e.process
            FROM timeline_wanted AS w JOIN {events} AS e ON e.event_id = w.event_id ORDER BY e."at", e.event_id"""
    ).to_pylist()
    engine.drop("timeline_wanted")
    return found


def _of_hop(found: dict[tuple[str, str], _Trace], hop: Hop, ours: Ground) -> None:
    """Take the addresses outside and the accounts of a hop."""
    for place, word in ((hop.source, "came from"), (hop.destination, "went to")):
        if parsed(place) is not None and ours.is_outside(place):
            _add(found, "ip", place, hop, hop.at, f"the intruder {word} it: {hop.why}", 0.95)
    entered = hop.phase in ("initial_access", "lateral_movement") or hop.group.startswith("access:")
    if entered and hop.account:
        _add(
            found,
            "account",
            hop.account,
            hop,
            hop.at,
            "the intruder logged in with it",
            0.9,
            "abused",
        )


def _of_event(
    found: dict[tuple[str, str], _Trace], row: Mapping[str, object], hop: Hop, ours: Ground
) -> None:
    at = row["at"] if isinstance(row["at"], datetime) else None
    text = " ".join(str(row[c] or "") for c in ("command", "object", "url"))
    for kind, value, why in (*_words(text), *_made(row)):
        if kind == "url" and _is_ours(value, ours):
            continue
        _add(found, kind, value, hop, at, why, 0.8)
    for address in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text):
        if ours.is_outside(address):
            _add(found, "ip", address, hop, at, "the intruder's command names it", 0.8)
    agent = str(row["user_agent"] or "")
    if agent and not _ORDINARY_AGENTS.search(agent):
        _add(
            found,
            "user_agent",
            agent[:300],
            hop,
            at,
            "the intruder's program called itself so",
            0.6,
        )


def _words(text: str) -> Iterable[tuple[str, str, str]]:
    finders: tuple[tuple[str, Callable[[str], list[str]], str], ...] = (
        ("hash", _HASH.findall, "it stands in the intruder's command"),
        ("url", _URL.findall, "the intruder's command names it"),
        ("tool", _TOOLS.findall, "the intruder ran it"),
        ("key", _KEY.findall, "the intruder used it"),
    )
    for kind, find, why in finders:
        for value in find(text):
            yield kind, value.lower() if kind in ("hash", "tool") else value, why
    for url in _URL.findall(text):
        host = url.split("://", 1)[1].split("/")[0].split("@")[-1].split(":")[0].lower()
        if _DOMAIN.match(host):
            yield "domain", host, "the intruder's command names it"


def _made(row: Mapping[str, object]) -> Iterable[tuple[str, str, str]]:
    """Yield accounts and files that the intruder made."""
    if row["kind"] == "account" and row["action"] == "create" and row["target_account"]:
        yield "account", str(row["target_account"]), "the intruder made it"
    touched = row["action"] in ("archive", "create", "write", "upload") and row["kind"] == "file"
    if touched and row["object"]:
        yield "file", str(row["object"])[:300], "the intruder wrote it"
    packed = re.findall(
        r"(/(?:tmp|var/tmp|dev/shm)/[^\s'\";|]+|[^\s'\";|]+\.(?:tar\.gz|tgz|zip|7z|rar))",
        str(row["command"] or ""),
    )
    for name in packed:
        yield "file", name[:300], "the intruder's command names it"


def _is_ours(url: str, ours: Ground) -> bool:
    host = (
        url.split("://", 1)[1]
        .split("/", maxsplit=1)[0]
        .rsplit("@", maxsplit=1)[-1]
        .split(":", maxsplit=1)[0]
    )
    return parsed(host) is not None and not ours.is_outside(host)


def _add(
    found: dict[tuple[str, str], _Trace], kind: str, value: str, hop: Hop, at: datetime | None,
    why: str, confidence: float, role: str = "attacker",
) -> None:  # fmt: skip
    trace = found.setdefault((kind, value), _Trace(at, at, 0, set(), 0.0, why, role))
    trace.n += hop.n_events if kind in ("ip",) and at == hop.at else 1
    trace.hops.add(hop_id(hop.group))
    trace.confidence = max(trace.confidence, round(confidence * max(hop.confidence, 0.5), 2))
    if at is not None:
        trace.first_at = min(trace.first_at or at, at)
        trace.last_at = max(trace.last_at or at, hop.to_at if at == hop.at else at)
    if role == "attacker" and why == "the intruder made it":
        trace.role, trace.why = role, why


def _kept(found: Mapping[tuple[str, str], _Trace]) -> list[dict[str, object]]:
    by_kind: dict[str, list[tuple[str, _Trace]]] = defaultdict(list)
    for (kind, value), trace in found.items():
        by_kind[kind].append((value, trace))
    rows: list[dict[str, object]] = []
    for kind in sorted(by_kind):
        best = sorted(by_kind[kind], key=lambda one: (-one[1].n, one[0]))[:MOST_A_KIND]
        for value, trace in sorted(best, key=lambda one: one[0]):
            rows.append(
                {
                    "indicator_id": "N" + ids.digest_value([kind, value])[:12],
                    "kind": kind,
                    "value": value,
                    "role": trace.role,
                    "first_at": trace.first_at,
                    "last_at": trace.last_at,
                    "n_events": trace.n,
                    "hop_ids": sorted(trace.hops),
                    "confidence": trace.confidence,
                    "why": trace.why,
                }
            )
    return rows
