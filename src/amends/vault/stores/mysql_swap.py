"""Changing names in MySQL or MariaDB: other sessions see the table before, or after, and no row between.

MariaDB refuses RENAME TABLE under LOCK TABLES, so two sessions share the work. The first locks the tables and carries
the last writes; the second's rename waits, mostly in front of every other session, for the first to let go. Should a
session slip in between all the same, it may read, and its write is refused as a deadlock (1213) by triggers that stand
for half a minute: what is written is never lost, and never refused for long, whoever dies.

Foreign keys of other tables follow a table when it is renamed, so they are made again, under the lock, pointing to the
table that will have the name; those tables are named in the rename too, so that the server locks them before it starts
and no writer waits for the one while holding the other. What has to be there is noted before, and whoever comes after
a crash puts it right.

Source:
    MariaDB and MySQL manuals: RENAME TABLE, LOCK TABLES and triggers, ALTER TABLE (foreign keys in place when
    foreign_key_checks is off), SIGNAL; the same trouble is described by pt-online-schema-change (foreign keys) and
    gh-ost (cut-over).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from amends.kernel.errors import AmendsError, TableError
from amends.vault.stores.base import Change
from amends.vault.stores.mysql_capture import capture_triggers, drop_capture, make_capture_table
from amends.vault.stores.mysql_carry import Carrier
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_rename import Rename
from amends.vault.stores.mysql_session import Session, q, retried
from amends.vault.stores.mysql_shadow import mirror_links
from amends.vault.stores.mysql_shape import (
    OWN,
    Link,
    exists,
    is_catcher,
    links,
    triggers,
)

_REFUSE_SECONDS = 30
"""How long writes that slip in are refused: longer than the rename can take to come through or give up."""


@dataclass(frozen=True)
class Side:
    """One table that is to change places with its copy.

    Attributes:
        page: Its page.
        carrier: What carries the last writes to the copy.
        retired: The name the table will have.
        follow: Whether writes are caught from then on, so that the swap can be undone.
    """

    page: Page
    carrier: Carrier
    retired: str
    follow: bool

    @property
    def change(self) -> Change:
        """Return the change."""
        return self.page.change

    @property
    def target(self) -> str:
        """Return the copy's name."""
        return self.carrier.target


def swap_names(session: Session, other: Callable[[], Session], sides: Sequence[Side]) -> None:
    """Let tables and copies change places.

    Args:
        session: Ours alone; it will lock, carry and let go.
        other: Opens the second session.
        sides: Tables that change together.

    Raises:
        BusyError: Other sessions held the tables too long; nothing was changed.
        TableError: A table is not what it was, or a foreign key does not fit.
    """
    for side in sides:
        _check_links(session, side, sides)
        drop_capture(session, side.change, "b")
        if side.follow:
            names = side.page.names
            make_capture_table(session, side.change, names.since, side.target)
    retried(lambda: _attempt(session, other, sides))


def _attempt(session: Session, other: Callable[[], Session], sides: Sequence[Side]) -> None:
    for side in sides:
        for _ in side.carrier.catch_up():
            pass
    second = other()
    done = False
    try:
        session.run("SET SESSION autocommit = 0")
        for side in sides:
            side.carrier.locked = True
        _lock(session, sides)
        _under_lock(session, second, sides)
        done = True
    finally:
        for side in sides:
            side.carrier.locked = False
        second.close()
        _let_go(session, sides, done=done)


def _let_go(session: Session, sides: Sequence[Side], *, done: bool) -> None:
    """Unlock, and put right what was prepared in vain; without a connection whoever comes next does."""
    with suppress(AmendsError):
        session.rollback()
        session.run("UNLOCK TABLES")
        session.run("SET SESSION autocommit = 1")
        session.run("SET SESSION foreign_key_checks = 1")
        for side in sides:
            if not done:
                restore(session, side.page)
            side.page.forget("links")


def _lock(session: Session, sides: Sequence[Side]) -> None:
    locked: dict[str, None] = {}
    for side in sides:
        names = side.page.names
        for name in (side.change.table, side.target, side.carrier.capture, names.plan, names.since):
            locked[name] = None
        for link in links(session, side.change.table, incoming=True):
            locked[link.table] = None
        for link in links(session, side.change.table, incoming=False):
            if link.to_database == session.database:
                locked[link.to_table] = None
    present = [name for name in locked if exists(session, name)]
    session.run("LOCK TABLES " + ", ".join(f"{q(name)} WRITE" for name in present))


