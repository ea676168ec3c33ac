"""The order of the steps: read every exhibit once, make records, learn links, write the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from amends.elements.coverage import coverage_rows
from amends.elements.harvest import Harvest
from amends.elements.links import learn_links, obey
from amends.elements.links_tie import tie_rows, tied_records_sql
from amends.elements.records_base import ItemFacts
from amends.elements.records_values import rows_table
from amends.elements.stage_tables import link_rows, unattributed_sql
from amends.kernel.case import Case
from amends.kernel.contents import DocumentPart, TablePart
from amends.kernel.stage import Stage
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS, COVERAGE, FINDINGS, LINKS, RECORDS, UNATTRIBUTED
from amends.vault import Tokens, create_keys

_ROLES = ("stolen", "roster")


@dataclass(frozen=True)
class _Exhibit:
    exhibit_id: str
    path: Path
    name: str
    size_bytes: int
    role: str
    owner: str
    population: str
    store: str
    as_of_on: date | None
    items: dict[str, tuple[str, int]]


def run(case: Case) -> None:
    """Write which personal data is where, and a record for every row and mention of somebody."""
    if not case.has(RECORDS):
        create_keys(case.folder / "keys")
    with case.scratch("elements") as scratch:
        harvest = Harvest(Tokens(case.folder / "keys"), scratch, _column_decisions(case))
        exhibits = _exhibits(case)
        harvest.looked.n_unread = _unread(case)
        total = sum(e.size_bytes for e in exhibits)
        task = case.progress.task("Looking for personal data", total, "bytes")
        for exhibit in exhibits:
            task.say(exhibit.exhibit_id)
            _read(case, exhibit, harvest)
            task.advance(exhibit.size_bytes)
        case.progress.finish(task)
        harvest.close()
        _write(case, harvest)


def _read(case: Case, exhibit: _Exhibit, harvest: Harvest) -> None:
    for part in case.contents.parts(exhibit.path):
        if not isinstance(part, TablePart | DocumentPart):
            continue
        known = exhibit.items.get(part.inner_path)
        if known is None:
            continue
        facts = ItemFacts(
            known[0], known[1], exhibit.exhibit_id, exhibit.role, exhibit.owner,
            exhibit.population, exhibit.store, exhibit.as_of_on,
        )  # fmt: skip
        if isinstance(part, TablePart):
            harvest.take_table(part, facts, exhibit.name)
        else:
            harvest.take_document(part, facts)


def _write(case: Case, harvest: Harvest) -> None:
    links = obey(learn_links(harvest.key_columns, harvest.declared), _link_decisions(case))
    used = [link for link in links if link.in_use]
    tied = tie_rows(case.engine, used, harvest.key_files)
    records = case.engine.view("elements_records", harvest.record_files)
    case.write(RECORDS, tied_records_sql(records, tied))
    case.write(LINKS, rows_table(LINKS, link_rows(case.engine, links, tied)))
    case.write(COLUMNS, rows_table(COLUMNS, harvest.column_rows))
    case.write(FINDINGS, harvest.findings())
    written = case.read(RECORDS)
    case.write(UNATTRIBUTED, unattributed_sql(written, [link.source.item_id for link in used]))
    case.write(COVERAGE, rows_table(COVERAGE, coverage_rows(harvest.looked)))


def _exhibits(case: Case) -> list[_Exhibit]:
    items: dict[str, dict[str, tuple[str, int]]] = {}
    listed = case.engine.arrow(
        f"SELECT exhibit_id, inner_path, item_id, item_no FROM {case.read(ITEMS)} ORDER BY item_no"
    )
    for row in listed.to_pylist():
        held = items.setdefault(row["exhibit_id"], {})
        held[row["inner_path"]] = (row["item_id"], row["item_no"])
    rows = case.engine.arrow(f"SELECT * FROM {case.read(EXHIBITS)} ORDER BY exhibit_id").to_pylist()
    return [
        _Exhibit(
            row["exhibit_id"], _place(case, row["place"]), row["path"], row["size_bytes"] or 0,
            row["role"], row["owner"] or "", row["population"] or "", row["store"] or "",
            row["as_of_on"], items.get(row["exhibit_id"], {}),
        )
        for row in rows
        if row["role"] in _ROLES
    ]  # fmt: skip


def _place(case: Case, place: str) -> Path:
    path = Path(place)
    return path if path.is_absolute() else case.folder / path


def _unread(case: Case) -> int:
    found = case.engine.arrow(
        f"SELECT count(*) AS n FROM {case.read(ITEMS)} AS i JOIN {case.read(EXHIBITS)} AS e\n"
        "ON i.exhibit_id = e.exhibit_id WHERE i.status = 'exception' AND e.role = 'stolen'"
    )
    return int(found.column("n")[0].as_py())


def _column_decisions(case: Case) -> dict[tuple[str, str], tuple[str | None, str]]:
    """Return (item, column) → element (null for none) and the decision's id."""
    out: dict[tuple[str, str], tuple[str | None, str]] = {}
    for made in case.decisions("column"):
        choice = made.choice.strip()
        element = None if choice in ("", "none", "null", "nothing") else choice
        subject = made.subject
        item = str(subject.get("item_id") or subject.get("item") or "")
        out[item, str(subject.get("column", ""))] = (element, made.decision_id)
    return out


def _link_decisions(case: Case) -> dict[str, tuple[bool, str]]:
    """Return link id → whether it may be used, and the decision's id."""
    out = {}
    for made in case.decisions("link"):
        link = str(made.subject.get("link_id") or made.subject.get("link") or "")
        out[link] = (
            made.choice.strip().lower() in ("yes", "use", "in_use", "true"),
            made.decision_id,
        )
    return out


def _also(case: Case) -> object:
    """Return the decisions the result depends on."""
    made = [*case.decisions("column"), *case.decisions("link")]
    return [[d.decision_id, d.choice] for d in made]


STAGE = Stage(
    "elements",
    reads=(EXHIBITS, ITEMS),
    writes=(COLUMNS, FINDINGS, RECORDS, LINKS, UNATTRIBUTED, COVERAGE),
    run=run,
    also=_also,
)
