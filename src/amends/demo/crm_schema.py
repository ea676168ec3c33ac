"""Tables and keys of ``larkspur_crm.pg.sql``, written as ``pg_dump`` writes them."""

from __future__ import annotations

from pathlib import Path

from amends.demo.sinks import PgDump

_TABLES = {
    "accounts": (
        ("account_id", "bigint NOT NULL"), ("account_number", "character(10) NOT NULL"),
        ("holder_id", "bigint NOT NULL"), ("plan_code", "text"), ("acct_pin", "character varying(6)"),
        ("opened_on", "date"), ("autopay", "boolean"), ("balance_cents", "integer"),
    ),
    "addresses": (
        ("address_id", "bigint NOT NULL"), ("customer_id", "bigint NOT NULL"), ("kind", "text"),
        ("line_1", "text"), ("line_2", "text"), ("city", "text"), ("state", "text"),
        ("postal_code", "text"), ("country", "character(2)"), ("valid_from", "date"),
    ),
    "credit_profiles": (
        ("customer_id", "bigint NOT NULL"), ("tax_id", "text"), ("dl_number", "text"),
        ("dl_state", "character(2)"), ("credit_class", "character(1)"), ("checked_on", "date"),
    ),
    "customers": (
        ("customer_id", "bigint NOT NULL"), ("first_name", "text"), ("middle_name", "text"),
        ("last_name", "text"), ("suffix", "text"), ("date_of_birth", "date"), ("email", "text"),
        ("contact_phone", "text"), ("pref_lang", "character(2)"), ("created_on", "date"),
    ),
    "device_skus": (
        ("sku", "character(9) NOT NULL"), ("description", "text"), ("upc", "character(12)"),
        ("price_cents", "integer"),
    ),
    "identity_checks": (
        ("check_id", "bigint NOT NULL"), ("customer_id", "bigint NOT NULL"), ("vendor", "text"),
        ("ssn_sha256", "character(64)"), ("passed", "boolean"),
    ),
    "lines": (
        ("line_id", "bigint NOT NULL"), ("account_id", "bigint NOT NULL"), ("user_id", "bigint"),
        ("msisdn", "character(10)"), ("activated_on", "date"), ("sku", "character(9)"),
    ),
    "orders": (
        ("order_ref", "character varying(11) NOT NULL"), ("account_id", "bigint NOT NULL"),
        ("sku", "character(9)"), ("tracking_no", "text"), ("placed_on", "date"),
    ),
    "portal_logins": (
        ("customer_id", "bigint NOT NULL"), ("username", "text"), ("password_hash", "text"),
        ("last_login_ip", "inet"), ("failed_logins", "smallint"),
    ),
    "tower_sites": (
        ("site_id", "integer NOT NULL"), ("site_name", "text"), ("latitude", "numeric(9,6)"),
        ("longitude", "numeric(9,6)"), ("fcc_asr", "character(7)"), ("height_m", "smallint"),
    ),
}  # fmt: skip
_PRIMARY = {
    "accounts": "account_id", "addresses": "address_id", "credit_profiles": "customer_id",
    "customers": "customer_id", "device_skus": "sku", "identity_checks": "check_id",
    "lines": "line_id", "orders": "order_ref", "portal_logins": "customer_id",
    "tower_sites": "site_id",
}  # fmt: skip
_FOREIGN = (
    ("accounts", "holder_id", "customers", "customer_id"),
    ("addresses", "customer_id", "customers", "customer_id"),
    ("credit_profiles", "customer_id", "customers", "customer_id"),
    ("identity_checks", "customer_id", "customers", "customer_id"),
    ("lines", "account_id", "accounts", "account_id"),
    ("lines", "user_id", "customers", "customer_id"),
    ("orders", "account_id", "accounts", "account_id"),
    ("portal_logins", "customer_id", "customers", "customer_id"),
)
_HEAD = """--
-- PostgreSQL database dump
--

-- Dumped from database version 13.22 (Debian 13.22-1.pgdg110+1)
-- Dumped by pg_dump version 13.22 (Debian 13.22-1.pgdg110+1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

"""


def open_crm(path: Path) -> PgDump:
    """Open the dump."""
    return PgDump(
        path,
        _HEAD + "".join(_create(name) for name in _TABLES),
        {name: ", ".join(column for column, _ in columns) for name, columns in _TABLES.items()},
        _keys() + "--\n-- PostgreSQL database dump complete\n--\n\n",
    )


def _create(name: str) -> str:
    columns = ",\n".join(f"    {column} {kind}" for column, kind in _TABLES[name])
    return (
        f"--\n-- Name: {name}; Type: TABLE; Schema: public; Owner: larkspur_app\n--\n\n"
        f"CREATE TABLE public.{name} (\n{columns}\n);\n\n\n"
        f"ALTER TABLE public.{name} OWNER TO larkspur_app;\n\n"
    )


def _keys() -> str:
    primary = "".join(
        f"ALTER TABLE ONLY public.{name}\n    ADD CONSTRAINT {name}_pkey PRIMARY KEY ({key});\n\n\n"
        for name, key in _PRIMARY.items()
    )
    foreign = "".join(
        f"ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {table}_{key}_fkey FOREIGN KEY "
        f"({key}) REFERENCES public.{target}({other});\n\n\n"
        for table, key, target, other in _FOREIGN
    )
    return primary + foreign
