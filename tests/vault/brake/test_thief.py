"""A thief with a valid role: 24 hours, many connections, a space of 54 million."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from amends.vault.brake import keeping
from amends.vault.brake.canaries import make_canaries
from amends.vault.brake.client import BrakeClient, Refused
from amends.vault.brake.reporting import report
from amends.vault.brake.server import Serving
from amends.vault.brake.windows import HOUR, Budget
from tests.vault.brake.serving import served
from tests.vault.brake.world import World

POPULATION = 54_000_000


def test_in_a_day_a_thief_gets_the_budget_and_no_more_over_any_number_of_connections(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    for purpose in ("check", "cheque"):
        world.let("desk", purpose, 15, 60)
    got: set[int] = set()
    chance = random.Random(7)
    with served(world, Serving(path=tmp_path / "s.sock")) as [path]:

        def pull(persons: list[int], purpose: str) -> None:
            with BrakeClient(path, "desk", world.keys["desk"]) as client:
                for person in persons:
                    try:
                        client.reveal("ssn", world.tokens(1, person), purpose=purpose, case="T")
                        got.add(person)
                    except Refused as refused:
                        assert refused.status == 429

        for hour in range(24):
            threads = []
            for number in range(6):
                persons = [chance.randrange(POPULATION) for _ in range(6)]
                purpose = ("check", "cheque")[(hour + number) % 2]
                threads.append(threading.Thread(target=pull, args=(persons, purpose)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            world.pass_time(HOUR - 1)
    assert len(got) == 60
    told = report(world.brake, POPULATION)
    assert told["days_to_pull_everybody"] == {"at_ceiling": 10_800.0, "at_budgets": 900_000.0}
    assert told["used"]["per_day"] <= 60 and told["whole"]
    [desk] = [a for a in told["actors"] if a["actor"] == "desk"]
    assert desk["persons"] == 60 and desk["refused"] == 6 * 6 * 24 - 60


def test_walking_a_table_a_thief_meets_a_canary_and_is_stopped(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.let("desk", per_hour=1000, per_day=1000)
    keeping.set_ceiling(world.brake, Budget(1000, 5000))
    table = world.tokens(200)
    table += [p.token for p in make_canaries(world.brake, world.keyring, "ssn", 10)]
    random.Random(3).shuffle(table)
    answered = 0
    for token in table:
        verdict, _ = world.ask("desk", [token])
        if verdict.code == "stopped":
            break
        assert verdict.status == 200
        answered += 1
    assert answered < 100  # on average one in twenty: (200 + 11) / 11
    assert [a.kind for a in world.alarms] == ["canary"]
    trip = report(world.brake)["first_canary_trip"]
    assert trip["actor"] == "desk" and trip["case"] == "T-1"
