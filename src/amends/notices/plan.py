"""Who hears what, by which channel, and who waits for a human eye: SQL over the tables of a case.

Everything here is a set operation; only the distinct texts (a few thousand) are looked at one by one, in ``stage``.
"""

from __future__ import annotations

from dataclasses import dataclass

# When an e-mail is notice in law, by the condition of the law data (``methods.email``). Consent always suffices; the
# conditions that rest on how the company usually writes to the person are met only for current customers.
# Source: law data, field ``methods.email`` of each jurisdiction; anything not listed here asks for consent.
ON_FILE = ("any_on_file",)
RELATIONSHIP = (
    "prior_relationship",
    "consent_or_relationship_or_online_business",
    "previously_used",
)
NEVER = ("limited", "")
# A mailbox whose log-in may be in the intruder's hands is no channel (law data, ``methods.credential_breach``).
MAILBOX_CREDENTIALS = ("password", "password_hash", "security_answer", "token")

# What fits the window of a No. 10 envelope at 10.5 point: five lines under the name of about 48 characters.
LONGEST_LINE = 48
LONGEST_NAME = 88
LONGEST_WORD = 34
MOST_LINES = 4

# What people type where they know no name; a letter to such a one is a letter to nobody.
NO_NAMES = (
    "unknown", "unknown unknown", "n/a", "na", "none", "null", "no name", "not provided", "not available", "tbd",
    "customer", "valued customer", "resident", "current resident", "occupant", "anonymous", "test", "test test",
)  # fmt: skip

# Letters that the fonts shipped with the typesetter can draw; others go to a human rather than out as boxes.
_UNPRINTABLE = r"[^\p{Latin}\p{Greek}\p{Cyrillic}\p{M}\p{P}\p{Zs}0-9$+<=>^`|~°]"
_TWO_NAMES = r"(?i)( (&|and|or) )|\p{L} */ *\p{L}"
_UNSEEN = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+"


# One plain mailbox, as the e-mail channel takes it.
_MAILBOX = r"""[a-z0-9.!#$%&''*+/=?^_`{|}~-]+@[a-z0-9.-]+[.][a-z]{2,}"""


@dataclass(frozen=True)
class PlanSources:
    """Names of the tables and views a plan is made from, quoted for SQL.

    Attributes:
        persons: Table persons.
        person_groups: Table person_groups.
        duty_groups: Table duty_groups.
        conflicts: Table conflicts.
        told: One row a person told before: ``person_id``, ``told`` (elements).
        decided: One row a person with a decision on its notice: ``person_id``, ``choice``.
        variants: One row a text: ``group_id, language, audience, kind, variant, refused``.
        key: One row: ``key``, hex of the case's key for notices.
    """

    persons: str
    person_groups: str
    duty_groups: str
    conflicts: str
    told: str
    decided: str
    variants: str = ""
    key: str = ""


@dataclass(frozen=True)
class Policy:
    """The case's choices where the law is silent.

    Attributes:
        minors: ``guardian`` or ``hold``.
        deceased: ``next_of_kin``, ``hold`` or ``none``.
    """

    minors: str = "guardian"
    deceased: str = "next_of_kin"


# Rows that need no cleaning are told by one cheap look: plain ASCII, single spaces, none at the ends.
_ODD = r"[^ -~]|  |^ | $"


def _odd(column: str) -> str:
    """Return SQL that says whether a column needs cleaning at all."""
    return f"coalesce(regexp_matches({column}, '{_ODD}'), FALSE)"


def _clean(column: str) -> str:
    """Return SQL that takes out signs nobody sees (controls, direction marks) and doubled spaces; null when empty."""
    return f"CASE WHEN {_odd(column)} THEN {_cleaned(column)} ELSE nullif({column}, '') END"


def _cleaned(column: str) -> str:
    seen = f"regexp_replace({column}, '{_UNSEEN}', ' ', 'g')"
    return f"nullif(trim(regexp_replace({seen}, ' {{2,}}', ' ', 'g')), '')"


