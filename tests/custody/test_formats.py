# ruff: noqa: E501  (a case of a table reads best on one line; dumps end lines in spaces)
from __future__ import annotations

import bz2
import datetime
import email.message
import gzip
import io
import json
import lzma
import sqlite3
import struct
import tarfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import zstandard

from amends.custody.limits import Limits
from amends.kernel.contents import DeclaredKey
from tests.custody.helpers import W, docx_of, paragraph, pdf_of, read, read_bytes, zip_of

CSV = b"name,ssn\nAnn,900-12-3456\nBen,900-12-3457\n"


def workbook(build) -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    build(book)
    book.close()
    return held.getvalue()


# spreadsheets


def test_tables_side_by_side_and_stacked_on_one_sheet(tmp_path):
    def build(book):
        sheet = book.add_worksheet("Accounts")
        sheet.merge_range(0, 0, 0, 6, "Business accounts 2021")
        for at, row in enumerate(
            [["company", "ein"], ["Acme", "90-1234567"], ["Bolt", "90-7654321"]]
        ):
            sheet.write_row(2 + at, 0, row)
        for at, row in enumerate(
            [
                ["contact", "phone", "born"],
                ["Ann", "555-0100", "1980-01-01"],
                ["Ben", "555-0101", "1981-01-01"],
            ]
        ):
            sheet.write_row(2 + at, 4, row)
        for at, row in enumerate([["city", "amount"], ["Reno", 5], ["Elko", 7]]):
            sheet.write_row(8 + at, 0, row)
        hidden = book.add_worksheet("Hidden")
        hidden.hide()
        hidden.write_row(0, 0, ["name", "pin"])
        hidden.write_row(1, 0, ["Cid", "0042"])

    found = read_bytes(tmp_path, "b.xlsx", workbook(build))
    assert found.columns["Accounts"] == ("company", "ein")
    assert found.rows("Accounts") == [["Acme", "90-1234567"], ["Bolt", "90-7654321"]]
    assert found.columns["Accounts#2"] == ("contact", "phone", "born")
    assert found.columns["Accounts#3"] == ("city", "amount")
    assert found.rows("Accounts#3") == [["Reno", "5"], ["Elko", "7"]]
    assert found.rows("Hidden") == [["Cid", "0042"]]
    assert "Business accounts 2021" in found.documents["Accounts#text"]


def test_numbers_and_days_come_as_text(tmp_path):
    def build(book):
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["id", "born", "amount", "ok"])
        for row in (1, 2):
            sheet.write(row, 0, 123456789012)
            sheet.write_datetime(row, 1, datetime.datetime(1980, 2, 3), day)
            sheet.write(row, 2, 1.25)
            sheet.write_boolean(row, 3, True)

    found = read_bytes(tmp_path, "b.xlsx", workbook(build))
    assert found.rows("Sheet1")[0] == ["123456789012", "1980-02-03", "1.25", "TRUE"]


def test_blank_rows_and_sparse_columns_do_not_split_a_table(tmp_path):
    def build(book):
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["name", "phone", "email"])
        for n in range(1, 30):
            if n != 10:
                sheet.write_row(n, 0, [f"Name{n}", f"555-01{n:02d}", f"n{n}@example.com"])

    found = read_bytes(tmp_path, "b.xlsx", workbook(build))
    assert list(found.tables) == ["S"]
    assert len(found.rows("S")) == 28


def test_a_long_sheet_streams_whole(tmp_path):
    def build(book):
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["id", "name"])
        for n in range(20_000):
            sheet.write_row(n + 1, 0, [n, f"v{n}"])

    found = read_bytes(tmp_path, "b.xlsx", workbook(build))
    assert len(found.rows("S")) == 20_000
    assert found.rows("S")[-1] == ["19999", "v19999"]


def test_an_empty_workbook_and_a_broken_one_are_exceptions(tmp_path):
    assert read_bytes(
        tmp_path, "a.xlsx", workbook(lambda book: book.add_worksheet())
    ).reasons() in ([], ["empty"])
    broken = workbook(lambda book: book.add_worksheet().write(0, 0, "x"))[:900]
    assert "truncated" in read_bytes(tmp_path, "b.xlsx", broken).reasons()


# parquet, sqlite, json


