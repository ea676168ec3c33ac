"""Random tampering with evidence: how much of it amends finds and names.

    python -m bench.tampering [--trials 1000] [--seed 11] [--json FILE]

Makes a case of seven exhibits in two intakes, then changes, removes, adds, reorders, truncates or swaps something and
verifies, again and again. The goal (rooms/custody) is 1,000 of 1,000 found and named. The crimes are those of
tests/custody/crimes.py.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from amends.custody import open_case
from amends.kernel.case import Case
from tests.custody.crimes import Trials, fill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        Case.create(folder / "acme", {}).close()
        with open_case(folder / "acme") as case:
            fill(case, folder)
            started = time.monotonic()
            missed = Trials(case, args.seed).run(args.trials)
    made = {
        "trials": args.trials,
        "found_and_named": args.trials - len(missed),
        "missed": missed[:20],
        "seconds": round(time.monotonic() - started, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    for name, value in made.items():
        print(f"{name:<16} {value}")
    if args.json:
        args.json.write_text(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
