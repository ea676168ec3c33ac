"""The partner's files: read as they come, checked line by line, refused with reasons and never with values."""

from __future__ import annotations

import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter

from amends.kernel.errors import EvidenceError, UsageError
from amends.portal.offers.ledger import CODES
from amends.portal.offers.partner import PartnerFile, iso_day
from amends.portal.offers.sealed import CodeSeal, last_of
from amends.portal.offers.status import batches, status
from amends.portal.offers.stock import CodeLine, Imported, code_fault, import_codes
from tests import packages
from tests.portal.claims_world import ENDS, KEY, PRODUCT, TODAY, code, lines, stock


def taken(state: sa.Engine, file: PartnerFile, product: str = PRODUCT) -> Imported:
    """Import a file as the command does."""
    return import_codes(
        state, KEY, file.lines(), product=product, expires_on=ENDS, today=TODAY,
        file_key=CodeSeal(KEY).key_of_file(file.chunks()),
    )  # fmt: skip


def read(folder: Path, text: str | bytes, **options: str) -> list[CodeLine]:
    """Read a file of this content."""
    path = folder / "codes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(PartnerFile(str(path), **options).lines())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AAAA-1\nBBBB-2\n", [(1, "AAAA-1", ""), (2, "BBBB-2", "")]),
        ("Enrollment Code\r\nAAAA-1\r\n\r\nBBBB-2", [(2, "AAAA-1", ""), (4, "BBBB-2", "")]),
        ("id,Activation Code,Expiration Date\n1,AAAA-1,12/31/2027\n", [(2, "AAAA-1", "2027-12-31")]),
        ("CODE;VALID UNTIL\nAAAA-1;2027-12-31T00:00:00Z\n", [(2, "AAAA-1", "2027-12-31")]),
        ("promo_code\texpires_on\nAAAA-1\tnever\n", [(2, "AAAA-1", "never")]),
        ("\ufeffcode\nAAAA-1\n", [(2, "AAAA-1", "")]),
        ('code\n"AAAA-1\nBBBB-2\n', [(2, "AAAA-1", ""), (3, "BBBB-2", "")]),
        ("code\n  AAAA-1  \n", [(2, "AAAA-1", "")]),
        ("", []),
        ("\n\n", []),
        ("code\n", []),
    ],
)  # fmt: skip
def test_files_are_read_as_partners_write_them(
    text: str, found: list[tuple[int, str, str]], tmp_path: Path
) -> None:
    assert [(x.line, x.code, x.expires_on) for x in read(tmp_path, text)] == found


def test_a_utf_16_file_and_bytes_that_are_no_text_are_read(tmp_path: Path) -> None:
    assert [x.code for x in read(tmp_path, "code\nAAAA-1\n".encode("utf-16"))] == ["AAAA-1"]
    hostile = read(tmp_path, b"code\n\xff\xfe\x00AAAA\nBBBB-2\n" + b"C" * 200_000 + b"\nDDDD-4\n")
    assert [x.line for x in hostile] == [2, 3, 4, 5]
    assert [bool(code_fault(x.code)) for x in hostile] == [True, False, True, False]


def test_a_column_can_be_named_and_is_not_guessed(tmp_path: Path) -> None:
    text = "serial,batch\nAAAA-1,7\n"
    with pytest.raises(UsageError, match="which column"):
        read(tmp_path, text)
    assert [x.code for x in read(tmp_path, text, column="serial")] == ["AAAA-1"]
    assert [x.code for x in read(tmp_path, "AAAA-1,7\nBBBB-2,7\n", column="1")] == [
        "AAAA-1",
        "BBBB-2",
    ]
    with pytest.raises(UsageError):
        read(tmp_path, text, column="nowhere")
    with pytest.raises(UsageError, match="cannot be read"):
        PartnerFile(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("AB-12345", ""),
        ("ABCD", ""),
        ("with space 12", ""),
        ("ABC", "4 characters"),
        ("", "no code"),
        ("A" * 129, "128"),
        ("ABCDé1", "typed"),
        ("ABCD\x07", "typed"),
        ("1.23457E+11", "spreadsheet"),
        ("E+11-CODE", ""),
        ("\x00number 123456789", "workbook"),
    ],
)
def test_what_cannot_be_a_code_is_told_why_without_its_value(text: str, word: str) -> None:
    found = code_fault(text)
    assert word in found
    assert bool(found) == bool(word)
    assert not text or text not in found


@pytest.mark.parametrize(
    ("text", "day"),
    [("2027-12-31", "2027-12-31"), ("2/3/2027", "2027-02-03"), ("12/31/2027 0:00", "2027-12-31"),
     ("31/12/2027", "2027-31-12"), ("soon", "soon"), ("", "")],
)  # fmt: skip
def test_days_are_read_as_in_the_united_states(text: str, day: str) -> None:
    assert iso_day(text) == day


