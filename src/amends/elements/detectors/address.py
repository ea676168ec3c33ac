"""Postal addresses by grammar: a street line, a box or a foreign street, then unit, city, state and ZIP.

Sources:
    USPS Publication 28 (street suffixes in ``data/usps_street_suffixes.csv``, secondary units, boxes, military and
    Puerto Rico addresses); ZIP prefixes by state in ``taxonomy/data/zip_prefix_state.csv``; street words of other
    languages by usage.
"""

from __future__ import annotations

import re
from functools import cache

from amends.elements.detectors.address_tail import (
    STATE_NAMES,
    tail_of,
    zip_agrees,
)
from amends.elements.detectors.base import (
    Candidate,
    Detector,
    Label,
    Shape,
    Verdict,
    bit,
    digits_of,
)
from amends.elements.detectors.words import common_words
from amends.elements.shapes_data import shipped, word_set

_SHORT = word_set("ST AV RD DR LN CT PL WY SQ")
# Spellings that are rarely a street and often something else.
_NO_STREET = word_set(
    "UNION UNIONS FORGE ISLAND ISLANDS DAM DIVIDE FERRY KEY KEYS LAND LIGHT LIGHTS LOAF LOCK LOCKS MILL "
    "MILLS MISSION NECK PORT PORTS RANCH RAPID RAPIDS REST SHOAL SHOALS STATION FALL FALLS FIELD FIELDS "
    "FLAT FLATS FORD FORDS CLUB CAMP CAPE EST EXT STA STN PRT STR DIV UNS ISS LGT RAD RIV SHL SHR SPG VIA "
    "RUE STRA MEETING TRACK"
)
_SURE = word_set(
    "STREET ST AVENUE AVE AV ROAD RD DRIVE DR LANE LN BOULEVARD BLVD COURT CT CIRCLE CIR PLACE PL TERRACE "
    "TER TERR PARKWAY PKWY HIGHWAY HWY TRAIL TRL"
)
_LOWER_SURE = word_set("STREET ST AVENUE AVE ROAD RD LANE LN BOULEVARD BLVD")
_STOP = word_set(
    "a an the is are was were be been to in on at by for from with and or of my your his her our their it "
    "this that minute minutes hour hours day days week weeks month months year years mile miles km meter "
    "meters foot feet inch inches percent people times per more most less than only about over under "
    "dollars points items users lines"
)
_CITY_BEFORE = re.compile(r"(?:[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,2}),? ?\Z")


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(
        r["written"] for r in shipped("usps_street_suffixes")
        if r["language"] == "en"
        and r["written"] not in _NO_STREET
        and (len(r["written"]) > 2 or r["written"] in _SHORT)
    )  # fmt: skip


def _judge_street(found: Candidate) -> Verdict | None:
    """Judge a number, some words and a street suffix that ends where the candidate ends."""
    text, end = found.text, found.end
    window = found.value
    for number in reversed(list(_NUMBER.finditer(window))):
        words = window[number.end() :].split()
        if len(words) < 2:
            continue
        verdict = _street_line(found, words, found.start + number.start())
        if verdict is None:
            return None
        stop, worth, why = tail_of(text, end)
        sure = verdict + worth
        if found.speaks_for & bit("address"):
            sure += 0.08
        start = _house_before(text, found.start + number.start())
        return Verdict(min(sure, 0.98), ("street", *why), start=start, end=stop)
    return None


_NUMBER = re.compile(
    r"(?<![\w$.,/#-])(?:[NSEW] ?)?[0-9]{1,6}(?:-[0-9]{1,4})?[A-Za-z]?(?: 1/2)?(?=,? )"
)


def _street_line(found: Candidate, words: list[str], start: int) -> float | None:
    """Return the worth of a street line by its words, None when it is none."""
    suffix = words[-1].strip(".,").upper()
    if suffix not in _suffixes():
        return None
    between = [w.strip(".,") for w in words[:-1]]
    if (
        any(not w for w in between)
        or len(between) > 5
        or any(w.endswith((",", ";", ":")) for w in words[1:-1])
    ):
        return None
    lowered = [w for w in between if w[0].islower() and not w[0].isdigit()]
    if any(w.lower() in _STOP for w in between[:1]) or sum(w.lower() in _STOP for w in between) > 1:
        return None
    if lowered and not all(w in ("of", "the", "de", "la", "del", "van", "von") for w in lowered):
        plain = suffix in _LOWER_SURE and words[-1][0].islower() and not set(lowered) & _STOP
        return 0.55 if plain else None
    if words[-1][0].islower() and suffix not in _LOWER_SURE:
        return None
    year = (
        1900 <= int(re.sub(r"\D", "", found.text[start : start + 6].split()[0])[:5] or 0) <= 2035
        and len(between) > 1
    )
    if _OF_YEAR.search(found.text, max(0, start - 8), start):
        return None
    if year and all(w.lower() in common_words() for w in between):
        return None
    return (0.72 if suffix in _SURE else 0.55) - (0.1 if year else 0.0)


