"""PostgreSQL tables become tokens and come back, with all that stands on them; what is wrong is said."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from amends.kernel.errors import BusyError, TableError, UsageError
from amends.vault.keyring import Keyring
from amends.vault.protect.convert import to_clear, to_tokens
from amends.vault.roots.file import FileRoot
from amends.vault.stores import postgres_exchange, postgres_session
from amends.vault.stores.base import Change, Convert
from amends.vault.stores.opening import open_store
from amends.vault.stores.postgres import PostgresStore, opened
from tests.notices.postgres import binaries, server
from tests.vault import postgres_shop as shop

Conn = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with server() as address:
        plain = address.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as conn:
            shop.hasty(conn)
        yield plain.rsplit("/", 1)[0]


@pytest.fixture
def url(base: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a database of the test's own."""
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    yield f"{base}/{name}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(url: str) -> Iterator[Conn]:
    with psycopg.connect(url, autocommit=True) as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    made = opened(url, "")
    yield made
    made.close()


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("safe")
    return Keyring.create(folder, FileRoot.create(folder / "root.key", "root.key"))


def change(table: str, *columns: str, number: int = 1, **given: Any) -> Change:
    return Change(f"V{number:016x}", table, columns, **given)


class Both:
    """Conversions there and back, of every column in one domain."""

    def __init__(self, keyring: Keyring, *columns: str, scheme: Any = "siv") -> None:
        ciphers = {c: keyring.cipher("ssn", scheme) for c in columns}
        self.there: Convert = to_tokens(ciphers)
        self.mixed: Convert = to_tokens(ciphers, mixed=True) if scheme != "ff1" else self.there
        self.back: Convert = to_clear(ciphers)


def protect(store: PostgresStore, *changes: Change, convert: Convert) -> None:
    for one in changes:
        store.start(one)
        for _ in store.copy(one, convert):
            pass
    store.swap(dict.fromkeys(changes, convert))


def undo(store: PostgresStore, *changes: Change, convert: Convert) -> None:
    for _ in store.undo(dict.fromkeys(changes, convert)):
        pass


def schema(url: str) -> str:
    """Return the schema as pg_dump writes it, without the line that differs each time."""
    made = subprocess.run(
        [str(binaries() / "pg_dump"), "--schema-only", url], capture_output=True, text=True, check=True
    )  # fmt: skip
    return "\n".join(line for line in made.stdout.splitlines() if "restrict " not in line)


SHOP = (change("public.customers", "ssn", number=1), change("public.accounts", "ssn", number=2))


# --- there and back


def test_undo_brings_back_every_row_and_the_whole_schema(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 300)
    before, rows = schema(url), shop.rows_of(conn)
    both = Both(keyring, "ssn")
    protect(store, *SHOP, convert=both.there)
    assert shop.rows_of(conn) != rows
    undo(store, *SHOP, convert=both.back)
    assert schema(url) == before
    assert shop.rows_of(conn) == rows
    assert [store.state(c) for c in SHOP] == ["none", "none"]


def test_undo_after_the_drop_reveals_from_tokens(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 300)
    before, rows = schema(url), shop.rows_of(conn)
    both = Both(keyring, "ssn")
    protect(store, *SHOP, convert=both.there)
    for one in SHOP:
        store.drop_clear(one)
    assert [store.state(c) for c in SHOP] == ["dropped", "dropped"]
    assert "amends_clear" not in schema(url)
    undo(store, *SHOP, convert=both.back)
    # The sequence of the identity is a new one: it says its highest number, which is the type's own.
    assert schema(url).replace("    MAXVALUE 2147483647", "    NO MAXVALUE") == before
    assert shop.rows_of(conn) == rows


