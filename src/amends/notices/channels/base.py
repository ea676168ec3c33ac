"""The contract between the outbox and a channel.

A channel is told a batch and its key (``offer``), can be asked what of a batch arrived (``ask``), and hands back what
the world says later (``receipts``). It never decides whether something is sent again: the outbox does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from amends.notices.facts import Recipient

State = Literal["accepted", "refused", "deferred", "unknown"]
Answer = Literal["arrived", "not", "unknown"]


@dataclass(frozen=True)
class Outgoing:
    """One notice on its way.

    Attributes:
        ordinal: Its place in the sealed plan of this channel, from 0.
        to: The recipient.
        variant: Id of its text.
        elements: Elements the plan says it names.
    """

    ordinal: int
    to: Recipient
    variant: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Notices offered together.

    Attributes:
        batch_id: The key of the batch: the same batch has the same key in every attempt.
        notices: In order.
    """

    batch_id: str
    notices: tuple[Outgoing, ...]

    def only(self, notice_ids: frozenset[str]) -> Batch:
        """Return the batch with some of its notices."""
        return Batch(self.batch_id, tuple(n for n in self.notices if n.to.notice_id in notice_ids))


@dataclass(frozen=True)
class Outcome:
    """What became of one notice when it was offered.

    Attributes:
        notice_id: Which.
        state: ``accepted``; ``refused`` for good; ``deferred``: surely not taken, may be tried later; ``unknown``.
        detail: A code such as ``550``; never an address or a word of the letter.
    """

    notice_id: str
    state: State
    detail: str = ""


@dataclass(frozen=True)
class Receipt:
    """What the world said later about one notice.

    Attributes:
        notice_id: Which.
        state: ``delivered``, ``returned``, ``bounced`` or ``refused``.
        at: When, as said by the channel.
        detail: A code.
    """

    notice_id: str
    state: str
    at: str
    detail: str = ""


class Channel(Protocol):
    """A way out.

    Attributes:
        name: ``print`` or ``email``.
        asks_cheaply: Whether asking about a whole batch costs next to nothing.
        settle_seconds: How long after a crash the other side may still be finishing what it took in.
    """

    name: str
    asks_cheaply: bool
    settle_seconds: float

    def offer(self, batch: Batch, key: str) -> Sequence[Outcome]:
        """Hand a batch over; return one outcome a notice."""
        ...

    def ask(self, batch: Batch) -> Mapping[str, Answer]:
        """Say of each notice of a batch whether it arrived; ``unknown`` where that cannot be found out."""
        ...

    def receipts(self) -> Iterator[Receipt]:
        """Yield everything that came back so far; the outbox drops what it knows."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