# "in 1999 Wall Street fell", "three of 5 Stars Court".
_OF_YEAR = re.compile(r"\b(?:(?:in|since|until|by|for) (?=(?:19|20)[0-9]{2})|of )\Z", re.IGNORECASE)


def _judge_box(found: Candidate) -> Verdict | None:
    stop, worth, why = tail_of(found.text, found.end)
    start = _house_before(found.text, found.start)
    return Verdict(min(0.82 + worth, 0.98), ("box", *why), start=start, end=stop)


def _judge_state_zip(found: Candidate) -> Verdict | None:
    """Judge "City, ST 12345" that no street line reaches."""
    value = found.value.replace(",", " ").split()
    state, code = " ".join(value[:-1]), value[-1]
    if not zip_agrees(state, code) or not (state.isupper() or len(state) > 2):
        return None
    city = _CITY_BEFORE.search(found.text, max(0, found.start - 40), found.start)
    start = (
        city.start() if city and city.group()[0].isupper() and "," in city.group() else found.start
    )
    return Verdict(0.72 if city else 0.6, ("state and ZIP agree",), start=start)


def _judge_foreign(found: Candidate) -> Verdict | None:
    value = found.value
    first = value.split()[0]
    if not value[0].isalpha() or (
        first.islower() and first not in ("ul.", "ul", "c/", "via", "rue", "calle")
    ):
        sure = 0.5
    else:
        sure = 0.7
    if _reads_as_words(value):
        return None
    if not re.search(r"[A-Z\u00c0-\u00de]", value) and not found.speaks_for & bit("address"):
        sure -= 0.08
    stop, worth, why = tail_of(found.text, found.end)
    if _YEAR.search(value) and not worth:
        sure -= 0.25
    start = _house_before(found.text, found.start)
    return Verdict(min(sure + worth, 0.95), ("foreign street", *why), start=start, end=stop)


# Small words inside street names, and small words that only sentences hold.
_INSIDE = word_set(
    "de la del della delle dei di da do dos das des du le les los las el y e van der den ter of the d"
)
_SENTENCE = word_set(
    "fue era es en a con por para que se day email times had was is are to at on in and for"
)
_YEAR = re.compile(r" (?:19|20)[0-9]{2}\Z")


def _reads_as_words(value: str) -> bool:
    """Tell whether words between an opener ("rue", "via") and a number are those of a sentence."""
    small = [w.strip(".,") for w in value.split()[1:-1] if w[0].islower()]
    first_is_small = len(value.split()) > 2 and bool(small) and value.split()[1][0].islower()
    held = [w for w in small if w not in _INSIDE]
    if any(w in _SENTENCE for w in held) or ". " in value[4:-3].replace("St. ", ""):
        return True
    return first_is_small and value[0].isupper() and any(w in common_words() for w in held)


_STREET_BEFORE_UNIT = re.compile(
    r"(?:[0-9]{1,6}[A-Za-z]?,? )?(?:[^\W\d_][\w.'/-]*[ ]){1,5}(?:[0-9]{1,5}[A-Za-z]?\.?)?[,\s>}|?]{0,8}\Z"
)


_HOUSE = re.compile(r"(?<![\w.,$#/-])([0-9]{1,6}) (?:[0-9]{1,4} )?\Z")


def _house_before(text: str, start: int) -> int:
    """Return where a street line begins when one more number stands before it."""
    before = _HOUSE.search(text, max(0, start - 16), start)
    return before.start(1) if before else start


_HAS_DIGIT = re.compile(r"[0-9]").search


def _judge_unit(found: Candidate) -> Verdict | None:
    """Judge "Apt. 12" or "Suite 4": what stands before it, there or one line up, is a street if it has a number."""
    text = found.text
    before = text[max(0, found.start - 70) : found.start]
    if not _HAS_DIGIT(before):
        return None
    street = _STREET_BEFORE_UNIT.search(before.rstrip(" \t\n,>}|") + " ")
    if street is None or not any(c.isdigit() for c in street.group()):
        return None
    words = [w for w in street.group().split() if w[0].isalpha()]
    if not words or not any(w[0].isupper() for w in words) or {w.lower() for w in words} & _STOP:
        return None
    start = found.start - len(before) + street.start()
    stop, worth, why = tail_of(text, found.end)
    return Verdict(min(0.66 + worth, 0.92), ("street before unit", *why), start=start, end=stop)


