"""Whoever is killed while files are protected loses nothing, and whoever starts again finishes."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.vault.keyring import Keyring
from tests.vault.file_world import Work, killed_at, ring

SSNS = [f"6660{n:05d}" for n in range(60)]
STEPS = sorted(random.Random(5).sample(range(140), 28))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return ring(tmp_path_factory.mktemp("keys"))


def laid(kind: str, root: Path, keyring: Keyring) -> Work:
    if kind == "file":
        pq.write_table(pa.table({"ssn": SSNS}), root / "t.parquet", row_group_size=25)
        return Work(root / "t.parquet", "t.parquet", ("ssn",), keyring)
    if kind == "csv":
        (root / "t.csv").write_text("id,ssn\n" + "".join(f"x{s},{s}\n" for s in SSNS))
        return Work(root / "t.csv", "t.csv", ("ssn",), keyring)
    for at in range(3):
        part = root / "t" / f"year=202{at}" / "part.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(pa.table({"ssn": SSNS[at * 20 : at * 20 + 20]}), part)
    return Work(root, "t/", ("ssn",), keyring)


def held(work: Work) -> list[str | None]:
    """Return what the table holds, all clear or all tokens; anything else fails."""
    values = work.values("ssn")
    shaped = [str(v).startswith("tk1_") for v in values]
    assert all(shaped) or not any(shaped), "a reader saw a table half changed"
    return values


@pytest.mark.parametrize("kind", ["file", "csv", "folder"])
@pytest.mark.parametrize("way", ["protect", "undo", "undo after drop"])
def test_a_kill_anywhere_loses_nothing(
    tmp_path: Path, keyring: Keyring, kind: str, way: str
) -> None:
    tokens = keyring.cipher("ssn").protect(pa.array(SSNS)).to_pylist()
    kills = 0
    for step in STEPS:
        root = tmp_path / str(step)
        root.mkdir()
        work = laid(kind, root, keyring)
        if way == "protect":

            def run(work: Work = work) -> None:
                work.protect()
                work.drop()
        else:
            work.protect()
            if way == "undo after drop":
                work.drop()
            run = work.undo
        killed = killed_at(step, run)
        kills += killed
        again = Work(work.store.root, work.change.table, ("ssn",), keyring)
        assert sorted(map(str, held(again))) in (SSNS, sorted(tokens))
        if way == "protect" and step % 2:
            again.undo()
            assert sorted(map(str, held(again))) == SSNS and again.state == "none"
        else:
            run_again = Work(work.store.root, work.change.table, ("ssn",), keyring)
            if way == "protect":
                run_again.protect()
                run_again.drop()
                assert sorted(map(str, held(run_again))) == sorted(tokens)
                assert run_again.state == "dropped"
            else:
                run_again.undo()
                assert sorted(map(str, held(run_again))) == SSNS and run_again.state == "none"
        if not killed:
            break
    assert kills >= 4
