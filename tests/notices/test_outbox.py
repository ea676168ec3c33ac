"""Each notice leaves once: through crashes, restored snapshots, second workers, refusals and deferrals."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.kernel.errors import AmendsError, BusyError, DeliveryError
from amends.kernel.register import open_register
from amends.notices.channels.base import Receipt
from amends.notices.outbox import Outbox
from amends.notices.outbox_record import Sent
from tests.notices.outbox_world import FakeChannel, Killed, ListPlan, Sink

N = 23
PLAN = ListPlan(N)


class Box:
    """An outbox that can be opened again, as a new process would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: sa.Engine | None = None
        self.box: Outbox | None = None

    def open(self) -> Outbox:
        self.close()
        self.engine = open_register("", self.folder / "register.db")
        self.box = Outbox(self.engine, self.folder / "deliveries.jsonl")
        self.box.take()
        return self.box

    def send(self, channel: FakeChannel, batch: int = 5) -> Sent:
        return self.open().send("S0001", channel, PLAN, batch)

    def close(self) -> None:
        if self.box:
            self.box.release()
        if self.engine:
            self.engine.dispose()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def test_everything_planned_arrives_once(box: Box) -> None:
    sink = Sink()
    assert box.send(FakeChannel(sink)) == Sent(N, N, 0, 0, 0)
    assert sorted(sink.got.values()) == [1] * N
    assert box.send(FakeChannel(sink)).accepted == N
    assert sink.duplicates() == 0


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 9))
def test_a_crash_at_any_step_sends_nothing_twice_and_misses_nothing(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], batch: int
) -> None:
    box, sink = Box(tmp_path_factory.mktemp("box")), Sink()
    for steps in deaths:
        try:
            box.send(FakeChannel(sink, die_after=steps), batch)
        except Killed:
            continue
    done = box.send(FakeChannel(sink), batch)
    box.close()
    assert (done.accepted, done.unknown, done.deferred) == (N, 0, 0)
    assert sink.duplicates() == 0
    assert len(sink.got) == N


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 9))
def test_a_mute_sink_never_gets_a_repeat_and_each_crash_leaves_one_batch_at_most(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int], batch: int
) -> None:
    box, sink, crashes = Box(tmp_path_factory.mktemp("box")), Sink(), 0
    for steps in deaths:
        try:
            box.send(FakeChannel(sink, mute=True, die_after=steps), batch)
        except Killed:
            crashes += 1
    done = box.send(FakeChannel(sink, mute=True), batch)
    waiting = box.open().waiting()
    box.close()
    assert sink.duplicates() == 0
    assert done.unknown == len(waiting) <= crashes * batch
    missing = {n.to.notice_id for n in PLAN.all} - set(sink.got)
    assert missing <= set(waiting)


def test_what_nobody_can_say_waits_for_a_person_who_can_settle_it(box: Box) -> None:
    sink = Sink()
    with pytest.raises(Killed):
        box.send(FakeChannel(sink, mute=True, die_after=4), 5)
    assert box.send(FakeChannel(sink, mute=True), 5).unknown == 5
    outbox = box.open()
    unknown = outbox.waiting()
    there = [n for n in unknown if sink.got[n]]
    for notice in unknown:
        outbox.decide(notice, notice in there)
    done = outbox.send("S0001", FakeChannel(sink, mute=True), PLAN, 5)
    assert (done.accepted, done.unknown) == (N, 0)
    assert sink.duplicates() == 0
    assert len(sink.got) == N
    with pytest.raises(DeliveryError):
        outbox.decide(unknown[0], True)


def test_a_register_restored_from_an_old_snapshot_is_brought_up_to_the_record(box: Box) -> None:
    sink = Sink()
    with pytest.raises(Killed):
        box.send(FakeChannel(sink, mute=True, die_after=30), 5)
    box.close()
    shutil.copy(box.folder / "register.db", box.folder / "old.db")
    for extra in ("register.db-wal", "register.db-shm"):
        if (box.folder / extra).exists():
            shutil.copy(box.folder / extra, box.folder / extra.replace("register", "old"))
    box.send(FakeChannel(sink, mute=True), 5)
    box.close()
    for path in box.folder.glob("register.db*"):
        path.unlink()
    for path in box.folder.glob("old.db*"):
        path.rename(path.with_name(path.name.replace("old", "register")))
    again = box.send(FakeChannel(sink, mute=True), 5)
    assert sink.duplicates() == 0
    assert again.accepted + again.unknown == N


def test_a_lost_register_is_rebuilt_from_the_record(box: Box) -> None:
    sink = Sink()
    box.send(FakeChannel(sink, mute=True), 5)
    box.close()
    for path in box.folder.glob("register.db*"):
        path.unlink()
    assert box.send(FakeChannel(sink, mute=True), 5).accepted == N
    assert sink.duplicates() == 0


def test_a_whole_machine_put_back_in_time_asks_before_it_sends(box: Box) -> None:
    sink = Sink()
    box.send(FakeChannel(sink), 5)
    box.close()
    for path in box.folder.iterdir():
        path.unlink()
    assert box.send(FakeChannel(sink), 5).accepted == N
    assert sink.duplicates() == 0


