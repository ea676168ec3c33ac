"""The lines of the brake's audit: how one is sealed, and how one is checked."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from amends.kernel import clock
from amends.kernel.errors import EvidenceError

GENESIS = "0" * 64
_SEAL = b',"seal":"'
STATE = "state"

Body = dict[str, Any]  # Any: whatever the act records, as JSON
Act = tuple[str, Body]


class ChainFault(EvidenceError):  # noqa: N818 - reads as the state it is
    """The audit is not what was written: cut, changed, replaced by an older copy, or gone."""

    def __init__(self, what: str, *, where: str = "") -> None:
        """Say what to do, which is the same for every fault."""
        super().__init__(
            what,
            where=where,
            remedy="find out who wrote to it; then: amends vault audit VAULT --resolve WHY --as NAME",
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One act.

    Attributes:
        seq: From 1, without gaps.
        at: Seconds since 1970, never less than on the line before.
        act: What was done.
        body: Its particulars.
        seal: HMAC of the line.
    """

    seq: int
    at: float
    act: str
    body: Body
    seal: str


class Seals:
    """Seals lines and checks seals.

    Args:
        key: Key that seals.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def checked(self, raw: bytes, seq: int, prev: str, at: float) -> Line:
        """Return a line after checking that it follows number ``seq``, seal ``prev`` and time ``at``.

        Raises:
            ChainFault: It does not, or was changed.
        """
        where = f"line {seq + 1}"
        rest, found, seal = raw.rpartition(_SEAL)
        told = hmac.digest(self._key, rest + b"}", "sha256").hex()
        if not found or not hmac.compare_digest(told.encode() + b'"}', seal):
            raise ChainFault("A line of the audit was changed, or is of another vault", where=where)
        fields = parsed(raw, where)
        if fields["seq"] != seq + 1 or fields["prev"] != prev:
            raise ChainFault("Lines of the audit are missing or moved", where=where)
        moment = datetime.fromisoformat(fields["at"]).timestamp()
        if moment < at:
            raise ChainFault("A line of the audit is earlier than the one before", where=where)
        return Line(seq + 1, moment, fields["act"], fields["body"], told)

    def sealed(
        self, acts: Sequence[Act], at: float, last: tuple[int, str, float]
    ) -> tuple[list[Line], bytes]:
        """Return acts as lines, and as text, that follow a line of which number, seal and time are given."""
        lines, parts = [], []
        seq, seal, floor = last
        moment = max(round(at, 6), floor)
        shown = clock.stamp(datetime.fromtimestamp(moment, UTC))
        moment = datetime.fromisoformat(shown).timestamp()
        for act, body in acts:
            seq += 1
            text = orjson.dumps({"seq": seq, "at": shown, "act": act, "body": body, "prev": seal})
            seal = hmac.digest(self._key, text, "sha256").hex()
            parts.append(text[:-1] + _SEAL + seal.encode() + b'"}\n')
            lines.append(Line(seq, moment, act, body, seal))
        return lines, b"".join(parts)


def parsed(raw: bytes, where: str) -> Body:
    """Return the fields of a line, its seal unchecked."""
    try:
        fields = orjson.loads(raw)
        if not isinstance(fields, dict) or not {"seq", "at", "act", "body", "prev"} <= set(fields):
            raise ValueError
    except ValueError as error:
        raise ChainFault("A line of the audit cannot be read", where=where) from error
    return fields
