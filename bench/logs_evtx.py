# ruff: noqa: E501  (the description reads best unwrapped)
"""Windows events into Parquet, per second of CPU, beside the naive way.

    python bench/logs_evtx.py [--data ../shared/data] [--copies 10] [--json]

Reads EVTX-ATTACK-SAMPLES as they are (277 small files) and as logs of the usual size (the chunks of all of them in one file,
``--copies`` times). The naive way parses each record's JSON and flattens it into a dict, as tools of this kind do; its table is
written to Parquet as well. Small logs share a block, as they do when a case is read. Every way runs in a process of its own; goal: 30,000 events per second of CPU.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, measured, public_data, show

_OURS = """
import os, sys, time
import pyarrow as pa, pyarrow.parquet as pq
from amends.timeline.parsers.evtx import Evtx, Gathering
from amends.timeline.together import FULL
pa.array([""])  # pyarrow gets ready with the first array: that is no reading
t = time.process_time(); n = 0; held = []; rows = 0; out = None; events = Gathering()
def block():
    global held, rows, out
    held.append(pa.table(events.parsed().columns)); rows += held[-1].num_rows
    if rows > 50_000:
        whole = pa.concat_tables(held).combine_chunks(); held, rows = [], 0
        out = out or pq.ParquetWriter(sys.argv[2], whole.schema, compression="zstd"); out.write_table(whole)
for path in open(sys.argv[1]).read().split("\\n"):
    with open(path, "rb") as stream:
        for count, _ in Evtx().gather(stream, events):
            n += count
            if len(events) >= FULL:
                block()
if len(events):
    block()
if held:
    whole = pa.concat_tables(held).combine_chunks()
    out = out or pq.ParquetWriter(sys.argv[2], whole.schema, compression="zstd"); out.write_table(whole)
out.close()
print(n, time.process_time() - t)
"""
_NAIVE = """
import json, os, sys, time
import pyarrow as pa, pyarrow.parquet as pq
import orjson
from evtx import PyEvtxParser
def flat(part, out, last=None):
    for name, value in part.items():
        if name == "#attributes":
            for a, b in value.items():
                if b is not None: out.setdefault(a, b)
        elif isinstance(value, dict): flat(value, out, name)
        elif value is None or value == "": continue
        elif name == "#text": out[last] = "\\n".join(map(str, value)) if isinstance(value, list) else value
        else: out[name] = json.dumps(value) if isinstance(value, list) else value
pa.array([""])
t = time.process_time(); rows = []
for path in open(sys.argv[1]).read().split("\\n"):
    for record in PyEvtxParser(path, number_of_threads=1).records_json():
        out = {}; flat(orjson.loads(record["data"]), out)
        rows.append({k: (str(v).lower() if isinstance(v, bool) else str(v)) for k, v in out.items()})
names = sorted({k for row in rows for k in row})
table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
pq.write_table(table, sys.argv[2], compression="zstd")
print(len(rows), time.process_time() - t)
"""


def _run(code: str, paths: list[Path], folder: Path) -> dict[str, object]:
    listing = folder / "paths"
    listing.write_text("\n".join(map(str, paths)))
    cost = measured([sys.executable, "-c", code, str(listing), str(folder / "out.parquet")])
    events, cpu = cost.output.split()
    return {
        "events": int(events),
        "cpu_s": round(float(cpu), 2),
        "events_per_cpu_s": round(int(events) / float(cpu)),
        "peak_mib": cost.peak_mib,
        "parquet_mb": round((folder / "out.parquet").stat().st_size / 1e6, 2),
    }


def _joined(files: list[Path], copies: int, to: Path) -> Path:
    """Write the chunks of all logs into one, as a log of the usual size has them."""
    with to.open("wb") as out:
        out.write(files[0].read_bytes()[:4096])
        for _ in range(copies):
            for path in files:
                out.write(path.read_bytes()[4096:])
    return to


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--data", type=Path)
    words.add_argument("--copies", type=int, default=10)
    words.add_argument("--json", action="store_true")
    asked = words.parse_args()
    files = sorted(((asked.data or public_data()) / "evtx-attack-samples").rglob("*.evtx"))
    subprocess.run([sys.executable, "-c", "import amends"], check=True, cwd=ROOT)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        rows.append({"log": "277 files", "way": "amends"} | _run(_OURS, files, at))
        rows.append({"log": "277 files", "way": "naive"} | _run(_NAIVE, files, at))
        whole = _joined(files, asked.copies, at / "whole.evtx")
        size = f"1 file of {whole.stat().st_size / 1e6:.0f} MB"
        rows.append({"log": size, "way": "amends"} | _run(_OURS, [whole], at))
        rows.append({"log": size, "way": "naive"} | _run(_NAIVE, [whole], at))
    for mine, naive in zip(rows[::2], rows[1::2], strict=True):
        mine["times_naive"] = round(
            json.loads(str(mine["events_per_cpu_s"])) / json.loads(str(naive["events_per_cpu_s"])),
            2,
        )
    show("Windows events into Parquet", rows, asked.json)


if __name__ == "__main__":
    main()
