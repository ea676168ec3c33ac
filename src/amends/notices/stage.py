"""The plan of notices: read the duties and the people, write one planned piece for each person who is to be told."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa

from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.notices import keys, seals
from amends.notices.check import faults
from amends.notices.compose import compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Variant
from amends.notices.plan import PlanSources, Policy, channels_sql, notices_sql, owed_sql, texts_sql
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COVERAGE
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS

# Case events by which the dates of the breach are known, the most exact first.
_BEGAN = (
    "breach_from",
    "breach_began",
    "breach_start",
    "initial_access",
    "breach",
    "date_of_breach",
    "incident",
    "occurrence",
)
_ENDED = ("breach_to", "breach_ended", "breach_end", "exfiltration_ended", "containment")
_HELD = ("law_enforcement_hold", "law_enforcement_hold_from")

_OWN_PRODUCTS = {
    "guardian": "minor_product",
    "next_of_kin": "next_of_kin_product",
    "business": "business_product",
}

# The offer stays open this long after the notice: longer than the slowest mail and the first returned letter.
ENROL_DAYS = 90


def run(case: Case) -> None:
    """Plan a notice for each person who is to be told and was not told all of it before."""
    policy = Policy(case.config.text("policy", "minors"), case.config.text("policy", "deceased"))
    with step(case.progress, "Planning notices", 4) as task:
        sources = _sources(case)
        owed = case.engine.materialise("notices_owed", owed_sql(sources, policy))
        task.advance()
        sources = _with_texts(case, sources, owed)
        task.advance()
        channels = case.engine.materialise("notices_channels", channels_sql(owed, sources.persons))
        task.advance()
        edition = len(seals.in_force(case)) + 1
        planned = notices_sql(sources, channels, policy, edition)
        case.write(NOTICES, _with_sealed(case, planned))
        task.advance()
    for name in (
        "notices_owed",
        "notices_channels",
        "notices_texts",
        "notices_key",
        "notices_told",
        "notices_decided",
    ):
        case.engine.drop(name)


def _sources(case: Case) -> PlanSources:
    return PlanSources(
        persons=case.read(PERSONS),
        person_groups=case.read(PERSON_GROUPS),
        duty_groups=case.read(DUTY_GROUPS),
        conflicts=case.read(CONFLICTS),
        told=seals.told(case),
        decided=_decided(case),
        key=case.engine.register("notices_key", pa.table({"key": [keys.notice_key(case).hex()]})),
    )


def _decided(case: Case) -> str:
    """Make what people decided about single notices readable, and return its name.

    A decision of the kind ``quarantine`` names a ``person`` (or ``persons``); its choice is ``release`` or the
    reason for which the notice is held (``litigation_hold``, ``sealed_address`` …).
    """
    rows: dict[str, str] = {}
    for decision in case.decisions("quarantine"):
        named = decision.subject.get("persons") or [
            decision.subject.get("person") or decision.subject.get("person_id")
        ]
        for person in named if isinstance(named, list) else [named]:
            rows[str(person)] = decision.choice
    table = pa.table(
        {
            "person_id": pa.array(list(rows), pa.string()),
            "choice": pa.array(list(rows.values()), pa.string()),
        }
    )
    return case.engine.register("notices_decided", table)


def _with_texts(case: Case, sources: PlanSources, owed: str) -> PlanSources:
    """Compose and check every distinct text once; make the answers readable."""
    facts = letter_facts(case, clock.now().date())
    groups = duty_texts(case)
    rows = case.engine.arrow(texts_sql(owed)).to_pylist()
    refused: dict[str, str | None] = {}
    for row in rows:
        variant = variant_of(groups[row["group_id"]], row["language"], row["audience"], row["kind"])
        row["variant"] = name = variant_id(variant)
        if name not in refused:
            refused[name] = next(iter(faults(compose(variant, facts))), None)
        row["refused"] = refused[name]
    schema = pa.schema([
        ("group_id", pa.string()), ("language", pa.string()), ("audience", pa.string()), ("kind", pa.string()),
        ("n_persons", pa.int64()), ("variant", pa.string()), ("refused", pa.string()),
    ])  # fmt: skip
    name = case.engine.register("notices_texts", pa.Table.from_pylist(rows, schema))
    return PlanSources(**{**sources.__dict__, "variants": name})


def _with_sealed(case: Case, planned: str) -> str:
    """Return SQL of the planned notices and all that earlier seals froze."""
    frozen = seals.all_rows(case)
    columns = ", ".join(f'"{c}"' for c in NOTICES.names)
    if frozen is None:
        return planned
    return f"SELECT {columns} FROM ({planned}) AS fresh UNION ALL SELECT {columns} FROM {frozen}"


GroupText = tuple[DutyText, tuple[ExposedElement, ...]]


_LISTS = ("elements", "secured", "possible", "jurisdictions", "content", "forbidden", "format")


def duty_texts(case: Case) -> dict[str, GroupText]:
    """Return what the law asks and what was exposed, by duty group."""
    lists = ", ".join(f"array_to_string({name}, ' ') AS {name}" for name in _LISTS)
    found = case.engine.arrow(
        f"""SELECT group_id, residence, acquired, accessed, id_protection_months, {lists}
        FROM {case.read(DUTY_GROUPS)} WHERE tell"""
    ).to_pylist()
    return {row["group_id"]: _group_text(row) for row in found}


def _group_text(row: dict[str, Any]) -> GroupText:  # Any: a row; lists come as words
    exposure = "taken" if row["acquired"] else "seen" if row["accessed"] else "exposed"
    secured, possible = _codes(row["secured"]), _codes(row["possible"])
    exposed = tuple(
        _exposed(e, exposure, e in secured, e in possible)
        for e in sorted((row["elements"] or "").split())
    )
    # The person's own residence leads: the letter prints that state's office.
    jurisdictions = dict.fromkeys(
        [row["residence"] or "UNKNOWN", *(row["jurisdictions"] or "").split()]
    )
    duty = _duty(
        tuple(j for j in jurisdictions if j),
        row["content"], row["forbidden"], row["format"], row["id_protection_months"] or 0,
    )  # fmt: skip
    return duty, exposed


_exposed = lru_cache(maxsize=4096)(ExposedElement)


@lru_cache(maxsize=65536)
def _codes(words: str | None) -> frozenset[str]:
    return frozenset((words or "").split())


@lru_cache(maxsize=65536)
def _duty(
    jurisdictions: tuple[str, ...], content: str, forbidden: str, form: str, months: int
) -> DutyText:
    return DutyText(jurisdictions, _codes(content), _codes(forbidden), _codes(form), months)


def variant_of(text: GroupText, language: str, audience: str, kind: str) -> Variant:
    """Return the text that a person of a group gets."""
    return Variant(text[0], text[1], language, audience, kind == "update")


def variant_id(variant: Variant) -> str:
    """Return V and a digest of everything that the words depend on, but for the facts of the incident."""
    exposed = [(e.element, e.exposure, e.encrypted, e.possible) for e in variant.elements]
    audience = [variant.language, variant.audience, variant.update]
    return "V" + ids.digest_value([_duty_id(variant.duty), exposed, audience])[:10]


@lru_cache(maxsize=65536)
def _duty_id(duty: DutyText) -> str:
    asked = [sorted(duty.required), sorted(duty.forbidden), sorted(duty.format)]
    return ids.digest_value([duty.jurisdictions, asked, duty.id_protection_months])


def _event_day(case: Case, *kinds: str) -> date | None:
    held = case.events()
    for kind in kinds:
        if kind in held:
            return date.fromisoformat(held[kind].at[:10])
    return None


def letter_facts(case: Case, dated_on: date) -> LetterFacts:
    """Return the facts of the incident as letters tell them, from the settings, dated events and tables of a case."""
    config = case.config
    product = config.text("policy", "id_protection_product").strip()
    return LetterFacts(
        entity=config.text("case", "entity") or case.name,
        dated_on=dated_on,
        discovered_on=_event_day(case, "discovery"),
        breach_from_on=_event_day(case, *_BEGAN),
        breach_to_on=_event_day(case, *_ENDED),
        contained_on=_event_day(case, "containment"),
        phone=config.text("case", "phone").strip(),
        website=config.text("case", "domain").strip(),
        site=config.text("site", "address").strip(),
        email=config.text("channels.email", "from").strip(),
        address=config.texts("case", "address"),
        what_happened=_in_words(case, "what_happened"),
        what_we_do=_in_words(case, "what_we_do"),
        delayed_by_police=_event_day(case, *_HELD) is not None,
        n_affected=n_affected(case),
        offer_product=product,
        own_products={
            audience: named
            for audience, key in _OWN_PRODUCTS.items()
            if (named := config.text("offers", key).strip())
        },
        # A product that is named is offered to everybody; without one, what the law asks for is still owed.
        offer_months=config.number("policy", "id_protection_months") if product else 0,
        enrol_by_on=dated_on + timedelta(days=ENROL_DAYS),
        not_exposed=_not_exposed(case),
    )


def _in_words(case: Case, key: str) -> dict[str, str]:
    """Return language → what the case says in its own words; a language it does not say it in is absent."""
    said = {"en": case.config.text("case", key), "es": case.config.text("case", f"{key}_es")}
    return {language: text.strip() for language, text in said.items() if text.strip()}


def n_affected(case: Case) -> int:
    """Return the number of persons who are to be told, all editions together."""
    sql = f"SELECT coalesce(sum(n_persons), 0) AS n FROM {case.read(DUTY_GROUPS)} WHERE tell"
    return int(case.engine.arrow(sql)["n"][0].as_py())


def _not_exposed(case: Case) -> frozenset[str]:
    """Return elements of which the coverage says: looked at everything, found none. One unread item silences it."""
    if not case.has(COVERAGE):
        return frozenset()
    sql = f"""SELECT element FROM {case.read(COVERAGE)}
        WHERE NOT found AND n_malformed = 0 AND n_items_unread = 0 AND n_items_examined > 0"""
    return frozenset(case.engine.arrow(sql)["element"].to_pylist())


def _also(case: Case) -> object:
    """Return what else the plan depends on: decisions, dates of the case, what was sealed."""
    return {
        "decisions": [(d.subject, d.choice) for d in case.decisions("quarantine")],
        "events": {k: e.at for k, e in sorted(case.events().items())},
        "seals": [s.digest for s in seals.in_force(case)],
        "settings": json.loads(
            ids.canonical_json(case.config.as_json("case", "policy", "site", "offers"))
        ),
    }


def require_plan(case: Case) -> None:
    """Say plainly when there is no plan yet.

    Raises:
        TableError: The notices were never planned.
    """
    if not case.has(NOTICES):
        raise TableError(
            "No notices are planned yet", where="tables/notices", remedy="run: amends run CASE"
        )


STAGE = Stage(
    "notices",
    reads=(
        PERSONS,
        PERSON_ELEMENTS,
        PERSON_CHANGES,
        PERSON_GROUPS,
        DUTY_GROUPS,
        DUTIES,
        CONFLICTS,
        COVERAGE,
    ),
    writes=(NOTICES,),
    run=run,
    also=_also,
)