def _under_lock(session: Session, second: Session, sides: Sequence[Side]) -> None:
    for side in sides:
        side.carrier.catch_all()
        _numbering(session, side)
        _own_triggers(session, side)
        if side.follow:
            made = capture_triggers(session, side.change, side.page.names.since, side.target, "s")
            for _, sql in made:
                session.run(sql)
    steps = _link_steps(session, sides)
    for side in sides:
        _refuse_writes(session, side)
    pointing = _pointing(session, sides)
    sides[0].page.write("pointing", pointing)
    session.commit()
    moves = [(side.change.table, side.target, side.retired) for side in sides]
    base = sides[0].page.names.base
    asides = [(name, f"{base}c{n}") for n, name in enumerate(pointing)]
    renamed = Rename(second, moves, asides, [side.change.change_id for side in sides])
    renamed.start()
    try:
        renamed.wait_until_queued(session)
        session.run("SET SESSION foreign_key_checks = 0")
        _run_all(session, steps)
    except BaseException:
        renamed.stop(session)
        raise
    finally:
        session.run("UNLOCK TABLES")
        renamed.join()
    if renamed.failure is not None:
        raise renamed.failure


def _run_all(session: Session, steps: list[str]) -> None:
    """Run the last steps; MariaDB takes them as one statement, which our death does not interrupt."""
    if session.is_mariadb and steps:
        session.run("BEGIN NOT ATOMIC " + " ".join(f"{step};" for step in steps) + " END")
        return
    for step in steps:
        session.run(step)


def _refuse_writes(session: Session, side: Side) -> None:
    """Refuse writes to the table for a while; the triggers leave with it."""
    until = session.one(f"SELECT UTC_TIMESTAMP() + INTERVAL {_REFUSE_SECONDS} SECOND")
    body = (
        f"IF UTC_TIMESTAMP() < '{until}' THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, "
        "MESSAGE_TEXT = 'Deadlock: the table is changing places; try restarting transaction'; END IF"
    )
    base = side.page.names.base
    for letter, event in (("i", "INSERT"), ("u", "UPDATE"), ("d", "DELETE")):
        name = q(f"{base}b{letter}")
        session.run(
            f"CREATE TRIGGER {name} BEFORE {event} ON {q(side.change.table)} FOR EACH ROW {body}"
        )


def _pointing(session: Session, sides: Sequence[Side]) -> list[str]:
    """Return the tables, other than those that change places, whose foreign keys point to one of them."""
    moving = {side.change.table for side in sides} | {side.target for side in sides}
    found = {
        link.table
        for side in sides
        for link in links(session, side.change.table, incoming=True)
        if link.table not in moving
    }
    return sorted(found)


def _numbering(session: Session, side: Side) -> None:
    """Let the copy number on from where the table is: its highest number may have been deleted."""
    sql = "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    at = session.one(sql, session.database, side.change.table)
    if at:
        session.run(f"ALTER TABLE {q(side.target)} AUTO_INCREMENT = {int(at)}")


def _own_triggers(session: Session, side: Side) -> None:
    """Make the company's triggers on the copy; a name can be used once, so they get another until undo."""
    names: dict[str, str] = side.page.read("triggers", {})
    taken = {t.name for t in triggers(session, side.target)}
    live = [t for t in triggers(session, side.change.table) if not is_catcher(t.name)]
    used = {t.name for t in live} | taken
    mode = session.one("SELECT @@SESSION.sql_mode")
    try:
        for number, trigger in enumerate(live):
            first = names.get(trigger.name, "")
            name = first if first and first not in used else f"{side.page.names.base}t{number}"
            while name in used:
                name += "x"
            used.add(name)
            if not first:
                side.page.write("triggers", {**side.page.read("triggers", {}), name: trigger.name})
            session.run("SET SESSION sql_mode = %s", trigger.sql_mode)
            session.verbatim(trigger.sql(name, side.target))
            session.run("SET SESSION sql_mode = %s", mode)
    finally:
        session.run("SET SESSION sql_mode = %s", mode)


