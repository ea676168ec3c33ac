"""Changing names in MySQL or MariaDB: other sessions see the table before, or after, and no row between.

MariaDB refuses RENAME TABLE under LOCK TABLES, so two sessions share the work. The first locks the tables, carries the
last writes and asks the second to rename; the second waits, in front of every other session, for the first to let go.
An empty table under the clear copy's name, the sentinel, makes the rename fail until all is ready: should the first
session die early, nothing is renamed.

Foreign keys of other tables follow a table when it is renamed, so they are made again, under the lock, pointing to the
table that will have the name. What has to be there is noted before, and whoever comes after a crash puts it right.

Source:
    MariaDB and MySQL manuals: RENAME TABLE, LOCK TABLES and triggers, ALTER TABLE (foreign keys in place when
    foreign_key_checks is off); the same trouble is described by pt-online-schema-change (foreign keys) and gh-ost
    (cut-over).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from amends.kernel.errors import AmendsError, BusyError, TableError
from amends.vault.stores.base import Change
from amends.vault.stores.mysql_capture import capture_triggers, make_capture_table
from amends.vault.stores.mysql_carry import Carrier
from amends.vault.stores.mysql_plan import SENTINEL, Page
from amends.vault.stores.mysql_session import LOCK_SECONDS, Session, q, retried
from amends.vault.stores.mysql_shape import (
    OWN,
    Link,
    exists,
    is_catcher,
    links,
    triggers,
)

_WAIT_SECONDS = 20


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
        if side.follow:
            names = side.page.names
            make_capture_table(session, side.change, names.since, side.target)
    retried(lambda: _attempt(session, other, sides))


def _attempt(session: Session, other: Callable[[], Session], sides: Sequence[Side]) -> None:
    for side in sides:
        for _ in side.carrier.catch_up():
            pass
        _sentinel(session, side.retired)
    second = other()
    try:
        session.run("SET SESSION autocommit = 0")
        for side in sides:
            side.carrier.locked = True
        _lock(session, sides)
        _under_lock(session, second, sides)
    finally:
        for side in sides:
            side.carrier.locked = False
        _let_go(session, sides)
        second.close()


def _sentinel(session: Session, name: str) -> None:
    if not exists(session, name):
        session.run(f"CREATE TABLE {q(name)} (sentinel INT) ENGINE=InnoDB COMMENT='{SENTINEL}'")


def _let_go(session: Session, sides: Sequence[Side]) -> None:
    """Unlock and take the sentinels away; without a connection the server has unlocked by itself."""
    try:
        session.rollback()
        session.run("UNLOCK TABLES")
        session.run("SET SESSION autocommit = 1")
        session.run("SET SESSION foreign_key_checks = 1")
        for side in sides:
            if side.page.is_sentinel(side.retired):
                session.run(f"DROP TABLE IF EXISTS {q(side.retired)}")
    except AmendsError:
        pass


def _lock(session: Session, sides: Sequence[Side]) -> None:
    locked: dict[str, None] = {}
    for side in sides:
        names = side.page.names
        for name in (
            side.change.table,
            side.target,
            side.retired,
            side.carrier.capture,
            names.plan,
            names.since,
        ):
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
    steps += [f"DROP TABLE {q(side.retired)}" for side in sides]
    renamed = _Rename(second, sides)
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
    session.run("SET SESSION autocommit = 1")
    for side in sides:
        side.page.forget("links")


def _run_all(session: Session, steps: list[str]) -> None:
    """Run the last steps; MariaDB takes them as one statement, which our death does not interrupt."""
    if session.is_mariadb:
        session.run("BEGIN NOT ATOMIC " + " ".join(f"{step};" for step in steps) + " END")
        return
    for step in steps:
        session.run(step)


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


def restore_links(session: Session, page: Page) -> None:
    """Put the foreign keys right that a swap cut short may have left: each exists, and points to the table in use."""
    noted: list[dict[str, object]] = page.read("links", [])
    if not noted:
        return
    session.run("SET SESSION foreign_key_checks = 0")
    try:
        for held in noted:
            _restore_link(session, page, Link.from_dict(held))
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


class _Rename(threading.Thread):
    """The second session's rename, which waits until the first lets go."""

    def __init__(self, session: Session, sides: Sequence[Side]) -> None:
        super().__init__(daemon=True)
        pairs = [
            f"{q(side.change.table)} TO {q(side.retired)}, {q(side.target)} TO {q(side.change.table)}"
            for side in sides
        ]
        self._session = session
        self._sql = "RENAME TABLE " + ", ".join(pairs)
        self._number = session.thread()
        self.failure: AmendsError | None = None
        session.run(f"SET SESSION lock_wait_timeout = {_WAIT_SECONDS + LOCK_SECONDS}")

    def run(self) -> None:
        """Rename; keep the failure for whoever waits."""
        try:
            self._session.run(self._sql)
        except AmendsError as error:
            self.failure = error

    def wait_until_queued(self, session: Session) -> None:
        """Return once the rename waits for our lock."""
        until = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < until:
            state = session.one(
                "SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = %s AND INFO LIKE 'RENAME TABLE%%'",
                self._number,
            )
            if "metadata lock" in state.lower():
                return
            if self.failure is not None:
                raise self.failure
            time.sleep(0.002)
        raise BusyError(
            "The server did not get to the change of names", remedy="run the command again"
        )

    def stop(self, session: Session) -> None:
        """Take the rename back while it waits."""
        with suppress(AmendsError):
            session.run(f"KILL QUERY {self._number}")


def end_strays(session: Session, page: Page) -> None:
    """End a rename that a session of ours left waiting when it died, so that it does not come true later."""
    mark = page.names.base.replace("~", "").replace("\uffdc", "")
    for _ in range(100):
        found = session.texts(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'RENAME TABLE%%' "
            "AND LOCATE(%s, INFO) > 0 AND ID <> CONNECTION_ID()",
            mark,
        )
        if not found:
            return
        for (number,) in found:
            with suppress(AmendsError):
                session.run(f"KILL {int(number)}")
        time.sleep(0.1)
    raise BusyError(
        "A change of names is still waiting on the server", remedy="run the command again"
    )
