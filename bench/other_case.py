"""Another company's intrusion, written apart from the demo: the chain and what was taken, scored against the truth.

    python -m bench.other_case [--seeds 1-8] [--keep FOLDER] [--json FILE]

Each seed is a case with a way in of its own (a router, a VPN account, a web shell, an exposed test server), hosts,
zones, clocks that are wrong, decoys (backup, scanner, penetration test, an analyst's export, failed guesses) and a day
without a log. Lines follow the vendors' own formats. Amends gets the logs, hosts.csv, stores.csv and facts.txt; labels
stay here. Nothing in it is shared with ``amends.demo``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from bench.common import amends, measured
from bench.other_world import build, write


def run_case(folder: Path) -> float:
    case = folder / "case"
    for words in (
        (
            "new",
            case,
            "--entity",
            "Other Co",
            "--preset",
            "general",
            "--discovered-on",
            "2026-03-26",
        ),
        ("add", case, folder / "logs", "--role", "log"),
        (
            "add",
            case,
            folder / "hosts.csv",
            folder / "stores.csv",
            folder / "facts.txt",
            "--role",
            "roster",
        ),
    ):
        measured(amends(*words))
    seconds = measured(amends("run", case)).seconds
    for name in ("chain", "taken", "events", "log_files"):
        measured(amends("export", case, name, "--to", folder / f"{name}.parquet"))
    return seconds


def score(folder: Path) -> dict[str, object]:
    truth = json.loads((folder / "labels.json").read_text())
    at_line = {(row["path"], row["line"]): row["label"] for row in truth["labels"]}
    files = {
        r["log_id"]: r["path"] + ("/" + r["inner_path"] if r["inner_path"] else "")
        for r in pq.read_table(folder / "log_files.parquet").to_pylist()
    }
    events = pq.read_table(
        folder / "events.parquet", columns=["event_id", "log_id", "line"]
    ).to_pylist()
    label_of = {}
    for event in events:
        path = files[event["log_id"]].split("/logs/", 1)[-1]
        for name in (path, path.rsplit("/", 1)[0].removesuffix(".gz"), path.removesuffix(".gz")):
            found = at_line.get((name, event["line"]))
            if found:
                label_of[event["event_id"]] = found
    chain = pq.read_table(folder / "chain.parquet").to_pylist()
    got = [[label_of.get(e, "") for e in step["event_ids"] or []] for step in chain]
    wanted = [s["label"] for s in truth["steps"]]
    first = {
        label: next((n for n, labels in enumerate(got) if label in labels), None)
        for label in wanted
    }
    places = [first[label] for label in wanted if first[label] is not None]
    false = [
        s
        for s, labels in zip(chain, got, strict=True)
        if sum(map(bool, labels)) * 2 < max(1, len(labels))
    ]
    entry = truth["steps"][0]
    return {
        "way": truth["way"], "steps": len(wanted), "found": len(places), "missing": [x for x in wanted if first[x] is None],
        "in_order": places == sorted(places), "entry": entry_found(chain, got, entry), "chain": len(chain),
        "false": len(false), "false_steps": [f"{s['at']} {s['source']} > {s['destination']} {s['account']}" for s in false],
        **score_taken(folder, truth["taken"]),
    }  # fmt: skip


def entry_found(chain: list[dict], got: list[list[str]], entry: dict) -> bool:
    hits = [s for s, labels in zip(chain, got, strict=True) if entry["label"] in labels]
    return (
        bool(hits)
        and hits[0]["source"] == entry["source"]
        and hits[0]["destination"] == entry["destination"]
    )


def score_taken(folder: Path, truth: dict[str, dict]) -> dict[str, object]:
    inside, close, total, wrong = 0, 0, 0, []
    for row in pq.read_table(folder / "taken.parquet").to_pylist():
        true = truth.get(f"{row['store']}/{row['table']}", {"rows": 0})["rows"]
        total += 1
        held = row["lower"] <= true and (row["upper"] is None or true <= row["upper"])
        inside += held
        near = abs((row["best"] or 0) - true) <= 0.1 * max(true, 1)
        close += near
        if not near or not held:
            wrong.append(
                f"{row['store']}/{row['table']}/{row['element']}: true {true}, {row['lower']}..{row['best']}..{row['upper']}"
            )
    return {"taken": total, "inside": inside, "within_10": close, "taken_off": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-8")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write-only", action="store_true", help="Write the cases and stop.")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    low, _, high = args.seeds.partition("-")
    results = []
    for seed in range(int(low), int(high or low) + 1):
        folder = (args.keep or Path(tempfile.mkdtemp())) / f"other-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write(build(seed), folder)
        if args.write_only:
            continue
        seconds = run_case(folder)
        result = {"seed": seed, **score(folder), "seconds": seconds}
        results.append(result)
        print(json.dumps(result), file=sys.stderr)
        if not args.keep:
            shutil.rmtree(folder.parent)
    if results:
        show: Callable[[str], int] = lambda name: sum(int(r[name]) for r in results)  # noqa: E731
        print(
            f"steps {show('found')}/{show('steps')}  entry {show('entry')}/{len(results)}  "
            f"false {show('false')}/{show('chain')}  taken inside {show('inside')}/{show('taken')}  "
            f"within 10 % {show('within_10')}/{show('taken')}"
        )
    if args.json:
        args.json.write_text(json.dumps(results, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
