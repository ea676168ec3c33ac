"""CSV files: only the protected fields change, whatever the file's letters, quotes and line ends."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError
from amends.vault.keyring import Keyring
from amends.vault.stores import csv_rows
from amends.vault.stores.csv_dialect import form_of
from amends.vault.stores.csv_files import CSV
from amends.vault.stores.file_kinds import Rewrite
from amends.vault.stores.opening import open_store
from tests.vault.file_world import Work, reverse, ring

ROOT = Path(__file__).parents[2]
A, B, C = "666-12-3456", "666-12-3457", "666-12-3458"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return ring(tmp_path_factory.mktemp("keys"))


def put(folder: Path, raw: bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def token(keyring: Keyring, value: str) -> str:
    made: str = keyring.cipher("ssn").forms(value)[0]
    return made


# What is in the file, with {0} … where values of the column ssn stand.
FILES: dict[str, str] = {
    "plain": "id,ssn,city\n1,{0},RENO\n2,{1},ELY\n",
    "returns": "id,ssn,city\r\n1,{0},RENO\r\n2,{1},ELY\r\n",
    "old mac": "id,ssn,city\r1,{0},RENO\r2,{1},ELY\r",
    "no last line end": "id,ssn\n1,{0}\n2,{1}",
    "last column with returns": "id,ssn\r\n1,{0}\r\n2,{1}\r\n",
    "quoted": 'id,ssn,city\n1,"{0}","RENO, NV"\n2,"{1}","a ""b"" c"\n',
    "some quoted": 'id,ssn,city\n1,"{0}",RENO\n2,{1},"E\nL\nY"\n3,{2},x\n',
    "spaces": "id , ssn , city\n1 , {0} , RENO\n2 ,{1}\t, ELY\n",
    "semicolons": "id;ssn;city\n1;{0};RE,NO\n2;{1};ELY\n",
    "tabs": "id\tssn\tcity\n1\t{0}\tRENO\n2\t{1}\tELY\n",
    "bars": "id|ssn|city\n1|{0}|RENO\n2|{1}|ELY\n",
    "apostrophes": "id,ssn,city\n'1','{0}','RENO'\n'2','{1}','EL,Y'\n'3','{2}','x'\n",
    "escapes": 'id,ssn,city\n1,"{0}","a \\"b\\", c"\n2,"{1}","x"\n',
    "spaces before quotes": 'id, ssn, city\n1, "{0}", "RENO, NV"\n2, "{1}", "x"\n',
    "gaps": 'id,ssn,city\n1,,RENO\n2,"",ELY\n3,\\N,x\n4,NULL,y\n5,{0},z\n',
    "blank lines": "id,ssn\n\n1,{0}\n\r\n2,{1}\n\n",
    "title above": "Customers of Larkspur\n\nid,ssn,city\n1,{0},RENO\n2,{1},ELY\n3,{2},x\n",
    "twice the name": "ssn,ssn,city\n{0},y,RENO\n{1},y,ELY\n",
    "zeros inside": "id,ssn,city\n1,{0},RE\x00NO\n2,{1},\x00\n",
    "inches": 'id,ssn,size\n1,{0},5" pipe\n2,{1},7"\n3,{2},"x"\n',
    "letters of all lands": "id,ssn,city\n1,{0},Zürich\n2,{1},東京\n",
}


@pytest.mark.parametrize("name", FILES)
def test_only_the_fields_change_and_undo_gives_the_file_back(
    tmp_path: Path, keyring: Keyring, name: str
) -> None:
    text = FILES[name]
    values = (A, B, C)
    raw = text.format(*values).encode()
    path = put(tmp_path, raw)
    work = Work(path, "people.csv", ("ssn",), keyring)
    work.protect()
    assert path.read_bytes() == text.format(*(token(keyring, v) for v in values)).encode()
    found = [v for v in work.values("ssn") if v]
    assert found == [
        token(keyring, v) for v, n in zip(values, range(3), strict=True) if f"{{{n}}}" in text
    ]
    assert not [w for w in work.store.leftovers(work.change) if "not as the others" in w]
    work.drop()
    work.undo()
    assert path.read_bytes() == raw


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("cp1252", b""),
    ],
)
def test_letters_stay_as_they_were(
    tmp_path: Path, keyring: Keyring, encoding: str, mark: bytes
) -> None:
    text = 'id,ssn,city\r\n1,{0},"Zürich, “x”"\r\n2,{1},Málaga €\r\n'
    raw = mark + text.format(A, "Grüße€").encode(encoding)
    path = put(tmp_path, raw)
    work = Work(path, "people.csv", ("ssn",), keyring)
    work.protect()
    wanted = text.format(token(keyring, A), token(keyring, "Grüße€"))
    assert path.read_bytes() == mark + wanted.encode(encoding)
    work.drop()
    work.undo()
    assert path.read_bytes() == raw


@pytest.mark.parametrize(
    ("ending", "pack", "unpack"),
    [
        (".gz", gzip.compress, gzip.decompress),
        (".bz2", bz2.compress, bz2.decompress),
        (".xz", lzma.compress, lzma.decompress),
        (".zst", zstandard.compress, lambda raw: zstandard.ZstdDecompressor().decompressobj().decompress(raw)),
    ],
)  # fmt: skip
def test_packed_files_stay_packed(
    tmp_path: Path, keyring: Keyring, ending: str, pack: object, unpack: object
) -> None:
    assert callable(pack) and callable(unpack)
    path = put(tmp_path, pack(f"id,ssn\n1,{A}\n".encode()), f"people.csv{ending}")
    work = Work(path, path.name, ("ssn",), keyring)
    work.protect()
    assert unpack(path.read_bytes()) == f"id,ssn\n1,{token(keyring, A)}\n".encode()
    path.write_bytes(path.read_bytes()[:-4])
    if ending in (".gz", ".xz"):
        with pytest.raises(TableError):
            work.values("ssn")


ODD: dict[str, tuple[str, str, int]] = {
    "too few fields, without the column": ("id,city,ssn\n1,RENO,{0}\n2,ELY\n", "line 3", 1),
    "too few fields, with the column": ("id,ssn,city\n1,{0},x\n2,{1}\n", "line 3", 2),
    "too many fields": ("id,ssn,city\n1,{0},RE,NO\n2,{1},ELY\n3,{2},x\n", "line 2", 3),
    "after a field of several lines": ('id,ssn,city\n1,{0},"a\nb\nc"\n2,{1}\n', "line 5", 2),
}


@pytest.mark.parametrize("name", ODD)
def test_a_ragged_row_is_protected_where_it_can_be_and_counted(
    tmp_path: Path, keyring: Keyring, name: str
) -> None:
    text, line, _ = ODD[name]
    path = put(tmp_path, text.format(A, B, C).encode())
    work = Work(path, "people.csv", ("ssn",), keyring)
    work.protect()
    assert path.read_bytes() == text.format(*(token(keyring, v) for v in (A, B, C))).encode()
    told = [w for w in work.store.leftovers(work.change) if "not as the others" in w]
    assert len(told) == 1 and line in told[0] and "666" not in told[0]


@pytest.mark.parametrize(
    "row",
    [b'2,"666-12-3457,ELY', b'2,"666"-12-3457,ELY', b"2,\xff\xfe\xfa666,ELY"],
    ids=["never closed", "closed in the middle", "no letters"],
)
def test_a_row_that_cannot_be_read_stays_and_is_counted(
    tmp_path: Path, keyring: Keyring, row: bytes
) -> None:
    raw = b"id,ssn,city\n1,%s,Z\xc3\xbcrich\n" + row + b"\n3,%s,x\n"
    path = put(tmp_path, raw % (A.encode(), C.encode()))
    form = form_of(path)
    form["encoding"] = "utf-8"
    work = Rewrite(("ssn",), reverse, form)
    out = tmp_path / "out.csv"
    assert sum(CSV.rewrite(path, out, work)) >= 3
    assert out.read_bytes() == raw % (A[::-1].encode(), C[::-1].encode())
    assert work.faults.rows == 1 and work.faults.places[0][0] == 3
    assert "666" not in work.faults.places[0][1]


def test_a_file_without_a_header_keeps_its_first_row(tmp_path: Path, keyring: Keyring) -> None:
    path = put(tmp_path, f"Ann,{A}\nBob,{B}\n".encode())
    work = Work(path, "people.csv", ("column_2",), keyring)
    work.protect()
    assert work.values("column_2") == [token(keyring, A), token(keyring, B)]
    work.drop()
    assert len(work.values("column_2")) == 2
    work.undo()
    assert path.read_bytes() == f"Ann,{A}\nBob,{B}\n".encode()


def test_huge_fields_and_rows_over_the_edge_of_a_block(
    tmp_path: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 100)
    text = "id,note,ssn\n" + "".join(
        f'{n},"{"x," * (n * 40)}\n""",{n:09d}\n' for n in range(100, 160)
    )
    path = put(tmp_path, text.encode())
    form = form_of(path)
    out = tmp_path / "out.csv"
    assert sum(CSV.rewrite(path, out, Rewrite(("ssn",), reverse, form))) == 60
    again = Rewrite(("ssn",), reverse, form)
    back = tmp_path / "back.csv"
    assert sum(CSV.rewrite(out, back, again)) == 60 and not again.faults.rows
    assert back.read_bytes() == path.read_bytes() != out.read_bytes()


