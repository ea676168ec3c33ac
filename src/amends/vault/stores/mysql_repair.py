"""Putting right what a kill or a crash left half done in MySQL or MariaDB, and what is checked before the swap."""

from __future__ import annotations

from amends.kernel.errors import TableError
from amends.vault.stores.mysql_capture import drop_capture
from amends.vault.stores.mysql_carry import Carrier
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shadow import mirror_links
from amends.vault.stores.mysql_shape import columns, exists, links, triggers
from amends.vault.stores.mysql_swap import end_strays, restore_links


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
            f"Table and copy differ by {abs(here - there) - waiting:,} rows: rows went or came unseen (TRUNCATE?)",
            where=carrier.change.table,
            remedy="undo the change and plan again",
        )


def repair(session: Session, page: Page) -> None:
    """Put right what a session or a server left half done; changes nothing where all is well."""
    if not page.found():
        return
    names, table = page.names, page.change.table
    end_strays(session, page)
    for retired in (names.clear, names.undone):
        if page.is_sentinel(retired):
            session.run(f"DROP TABLE IF EXISTS {q(retired)}")
    if not exists(session, table):
        _finish_rename(session, page)
    if page.read("links"):
        restore_links(session, page)
        _remake_mirrors(session, page)
    for copy in (names.shadow, names.back):
        if exists(session, copy):
            for trigger in triggers(session, copy):
                session.run(f"DROP TRIGGER IF EXISTS {q(trigger.name)}")


def _finish_rename(session: Session, page: Page) -> None:
    """Give the table its name when the server broke off between two renames."""
    names, table = page.names, page.change.table
    retired = names.undone if exists(session, names.undone) else names.clear
    undoing = names.back if exists(session, names.back) else names.clear
    copy = undoing if retired == names.undone else names.shadow
    if exists(session, retired) and exists(session, copy):
        session.run(f"RENAME TABLE {q(copy)} TO {q(table)}")


def _remake_mirrors(session: Session, page: Page) -> None:
    for copy in (page.names.shadow, page.names.back):
        if exists(session, copy):
            for link in links(session, copy, incoming=False):
                session.run(f"ALTER TABLE {q(copy)} DROP FOREIGN KEY {q(link.name)}")
            mirror_links(session, page.change, copy)


def clean(session: Session, page: Page) -> None:
    """Take away everything a change has put there; the table itself is in clear."""
    if not page.found():
        return
    drop_capture(session, page.change, "w")
    drop_capture(session, page.change, "s")
    try:
        session.run("SET SESSION foreign_key_checks = 0")
        for name in page.names.all():
            session.run(f"DROP TABLE IF EXISTS {q(name)}")
    finally:
        session.run("SET SESSION foreign_key_checks = 1")
