"""The deadline calendar as an iCalendar file.

Source: RFC 5545 (lines folded at 75 octets, CRLF, text escaped; all-day events for days, UTC for
instants; an alarm seven days and one day before).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from amends.kernel import clock, ids

_FOLD = 75


def calendar_ics(rows: Iterable[Mapping[str, object]], case: str, run_id: str) -> str:
    """Return the text of a calendar with one entry for each duty that has a last day.

    Args:
        rows: Rows of the table ``duties`` (or with its keys); rows without ``due_on`` are left out.
        case: Name of the case, shown as the calendar's name.
        run_id: The run the duties come from.
    """
    stamp = clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Amends//duties//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escape(f'{case}: duties ({run_id})')}",
    ]
    for row in rows:
        on = row.get("due_on")
        if isinstance(on, date):
            lines += _event(row, on, case, run_id, stamp)
    lines.append("END:VCALENDAR")
    return "".join(_fold(line) + "\r\n" for line in lines)


def _event(row: Mapping[str, object], on: date, case: str, run_id: str, stamp: str) -> list[str]:
    uid = ids.digest_value([case, str(row.get("duty_id") or _summary(row)), on.isoformat()])[:32]
    about = [
        str(row.get("why") or ""),
        f"Source: {row.get('source') or ''}",
        f"Confidence: {row.get('confidence') or ''}",
        *[str(w) for w in _list(row.get("warnings"))],
        f"Run {run_id}. Not legal advice.",
    ]
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}@amends",
        f"DTSTAMP:{stamp}",
        *_when(row.get("due_at"), on, str(row.get("standard") or "")),
        f"SUMMARY:{_escape(_summary(row))}",
        f"DESCRIPTION:{_escape(chr(10).join(about))}",
        f"CATEGORIES:{_escape(str(row.get('recipient') or 'duty'))}",
        "TRANSP:TRANSPARENT",
    ]
    for days in (7, 1):
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:-P{days}D"]
        lines += [f"DESCRIPTION:{_escape(_summary(row))}", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _when(at: object, on: date, standard: str) -> list[str]:
    """Return the time of an entry: an instant for hour clocks, else the whole day."""
    ends_the_day = isinstance(at, datetime) and at.astimezone(UTC).strftime("%H%M") == "2359"
    if isinstance(at, datetime) and not ends_the_day:
        instant = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return [f"DTSTART:{instant}", f"DTEND:{instant}"]
    return [
        f"DTSTART;VALUE=DATE:{on:%Y%m%d}",
        f"DTEND;VALUE=DATE:{on + timedelta(days=1):%Y%m%d}",
    ]


def _summary(row: Mapping[str, object]) -> str:
    to = row.get("to") or row.get("recipient") or ""
    count = row.get("n_persons")
    people = f" ({count:,} people)" if isinstance(count, int) and count else ""
    stage = f", {row['stage']}" if row.get("stage") else ""
    judge = " [judgement]" if row.get("answer") == "needs_judgement" else ""
    return f"{row.get('jurisdiction')}: tell {to}{stage}{people}{judge}"


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _escape(text: str) -> str:
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(sign, written)
    return "".join(c for c in text if c >= " " and c != "\x7f")


def _fold(line: str) -> str:
    """Fold a line so that no piece is longer than 75 octets and no character is cut."""
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        octets = character.encode("utf-8")
        room = _FOLD if not pieces else _FOLD - 1  # the leading space of a folded line counts
        if len(piece) + len(octets) > room:
            pieces.append(piece)
            piece = b""
        piece += octets
    pieces.append(piece)
    return "\r\n ".join(p.decode("utf-8") for p in pieces)