def test_a_record_that_was_cut_short_stops_everything(box: Box) -> None:
    sink = Sink()
    box.send(FakeChannel(sink), 5)
    record = box.folder / "deliveries.jsonl"
    record.write_bytes(b"".join(record.read_bytes().splitlines(keepends=True)[:-2]))
    with pytest.raises(DeliveryError, match="ends at line"):
        box.open()


def test_a_record_that_was_changed_stops_everything(box: Box) -> None:
    box.send(FakeChannel(Sink()), 5)
    record = box.folder / "deliveries.jsonl"
    record.write_text(record.read_text().replace('"n":5', '"n":4', 1))
    with pytest.raises(AmendsError, match="changed"):
        box.open()


def test_two_workers_at_once_are_refused(box: Box) -> None:
    box.open()
    second = Box(box.folder)
    with pytest.raises(BusyError):
        second.open()
    second.close()


def test_an_older_worker_is_fenced_off_by_a_newer_epoch(box: Box) -> None:
    sink = Sink()
    older = box.open()
    assert box.engine is not None
    with sqlite3.connect(box.folder / "register.db") as other:
        other.execute("UPDATE outbox_fences SET epoch = epoch + 1")
    other.close()
    with pytest.raises(DeliveryError, match="newer worker"):
        older.send("S0001", FakeChannel(sink), PLAN, 5)
    assert not sink.got


def test_the_refused_stay_refused_and_the_deferred_are_tried_again(box: Box) -> None:
    sink = Sink()
    ids = [n.to.notice_id for n in PLAN.all]
    answers = {ids[3]: "refused", ids[4]: "deferred", ids[11]: "deferred"}
    first = box.send(FakeChannel(sink, answers=answers), 5)
    assert (first.accepted, first.refused, first.deferred) == (N - 3, 1, 2)
    second = box.send(FakeChannel(sink, answers={ids[11]: "deferred"}), 5)
    assert (second.accepted, second.refused, second.deferred) == (N - 2, 1, 1)
    third = box.send(FakeChannel(sink), 5)
    assert (third.accepted, third.refused, third.deferred) == (N - 1, 1, 0)
    assert sink.duplicates() == 0


def test_a_crash_while_trying_again_is_recovered_too(box: Box) -> None:
    sink = Sink()
    ids = [n.to.notice_id for n in PLAN.all]
    box.send(FakeChannel(sink, answers=dict.fromkeys(ids[:4], "deferred")), 5)
    crashes = 0
    for steps in (3, 4, 2):
        try:
            box.send(FakeChannel(sink, die_after=steps), 5)
        except Killed:
            crashes += 1
    assert crashes >= 2
    assert box.send(FakeChannel(sink), 5).accepted == N
    assert sink.duplicates() == 0


def test_a_cut_connection_is_asked_about_and_not_guessed(box: Box) -> None:
    sink = Sink()
    ids = [n.to.notice_id for n in PLAN.all]
    done = box.send(FakeChannel(sink, answers={ids[2]: "unknown"}), 5)
    assert (done.accepted, done.unknown) == (N, 0)
    assert sink.duplicates() == 0


def test_a_channel_that_takes_nothing_ends_the_run_with_everything_waiting(box: Box) -> None:
    sink = Sink()
    ids = [n.to.notice_id for n in PLAN.all]
    down = FakeChannel(sink, answers=dict.fromkeys(ids, "deferred"))
    assert box.send(down, 5).deferred == 5
    assert box.send(FakeChannel(sink), 5).accepted == N
    assert sink.duplicates() == 0


def test_what_comes_back_is_tied_to_its_notice_once(box: Box) -> None:
    ids = [n.to.notice_id for n in PLAN.all]
    back = [Receipt(ids[0], "delivered", "2026-11-30"), Receipt(ids[1], "returned", "2026-12-01"),
            Receipt("N" + "F" * 16, "returned", "2026-12-01"), Receipt(ids[0], "delivered", "2026-11-30")]  # fmt: skip
    channel = FakeChannel(Sink(), back=back)
    box.send(channel, 5)
    assert box.box is not None
    assert box.box.receive("S0001", channel, PLAN.places) == 2
    assert box.box.receive("S0001", channel, PLAN.places) == 0
    assert box.box.states("S0001", "email") == {"delivered": 1, "returned": 1}
    assert box.box.status("S0001", "email", N).accepted == N


def test_the_intent_is_on_disk_before_anything_leaves(box: Box) -> None:
    seen: list[str] = []

    class Watching(FakeChannel):
        def offer(self, batch, key):  # type: ignore[no-untyped-def]
            with sqlite3.connect(box.folder / "register.db") as other:
                seen.extend(
                    r[0]
                    for r in other.execute(
                        "SELECT state FROM outbox_batches WHERE batch_id = ?", [key]
                    )
                )
            other.close()
            assert key in (box.folder / "deliveries.jsonl").read_text()
            return super().offer(batch, key)

    box.send(Watching(Sink()), 5)
    assert seen == ["intent"] * 5


def test_the_record_holds_no_address_and_no_name(box: Box) -> None:
    box.send(FakeChannel(Sink(), answers={PLAN.all[0].to.notice_id: "refused"}), 5)
    text = (box.folder / "deliveries.jsonl").read_text()
    assert "Example" not in text
    assert "@" not in text
