"""From persons and their exposed elements to duty groups and duties with dates and reasons."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from amends.duties import grouping, rows
from amends.duties.evaluate import evaluate
from amends.duties.facts import EVENTS, INCIDENT, Facts
from amends.duties.facts_reader import read_facts
from amends.duties.grouping import Bits
from amends.duties.lawbook import law_book
from amends.duties.rows import Determination, GroupKey, Policy
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.persons import PERSON_ELEMENTS, PERSONS

_SURE = "|sure"


def run(case: Case) -> None:
    """Group the persons, ask the law once for each group, and write what is owed to whom by when."""
    engine = case.engine
    with step(case.progress, "duties", 4, "steps") as task:
        bits = _bits(case)
        table = engine.register("duty_bits", pa.table(bits.rows()))
        masks = bits.masks()
        ask = (case.config.flag("breach", "access"), case.config.flag("breach", "acquisition"))
        keyed = engine.materialise(
            "duty_keyed",
            grouping.keyed_sql(
                case.read(PERSONS), case.read(PERSON_ELEMENTS), table, bits.words, ask
            ),
        )
        task.advance()
        found = engine.arrow(grouping.groups_sql(keyed, masks)).to_pylist()
        groups = [_group(row, bits) for row in found]
        task.advance()
        made = determine(case, groups)
        case.write(DUTY_GROUPS, pa.Table.from_pylist(made.groups, DUTY_GROUPS.schema))
        case.write(DUTIES, pa.Table.from_pylist(made.duties, DUTIES.schema))
        task.advance()
        for row, group in zip(found, groups, strict=True):
            row["group_id"] = group.group_id
        joined = engine.register("duty_group_ids", _id_table(found, masks))
        case.write(PERSON_GROUPS, grouping.person_groups_sql(keyed, joined, masks))
        task.advance()
    for name in ("duty_bits", "duty_keyed", "duty_group_ids"):
        engine.drop(name)


def determine(case: Case, groups: list[GroupKey]) -> Determination:
    """Ask the law for each group and return the rows of ``duty_groups`` and ``duties``."""
    policy = _policy(case)
    if not groups:
        return Determination([], [])
    facts = case_facts(case, groups)
    answer = evaluate(facts, law_book(case.folder / "law"))
    return rows.determination(answer, facts, groups, policy, _SURE)


def case_facts(case: Case, groups: list[GroupKey]) -> Facts:
    """Return the facts of a case as the evaluation reads them.

    A group with elements of which only malformed values were found is asked twice: with them, and
    (counting nobody) without, so that a duty resting on them alone is a judgement.
    """
    config = case.config
    asked = [
        _facts_group(g, config.flag("breach", "key_taken"), _residence(case, g)) for g in groups
    ]
    asked += [
        {**_facts_group(g, config.flag("breach", "key_taken"), _residence(case, g)),
         "group": g.group_id + _SURE, "count": 0,
         "elements": [e for e in g.elements if e not in g.possible],
         "secured": [e for e in g.secured if e not in g.possible]}
        for g in groups if g.possible
    ]  # fmt: skip
    events, remarks = _events(case)
    read = read_facts(
        {
            "entity": {
                "roles": list(config.texts("case", "roles")),
                "source_of_breach": config.flag("case", "source_of_breach"),
                "seat": config.text("policy", "entity_state"),
            },
            "events": events,
            "breach": {
                **{
                    key: config.flag("breach", key)
                    for key in ("access", "acquisition", "harm_likely", "id_theft_sufficient")
                },
                "number_usable_alone": None,
                "letter_suggests_credit_report": True,
            },
            "groups": asked,
        }
    )
    return Facts(**{**read.__dict__, "remarks": (*read.remarks, *remarks)})


def _facts_group(group: GroupKey, key_taken: bool, residence: str | None) -> dict[str, object]:
    return {
        "group": group.group_id,
        "residence": residence,
        "count": group.n_persons,
        "elements": group.elements,
        "secured": group.secured,
        "key_taken": key_taken,
        "access": group.accessed,
        "acquisition": group.acquired,
    }


def _residence(case: Case, group: GroupKey) -> str | None:
    """Return the residence to evaluate under: the policy may put the entity's seat for unknown."""
    if not group.residence and case.config.text("policy", "unknown_residence") == "entity":
        return case.config.text("policy", "entity_state") or None
    return group.residence


