"""Filing worksheets: what each authority's form asks, filled from the frozen run, gaps named.

A worksheet is rendered from the same tables as the letters, so the two cannot disagree; what the
case does not know is listed under ``missing``, never left blank by habit.

Source: common fields of state forms and of the HHS form, project requirements section 3; the codes
an authority asks for are ``regulator_notice[].submit`` of its law file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from amends.duties.lawbook import LawBook, law_book
from amends.duties.rules import Raw
from amends.kernel.case import Case
from amends.tables.duties import DUTIES, DUTY_GROUPS
from amends.taxonomy.elements import elements as taxonomy

Row = Mapping[str, object]

_ASKED: Mapping[str, tuple[str, ...]] = {
    "breach_from": ("DATE", "DATE_OF_BREACH", "TIME_FRAME", "DATE_AND_METHOD"),
    "discovered_on": ("DATE_DISCOVERED", "DATE_AWARE"),
    "determined_on": ("DATE_DETERMINED",),
    "notice_on": ("DATE_NOTICE", "ANTICIPATED_DATE_OF_NOTICE"),
    "residents": ("COUNT_RESIDENTS", "COUNT_NOTIFIED"),
    "total": ("COUNT_TOTAL", "COUNT_AFFECTED", "CATEGORIES_AND_COUNTS"),
    "elements": ("PI_TYPES",),
    "how": (
        "NATURE",
        "DESCRIPTION",
        "SUMMARY",
        "SYNOPSIS",
        "CAUSE",
        "METHOD",
        "METHOD_OF_COMPROMISE",
        "DESCRIPTION_WHEN_HOW",
        "INCIDENT_GENERAL",
    ),
    "actions": ("STEPS", "MEASURES", "MEASURES_PLANNED"),
    "safeguards": ("SAFEGUARDS", "WISP_MAINTAINED"),
    "offer": ("FREE_SERVICES", "CREDIT_MONITORING_CERTIFICATION"),
    "entity": ("ENTITY", "ENTITY_TYPE", "HEADQUARTERS"),
    "contact": (
        "REPORTER",
        "ENTITY_CONTACT",
        "ENTITY_CONTACT_PERSON",
        "PERSON_RESPONSIBLE",
        "DPO_CONTACT",
    ),
    "sample_notice": ("SAMPLE_NOTICE", "FORM_OF_NOTICE", "COPY_WITHOUT_PII"),
    "law_enforcement": ("LAW_ENFORCEMENT_ENGAGED",),
}
"""Worksheet field that answers each code an authority asks for."""

_FIELD_OF = {code: name for name, codes in _ASKED.items() for code in codes}


@dataclass(frozen=True)
class About:
    """What a filing says of the entity and the incident, beside the numbers.

    Text fields are empty and days null while the case does not know them.
    """

    entity: str = ""
    roles: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    counsel: str = ""
    breach_from: date | None = None
    breach_to: date | None = None
    discovered_on: date | None = None
    determined_on: date | None = None
    notice_on: date | None = None
    how: str = ""
    safeguards: str = ""
    actions: str = ""
    offer: str = ""
    offer_months: int = 0
    hold_from: date | None = None
    hold_to: date | None = None
    sample_notice: str = ""
    run_id: str = ""


def worksheets(
    duties: Iterable[Row], groups: Sequence[Row], about: About, book: LawBook
) -> list[dict[str, object]]:
    """Return one worksheet for each notice owed to an authority, earliest first.

    Args:
        duties: Rows of ``duties``.
        groups: Rows of ``duty_groups``.
        about: The entity and the incident.
        book: The law files, for what each authority asks.
    """
    told = [g for g in groups if g["tell"]]
    owed = [d for d in duties if d["recipient"] == "regulator" and d["answer"] != "not_required"]
    owed.sort(key=lambda d: (str(d["due_on"] or "9999"), str(d["jurisdiction"]), str(d["to"])))
    return [_worksheet(duty, told, about, book) for duty in owed]


def case_worksheets(case: Case) -> list[dict[str, object]]:
    """Return the worksheets of a case, from the tables of its last run.

    Raises:
        TableError: The stage duties has not run yet.
    """
    engine = case.engine
    duties = engine.arrow(f"SELECT * FROM {case.read(DUTIES)}").to_pylist()
    groups = engine.arrow(f"SELECT * FROM {case.read(DUTY_GROUPS)}").to_pylist()
    return worksheets(duties, groups, about_case(case), law_book(case.folder / "law"))


def about_case(case: Case) -> About:
    """Return what the settings and dated events of a case say for a filing."""
    config, held = case.config, case.events()

    def day(*kinds: str) -> date | None:
        found = next((held[k].at[:10] for k in kinds if k in held), None)
        return date.fromisoformat(found) if found else None

    return About(
        entity=config.text("case", "entity") or case.name,
        roles=config.texts("case", "roles"),
        address=config.texts("case", "address"),
        phone=config.text("case", "phone"),
        email=config.text("channels.email", "from"),
        breach_from=day(
            "breach_from", "breach_start", "initial_access", "breach_began", "incident"
        ),
        breach_to=day(
            "breach_to", "breach_end", "exfiltration_ended", "breach_ended", "containment"
        ),
        discovered_on=day("discovery"),
        determined_on=day("determination"),
        notice_on=day("individual_notice_sent"),
        how=config.text("case", "what_happened").strip(),
        actions=config.text("case", "what_we_do").strip(),
        offer=config.text("policy", "id_protection_product").strip(),
        offer_months=config.number("policy", "id_protection_months"),
        hold_from=day("law_enforcement_hold_from"),
        hold_to=day("law_enforcement_hold_to"),
        run_id=case.run_id(),
    )


def _worksheet(duty: Row, told: Sequence[Row], about: About, book: LawBook) -> dict[str, object]:
    jurisdiction = str(duty["jurisdiction"])
    own = [g for g in told if g["residence"] == jurisdiction]
    reached = own if jurisdiction in book.states else list(told)
    codes = sorted({str(e) for g in reached for e in _list(g["elements"])})
    names = taxonomy()
    values: dict[str, object] = {
        "entity": about.entity,
        "contact": {
            "address": list(about.address),
            "phone": about.phone,
            "email": about.email,
            "counsel": about.counsel,
        },
        "breach_from": about.breach_from,
        "breach_to": about.breach_to,
        "discovered_on": about.discovered_on,
        "determined_on": about.determined_on,
        "notice_on": about.notice_on,
        "planned_notice_by": min((d for g in reached if (d := _day(g["target_on"]))), default=None),
        "total": sum(_number(g["n_persons"]) for g in told),
        "residents": sum(_number(g["n_persons"]) for g in own),
        "elements": codes,
        "elements_in_words": [names[c].names["en", "plural"] for c in codes if c in names],
        "secured": sorted({str(e) for g in reached for e in _list(g["secured"])}),
        "how": about.how,
        "safeguards": about.safeguards,
        "actions": about.actions,
        "offer": about.offer,
        "offer_months": max([about.offer_months, *(_number(g["id_protection_months"]) for g in reached)]),
        "law_enforcement": _hold_words(about),
        "sample_notice": about.sample_notice,
        "minors": sum(_number(g["n_persons"]) for g in own if g["status"] == "minor"),
        "deceased": sum(_number(g["n_persons"]) for g in own if g["status"] == "deceased"),
    }  # fmt: skip
    return {
        "duty_id": duty["duty_id"],
        "jurisdiction": jurisdiction,
        "to": duty["to"],
        "stage": duty["stage"] or None,
        "answer": duty["answer"],
        "due_on": _text(duty["due_on"]),
        "standard": duty["standard"],
        "order": duty["order"] or None,
        "run": about.run_id,
        **{k: _text(v) for k, v in values.items()},
        "asked": _asked(duty, values, book),
        "missing": sorted(k for k in _WANTED if not _known(values[k])),
        "why": duty["why"],
        "source": duty["source"],
        "confidence": duty["confidence"],
        "not_legal_advice": True,
    }


_WANTED = tuple(
    name
    for name in (*(f.name for f in fields(About)), "contact")
    if name
    in (
        "entity",
        "contact",
        "breach_from",
        "breach_to",
        "discovered_on",
        "how",
        "safeguards",
        "actions",
        "offer",
        "sample_notice",
        "notice_on",
    )
)
"""Fields without which a filing is not complete."""


def _asked(duty: Row, values: Mapping[str, object], book: LawBook) -> list[dict[str, object]]:
    """Return each item the authority asks for, with the worksheet field that answers it."""
    found: list[dict[str, object]] = []
    for code in submit_codes(
        str(duty["jurisdiction"]), str(duty["to"]), str(duty["stage"] or ""), book
    ):
        name = _FIELD_OF.get(code)
        known = name is not None and _known(values.get(name))
        found.append({"code": code, "field": name, "known": known})
    return found


def submit_codes(jurisdiction: str, to: str, stage: str, book: LawBook) -> tuple[str, ...]:
    """Return the codes of what an authority asks to be told."""
    if jurisdiction in book.overlays:
        return _overlay_codes(book.overlays[jurisdiction])
    notices = book.states.get(jurisdiction, {}).get("regulator_notice", ())
    for notice in notices:
        if notice["recipient"] == to and notice.get("stage", "") == stage:
            codes = tuple(notice.get("submit", ()))
            if codes == ("as AG",):
                return submit_codes(jurisdiction, "AG", stage, book)
            return codes
    return ()


def _overlay_codes(law: Raw) -> tuple[str, ...]:
    rules = law.get("agency_notice", ())
    parts = [*(rules if isinstance(rules, list) else [rules])]
    parts += [v["agency_notice"] for v in law.get("versions", ())]
    return tuple(dict.fromkeys(c for p in parts if p for c in p.get("content", ())))


def _hold_words(about: About) -> str:
    if about.hold_from is None:
        return "no request to delay recorded"
    until = f"until {about.hold_to}" if about.hold_to else "still in force"
    return f"delay requested {about.hold_from}, {until}"


def _known(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_known(v) for v in value.values())
    return bool(value)


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None
