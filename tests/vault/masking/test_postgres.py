"""A copy from one PostgreSQL database to another: seen whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from amends.kernel.errors import UsageError
from amends.report.masking import Asked, make_plan, run
from amends.vault.masking.build import build
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.opening import open_store
from tests.notices.postgres import server
from tests.vault.masking.company import tables

KEY = b"k" * 32
SCHEMA = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE SCHEMA crm;
CREATE TABLE customers (id serial PRIMARY KEY, ssn char(11) UNIQUE NOT NULL, last_name varchar(8), birth_date date,
    email text, zip int, feels mood DEFAULT 'good', CHECK (zip > 0));
CREATE TABLE crm.accounts (account_number bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id),
    opened_on date NOT NULL, ssn_digits int);
CREATE INDEX opened ON crm.accounts (opened_on);
"""


@pytest.fixture(scope="module")
def prod() -> Iterator[str]:
    with server() as url:
        base = url.replace("+psycopg", "").rsplit("/", 1)[0]
        with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
            for name in ("prod", "copy", "spoiled"):
                conn.execute(f"CREATE DATABASE {name}")
        held = tables(80)
        with psycopg.connect(f"{base}/prod", autocommit=True) as conn:
            conn.execute(SCHEMA)
            for row, account in zip(
                held["customers"].to_pylist(), held["accounts"].to_pylist(), strict=True
            ):
                conn.execute(
                    "INSERT INTO customers (id, ssn, last_name, birth_date, email, zip) "
                    "VALUES (%s, %s, %s, %s, %s, %s)",
                    [row[c] for c in ("id", "ssn", "last_name", "birth_date", "email", "zip")],
                )
                conn.execute(
                    "INSERT INTO crm.accounts VALUES (%s, %s, %s, %s)", list(account.values())
                )
        yield f"{base}/prod"


def test_the_copy_has_shape_and_joins_and_no_original(prod: str) -> None:
    target = prod.replace("/prod", "/copy")
    store = open_store(prod)
    told, _ = run(store, open_writer(target, prod), Asked("M1", make_plan(store), KEY))
    store.close()
    assert told["published"] and told["notes"] == []
    with psycopg.connect(target) as conn:
        rows = conn.execute(
            "SELECT count(*), count(DISTINCT c.id), bool_and(replace(c.ssn, '-', '') = a.ssn_digits::text), "
            "min(c.feels::text) FROM crm.accounts a JOIN customers c ON c.id = a.customer_id"
        ).fetchall()
        assert rows == [(80, 80, True, "good")]
        kinds = conn.execute(
            "SELECT string_agg(contype::text, '' ORDER BY contype) FROM pg_constraint c JOIN pg_class t "
            "ON t.oid = conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
            "WHERE n.nspname IN ('public', 'crm') AND contype IN ('p', 'f', 'u', 'c')"
        ).fetchone()
        assert kinds == ("cfppu",)
        assert conn.execute(
            "SELECT count(*) FROM pg_indexes WHERE indexname = 'opened'"
        ).fetchone() == (1,)
        conn.execute(
            "INSERT INTO customers (ssn, zip) VALUES ('900-01-0001', 1)"
        )  # the next id is free
    with pytest.raises(UsageError, match="something at the place"):
        open_writer(target, prod)


def test_a_survivor_leaves_the_database_empty(prod: str) -> None:
    target = prod.replace("/prod", "/spoiled")
    store = open_store(prod)
    done = build(
        store, open_writer(target, prod), make_plan(store), KEY,
        spoil=lambda table, batch: next(store.batches(table)) if table == "public.customers" else batch,
    )  # fmt: skip
    store.close()
    assert not done.published and done.proof.survivors > 0
    with psycopg.connect(target) as conn:
        assert conn.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'crm')"
        ).fetchone() == (0,)


def test_the_source_is_known_by_any_name(prod: str) -> None:
    with pytest.raises(UsageError, match="onto its source"):
        open_writer(prod.replace("127.0.0.1", "localhost"), prod)
