"""The chain of the intrusion, scored against the truth of labelled cases.

    python -m bench.chain [--seeds 1-8] [--lines 60000] [--keep FOLDER] [--json]
    python -m bench.chain --folder CASE_DATA [--folder …]

Without ``--folder`` each seed is a demo case. A folder of somebody else is read the same way: logs below a folder whose
name begins with ``logs``, lists of the company (``hosts.csv``, ``stores.csv``, texts) in a folder ``roster*`` or beside
the logs, and the truth as ``log_labels.jsonl`` (path, line, label) with ``chain.json`` (steps, each with label, phase,
at, source, destination, account), or as one ``labels.json`` (labels, steps). Labels that begin with ``decoy`` are not the
intruder's; a step counts as found when a hop of the chain rests on a line of it, a hop is false when most of its
lines are not the intruder's.
"""

# ruff: noqa: E501  (a table row)

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amends import custody
from amends.demo.write import write_demo
from amends.elements import stage as elements
from amends.kernel.case import Case
from amends.tables.timeline import EVENTS, HOPS, LOG_FILES
from amends.timeline import stage as timeline
from bench.common import show


@dataclass(frozen=True)
class Truth:
    """What really happened: label of each labelled line by (path, line), the steps in order."""

    labels: dict[tuple[str, int], str]
    steps: list[dict[str, str]]

    @property
    def entry(self) -> dict[str, str]:
        """Return the step by which the intruder first got in."""
        first = (s for s in self.steps if s.get("phase") == "initial_access")
        named = (s for s in self.steps if "entry" in s["label"])
        return next(first, next(named, self.steps[0]))


def read_truth(folder: Path) -> Truth:
    """Read the truth that lies somewhere in a folder."""
    found = next(iter(sorted(folder.rglob("log_labels.jsonl"))), None)
    if found is not None:
        lines = (json.loads(line) for line in found.read_text("utf-8").splitlines())
        steps = json.loads((found.parent / "chain.json").read_text("utf-8"))["steps"]
        at = {(_below(r["path"]), r.get("record", r["line"])): r["label"] for r in lines}
        return Truth(at, steps)
    whole = json.loads(next(iter(sorted(folder.rglob("labels.json")))).read_text("utf-8"))
    labels = {(_below(r["path"]), r["line"]): r["label"] for r in whole["labels"]}
    return Truth(labels, whole["steps"])


def _below(path: str) -> str:
    """Return a path below the folder of the logs, without endings of compression."""
    parts = Path(path).parts
    start = next((i + 1 for i, p in enumerate(parts) if p.startswith("logs")), 0)
    name = "/".join(parts[start:])
    for ending in (".gz", ".bz2", ".xz", ".zst"):
        name = name.removesuffix(ending)
    return name


def run_case(folder: Path, into: Path) -> tuple[Case, float]:
    """Take logs and lists of a folder in, run the stage, and return the case and the seconds of the stage."""
    shutil.rmtree(into, ignore_errors=True)
    Case.create(into, {("case", "entity"): "Bench"})
    case = Case(into, contents=custody.Reader())
    logs = [p for p in sorted(folder.glob("logs*")) if p.is_dir()]
    custody.take_in(case, logs, custody.Tags(role="log", as_of=_last_day(folder)))
    lists = [p for r in sorted(folder.glob("roster*")) for p in sorted(r.iterdir())]
    lists += sorted(p for p in folder.iterdir() if p.suffix in (".csv", ".txt") and p.is_file())
    told = [p for p in lists if p.name in ("hosts.csv", "stores.csv") or p.suffix == ".txt"]
    told = [p for p in told if p.name.lower() != "readme.txt"]
    custody.take_in(case, told, custody.Tags(role="roster"))
    custody.STAGE.run(case)
    elements.run(case)
    started = time.monotonic()
    timeline.run(case)
    return case, time.monotonic() - started


def _last_day(folder: Path) -> str:
    try:
        truth = read_truth(folder)
    except (StopIteration, KeyError):
        return ""
    last = max(_instant(s["at"]) for s in truth.steps)
    return datetime.fromtimestamp(last.timestamp() + 30 * 86_400, UTC).date().isoformat()


