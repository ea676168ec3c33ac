"""The whole ``amends run`` of a demo case, from evidence to planned notices.

    python bench/main_job.py [--people 1000000] [--seed 7] [--json] [--keep DIR]

Prints seconds and peak memory of writing the case, taking it in and running it, the seconds of each stage, and the
scores against the truth that the generator writes beside the evidence.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import truth as against
from common import amends, measured, show


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp())
    data, truth, case = folder / "data", folder / "truth", folder / "case"
    written = measured(
        amends(
            "demo",
            data,
            "--people",
            str(arguments.people),
            "--seed",
            str(arguments.seed),
            "--truth",
            truth,
        )
    )
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    taken = measured(["bash", data / "add.sh", case])
    run = measured(amends("run", case, "--json"))
    answer = json.loads(run.output)
    rows: list[dict[str, object]] = [
        {"step": "write the case", "seconds": written.seconds, "peak_mib": written.peak_mib},
        {"step": "take it in", "seconds": taken.seconds, "peak_mib": taken.peak_mib},
        {"step": "run", "seconds": run.seconds, "peak_mib": run.peak_mib},
    ]
    rows += [
        {
            "step": f"  {s['name']}",
            "seconds": s["seconds"],
            "peak_mib": round(s["peak_bytes"] / 2**20),
        }
        for s in answer["stages"]
    ]
    show(f"amends run, {arguments.people:,} people", rows, arguments.json)
    show("what came out", [answer["funnel"]], arguments.json)
    compared = against.exported(case, folder)
    show("people, against the truth", [against.person_scores(truth, compared)], arguments.json)
    show("elements, against the truth", against.element_scores(truth, compared), arguments.json)
    show("residence and status", [against.residence_scores(truth, compared)], arguments.json)
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
