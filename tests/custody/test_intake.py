from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from blake3 import blake3

from amends.custody import Tags, exhibits, journal_rows, reader_for, stage, take_in, verify
from amends.custody.intake import _Intake
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError, UsageError
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from tests.custody.crimes import Trials, fill
from tests.custody.helpers import zip_of

CSV = b"name,ssn\nAnn,900-12-3456\nBen,900-12-3457\n"


@pytest.fixture
def case(tmp_path):
    Case.create(tmp_path / "acme", {}).close()
    with Case(tmp_path / "acme") as probe:
        settings = probe.config
    with Case(tmp_path / "acme", contents=reader_for(settings, tmp_path / "acme")) as opened:
        yield opened


def put(path: Path, payload: bytes = CSV) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payload)
    return path


def rows(case: Case, table) -> list[dict]:
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


def test_a_file_is_sealed_copied_and_written_down(case, tmp_path):
    path = put(tmp_path / "in" / "people.csv")
    (taken,) = take_in(case, [path], Tags(owner="Acme", population="current", as_of="2021-08-16"))
    assert taken.exhibit_id == "E0001"
    assert taken.sha256 == hashlib.sha256(CSV).hexdigest()
    assert taken.blake3 == blake3(CSV).hexdigest()
    copy = case.folder / taken.place
    assert copy.read_bytes() == CSV
    assert copy.name == "people.csv"
    assert not copy.stat().st_mode & 0o222
    (exhibit,) = exhibits(case.folder)
    assert (exhibit.owner, exhibit.population, exhibit.as_of) == ("Acme", "current", "2021-08-16")
    assert exhibit.path == path.as_posix()
    assert [row["act"] for row in journal_rows(case.folder)] == ["begin", "take", "end"]
    assert verify(case) == []
    json.dumps(taken.as_json())


def test_a_folder_gives_each_file_and_refuses_what_is_no_file(case, tmp_path):
    folder = tmp_path / "share"
    put(folder / "b" / "two.csv", CSV * 2)
    put(folder / "a.csv")
    (folder / "link.csv").symlink_to(folder / "a.csv")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    taken = take_in(case, [folder], Tags())
    named = {Path(entry.path).name: entry for entry in taken}
    assert named["a.csv"].exhibit_id
    assert named["two.csv"].exhibit_id
    assert [named[name].exhibit_id for name in ("link.csv", "loop", "pipe")] == ["", "", ""]
    assert "link" in named["link.csv"].warnings[0]
    stage.run(case)
    found = rows(case, EXCEPTIONS)
    assert sorted(row["reason"] for row in found) == ["device", "link", "link"]
    assert all(row["whole"] and row["item_id"] is None for row in found)


def test_an_unreadable_file_is_refused_not_a_crash(case, tmp_path, monkeypatch):
    path = put(tmp_path / "locked.csv")
    real = Path.open

    def refuse(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    (taken,) = take_in(case, [path], Tags())
    assert taken.exhibit_id == ""
    assert "unreadable" in taken.warnings[0]


def test_the_same_bytes_twice_are_a_second_exhibit_and_one_copy(case, tmp_path):
    take_in(case, [put(tmp_path / "a.csv")], Tags())
    (again,) = take_in(case, [put(tmp_path / "b.csv")], Tags())
    assert again.exhibit_id == "E0002"
    assert "E0001" in again.warnings[0]
    first, second = exhibits(case.folder)
    assert first.place == second.place
    assert second.same_as == "E0001"
    assert verify(case) == []


def test_a_reference_stays_where_it_lies(case, tmp_path):
    path = put(tmp_path / "big.csv")
    (taken,) = take_in(case, [path], Tags(), reference=True)
    assert taken.place == str(path)
    assert [p.name for p in (case.folder / "evidence").iterdir()] == ["journal.jsonl"]
    stage.run(case)
    path.write_bytes(CSV + b"x")
    assert "E0001 was changed" in verify(case)[0]
    with pytest.raises(EvidenceError, match="not what was sealed"):
        stage.run(case)


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        (Tags(role="loot"), ["a.csv"]),
        (Tags(as_of="August"), ["a.csv"]),
        (Tags(), ["none.csv"]),
        (Tags(), ["a.csv", "none.csv"]),
    ],
)
def test_what_makes_no_sense_fails_before_anything_is_taken(case, tmp_path, tags, names):
    put(tmp_path / "a.csv")
    with pytest.raises(UsageError):
        take_in(case, [tmp_path / name for name in names], tags)
    assert exhibits(case.folder) == []