def _check_links(session: Session, side: Side, sides: Sequence[Side]) -> None:
    """Refuse a swap that would join tokens with values in clear."""
    protected = {s.change.table: set(s.change.columns) for s in sides}
    for incoming in (False, True):
        for link in links(session, side.change.table, incoming=incoming):
            if OWN.match(link.table):
                continue
            here = protected.get(link.table, set())
            there = protected.get(link.to_table, set())
            torn = [
                (a, b)
                for a, b in zip(link.columns, link.to_columns, strict=True)
                if (a in here) != (b in there)
            ]
            if torn:
                raise TableError(
                    f"Foreign key {link.name} of {link.table} would join tokens with values in clear",
                    where=f"{link.table} → {link.to_table}",
                    remedy="protect (or undo) both tables in one plan",
                )


def _link_steps(session: Session, sides: Sequence[Side]) -> list[str]:
    """Return the statements that give every foreign key its end; note them, for they cannot be rolled back."""
    ends = {side.change.table: side.target for side in sides}
    copies = {side.target for side in sides}
    steps: list[str] = []
    for side in sides:
        table, target = side.change.table, side.target
        own = links(session, table, incoming=False)
        others = [
            link
            for link in links(session, table, incoming=True)
            if link.table not in ends and link.table not in copies
        ]
        side.page.write("links", [link.as_dict() for link in own + others])
        steps += [f"ALTER TABLE {q(table)} DROP FOREIGN KEY {q(link.name)}" for link in own]
        steps += [
            f"ALTER TABLE {q(target)} DROP FOREIGN KEY {q(link.name)}"
            for link in links(session, target, incoming=False)
        ]
        for number, link in enumerate(own, 1):
            end = ends.get(link.to_table, link.to_table)
            steps.append(f"ALTER TABLE {q(target)} ADD {link.sql(link.name, end)}")
            if side.follow and not set(link.columns) & set(side.change.columns):
                # The clear copy must feel cascades too, or undo would bring back rows that are gone.
                end = table if link.to_table == table else end
                name = f"{side.retired}_f{number}"
                steps.append(f"ALTER TABLE {q(table)} ADD {link.mirrored().sql(name, end)}")
        for link in others:
            steps.append(f"ALTER TABLE {q(link.table)} DROP FOREIGN KEY {q(link.name)}")
            steps.append(f"ALTER TABLE {q(link.table)} ADD {link.sql(link.name, target)}")
    session.commit()
    return steps


def restore(session: Session, page: Page) -> None:
    """Put right what a swap that did not come true has left: triggers on the copy, foreign keys that point to it."""
    names = page.names
    drop_capture(session, page.change, "b")
    in_use = names.clear if page.state() == "swapped" else names.shadow
    for copy in (in_use, names.back):
        if exists(session, copy):
            for trigger in triggers(session, copy):
                session.run(f"DROP TRIGGER IF EXISTS {q(trigger.name)}")
    noted: list[dict[str, object]] = page.read("links", [])
    if not noted:
        return
    session.run("SET SESSION foreign_key_checks = 0")
    try:
        for held in noted:
            _restore_link(session, page, Link.from_dict(held))
        for copy in (in_use, names.back):
            if exists(session, copy):
                for link in links(session, copy, incoming=False):
                    session.run(f"ALTER TABLE {q(copy)} DROP FOREIGN KEY {q(link.name)}")
                mirror_links(session, page.change, copy)
    finally:
        session.run("SET SESSION foreign_key_checks = 1")
    page.forget("links")


def _restore_link(session: Session, page: Page, link: Link) -> None:
    there = {own.name: own for own in links(session, link.table, incoming=False)}
    found = there.get(link.name)
    if found is not None and found.to_table == link.to_table:
        return
    if found is not None:
        session.run(f"ALTER TABLE {q(link.table)} DROP FOREIGN KEY {q(link.name)}")
    for copy in page.names.all():
        # The copy may hold the name already.
        if copy != link.table and exists(session, copy):
            for own in links(session, copy, incoming=False):
                if own.name == link.name:
                    session.run(f"ALTER TABLE {q(copy)} DROP FOREIGN KEY {q(own.name)}")
    for own in there.values():
        # What the table had for its time as the clear copy.
        if OWN.match(own.name):
            session.run(f"ALTER TABLE {q(link.table)} DROP FOREIGN KEY {q(own.name)}")
    session.run(f"ALTER TABLE {q(link.table)} ADD {link.sql(link.name, link.to_table)}")
