"""Database servers: PostgreSQL with pgaudit, MariaDB with its audit plugin.

Source:
    PostgreSQL 13 documentation, error reporting and logging (csvlog columns, log_line_prefix); pgaudit README
    (session logging, ``log_relation``, ``log_rows``: with it the number of rows is the last field); MariaDB
    documentation, audit plugin log format (``server_audit``, output to a file).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from amends.demo.logs.clocks import SECOND, Clock
from amends.demo.logs.shelf import LogFile


@dataclass
class PgSession:
    """A session of PostgreSQL."""

    at: int
    user: str
    database: str
    client: str
    port: int
    pid: int
    application: str
    line: int = 0
    statement: int = 0


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@dataclass
class Postgres:
    """PostgreSQL 13 with pgaudit; csvlog or lines on stderr."""

    clock: Clock
    log: LogFile
    csv: bool
    rows_told: bool

    def open(
        self,
        at: int,
        user: str,
        database: str,
        client: str,
        port: int,
        application: str,
        label: str = "",
    ) -> PgSession:
        """Write a session's begin and return it."""
        pid = 2_000 + zlib.crc32(f"{at}{client}{port}".encode()) % 60_000
        session = PgSession(at, user, database, client, port, pid, "")
        self._put(
            at, session, "", f"connection received: host={client} port={port}", label, early=True
        )
        told = (
            f"connection authorized: user={user} database={database} application_name={application}"
        )
        self._put(at + 3_000, session, "authentication", told, label)
        session.application = application
        return session

    def refused(
        self, at: int, user: str, database: str, client: str, port: int, label: str = ""
    ) -> None:
        """Write a sign-in with a wrong password."""
        pid = 2_000 + zlib.crc32(f"{at}{client}{port}".encode()) % 60_000
        session = PgSession(at, user, database, client, port, pid, "")
        self._put(
            at, session, "", f"connection received: host={client} port={port}", label, early=True
        )
        text = f'password authentication failed for user "{user}"'
        self._put(at + 3_000, session, "authentication", text, label, level="FATAL", code="28P01")

    def query(
        self, at: int, session: PgSession, sql: str, tables: tuple[str, ...], rows: int | None, label: str = "",
        kind: tuple[str, str] = ("READ", "SELECT"),
    ) -> None:  # fmt: skip
        """Write one statement as pgaudit sees it: a line for each table.

        Args:
            at: When.
            session: Whose.
            sql: The statement.
            tables: Tables it touches.
            rows: Rows read or changed; ``None`` where the server does not count them.
            label: Truth.
            kind: Class and command of pgaudit.
        """
        session.statement += 1
        written = _quoted(sql) if any(sign in sql for sign in ',"\n') else sql
        told = f",{rows}" if self.rows_told and rows is not None else ""
        for part, table in enumerate(tables or ("",), 1):
            where = f"TABLE,public.{table}" if table else ","
            text = f"AUDIT: SESSION,{session.statement},{part},{kind[0]},{kind[1]},{where},{written},<not logged>{told}"
            self._put(at + part, session, kind[1], text, label)

    def close(self, at: int, session: PgSession, label: str = "") -> None:
        """Write a session's end."""
        seconds = max(at - session.at, 0) / SECOND
        span = f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"
        text = (
            f"disconnection: session time: {span} user={session.user} database={session.database} "
            f"host={session.client} port={session.port}"
        )
        self._put(at, session, "idle", text, label)

    def system(self, at: int, text: str, backend: str = "checkpointer", label: str = "") -> None:
        """Write a line of the server itself."""
        session = PgSession(at, "", "", "", 0, 771 if backend == "checkpointer" else 774, "")
        self._put(at, session, "", text, label, backend=backend)

    def _put(
        self, at: int, session: PgSession, tag: str, text: str, label: str, *, early: bool = False,
        level: str = "LOG", code: str = "00000", backend: str = "client backend",
    ) -> None:  # fmt: skip
        clock = self.clock
        session.line += 1
        stamp = f"{clock.milli(at)} {clock.abbreviation}"
        if not self.csv:
            who = (
                "[unknown]@[unknown] "
                if early
                else f"{session.user}@{session.database} "
                if session.user
                else ""
            )
            self.log.put(
                at,
                f"{stamp} [{session.pid}] {who}{session.client and session.client + ' '}{level}:  {text}",
                label,
            )
            return
        start = clock.utc(session.at) // SECOND
        user, database = (
            ("", "")
            if early or not session.user
            else (f'"{session.user}"', f'"{session.database}"')
        )
        client = f'"{session.client}:{session.port}"' if session.client else ""
        began = f"{clock.iso(session.at)} {clock.abbreviation}"
        virtual = (
            ""
            if early or not session.user
            else f"{3 + session.pid % 17}/{session.pid + session.line}"
        )
        application = f'"{session.application}"' if session.application else '""'
        self.log.put(
            at,
            f"{stamp},{user},{database},{session.pid},{client},{start:x}.{session.pid:x},{session.line},"
            f'"{tag}",{began},{virtual},0,{level},{code},{_quoted(text)},,,,,,,,,{application},"{backend}"',
            label,
        )


@dataclass
class MariaDb:
    """MariaDB with server_audit writing to a file."""

    clock: Clock
    log: LogFile
    server: str
    connection: int = 4_000
    query_id: int = 90_000
    open_ones: dict[int, str] = field(default_factory=dict)

    def _put(self, at: int, user: str, client: str, connection: int, rest: str, label: str) -> None:
        self.log.put(
            at, f"{self.clock.compact(at)},{self.server},{user},{client},{connection},{rest}", label
        )

    def open(
        self, at: int, user: str, client: str, database: str, label: str = "", *, ok: bool = True
    ) -> int:
        """Write a connection (or a refused one: code 1045) and return its number."""
        self.connection += 1
        kind, code = ("CONNECT", 0) if ok else ("FAILED_CONNECT", 1045)
        self._put(at, user, client, self.connection, f"0,{kind},{database},,{code}", label)
        if not ok:
            self._put(at + 500, user, client, self.connection, f"0,DISCONNECT,{database},,0", label)
        return self.connection

    def query(
        self, at: int, user: str, client: str, connection: int, database: str, sql: str, tables: tuple[str, ...] = (),
        label: str = "", *, verb: str = "READ",
    ) -> None:  # fmt: skip
        """Write one statement and the tables it touches; the plugin counts no rows."""
        self.query_id += 1
        for table in tables:
            self._put(
                at, user, client, connection, f"{self.query_id},{verb},{database},{table},", label
            )
        text = sql.replace("\\", "\\\\").replace("'", "\\'")
        self._put(
            at + 1, user, client, connection, f"{self.query_id},QUERY,{database},'{text}',0", label
        )

    def close(
        self, at: int, user: str, client: str, connection: int, database: str, label: str = ""
    ) -> None:
        """Write a connection's end."""
        self._put(at, user, client, connection, f"0,DISCONNECT,{database},,0", label)
