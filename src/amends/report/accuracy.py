"""What a reviewed sample says: false-notify and missed-notify rates with intervals, per stratum and in all.

Where two reviewers differ on a unit, the worse answer counts until they agree: a rate that goes to a court must not be
better than its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.kernel.case import Case
from amends.report import intervals, quality
from amends.report.intervals import Share, Stratum
from amends.report.quality import MISSING, RIGHT, WRONG, Answer, Layer, Sample

WHY = (
    "Clopper-Pearson: covers the true rate at least as often as it says, also near 0 and 1; over strata, on the "
    "effective sample size (Korn and Graubard)"
)
_WORSE = {RIGHT: 0, MISSING: 1, WRONG: 2}


@dataclass(frozen=True)
class LayerResult:
    """What was found in one stratum.

    Attributes:
        layer: The stratum.
        n: Units answered.
        right: Of these, right.
        wrong: Wrong: told (found) but should not be.
        missing: Something is missing: not told but should be, or told without an element.
        share_wrong: With interval.
        share_missing: With interval.
    """

    layer: Layer
    n: int
    right: int
    wrong: int
    missing: int
    share_wrong: Share
    share_missing: Share


@dataclass(frozen=True)
class Accuracy:
    """What a sample says.

    Attributes:
        sample: The sample.
        answered: Units with an answer.
        reviewers: Who answered, and how many units.
        disagreed: Units on which two reviewers differ.
        strata: One result a stratum.
        false_notify: Share of those told who should not be.
        incomplete: Share of those told whose notice lacks something.
        missed_notify: Share of those who should be told who are not; None where nothing was drawn from the others.
    """

    sample: Sample
    answered: int
    reviewers: dict[str, int]
    disagreed: int
    strata: tuple[LayerResult, ...]
    false_notify: Share
    incomplete: Share
    missed_notify: Share | None

    @property
    def precision(self) -> Share:
        """Return the share of those told who are rightly told."""
        return _other_side(self.false_notify)

    @property
    def recall(self) -> Share | None:
        """Return the share of those who should be told who are."""
        return None if self.missed_notify is None else _other_side(self.missed_notify)

    def as_json(self) -> dict[str, object]:
        """Return it as it is exported."""
        recall, missed = self.recall, self.missed_notify
        made = self.sample
        return {
            "sample": made.sample_id,
            "of": made.of,
            "method": made.method,
            "seed": made.seed,
            "run": made.run,
            "drawn_at": made.made_at,
            "drawn_by": made.by,
            "n": made.n,
            "answered": self.answered,
            "reviewers": self.reviewers,
            "disagreed": self.disagreed,
            "interval": intervals.METHOD,
            "interval_why": WHY,
            "level": intervals.LEVEL,
            "false_notify": self.false_notify.as_json(),
            "missed_notify": missed.as_json() if missed else None,
            "incomplete": self.incomplete.as_json(),
            "precision": self.precision.as_json(),
            "recall": recall.as_json() if recall else None,
            "strata": [_layer_json(s) for s in self.strata],
        }


def _layer_json(result: LayerResult) -> dict[str, object]:
    return {
        "stratum": result.layer.name,
        "told": result.layer.told,
        "size": result.layer.size,
        "drawn": result.layer.n,
        "answered": result.n,
        "right": result.right,
        "wrong": result.wrong,
        "missing": result.missing,
        "wrong_low": round(result.share_wrong.low, 6),
        "wrong_high": round(result.share_wrong.high, 6),
        "missing_low": round(result.share_missing.low, 6),
        "missing_high": round(result.share_missing.high, 6),
    }


def _other_side(share: Share) -> Share:
    rest = None if share.share is None else 1 - share.share
    return Share(share.n, share.n - share.hits, rest, 1 - share.high, 1 - share.low)


def accuracy(case: Case, sample_id: str) -> Accuracy:
    """Return what the answers to a sample say so far.

    Raises:
        UsageError: There is no such sample.
    """
    made = quality.sample(case, sample_id)
    said = quality.answers(case, sample_id)
    return estimate(made, quality.units(case, sample_id), said)


def estimate(made: Sample, units: list[tuple[int, str, str]], said: list[Answer]) -> Accuracy:
    """Return the rates of a sample from its units and answers."""
    by_place: dict[int, list[str]] = {}
    reviewers: dict[str, int] = {}
    for one in said:
        by_place.setdefault(one.place, []).append(one.answer)
        reviewers[one.by] = reviewers.get(one.by, 0) + 1
    counts = {layer.name: dict.fromkeys(_WORSE, 0) for layer in made.strata}
    for place, _, name in units:
        if place in by_place:
            counts[name][max(by_place[place], key=_WORSE.__getitem__)] += 1
    results = tuple(_result(layer, counts[layer.name]) for layer in made.strata)
    told = [r for r in results if r.layer.told]
    others = [r for r in results if not r.layer.told]
    false = intervals.weighted_share([Stratum(r.layer.size, r.n, r.wrong) for r in told])
    return Accuracy(
        sample=made,
        answered=len(by_place),
        reviewers=dict(sorted(reviewers.items())),
        disagreed=sum(len(set(a)) > 1 for a in by_place.values()),
        strata=results,
        false_notify=false,
        incomplete=intervals.weighted_share([Stratum(r.layer.size, r.n, r.missing) for r in told]),
        missed_notify=_missed(told, others) if made.of != "findings" else None,
    )


def _result(layer: Layer, counts: dict[str, int]) -> LayerResult:
    n = sum(counts.values())
    return LayerResult(
        layer, n, counts[RIGHT], counts[WRONG], counts[MISSING],
        intervals.share_of(counts[WRONG], n, layer.size),
        intervals.share_of(counts[MISSING], n, layer.size),
    )  # fmt: skip


def _missed(told: list[LayerResult], others: list[LayerResult]) -> Share | None:
    """Return the share of those who should be told who are not.

    Missed ÷ (rightly told + missed), each estimated from its own strata at half the doubt, so that both hold together
    at least as often as the level says (Bonferroni).
    """
    if not others:
        return None
    half = 1 - (1 - intervals.LEVEL) / 2
    n_told, n_other = sum(r.layer.size for r in told), sum(r.layer.size for r in others)
    wrong = intervals.weighted_share([Stratum(r.layer.size, r.n, r.wrong) for r in told], half)
    missed = intervals.weighted_share([Stratum(r.layer.size, r.n, r.missing) for r in others], half)
    low, high = intervals.ratio_bounds(
        (missed.low * n_other, missed.high * n_other),
        ((1 - wrong.high) * n_told, (1 - wrong.low) * n_told),
    )
    share = None
    if missed.share is not None and wrong.share is not None:
        lost, told_right = missed.share * n_other, (1 - wrong.share) * n_told
        share = lost / (lost + told_right) if lost + told_right else 0.0
    hits = sum(r.missing for r in others)
    return Share(sum(r.n for r in others), hits, share, low, high)
