"""Sentences on what was read and what left: one a store, and one for all stores that share a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from amends.taxonomy.elements import elements
from amends.timeline.narrative import LIKELY, PROVED, UNSAID, counted, listed, standing_of
from amends.timeline.statements_repeats import again_said, days_words, parted
from amends.timeline.statements_shape import Statement, Story, step_said
from amends.timeline.statements_steps import by_words
from amends.timeline.taken_grounds import OPEN_END, reasons
from amends.timeline.taken_sources import Step

Row = dict[str, Any]
Group = tuple[Row, list[str]]
"""A table of a store, and its elements with the same numbers and proofs."""

_READ = "What did they read?"
_LEFT = "What left, how much, and where to?"
_TABLES_TOLD = 12
_STORES_TOLD = 3
_SAME = (
    "store", "table", "unit", "lower", "best", "upper", "accessed_proof", "acquired_proof", "read_rows",
)  # fmt: skip


def grouped(taken: list[Row]) -> list[Group]:
    """Return one row a table with its elements: elements with the same numbers and proofs go together."""
    made: dict[tuple[Any, ...], Group] = {}
    for row in taken:
        key = tuple(row[k] for k in _SAME)
        made.setdefault(key, (row, []))[1].append(row["element"])
    return list(made.values())


def element_words(codes: Iterable[str]) -> str:
    """Return elements in plain words."""
    known = elements()
    return listed(
        (known[c].names["en", "plural"] if c in known else c.replace("_", " ") for c in codes), 20
    )


def read(story: Story) -> Iterator[Statement]:
    """Yield what was read: proved a store each, then what cannot be excluded by its reason, then what was not read."""
    groups = grouped(story.taken)
    proved = _by_store(g for g in groups if g[0]["accessed_proof"] == PROVED)
    steps = [s for s in story.steps if s.phase == "collection"]
    told: set[str] = set()
    together: dict[tuple[str, tuple[str, ...]], tuple[list[str], tuple[Step, ...]]] = {}
    for store in proved:
        mine = tuple(s for s in steps if _is_at(story, s, store))
        told |= {s.hop_id for s in mine}
        host = story.naming.host_of(store) if mine else store
        together.setdefault((host, tuple(s.hop_id for s in mine)), ([], mine))[0].append(store)
    made = [
        _store_read(story, stores, [g for s in stores for g in proved[s]], mine)
        for stores, mine in together.values()
    ]
    yield from sorted(made, key=lambda s: s.standing != PROVED)
    doubtful = tuple(step for s in made if s.standing != PROVED for step in s.steps)
    if doubtful:
        words = "Every one of these reads is in a log; where it says so, it is likely that the reader was the intruder."
        yield Statement(_READ, words, LIKELY, doubtful)
    fresh, again = parted(s for s in steps if s.hop_id not in told)
    for step in fresh:
        yield step_said(_READ, story, step)
    yield from again_said(_READ, again)
    for why, found in _by_reason(g for g in groups if g[0]["accessed_proof"] == "not_excluded"):
        sentence = f"It cannot be excluded that {_verb(found)} read: {_places(story, found, _upto)}; {_hold(found)}."
        yield Statement(_READ, " ".join((sentence, *why)), UNSAID, (), _ids(found))
    for why, found in _by_reason(g for g in groups if g[0]["accessed_proof"] == "excluded"):
        sentence = f"The intruder did not read {_places(story, found, None)}; {_hold(found)}."
        yield Statement(_READ, " ".join((sentence, *why)), PROVED, (), _ids(found))


def _is_at(story: Story, step: Step, store: str) -> bool:
    ends = {step.destination, str(step.row["destination"] or "").lower()}
    return store.lower() in ends or story.naming.host_of(store) in ends


def _store_read(
    story: Story, stores: list[str], found: list[Group], steps: tuple[Step, ...]
) -> Statement:
    """Return what was read of a store, or of stores of one host: rows of each table, when, as whom, what they hold.

    The logs prove the read; where no step on its host is more than likely the intruder's, so is this.
    """
    best = max((s.row["confidence"] or 0.0 for s in steps), default=1.0)
    standing = PROVED if standing_of(best) == PROVED else LIKELY
    shown = [s for s in steps if standing == LIKELY or standing_of(s.row["confidence"]) == PROVED]
    found = sorted(found, key=lambda g: -(g[0]["read_rows"] or 0))
    amounts = [_amount(row, alone=len(stores) == 1) for row, _ in found]
    where = listed([*stores[:-1], story.naming.store(stores[-1])]) + _how(shown)
    said = f"the intruder read from {where}: {listed(amounts, _TABLES_TOLD)}; {_hold(found)}."
    when = f"on {story.clock.utc(min(s.at for s in shown))}, " if shown else ""
    later = days_words(s.at for s in shown[1:] if s.at.date() != shown[0].at.date())
    tail = f" Further reads were on {later}." if later else ""
    if standing == LIKELY:
        sentence = f"It is likely that {when}{said}{tail}"
    else:
        sentence = (when + said)[:1].upper() + (when + said)[1:] + tail
    return Statement(_READ, sentence, standing, steps, _ids(found))


def _how(steps: list[Step]) -> str:
    """Return as whom and how, where all steps agree or few differ."""
    who = list(dict.fromkeys(s.account for s in steps if s.account))
    how = list(dict.fromkeys(by_words(s.how) for s in steps if by_words(s.how)))
    return (f" as {listed(who, 4)}" if who else "") + (how[0] if len(how) == 1 else "")


def _amount(row: Row, *, alone: bool) -> str:
    of = row["table"] if row["table"] and row["table"].lower() != row["store"].lower() else ""
    of = of or ("" if alone else row["store"])
    if not row["read_rows"]:
        return f"{of or row['store']} (how much, no log says)"
    return counted(row["read_rows"], row["unit"]) + (f" of {of}" if of else "")


def left(story: Story) -> Iterator[Statement]:
    """Yield what left: packing, sending, proved rows a store each, then what cannot be excluded by reason."""
    fresh, again = parted(s for s in story.steps if s.phase in ("staging", "exfiltration"))
    for step in fresh:
        yield step_said(_LEFT, story, step)
    yield from again_said(_LEFT, again)
    groups = [g for g in grouped(story.taken) if g[0]["accessed_proof"] != "excluded"]
    yield from _proved_left(story, [g for g in groups if g[0]["acquired_proof"] == PROVED])
    doubtful = [g for g in groups if g[0]["acquired_proof"] == "not_excluded"]
    for likely in (True, False):
        for why, found in _by_reason(
            (g for g in doubtful if bool(g[0]["best"]) == likely), reads=False
        ):
            head = "It cannot be excluded that this left" + (
                " too, and it was likely read" if likely else ""
            )
            sentence = f"{head}: {_places(story, found, None, total=True)}."
            yield Statement(
                _LEFT, " ".join((sentence, *why)), LIKELY if likely else UNSAID, (), _ids(found)
            )
    for why, found in _by_reason(
        (g for g in groups if g[0]["acquired_proof"] == "excluded"), reads=False
    ):
        sentence = f"Nothing left of {_places(story, found, None)}."
        yield Statement(_LEFT, " ".join((sentence, *why)), PROVED, (), _ids(found))
    if doubtful and story.steps and story.dates.contained_at is None:
        sentence = f"How much more may have left later cannot be said. {OPEN_END}"
        yield Statement(_LEFT, sentence, UNSAID)


def _proved_left(story: Story, groups: list[Group]) -> Iterator[Statement]:
    """Yield a sentence for each of a few stores; of many, one with what left of each in all."""
    stores = _by_store(groups)
    if len(stores) > _STORES_TOLD:
        sentence = f"It is proved that data left: {_places(story, groups, None, total=True)}; {_hold(groups)}."
        yield Statement(_LEFT, sentence, PROVED, (), _ids(groups))
        return
    for store, found in stores.items():
        parts = [f"{r['table'] or 'all of it'} ({bounds_words(r)})" for r, _ in found]
        where = story.naming.store(store)
        sentence = f"From {where} left: {listed(parts, _TABLES_TOLD)}; {_hold(found)}."
        yield Statement(_LEFT, sentence, PROVED, (), _ids(found))


def _by_store(groups: Iterable[Group]) -> dict[str, list[Group]]:
    made: dict[str, list[Group]] = {}
    for group in groups:
        made.setdefault(group[0]["store"], []).append(group)
    return made


def _by_reason(
    groups: Iterable[Group], *, reads: bool = True
) -> list[tuple[tuple[str, ...], list[Group]]]:
    """Return groups by the reasons their grounds give, the reason of most stores first."""
    made: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        made.setdefault(reasons(group[0]["grounds"] or "", reads=reads), []).append(group)
    return sorted(made.items(), key=lambda item: -len(item[1]))


def _verb(found: list[Group]) -> str:
    return "this was" if len(found) == 1 else "these were"


def _hold(found: list[Group]) -> str:
    """Return what the tables hold, every element once."""
    codes = list(dict.fromkeys(c for _, more in found for c in more))
    known = elements()
    codes.sort(key=lambda c: known[c].names["en", "plural"].lower() if c in known else c)
    return f"{'it holds' if len(found) == 1 else 'they hold'} {element_words(codes)}"


def _upto(row: Row) -> str:
    return (
        "how many is not known"
        if row["upper"] is None
        else f"up to {counted(row['upper'], row['unit'])}"
    )


def _places(
    story: Story, found: list[Group], amount: Callable[[Row], str] | None, *, total: bool = False
) -> str:
    """Return the tables of each store with their amounts, or stores with the amounts of all their tables."""
    said = []
    for store, mine in _by_store(found).items():
        where = story.naming.store(store)
        if total:
            said.append(f"from {where} {totals_words([row for row, _ in mine])}")
            continue
        tables = []
        for row, _ in mine:
            name = row["table"] if row["table"] and row["table"].lower() != store.lower() else ""
            words = amount(row) if amount else ""
            tables.append(f"{name} ({words})" if name and words else name or words)
        inside = listed(tables, _TABLES_TOLD)
        said.append(
            where
            if not inside
            else f"{inside} in {where}"
            if any(r["table"] and r["table"].lower() != store.lower() for r, _ in mine)
            else f"{where} ({inside})"
        )
    return ("; " if total else ", ").join(said) if total or len(said) > 2 else listed(said, 40)


def totals_words(rows: list[Row]) -> str:
    """Return the three numbers of several tables together, a unit at a time."""
    by_unit: dict[str, list[Row]] = {}
    for row in rows:
        by_unit.setdefault(row["unit"] or "rows", []).append(row)
    said = []
    for unit, mine in by_unit.items():
        upper = None if any(r["upper"] is None for r in mine) else sum(r["upper"] for r in mine)
        whole = {
            "unit": unit,
            "upper": upper,
            "lower": sum(r["lower"] for r in mine),
            "best": sum(r["best"] for r in mine),
        }
        of = f" in {len(mine)} tables" if len(mine) > 1 else ""
        said.append(bounds_words(whole) + of)
    return " and ".join(said)


def bounds_words(row: Row) -> str:
    """Return the three numbers of a row of ``taken`` in words."""
    lower, best, upper, unit = row["lower"], row["best"], row["upper"], row["unit"] or "rows"
    if upper is None:
        known = [f"at least {lower:,}"] * bool(lower) + [
            f"most likely {counted(best, unit)}"
        ] * bool(best)
        return ", ".join([*known, "no upper bound is known"])
    if lower == best == upper:
        return f"exactly {counted(best, unit)}"
    if not best:
        return f"up to {counted(upper, unit)}"
    if best == upper:
        least = f"at least {lower:,}, " if lower else ""
        return f"{least}most likely all {counted(upper, unit)}"
    least = f"at least {lower:,}, " if lower else ""
    return f"{least}most likely {best:,}, at most {counted(upper, unit)}"


def _ids(found: Iterable[Group]) -> tuple[int, ...]:
    return tuple(i for row, _ in found for i in row["event_ids"] or ())
