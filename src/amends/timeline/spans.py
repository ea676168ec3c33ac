"""How long: first access, dwell time, time to exfiltrate, time to detect.

Source:
    NIST SP 800-61 rev. 2, 3.2: detection and analysis; dwell time is from first access to containment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from amends.kernel.case import Case
from amends.kernel.register import CaseEvent
from amends.tables.timeline import HOPS
from amends.timeline.taken_sources import Dates

CONTAINED = ("containment", "breach_end", "breach_to", "breach_ended", "exfiltration_ended")
"""Kinds of case events that say when the intruder was shut out or last there, the best first.

Source:
    The kinds that filings and letters take for the end of a breach (``amends event add --help``); a containment is the
    act itself, the others say when the intruder was last known to be there.
"""
DISCOVERED = ("discovery", "detection", "awareness")
"""Kinds of case events that say when the company found out; the first that is there counts."""


@dataclass(frozen=True)
class Spans:
    """The answers; ``None`` where the logs or the case cannot say.

    Attributes:
        first_access_at: When the intruder first got in.
        first_access_hop: That hop.
        entry: Source, destination and account of it.
        contained_at: When they were shut out, as the case says.
        last_at: Their last event.
        exfiltrated_at: When the first thing left.
        discovered_at: When the company found out, as the case says.
        dwell_seconds: First access to containment, or to the last event while none is stated.
        to_exfiltrate_seconds: First access to the first thing that left.
        to_detect_seconds: First access to discovery.
    """

    first_access_at: datetime | None = None
    first_access_hop: str = ""
    entry: tuple[str, str, str] = ("", "", "")
    contained_at: datetime | None = None
    last_at: datetime | None = None
    exfiltrated_at: datetime | None = None
    discovered_at: datetime | None = None
    dwell_seconds: float | None = None
    to_exfiltrate_seconds: float | None = None
    to_detect_seconds: float | None = None


def spans(case: Case) -> Spans:
    """Return first access and the spans of a case whose timeline was made; empty when there is no chain."""
    if not case.has(HOPS):
        return Spans()
    rows = case.engine.arrow(
        f"""SELECT hop_id, phase, "at", to_at, source, destination, account
            FROM {case.read(HOPS)} WHERE status = 'chain' ORDER BY step"""
    ).to_pylist()
    return spans_of(rows, case.events())


def spans_of(chain: list[dict[str, object]], events: Mapping[str, CaseEvent]) -> Spans:
    """Return the spans of a chain.

    Args:
        chain: Rows of ``hops`` of the chain, in order.
        events: Dated events of the case by kind.
    """
    contained = event_at(events, CONTAINED)
    discovered = event_at(events, DISCOVERED)
    if not chain:
        return Spans(contained_at=contained, discovered_at=discovered)
    entry = next((h for h in chain if h["phase"] == "initial_access"), None)
    moves = [h for h in chain if h["phase"] in ("initial_access", "lateral_movement")]
    first = entry or (moves[0] if moves else chain[0])
    at = _instant(first["at"])
    last = max((t for h in chain if (t := _instant(h["to_at"]) or _instant(h["at"]))), default=None)
    left = min(
        (t for h in chain if h["phase"] == "exfiltration" and (t := _instant(h["at"]))),
        default=None,
    )
    end = contained or last
    return Spans(
        at, str(first["hop_id"]), (str(first["source"]), str(first["destination"]), str(first["account"])),
        contained, last, left, discovered, _seconds(at, end), _seconds(at, left), _seconds(at, discovered),
    )  # fmt: skip


def dates_of(events: Mapping[str, CaseEvent]) -> Dates:
    """Return containment and discovery as the case knows them, with the kind they were entered as."""
    ended = next((k for k in CONTAINED if k in events), "")
    found = next((k for k in DISCOVERED if k in events), "")
    return Dates(
        contained_at=event_at(events, CONTAINED),
        discovered_at=event_at(events, DISCOVERED),
        contained_kind=ended,
        contained_day_only=bool(ended) and is_day(events[ended].at),
        discovered_day_only=bool(found) and is_day(events[found].at),
    )


def is_day(written: str) -> bool:
    """Answer whether a date of the case was entered as a day, without an hour."""
    return len(written.strip()) <= len("2026-08-04")


def event_at(events: Mapping[str, CaseEvent], kinds: tuple[str, ...]) -> datetime | None:
    """Return when the first of some kinds of case events was, in UTC; a day counts from its midnight."""
    for kind in kinds:
        if kind in events:
            at = datetime.fromisoformat(events[kind].at)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    if begin is None or end is None:
        return None
    return (end - begin).total_seconds()
