from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from amends.kernel.errors import BusyError, TableError, UsageError
from amends.vault.chunks.base import Chunks
from amends.vault.chunks.parquet import ParquetParts
from amends.vault.chunks.sql import SqlTable
from amends.vault.ciphers import Scheme
from amends.vault.keyring import Keyring
from amends.vault.rotation import Rotation, _alone, holdings, reading, rotate
from tests.notices.postgres import server
from tests.vault.mariadb import Server
from tests.vault.rotating import place_of
from tests.vault.vaults import new_vault

ROOT = Path(__file__).parents[2]
VALUES = [f"{n:09d}" for n in range(0, 3_000)]
N_KILLS = 40


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return new_vault(tmp_path / "vault")


def _database(path: Path, columns: dict[str, pa.Array], key: str = "INTEGER") -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}")
    names = list(columns)
    with engine.begin() as connection:
        given = ", ".join(f'"{name}" TEXT' for name in names)
        connection.exec_driver_sql(
            f"CREATE TABLE people (id {key} PRIMARY KEY, {given}, note TEXT)"
        )
        rows = zip(*(c.to_pylist() for c in columns.values()), strict=True)
        marks = ", ".join("?" * (len(names) + 2))
        keyed = [
            (n if key == "INTEGER" else f"k{n}", *row, f"note {n}") for n, row in enumerate(rows)
        ]
        connection.exec_driver_sql(f"INSERT INTO people VALUES ({marks})", keyed)
    return engine


def _column(engine: sa.Engine, name: str) -> pa.Array:
    with engine.connect() as connection:
        rows = (
            connection.exec_driver_sql(f'SELECT "{name}" FROM people ORDER BY rowid')
            .scalars()
            .all()
        )
    return pa.array(rows, pa.string())


def _parts(folder: Path, columns: dict[str, pa.Array], n_parts: int = 6) -> Path:
    folder.mkdir()
    table = pa.table({"row": range(len(next(iter(columns.values())))), **columns})
    size = -(-table.num_rows // n_parts)
    for part in range(n_parts):
        pq.write_table(
            table.slice(part * size, size),
            folder / f"part-{part}.parquet",
            compression="zstd",
            row_group_size=200,
        )
    return folder


# What it does


@pytest.mark.parametrize("scheme", ["siv", "ff1", "random"])
def test_every_token_gets_the_new_key_and_still_means_the_same(
    keyring: Keyring, tmp_path: Path, scheme: Scheme
) -> None:
    cipher = keyring.cipher("ssn", scheme)
    values = pa.array([*VALUES, None, ""])
    tokens = cipher.protect(values)
    engine = _database(tmp_path / "people.db", {"ssn": tokens, "again": tokens})
    parts = _parts(tmp_path / "parts", {"ssn": tokens})
    places = [SqlTable(engine, "people", ["ssn", "again"], rows=500), ParquetParts(parts, ["ssn"])]
    done = rotate(keyring, "ssn", places, scheme)
    assert (done.old, done.new, done.ended, done.rows) == (1, 2, True, 2 * len(values))
    fresh = Keyring.open(keyring.folder).cipher("ssn", scheme)
    assert fresh.version == 2
    table = pq.read_table(parts)
    for held in (_column(engine, "ssn"), _column(engine, "again"), table["ssn"]):
        assert fresh.reveal(held) == values and held[0] != tokens[0]
    assert table["row"].to_pylist() == list(range(len(values)))
    if scheme != "ff1":
        assert done.held == {2: 3 * len(VALUES)}
        assert cipher.reveal(tokens) == values  # the old version is held until it is dropped
    assert not _journal(engine)


def _journal(engine: sa.Engine) -> Sequence[object]:
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT * FROM amends_rotations").all()


def test_files_keep_their_codec_schema_and_rights(keyring: Keyring, tmp_path: Path) -> None:
    tokens = keyring.cipher("ssn").protect(pa.array(VALUES))
    parts = _parts(
        tmp_path / "parts", {"ssn": tokens.dictionary_encode(), "other": pa.array(VALUES)}
    )
    first = parts / "part-0.parquet"
    first.chmod(0o640)
    before = pq.ParquetFile(first)
    rotate(keyring, "ssn", [ParquetParts(parts, ["ssn"])])
    after = pq.ParquetFile(first)
    assert after.schema_arrow.equals(before.schema_arrow)
    assert after.metadata.row_group(0).column(0).compression == "ZSTD"
    assert after.num_row_groups == before.num_row_groups
    assert first.stat().st_mode & 0o777 == 0o640
    assert {p.name for p in parts.iterdir()} == {f"part-{n}.parquet" for n in range(6)}


def test_a_table_with_a_text_key_is_walked_in_the_order_of_the_database(
    keyring: Keyring, tmp_path: Path
) -> None:
    tokens = keyring.cipher("ssn", "ff1").protect(pa.array(VALUES))
    engine = _database(tmp_path / "people.db", {"ssn": tokens}, key="TEXT")
    done = rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"], rows=170)], "ff1")
    assert done.rows == len(VALUES)
    assert keyring.cipher("ssn", "ff1").reveal(_column(engine, "ssn")).to_pylist() == VALUES


def test_a_table_with_a_key_of_two_columns_is_walked(keyring: Keyring, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'two.db'}")
    tokens = keyring.cipher("ssn", "ff1").protect(pa.array(VALUES[:900])).to_pylist()
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE people (a TEXT, b INTEGER, ssn TEXT, PRIMARY KEY (a, b))"
        )
        rows = [(f"x{n % 7}", n, token) for n, token in enumerate(tokens)]
        connection.exec_driver_sql("INSERT INTO people VALUES (?, ?, ?)", rows)
    assert rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"], rows=64)], "ff1").rows == 900
    with engine.connect() as connection:
        held = connection.exec_driver_sql("SELECT ssn FROM people ORDER BY b").scalars().all()
    assert keyring.cipher("ssn", "ff1").reveal(pa.array(held)).to_pylist() == VALUES[:900]


