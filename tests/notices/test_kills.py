"""A sending process is killed with SIGKILL at chance moments: nothing arrives twice, nothing is missed."""

from __future__ import annotations

import pytest

from bench.outbox_kills import trial


@pytest.mark.slow
@pytest.mark.parametrize("register", ["sqlite", "postgres"])
@pytest.mark.parametrize("mode", ["http", "print"])
def test_a_killed_sender_goes_on_where_it_stopped(
    mode: str, register: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if register == "postgres" else ""
    found = trial(mode, kills=5, notices=120, batch=10, register=url, seed=11, spread=0.5)
    assert found["kills"] >= 5
    assert (found["duplicates"], found["misses"], found["unknown"]) == (0, 0, 0)


@pytest.mark.slow
def test_where_nobody_can_be_asked_a_kill_leaves_at_most_one_batch_unknown() -> None:
    found = trial("mute", kills=5, notices=120, batch=10, register="", seed=12, spread=0.5)
    assert (found["duplicates"], found["misses"]) == (0, 0)
    assert found["largest_unknown_a_kill"] <= 10
