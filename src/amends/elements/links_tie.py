"""Rows without a name tied to their holder, in a few set operations over fingerprints.

Trust goes before nearness: what a declared key settles, over however many tables, no other key
unsettles; contact data is asked last. A key's value that leads to people of different names
settles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from amends.elements.links import (
    BY_CONTACT,
    DECLARED,
    TWO_KEYS,
    KeyColumn,
    Link,
)
from amends.kernel.engine.base import Engine

# A payment points at an account, the account at a customer: three steps reach any schema seen.
_ROUNDS = 4
# Pairs of keys tried between one table and another.
_MOST_PAIRS = 6


@dataclass(frozen=True)
class Way:
    """One way from the rows of a table to the rows of another: a key, or two that agree.

    Attributes:
        links: The key or keys.
    """

    links: tuple[Link, ...]

    @property
    def source(self) -> KeyColumn:
        """Return the column that points; its table is that of all."""
        return self.links[0].source

    @property
    def target(self) -> KeyColumn:
        """Return the column that is pointed at; its table is that of all."""
        return self.links[0].target

    @property
    def level(self) -> int:
        """Return how far it can be trusted."""
        return self.links[0].level if len(self.links) == 1 else TWO_KEYS

    @property
    def grade(self) -> int:
        """Return how far others can trust the rows it ties."""
        return self.links[0].grade if len(self.links) == 1 else TWO_KEYS

    @property
    def order(self) -> tuple[int | float, ...]:
        """Return its place among all ways."""
        return self.level, *self.links[0].rank

    @property
    def reason(self) -> str:
        """Return in words what it ties by."""
        return " and ".join(
            f"{link.source.column} = {link.target.table}.{link.target.column}"
            for link in self.links
        )


@dataclass(frozen=True)
class Tied:
    """Rows tied to their holders.

    Attributes:
        relation: Name of a relation ``record_id, holder, way``: ``holder`` is null where the
            keys lead to several people; ``way`` is the place in ``ways``.
        ways: What rows were tied by, most trusted first.
    """

    relation: str
    ways: Sequence[Way]


def ways_of(links: Sequence[Link]) -> list[Way]:
    """Return the ways that links in use open, most trusted first."""
    ways = [Way((link,)) for link in links]
    between: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        if link.target.named and "values" in link.grounds and "name" in link.grounds:
            between.setdefault((link.source.item_id, link.target.item_id), []).append(link)
    for held in between.values():
        pairs = [
            Way((one, two))
            for one, two in combinations(sorted(held, key=lambda x: (x.level, *x.rank)), 2)
            if one.source.column != two.source.column and one.target.column != two.target.column
        ]
        ways += pairs[:_MOST_PAIRS]
    return sorted(ways, key=lambda way: (*way.order, way.reason, way.target.item_id))


def tie_rows(engine: Engine, links: Sequence[Link], files: Mapping[str, Path]) -> Tied:
    """Tie every row without a name to the one holder its keys lead to.

    Args:
        engine: The engine.
        links: Keys in use.
        files: Item → its key table: ``record_id``, ``who``, ``main``, ``k…``.
    """
    work = _Work(engine, ways_of(links), files)
    for level in range(DECLARED, BY_CONTACT + 1):
        fresh = {
            at
            for at, way in enumerate(work.ways)
            if way.level == level or (way.level < level and way.target.item_id in work.reached)
        }
        for _ in range(_ROUNDS):
            sources = {
                work.ways[at].source.item_id for at in sorted(fresh) if work.follow(at, level)
            }
            work.reached |= sources
            fresh = {
                at
                for at, way in enumerate(work.ways)
                if way.level <= level and way.target.item_id in sources
            }
            if not fresh:
                break
    return Tied(_answer(engine, work.tied, work.unsettled), work.ways)


class _Work:
    """Rows still open, rows tied, and what a way adds to them.

    Args:
        engine: The engine.
        ways: All ways, most trusted first.
        files: Item → its key table.
    """

    def __init__(self, engine: Engine, ways: Sequence[Way], files: Mapping[str, Path]) -> None:
        self.ways = ways
        self.reached: set[str] = set()
        self._engine = engine
        ends = {item for way in ways for item in (way.source.item_id, way.target.item_id)}
        self._views = {
            item: engine.view(f"elements_keys_{number}", [files[item]])
            for number, item in enumerate(sorted(ends))
        }
        self.tied = engine.materialise("elements_ties", _EMPTY)
        self.unsettled = engine.materialise("elements_unsettled", _EMPTY)

    def follow(self, at: int, level: int) -> bool:
        """Follow one way from the rows still open, and say whether it tied any."""
        way = self.ways[at]
        item = way.source.item_id
        keys = ", ".join(
            f"r.k{link.source.position} AS key_{n}" for n, link in enumerate(way.links)
        )
        there = " AND ".join(f"r.k{link.source.position} IS NOT NULL" for link in way.links)
        opened = self._engine.materialise(
            "elements_open",
            f"SELECT r.record_id, {keys} FROM {self._views[item]} AS r\n"
            f"WHERE r.who IS NULL AND {there} AND NOT EXISTS (\n"
            f"  SELECT 1 FROM {self.tied} AS d WHERE d.record_id = r.record_id)",
        )
        if not self._count(opened):
            return False
        targets = self._views[way.target.item_id]
        found = self._engine.materialise(
            "elements_matched", _matches_sql(way, at, level, opened, targets, self.tied)
        )
        n_settled = self._count(f"{found} WHERE n_who = 1")
        self._engine.execute(f"INSERT INTO {self.tied} SELECT * FROM {found} WHERE n_who = 1")
        self._engine.execute(f"INSERT INTO {self.unsettled} SELECT * FROM {found} WHERE n_who > 1")
        return n_settled > 0

    def _count(self, relation: str) -> int:
        counted = self._engine.arrow(f"SELECT count(*) AS n FROM {relation}")
        return int(counted.column("n")[0].as_py())


_EMPTY = (
    "SELECT CAST(NULL AS BIGINT) AS record_id, CAST(NULL AS BIGINT) AS holder,\n"
    "       CAST(NULL AS UBIGINT) AS who, CAST(NULL AS BIGINT) AS way,\n"
    "       CAST(NULL AS BIGINT) AS grade, CAST(NULL AS BIGINT) AS n_who WHERE FALSE"
)


def _matches_sql(way: Way, at: int, level: int, opened: str, targets: str, tied: str) -> str:
    """Return SQL of the holders that one way leads rows to: one row for each row it leads anywhere.

    The holders of each value are counted before rows are joined to them, so that a filler which a
    million rows share costs no more than any other value. Where several names hold a value and one
    of them is its main holder, it is that one, but never by contact data.

    Args:
        way: The way.
        at: Its number.
        level: How much trust is asked of rows that are tied themselves.
        opened: Relation ``record_id, key_0 …`` of the rows to tie.
        targets: Key table of the other end.
        tied: Rows tied so far.

    Returns:
        SQL of ``record_id, holder, who, way, grade, n_who``; ``n_who`` is 1 where one name holds
        the value, else 2 or more.
    """
    numbers = range(len(way.links))
    listed = ", ".join(f"t.k{link.target.position} AS key_{n}" for n, link in enumerate(way.links))
    names = ", ".join(f"key_{n}" for n in numbers)
    wanted = " AND ".join(
        f"t.k{link.target.position} IN (SELECT key_{n} FROM {opened})"
        for n, link in enumerate(way.links)
    )
    same = " AND ".join(f"r.key_{n} = h.key_{n}" for n in numbers)
    trusted = "" if way.level == DECLARED else f" AND d.grade <= {level}"
    main = "low <> high AND main_low = main_high" if way.level != BY_CONTACT else "FALSE"
    return (
        f"SELECT r.record_id,\n"
        f"       CASE WHEN {main} THEN main_holder ELSE any_holder END AS holder,\n"
        f"       CASE WHEN {main} THEN main_low ELSE low END AS who,\n"
        f"       CAST({at} AS BIGINT) AS way,\n"
        f"       CAST(greatest(h.grade, {way.grade}) AS BIGINT) AS grade,\n"
        f"       CAST(CASE WHEN low = high OR ({main}) THEN 1 ELSE 2 END AS BIGINT) AS n_who\n"
        f"FROM {opened} AS r\n"
        "JOIN (\n"
        f"  SELECT {names}, max(grade) AS grade, min(holder) AS any_holder,\n"
        "         min(who) AS low, max(who) AS high,\n"
        "         min(CASE WHEN main THEN holder END) AS main_holder,\n"
        "         min(CASE WHEN main THEN who END) AS main_low,\n"
        "         max(CASE WHEN main THEN who END) AS main_high\n"
        "  FROM (\n"
        f"    SELECT {listed}, t.who, t.record_id AS holder, t.main, 0 AS grade\n"
        f"    FROM {targets} AS t WHERE t.who IS NOT NULL AND {wanted}\n"
        "    UNION ALL\n"
        f"    SELECT {listed}, d.who, d.holder, FALSE AS main, d.grade\n"
        f"    FROM {targets} AS t JOIN {tied} AS d ON d.record_id = t.record_id\n"
        f"    WHERE {wanted}{trusted}\n"
        "  ) AS held\n"
        f"  GROUP BY {names}\n"
        f") AS h ON {same}"
    )


def _answer(engine: Engine, tied: str, unsettled: str) -> str:
    return engine.materialise(
        "elements_tied",
        f"SELECT record_id, holder, way FROM {tied}\n"
        "UNION ALL\n"
        "SELECT record_id, CAST(NULL AS BIGINT) AS holder, min(way) AS way\n"
        f"FROM {unsettled} AS u\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {tied} AS d WHERE d.record_id = u.record_id)\n"
        "GROUP BY record_id",
    )


def tied_records_sql(records: str, tied: Tied) -> str:
    """Return SQL of the records with what ties them filled in.

    Args:
        records: Relation of records.
        tied: What :func:`tie_rows` found.
    """
    reason = _per_way("t.way", [way.reason for way in tied.ways])
    return (
        "SELECT r.* EXCLUDE (linked_to, link_reason, ambiguous),\n"
        "       t.holder AS linked_to,\n"
        f"       CASE WHEN t.holder IS NOT NULL THEN {reason} END AS link_reason,\n"
        "       CASE WHEN t.record_id IS NOT NULL AND t.holder IS NULL THEN\n"
        f"         {reason} || ' leads to people of different names'\n"
        "       ELSE r.ambiguous END AS ambiguous\n"
        f"FROM {records} AS r\n"
        # A condition on one side only would make the engine compare every row with every other.
        f"LEFT JOIN {tied.relation} AS t ON t.record_id = CASE\n"
        "  WHEN r.name_first IS NULL AND r.name_last IS NULL AND r.business IS NULL\n"
        "  THEN r.record_id END"
    )


def _per_way(column: str, texts: Sequence[str]) -> str:
    """Return SQL that gives a text for the number of a way; the texts are quoted, not spliced."""
    if not texts:
        return "CAST(NULL AS VARCHAR)"
    quoted = [text.replace("\x00", "").replace("'", "''") for text in texts]
    cases = " ".join(f"WHEN {number} THEN '{text}'" for number, text in enumerate(quoted))
    return f"CASE {column} {cases} END"
