"""Postal addresses by grammar: a street line, a box or a foreign street, then unit, city, state and ZIP.

Sources:
    USPS Publication 28 (street suffixes in ``data/usps_street_suffixes.csv``, secondary units, boxes, military and
    Puerto Rico addresses); ZIP prefixes by state in ``taxonomy/data/zip_prefix_state.csv``; street words of other
    languages by usage.
"""

from __future__ import annotations

import re
from functools import cache

from amends.elements.detectors.base import Candidate, Detector, Label, Shape, Verdict, bit
from amends.elements.detectors.words import common_words, countries
from amends.elements.shapes_data import shipped, word_set
from amends.taxonomy import reference

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
STATE_NAMES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]"
    r"|UT|V[AIT]"
    r"|W[AIVY]|A[AEP]|Alabama|Alaska|Arizona|Arkansas|California|Calif\.|Colorado|Connecticut|Delaware|Florida"
    r"|Georgia"
    r"|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota"
    r"|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina"
    r"|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Puerto Rico|Rhode Island|South Carolina|South Dakota|Tennessee"
    r"|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|District of Columbia|D\.C\.)"
)
_STOP = word_set(
    "a an the is are was were be been to in on at by for from with and or of my your his her our their it "
    "this that minute minutes hour hours day days week weeks month months year years mile miles km meter "
    "meters foot feet inch inches percent people times per more most less than only about over under "
    "dollars points items users lines"
)
UNIT = re.compile(
    r"[, ]{0,3}\n?[ \t]{0,8}(?:(?:apt|apartment|suite|ste|unit|rm|room|floor|fl|bldg|building|lot|trlr|space"
    r"|spc|apto|ph)\b"
    r"\.? ?#? ?[A-Za-z0-9-]{1,6}|# ?[A-Za-z0-9-]{1,6})(?!\w)",
    re.IGNORECASE,
)
_LAST_LINE = re.compile(
    rf"[, ]{{0,3}}\n?[ \t]{{0,8}}(?P<city>[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){{0,3}}?)[, ]{{1,3}}\n?[ \t]{{0,8}}"
    rf"(?P<state>{STATE_NAMES})(?P<zip>[, ]{{1,3}}[0-9]{{5}}(?:-[0-9]{{4}})?)?(?![\w])",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:[ ]?,[ ]?\n?[ \t]{0,8}|[ ]?\n[ \t>]{0,8}\n?[ \t]{0,8})"
    r"(?P<words>[^\W\d_][^\W\d_]*[.']?(?:[ '-][^\W\d_(]+\)?\.?){0,3})?(?P<code>[ ]?\(?[A-Z]{0,2}[ "
    r"-]?[0-9]{3,6}(?:[ -][0-9A-Z]{2,4})?)?(?![\w])"
)
_ZIP_TAIL = re.compile(r"[, ]{1,3}[0-9]{5}(?:-[0-9]{4})?(?![\w-])")
_CITY_BEFORE = re.compile(r"(?:[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,2}),? ?\Z")


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(
        r["written"] for r in shipped("usps_street_suffixes")
        if r["language"] == "en"
        and r["written"] not in _NO_STREET
        and (len(r["written"]) > 2 or r["written"] in _SHORT)
    )  # fmt: skip


@cache
def _zip_states() -> dict[str, str]:
    return {
        r["prefix"]: f"{r['state']} {r['other_states']}" for r in reference.rows("zip_prefix_state")
    }


@cache
def _usps() -> dict[str, str]:
    return {r["name"].upper(): r["usps"] for r in reference.rows("state_names")}


def usps_code(state: str) -> str:
    """Return the USPS code of a state's name or code, upper case as found where it is neither."""
    plain = state.upper().rstrip(".")
    return _usps().get(plain, plain)


def zip_agrees(state: str, code: str) -> bool:
    """Tell whether a ZIP code lies in a state (name or USPS code)."""
    return usps_code(state) in _zip_states().get(code.strip(" ,")[:3], "")


def _tail(text: str, end: int) -> tuple[int, float, tuple[str, ...]]:
    """Return where an address that has its street line at ``end`` ends, the worth of its tail, and why."""
    if text[end : end + 1] == ".":
        end += 1
    worth = 0.0
    why: tuple[str, ...] = ()
    unit = UNIT.match(text, end)
    if unit:
        end, worth, why = unit.end(), 0.05, ("unit",)
    last = _LAST_LINE.match(text, end)
    if last and (last["zip"] or "," in text[end : last.end()] or "\n" in text[end : last.end()]):
        if last["zip"] and zip_agrees(last["state"], last["zip"]):
            return last.end(), 0.2, (*why, "city, state and ZIP agree")
        if last["state"].isupper() or len(last["state"]) > 2:
            return last.end(), 0.1, (*why, "city and state")
    code = _ZIP_TAIL.match(text, end)
    if code:
        return code.end(), 0.1, (*why, "ZIP")
    end, more = _foreign_tail(text, end)
    return end, worth + more, why


