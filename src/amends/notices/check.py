"""Check a composed letter before anybody is shown it: by its tags, and by its words alone.

The words are read from the rendered text, not from what the composer says it did, so that a fault in the template
or in a sentence typed by hand is found too. A fault is a sentence; an empty answer means that the letter may go.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from amends.notices.blocks import CREDENTIALS, element_name
from amends.notices.compose import Letter
from amends.notices.plain import as_text
from amends.notices.wording import Wording, element_words, wording

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
    "CHANGE_PASSWORD": re.compile(r"change your password|cambie ahora su contraseña", re.IGNORECASE),
    "COUNT_AFFECTED": COUNT,
    "DATE_OF_NOTICE": re.compile(r"date of this notice|fecha de este aviso", re.IGNORECASE),
    "TOLLFREE_ENTITY": re.compile(r"toll-free number|número gratuito", re.IGNORECASE),
}  # fmt: skip

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
    text = normal(as_text(letter))
    words = wording(letter.variant.language)
    found: list[str] = []
    found += [
        f"the law asks for {code}, and the facts lack {what}"
        for code, what in letter.missing.items()
    ]
    found += _codes(letter, text)
    found += _elements(letter, text, words)
    found += _form(letter, text)
    found += _hedges(letter, text)
    found += _reassurance(letter, text, words)
    if VALUES.search(text):
        found.append("the text holds what looks like the value of an identifier")
    return tuple(found)


def normal(text: str) -> str:
    """Return text in one form: compatibility forms folded, runs of spaces made one, line ends kept."""
    folded = unicodedata.normalize("NFKC", text)
    return "\n".join(" ".join(line.split()) for line in folded.split("\n"))


def _codes(letter: Letter, text: str) -> list[str]:
    duty = letter.variant.duty
    met = {"DATE_OF_NOTICE"}.union(*(b.satisfies for b in letter.blocks()))
    told = frozenset().union(*(b.satisfies | b.reveals for b in letter.blocks()))
    found = [
        f"the required {c} is not in the letter"
        for c in sorted(duty.required - met - letter.left_out - set(letter.missing))
    ]
    found += [f"the forbidden {c} is in the letter" for c in sorted(duty.forbidden & told)]
    found += [
        f"the required {c} is not in the words of the letter"
        for c in sorted(duty.required & SHOWN.keys() - letter.left_out - set(letter.missing))
        if not SHOWN[c].search(text)
    ]
    if "NATURE_OF_BREACH" in duty.forbidden and NATURE.search(text):
        found.append(
            "the words tell the nature of the breach, which the law of this residence forbids"
        )
    if "COUNT_STATE_RESIDENTS" in duty.forbidden and COUNT.search(text):
        found.append(
            "the words tell how many people are affected, which the law of this residence forbids"
        )
    return found


def _part(letter: Letter, key: str, text: str) -> str:
    """Return what stands in the rendered text between a section's heading and the next one."""
    headings = [normal(s.heading) for s in letter.sections if s.heading]
    own = next((normal(s.heading) for s in letter.sections if s.key == key and s.heading), "")
    if not own or f"\n{own}\n" not in text:
        return ""
    after = text.split(f"\n{own}\n", 1)[1]
    ends = [at for h in headings if h != own and (at := after.find(f"\n{h}\n")) >= 0]
    return after[: min(ends)] if ends else after


def _elements(letter: Letter, text: str, words: Wording) -> list[str]:
    """Compare the bullets of the rendered list with the elements of the person: all of them, and no other."""
    variant = letter.variant
    part = _part(letter, "what_information", text)
    shown = [line[2:] for line in part.split("\n") if line.startswith("• ")]
    wanted = {normal(element_name(e, variant.audience, words)): e.element for e in variant.elements}
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
    own = {e.element for e in variant.elements}
    if own & CREDENTIALS and not SHOWN["CHANGE_PASSWORD"].search(text):
        found.append("credentials were exposed and the letter does not say to change them")
    prose = "\n".join(line for line in part.split("\n") if not line.startswith("• "))
    return found + _strange_elements(letter, prose, words) + _advice(letter, text, words)