def test_a_second_rotation_is_a_new_one(keyring: Keyring, tmp_path: Path) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": keyring.cipher("ssn").protect(pa.array(VALUES))})
    place = [ParquetParts(parts, ["ssn"])]
    assert [rotate(keyring, "ssn", place).new for _ in range(3)] == [2, 3, 4]
    assert holdings(keyring, "ssn", place, "siv") == {4: len(VALUES)}
    assert keyring.cipher("ssn").reveal(pq.read_table(parts)["ssn"]).to_pylist() == VALUES


def test_searches_find_values_of_both_versions_meanwhile(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn")
    old = cipher.protect(pa.array(["666123456"]))[0].as_py()
    with keyring.changing("rotation.begun", {"domain": "ssn", "scheme": "siv", "new": 2}) as change:
        change.file = keyring.with_new_version(change.file, "siv", "ssn")
    new = cipher.protect(pa.array(["666123456"]))[0].as_py()
    assert cipher.forms("666123456") == [new, old] and new.startswith("tk2_")
    assert cipher.reveal(pa.array([old, new, None, ""])).to_pylist() == ["666123456"] * 2 + [
        None,
        "",
    ]


def test_who_writes_with_the_old_version_meanwhile_is_caught_up_with(
    keyring: Keyring, tmp_path: Path
) -> None:
    cipher = keyring.cipher("ssn")
    engine = _database(tmp_path / "people.db", {"ssn": cipher.protect(pa.array(VALUES))})
    late = cipher.at(1)

    class Late(SqlTable):
        """A table into which a slow writer writes a token of version 1 while chunks are being turned."""

        def change(self, piece: str, mark: str, turn: object) -> int:
            done = super().change(piece, mark, turn)  # type: ignore[arg-type]  # passed on as it came
            token = late.protect(pa.array(["999999999"]))[0].as_py()
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE people SET ssn = ? WHERE id = 5", (token,))
            return done

    done = rotate(keyring, "ssn", [Late(engine, "people", ["ssn"], rows=3_000)])
    assert not done.ended  # the writer never stopped
    done = rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"])])
    assert done.ended and done.new == 2 and done.held == {2: len(VALUES)}
    assert cipher.reveal(_column(engine, "ssn"))[5].as_py() == "999999999"


def test_an_ff1_place_can_be_read_in_the_midst_of_a_rotation(
    keyring: Keyring, tmp_path: Path
) -> None:
    tokens = keyring.cipher("ssn", "ff1").protect(pa.array(VALUES))
    engine = _database(tmp_path / "people.db", {"ssn": tokens})

    class Stops(SqlTable):
        """A table that fails after a few chunks."""

        def change(self, piece: str, mark: str, turn: object) -> int:
            if piece.startswith("[[1499]"):
                raise TableError("stopped")
            return super().change(piece, mark, turn)  # type: ignore[arg-type]  # passed on as it came

    with pytest.raises(TableError, match="stopped"):
        rotate(keyring, "ssn", [Stops(engine, "people", ["ssn"], rows=500)], "ff1")
    assert keyring.cipher("ssn", "ff1").version == 1
    assert _read_ff1(keyring, SqlTable(engine, "people", ["ssn"], rows=700), 2) == VALUES
    assert (
        rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"], rows=700)], "ff1").rows == 1_500
    )
    assert keyring.cipher("ssn", "ff1").reveal(_column(engine, "ssn")).to_pylist() == VALUES


def _read_ff1(keyring: Keyring, place: Chunks, new: int) -> list[str]:
    mark = Rotation(keyring.vault_id, "ssn", "ff1", 0, new).mark
    return [
        value
        for piece in place.pieces(mark)
        for value in reading(keyring, "ssn", place, piece)["ssn"].to_pylist()
    ]


def _on_a_server(keyring: Keyring, engine: sa.Engine) -> None:
    """Rotate two columns of a table of a server, FF1 among them, in several chunks."""
    values = [*VALUES[:700], None, ""]
    siv = keyring.cipher("ssn").protect(pa.array(values)).to_pylist()
    ff1 = keyring.cipher("ssn", "ff1").protect(pa.array(values)).to_pylist()
    metadata = sa.MetaData()
    table = sa.Table(
        "people", metadata,
        sa.Column("region", sa.String(20), primary_key=True), sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ssn", sa.Text), sa.Column("shaped", sa.String(20)),
    )  # fmt: skip
    metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [
            {"region": f"r{n % 3}", "id": n, "ssn": a, "shaped": b}
            for n, (a, b) in enumerate(zip(siv, ff1, strict=True))
        ]
        connection.execute(table.insert(), rows)
    assert rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"], rows=90)]).held == {2: 700}
    done = rotate(keyring, "ssn", [SqlTable(engine, "people", ["shaped"], rows=90)], "ff1")
    assert done.rows == len(values)
    with engine.connect() as connection:
        held = connection.execute(sa.select(table).order_by(table.c.id)).all()
    assert keyring.cipher("ssn").reveal(pa.array([r.ssn for r in held])).to_pylist() == values
    assert (
        keyring.cipher("ssn", "ff1").reveal(pa.array([r.shaped for r in held])).to_pylist()
        == values
    )
    assert all(a != r.ssn and b != r.shaped for a, b, r in zip(siv, ff1, held, strict=True) if a)
    engine.dispose()


def test_a_table_of_postgresql_is_turned_in_place(keyring: Keyring) -> None:
    with server() as url:
        _on_a_server(keyring, sa.create_engine(url))


def test_a_table_of_mariadb_is_turned_in_place(keyring: Keyring, maria: Server) -> None:
    with maria.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE rotation")
    parts = {
        "username": maria.user,
        "password": maria.password,
        "host": "127.0.0.1",
        "port": maria.port,
    }
    _on_a_server(
        keyring, sa.create_engine(sa.URL.create("mysql+pymysql", database="rotation", **parts))
    )  # type: ignore[arg-type]  # user, password, host and port


# What it refuses


def test_a_column_that_mixes_clear_and_tokens_is_told_and_not_touched(
    keyring: Keyring, tmp_path: Path
) -> None:
    tokens = keyring.cipher("ssn").protect(pa.array(VALUES[:50])).to_pylist()
    engine = _database(tmp_path / "people.db", {"ssn": pa.array([*tokens, "666123456"])})
    before = _column(engine, "ssn")
    with pytest.raises(TableError, match="not a token of ssn") as caught:
        rotate(keyring, "ssn", [SqlTable(engine, "people", ["ssn"])])
    assert "666123456" not in str(caught.value)
    assert _column(engine, "ssn") == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda t, e: SqlTable(e, "nobody", ["ssn"]), "no such table"),
        (lambda t, e: SqlTable(e, "people", ["nothing"]), "lacks a column"),
        (lambda t, e: ParquetParts(t / "parts", ["nothing"]), "lacks a column"),
        (lambda t, e: ParquetParts(t / "parts", ["row"]), "no texts"),
        (lambda t, e: ParquetParts(t / "vault", ["ssn"]), "no Parquet file"),
    ],
)
def test_a_place_that_is_not_there_is_told(
    keyring: Keyring, tmp_path: Path, make: object, words: str
) -> None:
    engine = _database(tmp_path / "people.db", {"ssn": pa.array(["x"])})
    _parts(tmp_path / "parts", {"ssn": pa.array(["x"])}, 1)
    assert callable(make)
    with pytest.raises((UsageError, TableError), match=words):
        make(tmp_path, engine)