def _foreign_tail(text: str, end: int) -> tuple[int, float]:
    """Follow city, country and postal code in lines or after commas; stop at the last that is one."""
    place, sure, worth = end, end, 0.0
    for _ in range(5):
        part = _PART.match(text, place)
        if part is None or part.end() == place or not (part["words"] or part["code"]):
            break
        words = part["words"] or ""
        if words and not words[0].isupper() and words.lower() not in countries():
            break
        if words and not part["code"] and _is_sentence(words, text, part.end()):
            break
        unit = UNIT.match(text, part.end())
        place = unit.end() if unit else part.end()
        if part["code"] or words.lower() in countries() or unit:
            sure, worth = place, 0.12
        elif sure == end and "," in text[end : part.start() + 2]:
            sure = place
    return sure, worth


def _is_sentence(words: str, text: str, end: int) -> bool:
    first = words.split(maxsplit=1)[0].lower()
    after = text[end : end + 2]
    return (
        (first in common_words() and after[:1] in (" ", ":"))
        or after[:1] == ":"
        or after[:1] == "@"
    )


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
        stop, worth, why = _tail(text, end)
        sure = verdict + worth
        if found.speaks_for & bit("address"):
            sure += 0.08
        return Verdict(
            min(sure, 0.98), ("street", *why), start=found.start + number.start(), end=stop
        )
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
        and len(between) > 2
    )
    return (0.72 if suffix in _SURE else 0.55) - (0.1 if year else 0.0)


def _judge_box(found: Candidate) -> Verdict | None:
    stop, worth, why = _tail(found.text, found.end)
    return Verdict(min(0.82 + worth, 0.98), ("box", *why), end=stop)


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
    if not re.search(r"[A-Z\u00c0-\u00de]", value) and not found.speaks_for & bit("address"):
        sure -= 0.08
    stop, worth, why = _tail(found.text, found.end)
    before = re.search(
        r"(?<![\w.,-])[0-9]{1,6} \Z", found.text[max(0, found.start - 8) : found.start]
    )
    start = found.start - len(before.group()) if before else found.start
    return Verdict(min(sure + worth, 0.95), ("foreign street", *why), start=start, end=stop)


_STREET_BEFORE_UNIT = re.compile(
    r"(?:[0-9]{1,6}[A-Za-z]?,? )?(?:[^\W\d_][\w.'/-]*[ ]){1,5}(?:[0-9]{1,5}[A-Za-z]?\.?)?[,\s>}|?]{0,8}\Z"
)


def _judge_unit(found: Candidate) -> Verdict | None:
    """Judge "Apt. 12" or "Suite 4": what stands before it, there or one line up, is a street if it has a number."""
    text = found.text
    before = text[max(0, found.start - 70) : found.start]
    street = _STREET_BEFORE_UNIT.search(before.rstrip(" \t\n,>}|") + " ")
    if street is None or not any(c.isdigit() for c in street.group()):
        return None
    words = [w for w in street.group().split() if w[0].isalpha()]
    if not words or not any(w[0].isupper() for w in words) or {w.lower() for w in words} & _STOP:
        return None
    start = found.start - len(before) + street.start()
    stop, worth, why = _tail(text, found.end)
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
    stop, worth, why = _tail(found.text, found.start + len(value))
    return Verdict(min(0.62 + worth, 0.9), ("label", *why), end=stop)


def _suffix_gate() -> str:
    names = sorted({s.lower() for s in _suffixes()}, key=lambda s: (-len(s), s))
    return rf"\b[0-9]{{1,6}}[a-z]?,?( +[a-z0-9]{{1,24}}){{1,6}} +({'|'.join(names)})\b"


_ENDINGS = (
    r"strasse|stra?e|straat|laan|weg|gasse|platz|allee|plein|gracht|kade|dreef|gade|vej|veien|vei|vagen|gatan"
    r"|gata|katu|kuja"
    r"|tie|polku|utca|utcaja|ulica|cesta|namesti|stigen|backen|grand|alle|gade|strada"
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
            r"\b(usns|uss|usnv|usnv|uscgc) [a-z]{3,20}( +|\n)(fpo|apo) (aa|ae|ap) [0-9]{5}\b",
            re.compile(
                r"(?<!\w)(?:USNS|USS|USNV|USCGC) [A-Za-z]{3,20}\s+(?:FPO|APO) A[AEP] [0-9]{5}\Z"
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
    ),
)  # fmt: skip
