"""What will be sent to whom."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

NOTICES = Table(
    "notices",
    "one planned piece for one person by one channel",
    (
        Column(
            "notice_id",
            "text",
            "N and a keyed digest of case, person, edition, channel and attempt.",
        ),
        Column("person_id", "text", "The person it is about."),
        Column("edition", "int", "1 for the first release, 2 for the next …"),
        Column(
            "kind", "text", "first, or update when the person was told before and is owed more."
        ),
        Column("group_id", "text", "Duty group it answers."),
        Column("channel", "text", "print or email."),
        Column("legal_method", "text", "written, email …; what makes it notice in law."),
        Column("variant", "text", "V and a digest of duty text, elements, language and audience."),
        Column("language", "text", "en or es."),
        Column("audience", "text", "adult, guardian, next_of_kin or business."),
        Column("name", "text", "Name as printed."),
        Column("address", "texts", "Address lines as printed, without name, city, state and zip."),
        Column("city", "text", "City."),
        Column("state", "text", "State."),
        Column("zip", "text", "Postal code."),
        Column("country", "text", "ISO code; null for the US."),
        Column("email", "text", "Address of an e-mail notice; null otherwise."),
        Column("elements", "texts", "Elements this notice names: exactly the person's, sorted."),
        Column("new_elements", "texts", "Those not named in an earlier notice."),
        Column("due_on", "day", "Last day; null when the law gives no number."),
        Column("target_on", "day", "Day planned for."),
        Column("quarantine", "texts", "Why it is held back; empty when it may go."),
        Column("fields_digest", "text", "SHA-256 of everything that will be printed or sent."),
        Column("sealed_in", "text", "Seal that froze it; null while planned."),
    ),
)

TABLES = (NOTICES,)
