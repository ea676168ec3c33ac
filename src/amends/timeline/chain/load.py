"""From the heaps in the engine to values in memory: only what may belong to an intrusion, thousands of rows."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from amends.kernel.engine.base import Engine
from amends.timeline.chain.categories import BY_NAME
from amends.timeline.chain.shapes import Access, Deed, Failures, Probing, Transfer
from amends.timeline.chain.weigh import LEAST_HISTORY, YOUNG_DAYS

MOST_ACCESSES = 60_000
"""Accesses looked at; beyond, the most usual ones are left out: they end no trail and begin none."""

MOST_FLOWS = 5_000
"""New connections inside looked at."""

MOST_DEEDS = 40_000
"""Deeds looked at, the heaviest first."""

OFTEN_DAYS = 15
"""Days of use from which a pair is at work, however new it is."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PORT_WORDS = {
    21: "ftp", 22: "ssh", 23: "telnet", 80: "http", 135: "rpc", 139: "smb", 443: "https", 445: "smb", 830: "netconf",
    1433: "db", 1521: "db", 2222: "ssh", 3306: "db", 3389: "rdp", 5432: "db", 5900: "vnc", 5901: "vnc", 5985: "winrm",
    5986: "winrm", 8080: "http", 8443: "https", 27017: "db", 50000: "db",
}  # fmt: skip


def instant(us: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(us))


def accesses(engine: Engine, table: str, deeds: str, failures: str) -> list[Access]:
    """Return accesses: those that are new or stand on hosts where something told, most unusual first."""
    rows = engine.arrow(
        f"""SELECT a.* FROM {table} AS a
            LEFT JOIN (SELECT DISTINCT host FROM {deeds} WHERE NOT quiet) AS d ON d.host = a.host
            LEFT JOIN (SELECT DISTINCT place, host FROM {failures}) AS f ON f.place = a.place AND f.host = a.host
            ORDER BY (d.host IS NULL)::INT + (f.host IS NULL)::INT + least(a.days_before, 3), a.from_us, a.no
            LIMIT {MOST_ACCESSES}"""
    ).to_pylist()
    made = []
    for row in rows:
        begun = row["login_us"] if row["login_us"] is not None else row["from_us"]
        made.append(
            Access(
                int(row["no"]), row["place"], row["src_ip"], row["outside"], row["host"],
                row["account"], row["how"] or "login", instant(begun), instant(row["to_us"]),
                int(row["n"]), int(row["first_event"]), int(row["days_before"]), int(row["pair_days"]),
                int(row["account_days"]), int(row["source_days"]), int(row["history_days"]),
                int(row["error_ms"] or 0), False, int(row["total_days"]),
            )
        )  # fmt: skip
    return sorted(made, key=lambda a: (a.from_at, a.no))


def assigned(engine: Engine, table: str) -> dict[str, list[tuple[datetime, str, str]]]:
    """Return address of a VPN's pool → when it was given to which account, coming from which address."""
    made: dict[str, list[tuple[datetime, str, str]]] = {}
    for row in engine.arrow(
        f"SELECT * FROM {table} ORDER BY us, ip, account, outer_ip LIMIT {MOST_ACCESSES * 10}"
    ).to_pylist():
        made.setdefault(row["ip"], []).append((instant(row["us"]), row["account"], row["outer_ip"]))
    return made


def new_flows(engine: Engine, table: str) -> list[Access]:
    """Return the first connections inside to ports one works behind, between pairs that are new and stay rare.

    Where records reach back a week, a pair is new even when it is used often from then on.
    """
    rows = engine.arrow(
        f"""SELECT * FROM {table}
            WHERE NOT outside AND days_before = 0
              AND (total_days <= 2 AND history_days >= {LEAST_HISTORY}
                   OR total_days <= {OFTEN_DAYS} AND history_days >= {YOUNG_DAYS})
            ORDER BY size DESC, from_us, first_event LIMIT {MOST_FLOWS}"""
    ).to_pylist()
    return [_flow(row) for row in rows]


def flows_into(
    engine: Engine, table: str, host: str, begin: datetime, end: datetime
) -> list[Access]:
    """Return connections to a host within a span, the rarest first; those that the host logged as failed left out."""
    rows = engine.arrow(
        f"""SELECT f.* FROM {table} AS f
            WHERE host = ? AND from_us BETWEEN ? AND ?
              AND NOT EXISTS (SELECT 1 FROM timeline_failures AS g WHERE g.place = f.place AND g.host = f.host
                              AND g.from_us - 600000000 <= f.from_us AND f.from_us <= g.to_us + 600000000)
            ORDER BY total_days, size DESC, from_us, first_event LIMIT 200""",
        [host, _us(begin), _us(end)],
    ).to_pylist()
    return [_flow(row) for row in rows]


