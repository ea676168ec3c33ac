"""The lists and tables of public texts: elements with their counts, groups of people, offers, states, advice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from amends.portal.shapes import Determination
from amends.portal.words.figures import EXPOSURES, by_exposure, persons_of
from amends.portal.words.frame import TEXTS
from amends.portal.words.language import day_words, joined, number_words, people_words
from amends.portal.words.order import capital, gravest_first, plural
from amends.taxonomy import reference
from amends.taxonomy.elements import elements
from amends.taxonomy.gravity import CREDIT, MONEY, PASSWORDS

_OPEN, _CLOSE = (
    "\ue000",
    "\ue001",
)  # stand for square brackets in words that are not ours, so that they make no link


def literal(value: object) -> object:
    """Return a value whose brackets are no markup."""
    return value.replace("[", _OPEN).replace("]", _CLOSE) if isinstance(value, str) else value


def unmarked(text: str) -> str:
    """Return a text with its literal brackets."""
    return text.replace(_OPEN, "[").replace(_CLOSE, "]")


@cache
def terms(language: str) -> Mapping[str, str]:
    """Return the small words and lines of lists."""
    raw: dict[str, str] = tomllib.loads((TEXTS / language / "terms.toml").read_text("utf-8"))
    return raw


@cache
def _population_words(language: str) -> Mapping[str, str]:
    raw: dict[str, str] = tomllib.loads((TEXTS / language / "populations.toml").read_text("utf-8"))
    return raw


def ruled_out(found: Determination) -> tuple[str, ...]:
    """Return the elements of which texts may say that they were not in the data; none while anything is unread."""
    if found.incident.n_items_unread:
        return ()
    named = {e for e, n in found.edition.by_element.items() if n}
    return gravest_first(found.incident.not_exposed - named)


def lists_of(found: Determination, language: str) -> dict[str, tuple[str, ...]]:
    """Return every list of lines that a text may show."""
    exposures = by_exposure(found)
    counted = {
        "elements": found.edition.by_element,
        **{e: exposures.get(e, {}) for e in EXPOSURES},
        "encrypted": persons_of(found, lambda e: e.encrypted),
        "possible": persons_of(found, lambda e: e.possible),
    }
    made = {name: _counted(counts, language) for name, counts in counted.items()}
    return made | {
        "not_exposed": tuple(capital(plural(e, language)) for e in ruled_out(found)),
        "populations": _populations(found, language),
        "offers": _offers(found, language),
        "advice": _advice(found, language),
        "protection": tuple(terms(language)[a] for a in found.protection if a in terms(language)),
    }


def _counted(counts: Mapping[str, int], language: str) -> tuple[str, ...]:
    shown = gravest_first(e for e, n in counts.items() if n)
    line = terms(language)["count"]
    return tuple(
        line.format(name=capital(plural(e, language)), count=people_words(counts[e], language))
        for e in shown
    )


def _populations(found: Determination, language: str) -> tuple[str, ...]:
    """Return the groups of people with their sizes; groups without a name in this language are told together."""
    words = _population_words(language)
    sizes: dict[str, int] = {}
    for code, n in found.incident.populations.items():
        name = words.get(code or "unknown", words["other"])
        sizes[name] = sizes.get(name, 0) + n
    ranked = sorted(sizes.items(), key=lambda p: (p[0] == words["other"], -p[1], p[0]))
    line = terms(language)["count"]
    return tuple(line.format(name=capital(name), count=number_words(n)) for name, n in ranked if n)


def _offers(found: Determination, language: str) -> tuple[str, ...]:
    offers = {c.offer: None for c in found.classes if c.offer is not None and c.n_persons}
    words = terms(language)
    return tuple(
        words["offer" if o.product else "offer_unnamed"].format(
            months=o.months, product=literal(o.product), day=day_words(o.enrol_by_on, language)
        )
        for o in sorted(offers, key=lambda o: (-o.months, o.product, o.enrol_by_on))
    )


def _advice(found: Determination, language: str) -> tuple[str, ...]:
    """Return what helps for each element, one line an advice, naming those that it serves; what can be done first."""
    by_advice: dict[str, list[str]] = {}
    shown = gravest_first(e for e, n in found.edition.by_element.items() if n)
    for element in sorted(shown, key=_urgency):
        known = elements().get(element)
        if known:
            by_advice.setdefault(known.advice[language], []).append(plural(element, language))
    line = terms(language)["advice"]
    return tuple(
        line.format(elements=capital(joined(names, language)), advice=advice)
        for advice, names in by_advice.items()
    )


def _urgency(element: str) -> int:
    groups = (PASSWORDS, CREDIT, MONEY)
    return next((rank for rank, those in enumerate(groups) if element in those), len(groups))


def tables_of(found: Determination, language: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return every table that a text may show."""
    counts, known = found.edition.by_element, elements()
    shown = gravest_first(e for e, n in counts.items() if n)
    harm = {e: known[e].harm[language] if e in known else "" for e in shown}
    return {
        "elements": tuple(
            (capital(plural(e, language)), harm[e], number_words(counts[e])) for e in shown
        ),
        "states": _states(found.edition.by_residence, language),
    }


def _states(by_residence: Mapping[str, int], language: str) -> tuple[tuple[str, str], ...]:
    """Return states with their people, the most first; then those abroad together, then those of whom none is known."""
    known, words = _places(language), terms(language)
    states = {known[s[3:]]: n for s, n in by_residence.items() if s[:3] == "US-" and s[3:] in known}
    unknown = by_residence.get("", 0)
    abroad = sum(by_residence.values()) - sum(states.values()) - unknown
    ranked = sorted(states.items(), key=lambda s: (-s[1], s[0]))
    rows = (*ranked, (words["abroad"], abroad), (words["no_state"], unknown))
    return tuple((name, number_words(n)) for name, n in rows if n)


@cache
def _places(language: str) -> Mapping[str, str]:
    rows = reference.rows("state_names")
    own = {r["usps"]: r["spanish"].split(";")[0] if language == "es" else "" for r in rows}
    return {r["usps"]: own[r["usps"]] or r["name"] for r in rows}
