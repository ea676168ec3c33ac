"""After a run no identifier of the evidence lies in clear anywhere but in ``evidence/``."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.face import Demo, amends

SECRETS = {
    "ssn": "512-41-7329",
    "ssn_bare": "531528317",
    "drivers_licence": "Q7735518842",
    "card": "4539578763621486",
    "imei": "356938035643809",
    "password": "kestrel-Bramble-77",
    "bank_account": "7720043318865",
    "passport": "X88317264",
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "people.csv").write_text(
        "first_name,last_name,date_of_birth,ssn,driver_license,dl_state,credit_card,imei,password,bank_account,"
        "routing_number,passport_number,email,address,city,state,zip\n"
        f"ADA,QUILL,1971-04-05,{SECRETS['ssn']},{SECRETS['drivers_licence']},CA,{SECRETS['card']},{SECRETS['imei']},"
        f"{SECRETS['password']},{SECRETS['bank_account']},021000021,{SECRETS['passport']},ada@example.org,"
        "12 ELM ST,FRESNO,CA,93701\n"
        + "".join(
            f"BEN{i},QUILL,1971-04-{i + 10},512-41-{7000 + i},Q77355{i:05d},CA,,,pass-word-{i},,,,b{i}@example.org,"
            f"{i + 20} ELM ST,FRESNO,CA,93701\n"
            for i in range(15)
        )
    )
    (folder / "note.txt").write_text(
        f"Call with Ada Quill.\nName: Ada Quill\nSSN: {SECRETS['ssn_bare']}\nCard number: {SECRETS['card']}\n"
        f"Driver's license: {SECRETS['drivers_licence']} (CA)\nIMEI: {SECRETS['imei']}\n"
        f"Password: {SECRETS['password']}\n"
    )
    made = folder / "case"
    amends("new", made, "--entity", "Acme", "--discovered-on", "2026-08-17")
    amends("add", made, folder / "people.csv", folder / "note.txt")
    amends("run", made)
    amends("notices", "proofs", made, "--sample", "2")
    amends("export", made, "notification-list", "--to", made / "out" / "again.xlsx")
    return made


def _holders(folder: Path, secret: str) -> list[str]:
    """Return the files that hold a value in clear, Parquet read cell by cell."""
    forms = {secret.encode(), re.sub(r"\W", "", secret).encode()}
    found = []
    for path in sorted(folder.rglob("*")):
        if (
            not path.is_file()
            or "evidence" in path.relative_to(folder).parts
            or not path.stat().st_size
        ):
            continue
        if path.suffix == ".parquet":
            data = str(pq.read_table(path).to_pylist()).encode()
            hit = any(form in data for form in forms)
        else:
            with (
                path.open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data_map,
            ):
                hit = any(data_map.find(form) >= 0 for form in forms)
        if hit:
            found.append(str(path.relative_to(folder)))
    return found


@pytest.mark.parametrize("kind", SECRETS)
def test_no_seeded_identifier_is_left_in_clear(case: Path, kind: str) -> None:
    assert _holders(case, SECRETS[kind]) == []


def test_the_search_itself_finds_what_is_there(case: Path) -> None:
    """A check that cannot fail is none: the same search finds the values in the evidence."""
    (case / "planted.txt").write_text(SECRETS["ssn"])
    try:
        assert _holders(case, SECRETS["ssn"]) == ["planted.txt"]
    finally:
        (case / "planted.txt").unlink()


def test_every_seeded_identifier_was_seen(case: Path) -> None:
    listed = amends("export", case, "person-elements", "--to", "-")
    for element in (
        "ssn",
        "drivers_licence",
        "card",
        "imei",
        "password",
        "bank_account",
        "passport",
    ):
        assert f'"element": "{element}"' in listed


def test_no_spill_and_no_temporary_folder_is_left(case: Path) -> None:
    left = [p.name for p in case.rglob(".*") if p.name != ".lock"]
    assert left == []


def test_no_ssn_of_the_demo_is_left_in_clear(demo: Demo) -> None:
    """The same, over every SSN of the demo's applicants."""
    lines = (demo.data / "evidence-1" / "credit_applicants.csv").read_text("utf-8", "replace")
    values = sorted({m.group() for m in re.finditer(r"\b\d{3}-\d{2}-\d{4}\b", lines)})[:300]
    assert len(values) > 50
    text = []
    for path in demo.case.rglob("*.parquet"):
        if "evidence" not in path.relative_to(demo.case).parts:
            text.append(str(pq.read_table(path).to_pylist()))
    for path in (
        *demo.case.glob("*.jsonl"),
        *(demo.case / "out").rglob("*.csv"),
        *(demo.case / "out").glob("*.html"),
    ):
        text.append(path.read_text("utf-8"))
    whole = "\n".join(text)
    assert [v for v in values if v in whole] == []
