"""Every field of the law files, and what the evaluation does with it.

``used`` changes an answer; ``shown`` is put before the reader in ``explain`` or ``warnings``;
``not evaluated`` is neither, with the reason. A test walks every shipped file against this list,
and the documentation's page on limits is made from it. The longest matching prefix counts.
"""

from __future__ import annotations

USED = "used"
SHOWN = "shown"
NOT_EVALUATED = "not evaluated"

STATE_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("citation", SHOWN, "source of every step"),
    ("conflict", SHOWN, "sources that disagree"),
    ("notes", SHOWN, "remarks of the research, some of them structured under refined"),
    ("related", SHOWN, "neighbouring duties, to carriers"),
    ("aliases", SHOWN, "other wordings"),
    ("rolling_notice", SHOWN, "notice may not wait for the count"),
    ("retention_years", USED, "how long a reliance is kept"),
    ("covered_person", NOT_EVALUATED, "all files say resident: residence decides"),
    ("covered_entity", SHOWN, "with the structure in covered_entity_rule"),
    ("covered_entity_rule", USED, "whom the law binds"),
    ("exemptions", USED, "judgement when the entity is under one; applied only when relied on"),
    ("deemed_compliance", SHOWN, "never applied"),
    ("deemed_compliance[].sources", NOT_EVALUATED, "kept in the file; the mark is shown"),
    ("personal_information", USED, "the definition"),
    (
        "personal_information.excludes",
        NOT_EVALUATED,
        "data are taken not to come from public files",
    ),
    ("personal_information.combinations[].note", SHOWN, "beside the combination"),
    ("trigger.test", USED, "access, acquisition, use, release"),
    ("trigger.media", USED, "only when the facts say paper or unknown"),
    ("trigger.note", SHOWN, ""),
    ("risk_of_harm", USED, "threshold, documents, filings when relied on"),
    ("risk_of_harm.standard", SHOWN, ""),
    ("risk_of_harm.regulator_notice_if_relied_on", SHOWN, "structured in relied_on_rule"),
    ("encryption", USED, "safe harbour"),
    ("encryption.note", SHOWN, ""),
    ("encryption.standard", SHOWN, "whether the cipher meets it is for a person"),
    ("encryption.encryption_named", SHOWN, ""),
    ("encryption.truncation", SHOWN, "a truncated number is the element ssn_last4"),
    ("encryption.redaction", NOT_EVALUATED, "redacted data are given as secured"),
    ("individual_notice.deadline", USED, "last day"),
    ("individual_notice.deadline.extension", SHOWN, "never used"),
    ("individual_notice.deadline.may_delay_for", SHOWN, "only a recorded hold moves a date"),
    ("regulator_notice", USED, "who, above which line, by when"),
    ("regulator_notice[].note", SHOWN, ""),
    ("regulator_notice[].effect", SHOWN, ""),
    ("regulator_notice[].form", SHOWN, ""),
    ("regulator_notice[].basis", SHOWN, ""),
    ("regulator_notice[].submit", USED, "filing worksheets"),
    ("regulator_notice[].submit_effective", SHOWN, ""),
    ("regulator_notice[].deadline.non_extendable", SHOWN, ""),
    ("cra_notice", USED, "credit bureaus"),
    ("cra_notice.note", SHOWN, ""),
    ("id_protection", USED, "months owed"),
    ("id_protection.note", SHOWN, ""),
    ("id_protection.plus", SHOWN, ""),
    ("id_protection.no_waiver_of_rights", SHOWN, ""),
    ("id_protection.no_reciprocal_deals", SHOWN, ""),
    ("content", USED, "required, forbidden, conditional, format"),
    ("methods", USED, "ways that count as notice"),
    ("methods.email_rule", SHOWN, "wording behind the code of methods.email"),
    ("methods.credential_breach", SHOWN, "with the note on the mailbox"),
    ("methods.alternative", SHOWN, "beside substitute notice"),
    ("methods.substitute", USED, "lines by persons, cost, contact data"),
    ("methods.substitute.note", SHOWN, ""),
    ("methods.substitute.alternative", SHOWN, ""),
    ("methods.substitute.effective", SHOWN, ""),
    ("law_enforcement_delay", USED, "holds"),
    ("law_enforcement_delay.note", SHOWN, ""),
    ("vendor_notice", USED, "processors tell the owner"),
    ("vendor_notice.note", SHOWN, ""),
    ("vendor_notice.regulator", SHOWN, ""),
)
"""Fields of state files: prefix of the path, what is done, remark."""

OVERLAY_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("citation", SHOWN, "source of every step"),
    ("applies_if", USED, "roles it binds"),
    ("in_effect", USED, "dated switch"),
    ("status", SHOWN, "why a text is not in force"),
    ("effective", USED, "first day"),
    ("effective_smaller_reporting_companies", USED, "first day for smaller companies"),
    ("compliance_date", USED, "first day"),
    ("agency_notice", USED, "who, above which line, by when"),
    ("agency_notice.below_threshold", SHOWN, ""),
    ("agency_notice.phased", SHOWN, ""),
    ("agency_notice.reasons_if_late", SHOWN, ""),
    ("threshold", USED, "risk wording of the UK rule"),
    ("individual_notice", USED, "beside the law of the state"),
    ("individual_notice.exceptions", SHOWN, ""),
    ("individual_notice.methods", SHOWN, ""),
    ("media_notice", USED, "line over residents of one state"),
    ("media_notice.note", SHOWN, ""),
    ("content", USED, "content of the notice to persons"),
    ("pecr_5a", USED, "electronic communications providers"),
    ("ransom_payment", USED, "when a payment is recorded"),
    ("vendor_notice", USED, "processors tell the one they work for"),
    ("versions", USED, "the governing text; the other as a what-if"),
    ("versions[].agency_hold", SHOWN, ""),
    ("versions[].customer_notice.agency_hold", SHOWN, ""),
    ("versions[].customer_notice.unless", SHOWN, ""),
    ("versions[].customer_notice.unless_confidence", NOT_EVALUATED, "mark of a text not in force"),
    ("versions[].small_breach", SHOWN, ""),
    ("versions[].pii_scope", SHOWN, ""),
    ("versions[].records_years", SHOWN, ""),
    ("covered_person", NOT_EVALUATED, "reached by residence in the area"),
    *((name, SHOWN, "") for name in (
        "trigger", "covers", "delay", "carrier_delay", "amendment", "not_yet_material",
        "foreign_private_issuers", "methods", "processor", "records", "related", "pending",
        "encryption", "conflict",
    )),
)  # fmt: skip
"""Fields of sector and foreign rules."""


def treatment(path: str, *, is_state: bool) -> str | None:
    """Return what is done with a field by its path; null when the list does not know it."""
    known = STATE_FIELDS if is_state else OVERLAY_FIELDS
    best = max(
        (entry for entry in known if _is_under(path, entry[0])),
        key=lambda entry: len(entry[0]),
        default=None,
    )
    return best[1] if best else None


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))