def test_an_import_sums_and_the_same_file_again_adds_nothing(
    state: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        "code,expires\n" + "".join(f"{code(n)},\n" for n in range(50))
        + f"{code(3)},\nab,\n{code(60)},2026-01-01\n{code(61)},sometime\n,2027-01-01\n"
    )  # fmt: skip
    made = taken(state, PartnerFile(str(path)))
    assert (made.n_rows, made.n_new, made.n_known, made.n_refused) == (55, 50, 1, 4)
    assert [(r.line, r.reason) for r in made.refused] == [
        (53, "a code has 4 characters or more"),
        (54, "its last day has passed"),
        (55, "its last day is no date such as 2027-12-31"),
        (56, "there is no code"),
    ]
    again = taken(state, PartnerFile(str(path)))
    assert (again.batch_id, again.n_new, again.n_known) == (made.batch_id, 0, 51)
    assert status(state, TODAY)[0].imported == 50
    (batch,) = batches(state)
    assert (batch["n_rows"], batch["n_new"], batch["n_known"], batch["n_refused"]) == (55, 50, 1, 4)


def test_a_code_under_two_products_is_refused_by_line(state: sa.Engine) -> None:
    stock(state, 0, 3)
    made = import_codes(state, KEY, lines([2, 3], PRODUCT), product="Larkspur Junior", today=TODAY)
    assert (made.n_new, made.n_refused) == (1, 1)
    assert made.refused[0].line == 2
    assert "another product" in made.refused[0].reason
    with pytest.raises(UsageError, match="no name"):
        import_codes(state, KEY, [], product=" ")


def test_a_workbook_is_read_and_its_numbers_are_not_trusted(
    state: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "codes.xlsx"
    with xlsxwriter.Workbook(str(path), {"remove_timezone": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["Enrollment Code", "Expires"])
        sheet.write_string(1, 0, code(1))
        sheet.write_datetime(1, 1, datetime(2028, 1, 31), day)
        sheet.write_string(2, 0, "000123456789")
        sheet.write_number(3, 0, 123456789012)
    made = taken(state, PartnerFile(str(path)))
    assert (made.n_new, made.n_refused) == (2, 1)
    assert made.refused[0].line == 4
    assert "text" in made.refused[0].reason
    with state.connect() as connection:
        ends = set(connection.execute(sa.select(CODES.c.expires_on)).scalars())
    assert ends == {"2028-01-31", "2027-12-31"}
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(EvidenceError, match="workbook"):
        list(PartnerFile(str(path)).lines())


def test_an_encrypted_file_never_lies_plain_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.program("gpg", "gpg")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    try:
        made = ["--batch", "--passphrase", "", "--quick-generate-key", "codes@larkspur.example"]
        subprocess.run(["gpg", "-q", *made], check=True, capture_output=True)
        path = tmp_path / "codes.csv.gpg"
        words = ["gpg", "-q", "--batch", "--trust-model", "always", "-r", "codes@larkspur.example"]
        subprocess.run(
            [*words, "-o", str(path), "--encrypt"], input=f"code\n{code(1)}\n".encode(),
            check=True, capture_output=True,
        )  # fmt: skip
        assert [x.code for x in PartnerFile(str(path)).lines()] == [code(1)]
        cut = tmp_path / "cut.csv.gpg"
        cut.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(EvidenceError, match="does not open"):
            PartnerFile(str(cut))
        assert not [
            p for p in tmp_path.rglob("*") if p.is_file() and code(1).encode() in p.read_bytes()
        ]
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)


@pytest.mark.parametrize(
    ("plain", "last"), [("ABCDEFGHJK", "GHJK"), ("ABCD", "CD"), ("ABC", "C"), ("A", ""), ("", "")]
)
def test_lists_show_at_most_the_last_four_and_never_more_than_half(plain: str, last: str) -> None:
    assert last_of(plain) == last


def test_an_import_that_was_cut_off_goes_on(state: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("code\n" + "".join(f"{code(n)}\n" for n in range(12_000)))
    file = PartnerFile(str(path))

    def cut() -> object:
        for number, line in enumerate(file.lines()):
            if number == 9_000:
                raise KeyboardInterrupt
            yield line

    file_key = CodeSeal(KEY).key_of_file(file.chunks())
    with pytest.raises(KeyboardInterrupt):
        import_codes(state, KEY, cut(), product=PRODUCT, today=TODAY, file_key=file_key)  # type: ignore[arg-type]
    assert status(state, TODAY)[0].imported == 5_000
    made = taken(state, file)
    assert (made.n_new, made.n_known) == (7_000, 5_000)
    (batch,) = batches(state)
    assert (batch["n_new"], batch["n_known"], batch["state"]) == (12_000, 0, "done")
    assert date.fromisoformat(str(batch["at"])[:10])
