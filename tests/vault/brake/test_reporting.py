"""What the audit says."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.vault.brake import keeping
from amends.vault.brake.masks import masked
from amends.vault.brake.reporting import report
from amends.vault.brake.windows import Budget
from tests.vault.brake.world import World


def test_it_says_who_asked_how_much_and_how_long_everybody_would_take(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.let("ann", per_hour=10, per_day=100)
    world.let("bob", "tax", per_hour=10, per_day=150, clear=True)
    tokens = world.tokens(12)
    world.ask("ann", tokens[:3])
    world.ask("ann", tokens[:2])
    world.ask("ann", tokens[:11])
    world.ask("bob", tokens[:4], "tax", clear=True)
    world.keys["ann"] = "wrong"
    world.ask("ann", tokens[:1])
    told = report(world.brake)
    assert told["whole"] and told["fault"] == ""
    by = {a["actor"]: a for a in told["actors"]}
    assert (by["ann"]["persons"], by["ann"]["tokens"], by["ann"]["calls"]) == (3, 5, 2)
    assert by["ann"]["refused_by"] == {"over_budget": 1} and by["?"]["refused_by"] == {"no_key": 1}
    assert by["bob"]["clear_calls"] == 1 and by["bob"]["budgets"]["tax"]["per_day"] == 150
    assert told["days_to_pull_everybody"] == {"at_ceiling": 10_800.0, "at_budgets": 216_000.0}
    assert told["used"] == {"per_hour": 4, "per_day": 4} and told["first_canary_trip"] is None
    keeping.set_ceiling(world.brake, Budget(100, 200))
    assert report(world.brake, 1_000_000)["days_to_pull_everybody"]["at_budgets"] == 5000.0


def test_a_fault_is_part_of_the_answer(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.let("ann")
    world.ask("ann", world.tokens(2))
    file = world.folder / "brake" / "audit" / "000001.jsonl"
    text = file.read_bytes()
    file.write_bytes(text.replace(b'"T-1"', b'"T-2"'))
    told = report(world.opened())
    assert not told["whole"] and "changed" in told["fault"]
    file.write_bytes(text.splitlines(keepends=True)[0])
    assert "cut off" in report(world.opened())["fault"]


def test_reading_the_report_does_not_disturb_a_service(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.let("ann", per_hour=5, per_day=5)
    for number, token in enumerate(world.tokens(5)):
        assert world.ask("ann", [token])[0].status == 200
        assert report(world.brake)["used"]["per_day"] == number + 1
    assert world.ask("ann", world.tokens(1, 50))[0].status == 429


@pytest.mark.parametrize(
    ("domain", "value", "shown"),
    [
        ("ssn", "900-12-3456", "•••3456"),
        ("ssn", "900123456", "•••3456"),
        ("drivers_licence", "D123456", "•••"),
        ("pin", "12345678", "•••"),
        ("password", "correct horse", "•••"),
        ("email", "ann.lee@example.com", "a•••@e•••"),
        ("name", "Ann Lee", "A•••"),
        ("birth_date", "1980-02-03", "1980-•••"),
        ("birth_date", "03.02.1980", "•••"),
        ("loyalty", "1234567", "•••"),
        ("loyalty", "12345678", "•••5678"),
        ("loyalty", "", "•••"),
        ("name", "", "•••"),
    ],
)
def test_a_mask_shows_enough_to_recognise_and_too_little_to_use(
    domain: str, value: str, shown: str
) -> None:
    assert masked(domain, value) == shown
