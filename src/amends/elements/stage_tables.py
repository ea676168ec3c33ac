"""The rows of ``links`` and ``unattributed``."""

from __future__ import annotations

from collections.abc import Sequence

from amends.elements.links import Link, link_id
from amends.elements.links_tie import Tied
from amends.kernel.engine.base import Engine


def link_rows(engine: Engine, links: Sequence[Link], tied: Tied) -> list[dict[str, object]]:
    """Return the rows of ``links``, how many rows each tied among them.

    A key that was only learned and led nowhere is left out.

    Args:
        engine: The engine.
        links: All links, in use or not.
        tied: What ``tie_rows`` found; rows tied by two keys count for both.
    """
    counted = engine.arrow(
        f"SELECT way, count(holder) AS n FROM {tied.relation} GROUP BY way"
    ).to_pylist()
    n_tied: dict[str, int] = {}
    for row in counted:
        for link in tied.ways[row["way"]].links:
            n_tied[link_id(link)] = n_tied.get(link_id(link), 0) + row["n"]
    rows: list[dict[str, object]] = [
        {
            "link_id": link_id(link), "from_item_id": link.source.item_id,
            "from_column": link.source.column, "to_item_id": link.target.item_id,
            "to_column": link.target.column, "grounds": list(link.grounds),
            "containment": round(link.containment, 4), "uniqueness": link.target.uniqueness,
            "n_linked": n_tied.get(link_id(link), 0), "in_use": link.in_use,
            "decided_by": link.decided_by,
        }
        for link in links
        if link_id(link) in n_tied or "declared" in link.grounds or link.decided_by != "rule"
    ]  # fmt: skip
    return sorted(rows, key=lambda row: str(row["link_id"]))


def unattributed_sql(records: str, linked_items: Sequence[str]) -> str:
    """Return SQL of rows with personal data that belong to nobody known, by item and reason.

    Args:
        records: The written records.
        linked_items: Items whose rows point at others by a key in use.
    """
    listed = ", ".join(f"'{item}'" for item in sorted(set(linked_items)))
    has_key = f"item_id IN ({listed})" if listed else "FALSE"
    return (
        "SELECT item_id, reason,\n"
        "       list_sort(list_distinct(flatten(list(held)))) AS elements,\n"
        "       count(*) AS n_records,\n"
        "       CASE reason\n"
        "         WHEN 'ambiguous_key' THEN 'say who holds the key, or decide on the link'\n"
        "         WHEN 'key_not_found' THEN 'add the table that holds the key''s owner'\n"
        "         WHEN 'no_name_near' THEN 'look at the document: it names nobody near'\n"
        "         ELSE 'add the table that ties these rows to a person, or decide on a link'\n"
        "       END AS remedy\n"
        "FROM (\n"
        "  SELECT item_id, list_concat(elements, possible) AS held,\n"
        "         CASE WHEN ambiguous IS NOT NULL THEN 'ambiguous_key'\n"
        "              WHEN kind = 'mention' THEN 'no_name_near'\n"
        f"              WHEN {has_key} THEN 'key_not_found'\n"
        "              ELSE 'no_name_no_key' END AS reason\n"
        f"  FROM {records}\n"
        "  WHERE name_first IS NULL AND name_last IS NULL AND business IS NULL\n"
        "    AND linked_to IS NULL AND role = 'stolen'\n"
        ") AS loose\n"
        "WHERE len(held) > 0\n"
        "GROUP BY item_id, reason"
    )
