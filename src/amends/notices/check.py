"""Check a composed letter before anybody is shown it: by its tags, and by its words alone.

The words are read from the rendered text, not from what the composer says it did, so that a fault in the template
or in a sentence typed by hand is found too. A fault is a sentence; an empty answer means that the letter may go.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from amends.notices.blocks import element_name
from amends.notices.compose import CODE_SLOT, NOTICE_SLOT, Letter
from amends.notices.plain import as_text
from amends.notices.wording import Wording, element_words, wording
from amends.taxonomy.gravity import PASSWORDS

# Words that leave open what a determination has settled. "could" about the future is no hedge about what happened.
HEDGES: dict[str, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:may|might|could)\s+(?:also\s+|not\s+)?have\b|\b(?:may|might|could)\s+(?:also\s+)?be\s+"
        r"(?:involved|affected|exposed|impacted|included|among|at risk)|\bpotentially\b|\bpossibly\b"
        r"|\bappears?\s+(?:to|that)\b|\bappeared\s+to\b|\bseems?\s+to\b|\bit\s+is\s+possible\s+that\b"
        r"|\bpotential(?:ly)?\s+(?:exposure|access|incident)\b|\bbelieved\s+to\s+(?:be|have)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:puede|pueden|podría|podrían|pudo|pudieron)\s+(?:también\s+|no\s+)?haber(?:se)?\b|\bposiblemente\b"
        r"|\bpotencialmente\b|\bparece(?:n)?\s+(?:que|haber)\b|\bes\s+posible\s+que\b|\bquizás?\b|\btal\s+vez\b"
        r"|\bpodría[n]?\s+(?:estar|verse|ser)\s+(?:afectad|involucrad|expuest)",
        re.IGNORECASE,
    ),
}

# How a breach came about, in words: M.G.L. c. 93H s. 3(b) keeps "the nature of the breach" out of the letter.
NATURE = re.compile(
    r"\b(?:hack(?:ed|er|ers|ing)?|intruders?|attackers?|cyber\w*|ransomware|malware|phish\w*|brute\s+force|exfiltrat\w*"
    r"|unauthori[sz]ed|without\s+permission|gained\s+access|broke\s+in(?:to)?|stole|stolen|thie(?:f|ves)|theft\s+of"
    r"|was\s+taken|were\s+taken|copied|copies\s+of|left\s+open|was\s+opened|cut\s+off\s+the\s+access|acquired\s+by|router|servers?"
    r"|intrus[oa]s?|atacantes?|ciber\w*|sin\s+permiso|sin\s+autorización|robad[oa]s?|fue\s+tomada|copiad[oa]s?|copió|quedó\s+abierta"
    r"|fue\s+abierta|obtuvo\s+acceso|cortamos\s+el\s+acceso)\b",
    re.IGNORECASE,
)
COUNT = re.compile(
    r"\b\d[\d,.]*\s*(?:thousand|million|mil|millones(?:\s+de)?)?\s+(?:of\s+our\s+|de\s+nuestros\s+)?"
    r"(?:people|persons?|individuals?|residents?|customers?|consumers?|users?|personas|residentes|clientes|consumidores|individuos)\b",
    re.IGNORECASE,
)
CA5 = (
    "What Happened", "What Information Was Involved", "What We Are Doing", "What You Can Do",
    "For More Information",
)  # fmt: skip


def _any(*forms: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(forms)})\b", re.IGNORECASE)


# What the words of a letter must show for a code, in either language; codes not here are checked by their tags.
SHOWN: dict[str, re.Pattern[str]] = {
    "CRA_CONTACTS": re.compile(r"Equifax.*\d{3}-\d{4}.*Experian.*\d{3}-\d{4}.*TransUnion.*\d{3}-\d{4}", re.DOTALL),
    "FTC_CONTACT": re.compile(r"Federal Trade Commission.*20580.*1-877-438-4338.*ftc\.gov", re.DOTALL),
    "FREEZE_FREE": re.compile(r"\b(?:free|gratis)\b", re.IGNORECASE),
    "FREEZE_FEES": re.compile(r"\bno fee\b|ningún cargo", re.IGNORECASE),
    "FREEZE_HOWTO": re.compile(r"freeze, ask each|para congelar, pídalo", re.IGNORECASE),
    "FREEZE_ALERT_HOWTO": re.compile(r"fraud alert|alerta de fraude", re.IGNORECASE),
    "FREEZE_ALERT_STATEMENT": _any("fraud alerts and security freezes", "alertas de fraude y congelamientos"),
    "POLICE_REPORT_RIGHT": re.compile(r"police report|denuncia policial", re.IGNORECASE),
    "ID_PROTECTION_OFFER": _any(r"\d+ months of identity protection", r"\d+ meses de protección de identidad"),
    "ID_PROTECTION_HOWTO": re.compile(r"to enroll|para inscribirse", re.IGNORECASE),
    "LE_DELAY_STATEMENT": re.compile(r"law enforcement|policial", re.IGNORECASE),
    "CHANGE_PASSWORD": re.compile(
        r"change (?:your|the child's|this person's) password|cambie ahora (?:su|la) contraseña", re.IGNORECASE
    ),
    "COUNT_AFFECTED": COUNT,
    "DATE_OF_NOTICE": re.compile(r"date of this notice|fecha de este aviso", re.IGNORECASE),
    "TOLLFREE_ENTITY": re.compile(r"toll-free number|número gratuito", re.IGNORECASE),
}  # fmt: skip

# Shown by several paragraphs together.
_ACROSS = frozenset(("CRA_CONTACTS", "FTC_CONTACT"))

# Shapes of values that no letter may hold; numbers of offices in the letter (telephones, ZIP codes) have others.
VALUES = re.compile(
    r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])|(?<![\d-])\d{9}(?![\d-])|(?<![\d-])\d{12,19}(?![\d-])"
    r"|(?<![\d-])(?:\d{4}[ -]){3}\d{4}(?![\d-])"
)


def faults(letter: Letter) -> tuple[str, ...]:
    """Return what is wrong with a letter, one sentence a fault.

    Args:
        letter: A composed text, its slots still open.
    """
    page = Page(as_text(letter), letter)
    words = wording(letter.variant.language)
    found: list[str] = []
    found += [
        f"the law asks for {code}, and the facts lack {what}"
        for code, what in letter.missing.items()
    ]
    found += _codes(letter, page)
    found += _elements(letter, page)
    found += _form(letter, page)
    found += _hedges(letter, page)
    found += _reassurance(letter, page)
    found += _advice(letter, page, words)
    if any(signs(u, words.language).value for u in page.units):
        found.append("the text holds what looks like the value of an identifier")
    return tuple(found)


def normal(text: str) -> str:
    """Return text in one form: compatibility forms folded, runs of spaces made one, line ends kept."""
    folded = unicodedata.normalize("NFKC", text)
    return "\n".join(" ".join(line.split()) for line in folded.split("\n"))


_normal = lru_cache(maxsize=1 << 15)(normal)


class Page:
    """The rendered text in units: each paragraph, heading or office is one, and so is each bullet.

    Most units stand in many letters; what is looked for in one is looked for once (``signs``).
    """

    def __init__(self, text: str, letter: Letter) -> None:
        """Cut a rendered text into units."""
        self.units: list[str] = []
        for paragraph in text.strip("\n").split("\n\n"):
            first, *bullets = paragraph.split("\n• ")
            self.units.append(_normal(first))
            self.units += [_normal(f"• {b}") for b in bullets]
        self.text = "\n\n".join(self.units)
        headings = {_normal(s.heading): s.key for s in letter.sections if s.heading}
        places: dict[str, int] = {}
        for at, unit in enumerate(self.units):
            if unit in headings:
                places.setdefault(headings[unit], at)
        self._places, self._ends = places, sorted([*places.values(), len(self.units)])

    def part(self, key: str) -> range:
        """Return the places of the units between a section's heading and the next one."""
        at = self._places.get(key)
        if at is None:
            return range(0)
        return range(at + 1, next(end for end in self._ends if end > at))


