from __future__ import annotations

import hashlib

import pyarrow as pa

from amends.elements.shapes import classify, normal_values
from amends.elements.shapes_cells import Cells


def told(element: str, values: list[str | None], part: str = "") -> list[str | None]:
    """Return, cell by cell, what it was taken for: element:normal form, ``?`` for malformed."""
    cells = Cells(pa.array(values, pa.string()))
    seen = classify(element, part, cells)
    out: list[str | None] = [None] * len(values)
    for found in seen.found:
        normal = normal_values(cells, found).to_pylist()
        for at in range(len(values)):
            if found.mask[at]:
                assert out[at] is None
                out[at] = found.element if found.form == "none" else f"{found.element}:{normal[at]}"
    for at in range(len(values)):
        if seen.malformed[at]:
            out[at] = "?"
    return out


def test_a_column_of_ssns_keeps_the_kind_of_every_value() -> None:
    digest = hashlib.md5(b"219098765").hexdigest()
    values = ["219-09-8765", "900-70-1234", "XXX-XX-4321", "12-3456789", digest, "N/A", "000000000",
              "666-12-3456", "hello", None, ""]  # fmt: skip
    expected = ["ssn:219098765", "itin:900701234", "ssn_last4:4321", "ein:123456789", "ssn", None,
                None, "?", "?", None, None]  # fmt: skip
    assert told("ssn", values) == expected


def test_an_unkeyed_hash_is_not_protection_and_a_ciphertext_is() -> None:
    digest = hashlib.sha256(b"219098765").hexdigest()
    cells = Cells(pa.array([digest, "vault:v1:8SDd3WHDOjf7mq69CyCqYj"]))
    hashed, sealed = (f for f in classify("ssn", "", cells).found if f.form == "none")
    assert (hashed.secured, hashed.mask.tolist()) == (False, [True, False])
    assert "unkeyed hash (SHA-256)" in hashed.why
    assert (sealed.secured, sealed.mask.tolist()) == (True, [False, True])


def test_zeros_that_a_spreadsheet_ate_are_given_back_but_a_missing_digit_is_not() -> None:
    assert told("ssn", ["12345679", "219098765"]) == ["ssn:012345679", "ssn:219098765"]
    assert told("ssn", ["21909876", "019098765"]) == ["?", "ssn:019098765"]


def test_nine_digits_in_a_column_of_eins_are_an_ein() -> None:
    assert told("ssn", ["12-3456789", "45-1234567", "219098765"], "or_ein")[2] == "ein:219098765"
    assert told("ssn", ["219-09-8765", "318098765"], "or_ein")[1] == "ssn:318098765"


def test_phones_come_out_in_one_form() -> None:
    values = [
        "(212) 736-5000",
        "1-212-736-5000",
        "212.736.5000 x12",
        "+44 20 7946 0958",
        "736-5000",
    ]
    assert told("phone", values) == [
        "phone:2127365000", "phone:2127365000", "phone:2127365000", "phone:+442079460958", "?",
    ]  # fmt: skip


def test_an_address_that_says_there_is_none_is_no_address() -> None:
    assert told("email", ["Kim@Mail.example", "none@mail.example", "kim@"]) == [
        "email:kim@mail.example", None, "?",
    ]  # fmt: skip
