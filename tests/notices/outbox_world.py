"""A sink one can ask, a plan in memory, and a channel that dies where it is told to."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping, Sequence

from amends.notices.channels.base import Answer, Batch, Outcome, Outgoing, Receipt
from tests.notices.letters_world import recipient


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class ListPlan:
    """A sealed plan in memory."""

    def __init__(self, n: int) -> None:
        self.all = tuple(Outgoing(i, recipient(i), "V1", ("name", "ssn")) for i in range(n))

    def count(self) -> int:
        return len(self.all)

    def notices(self, first: int, n: int) -> tuple[Outgoing, ...]:
        return self.all[first : first + n]

    def chosen(self, ordinals: Sequence[int]) -> tuple[Outgoing, ...]:
        return tuple(self.all[i] for i in ordinals)

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        known = {n.to.notice_id: n.ordinal for n in self.all}
        return {i: known[i] for i in ids if i in known}


class Sink:
    """The world: what arrived, how often."""

    def __init__(self) -> None:
        self.got: collections.Counter[str] = collections.Counter()

    def duplicates(self) -> int:
        return sum(n - 1 for n in self.got.values())


class FakeChannel:
    """Hands notices to a sink one by one; may die, refuse, defer, or be mute."""

    name = "email"
    asks_cheaply = False
    settle_seconds = 0.0

    def __init__(
        self,
        sink: Sink,
        *,
        mute: bool = False,
        die_after: int = -1,
        answers: Mapping[str, str] | None = None,
        back: Sequence[Receipt] = (),
    ) -> None:
        self.sink, self.mute, self.steps_left = sink, mute, die_after
        self.answers = dict(answers or {})
        self.back = back

    def _step(self) -> None:
        if self.steps_left == 0:
            raise Killed
        self.steps_left -= 1

    def offer(self, batch: Batch, key: str) -> Sequence[Outcome]:
        made = []
        for notice in batch.notices:
            self._step()
            state = self.answers.get(notice.to.notice_id, "accepted")
            if state in ("accepted", "unknown"):
                self.sink.got[notice.to.notice_id] += 1
            self._step()
            made.append(Outcome(notice.to.notice_id, state, "test"))  # type: ignore[arg-type]
        return made

    def ask(self, batch: Batch) -> Mapping[str, Answer]:
        self._step()
        if self.mute:
            return {n.to.notice_id: "unknown" for n in batch.notices}
        return {
            n.to.notice_id: "arrived" if self.sink.got[n.to.notice_id] else "not"
            for n in batch.notices
        }

    def receipts(self) -> Iterator[Receipt]:
        return iter(self.back)

    def close(self) -> None:
        pass
