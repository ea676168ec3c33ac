"""What a card is: facts to look at, and choices with what each will change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Choice:
    """Something a reviewer may choose.

    Attributes:
        value: As it is posted.
        label: On its button.
        key: The key that presses it.
        effect: What it will change.
        kind: Look of the button: main, bad or "".
        asks: Name of the field that must be filled with it; "" for none.
    """

    value: str
    label: str
    key: str
    effect: str
    kind: str = ""
    asks: str = ""


@dataclass(frozen=True)
class Card:
    """One thing to decide.

    Attributes:
        queue: The queue it is in.
        card: Its id there.
        title: What it is, in a line.
        why: Why it waits.
        meanwhile: What Amends does until somebody decides.
        shows: Name of the template that lays out ``about``.
        about: What there is to see; masked unless it was revealed.
        choices: What may be chosen, ``unsure`` left out; empty where nothing can be decided here.
        remedy: What else settles it.
        can_reveal: Whether something is masked that may be shown with a reason.
    """

    queue: str
    card: str
    title: str
    why: str
    meanwhile: str
    shows: str
    about: Mapping[str, object] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    remedy: str = ""
    can_reveal: bool = False


UNSURE = Choice("unsure", "Unsure", "u", "The card stays open and comes last; nothing changes.")
SEEN = Choice(
    "seen", "Looked at", "1", "Nothing changes; the card is out of the way."
)  # fmt: skip
