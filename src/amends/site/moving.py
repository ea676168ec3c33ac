"""Claims follow persons that became part of another: once for each edition, by one process."""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from amends.portal.offers.moving import move_all
from amends.portal.protection.ledger import ACCOUNTS, REQUESTS
from amends.portal.protection.requests import Protection

_CHUNK = 500


def follow_merges(
    edition: str, moved: Mapping[str, str], state: sa.Engine, protection: Protection, folder: Path
) -> bool:
    """Let claims and requests follow, when no process has done so for this edition; say whether it was done now.

    Killed at any moment and called again, it goes on: each step may be done twice.

    Args:
        edition: Name of the edition.
        moved: Old handle -> handle.
        state: The site's state.
        protection: Requests for account protection.
        folder: ``PUBLISHED/state``; holds the name of the edition last done.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = folder / "merges-followed"
    with (folder / "merges.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if done.exists() and done.read_text("utf-8").strip() == edition:
            return False
        move_all(state, moved)
        _move_protection(moved, state, protection)
        half = done.with_suffix(".half")
        half.write_text(edition + "\n", "utf-8")
        half.replace(done)
    return True


def _move_protection(moved: Mapping[str, str], state: sa.Engine, protection: Protection) -> None:
    pairs = iter(sorted(moved.items()))
    while chunk := dict(islice(pairs, _CHUNK)):
        with state.connect() as connection:
            known = {
                handle
                for table in (ACCOUNTS, REQUESTS)
                for handle in connection.execute(
                    sa.select(table.c.handle).where(table.c.handle.in_(list(chunk))).distinct()
                ).scalars()
            }
        for old in sorted(known):
            protection.move(old, chunk[old])