def owed_sql(sources: PlanSources, policy: Policy) -> str:
    """Return SQL of one row a person who is to be told: their contact data cleaned, audience, language, text key."""
    return f"""
SELECT p.person_id, g.group_id, g.elements, g.methods, g.due_on, g.target_on, p.status, p.guardian,
    {_clean("p.name")} AS name,
    list_filter(
        [trim(line) FOR line IN string_split(
            regexp_replace(coalesce(p.street, ''), '[\\r\\n]+', chr(10), 'g'), chr(10)
        )],
        line -> length(line) > 0
    ) AS raw_lines,
    {_clean("p.city")} AS city, {_clean("p.state")} AS state, {_clean("p.zip")} AS zip,
    CASE WHEN upper(p.country) IN ('US', 'USA') THEN NULL ELSE {_clean("p.country")} END AS country,
    lower({_clean("p.email")}) AS email,
    coalesce(p.consents_email, FALSE) AS consents,
    list_contains(coalesce(p.populations, []), 'current') AS is_current,
    CASE WHEN lower(coalesce(p.language, '')) LIKE 'es%' OR lower(coalesce(p.language, '')) LIKE 'spa%'
        THEN 'es' ELSE 'en' END AS language,
    CASE WHEN p.status = 'deceased' THEN 'next_of_kin' WHEN p.status = 'minor' THEN 'guardian'
        WHEN p.status = 'business' OR p.kind = 'business' THEN 'business' ELSE 'adult' END AS audience,
    t.told AS told,
    CASE WHEN t.told IS NULL THEN 'first' ELSE 'update' END AS kind,
    list_filter(g.elements, e -> NOT list_contains(coalesce(t.told, []), e)) AS new_elements
FROM {sources.person_groups} AS pg
JOIN {sources.duty_groups} AS g ON g.group_id = pg.group_id
JOIN {sources.persons} AS p ON p.person_id = pg.person_id
LEFT JOIN {sources.told} AS t ON t.person_id = p.person_id
WHERE g.tell AND NOT ({_excluded(policy)})
    AND (t.told IS NULL OR len(list_filter(g.elements, e -> NOT list_contains(t.told, e))) > 0)
"""


def _excluded(policy: Policy) -> str:
    return "p.status = 'deceased'" if policy.deceased == "none" else "FALSE"


def texts_sql(owed: str) -> str:
    """Return SQL of the distinct texts of a plan, with the number of persons."""
    return f"""
SELECT group_id, language, audience, kind, count(*) AS n_persons
FROM {owed} GROUP BY group_id, language, audience, kind ORDER BY group_id, language, audience, kind
"""


