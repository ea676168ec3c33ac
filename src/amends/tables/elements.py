"""Which personal data is where, and the records that name someone."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

# ``locator % PLACES`` of a record is its row number or offset; further persons of one row stand above.
PLACES = 1 << 32

COLUMNS = Table(
    "columns",
    "a column of a table item and what it holds",
    (
        Column("item_id", "text", "Item it is a column of."),
        Column("column", "text", "Its name as found; column_1 … where there is no header."),
        Column("position", "int", "From 1."),
        Column("element", "text", "Element code; null when it holds nothing personal."),
        Column(
            "part", "text", "Part of the element: first, last, street, city …; empty for the whole."
        ),
        Column("confidence", "float", "0 to 1."),
        Column("evidence", "texts", "Why: header, values, neighbours, decision."),
        Column("n_rows", "int", "Rows of the item."),
        Column("n_values", "int", "Values that are there."),
        Column("n_valid", "int", "Values that pass the element's validator."),
        Column("n_malformed", "int", "Values that do not; they are kept as possible."),
        Column(
            "secured",
            "bool",
            "Whether the values are encrypted or tokenised; an unkeyed hash is not secured.",
        ),
        Column("decided_by", "text", "rule, or the decision that settled it."),
    ),
)

FINDINGS = Table(
    "findings",
    "a data element seen in a document",
    (
        Column("finding_id", "text", "F and nine or more digits."),
        Column("item_id", "text", "Item it was seen in."),
        Column("start", "int", "Character offset of its first character in the item's text."),
        Column("end", "int", "Character offset after its last."),
        Column("page", "int", "Page from 1; null where there are no pages."),
        Column("element", "text", "Element code."),
        Column("token", "text", "Vault token of the value, for identifiers; else null."),
        Column("masked", "text", "The value masked: at most the last four of an identifier."),
        Column("valid", "bool", "Whether the value passes the element's validator."),
        Column("confidence", "float", "0 to 1."),
        Column("evidence", "texts", "Why: shape, checksum, label, context."),
        Column("record_id", "int", "Record it was tied to; null when it belongs to none."),
    ),
)

RECORDS = Table(
    "records",
    "one row or mention that names someone or carries somebody's data, as found",
    (
        Column("record_id", "int", "item_no * 2^36 + locator: unique in the case."),
        Column("item_id", "text", "Item it was found in."),
        Column("exhibit_id", "text", "Exhibit it was found in."),
        Column(
            "locator",
            "int",
            "Row number from 1 in tables, start offset in documents, below 2^32; what lies above "
            "numbers further persons of the same row: locator % 2^32 is the row or offset.",
        ),
        Column("kind", "text", "row or mention."),
        Column("role", "text", "stolen or roster, from the exhibit."),
        Column("owner", "text", "From the exhibit."),
        Column("population", "text", "From the exhibit."),
        Column("store", "text", "From the exhibit."),
        Column("as_of_on", "day", "From the exhibit; null when not said."),
        Column("name_first", "text", "Given name, as found; null when absent."),
        Column("name_middle", "text", "Middle name or initial."),
        Column("name_last", "text", "Family name."),
        Column("name_suffix", "text", "JR, SR, II, III, IV …"),
        Column("business", "text", "Name of a business."),
        Column("birth_on", "day", "Birth date; null when absent or malformed."),
        Column("death_on", "day", "Date of death, from a death list."),
        Column("deceased", "bool", "True when the exhibit says that the person is dead."),
        Column("guardian", "text", "Name of a guardian given in the same record."),
        Column("phone", "text", "Ten digits for North America, + and digits elsewhere."),
        Column("email", "text", "Lower case."),
        Column("street", "text", "Street line or lines."),
        Column("city", "text", "City."),
        Column("state", "text", "USPS code, or a region elsewhere."),
        Column("zip", "text", "Postal code."),
        Column("country", "text", "ISO code; null when not said."),
        Column("ssn_token", "text", "Vault token of a valid SSN or ITIN."),
        Column("ssn_last4", "text", "Last four, in clear, also where only they were found."),
        Column("ein_token", "text", "Vault token of an EIN."),
        Column("licence_token", "text", "Vault token of licence state and number."),
        Column("licence_last4", "text", "Last four of the licence number."),
        Column("passport_token", "text", "Vault token of a passport number."),
        Column("account_token", "text", "Vault token of a customer account number."),
        Column("bank_token", "text", "Vault token of a bank account number."),
        Column("card_token", "text", "Vault token of a card number."),
        Column("imei_token", "text", "Vault token of an IMEI."),
        Column("imsi_token", "text", "Vault token of an IMSI."),
        Column("username_token", "text", "Vault token of a user name."),
        Column("elements", "texts", "Elements found with at least one valid value, sorted."),
        Column(
            "possible", "texts", "Elements found only malformed, sorted: possible, never dropped."
        ),
        Column("secured", "texts", "Those of both that were encrypted or tokenised where found."),
        Column("language", "text", "Language the person chose (rosters): en, es …"),
        Column(
            "consents_email",
            "bool",
            "Whether the person agreed to legal notice by e-mail (rosters).",
        ),
        Column(
            "linked_to",
            "int",
            "record_id of the named record it belongs to by keys between tables.",
        ),
        Column("link_reason", "text", "The keys that tie it."),
        Column("ambiguous", "text", "Why it could belong to more than one; null when it is plain."),
    ),
)

LINKS = Table(
    "links",
    "a key between two tables by which rows without a name reach their person",
    (
        Column("link_id", "text", "L and a digest of both ends: stable between runs."),
        Column("from_item_id", "text", "Table whose rows are tied."),
        Column("from_column", "text", "Its key column."),
        Column("to_item_id", "text", "Table that holds the key's owner."),
        Column("to_column", "text", "Its key column."),
        Column("grounds", "texts", "declared, name, values, decision."),
        Column("containment", "float", "Share of the key's values found in the other column."),
        Column("uniqueness", "float", "Share of the other column's values that occur once."),
        Column("n_linked", "int", "Rows tied by it."),
        Column("in_use", "bool", "Whether it was used; a decision can say no."),
        Column("decided_by", "text", "rule, or the decision that settled it."),
    ),
)

UNATTRIBUTED = Table(
    "unattributed",
    "rows or findings with personal data that could not be tied to any person, by item and reason",
    (
        Column("item_id", "text", "Item they lie in."),
        Column("reason", "text", "no_name_no_key, key_not_found, ambiguous_key, no_name_near."),
        Column("elements", "texts", "Elements they hold."),
        Column("n_records", "int", "How many."),
        Column("remedy", "text", "One step that may tie them."),
    ),
)

COVERAGE = Table(
    "coverage",
    "an element, whether it was found in what was stolen, and how much was looked at",
    (
        Column("element", "text", "Element code."),
        Column("found", "bool", "Whether any value was found."),
        Column("n_valid", "int", "Valid values found."),
        Column("n_malformed", "int", "Malformed values found."),
        Column("n_values_examined", "int", "Table values looked at."),
        Column("n_characters_examined", "int", "Characters of documents looked at."),
        Column("n_items_examined", "int", "Items looked at."),
        Column(
            "n_items_unread",
            "int",
            "Items that could not be read: a 'not found' does not speak for them.",
        ),
        Column("statement", "text", "The determination in one sentence."),
    ),
)

TABLES = (COLUMNS, FINDINGS, RECORDS, LINKS, UNATTRIBUTED, COVERAGE)
