"""What may be said of a sample: ours, partly ours, recombined, invented, not ours, undecided; and on what grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from amends.vault.sample.match import Matched
from amends.vault.sample.traits import COMPANY_OWN, STRONG, Traits

OURS_SHARE = 0.8
"""Of rows that can be compared: a sample of one copy of a store matches nearly whole, and typing faults, moves and
changed numbers take a few in a hundred; a fifth leaves room for stores that are missing from the index."""

BEYOND_CHANCE = 10
"""Times as many rows as chance would give before a match is called one; and at least two rows."""

FEW = 0.5
"""Below this share of agreement, a column of otherwise matching rows is not the one we hold."""

SIGN = 0.2
"""Share from which a sign of invention counts: real stores hold a few in a hundred of each."""

_SHUFFLED = "are ours, but of other people: that column was shuffled or joined on."
_STRANGE = "are not what we hold for these people: made up, changed since, or from elsewhere."


@dataclass(frozen=True)
class TraitAnswer:
    """How one trait of the sample stands to ours.

    Attributes:
        trait: The trait.
        n: Rows that have it.
        known: Share of these whose value is somewhere in ours.
        agree: Share of the joint rows that can be compared in it, where it is the same; null when none can be.
        elsewhere: Share of those that differ, whose value belongs to another record of ours; null when none differs.
    """

    trait: str
    n: int
    known: float
    agree: float | None
    elsewhere: float | None


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        verdict: ours, partly_ours, recombined, invented, not_ours, undecided.
        because: Sentences a person reads.
        rows: Rows of the sample.
        comparable: Rows with two traits that we hold too.
        joint: Rows of which two traits stand together in one record of ours.
        scattered: Rows of which two strong traits are ours, but of different people.
        by_chance: Rows expected to be joint by chance.
        traits: One answer a trait.
    """

    verdict: str
    because: tuple[str, ...]
    rows: int
    comparable: int
    joint: int
    scattered: int
    by_chance: float
    traits: tuple[TraitAnswer, ...]


def judge(sample: Traits, matched: Matched, signs: Mapping[str, float]) -> Verdict:
    """Say what a sample is.

    Args:
        sample: Its numbers by trait.
        matched: How its rows were matched.
        signs: Signs of invention in words, with the share of values that show them.
    """
    traits = tuple(_answer(name, sample, matched) for name in matched.present)
    comparable = int((matched.n_traits >= 2).sum())
    joint = int(matched.joint.sum())
    strong = np.zeros(matched.n, np.int64)
    for name in matched.present:
        strong += (matched.present[name] > 0) if name in STRONG else 0
    scattered = int(((strong >= 2) & ~matched.joint).sum())
    word, because = _word(comparable, joint, scattered, matched.by_chance, traits, signs)
    return Verdict(
        word, tuple(because), matched.n, comparable, joint, scattered, matched.by_chance, traits
    )


def _answer(name: str, sample: Traits, matched: Matched) -> TraitAnswer:
    n = int((sample[name] != 0).sum())
    known = int((matched.present[name] > 0).sum())
    best = matched.best[matched.joint]
    same, other = matched.agree[name][best], matched.differ[name][best]
    both = int(same.sum() + other.sum())
    strays = matched.present[name][matched.row[best[other]]] > 0
    return TraitAnswer(
        name, n, known / max(n, 1), int(same.sum()) / both if both else None,
        float(strays.mean()) if other.any() else None,
    )  # fmt: skip


def _word(
    comparable: int, joint: int, scattered: int, by_chance: float,
    traits: tuple[TraitAnswer, ...], signs: Mapping[str, float],
) -> tuple[str, list[str]]:  # fmt: skip
    if not comparable:
        return "undecided", [
            "No row has two elements that what we hold has too: there is nothing to compare."
        ]
    if joint >= 2 and joint > BEYOND_CHANCE * by_chance:
        return _matching(comparable, joint, scattered, by_chance, traits)
    if scattered / comparable >= FEW:
        return "recombined", [
            f"In {scattered:,} of {comparable:,} rows two values or more are ours, but of different people: "
            "the rows were put together from pieces."
        ]
    if joint and comparable < 10:
        return "undecided", ["Too few rows match to tell a match from chance: ask for more rows."]
    seen = [f"{words} ({share:.0%})" for words, share in signs.items() if share >= SIGN]
    nothing = f"{joint:,} of {comparable:,} rows match a record of ours; chance alone would give {by_chance:,.1f}."
    if seen:
        return "invented", [nothing, "Signs that the rows were made up: " + "; ".join(seen) + "."]
    return "not_ours", [
        nothing,
        "Nothing in the rows says that they were made up: they may be of another company.",
    ]


def _matching(
    comparable: int, joint: int, scattered: int, by_chance: float, traits: tuple[TraitAnswer, ...]
) -> tuple[str, list[str]]:
    share = joint / comparable
    because = [
        f"In {joint:,} of {comparable:,} rows ({share:.1%}) two elements or more stand together in one record of ours; "
        f"chance alone would give {by_chance:,.1f}."
    ]
    strange = [t for t in traits if t.agree is not None and t.agree < FEW]
    mixed = [t for t in strange if (t.elsewhere or 0) >= FEW]
    because += [f"The values under {t.trait} {_SHUFFLED}" for t in mixed]
    because += [f"The values under {t.trait} {_STRANGE}" for t in strange if t not in mixed]
    if mixed:
        return "recombined", because
    if share >= OURS_SHARE and not strange:
        return "ours", [*because, _own(traits)]
    if scattered:
        because.append(f"{scattered:,} further rows mix values of different people of ours.")
    left = comparable - joint - scattered
    if left:
        because.append(f"{left:,} rows match nothing of ours.")
    return "partly_ours", [*because, _own(traits)]


def _own(traits: tuple[TraitAnswer, ...]) -> str:
    """Say whether what matches is something that only this company gave out."""
    own = [t.trait for t in traits if t.trait in COMPANY_OWN and (t.agree or 0) >= FEW]
    if own:
        return f"Elements that only you gave out match ({', '.join(own)}): no other company's list has them."
    return (
        "Nothing that matches was given out by you alone: another company's list of the same people "
        "could look like this."
    )