def _judge_labelled(found: Candidate) -> Verdict | None:
    value = found.value.rstrip(" ,.;")
    if (
        not any(c.isdigit() for c in value)
        or "@" in value
        or "://" in value
        or len(value.split()) < 2
    ):
        return None
    if re.fullmatch(r"[0-9a-fA-F.: /x-]+", value) or not re.search(r"[^\W\d_]{2}", value):
        return None
    words = value.lower().split()
    if sum(w in _STOP for w in words) > 1 or words[1] in _STOP or _COUNT.match(value):
        return None
    value = _NUMBER_LAST.sub(r"\1", value)
    stop, worth, why = tail_of(found.text, found.start + len(value))
    return Verdict(min(0.62 + worth, 0.9), ("label", *why), end=stop)


# "Koskikatu 25, Oulu": a city after the comma is no part of a street line whose number stands last.
_NUMBER_LAST = re.compile(r"^((?:[0-9]{1,6} )?[^\W\d_][^,\d]* [0-9]{1,4}), [^,\d]+$")


_COUNT = re.compile(r"[0-9]{1,3},[0-9]{3}")


def _judge_corner(found: Candidate) -> Verdict | None:
    """Judge "the corner of Oak Street and Main" with its own words."""
    before = found.text[max(0, found.start - 20) : found.start].lower()
    place = before.rfind("the corner of")
    start = found.start - len(before) + place
    return Verdict(0.75, ("corner",), start=start) if place >= 0 else None


_FILE = re.compile(r"\.\w")


def _judge_code(found: Candidate) -> Verdict | None:
    """Judge a postal code after its label; four years look alike."""
    size = len(digits_of(found.value))
    before = found.text[max(0, found.start - 14) : found.start].lower()
    plain = size in (5, 9) or any(w in before for w in ("code", "codigo", "código", "post", ":"))
    if not plain or "file" in before or _FILE.match(found.text, found.end):
        return None
    # "Postal" alone speaks against a number; before "code" it is the label.
    against = found.against and "post" not in before
    return None if against else Verdict(0.8 if size >= 4 else 0.6, ("label", "postal code"))


def _suffix_gate() -> str:
    names = sorted({s.lower() for s in _suffixes()}, key=lambda s: (-len(s), s))
    return rf"\b[0-9]{{1,6}}[a-z]?,?( +[a-z0-9]{{1,24}}){{1,6}} +({'|'.join(names)})\b"


_ENDINGS = (
    r"strasse|stra?e|straat|laan|weg|gasse|platz|allee|plein|gracht|kade|dreef|gade|vej|veien|vei|vagen|gatan"
    r"|gata|katu|kuja"
    r"|tie|polku|str.ti|str.de|braut|v.nget|parken|utca|utcaja|ulica|cesta|namesti|stigen|backen|grand|alle|gade|strada"
)
_OPENERS = (
    r"calle|avda|avenida|av|c|carrera|cra|plaza|paseo|camino|carretera|rua|travessa|praca|largo|rue|avenue"
    r"|boulevard|chemin"
    r"|allee|place|impasse|quai|via|viale|corso|piazza|vicolo|strada|str|ul|ulica|aleja|al|os|pl|rambla|ronda"
    r"|urb|bulevar|utca"
)


