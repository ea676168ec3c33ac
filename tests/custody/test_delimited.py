# ruff: noqa: E501  (a case of a table reads best on one line; dumps end lines in spaces)
from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.custody.dialect import sniff_dialect
from amends.custody.layout import is_header
from tests.custody.helpers import read_bytes

PEOPLE = "name,born,email\nAnn,1980-01-02,ann@example.com\nBjörn,1970-03-04,b@example.com\nZoë,1990-05-06,z@example.com\n"
ROWS = [
    ["Ann", "1980-01-02", "ann@example.com"],
    ["Björn", "1970-03-04", "b@example.com"],
    ["Zoë", "1990-05-06", "z@example.com"],
]


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "cp1252",
        "latin-1",
        "cp437",
        "mac_roman",
    ],
)
def test_any_encoding(tmp_path, encoding):
    found = read_bytes(tmp_path, "p.csv", PEOPLE.encode(encoding))
    assert found.columns[""] == ("name", "born", "email")
    assert found.rows() == ROWS


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "\x01"])
def test_any_separator_and_line_end(tmp_path, separator, ends):
    text = PEOPLE.replace(",", separator).replace("\n", ends)
    found = read_bytes(tmp_path, "p.csv", text.encode())
    assert found.rows() == ROWS


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        # quotes, doubled quotes, separators and line ends inside quotes
        ('a,b\n1,"x, ""y"""\n2,"line\none"\n', ("a", "b"), [["1", 'x, "y"'], ["2", "line\none"]]),
        # backslash escapes
        ('id,note\n1,"say \\"hi\\", ok"\n2,"b"\n3,"c"\n', ("id", "note"), [["1", 'say "hi", ok'], ["2", "b"], ["3", "c"]]),
        # single quotes
        ("id,n,d\n1,'O, N',2\n2,'P, Q',3\n", ("id", "n", "d"), [["1", "O, N", "2"], ["2", "P, Q", "3"]]),
        # a stray quote inside a bare cell
        ('id,size\n1,5" pipe\n2,6" pipe\n', ("id", "size"), [["1", '5" pipe'], ["2", '6" pipe']]),
        # spaces after separators, before quotes
        ('id, name, n\n1, "A, B", 2\n2, "C, D", 3\n', ("id", "name", "n"), [["1", "A, B", "2"], ["2", "C, D", "3"]]),
        # titles above, notes below the header, blank lines
        ("Report 2021\n\nname;amount\nAnn;1\nBen;2\n", ("name", "amount"), [["Ann", "1"], ["Ben", "2"]]),
        # comment lines
        ("# made by export\n# on Monday\nname,amount\nAnn,1\nBen,2\n", ("name", "amount"), [["Ann", "1"], ["Ben", "2"]]),
        # decimal commas
        ("name;amount\nAnn;1,5\nBen;2,75\nCid;3,25\n", ("name", "amount"), [["Ann", "1,5"], ["Ben", "2,75"], ["Cid", "3,25"]]),
        # trailing separators
        ("a;b;\n1;2;\n3;4;\n", ("a", "b", "column_3"), [["1", "2", None], ["3", "4", None]]),
        # the same header twice, and an empty one
        ("x,x,\n1,2,3\n4,5,6\n", ("x", "x_2", "column_3"), [["1", "2", "3"], ["4", "5", "6"]]),
        # a header in two rows
        ("north,,south,\nx,y,x,y\n1,2,3,4\n5,6,7,8\n", ("north x", "north y", "south x", "south y"), [["1", "2", "3", "4"], ["5", "6", "7", "8"]]),
        # no header
        ("Ann,1980-01-02,a@example.com\nBen,1970-01-02,b@example.com\n", ("column_1", "column_2", "column_3"), [["Ann", "1980-01-02", "a@example.com"], ["Ben", "1970-01-02", "b@example.com"]]),
        # one column
        ("email\na@example.com\nb@example.com\n", ("email",), [["a@example.com"], ["b@example.com"]]),
        # mail and password
        ("a@example.com:hunter2\nb@example.com:pa:ss\nc@example.com:x\n", ("column_1", "column_2"), [["a@example.com", "hunter2"], ["b@example.com", "pa:ss"], ["c@example.com", "x"]]),
        # header only
        ("first_name,last_name,ssn\n", ("first_name", "last_name", "ssn"), []),
        # a header that comes again
        ("name,n\nAnn,1\nname,n\nBen,2\n", ("name", "n"), [["Ann", "1"], ["Ben", "2"]]),
    ],
)  # fmt: skip
def test_messy_files(tmp_path, text, columns, rows):
    found = read_bytes(tmp_path, "x.csv", text.encode())
    assert found.columns[""] == columns
    assert found.rows() == rows


def test_ragged_rows_are_kept_and_said(tmp_path):
    found = read_bytes(tmp_path, "x.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n13,14,15\n")
    assert found.rows() == [
        ["1", "2", "3"],
        ["4", "5", None],
        ["6", "7", "8,9"],
        ["10", "11", "12"],
        ["13", "14", "15"],
    ]
    assert [(fault.reason, fault.place, fault.whole) for fault in found.faults] == [
        ("malformed_row", "row 2", False), ("malformed_row", "row 3", False)
    ]  # fmt: skip


def test_an_unclosed_quote_costs_one_row_not_the_file(tmp_path):
    body = "".join(f'{n},"v{n}",x\n' for n in range(2000))
    text = "id,v,w\n" + body.replace('50,"v50",x', '50,"v50,x', 1)
    found = read_bytes(tmp_path, "x.csv", text.encode())
    assert len(found.rows()) >= 1997
    assert found.rows()[-1] == ["1999", "v1999", "x"]


