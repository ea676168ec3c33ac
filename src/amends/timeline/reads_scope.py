"""How much each read covers, without counting the same rows twice.

A statement is laid on an *axis*: rows from the beginning of the table (whole tables, LIMIT and OFFSET), a key
(``id > 5000``, BETWEEN), a column compared with values, or none. On an axis, ranges are united; rows read twice count
once. Ranges on different axes may overlap: together they are at least the widest and at most the sum.

Source: how PostgreSQL, MySQL, SQL Server and Oracle write LIMIT, OFFSET, FETCH FIRST and TOP in their manuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amends.kernel.engine.base import Engine
from amends.timeline.reads_lists import Classes, class_elements
from amends.timeline.reads_match import match_reads
from amends.timeline.taken_sources import Sources
from amends.timeline.taken_stores import Holding

_NUMBER = "([0-9]{1,15})"
_COLUMN = '([a-z0-9_."`]+)'
_RANGE = f"^{_COLUMN} ?>=? ?''?{_NUMBER}''?(?: and {_COLUMN} ?<=? ?''?{_NUMBER}''?)?$"
_BETWEEN = f"^{_COLUMN} between ''?{_NUMBER}''? and ''?{_NUMBER}''?$"
_EQUAL = f"^{_COLUMN} ?= ?(''[^'']*''|[0-9.]+)$"
# The columns a statement asks for; "" where it asks for all, or the log does not say.
_COLUMNS = (
    r"CASE WHEN regexp_matches(statement, "
    r"'^(copy ?\( ?)?select (/\*[^/]*\*/ ?)?(distinct |top ?\(?[0-9]+\)? )?([a-z0-9_.]+\.)?\*') "
    r"THEN '' ELSE coalesce(nullif(regexp_extract(statement, "
    r"'^(?:copy ?\( ?)?(?:declare .* cursor .*for )?select (?:distinct |top ?\(?[0-9]+\)? )?(.*?) from ', 1), ''), "
    r"regexp_extract(statement, '^copy [^ (]+ ?\(([^)]*)\) to ', 1)) END"
)
# Bound values, chance and groups: where in the table such a read lies cannot be said.
_UNPLACED = r"\b(limit|offset|fetch (first|next)|top) ?\(?[$?:@]|\b(random|rand|newid)\(|tablesample|\bgroup by\b"
_TOTALS = (
    r"^(?:copy ?\( ?|explain analyze )?select "
    r"(?:(?:count|min|max|sum|avg)\([^)]*\)(?: as \S+)? ?,? ?)+ ?from "
)


@dataclass(frozen=True)
class ReadRows:
    """How many rows of a holding the reads cover.

    Attributes:
        lower: Proved by logs with counts.
        best: Most likely; ``None`` when no read names it.
        upper: At most; ``None`` for all that the table holds.
        audit_best: The best value by the store's own log alone; ``None`` when that shows no read.
        audit_upper: At most by that log.
        n_reads: Reads of every grade.
        n_counted: Those with a count of rows, or of whole files.
        n_sure: Those that are surely the intruder's.
        n_doubtful: Those that may be the company's own.
        n_tools: Dump tools started.
        n_remote: Sure reads by a client outside, or in the pool of a VPN.
        whole: Whether a read of the whole table is among them.
    """

    lower: int
    best: int | None
    upper: int | None
    audit_best: int | None
    audit_upper: int | None
    n_reads: int
    n_counted: int
    n_sure: int
    n_doubtful: int
    n_tools: int
    n_remote: int
    whole: bool


def read_rows(
    engine: Engine, sources: Sources, listed: tuple[Holding, ...], remote_places: str
) -> tuple[dict[tuple[int, int], ReadRows], Classes]:
    """Return the rows that ``taken_reads`` covers, by number of the holding and class of elements, and the classes.

    Args:
        engine: With ``taken_reads`` and ``taken_holdings``.
        sources: Names of the case's tables.
        listed: The holdings.
        remote_places: Table of places (``place``) from which what is read is outside at once.
    """
    match_reads(engine)
    engine.materialise("taken_scoped", _scoped_sql())
    classes = class_elements(engine, sources, listed)
    engine.materialise("taken_classed", _classed_sql())
    engine.materialise("taken_pieces", _pieces_sql())
    covered = _covered(engine)
    counts = engine.arrow(_counts_sql(remote_places)).to_pylist()
    return {(c["number"], c["class"]): _rows(c, covered) for c in counts}, classes


def _classed_sql() -> str:
    """Return SQL of each read once for each class of elements it reads; what it may read is doubtful."""
    return """
        SELECT s.* EXCLUDE (grade), c.class, CASE WHEN c.keep = 'all' THEN s.grade ELSE 'doubtful' END AS grade
        FROM taken_scoped AS s
        JOIN taken_classes AS c ON c.number = s.number AND c.cols = s.cols
    """


def _number(pattern: str, group: int = 1) -> str:
    """Return SQL of a number that a statement names; null where it does not."""
    found = pattern.replace("{n}", _NUMBER)
    return f"TRY_CAST(regexp_extract(statement, '\\b{found}', {group}) AS BIGINT)"


def _file_piece() -> str:
    """Return SQL of what names one file however its path is written: its folder, unless that is the share, and name."""
    parent = "regexp_extract(object, '([^/]*)/[^/]*$', 1)"
    leaf = "regexp_extract(object, '[^/]*$')"
    return (
        f"CASE WHEN list_contains(tokens, regexp_replace({parent}, '[^a-z0-9]', '', 'g')) THEN {leaf} "
        f"ELSE {parent} || '/' || {leaf} END"
    )


def _scoped_sql() -> str:
    """Return SQL of each read with the holding it reads and where in it: axis, from, to."""
    where = r"'\bwhere\b(.*?)(?:\border by\b|\blimit\b|\boffset\b|\bfetch\b|\bgroup by\b|\bfor update\b|;|$)'"
    return f"""
        WITH parsed AS (
            SELECT *,
                regexp_extract(statement, {where}, 1) AS said_where,
                {_number("limit {n}(?: ?, ?{n})?", 1)} AS limit_1,
                {_number("limit {n}(?: ?, ?{n})?", 2)} AS limit_2,
                {_number("offset {n}")} AS said_offset,
                coalesce({_number("fetch (?:first|next) {n} rows?")}, {_number("select (?:distinct )?top ?[(]? ?{n}")})
                    AS said_first,
                regexp_matches(statement, '{_UNPLACED}') AS unplaced,
                regexp_matches(statement, '{_TOTALS}') AS only_totals
            FROM taken_matched),
        ranged AS (
            SELECT *, trim(said_where, ' ()') AS w,
                CASE WHEN limit_2 IS NOT NULL THEN limit_2 ELSE coalesce(limit_1, said_first) END AS at_most,
                CASE WHEN limit_2 IS NOT NULL THEN limit_1 ELSE coalesce(said_offset, 0) END AS skip
            FROM parsed WHERE NOT only_totals),
        keyed AS (
            SELECT *,
                regexp_extract(w, '{_RANGE}', ['c', 'a', 'c2', 'b']) AS k,
                regexp_extract(w, '{_BETWEEN}', ['c', 'a', 'b']) AS bt,
                regexp_extract(w, '{_EQUAL}', ['c', 'v']) AS eq,
                contains(w, '>=') AS from_inclusive,
                contains(w, '<=') AS to_inclusive
            FROM ranged)
        SELECT number, n_rows, unit, avg_bytes, event_id, "at", host, session, place, kind, action, grade, tool,
            object, rows AS counted, bytes, statement,
            CASE WHEN kind = 'file' THEN CASE WHEN unit = 'files' THEN 'files' ELSE 'position' END
                WHEN unplaced OR (statement = '' AND action <> 'dump') THEN 'other'
                WHEN w = '' THEN 'position'
                WHEN bt.c <> '' THEN 'key:' || bt.c
                WHEN k.c <> '' AND k.c2 IN ('', k.c) THEN 'key:' || k.c
                WHEN eq.c <> '' THEN 'value:' || eq.c
                ELSE 'other' END AS axis,
            CASE WHEN kind = 'file' THEN {_file_piece()} WHEN eq.c <> '' THEN eq.v
                WHEN statement = '' OR unplaced OR regexp_matches(w, '[$?:@]') THEN event_id::VARCHAR
                ELSE md5(statement) END AS piece,
            at_most, {_COLUMNS} AS cols,
            CASE WHEN w = '' THEN skip WHEN bt.c <> '' THEN TRY_CAST(bt.a AS BIGINT)
                WHEN k.c <> '' THEN TRY_CAST(k.a AS BIGINT) + CASE WHEN from_inclusive THEN 0 ELSE 1 END
                ELSE 0 END AS lo,
            CASE WHEN bt.c <> '' THEN TRY_CAST(bt.b AS BIGINT) + 1
                WHEN k.c <> '' AND k.b <> ''
                    THEN TRY_CAST(k.b AS BIGINT) + CASE WHEN to_inclusive THEN 1 ELSE 0 END END AS end_key
        FROM keyed
    """


def _pieces_sql() -> str:
    """Return SQL of the pieces that count for each bound, with the range each covers on its axis."""
    return """
        WITH sized AS (
            SELECT *, coalesce(counted,
                    CASE WHEN kind = 'file' AND unit = 'files' AND action <> 'open' THEN 1 END) AS known,
                least(coalesce(at_most, 9000000000000000), coalesce(end_key - lo, 9000000000000000),
                    coalesce(n_rows - CASE WHEN axis = 'position' THEN lo ELSE 0 END, 9000000000000000)) AS bound
            FROM taken_classed),
        labelled AS (
            SELECT 'lower' AS label, *, known AS n FROM sized WHERE grade = 'sure' AND known IS NOT NULL
            UNION ALL
            SELECT 'best', *, coalesce(known, CASE
                WHEN axis LIKE 'value:%' THEN 1
                WHEN kind = 'file' AND unit <> 'files' AND bytes > 0 AND avg_bytes > 0 THEN NULL
                ELSE greatest(bound, 0) END) FROM sized WHERE grade IN ('sure', 'likely')
            UNION ALL
            SELECT 'upper', *, coalesce(known, greatest(bound, 0)) FROM sized
            UNION ALL
            SELECT 'audit', *, coalesce(known, CASE
                WHEN axis LIKE 'value:%' THEN 1
                WHEN kind = 'file' AND unit <> 'files' AND bytes > 0 AND avg_bytes > 0 THEN NULL
                ELSE greatest(bound, 0) END) FROM sized WHERE NOT tool AND grade IN ('sure', 'likely')
            UNION ALL
            SELECT 'audit_upper', *, coalesce(known, greatest(bound, 0)) FROM sized WHERE NOT tool)
        SELECT label, number, class, axis, piece, lo, lo + coalesce(n, 0) AS hi, coalesce(n, 0) AS n, n_rows
        FROM labelled
    """


def _covered(engine: Engine) -> dict[tuple[int, int, str], list[tuple[str, int, int]]]:
    """Return for each holding and bound the axes with what they cover: (axis, at least, at most)."""
    rows = engine.arrow(
        """
        WITH walked AS (
            SELECT *, max(hi) OVER (PARTITION BY label, number, class, axis ORDER BY lo, hi, piece
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM taken_pieces WHERE axis = 'position' OR axis LIKE 'key:%'),
        ranges AS (
            SELECT label, number, class, axis, sum(greatest(0, hi - greatest(lo, coalesce(before, lo))))::HUGEINT AS n,
                   sum(n)::HUGEINT AS total
            FROM walked GROUP BY ALL),
        single AS (
            SELECT label, number, class, axis, piece, max(n) AS n, sum(n) AS total
            FROM taken_pieces WHERE axis <> 'position' AND axis NOT LIKE 'key:%' GROUP BY ALL)
        SELECT label, number, class, axis, n AS low, n AS high FROM ranges
        UNION ALL
        SELECT label, number, class, axis, CASE WHEN axis = 'other' THEN max(n) ELSE sum(n) END,
               CASE WHEN label IN ('upper', 'audit_upper') AND axis <> 'files' THEN sum(total) ELSE sum(n) END
        FROM single GROUP BY label, number, class, axis
        ORDER BY ALL
        """
    ).to_pylist()
    made: dict[tuple[int, int, str], list[tuple[str, int, int]]] = {}
    for r in rows:
        made.setdefault((r["number"], r["class"], r["label"]), []).append(
            (r["axis"], int(r["low"]), int(r["high"]))
        )
    return made


def _counts_sql(remote_places: str) -> str:
    return f"""
        SELECT number, class, any_value(n_rows) AS n_rows, count(*) AS n_reads,
               count(*) FILTER (WHERE counted IS NOT NULL OR axis = 'files') AS n_counted,
               count(*) FILTER (WHERE grade = 'sure') AS n_sure,
               count(*) FILTER (WHERE grade = 'doubtful') AS n_doubtful,
               count(*) FILTER (WHERE tool) AS n_tools,
               count(*) FILTER (WHERE NOT tool) AS n_audit,
               count(*) FILTER (WHERE grade = 'sure' AND place IN (SELECT place FROM {remote_places})) AS n_remote,
               bool_or(axis = 'position' AND lo = 0 AND at_most IS NULL AND grade <> 'doubtful') AS whole,
               max(counted) AS most,
               sum(bytes) FILTER (WHERE kind = 'file' AND grade <> 'doubtful') AS file_bytes,
               any_value(avg_bytes) AS avg_bytes
        FROM taken_classed GROUP BY number, class ORDER BY number, class
    """


_ENDLESS = 10**15
_ALMOST_ALL = 0.95  # rows come and go between the list of stores and the reads


def _rows(
    counts: dict[str, Any], covered: dict[tuple[int, int, str], list[tuple[str, int, int]]]
) -> ReadRows:
    number, size = counts["number"], counts["n_rows"]
    axes = {label: covered.get((number, counts["class"], label), []) for label in _LABELS}
    lower = max((low for _, low, _ in axes["lower"]), default=0)
    if size is not None and any(axis == "files" for axis, _, _ in axes["lower"]):
        lower = min(lower, size)  # folders and copies are opened as well
    audit = _likely(axes["audit"], size, lower)
    best = _by_bytes(_likely(axes["best"], size, lower), counts, size, axes["best"])
    return ReadRows(
        lower=lower,
        best=best,
        upper=_most(axes["upper"], size, max(lower, best or 0)),
        audit_best=_by_bytes(audit, counts, size, axes["audit"]),
        audit_upper=_most(axes["audit_upper"], size, max(lower, audit or 0)),
        n_reads=counts["n_reads"],
        n_counted=counts["n_counted"],
        n_sure=counts["n_sure"],
        n_doubtful=counts["n_doubtful"],
        n_tools=counts["n_tools"],
        n_remote=counts["n_remote"],
        whole=bool(counts["whole"]) or bool(size and best and best >= _ALMOST_ALL * size),
    )


_LABELS = ("lower", "best", "upper", "audit", "audit_upper")


def _likely(parts: list[tuple[str, int, int]], size: int | None, lower: int) -> int | None:
    if not parts:
        return None
    best = max(together([high for _, _, high in parts], size), lower)
    if size is not None and any(axis == "files" for axis, _, _ in parts):
        best = min(best, size)
    return best if best < _ENDLESS else None


def _most(parts: list[tuple[str, int, int]], size: int | None, at_least: int) -> int | None:
    most = sum(high for _, _, high in parts)
    if size is not None:
        most = min(most, max(size, at_least))
    return max(most, at_least) if most < _ENDLESS else None


def _by_bytes(
    best: int | None, counts: dict[str, Any], size: int | None, axes: list[tuple[str, int, int]]
) -> int | None:
    """Return the best value, from bytes where a file was read and its rows were not counted."""
    read, each = counts["file_bytes"], counts["avg_bytes"]
    if best or not read or not each or not axes:
        return best
    rows = round(float(read) / float(each))
    return rows if size is None else min(rows, size)


def together(parts: list[int], size: int | None) -> int:
    """Return the likely union of reads on different axes: as if they had nothing to do with each other."""
    if size is None or size <= 0:
        return max(parts, default=0)
    missed = 1.0
    for part in parts:
        missed *= 1 - min(part, size) / size
    likely = round(size * (1 - missed))
    return max(likely, max(parts, default=0) if max(parts, default=0) > size else likely)
