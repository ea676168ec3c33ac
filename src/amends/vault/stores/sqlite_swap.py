"""Changing names in SQLite: one transaction for everything, so a kill leaves the file before or after.

Renames are done the old way (``legacy_alter_table``), so that views, triggers and foreign keys of other tables keep
the name they know. Foreign keys of the table itself are put into its definition afterwards: the copy had none, and the
clear copy must have none, or a row that lags behind would stand in the way of the row it points to.

Source:
    SQLite documentation, ALTER TABLE, section 7: rules of a table that do not touch its rows are changed with PRAGMA
    writable_schema, and schema_version is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change
from amends.vault.stores.sqlite_carry import Carrier, drop_capture, make_capture
from amends.vault.stores.sqlite_plan import PARTS, Page
from amends.vault.stores.sqlite_session import Session, q
from amends.vault.stores.sqlite_shadow import target_sql
from amends.vault.stores.sqlite_shape import OWN, created, exists, triggers
from amends.vault.stores.sqlite_words import parsed, rebuilt


@dataclass(frozen=True)
class Side:
    """One table that changes places with its copy; ``back`` means towards clear."""

    page: Page
    carrier: Carrier
    back: bool

    @property
    def change(self) -> Change:
        """Return the change."""
        return self.page.change


def swap_all(session: Session, sides: Sequence[Side]) -> None:
    """Carry the last writes and change names; the caller holds the write lock and commits."""
    for side in sides:
        side.carrier.catch_all()
        _same_count(session, side.carrier)
    for side in sides:
        _swap_one(session, side)


def _swap_one(session: Session, side: Side) -> None:
    change, names = side.change, side.page.names
    table, target = change.table, side.carrier.target
    retired = names.base + ("undone" if side.back else "clear")
    own = [(name, sql) for name, sql in triggers(session, table) if not OWN.match(name)]
    with_links = _final_sql(session, side)
    for name, _ in own:
        session.run(f"DROP TRIGGER {q(name)}")
    for letter in ("w", "s"):
        drop_capture(session, change, letter)
    _number_on(session, table, target)
    session.run(f"ALTER TABLE {q(table)} RENAME TO {q(retired)}")
    session.run(f"ALTER TABLE {q(target)} RENAME TO {q(table)}")
    _define(
        session,
        {
            table: with_links,
            retired: rebuilt(parsed(created(session, retired)), retired, links=False),
        },
    )
    for _, sql in own:
        session.run(sql)
    if side.back:
        session.run(f"DROP TABLE {q(retired)}")
    else:
        make_capture(session, change, names.since, "s")
        side.page.write("phase", "swapped")


def _final_sql(session: Session, side: Side) -> str:
    """Return the definition the copy will have under the table's name, foreign keys included."""
    table = side.change.table
    if not side.back:
        return target_sql(session, side.change, table, links_too=True)
    return str(
        side.page.read("created" if side.carrier.target == side.page.names.clear else "back")
    )


def _define(session: Session, wanted: dict[str, str]) -> None:
    """Write definitions that differ from what is there in rules only."""
    changed = {name: sql for name, sql in wanted.items() if created(session, name) != sql}
    if not changed:
        return
    version = int(session.one("PRAGMA schema_version"))
    session.run("PRAGMA writable_schema = ON")
    try:
        for name, sql in changed.items():
            session.run(
                "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", sql, name
            )
        session.run(f"PRAGMA schema_version = {version + 1}")
    finally:
        session.run("PRAGMA writable_schema = OFF")


def _number_on(session: Session, table: str, target: str) -> None:
    """Let the copy number on from where the table is (AUTOINCREMENT): its highest number may have been deleted."""
    if not exists(session, "sqlite_sequence"):
        return
    at = session.one("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
    if at is not None:
        session.run("DELETE FROM sqlite_sequence WHERE name = ?", target)
        session.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", target, at)


def _same_count(session: Session, carrier: Carrier) -> None:
    here = session.one(f"SELECT COUNT(*) FROM {q(carrier.change.table)}")
    there = session.one(f"SELECT COUNT(*) FROM {q(carrier.target)}")
    if here != there:
        raise TableError(
            f"Table and copy differ by {abs(here - there):,} rows: rows went or came unseen, "
            "or two values of a unique column have one token",
            where=carrier.change.table,
            remedy="undo the change and plan again",
        )


def same_columns(session: Session, page: Page) -> None:
    """Refuse to swap a table that was changed since the shadow was made.

    Raises:
        TableError: It was.
    """
    if created(session, page.change.table) != page.read("created"):
        raise TableError(
            "The table's definition was changed while it was copied", where=page.change.table,
            remedy="undo the change and plan again",
        )  # fmt: skip


def clean(session: Session, page: Page) -> None:
    """Take away everything a change has put there; the caller holds the write lock, the table is in clear."""
    if not page.found():
        return
    for letter in ("w", "s"):
        drop_capture(session, page.change, letter)
    for part in (*PARTS, "plan"):
        session.run(f"DROP TABLE IF EXISTS {q(page.names.base + part)}")
