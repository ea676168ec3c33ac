"""The worker is killed with SIGKILL at chance moments: each action is carried out once, none is missed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from amends.portal.protection.http import HttpConnector, SigningSecret
from amends.portal.protection.requests import Protection, status_counts
from amends.portal.protection.simulator import Faults, Simulator
from amends.portal.protection.worker import Worker
from amends.portal.state import open_state
from tests.portal.claims_world import account, handle, open_world

SECRET = SigningSecret("k1", b"s" * 32)
N = 600


@pytest.mark.slow
@pytest.mark.parametrize("register", ["sqlite", "postgres"])
@pytest.mark.parametrize("forgetful", [False, True])
def test_a_killed_worker_goes_on_where_it_stopped(
    forgetful: bool, register: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if register == "postgres" else ""
    company = Simulator(SECRET, Faults(lost=0.05, error=0.05, busy=0.05), forgetful=forgetful)
    company.start()
    chance, kills = random.Random(3), 0
    try:
        with open_world(tmp_path, url) as state:
            pairs = [(account(n), handle(n)) for n in range(N)]
            Protection(state).request_all([pairs], ["lock"])
            place = state.url.render_as_string(hide_password=False) if url else str(tmp_path)
            state.dispose()
            for turn in range(40):
                pid = os.fork()
                if pid == 0:
                    _work(place, company.url)
                if kills < 6:
                    time.sleep(0.05 + chance.random() * 0.3)
                    os.kill(pid, signal.SIGKILL)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                kills += code == -signal.SIGKILL
                assert code in (0, 10, -signal.SIGKILL), turn
                if code == 0:
                    break
            counts = status_counts(state)["lock"]
    finally:
        company.stop()
    assert kills >= 3
    assert counts["done"] == counts["total"] == N
    assert company.carried_out.total() == N
    assert set(company.carried_out.values()) == {1}


def _work(place: str, url: str) -> None:
    code = 1
    try:
        state = open_state(place if "://" in place else Path(place))
        connector = HttpConnector(url, SECRET, timeout_seconds=0.5)
        code = 10 if Worker(state, connector, batch=10).run(wait_seconds=15).waiting else 0
    finally:
        os._exit(code)
