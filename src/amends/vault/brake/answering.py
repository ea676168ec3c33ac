"""From a request to a call, and from a verdict to an answer: the only place of the brake that sees values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from amends.vault.blind import BlindIndex
from amends.vault.brake.brake import Brake
from amends.vault.brake.calls import Call, Verdict
from amends.vault.brake.decide import authentic
from amends.vault.brake.masks import HIDDEN, masked
from amends.vault.brake.people import PersonMap
from amends.vault.brake.reading import Reader
from amends.vault.brake.rules import BATCH, is_case, is_name, key_digest
from amends.vault.keyring import Keyring

_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")
_TOKEN_CHARS = 4096
_PERSON_CHARS = 200
_DOMAINS = 1000


@dataclass(frozen=True)
class Caller:
    """Who is at the other end.

    Attributes:
        peer: As the audit shows it: ``uid 1000, pid 77`` or an address.
        uid: Account at the other end of the local socket; -1 over the network.
        key: The key shown; empty without one.
    """

    peer: str
    uid: int = -1
    key: str = ""


@dataclass(frozen=True)
class Question:
    """A request, checked.

    Attributes:
        call: What the brake decides on.
        n: How many tokens it names.
        values: What stands behind them; never shown before the verdict, and not even read for a stranger.
    """

    call: Call
    n: int
    values: tuple[str, ...] | None = field(default=None, repr=False)


class Malformed(Exception):  # noqa: N818 - reads as the state it is
    """A request that cannot be understood; its words never repeat what was sent."""

    def __init__(self, status: int, code: str, what: str) -> None:
        super().__init__(what)
        self.status, self.code, self.what = status, code, what


class Answering:
    """Questions and answers of one vault.

    Args:
        brake: Decides.
        keyring: Reveals.
    """

    def __init__(self, brake: Brake, keyring: Keyring) -> None:
        self._brake = brake
        self._reader = Reader(keyring)
        self._people = PersonMap(brake, keyring)
        self._indexes: dict[str, BlindIndex] = {}

    def question(self, asked: object, caller: Caller) -> Question:
        """Return a request as a call.

        Raises:
            Malformed: It is not what a request should be.
        """
        fields = _checked(asked)
        domain, tokens = fields["domain"], pa.array(fields["tokens"], pa.string())
        stranger = Call(
            actor=fields["actor"],
            key_sha256=key_digest(caller.key) if caller.key else "",
            uid=caller.uid,
            purpose=fields["purpose"],
            case=fields["case"],
            domain=domain,
            clear=fields.get("clear", False),
            peer=caller.peer,
        )
        if not authentic(self._brake.state.actors.get(stranger.actor), stranger):
            # Whoever is not let in anyway costs no deciphering.
            return Question(stranger, len(tokens))
        values = self._reader.values(domain, tokens)
        if values is None:
            foreign = self._reader.count_foreign(domain, tokens)
            return Question(replace(stranger, not_ours=foreign), len(tokens))
        numbers = self._index(domain).text_hashes(values)
        persons, named = self._people.numbers(numbers, fields.get("persons"))
        call = replace(stranger, numbers=tuple(map(int, numbers)), persons=persons, named=named)
        return Question(call, len(tokens), tuple(values.to_pylist()))

    def answers(self, question: Question, verdict: Verdict) -> list[str]:
        """Return what goes out for each token: values, masked values, or placeholders."""
        if verdict.status != 200 or question.values is None:
            return [HIDDEN] * question.n
        if verdict.clear:
            return list(question.values)
        return [masked(question.call.domain, value) for value in question.values]

    def _index(self, domain: str) -> BlindIndex:
        known = self._indexes.get(domain)
        if known is None:
            known = self._brake.index(domain)
            if (
                len(self._indexes) < _DOMAINS
            ):  # names are the caller's to choose: they must not fill memory
                self._indexes[domain] = known
        return known


def _checked(asked: object) -> dict[str, Any]:  # Any: JSON, checked field by field
    if not isinstance(asked, dict):
        raise Malformed(400, "malformed", "The body is not a JSON object")
    unknown = set(asked) - {"actor", "purpose", "case", "domain", "tokens", "persons", "clear"}
    if unknown:
        raise Malformed(400, "malformed", "The body has a field that is not known")
    for name in ("actor", "purpose"):
        if not is_name(asked.get(name)):
            raise Malformed(400, "malformed", f"{name} is missing, or is no name")
    if not is_case(asked.get("case")):
        raise Malformed(400, "malformed", "case is missing, or is no reference (up to 100 signs)")
    domain = asked.get("domain")
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        raise Malformed(400, "malformed", "domain is missing, or is no name of a domain")
    if not isinstance(asked.get("clear", False), bool):
        raise Malformed(400, "malformed", "clear is neither true nor false")
    _check_tokens(asked)
    return asked


def _check_tokens(asked: dict[str, Any]) -> None:
    tokens, persons = asked.get("tokens"), asked.get("persons")
    if not isinstance(tokens, list) or not tokens:
        raise Malformed(400, "malformed", "tokens is missing or empty")
    if len(tokens) > BATCH:
        raise Malformed(
            413, "too_many", f"One call takes up to {BATCH} tokens; for many ask for a release"
        )
    if not all(isinstance(t, str) and 0 < len(t) <= _TOKEN_CHARS and _is_text(t) for t in tokens):
        raise Malformed(
            400, "malformed", "tokens holds something that is no text of fitting length"
        )
    if persons is None:
        return
    if not isinstance(persons, list) or len(persons) != len(tokens):
        raise Malformed(400, "malformed", "persons must name one person for each token")
    if not all(isinstance(p, str) and 0 < len(p) <= _PERSON_CHARS and _is_text(p) for p in persons):
        raise Malformed(
            400, "malformed", "persons holds something that is no text of fitting length"
        )


def _is_text(text: str) -> bool:
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in text) if not text.isascii() else True
