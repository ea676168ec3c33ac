"""Names of the carrier's people: long-tailed as the census has them, with the hard ones among them.

Source:
    ``taxonomy`` reference tables ``given_names`` and ``surnames`` (counts of the Social Security
    Administration and the Census Bureau); the hard names and their weights are our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from amends.demo.strings import Ints, Text, as_text, plain_ascii, plain_letters
from amends.taxonomy import reference

# Written form → people per 100,000 who bear it.
HARD_SURNAMES = {
    "O'Brien": 80, "O'Connor": 45, "O'Neill": 40, "O’Malley": 10, "D'Angelo": 20, "D'Souza": 10,
    "de la Cruz": 60, "De La Rosa": 30, "de los Santos": 25, "del Río": 15, "van der Berg": 10,
    "Van Dyke": 25, "van den Heuvel": 5, "von Braun": 3, "St. John": 25, "Nguyễn": 25, "Trần": 10,
    "Lê": 10, "Núñez": 60, "Muñoz": 60, "Peña": 50, "Ibáñez": 20, "Müller": 15, "Schröder": 8,
    "Køhler": 4, "Søndergaard": 4, "Wałęsa": 3, "Wiśniewski": 8, "Novák": 5, "Dvořák": 4,
    "Çelik": 5, "Yılmaz": 6, "Al-Rashid": 15, "El Amin": 8, "bin Salman": 3, "Ng": 20, "O": 2,
    "Wu": 30, "Xu": 20, "Li": 60, "Smith-Jones": 10, "García-López": 20, "Mc Donald": 5,
    "Ka'ahanui": 4, "Nakoa'ikaika": 2, "Two Bulls": 2, "Begay": 10, "Yellowhorse": 4,
    "Fitz-Gerald": 4, "L'Heureux": 5, "Lefèvre": 5, "Béchard": 4, "Güemes": 3, "Æbelø": 1,
    "Test": 1, "Null": 1, "Person": 3, "Church": 6, "Bank": 2, "Street": 5, "March": 4, "Grant": 9,
}  # fmt: skip
# Written form, whether a woman's → people per 100,000.
HARD_GIVEN = {
    ("José", False): 180, ("María", True): 180, ("Jesús", False): 60, ("Ángel", False): 40,
    ("Zoë", True): 30, ("Chloé", True): 20, ("Renée", True): 30, ("André", False): 40,
    ("François", False): 8, ("Søren", False): 6, ("Łukasz", False): 6, ("Siobhán", True): 8,
    ("Thị Hoa", True): 10, ("Văn Minh", False): 10, ("Mary Ann", True): 60, ("Jo-Ann", True): 20,
    ("D'Andre", False): 20, ("Ja'Niyah", True): 10, ("La'Toya", True): 15, ("Jean-Luc", False): 8,
    ("Juan Carlos", False): 60, ("María José", True): 30, ("Xi", True): 10, ("Yu", False): 15,
    ("Bo", False): 10, ("Björn", False): 6, ("Günther", False): 4, ("Muhammad", False): 60,
    ("Mohammed", False): 50, ("Aisha", True): 30, ("Priya", True): 30, ("Raj", False): 20,
}  # fmt: skip
_SPANISH = """
GARCIA RODRIGUEZ MARTINEZ HERNANDEZ LOPEZ GONZALEZ PEREZ SANCHEZ RAMIREZ TORRES FLORES
RIVERA GOMEZ DIAZ REYES MORALES CRUZ ORTIZ GUTIERREZ CHAVEZ RAMOS RUIZ ALVAREZ MENDOZA
VASQUEZ CASTILLO JIMENEZ MORENO ROMERO HERRERA MEDINA AGUILAR GARZA CASTRO VARGAS FERNANDEZ
GUZMAN MUNOZ MENDEZ SALAZAR SOTO DELGADO PENA RIOS ALVARADO SANDOVAL CONTRERAS VALDEZ
GUERRERO ORTEGA ESTRADA NUNEZ MALDONADO VEGA VAZQUEZ SANTIAGO DOMINGUEZ ESPINOZA SILVA
PADILLA MARQUEZ CORTEZ ROJAS ACOSTA FIGUEROA LUNA JUAREZ NAVARRO CAMPOS COLON ROBLES
"""
SPANISH = frozenset(_SPANISH.split())
_SPELLING = {
    "OBRIEN": "O'Brien", "OCONNOR": "O'Connor", "ONEAL": "O'Neal", "ONEILL": "O'Neill",
    "ODONNELL": "O'Donnell", "OCONNELL": "O'Connell", "OKEEFE": "O'Keefe", "OHARA": "O'Hara",
    "DELACRUZ": "Dela Cruz", "DELAROSA": "De La Rosa", "DELEON": "De Leon", "DEJESUS": "De Jesus",
    "VANCE": "Vance", "DEANGELO": "DeAngelo", "LEBLANC": "LeBlanc", "STJOHN": "St. John",
    "SANCHEZ": "Sánchez", "MARTINEZ": "Martínez", "GARCIA": "García", "PEREZ": "Pérez",
    "RODRIGUEZ": "Rodríguez", "HERNANDEZ": "Hernández", "LOPEZ": "López", "RAMIREZ": "Ramírez",
}  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """A list of names in three spellings, drawn by weight."""

    written: Text
    plain: Text
    upper: Text
    cumulative: npt.NDArray[np.float64]

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """Return ``n`` indexes into the pool."""
        at = np.searchsorted(self.cumulative, rng.random(n) * self.cumulative[-1], side="right")
        drawn: Ints = np.minimum(at, len(self.cumulative) - 1).astype(np.int64)
        return drawn


@dataclass(frozen=True)
class Names:
    """Surnames, and one pool of given names drawn from by sex and cohort."""

    surnames: Pool
    spanish: npt.NDArray[np.bool_]
    spanish_places: Ints
    given: Pool
    by_group: tuple[npt.NDArray[np.float64], ...]
    nicknames: Text
    nickname_first: Ints
    nickname_count: Ints

    def draw_given(
        self, rng: np.random.Generator, female: npt.NDArray[np.bool_], young: npt.NDArray[np.bool_]
    ) -> Ints:
        """Return a given name a person; ``young`` are those born since 1990."""
        chance = rng.random(len(female))
        out = np.empty(len(female), np.int64)
        for group, weights in enumerate(self.by_group):
            mine = np.flatnonzero((female * 2 + young) == group)
            out[mine] = np.searchsorted(weights, chance[mine] * weights[-1], side="right")
        drawn: Ints = np.minimum(out, len(self.given.cumulative) - 1)
        return drawn

    def nickname(self, rng: np.random.Generator, given: Ints) -> Ints:
        """Return a place in ``nicknames`` for each name, -1 where the name has none."""
        count = self.nickname_count[given]
        step = (rng.random(len(given)) * count).astype(np.int64)
        return np.where(count > 0, self.nickname_first[given] + step, -1)


def spell(name: str) -> str:
    """Write a census name (capitals, no marks) as its bearer does."""
    if name in _SPELLING:
        return _SPELLING[name]
    if name.startswith("MC") and len(name) > 4:
        return "Mc" + name[2:].capitalize()
    return name.capitalize()


def _pool(written: list[str], weights: npt.NDArray[np.float64]) -> Pool:
    return Pool(
        as_text(written),
        as_text([plain_letters(name) for name in written]),
        as_text([plain_ascii(name) for name in written]),
        np.cumsum(weights),
    )


@cache
def names() -> Names:
    """Return the shipped names with the hard ones mixed in."""
    rows = reference.rows("surnames")
    counts = np.array([float(row["count"]) for row in rows])
    scale = counts.sum() / 100_000
    written = [spell(row["surname"]) for row in rows] + list(HARD_SURNAMES)
    weights = np.concatenate([counts, np.array(list(HARD_SURNAMES.values())) * scale])
    spanish = np.zeros(len(written), np.bool_)
    spanish[: len(rows)] = [row["surname"] in SPANISH for row in rows]
    return Names(_pool(written, weights), spanish, np.flatnonzero(spanish), *_given())


def _given() -> tuple[Pool, tuple[npt.NDArray[np.float64], ...], Text, Ints, Ints]:
    rows = reference.rows("given_names")
    births = np.array([float(row["births_1930_on"] or 0) for row in rows])
    recent = np.array([float(row["births_1990_on"] or 0) for row in rows])
    share = np.array([float(row["share_female"] or 0.5) for row in rows])
    written = [row["given_name"].capitalize() for row in rows] + [name for name, _ in HARD_GIVEN]
    extra = np.array(list(HARD_GIVEN.values())) / 100_000
    woman = np.array([is_woman for _, is_woman in HARD_GIVEN])
    groups = []
    for of_sex, hard in ((1 - share, ~woman), (share, woman)):
        for cohort in (np.maximum(births - recent, 0), recent):
            weights = cohort * of_sex
            groups.append(np.cumsum(np.concatenate([weights, extra * hard * 2 * weights.sum()])))
    variants: dict[str, list[str]] = {}
    for row in reference.rows("nicknames"):
        variants.setdefault(row["given_name"].upper(), []).append(row["variant"].title())
    flat: list[str] = []
    first = np.zeros(len(written), np.int64)
    count = np.zeros(len(written), np.int64)
    for place, name in enumerate(written):
        own = variants.get(name.upper(), [])[:6]
        first[place], count[place] = len(flat), len(own)
        flat.extend(own)
    pool = _pool(written, np.ones(len(written)))
    return pool, tuple(groups), as_text(flat), first, count
