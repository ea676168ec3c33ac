"""The views of the random sample: draw, look, and what it says."""

from __future__ import annotations

from amends.console.base import Facts, Missing, Visit, action, page
from amends.console.release.press import press
from amends.console.review.cards import card_of, person_card
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.report import accuracy, intervals
from amends.report import quality as samples
from amends.report.accuracy import Accuracy

PAGE = "/review/quality"


@page(PAGE, name="quality", area="review", template="review/samples.html", rows="samples")
def overview(visit: Visit) -> Facts:
    """List the samples drawn, with what they say."""
    with visit.case() as case:
        found = [accuracy.accuracy(case, s.sample_id) for s in samples.samples(case)]
    return {
        "samples": [one.as_json() for one in found],
        "none_in": [(n, round(100 * intervals.largest_with_none(n), 1)) for n in (30, 60, 150, 300, 600)],
        "may_decide": visit.may("review", act=True),
        "_frames": list(samples.FRAMES.values()),
        "_run": visit.desk.run_id(),
    }  # fmt: skip


@action(f"{PAGE}/draw", name="quality_draw", area="review")
def draw(visit: Visit) -> str:
    """Draw a sample."""
    with visit.alone() as case:
        made = samples.draw(
            case, visit.form("of"), visit.number("n", 0), visit.user.shown,
            seed=visit.form("seed", limit=40), method=visit.form("method", "stratified"),
        )  # fmt: skip
    visit.say(f"Drawn: {made.n} of {made.of}, seed {made.seed}.")
    return f"{PAGE}/{made.sample_id}"


@page(
    f"{PAGE}/{{sample}}",
    name="quality_result",
    area="review",
    template="review/result.html",
    rows="strata",
)
def result(visit: Visit) -> Facts:
    """Show what a sample says so far, with its intervals."""
    with visit.case() as case:
        found = accuracy.accuracy(case, visit.path("sample"))
        todo = _next_open(case, found, visit.user.shown)
    return {
        **found.as_json(),
        "next": todo,
        "may_decide": visit.may("review", act=True),
        "_older": found.sample.run != visit.desk.run_id(),
    }


@page(
    f"{PAGE}/{{sample}}/{{place}}", name="quality_unit", area="review", template="review/unit.html"
)
def unit(visit: Visit) -> Facts:
    """Show one unit of a sample, masked, with the answers a reviewer may give."""
    with visit.case() as case:
        return _unit(visit, case, reveal=False)


def _unit(visit: Visit, case: Case, *, reveal: bool) -> dict[str, object]:
    sample_id, place = visit.path("sample"), _place(visit)
    made = samples.sample(case, sample_id)
    units = {p: (unit, layer) for p, unit, layer in samples.units(case, sample_id)}
    if place not in units:
        raise Missing("There is no such unit in this sample", remedy="go back to the sample")
    name, layer = units[place]
    said = [a for a in samples.answers(case, sample_id) if a.place == place]
    told = next(s.told for s in made.strata if s.name == layer)
    mine = next((a for a in said if a.by == visit.user.shown), None)
    answered = {a.place for a in samples.answers(case, sample_id) if a.by == visit.user.shown}
    open_places = [p for p in units if p not in answered and p != place]
    after = next((p for p in open_places if p > place), open_places[0] if open_places else 0)
    return {
        "sample": sample_id,
        "of": made.of,
        "place": place,
        "n": len(units),
        "done": len(answered),
        "unit": name,
        "stratum": layer,
        "told": told,
        "answer": mine.answer if mine else "",
        # What others said stays hidden until one has answered oneself: two looks are worth two only if they are apart.
        "others": [a for a in said if a is not mine] if mine else [],
        "next": after,
        "revealed": reveal,
        "seen": _shown(case, made.of, name, reveal),
        "older_run": made.run != visit.desk.run_id(),
        "may_decide": visit.may("review", act=True),
        "may_unmask": visit.may("unmask", act=True),
        "_answers": _offered(made.of, told),
        "_last": next(
            (a.place for a in samples.answers(case, sample_id)[::-1] if a.by == visit.user.shown), 0
        ),
    }


def _shown(case: Case, of: str, name: str, reveal: bool) -> object:
    if of == "persons":
        return person_card(case, name, reveal=reveal)
    return card_of(case, of, name, reveal=reveal)


def _offered(of: str, told: bool) -> list[tuple[str, str, str]]:
    """Return answer, words and key."""
    if of == "persons" and told:
        return [
            (samples.RIGHT, "Right: to be told, of all of these and no more", "1"),
            (samples.WRONG, "Wrong: not to be told, or not of all of these", "2"),
            (samples.MISSING, "Missing: more of this person was exposed", "3"),
        ]
    if of == "persons":
        return [
            (samples.RIGHT, "Right: not to be told", "1"),
            (samples.MISSING, "Missed: should be told", "3"),
        ]
    if told:
        return [
            (samples.RIGHT, "Right: it is what Amends says", "1"),
            (samples.WRONG, "Wrong: it is not", "2"),
        ]
    return [
        (samples.RIGHT, "Right: nothing personal", "1"),
        (samples.MISSING, "Missed: it holds personal data", "3"),
    ]


def _place(visit: Visit) -> int:
    text = visit.path("place")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Missing("There is no such unit in this sample", remedy="go back to the sample")
    return int(text)


def _next_open(case: Case, found: Accuracy, by: str) -> int:
    done = {a.place for a in samples.answers(case, found.sample.sample_id) if a.by == by}
    places = [p for p, _, _ in samples.units(case, found.sample.sample_id)]
    return next((p for p in places if p not in done), 0)


@action(f"{PAGE}/{{sample}}/{{place}}/answer", name="quality_answer", area="review")
def answer(visit: Visit) -> str:
    """Record what a reviewer says of a unit, and go to the next."""
    sample_id, after = visit.path("sample"), visit.number("next", 0)
    with visit.case() as case:
        samples.answer(
            case,
            sample_id,
            _place(visit),
            visit.form("answer"),
            visit.user.shown,
            visit.form("note"),
        )
    if visit.form("answer") == samples.TAKEN_BACK:
        visit.say("Your answer is taken back.")
        return f"{PAGE}/{sample_id}/{_place(visit)}"
    return f"{PAGE}/{sample_id}/{after}" if after else f"{PAGE}/{sample_id}"


@action(
    f"{PAGE}/{{sample}}/{{place}}/reveal",
    name="quality_reveal",
    area="unmask",
    template="review/unit.html",
)
def reveal(visit: Visit) -> Facts:
    """Show a unit in full, once, for a reason that the ledger keeps."""
    reason = visit.form("reason", limit=300)
    if len(reason) < 4:
        raise UsageError("Say why you need to see it", remedy="a few words: the ledger keeps them")
    with visit.case() as case, press():
        facts = _unit(visit, case, reveal=True)
    visit.note(
        "reveal", view="quality", sample=facts["sample"], place=facts["place"], reason=reason
    )
    return facts