def test_several_tables_in_one_file(tmp_path):
    text = "Sales,,\nname,amount,day\nAnn,1,2020-01-01\nBen,2,2020-01-02\n,,\nStaff,,\n,,\nfirst,ssn,\nCid,900-12-3456,\nDan,900-12-3457,\n"
    found = read_bytes(tmp_path, "x.csv", text.encode())
    assert found.columns[""] == ("name", "amount", "day")
    assert found.columns["#2"][:2] == ("first", "ssn")
    assert [row[1] for row in found.rows("#2")] == ["900-12-3456", "900-12-3457"]
    assert "Sales" in found.documents["#text"]
    assert "Staff" in found.documents["#text"]


def test_rows_keep_their_numbers_across_blank_rows(tmp_path):
    found = read_bytes(tmp_path, "x.csv", b"a,b\n1,2\n,\n3,4\n")
    assert found.rows() == [["1", "2"], ["3", "4"]]
    assert found.numbers[""] == [1, 3]


def test_a_large_file_reads_the_same_in_chunks(tmp_path):
    rows = [f'{n},"Smith, {n}",x{n},"say ""hi"""' for n in range(300_000)]
    rows[150_000] = "150000,short"
    found = read_bytes(tmp_path, "x.csv", ("id,name,x,q\n" + "\n".join(rows) + "\n").encode())
    got = found.rows()
    assert len(got) == 300_000
    assert found.numbers[""] == list(range(1, 300_001))
    assert got[150_000] == ["150000", "short", None, None]
    assert got[299_999] == ["299999", "Smith, 299999", "x299999", 'say "hi"']
    assert [fault.place for fault in found.faults] == ["row 150001"]


@pytest.mark.parametrize(
    ("text", "is_table"),
    [
        ("Dear Ann,\nthank you for your letter, which came today.\nYours, Ben\n", False),
        ("name\tssn\nAnn\t900-12-3456\nBen\t900-12-3457\n", True),
        ("name|ssn\nAnn|900-12-3456\nBen|900-12-3457\n", True),
        ("first,last,ssn\nAnn,Lee,900-12-3456\nBen,Ito,900-12-3457\n", True),
        (
            "Jan 1 10:00:01 host sshd[1]: Failed password for root\nJan 1 10:00:02 host sshd[1]: ok\n",
            False,
        ),
        ("just one line", False),
    ],
)
def test_a_text_without_an_ending_is_a_table_only_beyond_doubt(tmp_path, text, is_table):
    found = read_bytes(tmp_path, "x.txt", text.encode())
    assert bool(found.tables) is is_table
    assert bool(found.documents) is not is_table


@pytest.mark.parametrize(
    ("row", "below", "expected"),
    [
        (["name", "ssn"], [["Ann", "900-12-3456"]] * 3, True),
        (["Ann", "900-12-3455"], [["Ben", "900-12-3456"]] * 3, False),
        (["first_name", "last_name"], [["Ann", "Lee"], ["Ben", "Ito"]], True),
        (["Ann", "Lee"], [["Ben", "Ito"], ["Cid", "Berg"]], False),
        (["a@example.com", "x"], [["b@example.com", "y"]], False),
        (["firstName", "lastName"], [["Ann", "Lee"]], True),
        (["1", "2"], [["3", "4"]], False),
        (["", ""], [["3", "4"]], False),
    ],
)
def test_headers(row, below, expected):
    assert is_header(row, below) is expected


def test_quotes_that_first_come_late_are_still_quotes(tmp_path):
    plain = "".join(f"{n},v{n},x\n" for n in range(20_000))
    found = read_bytes(tmp_path, "x.csv", ("id,v,w\n" + plain + '20000,"a, b",x\n').encode())
    assert found.rows()[-1] == ["20000", "a, b", "x"]
    assert not found.faults


def test_a_huge_single_line_is_a_document_not_a_hang(tmp_path):
    found = read_bytes(tmp_path, "x.csv", b"a,b " * (5 << 18))
    assert len(found.documents[""]) == 5 << 20


def test_a_huge_line_among_rows_is_kept(tmp_path):
    text = b"id,note\n1,x\n" + b"2," + b"y" * (5 << 20) + b"\n3,z\n"
    found = read_bytes(tmp_path, "x.csv", text)
    assert [row[0] for row in found.rows()] == ["1", "2", "3"]
    assert len(found.rows()[1][1] or "") == 5 << 20


def test_an_empty_file_is_an_exception(tmp_path):
    assert read_bytes(tmp_path, "x.csv", b"").reasons() == ["empty"]


SAFE = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Co", "Cn", "Zs")
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(SAFE, min_size=3, max_size=3), min_size=3, max_size=20),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_was_written_is_read(tmp_path_factory, rows, separator):
    import csv
    import io

    held = io.StringIO()
    writer = csv.writer(held, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["first_name", "ssn", "email"])
    writer.writerows([[a, b, f"{number}@example.com"] for number, (a, b, _) in enumerate(rows)])
    found = read_bytes(
        tmp_path_factory.mktemp("csv"), "x.csv", codecs.BOM_UTF8 + held.getvalue().encode()
    )
    assert [row[:2] for row in found.rows()] == [[a, b] for a, b, _ in rows]


def test_the_sniffer_prefers_what_rows_agree_on():
    assert sniff_dialect("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n").dialect.separator == ";"