_CELL = st.text(alphabet=st.sampled_from('ab1 ,;"\n\r\t\\é\0'), max_size=8)


@settings(max_examples=150)
@given(
    rows=st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=12),
    ends=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([1, 7, 64, 1 << 20]),
)
def test_any_rows_survive_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    ends: str,
    block: int,
) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    folder = tmp_path_factory.mktemp("csv")
    text = ends.join(["id,ssn,note", *(",".join(map(quoted, row)) for row in rows)]) + ends
    path = put(folder, text.encode())
    form = {**form_of(path), "delimiter": ",", "newline": "\n", "quote": '"', "escape": "", "spaced": False, "skip": 1,
            "names": ["id", "ssn", "note"], "encoding": "utf-8"}  # fmt: skip
    seen: list[str | None] = []

    def mark(batch: pa.RecordBatch) -> pa.RecordBatch:
        values = batch.column(0).to_pylist()
        seen.extend(values)
        made = [None if v is None else f"<{v}>" for v in values]
        return pa.RecordBatch.from_arrays([pa.array(made, pa.string())], ["ssn"])

    def unmark(batch: pa.RecordBatch) -> pa.RecordBatch:
        made = [None if v is None else v[1:-1] for v in batch.column(0).to_pylist()]
        return pa.RecordBatch.from_arrays([pa.array(made, pa.string())], ["ssn"])

    out, back = folder / "out.csv", folder / "back.csv"
    old = csv_rows.blocks.__defaults__
    csv_rows.blocks.__defaults__ = (block,)
    try:
        list(CSV.rewrite(path, out, Rewrite(("ssn",), mark, form)))
        list(CSV.rewrite(out, back, Rewrite(("ssn",), unmark, form, back=True)))
    finally:
        csv_rows.blocks.__defaults__ = old
    assert back.read_bytes() == path.read_bytes()
    expected = [row[1].strip(" \t") for row in rows]
    assert [v or "" for v in seen] == expected


