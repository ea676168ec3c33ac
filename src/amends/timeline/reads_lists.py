"""Which elements a statement reads: ``SELECT id, ssn`` reads no addresses, ``SELECT *`` reads all.

Elements that every statement treats alike form a class and are counted together, so that a table read whole costs one
count and not one an element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.taken_sources import Sources
from amends.timeline.taken_stores import Holding, last_part

Classes = Mapping[int, Mapping[str, int]]

# Beyond so many different lists of columns a store is asked by a program; then every list counts as all columns.
_MOST_LISTS = 5000
_ALL, _MAYBE = "all", "maybe"

# Words of column names, for tables whose columns no exhibit shows; a word of our own for each element.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "name",
        "firstname",
        "lastname",
        "surname",
        "fullname",
        "first",
        "last",
        "middle",
        "given",
        "family",
    ),
    "birth_date": ("birth", "dob", "birthdate", "born", "birthday"),
    "ssn": ("ssn", "social", "socialsecurity"),
    "ssn_last4": ("ssn4", "last4"),
    "itin": ("itin", "tin"),
    "ein": ("ein", "tin"),
    "drivers_licence": ("licence", "license", "dl", "dln", "driver", "drivers"),
    "email": ("email", "mail"),
    "phone": ("phone", "mobile", "cell", "telephone", "msisdn", "tel"),
    "address": (
        "address",
        "addr",
        "street",
        "city",
        "state",
        "zip",
        "postal",
        "postcode",
        "zipcode",
        "county",
    ),
    "account_number": ("account", "acct", "accountno", "ban"),
    "account_pin": ("pin", "passcode"),
    "pin": ("pin",),
    "card": ("card", "pan", "cc"),
    "bank_account": ("iban", "bank", "account", "acct"),
    "password": ("password", "passwd", "pwd"),
    "password_hash": ("password", "passwd", "pwd", "hash"),
    "username": ("user", "username", "login", "userid"),
    "imei": ("imei",),
    "imsi": ("imsi",),
    "iccid": ("iccid", "sim"),
    "passport": ("passport",),
    "ip": ("ip", "ipaddr"),
}
_NOBODY = re.compile(
    r"^(.*_)?(id|uuid|created|updated|created_at|updated_at|status|type|flag|version|ts|timestamp)$"
)


def class_elements(
    engine: Engine, sources: Sources, listed: tuple[Holding, ...]
) -> dict[int, dict[str, int]]:
    """Sort the elements of each holding into classes, make ``taken_classes`` and return element → class by holding.

    Args:
        engine: With ``taken_scoped``.
        sources: Names of the case's tables; columns of exhibits say which column holds what.
        listed: The holdings.
    """
    found = engine.arrow(
        f"SELECT DISTINCT number, cols FROM taken_scoped WHERE cols <> '' LIMIT {_MOST_LISTS + 1}"
    ).to_pylist()
    lists: dict[int, list[str]] = {}
    if len(found) <= _MOST_LISTS:
        for row in found:
            lists.setdefault(row["number"], []).append(row["cols"])
    known = _known_columns(engine, sources) if lists else {}
    rows: list[tuple[int, int, str, str]] = []
    classes: dict[int, dict[str, int]] = {}
    for holding in listed:
        asked = sorted(lists.get(holding.number, []))
        classes[holding.number] = _sorted(holding, asked, known.get(holding.key, {}), rows)
    engine.register(
        "taken_classes",
        pa.table(
            {
                "number": pa.array([r[0] for r in rows], pa.int64()),
                "class": pa.array([r[1] for r in rows], pa.int64()),
                "cols": pa.array([r[2] for r in rows], pa.string()),
                "keep": pa.array([r[3] for r in rows], pa.string()),
            }
        ),
    )
    return classes


def _sorted(
    holding: Holding,
    asked: list[str],
    known: Mapping[str, str],
    rows: list[tuple[int, int, str, str]],
) -> dict[str, int]:
    """Give the elements of a holding their classes, and each class the lists that read it."""
    said = [elements_of(cols, holding.elements, known) for cols in asked]
    made: dict[tuple[str, ...], int] = {}
    classes = {}
    for element in holding.elements:
        kept = tuple(
            _ALL if named is None or element in named else _MAYBE if open_end else ""
            for named, open_end in said
        )
        classes[element] = made.setdefault(kept, len(made))
    for kept, number in made.items():
        rows.append((holding.number, number, "", _ALL))
        rows.extend((holding.number, number, c, k) for c, k in zip(asked, kept, strict=True) if k)
    return classes


def _known_columns(engine: Engine, sources: Sources) -> dict[str, dict[str, str]]:
    """Return column → element ("" for nothing personal) by table, as the exhibits show."""
    if not (sources.items and sources.columns):
        return {}
    rows = engine.arrow(
        f"""
        SELECT i.inner_path, lower(c."column") AS "column", max(coalesce(c.element, '')) AS element
        FROM {sources.columns} AS c JOIN {sources.items} AS i ON i.item_id = c.item_id
        WHERE i.inner_path <> '' GROUP BY ALL ORDER BY ALL
        """
    ).to_pylist()
    made: dict[str, dict[str, str]] = {}
    for row in rows:
        made.setdefault(last_part(row["inner_path"]), {})[row["column"]] = row["element"]
    return made


def elements_of(
    cols: str, elements: Iterable[str], known: Mapping[str, str]
) -> tuple[set[str] | None, bool]:
    """Return the elements that a list of columns names, and whether some column may hold more.

    Args:
        cols: What stands between SELECT and FROM, lower case.
        elements: Elements of the table.
        known: Column → element, "" for nothing personal, where an exhibit shows it.

    Returns:
        ``None`` for all elements; else those named, and whether a column could not be understood.
    """
    named: set[str] = set()
    open_end = False
    for part in _parts(cols):
        if part.endswith("*"):
            return None, False
        column = re.sub(r" as .*$| [a-z0-9_]+$", "", part).rsplit(".", 1)[-1].strip('"`[] ')
        if column in known:
            named |= {known[column]} - {""}
            continue
        words = set(re.split(r"[^a-z0-9]+", column)) | {column.replace("_", "")}
        hits = {e for e in elements if e == column or words & set(_WORDS.get(e, (e,)))}
        named |= hits
        open_end |= not hits and not _NOBODY.match(column)
    return named, open_end


def _parts(cols: str) -> list[str]:
    """Return the columns of a list; commas inside parentheses part nothing."""
    flat = cols
    while True:
        fewer = re.sub(r"\(([^()]*)\)", lambda m: " " + m.group(1).replace(",", " "), flat)
        if fewer == flat:
            return [p.strip() for p in flat.split(",") if p.strip()]
        flat = fewer
