"""Accounts of the console: who may sign in, as what, and with which password.

Source:
    OWASP Password Storage Cheat Sheet (read November 2026): Argon2id with 19 MiB, 2 passes, 1 lane.
    NIST SP 800-63B-4, section 3.1.1: a password that stands alone has at least 15 characters; at least 64 are taken;
    no rules on its composition.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from amends.console.base import User
from amends.console.roles import ROLES
from amends.kernel import clock
from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables

METADATA = sa.MetaData()

USERS = sa.Table(
    "console_users",
    METADATA,
    sa.Column("name", sa.String(120), primary_key=True),  # folded: one account a name
    sa.Column("shown", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("password", sa.String(200), nullable=False),  # Argon2id; "" for who comes by OIDC
    sa.Column("subject", sa.String(64), nullable=False),  # digest of issuer and subject; "" = local
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("disabled_at", sa.String(32), nullable=False),  # "" = in use
)

SESSIONS = sa.Table(
    "console_sessions",
    METADATA,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False, index=True),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("seen_at", sa.String(32), nullable=False),
)

SHORTEST = 15
LONGEST = 1_000
"""Bytes that are hashed would grow with a longer one."""

_TURNS = threading.BoundedSemaphore(2)
"""Argon2 takes 19 MiB each time; two at once leave room for everything else."""


@dataclass(frozen=True)
class Account:
    """An account as ``amends users list`` shows it."""

    name: str
    shown: str
    role: str
    local: bool
    made_at: str
    disabled_at: str


@cache
def hasher() -> PasswordHasher:
    """Return the hasher with OWASP's parameters."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobody() -> str:
    """Return a hash that no password meets: looking up nobody takes as long as looking up somebody."""
    return hasher().hash("nobody has this password")


def folded(name: str) -> str:
    """Return a name as accounts are kept by it: case, width and spaces do not make two of one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:120]


def add(register: sa.Engine, name: str, shown: str, role: str, password: str) -> Account:
    """Make a local account.

    Raises:
        UsageError: No name, no such role, a password that is too short, or the account is there already.
    """
    key = folded(name)
    if not key or key.startswith("oidc:"):
        raise UsageError("An account needs a name", remedy="such as dana.lee")
    check_role(role)
    check_password(password, key)
    row = {
        "name": key,
        "shown": " ".join(shown.split())[:200] or key,
        "role": role,
        "password": hasher().hash(password),
        "subject": "",
        "made_at": clock.stamp(),
        "disabled_at": "",
    }
    make_tables(register, METADATA)
    try:
        with register.begin() as connection:
            connection.execute(USERS.insert().values(**row))
    except sa.exc.IntegrityError:
        raise UsageError(
            f"There is an account {key} already",
            remedy="change its role with: amends users role CASE NAME ROLE",
        ) from None
    return _account(row)


def check_role(role: str) -> None:
    """Refuse a role that does not exist.

    Raises:
        UsageError: It does not.
    """
    if role not in ROLES:
        raise UsageError(f"There is no role {role[:20]!r}", remedy="roles are: " + " ".join(ROLES))


def check_password(password: str, name: str) -> None:
    """Refuse a password that is guessed soon.

    Raises:
        UsageError: It is short, very long, one sign repeated, or holds the name of the account.
    """
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise UsageError(
            f"A password needs at least {SHORTEST} characters", remedy="take four or five words"
        )
    if len(password.encode()) > LONGEST:
        raise UsageError(f"A password has at most {LONGEST} bytes")
    if len(set(plain)) < 5 or (len(name) > 3 and name in plain):
        raise UsageError(
            "This password is guessed soon",
            remedy="take four or five words that nobody ties to you",
        )


def accounts(register: sa.Engine) -> list[Account]:
    """Return every account, by name."""
    make_tables(register, METADATA)
    with register.connect() as connection:
        rows = connection.execute(sa.select(USERS).order_by(USERS.c.name)).mappings()
        return [_account(dict(r)) for r in rows]


def _account(row: Mapping[str, object]) -> Account:
    return Account(
        str(row["name"]), str(row["shown"]), str(row["role"]), not row["subject"], str(row["made_at"]),
        str(row["disabled_at"]),
    )  # fmt: skip


def change(register: sa.Engine, name: str, **values: str) -> None:
    """Change an account and end its sessions.

    Raises:
        UsageError: There is no such account.
    """
    key = folded(name)
    make_tables(register, METADATA)
    with register.begin() as connection:
        done = connection.execute(USERS.update().where(USERS.c.name == key).values(**values))
        connection.execute(SESSIONS.delete().where(SESSIONS.c.name == key))
    if not done.rowcount:
        raise UsageError(
            f"There is no account {key[:40]!r}", remedy="see them with: amends users list CASE"
        )


def set_password(register: sa.Engine, name: str, password: str) -> None:
    """Give an account another password and end its sessions.

    Raises:
        UsageError: No such account, or a password that is guessed soon.
    """
    check_password(password, folded(name))
    change(register, name, password=hasher().hash(password))


def check(register: sa.Engine, name: str, password: str) -> User | None:
    """Return who signs in with a name and a password, or ``None``; both take the same time."""
    key = folded(name)
    with register.connect() as connection:
        row = connection.execute(sa.select(USERS).where(USERS.c.name == key)).mappings().first()
    held = row["password"] if row is not None and row["password"] else _nobody()
    with _TURNS:
        right = _verify(held, password[:LONGEST])
    if row is None or not right or not row["password"] or row["disabled_at"]:
        return None
    if hasher().check_needs_rehash(held):
        with register.begin() as connection:
            connection.execute(
                USERS.update().where(USERS.c.name == key).values(password=hasher().hash(password))
            )
    return User(row["name"], row["shown"], row["role"])


def _verify(held: str, password: str) -> bool:
    try:
        return hasher().verify(held, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def from_provider(register: sa.Engine, subject: str, shown: str, role: str) -> User | None:
    """Return who an identity provider vouched for, their account made or brought up to date; ``None`` when disabled.

    Args:
        register: The register.
        subject: Digest of issuer and subject: the same person each time, whatever their name becomes.
        shown: Name of the person.
        role: Role the provider names; checked by the caller. Another role than last time ends earlier sessions.
    """
    name = f"oidc:{subject[:24]}"
    with register.begin() as connection:
        row = connection.execute(sa.select(USERS).where(USERS.c.name == name)).mappings().first()
        if row is None:
            connection.execute(USERS.insert().values(
                name=name, shown=shown[:200], role=role, password="", subject=subject, made_at=clock.stamp(),
                disabled_at="",
            ))  # fmt: skip
        elif row["disabled_at"]:
            return None
        elif (row["role"], row["shown"]) != (role, shown[:200]):
            connection.execute(
                USERS.update().where(USERS.c.name == name).values(role=role, shown=shown[:200])
            )
            connection.execute(SESSIONS.delete().where(SESSIONS.c.name == name))
    return User(name, shown[:200], role)
