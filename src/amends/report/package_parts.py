"""What each file of a package holds. An empty answer leaves the file out."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv

from amends import custody
from amends.duties import case_worksheets
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.schema import Table
from amends.paths import as_json
from amends.paths.stage import case_answer
from amends.report import exports, funnel, spreadsheet
from amends.report.package_names import Names
from amends.report.timeline_exports import stix_text, story_html, swimlane_text
from amends.tables.persons import PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import DETECTIONS, GAPS, HOPS, INDICATORS, STATEMENTS

if TYPE_CHECKING:
    from amends.report.package import Order


def _csv(rows: pa.Table) -> bytes:
    """Return rows as CSV that a spreadsheet opens without running anything in it."""
    out = io.BytesIO()
    flat = [spreadsheet.flat(batch) for batch in rows.to_batches()]
    table = (
        pa.Table.from_batches(flat)
        if flat
        else pa.table({n: pa.array([], pa.string()) for n in rows.column_names})
    )
    pacsv.write_csv(table, out)
    return out.getvalue()


def _query(case: Case, names: Names, sql: str) -> bytes:
    rows = case.engine.arrow(sql)
    return _csv(names.table(rows)) if rows.num_rows else b""


def _json(value: object) -> bytes:
    return (
        json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"
    ).encode()


def facts(case: Case, order: Order, names: Names) -> bytes:
    """Return the case in figures, with nobody in it."""
    counted = case.engine.arrow(
        f"SELECT element, count(*) AS persons FROM {case.read(PERSON_ELEMENTS)} GROUP BY element ORDER BY element"
    )
    return _json(
        {
            "case": case.name,
            "entity": case.config.text("case", "entity"),
            "run": case.run_id(),
            "what_happened": names.text(case.config.text("case", "what_happened")),
            "events": [
                {"kind": e.kind, "at": e.at, "evidence": e.evidence}
                for e in sorted(case.events().values(), key=lambda e: (e.at, e.kind))
            ],
            "persons": funnel.funnel(case)["persons"],
            "persons_by_element": {r["element"]: r["persons"] for r in counted.to_pylist()},
        }
    )


def story(case: Case, order: Order, names: Names) -> bytes:
    """Return the narrative: question, answer, standing; only what is proved or likely, unless privileged."""
    rows = case.engine.arrow(
        f"SELECT question, sentence, standing, len(event_ids) AS n FROM {case.read(STATEMENTS)} ORDER BY position"
    ).to_pylist()
    out, asked = [], ""
    for row in rows:
        if row["question"] != asked:
            asked = row["question"]
            out += ["", asked]
        carried = f"; {row['n']:,} lines" if row["n"] else ""
        out.append(f"  {names.text(row['sentence'])}  [{row['standing']}{carried}]")
    return ("\n".join(out).strip() + "\n").encode() if out else b""


def chain(case: Case, order: Order, names: Names) -> bytes:
    """Return the steps of the chain."""
    return _query(case, names, exports.named_sql(case, "chain"))


def taken(case: Case, order: Order, names: Names) -> bytes:
    """Return what was taken."""
    return _query(case, names, exports.named_sql(case, "taken"))


def swimlane(case: Case, order: Order, names: Names) -> bytes:
    """Return the steps as a picture."""
    return names.text(swimlane_text(case)).encode()


def timesketch(case: Case, order: Order, names: Names) -> bytes:
    """Return the events of the steps."""
    return _query(case, names, exports.named_sql(case, "timeline"))


def stix(case: Case, order: Order, names: Names) -> bytes:
    """Return the traces of the intruder as STIX; the company's own hosts and accounts only where they were chosen."""
    return names.text(stix_text(case, internal="accounts" in order.chosen)).encode()


def story_page(case: Case, order: Order, names: Names) -> bytes:
    """Return the story as a page; only where accounts were chosen, because it shows the lines of the logs."""
    return story_html(case).encode()


def gaps(case: Case, order: Order, names: Names) -> bytes:
    """Return the spans of which no log speaks."""
    return _query(case, names, _all(case, GAPS, "from_at NULLS FIRST, host, log"))


