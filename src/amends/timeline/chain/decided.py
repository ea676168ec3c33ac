"""What people decided of the intruder: this is the attacker, this is not. The last word on a thing counts.

``amends decide CASE attacker WHAT`` and ``amends decide CASE not_attacker WHAT``, where WHAT is an address, an account,
an event (``V`` and 16 hex) or a hop (``H…``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from amends.kernel.register import Decision
from amends.timeline.network import parsed

KINDS = ("attacker", "not_attacker")
_EVENT = re.compile(r"[Vv]([0-9a-fA-F]{16})")
_HOP = re.compile(r"H[0-9a-f]{8,}")


@dataclass(frozen=True)
class Word:
    """What was decided of one thing.

    Attributes:
        verdict: attacker or not_attacker.
        decision_id: The decision.
    """

    verdict: str
    decision_id: str


@dataclass
class Decided:
    """What was decided, by kind of thing.

    Attributes:
        addresses: By address in its shortest form, or name of a host.
        accounts: By account, lower case.
        events: By event id.
        hops: By hop id.
    """

    addresses: dict[str, Word] = field(default_factory=dict)
    accounts: dict[str, Word] = field(default_factory=dict)
    events: dict[int, Word] = field(default_factory=dict)
    hops: dict[str, Word] = field(default_factory=dict)


def read_decisions(made: Iterable[Decision]) -> Decided:
    """Return what is in force, oldest first in, last word out."""
    out = Decided()
    for decision in made:
        if decision.kind not in KINDS:
            continue
        word = Word(decision.kind, decision.decision_id)
        for value in decision.subject.values():
            _file(out, str(value).strip(), word)
    return out


def _file(out: Decided, what: str, word: Word) -> None:
    event = _EVENT.fullmatch(what)
    address = parsed(what)
    if event:
        number = int(event[1], 16)
        out.events[number - (1 << 64) if number >= 1 << 63 else number] = word
    elif _HOP.fullmatch(what):
        out.hops[what] = word
    elif address is not None:
        out.addresses[str(address)] = word
    else:
        out.accounts[what.lower()] = word
        out.addresses[what] = word
