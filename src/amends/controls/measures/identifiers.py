"""Identifiers: in clear, merely hashed, in documents, in stores nobody listed, or of nobody that can be named.

A store that was added again later (same ``--store``, a later ``--as-of``) is judged by its latest evidence: what was in
clear when it was stolen and is protected since is closed, with the day.
"""

from __future__ import annotations

from collections.abc import Sequence

from amends.controls.measures.base import (
    PLACES,
    Finding,
    Ground,
    Measured,
    Row,
    day,
    instant,
    many,
    named,
    not_measured,
    number,
    said,
    texts,
)
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS, FINDINGS, RECORDS, UNATTRIBUTED
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS
from amends.taxonomy.elements import elements

ADD = "add what was stolen, or samples of the stores: amends add CASE PATH --role stolen --store NAME --as-of DAY"
NOT_DIRECT = frozenset(("username", "token"))
"""Identifiers in the taxonomy that are no number of a person: a name for signing in, a stand-in already."""
SECRETS = frozenset(("password", "pin", "account_pin", "security_answer", "irs_ip_pin"))
"""What lets somebody in; kept as passwords are kept, never as a token that can be opened."""
CATEGORIES = frozenset(("government id", "financial", "health", "telecom and device", "credential"))


def direct_identifiers() -> frozenset[str]:
    """Return the codes of elements that are identifiers of a person."""
    return frozenset(c for c, e in elements().items() if e.identifier) - NOT_DIRECT


def findings(ground: Ground) -> list[Finding]:
    """Return what the columns and documents say."""
    ids = ground.listed("controls_identifiers", sorted(direct_identifiers()))
    try:
        columns = _columns(ground, ids)
        exposed = _exposed(ground, ids)
        people = _persons(ground, ids, columns, exposed) if columns else 0
        return [
            _clear(ground, columns, exposed, people),
            _copies(ground, columns, people),
            _hashed(ground, columns),
            _secrets(ground, columns),
            _documents(ground, ids),
            _unlisted(ground),
            _unattributed(ground),
        ]
    finally:
        ground.engine.drop("controls_identifiers")
        ground.engine.drop("controls_columns")


def _columns(ground: Ground, ids: str) -> str:
    """Make a table of the columns with identifiers: stolen ones, and those of the same stores as they are now."""
    if not ground.has(COLUMNS, ITEMS, EXHIBITS):
        return ""
    return ground.engine.materialise(
        "controls_columns",
        f"""WITH held AS (
                SELECT c.item_id || '.' || c."column" AS column_id, c.element, COALESCE(c.secured, FALSE) AS secured,
                       c.n_values, e.role, COALESCE(NULLIF(LOWER(TRIM(e.store)), ''), e.path) AS place,
                       COALESCE(NULLIF(TRIM(e.store), ''), e.path) AS shown,
                       COALESCE(e.as_of_on, CAST(e.received_at AS DATE)) AS on_day,
                       len(list_filter(c.evidence, w -> contains(w, 'unkeyed hash'))) > 0 AS hashed
                FROM {ground.name(COLUMNS)} AS c
                JOIN {ground.name(ITEMS)} AS i USING (item_id)
                JOIN {ground.name(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
                WHERE c.element IN (SELECT value FROM {ids}) AND e.role IN ('stolen', 'roster')),
            stolen AS (SELECT place, MAX(on_day) AS stolen_on FROM held WHERE role = 'stolen' GROUP BY place),
            seen AS (
                SELECT COALESCE(NULLIF(LOWER(TRIM(store)), ''), path) AS place,
                       MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS latest_on
                FROM {ground.name(EXHIBITS)} WHERE role IN ('stolen', 'roster') GROUP BY 1)
            SELECT h.*, s.stolen_on, n.latest_on,
                   h.role = 'stolen' AS is_then, h.on_day = n.latest_on AS is_now
            FROM held AS h JOIN stolen AS s USING (place) JOIN seen AS n USING (place)""",
    )


