"""Bad input is daily bread: a clear error or an exception with a remedy, nothing lost, nothing run."""

from __future__ import annotations

import bz2
import csv
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.face import amends, refusal

FORMULA = "=cmd|' /C calc'!A0"
SCRIPT = "<script>alert(1)</script>"


PEOPLE = 1_500
LETTERS = "BCDFGHKLMNPRSTVW"


def _hostile_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            [
                "first_name",
                "last_name",
                '"; DROP TABLE persons; --',
                "ssn",
                "date_of_birth",
                "street",
                "city",
                "state",
                "zip",
            ]
        )
        writer.writerow(
            [FORMULA, "Vane", "x", "531-52-8317", "1980-01-02", "1 Elm St", "Reno", "NV", "89501"]
        )
        writer.writerow(
            [SCRIPT, "Vane", "y", "531-52-8318", "1981-01-02", "2 Elm St", "Reno", "NV", "89501"]
        )
        writer.writerow(
            [
                "Ann",
                "O'Brien",
                "z",
                "531-52-8319",
                "1982-01-02",
                '3 Elm St"; DROP TABLE persons',
                "Reno",
                "NV",
                "89501",
            ]
        )
        writer.writerow(
            [
                "@SUM(1+1)",
                "+Roe",
                "=1+1",
                "531-52-8320",
                "1983-01-02",
                "-4 Elm St",
                "Reno",
                "NV",
                "89501",
            ]
        )
        for n in range(PEOPLE):
            name = f"{LETTERS[n % 16]}a{LETTERS[n // 16 % 16].lower()}e{LETTERS[n // 256 % 16].lower()}on"
            row = [
                name,
                "Quill",
                f"w{n}",
                f"531-{n // 97 + 10}-{n % 97 + 4000}",
                f"19{60 + n % 40}-03-{n % 28 + 1:02d}",
            ]
            writer.writerow([*row, f"{n + 10} Oak Ave", "Reno", "NV", "89501"])


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    evidence = folder / "evidence-in"
    evidence.mkdir()
    _hostile_csv(evidence / "people.csv")
    (evidence / "unknown.bin").write_bytes(bytes(range(256)) * 40)
    (evidence / "empty.csv").write_bytes(b"")
    (evidence / "cut.zip").write_bytes(b"PK\x03\x04" + b"\x14\x00" + b"\x00" * 30)
    with bz2.open(evidence / "bomb.bz2", "wb") as bomb:
        for _ in range(40):
            bomb.write(b"0" * 10_000_000)
    (evidence / "link.csv").symlink_to("/etc/passwd")
    made = folder / "case"
    amends(
        "new",
        made,
        "--entity",
        "Acme",
        "--discovered-on",
        "2026-08-17",
        "--phone",
        "1-888-555-0100",
    )
    amends("add", made, evidence)
    amends("run", made)
    return made


def _rows(case: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in amends("export", case, name, "--to", "-").splitlines()]


def test_every_unreadable_thing_has_a_reason_and_a_remedy(case: Path) -> None:
    found: dict[str, set[str]] = {}
    for row in _rows(case, "exceptions"):
        name = Path(row["exhibit_path"] or row["inner_path"]).name
        found.setdefault(name, set()).add(row["reason"])
        assert len(row["remedy"]) > 10
    for name, reason in (
        ("unknown.bin", "unknown_format"),
        ("empty.csv", "empty"),
        ("bomb.bz2", "bomb"),
        ("cut.zip", "truncated"),
        ("link.csv", "link"),
    ):
        assert reason in found[name], name


def test_the_link_was_not_followed(case: Path) -> None:
    assert not [p for p in case.rglob("*") if p.is_file() and b"root:x:0:0" in p.read_bytes()]


def test_a_column_called_drop_table_is_a_column(case: Path) -> None:
    columns = [c["column"] for c in _rows(case, "columns")]
    assert '"; DROP TABLE persons; --' in columns
    assert len(_rows(case, "persons")) == 4 + PEOPLE


def test_no_formula_reaches_a_sheet(case: Path, tmp_path: Path) -> None:
    for name in ("notification-list", "persons", "columns", "records"):
        path = tmp_path / f"{name}.csv"
        amends("export", case, name, "--to", path)
        with path.open(newline="", encoding="utf-8") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row if cell]
        assert not [
            c for c in cells if c.strip()[:1] in "=+@" or (c[0] == "-" and not c[1:2].isdigit())
        ]
    names = (
        pq.read_table(case / "out" / "notification-list.parquet", columns=["name"])
        .column(0)
        .to_pylist()
    )
    assert any("cmd" in (n or "") for n in names), (
        "the hostile name itself is kept, in Parquet as it is"
    )


def test_no_markup_of_the_evidence_lives_in_the_report(case: Path) -> None:
    page = (case / "out" / "report.html").read_text("utf-8")
    assert "<script" not in page


def test_a_changed_exhibit_stops_the_run(tmp_path: Path) -> None:
    data = tmp_path / "people.csv"
    _hostile_csv(data)
    made = tmp_path / "case"
    amends("new", made)
    amends("add", made, data)
    stored = next((made / "evidence").rglob("people.csv"))
    stored.chmod(0o600)
    stored.write_bytes(data.read_bytes().replace(b"Vane", b"Vame"))
    assert "not what was sealed" in refusal("run", made, code=3)


def test_a_case_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    made = tmp_path / "case"
    amends("new", made)
    settings = made / "case.toml"
    settings.write_text(settings.read_text().replace("format = 1", "format = 2"))
    assert "newer Amends" in refusal("status", made, code=4)
    assert "newer Amends" in refusal("run", made, code=4)


def test_a_law_file_without_a_source_is_refused(case: Path, tmp_path: Path) -> None:
    from importlib import resources

    shipped = resources.files("amends.duties") / "law"
    law = json.loads(next(p for p in Path(str(shipped)).rglob("US-NV.json")).read_text("utf-8"))
    law["sources"] = []
    (case / "law").mkdir()
    (case / "law" / "US-NV.json").write_text(json.dumps(law))
    try:
        assert "US-NV" in refusal("run", case, code=3)
    finally:
        (case / "law" / "US-NV.json").unlink()
        (case / "law").rmdir()


def test_two_runs_at_once_on_one_case(case: Path) -> None:
    """The second is told so and changes nothing."""
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from amends.kernel.case import Case\n"
            "with Case(Path(sys.argv[1])).lock(): print('held', flush=True); time.sleep(30)",
            str(case),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        assert "Another Amends" in refusal("run", case, code=4)
        assert "persons" in amends("status", case)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_disk_that_refuses_keeps_the_tables_as_they_were(case: Path) -> None:
    before = {p: p.read_bytes() for p in (case / "tables").rglob("*.parquet")}

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 80_000))

    done = subprocess.run(
        [sys.executable, "-m", "amends", "--quiet", "run", str(case), "elements", "--again"],
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr[-1500:]
    assert "Traceback" not in done.stderr
    assert "→" in done.stderr
    assert {p: p.read_bytes() for p in (case / "tables").rglob("*.parquet")} == before
    amends("run", case)


def test_a_run_that_is_killed_goes_on_with_the_same_command(case: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "amends", "--quiet", "run", str(case), "--again"]
    )
    time.sleep(3)
    child.kill()
    child.wait()
    done = json.loads(amends("run", case, "--json"))
    assert done["funnel"]["persons"] == 4 + PEOPLE
    assert not list(case.glob(".spill-*"))
    assert json.loads(amends("verify", case, "--json"))["sound"]
