"""What was taken, against the truth: inside the bounds always, best value within 10 % where an audit log exists.

    python -m bench.taken [--seeds 1-10] [--people 2000] [--other] [--json]

Runs the timeline on generated logs (of the demo, or with --other of the company of ``bench.other_world``, which was
written apart from it) with only logs, hosts.csv, stores.csv and known facts; the truth stays here. A table of a store
that the truth does not name was not taken. The truth of a table is the rows read; where a part of the rows read left,
both counts must lie inside the bounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from amends.custody import STAGE as CUSTODY
from amends.custody import open_case, take_in
from amends.custody.intake import Tags
from amends.elements import STAGE as ELEMENTS
from amends.kernel.case import Case
from amends.tables.timeline import HOPS, TAKEN
from amends.timeline.stage import STAGE as TIMELINE
from bench.common import amends, measured, show

NEAR = 0.1


def made(folder: Path, people: int, seed: int, other: bool) -> tuple[list[Path], list[Path], dict]:
    """Write a case's logs and lists; return them and the truth: (store, table) -> read, left, seen in."""
    if other:
        from bench.other_world import build, write

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


def score(people: int, seed: int, other: bool, keep: Path | None) -> dict[str, object]:
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
        seconds = time.monotonic() - started
        rows = case.engine.arrow(f"SELECT * FROM {case.read(TAKEN)} ORDER BY ALL").to_pylist()
        steps = case.engine.arrow(
            f"SELECT count(*) AS n FROM {case.read(HOPS)} WHERE status = 'chain'"
        ).to_pylist()[0]["n"]
    return {"seed": seed, "steps": steps, **judged(rows, truth), "seconds": round(seconds, 2)}


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
    parser.add_argument("--keep", type=Path, help="keep the cases in this folder")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.one is not None:
        result = score(given.people, given.one, given.other, given.keep)
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
