"""Protect Parquet and CSV files, beside a plain copy; find a row by a protected column, beside a plain index.

    python bench/protect_files.py [--rows 10000000] [--search-rows 2000000] [--part parquet|csv|search] [--json]

Parquet: a table of a dozen columns, two of them identifiers. The plain copy reads and writes the same file with
PyArrow, one thread, the same settings, row group after row group. CSV: the same beside shutil.copyfile and beside
pyarrow.csv. Search: SQLite, an index on the column in both tables, the same statements through SQLAlchemy.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import sqlalchemy as sa

from amends.vault.keyring import Keyring
from amends.vault.protect.convert import to_tokens
from amends.vault.roots.file import FileRoot
from amends.vault.sqlalchemy_type import Protected
from amends.vault.stores.base import Change
from amends.vault.stores.opening import open_store
from bench.common import show

GROUP = 1_000_000
CHANGE = "V0123456789abcdef"


def table(start: int, n: int, rng: np.random.Generator) -> pa.Table:
    """Return customers: a dozen columns, an SSN and a licence among them."""

    def numbered(prefix: str, width: int, values: np.ndarray) -> pa.Array:
        return pc.binary_join_element_wise(
            prefix, pc.utf8_lpad(pc.cast(pa.array(values), pa.string()), width, "0"), ""
        )

    def chosen(words: list[str]) -> pa.Array:
        return pa.array(words).take(pa.array(rng.integers(0, len(words), n)))

    letters = [f"{a}{b}{c}" for a in "KLMNPRST" for b in "aeiou" for c in ("nn", "rt", "ck", "ll")]
    return pa.table(
        {
            "customer_id": pa.array(np.arange(start, start + n)),
            "first": chosen(letters),
            "last": chosen([a + b.lower() for a in letters[:80] for b in letters[:40]]),
            "ssn": numbered("", 9, rng.integers(10**8, 9 * 10**8, n)),
            "licence": numbered("D", 8, rng.integers(0, 10**8, n)),
            "birth_on": pa.array(rng.integers(-20000, 12000, n).astype("int32")).cast(pa.date32()),
            "street": pc.binary_join_element_wise(
                pc.cast(pa.array(rng.integers(1, 9999, n)), pa.string()), chosen(letters), " "
            ),
            "city": chosen(letters),
            "state": chosen(["CA", "NV", "NY", "TX", "WA", "OR", "FL"]),
            "zip": numbered("", 5, rng.integers(500, 99999, n)),
            "balance": pa.array(np.round(rng.normal(80, 30, n), 2)),
            "changed_at": pa.array(
                rng.integers(1_500_000_000_000, 1_600_000_000_000, n), pa.timestamp("ms")
            ),
        }
    )


def write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(1)
    first = table(0, 1, rng).schema
    with pq.ParquetWriter(path, first) as writer:
        for start in range(0, rows, GROUP):
            n = min(GROUP, rows - start)
            writer.write_table(table(start, n, rng), row_group_size=n)


def plain_copy(source: Path, target: Path) -> None:
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(target, file.schema_arrow) as writer,
    ):
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, use_threads=False)
            writer.write_table(group, row_group_size=group.num_rows)


def protect(source: Path, folder: Path, columns: tuple[str, ...]) -> None:
    keyring = Keyring.open(folder / "vault")
    store = open_store(str(source))
    change = Change(CHANGE, source.name, columns)
    convert = to_tokens({c: keyring.cipher(c) for c in columns})
    store.start(change)
    for _ in store.copy(change, convert):
        pass


def csv_copy(source: Path, target: Path) -> None:
    options = pacsv.ConvertOptions(column_types={"ssn": pa.string(), "licence": pa.string()})
    read = pacsv.ReadOptions(use_threads=False, block_size=8 << 20)
    with (
        pacsv.open_csv(source, read_options=read, convert_options=options) as reader,
        pacsv.CSVWriter(target, reader.schema) as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)


def _child(pipe: Any, work: Any, given: tuple[Any, ...]) -> None:
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    begin, before = time.perf_counter(), time.process_time()
    work(*given)
    wall, cpu = time.perf_counter() - begin, time.process_time() - before
    pipe.send((wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def timed(work: Any, *given: Any) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak MiB of work in a process of its own."""
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, work, given))
    process.start()
    theirs.close()
    try:
        wall, cpu, peak = mine.recv()
    except EOFError:
        sys.exit("the work failed")
    process.join()
    return wall, cpu, peak


def row(what: str, cost: tuple[float, float, float], base: float, n: int) -> dict[str, object]:
    wall, cpu, peak = cost
    return {
        "what": what, "seconds": round(wall, 2), "cpu_s": round(cpu, 2), "ratio_cpu": round(cpu / base, 2),
        "rows_per_s": round(n / wall), "peak_mib": round(peak),
    }  # fmt: skip


