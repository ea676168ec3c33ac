"""Sigma over Windows events: rules taken, the makers' own samples, counts and CPU-seconds beside a query per rule.

Needs the public data (``$AMENDS_PUBLIC_DATA`` or ``../shared/data``): ``sigma`` and ``evtx-attack-samples``. For the
peer give a Python that has ``evtx pysigma pysigma-backend-sqlite pysigma-pipeline-sysmon pysigma-pipeline-windows``:

    python bench/sigma.py --peer /path/to/python [--copies 10] [--json]

The peer is the usual way: flatten each event, put all into one SQLite table with an index on number and channel,
run one query a rule. Its queries are converted beforehand, as our rules are compiled beforehand; neither is counted.
What is counted is a whole process each: start, read, evaluate, print.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from common import amends, measured, public_data, show

HERE = Path(__file__).resolve().parent
sys.path[:] = [
    p for p in sys.path if Path(p).resolve() != HERE
]  # this file is called as pySigma's package

import yaml  # noqa: E402

from amends.custody import Reader  # noqa: E402
from amends.timeline.detecting import Detecting  # noqa: E402
from amends.timeline.sigma import load_rules  # noqa: E402

PEER = HERE / "sigma_peer.py"


def main() -> None:
    """Run the parts and print them."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--peer", default="", help="Python with the peer's packages")
    words.add_argument(
        "--copies", type=int, default=10, help="copies of the logs for the larger run"
    )
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    data = public_data()
    rows = [taken(data), *samples(data)]
    with tempfile.TemporaryDirectory() as folder:
        rows.extend(side_by_side(data, given.peer, given.copies, Path(folder)))
    show("Sigma", rows, given.json)


def taken(data: Path) -> dict[str, object]:
    """Compile all rules, and load them again."""
    folder = [data / "sigma" / "rules"]
    with tempfile.TemporaryDirectory() as kept:
        started = time.monotonic()
        rules = load_rules(folder, keep=Path(kept))
        compiled = time.monotonic() - started
        started = time.monotonic()
        load_rules(folder, keep=Path(kept))
        loaded = time.monotonic() - started
    n = len(rules.rules) + len(rules.correlations)
    return {
        "what": "rules", "rules": n, "refused": len(rules.refusals),
        "share_taken": n / max(n + len(rules.refusals), 1), "compile_s": round(compiled, 2), "load_s": round(loaded, 2),
    }  # fmt: skip


def samples(data: Path) -> list[dict[str, object]]:
    """Run each sample of the rules' makers and see whether its rule fires."""
    rules = load_rules([data / "sigma" / "rules"])
    fired, missed = 0, []
    for place in sorted((data / "sigma" / "regression_data").rglob("info.yml")):
        wanted = {r["id"] for r in yaml.safe_load(place.read_text())["rule_metadata"]}
        run = Detecting(
            [p for p in place.parent.iterdir() if p.suffix in (".evtx", ".raw")], Reader(), rules
        )
        run.run()
        if wanted & {r["rule_id"] for r in run.rows()}:
            fired += 1
        else:
            missed.append(place.parent.name)
    return [
        {"what": "samples", "fired": fired, "of": fired + len(missed), "missed": " ".join(missed)}
    ]


def side_by_side(data: Path, peer: str, copies: int, folder: Path) -> list[dict[str, object]]:
    """Measure both ways on the logs as they are and on copies of them."""
    rules, logs = data / "sigma" / "rules", data / "evtx-attack-samples"
    queries = folder / "queries.json"
    if peer:
        measured([peer, "-P", PEER, "convert", rules / "windows", queries])
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    measured(amends("detect", sorted(logs.rglob("*.evtx"))[0], "--rules", rules, "--json"))
    rows = []
    for n in dict.fromkeys((1, copies)):
        place = logs
        if n > 1:
            place = folder / "copies"
            for copy in range(n):
                shutil.copytree(
                    logs,
                    place / str(copy),
                    ignore=lambda _, names: [m for m in names if m == ".git"],
                )
        ours = measured(amends("detect", place, "--rules", rules, "--json"))
        found = {r["rule_id"]: r["count"] for r in map(json.loads, ours.output.splitlines())}
        row: dict[str, object] = {
            "what": f"logs x{n}", "rules_fired": len(found), "hits": sum(found.values()), "cpu_s": ours.cpu_seconds,
            "seconds": ours.seconds, "peak_mib": ours.peak_mib,
        }  # fmt: skip
        if peer:
            theirs = measured([peer, "-P", PEER, "run", place, queries])
            other = json.loads(theirs.output)
            row |= {
                "peer_cpu_s": theirs.cpu_seconds, "times_less_cpu": theirs.cpu_seconds / ours.cpu_seconds,
                "peer_peak_mib": theirs.peak_mib, "peer_rules_fired": len(other),
                "same_count": sum(found.get(k) == v for k, v in other.items()),
            }  # fmt: skip
        rows.append(row)
    if not peer:
        print("peer: skipped, give --peer PYTHON", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
