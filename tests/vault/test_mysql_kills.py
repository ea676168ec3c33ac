"""A change of a MariaDB table, killed at any point while somebody writes: nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pymysql
import pytest

from amends.vault.stores.mysql import opened
from tests.vault.mariadb import Server, wait
from tests.vault.store_world import (
    Writer,
    change,
    customers,
    in_clear,
    kill_again_and_again,
    protect,
    undo,
)


def company(maria: Server, name: str, n: int) -> pymysql.Connection:
    """Make a database with customers, orders, a view, and a trigger."""
    conn = maria.connect()
    cursor = conn.cursor()
    cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    conn.select_db(name)
    for sql in (
        "CREATE TABLE customers (id INT PRIMARY KEY, ssn VARCHAR(11) UNIQUE, name VARCHAR(60), KEY (name))",
        "CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, "
        "CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id))",
        "CREATE VIEW everybody AS SELECT id, ssn, name FROM customers",
        "CREATE TABLE seen (n INT AUTO_INCREMENT PRIMARY KEY, id INT)",
        "CREATE TRIGGER watch AFTER INSERT ON customers FOR EACH ROW INSERT INTO seen (id) VALUES (NEW.id)",
    ):
        cursor.execute(sql)
    cursor.executemany("INSERT INTO customers VALUES (%s, %s, %s)", customers(n))
    return conn


def harmless(error: Exception) -> bool:
    """Deadlocks and locks that take long are an application's daily bread.

    1452: a kill between the last two statements of a swap leaves the children's foreign key pointing to the shadow,
    until the next call puts it right.
    """
    number = error.args[0] if error.args else 0
    if isinstance(number, int) and number == 1213 and re.search("metadata", str(error)):
        return True
    return number in (1205, 1213, 1452)


def held(conn: pymysql.Connection) -> dict[int, tuple[str, str]]:
    cursor = conn.cursor()
    cursor.execute("SELECT id, ssn, name FROM everybody")
    return in_clear(list(cursor.fetchall()))


def orphans(conn: pymysql.Connection) -> list[object]:
    cursor = conn.cursor()
    cursor.execute("SELECT id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)")
    return list(cursor.fetchall())


def run_kills(maria: Server, name: str, times: int, seed: int) -> list[str]:
    """Kill again and again under a running writer; nothing may be lost, and what stands on the table stands there."""
    conn = company(maria, name, 1500)
    writer = Writer(lambda: maria.connect(name), "%s", harmless, seed)
    writer.take(customers(1500))
    writer.start()
    steps = kill_again_and_again(
        "mysql", maria.address(name), maria.password, times, seed=seed, until=lambda: None
    )
    store = opened(maria.address(name), maria.password)
    undo(store, change())
    journal = writer.stop()
    assert [e for e in writer.errors] == []
    assert writer.n_done > times
    assert store.state(change()) == "none"
    assert held(conn) == journal
    assert not orphans(conn)
    cursor = conn.cursor()
    cursor.execute("SHOW TABLES")
    assert {t for (t,) in cursor.fetchall()} == {"customers", "orders", "everybody", "seen"}
    cursor.execute("SHOW TRIGGERS")
    assert [(row[0], row[2]) for row in cursor.fetchall()] == [("watch", "customers")]
    cursor.execute("SHOW CREATE TABLE orders")
    assert (
        "CONSTRAINT `of_customer` FOREIGN KEY (`customer_id`) REFERENCES `customers`"
        in cursor.fetchone()[1]
    )
    protect(store, change(2))
    assert held(conn) == journal
    store.close()
    conn.close()
    return steps


def test_killed_at_any_point_nothing_is_lost(maria: Server) -> None:
    run_kills(maria, "kills", 5, seed=11)


@pytest.mark.slow
def test_killed_thirty_six_times_nothing_is_lost(maria: Server) -> None:
    steps = run_kills(maria, "many_kills", 36, seed=5)
    assert {"start", "copy", "swap", "undo"} <= set(steps)


def crashed(maria: Server) -> None:
    maria.kill()
    maria.start()
    wait(maria)


def test_a_server_that_dies_loses_nothing_and_the_change_goes_on(maria: Server) -> None:
    company(maria, "crash", 500).close()
    store = opened(maria.address("crash"), maria.password)
    store.start(change(chunk=50))
    from tests.vault.stand_in import protecting

    copying = store.copy(change(chunk=50), protecting("ssn"))
    next(copying)
    crashed(maria)
    with pytest.raises(Exception, match="gone"):
        for _ in copying:
            pass
    store = opened(maria.address("crash"), maria.password)
    assert store.state(change()) == "copying"
    protect(store, change())
    crashed(maria)
    conn = maria.connect("crash")
    assert held(conn) == {i: (s, n) for i, s, n in customers(500)}
    store = opened(maria.address("crash"), maria.password)
    assert store.state(change()) == "swapped"
    undo(store, change())
    assert held(conn) == {i: (s, n) for i, s, n in customers(500)}
    conn.close()


Check = Callable[[], None]
