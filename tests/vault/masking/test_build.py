"""A company masked from end to end: joins hold, nobody survives, and a planted survivor is found."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from amends.kernel.errors import UsageError
from amends.report.masking import Asked, as_json, find_spans, make_plan, page, run
from amends.vault.masking.build import Made, build
from amends.vault.masking.plan import read_plan, write_plan
from amends.vault.masking.reading import open_reading
from amends.vault.masking.subset import Wanted
from amends.vault.masking.writers.base import HIDDEN
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.opening import open_store
from tests.vault.masking.company import tables

KEY = b"k" * 32


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "shop"
    folder.mkdir()
    for name, table in tables().items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def made(source: Path) -> tuple[Path, Made]:
    target = source.parent / "copy"
    store = open_store(str(source))
    return target, build(
        store, open_writer(str(target), str(source)), make_plan(store), KEY, finder=find_spans
    )


def column(folder: Path, table: str, name: str) -> list[str]:
    values: list[str] = pq.read_table(folder / f"{table}.parquet").column(name).to_pylist()
    return values


def test_every_row_is_there_and_no_original(source: Path, made: tuple[Path, Made]) -> None:
    target, done = made
    assert done.published and done.proof.survivors == 0
    assert done.proof.n_cells == sum(t.num_rows * t.num_columns for t in tables().values())
    everything = "\n".join(
        str(v)
        for t in tables()
        for c in pq.read_table(target / f"{t}.parquet").columns
        for v in c.to_pylist()
    )
    held = tables()
    for table, name in (
        ("customers", "ssn"), ("customers", "phone"), ("customers", "email"), ("accounts", "account_number"),
        ("accounts", "ssn_digits"), ("devices", "imei"), ("devices", "owner_phone"), ("customers", "street"),
    ):  # fmt: skip
        for value in held[table].column(name).to_pylist():
            assert value not in everything, name


def test_joins_nobody_declared_hold(made: tuple[Path, Made]) -> None:
    target, _ = made
    customers, accounts = (
        column(target, "customers", "id"),
        column(target, "accounts", "customer_id"),
    )
    assert sorted(customers) == sorted(accounts) and len(set(customers)) == len(customers)
    assert set(column(target, "payments", "account_number")) <= set(
        column(target, "accounts", "account_number")
    )
    by_id = dict(zip(customers, column(target, "customers", "ssn"), strict=True))
    for who, digits in zip(accounts, column(target, "accounts", "ssn_digits"), strict=True):
        assert by_id[who].replace("-", "") == digits


def test_texts_name_the_masked_person(made: tuple[Path, Made]) -> None:
    target, _ = made
    people = pq.read_table(target / "customers.parquet").to_pylist()
    by_id = {p["id"]: p for p in people}
    for ticket in pq.read_table(target / "tickets.parquet").to_pylist():
        who = by_id[ticket["customer_id"]]
        for name in ("ssn", "phone", "email"):
            assert who[name] in ticket["notes"]


def test_all_dates_of_a_person_move_alike(source: Path, made: tuple[Path, Made]) -> None:
    target, _ = made

    def moved(table: str, name: str) -> list[int]:
        def days(folder: Path) -> pa.Array:
            held = pa.array(column(folder, table, name))
            return pc.cast(pc.cast(held, pa.date32()), pa.int32())

        return pc.subtract(days(target), days(source)).to_pylist()

    by_id = dict(
        zip(column(target, "customers", "id"), moved("customers", "birth_date"), strict=True)
    )
    by_account = {}
    for who, account, by in zip(
        column(target, "accounts", "customer_id"), column(target, "accounts", "account_number"),
        moved("accounts", "opened_on"), strict=True,
    ):  # fmt: skip
        assert by == by_id[who] != 0
        by_account[account] = by
    for account, by in zip(
        column(target, "payments", "account_number"), moved("payments", "paid_on"), strict=True
    ):
        assert by == by_account[account]
    assert len(set(by_id.values())) > 50


def test_a_column_nobody_recognised_is_masked_for_what_it_holds_or_said_loudly(
    made: tuple[Path, Made], source: Path
) -> None:
    _, done = made
    assert any("accounts.parquet.ssn_digits" in words for words in done.changed)
    told = as_json(done, "shop", "copy", "M1")
    assert "payments.parquet.amount" in told["not_recognised_and_kept"]  # type: ignore[operator]
    shown = page(told)
    assert "<li>payments.parquet.amount</li>" in shown
    assert "payments.parquet . amount" in write_plan(done.plan).split("source =")[0]
    assert not any(v in json.dumps(told) + shown for v in column(source, "customers", "ssn"))


def test_the_same_key_gives_the_same_copy(
    source: Path, made: tuple[Path, Made], tmp_path: Path
) -> None:
    store = open_store(str(source))
    build(
        store,
        open_writer(str(tmp_path / "again"), str(source)),
        make_plan(store),
        KEY,
        finder=find_spans,
    )
    for table in tables():
        name = f"{table}.parquet"
        assert pq.read_table(tmp_path / "again" / name).equals(pq.read_table(made[0] / name))


@pytest.mark.parametrize(
    ("table", "name", "original"),
    [
        ("customers.parquet", "ssn", lambda t: t["customers"].column("ssn")[3].as_py()),
        ("accounts.parquet", "ssn_digits", lambda t: t["customers"].column("ssn")[5].as_py()),
        ("payments.parquet", "payment", lambda t: t["devices"].column("imei")[2].as_py()),
        (
            "tickets.parquet",
            "notes",
            lambda t: f"call {t['customers'].column('phone')[1].as_py()} soon",
        ),
    ],
)
def test_a_planted_survivor_is_found_and_nothing_is_published(
    source: Path, tmp_path: Path, table: str, name: str, original: object
) -> None:
    planted = original(tables())  # type: ignore[operator]

    def spoil(at: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        if at != table:
            return batch
        values = batch.column(name).to_pylist()
        values[7] = planted
        return batch.set_column(batch.schema.names.index(name), name, pa.array(values, pa.string()))

    store = open_store(str(source))
    done = build(
        store,
        open_writer(str(tmp_path / "copy"), str(source)),
        make_plan(store),
        KEY,
        finder=find_spans,
        spoil=spoil,
    )
    found = [c for c in done.proof.columns if c.survivors]
    assert [(c.table, c.column, c.survivors) for c in found] == [(table, name, 1)]
    assert not done.published and list(tmp_path.iterdir()) == []


def test_a_part_has_no_dangling_reference(source: Path, tmp_path: Path) -> None:
    store = open_store(str(source))
    asked = Asked("M1", make_plan(store), KEY, Wanted("customers.parquet", rows=15))
    told, _ = run(store, open_writer(str(tmp_path / "part"), str(source)), asked)
    part = tmp_path / "part"
    ids, accounts = (
        set(column(part, "customers", "id")),
        set(column(part, "accounts", "account_number")),
    )
    assert len(ids) == 15 and told["closure"]["holds"]  # type: ignore[index]
    assert set(column(part, "accounts", "customer_id")) == ids
    assert set(column(part, "tickets", "customer_id")) <= ids
    assert set(column(part, "payments", "account_number")) <= accounts
    assert 0 < len(column(part, "payments", "payment")) < 900


def test_children_have_a_limit_and_parents_none(source: Path, tmp_path: Path) -> None:
    store = open_store(str(source))
    asked = Asked("M1", make_plan(store), KEY, Wanted("accounts.parquet", rows=10, children=1))
    run(store, open_writer(str(tmp_path / "part"), str(source)), asked)
    paid = column(tmp_path / "part", "payments", "account_number")
    assert len(paid) == len(set(paid))
    wanted = set(column(tmp_path / "part", "accounts", "customer_id"))
    assert wanted <= set(column(tmp_path / "part", "customers", "id"))


def test_a_plan_can_be_read_changed_and_given_back(source: Path, tmp_path: Path) -> None:
    store = open_store(str(source))
    plan = make_plan(store)
    path = tmp_path / "plan.toml"
    path.write_text(write_plan(plan))
    assert read_plan(path) == plan
    path.write_text(write_plan(plan).replace('rule = "pool"', 'rule = "strange"', 1))
    with pytest.raises(UsageError, match="no rule strange"):
        read_plan(path)


def test_a_plan_that_leaves_a_column_out_is_refused(source: Path, tmp_path: Path) -> None:
    store = open_store(str(source))
    plan = make_plan(store)
    with pytest.raises(UsageError, match="nothing of 1 columns"):
        build(
            store,
            open_writer(str(tmp_path / "c"), str(source)),
            plan.with_columns(plan.columns[1:]),
            KEY,
        )
    assert list(tmp_path.iterdir()) == []


def test_unknown_columns_can_be_taken_out(source: Path, tmp_path: Path) -> None:
    store = open_store(str(source))
    plan = make_plan(store, "redact")
    build(store, open_writer(str(tmp_path / "c"), str(source)), plan, KEY)
    assert set(column(tmp_path / "c", "payments", "amount")) == {"redacted"}
    assert len(set(column(tmp_path / "c", "customers", "id"))) == 300


def test_a_copy_is_never_written_onto_its_source_or_over_something(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    for target, words in (
        (source, "onto its source"), (tmp_path / "link", "onto its source"), (source / "in", "onto its source"),
        (source.parent, "onto its source"), (tmp_path / "full", "something at the place"),
        ("mysql://u:p@h/d", "password"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            open_writer(str(target), str(source))
    assert (tmp_path / "full" / "x").read_text() == "mine"


def test_a_file_that_cannot_be_read_is_an_exception_and_the_rest_goes_on(
    source: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    for name, table in tables(40).items():
        pq.write_table(table, shop / f"{name}.parquet", row_group_size=10)
    store = open_store(str(shop))
    plan = make_plan(store)
    whole = (shop / "payments.parquet").read_bytes()
    (shop / "payments.parquet").write_bytes(whole[:200] + b"\xff" * 400 + whole[600:])
    done = build(store, open_writer(str(tmp_path / "copy"), str(shop)), plan, KEY)
    assert [u.table for u in done.unread] == ["payments.parquet"]
    assert done.published and (tmp_path / "copy" / "customers.parquet").exists()
    assert not (tmp_path / "copy" / "payments.parquet").exists()


def test_hostile_names_huge_values_and_mixed_types(tmp_path: Path) -> None:
    names = ['a"; DROP TABLE t; --', "ssn\n", "ünï", "[1]", "", "' OR 1=1"]
    rows = 30
    big = "x" * 200_000
    held = pa.table({
        names[0]: [f"812-3{n % 10}-{1000 + n}" for n in range(rows)],
        names[1]: [f"8123{n % 10}{1000 + n}" if n % 3 else "n/a" for n in range(rows)],
        names[2]: [big if n == 3 else None for n in range(rows)],
        names[3]: [str(n) if n % 2 else "x@y.example" for n in range(rows)],
        names[4]: ["\x01\x02" for _ in range(rows)],
        names[5]: ["=cmd()" for _ in range(rows)],
    })  # fmt: skip
    (tmp_path / "s").mkdir()
    pq.write_table(held, tmp_path / "s" / "Robert'); --.parquet")
    store = open_store(str(tmp_path / "s"))
    for place in ("out", "out.db"):
        done = build(
            store,
            open_writer(str(tmp_path / place), str(tmp_path / "s")),
            make_plan(store),
            KEY,
            finder=find_spans,
        )
        assert done.published, as_json(done, "", "", "")["proof"]
    conn = sqlite3.connect(tmp_path / "out.db")
    [[name]] = conn.execute("SELECT name FROM sqlite_master").fetchall()
    assert conn.execute('SELECT count(*) FROM "' + name.replace('"', '""') + '"').fetchone() == (
        rows,
    )
    conn.close()


def test_sqlite_keeps_types_keys_indexes_and_views(tmp_path: Path) -> None:
    held = tables(60)
    conn = sqlite3.connect(tmp_path / "shop.db")
    conn.executescript(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, ssn CHAR(11) NOT NULL UNIQUE, email TEXT, zip INT,"
        " photo BLOB);"
        "CREATE TABLE accounts (number TEXT PRIMARY KEY, customer INTEGER REFERENCES customers (id), ssn INT);"
        "CREATE INDEX by_customer ON accounts (customer); CREATE VIEW people AS SELECT id FROM customers;"
    )
    for n, row in enumerate(held["customers"].to_pylist()):
        conn.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
            (row["id"], row["ssn"], row["email"], row["zip"], b"\x00\xff"),
        )
        account = held["accounts"].column("account_number")[n].as_py()
        conn.execute(
            "INSERT INTO accounts VALUES (?, ?, ?)",
            (account, row["id"], row["ssn"].replace("-", "")),
        )
    conn.commit()
    conn.close()
    address = str(tmp_path / "shop.db")
    store = open_store(address)
    done = build(
        store,
        open_writer(str(tmp_path / "copy.db"), address),
        make_plan(store),
        KEY,
        finder=find_spans,
    )
    store.close()
    assert done.published and done.notes == []
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
    joined = (
        "FROM accounts a JOIN customers c ON c.id = a.customer AND replace(c.ssn, '-', '') = a.ssn"
    )
    assert copy.execute(f"SELECT count(*) {joined}").fetchone() == (60,)
    assert copy.execute(
        f"SELECT DISTINCT typeof(a.ssn), typeof(c.zip), typeof(c.photo) {joined}"
    ).fetchall() == [("integer", "integer", "blob")]
    found = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
    assert {"by_customer", "people"} <= found
    copy.close()


def test_keys_counted_from_zero_stay_keys(tmp_path: Path) -> None:
    conn = sqlite3.connect(tmp_path / "shop.db")
    conn.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, ssn TEXT UNIQUE)")
    conn.execute("CREATE TABLE orders (customer_id INT REFERENCES customers (id), note TEXT)")
    for n in range(1200):
        conn.execute(
            "INSERT INTO customers VALUES (?, ?)",
            (n, f"{100 + n % 500}-{10 + n // 500}-{n + 1000}"),
        )
        conn.execute("INSERT INTO orders VALUES (?, 'paid')", (n,))
    conn.commit()
    conn.close()
    store = open_store(str(tmp_path / "shop.db"))
    plan = make_plan(store)
    assert [c.rule for c in plan.columns if c.column in ("id", "customer_id")] == ["fpe", "fpe"]
    writer = open_writer(str(tmp_path / "copy.db"), str(tmp_path / "shop.db"))
    done = build(store, writer, plan, KEY, finder=find_spans)
    store.close()
    assert done.published
    copy = sqlite3.connect(tmp_path / "copy.db")
    joined = copy.execute("SELECT COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id")
    assert joined.fetchone() == (1200,)
    assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
    copy.close()


SLOW = """
import sys, time
from pathlib import Path
from amends.report.masking import make_plan
from amends.vault.masking.build import build
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.opening import open_store
source, target = sys.argv[1:]
def slow(table, batch):
    print("writing", flush=True)
    time.sleep(0.3)
    return batch
