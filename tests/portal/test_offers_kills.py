"""Processes of claimers and of importers are killed with SIGKILL at chance moments: no code twice, none lost."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from amends.portal.offers.book import OfferBook
from amends.portal.offers.status import status
from amends.portal.offers.stock import import_codes
from amends.portal.protection.requests import Protection
from amends.portal.state import open_state
from bench.claims import trial
from tests.portal.claims_world import (
    ENDS,
    KEY,
    PRODUCT,
    TODAY,
    faults,
    handle,
    lines,
    open_world,
)


@pytest.mark.slow
@pytest.mark.parametrize("register", ["sqlite", "postgres"])
@pytest.mark.parametrize(("claimers", "codes", "persons"), [(1000, 900, 1000), (60, 400, 300)])
def test_killed_claimers_leave_no_code_twice_and_none_lost(
    claimers: int, codes: int, persons: int, register: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if register == "postgres" else ""
    found = trial(
        url, claimers=claimers, codes=codes, persons=persons, kills=6, seed=codes, spread=1.0
    )
    assert int(str(found["kills"])) >= 6
    assert (found["duplicates"], found["lost"], found["faults"]) == (0, 0, "none")
    assert found["waiting"] == max(persons - codes, 0)
    assert found["queue_in_order"]


@pytest.mark.slow
def test_a_killed_import_goes_on_and_serves_everybody_who_waits(tmp_path: Path) -> None:
    chance = random.Random(5)
    with open_world(tmp_path) as state:
        book = OfferBook(state, KEY)
        for n in range(50):
            book.claim(handle(n), PRODUCT, TODAY)
        state.dispose()
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            _import_and_end(tmp_path)
        time.sleep(chance.random() * 0.5)
        os.kill(pid, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            break
    with open_world(tmp_path) as state:
        _import(state)
        found = status(state, TODAY)[0]
        assert (found.imported, found.holding, found.waiting) == (8_000, 50, 0)
        assert not faults(state)


def _import(state: sa.Engine) -> None:
    import_codes(
        state,
        KEY,
        lines(range(8_000)),
        product=PRODUCT,
        expires_on=ENDS,
        today=TODAY,
        file_key="f",
    )


def _import_and_end(folder: Path) -> None:
    try:
        _import(open_state(folder))
    finally:
        os._exit(0)


def test_many_processes_may_open_a_fresh_site_at_once(tmp_path: Path) -> None:
    for turn in range(4):
        folder = tmp_path / str(turn)
        children = []
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                _open_and_end(folder)
            children.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        assert codes == [0] * 5


def _open_and_end(folder: Path) -> None:
    code = 1
    try:
        state = open_state(folder)
        OfferBook(state, KEY)
        Protection(state)
        code = 0
    finally:
        os._exit(code)
