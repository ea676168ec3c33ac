"""A process that rotates tokens when it is told to, in a child that can be killed at any moment.

    python -m tests.vault.rotating VAULT DOMAIN SCHEME KIND PLACE COLUMN

Reads lines two by two: at the first it forks a child that runs one rotation and prints the child's process id, at the
second it waits for the child and prints how it ended.
The imports are done once, so forty kills take seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import sqlalchemy as sa

from amends.kernel.register import steady_sqlite
from amends.vault.chunks.base import Chunks
from amends.vault.chunks.parquet import ParquetParts
from amends.vault.chunks.sql import SqlTable
from amends.vault.keyring import Keyring
from amends.vault.rotation import rotate


def place_of(kind: str, path: Path, column: str) -> Chunks:
    """Return the place that a test rotates."""
    if kind == "parquet":
        return ParquetParts(path, [column])
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", lambda connection, record: steady_sqlite(connection))
    return SqlTable(engine, "people", [column], rows=100)


def main() -> None:
    folder, domain, scheme, kind, path, column = sys.argv[1:]
    while sys.stdin.readline():
        child = os.fork()
        if not child:
            code = 1
            try:
                done = rotate(
                    Keyring.open(Path(folder)),
                    domain,
                    [place_of(kind, Path(path), column)],
                    scheme,  # type: ignore[arg-type]  # from the command line
                )
                code = 0 if done.ended else 3
            finally:
                os._exit(code)
        print(child, flush=True)
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
