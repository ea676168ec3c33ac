"""The case at a glance: the funnel that sums, the clocks, what waits, counts by state and element, what changed."""

from __future__ import annotations

from markupsafe import Markup

from amends.console.base import Facts, Visit, page
from amends.console.claims import site_status
from amends.console.desk import Desk
from amends.kernel import clock
from amends.report import diff, funnel, tilemap
from amends.report import page as report
from amends.report.funnel import Standing

SHOWN_CLOCKS = 14

STEPS = (
    ("items_found", "intake", "things found in the exhibits"),
    ("items_read", "readable", "read; the rest are exceptions"),
    ("records", "elements", "rows and mentions with somebody's data"),
    ("persons", "persons", "humans and businesses"),
    ("owed", "owed", "to be told, by law or by judgement"),
    ("sealed", "sealed", "frozen, for two people to release"),
    ("accepted", "sent", "taken over by the printer or mail server"),
    ("delivered", "delivered", "proved"),
)
"""Key of the funnel, its word, what it counts."""

WAITING = {
    "exceptions": "/exceptions",
    "doubtful_columns": "/review",
    "doubtful_links": "/review",
    "unattributed": "/exceptions",
    "conflicts": "/review",
    "judgements": "/duties",
    "held_notices": "/people?stands=held",
    "unknown_deliveries": "/release",
}
"""Kind of what waits → where it is settled."""


@page("/", name="home", area="home", template="home.html", rows="funnel")
def home(visit: Visit) -> Facts:
    """Show how the case stands."""
    desk = visit.desk
    now = standing(desk)
    board = heavy(desk) if desk.run_id() != "R0000" else None
    return {
        "standing": now,
        "funnel": _steps(now),
        "sums": _sums(now),
        "clocks": _clocks(now),
        "waiting": [
            {"kind": kind, "n": n, "at": WAITING[kind]} for kind, n in now["waiting"].items() if n
        ],
        "board": board,
        "changes": changes(desk),
        "portal": portal_status(visit),
        "_map": Markup(_map(board)) if board else "",  # noqa: S704 - our own drawing, names escaped
    }


def standing(desk: Desk) -> Standing:
    """Return what ``amends status --json`` prints, counted anew when anything it counts has changed."""

    def make() -> Standing:
        with desk.case() as case:
            return funnel.status(case)

    return {
        **desk.kept("standing", _standing_key(desk), make),
        "ledger_head": desk.ledger.head()[1],
    }


def _standing_key(desk: Desk) -> object:
    deliveries = desk.folder / "deliveries.jsonl"
    sent = deliveries.stat().st_size if deliveries.exists() else 0
    return (desk.tables_stamp(), desk.acts_stamp(), sent, clock.now().date(), desk.minute())


def heavy(desk: Desk) -> dict[str, object]:
    """Return counts by state and element and how sure the run is: what only a new run changes."""

    def make() -> dict[str, object]:
        with desk.case() as case:
            found = report.page_data(case)
        kept = ("states", "elements", "matrix", "sure", "answers", "held", "not_found", "run")
        return {name: found[name] for name in kept}

    return desk.kept("board", (desk.tables_stamp(), desk.run_id()), make)


def changes(desk: Desk) -> dict[str, object] | None:
    """Return who is newly owed, owed more or less, or no longer, since the run before; ``None`` before the second."""

    def make() -> dict[str, object] | None:
        with desk.case() as case:
            runs = diff.runs(case)
            if len(runs) < 2:
                return None
            return {
                "old": runs[-2],
                "new": runs[-1],
                "counts": diff.counts(case, runs[-2], runs[-1]),
            }

    return desk.kept("changes", desk.run_id(), make)


def warm(desk: Desk) -> None:
    """Count what the first page shows before anybody asks."""
    if desk.run_id() == "R0000":
        return
    standing(desk)
    heavy(desk)
    changes(desk)


def _steps(now: Standing) -> list[dict[str, object]]:
    counts = now["funnel"]
    return [{"step": word, "n": counts[key], "what": what, "key": key} for key, word, what in STEPS]


def _sums(now: Standing) -> list[dict[str, object]]:
    """Return the sums of the funnel, and whether each holds."""
    n = now["funnel"]
    sums: tuple[tuple[str, int, tuple[tuple[str, int], ...]], ...] = (
        (
            "intake",
            n["items_found"],
            (("readable", n["items_read"]), ("exceptions", n["exceptions"])),
        ),
        ("owed", n["owed"], (("planned or sealed", n["planned"]), ("held", n["held"]))),
        (
            "sent",
            n["accepted"],
            (
                ("delivered", n["delivered"]),
                ("returned", n["returned"]),
                ("no word yet", n["accepted"] - n["delivered"] - n["returned"]),
            ),
        ),
    )
    return [
        {"whole": whole, "n": total, "parts": [{"part": p, "n": k} for p, k in parts],
         "holds": total == sum(k for _, k in parts)}
        for whole, total, parts in sums
    ]  # fmt: skip


def _clocks(now: Standing) -> dict[str, object]:
    dated = [c for c in now["clocks"] if c["due_on"]]
    late = [c for c in dated if str(c["days_left"]).startswith("-")]
    ahead = [c for c in dated if c not in late]
    return {
        "late": len(late),
        "undated": len(now["clocks"]) - len(dated),
        "next": ahead[:SHOWN_CLOCKS] or late[-SHOWN_CLOCKS:],
        "today": clock.now().date().isoformat(),
    }


def _map(board: dict[str, object]) -> str:
    states = board["states"]
    assert isinstance(states, list)
    return tilemap.tiles({str(r["residence"]): int(r["n"]) for r in states})


def portal_status(visit: Visit) -> dict[str, object] | None:
    """Return edition, claims, stock and alarms of the site, for those who may see them; ``None`` where none is set."""
    if not visit.may("claims"):
        return None
    return site_status(visit.desk)


@page("/changes", name="changes", area="home", template="changes.html", rows="persons")
def changed_people(visit: Visit) -> Facts:
    """Show who is owed something else than in the run before."""
    with visit.case() as case:
        runs = diff.runs(case)
        old, new = visit.asked("old"), visit.asked("new")
        old, new = old or runs[max(0, len(runs) - 2)], new or runs[-1]
        kind = visit.asked("change")
        sql = f"SELECT * FROM ({diff.diff_sql(case, old, new)})"
        rows = case.engine.arrow(
            f"{sql} WHERE ? IN ('', change) ORDER BY change, person_id LIMIT 500", [kind]
        ).to_pylist()
    return {
        "old": old,
        "new": new,
        "runs": runs,
        "change": kind,
        "kinds": diff.CHANGES,
        "persons": rows,
    }