def _listed(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{v}'" for v in values) + "]"


def channels_sql(owed: str, persons: str) -> str:
    """Return SQL of the owed with channel, legal method and printable address.

    E-mail only where every rule that applies takes it from this person, never to a shared mailbox, and never where
    credentials were exposed; otherwise a letter. Where no letter can go either, the letter is planned and held.
    """
    return f"""
WITH conditions AS (
    SELECT *,
        [_m[7:] FOR _m IN coalesce(methods, []) IF starts_with(_m, 'email:')] AS email_rules,
        list_transform(raw_lines, line -> {_clean("line")}) AS address,
        email IN (
            SELECT lower(trim(email)) FROM {persons} WHERE email IS NOT NULL
            GROUP BY lower(trim(email)) HAVING count(*) > 1
        ) AS shared_mailbox
    FROM {owed}
), judged AS (
    SELECT *,
        len(address) > 0 AND (zip IS NOT NULL OR (city IS NOT NULL AND state IS NOT NULL) OR country IS NOT NULL)
            AS has_address,
        email IS NOT NULL AND regexp_full_match(email, '{_MAILBOX}')
            AND NOT coalesce(shared_mailbox, FALSE)
            AND status NOT IN ('deceased', 'minor')
            AND len(list_intersect(elements, {_listed(MAILBOX_CREDENTIALS)})) = 0
            AND len(email_rules) > 0
            AND len(list_filter(email_rules, r -> NOT (
                list_contains({_listed(ON_FILE)}, r)
                OR (consents AND NOT list_contains({_listed(NEVER)}, r))
                OR (is_current AND list_contains({_listed(RELATIONSHIP)}, r))
            ))) = 0 AS by_email
    FROM conditions
)
SELECT * EXCLUDE (methods, email_rules, raw_lines, shared_mailbox),
    CASE WHEN by_email THEN 'email' ELSE 'print' END AS channel,
    CASE WHEN by_email THEN 'email:' || array_to_string(list_sort(list_distinct(email_rules)), '+') ELSE 'written' END
        AS legal_method
FROM judged
"""


def _too_long() -> str:
    """Return SQL that says whether name or address do not fit the envelope's window."""
    return (
        f"(length(c.name) >= {LONGEST_WORD} AND regexp_matches(c.name, '\\S{{{LONGEST_WORD},}}')) "
        f"OR len(c.address) > {MOST_LINES} "
        f"OR len(list_filter(c.address, line -> length(line) > {LONGEST_LINE})) > 0 "
        f"OR length(concat_ws(' ', c.city, c.state, c.zip)) > {LONGEST_LINE}"
    )


def _reasons(policy: Policy) -> list[tuple[str, str]]:
    """Return (reason, SQL condition) of everything that holds a notice back for a human eye."""
    on_paper = "c.channel = 'print'"
    shown = (
        "concat_ws(' ', c.name, c.city, c.state, c.zip, c.country, array_to_string(c.address, ' '))"
    )
    # Only what is not plain ASCII can be beyond the fonts; the costly look is for those few.
    strange = f"regexp_matches({shown}, '[^ -~]') AND regexp_matches({shown}, '{_UNPRINTABLE}')"
    reasons = [
        ("no_name", f"c.name IS NULL OR lower(c.name) IN {NO_NAMES}"),
        ("no_address", f"{on_paper} AND NOT c.has_address"),
        ("two_names", f"c.audience <> 'business' AND regexp_matches(coalesce(c.name, ''), '{_TWO_NAMES}')"),
        ("overflow", f"length(c.name) > {LONGEST_NAME} OR ({on_paper} AND ({_too_long()}))"),
        ("unprintable", f"{on_paper} AND {strange}"),
        ("same_name_same_address", f"{on_paper} AND c.has_address AND a.look IS NOT NULL"),
        ("conflict", "x.person_id IS NOT NULL"),
    ]  # fmt: skip
    if policy.minors == "hold":
        reasons.append(("minor", "c.status = 'minor'"))
    if policy.deceased == "hold":
        reasons.append(("deceased", "c.status = 'deceased'"))
    return reasons


# Reasons that a person's decision "release" overrules; the rest are about what cannot be printed or delivered.
OVERRULED = ("two_names", "same_name_same_address", "conflict", "minor", "deceased")


def _look(row: str) -> str:
    """Return SQL of what an envelope shows, letter case aside: name, delivery lines, postal code."""
    return f"lower(concat_ws('|', {row}.name, array_to_string({row}.address, ' '), {row}.zip))"


def notices_sql(sources: PlanSources, channels: str, policy: Policy, edition: int) -> str:
    """Return SQL of the planned notices, with the columns of the table notices."""
    cases = ",\n        ".join(
        f"CASE WHEN {condition}"
        + (" AND coalesce(d.choice, '') <> 'release'" if reason in OVERRULED else "")
        + f" THEN '{reason}' END"
        for reason, condition in _reasons(policy)
    )
    cases += ",\n        'letter_refused: ' || v.refused"
    address = "CASE WHEN r.channel = 'print' THEN r.address END"
    keyed = keyed_sql("k.key", notice_message_sql("r.person_id", str(edition), "r.channel"))
    return f"""
WITH alike AS (
    SELECT look FROM (
        SELECT {_look("d")} AS look FROM {channels} AS d WHERE d.channel = 'print' AND d.has_address
    ) GROUP BY look HAVING count(*) > 1
), blocked AS (
    SELECT DISTINCT unnest(persons) AS person_id FROM {sources.conflicts} WHERE blocks_notice
), reasoned AS (
    SELECT c.*, v.variant, list_filter([
        {cases},
        CASE WHEN d.choice IS NOT NULL AND d.choice <> 'release' THEN d.choice END
    ], q -> q IS NOT NULL) AS quarantine
    FROM {channels} AS c
    LEFT JOIN {sources.variants} AS v ON v.group_id = c.group_id AND v.language = c.language
        AND v.audience = c.audience AND v.kind = c.kind
    LEFT JOIN {sources.decided} AS d ON d.person_id = c.person_id
    LEFT JOIN alike AS a ON a.look = {_look("c")}
    LEFT JOIN blocked AS x ON x.person_id = c.person_id
)
SELECT 'N' || upper(substr({keyed}, 1, 16)) AS notice_id,
    r.person_id, {edition} AS edition, r.kind, r.group_id, r.channel, r.legal_method, r.variant, r.language, r.audience,
    r.name, r.address, r.city, r.state, r.zip, r.country,
    CASE WHEN r.channel = 'email' THEN r.email END AS email,
    r.elements, r.new_elements, r.due_on, r.target_on, r.quarantine,
    {fields_digest_sql("r", address)} AS fields_digest,
    CAST(NULL AS VARCHAR) AS sealed_in
FROM reasoned AS r CROSS JOIN {sources.key} AS k
"""


def notice_message_sql(person: str, edition: str, channel: str, attempt: str = "1") -> str:
    """Return SQL of what a notice key is taken over: person, edition, channel, attempt."""
    return f"concat_ws('|', 'notice', {person}, {edition}, {channel}, {attempt})"


def keyed_sql(key: str, message: str) -> str:
    """Return SQL of a keyed digest in hex: SHA-256(key . SHA-256(key . message)).

    Source:
        The nested construction of HMAC (RFC 2104) with the key in front; the key is 64 hex characters, one whole
        block of SHA-256, so an outsider can neither make nor test a notice id.
    """
    return f"sha256(concat({key}, sha256(concat({key}, {message}))))"


def fields_digest_sql(row: str, address: str) -> str:
    """Return SQL of the digest over everything of a notice that is printed or sent."""
    parts = [
        f"coalesce({row}.{c}, '')"
        for c in ("person_id", "channel", "variant", "language", "audience", "kind", "name")
    ]
    parts += [f"coalesce(array_to_string({address}, chr(10)), '')"]
    parts += [f"coalesce({row}.{c}, '')" for c in ("city", "state", "zip", "country", "email")]
    parts += [f"array_to_string({row}.elements, ',')"]
    return f"sha256(concat_ws(chr(31), {', '.join(parts)}))"
