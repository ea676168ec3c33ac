# ruff: noqa: E501  (a case of a table reads best on one line; dumps end lines in spaces)
"""Any bytes: no crash, no hang, and always an answer."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from amends.custody.limits import Limits
from tests.custody.helpers import docx_of, paragraph, pdf_of, read_bytes, zip_of

LIMITS = Limits(memory_bytes=1 << 24, total_bytes=1 << 26, items=500, ratio_floor_bytes=1 << 22)
CSV = b'name,ssn,note\nAnn,900-12-3456,"a ""b"", c"\nBen,900-12-3457,x\n'


def gives_an_answer(folder: Path, name: str, payload: bytes) -> None:
    found = read_bytes(folder, name, payload, limits=LIMITS)
    assert found.tables or found.documents or found.faults
    assert [path.name for path in folder.iterdir()] == [name]


@cache
def samples() -> dict[str, bytes]:
    book = io.BytesIO()
    workbook = xlsxwriter.Workbook(book, {"in_memory": True})
    sheet = workbook.add_worksheet("S")
    for at, row in enumerate([["name", "ssn"], ["Ann", "900-12-3456"], ["Ben", "900-12-3457"]]):
        sheet.write_row(at, 0, row)
    workbook.close()
    table = io.BytesIO()
    pq.write_table(pa.table({"a": ["x", "y"], "n": [1, 2]}), table)
    database = sqlite3.connect(":memory:")
    database.executescript("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y');")
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as archive:
        info = tarfile.TarInfo("p.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return {
        "x.csv": CSV,
        "x.xlsx": book.getvalue(),
        "x.parquet": table.getvalue(),
        "x.db": database.serialize(),
        "x.tar": tape.getvalue(),
        "x.zip": zip_of({"p.csv": CSV, "d.docx": docx_of(paragraph("hello"))}),
        "x.docx": docx_of(paragraph("hello") * 5),
        "x.pdf": pdf_of([["hello"], ["there"]]),
        "x.gz": gzip.compress(CSV),
        "x.bz2": bz2.compress(CSV),
        "x.xz": lzma.compress(CSV),
        "x.zst": zstandard.compress(CSV),
        "x.json": json.dumps({"data": [{"a": 1, "b": {"c": "x"}}, {"a": 2}], "n": 1}).encode(),
        "x.jsonl": b'{"a": 1}\n{"a": 2, "b": [1, {"c": 2}]}\n',
        "x.sql": b"-- PostgreSQL database dump\nCREATE TABLE t (a int, b text);\nCOPY t (a, b) FROM stdin;\n1\tx\\n\n2\t\\N\n\\.\n"
        b"INSERT INTO t VALUES (1, 'a''b'), (2, NULL);\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (b);\n",
        "m.sql": b"-- MySQL dump\nINSERT INTO `t` VALUES (1,'a\\'b',0xFF),(2,NULL,_binary 'x');\n",
        "x.eml": b'From: a@example.com\nTo: b@example.com\nSubject: =?utf-8?b?SGk=?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="q"\n\n--q\n\nhi\n--q\nContent-Type: text/csv; name="p.csv"\nContent-Disposition: attachment; filename="p.csv"\nContent-Transfer-Encoding: base64\n\nbmFtZSxzc24KQW5uLDkwMC0xMi0zNDU2Cg==\n--q--\n',
        "x.html": b"<html><body><table><tr><td>Ann</td></tr></table><p>x &amp; y</p></body></html>",
        "x.rtf": rb"{\rtf1\ansi Dear Zo\'eb\par \u8364? {\*\x y}}",
    }  # fmt: skip


RELAXED = settings(
    max_examples=60,
    deadline=20_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@RELAXED
@given(
    st.binary(max_size=400),
    st.sampled_from([".csv", ".txt", ".json", ".sql", ".zip", ".xlsx", ".eml", ".html", ""]),
)
@example(b"\x00", ".csv")
@example(b"\xff\xfe", ".csv")
@example(b'"', ".csv")
@example(b"{", ".json")
@example(b"[" * 200_000, ".json")
@example(b"(" * 200_000, ".sql")
@example(b"INSERT INTO t VALUES (", ".sql")
@example(b"INSERT INTO t VALUES " + b"('" * 50_000, ".sql")
@example(b"COPY t FROM stdin;\n", ".sql")
@example(b"<html" + b"<" * 100_000, ".html")
@example(b"{\\rtf" + b"{" * 100_000, ".rtf")
def test_random_bytes(tmp_path_factory, payload, ending):
    gives_an_answer(tmp_path_factory.mktemp("fuzz"), f"x{ending}", payload)


@RELAXED
@given(st.data())
def test_mutated_files(tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(samples())))
    payload = bytearray(samples()[name])
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"]))
        at = data.draw(st.integers(0, max(len(payload) - 1, 0)))
        if kind == "flip" and payload:
            payload[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del payload[at : at + data.draw(st.integers(1, 200))]
        elif kind == "insert":
            payload[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        else:
            payload[at:at] = payload[at : at + 50]
    gives_an_answer(tmp_path_factory.mktemp("fuzz"), name, bytes(payload))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_files_cut_short(tmp_path_factory, data):
    name = data.draw(st.sampled_from(sorted(samples())))
    payload = samples()[name]
    gives_an_answer(
        tmp_path_factory.mktemp("fuzz"), name, payload[: data.draw(st.integers(0, len(payload)))]
    )


def test_every_sample_is_read_whole_when_it_is_sound(tmp_path):
    for name, payload in samples().items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        found = read_bytes(folder, name, payload)
        assert not found.faults, name
        assert found.tables or found.documents, name


def test_the_same_bytes_give_the_same_parts(tmp_path):
    for name, payload in samples().items():
        first, second = (read_bytes(tmp_path, name, payload) for _ in range(2))
        assert (first.tables, first.documents, first.faults) == (
            second.tables,
            second.documents,
            second.faults,
        ), name


def test_nothing_is_written_while_reading(tmp_path, monkeypatch):
    payload = zip_of({name: data for name, data in samples().items()}, zipfile.ZIP_STORED)
    path = tmp_path / "all.zip"
    path.write_bytes(payload)
    written: list[str] = []
    real = io.open

    def watched(file, mode="r", *args, **options):
        if any(sign in mode for sign in "wax+"):
            written.append(str(file))
        return real(file, mode, *args, **options)

    monkeypatch.setattr(io, "open", watched)
    monkeypatch.setattr("builtins.open", watched)
    from tests.custody.helpers import read

    found = read(path)
    assert len(found.tables) > 10
    assert written == []
