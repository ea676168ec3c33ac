"""Which records are one human, and what is known of each.

Reads ``records`` and decisions; writes memberships, persons, person_elements, conflicts and person_changes.
"""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.persons import people as describe
from amends.persons.answered import unanswered
from amends.persons.cluster import Decisions, cluster
from amends.persons.conflicts import conflicts
from amends.persons.hashing import I64, U64
from amends.persons.identity import (
    Persons,
    Previous,
    carried,
    decode,
    encode,
    persons_of,
    record_digests,
)
from amends.persons.reasons import reasons
from amends.persons.records import COLUMNS, record_features
from amends.persons.trust import trust
from amends.tables.elements import RECORDS
from amends.tables.persons import CONFLICTS, MEMBERSHIPS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import TAKEN


def run(case: Case) -> None:
    """Resolve the records to persons and say what is known of each."""
    with step(case.progress, "Resolving persons", 5) as task:
        records = case.read(RECORDS)
        features = record_features(
            case.engine.batches(f"SELECT {', '.join(COLUMNS)} FROM {records}")
        )
        task.advance()
        record_id = features.record_id
        clusters = cluster(features, _decisions(case, record_id))
        task.advance()
        digests = record_digests(clusters)
        people = persons_of(clusters, digests, _previous(case))
        changes = _changes(case, people)
        is_roster, day = _columns(case)
        affected = np.zeros(len(people.numbers), bool)  # who is known only from a roster is not
        affected[people.person[~is_roster]] = True
        case.write(CONFLICTS, unanswered(case, conflicts(record_id, clusters, people, affected)))
        task.advance()
        said, weight, rule = reasons(clusters)
        statements = trust(clusters, people.person, is_roster, day)
        table = pa.table(
            {
                "record_id": record_id,
                "person_id": encode(people.numbers).take(pa.array(people.person)),
                "reason": said,
                "weight": pa.array(weight, from_pandas=True),
                "rule": rule,
                "trust_contact": statements.contact,
                "trust_name": statements.name,
                "trust_born": statements.born,
            }
        )
        members = case.engine.register(
            "persons_members", table.filter(pa.array(affected[people.person]))
        )
        _write_memberships(case, members, digests, record_id)
        task.advance()
        _describe(case, members, records)
        case.write(PERSON_CHANGES, changes)
        for name in (*_MADE, *_DECIDED.values()):
            case.engine.drop(name)
        task.advance()


def _decisions(case: Case, record_id: I64) -> Decisions:
    return Decisions(_pairs(case, record_id, "merge"), _pairs(case, record_id, "keep_apart"))


def _pairs(case: Case, record_id: I64, kind: str) -> tuple[tuple[int, int], ...]:
    """Return decided pairs of rows: to merge, each with the next; to keep apart, each with each."""
    found: list[tuple[int, int]] = []
    for decision in case.decisions(kind):
        subject = decision.subject.get("records", ())
        wanted = np.array(
            [int(str(r)) for r in subject] if isinstance(subject, list) else [], np.int64
        )
        at = np.minimum(np.searchsorted(record_id, wanted), max(len(record_id) - 1, 0))
        rows = [
            int(r) for r, w in zip(at, wanted, strict=True) if len(record_id) and record_id[r] == w
        ]
        if kind == "merge":
            found.extend(itertools.pairwise(rows))
        else:
            found.extend((a, b) for i, a in enumerate(rows) for b in rows[i + 1 :])
    return tuple(found)


def _previous(case: Case) -> Previous | None:
    """Return who was who in the run before."""
    if not case.has(MEMBERSHIPS):
        return None
    before = case.engine.arrow(f"SELECT fingerprint, person_id FROM {case.read(MEMBERSHIPS)}")
    if not before.num_rows:
        return None
    digests = before.column("fingerprint").combine_chunks().to_numpy(zero_copy_only=False)
    return Previous(
        digests.astype(np.int64).view(np.uint64),
        decode(before.column("person_id").combine_chunks()),
    )


def _columns(case: Case) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
    """Return whether each record is a roster's, and the day its exhibit describes, by ``record_id``."""
    rows = case.engine.arrow(
        f"SELECT role = 'roster' AS is_roster, coalesce(as_of_on - DATE '1970-01-01', 0)::INTEGER AS day"
        f" FROM {case.read(RECORDS)} ORDER BY record_id"
    )
    is_roster = rows.column("is_roster").combine_chunks().fill_null(False)
    day = rows.column("day").combine_chunks()
    return is_roster.to_numpy(zero_copy_only=False), day.to_numpy(zero_copy_only=False)


def _write_memberships(case: Case, members: str, digests: U64, record_id: I64) -> None:
    table = pa.table({"record_id": record_id, "fingerprint": digests.view(np.int64)})
    known = case.engine.register("persons_digests", table)
    case.write(
        MEMBERSHIPS,
        f"SELECT m.record_id, m.person_id, d.fingerprint, m.reason, m.weight, m.rule"
        f" FROM {members} AS m JOIN {known} AS d ON d.record_id = m.record_id ORDER BY m.record_id",
    )