@dataclass(frozen=True)
class Signs:
    """What the words of one unit say.

    Attributes:
        shown: Codes whose words it shows.
        nature: Whether it tells how the breach came about.
        count: Whether it tells how many people are affected.
        value: Whether it holds what looks like an identifier's value.
        hedge: The words by which it hedges, or "".
        reassuring: Its sentences that say of an element that it was not involved.
        named: Names of elements in it, in lower case.
    """

    shown: frozenset[str]
    nature: bool
    count: bool
    value: bool
    hedge: str
    reassuring: tuple[str, ...]
    named: frozenset[str]


@lru_cache(maxsize=1 << 15)
def signs(unit: str, language: str) -> Signs:
    """Return what the words of one unit say."""
    hedge = HEDGES[language].search(unit)
    # An advice names whole sets of elements before its colon; only that much of it is looked at for names.
    head = unit[2:].split(": ", 1)[0] if unit.startswith("• ") else unit
    return Signs(
        frozenset(c for c, pattern in SHOWN.items() if c not in _ACROSS and pattern.search(unit)),
        bool(NATURE.search(unit)),
        bool(COUNT.search(unit)),
        bool(VALUES.search(unit)),
        hedge.group(0) if hedge else "",
        tuple(s for s in re.split(r"(?<=[.:!?])\s+|\n", unit) if _reassures(s, language)),
        frozenset(m.group(0).lower() for m in _names(language).finditer(head)),
    )