def parquet(folder: Path, rows: int) -> list[dict[str, object]]:
    source = folder / "customers.parquet"
    timed(write, source, rows)
    copy = timed(plain_copy, source, folder / "copy.out")
    made = timed(protect, source, folder, ("ssn", "licence"))
    shadow = next(folder.glob(f".amends-{CHANGE}*/shadow/customers.parquet"))
    before, after = pq.ParquetFile(source), pq.ParquetFile(shadow)
    same = all(
        before.read_row_group(0, columns=[c]).equals(after.read_row_group(0, columns=[c]))
        for c in before.schema_arrow.names
        if c not in ("ssn", "licence")
    )
    sizes = {"same": same, "MB": round(source.stat().st_size / 1e6)}
    return [
        row(f"plain copy, {rows:,} rows, 12 columns", copy, copy[1], rows) | sizes,
        row("protect 2 columns", made, copy[1], rows) | {"MB": round(shadow.stat().st_size / 1e6)},
    ]


def csv(folder: Path, rows: int) -> list[dict[str, object]]:
    source = folder / "customers.csv"
    rng = np.random.default_rng(1)
    with pacsv.CSVWriter(source, table(0, 1, rng).schema) as writer:
        for start in range(0, rows, GROUP):
            writer.write_table(table(start, min(GROUP, rows - start), rng))
    copy = timed(shutil.copyfile, source, folder / "copy.csv")
    arrow = timed(csv_copy, source, folder / "arrow.csv")
    made = timed(protect, source, folder, ("ssn", "licence"))
    shape = {"MB": round(source.stat().st_size / 1e6)}
    return [
        row(f"pyarrow.csv read and write, {rows:,} rows", arrow, arrow[1], rows) | shape,
        row("copy of the bytes", copy, arrow[1], rows),
        row("protect 2 columns", made, arrow[1], rows),
    ]


def search(folder: Path, rows: int) -> list[dict[str, object]]:
    keyring = Keyring.open(folder / "vault")
    engine = sa.create_engine(f"sqlite:///{folder / 'search.db'}")
    meta = sa.MetaData()
    kind = Protected(keyring, "ssn")

    def made(name: str, of: object) -> sa.Table:
        key = sa.Column("id", sa.Integer, primary_key=True)
        return sa.Table(name, meta, key, sa.Column("ssn", of, index=True))

    tables = {"plain": made("plain", sa.String(9)), "tokens": made("tokens", kind)}
    meta.create_all(engine)
    held = [f"{n:09d}" for n in random.Random(1).sample(range(10**9), rows)]
    tokens = keyring.cipher("ssn").protect(pa.array(held)).to_pylist()
    raw = engine.raw_connection()
    raw.executemany("INSERT INTO plain VALUES (?, ?)", enumerate(held))
    raw.executemany("INSERT INTO tokens VALUES (?, ?)", enumerate(tokens))
    raw.commit()
    raw.execute("ANALYZE")
    raw.close()
    sought = random.Random(2).sample(held, 3000)
    out: list[dict[str, object]] = []
    costs: dict[str, list[float]] = {"plain": [], "tokens": []}
    with engine.connect() as conn:
        for turn, value in enumerate(sought):
            for name in ("plain", "tokens") if turn % 2 else ("tokens", "plain"):
                t = tables[name]
                begin = time.perf_counter()
                found = conn.execute(sa.select(t.c.id).where(t.c.ssn == value)).scalars().all()
                costs[name].append(time.perf_counter() - begin)
                assert len(found) == 1
        asked = "EXPLAIN QUERY PLAN SELECT id FROM tokens WHERE ssn = 'x'"
        by_index = any("INDEX" in str(p) for p in conn.exec_driver_sql(asked).fetchall())
    base = statistics.median(costs["plain"])
    for name, values in costs.items():
        middle = statistics.median(values)
        p99 = sorted(values)[int(len(values) * 0.99)]
        out.append(
            {
                "what": f"equality, {name}, {rows:,} rows",
                "median_us": round(middle * 1e6),
                "ratio": round(middle / base, 2),
                "p99_us": round(p99 * 1e6),
                "by_index": by_index,
            }
        )
    engine.dispose()
    return out


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("--rows", type=int, default=10_000_000)
    ask.add_argument("--search-rows", type=int, default=2_000_000)
    ask.add_argument("--part", choices=("parquet", "csv", "search"))
    ask.add_argument("--json", action="store_true")
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Keyring.create(folder / "vault", FileRoot.create(folder / "vault" / "root.key", "root.key"))
        if given.part in (None, "parquet"):
            show("Parquet to Parquet", parquet(folder, given.rows), given.json)
        if given.part in (None, "csv"):
            show("CSV to CSV", csv(folder, given.rows // 2), given.json)
        if given.part in (None, "search"):
            show("Equality search", search(folder, given.search_rows), given.json)


if __name__ == "__main__":
    main()
