"""The contract between the ledger and a connector to the company's own system.

A connector hands requests over (``submit``) and can ask what became of them (``ask``). It never decides whether
something is handed over again: the worker does. Each request carries a key; the company's system is expected to do
what a key asks once, however often it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Said = Literal["done", "pending", "refused", "later", "unknown", "absent"]


@dataclass(frozen=True)
class Request:
    """One action on one account.

    Attributes:
        key: The same in every attempt: the company does it once.
        action: ``lock``, ``port_out_block`` or ``pin_reset``.
        account_ref: 64 hex digits that only the company can trace to an account.
        source: ``person`` or ``default``.
        asked_at: When it was asked for.
    """

    key: str
    action: str
    account_ref: str
    source: str
    asked_at: str


@dataclass(frozen=True)
class Outcome:
    """What the company's system said of one request.

    Attributes:
        key: Which.
        said: ``done``. ``pending``: taken, ask later. ``refused`` for good. ``later``: surely not taken. ``unknown``:
            nobody can say whether it was taken. ``absent``: the company never had it (an answer to ``ask`` only).
        evidence: The company's own reference, or a code such as ``http 503``; nothing personal.
        wait_seconds: How long to wait before asking or trying again, where the company says.
    """

    key: str
    said: Said
    evidence: str = ""
    wait_seconds: float = 0.0


class Connector(Protocol):
    """A way to the company's own system.

    Attributes:
        settle_seconds: How long after a cut connection the other side may still be at work on what it took in.
    """

    settle_seconds: float

    def submit(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Hand requests over; return one outcome each."""
        ...

    def ask(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Say what became of requests; ``absent`` where the company never had one, ``unknown`` where nobody can say."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