def _clear(ground: Ground, columns: str, exposed: int, people: int) -> Finding:
    """Return the share of identifier values that are protected, and the columns that are not."""
    kind, measure = "clear_identifiers", "identifiers_secured"
    if not columns:
        return not_measured(kind, measure, ADD)
    row = ground.row(
        f"""SELECT COUNT(*) FILTER (is_then) AS n_then, COUNT(*) FILTER (is_now) AS n_now,
                   SUM(n_values) FILTER (is_now) AS n, SUM(n_values) FILTER (is_now AND secured) AS n_secured,
                   COUNT(*) FILTER (is_now AND NOT secured) AS n_columns,
                   COUNT(*) FILTER (is_then AND NOT secured) AS n_columns_then,
                   COALESCE(LIST(DISTINCT element ORDER BY element) FILTER (is_now AND NOT secured), []) AS codes,
                   COALESCE(LIST(DISTINCT shown ORDER BY shown) FILTER (is_now AND NOT secured), []) AS places,
                   COALESCE(LIST(column_id ORDER BY column_id) FILTER (is_now AND NOT secured), []) AS evidence,
                   MIN(on_day) FILTER (is_then AND NOT secured) AS failed_on, MAX(latest_on) AS at
            FROM {columns}"""
    )
    total, secured = number(row["n"]), number(row["n_secured"])
    if not number(row["n_then"]):
        return not_measured(kind, measure, f"no column of an identifier was found: {ADD}")
    clear, clear_then = number(row["n_columns"]), number(row["n_columns_then"])
    share = round(secured / total, 4) if total else 1.0
    why = (
        f"{many(clear, 'column')} with {total - secured:,} identifiers ({named(texts(row['codes']), 8)}) "
        f"{'is' if clear == 1 else 'are'} neither encrypted nor tokenised, in {named(texts(row['places']))}."
        if clear
        else f"All identifiers of the stores looked at on {said(day(row['at']))} are protected."
    )
    return Finding(
        kind,
        Measured(measure, share, instant(row["at"]), tuple(texts(row["evidence"])[:20]) or ("columns",)),
        why,
        fails=clear > 0,
        persons=people if clear else 0,
        persons_then=exposed if clear_then else None,
        on_path=clear_then > 0,
        places=tuple(texts(row["places"])[:PLACES]),
        failed_in_breach=clear_then > 0,
        failed_on=day(row["failed_on"]),
        closed_on=day(row["at"]) if clear_then and not clear else None,
    )  # fmt: skip


def _exposed(ground: Ground, ids: str) -> int:
    """Return the people any of whose identifiers was exposed in clear."""
    if not ground.has(PERSON_ELEMENTS):
        return 0
    return number(
        ground.row(
            f"""SELECT COUNT(DISTINCT person_id) AS n FROM {ground.name(PERSON_ELEMENTS)}
                WHERE NOT COALESCE(secured, FALSE) AND element IN (SELECT value FROM {ids})"""
        )["n"]
    )


def _persons(ground: Ground, ids: str, columns: str, exposed: int) -> int:
    """Return the people whose identifiers lie in clear in the stores as they are now."""
    mended = ground.rows(
        f"""SELECT DISTINCT place FROM {columns} WHERE is_then AND NOT secured
            EXCEPT SELECT DISTINCT place FROM {columns} WHERE is_now AND NOT secured ORDER BY place"""
    )
    if not mended or not ground.has(RECORDS, MEMBERSHIPS):
        return exposed
    return number(
        ground.row(
            f"""SELECT COUNT(DISTINCT m.person_id) AS n
                FROM {ground.name(RECORDS)} AS r JOIN {ground.name(MEMBERSHIPS)} AS m USING (record_id)
                WHERE r.role = 'stolen'
                  AND LOWER(TRIM(r.store)) IN (SELECT place FROM {columns} WHERE is_now AND NOT secured)
                  AND len(list_filter(list_intersect(r.elements, (SELECT LIST(value) FROM {ids})),
                                      e -> NOT list_contains(r.secured, e))) > 0"""
        )["n"]
    )


def _copies(ground: Ground, columns: str, people: int) -> Finding:
    """Return the stores that hold identifiers in clear: each is a copy outside any vault."""
    kind, measure = "clear_copies", "clear_copies"
    if not columns:
        return not_measured(kind, measure, ADD)
    row = ground.row(
        f"""SELECT COUNT(DISTINCT place) FILTER (is_then) AS n_stores,
                   COUNT(DISTINCT place) FILTER (is_now AND NOT secured) AS n,
                   COUNT(DISTINCT place) FILTER (is_then AND NOT secured) AS n_then,
                   COALESCE(LIST(DISTINCT shown ORDER BY shown) FILTER (is_now AND NOT secured), []) AS places,
                   COALESCE(LIST(column_id ORDER BY column_id) FILTER (is_now AND NOT secured), []) AS evidence,
                   MIN(on_day) FILTER (is_then AND NOT secured) AS failed_on, MAX(latest_on) AS at
            FROM {columns}"""
    )
    if not number(row["n_stores"]):
        return not_measured(kind, measure, f"no column of an identifier was found: {ADD}")
    return _by_row(
        ground, kind, measure, row, f"{many(number(row['n']), 'store holds', 'stores hold')} identifiers in clear",
        people if number(row["n"]) else 0,
    )  # fmt: skip


