"""The whole answer: the cases every change is held against, people, states and shapes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from amends.paths.answer import Answer, answer
from amends.paths.as_json import as_json
from amends.paths.shapes import INTERNET, Fact, Network, StoreAtEnd
from amends.paths.states import Dated


def entry(name: str, port: int, *kinds: str, begin: str = INTERNET) -> list[Fact]:
    """Return a host with one service that can be reached from ``begin`` and has these faults."""
    service = f"service:{name}:{port}/tcp"
    return [
        Fact("reach", begin, service, f"{name}.cfg:12", remedy=f"Block {begin} to {name}"),
        Fact("hosts", f"asset:{name}", service),
        Fact("exposes_login", service),
        *(
            Fact(kind, service, "", "services.csv:3", remedy=f"Mend {kind} of {name}")
            for kind in kinds
        ),
    ]


def secret(name: str, lies_on: str, opens: str, identity: str = "") -> list[Fact]:
    """Return a credential that lies on an asset and opens a service."""
    detail = (("identity", identity),) if identity else ()
    act, remedy = f"rotate:{name}", f"Rotate {name}"
    return [
        Fact(
            "stored_on",
            f"credential:{name}",
            f"asset:{lies_on}",
            "findings.json:1",
            act=act,
            remedy=remedy,
        ),
        Fact(
            "opens",
            f"credential:{name}",
            f"service:{opens}",
            "accounts.csv:2",
            detail=detail,
            act=act,
            remedy=remedy,
        ),
    ]


def ask(*facts: Fact, stores: tuple[StoreAtEnd, ...] = (StoreAtEnd("crm", 54_000_000),)) -> Answer:
    return answer([Dated("2021-08-17", Network(list(facts), list(stores)))])


MODEL = [
    *entry("edge-r1", 23, "weak_auth"),
    Fact("in_zone", "asset:edge-r1", "zone:mgmt"),
    *entry("jump1", 22, begin="zone:mgmt"),
    *secret("abc", "edge-r1", "jump1:22/tcp", "netadmin"),
    *entry("crm-db", 5432, begin="asset:jump1"),
    *secret("def", "jump1", "crm-db:5432/tcp", "svc_crm"),
    Fact("hosts", "asset:crm-db", "store:crm"),
]
VPN = [
    *entry("vpn1", 443, "weak_auth"),
    Fact("in_zone", "asset:vpn1", "zone:vpn"),
    *entry("jump1", 22, begin="zone:vpn"),
    *secret("key", "vpn1", "jump1:22/tcp"),
    *entry("db1", 1521, begin="asset:jump1"),
    *secret("script", "jump1", "db1:1521/tcp"),
    Fact("hosts", "asset:db1", "store:crm"),
]
CLOUD = [
    *entry("proxy", 80, "known_exploited"),
    Fact(
        "stored_on",
        "credential:role",
        "asset:proxy",
        "instances.json",
        remedy="Take the role off proxy",
    ),
    Fact("belongs_to", "credential:role", "identity:waf-role"),
    Fact("reads", "identity:waf-role", "store:crm", "iam.json", remedy="Narrow the role"),
    Fact("reach", INTERNET, "service:s3:443/tcp"),
    Fact("serves", "service:s3:443/tcp", "store:crm"),
]


@pytest.mark.parametrize("facts", [MODEL, VPN, CLOUD], ids=["model case", "vpn", "cloud"])
def test_the_way_is_found_step_by_step_and_closing_one_thing_of_it_closes_it(
    facts: list[Fact],
) -> None:
    made = ask(*facts)
    assert made.open_stores == ["crm"]
    way = made.ways[0]
    assert way.steps[0].begin == INTERNET
    assert way.steps[-1].end == "store:crm"
    have = {INTERNET}
    for step in way.steps:
        assert step.begin in have
        have.add(step.end)
        assert step.why.endswith(".")
    assert len(made.fixes) == 1
    assert made.cut.optimal
    assert made.fixes[0].closed == made.fixes[0].alone == 54_000_000


def test_a_credential_without_a_route_gives_nothing() -> None:
    facts = [f for f in MODEL if f.key[:2] != ("reach", "asset:jump1")]
    made = ask(*facts)
    assert made.open_stores == []
    assert made.ways == []
    assert as_json(made)["open"] is False


def test_a_route_but_a_rotated_credential_gives_nothing() -> None:
    facts = [f for f in MODEL if f.key[:2] != ("opens", "credential:def")]
    assert ask(*facts).open_stores == []


def test_the_json_has_the_shape_that_others_build_on() -> None:
    found = json.loads(json.dumps(as_json(ask(*MODEL))))
    assert {"paths", "closures", "open", "facts"} <= set(found)
    path = found["paths"][0]
    assert {"store", "persons", "steps"} <= set(path)
    assert path["persons"] == 54_000_000
    for step in path["steps"]:
        assert {"fact", "from", "to", "why"} <= set(step)
    known = {f["id"]: f["state"] for f in found["facts"]}
    assert {s["fact"] for s in path["steps"]} <= set(known)
    closure = found["closures"][0]
    assert {"facts", "optimal", "persons_closed"} <= set(closure)
    assert set(closure["facts"]) <= set(known)
    assert set(known.values()) == {"open"}


TWO = [
    *entry("edge", 23, "weak_auth"),
    Fact("in_zone", "asset:edge", "zone:lan"),
    *entry("big", 445, "no_auth", begin="zone:lan"),
    Fact("hosts", "asset:big", "store:big"),
    *entry("web", 80, "known_exploited"),
    Fact("hosts", "asset:web", "store:small"),
]
BOTH = (StoreAtEnd("big", 41), StoreAtEnd("small", 13))


def test_fixes_come_in_the_order_of_the_people_they_protect_and_the_people_add_up() -> None:
    made = ask(*TWO, stores=BOTH)
    assert [(f.closed, f.alone, f.left) for f in made.fixes] == [(41, 41, 13), (13, 13, 0)]
    assert made.fixes[0].stores_left == ("small",)
    assert [w.store for w in made.ways] == ["big", "small"]


def test_where_two_fixes_are_needed_for_one_store_the_first_alone_protects_nobody() -> None:
    facts = [*entry("a", 22, "no_auth"), *entry("b", 22, "no_auth"), Fact("hosts", "asset:a", "store:crm"),
             Fact("hosts", "asset:b", "store:crm")]  # fmt: skip
    made = ask(*facts)
    assert [(f.alone, f.closed) for f in made.fixes] == [(0, 0), (0, 54_000_000)]


def test_people_whom_the_case_counted_win_and_are_counted_once_over_stores() -> None:
    dated = [Dated("", Network(list(TWO), list(BOTH)))]
    together = {frozenset(["big"]): 5, frozenset(["big", "small"]): 2}
    made = answer(dated, {"big": 7, "small": 2}, together)
    found = as_json(made)
    assert found["persons"] == 7
    by_name = {s["store"]: s for s in found["stores"]}
    assert (
        by_name["big"]["persons"],
        by_name["big"]["persons_told"],
        by_name["big"]["persons_counted"],
    ) == (7, 41, 7)
    assert made.fixes[0].closed == 5, "two of the seven lie in the other store as well"


def test_a_store_whose_people_nobody_knows_is_still_shown() -> None:
    made = ask(*MODEL, stores=(StoreAtEnd("crm"),))
    assert made.ways[0].persons is None
    assert made.open_stores == ["crm"]


def _later(*gone: str, looked: bool = True, claims: list[dict[str, str]] | None = None) -> Network:
    left = [f for f in MODEL if f.kind not in gone]
    seen = {(f.kind, f.source) for f in MODEL if f.kind in gone} if looked else set()
    return Network(left, [StoreAtEnd("crm", 54_000_000)], looked_at=seen, claims=claims or [])


BEFORE = Dated("2021-08-17", Network(list(MODEL), [StoreAtEnd("crm", 54_000_000)]))


def test_a_fix_seen_by_later_evidence_closes_and_says_what_it_rests_on() -> None:
    made = answer([BEFORE, Dated("2021-08-20", _later("weak_auth"))])
    found = as_json(made)
    assert found["open"] is False
    assert found["paths"] == []
    assert [p["store"] for p in found["closed_paths"]] == ["crm"]
    assert [f["state"] for f in found["facts"] if f["kind"] == "weak_auth"] == ["verified"]
    assert found["closed_by"][0]["persons_closed"] == 54_000_000
    assert "2021-08-20" in found["closed_by"][0]["evidence"][0]


def test_what_nobody_looked_at_again_stays_open() -> None:
    made = answer([BEFORE, Dated("2021-08-20", _later("weak_auth", looked=False))])
    assert made.open_stores == ["crm"]


CLAIMS = {
    "by fact": {"kind": "weak_auth", "source": "service:edge-r1:23/tcp"},
    "by name": {"source": "edge-r1", "kind": "weak_auth"},
    "in words": {"words": "We put MFA on edge-r1."},
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_closes_nothing_and_is_shown(claim: dict[str, str]) -> None:
    said = {**claim, "who": "network team", "on": "2021-08-19"}
    made = answer([BEFORE, Dated("2021-08-20", replace(BEFORE.network, claims=[said]))])
    assert made.open_stores == ["crm"]
    states = {f.fact.kind: f for f in made.story.facts.values()}
    assert states["weak_auth"].state == "claimed"
    assert "network team" in states["weak_auth"].evidence
    assert made.story.claims == []


def test_a_claim_about_nothing_we_know_is_kept_apart() -> None:
    made = answer([Dated("", replace(BEFORE.network, claims=[{"words": "all is well"}]))])
    assert made.story.claims == [{"words": "all is well"}]


def test_a_fact_that_comes_back_reopens_the_way_and_comes_first() -> None:
    third = Dated("2021-09-01", Network(list(MODEL), [StoreAtEnd("crm", 54_000_000)]))
    made = answer([BEFORE, Dated("2021-08-20", _later("weak_auth")), third])
    found = as_json(made)
    assert found["open"] is True
    assert found["facts"][0]["state"] == "reopened"
    assert found["facts"][0]["kind"] == "weak_auth"
    assert "2021-09-01" in found["facts"][0]["state_evidence"]
    assert [d["open_stores"] for d in found["dates"]] == [["crm"], [], ["crm"]]


def test_what_was_looked_at_is_told_by_the_fact_where_it_says_so() -> None:
    fact = replace(MODEL[3], looks=(("scan:internet", "asset:edge-r1"), ("list", "")))
    first = Dated("1", Network([*MODEL[:3], fact]))
    half = Dated("2", Network(list(MODEL[:3]), looked_at={("scan:internet", "asset:edge-r1")}))
    whole = Dated("3", Network(list(MODEL[:3]), looked_at={("scan:internet", ""), ("list", "")}))
    assert answer([first, half]).story.facts[fact.key].state == "open"
    assert answer([first, half, whole]).story.facts[fact.key].state == "verified"


def test_nothing_in_nothing_out() -> None:
    found = as_json(answer([Dated("", Network())]))
    assert (found["open"], found["paths"], found["closures"], found["facts"]) == (False, [], [], [])