@cache
def _names(language: str) -> re.Pattern[str]:
    """Return a pattern that finds the plain name of any element as a phrase of its own, the longest first."""
    names = {n for w in element_words(language).values() for n in (w.singular, w.plural)}
    long = sorted((normal(n) for n in names if len(n) > 4), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(n) for n in long)})(?!\w)", re.IGNORECASE)


def _strange_elements(letter: Letter, prose: str, words: Wording) -> list[str]:
    """Find elements named in the sentences around the list; only a reassurance may name one, and not the person's."""
    reassurance = {normal(b.text) for b in letter.blocks() if b.id == "reassurance"}
    rest = "\n".join(line for line in prose.split("\n") if line not in reassurance)
    hit = _names(words.language).search(rest)
    return ["a sentence beside the list names an element"] if hit else []


def _advice(letter: Letter, text: str, words: Wording) -> list[str]:
    """Find advice that is headed by an element the person does not have."""
    variant = letter.variant
    own = {
        normal(n)
        for e in variant.elements
        for base in (element_words(words.language)[e.element].singular,)
        for n in (base, re.sub(r"\byour\b", "the", base))
    }
    part = _part(letter, "what_you_can_do", text)
    heads = [
        line[2:].split(": ", 1)[0]
        for line in part.split("\n")
        if line.startswith("• ") and ": " in line
    ]
    left = []
    for head in heads:
        rest = head
        for name in sorted(own, key=len, reverse=True):
            rest = rest.replace(name, " ")
        left.append(rest)
    if any(_names(words.language).search(head) for head in left):
        return ["a step is headed by an element that is not this person's"]
    return []


def _form(letter: Letter, text: str) -> list[str]:
    wanted = letter.variant.duty.format
    found = []
    if (
        "TITLE_NOTICE_OF_DATA_BREACH" in wanted
        and "notice of data breach" not in text.split("\n", 1)[0].lower()
    ):
        found.append("the title is not Notice of Data Breach")
    if "HEADINGS_CA5" in wanted:
        places = [
            next((i for i, line in enumerate(text.split("\n")) if line.startswith(h)), -1)
            for h in CA5
        ]
        barred = "NATURE_OF_BREACH" in letter.variant.duty.forbidden
        if (min(places[1:] if barred else places) < 0 or places != sorted(places)) and not barred:
            found.append("the five headings that California prescribes are not all there in order")
    if "[[" in re.sub(r"\[\[(?:notice_id|code)\]\]", "", text) or "{{" in text or "{%" in text:
        found.append("a placeholder was left in the text")
    return found


def _hedges(letter: Letter, text: str) -> list[str]:
    determined = all(e.exposure in ("taken", "seen") for e in letter.variant.elements)
    # Advice speaks of what may yet come; everything else speaks of what was determined.
    told = text.replace(_part(letter, "what_you_can_do", text), "")
    hit = HEDGES[letter.variant.language].search(told)
    if determined and hit:
        return [f"the letter hedges ({hit.group(0).lower()!r}) where a determination exists"]
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


def _reassurance(letter: Letter, text: str, words: Wording) -> list[str]:
    """Find sentences that say an element was not involved; each needs a determination, and never the person's own."""
    allowed = {normal(b.text) for b in letter.blocks() if b.id == "reassurance"}
    for sentence in re.split(r"(?<=[.:!?])\s+|\n", text):
        if any(sentence in a for a in allowed):
            continue
        hit = _REASSURES[words.language].search(sentence)
        if not hit or not _ABOUT_DATA.search(sentence):
            continue
        if _feared(words.language).search(sentence):
            return ["a sentence reassures about an element without a determination that says so"]
    return []


@cache
def _feared(language: str) -> re.Pattern[str]:
    """Return a pattern for what a reassurance would speak of: names of elements and the words people use for them."""
    short = "Social Security|Seguro Social|credit card|debit card|cards?|tarjetas?|passwords?|contraseñas?"
    short += "|financial (?:information|data)|información financiera|payment (?:information|data)|datos de pago"
    return re.compile(rf"(?<!\w)(?:{short})(?!\w)|{_names(language).pattern}", re.IGNORECASE)
