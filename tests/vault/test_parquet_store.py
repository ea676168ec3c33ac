"""Parquet files: protected columns change, everything else stays byte for byte, and nothing is lost on the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.kernel.errors import BusyError, TableError, UsageError
from amends.vault.keyring import Keyring
from amends.vault.stores.base import Change
from amends.vault.stores.opening import open_store
from amends.vault.stores.parquet_footer import encoded, read_footer
from tests.vault.file_world import CHANGE_ID, Work, ring

SSNS = [None if n % 7 == 0 else f"6660{n:05d}" for n in range(1000)]


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return ring(tmp_path_factory.mktemp("keys"))


def people(**more: Any) -> pa.Table:
    n = len(SSNS)
    columns = {
        "id": pa.array(range(n), pa.int64()),
        "ssn": pa.array(SSNS),
        "tags": pa.array([["a", None], [], None, ["b"]] * (n // 4)),
        "balance": pa.array([None if i % 5 == 0 else i / 3 for i in range(n)]),
        "city": pa.array(["RENO", "ELY", None, "ELKO"] * (n // 4)).dictionary_encode(),
        "seen": pa.array(range(n), pa.timestamp("us", "UTC")),
    }
    return pa.table({**columns, **more})


def raw_chunk(path: Path, group: int, column: str) -> bytes:
    meta = pq.ParquetFile(path).metadata.row_group(group)
    for at in range(meta.num_columns):
        chunk = meta.column(at)
        if chunk.path_in_schema.split(".")[0] == column:
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            held = path.read_bytes()
            return held[start : start + chunk.total_compressed_size]
    raise KeyError(column)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zstd", "write_page_index": True},
        {"compression": "gzip", "use_dictionary": False, "data_page_version": "2.0"},
        {"compression": "none", "write_statistics": False, "version": "1.0"},
        {"use_deprecated_int96_timestamps": True, "store_schema": False},
        {"use_dictionary": False, "column_encoding": {"ssn": "DELTA_BYTE_ARRAY"}},
        {"row_group_size": 7},
    ],
    ids=lambda o: "-".join(o) or "plain",
)
def test_other_columns_stay_byte_for_byte_and_undo_gives_the_values_back(
    tmp_path: Path, keyring: Keyring, options: dict[str, Any]
) -> None:
    path = tmp_path / "people.parquet"
    table = people().replace_schema_metadata({"owner": "larkspur"})
    pq.write_table(table, path, **{"row_group_size": 300, **options})
    original = path.read_bytes()
    kept = tmp_path / "kept.parquet"
    kept.write_bytes(original)
    before = pq.read_table(kept)
    work = Work(path, "people.parquet", ("ssn",), keyring)
    work.protect()
    after = pq.read_table(path)
    assert after.schema.equals(before.schema, check_metadata=True)
    others = [c for c in before.column_names if c != "ssn"]
    assert after.select(others).equals(before.select(others))
    for column in others:
        assert raw_chunk(path, 0, column) == raw_chunk(kept, 0, column)
    old, new = pq.ParquetFile(kept).metadata, pq.ParquetFile(path).metadata
    assert [new.row_group(i).num_rows for i in range(new.num_row_groups)] == [
        old.row_group(i).num_rows for i in range(old.num_row_groups)
    ]
    was, now = old.row_group(0).column(1), new.row_group(0).column(1)
    assert (was.compression, was.has_dictionary_page, was.has_column_index) == (
        now.compression, now.has_dictionary_page, now.has_column_index
    )  # fmt: skip
    assert was.is_stats_set == now.is_stats_set
    values = after.column("ssn").to_pylist()
    assert [v is None for v in values] == [s is None for s in SSNS]
    assert all(v is None or v.startswith("tk1_") for v in values)
    for ssn in filter(None, SSNS):
        assert ssn.encode() not in path.read_bytes() or options.get("compression") != "none"
    work.drop()
    work.undo()
    assert pq.read_table(path).equals(before)
    assert work.state == "none"


def test_statistics_and_page_index_hold_no_clear_value(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "people.parquet"
    options = {"write_page_index": True, "compression": "none", "use_dictionary": False}
    pq.write_table(people(), path, bloom_filter_options={"ssn": {"ndv": 1000}}, **options)
    assert b"666000001" in path.read_bytes()
    Work(path, "people.parquet", ("ssn",), keyring).protect()
    held = path.read_bytes()
    assert not [s for s in SSNS if s and s.encode() in held]
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(1)
    assert chunk.statistics.min.startswith("tk1_") and chunk.bloom_filter_offset is None


def test_a_sorted_file_no_longer_says_it_is_sorted_by_what_changed(
    tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "people.parquet"
    order = [pq.SortingColumn(0), pq.SortingColumn(1)]
    pq.write_table(people(), path, sorting_columns=order)
    Work(path, "people.parquet", ("ssn",), keyring).protect()
    kept = pq.ParquetFile(path).metadata.row_group(0).sorting_columns
    assert [c.column_index for c in kept] == [0]


NUMBERS = {
    "int64": pa.array([None if i % 5 == 0 else 1_000_000 + i for i in range(1000)], pa.int64()),
    "uint32": pa.array(range(1000), pa.uint32()),
    "float": pa.array([None if i % 5 == 0 else float(666_000_000 + i) for i in range(1000)]),
    "decimal": pa.array(range(1000), pa.int64()).cast(pa.decimal128(19, 0)),
    "date": pa.array(range(1000), pa.int32()).cast(pa.date32()),
    "large": pa.array([str(i) for i in range(1000)], pa.large_string()),
    "view": pa.array([str(i) for i in range(1000)], pa.string_view()),
    "dictionary": pa.array([str(i % 9) for i in range(1000)]).dictionary_encode(),
    "binary": pa.array([str(i).encode() for i in range(1000)], pa.binary()),
    "fixed": pa.array([f"{i:09d}".encode() for i in range(1000)], pa.binary(9)),
    "null": pa.nulls(1000),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_type_that_cannot_hold_tokens_becomes_text_and_comes_back(
    tmp_path: Path, keyring: Keyring, kind: str
) -> None:
    path = tmp_path / "people.parquet"
    table = people(number=NUMBERS[kind])
    pq.write_table(table, path)
    before = pq.read_table(path)
    work = Work(path, "people.parquet", ("number",), keyring)
    work.protect()
    tokens = pq.read_table(path).column("number")
    shown = [v.decode() if isinstance(v, bytes) else v for v in tokens.to_pylist()]
    assert [v is None for v in shown] == [v is None for v in before.column("number").to_pylist()]
    assert all(v is None or v.startswith("tk1_") for v in shown)
    work.drop()
    work.undo()
    after = pq.read_table(path)
    assert after.schema.equals(before.schema)
    assert after.column("number").to_pylist() == before.column("number").to_pylist()


def test_numbers_have_their_leading_zeros_again(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"ssn": pa.array([1_234_567, None, 912_345_678])}), path)
    work = Work(path, "people.parquet", ("ssn",), keyring)
    assert "leading zeros" in " ".join(work.store.outlook(work.change).changes)
    work.protect()
    tokens = work.values("ssn")
    same = keyring.cipher("ssn").protect(pa.array(["001234567", None, "912345678"]))
    assert tokens == same.to_pylist()
    work.drop()
    work.undo()
    assert pq.read_table(path).column("ssn").to_pylist() == [1_234_567, None, 912_345_678]


def test_a_field_of_a_struct_is_a_column(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "people.parquet"
    held = [None if i % 11 == 0 else {"ssn": s, "kin": [i]} for i, s in enumerate(SSNS)]
    pq.write_table(people(contact=pa.array(held)), path, row_group_size=400)
    before = pq.read_table(path)
    work = Work(path, "people.parquet", ("contact.ssn",), keyring)
    work.protect()
    after = pq.read_table(path).column("contact").to_pylist()
    was = before.column("contact").to_pylist()
    assert [(v is None, v and v["kin"]) for v in after] == [
        (v is None, v and v["kin"]) for v in was
    ]
    assert all(v is None or v["ssn"] is None or v["ssn"].startswith("tk1_") for v in after)
    work.drop()
    work.undo()
    assert pq.read_table(path).column("contact").to_pylist() == was


def test_pandas_reads_the_file_as_before(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "people.parquet"
    note = (
        b'{"columns": [{"name": "ssn", "field_name": "ssn", "pandas_type": "int64", "numpy_type": "int64", '
        b'"metadata": null}], "index_columns": [], "pandas_version": "2.0.0"}'
    )
    table = pa.table({"ssn": [123456789]}).replace_schema_metadata({b"pandas": note})
    pq.write_table(table, path)
    work = Work(path, "people.parquet", ("ssn",), keyring)
    work.protect()
    assert b'"unicode"' in pq.read_schema(path).metadata[b"pandas"]
    work.drop()
    work.undo()
    assert b'"int64"' in pq.read_schema(path).metadata[b"pandas"]


def test_an_empty_file_and_a_file_without_groups(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "people.parquet"
    pq.ParquetWriter(path, pa.schema({"ssn": pa.int64(), "b": pa.string()})).close()
    Work(path, "people.parquet", ("ssn",), keyring).protect()
    assert pq.read_table(path).schema.field("ssn").type == pa.string()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (pa.table({"l": [["666120001"]]}), "l"),
        (pa.table({"at": pa.array([1], pa.timestamp("us"))}), "at"),
        (pa.table({"a": ["x"]}), "ssn"),
    ],
)
def test_what_cannot_hold_tokens_is_refused_before_anything_is_made(
    tmp_path: Path, keyring: Keyring, table: pa.Table, column: str
) -> None:
    pq.write_table(table, tmp_path / "t.parquet")
    work = Work(tmp_path / "t.parquet", "t.parquet", (column,), keyring)
    assert work.store.outlook(work.change).refusals[0].remedy
    with pytest.raises(TableError):
        work.copy()
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("cut", [0, 3, 50, -1, -8, -9])
def test_a_damaged_file_is_said_and_left_alone(tmp_path: Path, keyring: Keyring, cut: int) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(people(), whole)
    raw = whole.read_bytes()
    whole.unlink()
    path = tmp_path / "t.parquet"
    path.write_bytes(raw[:cut])
    with pytest.raises(TableError) as told:
        Work(path, "t.parquet", ("ssn",), keyring).copy()
    assert "6660" not in str(told.value)
    assert path.read_bytes() == raw[:cut]


def test_a_footer_read_and_written_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(people(), path, write_page_index=True, row_group_size=30)
    with path.open("rb") as stream:
        footer = encoded(read_footer(stream, "t"))
    assert path.read_bytes()[-8 - len(footer) : -8] == footer


# --- folders


def lake(root: Path) -> Path:
    folder = root / "lake" / "customers"
    for at, state in enumerate(("NV", "CA", "NV")):
        part = folder / f"state={state}" / f"part-{at}.parquet"
        part.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(people().slice(at * 300, 300).select(["id", "ssn"]), part)
    (folder / "_SUCCESS").touch()
    (folder / "state=NV" / ".part-0.parquet.crc").write_bytes(b"crc")
    (folder / "_read_me.txt").write_text("ours")
    return folder


def test_a_partitioned_folder_is_one_table(tmp_path: Path, keyring: Keyring) -> None:
    folder = lake(tmp_path)
    store = open_store(str(tmp_path / "lake"))
    shape = store.tables()[0]
    assert (shape.name, shape.n_rows) == ("customers/", 900)
    assert [c.name for c in shape.columns] == ["id", "ssn", "state"]
    before = pq.read_table(folder)
    work = Work(tmp_path / "lake", "customers/", ("ssn",), keyring)
    work.protect()
    after = pq.read_table(folder)
    assert after.drop(["ssn"]).equals(before.drop(["ssn"]))
    assert all(v is None or v.startswith("tk1_") for v in after.column("ssn").to_pylist())
    assert (folder / "_read_me.txt").read_text() == "ours" and (folder / "_SUCCESS").exists()
    assert not (folder / "state=NV" / ".part-0.parquet.crc").exists()
    clear = [t.name for t in work.store.tables()]
    assert clear == ["customers/"]
    work.undo()
    assert pq.read_table(folder).equals(before)
    assert [p.name for p in (tmp_path / "lake").iterdir()] == ["customers"]


def test_a_folder_that_is_itself_the_table(tmp_path: Path, keyring: Keyring) -> None:
    folder = lake(tmp_path)
    work = Work(folder, "customers/", ("ssn",), keyring)
    work.protect()
    work.drop()
    assert work.state == "dropped"
    assert all(v is None or v.startswith("tk1_") for v in work.values("ssn"))
    work.undo()
    assert sorted(filter(None, work.values("ssn"))) == sorted(filter(None, SSNS[:900]))


def test_files_of_several_shapes_are_several_tables(tmp_path: Path) -> None:
    pq.write_table(people(), tmp_path / "a.parquet")
    pq.write_table(people().drop(["city"]), tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("id,ssn\n1,666120001\n")
    (tmp_path / "_tmp.parquet").write_bytes(b"no")
    names = [t.name for t in open_store(str(tmp_path)).tables()]
    assert names == ["a.parquet", "b.parquet", "c.csv"]


def test_a_new_part_and_a_changed_part_are_caught_up_before_the_swap(
    tmp_path: Path, keyring: Keyring
) -> None:
    folder = lake(tmp_path)
    work = Work(tmp_path / "lake", "customers/", ("ssn",), keyring)
    assert work.copy() == 900
    pq.write_table(
        people().slice(900, 50).select(["id", "ssn"]), folder / "state=CA/part-9.parquet"
    )
    pq.write_table(people().slice(0, 10).select(["id", "ssn"]), folder / "state=NV/part-0.parquet")
    (folder / "state=NV/part-2.parquet").unlink()
    work.swap()
    after = pq.read_table(folder)
    assert after.num_rows == 360
    assert all(v is None or v.startswith("tk1_") for v in after.column("ssn").to_pylist())


def test_a_part_written_after_the_swap_comes_back_too(tmp_path: Path, keyring: Keyring) -> None:
    folder = lake(tmp_path)
    work = Work(tmp_path / "lake", "customers/", ("ssn",), keyring)
    work.protect()
    token = work.values("ssn")[1]
    late = pa.table({"id": [5000, 5001], "ssn": [token, "666770001"]})
    pq.write_table(late, folder / "state=CA/part-late.parquet")
    work.undo()
    back = pq.read_table(folder)
    assert back.num_rows == 902
    values = back.column("ssn").to_pylist()
    assert "666770001" in values and not [v for v in values if v and v.startswith("tk")]


def test_a_file_open_for_writing_is_not_swapped(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(people(), path)
    work = Work(path, "t.parquet", ("ssn",), keyring)
    work.copy()
    before = path.read_bytes()
    with path.open("ab"), pytest.raises(BusyError):
        work.swap()
    assert path.read_bytes() == before and work.state == "copied"
    work.swap()
    assert work.state == "swapped"


def test_a_change_that_keeps_size_and_time_is_seen_by_its_digest(
    tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "t.parquet"
    one, two = tmp_path / "one.pq", tmp_path / "two.pq"
    pq.write_table(pa.table({"ssn": ["666120001"]}), one, compression="none")
    pq.write_table(pa.table({"ssn": ["666120002"]}), two, compression="none")
    path.write_bytes(one.read_bytes())
    os.utime(path, (1, 1))
    work = Work(path, "t.parquet", ("ssn",), keyring)
    work.copy()
    with path.open("r+b") as stream:
        stream.write(two.read_bytes())
    os.utime(path, (1, 1))
    work.swap()
    assert keyring.cipher("ssn").reveal(pa.array(work.values("ssn"))).to_pylist() == ["666120002"]


def test_what_is_written_to_the_old_file_after_the_swap_stops_the_drop(
    tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(people(), path)
    work = Work(path, "t.parquet", ("ssn",), keyring)
    work.protect()
    clear = next(tmp_path.glob(".amends-*/clear/t.parquet"))
    clear.chmod(0o600)
    with clear.open("ab") as stream:
        stream.write(b"late")
    with pytest.raises(TableError):
        work.drop()
    assert work.state == "swapped"


def test_the_clear_copy_is_its_owners_alone_and_rights_come_back(
    tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(people(), path)
    path.chmod(0o640)
    work = Work(path, "t.parquet", ("ssn",), keyring)
    work.protect()
    clear = next(tmp_path.glob(".amends-*/clear/t.parquet"))
    assert clear.stat().st_mode & 0o777 == 0o600
    assert clear.parent.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o640
    work.undo()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_with_two_names_loses_one_and_keeps_its_bytes(
    tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "data" / "t.parquet"
    path.parent.mkdir()
    pq.write_table(people(), path)
    other = tmp_path / "data" / "backup.bin"
    os.link(path, other)
    raw = other.read_bytes()
    work = Work(path, "t.parquet", ("ssn",), keyring)
    work.protect()
    assert [w for w in work.store.leftovers(work.change) if "backup.bin" in w]
    work.drop()
    assert other.read_bytes() == raw


def test_a_table_of_a_lake_format_is_left_to_it(tmp_path: Path, keyring: Keyring) -> None:
    pq.write_table(people(), tmp_path / "t.parquet")
    (tmp_path / "_delta_log").mkdir()
    work = Work(tmp_path, "t.parquet", ("ssn",), keyring)
    assert "Delta Lake" in work.store.outlook(work.change).refusals[0].what


def test_identifiers_in_the_names_of_partitions_are_refused(
    tmp_path: Path, keyring: Keyring
) -> None:
    part = tmp_path / "t" / "ssn=666-12-0001" / "a.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(people().select(["id"]), part)
    work = Work(tmp_path / "t", "t/", ("ssn",), keyring)
    assert "names of folders" in work.store.outlook(work.change).refusals[0].what


def test_a_second_change_waits_for_the_first(tmp_path: Path, keyring: Keyring) -> None:
    pq.write_table(people(), tmp_path / "t.parquet")
    work = Work(tmp_path / "t.parquet", "t.parquet", ("ssn",), keyring)
    work.copy()
    other = Change("Vfedcba9876543210", "t.parquet", ("city",))
    assert CHANGE_ID in work.store.outlook(other).refusals[0].what


def test_a_link_in_a_folder_is_refused_and_a_link_given_is_followed(
    tmp_path: Path, keyring: Keyring
) -> None:
    real = tmp_path / "elsewhere" / "t.parquet"
    real.parent.mkdir()
    pq.write_table(people(), real)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "t.parquet").symlink_to(real)
    inside = Work(folder, "t.parquet", ("ssn",), keyring)
    assert "link" in inside.store.outlook(inside.change).refusals[0].what
    given = Work(folder / "t.parquet", "t.parquet", ("ssn",), keyring)
    given.protect()
    assert (folder / "t.parquet").is_symlink()
    assert all(v is None or v.startswith("tk1_") for v in given.values("ssn"))
    assert pq.read_table(real).column("ssn")[1].as_py().startswith("tk1_")


def test_a_name_that_leads_out_of_the_store_is_refused(tmp_path: Path, keyring: Keyring) -> None:
    pq.write_table(people(), tmp_path / "secret.parquet")
    (tmp_path / "data").mkdir()
    pq.write_table(people(), tmp_path / "data" / "t.parquet")
    for name in (
        "../secret.parquet",
        str(tmp_path / "secret.parquet"),
        ".amends-x/../../secret.parquet",
    ):
        with pytest.raises(UsageError):
            list(open_store(str(tmp_path / "data")).batches(name))


def test_two_processes_do_not_work_at_one_change(tmp_path: Path, keyring: Keyring) -> None:
    pq.write_table(people(), tmp_path / "t.parquet", row_group_size=100)
    work = Work(tmp_path / "t.parquet", "t.parquet", ("ssn",), keyring)
    work.store.start(work.change)
    first = work.store.copy(work.change, work.tokens)
    next(first)
    with pytest.raises(BusyError):
        work.copy()
    assert len(list(first)) > 5
    work.swap()
    assert work.state == "swapped"
