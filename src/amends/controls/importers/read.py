"""The findings of other scanners, out of the exhibits of a case: the same finding once, with its latest state.

Reads the exhibits of role ``inventory``: what describes the company's systems, and was never stolen. A file that no
importer knows is left to ``paths``, which says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from amends.controls.importers.base import HEAD_BYTES, Scan, Seen, Unread
from amends.controls.importers.controls import controls_of
from amends.controls.importers.order import IMPORTERS
from amends.controls.importers.pieces import encoding_of
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.contents import Contents, Fault, joined
from amends.kernel.progress import step
from amends.tables.controls import SCANNER_FINDINGS
from amends.tables.custody import EXHIBITS

_log = logging.getLogger(__name__)
UNREAD = "unread"
"""Status of a row that is no finding but a place that could not be read; its title says what to do."""
_BATCH = 50_000
_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Source:
    """A file that may hold findings.

    Attributes:
        exhibit_id: Exhibit it is.
        path: Where its bytes lie.
        name: Its path as people know it.
        on: Day it shows, as given at intake or as a folder is called; ``None`` when nobody said.
    """

    exhibit_id: str
    path: Path
    name: str
    on: date | None = None


class Known(NamedTuple):
    """A finding as the latest scan shows it."""

    seen: Seen
    exhibit_id: str
    scanned_at: datetime | None


@dataclass(frozen=True)
class Reject:
    """A place that could not be read."""

    exhibit_id: str
    place: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Read:
    """What the files hold.

    Attributes:
        known: Each finding once, by its id.
        scans: Every dated scan.
        rejects: What could not be read.
        n_seen: Sightings before they were brought together.
    """

    known: dict[str, Known]
    scans: list[Scan]
    rejects: list[Reject]
    n_seen: int


def read_findings(case: Case) -> pa.Table:
    """Return the findings of other scanners in a case, as ``SCANNER_FINDINGS``, worst first.

    A place that could not be read is a row too: status ``unread``, rule the reason, title the remedy, no controls.
    The same finding in several files is one row with its latest state; it is ``closed`` when a file says so, or when a
    later scan of the same tool looked at the same place and no longer shows it.
    """
    sources = scanner_files(case)
    if not sources:
        return SCANNER_FINDINGS.schema.empty_table()
    with step(case.progress, "Findings of scanners", len(sources), "files"):
        return as_table(read_files(sources, case.contents))


def scanner_files(case: Case) -> list[Source]:
    """Return the exhibits that may hold findings of scanners."""
    if not case.has(EXHIBITS):
        return []
    rows = case.engine.arrow(
        f"SELECT exhibit_id, path, place, as_of_on FROM {case.read(EXHIBITS)} WHERE role = 'inventory' "
        "ORDER BY exhibit_id"
    ).to_pylist()
    made = []
    for row in rows:
        path = Path(row["place"])
        made.append(
            Source(
                row["exhibit_id"],
                path if path.is_absolute() else case.folder / path,
                row["path"],
                row["as_of_on"] or _day_of(row["path"]),
            )
        )
    return made


def _day_of(name: str) -> date | None:
    for part in reversed(name.replace("\\", "/").split("/")):
        found = _DAY.search(part)
        if found:
            try:
                return date.fromisoformat(found[1])
            except ValueError:
                return None
    return None


def read_files(sources: Iterable[Source], contents: Contents) -> Read:
    """Return what files hold: findings brought together, scans, and what could not be read; it never raises on them.

    Args:
        sources: The files.
        contents: Opens them, containers and all.
    """
    made = Read({}, [], [], 0)
    n_seen = 0
    for source in sources:
        for part in contents.raw(source.path, source.name.rsplit("/", 1)[-1]):
            name = f"{source.name}/{part.inner_path}" if part.inner_path else source.name
            if isinstance(part, Fault):
                continue  # paths reads the same exhibits and tells the faults of their containers
            n_seen += _read(made, source, name, part.stream)
    return replace(made, n_seen=n_seen)


def _head_of(stream: BinaryIO) -> bytes:
    """Return the first bytes; a stream may give less than is asked for at a time."""
    made = b""
    try:
        while len(made) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(made))):
            made += more
    except (OSError, EOFError, ValueError):
        _log.debug("the head of a file could not be read to its end")
    return made


def _read(made: Read, source: Source, name: str, stream: BinaryIO) -> int:
    """Bring what one file says into what is known; return how many findings it has."""
    head = _head_of(stream)
    text = head.decode(encoding_of(head), "replace")
    importer = next((i for i in IMPORTERS if i.detect(text, name.lower())), None)
    if importer is None:
        return 0
    given = datetime.combine(source.on, time(), UTC) if source.on else None
    waiting: dict[int, list[Seen]] = {}
    dated: dict[int, datetime | None] = {}
    count = 0

    def reject(fault: Unread) -> None:
        made.rejects.append(
            Reject(source.exhibit_id, f"{name} {fault.place}".strip(), fault.reason, fault.remedy)
        )

    try:
        for one in importer.read(joined(head, stream), name):
            if isinstance(one, Seen):
                count += 1
                waiting.setdefault(one.scan, []).append(one)
            elif isinstance(one, Scan):
                at = one.at or given
                dated[one.number] = at
                made.scans.append(replace(one, at=at))
                _bring(made.known, waiting.pop(one.number, []), source.exhibit_id, at)
            else:
                reject(one)
    except Exception as error:  # one bad file must not lose the rest; it is recorded
        _log.debug("importer %s failed: %s", importer.name, type(error).__name__)
        reject(
            Unread(
                "",
                "unreadable",
                f"Export it again; it looks like {importer.name} and could not be read.",
            )
        )
    for number, some in waiting.items():
        _bring(made.known, some, source.exhibit_id, dated.get(number, given))
    return count


def _bring(known: dict[str, Known], some: list[Seen], exhibit_id: str, at: datetime | None) -> None:
    for seen in some:
        scan_id = _scan_id(seen)
        fresh = Known(seen, exhibit_id, at)
        before = known.get(scan_id)
        if before is None or _order(fresh) >= _order(before):
            known[scan_id] = fresh


def _order(one: Known) -> tuple[datetime, bool, str]:
    """Return what sorts sightings of one finding: later scans, then open before closed, then later exhibits."""
    return (one.scanned_at or _NEVER, one.seen.status == "open", one.exhibit_id)


def _scan_id(seen: Seen) -> str:
    told = "\x1f".join((seen.tool.lower(), seen.rule, seen.key_place or seen.place, seen.subject))
    return "W" + ids.digest_text(told)[:16]


def as_table(read: Read) -> pa.Table:
    """Return what was read as ``SCANNER_FINDINGS``: worst first, then by rule, place and id; what is unread last."""
    closed = _gone(read)
    order = {word: n for n, word in enumerate(("critical", "high", "medium", "low", "info"))}
    keys = sorted(
        read.known,
        key=lambda k: (
            order[read.known[k].seen.severity],
            read.known[k].seen.rule,
            read.known[k].seen.place,
            k,
        ),
    )
    batches = [
        pa.RecordBatch.from_pylist(
            [_row(key, read.known[key], key in closed) for key in keys[at : at + _BATCH]],
            schema=SCANNER_FINDINGS.schema,
        )
        for at in range(0, len(keys), _BATCH)
    ]
    rejects = sorted({_reject_key(r): r for r in read.rejects}.items())
    batches.append(
        pa.RecordBatch.from_pylist(
            [_reject_row(key, r) for key, r in rejects], schema=SCANNER_FINDINGS.schema
        )
    )
    return pa.Table.from_batches(batches, schema=SCANNER_FINDINGS.schema)


def _gone(read: Read) -> set[str]:
    """Return the open findings that a later scan of the same tool looked for and did not show."""
    scans: dict[str, list[Scan]] = {}
    for scan in read.scans:
        if scan.at is not None:
            scans.setdefault(scan.tool.lower(), []).append(scan)
    gone = set()
    for key, one in read.known.items():
        if one.scanned_at is None or one.seen.status != "open":
            continue
        for scan in scans.get(one.seen.tool.lower(), ()):
            if scan.at and scan.at > one.scanned_at and scan.covers(one.seen.scope, one.seen.part):
                gone.add(key)
                break
    return gone


def _row(key: str, one: Known, gone: bool) -> dict[str, object]:
    seen = one.seen
    return {
        "scan_id": key,
        "exhibit_id": one.exhibit_id,
        "tool": seen.tool,
        "rule": seen.rule,
        "title": seen.title,
        "severity": seen.severity,
        "place": seen.place,
        "control_ids": controls_of(seen.tags, seen.rule, seen.title),
        "status": "closed" if gone else seen.status,
        "found_at": seen.at or one.scanned_at,
    }


def _reject_key(reject: Reject) -> str:
    return (
        "W"
        + ids.digest_text(f"{UNREAD}\x1f{reject.exhibit_id}\x1f{reject.place}\x1f{reject.reason}")[
            :16
        ]
    )


def _reject_row(key: str, reject: Reject) -> dict[str, object]:
    return {
        "scan_id": key,
        "exhibit_id": reject.exhibit_id,
        "tool": "Amends",
        "rule": reject.reason,
        "title": reject.remedy,
        "severity": "info",
        "place": reject.place[:300],
        "control_ids": [],
        "status": UNREAD,
        "found_at": None,
    }


def scans_of(read: Read) -> Iterator[Scan]:
    """Yield the scans that carry a date, earliest first."""
    yield from sorted((s for s in read.scans if s.at), key=lambda s: (s.at or _NEVER, s.tool))
