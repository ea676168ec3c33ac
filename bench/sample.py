"""Samples of known origin against what a company holds: verdict, store, dates, and the time at size.

    python -m bench.sample [--records 10000000] [--rows 100000] [--json]

A world of its own: a customer table as of three days (people join, leave, move, change numbers), a billing table, and
an earlier incident. Samples are drawn from one day's copy, rewritten in other formats, cut to ten rows, mixed with
made-up rows, put together from pieces, made up whole, or are another company's list of partly the same people.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from amends.taxonomy.reference import rows as reference
from bench.common import amends, measured

DAYS = ("2026-05-31", "2026-06-30", "2026-07-31")
AT_SIZE = "ours at size"
STREETS = (
    "Oak St",
    "Maple Avenue",
    "2nd Ave",
    "Lake Rd",
    "Hill Ln",
    "Park Blvd",
    "Cedar Ct",
    "Elm Drive",
)


class World:
    """People with what a carrier knows of them, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.given = pa.array([r["given_name"].title() for r in reference("given_names")][:3000])
        self.family = pa.array([r["surname"].title() for r in reference("surnames")][:20000])
        homes = [r for r in reference("zip_prefix_state") if r["state"] and r["kind"] == "state"]
        self.prefix = pa.array([r["prefix"] for r in homes])
        self.state = pa.array([r["state"] for r in homes])

    def people(self, n: int, first: int, tag: str = "9") -> pa.Table:
        """Return ``n`` people; account numbers count from ``first`` and begin with ``tag``."""
        c = self.chance
        given = self.given.take(pa.array(np.minimum(c.zipf(1.3, n), len(self.given)) - 1))
        family = self.family.take(pa.array(np.minimum(c.zipf(1.25, n), len(self.family)) - 1))
        home = pa.array(c.integers(0, len(self.prefix), n))
        born = c.integers(-14000, 13000, n).astype("datetime64[D]")
        number = np.char.zfill(c.integers(1, 665, n).astype("U3"), 3)
        ssn = _joined(number, "-", np.char.zfill(c.integers(1, 100, n).astype("U2"), 2), "-",
                      np.char.zfill(c.integers(1, 10000, n).astype("U4"), 4))  # fmt: skip
        account = _joined(tag, np.char.zfill(np.arange(first, first + n).astype("U9"), 9))
        user = _joined(
            pc.utf8_lower(given), ".", pc.utf8_lower(family), c.integers(1, 999999, n).astype("U6")
        )
        return pa.table({
            "account_number": account, "first_name": given, "last_name": family, "birth_date": pa.array(born),
            "ssn": ssn, "phone": self.phones(n), "email": _joined(user, "@", "mailbox.org"),
            "street": self.streets(n), "zip": _joined(self.prefix.take(home), np.char.zfill(c.integers(0, 100, n).astype("U2"), 2)),
            "state": self.state.take(home),
        })  # fmt: skip

    def phones(self, n: int) -> pa.Array:
        """Return telephone numbers."""
        c = self.chance
        return _joined(c.choice([206, 212, 303, 415, 512, 617, 702, 808], n).astype("U3"), "-",
                       c.integers(220, 999, n).astype("U3"), "-", np.char.zfill(c.integers(0, 9999, n).astype("U4"), 4))  # fmt: skip

    def streets(self, n: int) -> pa.Array:
        """Return street lines."""
        return _joined(
            self.chance.integers(1, 9999, n).astype("U4"), " ", self.chance.choice(STREETS, n)
        )

    def later(self, table: pa.Table, joined: int, first: int) -> pa.Table:
        """Return the table a month later: one in 100 moved or changed the number, one in 300 left, some joined."""
        n = table.num_rows
        for column, fresh in (("phone", self.phones(n)), ("street", self.streets(n))):
            changed = pa.array(self.chance.random(n) < 0.01)
            place = table.schema.get_field_index(column)
            table = table.set_column(place, column, pc.if_else(changed, fresh, table.column(column).combine_chunks()))  # fmt: skip
        stayed = table.filter(pa.array(self.chance.random(n) > 1 / 300))
        return pa.concat_tables([stayed, self.people(joined, first)])

    def some(self, table: pa.Table, n: int) -> pa.Table:
        """Return ``n`` rows."""
        return table.take(
            pa.array(self.chance.choice(table.num_rows, min(n, table.num_rows), replace=False))
        )

    def shuffled(self, table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
        """Return the table with columns shuffled, each by itself."""
        for column in columns:
            order = pa.array(self.chance.permutation(table.num_rows))
            place = table.schema.get_field_index(column)
            table = table.set_column(place, column, table.column(column).take(order))
        return table


def _joined(*parts: object) -> pa.Array:
    texts = [p if isinstance(p, str) else pa.array(p, pa.string()) if isinstance(p, np.ndarray) else p for p in parts]  # fmt: skip
    return pc.binary_join_element_wise(*texts, "")


def rewritten(table: pa.Table) -> pa.Table:
    """Return the rows as a seller writes them: other headers, other forms."""
    digits = pc.replace_substring(table.column("ssn"), "-", "")
    phone = table.column("phone")
    return pa.table({
        "FULLNAME": pc.binary_join_element_wise(pc.utf8_upper(table.column("first_name")), pc.utf8_upper(table.column("last_name")), " "),
        "DOB": pc.strftime(table.column("birth_date"), "%m/%d/%Y"), "SOCIAL": digits,
        "CELL": pc.binary_join_element_wise("(", pc.utf8_slice_codeunits(phone, 0, 3), ") ", pc.utf8_slice_codeunits(phone, 4, 12), ""),
        "ADDR": pc.utf8_upper(table.column("street")), "POSTCODE": table.column("zip"),
    })  # fmt: skip


def made_up(world: World, n: int) -> pa.Table:
    """Return rows as a generator of test data makes them: every value fine, no two that belong together."""
    table = world.people(n, 0, "7")
    mails = _joined("user", np.arange(n).astype("U9"), "@example.net")
    table = table.set_column(table.schema.get_field_index("email"), "email", mails)
    return world.shuffled(table, ("state",))


def main() -> None:
    """Make the world, the index and the samples; print what each was called."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="amends-bench-sample-"))
    try:
        rows = run(World(given.seed), folder, given.records, given.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{k}={v}" for k, v in row.items()))


def run(world: World, folder: Path, records: int, rows: int) -> list[dict[str, object]]:
    """Return one row a sample, and one on the index."""
    held = folder / "held"
    held.mkdir()
    n = records // 4
    copies = [world.people(n, 0)]
    for month in (1, 2):
        copies.append(world.later(copies[-1], n // 200, month * 100_000_000))
    for day, table in zip(DAYS, copies, strict=True):
        pq.write_table(table, held / f"crm-{day}.parquet")
    billing = world.some(copies[1], n).select(
        ["account_number", "first_name", "last_name", "street", "zip"]
    )
    pq.write_table(billing.append_column("bank_account", pa.array(world.chance.integers(10**9, 10**10, len(billing)).astype("U10"))), held / "billing.parquet")  # fmt: skip
    earlier = folder / "earlier"
    earlier.mkdir()
    old = world.some(copies[0], n // 10)
    pq.write_table(old, earlier / "leak.parquet")
    july = copies[1]
    few = min(rows, 5000)
    other = pa.concat_tables([world.some(july, few // 4), world.people(few - few // 4, 5, "3")])
    other = other.set_column(
        0, "account_number", world.people(few, 9, "3").column("account_number")
    )
    samples = {
        AT_SIZE: ("ours", world.some(july, rows)),
        "ours at size, and an earlier incident": ("ours", world.some(july, rows)),
        "ours rewritten": ("ours", rewritten(world.some(july, few))),
        "ours ten rows": ("ours", world.some(july, 10)),
        "ours billing": ("ours", world.some(billing, few)),
        "half made up": ("partly_ours", pa.concat_tables([world.some(july, few // 2), made_up(world, few // 2)])),
        "ssn shuffled": ("recombined", world.shuffled(world.some(july, few), ("ssn",))),
        "all shuffled": ("recombined", world.shuffled(world.some(july, few), tuple(july.column_names))),
        "made up": ("invented", made_up(world, few)),
        "strangers": ("not_ours", world.people(few, 7, "3")),
        "other company, a quarter the same people": ("partly_ours", other),
    }  # fmt: skip
    index, before = folder / "index", folder / "index-earlier"
    cost = measured(amends("sample", "index", held, "--to", index))
    measured(amends("sample", "index", earlier, "--to", before))
    made = [{"sample": "index", "records": sum(c.num_rows for c in copies) + len(billing), "seconds": cost.seconds,
             "peak_mib": cost.peak_mib, "bytes": sum(f.stat().st_size for f in index.rglob("*") if f.is_file())}]  # fmt: skip
    return [
        *made,
        *(
            _checked(folder, name, want, table, index, before)
            for name, (want, table) in samples.items()
        ),
    ]


def _checked(
    folder: Path, name: str, want: str, table: pa.Table, index: Path, before: Path
) -> dict[str, object]:
    path = folder / "sample.csv"
    pacsv.write_csv(table, path)
    started = time.monotonic()
    more = () if name == AT_SIZE else ("--earlier", before)
    cost = measured(amends("sample", "check", path, "--against", index, *more, "--json"))
    whole = time.monotonic() - started
    answer = json.loads(cost.output)
    told = [(b["after"], b["before"]) for b in answer["brackets"]]
    return {
        "sample": name, "rows": table.num_rows, "want": want, "verdict": answer["verdict"],
        "right": answer["verdict"] == want, "joint": answer["joint"], "by_chance": round(answer["by_chance"], 2),
        "store": answer["origins"][0]["store"] if answer["origins"] else "", "bracket": told[0] if told else "",
        "new": answer["people"]["new"], "earlier": answer["people"]["earlier"],
        "check_seconds": answer["seconds"], "command_seconds": round(whole, 2), "peak_mib": cost.peak_mib,
    }  # fmt: skip


if __name__ == "__main__":
    main()
