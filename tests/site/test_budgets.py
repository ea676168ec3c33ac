"""Budgets: who guesses waits, who shares a line with a guesser goes on, and nobody waits for hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.site.budgets import Blinder, Budget, Rate
from amends.site.network import Caller, caller_of, is_local
from amends.site.tolls import MISTYPED, WRONG, Asker, CodeToll, ContactToll
from tests.portal.world import publish_world
from tests.site.visitor import Place, running, try_code, words

HOME = Caller("198.51.100.7/32", "198.51.100.0/24")


@given(
    burst=st.floats(1, 100),
    every=st.floats(0.01, 100),
    steps=st.lists(st.floats(0, 50), min_size=1, max_size=60),
)
def test_no_more_is_spent_than_the_rate_gives(
    burst: float, every: float, steps: list[float]
) -> None:
    budget, now, taken = Budget(Rate(burst, every, "")), 0.0, 0
    for step in steps:
        now += step
        taken += budget.take(b"k", now)
    assert taken <= burst + now / every + 1e-6


@given(st.floats(0, 1e4), st.floats(0, 1e4))
def test_waiting_as_long_as_told_is_enough(at: float, later: float) -> None:
    budget = Budget(Rate(3, 7, ""))
    for _ in range(9):
        budget.spend(b"k", at)
    waits = budget.wait(b"k", at + later)
    assert budget.wait(b"k", at + later + waits + 1e-6) == 0


def test_a_debt_is_never_longer_than_one_bucket_more() -> None:
    budget = Budget(Rate(20, 6, ""))
    for _ in range(10_000):
        budget.spend(b"k", 0.0)
    assert budget.wait(b"k", 0.0) <= 21 * 6


def test_memory_stays_bounded_whatever_comes() -> None:
    budget = Budget(Rate(5, 1000, ""), most_keys=1000)
    for n in range(20_000):
        budget.spend(n.to_bytes(8, "big"), 0.0)
    assert len(budget) <= 1000
    for n in range(3000):
        budget.spend(n.to_bytes(8, "big"), 1e9)
    assert len(budget) <= 1000


def test_what_is_kept_does_not_show_what_it_stands_for() -> None:
    one, other = Blinder(), Blinder()
    assert one.blind("line", "198.51.100.7") == one.blind("line", "198.51.100.7")
    assert one.blind("line", "198.51.100.7") != other.blind("line", "198.51.100.7")
    assert one.blind("line", "x") != one.blind("network", "x")


# ------------------------------------------------------------------ codes


def _toll() -> tuple[CodeToll, list[str]]:
    rung: list[str] = []
    return CodeToll(1, rung.append), rung


def test_a_guesser_is_stopped_and_rung_for_and_nobody_waits_for_hours() -> None:
    toll, rung = _toll()
    let_in, waits = 0, 0.0
    for n in range(3600):  # one try a second for an hour, a fresh browser each
        asker = Asker(HOME, f"s{n}", 0)
        waits = max(waits, toll.wait(asker, float(n)))
        if toll.wait(asker, float(n)) == 0:
            let_in += 1
            toll.pay(asker, float(n), WRONG)
    assert let_in <= 20 + 3600 / 6 + 1
    assert "codes_network" in rung
    assert 0 < waits <= 300


def test_right_codes_cost_nothing_so_a_call_centre_goes_on_all_day() -> None:
    toll, rung = _toll()
    for n in range(5000):
        asker = Asker(HOME, "agent", 1000)
        assert toll.wait(asker, n / 10) == 0
        toll.pay(asker, n / 10, 0.0)
    assert not rung


def test_a_person_behind_the_same_line_as_a_guesser_gets_through() -> None:
    toll, _ = _toll()
    for n in range(500):
        toll.pay(Asker(HOME, f"s{n}", 0), n / 100, WRONG)
    assert toll.wait(Asker(HOME, "bot", 0), 5.0) > 0
    assert toll.wait(Asker(HOME, "person", 30), 5.0) == 0


def test_guessing_from_everywhere_slows_only_networks_that_guess() -> None:
    toll, rung = _toll()
    for n in range(20_000):
        place = Caller(f"10.{n % 250}.0.{n % 199}/32", f"10.{n % 250}.0.0/24")
        toll.pay(Asker(place, f"s{n}", 0), n / 1000, WRONG)
    assert "codes_everybody" in rung
    assert toll.wait(Asker(Caller("10.3.0.9/32", "10.3.0.0/24"), "x", 0), 20.0) > 0
    assert toll.wait(Asker(HOME, "person", 0), 20.0) == 0


def test_slips_cost_little() -> None:
    toll, _ = _toll()
    asker = Asker(HOME, "person", 60)
    for _ in range(20):
        assert toll.wait(asker, 0.0) == 0
        toll.pay(asker, 0.0, MISTYPED)


def test_contacts_are_budgeted_by_network_alone() -> None:
    rung: list[str] = []
    toll = ContactToll(1, rung.append)
    waits = [toll.wait(HOME, 0.0) for _ in range(30)]
    assert waits[0] == 0
    assert waits[-1] > 0
    assert rung
    assert toll.wait(Caller("203.0.113.4/32", "203.0.113.0/24"), 0.0) == 0


# ------------------------------------------------------------------ as a visitor meets them


def test_who_tries_many_codes_reads_how_long_to_wait_and_whom_to_call(place: Place) -> None:
    answer = None
    for _ in range(30):
        place.client.cookies.clear()
        answer = try_code(place.client, "0000-0000-0000-0000")
        if answer.status_code == 429:
            break
    assert answer is not None
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) < 300
    assert "1-888-555-0100" in words(answer)
    assert "Try again in" in words(answer)
    place.client.cookies.clear()
    known = try_code(place.client, place.world.code("P000000000001"))
    assert known.content == answer.content, "a good code reads the same: no oracle"


def test_an_alarm_is_a_row_in_the_state(place: Place) -> None:
    from amends.portal.standing import standing

    for _ in range(25):
        place.client.cookies.clear()
        try_code(place.client, "0000-0000-0000-0000")
    place.site.bell.write()
    place.site.bell.ring("codes_network")
    place.site.bell.write()
    alarms = standing(place.world.published)["alarms"]
    assert [a["kind"] for a in alarms] == ["codes_network"], "one row in ten minutes"  # type: ignore[index, attr-defined]
    assert alarms[0]["n"] >= 1  # type: ignore[index]


# ------------------------------------------------------------------ networks


@pytest.mark.parametrize(
    ("client", "headers", "hops", "own", "around"),
    [
        ("198.51.100.7", [], 0, "198.51.100.7/32", "198.51.100.0/24"),
        ("198.51.100.7", ["203.0.113.9"], 0, "198.51.100.7/32", "198.51.100.0/24"),
        ("10.0.0.1", ["203.0.113.9"], 1, "203.0.113.9/32", "203.0.113.0/24"),
        ("10.0.0.1", ["9.9.9.9, 203.0.113.9"], 1, "203.0.113.9/32", "203.0.113.0/24"),
        ("10.0.0.1", ["9.9.9.9", "203.0.113.9"], 1, "203.0.113.9/32", "203.0.113.0/24"),
        (
            "10.0.0.1",
            ["9.9.9.9, 203.0.113.9, 10.0.0.2"],
            2,
            "203.0.113.9/32",
            "203.0.113.0/24",
        ),
        ("10.0.0.1", ["203.0.113.9:4711"], 1, "203.0.113.9/32", "203.0.113.0/24"),
        ("10.0.0.1", ["[2001:db8:1:2::9]:4711"], 1, "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2:3::4", [], 0, "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", [], 0, "198.51.100.7/32", "198.51.100.0/24"),
        ("10.0.0.1", ["nonsense"], 1, "unknown", "unknown"),
        ("10.0.0.1", ["203.0.113.9"], 2, "10.0.0.1/32", "10.0.0.0/24"),
        ("10.0.0.1", [], 1, "10.0.0.1/32", "10.0.0.0/24"),
        ("testclient", [], 0, "unknown", "unknown"),
    ],
)
def test_an_address_is_believed_only_from_proxies_we_know(
    client: str, headers: list[str], hops: int, own: str, around: str
) -> None:
    scope = {
        "client": (client, 1),
        "headers": [(b"x-forwarded-for", h.encode()) for h in headers],
    }
    assert caller_of(scope, hops) == Caller(own, around)


def test_a_proxied_request_is_not_local() -> None:
    assert is_local({"client": ("127.0.0.1", 1), "headers": []})
    assert is_local({"client": ("::1", 1), "headers": []})
    assert not is_local({"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"::1")]})
    assert not is_local({"client": ("192.0.2.1", 1), "headers": []})


def test_each_worker_keeps_its_part_of_a_budget() -> None:
    whole = Rate(60, 2, "")
    assert whole.shared(4) == Rate(15, 8, "")
    assert Rate(3, 1, "").shared(8).burst == 2


def test_the_slow_page_of_contacts_does_not_depend_on_what_is_typed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from tests.site.visitor import send, token

    seen = []
    for contact in ("ann@mail.example", "nobody"):
        folder = tmp_path_factory.mktemp("contacts")
        with running(folder, publish_world(folder)) as place:
            for _ in range(12):
                form = place.client.get("/en/contact")
                answer = send(
                    place.client,
                    "/en/contact",
                    {"contact": contact, "token": token(form, "contact")},
                )
            seen.append((answer.status_code, answer.content))
    assert seen[0] == seen[1]
    assert seen[0][0] == 429
