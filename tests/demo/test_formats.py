from __future__ import annotations

import csv
import gzip
import io
import json
import mailbox
import re
import sqlite3
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

from amends.demo.formats import docx_bytes, locked_zip_bytes, pdf_bytes

Tables = dict[str, tuple[list[str], list[list[str | None]]]]


def _copies(text: str) -> Tables:
    """Read COPY blocks as PostgreSQL's text format says."""
    found: Tables = {}
    blocks = re.findall(
        r"^COPY public\.(\w+) \(([^)]*)\) FROM stdin;\n(.*?)^\\\.$", text, re.S | re.M
    )
    for name, columns, body in blocks:
        rows = [[None if c == "\\N" else c for c in line.split("\t")] for line in body.splitlines()]
        found[name] = (columns.split(", "), rows)
    return found


@pytest.fixture(scope="module")
def crm(larkspur: Path) -> Tables:
    return _copies((larkspur / "evidence-1" / "larkspur_crm.pg.sql").read_text("utf-8"))


def test_the_postgresql_dump_has_rows_of_the_declared_width_and_keys_that_hold(
    larkspur: Path, crm: Tables
) -> None:
    text = (larkspur / "evidence-1" / "larkspur_crm.pg.sql").read_text("utf-8")
    base = sqlite3.connect(":memory:")
    for name, (columns, rows) in crm.items():
        assert rows and {len(row) for row in rows} == {len(columns)}, name
        base.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        base.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * len(columns))})", rows)
    primary = re.findall(r"ONLY public\.(\w+)\n.*PRIMARY KEY \((\w+)\)", text)
    foreign = re.findall(
        r"ONLY public\.(\w+)\n.*FOREIGN KEY \((\w+)\) REFERENCES public\.(\w+)\((\w+)\)", text
    )
    assert len(primary) == len(crm) and len(foreign) == 8
    for table, key in primary:
        total, distinct = base.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT {key}) FROM {table}"
        ).fetchone()
        assert total == distinct, table
    for table, key, target, other in foreign:
        loose = base.execute(
            f"SELECT COUNT(*) FROM {table} WHERE {key} IS NOT NULL AND {key} NOT IN (SELECT {other} FROM {target})"
        ).fetchone()[0]
        assert loose == 0, (table, key)


def test_names_stand_in_one_table_of_the_dump_and_numbers_in_others(crm: Tables) -> None:
    assert "last_name" in crm["customers"][0] and "tax_id" not in crm["customers"][0]
    assert not {"first_name", "last_name"} & set(crm["credit_profiles"][0])


def test_the_mysql_dump_reads_with_backslash_escapes(larkspur: Path) -> None:
    text = (larkspur / "evidence-1" / "former_customers.mysql.sql").read_text("utf-8")
    rows: list[list[str]] = []
    for statement in re.findall(r"^INSERT INTO `cust_hist` VALUES \((.*)\);$", text, re.M):
        for body in statement.split("),("):
            rows += list(csv.reader([body], quotechar="'", escapechar="\\", doublequote=False))
    assert len(rows) > 500 and {len(row) for row in rows} == {17}
    assert any(row[6] == "NULL" for row in rows)


def test_the_applicants_file_is_a_csv_under_three_lines_of_something_else(larkspur: Path) -> None:
    text = (larkspur / "evidence-1" / "credit_applicants.csv").read_text("utf-8")
    above, rows = text.splitlines()[:3], list(csv.reader(io.StringIO(text)))[3:]
    assert "Export" in above[0] and above[2] == ""
    assert rows[0][0] == "App #" and {len(row) for row in rows} == {18}
    dates = [row[7] for row in rows[1:] if row[7]]
    shapes = {re.sub(r"\d", "9", date) for date in dates}
    assert {"99/99/9999", "9999-99-99", "99/99/99"} <= shapes
    numbers = {re.sub(r"\d", "9", row[6]) for row in rows[1:]}
    assert {"999-99-9999", "999999999", ""} < numbers


def test_devices_is_a_parquet_file_without_names(larkspur: Path) -> None:
    table = pq.read_table(larkspur / "evidence-1" / "devices.parquet")
    assert table.column_names[:5] == ["msisdn", "imei", "imsi", "iccid", "acct_num"]
    assert table.num_rows > 500


def test_the_prepaid_file_is_windows_1252_and_zipped(larkspur: Path) -> None:
    raw = gzip.decompress((larkspur / "evidence-1" / "prepaid_subscribers.psv.gz").read_bytes())
    rows = [line.split("|") for line in raw.decode("cp1252").split("\r\n") if line]
    assert {len(row) for row in rows} == {9}
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


