"""Plan, protect, verify, drop and undo over every kind of store, and what verification must not let pass."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.kernel.errors import AmendsError, TableError, UsageError
from amends.vault.keyring import Keyring
from amends.vault.protect.journal import Journal
from amends.vault.protect.plan import Plan
from amends.vault.protect.plan_file import read_plan, write_plan
from amends.vault.protect.propose import Added, Found, propose
from amends.vault.protect.run import Protection
from amends.vault.roots.file import FileRoot
from amends.vault.stores.base import ChangingStore
from amends.vault.stores.opening import open_store
from tests.notices.postgres import server
from tests.vault import postgres_shop as shop

ROWS = [(n, f"900-{n % 100:02d}-{n:04d}", f"N{n} «ü»") for n in range(1, 201)]
FILES = ("csv", "parquet", "sqlite")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    folder = tmp_path / "safe"
    folder.mkdir()
    return Keyring.create(folder, FileRoot.create(folder / "root.key", "root.key"))


def file_store(folder: Path, kind: str, rows: list[tuple[int, str, str]] = ROWS) -> str:
    """Write people to a store of a kind and return its address."""
    path = folder / f"people.{'db' if kind == 'sqlite' else kind}"
    if kind == "csv":
        with path.open("w", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([("id", "ssn", "name"), *rows])
    elif kind == "parquet":
        columns = list(zip(*rows, strict=True))
        pq.write_table(
            pa.table(dict(zip(("id", "ssn", "name"), map(list, columns), strict=True))), path
        )
    else:
        with sqlite3.connect(path) as conn:
            conn.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, ssn TEXT UNIQUE, name TEXT)")
            conn.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
        conn.close()
    return str(path)


def read(store: ChangingStore, table: str) -> list[dict[str, Any]]:
    rows = [row for batch in store.batches(table) for row in batch.to_pylist()]
    return sorted(rows, key=lambda r: int(r["id"]))


def planned(store: ChangingStore, keyring: Keyring, address: str, *columns: str) -> Plan:
    shapes = store.tables()
    found = [
        Found(s.name, c.name, "ssn", 1, 1)
        for s in shapes
        for c in s.columns
        if c.name in (columns or ("ssn",))
    ]
    return propose(store, keyring.vault_id, address, shapes, found)


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with server() as address:
        plain = address.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as conn:
            shop.hasty(conn)
        yield plain.rsplit("/", 1)[0]


@pytest.fixture
def postgres(base: str) -> Iterator[str]:
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute("CREATE DATABASE people")
    with psycopg.connect(f"{base}/people", autocommit=True) as conn:
        conn.execute("CREATE TABLE people (id int PRIMARY KEY, ssn varchar(20), name text)")
        conn.cursor().executemany("INSERT INTO people VALUES (%s, %s, %s)", ROWS)
    yield f"{base}/people"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute("DROP DATABASE people WITH (FORCE)")


# --- every kind of store


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped"])
@pytest.mark.parametrize("kind", FILES)
def test_a_store_goes_there_and_back(
    tmp_path: Path, keyring: Keyring, kind: str, dropped: bool
) -> None:
    address = file_store(tmp_path, kind)
    store = open_store(address)
    plan = planned(store, keyring, address)
    name = plan.tables[0].name
    before = read(store, name)
    work = Protection(keyring, plan, store)
    [done] = work.protect()
    assert (done.state, done.n_rows) == ("swapped", len(ROWS))
    assert done.copies
    after = read(store, name)
    assert all(row["ssn"].startswith("tk1_") for row in after)
    assert [r["name"] for r in after] == [r["name"] for r in before]
    _, [column] = work.verify()
    assert (column.n_values, column.n_tokens, column.n_clear) == (len(ROWS), len(ROWS), 0)
    if dropped:
        assert [o.state for o in work.drop()] == ["dropped"]
    assert [o.state for o in work.undo()] == ["none"]
    assert read(store, name) == before
    store.close()


@pytest.mark.parametrize("kind", FILES)
def test_doing_it_again_does_nothing(tmp_path: Path, keyring: Keyring, kind: str) -> None:
    address = file_store(tmp_path, kind)
    store = open_store(address)
    plan = planned(store, keyring, address)
    work = Protection(keyring, plan, store)
    work.protect()
    once = read(store, plan.tables[0].name)
    assert [o.state for o in work.protect()] == ["swapped"]
    assert read(store, plan.tables[0].name) == once
    acts = [line.act for line in keyring.ledger.lines() if line.act.startswith("protect.")]
    assert acts.count("protect.begun") == acts.count("protect.swapped") == 1
    work.drop()
    assert [o.state for o in work.drop()] == ["dropped"]
    store.close()


# --- the ledger


def test_every_act_is_in_the_ledger_and_no_value(
    postgres: str, keyring: Keyring, tmp_path: Path
) -> None:
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    work = Protection(keyring, plan, store)
    work.protect()
    assert [(p.table, p.column, p.domain) for p in Journal(keyring.folder).protected()] == [
        ("public.people", "ssn", "ssn")
    ]
    work.verify()
    work.drop()
    work.undo()
    assert Journal(keyring.folder).protected() == []
    lines = [line for line in keyring.ledger.lines() if line.act.startswith("protect.")]
    assert [line.act.partition(".")[2] for line in lines] == [
        "begun", "verified", "swapped", "looked", "dropped", "undone",
    ]  # fmt: skip
    assert {line.body["plan_digest"] for line in lines} == {plan.digest()}
    assert lines[1].body["rows"] == len(ROWS)
    text = (keyring.folder / "ledger.jsonl").read_text()
    assert "900-" not in text and "N1 " not in text
    assert not list(keyring.ledger.faults())
    store.close()


def test_a_plan_that_was_edited_after_it_was_begun_is_refused(
    postgres: str, keyring: Keyring, tmp_path: Path
) -> None:
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    store.start(plan.tables[0].change(plan.chunk_rows))
    Journal(keyring.folder).begun(plan, plan.tables)
    path = tmp_path / "plan.toml"
    write_plan(path, plan)
    path.write_text(path.read_text().replace('domain = "ssn"', 'domain = "other"'))
    with pytest.raises(UsageError, match="edited after it was begun"):
        Protection(keyring, read_plan(path), store).protect()
    assert [o.state for o in Protection(keyring, plan, store).undo()] == ["none"]
    store.close()


# --- columns that mix


def test_a_token_is_not_given_twice_and_mixed_converts_the_rest(
    postgres: str, keyring: Keyring
) -> None:
    token = keyring.cipher("ssn").protect(pa.array([ROWS[4][1]]))[0].as_py()
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("ALTER TABLE people ALTER COLUMN ssn TYPE text")
        conn.execute("UPDATE people SET ssn = %s WHERE id = 5", (token,))
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    work = Protection(keyring, plan, store)
    with pytest.raises(TableError, match="not given twice") as caught:
        work.protect()
    assert "--mixed" in caught.value.remedy
    assert token not in str(caught.value)
    assert [o.state for o in work.protect(mixed=True)] == ["swapped"]
    rows = read(store, "public.people")
    assert all(r["ssn"].startswith("tk1_") for r in rows)
    assert rows[4]["ssn"] == token
    store.close()


def test_values_written_in_clear_after_the_swap_are_found_and_mended(
    postgres: str, keyring: Keyring
) -> None:
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    work = Protection(keyring, plan, store)
    work.protect()
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("INSERT INTO people VALUES (1000, '900-99-9999', 'late')")
    _, [column] = work.verify()
    assert (column.n_tokens, column.n_clear) == (len(ROWS), 1)
    work.drop()
    second = propose(
        store,
        keyring.vault_id,
        postgres,
        store.tables(),
        [],
        [Added("public.people", "ssn", "ssn")],
    )
    mend = Protection(keyring, second, store)
    mend.protect(mixed=True)
    mend.drop()
    _, [column] = mend.verify()
    assert (column.n_tokens, column.n_clear) == (len(ROWS) + 1, 0)
    store.close()


def test_tokens_of_another_vault_are_not_taken_for_ours(
    postgres: str, keyring: Keyring, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Keyring.create(folder, FileRoot.create(folder / "root.key", "root.key"))
    token = other.cipher("ssn").protect(pa.array(["900-00-0000"]))[0].as_py()
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("ALTER TABLE people ALTER COLUMN ssn TYPE text")
        conn.execute("UPDATE people SET ssn = %s WHERE id = 5", (token,))
    store = open_store(postgres)
    work = Protection(keyring, planned(store, keyring, postgres), store)
    with pytest.raises(TableError, match="none of this vault's"):
        work.protect(mixed=True)
    _, [column] = work.verify()
    assert column.n_foreign == 1
    store.close()


# --- what verification must not let pass


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("DELETE FROM {} WHERE id = 7", "199"),
        ("UPDATE {} SET name = 'other' WHERE id = 7", "does not come back"),
        ("UPDATE {} SET ssn = NULL WHERE id = 7", "199"),
        ("UPDATE {} SET ssn = (SELECT ssn FROM {} WHERE id = 8) WHERE id = 7", "different values"),
        (
            "UPDATE {} a SET ssn = b.ssn FROM {} b WHERE a.id + b.id = 15 AND a.id IN (7, 8)",
            "does not come back",
        ),
        ("UPDATE {} SET id = 1000 WHERE id = 7", "does not come back"),
    ],
)
def test_a_shadow_that_differs_is_not_swapped(
    postgres: str, keyring: Keyring, harm: str, words: str
) -> None:
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    one = plan.tables[0].change(plan.chunk_rows)
    work = Protection(keyring, plan, store)
    store.start(one)
    convert: Callable[[pa.RecordBatch], pa.RecordBatch]
    from amends.vault.protect.convert import to_tokens

    convert = to_tokens({"ssn": keyring.cipher("ssn")})
    for _ in store.copy(one, convert):
        pass
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute(harm.replace("{}", store.shadow(one)).encode())
    with pytest.raises(TableError, match="does not agree") as caught:
        work.protect()
    assert words in str(caught.value)
    assert "900-" not in str(caught.value)
    assert store.state(one) == "copied"
    assert read(store, "public.people")[6]["ssn"] == ROWS[6][1]
    store.close()


def test_the_same_values_elsewhere_are_found_whatever_their_layout(
    postgres: str, keyring: Keyring, tmp_path: Path
) -> None:
    bare = [(n, s.replace("-", ""), "x") for n, s, _ in ROWS[:30]] + [(999, "123456789", "x")]
    elsewhere = open_store(file_store(tmp_path, "csv", bare))
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("CREATE TABLE old (id int PRIMARY KEY, note text)")
        conn.execute("INSERT INTO old SELECT id, ssn FROM people WHERE id <= 12")
    store = open_store(postgres)
    work = Protection(keyring, planned(store, keyring, postgres), store)
    with pytest.raises(UsageError):
        work.copies()
    work.protect()
    found = {(c.table, c.column): c.n_rows for c in work.copies([elsewhere])}
    assert found == {("public.old", "note"): 12, ("people.csv", "ssn"): 30}
    elsewhere.close()
    store.close()


# --- wrong keys


def test_the_wrong_vault_is_refused_and_nothing_is_touched(
    postgres: str, keyring: Keyring, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Keyring.create(folder, FileRoot.create(folder / "root.key", "root.key"))
    store = open_store(postgres)
    plan = planned(store, keyring, postgres)
    Protection(keyring, plan, store).protect()
    for act in ("protect", "verify", "drop", "undo"):
        with pytest.raises(AmendsError, match="another vault"):
            getattr(Protection(other, plan, store), act)()
    assert read(store, "public.people")[0]["ssn"].startswith("tk1_")
    store.close()


def test_an_altered_token_stops_the_undo_and_loses_nothing(postgres: str, keyring: Keyring) -> None:
    store = open_store(postgres)
    work = Protection(keyring, planned(store, keyring, postgres), store)
    work.protect()
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("UPDATE people SET ssn = overlay(ssn placing 'AAAA' from 10) WHERE id = 3")
        with pytest.raises(TableError):
            work.undo()
        count = conn.execute("SELECT count(*) FROM people WHERE ssn LIKE 'tk1%'").fetchone()
        assert count == (len(ROWS),)
        token = keyring.cipher("ssn").protect(pa.array([ROWS[2][1]]))[0].as_py()
        conn.execute("UPDATE people SET ssn = %s WHERE id = 3", (token,))
    work.undo()
    assert [r["ssn"] for r in read(store, "public.people")] == [s for _, s, _ in ROWS]
    store.close()
