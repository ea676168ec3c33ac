"""Answers read from one edition: the same steps for who is in it and who is not."""

from __future__ import annotations

from dataclasses import dataclass

from amends.portal.edition import Edition
from amends.portal.shapes import Answer, AnswerClass
from amends.vault.blind import BlindIndex

UNDECIDED_CLASS = -1


@dataclass(frozen=True)
class Place:
    """Where a code or account leads.

    Attributes:
        known: Whether it is in the edition.
        number: Keyed hash of the person's own code; of somebody else's when it is not known.
        class_id: Class of that person, -1 = not yet decided.
    """

    known: bool
    number: int
    class_id: int


def place_of(edition: Edition, number: int) -> Place:
    """Return where a keyed hash of a code or an account reference leads. Two look-ups, whatever it is."""
    linked, leads_to = edition.links.find(number)
    target = leads_to if linked else number
    decided, class_id = edition.codes.find(target)
    return Place(linked or decided, target, class_id if decided or not linked else UNDECIDED_CLASS)


def answer_at(edition: Edition, index: BlindIndex, place: Place, *, account: bool) -> Answer | None:
    """Return the answer at a place; ``None`` for a code that is not known.

    Every answer is made, whichever is given: for one that is not known the class of a neighbour is read and the
    handle of a stranger is made, so that it costs what a known one costs.
    """
    number = edition.number
    read = edition.classes.read(max(place.class_id, 0)) if edition.classes.n_classes else None
    yes = Answer("yes", number, index.handle(place.number), read)
    undecided = Answer("undecided", number)
    no = Answer("no", number) if edition.found.answers_no else undecided
    decided = undecided if place.class_id == UNDECIDED_CLASS or read is None else yes
    stranger = no if account else None
    return decided if place.known else stranger


def neighbour(edition: Edition, number: int) -> AnswerClass | None:
    """Return the class of whoever stands next to a keyed hash, spread as classes are spread among people."""
    if not edition.classes.n_classes:
        return None
    return edition.classes.read(max(edition.codes.find(number)[1], 0))
