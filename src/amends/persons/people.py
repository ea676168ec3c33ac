"""What is known of each person, as SQL over whole tables: contact, residence, status, elements.

Every function returns SQL; ``members`` is a table with ``record_id, person_id, weight, rule, trust_contact,
trust_name, trust_born``, one row a record; ``records`` is the case's table of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from amends.taxonomy import reference


def joined_sql(members: str, records: str) -> str:
    """Return SQL of the records with their person."""
    return f"""
        SELECT m.person_id, m.weight, m.rule, m.trust_contact, m.trust_name, m.trust_born, r.record_id, r.role,
               coalesce({_protected_sql("r.street")}, FALSE) AS is_protected,
               r.owner, r.population, r.as_of_on, r.name_first, r.name_middle, r.name_last, r.name_suffix,
               r.business, r.birth_on, r.death_on, r.deceased, r.guardian, r.phone, r.email, r.street, r.city,
               upper(trim(r.state)) AS state, r.zip, r.country, r.language, r.consents_email
        FROM {members} AS m JOIN {records} AS r ON r.record_id = m.record_id
    """


def elements_sql(
    members: str,
    records: str,
    not_theirs: str,
    theirs: str,
    standing: str,
    accessed: bool,
    acquired: bool,
) -> str:
    """Return SQL of ``person_elements``: what stolen records hold, decisions obeyed.

    An element was seen or taken if it was in any record of the person: what the logs say of the element in that
    record's store counts, else what they say of the store, else the case's settings.

    Args:
        members: One row a record with its person.
        records: The case's records.
        not_theirs: Table of (record_id, element) decided not to be the person's.
        theirs: Table of (record_id, element) decided to be in the record though it was not found.
        standing: Table of (store, element, accessed, acquired), made by ``standing_sql``.
        accessed: Whether the data were seen, where no log speaks of their store.
        acquired: Whether they were taken, likewise.
    """
    return f"""
        WITH held AS (
            SELECT record_id, lower(store) AS store,
                   unnest(list_distinct(list_concat(elements, possible))) AS element, elements, secured
            FROM {records} WHERE role = 'stolen'
            UNION ALL
            SELECT t.record_id, lower(r.store) AS store, t.element, [t.element] AS elements,
                   CAST([] AS VARCHAR[]) AS secured
            FROM {theirs} AS t JOIN {records} AS r ON r.record_id = t.record_id
            WHERE r.role = 'stolen' AND NOT coalesce(list_contains(r.elements, t.element), FALSE)
        )
        SELECT m.person_id, h.element, bool_and(NOT coalesce(list_contains(h.elements, h.element), FALSE)) AS possible,
               bool_and(coalesce(list_contains(h.secured, h.element), FALSE)) AS secured,
               bool_or(coalesce(s.accessed, w.accessed, {str(accessed).upper()})) AS accessed,
               bool_or(coalesce(s.acquired, w.acquired, {str(acquired).upper()})) AS acquired,
               count(DISTINCT h.record_id) AS n_records, min(h.record_id) AS first_record_id
        FROM held AS h JOIN {members} AS m ON m.record_id = h.record_id
        LEFT JOIN {not_theirs} AS d ON d.record_id = h.record_id AND d.element = h.element
        LEFT JOIN {standing} AS s ON s.store = h.store AND s.element = h.element
        LEFT JOIN {standing} AS w ON w.store = h.store AND w.element = ''
        WHERE d.record_id IS NULL
        GROUP BY m.person_id, h.element
    """


def standing_sql(taken: str) -> str:
    """Return SQL of what the logs say: (store, element, accessed, acquired), the whole store under an empty element.

    A store has several tables; what cannot be excluded for one of them cannot be excluded for the store.

    Args:
        taken: The case's table of that name.
    """
    said = "bool_or(accessed) AS accessed, bool_or(acquired) AS acquired"
    return f"""
        SELECT lower(store) AS store, element, {said} FROM {taken} GROUP BY lower(store), element
        UNION ALL
        SELECT lower(store) AS store, '' AS element, {said} FROM {taken} WHERE element <> '' GROUP BY lower(store)
    """


def gathered_sql(joined: str) -> str:
    """Return SQL of one row a person: the statement of the most trusted record for each field."""
    here = "FILTER (WHERE street IS NOT NULL AND (zip IS NOT NULL OR state IS NOT NULL OR city IS NOT NULL))"
    kept = "FILTER (WHERE role = 'roster' AND street IS NOT NULL)"
    area = "FILTER (WHERE state IS NOT NULL OR zip IS NOT NULL OR country IS NOT NULL)"
    dead = "FILTER (WHERE coalesce(deceased, FALSE) OR death_on IS NOT NULL)"
    named = "FILTER (WHERE name_first IS NOT NULL OR name_last IS NOT NULL)"
    stolen = "FILTER (WHERE role = 'stolen')"
    return f"""
        SELECT person_id,
               nullif(arg_max(coalesce(name_first, ''), trust_name) {named}, '') AS name_first,
               nullif(arg_max(coalesce(name_last, ''), trust_name) {named}, '') AS name_last,
               arg_max(name_middle, length(name_middle) * 4611686018427387904::HUGEINT + trust_name)
                   FILTER (WHERE name_middle IS NOT NULL) AS name_middle,
               arg_max(name_suffix, trust_name) FILTER (WHERE name_suffix IS NOT NULL) AS name_suffix,
               arg_max(business, trust_contact) FILTER (WHERE business IS NOT NULL) AS business,
               bool_or(name_first IS NOT NULL OR name_last IS NOT NULL) AS is_human,
               arg_max(birth_on, trust_born) FILTER (WHERE birth_on IS NOT NULL) AS birth_on,
               arg_max(record_id, trust_born) FILTER (WHERE birth_on IS NOT NULL) AS birth_record,
               arg_max(guardian, trust_contact) FILTER (WHERE guardian IS NOT NULL) AS guardian,
               arg_max(phone, trust_contact) FILTER (WHERE phone IS NOT NULL) AS phone,
               arg_max(record_id, trust_contact) FILTER (WHERE phone IS NOT NULL) AS phone_record,
               arg_max(email, trust_contact) FILTER (WHERE email IS NOT NULL) AS email,
               arg_max(record_id, trust_contact) FILTER (WHERE email IS NOT NULL) AS email_record,
               arg_max(street, trust_contact) {here} AS street,
               arg_max(coalesce(city, ''), trust_contact) {here} AS city,
               arg_max(coalesce(state, ''), trust_contact) {here} AS state,
               arg_max(coalesce(zip, ''), trust_contact) {here} AS zip,
               arg_max(coalesce(country, ''), trust_contact) {here} AS country,
               arg_max(record_id, trust_contact) {here} AS street_record,
               bool_or(is_protected) AS is_protected,
               arg_max(street, trust_contact) {kept} AS kept_street,
               arg_max(coalesce(city, ''), trust_contact) {kept} AS kept_city,
               arg_max(coalesce(state, ''), trust_contact) {kept} AS kept_state,
               arg_max(coalesce(zip, ''), trust_contact) {kept} AS kept_zip,
               arg_max(coalesce(country, ''), trust_contact) {kept} AS kept_country,
               arg_max(record_id, trust_contact) {kept} AS kept_record,
               arg_max(coalesce(state, ''), trust_contact) {area} AS area_state,
               arg_max(coalesce(zip, ''), trust_contact) {area} AS area_zip,
               arg_max(coalesce(country, ''), trust_contact) {area} AS area_country,
               arg_max(record_id, trust_contact) {area} AS area_record,
               arg_max(role, trust_contact) {area} AS area_role,
               arg_max(coalesce(CAST(as_of_on AS VARCHAR), ''), trust_contact) {area} AS area_as_of,
               list_sort(list_distinct(list(state) FILTER (WHERE state IS NOT NULL))) AS states,
               min(record_id) {dead} AS dead_record, arg_max(role, trust_contact) {dead} AS dead_role,
               arg_max(language, trust_contact) FILTER (WHERE language IS NOT NULL) AS language,
               arg_max(consents_email, trust_contact) FILTER (WHERE consents_email IS NOT NULL) AS consents_email,
               list_sort(list_distinct(list(owner) {stolen})) AS owners,
               list_sort(list_distinct(list(population) {stolen})) AS populations,
               count(*) {stolen} AS n_records, count(*) FILTER (WHERE role = 'roster') AS n_roster_records,
               min(CASE WHEN rule = 'scored' THEN weight END) AS weakest
        FROM {joined} GROUP BY person_id
    """


def persons_sql(
    gathered: str, elements: str, decided: Mapping[str, str], event_on: date, minor_age: int
) -> str:
    """Return SQL of ``persons``: everybody with an exposed element.

    Args:
        gathered: One row a person, from ``gathered_sql``.
        elements: The table of exposed elements.
        decided: Tables of (person_id, choice) by kind: residence, status.
        event_on: Day on which ages are taken.
        minor_age: Age in years below which a person is a minor.
    """
    day = f"DATE '{event_on.isoformat()}'"
    return f"""
        WITH exposed AS (SELECT DISTINCT person_id FROM {elements}),
        placed AS (
            SELECT g.* {_guarded_sql()}, {_jurisdiction_sql()} AS found_residence,
                   CASE WHEN is_human THEN 'human' WHEN business IS NOT NULL THEN 'business' ELSE 'unknown' END AS kind
            FROM {gathered} AS g SEMI JOIN exposed AS e ON e.person_id = g.person_id
        )
        SELECT p.person_id, p.kind,
               nullif(CASE WHEN p.kind = 'business' THEN p.business
                           ELSE concat_ws(' ', p.name_first, p.name_middle, p.name_last, p.name_suffix)
                      END, '') AS name,
               p.name_first, p.name_middle, p.name_last, p.name_suffix, p.business, p.birth_on, p.phone, p.email,
               p.street, nullif(p.city, '') AS city, nullif(p.state, '') AS state, nullif(p.zip, '') AS zip,
               nullif(p.country, '') AS country,
               nullif(concat_ws('; ',
                         CASE WHEN p.is_protected THEN 'confidential address: only the latest roster counts' END,
                         'address from record ' || p.street_record, 'phone from record ' || p.phone_record,
                         'e-mail from record ' || p.email_record), '') AS contact_source,
               coalesce(dr.choice, p.found_residence) AS residence,
               CASE WHEN dr.choice IS NOT NULL THEN 'decided'
                    ELSE {_residence_evidence_sql()} END AS residence_evidence,
               coalesce(ds.choice, {_status_sql(day, minor_age)}) AS status,
               CASE WHEN ds.choice IS NOT NULL THEN 'decided'
                    ELSE {_status_evidence_sql(day, minor_age)} END AS status_evidence,
               p.guardian, p.language, p.consents_email, p.owners, p.populations, p.n_records, p.n_roster_records,
               CASE WHEN p.weakest IS NULL THEN 1.0
                    ELSE 1.0 / (1.0 + power(10.0, -least(greatest(p.weakest, -9.0), 9.0))) END AS confidence
        FROM placed AS p
        LEFT JOIN {decided["residence"]} AS dr ON dr.person_id = p.person_id
        LEFT JOIN {decided["status"]} AS ds ON ds.person_id = p.person_id
    """


def _protected_sql(street: str) -> str:
    """Return SQL that says whether a street line marks an address as confidential.

    Source:
        State address confidentiality programmes, such as Cal. Gov. Code 6205 and RCW 40.24 ("Safe at Home", "ACP").
    """
    words = r"CONFIDENTIAL|ADDRESS (WITHHELD|PROTECTED)|SAFE AT HOME|\bACP\b"
    return f"regexp_matches(upper({street}), '{words}')"


def _guarded_sql() -> str:
    """Return SQL that puts the latest roster's address in place of any other where one is confidential.

    A mark that is no address ("ADDRESS CONFIDENTIAL") leaves none: then there is nowhere to write to by post.
    """
    bare = "regexp_matches(upper(kept_street), '^[^0-9]*(CONFIDENTIAL|WITHHELD|PROTECTED)[^0-9]*$')"
    usable = f"is_protected AND NOT coalesce({bare}, TRUE)"
    parts = ("street", "city", "state", "zip", "country", "record")
    columns = ", ".join(
        f"CASE WHEN {usable} THEN kept_{p} WHEN NOT is_protected THEN {_OWN.get(p, p)} END AS {_OWN.get(p, p)}"
        for p in parts
    )
    return f"REPLACE ({columns})"


_OWN = {"record": "street_record"}


def _jurisdiction_sql() -> str:
    """Return SQL for the jurisdiction of the most trusted area: its state, else its ZIP prefix; else unknown.

    Military and diplomatic addresses tell no state of residence.

    Source:
        USPS Publication 28 (states, military addresses); ``zip_prefix_state``.
    """
    states = ", ".join(f"'{code}'" for code in sorted(reference.states()))
    return f"""
        CASE WHEN area_country NOT IN ('', 'US', 'USA') THEN upper(area_country)
             WHEN area_state IN ({states}) THEN 'US-' || area_state
             WHEN area_state IN ('AA', 'AE', 'AP') THEN NULL
             WHEN area_state = '' AND length(area_zip) >= 5 THEN {_zip_sql()}
        END"""


def _zip_sql() -> str:
    known: dict[str, list[str]] = {}
    for row in reference.rows("zip_prefix_state"):
        if row["state"] in reference.states() and not row["other_states"]:
            known.setdefault(row["state"], []).append(row["prefix"])
    cases = " ".join(
        f"WHEN substr(area_zip, 1, 3) IN ({', '.join(repr(p) for p in prefixes)}) THEN 'US-{state}'"
        for state, prefixes in sorted(known.items())
    )
    return f"CASE {cases} END"


def _residence_evidence_sql() -> str:
    return """
        CASE WHEN p.area_record IS NULL THEN 'no address in any record'
             ELSE concat('address in ', p.area_role, ' record ', p.area_record,
                         CASE WHEN p.area_as_of = '' THEN '' ELSE ' as of ' || p.area_as_of END,
                         CASE WHEN p.area_state = '' AND p.found_residence IS NOT NULL
                              THEN ', by ZIP prefix' ELSE '' END,
                         CASE WHEN len(p.states) > 1 THEN '; other records name ' ||
                              array_to_string(list_filter(p.states, lambda s: s <> p.area_state), ' ') ELSE '' END,
                         CASE WHEN p.found_residence IS NULL THEN '; it tells no jurisdiction' ELSE '' END) END"""


def _minor_sql(day: str, minor_age: int) -> str:
    return f"p.birth_on + INTERVAL '{int(minor_age)} years' > {day}"


def _status_sql(day: str, minor_age: int) -> str:
    return f"""CASE WHEN p.kind = 'business' THEN 'business'
             WHEN p.dead_record IS NOT NULL THEN 'deceased'
             WHEN p.birth_on IS NULL OR p.birth_on > {day} THEN 'unknown'
             WHEN {_minor_sql(day, minor_age)} THEN 'minor' ELSE 'adult' END"""


def _status_evidence_sql(day: str, minor_age: int) -> str:
    return f"""CASE WHEN p.kind = 'business' THEN 'a business name and no human one'
             WHEN p.dead_record IS NOT NULL THEN concat(p.dead_role, ' record ', p.dead_record, ' says so')
             WHEN p.birth_on IS NULL THEN 'no birth date in any record'
             WHEN p.birth_on > {day} THEN concat('the birth date in record ', p.birth_record, ' lies after the event')
             ELSE concat('birth date in record ', p.birth_record, ', on ', CAST({day} AS VARCHAR)) END"""
