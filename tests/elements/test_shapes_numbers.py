from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from stdnum import luhn as stdnum_luhn
from stdnum.us import ein as stdnum_ein
from stdnum.us import rtn as stdnum_rtn
from stdnum.us import ssn as stdnum_ssn

from amends.elements import shapes_numbers as numbers
from amends.elements.shapes_cells import Cells

RIGHT, WRONG = True, False


def says(check: object, value: str | None) -> bool:
    assert callable(check)
    return bool(check(Cells(pa.array(["x", value, None], pa.string())))[1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("219-09-8765", RIGHT), ("219 09 8765", RIGHT), ("219098765", RIGHT), (" 219098765 ", RIGHT),
        ("219-098765", WRONG), ("219-09 8765", WRONG), ("000-12-3456", WRONG), ("666-12-3456", WRONG),
        ("900-12-3456", WRONG), ("219-00-8765", WRONG), ("219-09-0000", WRONG), ("078-05-1120", WRONG),
        ("123456789", WRONG), ("21909876", WRONG), ("2190987654", WRONG), ("", WRONG), (None, WRONG),
        ("21909876a", WRONG), ("219.09.8765", RIGHT), ("２１９098765", WRONG),
    ],
)  # fmt: skip
def test_what_could_have_been_issued_as_an_ssn_is_told(value: str | None, expected: bool) -> None:
    assert says(numbers.ssn, value) is expected


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        (numbers.itin, "900-70-1234", RIGHT), (numbers.itin, "900-93-1234", WRONG),
        (numbers.atin, "900-93-1234", RIGHT), (numbers.itin, "219-70-1234", WRONG),
        (numbers.ein, "12-3456789", RIGHT), (numbers.ein, "07-3456789", WRONG),
        (numbers.routing, "021000021", RIGHT), (numbers.routing, "021000022", WRONG),
        (numbers.routing, "000000000", WRONG), (numbers.card, "4539 1488 0343 6467", RIGHT),
        (numbers.card, "4539148803436468", WRONG), (numbers.card, "0000000000000000", WRONG),
        (numbers.card, "378282246310005", RIGHT), (numbers.imei, "490154203237518", RIGHT),
        (numbers.imei, "49-015420-323751-8", RIGHT), (numbers.imei, "490154203237517", WRONG),
        (numbers.imei, "000000000000000", WRONG), (numbers.imsi, "310260123456789", RIGHT),
        (numbers.imsi, "310999123456789", WRONG), (numbers.imsi, "3102601234", WRONG),
        (numbers.iccid, "8901260123456789011", RIGHT), (numbers.iccid, "8801260123456789015", WRONG),
        (numbers.iccid, "890126012345678901F", RIGHT), (numbers.npi, "1234567893", RIGHT),
        (numbers.npi, "1234567890", WRONG), (numbers.nanp, "(212) 736-5000", RIGHT),
        (numbers.nanp, "+1 212 736 5000", RIGHT), (numbers.nanp, "2127365000", RIGHT),
        (numbers.nanp, "212-555-0150", WRONG), (numbers.nanp, "112-736-5000", WRONG),
        (numbers.nanp, "5555555555", WRONG), (numbers.nanp, "736-5000", WRONG),
    ],
)  # fmt: skip
def test_each_number_is_told_from_its_near_miss(check: object, value: str, expected: bool) -> None:
    assert says(check, value) is expected


def test_ssn_ein_and_routing_agree_with_the_library_on_random_numbers() -> None:
    rng = random.Random(4)
    values = [f"{rng.randrange(10**9):09d}" for _ in range(20_000)]
    cells = Cells(pa.array(values))
    filler = numbers.filler_nine(cells)
    mine = numbers.ssn(cells)
    for at, value in enumerate(values):
        if not filler[at]:
            assert mine[at] == stdnum_ssn.is_valid(value), value
    assert numbers.ein(cells).tolist() == [stdnum_ein.is_valid(v) for v in values]
    checksum = np.array([stdnum_rtn.is_valid(v) for v in values])
    assert (numbers.routing(cells) <= checksum).all()


@pytest.mark.parametrize("width", [13, 14, 15, 16, 19])
def test_luhn_agrees_with_the_library(width: int) -> None:
    rng = np.random.default_rng(width)
    rows = rng.integers(0, 10, (2_000, width), dtype=np.uint8)
    expected = [stdnum_luhn.is_valid("".join(map(str, row))) for row in rows]
    assert numbers.luhn(rows).tolist() == expected


def test_order_and_slices_change_nothing() -> None:
    values = ["219-09-8765", None, "", "666-12-3456", "219098765"] * 3
    whole = pa.array(values, pa.string())
    told = numbers.ssn(Cells(whole))
    assert numbers.ssn(Cells(whole.slice(4, 7))).tolist() == told[4:11].tolist()
    turned = numbers.ssn(Cells(pa.array(values[::-1], pa.string())))
    assert turned.tolist() == told[::-1].tolist()


def test_a_value_longer_than_a_page_is_set_aside_and_harms_no_neighbour() -> None:
    cells = Cells(pa.array(["219-09-8765", "7" * 5000, "219-09-8765"]))
    assert numbers.ssn(cells).tolist() == [True, False, True]
    assert cells.long.tolist() == [False, True, False]
