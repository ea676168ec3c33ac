"""Tables of MariaDB become tokens and come back, with all that stands on them; what is wrong is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pymysql
import pytest

from amends.kernel.errors import AmendsError, BusyError, TableError, UsageError
from amends.vault.stores import mysql_session, mysql_swap
from amends.vault.stores.base import Change, Convert
from amends.vault.stores.mysql import MySqlStore, opened
from amends.vault.stores.opening import open_store
from tests.vault.mariadb import Server
from tests.vault.stand_in import protecting, revealing, token

ODD = 'we`ird "ta\'ble" %s'


@pytest.fixture
def conn(maria: Server) -> Iterator[pymysql.Connection]:
    made = maria.connect()
    cursor = made.cursor()
    cursor.execute("DROP DATABASE IF EXISTS odd")
    cursor.execute("CREATE DATABASE odd CHARACTER SET utf8mb4")
    made.select_db("odd")
    cursor.execute("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'")
    yield made
    made.close()


@pytest.fixture
def store(maria: Server, conn: pymysql.Connection) -> Iterator[MySqlStore]:
    made = opened(maria.address("odd"), maria.password)
    assert isinstance(made, MySqlStore)
    yield made
    made.close()


def run(conn: pymysql.Connection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    cursor = conn.cursor()
    cursor.execute(sql, values or None)
    return list(cursor.fetchall())


def change(table: str, *columns: str, number: int = 7, **more: Any) -> Change:
    return Change(f"V{number:016x}", table, columns, chunk_rows=more.pop("chunk", 10), **more)


def go(store: MySqlStore, *changes: Change) -> None:
    to: dict[Change, Convert] = {c: protecting(*c.columns) for c in changes}
    for one, convert in to.items():
        store.start(one)
        for _ in store.copy(one, convert):
            pass
    store.swap(to)
    assert [store.state(c) for c in changes] == ["swapped"] * len(changes)


def back(store: MySqlStore, *changes: Change) -> None:
    for _ in store.undo({c: revealing(*c.columns) for c in changes}):
        pass
    assert [store.state(c) for c in changes] == ["none"] * len(changes)


def texts(store: MySqlStore, table: str, *columns: str) -> list[tuple[Any, ...]]:
    found = pa.Table.from_batches(list(store.batches(table, columns, rows=7)))
    return sorted(zip(*(c.to_pylist() for c in found.columns), strict=True), key=str)


# --- reading


def test_values_are_read_as_the_server_writes_them(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(
        conn,
        """CREATE TABLE kinds (id INT PRIMARY KEY, b BIT(9), d DECIMAL(20,5), day DATE, at DATETIME(6),
        raw VARBINARY(9), doc JSON, f DOUBLE, y YEAR, e ENUM('a','ß'), t TEXT, z BIGINT UNSIGNED)""",
    )
    run(
        conn,
        """INSERT INTO kinds VALUES (1, b'100000001', 12345678901234.50000, '0000-00-00',
        '2021-02-03 04:05:06.000007', X'FF00', '{"a": 1}', 0.1, 1999, 'ß', 'a\\0b', 18446744073709551615),
        (2, NULL, NULL, NULL, NULL, 'plain', NULL, NULL, NULL, NULL, '', NULL)""",
    )
    found = {c: v for b in store.batches("kinds") for c, v in b.slice(0, 1).to_pylist()[0].items()}
    assert found == {
        "id": "1", "b": "257", "d": "12345678901234.50000", "day": "0000-00-00",
        "at": "2021-02-03 04:05:06.000007", "raw": "0xff00", "doc": '{"a": 1}', "f": "0.1", "y": "1999", "e": "ß",
        "t": "a\0b", "z": "18446744073709551615",
    }  # fmt: skip
    assert texts(store, "kinds", "raw", "t")[1] == ("plain", "")
    assert [b.num_rows for b in store.batches("kinds", ["id"], rows=1)] == [1, 1]


def test_a_reader_that_stops_early_leaves_no_trouble(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE many (id INT PRIMARY KEY, t CHAR(200))")
    run(conn, "INSERT INTO many SELECT seq, REPEAT('x', 200) FROM seq_1_to_20000")
    reading = store.batches("many", rows=10)
    next(reading)
    reading.close()
    assert store.tables()[0].n_rows == 20_000


def test_what_stands_on_a_table_is_said(store: MySqlStore, conn: pymysql.Connection) -> None:
    run(conn, "CREATE TABLE a (id INT PRIMARY KEY, ssn CHAR(9), UNIQUE by_ssn (ssn))")
    run(
        conn,
        "CREATE TABLE b (id INT PRIMARY KEY, a_id INT, CONSTRAINT of_a FOREIGN KEY (a_id) REFERENCES a (id))",
    )
    run(conn, "CREATE VIEW v AS SELECT ssn FROM a")
    run(conn, "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.ssn = TRIM(NEW.ssn)")
    run(conn, "CREATE PROCEDURE p() SELECT COUNT(*) FROM a")
    first, second = store.tables()
    assert (first.name, first.key, second.foreign_keys[0].table) == ("a", ("id",), "a")
    words = " | ".join(first.uses)
    for wanted in (
        "unique index by_ssn: ssn",
        "of_a of b: a_id points here",
        "trigger t",
        "view v",
        "routine p",
    ):
        assert wanted in words
    assert "t is made again under another name; it reads ssn" in " ".join(
        store.outlook(change("a", "ssn")).changes
    )


# --- there and back


def test_names_with_quotes_and_back_ticks_are_only_names(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    name, column, key = (n.replace("`", "``") for n in (ODD, "s`s%n", "i d"))
    run(
        conn,
        f"CREATE TABLE `{name}` (`{key}` INT PRIMARY KEY, `{column}` VARCHAR(11), UNIQUE `u``%` (`{column}`))",
    )
    run(conn, f"INSERT INTO `{name}` VALUES (1, '900000001'), (2, NULL), (3, '')")
    wanted = change(ODD, "s`s%n")
    go(store, wanted)
    assert texts(store, ODD, "s`s%n") == [("",), (token("900000001"),), (None,)]
    back(store, wanted)
    assert texts(store, ODD, "i d", "s`s%n") == [("1", "900000001"), ("2", None), ("3", "")]


@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        ("a INT, b VARCHAR(20), PRIMARY KEY (a, b)", "(1, 'x'), (1, 'Y'), (2, ''), (-5, 'z')"),
        ("a VARCHAR(20), PRIMARY KEY (a)", "('b'), ('Ä'), ('z%'), ('o''k')"),
        ("a BIGINT UNSIGNED PRIMARY KEY", "(18446744073709551615), (0), (9007199254740993)"),
        ("a ENUM('z','b','a') PRIMARY KEY", "('a'), ('z'), ('b')"),
        ("a BIT(8) PRIMARY KEY", "(b'1'), (b'11111111')"),
        ("a VARBINARY(8) PRIMARY KEY", "(X'00FF'), (X'FFFE'), ('')"),
        ("a DECIMAL(30,10) PRIMARY KEY", "(1.5), (-12345678901234567890.0000000001)"),
        ("a DATE, b DATETIME(6), PRIMARY KEY (a, b)", "('2001-01-01', '2001-01-01 00:00:00.1'), ('0000-00-00', 0)"),
        ("a INT NOT NULL, UNIQUE (a)", "(3), (1)"),
    ],
)  # fmt: skip
def test_any_kind_of_key_is_followed(
    store: MySqlStore, conn: pymysql.Connection, keys: str, rows: str
) -> None:
    run(conn, f"CREATE TABLE k ({keys}, ssn VARCHAR(11))")
    listed = ", ".join(r.strip() for r in [rows.replace("), (", ", '900000001') , (")]).replace(
        ") , (", "), ("
    )
    run(conn, f"INSERT INTO k VALUES {listed[:-1]}, '900000009')")
    before = run(conn, "SELECT * FROM k ORDER BY 1, 2")
    wanted = change("k", "ssn", chunk=1)
    go(store, wanted)
    assert {r[-1] for r in run(conn, "SELECT * FROM k")} <= {token("900000001"), token("900000009")}
    run(conn, "UPDATE k SET ssn = %s", token("900000002"))
    back(store, wanted)
    assert run(conn, "SELECT * FROM k ORDER BY 1, 2") == [(*r[:-1], "900000002") for r in before]


def test_a_protected_key_is_followed_by_its_token(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE k (ssn VARCHAR(11) PRIMARY KEY, name VARCHAR(20))")
    run(conn, "INSERT INTO k VALUES ('a', 'low'), ('b', 'gone'), ('c', 'kept'), ('d', 'moved')")
    wanted = change("k", "ssn", chunk=2)
    store.start(wanted)
    for _ in store.copy(wanted, protecting("ssn")):
        pass
    run(conn, "UPDATE k SET ssn = 'A' WHERE ssn = 'a'")
    run(conn, "DELETE FROM k WHERE ssn = 'b'")
    run(conn, "UPDATE k SET ssn = 'e' WHERE ssn = 'd'")
    store.swap({wanted: protecting("ssn")})
    assert {s for s, _ in run(conn, "SELECT * FROM k")} == {token(v) for v in "Ace"}
    run(conn, "DELETE FROM k WHERE ssn = %s", token("c"))
    run(conn, "INSERT INTO k VALUES (%s, 'new')", token("f"))
    back(store, wanted)
    assert run(conn, "SELECT * FROM k ORDER BY ssn") == [("A", "low"), ("e", "moved"), ("f", "new")]


def test_tokens_are_told_apart_by_case_and_long_texts_keep_their_unique_index(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(
        conn,
        "CREATE TABLE t (id INT PRIMARY KEY, note TEXT, wide VARCHAR(700), UNIQUE (note(20)), UNIQUE (wide))",
    )
    run(
        conn,
        "INSERT INTO t SELECT seq, CONCAT(seq, REPEAT('n', 50)), CONCAT(seq, REPEAT('é', 600)) FROM seq_1_to_60",
    )
    before = run(conn, "SHOW CREATE TABLE t")
    wanted = change("t", "note", "wide")
    go(store, wanted)
    made = run(conn, "SHOW CREATE TABLE t")[0][1]
    assert "CHARACTER SET ascii COLLATE ascii_bin" in made
    with pytest.raises(pymysql.err.IntegrityError):
        run(conn, "INSERT INTO t VALUES (99, %s, 'x')", token("7" + "n" * 50))
    store.drop_clear(wanted)
    back(store, wanted)
    assert run(conn, "SHOW CREATE TABLE t") == before
    assert run(
        conn,
        "SELECT COUNT(DISTINCT note, wide) FROM t WHERE note LIKE '%%nnn' AND wide LIKE '%%éé'",
    ) == [(60,)]


def test_numbers_defaults_comments_and_counters_come_back_exactly(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(
        conn,
        """CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, ssn INT UNSIGNED ZEROFILL DEFAULT 0,
        dl CHAR(8) NOT NULL DEFAULT 'it''s\\\\' COMMENT 'a, `b` (''c'') 100%%' CHECK (dl <> 'x'),
        hid VARCHAR(5) INVISIBLE DEFAULT 'h', up VARCHAR(20) AS (UPPER(hid)) STORED,
        at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        KEY two (dl, id))""".replace("%%", "%"),
    )
    run(conn, "INSERT INTO t (ssn, dl) SELECT seq, CONCAT('D', seq) FROM seq_1_to_25")
    run(conn, "DELETE FROM t WHERE id > 20")
    columns = "id, ssn, dl, hid, up, at"
    before = run(conn, f"SELECT {columns} FROM t"), run(conn, "SHOW CREATE TABLE t")
    wanted = change("t", "ssn", "dl")
    for dropped in (False, True):
        go(store, wanted)
        made = run(conn, "SHOW CREATE TABLE t")[0][1]
        assert (
            made.partition("AUTO_INCREMENT=")[2] == before[1][0][1].partition("AUTO_INCREMENT=")[2]
        )
        if dropped:
            store.drop_clear(wanted)
        back(store, wanted)
        assert (run(conn, f"SELECT {columns} FROM t"), run(conn, "SHOW CREATE TABLE t")) == before


def test_cascades_that_no_trigger_sees_reach_the_copies(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE plans (id INT PRIMARY KEY)")
    run(
        conn,
        """CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9), plan INT, boss INT,
        CONSTRAINT p FOREIGN KEY (plan) REFERENCES plans (id) ON DELETE CASCADE ON UPDATE CASCADE,
        CONSTRAINT b FOREIGN KEY (boss) REFERENCES t (id) ON DELETE SET NULL)""",
    )
    run(conn, "INSERT INTO plans SELECT seq FROM seq_1_to_6")
    run(
        conn,
        "INSERT INTO t SELECT seq, 900000000 + seq, seq %% 6 + 1, NULL FROM seq_1_to_36".replace(
            "%%", "%"
        ),
    )
    run(conn, "UPDATE t SET boss = 1 WHERE id > 30")
    wanted = change("t", "ssn")
    store.start(wanted)
    copying = store.copy(wanted, protecting("ssn"))
    next(copying)
    run(conn, "DELETE FROM plans WHERE id = 3")
    run(conn, "UPDATE plans SET id = 40 WHERE id = 4")
    for _ in copying:
        pass
    run(conn, "DELETE FROM plans WHERE id = 5")
    expected = run(conn, "SELECT id, plan, boss FROM t ORDER BY id")
    store.swap({wanted: protecting("ssn")})
    assert run(conn, "SELECT id, plan, boss FROM t ORDER BY id") == expected
    run(conn, "DELETE FROM t WHERE id = 1")
    run(conn, "UPDATE plans SET id = 60 WHERE id = 6")
    run(conn, "DELETE FROM plans WHERE id = 40")
    expected = run(conn, "SELECT id, plan, boss FROM t ORDER BY id")
    assert {boss for _, _, boss in expected} == {None}
    back(store, wanted)
    assert run(conn, "SELECT id, plan, boss FROM t ORDER BY id") == expected


def test_a_guarded_column_takes_tokens_only(store: MySqlStore, conn: pymysql.Connection) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn VARCHAR(11))")
    run(conn, "INSERT INTO t VALUES (1, '900000001')")
    wanted = change("t", "ssn", guard=True)
    go(store, wanted)
    run(conn, "INSERT INTO t VALUES (2, %s), (3, NULL), (4, '')", token("900000002"))
    with pytest.raises(pymysql.err.MySQLError):
        run(conn, "INSERT INTO t VALUES (5, '900000005')")
    store.drop_clear(wanted)
    back(store, wanted)
    run(conn, "INSERT INTO t VALUES (5, '900000005')")
    assert "CHECK" not in run(conn, "SHOW CREATE TABLE t")[0][1]


def test_a_column_added_after_the_swap_survives_undo(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn VARCHAR(11))")
    run(conn, "INSERT INTO t VALUES (1, '900000001')")
    wanted = change("t", "ssn")
    go(store, wanted)
    run(conn, "ALTER TABLE t ADD COLUMN extra INT DEFAULT 5")
    back(store, wanted)
    assert run(conn, "SELECT * FROM t") == [(1, "900000001", 5)]


def test_grants_and_views_know_the_table_by_its_name(
    maria: Server, store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn VARCHAR(11))")
    run(conn, "INSERT INTO t VALUES (1, '900000001')")
    run(conn, "CREATE VIEW v AS SELECT * FROM t")
    run(conn, "CREATE OR REPLACE USER clerk@'%' IDENTIFIED BY 'x'")
    run(conn, "GRANT SELECT ON odd.t TO clerk@'%'")
    run(conn, "GRANT SELECT ON odd.v TO clerk@'%'")
    wanted = change("t", "ssn")
    go(store, wanted)
    clerk = maria.connect("odd", user="clerk", password="x")
    assert (
        run(clerk, "SELECT * FROM t") == run(clerk, "SELECT * FROM v") == [(1, token("900000001"))]
    )
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        run(clerk, f"SELECT * FROM `{store.shadow(wanted)}`")
    back(store, wanted)
    clerk.close()


# --- what cannot be


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE t (ssn CHAR(9))", "no key"),
        ("CREATE TABLE t (id INT UNIQUE, ssn CHAR(9))", "no key"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9)) ENGINE=MyISAM", "knows no transactions"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9)) PARTITION BY HASH (id) PARTITIONS 2", "partitioned"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9)) WITH SYSTEM VERSIONING", "its own past"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9), l4 CHAR(4) AS (RIGHT(ssn, 4)))", "computed from ssn"),
        ("CREATE TABLE t (id INT PRIMARY KEY, x CHAR(9), ssn CHAR(9) AS (x))", "computed from other columns"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn INT AUTO_INCREMENT, KEY (ssn))", "numbered by the server"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn BIT(9))", "bits"),
        ("CREATE TABLE t (id INT PRIMARY KEY, ssn DOUBLE)", "floating"),
        ("CREATE TABLE t (id INT PRIMARY KEY, other CHAR(9))", "no column ssn"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused_before_anything_is_made(
    store: MySqlStore, conn: pymysql.Connection, sql: str, words: str
) -> None:
    run(conn, sql)
    wanted = change("t", "ssn")
    assert any(words in r.what and r.remedy for r in store.outlook(wanted).refusals)
    with pytest.raises(TableError, match=words):
        store.start(wanted)
    assert run(conn, "SHOW TABLES") == [("t",)]
    assert store.state(wanted) == "none"


def test_bytes_that_are_no_text_are_not_made_into_tokens(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn VARBINARY(9))")
    run(conn, "INSERT INTO t VALUES (1, X'FFFE')")
    wanted = change("t", "ssn")
    store.start(wanted)
    with pytest.raises(TableError, match="no text") as caught:
        list(store.copy(wanted, protecting("ssn")))
    assert "fffe" not in str(caught.value).lower()
    back(store, wanted)
    assert run(conn, "SHOW TABLES") == [("t",)]


def test_a_foreign_key_half_protected_is_refused_at_the_swap(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE a (ssn CHAR(9) PRIMARY KEY)")
    run(
        conn,
        "CREATE TABLE b (id INT PRIMARY KEY, ssn CHAR(9), CONSTRAINT f FOREIGN KEY (ssn) REFERENCES a (ssn))",
    )
    run(conn, "INSERT INTO a VALUES ('900000001'), ('900000002')")
    run(conn, "INSERT INTO b VALUES (1, '900000001')")
    one, two = change("a", "ssn"), change("b", "ssn", number=8)
    store.start(one)
    list(store.copy(one, protecting("ssn")))
    with pytest.raises(TableError, match="would join tokens with values in clear"):
        store.swap({one: protecting("ssn")})
    assert run(conn, "SELECT * FROM a ORDER BY 1") == [("900000001",), ("900000002",)]
    go(store, one, two)
    assert run(conn, "SELECT a.ssn FROM a JOIN b USING (ssn)") == [(token("900000001"),)]
    with pytest.raises(pymysql.err.IntegrityError):
        run(conn, "INSERT INTO b VALUES (2, 'nobody')")
    with pytest.raises(TableError, match="would join"):
        back(store, one)
    back(store, one, two)
    assert run(conn, "SELECT a.ssn FROM a JOIN b USING (ssn)") == [("900000001",)]


def test_a_table_of_the_same_name_is_not_overwritten(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    wanted = change("t", "ssn")
    run(conn, f"CREATE TABLE `{store.shadow(wanted)}` (mine INT)")
    with pytest.raises(TableError, match="in the way"):
        store.start(wanted)
    assert run(conn, f"SELECT COUNT(*) FROM `{store.shadow(wanted)}`") == [(0,)]


def test_a_second_change_of_a_table_waits_for_the_first(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9), dl CHAR(9))")
    go(store, change("t", "ssn"))
    with pytest.raises(TableError, match="not finished"):
        store.start(change("t", "dl", number=9))
    store.drop_clear(change("t", "ssn"))
    go(store, change("t", "dl", number=9))
    back(store, change("t", "dl", number=9))


def test_rows_that_went_without_a_trigger_stop_the_swap(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    run(conn, "INSERT INTO t SELECT seq, seq FROM seq_1_to_30")
    wanted = change("t", "ssn")
    store.start(wanted)
    list(store.copy(wanted, protecting("ssn")))
    run(conn, "TRUNCATE TABLE t")
    with pytest.raises(TableError, match="30 rows"):
        store.swap({wanted: protecting("ssn")})
    back(store, wanted)
    assert run(conn, "SELECT COUNT(*) FROM t") == [(0,)]


def test_a_table_changed_while_copied_is_not_swapped(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    wanted = change("t", "ssn")
    store.start(wanted)
    list(store.copy(wanted, protecting("ssn")))
    run(conn, "ALTER TABLE t ADD COLUMN extra INT")
    with pytest.raises(TableError, match="columns were changed"):
        store.swap({wanted: protecting("ssn")})
    back(store, wanted)


def test_a_server_that_broke_off_between_two_renames_is_put_right(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    run(conn, "INSERT INTO t VALUES (1, '900000001')")
    wanted = change("t", "ssn")
    store.start(wanted)
    list(store.copy(wanted, protecting("ssn")))
    base = store.shadow(wanted).removesuffix("shadow")
    run(conn, f"RENAME TABLE t TO `{base}clear`")
    assert store.state(wanted) == "copied"
    store.swap({wanted: protecting("ssn")})
    assert run(conn, "SELECT * FROM t") == [(1, token("900000001"))]
    run(conn, f"RENAME TABLE t TO `{base}undone`")
    assert store.state(wanted) == "swapped"
    back(store, wanted)
    assert run(conn, "SELECT * FROM t") == [(1, "900000001")]
    assert run(conn, "SHOW TABLES") == [("t",)]


def test_a_table_that_is_gone_is_said_to_be(store: MySqlStore, conn: pymysql.Connection) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    wanted = change("t", "ssn")
    store.start(wanted)
    run(conn, "RENAME TABLE t TO elsewhere")
    with pytest.raises(TableError, match="is gone"):
        store.state(wanted)
    with pytest.raises(TableError, match="no such table"):
        store.outlook(change("nowhere", "ssn"))


# --- servers and locks


def test_a_long_transaction_keeps_the_swap_out_and_nothing_changes(
    maria: Server, store: MySqlStore, conn: pymysql.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_session, "LOCK_SECONDS", 1)
    monkeypatch.setattr(
        mysql_session, "_SETTINGS", (*mysql_session._SETTINGS, "lock_wait_timeout = 1")
    )
    monkeypatch.setattr(mysql_swap, "retried", lambda act: mysql_session.retried(act, 2))
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    run(conn, "INSERT INTO t VALUES (1, '900000001')")
    wanted = change("t", "ssn")
    store.start(wanted)
    list(store.copy(wanted, protecting("ssn")))
    long = maria.connect("odd")
    run(long, "START TRANSACTION")
    run(long, "UPDATE t SET ssn = '900000002' WHERE id = 1")
    with pytest.raises(BusyError):
        store.swap({wanted: protecting("ssn")})
    run(long, "COMMIT")
    long.close()
    assert store.state(wanted) == "copied"
    assert run(conn, "SELECT * FROM t") == [(1, "900000002")]
    store.swap({wanted: protecting("ssn")})
    assert run(conn, "SELECT * FROM t") == [(1, token("900000002"))]


def test_readers_never_miss_the_table_while_it_is_swapped(
    maria: Server, store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    run(conn, "INSERT INTO t SELECT seq, 900000000 + seq FROM seq_1_to_50")
    ended, faults, n_read = threading.Event(), [], [0]

    def read() -> None:
        own = maria.connect("odd")
        while not ended.is_set():
            try:
                held = {s.startswith("tk") for (s,) in run(own, "SELECT ssn FROM t")}
                n_read[0] += 1
                if len(held) != 1:
                    faults.append("clear values and tokens in one answer")
            except pymysql.MySQLError as error:
                faults.append(str(error))
        own.close()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(3):
            go(store, change("t", "ssn"))
            time.sleep(0.05)
            back(store, change("t", "ssn"))
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert n_read[0] > 50


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://tester@127.0.0.1:1/odd", "No MySQL or MariaDB server answers"),
        ("mysql://tester@127.0.0.1:{port}/nowhere", "no database of this name"),
        ("mysql://nobody@127.0.0.1:{port}/odd", "did not let this account in"),
        ("mysql://tester@127.0.0.1:{port}/", "names no database"),
        ("mysql://tester@127.0.0.1:port/odd", "cannot be read"),
        ("mysql://tester:secret@127.0.0.1:{port}/odd", "holds a password"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(
    maria: Server, conn: pymysql.Connection, address: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_store(address.replace("{port}", str(maria.port)), maria.password)
    assert caught.value.remedy
    assert "secret" not in str(caught.value)
    assert maria.password not in str(caught.value)


def test_an_account_without_rights_is_told_which_it_needs(
    maria: Server, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    run(conn, "CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x'")
    run(conn, "GRANT SELECT ON odd.* TO reader@'%'")
    store = opened(maria.address("odd").replace("tester@", "reader@"), "x")
    assert [t.name for t in store.tables()] == ["t"]
    with pytest.raises(AmendsError, match="may not do") as caught:
        store.start(change("t", "ssn"))
    assert "CREATE" in caught.value.remedy
    store.close()


def test_what_may_still_hold_values_in_clear_is_listed(
    store: MySqlStore, conn: pymysql.Connection
) -> None:
    run(conn, "CREATE TABLE t (id INT PRIMARY KEY, ssn CHAR(9))")
    wanted = change("t", "ssn")
    go(store, wanted)
    words = " | ".join(store.leftovers(wanted))
    for part in ("kept as", "binary log", "undo log", "backups"):
        assert part in words
    store.drop_clear(wanted)
    assert "kept as" not in " | ".join(store.leftovers(wanted))
    assert [t.name for t in store.tables()] == ["t"]
