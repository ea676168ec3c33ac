"""Slows whoever guesses: waits that double, by account and by network; kept in the register, so no restart forgives.

Source:
    OWASP Authentication Cheat Sheet (read November 2026): count failures by account, not only by address; exponential
    delays rather than a lock that lets anybody shut an account out for good.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.kernel.register import make_tables

METADATA = sa.MetaData()

TRIES = sa.Table(
    "console_tries",
    METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.String(32), nullable=False),
    sa.Column("free_at", sa.String(32), nullable=False),
)

FREE_TRIES = {"account": 5, "network": 20}
"""Failures before the first wait: people mistype; an office shares one address."""

LONGEST_WAIT_SECONDS = 900
"""Longer would let a stranger keep an account shut."""

FORGOTTEN_AFTER = timedelta(hours=24)


def keys(name: str, network: str) -> dict[str, str]:
    """Return the two keys of a try: digests, so that the register holds no typed names."""
    return {
        "account": ids.digest_text(f"account|{name}"),
        "network": ids.digest_text(f"network|{network_of(network)}"),
    }


def network_of(address: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the 64 bits of IPv6 that one line is given."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network(f"{found}/64", strict=False))
    return str(found)


def turn(register: sa.Engine, given: dict[str, str]) -> int:
    """Take a turn at signing in: 0 when it may go on, else the seconds to wait.

    A turn is counted as a failure before the password is looked at, so that a hundred tries at once are a hundred
    tries; ``succeeded`` takes it back.
    """
    now = clock.now()
    with register.begin() as connection:
        for key in given.values():
            _count(connection, key, now)
        rows = {
            r["key"]: r
            for r in connection.execute(
                sa.select(TRIES).where(TRIES.c.key.in_(list(given.values())))
            ).mappings()
        }
        left = max(_seconds_left(r["free_at"], now) for r in rows.values())
        if left > 0:
            connection.rollback()
            return int(left + 0.999)
        for kind, key in given.items():
            wait = wait_after(int(rows[key]["failures"]), FREE_TRIES[kind])
            free = clock.stamp(now + timedelta(seconds=wait)) if wait else ""
            connection.execute(TRIES.update().where(TRIES.c.key == key).values(free_at=free))
    return 0


def wait_after(failures: int, free: int) -> int:
    """Return the seconds to wait after so many failures."""
    if failures <= free:
        return 0
    return int(min(LONGEST_WAIT_SECONDS, 2 ** min(failures - free, 20)))


def _count(connection: sa.Connection, key: str, now: datetime) -> None:
    """Add one failure; the row is written first, so that two at once count as two."""
    stale = clock.stamp(now - FORGOTTEN_AFTER)
    more = sa.case((TRIES.c.last_at < stale, 1), else_=TRIES.c.failures + 1)
    at = clock.stamp(now)
    done = connection.execute(
        TRIES.update().where(TRIES.c.key == key).values(failures=more, last_at=at)
    )
    if not done.rowcount:
        connection.execute(TRIES.insert().values(key=key, failures=1, last_at=at, free_at=""))


def succeeded(register: sa.Engine, given: dict[str, str]) -> None:
    """Forget the failures of an account, and of the network this turn only.

    Else somebody with an account could buy fresh tries at the others'.
    """
    with register.begin() as connection:
        connection.execute(TRIES.delete().where(TRIES.c.key == given["account"]))
        fewer = sa.case((TRIES.c.failures > 0, TRIES.c.failures - 1), else_=0)
        connection.execute(
            TRIES.update().where(TRIES.c.key == given["network"]).values(failures=fewer, free_at="")
        )


def make(register: sa.Engine) -> None:
    """Make the table when it is not there yet."""
    make_tables(register, METADATA)


def _seconds_left(free_at: str, now: datetime) -> float:
    if not free_at:
        return 0.0
    return (datetime.fromisoformat(free_at.replace("Z", "+00:00")) - now).total_seconds()
