"""The commands on files, from plan to drop and back: a Parquet file, a partitioned folder, CSV files."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def amends(folder: Path, *words: str, code: int = 0) -> Any:
    """Run a command and return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "amends", "--quiet", "--no-input", *words],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "AMENDS_ACTOR": "tester"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "666-" not in done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in words else done.stdout


def ssns(n: int) -> list[str]:
    chance = random.Random(4)
    return [
        f"666-{chance.randint(10, 99)}-{number:04d}"
        for number in chance.sample(range(1000, 9999), n)
    ]


def people(n: int = 400) -> pa.Table:
    names = [f"{a} {b}" for a in ("ANN", "BOB", "CY", "DEE") for b in ("LEE", "ROE", "POE", "MAY")]
    return pa.table({"id": range(n), "name": [names[i % 16] for i in range(n)], "ssn": ssns(n)})


def parquet_file(root: Path) -> Path:
    pq.write_table(people(), root / "customers.parquet", row_group_size=150)
    return root / "customers.parquet"


def partitions(root: Path) -> Path:
    for at, state in enumerate(("NV", "CA")):
        part = root / "customers" / f"state={state}" / "part-0.parquet"
        part.parent.mkdir(parents=True)
        pq.write_table(people().slice(at * 200, 200), part)
    return root / "customers"


def csv_files(root: Path) -> Path:
    folder = root / "exports"
    folder.mkdir()
    rows = [f'{r["id"]},"{r["name"]}",{r["ssn"]}\r\n' for r in people().to_pylist()]
    (folder / "current.csv").write_bytes(("id,name,ssn\r\n" + "".join(rows)).encode())
    (folder / "former.tsv").write_bytes(
        ("name\tssn\n" + "".join(f"A LEE\t{s}\n" for s in ssns(60))).encode("utf-16")
    )
    return folder


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {p.name + p.parent.name: p.read_bytes() for p in files if ".amends" not in str(p)}


@pytest.mark.parametrize("lay", [parquet_file, partitions, csv_files])
def test_plan_protect_verify_undo_and_drop(tmp_path: Path, lay: Any) -> None:
    data = lay(tmp_path)
    before = contents(data)
    amends(tmp_path, "vault", "new", "safe")
    amends(tmp_path, "vault", "plan", "safe", data.name, "--to", "plan.toml")
    assert "ssn" in (tmp_path / "plan.toml").read_text()
    assert contents(data) == before

    amends(tmp_path, "vault", "protect", "safe", "plan.toml")
    after = contents(data)
    assert not [1 for raw in after.values() if b"666-" in raw]
    told = amends(tmp_path, "vault", "verify", "safe", "plan.toml", "--json")
    text = json.dumps(told)
    assert '"n_clear": 0' in text or '"in_clear": 0' in text or '"clear": 0' in text, text

    amends(tmp_path, "vault", "undo", "safe", "plan.toml", "--yes")
    assert contents(data) == before
    amends(tmp_path, "vault", "plan", "safe", data.name, "--to", "plan2.toml")
    amends(tmp_path, "vault", "protect", "safe", "plan2.toml")
    amends(tmp_path, "vault", "drop", "safe", "plan2.toml", "--yes")
    amends(tmp_path, "vault", "protect", "safe", "plan2.toml")
    amends(tmp_path, "vault", "undo", "safe", "plan2.toml", "--yes")
    if lay is csv_files:
        assert contents(data) == before
    else:
        read = pq.read_table(data)
        assert sorted(read.column("ssn").to_pylist()) == sorted(ssns(400))