@pytest.mark.parametrize("raw", [b"", b"\n", b"id,ssn\n", b"id,ssn", b"\xef\xbb\xbf"])
def test_files_without_rows_are_tables_without_rows(tmp_path: Path, raw: bytes) -> None:
    shape = open_store(str(put(tmp_path, raw))).tables()[0]
    assert shape.n_rows == 0
    assert [c.name for c in shape.columns] == (["id", "ssn"] if b"ssn" in raw else [])


def test_copies_that_lie_around_are_named(tmp_path: Path, keyring: Keyring) -> None:
    path = put(tmp_path, f"id,ssn\n1,{A}\n".encode())
    put(tmp_path, path.read_bytes(), "people.csv.bak")
    work = Work(path, "people.csv", ("ssn",), keyring)
    work.protect()
    assert [w for w in work.store.leftovers(work.change) if w.startswith("people.csv.bak")]
    assert sorted(p.name for p in tmp_path.iterdir())[-2:] == ["people.csv", "people.csv.bak"]


def _polluted() -> list[Path]:
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), ROOT.parent / "shared" / "data"):
        found = sorted(Path(folder or "").joinpath("polluted-csv").rglob("*.csv")) if folder else []
        if found:
            return [f for f in found if f.stat().st_size < 1 << 20]
    return []


@pytest.mark.public_data
@pytest.mark.skipif(not _polluted(), reason="the public data are not there")
def test_files_found_on_the_web_come_back_byte_for_byte(tmp_path: Path) -> None:
    def to_hex(batch: pa.RecordBatch) -> pa.RecordBatch:
        made = [
            None if v is None else "tk1_" + v.encode().hex() for v in batch.column(0).to_pylist()
        ]
        return pa.RecordBatch.from_arrays([pa.array(made, pa.string())], batch.schema.names)

    def from_hex(batch: pa.RecordBatch) -> pa.RecordBatch:
        made = [
            None if v is None else bytes.fromhex(v[4:]).decode()
            for v in batch.column(0).to_pylist()
        ]
        return pa.RecordBatch.from_arrays([pa.array(made, pa.string())], batch.schema.names)

    for path in _polluted():
        form = form_of(path)
        for column in {form["names"][0], form["names"][-1]}:
            out, back = tmp_path / "out.csv", tmp_path / "back.csv"
            list(CSV.rewrite(path, out, Rewrite((column,), to_hex, form)))
            list(CSV.rewrite(out, back, Rewrite((column,), from_hex, form, back=True)))
            assert back.read_bytes() == path.read_bytes(), path.name
