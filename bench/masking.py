"""How fast values are masked and proved, and how fast a test store is held against production.

Goals: 1 M values a second and core; a test store of 1 M rows against 10 M people in minutes.

    python -m bench.masking [--rows 1000000] [--people 10000000] [--json]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from amends.report.masking import find_spans, make_plan
from amends.report.test_check import check
from amends.vault.masking.build import Made, build
from amends.vault.masking.census import Census, DomainSet
from amends.vault.masking.masker import Masker
from amends.vault.masking.pools import given_names, pick, surnames
from amends.vault.masking.sweep import Sweep
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.opening import open_store
from bench.common import show

KEY = b"b" * 32


def people(rows: int, seed: int, first: int = 0) -> pa.Table:
    """Return invented people, each with identifiers of their own."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(first, first + rows, dtype=np.uint64)
    noise = rng.integers(0, 2**63, rows, dtype=np.uint64)
    ssn = 100_000_000 + (numbers * np.uint64(7919)) % np.uint64(799_999_993)
    phone = np.uint64(2_020_000_000) + (numbers * np.uint64(104_729)) % np.uint64(7_900_000_000)
    account = np.uint64(10**11) + (numbers * np.uint64(15_485_863)) % np.uint64(8 * 10**11)
    born = (np.datetime64("1940-01-01") + rng.integers(0, 24_000, rows)).astype(str)
    return pa.table(
        {
            "ssn": pa.array(ssn).cast(pa.string()), "phone": pa.array(phone).cast(pa.string()),
            "email": pa.array(np.char.add(np.char.add("u", numbers.astype(str)), "@corp.example").tolist()),
            "account_number": pa.array(account).cast(pa.string()), "first_name": pick(given_names("F"), noise),
            "last_name": pick(surnames(), noise << np.uint64(20)), "birth_date": pa.array(born.tolist()),
        }
    )  # fmt: skip


def timed(work: Callable[[], object]) -> tuple[object, float, float]:
    """Return what work returns, its seconds and its processor seconds."""
    wall, own = time.monotonic(), time.process_time()
    done = work()
    return done, time.monotonic() - wall, time.process_time() - own


def masking(rows: int) -> list[dict[str, object]]:
    """Measure the steps of a masked copy over one table of seven identifiers."""
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "prod"
        source.mkdir()
        table = people(rows, 1)
        pq.write_table(table, source / "people.parquet")
        store = open_store(str(source))
        plan = make_plan(store)
        values = rows * table.num_columns
        batches = [b for b in store.batches("people.parquet")]
        domains = DomainSet(KEY)
        census = Census(domains, plan)

        def see() -> object:
            for batch in batches:
                census.see("people.parquet", batch)
            return census.settle()

        settled, wall, own = timed(see)
        assert isinstance(settled, tuple)
        out = [_row("census and allocation", values, wall, own)]
        shapes = {s.name: s.columns for s in store.tables(count=False)}
        masker = Masker(domains, plan, shapes, *settled, Sweep(KEY, {}))
        _, wall, own = timed(lambda: [masker.mask("people.parquet", b) for b in batches])
        out.append(_row("masking", values, wall, own))
        for name in table.column_names:
            one = next(c for c in plan.columns if c.column == name)
            if one.rule in ("fpe", "pool"):
                parts = [b.column(name) for b in batches]
                _, wall, own = timed(partial(_replaced, masker, one.domain, parts))
                out.append(_row(f"  {one.domain}", rows, wall, own))
        writer = open_writer(str(Path(home) / "copy"), str(source))
        done, wall, own = timed(lambda: build(store, writer, plan, KEY, finder=find_spans))
        assert isinstance(done, Made)
        last = _row("all: read, settle, mask, write, prove", values, wall, own)
        out.append({**last, "survivors": done.proof.survivors})
        return out


def test_check(n_people: int, rows: int) -> dict[str, object]:
    """Measure a test store of so many rows, a tenth of them production's, against production."""
    with tempfile.TemporaryDirectory() as home:
        for name, parts in (
            ("prod", [(n, 1_000_000) for n in range(0, n_people, 1_000_000)]),
            ("test", [(n_people - rows // 10, rows)]),
        ):
            (Path(home) / name).mkdir()
            writer = None
            for first, size in parts:
                table = people(size, first + 1, first).select(
                    ["ssn", "email", "first_name", "last_name", "birth_date"]
                )
                writer = writer or pq.ParquetWriter(
                    Path(home) / name / "people.parquet", table.schema
                )
                writer.write_table(table)
            assert writer is not None
            writer.close()
        test, prod = open_store(str(Path(home) / "test")), open_store(str(Path(home) / "prod"))
        told, wall, own = timed(lambda: check(test, prod, KEY))
        assert isinstance(told, dict)
        made = _row(
            f"test-check {rows:,} rows against {n_people:,} people", n_people + rows, wall, own
        )
        return {**made, "found": told["persons_found"], "expected": rows // 10}


def _replaced(masker: Masker, domain: str, parts: list[pa.Array]) -> None:
    for part in parts:
        masker.replace(domain, part)


def _row(what: str, values: int, wall: float, own: float) -> dict[str, object]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "what": what, "values": values, "seconds": round(wall, 2), "cpu_seconds": round(own, 2),
        "values_per_cpu_second": round(values / max(own, 1e-9)), "peak_mib": round(peak),
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser()
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--people", type=int, default=10_000_000)
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    rows = masking(given.rows)
    if given.people:
        rows.append(test_check(given.people, given.people // 10))
    show("masking", rows, given.json)


if __name__ == "__main__":
    main()
