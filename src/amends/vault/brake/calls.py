"""What is asked of the brake, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One question.

    Attributes:
        actor: Who asks.
        key_sha256: Digest of the key shown; empty without one.
        uid: Account at the other end of the local socket; -1 over the network.
        purpose: What for.
        case: Reference of the case, such as a ticket's number.
        domain: Domain of the tokens.
        numbers: A keyed number for the value behind each token; empty while the values were not read.
        persons: A keyed number for the person behind each token.
        named: Those of ``numbers`` whose person only the caller named.
        clear: Whether values in clear are asked for.
        peer: Where the call came from, as the audit shows it.
        not_ours: How many of the tokens are no tokens of this vault and domain; they are never answered.
    """

    actor: str
    key_sha256: str
    uid: int
    purpose: str
    case: str
    domain: str
    numbers: tuple[int, ...] = ()
    persons: tuple[int, ...] = ()
    named: tuple[int, ...] = ()
    clear: bool = False
    peer: str = ""
    not_ours: int = 0


@dataclass(frozen=True)
class Verdict:
    """What becomes of a call.

    Attributes:
        status: HTTP status; 200 when it is answered.
        code: ``ok``, or why not: ``no_key``, ``no_purpose``, ``no_clear``, ``stopped``, ``over_budget`` …
        what: In words, without any value.
        remedy: What to do next.
        retry_seconds: When to try again; 0 when waiting does not help.
        clear: Whether values go out in clear.
        left: Persons left to this actor and purpose, in the hour and the day.
    """

    status: int
    code: str
    what: str = ""
    remedy: str = ""
    retry_seconds: int = 0
    clear: bool = False
    left: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Alarm:
    """Something a person should look at now.

    Attributes:
        kind: ``canary``, ``over_budget``, ``ceiling``, ``clock``, ``fault``, ``unwritable`` or ``keys``.
        actor: Whom it is about; may be empty.
        what: In words, without any value.
    """

    kind: str
    actor: str
    what: str
