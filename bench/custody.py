"""How fast custody reads dumps and tables to Arrow, and seals files.

    python bench/custody.py [--megabytes 200] [--json FILE]

Writes seeded files of the size asked for into a temporary folder, reads each to its end with one thread, and prints
MB/s, rows a second and peak memory. Goals (rooms/custody): dumps >= 50 MB/s a core, sealing >= 500 MiB/s. The peer is
a reader everybody has: Python's csv module for tables, sqlglot for INSERT statements (on a small sample).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from amends.custody.digests import digest
from amends.custody.reader import Reader
from amends.kernel.contents import TablePart

FIRST = ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "June", "O'Neil"]
LAST = ["Meyer", "Smith", "Garcia", "Lee", "Novak", "Brown", "Silva", "Ito", "Khan", "Berg"]


def people(count: int) -> list[tuple[str, ...]]:
    dice = random.Random(7)
    rows = []
    for number in range(count):
        first, last = dice.choice(FIRST), dice.choice(LAST)
        born = f"{dice.randint(1930, 2005)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"
        street = f"{dice.randint(1, 9999)} Main St, Apt {dice.randint(1, 40)}"
        ssn = f"9{dice.randint(0, 99):02d}-{dice.randint(1, 99):02d}-{dice.randint(1, 9999):04d}"
        rows.append(
            (
                str(number),
                first,
                last,
                born,
                street,
                "Springfield",
                "IL",
                f"{dice.randint(1, 99999):05d}",
                ssn,
                f"{first}.{last}{number}@example.com",
            )
        )
    return rows


NAMES = ["id", "first", "last", "born", "street", "city", "state", "zip", "ssn", "email"]


def write_copy(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    body = "".join("\t".join(row) + "\n" for row in rows)
    with path.open("w") as out:
        out.write(
            "-- PostgreSQL database dump\nCREATE TABLE public.people ("
            + ", ".join(f"{n} text" for n in NAMES)
            + ");\n"
        )
        out.write(f"COPY public.people ({', '.join(NAMES)}) FROM stdin;\n")
        for _ in range(times):
            out.write(body)
        out.write("\\.\n")


def _mysql(cell: str) -> str:
    return cell if cell.isdigit() else "'" + cell.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_mysql(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    tuples = ["(" + ",".join(_mysql(cell) for cell in row) + ")" for row in rows]
    chunks = [tuples[at : at + 8000] for at in range(0, len(tuples), 8000)]
    body = "".join("INSERT INTO `people` VALUES " + ",".join(chunk) + ";\n" for chunk in chunks)
    with path.open("w") as out:
        out.write(
            "-- MySQL dump 10.13\nCREATE TABLE `people` ("
            + ", ".join(f"`{n}` text" for n in NAMES)
            + ") ENGINE=InnoDB;\n"
        )
        for _ in range(times):
            out.write(body)


def write_inserts(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    body = "".join(
        "INSERT INTO public.people VALUES ("
        + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row)
        + ");\n"
        for row in rows
    )
    with path.open("w") as out:
        out.write(
            "-- PostgreSQL database dump\nCREATE TABLE public.people ("
            + ", ".join(f"{n} text" for n in NAMES)
            + ");\n"
        )
        for _ in range(times):
            out.write(body)


def write_csv(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(NAMES)
        for _ in range(times):
            writer.writerows(rows)


def write_gz(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    plain = path.with_name("plain.sql")
    write_copy(plain, rows, times)
    with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as out:
        while piece := source.read(1 << 20):
            out.write(piece)


def write_jsonl(path: Path, rows: list[tuple[str, ...]], times: int) -> None:
    body = "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows)
    with path.open("w") as out:
        for _ in range(times):
            out.write(body)


CASES: tuple[tuple[str, str, Callable[[Path, list[tuple[str, ...]], int], None]], ...] = (
    ("COPY", "copy.sql", write_copy),
    ("COPY in gz", "copy.sql.gz", write_gz),
    ("INSERT, many rows a statement (mysqldump)", "mysql.sql", write_mysql),
    ("INSERT, one row a statement (pg_dump --inserts)", "inserts.sql", write_inserts),
    ("CSV", "people.csv", write_csv),
    ("JSON Lines", "people.jsonl", write_jsonl),
)


def read_all(path: Path) -> tuple[int, int]:
    rows = size = 0
    for part in Reader().parts(path):
        if isinstance(part, TablePart):
            for batch in part.batches:
                rows += batch.num_rows
                size += batch.nbytes
    return rows, size


def peers(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    path = folder / "people.csv"
    start = time.perf_counter()
    with path.open(newline="") as source:
        count = sum(1 for _ in csv.reader(source))
    seconds = time.perf_counter() - start
    found.append(line("peer: csv.reader, rows only", path.stat().st_size, count, seconds))
    try:
        import sqlglot  # noqa: PLC0415 (a peer, wanted only here)
    except ImportError:
        return found
    sample = (folder / "mysql.sql").read_text()[: 1 << 19]
    sample = sample[sample.index("INSERT") : sample.rindex("),(") + 1]
    start = time.perf_counter()
    sqlglot.parse(sample, read="mysql")
    found.append(
        line(
            "peer: sqlglot on INSERT", len(sample), sample.count("),("), time.perf_counter() - start
        )
    )
    return found


def line(name: str, size: int, rows: int, seconds: float, cpu: float = 0.0) -> dict[str, object]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "case": name,
        "mb": round(size / 1e6, 1),
        "rows": rows,
        "seconds": round(seconds, 2),
        "mb_per_s": round(size / 1e6 / seconds, 1),
        "mb_per_core_s": round(size / 1e6 / (cpu or seconds), 1),
        "peak_mib": round(peak),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=200)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    pa.set_cpu_count(1)
    rows = people(20_000)
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, file, write in CASES:
            path = folder / file
            write(path, rows, max(chosen.megabytes // 2, 1))
            size = (
                (folder / "plain.sql").stat().st_size
                if file.endswith(".gz")
                else path.stat().st_size
            )
            start, busy = time.perf_counter(), time.process_time()
            count, _ = read_all(path)
            seconds, cpu = time.perf_counter() - start, time.process_time() - busy
            found.append(line(title, size, count, seconds, cpu))
            print(found[-1], file=sys.stderr)
        path = folder / "copy.sql"
        start = time.perf_counter()
        with (folder / "copied").open("wb", buffering=0) as copy:
            digest(path, copy)
        found.append(
            line(
                "sealing: SHA-256 + BLAKE3 + copy",
                path.stat().st_size,
                0,
                time.perf_counter() - start,
            )
        )
        start = time.perf_counter()
        digest(path)
        found.append(
            line("sealing: SHA-256 + BLAKE3", path.stat().st_size, 0, time.perf_counter() - start)
        )
        found += peers(folder)
    print(
        f"{datetime.now(UTC):%Y-%m-%d} {platform.machine()} {platform.python_version()} pyarrow {pa.__version__}"
    )
    for row in found:
        speed = f"{row['mb_per_s']:>7} MB/s {row['mb_per_core_s']:>7} MB/core-s"
        rows_read = f"{row['mb']:>8} MB {row['rows']:>9} rows {row['seconds']:>7} s"
        print(f"{row['case']:<50} {rows_read} {speed} {row['peak_mib']:>6} MiB")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
