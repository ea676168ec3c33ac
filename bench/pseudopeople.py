#!/usr/bin/env python3
"""Entity resolution on pseudopeople (five sources, default noise), beside Splink.

    python bench/pseudopeople.py [--peer PYTHON] [--json]

Finds the data in ``../shared/data/people`` or ``$AMENDS_PUBLIC_DATA/people``.
"""

from __future__ import annotations

import argparse
import sys

from resolve import compare, people

FILES = ("pseudopeople_default",)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", help="a Python that has Splink")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for name in FILES:
        path = people() / f"{name}.parquet"
        if not path.exists():
            sys.exit(f"skipped: {name} is not among the public data")
        compare(name, str(path), given.peer, given.json)


if __name__ == "__main__":
    main()
