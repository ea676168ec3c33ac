"""The list of people: filtered, paged by id, and searched.

Names are masked; the words of a search never stand in an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from amends.console.base import Answer, Facts, Visit, page
from amends.console.desk import Desk
from amends.console.lookup import by_code, by_name
from amends.console.shelf import element_bits
from amends.kernel.case import Case
from amends.report.explain import mask
from amends.tables.notices import NOTICES
from amends.tables.persons import PERSON_CHANGES, PERSONS
from amends.taxonomy.elements import elements

PAGE = 50
MOST = 500
STANDS = ("held", "planned", "sealed", "not_owed")
STATUSES = ("adult", "minor", "deceased", "business", "unknown")
CHANNELS = ("print", "email")

_PERSON = re.compile(r"P[0-9A-Z]{12}")
_NOTICE = re.compile(r"N[0-9A-Za-z]{6,32}")


@dataclass(frozen=True)
class Filter:
    """What a list is cut down to; empty words cut nothing."""

    residence: str = ""
    element: str = ""
    status: str = ""
    stands: str = ""
    channel: str = ""

    @classmethod
    def of(cls, visit: Visit) -> Filter:
        """Read a filter from the query; unknown words find nobody rather than everybody."""
        return cls(*(visit.asked(name) for name in cls.__dataclass_fields__))

    def where(self) -> tuple[str, list[object]]:
        """Return the condition and its values."""
        tests, values = ["TRUE"], []
        for name in ("residence", "status", "stands", "channel"):
            word = getattr(self, name)
            if word:
                tests.append(f"{name} = ?")
                values.append(word)
        if self.element:
            word_no, bit = element_bits().get(self.element, (0, None))
            tests.append("FALSE" if bit is None else f"mask_{word_no} & {1 << bit} <> 0")
        return " AND ".join(tests), values

    def query(self, **more: object) -> str:
        """Return the address of the list with this filter."""
        words = {**self.__dict__, **more}
        return "/people?" + urlencode({k: v for k, v in words.items() if v})


@dataclass(frozen=True)
class Place:
    """Which part of a list is shown, for the ``pager``."""

    first: int
    last: int
    total: int | None
    before: str = ""
    after: str = ""


@dataclass
class Choices:
    """What the filters offer."""

    residences: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)


@page("/people", name="people", area="people", template="people.html", rows="people")
def people(visit: Visit) -> Facts:
    """Show people, fifty at a time, by id."""
    chosen = Filter.of(visit)
    size = max(1, visit.number("size", PAGE, most=MOST))
    with visit.case() as case:
        listed = visit.desk.on_shelf(case, "people")
        total = _total(visit.desk, case, listed, chosen)
        rows = _rows(case, listed, chosen, visit.asked("after"), visit.asked("before"), size)
        choices = _choices(visit.desk, case, listed)
    return {
        "people": rows,
        "filter": chosen,
        "total": total,
        "_place": _place(visit, chosen, rows, total, size),
        "_choices": choices,
        "_stands": STANDS,
        "_statuses": STATUSES,
        "_channels": CHANNELS,
    }


def _total(desk: Desk, case: Case, listed: str, chosen: Filter) -> int:
    stamp = desk.shelf.file("people")
    where, values = chosen.where()

    def make() -> int:
        sql = f"SELECT count(*) AS n FROM {listed} WHERE {where}"
        return int(case.engine.arrow(sql, values)["n"][0].as_py())

    return desk.kept(f"total {chosen}"[:300], stamp, make)


def _choices(desk: Desk, case: Case, listed: str) -> Choices:
    def make() -> Choices:
        found = case.engine.arrow(
            f"SELECT residence FROM {listed} GROUP BY residence ORDER BY residence"
        )
        words = sorted({w for w, _ in element_bits().values()})
        masks = case.engine.arrow(
            "SELECT " + ", ".join(f"bit_or(mask_{w}) AS m{w}" for w in words) + f" FROM {listed}"
        ).to_pylist()[0]
        seen = [c for c, (w, b) in element_bits().items() if int(masks[f"m{w}"] or 0) >> b & 1]
        return Choices([str(r) for r in found.column(0).to_pylist()], seen)

    return desk.kept("choices", desk.shelf.file("people"), make)


def _rows(
    case: Case, listed: str, chosen: Filter, after: str, before: str, size: int
) -> list[dict[str, object]]:
    where, values = chosen.where()
    down = bool(before) and not after
    mark = before if down else after
    if mark:
        where += f" AND person_id {'<' if down else '>'} ?"
        values = [*values, mark]
    found = case.engine.arrow(
        f"SELECT * FROM {listed} WHERE {where} ORDER BY person_id {'DESC' if down else ''} LIMIT {int(size)}",
        values,
    ).to_pylist()
    return [_shown(r) for r in (reversed(found) if down else found)]


def _shown(row: dict[str, object]) -> dict[str, object]:
    """Return a row with its elements by name instead of bits."""
    kept = {k: v for k, v in row.items() if not k.startswith("mask_")}
    kept["elements"] = [
        code
        for code, (word, bit) in element_bits().items()
        if int(str(row[f"mask_{word}"])) >> bit & 1
    ]
    return kept


def _place(
    visit: Visit, chosen: Filter, rows: list[dict[str, object]], total: int, size: int
) -> Place:
    """Return where in the list we are; ``from`` counts along, as a list by id has no page numbers."""
    if not rows:
        return Place(0, 0, total)
    at = visit.number("from", 1)
    more = {"size": size} if size != PAGE else {}
    first, last = rows[0]["person_id"], rows[-1]["person_id"]
    end = at + len(rows) - 1
    return Place(
        at, end, total,
        chosen.query(before=first, **{"from": max(1, at - size)}, **more) if at > 1 else "",
        chosen.query(after=last, **{"from": end + 1}, **more) if end < total else "",
    )  # fmt: skip


@page(
    "/people/search", name="search", area="people", template="search.html", rows="people", post=True
)
def search(visit: Visit) -> Answer:
    """Find people by person id, notice number, letter code, or name; one hit by an id opens their page."""
    text = visit.form("text", limit=200)
    with visit.case() as case:
        one = by_id(case, text) or by_code(visit.desk, case, text)
        if one:
            return f"/people/{one}"
        found = [] if _looks_like_an_id(text) else by_name(visit.desk, case, text, MOST)
        listed = visit.desk.on_shelf(case, "people")
        rows = _named(case, listed, found)
    return {"people": rows, "n": len(rows), "most": MOST, "_text": text}


def _looks_like_an_id(text: str) -> bool:
    return bool(_PERSON.fullmatch(text.upper()) or _NOTICE.fullmatch(text))


def by_id(case: Case, text: str) -> str:
    """Return the person of a person id or a notice number, or ""; an id of an earlier run leads to today's."""
    if _PERSON.fullmatch(text.upper()):
        return _today(case, text.upper())
    if _NOTICE.fullmatch(text) and case.has(NOTICES):
        sql = f"SELECT person_id FROM {case.read(NOTICES)} WHERE notice_id = ? LIMIT 1"
        found = case.engine.arrow(sql, [text]).column(0).to_pylist()
        return _today(case, str(found[0])) if found else ""
    return ""


