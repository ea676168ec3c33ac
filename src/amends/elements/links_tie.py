"""Rows without a name tied to their holder, in a few set operations over fingerprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from amends.elements.links import Link, matches_sql, reason_of
from amends.kernel.engine.base import Engine

# A payment points at an account, the account at a customer: three steps reach any schema seen.
_ROUNDS = 3


def tie_rows(engine: Engine, links: Sequence[Link], files: Mapping[str, Path]) -> str:
    """Tie every row without a name to the one holder its keys lead to.

    Args:
        engine: The engine.
        links: Keys in use.
        files: Item → its key table: ``record_id``, ``who``, ``main``, ``k…``.

    Returns:
        Name of a relation ``record_id, holder, link_no, n_who``: ``holder`` is null where the
        keys lead to several people; ``link_no`` is the place of the link in ``links``.
    """
    ordered = sorted(range(len(links)), key=lambda at: (*links[at].rank, at))
    views = {
        item: engine.view(f"elements_keys_{number}", [path])
        for number, (item, path) in enumerate(sorted(files.items()))
    }
    tied = engine.materialise(
        "elements_ties",
        "SELECT CAST(NULL AS BIGINT) AS record_id, CAST(NULL AS BIGINT) AS holder,\n"
        "       CAST(NULL AS BIGINT) AS link_no, CAST(NULL AS UBIGINT) AS who WHERE FALSE",
    )
    unsettled = engine.materialise(
        "elements_unsettled",
        "SELECT CAST(NULL AS BIGINT) AS record_id, CAST(NULL AS BIGINT) AS link_no,\n"
        "       CAST(NULL AS BIGINT) AS n_who WHERE FALSE",
    )
    targets = {links[at].target.item_id for at in ordered}
    if not ordered:
        return _answer(engine, tied, unsettled)
    named = "\nUNION ALL\n".join(
        f"SELECT record_id, record_id AS holder, who, main FROM {views[item]} WHERE who IS NOT NULL"
        for item in sorted(targets)
    )
    holders = engine.materialise("elements_holders", named)
    for _ in range(_ROUNDS):
        found = "\nUNION ALL\n".join(
            matches_sql(
                links[at],
                rank,
                views[links[at].source.item_id],
                views[links[at].target.item_id],
                holders,
                tied,
            )
            for rank, at in enumerate(ordered)
        )
        matched = engine.materialise("elements_matched", found)
        fresh = engine.materialise("elements_fresh", _settle_sql(matched))
        unsettled = engine.materialise("elements_unsettled", _unsettled_sql(matched))
        if not engine.arrow(f"SELECT count(*) AS n FROM {fresh}").column("n")[0].as_py():
            break
        engine.execute(f"INSERT INTO {tied} SELECT record_id, holder, link_no, who FROM {fresh}")
        engine.execute(
            f"INSERT INTO {holders} SELECT record_id, holder, who, FALSE AS main FROM {fresh}"
        )
    return _answer(engine, tied, unsettled, ordered)


def _settle_sql(matched: str) -> str:
    """Take the most trusted link that leads to one name only."""
    return (
        "SELECT record_id,\n"
        "       arg_min(holder, rank) AS holder,\n"
        "       min(rank) AS link_no,\n"
        "       arg_min(who, rank) AS who\n"
        f"FROM {matched}\n"
        "WHERE n_who = 1\n"
        "GROUP BY record_id"
    )


def _unsettled_sql(matched: str) -> str:
    return (
        "SELECT record_id, min(rank) AS link_no, max(n_who) AS n_who\n"
        f"FROM {matched}\n"
        "GROUP BY record_id\n"
        "HAVING count(CASE WHEN n_who = 1 THEN 1 END) = 0"
    )


def _answer(engine: Engine, tied: str, unsettled: str, ordered: Sequence[int] = ()) -> str:
    places = " ".join(f"WHEN {rank} THEN {at}" for rank, at in enumerate(ordered))
    place = f"CASE link_no {places} END" if places else "link_no"
    return engine.materialise(
        "elements_tied",
        f"SELECT record_id, holder, {place} AS link_no, CAST(1 AS BIGINT) AS n_who FROM {tied}\n"
        "UNION ALL\n"
        "SELECT record_id, CAST(NULL AS BIGINT) AS holder,\n"
        f"       {place} AS link_no, n_who\n"
        f"FROM {unsettled}\n"
        f"WHERE record_id NOT IN (SELECT record_id FROM {tied})",
    )


def tied_records_sql(records: str, tied: str, links: Sequence[Link]) -> str:
    """Return SQL of the records with what ties them filled in.

    Args:
        records: Relation of records.
        tied: Relation as :func:`tie_rows` made it.
        links: The links it was made with.
    """
    reason = _per_link("t.link_no", [reason_of(link) for link in links])
    return (
        "SELECT r.* EXCLUDE (linked_to, link_reason, ambiguous),\n"
        "       t.holder AS linked_to,\n"
        f"       CASE WHEN t.holder IS NOT NULL THEN {reason} END AS link_reason,\n"
        "       CASE WHEN t.record_id IS NOT NULL AND t.holder IS NULL THEN\n"
        f"         {reason} || ' leads to ' || t.n_who || ' people of different names'\n"
        "       ELSE r.ambiguous END AS ambiguous\n"
        f"FROM {records} AS r\n"
        # A condition on one side only would make the engine compare every row with every other.
        f"LEFT JOIN {tied} AS t ON t.record_id = CASE\n"
        "  WHEN r.name_first IS NULL AND r.name_last IS NULL AND r.business IS NULL\n"
        "  THEN r.record_id END"
    )


def _per_link(column: str, texts: Sequence[str]) -> str:
    """Return SQL that gives a text for the number of a link; the texts are quoted, not spliced."""
    if not texts:
        return "CAST(NULL AS VARCHAR)"
    quoted = [text.replace("\x00", "").replace("'", "''") for text in texts]
    cases = " ".join(f"WHEN {number} THEN '{text}'" for number, text in enumerate(quoted))
    return f"CASE {column} {cases} END"
