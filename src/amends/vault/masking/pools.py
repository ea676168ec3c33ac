"""Names, streets and places that masks are drawn from: common ones only, weighted as they occur.

Sources:
    Given names: US Social Security Administration, births. Surnames: US Census Bureau 2010 (both in
    ``taxonomy/data``).
    Streets: the most common street names of the US (US Census Bureau, TIGER, in "Most common street names",
    National League of Cities). Cities: the largest of each state (US Census Bureau).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.taxonomy import reference
from amends.vault.columns import from_matrices
from amends.vault.masking.draws import Bytes, Numbers

COMMON = 1500
"""Names of a pool: the thousandth surname is borne by 35,000 people, so a mask points at nobody."""


@dataclass(frozen=True)
class Pool:
    """Words and how far up the sum of their weights each stands.

    Attributes:
        words: The words, capitals.
        upto: Rising numbers of 32 bits; the last is the whole.
    """

    words: pa.Array
    upto: NDArray[np.uint64]


def make_pool(words: list[str], weights: list[float]) -> Pool:
    """Return a pool from words and their weights."""
    sums = np.cumsum(np.asarray(weights, np.float64))
    return Pool(pa.array(words, pa.string()), (sums / sums[-1] * 2**32).astype(np.uint64))


def pick(pool: Pool, numbers: Numbers) -> pa.Array:
    """Return a word of the pool for each number, by its upper half."""
    places = np.searchsorted(pool.upto, numbers >> np.uint64(32), side="right")
    return pool.words.take(pa.array(np.minimum(places, len(pool.words) - 1)))


@cache
def surnames() -> Pool:
    """Return the common surnames."""
    rows = reference.rows("surnames")[:COMMON]
    return make_pool([r["surname"] for r in rows], [float(r["count"]) for r in rows])


@cache
def given_names(sex: str) -> Pool:
    """Return the common given names of a sex, ``F`` or ``M``."""
    rows = [
        r for r in reference.rows("given_names")[: 4 * COMMON] if _sex(r["share_female"]) == sex
    ][:COMMON]
    return make_pool([r["given_name"] for r in rows], [float(r["births_1930_on"]) for r in rows])


def _sex(share: str) -> str:
    value = float(share or 0.5)
    return "F" if value > 0.8 else "M" if value < 0.2 else ""


@cache
def _sexes() -> tuple[pa.Array, pa.Array]:
    rows = reference.rows("given_names")
    names = pa.array([r["given_name"] for r in rows])
    sexes = [_sex(r["share_female"]) for r in rows]
    return names, pa.array([None if not s else s == "F" for s in sexes], pa.bool_())


def is_female(names: pa.Array) -> pa.Array:
    """Say whether given names in capitals are women's; null where a name is both, or unknown."""
    known, female = _sexes()
    return female.take(pc.index_in(names, known))


def is_given(names: pa.Array) -> pa.Array:
    """Say which words in capitals are given names."""
    return pc.is_in(names, _sexes()[0])


STREETS = make_pool(
    [
        "MAIN",
        "OAK",
        "PARK",
        "PINE",
        "MAPLE",
        "CEDAR",
        "ELM",
        "LAKE",
        "HILL",
        "WASHINGTON",
        "WALNUT",
        "SPRING",
        "NORTH",
        "RIDGE",
        "LINCOLN",
        "CHURCH",
        "WILLOW",
        "MILL",
        "RIVER",
        "SUNSET",
        "RAILROAD",
        "JACKSON",
        "CHERRY",
        "WEST",
        "SOUTH",
        "CENTER",
        "HIGHLAND",
        "JOHNSON",
        "FRANKLIN",
        "FOREST",
        "JEFFERSON",
        "HICKORY",
        "PROSPECT",
        "VALLEY",
        "COLLEGE",
        "MEADOW",
        "GREEN",
        "ADAMS",
        "DOGWOOD",
        "SCHOOL",
        "PLEASANT",
        "CHESTNUT",
        "LAUREL",
        "POPLAR",
        "SYCAMORE",
        "BIRCH",
        "MADISON",
        "COUNTY",
        "SHADY",
        "GARDEN",
        "ORCHARD",
        "SUNRISE",
        "MAGNOLIA",
        "HARRISON",
        "MONROE",
        "BROADWAY",
        "LOCUST",
        "SPRUCE",
        "CANYON",
        "VISTA",
        "HERITAGE",
        "JUNIPER",
        "BROOKSIDE",
        "COTTAGE",
        "FAIRVIEW",
        "HARBOR",
        "ASPEN",
        "MULBERRY",
        "RIDGEWOOD",
        "WOODLAND",
        "SUMMIT",
        "GROVE",
        "TAYLOR",
        "WILSON",
        "GRANT",
        "FRONT",
    ],
    [100 / (n + 4) for n in range(79)],
)
SUFFIXES = make_pool(
    ["St", "Ave", "Dr", "Rd", "Ln", "Ct", "Way", "Blvd"], [30, 20, 16, 12, 10, 6, 4, 2]
)


