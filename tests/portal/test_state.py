"""The state of a site survives what happens to its editions, on SQLite and on PostgreSQL."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables
from amends.portal.standing import standing
from amends.portal.state import STATE_FILE, open_state
from tests.portal.world import determination, publish_world

METADATA = sa.MetaData()
COUNTS = sa.Table(
    "counts", METADATA, sa.Column("name", sa.String(9), primary_key=True), sa.Column("n", sa.Integer)
)  # fmt: skip


def test_the_state_lies_beside_the_editions_and_outlives_them(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    state = open_state(world.published)
    make_tables(state, METADATA)
    with state.begin() as connection:
        connection.execute(COUNTS.insert().values(name="a", n=1))
    state.dispose()
    publish_world(tmp_path, determination(2))
    state = open_state(world.published)
    with state.connect() as connection:
        assert connection.execute(sa.select(COUNTS.c.n)).scalar() == 1
    state.dispose()
    assert stat.S_IMODE((world.published / STATE_FILE).stat().st_mode) == 0o600


def test_many_threads_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    make_tables(state, METADATA)
    with state.begin() as connection:
        connection.execute(COUNTS.insert().values(name="a", n=0))
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"

    def work() -> None:
        for _ in range(20):
            with state.begin() as connection:
                connection.execute(COUNTS.update().values(n=COUNTS.c.n + 1))

    crowd = [threading.Thread(target=work) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    with state.connect() as connection:
        assert connection.execute(sa.select(COUNTS.c.n)).scalar() == 80
    state.dispose()


def test_many_processes_open_a_fresh_site_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from amends.portal.state import open_state\n"
        "from amends.portal.asked.queue import make_asked_tables\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "make_asked_tables(open_state(Path(sys.argv[1])))"
    )
    words = [sys.executable, "-c", script, str(tmp_path)]
    crowd = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]  # fmt: skip
    for one in crowd:
        assert one.stdout is not None
        one.stdout.readline()
    for one in crowd:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.communicate(timeout=60)[1] for one in crowd] == [""] * 4


@pytest.mark.parametrize(
    "url", ["oracle9://x", "postgresql+nothing://x", "://", "postgresql+psycopg://secret:word@127.0.0.1:1/x"]
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_named_without_its_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_state(url)
    assert "word" not in f"{caught.value}"


def test_how_a_site_stands_is_told_in_counts(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    found = standing(world.published)
    assert found["edition"] == 1
    assert found["counts"] == {
        "people": 5, "undecided": 1, "accounts": 5, "moved": 0, "classes": 4, "unsure_codes": 0, "shared_accounts": 0,
        "unread_accounts": 0,
    }  # fmt: skip
    assert found["contact_requests"] == {"waiting": 0, "today": 0}
    assert found["alarms"] == []
