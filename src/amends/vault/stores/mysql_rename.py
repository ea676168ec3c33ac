"""The second session of a swap in MySQL or MariaDB: a rename that waits until the first lets go."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from amends.kernel.errors import AmendsError, BusyError
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_session import Session, q

_WAIT_SECONDS = 10
_SETTLE_SECONDS = 30


class Rename(threading.Thread):
    """The second session's rename, which waits until the first lets go."""

    def __init__(
        self,
        session: Session,
        moves: Sequence[tuple[str, str, str]],
        asides: Sequence[tuple[str, str]],
        change_ids: Sequence[str],
    ) -> None:
        super().__init__(daemon=True)
        for change_id in change_ids:
            session.one("SELECT GET_LOCK(%s, %s)", _lock_of(change_id), _WAIT_SECONDS)
        pairs = [f"{q(table)} TO {q(old)}, {q(copy)} TO {q(table)}" for table, copy, old in moves]
        # There and back: the server locks the table before it starts.
        pairs += [f"{q(name)} TO {q(aside)}, {q(aside)} TO {q(name)}" for name, aside in asides]
        self._session = session
        self._sql = "RENAME TABLE " + ", ".join(pairs)
        self._number = session.thread()
        self.failure: AmendsError | None = None
        session.run(f"SET SESSION lock_wait_timeout = {_WAIT_SECONDS}")

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


def _lock_of(change_id: str) -> str:
    return f"amends.{change_id}.rename"


def settle(session: Session, page: Page) -> None:
    """Wait until no rename of a session that died can come true any more.

    One that waits for a lock is seen and ended. One that the server has not even read yet is not seen: but its session
    holds a lock of its own until the server has done with it.

    Raises:
        BusyError: It would not end.
    """
    name = _lock_of(page.change.change_id)
    for _ in range(_SETTLE_SECONDS):
        end_strays(session, page)
        if session.one("SELECT GET_LOCK(%s, 1)", name) == "1":
            session.one("SELECT RELEASE_LOCK(%s)", name)
            return
    raise _still_waiting()


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
    raise _still_waiting()


def _still_waiting() -> BusyError:
    return BusyError(
        "A change of names is still waiting on the server", remedy="run the command again"
    )
