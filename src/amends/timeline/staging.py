"""What the intruder packed: archives written on hosts held, their sizes, and whether they are compressed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.taken_sources import Sources, Span, Step

# Rows of personal data as text shrink four to eight times under gzip and its like (measured on our own demo dumps:
# gzip 5.1, xz 6.8); nothing shrinks below its own size, and hardly any table more than twenty times.
RATIO_LOW, RATIO_BEST, RATIO_HIGH = 1.0, 5.0, 20.0
COMPRESSED = r"\.(gz|tgz|bz2|xz|txz|zst|zip|7z|rar|lz4|br|cab|Z)(\.[a-z0-9]{1,5})?$"
_ENDS = r"\.(tar|gz|tgz|bz2|xz|txz|zst|zip|7z|rar|lz4|cab|cpio|iso|dmp|dump|sql|bak|csv)(\.[a-z0-9]{1,5})?$"
_PACKERS = r"\b(gzip|pigz|bzip2|xz|zstd|zip|7z|7za|rar|compress-archive)\b|\btar -?[a-z]*[zj]"
_TOOLS = r"\b(tar|gzip|pigz|bzip2|xz|zstd|zip|7z|7za|7zr|rar|winrar|makecab|compress-archive)\b"


@dataclass(frozen=True)
class Archive:
    """A file that the intruder packed or dumped.

    Attributes:
        name: Its path; "" when only the tool is known.
        host: Host it was written on.
        at: When it was last written.
        size: Bytes; ``None`` when no log says.
        compressed: Whether its name or tool says so; ``None`` when neither does.
        event_ids: Its events.
    """

    name: str
    host: str
    at: datetime
    size: int | None
    compressed: bool | None
    event_ids: tuple[int, ...]


def archives(
    engine: Engine, sources: Sources, steps: tuple[Step, ...], span: Span
) -> tuple[Archive, ...]:
    """Return the archives written by the intruder, earliest first."""
    marked = sorted({i for s in steps if s.phase in ("staging", "collection") for i in s.event_ids})
    engine.register("taken_staged", pa.table({"event_id": pa.array(marked, pa.int64())}))
    rows = engine.arrow(_archives_sql(sources, span)).to_pylist()
    return tuple(
        Archive(
            r["name"] or "",
            r["host"],
            r["at"],
            None if not r["size"] else int(r["size"]),
            r["compressed"],
            tuple(sorted(r["event_ids"])),
        )
        for r in rows
    )


def _archives_sql(sources: Sources, span: Span) -> str:
    """Return SQL of archives: the events the chain names, and writes by chain accounts on hosts held."""
    return f"""
        WITH written AS (
            SELECT e.event_id, e.at, lower(coalesce(e.host, '')) AS host, lower(coalesce(e.object, '')) AS object,
                lower(coalesce(e.command, '')) AS command, e.kind,
                greatest(coalesce(e.bytes_in, 0), coalesce(e.bytes_out, 0), coalesce(TRY_CAST(
                    coalesce(e.extra['size'], e.extra['FileSize'], e.extra['bytes']) AS BIGINT), 0)) AS size,
                s.event_id IS NOT NULL AS marked
            FROM {sources.events} AS e LEFT JOIN taken_staged AS s ON s.event_id = e.event_id
            WHERE e.duplicate_of IS NULL AND e.at BETWEEN TIMESTAMPTZ '{span.from_at.isoformat()}'
                AND TIMESTAMPTZ '{span.to_at.isoformat()}' AND e.kind IN ('file', 'process')
              AND coalesce(e.outcome, '') <> 'failure'
              AND (s.event_id IS NOT NULL
                OR (lower(coalesce(e.account, '')) IN (SELECT account FROM taken_steps WHERE account <> '')
                AND lower(coalesce(e.host, '')) IN (SELECT place FROM taken_held)))),
        named AS (
            SELECT *, CASE WHEN kind = 'file' THEN object
                ELSE regexp_extract(command, '([^ ''"]*{_ENDS[:-1]})(?:[ ''"]|$)', 1) END AS name
            FROM written
            WHERE (kind = 'file' AND regexp_matches(object, '{_ENDS}'))
              OR (kind = 'process' AND regexp_matches(command, '{_TOOLS}')))
        SELECT name, host, max("at") AS "at", max(size) AS size,
               bool_or(regexp_matches(name, '{COMPRESSED}')
                 OR regexp_matches(command, '{_PACKERS}')) AS compressed,
               list(event_id ORDER BY event_id)[1:100] AS event_ids
        FROM named GROUP BY name, host ORDER BY "at", name, host
    """
