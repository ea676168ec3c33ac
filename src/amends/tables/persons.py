"""Which records are one human, and what is known of each."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

MEMBERSHIPS = Table(
    "memberships",
    "a record in a person",
    (
        Column("record_id", "int", "The record."),
        Column("person_id", "text", "The person."),
        Column(
            "fingerprint",
            "int",
            "Digest of the record's content, stable between runs and row orders.",
        ),
        Column(
            "reason",
            "text",
            "What ties it: the agreements with its nearest record, or 'only record'.",
        ),
        Column("weight", "float", "log10 odds of its strongest tie; null for a single record."),
        Column("rule", "text", "single, scored, linked (a key between tables), decided."),
    ),
)

PERSONS = Table(
    "persons",
    "a human or business with at least one exposed element",
    (
        Column("person_id", "text", "P and twelve letters and digits, stable between runs."),
        Column("kind", "text", "human, business or unknown (identifiers without any name)."),
        Column("name", "text", "Best full name, as letters print it; null when unknown."),
        Column("name_first", "text", "Given name."),
        Column("name_middle", "text", "Middle name or initial."),
        Column("name_last", "text", "Family name."),
        Column("name_suffix", "text", "JR, SR …"),
        Column("business", "text", "Business name."),
        Column("birth_on", "day", "Best birth date."),
        Column("phone", "text", "Best phone."),
        Column("email", "text", "Best e-mail."),
        Column("street", "text", "Best address: street."),
        Column("city", "text", "City."),
        Column("state", "text", "State."),
        Column("zip", "text", "Postal code."),
        Column(
            "country", "text", "ISO code; null when not said (taken as US where the state is one)."
        ),
        Column(
            "contact_source",
            "text",
            "Record ids the contact data come from, with the roster named first.",
        ),
        Column("residence", "text", "Jurisdiction, such as US-CA; null when unknown."),
        Column(
            "residence_evidence",
            "text",
            "Which address, from where, as of when, and what contradicts it.",
        ),
        Column("status", "text", "adult, minor, deceased, business or unknown."),
        Column("status_evidence", "text", "What it rests on."),
        Column("guardian", "text", "Name of a minor's guardian, when a record gives it."),
        Column("language", "text", "Language chosen; null when not known."),
        Column(
            "consents_email",
            "bool",
            "Whether the person agreed to legal notice by e-mail; null when not known.",
        ),
        Column("owners", "texts", "Owners of the stolen data."),
        Column("populations", "texts", "Populations of the stolen records."),
        Column("n_records", "int", "Stolen records."),
        Column("n_roster_records", "int", "Roster records."),
        Column(
            "confidence",
            "float",
            "Weakest tie inside the person, as a probability; 1 for a single record.",
        ),
    ),
)

PERSON_ELEMENTS = Table(
    "person_elements",
    "an element of a person that was exposed",
    (
        Column("person_id", "text", "The person."),
        Column("element", "text", "Element code."),
        Column("possible", "bool", "True when only malformed values were found."),
        Column(
            "secured", "bool", "Whether it was encrypted or tokenised everywhere it was exposed."
        ),
        Column("accessed", "bool", "Whether it was seen by the intruder."),
        Column("acquired", "bool", "Whether it was taken."),
        Column("n_records", "int", "Stolen records that hold it."),
        Column("first_record_id", "int", "The first of them."),
    ),
)

CONFLICTS = Table(
    "conflicts",
    "a cluster that needs a human eye",
    (
        Column("conflict_id", "text", "C and a digest of what it is about: stable between runs."),
        Column(
            "kind",
            "text",
            "ssn_shared, ssn_of_relative, ssn_of_another, ssn_differs, birth_differs, ssn_and_birth_differ, borderline_tie, borderline_apart, name_and_business.",
        ),
        Column("persons", "texts", "Persons concerned."),
        Column("records", "texts", "Record ids concerned."),
        Column("why", "text", "In words, without personal values."),
        Column("suggestion", "text", "What Amends would do, and did for now."),
        Column("blocks_notice", "bool", "Whether the notice waits until somebody decides."),
    ),
)

PERSON_CHANGES = Table(
    "person_changes",
    "a person that became part of another, or was parted, in any run so far",
    (
        Column("kind", "text", "merged or split."),
        Column("old_person_id", "text", "Person of an earlier run."),
        Column("new_person_id", "text", "Person now."),
        Column("n_records", "int", "Records that went that way."),
    ),
)

TABLES = (MEMBERSHIPS, PERSONS, PERSON_ELEMENTS, CONFLICTS, PERSON_CHANGES)
