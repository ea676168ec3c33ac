from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from amends.demo import exhibits, write_demo
from amends.demo import people as people_module
from amends.demo.carrier import make_chunk
from amends.demo.crm import crm_rows
from amends.kernel.errors import UsageError

_CODE = "import sys; from pathlib import Path; from amends.demo import write_demo; "


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(path.relative_to(folder).as_posix().encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def _python(code: str, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _CODE + code, *words],
        check=True, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("tranche", [1, 2])
def test_the_same_seed_writes_the_same_bytes_in_another_process(
    tmp_path: Path, tranche: int
) -> None:
    write_demo(tmp_path / "here", people=700, seed=9, tranche=tranche)
    code = f"write_demo(Path(sys.argv[1]), people=700, seed=9, tranche={tranche})"
    _python(code, str(tmp_path / "there"), PYTHONHASHSEED="77", TZ="Asia/Tokyo", LC_ALL="C")
    assert _digest(tmp_path / "here") == _digest(tmp_path / "there")


def test_another_seed_writes_other_people(tmp_path: Path) -> None:
    write_demo(tmp_path / "one", people=300, seed=1)
    write_demo(tmp_path / "two", people=300, seed=2)
    for name in ("evidence-1/larkspur_crm.pg.sql", "evidence-1/support_mail.mbox"):
        assert (tmp_path / "one" / name).read_bytes() != (tmp_path / "two" / name).read_bytes()


def test_chunks_are_written_on_their_own_so_memory_stays_flat(tmp_path: Path) -> None:
    code = (
        "import pyarrow as pa; import amends.demo.people as p; p.CHUNK = 3000; "
        "pool = pa.default_memory_pool(); out = Path(sys.argv[1]); "
        "write_demo(out / 'a', people=9000); first = pool.max_memory(); "
        "write_demo(out / 'b', people=60000); print(first, pool.max_memory())"
    )
    few, many = map(int, _python(code, str(tmp_path)).split())
    assert many < 1.5 * few


def test_no_part_file_is_left_behind(larkspur: Path) -> None:
    # Shell histories begin with a dot and belong there.
    left = [path for path in larkspur.rglob(".*") if not path.name.endswith("_history")]
    assert left == []


def test_every_exhibit_that_is_named_was_written(larkspur: Path) -> None:
    for tranche in (1, 2):
        listed = exhibits(larkspur, tranche)
        assert all(exhibit.path.exists() for exhibit in listed)
        folder = larkspur / f"evidence-{tranche}"
        stolen = {exhibit.path for exhibit in listed if exhibit.role == "stolen"}
        assert stolen == set(folder.iterdir())


def test_the_smallest_case_can_be_written(tmp_path: Path) -> None:
    made = write_demo(tmp_path, people=10)
    assert 0 < made.affected <= made.people
    write_demo(tmp_path, people=10, tranche=2)


@pytest.mark.parametrize(("people", "tranche"), [(9, 1), (0, 1), (100, 3)])
def test_a_case_that_cannot_be_is_refused(tmp_path: Path, people: int, tranche: int) -> None:
    with pytest.raises(UsageError):
        write_demo(tmp_path, people=people, tranche=tranche)


def test_truth_goes_where_it_is_told(tmp_path: Path) -> None:
    write_demo(tmp_path / "case", people=50, truth=tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "elements.parquet").exists()
    assert not (tmp_path / "case" / "truth-1").exists()


def test_the_last_chunk_of_54_million_people_can_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_module, "CHUNK", 1_000)
    the = people_module.world(54_000_000, 1)
    first, last = make_chunk(the, 0), make_chunk(the, the.chunks - 1)
    assert last.people.ids[-1] == 54_000_000
    rows = {table.table: table for table in crm_rows(last)}
    assert len(rows["customers"]) == last.current.sum()
    for name in ("account", "imei", "imsi", "iccid"):
        both = [set(getattr(chunk.numbers, name).to_pylist()) for chunk in (first, last)]
        assert not both[0] & both[1]
