#!/usr/bin/env python3
"""Entity resolution on a generated carrier population, beside Splink.

    python bench/resolve.py [--records 1000000] [--seed 7] [--data FOLDER] [--peer PYTHON] [--json]

Makes the population with ``population.py`` of the public bench (``../shared/bench``, or ``bench`` beside
``$AMENDS_PUBLIC_DATA``) unless ``--data`` names Parquet files. ``--peer`` is a Python that has Splink: its best
threshold is chosen on the truth. Each side runs in a process of its own; the truth column never reaches the system
under test.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

HIDDEN = ("true_id", "source", "population")


def shared() -> Path:
    """Return the folder that holds the public ``data`` and ``bench``."""
    given = os.environ.get("AMENDS_PUBLIC_DATA")
    return Path(given).parent if given else Path(__file__).resolve().parents[2] / "shared"


def people() -> Path:
    """Return the folder of labelled person tables."""
    given = os.environ.get("AMENDS_PUBLIC_DATA")
    return (Path(given) if given else shared() / "data") / "people"


def resolve_files(path: str) -> dict[str, Any]:
    """Resolve Parquet files as a stream and score the answer; run in a process of its own."""
    from amends import api  # noqa: PLC0415 - the peer run needs no Amends
    from amends.persons import resolve  # noqa: PLC0415

    data = ds.dataset(path, format="parquet")
    start, cpu = time.perf_counter(), time.process_time()
    answer = resolve(_without_truth(api.read_stream(Path(path))))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    truth = data.to_table(columns=["record_id", "true_id"])
    joined = answer.join(truth, "record_id")
    found = score(joined.column("person_id"), joined.column("true_id"))
    n = answer.num_rows
    return found | {
        "records": n, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2),
        "records_per_second": int(n / max(seconds, 1e-9)), "peak_mb": peak >> 20,
        "bytes_per_record": int(max(peak - 300_000_000, 0) / max(n, 1)),
    }  # fmt: skip


def _without_truth(stream: pa.RecordBatchReader) -> pa.RecordBatchReader:
    names = [n for n in stream.schema.names if n not in HIDDEN]
    schema = pa.schema([stream.schema.field(n) for n in names])
    return pa.RecordBatchReader.from_batches(schema, (batch.select(names) for batch in stream))


def score(person: pa.ChunkedArray, truth: pa.ChunkedArray) -> dict[str, Any]:
    """Return pairwise precision, recall and F1, and what a false answer costs people, per million persons.

    ``hidden`` are persons none of whose clusters has them as its main person: they are never told.
    ``duplicates`` are further letters to a person already told.
    """
    p, t = (_codes(c) for c in (person, truth))
    both = _codes_of_pairs(p, t)
    pairs = [int(_pairs(c)) for c in (p, t, both)]
    precision, recall = pairs[2] / max(pairs[0], 1), pairs[2] / max(pairs[1], 1)
    n = int(t.max()) + 1
    key, size = np.unique(p * n + t, return_counts=True)
    cluster, who = key // n, key % n
    order = np.lexsort((who, -size, cluster))
    main = np.ones(len(order), bool)
    main[1:] = cluster[order][1:] != cluster[order][:-1]
    told = np.zeros(n, bool)
    told[who[order][main]] = True
    letters = np.bincount(who, minlength=n)
    return {
        "precision": round(precision, 5), "recall": round(recall, 5),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 5), "persons": n,
        "found": int(p.max()) + 1, "hidden_per_million": int((~told).sum() * 1e6 / n),
        "duplicates_per_million": int((letters - 1).clip(0).sum() * 1e6 / n),
    }  # fmt: skip


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    encoded = pc.dictionary_encode(column.combine_chunks())
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _codes_of_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.unique(a * (b.max() + 1) + b, return_inverse=True)[1]


def _pairs(codes: np.ndarray) -> int:
    counts = np.bincount(codes).astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def ours(path: str) -> dict[str, Any]:
    """Run Amends on the files in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", path], capture_output=True, text=True, check=True
    )
    return {"tool": "amends", **json.loads(done.stdout)}


def peer(python: str, path: str) -> dict[str, Any]:
    """Run Splink on the files in a fresh process, threshold chosen on the truth."""
    script = shared() / "bench" / "people_splink.py"
    glob = f"{path}/*.parquet" if Path(path).is_dir() else path
    done = subprocess.run([python, str(script), glob], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    best = said["best"]
    return {
        "tool": said["tool"], "precision": best["clus_p"], "recall": best["clus_r"], "f1": best["clus_f1"],
        "records": said["records"], "persons": best["persons"], "found": best["clusters"],
        "seconds": said["seconds"], "cpu_seconds": said["cpu_s"], "records_per_second": said["records_per_s"],
        "peak_mb": said["peak_mb"],
    }  # fmt: skip


COLUMNS = (
    "tool", "records", "persons", "found", "precision", "recall", "f1", "hidden_per_million",
    "duplicates_per_million", "seconds", "cpu_seconds", "records_per_second", "peak_mb",
)  # fmt: skip


def report(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print the runs of one data set: a table, or a line of JSON."""
    if as_json:
        print(json.dumps({"data": title, "runs": rows}))
        return
    print(f"\n{title}")
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(str(row.get(c, "")) for c in COLUMNS) + " |")
    if len(rows) > 1:
        faster = rows[1]["seconds"] / max(rows[0]["seconds"], 1e-9)
        print(f"F1 {rows[0]['f1'] - rows[1]['f1']:+.4f}, {faster:.1f} times as fast")


def compare(title: str, path: str, python: str | None, as_json: bool) -> None:
    """Run one data set on both sides and print it."""
    rows = [ours(path)]
    if python:
        rows.append(peer(python, path))
    report(title, rows, as_json)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", help="folder of Parquet files with a true_id column")
    parser.add_argument("--peer", help="a Python that has Splink")
    parser.add_argument(
        "--generator-python",
        default=sys.executable,
        help="a Python with names, nicknames, zipcodes",
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(resolve_files(given.one)))
        return
    if given.data:
        compare(given.data, given.data, given.peer, given.json)
        return
    script = shared() / "bench" / "population.py"
    if not script.exists():
        sys.exit("skipped: population.py of the public bench is not there; name files with --data")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            given.generator_python,
            str(script),
            folder,
            "--records",
            str(given.records),
            "--seed",
            str(given.seed),
        ]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        compare(
            f"population, {given.records:,} records, seed {given.seed}",
            folder,
            given.peer,
            given.json,
        )


if __name__ == "__main__":
    main()
