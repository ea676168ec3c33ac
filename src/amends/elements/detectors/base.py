"""What every detector of personal data in text is made of.

A detector never scans: the gate (``text_gate.py``) finds words and shapes for all of them in one pass, and calls the
detector with a candidate. So a pattern can only ever run over a short window, and none can run away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

# (elements spoken for, elements labelled, whether the nearest word speaks against).
Around = tuple[int, int, bool]


class Validity(StrEnum):
    """Whether a value can be what it looks like."""

    VALID = "valid"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A data element seen in a text.

    Attributes:
        start: Offset of its first character.
        end: Offset after its last character.
        element: Element code of the taxonomy.
        confidence: 0 to 1.
        evidence: Short words that say why: "shape", "checksum", "label: ssn", "state: CA".
        validity: Valid, or malformed: possible, kept, never dropped.
    """

    start: int
    end: int
    element: str
    confidence: float
    evidence: tuple[str, ...]
    validity: Validity = Validity.VALID


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a detector says of a candidate.

    Attributes:
        confidence: 0 to 1, before context.
        evidence: Why.
        validity: Valid or malformed.
        start: Where the value begins, when not where the candidate does; -1 for the same.
        end: Where it ends; -1 for the same.
        element: Another element than the detector's, "" for the same.
    """

    confidence: float
    evidence: tuple[str, ...]
    validity: Validity = Validity.VALID
    start: int = -1
    end: int = -1
    element: str = ""


class Candidate:
    """A stretch of text that may be a data element.

    Words around it are looked up when first asked for: most candidates fall before.

    Args:
        text: The text it lies in, one character a place, dashes and blanks made plain (``text_shadow.py``).
        start: Offset of its first character in ``text``.
        end: Offset after its last.
        look: Looks around: (elements spoken for, elements labelled, whether the nearest word speaks against).
        labelled: Elements known to be labelled, as bits.
    """

    __slots__ = ("_around", "_labelled", "_look", "end", "start", "text")

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        look: Callable[[int, int], Around] | None = None,
        labelled: int = 0,
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        self._look = look
        self._labelled = labelled
        self._around: Around | None = None

    @property
    def value(self) -> str:
        """The characters of the candidate."""
        return self.text[self.start : self.end]

    def _see(self) -> Around:
        if self._around is None:
            nearby, label, against = (
                self._look(self.start, self.end) if self._look else (0, 0, False)
            )
            self._around = (nearby | self._labelled, label | self._labelled, against)
        return self._around

    @property
    def speaks_for(self) -> int:
        """Elements that a word nearby speaks for, as bits."""
        return self._see()[0]

    @property
    def label(self) -> int:
        """Elements whose label stands right before it, as bits."""
        return self._see()[1]

    @property
    def against(self) -> bool:
        """True when the nearest word before it speaks against (order number, SKU, version …)."""
        return self._see()[2]


@dataclass(frozen=True)
class Shape:
    """A shape that is looked for everywhere in the text.

    Attributes:
        gate: Expression for the automaton (reports only where a match ends).
        match: The same for one window, with its start; what it matches is the candidate.
        width: Most characters it can take.
        judge: Says what the candidate is worth; None when it is nothing.
        alone: True when nothing of the kind may go on after it ("12 34" is no candidate in "12 34 56").
    """

    gate: str
    match: re.Pattern[str]
    width: int
    judge: Callable[[Candidate], Verdict | None]
    alone: bool = False


@dataclass(frozen=True)
class Label:
    """Words after which a value stands.

    Attributes:
        words: Expressions for the automaton, over lower-case text in which ``_ - ' . /`` are blanks.
        value: What a value looks like; tried where the label's gap ends.
        judge: Says what the value is worth.
        reach: How many characters after the label a value may begin when words stand between; 0 = none may.
        before: True when a value may also stand before ("4821 is my PIN").
        below: True when a value may stand on the next line, under its label.
        across: Elements whose words may stand between the label and its value, as bits.
        wordy: True when a value need not hold a digit.
    """

    words: tuple[str, ...]
    value: re.Pattern[str]
    judge: Callable[[Candidate], Verdict | None]
    reach: int = 0
    before: bool = False
    below: bool = True
    across: int = 0
    wordy: bool = False


@dataclass(frozen=True)
class Detector:
    """How one data element is found.

    Attributes:
        element: Element code.
        words: Words that speak for it, as expressions for the automaton (those of its labels are added).
        shapes: Shapes looked for everywhere.
        labels: Labels and the values after them.
    """

    element: str
    words: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    labels: tuple[Label, ...] = ()


# Order gives each element its bit; a new element goes to the end.
ELEMENTS = (
    "ssn", "ssn_last4", "itin", "atin", "ein", "drivers_licence", "state_id", "passport", "alien_number",
    "military_id", "card", "card_cvv", "card_expiry", "card_track", "bank_account", "routing_number", "iban",
    "account_number", "phone", "email", "birth_date", "username", "password", "password_hash", "pin",
    "security_answer", "token", "private_key", "mrn", "health_policy", "mbi", "npi", "diagnosis", "imei", "meid",
    "imsi", "iccid", "vin", "plate", "ip", "mac", "name", "address", "employee_id", "student_id",
    "mother_maiden_name", "ptin", "bic", "voter_id", "gov_id_other",
)  # fmt: skip
_BITS = {element: 1 << n for n, element in enumerate(ELEMENTS)}


@cache
def bit(*elements: str) -> int:
    """Return the bits that stand for these elements."""
    found = 0
    for element in elements:
        found |= _BITS[element]
    return found


def digits_of(value: str) -> str:
    """Return the ASCII digits of a value, in order."""
    plain = value.replace("-", "").replace(" ", "").replace(".", "")
    if plain.isdigit() and plain.isascii():
        return plain
    return "".join([c for c in plain if "0" <= c <= "9"])


_DOUBLED = str.maketrans("0123456789", "0246813579")


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of the others.

    Source:
        ISO/IEC 7812-1 annex B.
    """
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum((digits[-1::-2] + doubled).encode()) - 48 * len(digits)) % 10 == 0
