"""What was received and what could be read in it."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

EXHIBITS = Table(
    "exhibits",
    "a thing received, as it was received",
    (
        Column("exhibit_id", "text", "E and four or more digits, in order of receipt."),
        Column("role", "text", "stolen, roster, log or inventory."),
        Column("owner", "text", "Organisation whose data it is; empty when not said."),
        Column(
            "population", "text", "current, former, prospective, business …; empty when not said."
        ),
        Column("store", "text", "System it came from; empty when not said."),
        Column("as_of_on", "day", "Day the data describe; null when not said."),
        Column("path", "text", "Path as it was given to amends add."),
        Column(
            "place",
            "text",
            "Where its bytes lie now: a path in the case folder, or the original path of a reference.",
        ),
        Column("size_bytes", "int", "Size in bytes."),
        Column("sha256", "text", "SHA-256 of its bytes, hex."),
        Column("blake3", "text", "BLAKE3 of its bytes, hex."),
        Column("received_at", "instant", "When it was taken in."),
        Column("received_by", "text", "Who took it in."),
        Column("note", "text", "Remark given at intake."),
    ),
)

ITEMS = Table(
    "items",
    "a thing found inside an exhibit: a table, mail, page or attachment, read or not",
    (
        Column(
            "item_id", "text", "I and seven or more digits; counted through the exhibits in order."
        ),
        Column("item_no", "int", "The number in item_id."),
        Column("exhibit_id", "text", "Exhibit it was found in."),
        Column("inner_path", "text", "Path inside the exhibit; empty for the exhibit itself."),
        Column("kind", "text", "table, document or unknown."),
        Column("media_type", "text", "Media type."),
        Column("reader", "text", "Reader that opened it; empty when none could."),
        Column("n_rows", "int", "Rows of a table; null for documents."),
        Column("n_characters", "int", "Characters of a document's text; null for tables."),
        Column("status", "text", "read, or exception when the whole item could not be read."),
    ),
)

EXCEPTIONS = Table(
    "exceptions",
    "something that could not be read, and why",
    (
        Column("exception_id", "text", "X and six or more digits."),
        Column("exhibit_id", "text", "Exhibit it concerns."),
        Column("item_id", "text", "Item it concerns; null when no item could be made out."),
        Column("inner_path", "text", "Path inside the exhibit."),
        Column("place", "text", "Where in the item; empty for the whole of it."),
        Column(
            "whole", "bool", "Whether a whole item was lost; false when the rest of it was read."
        ),
        Column(
            "reason",
            "text",
            "Short code: encrypted, truncated, empty, bomb, link, unsupported_format …",
        ),
        Column("remedy", "text", "One step that may work."),
        Column("disposition", "text", "open, or what a person decided about it."),
    ),
)

TABLES = (EXHIBITS, ITEMS, EXCEPTIONS)
