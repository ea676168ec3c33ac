"""Sigma over Windows events: rules taken, the makers' own samples, counts and CPU-seconds beside a query per rule.

Needs the public data (``$AMENDS_PUBLIC_DATA`` or ``../shared/data``): ``sigma`` and ``evtx-attack-samples``. For the
peer give a Python that has ``evtx pysigma pysigma-backend-sqlite pysigma-pipeline-sysmon pysigma-pipeline-windows``:

    python bench/sigma.py --peer /path/to/python [--copies 10] [--json]

The peer is the usual way: flatten each event, put all into one SQLite table with an index on number and channel,
run one query a rule. Its queries are converted beforehand, as our rules are compiled beforehand; neither is counted.
What is counted is a whole process each: start, read, evaluate, print; and what is left of it without start and reading.
The samples lie in 277 logs of some thirty events, where starting on a file costs more than its events; so the same
records are measured as one log too.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
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
        "--copies", type=int, default=10, help="how many times the records in one log"
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
    """Measure both ways on the samples as they lie, and on their records as one log of many times the size."""
    rules, logs = data / "sigma" / "rules", data / "evtx-attack-samples"
    queries, nothing = folder / "queries.json", folder / "no_rules"
    nothing.mkdir()
    if peer:
        measured([peer, "-P", PEER, "convert", rules / "windows", queries])
    else:
        print("peer: skipped, give --peer PYTHON", file=sys.stderr)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    first = sorted(logs.rglob("*.evtx"))[0]
    for kept in (rules, nothing):
        measured(amends("detect", first, "--rules", kept, "--json"))
    places = {"277 small logs": logs, f"one log, x{copies}": one_log(logs, copies, folder / "one")}
    return [compared(what, place, rules, nothing, peer, queries) for what, place in places.items()]


def one_log(logs: Path, copies: int, folder: Path) -> Path:
    """Write one log with the chunks of all samples, so many times over: chunks stand alone, as in a log of years."""
    folder.mkdir()
    chunks = []
    for path in sorted(logs.rglob("*.evtx")):
        body = path.read_bytes()[4096:]
        pieces = (body[n : n + 65_536] for n in range(0, len(body), 65_536))
        chunks.extend(p for p in pieces if p.startswith(b"ElfChnk\0") and len(p) == 65_536)
    head = b"ElfFile\0" + struct.pack(
        "<QQQIHHHH", 0, 0, 1, 128, 1, 3, 4096, min(len(chunks) * copies, 65_535)
    )
    with (folder / "all.evtx").open("wb") as stream:
        stream.write(head.ljust(4096, b"\0"))
        for _ in range(copies):
            stream.writelines(chunks)
    return folder


def compared(
    what: str, place: Path, rules: Path, nothing: Path, peer: str, queries: Path
) -> dict[str, object]:
    """Measure both ways on one place: the whole, and what is left of it without reading."""
    ours = measured(amends("detect", place, "--rules", rules, "--json"))
    read = measured(amends("detect", place, "--rules", nothing, "--json"))
    found = {r["rule_id"]: r["count"] for r in map(json.loads, ours.output.splitlines())}
    row: dict[str, object] = {
        "what": what, "rules_fired": len(found), "hits": sum(found.values()), "cpu_s": ours.cpu_seconds,
        "rules_cpu_s": ours.cpu_seconds - read.cpu_seconds, "seconds": ours.seconds, "peak_mib": ours.peak_mib,
    }  # fmt: skip
    if peer:
        theirs = measured([peer, "-P", PEER, "run", place, queries])
        flat = measured([peer, "-P", PEER, "read", place])
        other = json.loads(theirs.output)
        saved = theirs.cpu_seconds - flat.cpu_seconds
        row |= {
            "peer_cpu_s": theirs.cpu_seconds, "peer_rules_cpu_s": saved,
            "times_less_cpu": theirs.cpu_seconds / ours.cpu_seconds,
            "times_less_for_rules": saved / max(ours.cpu_seconds - read.cpu_seconds, 0.01),
            "peer_peak_mib": theirs.peak_mib, "peer_rules_fired": len(other),
            "same_count": sum(found.get(k) == v for k, v in other.items()),
        }  # fmt: skip
    return row


if __name__ == "__main__":
    main()