def _by_row(ground: Ground, kind: str, measure: str, row: Row, why: str, persons: int) -> Finding:
    """Return a finding of a row with n, n_then, places, evidence, failed_on, at."""
    now, then = number(row["n"]), number(row["n_then"])
    gone = day(row["at"]) if then and not now else None
    return Finding(
        kind,
        Measured(
            measure, float(now), instant(row["at"]), tuple(texts(row["evidence"])[:20]) or ("columns",)
        ),
        why
        + (f": {named(texts(row['places']))}." if row["places"] else ".")
        + (f" On the day of the breach: {then:,}; proved gone on {said(gone)}." if gone else ""),
        fails=now > 0,
        persons=persons,
        persons_then=min(persons, ground.persons) if now else None,
        on_path=then > 0,
        places=tuple(texts(row["places"])[:PLACES]),
        failed_in_breach=then > 0,
        failed_on=day(row["failed_on"]),
        closed_on=gone,
    )  # fmt: skip


def _some(ground: Ground, columns: str, where: str, parameters: Sequence[object] = ()) -> Row:
    """Return number, values, places and dates of the columns that fulfil a condition."""
    return ground.row(
        f"""SELECT COUNT(*) FILTER (is_then AND {where}) AS n_then, COUNT(*) FILTER (is_now AND {where}) AS n,
                   COALESCE(SUM(n_values) FILTER (is_now AND {where}), 0) AS n_values,
                   COALESCE(LIST(DISTINCT shown ORDER BY shown) FILTER (is_now AND {where}), []) AS places,
                   COALESCE(LIST(column_id ORDER BY column_id) FILTER (is_now AND {where}), []) AS evidence,
                   MIN(on_day) FILTER (is_then AND {where}) AS failed_on, MAX(latest_on) AS at, COUNT(*) AS n_all
            FROM {columns}""",
        parameters,
    )


def _hashed(ground: Ground, columns: str) -> Finding:
    kind, measure = "hashed_identifiers", "hashed_identifiers"
    if not columns:
        return not_measured(kind, measure, ADD)
    row = _some(ground, columns, "hashed AND NOT secured")
    if not number(row["n_all"]):
        return not_measured(kind, measure, f"no column of an identifier was found: {ADD}")
    why = f"{many(number(row['n']), 'column of identifiers is', 'columns of identifiers are')} hashed without a key"
    persons = min(number(row["n_values"]), ground.persons)
    return _by_row(ground, kind, measure, row, why, persons)


def _secrets(ground: Ground, columns: str) -> Finding:
    kind, measure = "clear_secrets", "clear_secrets"
    if not columns:
        return not_measured(kind, measure, ADD)
    wanted = "(" + ", ".join(f"'{code}'" for code in sorted(SECRETS)) + ")"  # our own words
    row = _some(ground, columns, f"element IN {wanted} AND NOT secured")
    if not number(row["n_all"]):
        return not_measured(kind, measure, f"no column of an identifier was found: {ADD}")
    why = f"{many(number(row['n']), 'column')} of passwords, PINs or security answers in clear"
    persons = min(number(row["n_values"]), ground.persons)
    return _by_row(ground, kind, measure, row, why, persons)


def _documents(ground: Ground, ids: str) -> Finding:
    kind, measure = "clear_documents", "clear_documents"
    needs = "add the shares and mail that were stolen: amends add CASE FOLDER --role stolen"
    if not ground.has(ITEMS, EXHIBITS):
        return not_measured(kind, measure, needs)
    read = ground.row(
        f"""SELECT COUNT(*) AS n, MAX(COALESCE(e.as_of_on, CAST(e.received_at AS DATE))) AS at
            FROM {ground.name(ITEMS)} AS i JOIN {ground.name(EXHIBITS)} AS e USING (exhibit_id)
            WHERE i.kind = 'document' AND i.status = 'read' AND e.role = 'stolen'"""
    )
    if not number(read["n"]):
        return not_measured(kind, measure, needs)
    row: Row = {
        "n": 0,
        "n_then": 0,
        "places": [],
        "evidence": [],
        "failed_on": None,
        "at": read["at"],
    }
    people = 0
    if ground.has(FINDINGS):
        row = ground.row(
            f"""SELECT COUNT(DISTINCT f.item_id) AS n, COUNT(DISTINCT f.item_id) AS n_then,
                       COUNT(DISTINCT f.record_id) AS n_records,
                       COALESCE(LIST(DISTINCT COALESCE(NULLIF(TRIM(e.store), ''), e.path)), []) AS stores,
                       COALESCE(MIN(f.finding_id), '') AS first_id,
                       MIN(COALESCE(e.as_of_on, CAST(e.received_at AS DATE))) AS failed_on,
                       MAX(COALESCE(e.as_of_on, CAST(e.received_at AS DATE))) AS at
                FROM {ground.name(FINDINGS)} AS f JOIN {ground.name(ITEMS)} AS i USING (item_id)
                JOIN {ground.name(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
                WHERE f.valid AND e.role = 'stolen' AND f.element IN (SELECT value FROM {ids})"""
        )
        people = min(number(row["n_records"]), ground.persons)
        row = {**row, "places": sorted(texts(row["stores"])), "evidence": [row["first_id"]] if row["first_id"] else [],
               "at": row["at"] or read["at"]}  # fmt: skip
    why = f"{many(number(row['n']), 'document or mail holds', 'documents and mails hold')} identifiers in clear"
    return _by_row(ground, kind, measure, row, why, people)