_MADE = ("persons_members", "persons_digests", "persons_gathered", "persons_standing")
_DECIDED = {
    "residence": "persons_residence",
    "status": "persons_status",
    "not_theirs": "persons_not_theirs",
    "theirs": "persons_theirs",
}


def _describe(case: Case, members: str, records: str) -> None:
    """Write elements and persons."""
    denied, added = _of_records(case, "not_theirs"), _of_records(case, "theirs")
    breach = case.config
    exposed = describe.elements_sql(
        members,
        records,
        denied,
        added,
        _standing(case),
        breach.flag("breach", "access"),
        breach.flag("breach", "acquisition"),
    )
    case.write(PERSON_ELEMENTS, f"SELECT * FROM ({exposed}) AS e ORDER BY person_id, element")
    decided = {kind: _decided(case, kind) for kind in ("residence", "status")}
    joined = f"({describe.joined_sql(members, records)}) AS j"
    gathered = case.engine.materialise("persons_gathered", describe.gathered_sql(joined))
    sql = describe.persons_sql(
        gathered,
        case.read(PERSON_ELEMENTS),
        decided,
        event_day(case),
        case.config.number("policy", "minor_age"),
    )
    case.write(PERSONS, f"SELECT * FROM ({sql}) AS p ORDER BY person_id")


def _standing(case: Case) -> str:
    """Make readable what the logs say of each store; nothing where there are none, or they are not to be asked."""
    if case.has(TAKEN) and case.config.flag("breach", "from_logs"):
        return case.engine.materialise("persons_standing", describe.standing_sql(case.read(TAKEN)))
    nothing = pa.schema(
        [
            ("store", pa.string()),
            ("element", pa.string()),
            ("accessed", pa.bool_()),
            ("acquired", pa.bool_()),
        ]
    )
    return case.engine.register("persons_standing", nothing.empty_table())


def _decided(case: Case, kind: str) -> str:
    """Make decisions about persons readable in SQL: one row is (person_id, choice)."""
    made = {str(d.subject["person_id"]): d.choice for d in case.decisions(kind)}
    table = pa.table(
        {
            "person_id": pa.array(list(made), pa.string()),
            "choice": pa.array(list(made.values()), pa.string()),
        }
    )
    return case.engine.register(_DECIDED[kind], table)


def event_day(case: Case) -> date:
    """Return the day on which ages are taken: discovery, else the breach itself, else today."""
    events = case.events()
    for kind in ("discovery", "determination", "breach_to", "breach_from"):
        if kind in events:
            return date.fromisoformat(events[kind].at[:10])
    return clock.now().date()


def _changes(case: Case, people: Persons) -> pa.Table:
    """Return every move since the first run: who was told under an earlier id is found under today's."""
    today = [(c.kind, c.old, c.new, c.n_records) for c in people.changes]
    earlier: list[tuple[str, str, str, int]] = []
    if case.has(PERSON_CHANGES):
        log = case.engine.arrow(
            f"SELECT kind, old_person_id, new_person_id, n_records FROM {case.read(PERSON_CHANGES)}"
        )
        earlier = list(zip(*(column.to_pylist() for column in log.columns), strict=True))
    named = pa.array([i for _, old, new, _ in earlier for i in (old, new)], pa.string())
    alive = set(named.filter(pa.array(np.isin(decode(named), people.numbers))).to_pylist())
    rows = carried(earlier, today, alive)
    return pa.table(
        dict(zip(PERSON_CHANGES.names, map(list, zip(*rows, strict=True)), strict=True))
        if rows
        else {name: [] for name in PERSON_CHANGES.names},
        schema=PERSON_CHANGES.schema,
    )


def _of_records(case: Case, kind: str) -> str:
    """Make decisions about an element of a record readable as ``record_id, element``, and return the name."""
    made = [
        (int(str(d.subject["record_id"])), str(d.subject["element"])) for d in case.decisions(kind)
    ]
    table = pa.table(
        {
            "record_id": pa.array([r for r, _ in made], pa.int64()),
            "element": pa.array([e for _, e in made], pa.string()),
        }
    )
    return case.engine.register(_DECIDED[kind], table)


def _also(case: Case) -> object:
    """Return what else the persons depend on: decisions and the day of the event."""
    kinds = ("merge", "keep_apart", "not_theirs", "theirs", "residence", "status", "conflict")
    return {
        "decisions": [(k, d.subject, d.choice) for k in kinds for d in case.decisions(k)],
        "event_on": event_day(case).isoformat(),
    }


STAGE = Stage(
    "persons",
    reads=(RECORDS, TAKEN),
    writes=(MEMBERSHIPS, PERSONS, PERSON_ELEMENTS, CONFLICTS, PERSON_CHANGES),
    run=run,
    also=_also,
)