@cache
def address_shapes() -> tuple[Shape, ...]:
    """Return the shapes of addresses; made when first wanted, for they hold every street suffix."""
    return (
        Shape(_suffix_gate(), re.compile(r"[\s\S]+\Z"), 70, _judge_street),
        Shape(
            r"\b(p *o *|post +office +)box +#? ?[0-9]{1,7}\b",
            re.compile(
                r"(?<!\w)(?:P\.? ?O\.? ?|Post Office )Box\.? +#? ?[0-9]{1,7}\Z", re.IGNORECASE
            ),
            30,
            _judge_box,
        ),
        Shape(
            r"\b(psc|cmr|unit|rr|hc|rural +route|apartado)( +[0-9]{1,5})?,? +(box|bx) +[0-9]{1,6}\b",
            re.compile(
                r"(?<!\w)(?:PSC|CMR|Unit|RR|HC|Rural Route|Apartado)(?: +[0-9]{1,5})?,? +(?:Box|Bx) +[0-9]{1,6}\Z",
                re.IGNORECASE,
            ),
            36,
            _judge_box,
        ),
        Shape(
            r"\b(usns|uss|usnv|uscgc) [a-z?]{3,20}( +|\n)(fpo|apo) (aa|ae|ap) [0-9]{5}\b",
            re.compile(
                r"(?<!\w)(?:USNS|USS|USNV|USCGC) [^\W\d_]{3,20}\s+(?:FPO|APO) A[AEP] [0-9]{5}\Z"
            ),
            48,
            _judge_box,
        ),
        Shape(
            rf"\b{STATE_NAMES.lower().replace('(?:', '(').replace(chr(92) + '.', '')},? +[0-9]{{5}}( [0-9]{{4}})?\b",
            re.compile(rf"(?<![\w]){STATE_NAMES},? +[0-9]{{5}}(?:-[0-9]{{4}})?\Z", re.IGNORECASE),
            30,
            _judge_state_zip,
        ),
        Shape(
            rf"[a-z]{{2,20}}({_ENDINGS}) +[0-9]{{1,5}}[a-z]?\b",
            re.compile(
                r"(?<![\w])(?:[^\W\d_][\w.'-]* ){0,1}[^\W\d_][\w.'-]{3,30} +[0-9]{1,5}[A-Za-z]?\Z"
            ),
            60,
            _judge_foreign,
        ),
        Shape(
            r"[a-z?]{2,30} (strasse|stra?e|straat|utca|u|ter|tee|weg|allee|platz|vei|vej) +[0-9]{1,5}[a-z]?\b",
            re.compile(
                r"(?<!\w)[A-Z\u00c0-\u017f][\w'-]{1,30}(?: [A-Z\u00c0-\u017f][\w'-]{1,30})? "
                r"(?:Stra(?:ss|\u00df)e|straat|utca|u\.|t\u00e9r|tee|Weg|Allee|Platz|vei|vej) +[0-9]{1,5}[A-Za-z]?\Z"
            ),
            80,
            _judge_foreign,
        ),
        Shape(
            r"\b(apt|apartment|suite|ste) +#?[0-9]{1,5}[a-z]?\b",
            re.compile(
                r"(?<!\w)(?:Apt|Apartment|Suite|Ste)\b\.? +#?[0-9]{1,5}[A-Za-z]?\Z", re.IGNORECASE
            ),
            20,
            _judge_unit,
        ),
        Shape(
            rf"\b({_OPENERS}) +([a-z?]{{1,20}},? +){{1,5}}[0-9]{{1,5}}[a-z]?\b",
            re.compile(
                rf"(?<![\w])(?:{_OPENERS})(?:\.|/)? ?(?:[^\W\d_][\w.'-]*,? +){{1,5}}[0-9]{{1,5}}[A-Za-z]?\Z",
                re.IGNORECASE,
            ),
            80,
            _judge_foreign,
        ),
    )


ADDRESS = Detector(
    "address",
    labels=(
        Label(
            (r"\b(home|street|mailing|billing|postal|residential|shipping|current|new|permanent"
            r"|service)? *address(es)?\b",
             r"\b(lives?|living|resid(es|ing)) +(at|in|on)\b",
             r"\b(ship|bill|deliver|sent|send)( +(it|this|them))? +to\b",
             r"\bresidence\b", r"\bdireccion\b", r"\bdomicilio\b", r"\bvive +en\b", r"\baddr\b",
             r"\bmeet (me |you )?at\b",
             r"\b(located|located +at|corner +of|return +to|taxi +to|off +at|office +is +at|is +at|live +in"
             r"|arrived +at)\b"),
            re.compile(r"[0-9A-Z][^\n;:?!<>|\t]{6,80}"),
            _judge_labelled,
        ),
        Label(
            (r"\bthe corner of\b",),
            re.compile(
                r"(?=[^\n]{0,40}[A-Z])(?:[0-9]{1,6} )?[\w./'-]+(?: [\w./'-]+){0,5} and "
                r"(?:ten |van |de )?[A-Z0-9][\w.'-]*(?: [A-Z0-9][\w'-]*){0,3}"
            ),
            _judge_corner,
            wordy=True,
        ),
        Label(
            (r"\bzip( *code)?\b", r"\bpost(al)? *code\b", r"\bcodigo +postal\b", r"\bc p\b *:"),
            re.compile(
                r"(?:[0-9]{3,6}(?:[ -][0-9]{2,4})?|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
                r"|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?![\w@-])"
            ),
            _judge_code,
        ),
    ),
)  # fmt: skip