def test_an_interrupted_intake_carries_on_when_given_again(case, tmp_path, monkeypatch):
    paths = [put(tmp_path / "in" / f"{n}.csv", CSV + b"%d,x\n" % n) for n in range(5)]
    real = _Intake.take
    count = 0

    def breaks(self, candidate, task):
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        return real(self, candidate, task)

    monkeypatch.setattr(_Intake, "take", breaks)
    with pytest.raises(KeyboardInterrupt):
        take_in(case, paths, Tags())
    put(case.folder / "evidence" / ".incoming-1", b"half")
    monkeypatch.setattr(_Intake, "take", real)
    taken = take_in(case, paths, Tags())
    assert [entry.exhibit_id for entry in taken] == ["E0001", "E0002", "E0003", "E0004", "E0005"]
    assert len(exhibits(case.folder)) == 5
    assert verify(case) == []


def test_a_full_disk_stops_with_a_remedy_and_leaves_no_half_copy(case, tmp_path, monkeypatch):
    path = put(tmp_path / "a.csv")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("amends.custody.intake.digest", full)
    with pytest.raises(EvidenceError, match="could not be copied") as caught:
        take_in(case, [path], Tags())
    assert "--reference" in str(caught.value)
    assert not list((case.folder / "evidence").glob(".incoming-*"))


def test_the_case_itself_is_never_taken_in(case, tmp_path):
    put(tmp_path / "x.csv")
    taken = take_in(case, [tmp_path], Tags())
    assert [Path(entry.path).name for entry in taken] == ["x.csv"]


# the stage


def test_items_and_exceptions_add_up_and_logs_stay_closed(case, tmp_path):
    put(
        tmp_path / "in" / "a.zip",
        zip_of({"p.csv": CSV, "x.bin": bytes(range(256)) * 9, "t.txt": b"hello\n"}),
    )
    put(tmp_path / "in" / "empty.csv", b"")
    put(tmp_path / "in" / "ragged.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8\n")
    take_in(case, [tmp_path / "in"], Tags())
    take_in(case, [put(tmp_path / "auth.log", b"x\n")], Tags(role="log"))
    stage.run(case)
    items = rows(case, ITEMS)
    lost = [row for row in rows(case, EXCEPTIONS) if row["whole"]]
    assert len(items) == 5
    assert sum(row["status"] == "read" for row in items) + len(lost) == len(items)
    assert {row["reason"] for row in lost} == {"unknown_format", "empty"}
    assert sum(row["n_rows"] or 0 for row in items) == 5
    assert [row["role"] for row in rows(case, EXHIBITS)].count("log") == 1
    assert {row["exhibit_id"] for row in items} == {"E0001", "E0002", "E0003"}
    ragged = [row for row in rows(case, EXCEPTIONS) if not row["whole"]]
    assert [(row["reason"], row["place"]) for row in ragged] == [("malformed_row", "row 2")]


def test_decisions_settle_exceptions_and_their_ids_stay(case, tmp_path):
    take_in(case, [put(tmp_path / "empty.csv", b"")], Tags())
    stage.run(case)
    (row,) = rows(case, EXCEPTIONS)
    case.decide("exception", {"exception_id": row["exception_id"]}, "set_aside")
    take_in(case, [put(tmp_path / "b.bin", b"\0\1\2" * 99)], Tags())
    stage.run(case)
    settled = {entry["exception_id"]: entry["disposition"] for entry in rows(case, EXCEPTIONS)}
    assert settled[row["exception_id"]] == "set_aside"
    assert sorted(settled.values()) == ["open", "set_aside"]


# tampering


def test_every_random_tampering_is_found_and_named(case, tmp_path):
    fill(case, tmp_path)
    assert Trials(case, seed=7).run(300) == []
    assert verify(case) == []


def test_what_was_changed_is_named(case, tmp_path):
    (taken,) = take_in(case, [put(tmp_path / "a.csv")], Tags())
    copy = case.folder / taken.place
    copy.chmod(0o600)
    copy.write_bytes(CSV.replace(b"Ann", b"Eve"))
    assert verify(case) == [f"exhibit E0001 was changed: its digests differ ({taken.place})"]
    copy.unlink()
    assert verify(case) == [f"exhibit E0001 is missing ({taken.place})"]


def test_a_journal_cut_at_a_line_end_is_found_by_its_witness(case, tmp_path):
    take_in(case, [put(tmp_path / "a.csv")], Tags())
    journal = case.folder / "evidence" / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    assert any("cut off" in fault for fault in verify(case))
