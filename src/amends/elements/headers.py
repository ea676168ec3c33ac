"""What a column's name says it holds, before any value is looked at.

A header may be written in five languages, abbreviated, joined, prefixed by the thing it belongs to
(``cust_ssn``), or be about somebody else (``spouse_phone``). It may also say plainly that the
column holds something *about* an element and not the element (``email_verified``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from amends.elements.shapes_data import shipped, word_set

EXACT, DERIVED, WEAK, FAR = 0.95, 0.85, 0.55, 0.4

_ROLES = {
    "guardian": "guardian", "parent": "guardian", "mother": "guardian", "father": "guardian",
    "mom": "guardian", "dad": "guardian", "madre": "guardian", "padre": "guardian",
    "tutor": "guardian", "guarantor": "guarantor", "responsible": "guardian",
    "spouse": "spouse", "husband": "spouse", "wife": "spouse", "partner": "spouse",
    "conyuge": "spouse", "esposa": "spouse", "esposo": "spouse", "ehepartner": "spouse",
    "emergency": "emergency_contact", "emerg": "emergency_contact", "ice": "emergency_contact",
    "ec": "emergency_contact", "nok": "emergency_contact", "kin": "emergency_contact",
    "emergencia": "emergency_contact", "urgence": "emergency_contact",
    "dependent": "dependent", "dep": "dependent", "child": "dependent", "son": "dependent",
    "daughter": "dependent", "beneficiary": "beneficiary", "benef": "beneficiary",
    "bene": "beneficiary", "cosigner": "co_applicant", "coapplicant": "co_applicant",
    "coapp": "co_applicant", "coborrower": "co_applicant", "joint": "co_applicant",
    "secondary": "co_applicant", "reference": "reference", "referrer": "reference",
    "doctor": "provider", "physician": "provider", "provider": "provider", "dr": "provider",
    "agent": "provider", "attorney": "provider", "salesperson": "provider", "rep": "provider",
    "employer": "employer", "supervisor": "provider", "manager": "provider",
}  # fmt: skip
# Words that say whose or which, and change nothing about what.
_BESIDE = word_set(
    "cust customer client clt applicant app appl patient pat pt member mbr memb subscriber subscr "
    "sub subs emp employee user usr person persons people contact primary prim insured holder "
    "cardholder accountholder nm tx dt ph device handset equipment sim line "
    "minor sha1 sha256 sha512 md5 to by student borrower owner resident voter home billing bill mailing mail "
    "shipping ship service svc legal current curr permanent perm previous prev prior old new my "
    "tbl fld col str txt text val value x field c code num number no nbr nr id1 main first1 full "
    "clean raw orig original the of for your his her cliente usuario titular kunde client "
    "individual party debtor claimant donor guest passenger worker staff acct account pii consumer "
    "lessee tenant taxpayer policyholder plaintiff defendant physical residence residential "
    "res street work wk business office daytime evening alternate alt other enc encrypted hash "
    "hashed clear plain masked personal private"
)
# Words that say the column holds something about the element, not the element.
_ABOUT = word_set(
    "count cnt sent flag flg ind indicator verified verify valid validated validation status stat "
    "type typ kind is has had have opt optin optout consent pref preference updated modified "
    "created changed change bounced bounce subscribed unsubscribed score rate amount amt total "
    "balance length len size match matched format provider_type carrier_name year_built source "
    "src domain reason required seq sequence rank class category label description desc quality "
    "confidence reported missing present provided available attempts attempt retries failed "
    "expires expired lastlogin last_login age reset template subject body"
)
# Headers that name a thing which only looks like an identifier.
_FOREIGN = word_set(
    "order orders sku invoice inv ticket tracking track shipment tower cell site part item product "
    "prod batch lot serial transaction trans txn trx quote job work_order workorder reference ref "
    "request req incident version build isbn upc ean gtin asin barcode asset qty quantity price "
    "cost amount amt total subtotal tax revenue count index row line seq sequence page weight "
    "height width volume temperature temp pressure timestamp epoch created updated modified rate "
    "percent pct score population area distance duration bytes packets port warehouse store_id "
    "department dept category model brand color colour size meter reading sensor sample test run "
    "lab_code grid coordinate easting northing elevation depth session visit claim voucher po "
    "payment check cheque bin sat well station species genus"
)


@dataclass(frozen=True)
class HeaderGuess:
    """One thing a header may mean.

    Attributes:
        element: Element code.
        part: first, last, street, state …; empty for the whole element.
        strength: How much the name alone is worth, 0 to 1.
        role: Whose it is: empty for the row's own person, else guardian, spouse …
        said: The header in the list of synonyms that it was read as.
    """

    element: str
    part: str
    strength: float
    role: str
    said: str


def plain_header(header: str) -> str:
    """Return a header as words of lower case joined by ``_``: ``CustSSN No.`` → ``cust_ssn_no``."""
    text = unicodedata.normalize("NFKD", header.replace("ß", "ss"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:200]


def is_nameless(header: str) -> bool:
    """Say whether a name says nothing: ``column_3``, ``field7``, ``x``, ``f_12``, ``unnamed_0``."""
    return bool(
        re.fullmatch(
            r"(?:column|col|field|fld|var|v|x|f|c|unnamed|attr|a|data|feld|campo)?_?\d*",
            plain_header(header),
        )
    )


def is_foreign(header: str) -> bool:
    """Say whether a name speaks of orders, prices, measures and the like."""
    words = plain_header(header).split("_")
    return any(w in _FOREIGN for w in words)


def is_about(header: str) -> bool:
    """Say whether a name speaks of a property of something: a flag, a count, a date of change."""
    words = plain_header(header).split("_")
    return any(w in _ABOUT for w in words)


@cache
def guess_header(header: str) -> tuple[HeaderGuess, ...]:
    """Return what a header may mean, strongest first; empty when it says nothing known.

    Source:
        ``data/header_synonyms.csv`` (own work, five languages).
    """
    if is_nameless(header):
        return ()
    readings = [found for spelling in _spellings(header) if (found := _read(spelling))]
    best = max(readings, key=lambda found: found[0].strength, default=())
    return best if best and best[0].strength > FAR else _several(header) or best


_TAX_NUMBERS = frozenset(["ssn", "itin", "atin", "ein"])


def _several(header: str) -> tuple[HeaderGuess, ...]:
    """Read ``SSN/ITIN`` and ``Passport or Visa No``: all that is named; the values decide."""
    names = [
        n for n in re.split(r"[/|\\]|\bor\b|\bo\b|\boder\b|\bou\b", header, flags=re.I) if n.strip()
    ]
    if not 2 <= len(names) <= 4:
        return ()
    found = [g for name in names for g in guess_header(name.strip()) if g.strength > FAR]
    if len(found) > 1 and all(g.element in _TAX_NUMBERS for g in found):
        return (HeaderGuess("ssn", "or_ein", DERIVED, found[0].role, found[0].said),)
    return tuple(sorted(found, key=lambda g: -g.strength))


_UMLAUTS = {
    ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("Ä"): "Ae", ord("Ö"): "Oe", ord("Ü"): "Ue",
}  # fmt: skip


def _spellings(header: str) -> list[str]:
    """Return a header plain, with German vowels written out, digits set apart, license for licence."""
    german = header.translate(_UMLAUTS)
    out = []
    for text in (plain_header(header), plain_header(german)):
        out += [text, re.sub(r"(?<=[a-z])(?=\d)", "_", text), text.replace("licence", "license")]
    return list(dict.fromkeys(t for t in out if t))


def _read(plain: str) -> tuple[HeaderGuess, ...]:
    found = _exact(plain, EXACT, "")
    if found or plain in _synonyms():
        return found
    words = plain.split("_")
    # A digit at the end numbers a repeated column: phone2, address_line_2 is listed as such.
    trimmed = re.sub(r"_?\d+$", "", plain)
    if trimmed != plain and (found := _exact(trimmed, DERIVED + 0.05, "")):
        return found
    if any(w in _ABOUT for w in words):
        return ()
    return _by_role(words) or _by_words(words, "") or _joined(plain) or _misspelt(plain)


@cache
def _synonyms() -> dict[str, tuple[tuple[str, str, str], ...]]:
    out: dict[str, list[tuple[str, str, str]]] = {}
    for row in shipped("header_synonyms"):
        out.setdefault(row["header"], []).append((row["element"], row["part"], row["strength"]))
    return {header: tuple(found) for header, found in out.items()}


def _exact(plain: str, strength: float, role: str) -> tuple[HeaderGuess, ...]:
    out = []
    for element, listed, kind in _synonyms().get(plain, ()):
        worth = strength if kind == "strong" else min(strength, WEAK)
        whose = role or ("employer" if plain.startswith("employer") else "")
        part = listed
        if listed == "guardian":
            whose, part = role or _first_role(plain), "full"
        out.append(HeaderGuess(element, part, worth, whose, plain))
    return tuple(out)


def _first_role(plain: str) -> str:
    return next((_ROLES[w] for w in plain.split("_") if w in _ROLES), "guardian")


def _by_role(words: list[str]) -> tuple[HeaderGuess, ...]:
    """Read ``spouse_first_name`` as the first name of the spouse."""
    roles = [_ROLES[w] for w in words if w in _ROLES]
    if not roles and words[0] == "co" and len(words) > 1:
        roles, words = ["co_applicant"], words[2:]
    if not roles:
        return ()
    rest = [w for w in words if w not in _ROLES and w not in ("next", "of", "co", "contact")]
    if not rest:
        return (HeaderGuess("name", "full", WEAK, roles[0], "_".join(words)),)
    for size in (rest, [w for w in rest if w not in _BESIDE]):
        if found := _exact("_".join(size), DERIVED, roles[0]):
            return found
    return _by_words(rest, roles[0])


def _by_words(words: list[str], role: str) -> tuple[HeaderGuess, ...]:
    """Read the longest run of words that is listed, if all others only say whose it is."""
    n = len(words)
    for size in range(n, 0, -1):
        for start in range(n - size + 1):
            rest = words[:start] + words[start + size :]
            if not all(w in _BESIDE or w.isdigit() for w in rest):
                continue
            if found := _exact("_".join(words[start : start + size]), DERIVED, role):
                return found
    return ()


def _joined(plain: str) -> tuple[HeaderGuess, ...]:
    """Read ``custssn`` and ``dobtext``: a listed word with a word before or behind it."""
    text = plain.replace("_", "")
    for cut in range(2, len(text) - 1):
        head, tail = text[:cut], text[cut:]
        if head in _BESIDE and len(tail) > 2 and (found := _exact(tail, DERIVED - 0.1, "")):
            return found
        if tail in _BESIDE and len(head) > 2 and (found := _exact(head, DERIVED - 0.1, "")):
            return found
    return _exact(text, DERIVED, "") if text != plain else ()


def _misspelt(plain: str) -> tuple[HeaderGuess, ...]:
    """Read ``frist_name`` and ``adress``: one or two letters from a listed header."""
    if len(plain) < 6:
        return ()
    near = process.extractOne(plain, _synonyms().keys(), scorer=fuzz.ratio, score_cutoff=90)
    if (
        near is None
        or plain[0] != near[0][0]
        or re.search(r"\d", near[0]) != re.search(r"\d", plain)
    ):
        return ()
    return tuple(
        HeaderGuess(g.element, g.part, FAR, g.role, g.said) for g in _exact(near[0], FAR, "")
    )
