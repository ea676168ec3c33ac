"""The figures of public texts, counted from the answers, and whether the released figures agree with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from amends.portal.shapes import Determination, EditionFigures, Exposed

EXPOSURES = ("taken", "seen", "exposed")


def persons_of(found: Determination, holds: Callable[[Exposed], bool]) -> Mapping[str, int]:
    """Return element -> persons whose answer names it in a way that holds."""
    counts: Counter[str] = Counter()
    for one in found.classes:
        for element in {e.element for e in one.elements if holds(e)}:
            counts[element] += one.n_persons
    return {element: n for element, n in counts.items() if n}


def by_exposure(found: Determination) -> Mapping[str, Mapping[str, int]]:
    """Return exposure -> element -> persons; exposures of nobody are left out."""
    made: dict[str, Mapping[str, int]] = {}
    for exposure in EXPOSURES:
        counts = persons_of(found, lambda e, wanted=exposure: e.exposure == wanted)  # type: ignore[misc]  # bound early
        if counts:
            made[exposure] = counts
    return made


def changed(before: EditionFigures, now: EditionFigures) -> Mapping[str, tuple[int, int]]:
    """Return element -> persons before and now, where the two differ."""
    names = (*before.by_element, *now.by_element)
    pairs = {e: (before.by_element.get(e, 0), now.by_element.get(e, 0)) for e in names}
    return {e: (a, b) for e, (a, b) in pairs.items() if a != b}


def disagreements(found: Determination) -> tuple[str, ...]:
    """Return where the released figures and the answers differ, one sentence each; empty when all agree.

    Source:
        REQUIREMENTS R5 and R7: public numbers are computed, and every text comes from one frozen determination.
    """
    edition = found.edition
    made: list[str] = []
    answered = sum(c.n_persons for c in found.classes)
    if answered != edition.n_persons:
        made.append(f"the edition tells {edition.n_persons} persons, the answers {answered}")
    counted = persons_of(found, lambda e: True)
    made += [
        f"{element}: {edition.by_element.get(element, 0)} persons in the figures, "
        f"{counted.get(element, 0)} in the answers"
        for element in sorted({*counted, *edition.by_element})
        if counted.get(element, 0) != edition.by_element.get(element, 0)
    ]
    ruled_out = found.incident.not_exposed & counted.keys()
    made += [
        f"{element}: said not to be in the data, and answers name it"
        for element in sorted(ruled_out)
    ]
    return tuple(made)
