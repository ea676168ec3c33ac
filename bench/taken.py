"""What was taken, against the truth: inside the bounds always, best value within 10 % where an audit log exists.

    python -m bench.taken [--seeds 1-10] [--people 2000] [--other] [--true-chain] [--json]

Runs the timeline on generated logs (of the demo, or with --other of the company of ``bench.other_world``, which was
written apart from it) with only logs, hosts.csv, stores.csv and known facts; the truth stays here. A table of a store
that the truth does not name was not taken. The truth of a table is the rows read; where a part of the rows read left,
both counts must lie inside the bounds. With --true-chain the steps come from the truth: it measures what was taken
without the chain's own faults.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from amends.custody import STAGE as CUSTODY
from amends.custody import open_case, take_in
from amends.custody.intake import Tags
from amends.elements import STAGE as ELEMENTS
from amends.kernel.case import Case
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS
from amends.tables.timeline import EVENTS, GAPS, HOPS, LOG_FILES, TAKEN
from amends.timeline.stage import STAGE as TIMELINE
from amends.timeline.stage import known_of
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Sources
from bench.common import amends, measured, show

NEAR = 0.1


def made(folder: Path, people: int, seed: int, other: bool) -> tuple[list[Path], list[Path], dict]:
    """Write a case's logs and lists; return them and the truth: (store, table) -> read, left, seen in."""
    if other:
        from bench.other_world import build, write  # noqa: PLC0415 - only where it is asked for

        write(build(seed), folder)
        told = json.loads((folder / "labels.json").read_text())["taken"]
        truth = {
            tuple(k.split("/", 1)): {"read": v["rows"], "left": v["rows"], "seen": ["audit"]} for k, v in told.items()
        }  # fmt: skip
        return (
            [folder / "logs"],
            [folder / f"{n}" for n in ("hosts.csv", "stores.csv", "facts.txt")],
            truth,
        )
    measured(amends("demo", folder, "--people", str(people), "--seed", str(seed)))
    truth = {}
    for row in json.loads((folder / "truth-1" / "taken.json").read_text()):
        kept = truth.setdefault((row["store"], row["table"]), {"read": 0, "left": 0, "seen": []})
        kept["read"] = max(kept["read"], row["read"])
        kept["left"] = max(kept["left"], row["exfiltrated"])
        kept["seen"] = sorted({*kept["seen"], *row["seen_in"]})
    roster = [folder / "roster-1" / n for n in ("hosts.csv", "stores.csv", "known_facts.txt")]
    return [folder / "logs-1"], roster, truth


def score(
    people: int, seed: int, other: bool, keep: Path | None, true_chain: bool
) -> dict[str, object]:
    """Return the score of one seed."""
    folder = Path(tempfile.mkdtemp(dir=keep))
    logs, roster, truth = made(folder / "made", people, seed, other)
    Case.create(folder / "case", {("case", "entity"): "Larkspur"})
    with open_case(folder / "case") as case:
        take_in(case, logs, Tags(role="log"))
        take_in(case, roster, Tags(role="roster"))
        for stage in (CUSTODY, ELEMENTS):
            stage.run(case)
        started = time.monotonic()
        TIMELINE.run(case)
        if true_chain:
            started = time.monotonic()
            true_hops(case, folder / "made", other)
        seconds = time.monotonic() - started
        rows = case.engine.arrow(f"SELECT * FROM {case.read(TAKEN)} ORDER BY ALL").to_pylist()
        steps = case.engine.arrow(
            f"SELECT count(*) AS n FROM {case.read(HOPS)} WHERE status = 'chain'"
        ).to_pylist()[0]["n"]
    return {"seed": seed, "steps": steps, **judged(rows, truth), "seconds": round(seconds, 2)}