def _codes(letter: Letter, page: Page) -> list[str]:
    duty, language = letter.variant.duty, letter.variant.language
    met = {"DATE_OF_NOTICE"}.union(*(b.satisfies for b in letter.blocks()))
    told = frozenset().union(*(b.satisfies | b.reveals for b in letter.blocks()))
    seen = [signs(u, language) for u in page.units]
    wanted = duty.required - letter.left_out - set(letter.missing)
    shown = frozenset().union(*(s.shown for s in seen))
    shown |= {c for c in wanted & _ACROSS if SHOWN[c].search(page.text)}
    found = [f"the required {c} is not in the letter" for c in sorted(wanted - met)]
    found += [f"the forbidden {c} is in the letter" for c in sorted(duty.forbidden & told)]
    found += [
        f"the required {c} is not in the words of the letter"
        for c in sorted((wanted & SHOWN.keys()) - shown)
    ]
    if "NATURE_OF_BREACH" in duty.forbidden and any(s.nature for s in seen):
        found.append(
            "the words tell the nature of the breach, which the law of this residence forbids"
        )
    if "COUNT_STATE_RESIDENTS" in duty.forbidden and any(s.count for s in seen):
        found.append(
            "the words tell how many people are affected, which the law of this residence forbids"
        )
    if {e.element for e in letter.variant.elements} & PASSWORDS and "CHANGE_PASSWORD" not in shown:
        found.append("credentials were exposed and the letter does not say to change them")
    return found


def _elements(letter: Letter, page: Page) -> list[str]:
    """Compare the bullets of the rendered list with the elements of the person: all of them, and no other."""
    variant = letter.variant
    words = wording(variant.language)
    part = [page.units[at] for at in page.part("what_information")]
    shown = [unit[2:] for unit in part if unit.startswith("• ")]
    wanted = {
        _normal(element_name(e, variant.audience, words)): e.element for e in variant.elements
    }
    found = [
        f"the element {code} of this person is not named"
        for name, code in wanted.items()
        if name not in shown
    ]
    found += [
        "an element is named that is not this person's" for line in shown if line not in wanted
    ]
    if len(shown) != len(set(shown)):
        found.append("an element is named twice")
    if not variant.elements:
        found.append("the person has no element")
    reassurance = {_normal(b.text) for b in letter.blocks() if b.id == "reassurance"}
    prose = [u for u in part if not u.startswith("• ") and u not in reassurance]
    if any(signs(u, variant.language).named for u in prose):
        found.append("a sentence beside the list names an element")
    return found


@cache
def _names(language: str) -> re.Pattern[str]:
    """Return a pattern that finds the plain name of any element as a phrase of its own, the longest first."""
    names = {n for w in element_words(language).values() for n in (w.singular, w.plural)}
    long = sorted((normal(n) for n in names if len(n) > 4), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(n) for n in long)})(?!\w)", re.IGNORECASE)


