"""Nothing leaves without a seal and two people; a second edition reaches only those owed more."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from amends import notices
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError, TableError, UsageError
from amends.notices import stage
from amends.notices.release import same_person
from amends.tables.notices import NOTICES
from tests.notices.world import CA, FL, MA, fill, group, make_case, person

PEOPLE = [
    person(1),
    person(2, language="es", status="minor"),
    person(3, city="Boston", state="MA", zip="02108"),
    person(4, name="=cmd|' /C calc'!A0", street='"quoted", 4 Street'),
    person(5, street=None),
    person(6, city="Miami", state="FL", zip="33101"),
]
GROUPS = [
    group("G1", CA, ["name", "ssn"]),
    group("G2", MA, ["name", "ssn"]),
    group("G3", FL, ["name", "ssn"]),
]
MEMBERS = {p["person_id"]: "G1" for p in PEOPLE} | {"P000000000003": "G2", "P000000000006": "G3"}


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with make_case(tmp_path / "acme") as made:
        fill(made, PEOPLE, GROUPS, MEMBERS)
        stage.run(made)
        yield made


def released(case: Case) -> str:
    """Seal the plan and have two people approve it."""
    made = notices.seal(case)
    notices.approve(case, made.seal_id, "Dana Lee")
    notices.approve(case, made.seal_id, "Sam Roe")
    return made.seal_id


def manifest(case: Case) -> list[dict[str, str]]:
    rows = []
    for path in sorted((case.out / "print").glob("*/manifest.csv")):
        with path.open(newline="") as stream:
            rows += list(csv.DictReader(stream))
    return rows


def test_a_seal_counts_what_goes_and_what_waits(case: Case) -> None:
    made = notices.seal(case)
    assert made.seal_id == "S0001"
    assert made.counts == {"email": 1, "print": 4}
    assert made.held == {"no_address": 1}
    assert len(made.digest) == 64
    assert any("TransUnion" in w for w in made.warnings)


def test_nothing_is_sent_without_two_different_people(case: Case) -> None:
    with pytest.raises(DeliveryError, match="nothing sealed"):
        notices.send(case, "print")
    made = notices.seal(case)
    with pytest.raises(DeliveryError, match="two different people; so far nobody"):
        notices.send(case, "print")
    notices.approve(case, made.seal_id, "Dana Lee")
    with pytest.raises(DeliveryError, match="so far: Dana Lee"):
        notices.send(case, "print")
    for same in (
        "dana lee",
        " DANA  LEE ",
        "Dana\u00a0Lee",
        "Ｄana Lee",
        "Dаna Lee",
        "Dana-Lee",
        "Dána Lee",
        "Dana\u200bLee",
    ):
        with pytest.raises(DeliveryError, match="another person"):
            notices.approve(case, made.seal_id, same)
    with pytest.raises(UsageError):
        notices.approve(case, made.seal_id, " . ")
    assert notices.approve(case, made.seal_id, "Sam Roe").approved_by == ("Dana Lee", "Sam Roe")
    assert notices.send(case, "print")["accepted"] == 4


@pytest.mark.parametrize(
    ("one", "other"), [("Ann Lee", "Anna Lee"), ("Jo Kim", "Jo Lim"), ("李雷", "韩梅梅")]
)
def test_different_names_are_different_people(one: str, other: str) -> None:
    assert same_person(one) != same_person(other)


@pytest.mark.parametrize("name", ["notices.parquet", "texts.json"])
def test_a_seal_whose_files_were_changed_is_not_sent(case: Case, name: str) -> None:
    seal_id = released(case)
    path = case.folder / "seals" / seal_id / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DeliveryError, match="not what was sealed"):
        notices.send(case, "print")
    assert not (case.out / "print").exists()


def test_a_seal_whose_digest_was_forged_is_not_sent(case: Case) -> None:
    seal_id = released(case)
    path = case.folder / "seals" / seal_id / "seal.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "0" * 64}))
    with pytest.raises(DeliveryError):
        notices.send(case, "print")


def test_print_batches_hold_every_letter_and_a_manifest_that_agrees(case: Case) -> None:
    released(case)
    notices.send(case, "print")
    rows = manifest(case)
    assert [r["piece"] for r in rows] == ["1", "2", "3", "4"]
    folder = next((case.out / "print").iterdir())
    document = pdfium.PdfDocument((folder / "letters.pdf").read_bytes())
    for row in rows:
        page = document[int(row["page_first"]) - 1]
        text = page.get_textpage().get_text_range()
        page.close()
        assert row["notice_id"] in text
        assert row["code"]
    assert int(rows[-1]["page_last"]) == len(document)
    document.close()


def test_no_cell_of_the_manifest_lives_in_a_spreadsheet(case: Case) -> None:
    released(case)
    notices.send(case, "print")
    rows = {r["person_id"]: r for r in manifest(case)}
    assert rows["P000000000004"]["name"] == "'=cmd|' /C calc'!A0"
    assert rows["P000000000004"]["address_1"] == '"quoted", 4 Street'
    assert not [v for r in rows.values() for v in r.values() if v[:1] in ("=", "+", "-", "@")]


def test_sending_again_sends_nothing_again(case: Case) -> None:
    released(case)
    notices.send(case, "print")
    notices.send(case, "print")
    assert len(manifest(case)) == 4
    assert notices.to_send(case, "print").count == 0


def test_the_printers_word_is_taken_in(case: Case) -> None:
    released(case)
    notices.send(case, "print")
    folder = next((case.out / "print").iterdir())
    ids = [r["notice_id"] for r in manifest(case)]
    lines = [
        "notice_id,status,at",
        f"{ids[0]},mailed,2026-11-25",
        f"{ids[1]},returned,2026-12-04",
        "NFFFF,returned,x",
    ]
    (folder / "ack.csv").write_text("\n".join(lines) + "\n")
    counts = notices.delivery_counts(case)
    assert (counts["sealed"], counts["accepted"], counts["delivered"], counts["returned"]) == (
        5,
        4,
        1,
        1,
    )
    rows = notices.status(case)
    assert sum(int(str(r["n"])) for r in rows) == 5


def test_a_second_edition_reaches_only_those_newly_owed_or_owed_more(case: Case) -> None:
    released(case)
    more = [*PEOPLE, person(7)]
    groups = [*GROUPS, group("G4", CA, ["name", "passport", "ssn"]), group("G5", CA, ["ssn"])]
    members = {**MEMBERS, "P000000000001": "G4", "P000000000002": "G5", "P000000000007": "G1"}
    fill(case, more, groups, members)
    stage.run(case)
    made = notices.seal(case)
    assert made.edition == 2
    assert made.n_notices == 2
    stage.run(case)
    rows = case.engine.arrow(
        f"SELECT * FROM {case.read(NOTICES)} WHERE sealed_in = 'S0002'"
    ).to_pylist()
    found = {r["person_id"]: (r["kind"], r["elements"], r["new_elements"]) for r in rows}
    assert found == {
        "P000000000001": ("update", ["name", "passport", "ssn"], ["passport"]),
        "P000000000007": ("first", ["name", "ssn"], ["name", "ssn"]),
    }
    with pytest.raises(DeliveryError, match="no notice to seal"):
        notices.seal(case)


def test_people_who_were_merged_are_not_told_again(case: Case) -> None:
    released(case)
    changes = [
        {
            "kind": "merged",
            "old_person_id": "P000000000001",
            "new_person_id": "P000000000009",
            "n_records": 1,
        },
    ]
    people = [p for p in PEOPLE if p["person_id"] != "P000000000001"] + [person(9)]
    members = {p["person_id"]: MEMBERS.get(p["person_id"], "G1") for p in people}
    fill(case, people, GROUPS, members, changes=changes)
    stage.run(case)
    with pytest.raises(DeliveryError, match="no notice to seal: 1 wait"):
        notices.seal(case)


def merged(*pairs: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "kind": "merged",
            "old_person_id": f"P{old:012d}",
            "new_person_id": f"P{new:012d}",
            "n_records": 1,
        }
        for old, new in pairs
    ]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(merged((1, 2), (2, 9)), id="each run as it was"),
        pytest.param(merged((1, 9), (2, 9)), id="resolved to the ids of today"),
        pytest.param(merged((1, 2), (2, 9), (1, 9)), id="both"),
        pytest.param(merged((1, 2), (2, 1), (2, 9)), id="there and back"),
    ],
)
def test_two_runs_with_merges_between_two_seals_tell_nobody_twice(
    tmp_path: Path, changes: list[dict[str, Any]]
) -> None:
    groups = [group("G1", CA, ["name", "ssn"]), group("G2", CA, ["birth_date", "name", "ssn"])]
    with make_case(tmp_path / "acme") as case:
        first = [person(n) for n in (1, 2, 3, 4)]
        fill(case, first, groups, {p["person_id"]: "G1" for p in first})
        stage.run(case)
        released(case)
        notices.send(case, "print")
        # Two runs later 1 has become 2, and 2 has become 9; 4 is owed more; 5 is new.
        later = [person(n) for n in (9, 3, 4, 5)]
        members = {p["person_id"]: "G1" for p in later} | {"P000000000004": "G2"}
        fill(case, later, groups, members, changes=changes)
        stage.run(case)
        second = released(case)
        notices.send(case, "print")
        rows = case.engine.arrow(
            f"SELECT person_id, kind FROM {case.read(NOTICES)} WHERE sealed_in = '{second}' ORDER BY 1"
        ).to_pylist()
    assert rows == [
        {"person_id": "P000000000004", "kind": "update"},
        {"person_id": "P000000000005", "kind": "first"},
    ]


def test_who_was_merged_and_parted_again_is_not_told_again(case: Case) -> None:
    released(case)
    fill(case, PEOPLE, GROUPS, MEMBERS, changes=merged((1, 2)))
    stage.run(case)
    with pytest.raises(DeliveryError, match="no notice to seal"):
        notices.seal(case)


def test_the_table_keeps_what_was_sealed(case: Case) -> None:
    released(case)
    stage.run(case)
    rows = case.engine.arrow(
        f"SELECT sealed_in, count(*) AS n FROM {case.read(NOTICES)} GROUP BY 1 ORDER BY 1"
    ).to_pylist()
    assert rows == [{"sealed_in": "S0001", "n": 5}, {"sealed_in": None, "n": 1}]


def test_a_seal_before_the_plan_says_what_to_do(tmp_path: Path) -> None:
    with (
        make_case(tmp_path / "new") as fresh,
        pytest.raises(TableError, match="No notices are planned"),
    ):
        notices.seal(fresh)


def test_proofs_show_as_many_texts_as_there_is_room_for(case: Case) -> None:
    made = notices.proofs(case, 3)
    assert len(made) == 3
    assert all(p.read_bytes().startswith(b"%PDF") for p in made)
    assert len(list((case.out / "proofs").iterdir())) == 3


def test_an_email_send_without_a_server_says_which_setting(case: Case) -> None:
    released(case)
    with pytest.raises(UsageError, match="mail server"):
        notices.send(case, "email")


def test_no_such_channel(case: Case) -> None:
    with pytest.raises(UsageError, match="pigeon"):
        notices.send(case, "pigeon")


def test_seals_and_approvals_are_in_the_ledger(case: Case) -> None:
    released(case)
    notices.send(case, "print")
    acts = [line.act for line in case.ledger.lines()]
    assert [a for a in acts if a in ("seal", "approve", "send")] == [
        "seal",
        "approve",
        "approve",
        "send",
    ]


def test_a_proof_that_differs_from_the_plan_stops_the_batch(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    released(case)

    def shifted(pieces: list[Any], *rest: Any) -> bytes:
        return SETS([*pieces[1:], pieces[0]], *rest)

    from amends.notices.channels import print as channel

    SETS = channel.set_letters  # noqa: N806 - the real one, kept aside
    monkeypatch.setattr(channel, "set_letters", shifted)
    with pytest.raises(DeliveryError, match="stopped by its proof"):
        notices.send(case, "print")
    assert manifest(case) == []
    monkeypatch.undo()
    assert notices.send(case, "print")["accepted"] == 4