@cache
def cities() -> tuple[dict[str, int], pa.Array, NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each state, all cities in a row, where a state's begin, and how many they are."""
    names: list[str] = []
    starts: list[int] = []
    counts: list[int] = []
    numbers: dict[str, int] = {}
    for line in _CITIES.strip().splitlines():
        state, _, rest = line.strip().partition(" ")
        own = rest.split(", ")
        numbers[state] = len(starts)
        starts.append(len(names))
        counts.append(len(own))
        names += own
    return numbers, pa.array(names), np.array(starts), np.array(counts)


def pick_city(numbers: Numbers, states: pa.Array | None = None) -> pa.Array:
    """Return a city for each number; one of the state where the state is given and known.

    Args:
        numbers: Drawn numbers.
        states: USPS codes beside the cities; null where unknown.
    """
    known, names, starts, counts = cities()
    every = (numbers % np.uint64(len(names))).astype(np.int64)
    if states is not None:
        found = pc.index_in(pc.utf8_upper(pc.utf8_trim_whitespace(states)), pa.array(list(known)))
        at = np.asarray(pc.fill_null(found, -1))
        own = starts[at] + (numbers % counts[at].astype(np.uint64)).astype(np.int64)
        every = np.where(at >= 0, own, every)
    return names.take(pa.array(every))


def like_case(originals: pa.Array, masks: pa.Array) -> pa.Array:
    """Return masks in capitals or small letters where the originals are, else as titles."""
    plain = originals
    upper = pc.fill_null(pc.equal(plain, pc.utf8_upper(plain)), False)
    lower = pc.fill_null(pc.equal(plain, pc.utf8_lower(plain)), False)
    if pc.all(lower).as_py():
        return pc.utf8_lower(masks)
    if pc.all(upper).as_py():
        return pc.utf8_upper(masks)
    made = pc.if_else(upper, pc.utf8_upper(masks), pc.utf8_title(masks))
    return pc.if_else(lower, pc.utf8_lower(masks), made)


_SIGNS = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", np.uint8)


def base32(numbers: Numbers, width: int) -> pa.Array:
    """Return the low bits of numbers as small letters and digits, five bits a sign."""
    return _signs(numbers, width, 5)


def base16(numbers: Numbers, width: int) -> pa.Array:
    """Return the low bits of numbers as hexadecimal digits."""
    return _signs(numbers, width, 4)


def _signs(numbers: Numbers, width: int, bits: int) -> pa.Array:
    rows: Bytes = np.empty((len(numbers), width), np.uint8)
    for place in range(width):
        part = (numbers >> np.uint64(bits * place)) & np.uint64((1 << bits) - 1)
        rows[:, place] = _SIGNS[part.astype(np.int64)]
    return (
        from_matrices(len(numbers), [(None, rows)]) if len(numbers) else pa.array([], pa.string())
    )


_CITIES = """
AL Huntsville, Birmingham, Montgomery, Mobile
AK Anchorage, Fairbanks, Juneau
AZ Phoenix, Tucson, Mesa, Chandler
AR Little Rock, Fayetteville, Fort Smith
CA Los Angeles, San Diego, San Jose, Fresno, Sacramento, Long Beach, Oakland, Bakersfield
CO Denver, Colorado Springs, Aurora, Fort Collins
CT Bridgeport, Stamford, New Haven, Hartford
DE Wilmington, Dover, Newark
DC Washington
FL Jacksonville, Miami, Tampa, Orlando, St. Petersburg, Hialeah
GA Atlanta, Columbus, Augusta, Macon, Savannah
HI Honolulu, Hilo, Kailua
ID Boise, Meridian, Nampa
IL Chicago, Aurora, Joliet, Naperville, Rockford
IN Indianapolis, Fort Wayne, Evansville, South Bend
IA Des Moines, Cedar Rapids, Davenport
KS Wichita, Overland Park, Kansas City, Topeka
KY Louisville, Lexington, Bowling Green
LA New Orleans, Baton Rouge, Shreveport, Lafayette
ME Portland, Lewiston, Bangor
MD Baltimore, Frederick, Rockville
MA Boston, Worcester, Springfield, Cambridge
MI Detroit, Grand Rapids, Warren, Ann Arbor
MN Minneapolis, St. Paul, Rochester
MS Jackson, Gulfport, Southaven
MO Kansas City, St. Louis, Springfield, Columbia
MT Billings, Missoula, Great Falls
NE Omaha, Lincoln, Bellevue
NV Las Vegas, Henderson, Reno
NH Manchester, Nashua, Concord
NJ Newark, Jersey City, Paterson, Elizabeth
NM Albuquerque, Las Cruces, Santa Fe
NY New York, Buffalo, Yonkers, Rochester, Syracuse, Albany
NC Charlotte, Raleigh, Greensboro, Durham
ND Fargo, Bismarck, Grand Forks
OH Columbus, Cleveland, Cincinnati, Toledo, Akron
OK Oklahoma City, Tulsa, Norman
OR Portland, Salem, Eugene
PA Philadelphia, Pittsburgh, Allentown, Erie
RI Providence, Warwick, Cranston
SC Charleston, Columbia, Greenville
SD Sioux Falls, Rapid City, Aberdeen
TN Nashville, Memphis, Knoxville, Chattanooga
TX Houston, San Antonio, Dallas, Austin, Fort Worth, El Paso, Arlington
UT Salt Lake City, Provo, Ogden
VT Burlington, Rutland, Montpelier
VA Virginia Beach, Chesapeake, Norfolk, Richmond
WA Seattle, Spokane, Tacoma, Vancouver
WV Charleston, Huntington, Morgantown
WI Milwaukee, Madison, Green Bay, Kenosha
WY Cheyenne, Casper, Laramie
PR San Juan, Ponce, Caguas
GU Hagatna, Dededo
VI Charlotte Amalie, Christiansted
AS Pago Pago
MP Saipan
"""