def true_hops(case: Case, folder: Path, other: bool) -> None:
    """Put the steps of the truth in place of the chain, and estimate again what was taken."""
    if other:
        told = json.loads((folder / "labels.json").read_text())
        steps, labels, top = told["steps"], told["labels"], "logs/"
    else:
        steps = json.loads((folder / "truth-1" / "chain.json").read_text())["steps"]
        lines = (folder / "truth-1" / "log_labels.jsonl").read_text().splitlines()
        labels, top = [json.loads(line) for line in lines], ""
    case.engine.register(
        "bench_labels",
        pa.table(
            {
                "path": [f"{folder}/{top}{r['path']}" for r in labels],
                "line": [r["line"] for r in labels],
                "label": [r["label"] for r in labels],
            }
        ),
    )
    found = case.engine.arrow(
        f"""
        SELECT b.label, list(e.event_id ORDER BY e."at")[1:1000] AS ids, count(*) AS n,
               min(e."at") AS a, max(e."at") AS z
        FROM bench_labels AS b JOIN {case.read(LOG_FILES)} AS g ON g.path = b.path
        JOIN {case.read(EVENTS)} AS e ON e.log_id = g.log_id AND e.line = b.line
        WHERE e."at" IS NOT NULL GROUP BY 1
        """
    ).to_pylist()
    at = {r["label"]: r for r in found}
    rows = []
    for number, step in enumerate(steps, 1):
        seen = at.get(step["label"], {"ids": [], "n": 0, "a": None, "z": None})
        begin = seen["a"] or datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
        rows.append(
            {"hop_id": f"H{number:04d}", "step": number, "status": "chain",
             "phase": step.get("phase", "lateral_movement"),
             "at": begin, "to_at": seen["z"] or begin, "at_error_ms": 2000, "source": step["source"],
             "destination": step["destination"], "account": step["account"], "how": step.get("how", ""),
             "technique": step.get("technique", ""), "tactic": "", "event_ids": seen["ids"], "n_events": seen["n"],
             "confidence": 1.0, "why": "", "against": [], "decided_by": "truth"}
        )  # fmt: skip
    case.write(HOPS, pa.Table.from_pylist(rows, schema=HOPS.schema))
    sources = Sources(
        case.read(EVENTS), case.read(HOPS), case.read(GAPS), case.read(EXHIBITS), case.read(ITEMS), case.read(COLUMNS)
    )  # fmt: skip
    case.write(TAKEN, taken(case.engine, sources, known_of(case)))


def judged(rows: list[dict], truth: dict) -> dict[str, object]:
    counts = dict.fromkeys(("rows", "inside", "audited", "near", "near_all", "acquired_right"), 0)
    off = []
    for row in rows:
        true = truth.get((row["store"], row["table"]), {"read": 0, "left": 0, "seen": []})
        upper = float("inf") if row["upper"] is None else row["upper"]
        inside = all(row["lower"] <= n <= upper for n in {true["read"], true["left"]})
        near = any(abs(row["best"] - n) <= NEAR * n for n in (true["read"], true["left"]))
        audited = "audit" in true["seen"] or not true["read"]
        counts["rows"] += 1
        counts["inside"] += inside
        counts["audited"] += audited
        counts["near"] += near and audited
        counts["near_all"] += near
        counts["acquired_right"] += row["acquired"] or not true["left"]
        if not inside or (audited and not near):
            said = f"{row['lower']}..{row['best']}..{row['upper']}"
            off.append(
                f"{row['store']}/{row['table']}/{row['element']} true {true['read']} said {said}"
            )
    return {**counts, "off": off}


def main() -> None:
    """Run the seeds, each in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-10")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--other", action="store_true", help="the other company")
    parser.add_argument("--true-chain", action="store_true", help="steps from the truth")
    parser.add_argument("--keep", type=Path, help="keep the cases in this folder")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.one is not None:
        result = score(given.people, given.one, given.other, given.keep, given.true_chain)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**result, "peak_mib": round(peak)}))
        return
    low, _, high = given.seeds.partition("-")
    results = []
    for seed in range(int(low), int(high or low) + 1):
        words = [
            sys.executable,
            "-m",
            "bench.taken",
            "--one",
            str(seed),
            "--people",
            str(given.people),
        ]
        words += ["--other"] if given.other else []
        words += ["--true-chain"] if given.true_chain else []
        words += ["--keep", str(given.keep)] if given.keep else []
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        results.append(json.loads(done.stdout.splitlines()[-1]))
        for line in results[-1].pop("off"):
            print(f"  seed {seed}: {line}", file=sys.stderr)
    summed = {k: sum(r[k] for r in results) for k in results[0] if k not in ("seed", "peak_mib")}
    most = max(r["peak_mib"] for r in results)
    show("what was taken", [*results, {"seed": "all", **summed, "peak_mib": most}], given.json)


if __name__ == "__main__":
    main()