def _unlisted(ground: Ground) -> Finding:
    """Return the stores whose data were stolen and that the company's list does not name."""
    kind, measure = "unlisted_stores", "unlisted_stores"
    if not ground.stores:
        return not_measured(
            kind,
            measure,
            "add the company's list of stores (stores.csv): --role roster or inventory",
        )
    stolen = ground.rows(
        f"""SELECT LOWER(TRIM(store)) AS place, MIN(TRIM(store)) AS shown,
                   MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS at, MIN(exhibit_id) AS exhibit_id
            FROM {ground.name(EXHIBITS)} WHERE role = 'stolen' AND TRIM(store) <> '' GROUP BY 1 ORDER BY 1"""
    ) if ground.has(EXHIBITS) else []  # fmt: skip
    if not stolen:
        return not_measured(
            kind, measure, "say which store each exhibit came from: amends add … --store NAME"
        )
    missing = [r for r in stolen if str(r["place"]) not in ground.stores]
    names = [str(r["shown"]) for r in missing]
    at = max((i for r in stolen if (i := instant(r["at"]))), default=None)
    why = (
        f"{many(len(missing), 'store')} of {len(stolen):,} with stolen data stand on no list of the company"
        + (f": {named(names)}." if names else ".")
    )
    return Finding(
        kind,
        Measured(measure, float(len(missing)), at, tuple(str(r["exhibit_id"]) for r in (missing or stolen)[:20])),
        why,
        fails=bool(missing),
        persons=_persons_in(ground, [str(r["place"]) for r in missing]) if missing else 0,
        on_path=bool(missing),
        places=tuple(names[:PLACES]),
        failed_in_breach=bool(missing),
        failed_on=day(at) if missing else None,
    )  # fmt: skip


def _persons_in(ground: Ground, places: Sequence[str]) -> int:
    """Return the people whose stolen records lie in these stores."""
    if not ground.has(RECORDS, MEMBERSHIPS):
        return 0
    wanted = ground.listed("controls_places", places)
    try:
        return number(
            ground.row(
                f"""SELECT COUNT(DISTINCT m.person_id) AS n
                    FROM {ground.name(RECORDS)} AS r JOIN {ground.name(MEMBERSHIPS)} AS m USING (record_id)
                    WHERE r.role = 'stolen' AND LOWER(TRIM(r.store)) IN (SELECT value FROM {wanted})"""
            )["n"]
        )
    finally:
        ground.engine.drop("controls_places")


def _unattributed(ground: Ground) -> Finding:
    kind, measure = "unattributed_records", "unattributed_records"
    if not ground.has(RECORDS, EXHIBITS):
        return not_measured(kind, measure, ADD)
    at = ground.row(
        f"""SELECT MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS at
            FROM {ground.name(EXHIBITS)} WHERE role = 'stolen'"""
    )["at"]
    row: Row = {"n": 0, "items": [], "reasons": []}
    if ground.has(UNATTRIBUTED):
        row = ground.row(
            f"""SELECT COALESCE(SUM(n_records), 0) AS n, COALESCE(LIST(DISTINCT item_id ORDER BY item_id), []) AS items,
                       COALESCE(LIST(DISTINCT reason ORDER BY reason), []) AS reasons
                FROM {ground.name(UNATTRIBUTED)}"""
        )
    count = number(row["n"])
    reasons = [r.replace("_", " ") for r in texts(row["reasons"])]
    return Finding(
        kind,
        Measured(measure, float(count), instant(at), tuple(texts(row["items"])[:20]) or ("unattributed",)),
        f"{many(count, 'row with personal data belongs', 'rows with personal data belong')} to nobody that can be named"
        + (f": {named(reasons)}." if reasons else "."),
        fails=count > 0,
        persons=count,
        on_path=count > 0,
        observed=0.5,
        places=tuple(texts(row["items"])[:PLACES]),
    )  # fmt: skip
