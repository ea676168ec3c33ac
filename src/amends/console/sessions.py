"""Sessions: kept in the register, named by random ids of which only the digest is kept.

Source:
    OWASP Session Management Cheat Sheet (read November 2026): at least 128 bits of chance, a new id at sign-in, idle
    and absolute ends, both kept by the server.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import sqlalchemy as sa

from amends.console.accounts import SESSIONS, USERS
from amends.console.base import User
from amends.kernel import clock, ids

ABSOLUTE_HOURS = 12
"""A session ends after a long day's work, however busy it was (OWASP: 4 to 8 hours for an office day; people here work
longer days)."""

_TOUCH_SECONDS = 30
"""Seen again within this time is not written: a page does not wait for the disk."""


def begin(register: sa.Engine, name: str) -> str:
    """Begin a session for an account and return its id, which is kept nowhere."""
    session, now = ids.new(32), clock.stamp()
    with register.begin() as connection:
        connection.execute(
            SESSIONS.delete().where(SESSIONS.c.started_at < _before(ABSOLUTE_HOURS * 60))
        )
        connection.execute(
            SESSIONS.insert().values(id_hash=_kept(session), name=name, started_at=now, seen_at=now)
        )
    return session


def find(
    register: sa.Engine, session: str, idle_minutes: int, *, touch: bool = True
) -> User | None:
    """Return whose session this is, or ``None`` when it ended, was revoked, or never was.

    Args:
        register: The register.
        session: Id from the cookie.
        idle_minutes: After which a session that nobody uses ends.
        touch: Whether this counts as use; a page that refreshes itself does not.
    """
    if len(session) != 64:
        return None
    query = (
        sa.select(USERS.c.name, USERS.c.shown, USERS.c.role, SESSIONS.c.seen_at)
        .join(USERS, USERS.c.name == SESSIONS.c.name)
        .where(
            SESSIONS.c.id_hash == _kept(session),
            SESSIONS.c.started_at >= _before(ABSOLUTE_HOURS * 60),
            SESSIONS.c.seen_at >= _before(idle_minutes),
            USERS.c.disabled_at == "",
        )
    )
    with register.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if touch and row["seen_at"] < _before(_TOUCH_SECONDS / 60):
        with register.begin() as connection:
            connection.execute(
                SESSIONS.update()
                .where(SESSIONS.c.id_hash == _kept(session))
                .values(seen_at=clock.stamp())
            )
    return User(row["name"], row["shown"], row["role"])


def end(register: sa.Engine, session: str) -> None:
    """End one session."""
    with register.begin() as connection:
        connection.execute(SESSIONS.delete().where(SESSIONS.c.id_hash == _kept(session)))


def end_all(register: sa.Engine, name: str) -> int:
    """End every session of an account and return how many there were."""
    with register.begin() as connection:
        done = connection.execute(SESSIONS.delete().where(SESSIONS.c.name == name))
    return int(done.rowcount)


def csrf_token(session: str) -> str:
    """Return the token that forms of a session carry: it says nothing of the id and dies with it."""
    return hmac.new(session.encode(), b"amends console csrf", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two tokens in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _kept(session: str) -> str:
    """Return the digest that is kept: who reads the register cannot use a session (256 bits need no slow hash)."""
    return ids.digest_text(session)


def _before(minutes: float) -> str:
    return clock.stamp(clock.now() - timedelta(minutes=minutes))
