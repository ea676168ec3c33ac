"""Protection asked for by a person or for everybody: once an account and action, with plain states and dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
import sqlalchemy as sa

from amends.kernel.errors import BusyError, UsageError
from amends.portal.protection.adding import open_accounts
from amends.portal.protection.connector import Outcome, Request, Said
from amends.portal.protection.evidence import history, report
from amends.portal.protection.ledger import EVENTS, REQUESTS
from amends.portal.protection.requests import (
    Protection,
    reopen_failed,
    status_counts,
)
from amends.portal.protection.tally import counted, fold, recount
from amends.portal.protection.worker import MOST_TRIES, Worker
from tests.portal.claims_world import account, handle


class Company:
    """A company's system that answers as a test says, and remembers what it was told."""

    settle_seconds = 0.0

    def __init__(self, *said: Said, asked: Sequence[Said] = ()) -> None:
        self.said, self.asked = list(said), list(asked)
        self.submitted: list[Request] = []
        self.questions: list[str] = []

    def submit(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Answer each request with the next word; the last one stays."""
        self.submitted += requests
        return [Outcome(r.key, self._next(self.said), "REF-1", 0.001) for r in requests]

    def ask(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Answer each question with the next word; the last one stays."""
        self.questions += keys
        return [Outcome(k, self._next(self.asked), "REF-2", 0.001) for k in keys]

    def close(self) -> None:
        """Do nothing."""

    @staticmethod
    def _next(words: list[Said]) -> Said:
        return words.pop(0) if len(words) > 1 else words[0]


def test_a_person_asks_and_sees_how_it_stands(
    state: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T10:00:00+00:00")
    protection = Protection(state)
    assert protection.status(handle(1)) == []
    asked = protection.request(handle(1), "lock", account_refs=[account(1), account(2)])
    assert (asked.state, asked.asked_on, asked.n_accounts) == ("asked", date(2026, 11, 22), 2)
    assert protection.request(handle(1), "lock") == asked
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-23T10:00:00+00:00")
    made = Worker(state, Company("done", "refused")).run()
    assert (made.done, made.refused, made.waiting) == (1, 1, 0)
    (now,) = protection.status(handle(1))
    assert (now.state, now.ended_on, now.n_done) == ("refused", date(2026, 11, 23), 1)
    assert protection.status(handle(2)) == []


def test_asking_needs_no_claim_and_no_account(state: sa.Engine) -> None:
    protection = Protection(state)
    asked = protection.request(handle(1), "pin_reset")
    assert (asked.state, asked.n_accounts) == ("asked", 0)
    company = Company("done")
    assert Worker(state, company).run().waiting == 1
    assert company.submitted == []
    assert report(state)[0]["no_account"] == 1


def test_an_account_that_becomes_known_later_is_protected(state: sa.Engine) -> None:
    protection = Protection(state)
    protection.request(handle(1), "pin_reset")
    protection.request(handle(2), "pin_reset")
    protection.request_all([[(account(1), handle(1)), (account(3), handle(1))]], ["lock"])
    company = Company("done")
    assert Worker(state, company).run().as_json() == {
        "done": 4, "refused": 0, "failed": 0, "again": 0, "waiting": 1
    }  # fmt: skip
    assert {(r.action, r.account_ref) for r in company.submitted} == {
        (a, account(n)) for a in ("lock", "pin_reset") for n in (1, 3)
    }
    assert [(p.action, p.state, p.n_accounts, p.source) for p in protection.status(handle(1))] == [
        ("lock", "done", 2, "default"), ("pin_reset", "done", 2, "person")
    ]  # fmt: skip
    assert open_accounts(state) == 0


def test_bulk_requests_sum_and_are_made_once(state: sa.Engine) -> None:
    protection = Protection(state)
    pairs = [(account(n), handle(n // 2)) for n in range(1000)]
    made = protection.request_all(
        [pairs[:600], [*pairs[600:], ("nonsense", handle(1))]], ["lock", "pin_reset"]
    )
    assert (made.n_accounts, made.n_refused, made.n_pairs, made.n_new) == (1001, 1, 2000, 2000)
    again = protection.request_all([pairs], ["lock", "pin_reset"])
    assert (again.n_new, again.n_known) == (0, 2000)
    more = protection.request_all([pairs], ["lock", "port_out_block"])
    assert (more.n_new, more.n_known) == (1000, 1000)
    counts = status_counts(state)
    assert list(counts) == ["lock", "port_out_block", "pin_reset"]
    assert all(c["total"] == c["asked"] == 1000 for c in counts.values())
    for bad in ([], ["fly"]):
        with pytest.raises(UsageError):
            protection.request_all([pairs], bad)
    with pytest.raises(UsageError):
        protection.request(handle(1), "lock", account_refs=["555-0001"])


def test_a_bulk_request_that_was_cut_off_goes_on(state: sa.Engine) -> None:
    protection = Protection(state)
    pairs = [[(account(n), handle(n))] for n in range(10)]

    def cut() -> object:
        yield from pairs[:6]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        protection.request_all(cut(), ["lock"])  # type: ignore[arg-type]
    made = protection.request_all(pairs, ["lock"])
    assert (made.n_new, made.n_known) == (4, 6)


def test_an_account_without_a_person_is_theirs_once_they_are_known(state: sa.Engine) -> None:
    protection = Protection(state)
    protection.request_all([[(account(1), "")]], ["lock"])
    assert protection.status(handle(1)) == []
    assert protection.request_all([[(account(1), handle(1))]], ["lock"]).n_known == 1
    assert protection.status(handle(1))[0].n_accounts == 1


def test_an_account_that_turns_out_to_be_somebody_elses_takes_its_requests_along(
    state: sa.Engine,
) -> None:
    protection = Protection(state)
    protection.request_all([[(account(1), handle(1)), (account(2), handle(1))]], ["lock"])
    protection.request_all([[(account(1), handle(2))]], ["lock"])
    assert [protection.status(handle(n))[0].n_accounts for n in (1, 2)] == [1, 1]
    assert protection.request(handle(2), "pin_reset").n_accounts == 1


def test_requests_follow_a_person_who_became_part_of_another(state: sa.Engine) -> None:
    protection = Protection(state)
    protection.request(handle(1), "lock", account_refs=[account(1)])
    protection.request(handle(1), "pin_reset")
    assert protection.move(handle(1), handle(2)) == 3 - 1
    assert protection.status(handle(1)) == []
    assert [p.action for p in protection.status(handle(2))] == ["lock", "pin_reset"]
    assert protection.request(handle(2), "lock").n_accounts == 1


def test_what_was_handed_over_and_not_answered_is_asked_about_before_it_goes_again(
    state: sa.Engine,
) -> None:
    protection = Protection(state)
    protection.request(handle(1), "lock", account_refs=[account(1)])
    company = Company("unknown", "done", asked=["unknown", "pending", "absent"])
    made = Worker(state, company).run(wait_seconds=20)
    assert (made.done, made.again, made.waiting) == (1, 1, 0)
    assert [r.key for r in company.submitted] == [company.questions[0]] * 2
    assert len(company.questions) == 3
    found = Company("unknown", asked=["done"])
    protection.request(handle(1), "pin_reset")
    assert Worker(state, found).run(wait_seconds=20).done == 1
    assert len(found.submitted) == 1


def test_a_worker_that_died_in_between_left_its_intent_on_disk(state: sa.Engine) -> None:
    protection = Protection(state)
    protection.request_all([[(account(n), handle(n)) for n in range(10)]], ["lock"])

    class Dies(Company):
        def submit(self, requests: Sequence[Request]) -> Sequence[Outcome]:
            super().submit(requests)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(state, Dies("done"), batch=4).run()
    assert status_counts(state)["lock"]["handed_over"] == 4
    company = Company("done", asked=["done", "done", "absent"])
    made = Worker(state, company, batch=4).run()
    assert (made.done, made.again) == (10, 2)
    assert len(company.questions) == 4
    assert len(company.submitted) == 8


def test_a_busy_system_is_tried_again_and_given_up_in_the_end(
    state: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends.portal.protection.worker._LONGEST_PAUSE_SECONDS", 0.001)
    protection = Protection(state)
    protection.request(handle(1), "lock", account_refs=[account(1)])
    company = Company("later")
    made = Worker(state, company).run(wait_seconds=20)
    assert (made.failed, made.waiting, len(company.submitted)) == (1, 0, MOST_TRIES)
    assert protection.status(handle(1))[0].state == "failed"
    assert protection.request(handle(1), "lock").state == "asked"
    second = Company("refused")
    assert Worker(state, second).run().refused == 1
    assert second.submitted[0].key == company.submitted[0].key + "-2"
    with state.begin() as connection:
        connection.execute(REQUESTS.update().values(state="failed"))
    assert reopen_failed(state) == 1
    assert reopen_failed(state) == 0


def test_a_second_worker_keeps_out(state: sa.Engine) -> None:
    Protection(state).request(handle(1), "lock", account_refs=[account(1)])

    class Meets(Company):
        def submit(self, requests: Sequence[Request]) -> Sequence[Outcome]:
            with pytest.raises(BusyError):
                Worker(state, Company("done")).run()
            return super().submit(requests)

    assert Worker(state, Meets("done")).run().done == 1


def test_the_evidence_sums_and_the_ledger_can_only_grow(state: sa.Engine) -> None:
    protection = Protection(state)
    protection.request(handle(1), "lock", account_refs=[account(1)])
    protection.request_all([[(account(n), handle(n)) for n in range(2, 8)]], ["lock"])
    Worker(state, Company("done", "refused", "done")).run()
    rows = report(state)
    assert [(r["source"], r["total"]) for r in rows] == [("default", 6), ("person", 1)]
    for row in rows:
        parts = ("asked", "handed_over", "done", "refused", "failed")
        assert sum(int(str(row[p])) for p in parts) == row["total"]
        assert row["with_evidence"] == row["done"]
    acts = [e["act"] for e in history(state)]
    assert acts.count("done") == 6
    assert acts.count("refused") == 1
    assert {"asked_all", "handed_over"} <= set(acts)
    with pytest.raises(sa.exc.DBAPIError), state.begin() as connection:
        connection.execute(EVENTS.delete())


def test_the_quick_counts_are_those_of_the_requests(
    state: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    protection = Protection(state)

    def right() -> bool:
        quick = counted(state)
        return quick == recount(state) and quick == counted(state)

    protection.request(handle(1), "lock")
    protection.request_all([[(account(n), handle(n)) for n in (1, 2, 2, 3)]], ["lock", "pin_reset"])
    protection.request_all([[(account(n), handle(n)) for n in (2, 9)]], ["lock"], "person")
    assert right()
    Worker(state, Company("done", "refused", "unknown", asked=["unknown"])).run()
    assert right()
    Worker(state, Company("done", asked=["absent", "done"])).run(wait_seconds=5)
    assert right()
    for n in range(1, 10):
        protection.request(handle(n), "lock")
    assert right()
    before = counted(state)
    monkeypatch.setattr("amends.portal.protection.tally._FOLD_AT", 2)
    assert fold(state)
    assert counted(state) == before
    assert protection.move(handle(1), handle(2)) > 0
    assert right()


def test_nothing_personal_is_in_the_register(state: sa.Engine) -> None:
    """Handles and references are digests; every other column is a word, a number or a time."""
    Protection(state).request(handle(1), "lock", account_refs=[account(1)])
    with state.connect() as connection:
        row = connection.execute(sa.select(REQUESTS)).mappings().one()
    assert set(row) == {
        "request_id", "key", "handle", "account_ref", "action", "source", "state", "asked_at", "handed_at", "ended_at",
        "evidence", "attempt", "tries", "not_before",
    }  # fmt: skip
