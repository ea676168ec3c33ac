"""What each kind of fix would do, by making the ways again without its facts."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from amends.paths.answer import Answer, answer
from amends.paths.fixes import GROUPS, fix_rows, members
from amends.paths.shapes import INTERNET, Fact, Network, StoreAtEnd
from amends.paths.states import Dated
from tests.paths.nets import naive
from tests.paths.test_answer import entry, secret

LOOKED = {
    ("services", ""),
    ("secrets", ""),
    ("config", ""),
    ("in_zone", ""),
    ("kev", ""),
    ("weak_auth", ""),
}
STORES = (StoreAtEnd("crm", 100), StoreAtEnd("lake", 40))
NET = [
    *entry("edge1", 22, "weak_auth"),
    Fact("in_zone", "asset:edge1", "zone:edge"),
    Fact("in_zone", "asset:tst1", "zone:lab"),
    Fact("in_zone", "asset:db1", "zone:prod"),
    *secret("x", "edge1", "tst1:22/tcp", "deploy"),
    Fact("reach", "zone:edge", "service:tst1:22/tcp"),
    Fact("hosts", "asset:tst1", "service:tst1:22/tcp"),
    Fact("exposes_login", "service:tst1:22/tcp"),
    *secret("y", "tst1", "db1:5432/tcp", "etl"),
    Fact("reach", "zone:lab", "service:db1:5432/tcp", remedy="block"),
    Fact("hosts", "asset:db1", "service:db1:5432/tcp"),
    Fact("exposes_login", "service:db1:5432/tcp"),
    Fact("hosts", "asset:db1", "store:crm"),
    Fact("hosts", "asset:edge1", "store:lake"),
]


def ask(*dated: tuple[str, list[Fact]], looked: set[tuple[str, str]] = LOOKED) -> Answer:
    return answer(
        [Dated(on, Network(facts, list(STORES), looked_at=set(looked))) for on, facts in dated]
    )


def row(made: Answer, group: str, subject: str = "", moment: str = "now", as_of: str = "") -> dict:
    return next(
        r for r in fix_rows(made)
        if (r["group"], r["subject"], r["moment"], r["as_of"]) == (group, subject, moment, as_of)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("group", "n", "removed", "closed"),
    [
        ("exposed_device", 1, 140, ["crm", "lake"]),
        ("brute_force", 1, 140, ["crm", "lake"]),
        ("stored_credentials", 2, 100, ["crm"]),
        ("test_environment", 1, 100, ["crm"]),
        ("known_holes", 0, 0, []),
    ],
)
def test_a_group_takes_away_the_people_whom_only_it_lets_reach(
    group: str, n: int, removed: int, closed: list[str]
) -> None:
    made = row(ask(("2026-07-31", NET)), group)
    assert (made["n_facts"], made["persons_removed"], made["stores_closed"]) == (n, removed, closed)
    assert made["persons_before"] == 140
    assert made["persons_after"] == 140 - removed


def test_a_place_alone_is_told_where_it_serves_a_way() -> None:
    made = ask(("2026-07-31", NET))
    assert row(made, "stored_credentials", "tst1")["persons_removed"] == 100
    assert row(made, "stored_credentials", "edge1")["persons_removed"] == 100
    assert row(made, "closure", row_subject(made))["persons_removed"] == 140


def row_subject(made: Answer) -> str:
    return next(str(r["subject"]) for r in fix_rows(made) if r["group"] == "closure")


def test_what_is_closed_since_was_open_on_the_day_of_the_breach() -> None:
    closed = [f for f in NET if f.kind != "weak_auth"]
    made = ask(("2026-07-31", NET), ("2026-08-10", closed))
    now, then = (
        row(made, "brute_force"),
        row(made, "brute_force", moment="then", as_of="2026-07-31"),
    )
    assert (now["n_facts"], now["persons_before"]) == (0, 0)
    assert (then["n_facts"], then["persons_removed"]) == (1, 140)
    assert str(then["as_of_on"]) == "2026-07-31"
    assert str(now["looked_on"]) == "2026-08-10"


def test_a_claim_takes_nothing_away() -> None:
    claim = {"kind": "weak_auth", "source": "service:edge1:22/tcp", "words": "mfa on"}
    dated = [Dated("2026-08-10", Network(list(NET), list(STORES), [claim], set(LOOKED)))]
    assert row(answer(dated), "brute_force")["persons_removed"] == 140


def test_where_nobody_looked_the_row_says_so() -> None:
    made = row(ask(("2026-07-31", NET), looked={("stores", "")}), "stored_credentials")
    assert (made["looked"], made["looked_on"]) == (False, None)


def test_an_empty_network_has_rows_without_people() -> None:
    rows = fix_rows(answer([Dated("", Network())]))
    assert {r["persons_before"] for r in rows} == {0}
    assert {r["group"] for r in rows} == set(GROUPS)


def test_roles_of_machines_make_test_places() -> None:
    facts = [
        Fact("in_zone", "asset:a", "zone:prod", detail=(("role", "QA runner"),)),
        Fact("reach", "asset:a", "service:b:22/tcp"),
        Fact("reach", "zone:prod", "service:b:22/tcp"),
        Fact("hosts", "asset:sandbox7", "service:sandbox7:22/tcp"),
        Fact("reach", "asset:sandbox7", "service:a:22/tcp"),
        Fact("trusts", "asset:a", "asset:b"),
    ]
    assert set(members(facts)["test_environment"]) == {1, 5}, (
        "from test to test is nobody's business"
    )


@pytest.mark.parametrize("seed", range(12))
def test_groups_agree_with_a_naive_answer(seed: int) -> None:
    """What stays reachable is what the rules give, tried one by one, on a net without the facts of the group."""
    chance = random.Random(seed)
    facts = [f for f in NET if chance.random() < 0.9 or f.kind == "in_zone"]
    if chance.random() < 0.5:
        facts += [
            replace(f, source=INTERNET) for f in NET if f.kind == "reach" and chance.random() < 0.4
        ]
    made = ask(("2026-07-31", facts))
    grouped = members(made.graph.facts)
    for group in GROUPS:
        gone = {made.graph.facts[n].key for n in grouped[group]}
        left = naive(f for f in facts if f.key not in gone)
        found = row(made, group)
        after = sum(s.persons or 0 for s in STORES if f"store:{s.store}" in left)
        assert found["persons_after"] == after, group
