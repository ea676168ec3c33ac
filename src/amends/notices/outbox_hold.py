"""One worker at a time holds an outbox: a lock beside the record, and on PostgreSQL a session lock as well."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from amends.kernel import ids
from amends.kernel.errors import BusyError

# So long a database may take to notice that the worker before was killed.
_LINGERS_SECONDS = 3.0


class Hold:
    """The hold on an outbox, given back when the process ends, however it ends."""

    def __init__(self, engine: sa.Engine, record: Path) -> None:
        """Prepare to hold the outbox whose record lies at ``record``."""
        self._engine = engine
        self._record = record
        self._lock: sa.Connection | None = None
        self._file: IO[str] | None = None

    def release(self) -> None:
        """Let go of the outbox."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def take(self) -> None:
        """Hold a lock beside the record, and on PostgreSQL a session lock as well, for workers on other machines.

        Raises:
            BusyError: Another worker is sending.
        """
        self._take_file()
        if self._engine.dialect.name != "postgresql" or self._lock is not None:
            return
        # Autocommit: a session that waits inside a transaction would keep the database from tidying up.
        self._lock = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._lock.detach()  # never back into the pool: the lock ends with the session
        schema = self._lock.execute(sa.text("SELECT current_schema()")).scalar()
        number = int(ids.digest_text(f"outbox of {schema}")[:15], 16)
        until = time.monotonic() + _LINGERS_SECONDS
        while not self._lock.execute(
            sa.text("SELECT pg_try_advisory_lock(:n)"), {"n": number}
        ).scalar():
            if time.monotonic() > until:
                self.release()
                raise _busy()
            time.sleep(0.05)

    def _take_file(self) -> None:
        if self._file is not None:
            return
        handle = self._record.with_suffix(".lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise _busy() from error
        self._file = handle


def _busy() -> BusyError:
    return BusyError(
        "Another worker is sending this case's notices",
        remedy="wait for it to end, then give the same command again",
    )
