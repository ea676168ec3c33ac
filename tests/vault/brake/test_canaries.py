"""Canaries ring once, and look like anybody."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.errors import UsageError
from amends.vault.brake import keeping
from amends.vault.brake.canaries import make_canaries, write_planted
from tests.vault.brake.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.let("desk", clear=True)
    made.let("other", clear=True)
    made.tokens(1)
    return made


def planted(world: World, n: int = 5) -> list[str]:
    return [p.token for p in make_canaries(world.brake, world.keyring, "ssn", n)]


def test_the_first_question_rings_looks_ordinary_and_stops_the_actor(world: World) -> None:
    [canary, *_] = planted(world)
    verdict, answers = world.ask("desk", [canary])
    assert verdict.status == 200 and answers[0].startswith("•••") and len(answers[0]) == 7
    assert [a.kind for a in world.alarms] == ["canary"]
    assert world.ask("desk", world.tokens(1))[0].code == "stopped"
    assert world.ask("other", world.tokens(1))[0].status == 200
    world.restart()
    assert world.ask("desk", world.tokens(1))[0].code == "stopped"
    keeping.lift_actor(world.brake, "desk", "a report asked for the whole table")
    assert world.ask("desk", world.tokens(1))[0].status == 200


def test_in_clear_one_invented_value_goes_out_but_no_real_one_beside_it(world: World) -> None:
    [one, two, *_] = planted(world)
    verdict, answers = world.ask("desk", [one], clear=True)
    assert verdict.status == 200 and len(answers[0]) == 9 and answers[0].startswith("9")
    verdict, answers = world.ask("other", [*world.tokens(3), two], clear=True)
    assert verdict.code == "masked_only" and set(answers) == {"•••"}
    assert world.ask("other", world.tokens(1))[0].code == "stopped"


def test_a_masked_batch_with_a_canary_is_answered_like_any_other(world: World) -> None:
    canary = planted(world)[0]
    verdict, answers = world.ask("desk", [*world.tokens(3, 100), canary])
    assert verdict.status == 200
    assert answers[:3] == ["•••0100", "•••0101", "•••0102"]
    assert world.brake.look()[0].stopped == {"desk": "canary"}


def test_a_canary_rings_even_over_budget(world: World) -> None:
    canary = planted(world)[0]
    world.ask("desk", world.tokens(10))
    verdict, answers = world.ask("desk", [canary])
    assert verdict.status == 429 and answers == ["•••"]
    assert "canary" in {a.kind for a in world.alarms}
    assert world.ask("desk", world.tokens(1))[0].code == "stopped"


def test_a_canary_planted_by_another_process_rings_here(world: World) -> None:
    other = world.opened()
    canary = make_canaries(other, world.keyring, "ssn", 1)[0].token
    other.close()
    world.ask("desk", [canary])
    assert [a.kind for a in world.alarms] == ["canary"]


def test_a_canary_stays_one_through_a_rotation(world: World) -> None:
    [canary] = planted(world, 1)
    before = world.tokens(1, 70)
    world.ask("other", before)
    with world.keyring.changing("rotation.begun", {"domain": "ssn"}) as change:
        change.file = world.keyring.with_new_version(change.file, "siv", "ssn")
    [value] = world.keyring.cipher("ssn").reveal(pa.array([canary])).to_pylist()
    [fresh] = world.keyring.cipher("ssn").protect(pa.array([value])).to_pylist()
    assert fresh != canary
    world.ask("desk", [fresh])
    assert [a.kind for a in world.alarms] == ["canary"]
    # And a person asked for by an old and a new token is one person.
    world.ask("other", world.tokens(1, 70))
    assert world.brake.look()[0].windows.used("other", world.wall).per_day == 1


def test_the_vaults_folder_does_not_tell_which_tokens_they_are(world: World) -> None:
    canaries = planted(world)
    for canary in canaries:
        [value] = world.keyring.cipher("ssn").reveal(pa.array([canary]))
        number = int(world.brake.index("ssn").text_hashes(pa.array([value.as_py()]))[0])
        for path in (world.folder / "brake").rglob("*"):
            text = path.read_bytes() if path.is_file() else b""
            assert canary.encode() not in text and f"{number:016x}".encode() not in text
    assert len(world.brake.look()[0].canaries) == 5


@pytest.mark.parametrize(
    ("element", "form", "starts", "length"),
    [
        ("ssn", "", "9", 9),
        ("ssn", "###-##-####", "9", 11),
        ("phone", "(###) ###-####", "(", 14),
        ("imei", "", "00", 15),
        ("imsi", "", "99999", 15),
        ("card", "", "9999", 16),
    ],
)
def test_values_are_plausible_and_nobodys(
    world: World, element: str, form: str, starts: str, length: int
) -> None:
    made = make_canaries(world.brake, world.keyring, "ssn", 20, element=element, form=form)
    tokens = [p.token for p in made]
    values = world.keyring.cipher("ssn").reveal(pa.array(tokens)).to_pylist()
    assert len(set(values)) == 20
    assert all(v.startswith(starts) and len(v) == length for v in values)
    digits = ["".join(c for c in v if c.isdigit()) for v in values]
    if element == "ssn":  # no SSN begins with 9, no ITIN has a group under 50
        assert all(1 <= int(d[3:5]) <= 49 and d[5:] != "0000" for d in digits)
    if element in ("imei", "card"):
        assert all(_luhn(d) for d in digits)
    if element == "phone":
        assert all(d[3:8] == "55501" for d in digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def test_a_domain_without_free_numbers_takes_the_companys_own(world: World) -> None:
    world.tokens(1, domain="loyalty")
    with pytest.raises(UsageError, match="No numbers are known"):
        make_canaries(world.brake, world.keyring, "loyalty", 2)
    assert len(make_canaries(world.brake, world.keyring, "loyalty", 2, values=["a1", "b2"])) == 2
    for n, domain in ((0, "ssn"), (3, "never-protected")):
        with pytest.raises(UsageError):
            make_canaries(world.brake, world.keyring, domain, n)


def test_the_file_for_planting_is_its_owners_and_never_replaced(
    world: World, tmp_path: Path
) -> None:
    made = make_canaries(world.brake, world.keyring, "ssn", 3)
    path = tmp_path / "canaries.csv"
    write_planted(path, made)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8", newline="") as stream:
        assert [row["token"] for row in csv.DictReader(stream)] == [p.token for p in made]
    with pytest.raises(UsageError, match="already"):
        write_planted(path, made)
