"""What works alone, from Python: Arrow in and Arrow out."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from amends import detect, duties, resolve, scan
from amends.api import resolve_file
from amends.kernel.errors import EvidenceError, UsageError

PEOPLE = pa.table(
    {
        "First Name": ["Ann", "ANNE", "Bob", "Cara", None],
        "Surname": ["Lee", "LEE", "Roe", "Diaz", "Quill"],
        "dob": ["1980-02-03", "02/03/1980", "1975-05-06", "1990-07-08", "1990-07-09"],
        "ssn": ["531-52-8317", "531528317", "531-52-8318", "531-52-8319", None],
        "street": ["1 Oak St", "1 OAK STREET", "2 Oak St", "3 Oak St", "4 Oak St"],
        "zip": ["89501"] * 5,
    }
)
FACTS = {
    "entity": {"roles": ["BUSINESS"], "source_of_breach": True},
    "events": {"discovery": "2026-03-02", "determination": "2026-03-02"},
    "breach": {
        "access": True,
        "acquisition": True,
        "harm_likely": True,
        "id_theft_sufficient": False,
    },
    "groups": [
        {
            "group": "a",
            "residence": "US-CA",
            "count": 600,
            "elements": ["NAME", "SSN"],
            "secured": [],
            "key_taken": False,
        }
    ],
}


def test_resolve_says_which_rows_are_one_person() -> None:
    answer = resolve(PEOPLE)
    assert answer.column_names == ["record_id", "person_id", "reason", "weight"]
    person = answer.column("person_id").to_pylist()
    assert person[0] == person[1]
    assert len(set(person)) == 4
    assert answer.column("record_id").to_pylist() == [1, 2, 3, 4, 5]


def test_resolve_reads_whatever_speaks_arrow() -> None:
    with duckdb.connect() as con:
        relation = con.from_arrow(PEOPLE)
        assert (
            resolve(relation).column("person_id").to_pylist()
            == resolve(PEOPLE).column("person_id").to_pylist()
        )


def test_resolve_of_nothing_is_nothing() -> None:
    assert resolve(PEOPLE.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "xlsx"])
def test_resolve_file_writes_what_is_asked_for(tmp_path: Path, ending: str) -> None:
    source = tmp_path / "people.csv"
    source.write_text(
        "record_id,first,last,dob,ssn\n7,Ann,Lee,1980-02-03,531-52-8317\n9,Anne,Lee,1980-02-03,531-52-8317\n"
    )
    done = resolve_file(source, str(tmp_path / f"out.{ending}"))
    assert (done["records"], done["persons"]) == (2, 1)
    assert (tmp_path / f"out.{ending}").stat().st_size > 0


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read a int"):
        resolve(3)
    with pytest.raises(UsageError, match="no such file"):
        resolve_file(tmp_path / "none.csv", "-")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(EvidenceError, match="Parquet"):
        resolve_file(tmp_path / "broken.parquet", "-")


def test_scan_of_a_table_gives_one_row_a_column() -> None:
    found = {row["column"]: row for row in scan(PEOPLE).to_pylist()}
    assert found["ssn"]["element"] == "ssn"
    assert found["ssn"]["n_valid"] == 4
    assert found["dob"]["element"] == "birth_date"


def test_scan_of_a_text_shows_places_and_masks_values() -> None:
    text = "Ann Lee, SSN 531-52-8317, called."
    found = [row for row in scan(text).to_pylist() if row["element"] == "ssn"]
    assert [text[row["start"] : row["end"]] for row in found] == ["531-52-8317"]
    assert "531" not in found[0]["masked"]


def test_scan_of_a_path_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("Reach me at ann@example.org")
    assert "email" in scan(path).column("element").to_pylist()


def test_duties_answers_as_the_command_does() -> None:
    answer = duties(FACTS)
    group = answer["groups"]["a"]
    assert group["notify"] is True
    assert group["by"] == "2026-04-01"
    assert json.loads(json.dumps(answer, default=str))["regulators"][0]["jurisdiction"] == "US-CA"


def test_the_room_keeps_its_name() -> None:
    """``amends.duties`` is the room too; importing it does not take the function away."""
    import amends.duties.lawbook  # noqa: F401
    from amends import duties as again

    assert again(FACTS)["groups"]["a"]["notify"] is True


RULE = """
title: A tool that reads secrets
id: 5a4c2d1e-0000-4000-8000-000000000001
status: test
logsource: {category: process_creation, product: windows}
detection:
  selection:
    EventID: 1
    CommandLine|contains: sekurlsa
  condition: selection
level: high
"""


def test_rules_fire_on_a_table_of_events(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(RULE)
    events = pa.table(
        {
            "Channel": ["Microsoft-Windows-Sysmon/Operational"] * 3,
            "EventID": [1, 1, 11],
            "CommandLine": ["cmd /c dir", "x.exe SEKURLSA::logonpasswords", None],
            "Tags": [["a"], [], None],
        }
    )
    (row,) = detect(events, tmp_path).to_pylist()
    assert (row["title"], row["n_events"], row["event_ids"]) == (
        "A tool that reads secrets",
        1,
        [1],
    )


def test_rules_fire_on_files_of_logs(tmp_path: Path) -> None:
    line = "Aug  4 02:11:{:02d} jump1 sshd[77]: Failed password for invalid user bob from 203.0.113.9 port 4{} ssh2\n"
    (tmp_path / "auth.log").write_text("".join(line.format(n % 60, 1000 + n) for n in range(50)))
    found = detect(tmp_path / "auth.log").to_pylist()
    assert any(row["n_events"] >= 20 for row in found), found
    with pytest.raises(UsageError, match="no such file"):
        detect(tmp_path / "missing.log")
    with pytest.raises(UsageError, match="cannot read"):
        detect(7)
