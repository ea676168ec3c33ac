"""Which table, file or share each read is a read of: by the names in its statement, path or command line."""

from __future__ import annotations

from amends.kernel.engine.base import Engine
from amends.timeline.reads import COPY_TOOLS, WHOLE_TOOLS
from amends.timeline.taken_stores import NOT_A_WORD


def match_reads(engine: Engine) -> str:
    """Keep each read of ``taken_reads`` with every holding it names and return the table's name.

    A read in a store's own log names its table. A dump that names none reads every table of its host. A read of a file
    that is no listed file belongs to the share or folder whose own words stand in its path. A command line names a
    table or file, and its host by name or address, unless it ran on that host.
    """
    engine.materialise("taken_said", _said_sql())
    return engine.materialise("taken_matched", _matched_sql())


def _said_sql() -> str:
    return f"""
        WITH said AS (
            SELECT *, ' ' || regexp_replace(object || ' ' || statement, '{NOT_A_WORD}', ' ', 'g') || ' ' AS words,
                tool AND regexp_matches(statement, '{WHOLE_TOOLS}') AS copies_all,
                tool AND regexp_matches(statement, '{COPY_TOOLS}') AS copies_files
            FROM taken_reads),
        tied AS (
            SELECT r.*, h.number, h.is_file, contains(r.words, h.words) AS named,
                r.host = h.host OR (NOT r.tool AND split_part(r.object, '/', 1) = h.store)
                    OR (r.tool AND EXISTS (SELECT 1 FROM taken_names AS n
                        WHERE n.number = h.number AND contains(r.words, n.name))) AS placed
            FROM said AS r JOIN taken_holdings AS h
              ON h.key <> '' AND contains(r.words, h.words))
        SELECT s.*, coalesce(n.any_placed, false) AS names_one
        FROM said AS s LEFT JOIN (
            SELECT event_id, bool_or(placed) AS any_placed FROM tied GROUP BY event_id) AS n ON n.event_id = s.event_id
    """


def _matched_sql() -> str:
    own = "(r.host = h.host OR split_part(r.object, '/', 1) = h.store)"
    named = "(h.key <> '' AND contains(r.words, h.words))"
    share = "(len(h.tokens) > 0 AND list_has_all(string_split(r.words, ' '), h.tokens))"
    calls = """EXISTS (SELECT 1 FROM taken_names AS n WHERE n.number = h.number AND contains(r.words, n.name))"""
    rows = "h.number, h.rows AS n_rows, h.unit, h.avg_bytes, h.tokens"
    return f"""
        SELECT {rows}, r.* FROM taken_said AS r JOIN taken_holdings AS h
          ON NOT r.tool AND {own} AND (h.key = '' OR {named}
            OR (r.kind = 'query' AND r.action = 'dump' AND NOT r.names_one AND NOT h.is_file)
            OR (r.kind = 'file' AND NOT r.names_one AND h.unit = 'files' AND {share}))
        UNION ALL
        SELECT {rows}, r.* FROM (SELECT * FROM taken_said WHERE tool) AS r JOIN taken_holdings AS h
          ON (h.is_file AND r.copies_files AND ({named} AND (length(h.key) > 6 OR r.host = h.host OR {calls})
                OR (h.unit = 'files' AND NOT r.names_one AND {share} AND {calls})))
            OR (NOT h.is_file AND (r.host = h.host OR {calls})
              AND ((r.copies_all AND (NOT r.names_one OR {named}))
                OR ({named} AND regexp_matches(r.statement, '\\b(select|copy|table)\\b'))))
    """
