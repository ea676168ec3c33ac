"""``out/report.html``: one self-contained file that says what a run found, what is owed and how sure we are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.report import funnel, tilemap
from amends.report.review import review_head
from amends.report.story import has_story, story_data
from amends.report.ways import ways_data
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COVERAGE, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, PERSON_ELEMENTS, PERSONS
from amends.taxonomy.elements import elements

Rows = list[dict[str, object]]

_STEPS = (
    ("items_found", "items found", "things inside the exhibits: tables, mails, pages, attachments"),
    ("items_read", "items read", "the rest are exceptions, each with a remedy"),
    ("records", "records", "rows and mentions that carry somebody's data"),
    ("persons", "people affected", "records resolved to humans and businesses"),
    ("owed", "owed a notice", "by law, or by judgement with the default to tell"),
    ("planned", "notices planned", "ready to be sealed"),
    ("held", "notices held", "a person must look first"),
    ("sealed", "sealed", "frozen for release by two people"),
    ("accepted", "accepted", "taken over by the printer or mail server"),
    ("delivered", "delivered", "proved"),
)


def write_page(case: Case) -> Path:
    """Write the report of the last run and return its path."""
    path = case.out / "report.html"
    fresh = path.with_name(f".report.{ids.new(4)}.html")
    fresh.write_text(_template().render(**page_data(case)), "utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)
    return path


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("amends.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["n"] = lambda value: f"{value:,}" if isinstance(value, int) else value
    return environment.get_template("report.html.j2")


def page_data(case: Case) -> dict[str, object]:
    """Return everything the page shows, computed from tables and registers."""
    counts = funnel.funnel(case)
    by_state = _by_state(case)
    clocks = funnel.clocks(case)
    dated = [c for c in clocks if c.due_on]
    ahead = [c for c in dated if c.days_left is not None and c.days_left >= 0]
    return {
        "case": case.name,
        "entity": case.config.text("case", "entity") or case.name,
        "run": case.run_id(),
        "at": clock.stamp()[:16].replace("T", " ") + " UTC",
        "ledger_head": case.ledger.head()[1],
        "counts": counts,
        "steps": [
            (label, counts[key], why, _share(counts[key], counts)) for key, label, why in _STEPS
        ],
        "sums": funnel.check(counts),
        "waiting": {k.replace("_", " "): n for k, n in funnel.waiting(case).items() if n},
        "clocks": dated[:60],
        "next": next(iter(ahead or dated), None),
        "undated": [c for c in clocks if not c.due_on],
        "map": tilemap.tiles({str(r["residence"]): int(str(r["n"])) for r in by_state}),
        "states": by_state,
        "elements": _by_element(case),
        "matrix": _matrix(case),
        "sources": _sources(case),
        "exceptions": _exceptions(case),
        "unattributed": _unattributed(case),
        "conflicts": _conflicts(case),
        "sure": _sureness(case),
        "not_found": _rows(
            case, f"SELECT * FROM {case.read(COVERAGE)} WHERE NOT found ORDER BY element"
        ),
        "answers": _answers(case),
        "held": _held(case),
        "names": {code: e.names["en", "singular"] for code, e in elements().items()},
        "story": story_data(case) if has_story(case) else None,
        "ways": ways_data(case),
        "review": review_head(case),
        "events": sorted(case.events().values(), key=lambda e: e.at),
    }


def _share(count: int, counts: dict[str, int]) -> float:
    most = max(counts["records"], counts["persons"], 1)
    return round(100 * min(1.0, count / most), 2)


def _rows(case: Case, sql: str) -> Rows:
    return list(case.engine.arrow(sql).to_pylist())


def _by_state(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT coalesce(p.residence, 'unknown') AS residence, count(*) AS n,
               count(*) FILTER (WHERE g.tell) AS told, min(g.due_on) FILTER (WHERE g.tell) AS due_on
        FROM {case.read(PERSONS)} AS p
        LEFT JOIN {_person_groups(case)} AS g USING (person_id)
        GROUP BY 1 ORDER BY n DESC, residence
        """,
    )


def _person_groups(case: Case) -> str:
    return (
        f"(SELECT m.person_id, g.tell, g.due_on FROM {case.read(PERSON_GROUPS)} AS m "
        f"JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id))"
    )


def _by_element(case: Case) -> Rows:
    rows = _rows(
        case,
        f"""
        SELECT element, count(*) AS n, count(*) FILTER (WHERE possible) AS n_possible,
               count(*) FILTER (WHERE secured) AS n_secured
        FROM {case.read(PERSON_ELEMENTS)} GROUP BY element ORDER BY n DESC, element
        """,
    )
    most = max((int(str(r["n"])) for r in rows), default=1)
    return [{**r, "share": round(100 * int(str(r["n"])) / most, 2)} for r in rows]


