"""What the database itself keeps of a change, so that whoever comes after a kill knows where it stood."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from amends.vault.stores.base import Change, Refusal
from amends.vault.stores.postgres_catalog import CLEAR, NEW, OURS, Relation
from amends.vault.stores.postgres_session import Connection, one, quoted, run


@dataclass(frozen=True)
class Kept:
    """What the database keeps of a change.

    Attributes:
        change_id: The change.
        schema: Schema of the table.
        name: Its name.
        phase: ``copying``, ``keyed``, ``copied``, ``swapped``, ``dropped``, ``revealing`` or ``revealed``.
        last_key: Key of the last row that was copied, as texts; empty at the beginning.
        spec: What is needed to go back: types, checks left off, foreign keys still to be validated.
    """

    change_id: str
    schema: str
    name: str
    phase: str
    last_key: tuple[str, ...] = ()
    spec: dict[str, object] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table's name, quoted."""
        return quoted(self.schema, self.name)

    @property
    def shadow(self) -> str:
        """The shadow's name, quoted."""
        return quoted(NEW + self.change_id.lower(), self.name)

    @property
    def clear(self) -> str:
        """The clear copy's name, quoted."""
        return quoted(CLEAR + self.change_id.lower(), self.name)

    @property
    def log(self) -> str:
        """The log's name, quoted."""
        return quoted(OURS, f"log_{self.change_id.lower()}")


def ensure_ours(conn: Connection) -> None:
    """Make the schema in which we keep what we need, once."""
    if one(conn, "SELECT pg_catalog.to_regclass(%s)", (f"{OURS}.changes",)):
        return
    run(conn, f"CREATE SCHEMA IF NOT EXISTS {OURS}")
    run(
        conn,
        f"CREATE TABLE IF NOT EXISTS {OURS}.changes (change_id text PRIMARY KEY, home text NOT NULL, "
        "name text NOT NULL, phase text NOT NULL, last_key text[], rows_done bigint NOT NULL DEFAULT 0, "
        "spec jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now())",
    )


def kept_of(conn: Connection, change_id: str) -> Kept | None:
    """Return what the database keeps of a change, or nothing."""
    if not one(conn, "SELECT pg_catalog.to_regclass(%s)", (f"{OURS}.changes",)):
        return None
    rows = run(
        conn,
        f"SELECT change_id, home, name, phase, last_key, spec FROM {OURS}.changes WHERE change_id = %s",
        (change_id,),
    )
    if not rows:
        return None
    change_id, home, name, phase, last_key, spec = rows[0]
    return Kept(change_id, home, name, phase, tuple(last_key or ()), spec)


def other_changes(conn: Connection, table: Relation, change: Change) -> list[Refusal]:
    """Return another change of the same table that is not at its end: the two would lose each other's writes."""
    if not one(conn, "SELECT pg_catalog.to_regclass(%s)", (f"{OURS}.changes",)):
        return []
    phase = one(
        conn,
        f"SELECT phase FROM {OURS}.changes WHERE home = %s AND name = %s AND change_id <> %s "
        "AND phase <> 'dropped' LIMIT 1",
        (table.schema, table.name, change.change_id),
    )
    if phase is None:
        return []
    return [
        Refusal(
            "Another change of this table is under way, or keeps its clear copy",
            "finish it with its own plan: amends vault drop, or amends vault undo",
        )
    ]


def write_kept(conn: Connection, kept: Kept) -> None:
    """Write down what is to be kept of a change."""
    run(
        conn,
        f"INSERT INTO {OURS}.changes (change_id, home, name, phase, last_key, spec) "
        "VALUES (%s, %s, %s, %s, %s, %s::text::jsonb) ON CONFLICT (change_id) DO UPDATE SET phase = excluded.phase, "
        "last_key = excluded.last_key, spec = excluded.spec, at = now()",
        (
            kept.change_id, kept.schema, kept.name, kept.phase, list(kept.last_key) or None,
            json.dumps(kept.spec),
        ),
    )  # fmt: skip


def forget_kept(conn: Connection, change_id: str) -> None:
    """Take a change off the list; the schema goes with the last one."""
    run(conn, f"DELETE FROM {OURS}.changes WHERE change_id = %s", (change_id,))
    if not one(conn, f"SELECT count(*) FROM {OURS}.changes"):
        run(conn, f"DROP SCHEMA {OURS} CASCADE")