def test_parquet_comes_as_text(tmp_path):
    table = pa.table(
        {
            "imei": pa.array([490154203237518, None], pa.int64()),
            "born": pa.array([datetime.date(1980, 1, 2), None]),
            "amount": [1.0, 2.5],
            "name": ["Ann", ""],
            "tags": [["a"], None],
        }
    )
    pq.write_table(table, tmp_path / "d.parquet")
    found = read(tmp_path / "d.parquet")
    assert found.rows() == [
        ["490154203237518", "1980-01-02", "1", "Ann", '["a"]'],
        [None, None, "2.5", None, None],
    ]


def test_a_cut_parquet_is_an_exception(tmp_path):
    held = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), held)
    assert read_bytes(tmp_path, "d.parquet", held.getvalue()[:-9]).reasons() == ["truncated"]


def sqlite_file(path) -> bytes:
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, photo BLOB);"
        'CREATE TABLE "order; DROP" (nr TEXT, person_id INTEGER REFERENCES person(id));'
        "INSERT INTO person VALUES (1, 'Ann', x'fffe'), (2, '', NULL);"
        "INSERT INTO \"order; DROP\" VALUES ('001', 1);"
    )
    database.commit()
    database.close()
    return path.read_bytes()


def test_sqlite_with_its_foreign_keys_on_disk_and_in_an_archive(tmp_path):
    payload = sqlite_file(tmp_path / "p.db")
    found = read(tmp_path / "p.db")
    assert found.rows("person") == [["1", "Ann", "fffe"], ["2", None, None]]
    assert found.rows("order; DROP") == [["001", "1"]]
    assert found.keys["order; DROP"] == (DeclaredKey("person_id", "person", "id"),)
    inside = read_bytes(tmp_path, "z.zip", zip_of({"p.db": payload}))
    assert inside.rows("p.db/person") == found.rows("person")
    assert not list(tmp_path.glob("*-journal"))


@pytest.mark.parametrize(
    ("payload", "path", "rows"),
    [
        (
            '[{"a": 1, "b": {"c": "x"}}, {"a": 2.50, "b": {"c": null}}]',
            "",
            [["1", "x"], ["2.50", None]],
        ),
        ('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', "", [["1", "x"], ["2", "y"]]),
        ('{"data": {"users": [{"a": 1}, {"a": 2}]}, "total": 2}', "data.users", [["1"], ["2"]]),
        ('{"name": "Ann", "phones": ["1", "2"]}', "", [["Ann", "1", "2"]]),
        ("[1, 2]", "", [["1"], ["2"]]),
        ('\ufeff[{"a": "é"}]', "", [["é"]]),
    ],
)
def test_json_shapes(tmp_path, payload, path, rows):
    found = read_bytes(tmp_path, "x.json", payload.encode())
    assert found.rows(path) == rows


def test_json_lines_with_a_broken_line_give_the_others(tmp_path):
    lines = [json.dumps({"id": n, "name": f"v{n}"}) for n in range(100)]
    lines[40] = '{"id": 40, "name": "v4'
    found = read_bytes(tmp_path, "x.jsonl", "\n".join(lines).encode())
    assert len(found.rows()) == 99
    assert found.reasons() == ["malformed_row"]


def test_json_with_columns_that_appear_late_loses_none(tmp_path):
    objects = [{"a": "1"}] * 25_000 + [{"a": "2", "late": "x"}]
    found = read_bytes(tmp_path, "x.json", json.dumps(objects).encode())
    assert len(found.rows()) == 25_000
    assert found.tables["#2"] == [{"a": "2", "late": "x"}]


def test_a_cut_json_array_gives_what_came_before(tmp_path):
    text = json.dumps([{"a": str(n)} for n in range(50)])[:-20]
    found = read_bytes(tmp_path, "x.json", text.encode())
    assert len(found.rows()) >= 47
    assert "truncated" in found.reasons()


# mail


def message() -> email.message.EmailMessage:
    mail = email.message.EmailMessage()
    mail["From"] = "Jörg <j@example.com>"
    mail["To"] = "ann@example.com"
    mail["Subject"] = "Grüße und Daten"
    mail["Date"] = "Mon, 16 Aug 2021 10:00:00 +0000"
    mail.set_content("Hello Ann,\nyour number is 900-12-3456.\n")
    mail.add_attachment(CSV, maintype="text", subtype="csv", filename="Käufer.csv")
    mail.add_attachment(
        zip_of({"in/n.csv": CSV}), maintype="application", subtype="zip", filename="../../x.zip"
    )
    return mail


