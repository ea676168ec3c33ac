"""Sigma rules over logs as they lie in folders, without a case.

Every file is opened, containers too, and every line accounted for: events and rejects add up to lines. Rules see the
events with their whole lines; what is handed out is masked and carries no line.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel import ids
from amends.kernel.contents import Contents, Fault, RawPart
from amends.kernel.errors import UsageError
from amends.tables.timeline import EVENTS
from amends.timeline.files import older_than, origin_of, rotation
from amends.timeline.guard import REMEDY, UNREADABLE
from amends.timeline.known import Known
from amends.timeline.reading import LogReading, read_log
from amends.timeline.roster import HostNames, read_known
from amends.timeline.scrub import mask_texts, masked_rows
from amends.timeline.sigma.addresses import Inside
from amends.timeline.sigma.detector import GATHER_BYTES, GATHER_ROWS, Detector, gathered
from amends.timeline.sigma.fields import Rows
from amends.timeline.sigma.finding import Fired, Reference
from amends.timeline.sigma.loading import load_rules
from amends.timeline.sigma.rules import Rule, RuleSet
from amends.timeline.together import Together

TIMELINE_SCHEMA = EVENTS.schema.append(pa.field("file", pa.string())).append(
    pa.field("rule_ids", pa.list_(pa.string()))
)
"""Columns of ``--timeline``: those of ``events``, the log file's path, and the rules that fired on the event."""


@dataclass
class Account:
    """What became of the logs.

    Attributes:
        n_files: Log files found, those inside containers included.
        n_unread: Files that no parser could read.
        n_lines: Lines or records.
        n_events: Lines that became events.
        n_rejects: Lines that did not; the two add up.
        unread: Path, reason and remedy of what could not be read, or not wholly.
    """

    n_files: int = 0
    n_unread: int = 0
    n_lines: int = 0
    n_events: int = 0
    n_rejects: int = 0
    unread: list[tuple[str, str, str]] = field(default_factory=list)


