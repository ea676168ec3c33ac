"""Made-up people for the tests of this room. Numbers come from ranges never issued."""

from __future__ import annotations

import pyarrow as pa

COLUMNS = (
    "record_id", "first", "middle", "last", "suffix", "name", "business", "dob", "ssn", "ssn4", "phone", "email",
    "street", "city", "state", "zip", "dl", "account",
)  # fmt: skip


def table(*rows: dict[str, object]) -> pa.Table:
    """Return a table of text; what a row leaves out is null."""
    given = {c for row in rows for c in row} & set(COLUMNS)
    return pa.table(
        {
            c: pa.array(
                [row.get(c) for row in rows], pa.int64() if c == "record_id" else pa.string()
            )
            for c in COLUMNS
            if c in given
        }
    )


ANNA = {
    "first": "Anna", "middle": "Maria", "last": "Lindqvist", "dob": "1980-05-17", "ssn": "666-12-3456",
    "phone": "(206) 555-7788", "email": "anna.lindqvist@mail.test-case.net", "street": "12 Alder Street",
    "city": "Tacoma", "state": "WA", "zip": "98402",
}  # fmt: skip
ERIK = ANNA | {
    "first": "Erik", "middle": "Nils", "dob": "1978-11-02", "ssn": "666-98-1122", "email": "erik.l@mail.test-case.net"
}  # fmt: skip


def crowd(n: int) -> list[dict[str, object]]:
    """Return ``n`` strangers, so that a table looks like one of a company and not of a family."""
    first = [
        "Ava",
        "Ben",
        "Cleo",
        "Dan",
        "Edda",
        "Finn",
        "Gwen",
        "Hugo",
        "Iris",
        "Jonas",
        "Klara",
        "Leo",
        "Mona",
        "Nora",
        "Otto",
        "Pia",
        "Rolf",
        "Saga",
        "Tove",
        "Ulf",
    ]
    last = [
        "Abel",
        "Brandt",
        "Cole",
        "Dorn",
        "Ekman",
        "Falk",
        "Grant",
        "Holm",
        "Innes",
        "Jung",
        "Kern",
        "Lowe",
        "Moss",
        "Nagel",
        "Orr",
        "Pike",
        "Quist",
        "Roth",
        "Stark",
        "Thorne",
    ]
    return [
        {
            "first": first[i % 20], "last": last[(i * 7 + i // 20) % 20] + chr(97 + i % 26) * 2,
            "dob": f"{1940 + i * 13 % 60}-{1 + i * 5 % 12:02d}-{1 + i * 11 % 28:02d}",
            "ssn": f"666{10 + i % 89:02d}{1000 + i * 37 % 8999:04d}", "phone": f"206{7000000 + i * 7919 % 2999999}",
            "street": f"{100 + i * 17 % 900} {last[i * 3 % 20]} Road", "city": "Tacoma", "state": "WA",
            "zip": f"98{400 + i % 99}",
        }
        for i in range(n)
    ]  # fmt: skip