def _today(case: Case, person_id: str) -> str:
    here = case.engine.arrow(
        f"SELECT person_id FROM {case.read(PERSONS)} WHERE person_id = ?", [person_id]
    )
    if here.num_rows:
        return person_id
    if not case.has(PERSON_CHANGES):
        return ""
    moved = case.engine.arrow(
        f"""WITH RECURSIVE path AS (
            SELECT ? AS id UNION
            SELECT c.new_person_id FROM path AS p JOIN {case.read(PERSON_CHANGES)} AS c
            ON c.old_person_id = p.id AND c.kind = 'merged'
        ) SELECT p.person_id FROM path JOIN {case.read(PERSONS)} AS p ON p.person_id = path.id LIMIT 1""",
        [person_id],
    )
    return str(moved.column(0)[0].as_py()) if moved.num_rows else ""


def _named(case: Case, listed: str, found: list[str]) -> list[dict[str, object]]:
    if not found:
        return []
    marks = ", ".join("?" for _ in found)
    rows = case.engine.arrow(
        f"SELECT * FROM {listed} WHERE person_id IN ({marks}) ORDER BY person_id", found
    ).to_pylist()
    return [_shown(r) for r in rows]


def masked(row: dict[str, object]) -> dict[str, object]:
    """Return a row with names and contacts masked, tokens and empty cells left out."""
    return {
        k: mask(k, v)
        for k, v in row.items()
        if v not in (None, [], "") and not k.endswith("_token")
    }


KNOWN_ELEMENTS = tuple(elements())
