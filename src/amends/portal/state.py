"""The state of a site: what changes by transaction and survives every edition. SQLite, or PostgreSQL.

Tables are made by whoever owns them, with ``make_state_tables``. Nothing personal is kept in clear.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables, steady_sqlite

STATE_FILE = "state/site.db"


def open_state(place: Path | str) -> sa.Engine:
    """Open the state of a site.

    Args:
        place: The published folder (its ``state/site.db``), or the address of a PostgreSQL database.

    Raises:
        UsageError: The address cannot be used, its driver is missing, or the database does not answer.
    """
    url = place if isinstance(place, str) and "://" in place else ""
    try:
        engine = sa.create_engine(url or _sqlite_url(Path(place)), pool_pre_ping=bool(url))
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _steady)
        with engine.connect():
            pass
    except (sa.exc.NoSuchModuleError, sa.exc.ArgumentError, ImportError) as error:
        raise UsageError(
            "The kind of database of the site's state is not known, or its driver is not installed",
            where="--state",
            remedy='leave it out, or write "postgresql+psycopg://…" and install amends[postgres]',
        ) from error
    except (sa.exc.OperationalError, OSError):
        raise UsageError(
            "The database of the site's state does not answer",
            where="--state" if url else f"{place}/{STATE_FILE}",
            remedy="start it, correct the address, or mend the rights on the folder",
        ) from None  # the driver's words hold the address of the database
    return engine


def make_state_tables(state: sa.Engine, metadata: sa.MetaData) -> None:
    """Make the tables that are missing; many processes may open a fresh site at once."""
    make_tables(state, metadata)


def _sqlite_url(published: Path) -> str:
    path = published / STATE_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return f"sqlite:///{path}"


def _steady(connection: object, record: object) -> None:
    """Settle a connection, and leave no deleted rows readable."""
    steady_sqlite(connection, "secure_delete = ON")
