"""Lists of words that tell prose from values and names.

Sources:
    ``data/english_words.txt``: Debian wamerican-small 2020.12.07 (SCOWL, copyright Kevin Atkinson, permissive).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

from amends.taxonomy import reference

_WRITTEN = resources.files("amends.elements") / "data"


@cache
def common_words() -> frozenset[str]:
    """Return common English words, lower case."""
    return frozenset((_WRITTEN / "english_words.txt").read_text("utf-8").split())


def is_common_word(word: str) -> bool:
    """Tell whether a lower-case word is common English."""
    return word in common_words()


@cache
def countries() -> frozenset[str]:
    """Return countries and what people call them, lower case."""
    return frozenset(_rows("countries.txt"))


def _rows(name: str) -> list[str]:
    return (_WRITTEN / name).read_text("utf-8").split("\n")


GIVEN, FAMILY, COMMON, PROPER, TITLE, BUSINESS, PARTICLE, SUFFIX, STREET = (
    1 << n for n in range(9)
)

_TITLES = (
    "mr mrs ms miss mx dr prof professor sir madam lady lord rev reverend fr father sister brother capt captain sgt "
    "sergeant lt lieutenant col colonel gen general maj major officer detective judge justice hon senator sen rep gov "
    "governor president coach nurse uncle aunt sr sra srta señor señora señorita don doña dra herr frau "
    "monsieur madame "
    "mme mlle signor signora"
)
_STREETS = (
    "rua rue via calle avenida avda av strasse straße str allee vicolo piazza piazzetta viale corso chemin cours quai "
    "impasse travessa praça largo ul ulica aleja plaza paseo camino carretera bulevar boulevard blvd avenue ave utca "
    "weg straat laan plein road rd lane"
)
_SAID = re.compile(
    r"(?:i|you|he|she|it|we|they|that|what|who|where|when|how|there|here|let|don|can|won|didn|isn|wasn|doesn"
    r"|couldn|wouldn"
    r"|shouldn|haven|hasn|hadn|aren|weren|ain|y)'(?:m|s|re|ve|ll|d|t|all)"
)
_BUSINESS_WORDS = (
    "inc llc llp corp corporation ltd gmbh plc company co group bank university college school hospital "
    "clinic institute "
    "foundation association associates partners holdings industries systems solutions services wireless telecom "
    "communications mobile insurance department ministry agency bureau office church committee council society union "
    "orchestra band club museum library airport hotel restaurant store market center centre international partnership "
    "trust fund limited enterprises consulting technologies technology software labs laboratories media press news"
)
_PARTICLES = "de la del van der den von zu da dos das di du le el al bin ibn bint ben ter ten af av y e st mac mc o d'"
_SUFFIXES = "jr sr ii iii iv md phd esq dds rn cpa jd mba"
_CALENDAR = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun"
)
# Census names that in capitals are far more often something else.
_SELDOM_NAMES = (
    "the an to my in on at is it be we he she you your our us am pm id no so do if or as by go up me of for "
    "and but not "
    "are was has had see can may will all any new old one two let get got set put her his him its who how "
    "why what when "
    "where this that these those there here they them then than now just also very please thanks thank "
    "hello hi hey dear "
    "subject from date sent email phone order account number customer service agent support street avenue road drive "
    "city state country north south east west great good time people man woman child home house card bank store queen "
    "bot chat user china america american english french german spanish list line file more most much many such each "
    "some every both few other same next last first person patient doctor southern northern "
    # Spanish words of forms and letters.
    "es con por para que se lo si mi tu su un una los las licencia pasaporte direccion dirección telefono teléfono "
    "correo cuenta fecha nacimiento numero número seguro nombre apellido clienta paciente usuario clave tarjeta "
    "equipo sucursal gracias favor ciudad estado código codigo postal domicilio factura pedido saldo solicitud "
    "conducir atentamente saludos asunto empleado empleada "
    "dob ssn acct cust csr cx rep fax tel attn ref imei imsi sim pin mrn npi dl lic pwd"
)


@cache
def kinds() -> dict[str, int]:
    """Return lower-case word → what it can be, as bits: given name, family name, common word or title.

    Sources:
        Census Bureau 2010 surnames, Social Security Administration given names, nicknames, SCOWL.
    """
    found: dict[str, int] = {}

    def add(words: Iterable[str], kind: int) -> None:
        for word in words:
            found[word] = found.get(word, 0) | kind

    # Rare census entries are as often misspellings or words of a file, so the tail is left out.
    add((r["given_name"].lower() for r in reference.rows("given_names")), GIVEN)
    add((r["variant"].lower() for r in reference.rows("nicknames")), GIVEN)
    add((r["surname"].lower() for r in reference.rows("surnames")), FAMILY)
    add(common_words(), COMMON)
    add((w.lower() for w in _rows("proper_words.txt") if w), PROPER)
    for words, kind in (
        (_TITLES, TITLE), (_BUSINESS_WORDS, BUSINESS | COMMON), (_STREETS, STREET), (_PARTICLES, PARTICLE),
            (_SUFFIXES, SUFFIX),
        (_CALENDAR, PROPER | COMMON), (" ".join(countries()), PROPER | COMMON),
    ):  # fmt: skip
        add(words.split(), kind)
    add(_STATE_WORDS.split(), PROPER | COMMON)
    for word in _CALENDAR.split():
        if word not in ("april", "june", "august", "may", "jan"):
            found[word] = PROPER | COMMON
    for word in _SELDOM_NAMES.split():
        found[word] = found.get(word, 0) & ~(GIVEN | FAMILY) | COMMON
    return found


_STATE_WORDS = (
    "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois "
    "indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi "
    "missouri montana "
    "nebraska nevada hampshire jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania texas utah vermont "
    "virginia washington wisconsin wyoming london paris berlin chicago houston boston dallas denver seattle phoenix "
    "austin orlando atlanta"
)


def is_contraction(word: str) -> bool:
    """Tell whether a lower-case word is one like "i'm" or "don't"."""
    return _SAID.fullmatch(word) is not None
