"""How fast the demonstration case is written, and how much memory that takes.

    python bench/demo.py [--people 1000000] [--seed 1]

Prints people a second (wall and processor time), bytes, and peak memory, as a table and as JSON.
There is no peer: no package on PyPI writes such exhibits.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import tempfile
import time
from pathlib import Path

from amends.demo import write_demo


def measure(people: int, seed: int, folder: Path) -> dict[str, float | int | str]:
    started, busy = time.perf_counter(), time.process_time()
    made = write_demo(folder, people=people, seed=seed)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - busy
    return {
        "people": people,
        "seconds": round(wall_s, 2),
        "cpu_seconds": round(cpu_s, 2),
        "people_a_second": round(people / wall_s),
        "records": made.records,
        "megabytes": round(made.size_bytes / 1e6),
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, action="append")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows = []
    for people in given.people or [20_000, 1_000_000]:
        folder = Path(tempfile.mkdtemp(prefix="amends-demo-"))
        try:
            rows.append(measure(people, given.seed, folder))
        finally:
            shutil.rmtree(folder)
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()))
    print(json.dumps({"machine": platform.processor() or platform.machine(), "rows": rows}))


if __name__ == "__main__":
    main()
