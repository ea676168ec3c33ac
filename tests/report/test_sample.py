"""``amends sample`` as somebody uses it: files in, an answer out; no value on the screen."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from tests.e2e.face import amends, refusal

HEAD = (
    "account_number",
    "first_name",
    "last_name",
    "birth_date",
    "ssn",
    "phone",
    "email",
    "street",
    "zip",
    "state",
)
GIVEN = ("Ana", "Ben", "Carla", "Dmitri", "Ewa", "Faye", "Gus", "Hana", "Ivan", "Jo")


def people(n: int, seed: int) -> list[list[str]]:
    """Return invented people."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        first = chance.choice(GIVEN)
        last = "".join(
            chance.choice("bdfglmnrst") + chance.choice("aeiou") for _ in range(3)
        ).title()
        made.append([
            f"4{seed}{number:07d}", first, last,
            f"{chance.randint(1940, 2004)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}",
            f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}",
            f"206-{chance.randint(230, 999)}-{chance.randint(1000, 9999)}",
            f"{first}.{last}{number}@mailbox.org".lower(),
            f"{chance.randint(1, 9999)} Oak Street", f"981{chance.randint(10, 99)}", "WA",
        ])  # fmt: skip
    return made


OURS = people(600, 1)


def write(
    path: Path, rows: list[list[str]], head: tuple[str, ...] = HEAD, delimiter: str = ","
) -> Path:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(head)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index of copies of two days."""
    home = tmp_path_factory.mktemp("held")
    later = [
        [*r[:5], f"303-555-{n:04d}" if n % 5 == 0 else r[5], *r[6:]] for n, r in enumerate(OURS)
    ]
    write(home / "copies" / "crm-2026-06-30.csv", OURS[:500])
    write(home / "copies" / "crm-2026-07-31.csv", later)
    amends("sample", "index", home / "copies", "--to", home / "index")
    return home / "index"


def check(sample: Path, against: Path, *more: str | Path) -> dict[str, object]:
    """Return the answer."""
    answer: dict[str, object] = json.loads(
        amends("sample", "check", sample, "--against", against, *more, "--json")
    )
    return answer


def test_a_rewritten_sample_is_known_again(index: Path, tmp_path: Path) -> None:
    rows = [
        [f"{r[2].upper()}, {r[1].upper()}", r[4].replace("-", ""), f"({r[5][:3]}) {r[5][4:]}",
         r[7].replace("Street", "ST."), r[8]]
        for r in OURS[:200]
    ]  # fmt: skip
    answer = check(
        write(tmp_path / "s.txt.csv", rows, ("NAME", "SOC SEC", "CELL", "ADDRESS", "ZIPCODE"), ";"),
        index,
    )
    assert answer["verdict"] == "ours"
    assert answer["joint"] == 200
    bracket = answer["brackets"][0]  # type: ignore[index]
    assert (bracket["store"], bracket["after"], bracket["before"]) == (
        "copies/crm",
        "",
        "2026-07-31",
    )


def test_the_screen_shows_no_value(index: Path, tmp_path: Path) -> None:
    sample = write(tmp_path / "s.csv", OURS[:50])
    for words in (("--json",), ()):
        shown = amends("sample", "check", sample, "--against", index, *words)
        for row in OURS[:50]:
            assert not [v for v in (row[2], row[4], row[5], row[6], row[7]) if v in shown]


def test_made_up_rows_are_called_so(index: Path, tmp_path: Path) -> None:
    rows = [[*r[:4], f"000-00-{n:04d}", *r[5:9], "FL"] for n, r in enumerate(people(300, 5))]
    answer = check(write(tmp_path / "s.csv", rows), index)
    assert answer["verdict"] == "invented"
    assert "made up" in " ".join(answer["because"])  # type: ignore[arg-type]


def test_rows_put_together_from_pieces_are_called_so(index: Path, tmp_path: Path) -> None:
    rows = [[*r[:4], OURS[(n + 7) % 300][4], *r[5:]] for n, r in enumerate(OURS[:300])]
    answer = check(write(tmp_path / "s.csv", rows), index)
    assert answer["verdict"] == "recombined"
    assert any("ssn" in sentence for sentence in answer["because"])  # type: ignore[attr-defined]


def test_an_earlier_incident_says_who_is_new(index: Path, tmp_path: Path) -> None:
    earlier = write(tmp_path / "earlier.csv", OURS[:80])
    answer = check(write(tmp_path / "s.csv", OURS[50:150]), index, "--earlier", earlier)
    assert answer["overlaps"] == {str(earlier): 30}
    people_told = answer["people"]
    assert (people_told["n"], people_told["earlier"], people_told["new"]) == (100, 30, 70)  # type: ignore[index]


def test_a_case_says_who_was_told_already(tmp_path: Path) -> None:
    case = tmp_path / "acme"
    amends("new", case, "--entity", "Acme")
    amends(
        "add", case, write(tmp_path / "stolen.csv", OURS[:300]), "--owner", "Acme", "--store", "crm"
    )
    master = write(tmp_path / "master.csv", OURS)
    amends("add", case, master, "--role", "roster", "--owner", "Acme", "--store", "master")
    amends("run", case, "custody", "elements", "timeline", "persons")
    answer = check(write(tmp_path / "s.csv", OURS[250:350]), case)
    assert answer["verdict"] == "ours"
    people_told = answer["people"]
    assert (people_told["told"], people_told["not_told"], people_told["new"]) == (50, 50, 50)  # type: ignore[index]
    again = check(tmp_path / "s.csv", case)
    assert {**again, "seconds": 0} == {**answer, "seconds": 0}


def test_ten_rows_are_enough_and_none_are_undecided(index: Path, tmp_path: Path) -> None:
    assert check(write(tmp_path / "ten.csv", OURS[:10]), index)["verdict"] == "ours"
    shown = amends(
        "sample", "check", write(tmp_path / "none.csv", []), "--against", index, codes=(2, 3, 10)
    )
    assert "OURS" not in shown


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    write(folder / "a.csv", OURS[:40])
    (folder / "b.parquet").write_bytes(b"PAR1 nothing PAR1")
    answer = check(folder, index)
    assert answer["verdict"] == "ours"
    assert answer["exceptions"]


def test_wrong_places_are_refused(index: Path, tmp_path: Path) -> None:
    sample = write(tmp_path / "s.csv", OURS[:5])
    assert "There is no such file" in refusal(
        "sample", "check", sample, "--against", tmp_path / "none", code=2
    )
    assert "There is no such file" in refusal(
        "sample", "check", tmp_path / "none.csv", "--against", index, code=2
    )
    write(tmp_path / "taken" / "other.csv", [])
    assert "something else" in refusal(
        "sample", "index", sample, "--to", tmp_path / "taken", code=2
    )
    (tmp_path / "words.txt").write_text("nothing here but words\n")
    assert "No table" in refusal(
        "sample", "check", tmp_path / "words.txt", "--against", index, code=2
    )