store = open_store(source)
build(store, open_writer(target, source), make_plan(store), b"k" * 32, spoil=slow)
"""


@pytest.mark.parametrize("place", ["copy", "copy.db"])
def test_a_killed_run_leaves_nothing_under_the_name_and_can_be_started_again(
    source: Path, tmp_path: Path, place: str
) -> None:
    target = tmp_path / place
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", SLOW, str(source), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None and child.stdout.readline() == "writing\n"
        time.sleep(0.35)
        child.send_signal(signal.SIGKILL)
    assert not target.exists()
    assert [p.name.startswith(HIDDEN) for p in tmp_path.iterdir()] == [True]
    store = open_store(str(source))
    assert build(store, open_writer(str(target), str(source)), make_plan(store), KEY).published
    assert sorted(p.name for p in tmp_path.iterdir()) == [place]


def test_identifiers_beside_other_signs_and_names_no_scanner_sees_are_replaced(
    tmp_path: Path,
) -> None:
    held = tables(40)["customers"].to_pylist()
    shop = tmp_path / "shop"
    shop.mkdir()
    pq.write_table(
        pa.table({k: [p[k] for p in held] for k in ("ssn", "first_name", "last_name", "phone")}),
        shop / "p.parquet",
    )
    marks = [f"ref:{p['ssn'].replace('-', '')}/x" for p in held[:5]] + [f"R{n}" for n in range(35)]
    notes = [
        f"the blue {p['first_name']} {p['last_name']} thing was sent at once to them all"
        for p in held
    ]
    pq.write_table(pa.table({"mark": marks, "remark": notes}), shop / "q.parquet")
    store = open_store(str(shop))
    done = build(store, open_writer(str(tmp_path / "copy"), str(shop)), make_plan(store), KEY)
    assert done.published
    assert column(tmp_path / "copy", "q", "mark")[:5] != marks[:5]
    for mark, person in zip(column(tmp_path / "copy", "q", "mark"), held[:5], strict=False):
        assert mark.startswith("ref:9") and person["ssn"].replace("-", "") not in mark
    first, last = (
        column(tmp_path / "copy", "p", "first_name"),
        column(tmp_path / "copy", "p", "last_name"),
    )
    for text, a, b in zip(column(tmp_path / "copy", "q", "remark"), first, last, strict=True):
        assert f"{a} {b}" in text


def test_damaged_files_and_documents_are_exceptions(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    for name, table in tables(40).items():
        pq.write_table(table, shop / f"{name}.parquet")
    (shop / "broken.parquet").write_bytes(b"PAR1 no")
    (shop / "letter.pdf").write_bytes(b"%PDF")
    (shop / "note.csv").write_text("ssn,name\n812-34-5678,Ann Lee\n")
    store = open_reading(str(shop))
    done = build(store, open_writer(str(tmp_path / "copy"), str(shop)), make_plan(store), KEY)
    assert done.published
    assert [u.table for u in done.unread] == ["broken.parquet", "letter.pdf"]
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == sorted(
        [*(f"{t}.parquet" for t in tables(1)), "note.csv"]
    )
    assert "812-34-5678" not in (tmp_path / "copy" / "note.csv").read_text()


def test_a_source_without_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "broken.parquet").write_bytes(b"PAR1 no")
    store = open_reading(str(tmp_path / "shop"))
    with pytest.raises(UsageError, match="no table"):
        build(
            store,
            open_writer(str(tmp_path / "copy"), str(tmp_path / "shop")),
            make_plan(store),
            KEY,
        )
