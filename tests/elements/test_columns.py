from __future__ import annotations

import random

import pyarrow as pa
import pytest

from amends.elements.columns import guess_columns

RNG = random.Random(11)
N = 400
FIRST = ["Maria", "John", "Linda", "David", "Susan", "Robert", "Karen", "James", "Emma", "Paul"]
LAST = ["Garcia", "Smith", "Nguyen", "Brown", "Lopez", "Miller", "Davis", "Clark", "Hall", "Young"]


def ssns(written: bool = True) -> list[str]:
    out = []
    while len(out) < N:
        area, group, serial = RNG.randrange(1, 773), RNG.randrange(1, 100), RNG.randrange(1, 10000)
        if area != 666:
            out.append(f"{area:03d}-{group:02d}-{serial:04d}")
    return out if written else [v.replace("-", "") for v in out]


def digits(n: int) -> list[str]:
    return ["".join(RNG.choices("0123456789", k=n)) for _ in range(N)]


def births() -> list[str]:
    return [
        f"{RNG.randrange(1935, 2004)}-{RNG.randrange(1, 13):02d}-{RNG.randrange(1, 28):02d}"
        for _ in range(N)
    ]


def told(
    columns: dict[str, list[str | None]], header: bool = True, **more: object
) -> dict[str, str | None]:
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    names = list(columns)
    if not header:
        names = [f"column_{n + 1}" for n in range(len(names))]
        table = table.rename_columns(names)
    found = guess_columns(table, names, header, **more)  # type: ignore[arg-type]
    return {old: f"{g.element}.{g.part}".rstrip(".") if g.element else None
            for old, g in zip(columns, found, strict=True)}  # fmt: skip


def people() -> dict[str, list[str | None]]:
    return {
        "first_name": RNG.choices(FIRST, k=N), "last_name": RNG.choices(LAST, k=N), "dob": births(),
    }  # type: ignore[dict-item]  # fmt: skip


