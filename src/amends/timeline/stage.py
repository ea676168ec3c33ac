"""The order of the steps: read every log once, set the clocks, find duplicates and gaps, then tell the chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS
from amends.tables.timeline import (
    DETECTIONS,
    EVENTS,
    GAPS,
    HOPS,
    INDICATORS,
    LOG_FILES,
    STATEMENTS,
    TABLES,
    TAKEN,
)
from amends.timeline import correct, duplicates, gaps, network, rows, shared, skew
from amends.timeline.chain.build import build
from amends.timeline.chain.decided import KINDS, read_decisions
from amends.timeline.detections import settled_sql
from amends.timeline.indicators import indicators
from amends.timeline.ingest import EventFile, Ingest, LogExhibit, roster_heads
from amends.timeline.known import Known
from amends.timeline.roster import MAX_TABLE_BYTES, HostNames, read_known
from amends.timeline.scrub import mask_texts
from amends.timeline.sigma.addresses import Inside
from amends.timeline.sigma.detector import Detector
from amends.timeline.sigma.loading import load_rules
from amends.timeline.spans import CONTAINED, DISCOVERED, dates_of
from amends.timeline.statements import statements
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Dates, Sources

_SCRATCH = (
    "timeline_raw", "timeline_logs", shared.CLOCKS, correct.SKEWS, duplicates.DUPLICATES, network.IPS, network.ASSIGNED,
    "timeline_detected", "timeline_sessions", "timeline_accesses", "timeline_flows", "timeline_failures",
    "timeline_deeds", "timeline_probes", "timeline_transfers", "timeline_fired",
)  # fmt: skip


def run(case: Case) -> None:
    """Write what happened when, how the intruder moved, what left, and what the logs cannot say."""
    logs = _log_exhibits(case)
    if not logs:
        _write_nothing(case)
        return
    known = known_of(case)
    try:
        with case.scratch("timeline") as folder:
            detections = _read(case, logs, known, folder)
            _write_events(case, folder, known)
        _write_story(case, known, detections)
    finally:
        for name in _SCRATCH:
            case.engine.drop(name)


def known_of(case: Case) -> Known:
    """Return what the company told: the exhibits of role ``roster`` that are lists of hosts, stores or facts."""
    told = [(place, path) for place, path, _ in _exhibits(case, "roster")]
    return read_known(roster_heads(case.contents, told, MAX_TABLE_BYTES))


def _read(case: Case, logs: list[LogExhibit], known: Known, folder: Path) -> pa.Table:
    """Read all logs into the scratch folder and return what the rules found."""
    own = case.folder / "rules"
    rules = load_rules([own] if own.is_dir() else [], own=True)
    ground = network.ground(known)
    ours = [*ground.inside, *(network.single(ip) for ip in ground.hosts)]
    detector = Detector(rules, Inside([n for n in ours if n is not None]), mask_texts)
    into = EventFile(folder / "events.parquet")
    ingest = Ingest(case.contents, HostNames(known.hosts), detector, into)
    with step(case.progress, "Reading logs", sum(e.size_bytes for e in logs), "bytes") as task:
        try:
            ingest.take(logs, task)
        finally:
            into.close()
    case.engine.register("timeline_logs", pa.Table.from_pylist(ingest.rows, LOG_FILES.schema))
    return detector.finish()


def _write_events(case: Case, folder: Path, known: Known) -> None:
    """Write the events with their times corrected and duplicates named, and the account of the files."""
    engine = case.engine
    raw = engine.view("timeline_raw", [folder / "events.parquet"])
    with step(case.progress, "Setting clocks", 3, "steps") as task:
        ips = network.place_addresses(engine, raw, network.ground(known))
        found = skew.estimate(engine, raw, '"timeline_logs"', ips)
        skews = engine.register(correct.SKEWS, skew.skew_table(found))
        task.advance()
        clocks = f'"{shared.CLOCKS}"'
        corrected = f"({correct.corrected_sql(raw, clocks, skews)})"
        twice = duplicates.find_duplicates(engine, corrected, '"timeline_logs"', clocks)
        task.advance()
        case.write(EVENTS, correct.marked_sql(corrected, twice))
        files = correct.log_files(engine, '"timeline_logs"', case.read(EVENTS), clocks, skews)
        case.write(LOG_FILES, files)
        task.advance()


def _write_story(case: Case, known: Known, found: pa.Table) -> None:
    """Write detections, gaps, hops, indicators, what was taken, and the narrative."""
    engine, events, logs = case.engine, case.read(EVENTS), case.read(LOG_FILES)
    with step(case.progress, "Following the intruder", 4, "steps") as task:
        engine.register("timeline_fired", found)
        case.write(DETECTIONS, settled_sql('"timeline_fired"', events))
        task.advance()
        detections = engine.arrow(f"SELECT * FROM {case.read(DETECTIONS)}")
        decided = read_decisions(case.decisions())
        ours = network.ground(known)
        chain = build(engine, events, f'"{network.IPS}"', detections, known, decided)
        case.write(HOPS, rows.hop_table(chain.hops))
        task.advance()
        missing = gaps.find_gaps(engine, events, logs, known)
        case.write(GAPS, rows.gap_table(missing, chain.accesses, chain.hops))
        case.write(INDICATORS, indicators(engine, events, chain.hops, ours))
        task.advance()
        sources, dates = _sources(case), _dates(case)
        estimated = taken(engine, sources, known, dates)
        case.write(TAKEN, estimated)
        case.write(STATEMENTS, statements(engine, sources, estimated, known, dates))
        task.advance()


def _sources(case: Case) -> Sources:
    """Return the names of the tables that estimates and narrative read."""
    return Sources(
        events=case.read(EVENTS),
        hops=case.read(HOPS),
        gaps=case.read(GAPS),
        exhibits=case.read(EXHIBITS),
        items=case.read(ITEMS),
        columns=case.read(COLUMNS),
    )


def _dates(case: Case) -> Dates:
    return dates_of(case.events())


def _write_nothing(case: Case) -> None:
    for table in TABLES:
        case.write(table, pa.Table.from_pylist([], table.schema))


def _exhibits(case: Case, role: str) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield place, path as given and row of every exhibit of a role."""
    listed = case.engine.arrow(
        f"SELECT * FROM {case.read(EXHIBITS)} WHERE role = ? ORDER BY exhibit_id", [role]
    ).to_pylist()
    for row in listed:
        place = Path(row["place"])
        yield place if place.is_absolute() else case.folder / place, row["path"], row


def _log_exhibits(case: Case) -> list[LogExhibit]:
    made = []
    for place, path, row in _exhibits(case, "log"):
        received = row["received_at"]
        day = row["as_of_on"] or (
            received.astimezone(UTC).date() if isinstance(received, datetime) else None
        )
        made.append(
            LogExhibit(row["exhibit_id"], place, path, row["sha256"], row["size_bytes"] or 0, day)
        )
    return made


def _also(case: Case) -> object:
    """Return what else the result depends on: decisions, dates of the case, the case's own rules."""
    own = case.folder / "rules"
    files = sorted(p for p in own.rglob("*") if p.is_file()) if own.is_dir() else []
    made = [d for d in case.decisions() if d.kind in KINDS]
    dated = {k: e.at for k, e in sorted(case.events().items()) if k in (*CONTAINED, *DISCOVERED)}
    return {
        "decisions": [[d.decision_id, d.kind, d.subject, d.choice] for d in made],
        "events": dated,
        "rules": ids.digest_files(files, own) if files else "",
    }


STAGE = Stage("timeline", reads=(EXHIBITS, ITEMS, COLUMNS), writes=TABLES, run=run, also=_also)
