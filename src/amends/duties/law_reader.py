"""Law files as frozen values: from JSON that the schema has checked to ``rules``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from amends.duties.rules import (
    Bureaus,
    Combination,
    Conditional,
    Content,
    Deadline,
    Encryption,
    Harm,
    Hold,
    IdProtection,
    Mark,
    Methods,
    Raw,
    Regulator,
    Relief,
    StateLaw,
    Substitute,
    Threshold,
)


def day(value: object) -> date | None:
    """Read an ISO day; anything else is null."""
    return date.fromisoformat(value) if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(v) for v in value) if isinstance(value, Sequence) else ()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_marks(raw: Raw) -> dict[str, Mark]:
    """Read the provenance of a law file."""
    return {
        name: Mark(p["confidence"], tuple(p["sources"]), bool(p.get("pinpoint", True)))
        for name, p in raw["provenance"].items()
    }


def read_deadline(raw: Raw) -> Deadline:
    """Read a deadline; what changes no date is kept as a remark."""
    remarks = []
    if extension := raw.get("extension"):
        days = f"up to {extension['days']} days longer" if "days" in extension else "longer"
        remarks.append(f"may be {days} if {extension['if']}; not used here")
    if reasons := raw.get("may_delay_for"):
        remarks.append("the text lets it wait for: " + ", ".join(reasons).lower().replace("_", " "))
    if raw.get("non_extendable"):
        remarks.append("cannot be extended")
    return Deadline(
        type=raw["type"],
        n=int(raw.get("n", 0)),
        day_type=raw.get("day_type", "calendar"),
        start=raw.get("from", ""),
        also=raw.get("also", ""),
        of=tuple(read_deadline(part) for part in raw.get("of", ())),
        max_days=int(raw.get("max_days", 0)),
        effective=day(raw.get("effective")),
        agencies_days=int(raw.get("agencies_days", 0)),
        after_hold_days=int(raw.get("after_le_delay_days", 0)),
        remarks=tuple(remarks),
    )


def read_threshold(raw: object) -> Threshold:
    """Read a line; a missing one is any number of people."""
    if not isinstance(raw, Mapping):
        return Threshold(">=", 1)
    return Threshold(
        raw.get("op", ">="), _number(raw.get("n")), raw.get("count", "residents_of_jurisdiction")
    )


def read_regulator(raw: Raw) -> Regulator:
    """Read one authority of ``regulator_notice``."""
    remarks = [str(raw[k]) for k in ("note", "effect", "form") if k in raw]
    if "submit_effective" in raw:
        remarks.append(f"these items are asked for since {raw['submit_effective']}")
    return Regulator(
        recipient=raw["recipient"],
        threshold=read_threshold(raw.get("threshold")),
        deadline=read_deadline(raw["deadline"]),
        stage=raw.get("stage", ""),
        submit=_texts(raw.get("submit", ())),
        only_if=raw.get("only_if", ""),
        exempt_if=_texts(raw.get("exempt_if", ())),
        effective=day(raw.get("effective")),
        credit_bureau_n=int(raw.get("threshold_if_credit_bureau", 0)),
        on_request=bool(raw.get("on_request")),
        basis=raw.get("basis", ""),
        remarks=tuple(remarks),
    )


def _combination(raw: Raw) -> Combination:
    return Combination(
        id=raw["id"],
        all_of=_texts(raw.get("all_of", ())),
        any_of=tuple(tuple(term.split("&")) for term in raw.get("any_of", ())),
        without_name=bool(raw.get("without_name")),
        needs=raw.get("if", ""),
        only_if=raw.get("only_if", ""),
        effective=day(raw.get("effective")),
        note=raw.get("note", ""),
    )


def _harm(raw: Raw) -> Harm:
    relied = raw.get("relied_on_rule")
    return Harm(
        exists=bool(raw["exists"]),
        standard=raw.get("standard", ""),
        definition=raw.get("form") == "definition",
        limited=bool(raw.get("limited")),
        document=bool(raw.get("document")),
        retain_years=int(raw.get("retain_years", 0)),
        relied_on=read_regulator(relied) if relied else None,
        not_when=_texts(raw.get("not_when", ())),
        not_for_roles=_texts(raw.get("not_for_roles", ())),
        if_unknown=raw.get("if_unknown", ""),
    )


def _encryption(raw: Raw) -> Encryption:
    remarks = [str(raw["note"])] if "note" in raw else []
    if "standard" in raw:
        remarks.append(f"the cipher must meet: {raw['standard']}")
    if raw.get("encryption_named") is False:
        remarks.append("the text speaks of redaction, not of encryption")
    if raw.get("truncation"):
        remarks.append("truncated numbers do not count")
    return Encryption(
        exempts=bool(raw.get("exempts_secured_data")),
        unit=raw.get("unit", "data_element"),
        key_defeats=raw.get("key_compromise_defeats"),
        name_alone_enough=bool(raw.get("name_alone_enough", True)),
        remarks=tuple(remarks),
    )


def _bureaus(raw: Raw) -> Bureaus:
    return Bureaus(
        required=bool(raw["required"]),
        threshold=read_threshold(raw["threshold"]) if "threshold" in raw else None,
        deadline=read_deadline(raw["deadline"]) if "deadline" in raw else None,
        exempt_if=_texts(raw.get("exempt_if", ())),
        effective=day(raw.get("effective")),
        note=raw.get("note", ""),
    )


def _id_protection(raw: Raw) -> IdProtection:
    remarks = [str(raw[k]) for k in ("note", "plus") if k in raw]
    if raw.get("no_waiver_of_rights"):
        remarks.append("may not be tied to a waiver of the right to sue")
    if raw.get("no_reciprocal_deals"):
        remarks.append("no deals in return with the provider")
    return IdProtection(
        required=bool(raw["required"]),
        months=int(raw.get("months", 0)),
        months_if_bureau=int(raw.get("months_if_consumer_reporting_agency", 0)),
        triggers=_texts(raw.get("trigger_any", ())),
        condition=raw.get("condition", ""),
        effective=day(raw.get("effective")),
        remarks=tuple(remarks),
    )


def read_content(raw: Raw) -> Content:
    """Read the content rules of a notice."""
    return Content(
        required=_texts(raw.get("required", ())),
        forbidden=_texts(raw.get("forbidden", ())),
        format=_texts(raw.get("format", ())),
        conditional=tuple(
            Conditional(c.get("if", ""), _texts(c.get("if_any_element", ())), _texts(c["add"]))
            for c in raw.get("conditional", ())
        ),
    )


def _methods(raw: Raw) -> Methods:
    sub: Raw = raw["substitute"]
    seat: Raw = sub.get("if_based_in_state", {})
    return Methods(
        written=bool(raw.get("written", True)),
        email=raw.get("email", ""),
        email_rule=raw.get("email_rule", ""),
        telephone=bool(raw.get("telephone")),
        telephone_rule=raw.get("telephone_rule", ""),
        fax=bool(raw.get("fax")),
        credential=raw.get("credential_breach", ""),
        alternative=raw.get("alternative", "") or sub.get("alternative", ""),
        substitute=Substitute(
            cost_over_usd=_number(sub.get("cost_over_usd")),
            persons_over=_number(sub.get("persons_over")),
            seat_cost_over_usd=_number(seat.get("cost_over_usd")),
            seat_persons_over=_number(seat.get("persons_over")),
            insufficient_contact=bool(sub.get("or_insufficient_contact")),
            components=_texts(sub.get("components", ())),
            components_rule=sub.get("components_rule", "all"),
            shown_to=sub.get("shown_to", ""),
            note="; ".join(
                [
                    *_texts(sub.get("note", "")),
                    *([f"in this form since {sub['effective']}"] if "effective" in sub else []),
                ]
            ),
        ),
    )


def _hold(raw: Raw) -> Hold:
    after: Raw = raw.get("max_after_clearance", {})
    return Hold(
        allowed=bool(raw.get("allowed")),
        written=bool(raw.get("written_request")),
        after_n=int(after.get("n", 0)),
        after_day_type=after.get("day_type", "calendar"),
        or_original=bool(after.get("or_original_if_later")),
        note=raw.get("note", ""),
    )


def _relief(raw: Raw) -> Relief:
    return Relief(
        raw["regime"],
        raw["effect"],
        raw.get("condition", ""),
        _texts(raw.get("still_required", ())),
        raw.get("confidence", "unmarked"),
    )


def _asides(raw: Raw) -> tuple[str, ...]:
    """Return what a file says in passing: notes on the trigger, on growing breaches, other names."""
    found = [f"trigger: {raw['trigger']['note']}"] if "note" in raw["trigger"] else []
    if raw.get("rolling_notice"):
        found.append("notice may not wait until the number of people is known")
    if "note" in raw["personal_information"]:
        found.append(f"definition: {raw['personal_information']['note']}")
    found += [f"{name}: {said}" for name, said in raw.get("aliases", {}).items()]
    return tuple(found)


def read_state(raw: Raw, remarks: tuple[str, ...] = ()) -> StateLaw:
    """Read the law file of a state, district or territory."""
    vendor: Raw = raw.get("vendor_notice", {})
    return StateLaw(
        id=raw["id"],
        name=raw["name"],
        citation=_texts(raw["citation"]),
        combinations=tuple(_combination(c) for c in raw["personal_information"]["combinations"]),
        trigger=raw["trigger"]["test"],
        media=raw["trigger"].get("media", "any"),
        harm=_harm(raw["risk_of_harm"]),
        encryption=_encryption(raw["encryption"]),
        deadline=read_deadline(raw["individual_notice"]["deadline"]),
        regulators=tuple(read_regulator(r) for r in raw["regulator_notice"]),
        bureaus=_bureaus(raw["cra_notice"]),
        id_protection=_id_protection(raw["id_protection"]),
        content=read_content(raw["content"]),
        methods=_methods(raw["methods"]),
        hold=_hold(raw["law_enforcement_delay"]),
        vendor=read_deadline(vendor["deadline"]) if vendor else None,
        vendor_note="; ".join(str(vendor[k]) for k in ("note", "regulator") if k in vendor),
        covered_entity=raw.get("covered_entity", ""),
        covered_rule=raw.get("covered_entity_rule", {}),
        exemptions=_texts(raw.get("exemptions", ())),
        reliefs=tuple(_relief(r) for r in raw.get("deemed_compliance", ())),
        retention_years=int(raw.get("retention_years", 0)),
        notes=_texts(raw.get("notes", ())),
        conflicts=_texts(raw.get("conflict", ())),
        related=_texts(raw.get("related", ())),
        asides=_asides(raw),
        provenance=read_marks(raw),
        sites={s["id"]: s["site"] for s in raw["sources"]},
        remarks=remarks,
    )
