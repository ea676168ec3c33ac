"""The register on PostgreSQL: cases do not meet, and what holds on SQLite holds there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends import notices
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import BusyError, UsageError
from amends.kernel.register import open_register
from amends.notices import stage
from amends.notices.outbox import Outbox
from tests.notices.outbox_world import FakeChannel, Killed, ListPlan, Sink
from tests.notices.world import FL, fill, group, make_case, person

N = 23
PLAN = ListPlan(N)


@pytest.fixture
def two_cases(postgres: str, tmp_path: Path) -> Iterator[list[Case]]:
    made = []
    for name in ("one", "two"):
        case = make_case(tmp_path / name / "acme", {("register", "url"): postgres})
        fill(case, [person(1), person(2)], [group("G1", FL, ["name", "ssn"])],
             {"P000000000001": "G1", "P000000000002": "G1"})  # fmt: skip
        stage.run(case)
        made.append(case)
    yield made
    for case in made:
        case.close()


def test_two_cases_in_one_database_do_not_meet(two_cases: list[Case]) -> None:
    one, two = two_cases
    assert one.case_id != two.case_id
    one.decide("quarantine", {"person": "P000000000001"}, "litigation_hold")
    one.add_event("containment", "2026-11-03")
    assert two.decisions() == []
    assert "containment" not in two.events()
    assert notices.seal(one).seal_id == notices.seal(two).seal_id == "S0001"
    notices.approve(one, "S0001", "Dana Lee")
    notices.approve(one, "S0001", "Sam Roe")
    assert notices.approve(two, "S0001", "Dana Lee").approved_by == ("Dana Lee",)
    assert not (one.folder / "register.db").exists()


def test_a_copy_of_a_case_folder_finds_its_own_rows_again(
    two_cases: list[Case], postgres: str, tmp_path: Path
) -> None:
    one, _ = two_cases
    one.decide("quarantine", {"person": "P000000000001"}, "litigation_hold")
    shutil.copytree(one.folder, tmp_path / "moved")
    with Case(tmp_path / "moved") as moved:
        assert [d.choice for d in moved.decisions()] == ["litigation_hold"]


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:9/none"
    with pytest.raises(UsageError, match="does not answer") as caught:
        open_register(url, tmp_path / "r.db", "x")
    assert "hunter2" not in f"{caught.value!r}{caught.value}{caught.value.__cause__}"


def test_an_account_that_may_make_nothing_is_told_what_to_grant(
    postgres: str, tmp_path: Path
) -> None:
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE ROLE guest LOGIN"))
    try:
        with pytest.raises(UsageError) as caught:
            open_register(postgres.replace("postgres@", "guest@"), tmp_path / "r.db", "y")
        assert "GRANT CREATE" in caught.value.remedy
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("DROP ROLE guest"))
        engine.dispose()


class Box:
    """An outbox on PostgreSQL that can be opened again, as a new process would."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder, self._case = url, folder, ids.new()
        self.engine: sa.Engine | None = None
        self.box: Outbox | None = None

    def open(self) -> Outbox:
        self.close()
        self.engine = open_register(self._url, Path(), self._case)
        self.box = Outbox(self.engine, self._folder / "deliveries.jsonl")
        self.box.take()
        return self.box

    def close(self) -> None:
        if self.box:
            self.box.release()
        if self.engine:
            self.engine.dispose()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 40), max_size=5), st.integers(1, 9), st.booleans())
def test_a_crash_at_any_step_sends_nothing_twice_and_misses_nothing(
    postgres: str,
    tmp_path_factory: pytest.TempPathFactory,
    deaths: list[int],
    batch: int,
    mute: bool,
) -> None:
    box, sink = Box(postgres, tmp_path_factory.mktemp("box")), Sink()
    for steps in deaths:
        try:
            box.open().send("S0001", FakeChannel(sink, mute=mute, die_after=steps), PLAN, batch)
        except Killed:
            continue
    done = box.open().send("S0001", FakeChannel(sink, mute=mute), PLAN, batch)
    unknown = set(box.open().waiting())
    box.close()
    assert sink.duplicates() == 0
    assert {n.to.notice_id for n in PLAN.all} <= set(sink.got) | unknown
    assert done.accepted + done.unknown == N
    assert mute or not unknown


def test_a_worker_on_another_machine_is_kept_out(postgres: str, tmp_path: Path) -> None:
    first, second = Box(postgres, tmp_path), Box(postgres, tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    second._case = first._case
    first.open()
    with pytest.raises(BusyError):
        second.open()
    first.close()
    second.close()