def test_a_mail_gives_headers_body_and_attachments(tmp_path):
    found = read_bytes(tmp_path, "m.eml", message().as_bytes())
    text = found.documents[""]
    assert "From: Jörg <j@example.com>" in text
    assert "Subject: Grüße und Daten" in text
    assert "your number is 900-12-3456." in text
    assert found.rows("Käufer.csv") == [["Ann", "900-12-3456"], ["Ben", "900-12-3457"]]
    (inner,) = [path for path in found.tables if path.endswith("n.csv")]
    assert ".." not in inner.split("/")


def test_a_mailbox_gives_each_message(tmp_path):
    one = b"From ann@example.com Mon Aug 16 10:00:00 2021\n"
    body = (
        one
        + message().as_bytes()
        + b"\n"
        + one
        + b"From: b@example.com\nTo: c@example.com\nSubject: two\n\n>From here on\n"
    )
    found = read_bytes(tmp_path, "m.mbox", body)
    assert sorted(found.documents) == ["message-000001", "message-000002"]
    assert "From here on" in found.documents["message-000002"]
    assert "message-000001/Käufer.csv" in found.tables


def test_html_mail_is_read_as_text(tmp_path):
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "x"
    mail.set_content(
        "<html><body><p>SSN&nbsp;900-12-3456</p><script>no()</script></body></html>", subtype="html"
    )
    text = read_bytes(tmp_path, "m.eml", mail.as_bytes()).documents[""]
    assert "900-12-3456" in text
    assert "no()" not in text


# documents


def test_pdf_text_by_page(tmp_path):
    found = read_bytes(
        tmp_path, "d.pdf", pdf_of([["First page", "SSN 900-12-3456"], ["Second page"]])
    )
    text = found.documents[""]
    assert "900-12-3456" in text
    assert text[found.pages[""][1] :].startswith("Second page")


def test_a_pdf_without_text_needs_ocr(tmp_path):
    assert read_bytes(tmp_path, "d.pdf", pdf_of([[]])).reasons() == ["needs_ocr"]
    mixed = read_bytes(tmp_path, "e.pdf", pdf_of([["words"], []]))
    assert [(f.reason, f.place, f.whole) for f in mixed.faults] == [("needs_ocr", "page 2", False)]


def test_docx_paragraphs_tables_headers_and_boxes(tmp_path):
    cell = "<w:tc>" + paragraph("{}") + "</w:tc>"
    table = (
        "<w:tbl>"
        + "".join(
            "<w:tr>" + "".join(cell.format(c) for c in row) + "</w:tr>"
            for row in (["Name", "SSN"], ["Ann", "900-12-3456"])
        )
        + "</w:tbl>"
    )
    box = (
        "<w:p><w:r><w:pict><w:txbxContent>"
        + paragraph("in a box")
        + "</w:txbxContent></w:pict></w:r></w:p>"
    )
    payload = docx_of(
        paragraph("Dear Ann") + table + box,
        header1=paragraph("Confidential"),
        footnotes=paragraph("a note"),
    )
    text = read_bytes(tmp_path, "d.docx", payload).documents[""]
    assert "Dear Ann\n" in text
    assert "Name\tSSN\nAnn\t900-12-3456\n" in text
    for words in ("in a box", "Confidential", "a note"):
        assert words in text


def test_an_entity_bomb_is_a_fault(tmp_path):
    bomb = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w:document xmlns:w="{W}"><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:document>'
    payload = zip_of({"[Content_Types].xml": b"<Types/>", "word/document.xml": bomb.encode()})
    assert read_bytes(tmp_path, "d.docx", payload).reasons() == ["bomb"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<html><body><p>One</p><p>Two</p></body></html>", "One\nTwo\n"),
        (
            "<html><table><tr><th>Name</th><th>SSN</th></tr><tr><td>Ann</td><td>900-12-3456</td></tr></table></html>",
            "Name\tSSN\nAnn\t900-12-3456\n",
        ),
        ("<html><style>p{}</style><script>x<y</script><p>A &amp; B&eacute;</p></html>", "A & Bé\n"),
        ("<html><p>unclosed <b>bold", "unclosed bold"),
        ("<html><!-- gone --><![CDATA[x]]><p>ok</p></html>", "ok\n"),
    ],
)
def test_html_is_read_as_it_is_seen(tmp_path, html, expected):
    assert read_bytes(tmp_path, "x.html", html.encode()).documents[""] == expected