def _flow(row: dict[str, Any]) -> Access:
    number = -1 - zlib.crc32(
        f"{row['place']}|{row['src_ip']}|{row['host']}|{row['port']}|{row['from_us']}".encode()
    )
    return Access(
        number, row["place"], row["src_ip"], row["outside"], row["host"], "",
        PORT_WORDS.get(row["port"], f"port {row['port']}"), instant(row["from_us"]), instant(row["to_us"]),
        int(row["n"]), int(row["first_event"]), int(row["days_before"]), int(row["days_before"]), 0, 0,
        int(row["history_days"]), int(row["error_ms"] or 0), True, int(row["total_days"]), int(row["size"] or 0),
    )  # fmt: skip


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def deeds(engine: Engine, table: str) -> list[Deed]:
    """Return what was done that tells something, the quiet kinds left out (they are asked for by place)."""
    return [
        _deed(row)
        for row in engine.arrow(
            f"SELECT * FROM {table} WHERE NOT quiet "
            f"ORDER BY weight DESC, days_before, from_us, event_ids[1] LIMIT {MOST_DEEDS}"
        ).to_pylist()
    ]


def quiet_deeds(engine: Engine, table: str, hosts: list[str]) -> list[Deed]:
    """Return reads and looks on the hosts that the intruder came to."""
    rows = engine.arrow(
        f"""SELECT * FROM {table} WHERE quiet AND list_contains(?, host) ORDER BY days_before, from_us, event_ids[1]
            LIMIT {MOST_DEEDS}""",
        [hosts],
    )
    return [_deed(row) for row in rows.to_pylist()]


def _deed(row: dict[str, Any]) -> Deed:
    name = str(row["category"])
    category = BY_NAME.get(name)
    found = float(row["weight"] or 0.0)
    own = category.weight if category else 0.0
    days = int(row["days_before"])
    weight = max(own, min(found, own + 0.5) if category else found)
    if name == "signal":
        weight = min(weight, 1.0)
    if days >= 3:
        weight *= 0.15
    technique = category.technique if category else str(row["technique"] or "")
    what = category.what if category else str(row["title"] or "did what a rule looks for")
    return Deed(
        name, str(row["host"]), str(row["account"]), str(row["src_ip"]), str(row["place"]), bool(row["outside"]),
        instant(row["from_us"]), instant(row["to_us"]), int(row["n"]), tuple(row["event_ids"]), days, weight,
        technique, what, int(row["rows"] or 0), int(row["error_ms"] or 0), row["tactic"] or "",
    )  # fmt: skip


def failures(engine: Engine, table: str, others: str) -> list[Failures]:
    """Return failed logins from inside, and from places that also got in somewhere."""
    rows = engine.arrow(
        f"""SELECT * FROM {table} WHERE NOT outside OR place IN (SELECT place FROM {others})
            ORDER BY n DESC, from_us, event_ids[1] LIMIT {MOST_DEEDS}"""
    ).to_pylist()
    return [
        Failures(
            row["place"], row["src_ip"], row["outside"], row["host"], instant(row["from_us"]),
            instant(row["to_us"]), int(row["n"]), int(row["n_accounts"]), tuple(row["event_ids"]),
            int(row["error_ms"] or 0),
        )
        for row in rows
    ]  # fmt: skip


def probes(engine: Engine, table: str, places: list[str]) -> list[Probing]:
    """Return the probing of some places."""
    rows = engine.arrow(
        f"""SELECT * FROM {table} WHERE list_contains(?, place) AND days_before < 5
            ORDER BY from_us, event_ids[1] LIMIT 2000""",
        [places],
    ).to_pylist()
    return [
        Probing(
            row["place"], row["src_ip"], row["outside"], instant(row["from_us"]), instant(row["to_us"]),
            int(row["n"]), int(row["n_targets"]), tuple(row["event_ids"]), int(row["error_ms"] or 0),
        )
        for row in rows
    ]  # fmt: skip


def transfers(engine: Engine, table: str) -> list[Transfer]:
    """Return what left, the unusual first."""
    rows = engine.arrow(
        f"""SELECT * FROM {table} WHERE days_before < 3 OR size > 10 * most_before
            ORDER BY days_before, size DESC, from_us, event_ids[1] LIMIT {MOST_DEEDS}"""
    ).to_pylist()
    return [
        Transfer(
            row["place"], row["far_ip"], int(row["port"] or 0), instant(row["from_us"]), instant(row["to_us"]),
            int(row["size"]), int(row["days_before"]), int(row["most_before"]), tuple(row["event_ids"]),
            int(row["error_ms"] or 0), int(row["n_places"]), int(row["place_most"]), bool(row["served"]),
        )
        for row in rows
    ]  # fmt: skip
