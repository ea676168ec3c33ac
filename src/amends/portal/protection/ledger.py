"""The register of protection requests: one row an account and action, and an append-only ledger of what became of it.

States: ``asked`` → ``handed_over`` (the intent is on disk before anything leaves) → ``done``, ``refused`` or
``failed``. ``split``: a request of a person whose accounts were not known yet; requests for each account took over.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from amends.portal.offers.ledger import keep_append_only, make_once

METADATA = sa.MetaData()

ACTIONS = ("lock", "port_out_block", "pin_reset")
SOURCES = ("person", "default")
STATES = ("asked", "handed_over", "done", "refused", "failed")

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

REQUESTS = sa.Table(
    "protection_requests",
    METADATA,
    sa.Column("request_id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, unique=True),
    sa.Column("handle", sa.String(64), nullable=False, index=True),
    sa.Column("account_ref", sa.String(64), nullable=False),  # "" = not known yet
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("asked_at", sa.String(32), nullable=False),
    sa.Column("handed_at", sa.String(32)),
    sa.Column("ended_at", sa.String(32)),
    sa.Column("evidence", sa.String(120), nullable=False),  # the company's own reference
    sa.Column("attempt", sa.Integer, nullable=False),  # asked again after a refusal: another key at the company
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("not_before", sa.Float, nullable=False),  # Unix seconds
)  # fmt: skip
sa.Index(
    "protection_open",
    REQUESTS.c.state,
    REQUESTS.c.not_before,
    REQUESTS.c.request_id,
    sqlite_where=REQUESTS.c.state.in_(("asked", "handed_over")),
    postgresql_where=REQUESTS.c.state.in_(("asked", "handed_over")),
)

ACCOUNTS = sa.Table(
    "protection_accounts",
    METADATA,
    sa.Column("account_ref", sa.String(64), primary_key=True),
    sa.Column("handle", sa.String(64), nullable=False, index=True),
)

# Differences; their sum by kind is how many requests there are.
TALLY = sa.Table(
    "protection_tally",
    METADATA,
    sa.Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("source", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
)

EVENTS = sa.Table(
    "protection_events",
    METADATA,
    sa.Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("request_id", _NUMBER, index=True),  # empty for what concerns many at once
    sa.Column("n_requests", sa.BigInteger, nullable=False),
    sa.Column("evidence", sa.String(200), nullable=False),
)
keep_append_only(EVENTS)


def make_protection_tables(state: sa.Engine) -> None:
    """Make the tables of protection where they are missing."""
    make_once(state, METADATA)


def request_key(subject: str, action: str) -> str:
    """Return the key of a request: the same account (or person, while no account is known) and action, the same key."""
    return hashlib.blake2b(f"{action}|{subject}".encode(), digest_size=16).hexdigest()
