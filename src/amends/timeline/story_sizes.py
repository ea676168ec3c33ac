"""How many bytes and rows the events of each step carry; several observers of one flow count once."""

from __future__ import annotations

from dataclasses import dataclass

from amends.kernel.engine.base import Engine


@dataclass(frozen=True)
class StepSize:
    """What the events of a step carry.

    Attributes:
        size: Bytes, of the observer that saw most; 0 where no log says.
        rows: Rows read; 0 where no log says.
        whole: Whether every event of the step was counted.
    """

    size: int
    rows: int
    whole: bool


def step_sizes(engine: Engine, events: str, hops: str) -> dict[str, StepSize]:
    """Return the size of each step of ``hops`` by its id."""
    rows = engine.arrow(
        f"""
        WITH mine AS (SELECT hop_id, n_events, unnest(event_ids) AS event_id FROM {hops}),
        seen AS (
            SELECT m.hop_id, lower(coalesce(e.host, '')) || ' ' || coalesce(e.source, '') AS observer,
                   sum(greatest(coalesce(e.bytes_in, 0), coalesce(e.bytes_out, 0))) AS size,
                   sum(CASE WHEN e.kind = 'query' THEN coalesce(e.rows, 0) ELSE 0 END) AS n_rows
            FROM mine AS m JOIN {events} AS e ON e.event_id = m.event_id
            WHERE e.duplicate_of IS NULL GROUP BY ALL)
        SELECT s.hop_id, max(s.size)::BIGINT AS size, max(s.n_rows)::BIGINT AS n_rows,
               any_value(h.n_events <= len(h.event_ids)) AS whole
        FROM seen AS s JOIN {hops} AS h ON h.hop_id = s.hop_id GROUP BY s.hop_id ORDER BY s.hop_id
        """
    ).to_pylist()
    return {
        r["hop_id"]: StepSize(int(r["size"] or 0), int(r["n_rows"] or 0), bool(r["whole"]))
        for r in rows
    }