def score(case: Case, truth: Truth) -> dict[str, object]:
    """Return how the chain of a case compares with the truth."""
    label_of = _labels_of_events(case, truth)
    hops = case.engine.arrow(
        f"SELECT * FROM {case.read(HOPS)} WHERE status = 'chain' ORDER BY step"
    ).to_pylist()
    lines = [[label_of.get(e, "") for e in hop["event_ids"]] for hop in hops]
    ours = [[label for label in found if _is_theirs(label)] for found in lines]
    wanted = [s["label"] for s in truth.steps if s.get("n_lines", 1)]
    first = {w: next((n for n, found in enumerate(ours) if w in found), None) for w in wanted}
    there = [n for w in wanted if (n := first[w]) is not None]
    false = [
        hop
        for hop, found, mine in zip(hops, lines, ours, strict=True)
        if len(mine) * 2 < max(1, len(found))
    ]
    decoys = {label for found in lines for label in found if label.startswith("decoy")}
    entry = next((h for h in hops if h["phase"] == "initial_access"), None)
    return {
        "steps": len(wanted),
        "found": len(there),
        "in_order": sum(a <= b for a, b in itertools.pairwise(there)) == max(len(there) - 1, 0),
        "entry": _is_entry(entry, truth.entry),
        "hops": len(hops),
        "false": len(false),
        "decoys": len(decoys),
        "missing": " ".join(w for w in wanted if first[w] is None),
        "late": " ".join(_late(wanted, first)),
        "false_hops": [f"{h['at']:%m-%d %H:%M} {h['phase']} {h['source']}>{h['destination']} {h['account']}" for h in false],
    }  # fmt: skip


def _late(wanted: list[str], first: dict[str, int | None]) -> Iterable[str]:
    """Yield the steps that stand after one which truly came later."""
    placed = [(w, n) for w in wanted if (n := first[w]) is not None]
    for (label, place), (_, following) in itertools.pairwise(placed):
        if following < place:
            yield label


def _is_theirs(label: str) -> bool:
    return bool(label) and not label.startswith("decoy")


def _is_entry(hop: dict[str, object] | None, true: dict[str, str]) -> bool:
    """Answer whether the first access is right: place, host, account, and the time within its bound."""
    if hop is None:
        return False
    at, bound = hop["at"], int(str(hop["at_error_ms"] or 0)) / 1000
    assert isinstance(at, datetime)
    near = abs((at - _instant(true["at"])).total_seconds()) <= bound + 60
    same = all(
        str(hop[k]).lower() == str(true.get(k, "")).lower() for k in ("source", "destination")
    )
    account = str(hop["account"]).lower() in ("", str(true.get("account", "")).lower())
    return near and same and account


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _labels_of_events(case: Case, truth: Truth) -> dict[int, str]:
    rows = case.engine.arrow(
        f"""SELECT e.event_id, e.line, f.path, f.inner_path FROM {case.read(EVENTS)} AS e
            JOIN {case.read(LOG_FILES)} AS f USING (log_id)"""
    )
    paths = {}
    made = {}
    for batch in rows.to_batches():
        for event_id, line, path, inner in zip(
            *(batch.column(i).to_pylist() for i in range(4)), strict=True
        ):
            name = paths.setdefault(path, _below(path))
            label = truth.labels.get((name, line)) or truth.labels.get((f"{name}/{inner}", line))
            if label:
                made[event_id] = label
    return made


def cases(args: argparse.Namespace) -> Iterable[tuple[str, Path]]:
    """Yield name and folder of each case."""
    if args.folder:
        yield from ((folder.name, folder) for folder in args.folder)
        return
    low, _, high = args.seeds.partition("-")
    for seed in range(int(low), int(high or low) + 1):
        folder = args.keep / f"demo-{seed}"
        if not folder.exists():
            write_demo(folder, people=300, seed=seed, log_lines=args.lines)
        yield f"demo {seed}", folder


def main() -> None:
    """Score every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-8")
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--folder", type=Path, action="append")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="Name the false hops.")
    args = parser.parse_args()
    made = None
    if args.keep is None:
        made = args.keep = Path(tempfile.mkdtemp())
    rows: list[dict[str, object]] = []
    for name, folder in cases(args):
        case, seconds = run_case(folder, args.keep / f"case-{folder.name}")
        with case:
            rows.append(
                {"case": name, **score(case, read_truth(folder)), "seconds": round(seconds, 1)}
            )
        if not args.json:
            seen = (
                rows[-1]
                if args.verbose
                else {k: v for k, v in rows[-1].items() if k != "false_hops"}
            )
            print(seen, flush=True)
    total = {k: sum(int(str(r[k] or 0)) if not isinstance(r[k], bool) else r[k] for r in rows)
             for k in ("steps", "found", "in_order", "entry", "hops", "false", "decoys")}  # fmt: skip
    show(
        "chain",
        [
            *({k: v for k, v in r.items() if k != "false_hops"} for r in rows),
            {"case": f"all {len(rows)}", **total},
        ],
        args.json,
    )
    if made is not None:
        shutil.rmtree(made)


if __name__ == "__main__":
    main()