class Detecting:
    """A run of rules over logs: iterate ``batches()`` or call ``run()``, then ask for the answer."""

    def __init__(
        self, paths: Sequence[Path], contents: Contents, rules: RuleSet, known: Known | None = None
    ) -> None:
        """Make ready; nothing is read yet.

        Args:
            paths: Log files, or folders that are walked; links are not followed.
            contents: Opens files and containers.
            rules: From ``load_rules``.
            known: What the company told of its hosts: names, zones, and which addresses are inside.

        Raises:
            UsageError: There is nothing at a path.
        """
        self.files = _files(paths)
        self.rules = rules
        self.account = Account()
        self._contents = contents
        self._names = HostNames(known.hosts if known else ())
        self.detector = Detector(rules, Inside(_networks(known)), mask_texts)
        self._together = Together(self._count, self._names)
        self._paths: dict[str, str] = {}

    def run(self) -> None:
        """Read all logs and evaluate the rules."""
        for batch in self._read():
            self.detector.take(batch)

    def batches(self, *, fired_only: bool = False) -> Iterator[pa.RecordBatch]:
        """Read all logs, evaluate the rules, and yield the events masked, with the rules that fired on each.

        Correlations, and rules on the first of a kind, are settled only at the end: ``rows`` tells their events.

        Args:
            fired_only: Yield only events that a rule fired on.
        """
        for batch in _gathered(self._read()):
            hits = self.detector.evaluate(batch)
            told = [(rule, rows) for rule, rows in hits if not rule.silent and rule.first is None]
            yield self._marked(batch, told, fired_only)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a rule that fired, as ``amends detect --json`` prints it."""
        for fired in self.detector.fired():
            yield self._row(fired)

    def detections(self) -> pa.Table:
        """Return the table ``detections``."""
        return self.detector.finish()

    def summary(self) -> dict[str, object]:
        """Return counts of files, lines, events, rejects and rules."""
        a, rules = self.account, self.rules
        self.detector.settle()
        return {
            "files": a.n_files,
            "unread": a.n_unread,
            "lines": a.n_lines,
            "events": a.n_events,
            "rejects": a.n_rejects,
            "rule_files": rules.n_files,
            "rules_accepted": len(rules.rules) + len(rules.correlations),
            "rules_refused": len(rules.refusals),
            "rules_without_such_logs": self.detector.unmatched(),
            "events_unjudged": sum(self.detector.unjudged.values()),
        }

    def _read(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of every log; of rotated logs the newest first, so that years can be told."""
        newer: tuple[str, LogReading | None] = ("", None)
        for file in self.files:
            stem = rotation(file.as_posix())[0]
            before = newer[1] if newer[0] == stem else None
            last: LogReading | None = None
            digest = ""
            for part in self._contents.raw(file, file.name):
                if isinstance(part, Fault):
                    self._lost(file, part)
                    continue
                digest = digest or ids.digest_file(file)
                last = self._reading(file, digest, part, before)
                yield from last.batches
                if not last.waiting:
                    self._count(last)
            newer = (stem, last)
        yield from self._together.flush()

    def _reading(
        self, file: Path, digest: str, part: RawPart, newer: LogReading | None
    ) -> LogReading:
        log_id = f"G{len(self._paths) + 1:07}"
        origin = origin_of(log_id, digest, file.as_posix(), part.inner_path, part.name, self._names)
        if newer is not None:
            origin = older_than(origin, newer.first_at)
        self._paths[log_id] = origin.path
        return read_log(part, origin, names=self._names, together=self._together)

    def _count(self, reading: LogReading) -> None:
        account = self.account
        account.n_files += 1
        account.n_lines += reading.n_lines
        account.n_events += reading.n_events
        account.n_rejects += reading.n_rejects
        account.n_unread += reading.status == "unread"
        account.unread.extend((reading.origin.path, f.reason, f.remedy) for f in reading.faults)

    def _lost(self, file: Path, fault: Fault) -> None:
        path = f"{file.as_posix()}/{fault.inner_path}" if fault.inner_path else file.as_posix()
        if fault.reason == "empty":  # an empty log is a log without lines
            self.account.n_files += 1
            return
        self.account.n_files += fault.whole
        self.account.n_unread += fault.whole
        self.account.unread.append((path, fault.reason, fault.remedy))

    def _marked(
        self, batch: pa.RecordBatch, hits: list[tuple[Rule, Rows]], fired_only: bool
    ) -> pa.RecordBatch:
        rows = np.concatenate([r for _, r in hits]) if hits else np.zeros(0, np.int64)
        which = np.repeat(np.arange(len(hits)), [len(r) for _, r in hits]) if hits else rows
        order = np.argsort(rows, kind="stable")
        offsets = np.searchsorted(rows[order], np.arange(batch.num_rows + 1))
        names = pa.array([rule.id for rule, _ in hits], pa.string())
        fired = pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()), names.take(pa.array(which[order]))
        )
        logs = batch.column("log_id").dictionary_encode()
        paths = pa.array([self._paths.get(v, "") for v in logs.dictionary.to_pylist()], pa.string())
        clean, bad = masked_rows(batch)
        keep = np.diff(offsets) > 0 if fired_only else np.ones(batch.num_rows, np.bool_)
        paths = paths.take(logs.indices)
        if bad is not None:
            there = self._unmasked(batch, bad)
            kept = pa.array(there)
            paths, fired, keep = paths.filter(kept), fired.filter(kept), keep[there]
        made = pa.RecordBatch.from_arrays([*clean.columns, paths, fired], schema=TIMELINE_SCHEMA)
        return made if keep.all() else made.filter(pa.array(keep))

    def _unmasked(self, batch: pa.RecordBatch, bad: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        """Count events that cannot be masked as rejects, and return which of the batch's can be."""
        self.account.n_events -= bad.num_rows
        self.account.n_rejects += bad.num_rows
        for log_id in dict.fromkeys(bad.column("log_id").to_pylist()):
            self.account.unread.append((self._paths.get(log_id, ""), UNREADABLE, REMEDY))
        lost = pc.is_in(batch.column("event_id"), value_set=bad.column("event_id"))
        return ~np.asarray(lost.to_numpy(zero_copy_only=False), np.bool_)

    def _row(self, fired: Fired) -> dict[str, Any]:
        rule = fired.rule
        return {
            "rule_id": rule.id,
            "title": rule.title,
            "level": rule.level,
            "count": fired.count,
            "events": [self._reference(r) for r in fired.events],
        }

    def _reference(self, event: Reference) -> dict[str, Any]:
        at = None if event.at is None else f"{np.datetime64(event.at, 'us')}Z"
        shown = f"V{event.event_id & 0xFFFFFFFFFFFFFFFF:016x}"
        return {
            "event_id": shown,
            "file": self._paths.get(event.log_id, ""),
            "line": event.line,
            "at": at,
        }


def detect(
    paths: Sequence[str | Path],
    contents: Contents,
    rules: Sequence[str | Path] = (),
    *,
    own: bool = False,
    known: Sequence[str | Path] = (),
) -> pa.Table:
    """Return which Sigma rules fire on logs, as the table ``detections``.

    Args:
        paths: Log files or folders; containers are opened.
        contents: Opens files and containers.
        rules: Folders of rules; without them our own pack is used.
        own: Add our own pack.
        known: Files of what the company knows of its hosts (``hosts.csv``, a text of known facts).

    Raises:
        UsageError: There is nothing at a path.
    """
    compiled = load_rules([Path(r) for r in rules], own=own)
    run = Detecting(
        [Path(p) for p in paths], contents, compiled, read_files([Path(k) for k in known])
    )
    run.run()
    return run.detections()


def read_files(paths: Sequence[Path]) -> Known:
    """Return what files tell of the company's hosts and networks.

    Raises:
        UsageError: A file cannot be read.
    """
    try:
        return read_known([(p.name, p.read_bytes()) for p in paths])
    except OSError as error:
        raise UsageError(
            "This file cannot be read", where=str(error.filename or ""), remedy="check the path"
        ) from error


def _networks(known: Known | None) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the addresses and networks that are the company's own."""
    if known is None:
        return []
    found = [n for f in known.facts if f.kind in ("vpn_pool", "address") for n in f.networks]
    for host in known.hosts:
        for text in (*host.ips, *host.outside_ips):
            try:
                found.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                continue
    return found


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield small batches joined: a rule set costs the same for ten events as for ten thousand."""
    held: list[pa.RecordBatch] = []
    n_rows = n_bytes = 0
    for batch in batches:
        held.append(batch)
        n_rows += batch.num_rows
        n_bytes += batch.nbytes
        if n_rows >= GATHER_ROWS or n_bytes >= GATHER_BYTES:
            yield gathered(held)
            held, n_rows, n_bytes = [], 0, 0
    if held:
        yield gathered(held)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, those of one log newest first.

    Raises:
        UsageError: There is nothing at a path.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError("There is no such file", where=str(path), remedy="check the path")
    return sorted(dict.fromkeys(found), key=lambda p: (*rotation(p.as_posix()), p.as_posix()))
