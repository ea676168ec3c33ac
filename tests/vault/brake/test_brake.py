"""Budgets hold, whatever is tried."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.errors import UsageError
from amends.vault.brake import brake as brakes
from amends.vault.brake import chain as chains
from amends.vault.brake import keeping
from amends.vault.brake.people import PersonMap
from amends.vault.brake.windows import DAY, HOUR, Budget
from tests.vault.brake.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def statuses(world: World, tokens: list[str], actor: str = "desk", **more: object) -> list[int]:
    return [world.ask(actor, [token], **more)[0].status for token in tokens]  # type: ignore[arg-type]


def test_an_answer_is_masked_unless_the_purpose_allows_more(world: World) -> None:
    world.let("desk")
    world.let("desk", "tax", clear=True)
    [token] = world.tokens(1, 1234)
    assert world.ask("desk", [token])[1] == ["•••1234"]
    assert world.ask("desk", [token], "tax")[1] == ["•••1234"]
    assert world.ask("desk", [token], "tax", clear=True)[1] == ["900001234"]
    verdict, answers = world.ask("desk", [token], clear=True)
    assert (verdict.status, verdict.code, answers) == (403, "no_clear", ["•••"])


def test_no_more_distinct_persons_than_the_budget_and_again_costs_nothing(world: World) -> None:
    world.let("desk", per_hour=5, per_day=20)
    tokens = world.tokens(8)
    assert statuses(world, tokens) == [200] * 5 + [429] * 3
    assert statuses(world, tokens[:5] * 3) == [200] * 15
    verdict, answers = world.ask("desk", [tokens[6]])
    assert verdict.code == "over_budget" and answers == ["•••"]
    assert 0 < verdict.retry_seconds <= HOUR + 1
    world.pass_time(verdict.retry_seconds)
    assert world.ask("desk", [tokens[6]])[0].status == 200


def test_a_batch_is_answered_whole_or_not_at_all(world: World) -> None:
    world.let("desk", per_hour=5, per_day=20)
    tokens = world.tokens(9)
    assert world.ask("desk", tokens[:3])[0].status == 200
    verdict, answers = world.ask("desk", tokens[:6])
    assert verdict.status == 429 and set(answers) == {"•••"}
    assert world.ask("desk", tokens[:5])[0].left == (0, 15)
    assert world.ask("desk", world.tokens(6, 50))[0].retry_seconds == 0


def test_a_day_at_any_hour_counts_not_a_day_of_the_calendar(world: World) -> None:
    world.let("desk", per_hour=20, per_day=20)
    world.pass_time(23.9 * HOUR)
    assert statuses(world, world.tokens(20)) == [200] * 20
    world.pass_time(0.2 * HOUR)  # past midnight
    assert statuses(world, world.tokens(5, 100)) == [429] * 5
    world.pass_time(DAY)
    assert statuses(world, world.tokens(5, 100)) == [200] * 5


def test_budgets_survive_a_restart(world: World) -> None:
    world.let("desk", per_hour=5, per_day=5)
    statuses(world, world.tokens(4))
    world.restart()
    assert statuses(world, world.tokens(3, 4)) == [200, 429, 429]


def test_two_processes_on_one_vault_share_one_budget(world: World) -> None:
    world.let("desk", per_hour=6, per_day=6)
    other = world.opened()
    got = []
    for number, token in enumerate(world.tokens(20)):
        got.append(world.ask("desk", [token], brake=(world.brake, other)[number % 2])[0].status)
    other.close()
    assert got.count(200) == 6


def test_many_connections_at_once_share_one_budget(world: World) -> None:
    world.let("desk", per_hour=50, per_day=50)
    brakes_ = [world.opened() for _ in range(3)]
    got: list[int] = []

    def thief(start: int) -> None:
        for number, token in enumerate(world.tokens(30, start)):
            got.append(world.ask("desk", [token], brake=brakes_[number % 3])[0].status)

    threads = [threading.Thread(target=thief, args=(i * 100,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in brakes_:
        one.close()
    assert got.count(200) == 50


def test_a_new_name_for_a_purpose_adds_nothing(world: World) -> None:
    world.let("desk", "check", 5, 5)
    world.let("desk", "cheque", 5, 5)
    assert statuses(world, world.tokens(5)) == [200] * 5
    assert statuses(world, world.tokens(2, 50), purpose="cheque") == [429] * 2
    keeping.remove_actor(world.brake, "desk")
    world.keys.pop("desk")
    world.let("desk", "check", 5, 5)
    assert statuses(world, world.tokens(2, 90)) == [429] * 2


def test_the_ceiling_holds_over_all_actors(world: World) -> None:
    for name in ("ann", "bob", "cyd"):
        world.let(name, per_hour=10, per_day=10)
    keeping.set_ceiling(world.brake, Budget(12, 12))
    got = [
        status
        for i, name in enumerate(("ann", "bob", "cyd"))
        for status in statuses(world, world.tokens(10, i * 10), name)
    ]
    assert got.count(200) == 12
    assert world.ask("cyd", world.tokens(1, 99))[0].code == "over_ceiling"
    assert {a.kind for a in world.alarms} == {"ceiling"}


@pytest.mark.parametrize(
    ("actor", "key", "status", "code"),
    [
        ("desk", "wrong", 401, "no_key"),
        ("desk", "", 401, "no_key"),
        ("nobody", "x", 401, "no_key"),
    ],
)
def test_a_wrong_name_and_a_wrong_key_look_alike(
    world: World, actor: str, key: str, status: int, code: str
) -> None:
    world.let("desk")
    tokens = world.tokens(1)
    world.keys = {actor: key}
    verdict, answers = world.ask(actor, tokens)
    assert (verdict.status, verdict.code, answers) == (status, code, ["•••"])


def test_an_actor_asks_only_for_its_purposes_and_their_domains(world: World) -> None:
    world.let("desk")
    keeping.set_purpose(world.brake, "mail", clear=False, domains=["email"])
    keeping.set_actor(world.brake, "desk", "mail", Budget(5, 5))
    keeping.set_purpose(world.brake, "tax", clear=True, domains=[])
    tokens = world.tokens(1)
    assert world.ask("desk", tokens, "mail")[0].code == "no_domain"
    assert world.ask("desk", tokens, "tax")[0].code == "no_purpose"
    assert world.ask("desk", tokens, "made-up")[0].code == "no_purpose"


def test_a_new_key_voids_the_old_one_and_what_another_process_did_counts_at_once(
    world: World,
) -> None:
    world.let("desk")
    other = world.opened()
    new = keeping.change_key(other, "desk")
    assert world.ask("desk", world.tokens(1))[0].status == 401
    world.keys["desk"] = new
    assert world.ask("desk", world.tokens(1))[0].status == 200
    keeping.stop_actor(other, "desk", "key lost")
    assert world.ask("desk", world.tokens(1))[0].code == "stopped"
    keeping.lift_actor(other, "desk", "found")
    assert world.ask("desk", world.tokens(1))[0].status == 200
    other.close()


# ---- clocks


def test_a_clock_set_back_widens_no_window(world: World) -> None:
    world.let("desk", per_hour=5, per_day=5)
    statuses(world, world.tokens(5))
    world.wall -= 40 * DAY
    assert statuses(world, world.tokens(3, 50)) == [429] * 3
    world.restart()
    assert statuses(world, world.tokens(3, 50)) == [429] * 3
    assert [a.kind for a in world.alarms].count("clock") >= 1
    world.wall += 40 * DAY + DAY + 1
    world.steady += DAY + 1
    assert statuses(world, world.tokens(3, 50)) == [200] * 3


def test_a_clock_set_forward_empties_no_window(world: World) -> None:
    world.let("desk", per_hour=5, per_day=5)
    statuses(world, world.tokens(5))
    world.wall += 2 * DAY
    assert statuses(world, world.tokens(3, 50)) == [429] * 3
    world.restart()  # the machine still runs: its steady clock tells
    assert statuses(world, world.tokens(3, 50)) == [429] * 3
    assert "clock" in {a.kind for a in world.alarms}
    world.brake.resolve("time server was wrong before", "kim")
    assert statuses(world, world.tokens(3, 50)) == [200] * 3


def test_a_future_that_was_believed_can_be_taken_back_by_a_person(world: World) -> None:
    world.let("desk", per_hour=5, per_day=5)
    world.boot, world.steady = "boot-2", 10.0
    world.wall += 3650 * DAY  # the machine was started anew with a wrong clock
    world.restart()
    assert statuses(world, world.tokens(3)) == [200] * 3
    world.wall -= 3650 * DAY
    world.steady += 60.0
    assert statuses(world, world.tokens(3, 10)) == [200, 200, 429]
    world.pass_time(2 * DAY)
    assert statuses(world, world.tokens(1, 20)) == [429]  # time stands still
    world.brake.resolve("the battery of the clock was dead", "kim")
    assert statuses(world, world.tokens(1, 20)) == [429]  # what was answered still counts
    world.pass_time(DAY + 1)
    assert statuses(world, world.tokens(1, 20)) == [200]


def test_small_steps_of_a_clock_do_not_add_up(world: World) -> None:
    world.let("desk", per_hour=5, per_day=5)
    statuses(world, world.tokens(5))
    for _ in range(200):
        world.wall += 900.0
        world.steady += 1.0
        assert world.ask("desk", world.tokens(1, 77))[0].status == 429


# ---- who is a person


def test_three_identifiers_of_a_person_count_once_where_the_map_knows_them(world: World) -> None:
    world.let("desk", per_hour=2, per_day=2)
    columns = {"domain": [], "token": [], "person": []}  # type: ignore[var-annotated]
    asked = {}
    for person in range(4):
        for domain in ("ssn", "imei", "phone"):
            [token] = world.tokens(1, 1000 * person, domain)
            asked[person, domain] = token
            for name, value in zip(columns, (domain, token, f"P{person}"), strict=True):
                columns[name].append(value)
    assert PersonMap(world.brake, world.keyring).load([pa.RecordBatch.from_pydict(columns)]) == 12
    for domain in ("ssn", "imei", "phone"):
        for person in (0, 1):
            verdict, _ = world.ask("desk", [asked[person, domain]], domain=domain)
            assert verdict.status == 200
    assert world.ask("desk", [asked[2, "ssn"]])[0].status == 429
    # Calling many persons one does not help: the map knows better.
    assert world.ask("desk", [asked[2, "ssn"]], persons=["P0"])[0].status == 429


def test_a_caller_may_name_persons_but_not_call_many_one(world: World) -> None:
    world.let("desk", per_hour=3, per_day=3)
    for domain in ("ssn", "imei", "phone"):
        tokens = world.tokens(3, 5, domain)
        got = world.ask("desk", tokens, domain=domain, persons=["a", "b", "c"])[0]
        assert got.status == 200
    assert world.ask("desk", world.tokens(1, 90), persons=["d"])[0].status == 429
    assert world.ask("desk", world.tokens(4, 60), persons=["a"] * 4)[0].status == 429
    assert world.ask("desk", world.tokens(1, 60), persons=["a"])[0].status == 429


def test_named_persons_are_bounded_again_after_a_restart(world: World) -> None:
    world.let("desk", per_hour=3, per_day=3)
    assert statuses(world, world.tokens(5), persons=["a"]) == [200] * 3 + [429] * 2
    world.restart()
    assert statuses(world, world.tokens(2, 50), persons=["a"]) == [429] * 2


# ---- faults


def test_a_call_whose_line_cannot_be_written_gets_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.let("desk", per_hour=5, per_day=5)
    tokens = world.tokens(6)
    assert world.ask("desk", tokens[:2])[0].status == 200
    real = os.write

    def full(descriptor: int, text: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chains.os, "write", full)
    verdict, answers = world.ask("desk", [tokens[2]])
    assert (verdict.status, verdict.code, answers) == (503, "unwritable", ["•••"])
    monkeypatch.setattr(chains.os, "write", real)
    # What was not written does not count either.
    assert statuses(world, tokens[2:]) == [200, 200, 200, 429]
    assert "unwritable" in {a.kind for a in world.alarms}


@pytest.mark.parametrize("change", ["cut", "changed", "gone", "head gone", "older copy"])
def test_a_fault_of_the_audit_leaves_nothing_but_placeholders_until_a_person_resolves_it(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(brakes, "_RETRY_SECONDS", 0.0)
    world.let("desk", per_hour=5, per_day=5, clear=True)
    tokens = world.tokens(8)
    file = world.folder / "brake" / "audit" / "000001.jsonl"
    older = file.read_bytes()
    statuses(world, tokens[:4])
    text = file.read_bytes()
    if change == "cut":
        file.write_bytes(b"".join(text.splitlines(keepends=True)[:-2]))
    elif change == "changed":
        file.write_bytes(text.replace(b'"T-1"', b'"T-2"', 1))
        world.restart()
    elif change == "gone":
        file.unlink()
    elif change == "head gone":
        (world.folder / "brake" / "head").unlink()
        world.restart()
    else:
        file.write_bytes(older)
        world.restart()
    for _ in range(2):
        verdict, answers = world.ask("desk", [tokens[0]], clear=True)
        assert (verdict.status, verdict.code, answers) == (503, "masked_only", ["•••"])
    assert [a.kind for a in world.alarms] == ["fault"]
    world.brake.resolve("looked into it", "kim")
    # Where nothing is left nobody is known any more: actors have to be let in anew.
    expected = 401 if change == "gone" else 200
    assert world.ask("desk", [tokens[0]])[0].status == expected
    kept = list((world.folder / "brake").glob("audit.kept-*"))
    assert len(kept) == 1
    world.restart()
    assert world.ask("desk", [tokens[0]])[0].status == expected


def test_putting_a_changed_file_back_does_not_end_a_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brakes, "_RETRY_SECONDS", 0.0)
    world.let("desk")
    tokens = world.tokens(2)
    world.ask("desk", tokens)
    file = world.folder / "brake" / "audit" / "000001.jsonl"
    text = file.read_bytes()
    file.write_bytes(text[: len(text) // 2])
    assert world.ask("desk", tokens)[0].code == "masked_only"
    file.write_bytes(text)
    assert world.ask("desk", tokens)[0].code == "masked_only"
    world.opened().resolve("an editor did it", "kim")
    assert world.ask("desk", tokens)[0].status == 200


def test_a_deleted_brake_is_no_fresh_start(world: World) -> None:
    world.let("desk")
    world.brake.close()
    (world.folder / "brake").rename(world.folder / "gone")
    world.brake = world.opened()
    verdict, _ = world.ask("desk", world.tokens(1))
    assert verdict.code == "masked_only"


def test_resolving_takes_a_reason_and_a_name(world: World) -> None:
    world.let("desk")
    for why, name in (("", "kim"), ("because", " ")):
        with pytest.raises(UsageError):
            world.brake.resolve(why, name)


def test_refusals_that_pour_in_are_counted_and_do_not_fill_the_disk(world: World) -> None:
    world.let("desk", per_hour=1, per_day=1)
    statuses(world, world.tokens(1))
    before = (world.folder / "brake" / "audit" / "000001.jsonl").stat().st_size
    statuses(world, world.tokens(500, 10))
    after = (world.folder / "brake" / "audit" / "000001.jsonl").stat().st_size
    assert after - before < 20_000
    world.pass_time(HOUR)
    statuses(world, world.tokens(1))
    lines = list(world.brake.chain.every())
    counted = sum(x.body["calls"] for x in lines if x.act == "refusals")
    assert counted + sum(x.act == "refuse" for x in lines) == 500


def test_asking_again_without_end_is_bounded_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brakes, "CALLS_A_PERSON", 10)
    world.let("desk", per_hour=2, per_day=9)
    tokens = world.tokens(1)
    assert statuses(world, tokens * 23) == [200] * 20 + [429] * 3
    assert world.ask("desk", tokens)[0].code == "too_often"
    world.pass_time(HOUR)
    assert world.ask("desk", tokens)[0].status == 200


def test_segments_carry_the_whole_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "SEGMENT_BYTES", 2000)
    world.let("desk", per_hour=30, per_day=30)
    assert statuses(world, world.tokens(25)) == [200] * 25
    assert len(list((world.folder / "brake" / "audit").iterdir())) > 2
    world.restart()
    assert statuses(world, world.tokens(8, 25)) == [200] * 5 + [429] * 3


def test_the_audit_holds_no_token_no_value_and_no_person(world: World) -> None:
    world.let("desk", clear=True)
    tokens = world.tokens(3, 4321)
    world.ask("desk", tokens, clear=True, persons=["Ann Example", "Bob Example", "Cyd Example"])
    text = b"".join(p.read_bytes() for p in (world.folder / "brake").rglob("*") if p.is_file())
    for secret in (*tokens, "900004321", "Ann Example", world.keys["desk"]):
        assert secret.encode() not in text