@cache
def _own_names(element: str, language: str) -> tuple[str, ...]:
    """Return how a step may call an element: as one's own, or as another's."""
    base = normal(element_words(language)[element].singular)
    return base, re.sub(r"\byour\b", "the", base)


def _advice(letter: Letter, page: Page, words: Wording) -> list[str]:
    """Find advice that is headed by an element the person does not have."""
    own = {n for e in letter.variant.elements for n in _own_names(e.element, words.language)}
    own_lower = {n.lower() for n in own}
    for at in page.part("what_you_can_do"):
        unit = page.units[at]
        if not unit.startswith("• ") or ": " not in unit:
            continue
        if signs(unit, words.language).named <= own_lower:
            continue
        # Two own names side by side may read like a third: take the own ones out, then look again.
        rest = unit[2:].split(": ", 1)[0]
        for name in sorted(own, key=len, reverse=True):
            rest = rest.replace(name, " ")
        if _names(words.language).search(rest):
            return ["a step is headed by an element that is not this person's"]
    return []


def _form(letter: Letter, page: Page) -> list[str]:
    wanted = letter.variant.duty.format
    found = []
    if (
        "TITLE_NOTICE_OF_DATA_BREACH" in wanted
        and "notice of data breach" not in page.units[0].lower()
    ):
        found.append("the title is not Notice of Data Breach")
    if "HEADINGS_CA5" in wanted:
        places = [
            next((i for i, unit in enumerate(page.units) if unit.startswith(h)), -1) for h in CA5
        ]
        barred = "NATURE_OF_BREACH" in letter.variant.duty.forbidden
        if (min(places[1:] if barred else places) < 0 or places != sorted(places)) and not barred:
            found.append("the five headings that California prescribes are not all there in order")
    text = page.text.replace(NOTICE_SLOT, "").replace(CODE_SLOT, "")
    if "[[" in text or "{{" in text or "{%" in text:
        found.append("a placeholder was left in the text")
    return found


def _hedges(letter: Letter, page: Page) -> list[str]:
    determined = all(e.exposure in ("taken", "seen") for e in letter.variant.elements)
    if not determined:
        return []
    # Advice speaks of what may yet come; everything else speaks of what was determined.
    advice = page.part("what_you_can_do")
    for at, unit in enumerate(page.units):
        hedge = "" if at in advice else signs(unit, letter.variant.language).hedge
        if hedge:
            return [f"the letter hedges ({hedge.lower()!r}) where a determination exists"]
    return []


_REASSURES = {
    "en": re.compile(
        r"\b(?:no|not|nor|does not hold any|did not|was not|were not|never)\b[^.]*", re.IGNORECASE
    ),
    "es": re.compile(r"\b(?:no|ni|ningún|ninguna|tampoco|nunca)\b[^.]*", re.IGNORECASE),
}
_ABOUT_DATA = re.compile(
    r"\b(?:involved|taken|included|affected|exposed|accessed|compromised|hold|part of"
    r"|involucrad\w*|tomad\w*|incluid\w*|afectad\w*|expuest\w*|contienen?)\b",
    re.IGNORECASE,
)


def _reassures(sentence: str, language: str) -> bool:
    return bool(
        _REASSURES[language].search(sentence)
        and _ABOUT_DATA.search(sentence)
        and _feared(language).search(sentence)
    )


def _reassurance(letter: Letter, page: Page) -> list[str]:
    """Find sentences that say an element was not involved; each needs a determination, and never the person's own."""
    allowed = {_normal(b.text) for b in letter.blocks() if b.id == "reassurance"}
    for unit in page.units:
        for sentence in signs(unit, letter.variant.language).reassuring:
            if not any(sentence in a for a in allowed):
                return [
                    "a sentence reassures about an element without a determination that says so"
                ]
    return []


@cache
def _feared(language: str) -> re.Pattern[str]:
    """Return a pattern for what a reassurance would speak of: names of elements and the words people use for them."""
    short = "Social Security|Seguro Social|credit card|debit card|cards?|tarjetas?|passwords?|contraseñas?"
    short += "|financial (?:information|data)|información financiera|payment (?:information|data)|datos de pago"
    return re.compile(rf"(?<!\w)(?:{short})(?!\w)|{_names(language).pattern}", re.IGNORECASE)
