"""The ordered list of stages, and how they are run: skipped when nothing changed, resumed where they stopped."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from amends.controls.stage import STAGE as CONTROLS
from amends.custody import STAGE as CUSTODY
from amends.custody import open_case
from amends.duties import STAGE as DUTIES
from amends.elements import STAGE as ELEMENTS
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.ledger import Line
from amends.kernel.stage import Stage
from amends.notices import STAGE as NOTICE_PLAN
from amends.paths.stage import STAGE as PATHS
from amends.persons import STAGE as PERSON_RESOLUTION
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.notices import NOTICES
from amends.tables.persons import MEMBERSHIPS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import HOPS, TAKEN
from amends.timeline.stage import STAGE as TIMELINE

__all__ = ["STAGES", "RunResult", "StageResult", "open_case", "run"]

log = logging.getLogger(__name__)

STAGES: tuple[Stage, ...] = (
    CUSTODY,
    ELEMENTS,
    TIMELINE,
    PERSON_RESOLUTION,
    DUTIES,
    NOTICE_PLAN,
    PATHS,
    CONTROLS,
)

# What a run determined, kept so that two runs can be compared after the tables were rewritten.
DETERMINATION = (
    HOPS,
    TAKEN,
    PERSONS,
    PERSON_ELEMENTS,
    PERSON_CHANGES,
    MEMBERSHIPS,
    DUTY_GROUPS,
    PERSON_GROUPS,
    NOTICES,
)

# Settings that change no table: where a run happens and how things leave the house.
_OUTSIDE = (
    "engine",
    "register",
    "channels.email",
    "channels.print",
    "channels.sms",
    "console",
    "protection",
)


@dataclass(frozen=True)
class StageResult:
    """What became of one stage in a run.

    Attributes:
        name: The stage.
        skipped: Whether nothing it depends on had changed.
        seconds: Wall time.
        peak_bytes: Largest memory of the process so far.
    """

    name: str
    skipped: bool
    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    Attributes:
        run_id: The run's id; the last one's when every stage was skipped.
        stages: One result a stage, in order.
    """

    run_id: str
    stages: tuple[StageResult, ...]


def run(
    case: Case,
    only: Sequence[str] = (),
    *,
    again: bool = False,
    watch: Callable[[StageResult], None] = lambda result: None,
) -> RunResult:
    """Run the stages in order, skipping those whose inputs, settings, data and code are as they were.

    Args:
        case: The case, opened by ``open_case``.
        only: Names of stages; empty for all.
        again: Run even what has not changed.
        watch: Told of each stage as it ends.

    Raises:
        UsageError: A stage of that name does not exist.
        BusyError: Somebody else is running this case.
    """
    chosen = _chosen(only)
    results: list[StageResult] = []
    with case.lock():
        _sweep_spills(case)
        for stage in chosen:
            result = _run_stage(case, stage, again)
            results.append(result)
            watch(result)
        run_id = case.run_id()
        if run_id == "R0000" or not all(r.skipped for r in results):
            run_id = _seal_run(case, results)
    return RunResult(run_id, tuple(results))


def _chosen(only: Sequence[str]) -> tuple[Stage, ...]:
    unknown = set(only) - {s.name for s in STAGES}
    if unknown:
        raise UsageError(
            f"There is no stage {sorted(unknown)[0]!r}",
            remedy="stages are: " + " ".join(s.name for s in STAGES),
        )
    return tuple(s for s in STAGES if not only or s.name in only)


def _run_stage(case: Case, stage: Stage, again: bool) -> StageResult:
    started = time.monotonic()
    key = _key(case, stage)
    last = _last_line(case, stage)
    if not again and last is not None and last.body["key"] == key and _intact(case, stage, last):
        return StageResult(stage.name, True, 0.0, _peak_bytes())
    log.info("stage %s begins", stage.name)
    stage.run(case)
    seconds = round(time.monotonic() - started, 3)
    written = {t.name: case.tables.digest(t) for t in stage.writes}
    # The key is taken again: a stage may read what it wrote itself the time before.
    case.ledger.append(
        "stage", stage=stage.name, key=_key(case, stage), wrote=written, seconds=seconds
    )
    return StageResult(stage.name, False, seconds, _peak_bytes())


def _last_line(case: Case, stage: Stage) -> Line | None:
    found = None
    for line in case.ledger.lines():
        if line.act == "stage" and line.body["stage"] == stage.name:
            found = line
    return found


def _intact(case: Case, stage: Stage, line: Line) -> bool:
    return all(case.tables.digest(t) == line.body["wrote"].get(t.name) != "" for t in stage.writes)


def _key(case: Case, stage: Stage) -> str:
    """Return the digest of everything a stage's result depends on."""
    return ids.digest_value(
        {
            "inputs": {t.name: case.tables.digest(t) for t in stage.reads},
            "settings": {
                k: v for k, v in case.config.as_json().items() if not k.startswith(_OUTSIDE)
            },
            "code": _code_digest(stage.name),
            "also": stage.also(case),
        }
    )


def _code_digest(room: str) -> str:
    """Return the digest of a room's code and data, and of the floors under it."""
    root = Path(str(resources.files("amends")))
    folders = [root / room, root / "vault", root / "tables", root / "taxonomy", root / "kernel"]
    files = [
        p for f in folders for p in f.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    ]
    return ids.digest_files(files, root)


def _seal_run(case: Case, results: Sequence[StageResult]) -> str:
    """Give the run an id, keep its determination beside the tables, and write it to the ledger."""
    run_id = f"R{int(case.run_id()[1:]) + 1:04d}"
    home = case.folder / "runs" / run_id
    shutil.rmtree(home, ignore_errors=True)
    for table in DETERMINATION:
        for source in case.tables.files(table):
            target = home / table.name / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
    digests = {t.name: case.tables.digest(t) for s in STAGES for t in s.writes if case.has(t)}
    case.ledger.append(
        "run", run=run_id, ran=[r.name for r in results if not r.skipped], tables=digests
    )
    return run_id


def _sweep_spills(case: Case) -> None:
    """Delete what an interrupted run spilled; the lock says that nobody uses it."""
    for left in case.folder.glob(".spill-*"):
        shutil.rmtree(left, ignore_errors=True)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