def test_rtf(tmp_path):
    rtf = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator x;}\f0 Dear Zo\'eb\par SSN 900-12-3456\par \u8364?uro\cell two\row}"
    assert (
        read_bytes(tmp_path, "x.rtf", rtf).documents[""] == "Dear Zoë\nSSN 900-12-3456\n€uro\ttwo\n"
    )


def test_odt(tmp_path):
    xml = '<office:document-content xmlns:office="o" xmlns:text="t"><text:h>Title</text:h><text:p>Ann <text:span>900-12-3456</text:span></text:p></office:document-content>'
    payload = zip_of(
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": xml.encode()},
        method=0,
    )
    assert read_bytes(tmp_path, "x.odt", payload).documents[""] == "Title\nAnn 900-12-3456\n"


def test_a_long_text_comes_in_blocks(tmp_path):
    text = "word " * 2_000_000
    assert read_bytes(tmp_path, "x.txt", text.encode()).documents[""] == text


# containers


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("p.csv.gz", gzip.compress),
        ("p.csv.bz2", bz2.compress),
        ("p.csv.xz", lzma.compress),
        ("p.csv.zst", zstandard.compress),
    ],
)
def test_compressed_files(tmp_path, name, pack):
    found = read_bytes(tmp_path, name, pack(CSV))
    assert found.rows("p.csv") == [["Ann", "900-12-3456"], ["Ben", "900-12-3457"]]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_cut_stream_gives_what_was_readable_and_a_fault(tmp_path, pack):
    body = b"id,name,ssn\n" + b"".join(
        b"%d,name%d,900-%05d\n" % (n, n * 7919 % 10007, n * 31337 % 99991) for n in range(200_000)
    )
    packed = pack(body)
    found = read_bytes(tmp_path, "p.csv.x", packed[: len(packed) // 2])
    assert "truncated" in found.reasons()
    if pack in (gzip.compress, bz2.compress):
        assert len(next(iter(found.tables.values()))) > 1000


def test_several_gzip_members_are_one_file(tmp_path):
    found = read_bytes(
        tmp_path, "p.csv.gz", gzip.compress(CSV) + gzip.compress(b"Cid,900-12-3458\n")
    )
    assert len(found.rows("p.csv")) == 3


def tar_of(members) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for info, payload in members:
            archive.addfile(info, io.BytesIO(payload))
    return held.getvalue()


def member(name, payload=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(payload), kind, link
    return info, payload


def test_tar_members_links_and_paths_that_climb(tmp_path):
    payload = tar_of(
        [
            member("../../etc/p.csv", CSV),
            member("link", kind=tarfile.SYMTYPE, link="/etc/passwd"),
            member("hard", kind=tarfile.LNKTYPE, link="../../etc/p.csv"),
            member("pipe", kind=tarfile.FIFOTYPE),
            member("a/p.csv", CSV),
            member("a/p.csv", CSV),
        ]
    )
    found = read_bytes(tmp_path, "t.tar.gz", gzip.compress(payload))
    assert sorted(found.reasons()) == ["device", "link", "link"]
    assert sorted(found.tables) == ["t.tar/__/__/etc/p.csv", "t.tar/a/p.csv", "t.tar/a/p.csv~2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.tar.gz"]


def test_zip_in_zip_in_tar(tmp_path):
    inner = zip_of(
        {
            "p.csv": CSV,
            "b.xlsx": workbook(
                lambda book: book.add_worksheet("S").write_column(0, 0, ["name", "Ann"])
            ),
        }
    )
    payload = tar_of([member("x/outer.zip", zip_of({"inner.zip": inner}))])
    found = read_bytes(tmp_path, "t.tar", payload)
    assert len(found.rows("x/outer.zip/inner.zip/p.csv")) == 2
    assert "x/outer.zip/inner.zip/b.xlsx/S" in found.tables


def test_a_zip_without_its_directory_is_salvaged(tmp_path):
    whole = zip_of({"a.csv": CSV, "b.csv": CSV * 50})
    found = read_bytes(tmp_path, "z.zip", whole[: whole.index(b"PK\x01\x02")])
    assert len(found.tables["a.csv"]) == 2
    assert "b.csv" in found.tables
    assert found.reasons()[-1] == "truncated"


def test_depth_count_ratio_and_size_are_bounded(tmp_path):
    nested = CSV
    for level in range(6):
        nested = zip_of({f"{level}.zip" if level else "p.csv": nested})
    assert read_bytes(tmp_path, "n.zip", nested, limits=Limits(depth=3)).reasons() == ["bomb"]
    zeros = gzip.compress(b"\0" * (8 << 20))
    limits = Limits(ratio=50, ratio_floor_bytes=1 << 20)
    assert "bomb" in read_bytes(tmp_path, "b.gz", zeros, limits=limits).reasons()
    assert (
        "bomb"
        in read_bytes(
            tmp_path, "b.zip", zip_of({"z.txt": b"a" * (8 << 20)}), limits=limits
        ).reasons()
    )
    many = zip_of({f"{n}.csv": CSV for n in range(50)})
    assert "bomb" in read_bytes(tmp_path, "m.zip", many, limits=Limits(items=10)).reasons()
    assert (
        "bomb"
        in read_bytes(
            tmp_path, "s.csv.gz", gzip.compress(CSV * 1000), limits=Limits(total_bytes=1000)
        ).reasons()
    )


def test_what_needs_random_access_and_is_too_large_inside_is_a_fault(tmp_path):
    payload = zip_of({"big.pdf": b"%PDF-1.4\n" + b"x" * (1 << 20)})
    assert read_bytes(
        tmp_path, "z.zip", payload, limits=Limits(memory_bytes=1 << 19)
    ).reasons() == ["too_big_inside"]


def encrypted_zip() -> bytes:
    """A zip whose flags say that it is encrypted."""
    payload = bytearray(zip_of({"p.csv": CSV}))
    payload[6] |= 1
    payload[payload.index(b"PK\x01\x02") + 8] |= 1
    return bytes(payload)


def zipcrypto(name: str, payload: bytes, password: bytes) -> bytes:
    """A zip with one member under the old encryption (APPNOTE 6.1)."""
    table = []
    for n in range(256):
        value = n
        for _ in range(8):
            value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
        table.append(value)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def turn(byte: int) -> None:
        keys[0] = (keys[0] >> 8) ^ table[(keys[0] ^ byte) & 0xFF]
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ table[(keys[2] ^ (keys[1] >> 24)) & 0xFF]

    for byte in password:
        turn(byte)
    crc = zlib.crc32(payload)
    sealed = bytearray()
    for byte in bytes(11) + bytes([crc >> 24]) + payload:
        mask = (keys[2] | 2) & 0xFFFF
        sealed.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF))
        turn(byte)
    sizes = struct.pack("<IIIHH", crc, len(sealed), len(payload), len(name), 0)
    local = (
        b"PK\x03\x04"
        + struct.pack("<HHHHH", 20, 1, 0, 0, 0)
        + sizes
        + name.encode()
        + bytes(sealed)
    )
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 1, 0, 0, 0) + sizes
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
    return (
        local
        + central
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    )