def test_the_workbook_holds_several_tables_on_one_sheet(larkspur: Path) -> None:
    book = CalamineWorkbook.from_path(str(larkspur / "evidence-1" / "business_accounts.xlsx"))
    rows = book.get_sheet_by_name("Key accounts").to_python(skip_empty_area=False)
    heads = [
        number
        for number, row in enumerate(rows)
        if row[:2] in (["Company", "Tax ID"], ["Account #", "Contact"])
    ]
    assert len(heads) == 2
    firms = rows[heads[0] + 1 : heads[1] - 4]
    assert all(re.fullmatch(r"\d\d-\d{7}|\d{3}-\d\d-\d{4}", str(row[1])) for row in firms)


def test_the_mailbox_opens_with_every_kind_of_attachment(larkspur: Path) -> None:
    box = mailbox.mbox(larkspur / "evidence-1" / "support_mail.mbox", create=False)
    mails = list(box)
    box.close()
    endings = {
        name.rsplit(".")[-1]
        for mail in mails
        for part in mail.walk()
        if (name := part.get_filename())
    }
    assert endings == {"csv", "docx", "pdf", "txt"}
    assert len({mail["Message-ID"] for mail in mails}) == len(mails) > 10


def test_forms_of_the_personnel_share_show_their_text(larkspur: Path) -> None:
    form = next((larkspur / "evidence-1" / "hr-share" / "payroll").glob("*.pdf"))
    document = pypdfium2.PdfDocument(form)
    text = document[0].get_textpage().get_text_range()
    assert re.search(r"Social Security Number: \d{3}-\d\d-\d{4}", text)
    letter = next((larkspur / "evidence-1" / "hr-share").rglob("offer_letter*.docx"))
    with zipfile.ZipFile(letter) as word:
        assert word.testzip() is None
        assert b"start date" in word.read("word/document.xml")


def test_unreadable_things_are_unreadable_in_the_way_they_say(larkspur: Path) -> None:
    misc = larkspur / "evidence-1" / "misc"
    with zipfile.ZipFile(misc / "q3_ports_locked.zip") as locked:
        with pytest.raises(RuntimeError, match="password"):
            locked.read("q3_ports.csv")
        assert locked.read("q3_ports.csv", b"Meadow!2026").startswith(b"name,ssn,tel\n")
    with pytest.raises(EOFError):
        gzip.decompress((misc / "export_0730.csv.gz").read_bytes())
    assert (misc / "new_customers.csv").stat().st_size == 0
    assert b"\x00" in (misc / "cell_cache.lwb").read_bytes()


def test_the_scan_index_is_one_json_object_a_line(larkspur: Path) -> None:
    lines = (larkspur / "evidence-2" / "licence_scan_index.jsonl").read_text("utf-8").splitlines()
    scans = [json.loads(line) for line in lines]
    assert {scan["doc_type"] for scan in scans} == {"DL", "PASSPORT"}
    assert all((scan["passport_no"] is None) == (scan["doc_type"] == "DL") for scan in scans)


@pytest.mark.parametrize("lines", [[], ["one"], ["(a) \\ b", "é – ”"], ["a line"] * 130])
def test_a_pdf_shows_the_lines_it_was_given(lines: list[str]) -> None:
    document = pypdfium2.PdfDocument(pdf_bytes(lines))
    text = "".join(page.get_textpage().get_text_range() + "\n" for page in document)
    assert [line for line in text.replace("\r", "").split("\n") if line] == lines
    assert len(document) == max(1, -(-len(lines) // 52))


def test_a_word_document_escapes_what_xml_would_take_for_tags() -> None:
    with zipfile.ZipFile(io.BytesIO(docx_bytes(["<b> & co"], [["a", "b<c"]]))) as word:
        body = word.read("word/document.xml").decode()
    assert "&lt;b&gt; &amp; co" in body and "b&lt;c" in body


@pytest.mark.parametrize("content", [b"", b"a", b"text " * 5_000, bytes(range(256)) * 40])
def test_a_locked_zip_opens_with_its_password_only(content: bytes) -> None:
    made = locked_zip_bytes("inside.bin", content, b"secret")
    with zipfile.ZipFile(io.BytesIO(made)) as locked:
        assert locked.read("inside.bin", b"secret") == content
        with pytest.raises((RuntimeError, zipfile.BadZipFile, Exception)):
            locked.read("inside.bin", b"wrong!")
