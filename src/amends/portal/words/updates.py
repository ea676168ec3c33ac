"""What changed from edition to edition, newest first, stated plainly; also that an earlier number was too low."""

from __future__ import annotations

from dataclasses import replace

from amends.portal.shapes import Determination, EditionFigures
from amends.portal.words.document import Document, Section, compose, compose_section, source
from amends.portal.words.facts import Facts
from amends.portal.words.figures import changed
from amends.portal.words.language import day_words, number_words, people_words
from amends.portal.words.lists import terms
from amends.portal.words.order import capital, gravest_first, plural


def compose_updates(found: Determination, facts: Facts) -> Document:
    """Return the page of updates: one section an edition."""
    whole = compose("updates", facts)
    entry = source("updates", facts.language)["entry"]
    before = (None, *found.editions[:-1])
    entries = tuple(
        _entry(entry, facts, earlier, now)
        for earlier, now in reversed(list(zip(before, found.editions, strict=True)))
    )
    return replace(whole, sections=(*entries, *whole.sections))


def _entry(
    entry: dict[str, object], facts: Facts, before: EditionFigures | None, now: EditionFigures
) -> Section:
    language = facts.language
    earlier = before.n_persons if before else 0
    values = {
        "edition": str(now.edition),
        "released_on": day_words(now.released_on, language),
        "people": people_words(now.n_persons, language),
        "earlier": people_words(earlier, language),
        "n_first": people_words(now.n_first, language),
        "n_more": people_words(now.n_more, language),
    }
    new, other = _elements(before, now, language)
    tests = {
        "is_first": before is None,
        "is_later": before is not None,
        "some_first": before is not None and now.n_first > 0,
        "some_more": now.n_more > 0,
        "too_low": before is not None and earlier < now.n_persons,
        "too_high": earlier > now.n_persons,
        "new_elements": bool(new),
        "other_counts": bool(other),
        "same": before is not None and not (now.n_first or now.n_more or new or other),
    }
    own = Facts(
        language,
        {**facts.values, **values},
        facts.flags | {name for name, holds in tests.items() if holds},
        {
            **facts.lists,
            "new_elements": new,
            "other_counts": other,
            "first_counts": _first(now, language),
        },
        facts.tables,
        facts.offices,
    )
    return compose_section(entry, own, f"edition-{now.edition}")


def _first(now: EditionFigures, language: str) -> tuple[str, ...]:
    """Return the counts of an edition, every element."""
    line = terms(language)["count"]
    return tuple(
        line.format(
            name=capital(plural(e, language)), count=people_words(now.by_element[e], language)
        )
        for e in gravest_first(e for e, n in now.by_element.items() if n)
    )


def _elements(
    before: EditionFigures | None, now: EditionFigures, language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return lines on elements named for the first time, and on those whose number changed."""
    if before is None:
        return (), ()
    words = terms(language)
    new: list[str] = []
    other: list[str] = []
    differ = changed(before, now)
    for element in gravest_first(differ):
        earlier, present = differ[element]
        name = capital(plural(element, language))
        if earlier == 0:
            new.append(words["count"].format(name=name, count=people_words(present, language)))
        else:
            line = words["raised" if present > earlier else "lowered"]
            other.append(
                line.format(
                    name=name,
                    count=people_words(present, language),
                    earlier=number_words(earlier),
                )
            )
    return tuple(new), tuple(other)