def test_all_that_stood_on_the_table_stands_on_the_tokens(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 50)
    conn.execute("DROP ROLE IF EXISTS clerk")
    conn.execute("CREATE ROLE clerk")
    protect(store, *SHOP, convert=Both(keyring, "ssn").there)
    values = [r[0] for r in conn.execute("SELECT ssn FROM customers").fetchall()]
    assert len(values) == 50 and all(v.startswith("tk1_") for v in values)
    assert conn.execute("SELECT count(*) FROM owing").fetchone() == (45,)
    assert conn.execute("SELECT highest LIKE 'tk1%' FROM counted").fetchone() == (True,)
    added = conn.execute(
        "INSERT INTO customers (ssn, name) VALUES ('x', 'y') RETURNING id, n, loud"
    ).fetchone()
    assert added == (51, 51, "Y")
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("INSERT INTO customers (ssn, name) VALUES (%s, 'y')", (values[0],))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute("INSERT INTO accounts VALUES ('nobody', 1, 1)")
    conn.execute("UPDATE customers SET name = 'z' WHERE id = 1")
    assert conn.execute("SELECT note FROM customers WHERE id = 1").fetchone() == ("none.",)
    conn.execute("SET ROLE clerk")
    assert conn.execute("SELECT count(*) FROM customers").fetchone() == (51,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(f"SELECT * FROM {store.shadow(SHOP[0])}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("INSERT INTO customers (ssn, name) VALUES ('q', 'q')")
    conn.execute("RESET ROLE")
    validated = conn.execute("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'")
    assert validated.fetchone() == (True,)


def test_writes_since_the_swap_survive_the_undo(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 100)
    both = Both(keyring, "ssn")
    protect(store, *SHOP, convert=both.there)
    token = keyring.cipher("ssn").protect(pa.array(["900-11-2222"]))[0].as_py()
    conn.execute("INSERT INTO customers (ssn, name) VALUES (%s, 'by token')", (token,))
    conn.execute("INSERT INTO customers (ssn, name) VALUES ('900-33-4444', 'in clear')")
    conn.execute("UPDATE customers SET name = 'changed' WHERE id = 7")
    conn.execute("DELETE FROM customers WHERE id = 9")
    undo(store, *SHOP, convert=both.back)
    rows = dict(conn.execute("SELECT name, ssn FROM customers").fetchall())
    assert rows["by token"] == "900-11-2222"
    assert rows["in clear"] == "900-33-4444"
    assert rows["changed"] == shop.ssn(7)
    assert "N9" not in rows


def test_writes_while_it_is_copied_reach_the_shadow(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    """Each piece is one transaction; between them rows come, go, move and change their keys."""
    shop.filled(conn, 200)
    both = Both(keyring, "ssn")
    changes = [Change(c.change_id, c.table, c.columns, 20) for c in SHOP]
    acts = iter(
        [
            "INSERT INTO customers (ssn, name) VALUES ('900-55-0001', 'early')",
            "UPDATE customers SET id = 5000 WHERE id = 3",
            "UPDATE customers SET id = 2 + 100000 WHERE id = 150",
            "DELETE FROM customers WHERE id IN (1, 199)",
            "UPDATE customers SET ssn = '900-66-0001' WHERE id = 50",
            "BEGIN; UPDATE customers SET ssn = '0' WHERE id = 60; UPDATE customers SET ssn = '000-00-0000' "
            "WHERE id = 61; ROLLBACK",
        ]
    )
    for one in changes:
        store.start(one)
        for _ in store.copy(one, both.there):
            conn.execute(next(acts, "SELECT 1"))
    expected = shop.rows_of(conn)
    store.swap(dict.fromkeys(changes, both.there))
    undo(store, *changes, convert=both.back)
    assert shop.rows_of(conn) == expected


def test_values_that_change_places_do_not_break_a_unique_column(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    conn.execute(
        "CREATE TABLE t (id int PRIMARY KEY, ssn text UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    )
    conn.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    both, one = Both(keyring, "ssn"), change("public.t", "ssn")
    store.start(one)
    for _ in store.copy(one, both.there):
        pass
    conn.execute("UPDATE t SET ssn = CASE ssn WHEN 'a' THEN 'b' ELSE 'a' END")
    store.swap({one: both.there})
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t ORDER BY 1").fetchall() == [(1, "b"), (2, "a")]


@pytest.mark.parametrize("moment", ["copying", "copied", "swapped"])
def test_a_table_that_is_emptied_stays_emptied(
    conn: Conn, store: PostgresStore, keyring: Keyring, moment: str
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text)")
    conn.execute("INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 100) i")
    both, one = Both(keyring, "ssn"), change("public.t", "ssn", chunk_rows=10)
    acts = iter(["TRUNCATE t", "INSERT INTO t VALUES (5, 'later')"])
    store.start(one)
    for _ in store.copy(one, both.there):
        if moment == "copying":
            conn.execute(next(acts, "SELECT 1"))
    if moment == "copied":
        for act in acts:
            conn.execute(act)
    store.swap({one: both.there})
    if moment == "swapped":
        for act in acts:
            conn.execute(act)
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t").fetchall() == [(5, "later")]


def test_undo_before_the_swap_leaves_the_table_untouched(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 30)
    before = schema(url)
    both = Both(keyring, "ssn")
    store.start(SHOP[0])
    assert store.state(SHOP[0]) == "copying"
    undo(store, *SHOP, convert=both.back)
    assert schema(url) == before


# --- kinds of columns


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar(9)", "'123456789'"), ("char(11)", "'900-12-345'"), ("bigint", "900123456"),
        ("numeric(9)", "900123456"), ("date", "'1980-02-29'"), ("text", "E'a\"b\\\\c\\nd,e'"),
        ("text", "'\\.'"), ("text", "''"), ("text", "NULL"), ("text", "'ß漢字🦉'"),
        ("uuid", "'7b1d3a52-7e0c-4c0a-9d6e-0f0f0f0f0f0f'"),
        ("text", "repeat('long ü', 100000)"),
    ],
)  # fmt: skip
def test_values_of_every_kind_come_back(
    conn: Conn, store: PostgresStore, keyring: Keyring, kind: str, value: str
) -> None:
    conn.execute(
        f"CREATE TABLE t (id int PRIMARY KEY, ssn {kind}, rest text, raw bytea, list int[])"
    )
    conn.execute(
        f"INSERT INTO t VALUES (1, {value}, E'x\\ty', '\\x00ff', '{{1,NULL}}'), (2, NULL, '', '', NULL)"
    )
    before = conn.execute("SELECT * FROM t ORDER BY 1").fetchall()
    both, one = Both(keyring, "ssn"), change("public.t", "ssn")
    protect(store, one, convert=both.there)
    after = conn.execute("SELECT * FROM t ORDER BY 1").fetchall()
    assert [r[:1] + r[2:] for r in after] == [r[:1] + r[2:] for r in before]
    if before[0][1]:
        assert after[0][1].startswith("tk1_")
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t ORDER BY 1").fetchall() == before


def test_ff1_keeps_type_check_and_form(conn: Conn, store: PostgresStore, keyring: Keyring) -> None:
    conn.execute(
        "CREATE TABLE t (id int PRIMARY KEY, ssn char(11) NOT NULL CHECK (ssn ~ '^[0-9]{3}-[0-9]{2}-[0-9]{4}$'))"
    )
    conn.execute("INSERT INTO t SELECT i, '900-12-' || 1000 + i FROM generate_series(1, 20) i")
    before = conn.execute("SELECT * FROM t ORDER BY 1").fetchall()
    both, one = Both(keyring, "ssn", scheme="ff1"), change("public.t", "ssn", kept=("ssn",))
    protect(store, one, convert=both.there)
    after = conn.execute("SELECT * FROM t ORDER BY 1").fetchall()
    assert after != before and all(len(r[1]) == 11 for r in after)
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("INSERT INTO t VALUES (99, 'tk1_')")
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t ORDER BY 1").fetchall() == before


def test_hostile_names_are_only_names(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    table, column = 'x"; DROP TABLE kept; --', "s\"s%n{0}$$' "
    conn.execute("CREATE TABLE kept (id int PRIMARY KEY)")
    quoted = postgres_session.quoted
    conn.execute(
        f"CREATE TABLE {quoted(table)} ({quoted('k.ey')} text PRIMARY KEY, {quoted(column)} text)".encode()
    )
    conn.execute(
        f"CREATE INDEX {quoted('i USING (')} ON {quoted(table)} ({quoted(column)})".encode()
    )
    conn.execute(f"CREATE VIEW {quoted('v; --')} AS SELECT * FROM {quoted(table)}".encode())
    conn.execute(f"INSERT INTO {quoted(table)} VALUES ('a', '1'), ('b', '2')".encode())
    before = schema(url)
    [shape] = [s for s in store.tables() if "DROP" in s.name]
    assert shape.n_rows == 2 and shape.key == ("k.ey",)
    both, one = Both(keyring, column), Change("V" + "0" * 16, shape.name, (column,))
    assert not store.outlook(one).refusals
    protect(store, one, convert=both.there)
    assert conn.execute(f"SELECT count(*) FROM {quoted('v; --')}".encode()).fetchone() == (2,)
    undo(store, one, convert=both.back)
    assert schema(url) == before


# --- what cannot be done is said


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE t (ssn text)", "no key"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text) PARTITION BY RANGE (id)", "partitioned"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text DEFAULT '123')", "default"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text, l text GENERATED ALWAYS AS (right(ssn, 4)) STORED)",
         "Column l is computed from ssn"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn json)", "must be text"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text); "
         "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM public.t'", "f()"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text); CREATE PUBLICATION p FOR TABLE t", "publication"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn text); CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", "rule"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn bigint); CREATE INDEX i ON t ((ssn + 1))",
         "cannot stand on tokens"),
        ("CREATE TABLE t (id int PRIMARY KEY, ssn bigint); CREATE VIEW fine AS SELECT id, ssn FROM t; "
         "CREATE VIEW w AS SELECT ssn / 10 AS s FROM fine", "View public.w cannot stand"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over_is_refused_with_a_remedy(
    url: str, conn: Conn, store: PostgresStore, sql: str, words: str
) -> None:
    conn.execute(sql.encode())
    before = schema(url)
    found = store.outlook(change("public.t", "ssn")).refusals
    assert any(words in r.what for r in found), found
    assert all(r.remedy for r in found)
    assert schema(url) == before
    if "cannot stand" not in words:
        with pytest.raises(TableError):
            store.start(change("public.t", "ssn"))


def test_a_table_in_use_is_not_swapped_and_not_harmed(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text)")
    conn.execute("INSERT INTO t VALUES (1, 'a')")
    both, one = Both(keyring, "ssn"), change("public.t", "ssn")
    store.start(one)
    for _ in store.copy(one, both.there):
        pass
    monkeypatch.setattr(postgres_exchange, "ATTEMPTS", 2)
    monkeypatch.setattr(postgres_exchange, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(postgres_exchange, "PAUSE_SECONDS", 0.01)
    with psycopg.connect(url) as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(BusyError, match="nothing was changed"):
            store.swap({one: both.there})
    assert store.state(one) == "copied"
    assert conn.execute("SELECT ssn FROM t").fetchone() == ("a",)
    store.swap({one: both.there})
    assert store.state(one) == "swapped"


def test_two_sessions_do_not_work_on_one_table(
    url: str, conn: Conn, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text)")
    store.start(change("public.t", "ssn"))
    monkeypatch.setattr("amends.vault.stores.postgres_work.WAITS", 1)
    other = opened(url, "")
    with pytest.raises(BusyError, match="Another session"):
        other.start(change("public.t", "ssn"))
    with pytest.raises(TableError, match="Another change"):
        store.start(change("public.t", "ssn", number=9))
    other.close()


def test_a_server_that_goes_away_midway_loses_nothing(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 300)
    rows = shop.rows_of(conn)
    both = Both(keyring, "ssn")
    small = [Change(c.change_id, c.table, c.columns, 30) for c in SHOP]
    store.start(small[0])
    with pytest.raises(TableError, match="server went away"):
        for number, _ in enumerate(store.copy(small[0], both.there)):
            if number == 3:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'amends' AND datname = current_database()"
                )
    again = opened(url, "")
    protect(again, *small, convert=both.there)
    undo(again, *small, convert=both.back)
    again.close()
    assert shop.rows_of(conn) == rows


def test_an_account_without_rights_is_told_what_it_needs(
    url: str, base: str, conn: Conn, keyring: Keyring
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text)")
    conn.execute("DROP ROLE IF EXISTS reader")
    conn.execute("CREATE ROLE reader LOGIN")
    conn.execute("GRANT SELECT ON t TO reader")
    store = opened(url.replace("postgres@", "reader@"), "")
    with pytest.raises(UsageError, match="may not do that"):
        store.start(change("public.t", "ssn"))
    store.close()


def test_a_unique_value_in_clear_and_as_a_token_stops_before_the_swap(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    token = keyring.cipher("ssn").protect(pa.array(["900-11-2222"]))[0].as_py()
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text UNIQUE)")
    conn.execute("INSERT INTO t VALUES (1, '900-11-2222'), (2, %s)", (token,))
    one = change("public.t", "ssn")
    store.start(one)
    with pytest.raises(TableError, match="must be unique") as caught:
        for _ in store.copy(one, Both(keyring, "ssn").mixed):
            pass
    assert "900-11" not in str(caught.value) and token not in str(caught.value)
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_a_guarded_table_refuses_values_in_clear(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn text)")
    conn.execute("INSERT INTO t VALUES (1, 'a'), (2, ''), (3, NULL)")
    both, one = Both(keyring, "ssn"), change("public.t", "ssn", guard=True)
    protect(store, one, convert=both.there)
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("INSERT INTO t VALUES (4, '900-11-2222')")
    token = keyring.cipher("ssn").protect(pa.array(["b"]))[0].as_py()
    conn.execute("INSERT INTO t VALUES (4, %s), (5, NULL)", (token,))
    undo(store, one, convert=both.back)
    conn.execute("INSERT INTO t VALUES (6, 'clear again')")
    rows = conn.execute("SELECT ssn FROM t ORDER BY id").fetchall()
    assert rows == [("a",), ("",), (None,), ("b",), (None,), ("clear again",)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:geheim@127.0.0.1/db", "holds a password"),
        ("postgresql://127.0.0.1:1/db?password=geheim", "holds a password"),
        ("postgresql://u@127.0.0.1:1/db", "does not answer"),
        ("oracle://u@h/db", "no store"),
    ],
)
def test_an_address_that_will_not_do_is_refused(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_store(address)
    assert "geheim" not in str(caught.value)


def test_readers_see_clear_values_or_tokens_and_never_half(
    url: str, conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    """A reader that joins both tables all the while finds every pair, before, at and after the swap."""
    shop.filled(conn, 500)
    stop, seen, faults = threading.Event(), set[int](), list[str]()

    def read() -> None:
        with psycopg.connect(url, autocommit=True) as other:
            while not stop.is_set():
                try:
                    row = other.execute(
                        "SELECT count(*) FROM customers JOIN accounts USING (ssn)"
                    ).fetchone()
                    assert row
                    seen.add(row[0])
                    other.execute("SELECT count(*) FROM owing")
                except psycopg.errors.DeadlockDetected:
                    continue
                except psycopg.Error as error:
                    faults.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    both = Both(keyring, "ssn")
    try:
        protect(store, *SHOP, convert=both.there)
        undo(store, *SHOP, convert=both.back)
    finally:
        stop.set()
        reader.join()
    assert seen == {500}
    assert [f for f in faults if "could not open relation" not in f] == []


def test_leftovers_name_what_the_store_cannot_reach(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    shop.filled(conn, 10)
    protect(store, *SHOP, convert=Both(keyring, "ssn").there)
    words = " ".join(store.leftovers(SHOP[0]))
    for expected in ("clear copy", "pg_stats", "write-ahead log", "backups", "dead rows"):
        assert expected in words
    store.drop_clear(SHOP[0])
    assert "clear copy" not in " ".join(store.leftovers(SHOP[0]))


def test_the_plain_owner_of_the_tables_can_do_all_of_it(
    url: str, base: str, conn: Conn, keyring: Keyring
) -> None:
    conn.execute("DROP ROLE IF EXISTS keeper")
    conn.execute("CREATE ROLE keeper LOGIN")
    conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO keeper".encode())
    conn.execute("GRANT ALL ON SCHEMA public TO keeper")
    owned = url.replace("postgres@", "keeper@")
    with psycopg.connect(owned, autocommit=True) as keeper:
        shop.filled(keeper, 40)
        before, rows = schema(url), shop.rows_of(conn)
        store, both = opened(owned, ""), Both(keyring, "ssn")
        assert [store.outlook(c).refusals for c in SHOP] == [(), ()]
        protect(store, *SHOP, convert=both.there)
        assert shop.rows_of(keeper) != rows
        undo(store, *SHOP, convert=both.back)
        store.close()
        assert schema(url) == before
        assert shop.rows_of(keeper) == rows
    conn.execute("DROP OWNED BY keeper CASCADE")


def test_a_column_that_came_since_the_swap_is_there_after_the_undo(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, ssn varchar(11))")
    conn.execute("INSERT INTO t VALUES (1, '900-11-2222')")
    both, one = Both(keyring, "ssn"), change("public.t", "ssn")
    protect(store, one, convert=both.there)
    conn.execute("ALTER TABLE t ADD COLUMN more text DEFAULT 'x'")
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t").fetchall() == [(1, "900-11-2222", "x")]
    left = conn.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'amends%'").fetchall()
    assert left == []


def test_a_key_of_several_columns_of_many_kinds_is_followed(
    conn: Conn, store: PostgresStore, keyring: Keyring
) -> None:
    conn.execute(
        "CREATE TABLE t (a text, b timestamptz, c numeric, d char(3), e boolean, ssn text, PRIMARY KEY (a, b, c, d, e))"
    )
    conn.execute(
        "INSERT INTO t SELECT 'a''\"\\' || i % 3, timestamptz '2020-01-01' + i * interval '1.5 s', i / 7.0, "
        "'x', i % 2 = 0, 'v' || i FROM generate_series(1, 100) i"
    )
    before = conn.execute("SELECT * FROM t ORDER BY ssn").fetchall()
    both, one = Both(keyring, "ssn"), change("public.t", "ssn", chunk_rows=7)
    store.start(one)
    for _ in store.copy(one, both.there):
        conn.execute("UPDATE t SET ssn = ssn WHERE c < 5")
    store.swap({one: both.there})
    conn.execute("UPDATE t SET e = NOT e WHERE c > 9")
    conn.execute("UPDATE t SET e = NOT e WHERE c > 9")
    undo(store, one, convert=both.back)
    assert conn.execute("SELECT * FROM t ORDER BY ssn").fetchall() == before