def indicators(case: Case, order: Order, names: Names) -> bytes:
    """Return the traces of the intruder; accounts of the company's own only where they were chosen."""
    where = "" if "accounts" in order.chosen else "WHERE kind <> 'account'"
    return _query(
        case, names, f"SELECT * FROM {case.read(INDICATORS)} {where} ORDER BY kind, value"
    )


def all_steps(case: Case, order: Order, names: Names) -> bytes:
    """Return every step that was weighed."""
    return _query(case, names, _all(case, HOPS, 'status, step NULLS LAST, "at", hop_id'))


def detections(case: Case, order: Order, names: Names) -> bytes:
    """Return every detection."""
    return _query(case, names, _all(case, DETECTIONS, '"at", rule_id, detection_id'))


def _all(case: Case, table: Table, order: str) -> str:
    return f"SELECT * FROM {case.read(table)} ORDER BY {order}"


def journal(case: Case, order: Order, names: Names) -> bytes:
    """Return the custody journal as it is sealed."""
    return _written(case, ".jsonl", custody.export_custody)


def case_uco(case: Case, order: Order, names: Names) -> bytes:
    """Return the custody journal as CASE/UCO."""
    return _written(case, ".jsonld", custody.export_custody)


def certificate(case: Case, order: Order, names: Names) -> bytes:
    """Return the custody certificate."""
    return _written(case, ".pdf", custody.export_custody)


def witness(case: Case, order: Order, names: Names) -> bytes:
    """Return what a witness keeps."""
    return (ids.canonical_json(custody.witness_copy(case)) + "\n").encode()


def _written(case: Case, ending: str, write: Callable[[Case, Path], object]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="amends-") as place:
        path = Path(place) / f"part{ending}"
        write(case, path)
        return path.read_bytes()


def filings(case: Case, order: Order, names: Names) -> bytes:
    """Return the worksheets of filings, of one authority where one is named.

    Raises:
        UsageError: Nothing is owed to the authority named.
    """
    sheets = case_worksheets(case)
    if order.regulator:
        named = [s for s in sheets if order.regulator in (s.get("jurisdiction"), s.get("to"))]
        if not named:
            known = sorted({str(s.get("jurisdiction")) for s in sheets})
            raise UsageError(
                f"Nothing is owed to a regulator called {order.regulator!r}",
                remedy="regulators are: " + " ".join(known),
            )
        sheets = named
    return _json({"run": case.run_id(), "filings": sheets})


def deadlines(case: Case, order: Order, names: Names) -> bytes:
    """Return the calendar."""
    return _query(case, names, exports.named_sql(case, "calendar"))


def states(case: Case, order: Order, names: Names) -> bytes:
    """Return counts of people by state and element."""
    return _query(
        case,
        names,
        f"""
        SELECT coalesce(p.residence, 'unknown') AS residence, e.element, count(*) AS persons
        FROM {case.read(PERSONS)} AS p JOIN {case.read(PERSON_ELEMENTS)} AS e USING (person_id)
        GROUP BY ALL ORDER BY ALL
        """,
    )


def notification_list(case: Case, order: Order, names: Names) -> bytes:
    """Return the people to be told."""
    return _csv(case.engine.arrow(exports.named_sql(case, "notification-list")))


def person_elements(case: Case, order: Order, names: Names) -> bytes:
    """Return the elements of each person."""
    return _csv(case.engine.arrow(exports.named_sql(case, "person-elements")))


def paths(case: Case, order: Order, names: Names) -> bytes:
    """Return the ways to customer data and what closes them."""
    found = case_answer(case)
    return b"" if found is None else _json(as_json(found))


def decisions(case: Case, order: Order, names: Names) -> bytes:
    """Return every decision people made."""
    made = [
        {"decision_id": d.decision_id, "kind": d.kind, "choice": d.choice, "at": str(d.at), "by": d.by, "note": d.note,
         "subject": ids.canonical_json(d.subject)}
        for d in case.decisions()
    ]  # fmt: skip
    return _csv(pa.Table.from_pylist(made)) if made else b""
