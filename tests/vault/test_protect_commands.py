"""The commands as a person gives them: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "".join(f"{n},512-44-{n},512,person{n}@mail.example\n" for n in range(1001, 1101))
    (tmp_path / "people.csv").write_text("id,ssn,area,email\n" + rows)
    assert run(tmp_path, "new", "safe").returncode == 0
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "amends", "--no-input", "vault", *words], cwd=folder, text=True,
        capture_output=True, check=False, env={**os.environ, "NO_COLOR": "1", "AMENDS_ACTOR": "dana"},
    )  # fmt: skip


def test_the_way_of_a_person_there_and_back(folder: Path) -> None:
    before = (folder / "people.csv").read_bytes()
    made = run(folder, "plan", "safe", "people.csv", "--to", "plan.toml", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert [c["name"] for t in told["tables"] for c in t["columns"]] == ["ssn"]
    assert any("email" in remark for remark in told["remarks"])
    assert (folder / "people.csv").read_bytes() == before
    done = run(folder, "protect", "safe", "plan.toml")
    assert done.returncode == 0, done.stderr
    assert "swapped" in done.stdout and "100 rows compared" in done.stdout
    assert "may still be in clear" in done.stdout
    assert "512-44-1001" not in (folder / "people.csv").read_text()
    assert "512-44" not in done.stdout + done.stderr
    for act in ("drop", "undo"):
        refused = run(folder, act, "safe", "plan.toml")
        assert refused.returncode == 2 and "--yes" in refused.stderr
    assert run(folder, "undo", "safe", "plan.toml", "--yes").returncode == 0
    assert (folder / "people.csv").read_bytes() == before
    ledger = (folder / "safe" / "ledger.jsonl").read_text()
    assert "protect.undone" in ledger and '"actor":"dana"' in ledger and "512-44" not in ledger


def test_verify_ends_with_4_where_something_writes_in_clear(folder: Path) -> None:
    run(folder, "plan", "safe", "people.csv", "--to", "plan.toml")
    run(folder, "protect", "safe", "plan.toml")
    with (folder / "people.csv").open("a") as out:
        out.write("2000,512-44-2000,512,x@mail.example\n")
    seen = run(folder, "verify", "safe", "plan.toml", "--json")
    assert seen.returncode == 4
    assert json.loads(seen.stdout)["clear_in_protected"] == 1
    assert "--mixed" in seen.stderr and "512-44" not in seen.stdout + seen.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "safe", "postgresql://u:geheim@h/db", "--to", "p.toml"), "holds a password"),
        (("plan", "safe", "nowhere.xyz", "--to", "p.toml"), "no store"),
        (("plan", "safe", "people.csv", "--to", "p.toml", "--table", "x"), "no such table"),
        (("plan", "safe", "people.csv", "--to", "p.toml", "--add", "people.csv", "x", "y"), "no such column"),
        (("plan", "nothing", "people.csv", "--to", "p.toml"), "no vault"),
        (("protect", "safe", "none.toml"), "cannot be read"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_said_in_words(folder: Path, words: tuple[str, ...], said: str) -> None:
    made = run(folder, *words)
    assert made.returncode == 2, made.stderr
    assert said in made.stderr and "→" in made.stderr
    assert "Traceback" not in made.stderr and "geheim" not in made.stderr