def test_a_password_from_the_list_opens_a_zip(tmp_path):
    payload = zipcrypto("p.csv", CSV, b"s3cret")
    found = read_bytes(tmp_path, "z.zip", payload, passwords=("wrong", "s3cret"))
    assert found.rows("p.csv") == [["Ann", "900-12-3456"], ["Ben", "900-12-3457"]]
    assert read_bytes(tmp_path, "z.zip", payload, passwords=("wrong",)).reasons() == ["encrypted"]


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("z.zip", encrypted_zip(), "encrypted"),
        ("e.zip", b"PK\x05\x06" + b"\0" * 18, "empty"),
        ("x.pst", b"!BDN" + b"\0" * 600, "unsupported_format"),
        ("x.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "needs_ocr"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "unsupported_format"),
        (
            "x.msg",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + b"\0" * 512
            + "__properties_version1.0".encode("utf-16-le"),
            "unsupported_format",
        ),
        (
            "x.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + b"\0" * 512
            + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        ("x.bin", bytes(range(256)) * 40, "unknown_format"),
        ("x.pdf", b"%PDF-1.4\nnothing", "truncated"),
        ("x.db", b"SQLite format 3\x00" + b"\xff" * 600, "truncated"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_remedy(tmp_path, name, payload, reason):
    found = read_bytes(tmp_path, name, payload)
    assert reason in found.reasons()
    assert not found.tables
    assert all(fault.whole for fault in found.faults)


def test_a_folder_or_a_missing_file_is_a_fault_not_a_crash(tmp_path):
    assert read(tmp_path).reasons() == ["unreadable"]
    assert read(tmp_path / "none").reasons() == ["unreadable"]