def _matrix(case: Case) -> dict[str, object]:
    """Return persons by state (the fifteen largest) and element (the twelve most frequent)."""
    top = [str(r["element"]) for r in _by_element(case)[:12]]
    rows = _rows(
        case,
        f"""
        SELECT coalesce(p.residence, 'unknown') AS residence, e.element, count(*) AS n
        FROM {case.read(PERSONS)} AS p JOIN {case.read(PERSON_ELEMENTS)} AS e USING (person_id)
        GROUP BY ALL
        """,
    )
    table: dict[str, dict[str, int]] = {}
    for row in rows:
        table.setdefault(str(row["residence"]), {})[str(row["element"])] = int(str(row["n"]))
    largest = [str(r["residence"]) for r in _by_state(case)[:15]]
    most = max((n for line in table.values() for n in line.values()), default=1)
    lines = [
        (
            state,
            [
                (table.get(state, {}).get(e, 0), _heat(table.get(state, {}).get(e, 0), most))
                for e in top
            ],
        )
        for state in largest
    ]
    return {"elements": top, "lines": lines}


def _heat(count: int, most: int) -> int:
    return 0 if not count else 1 + int(3.999 * (count / most) ** 0.5)


def _sources(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT e.exhibit_id, e.path, e.role, e.owner, e.population, e.size_bytes, e.sha256,
               count(i.item_id) AS n_items, count(*) FILTER (WHERE i.status = 'read') AS n_read,
               coalesce(sum(i.n_rows), 0)::BIGINT AS n_rows
        FROM {case.read(EXHIBITS)} AS e LEFT JOIN {case.read(ITEMS)} AS i USING (exhibit_id)
        GROUP BY ALL ORDER BY e.exhibit_id
        """,
    )


def _exceptions(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT reason, whole, count(*) AS n, min(inner_path) AS example, any_value(exhibit_id) AS exhibit_id,
               any_value(remedy) AS remedy
        FROM {case.read(EXCEPTIONS)} GROUP BY reason, whole ORDER BY whole DESC, n DESC, reason
        """,
    )


def _unattributed(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT reason, sum(n_records)::BIGINT AS n, any_value(remedy) AS remedy,
               list_sort(list_distinct(flatten(list(elements)))) AS elements
        FROM {case.read(UNATTRIBUTED)} GROUP BY reason ORDER BY n DESC
        """,
    )


def _conflicts(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT kind, count(*) AS n, count(*) FILTER (WHERE blocks_notice) AS n_blocking,
               any_value(why) AS why, any_value(suggestion) AS suggestion
        FROM {case.read(CONFLICTS)} GROUP BY kind ORDER BY n DESC
        """,
    )


def _sureness(case: Case) -> dict[str, object]:
    """Return how sure the resolution is of its people, from the weakest tie inside each."""
    row = _rows(
        case,
        f"""
        SELECT count(*) AS n, count(*) FILTER (WHERE n_records + n_roster_records = 1) AS single,
               count(*) FILTER (WHERE n_records + n_roster_records > 1 AND confidence >= .99) AS firm,
               count(*) FILTER (WHERE n_records + n_roster_records > 1
                                AND confidence >= .9 AND confidence < .99) AS good,
               count(*) FILTER (WHERE n_records + n_roster_records > 1 AND confidence < .9) AS weak,
               coalesce(sum(1 - confidence), 0) AS wrong, max(n_records) AS most
        FROM {case.read(PERSONS)}
        """,
    )[0]
    return {
        **row,
        "residence_unknown": _count(case, "residence IS NULL"),
        "nameless": _count(case, "name IS NULL"),
    }


def _count(case: Case, where: str) -> int:
    return int(
        str(_rows(case, f"SELECT count(*) AS n FROM {case.read(PERSONS)} WHERE {where}")[0]["n"])
    )


def _answers(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT notify, count(*) AS n_groups, sum(n_persons)::BIGINT AS n_persons,
               sum(n_persons) FILTER (WHERE tell)::BIGINT AS n_told
        FROM {case.read(DUTY_GROUPS)} GROUP BY notify ORDER BY notify DESC
        """,
    )


def _held(case: Case) -> Rows:
    return _rows(
        case,
        f"""
        SELECT reason, count(*) AS n FROM (SELECT unnest(quarantine) AS reason FROM {case.read(NOTICES)})
        GROUP BY reason ORDER BY n DESC, reason
        """,
    )