def test_a_table_without_a_key_cannot_be_walked(keyring: Keyring, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (ssn TEXT)")
    with pytest.raises(UsageError, match="no primary key"):
        SqlTable(engine, "people", ["ssn"])


def test_a_damaged_part_is_told_before_anything_is_turned(keyring: Keyring, tmp_path: Path) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": keyring.cipher("ssn").protect(pa.array(VALUES))})
    (parts / "part-9.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(TableError, match="cannot be read"):
        ParquetParts(parts, ["ssn"])
    assert keyring.cipher("ssn").version == 1


def test_nothing_to_turn_or_nobody_known_is_told(keyring: Keyring, tmp_path: Path) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": pa.array(["x"])}, 1)
    with pytest.raises(UsageError, match="No place was named"):
        rotate(keyring, "ssn", [])
    with pytest.raises(UsageError, match="has no key for ssn"):
        rotate(keyring, "ssn", [ParquetParts(parts, ["ssn"])])


def test_two_rotations_at_once_are_kept_apart(keyring: Keyring, tmp_path: Path) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": keyring.cipher("ssn").protect(pa.array(VALUES))})
    with (
        _alone(keyring.folder),
        pytest.raises(BusyError, match="A rotation of this vault is running"),
    ):
        rotate(keyring, "ssn", [ParquetParts(parts, ["ssn"])])


def test_what_a_database_refuses_is_told_without_its_values(
    keyring: Keyring, tmp_path: Path
) -> None:
    tokens = keyring.cipher("ssn").protect(pa.array(VALUES[:300]))
    engine = _database(tmp_path / "people.db", {"ssn": tokens})
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER narrow BEFORE UPDATE ON people WHEN NEW.id = 150 BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    place = SqlTable(engine, "people", ["ssn"], rows=100)
    with pytest.raises(TableError, match="did not do as it was asked") as caught:
        rotate(keyring, "ssn", [place])
    assert "tk" not in str(caught.value) and caught.value.__suppress_context__
    held = _column(engine, "ssn")
    assert keyring.cipher("ssn").reveal(held).to_pylist() == VALUES[:300]
    assert holdings(keyring, "ssn", [place], "siv") == {2: 100, 1: 200}
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER narrow")
    assert rotate(keyring, "ssn", [place]).held == {2: 300}


def test_a_full_disk_leaves_the_part_as_it_was(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": keyring.cipher("ssn").protect(pa.array(VALUES))})
    keyring.cipher("other")
    place = ParquetParts(parts, ["ssn"])

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("amends.vault.chunks.parquet._sync", lambda path: full(path, path))
        with pytest.raises(TableError, match="the one before stands"):
            rotate(keyring, "ssn", [place])
    assert len(list(parts.iterdir())) == 6
    assert rotate(keyring, "ssn", [place]).ended


# Kills

FEWER = VALUES[:900]


@contextmanager
def _nursery(*words: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.vault.rotating", *map(str, words)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        yield nursery
        assert nursery.stdin is not None
        nursery.stdin.close()


def _run(nursery: subprocess.Popen[str], kill_after_s: float | None = None) -> int:
    """Run one rotation; kill it after a while. Return its exit code, negative when it was killed."""
    assert nursery.stdin is not None and nursery.stdout is not None
    nursery.stdin.write("go\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)  # its id stands until the nursery is told to wait for it
    nursery.stdin.write("wait\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "parquet"])
@pytest.mark.parametrize("scheme", ["siv", "ff1"])
def test_whenever_it_is_killed_every_value_can_be_read_and_the_same_command_finishes(
    keyring: Keyring, tmp_path: Path, kind: str, scheme: Scheme
) -> None:
    tokens = keyring.cipher("ssn", scheme).protect(pa.array(FEWER))
    path = tmp_path / ("people.db" if kind == "sqlite" else "parts")
    if kind == "sqlite":
        _database(path, {"ssn": tokens}).dispose()
    else:
        _parts(path, {"ssn": tokens}, 9)
    chance = random.Random(f"{kind} {scheme}")
    killed, ended = 0, 0
    with _nursery(keyring.folder, "ssn", scheme, kind, path, "ssn") as nursery:
        assert _run(nursery) == 0
        started = time.monotonic()
        assert _run(nursery) == 0
        whole_s = time.monotonic() - started
        while killed < N_KILLS:
            code = _run(nursery, chance.random() * whole_s)
            assert code in (0, -signal.SIGKILL)
            killed += code != 0
            ended += code == 0
            _all_can_be_read(keyring, kind, path, scheme)
        assert _run(nursery) == 0
    opened = Keyring.open(keyring.folder)
    place = place_of(kind, path, "ssn")
    held = [v for p in place.pieces() for v in place.read(p).columns["ssn"].to_pylist()]
    cipher = opened.cipher("ssn", scheme)
    assert sorted(cipher.reveal(pa.array(held)).to_pylist()) == FEWER
    if scheme == "siv":
        assert set(holdings(opened, "ssn", [place], "siv")) == {cipher.version}
    assert not list(opened.ledger.faults())
    if kind == "parquet":
        assert not [p for p in path.iterdir() if p.name.startswith(".")]


def _all_can_be_read(keyring: Keyring, kind: str, path: Path, scheme: Scheme) -> None:
    place = place_of(kind, path, "ssn")
    if scheme == "ff1":
        waiting = [k.version for k in keyring.versions("ff1", "ssn") if k.state == "pending"]
        found = _read_ff1(keyring, place, waiting[-1] if waiting else 0)
    else:
        cipher = keyring.cipher("ssn")
        found = [
            v
            for p in place.pieces()
            for v in cipher.reveal(place.read(p).columns["ssn"]).to_pylist()
        ]
    assert sorted(found) == FEWER


def test_a_store_restored_from_a_backup_is_turned_again(keyring: Keyring, tmp_path: Path) -> None:
    parts = _parts(tmp_path / "parts", {"ssn": keyring.cipher("ssn").protect(pa.array(VALUES))})
    shutil.copytree(parts, tmp_path / "backup")
    rotate(keyring, "ssn", [ParquetParts(parts, ["ssn"])])
    shutil.rmtree(parts)
    shutil.copytree(tmp_path / "backup", parts)
    assert keyring.cipher("ssn").reveal(pq.read_table(parts)["ssn"]).to_pylist() == VALUES
    done = rotate(keyring, "ssn", [ParquetParts(parts, ["ssn"])])
    assert done.new == 3 and done.held == {3: len(VALUES)}