def test_a_table_with_headers_is_read() -> None:
    found = told({**people(), "ssn": ssns(), "city": ["Reno", "Boise"] * (N // 2)})
    assert found == {"first_name": "name.first", "last_name": "name.last", "dob": "birth_date",
                     "ssn": "ssn", "city": "address.city"}  # fmt: skip


def test_a_table_without_headers_works_from_its_values() -> None:
    found = told({**people(), "ssn": ssns(written=False)}, header=False)
    assert found == {"first_name": "name.first", "last_name": "name.last", "dob": "birth_date",
                     "ssn": "ssn"}  # fmt: skip


@pytest.mark.parametrize("header", ["order_id", "tower_id", "sku", "ticket", "tracking_no"])
def test_numbers_that_merely_look_like_ssns_are_not(header: str) -> None:
    assert told({**people(), header: ssns()})[header] is None
    assert told({**people(), header: ssns(written=False)})[header] is None


def test_counted_up_and_random_nine_digits_are_no_ssns_even_beside_people() -> None:
    serial = [str(412000000 + 3 * n) for n in range(N)]
    assert told({**people(), "number": serial}, header=False)["number"] is None
    mixed = [
        f"{RNG.randrange(1, 665):03d}{RNG.randrange(0, 100):02d}{RNG.randrange(1, 9999):04d}"
        for _ in range(N)
    ]
    mixed[:8] = [v[:3] + "00" + v[5:] for v in mixed[:8]]
    assert told({**people(), "number": mixed}, header=False)["number"] is None


def test_nine_digits_with_nobody_beside_them_are_no_ssn() -> None:
    assert told({"a": ssns(written=False), "b": digits(4)}, header=False) == {"a": None, "b": None}


def test_a_column_named_ssn_that_holds_flags_is_none_and_says_why() -> None:
    table = pa.table({"name": ["Maria Garcia"] * 40, "ssn": ["Y", "N"] * 20})
    guess = guess_columns(table, ["name", "ssn"])[1]
    assert guess.element is None
    assert "flags" in guess.evidence[0]


def test_header_and_values_that_disagree_are_shown() -> None:
    emails = [f"kim{n}@mail.example" for n in range(N)]
    table = pa.table({"phone": emails})
    guess = guess_columns(table, ["phone"])[0]
    assert guess.element == "email"
    assert any("do not agree" in e for e in guess.evidence)


def test_a_column_named_ssn_full_of_numbers_never_issued_is_kept_as_possible() -> None:
    found = told({**people(), "ssn": [f"666-{n % 99 + 1:02d}-1234" for n in range(N)]})
    assert found["ssn"] == "ssn"


def test_places_without_people_are_nobody_s_address() -> None:
    found = told(
        {"city": ["Reno", "Boise"] * 20, "state": ["NV", "ID"] * 20, "amount": ["1.50"] * 40}
    )
    assert found == {"city": None, "state": None, "amount": None}


def test_addresses_that_hang_on_a_customer_key_are_somebody_s() -> None:
    streets = [f"{n} Main St" for n in range(1, 41)]
    found = told(
        {"customer_id": [f"C{n:05d}" for n in range(40)], "street": streets, "zip": ["89501"] * 40}
    )
    assert found == {"customer_id": "account_number", "street": "address.street", "zip": "zip"}


def test_a_hostile_header_is_nothing_special() -> None:
    found = told({**people(), '"; DROP TABLE': digits(5), "=cmd|'/C calc'": digits(3)})
    assert found['"; DROP TABLE'] is None and found["=cmd|'/C calc'"] is None


def test_what_a_person_decided_overrules_everything() -> None:
    columns = {**people(), "ssn": ssns(), "x7": digits(9)}
    found = told(columns, decided={"ssn": (None, "D01"), "x7": ("account_number", "D02")})
    assert found["ssn"] is None and found["x7"] == "account_number"


def test_an_empty_table_and_empty_columns_are_read() -> None:
    nothing: list[str | None] = [None, None]
    assert told({"ssn": nothing, "x": nothing, "name": nothing}) == {
        "ssn": "ssn",
        "x": None,
        "name": None,
    }
    assert told({"ssn": []}) == {"ssn": "ssn"}


def test_the_order_of_rows_changes_no_answer() -> None:
    columns = {**people(), "ssn": ssns(), "card": digits(16)}
    turned = {name: values[::-1] for name, values in columns.items()}
    assert told(columns) == told(turned)


def test_a_row_number_of_the_system_is_no_account_number() -> None:
    found = told({**people(), "customer_id": [str(700_000 + n) for n in range(N)]})
    assert found["customer_id"] is None
    assert (
        told({**people(), "customer_no": [str(700_000 + n) for n in range(N)]})["customer_no"]
        == "account_number"
    )


@pytest.mark.parametrize(
    ("population", "element"),
    [("employee", "employee_id"), ("patients", "mrn"), ("", None), ("current", None)],
)
def test_a_plain_id_beside_names_is_what_the_population_says(
    population: str, element: str | None
) -> None:
    names = [f"{first} {last}" for first, last in zip(FIRST, LAST, strict=True)]
    held = pa.table({"ID": [f"LW11{n}81" for n in range(10)], "Name": names})
    made = guess_columns(held, held.column_names, population=population)
    assert {g.column: g.element for g in made}["ID"] == element


def test_a_lone_column_of_words_that_are_names_too_names_nobody() -> None:
    words = ["May", "Rose", "Hope", "Dale", "Grace"] * 20
    assert told({"": words, " ": digits(4)[:100]}, header=False) == {"": None, " ": None}


def test_pins_beside_accounts_and_british_licences_are_read() -> None:
    found = told({"acct": digits(10), "ivr_pin": digits(4), "set_on": ["2026-01-13"] * N})
    assert (found["acct"], found["ivr_pin"]) == ("account_number", "account_pin")
    assert told({**people(), "licence_no": digits(9)})["licence_no"] == "drivers_licence"
