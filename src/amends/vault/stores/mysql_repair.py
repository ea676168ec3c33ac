"""Putting right what a kill or a crash left half done in MySQL or MariaDB, and what is checked before the swap."""

from __future__ import annotations

from amends.kernel.errors import TableError
from amends.vault.stores.mysql_capture import drop_capture
from amends.vault.stores.mysql_carry import Carrier
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_rename import settle
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shape import columns, exists
from amends.vault.stores.mysql_swap import restore


def same_names(session: Session, one: str, other: str) -> bool:
    """Return whether two tables have the same columns."""
    return [c.name for c in columns(session, one)] == [c.name for c in columns(session, other)]


def same_shape(session: Session, page: Page) -> None:
    """Refuse to swap a table whose columns were changed since the shadow was made."""
    if [c.line for c in columns(session, page.change.table)] != page.read("shape"):
        raise TableError(
            "The table's columns were changed while it was copied", where=page.change.table,
            remedy="undo the change and plan again",
        )  # fmt: skip


def same_count(session: Session, carrier: Carrier) -> None:
    """Refuse to swap when rows went without a trigger: TRUNCATE and a few others leave none."""
    session.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    try:
        here = int(session.one(f"SELECT COUNT(*) FROM {q(carrier.change.table)}"))
        there = int(session.one(f"SELECT COUNT(*) FROM {q(carrier.target)}"))
        waiting = carrier.pending()
    finally:
        session.rollback()
        session.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    if abs(here - there) > waiting:
        raise TableError(
            f"Table and copy differ by {abs(here - there) - waiting:,} rows: rows went or came unseen (TRUNCATE?), "
            "or two values of a unique column have one token",
            where=carrier.change.table,
            remedy="undo the change and plan again",
        )


def repair(session: Session, page: Page) -> None:
    """Put right what a session or a server left half done; changes nothing where all is well."""
    if not page.found():
        return
    settle(session, page)
    for number, name in enumerate(page.read("pointing", [])):
        aside = f"{page.names.base}c{number}"
        if exists(session, aside) and not exists(session, name):
            session.run(f"RENAME TABLE {q(aside)} TO {q(name)}")
    if not exists(session, page.change.table):
        _finish_rename(session, page)
    if exists(session, page.change.table):
        restore(session, page)


def _finish_rename(session: Session, page: Page) -> None:
    """Give the table its name when the server broke off between two renames."""
    names, table = page.names, page.change.table
    retired = names.undone if exists(session, names.undone) else names.clear
    undoing = names.back if exists(session, names.back) else names.clear
    copy = undoing if retired == names.undone else names.shadow
    if exists(session, retired) and exists(session, copy):
        session.run(f"RENAME TABLE {q(copy)} TO {q(table)}")


def clean(session: Session, page: Page) -> None:
    """Take away everything a change has put there; the table itself is in clear."""
    if not page.found():
        return
    page.write("phase", "starting")  # should we die here, the next start goes on taking away
    for letter in "wsb":
        drop_capture(session, page.change, letter)
    try:
        session.run("SET SESSION foreign_key_checks = 0")
        for name in page.names.all():
            session.run(f"DROP TABLE IF EXISTS {q(name)}")
    finally:
        session.run("SET SESSION foreign_key_checks = 1")