def _bits(case: Case) -> Bits:
    found = case.engine.arrow(
        f"SELECT DISTINCT element FROM {case.read(PERSON_ELEMENTS)} ORDER BY element"
    )
    return Bits(tuple(found.column("element").to_pylist()))


def _group(row: Mapping[str, object], bits: Bits) -> GroupKey:
    elements, possible, secured = (bits.read(row, name) for name in grouping.SETS)
    residence, status, owner = (str(row[c] or "") for c in ("residence", "status", "owner"))
    accessed, acquired, count = row["accessed"], row["acquired"], row["n_persons"]
    key = [residence, status, owner, accessed, acquired, elements, possible, secured]
    return GroupKey(
        group_id="G" + ids.digest_value(key)[:12],
        residence=residence,
        elements=elements,
        possible=possible,
        secured=secured,
        status=status or "unknown",
        owner=owner,
        accessed=bool(accessed),
        acquired=bool(acquired),
        n_persons=count if isinstance(count, int) else 0,
    )


def _id_table(found: list[dict[str, object]], masks: tuple[str, ...]) -> pa.Table:
    columns = (*grouping.key_columns(masks), "group_id")
    kinds = {"accessed": pa.bool_(), "acquired": pa.bool_()}
    return pa.table(
        {
            c: pa.array(
                [r[c] for r in found], kinds.get(c, pa.int64() if c in masks else pa.string())
            )
            for c in columns
        }
    )


def _events(case: Case) -> tuple[dict[str, object], list[str]]:
    """Return the dated events the law knows; others are left aside, near misses with a remark."""
    found: dict[str, object] = {}
    remarks = []
    known = (*EVENTS, *INCIDENT)
    for kind, event in case.events().items():
        if kind not in known:
            near = difflib.get_close_matches(kind, known, n=1, cutoff=0.8)
            if near:
                remarks.append(f"the event {kind!r} starts no clock; did you mean {near[0]!r}?")
            continue
        at = event.at
        if len(at) > 10 and datetime.fromisoformat(at).tzinfo is None:
            at += "+00:00"
            remarks.append(f"the event {kind!r} has no time zone: taken as UTC")
        found[kind] = {"at": at, "evidence": event.evidence}
    return found, remarks


def _policy(case: Case) -> Policy:
    config, events = case.config, case.events()
    start = next((events[k].at[:10] for k in ("discovery", "determination") if k in events), None)
    decided: dict[str, str] = {}
    for decision in case.decisions("judgement"):
        for key in ("group", "group_id", "residence", "jurisdiction"):
            if key in decision.subject:
                decided[str(decision.subject[key])] = decision.choice
    return Policy(
        tell_in_doubt=config.text("policy", "judgement") == "tell",
        hold_unknown_residence=config.text("policy", "unknown_residence") == "hold",
        target_from=date.fromisoformat(start) if start else None,
        target_days=config.number("policy", "target_days"),
        decided=decided,
    )


def _also(case: Case) -> object:
    """Return what else the result depends on: dated events, decisions, the case's own law."""
    own = case.folder / "law"
    files: list[Path] = sorted(own.glob("*.json")) if own.is_dir() else []
    return {
        "events": {k: [e.at, e.evidence] for k, e in sorted(case.events().items())},
        "decisions": [[d.subject, d.choice] for d in case.decisions("judgement")],
        "law": ids.digest_files(files, own) if files else "",
    }


STAGE = Stage(
    "duties",
    reads=(PERSONS, PERSON_ELEMENTS),
    writes=(DUTY_GROUPS, PERSON_GROUPS, DUTIES),
    run=run,
    also=_also,
)
