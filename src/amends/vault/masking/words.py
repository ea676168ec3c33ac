"""Names and addresses: words from pools, put together as the original was.

Every word of a name goes through the domain ``given_name`` or ``surname``, so a full name in one table and its
parts in another have the same masks.

Sources:
    ZIP codes: 45 CFR 164.514(b)(2)(i)(B): the first three digits may stay where more than 20,000 people live;
    prefixes with fewer, by the Census of 2010, become 000. Street suffixes: USPS Publication 28, appendix C1.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.masking import pools
from amends.vault.masking.domains import Domain, PoolDomain, nothing_is_null

_TITLES = pa.array(["MR", "MRS", "MS", "MISS", "DR", "PROF", "REV", "HON", "SIR"])
_SUFFIXES = pa.array(["JR", "SR", "II", "III", "IV", "MD", "PHD", "ESQ", "DDS", "RN", "CPA"])
_FIRM = pa.array(
    [
        "LLC", "INC", "CORP", "LTD", "LP", "LLP", "PLLC", "COMPANY", "CORPORATION", "INCORPORATED", "GROUP", "TRUST",
        "ASSOCIATES", "SERVICES", "HOLDINGS", "PARTNERS", "ENTERPRISES", "FOUNDATION",
    ]
)  # fmt: skip
_LINKS = pa.array(
    [
        "DE",
        "LA",
        "DEL",
        "VAN",
        "VON",
        "DER",
        "DEN",
        "DI",
        "DA",
        "LE",
        "DU",
        "Y",
        "AND",
        "OF",
        "THE",
        "EL",
        "AL",
        "BIN",
        "IBN",
        "SAN",
        "ST",
    ]
)
_CORE = r"^(?P<a>[^\pL\pN]*)(?P<w>.*?)(?P<z>[^\pL\pN]*)$"


def mask_names(given: Domain, family: Domain, values: pa.Array, part: str = "full") -> pa.Array:
    """Return names with every word masked; titles, suffixes, particles and legal forms stay.

    Args:
        given: Domain ``given_name``.
        family: Domain ``surname``.
        values: Names as found.
        part: ``full``, ``first``, ``last`` or ``business``.
    """
    if not len(values):
        return values
    lists = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(values))
    words = pc.list_flatten(lists)
    parents = np.asarray(pc.list_parent_indices(lists)).astype(np.int64)
    if not len(words):
        return values
    coded = words.dictionary_encode()
    places = np.asarray(coded.indices).astype(np.int64)
    pieces = pc.extract_regex(coded.dictionary, _CORE)
    front, core, end = (pc.struct_field(pieces, n) for n in range(3))
    kept = _kept_words(core, places, parents, len(values), part)
    is_family = _family_words(coded.dictionary, kept, places, parents, len(values), part)
    made = []
    for domain in (given, family):
        normals = domain.normal(core)
        masks = domain.write(core, normals, domain.draw(normals, 0))
        whole = pc.binary_join_element_wise(front, pc.fill_null(masks, ""), end, "")
        made.append(whole.take(pa.array(places)))
    chosen = pc.if_else(pa.array(is_family), made[1], made[0])
    chosen = pc.if_else(pa.array(kept), words, chosen)
    joined = pc.binary_join(pa.ListArray.from_arrays(_offsets(lists), chosen), " ")
    return pc.if_else(pc.is_valid(values), joined, pa.scalar(None, pa.string()))


def _offsets(lists: pa.Array) -> pa.Array:
    counts = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64)
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))


def _kept_words(
    core: pa.Array,
    places: NDArray[np.int64],
    parents: NDArray[np.int64],
    n: int,
    part: str,
) -> NDArray[np.bool_]:
    """Say which words stay: a title in front, a suffix or legal form behind, a particle before a name.

    Each of them is also somebody's name (Van, Le, Co, Al), so it stays only in its place, and never alone.
    """
    plain = pc.utf8_upper(core)
    title, suffix, firm, link = (
        np.asarray(pc.is_in(plain, held))[places] for held in (_TITLES, _SUFFIXES, _FIRM, _LINKS)
    )
    number = np.arange(len(places))
    first = np.full(n, len(places))
    np.minimum.at(first, parents, number)
    behind = (suffix | (firm & (part in ("full", "business")))) & (number > first[parents])
    last = np.full(n, -1)
    np.maximum.at(last, parents[~behind], number[~behind])
    inside = (number > first[parents]) | (part in ("last", "business"))
    before = link & inside & (number < last[parents])
    front = title & (number == first[parents]) & (number < last[parents]) & (part == "full")
    kept = behind | before | front
    real = np.zeros(n, np.bool_)
    real[parents[~kept]] = True
    empty = np.asarray(pc.equal(pc.utf8_length(core), 0))[places]
    return np.asarray((kept & real[parents]) | empty)


def _family_words(
    words: pa.Array,
    kept: NDArray[np.bool_],
    places: NDArray[np.int64],
    parents: NDArray[np.int64],
    n: int,
    part: str,
) -> NDArray[np.bool_]:
    """Say which words are of the family: those before a comma, else the last; in a firm all."""
    if part in ("last", "business"):
        return np.ones(len(places), np.bool_)
    if part == "first":
        return np.zeros(len(places), np.bool_)
    real = ~kept
    number = np.arange(len(places))
    last = np.full(n, -1)
    np.maximum.at(last, parents[real], number[real])
    first = np.full(n, len(places))
    np.minimum.at(first, parents[real], number[real])
    family = (number == last[parents]) & (last[parents] != first[parents])
    comma = np.asarray(pc.ends_with(words, ","))[places] & real
    until = np.full(n, -1)
    np.maximum.at(until, parents[comma], number[comma])
    # "Smith, Mary A" has words after its comma; "Mary Smith, Jr." has only a suffix there.
    turned = (until >= 0) & (last > until)
    family = np.where(turned[parents], number <= until[parents], family)
    firm = np.zeros(n, np.bool_)
    in_firm = np.asarray(pc.is_in(pc.utf8_upper(pc.utf8_trim(words, ".,")), _FIRM))[places]
    firm[parents[in_firm]] = True
    return np.asarray(family | firm[parents])


class StreetDomain(PoolDomain):
    """First line of an address: another number of as many digits, a common street."""

    def normal(self, values: pa.Array) -> pa.Array:
        """Return the line in capitals, single blanks, suffixes as USPS writes them."""
        plain = pc.utf8_upper(pc.utf8_trim(values, " ,.\t"))
        plain = pc.replace_substring_regex(plain, r"[.,#\s]+", " ")
        for long, short in _LONG:
            if pc.any(pc.match_substring(plain, long)).as_py():
                plain = pc.replace_substring_regex(plain, rf"\b{long}\b", short)
        return nothing_is_null(plain)

    def pick(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return number, street and suffix; a box for a box, a unit where there was one."""
        numbers = self.draws.numbers(normals, turn)
        width = pc.utf8_length(pc.struct_field(pc.extract_regex(normals, r"(?P<n>^[0-9]{1,5})"), 0))
        asked = np.asarray(pc.fill_null(width, 3)).astype(np.int64)
        least = 10 ** (asked - 1)
        house = least + (numbers[:, 1] % (9 * least).astype(np.uint64)).astype(np.int64)
        house_text = pc.cast(pa.array(house), pa.string())
        street = pools.pick(pools.STREETS, numbers[:, 0])
        suffix = pools.pick(pools.SUFFIXES, numbers[:, 0] << np.uint64(20))
        line = pc.utf8_upper(pc.binary_join_element_wise(house_text, street, suffix, " "))
        unit = pc.binary_join_element_wise(line, pa.array(_unit(numbers[:, 1])), " APT ")
        line = pc.if_else(pc.match_substring_regex(normals, _UNIT), unit, line)
        box = pc.binary_join_element_wise("PO BOX", house_text, " ")
        return pc.if_else(pc.match_substring_regex(normals, r"^P ?O BOX|^BOX"), box, line)


_UNIT = r"\b(?:APT|UNIT|STE|SUITE)\b|[A-Z] [0-9]{1,4}[A-Z]?$"
_LONG = (
    ("STREET", "ST"), ("AVENUE", "AVE"), ("DRIVE", "DR"), ("ROAD", "RD"), ("LANE", "LN"), ("COURT", "CT"),
    ("BOULEVARD", "BLVD"), ("CIRCLE", "CIR"), ("PLACE", "PL"), ("TERRACE", "TER"), ("HIGHWAY", "HWY"),
    ("APARTMENT", "APT"), ("NORTH", "N"), ("SOUTH", "S"), ("EAST", "E"), ("WEST", "W"),
)  # fmt: skip


def _unit(numbers: NDArray[np.uint64]) -> pa.Array:
    return pc.cast(pa.array(1 + (numbers >> np.uint64(40)) % np.uint64(99)), pa.string())


class CityDomain(PoolDomain):
    """Cities: one of the largest of the state, where the state stands beside."""

    def normal(self, values: pa.Array) -> pa.Array:
        """Return the name in capitals."""
        return nothing_is_null(pc.utf8_upper(pc.utf8_trim(values, " ,.\t")))

    def pick(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return a city of any state."""
        return pc.utf8_upper(pools.pick_city(self.draws.numbers(normals, turn)[:, 0]))

    def pick_beside(self, normals: pa.Array, states: pa.Array) -> pa.Array:
        """Return a city of the state beside; another of the same state where it would be the same city."""
        numbers = self.draws.numbers(normals, 0)[:, 0]
        made = pc.utf8_upper(pools.pick_city(numbers, states))
        for more in range(1, 8):
            same = pc.fill_null(pc.equal(made, normals), False)
            if not pc.any(same).as_py():
                break
            # The state of one city only (DC) keeps it: it says no more than the state beside it does.
            other = pc.utf8_upper(pools.pick_city(numbers + np.uint64(more), states))
            made = pc.if_else(same, other, made)
        return made


FEW_PEOPLE = frozenset(
    [
        "036",
        "059",
        "102",
        "202",
        "203",
        "204",
        "205",
        "369",
        "556",
        "692",
        "753",
        "772",
        "821",
        "823",
        "878",
        "879",
        "884",
        "893",
    ]
)


class ZipDomain(PoolDomain):
    """ZIP codes: the first three digits and 00; 00000 where fewer than 20,000 people share them."""

    def normal(self, values: pa.Array) -> pa.Array:
        """Return five digits, zeros that a number column lost in front; other postcodes in capitals."""
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(values))
        plain = pc.replace_substring_regex(plain, r"^([0-9]+)\.0$", r"\1")
        plain = pc.replace_substring_regex(plain, r"^([0-9]{5})[- ]?[0-9]{4}$", r"\1")
        short = pc.match_substring_regex(plain, r"^[0-9]{3,4}$")
        return nothing_is_null(pc.if_else(short, pc.ascii_lpad(plain, 5, "0"), plain))

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return the coarse code; first sign and zeros for a postcode of another form."""
        known = pc.match_substring_regex(normals, r"^[0-9]{5}$")
        front = pc.utf8_slice_codeunits(normals, 0, 3)
        few = pc.is_in(front, pa.array(sorted(FEW_PEOPLE)))
        coarse = pc.if_else(few, "00000", pc.binary_join_element_wise(front, "00", ""))
        other = pc.binary_join_element_wise(pc.utf8_slice_codeunits(normals, 0, 1), "00", "")
        return pc.if_else(known, coarse, other)

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return the codes; without a zero in front where the original had lost it."""
        lost = pc.less(pc.utf8_length(pc.utf8_trim_whitespace(originals)), 5)
        digits_only = pc.match_substring_regex(masks, r"^0[0-9]{4}$")
        return pc.if_else(pc.and_(lost, digits_only), pc.utf8_slice_codeunits(masks, 1, 5), masks)


_LINE = (
    r"^(?P<street>.*?)(?P<gap>,\s*)(?P<city>[^,0-9]*?),?\s+(?P<state>[A-Za-z]{2})\.?,?\s+(?P<zip>[0-9]{5})"
    r"(?:-[0-9]{4})?(?:,?\s*(?:USA?|United States))?\s*$"
)


def mask_lines(street: Domain, city: CityDomain, code: Domain, values: pa.Array) -> pa.Array:
    """Return whole addresses on one line: street, city and ZIP masked as in columns of their own; the state stays."""
    pieces = pc.extract_regex(values, _LINE)
    parts = {name: pc.struct_field(pieces, name) for name in ("street", "city", "state", "zip")}
    fits = pc.is_valid(pieces)
    lines = pc.if_else(fits, parts["street"], values)
    normals = street.normal(lines)
    made = street.write(lines, normals, street.draw(normals, 0))
    cities = city.normal(parts["city"])
    towns = city.write(parts["city"], cities, city.pick_beside(cities, parts["state"]))
    codes = code.draw(code.normal(parts["zip"]), 0)
    whole = pc.binary_join_element_wise(
        made, ", ", pc.fill_null(towns, ""), ", ", parts["state"], " ", codes, ""
    )
    return pc.if_else(fits, whole, made)


def word_domains(key: bytes) -> dict[str, Domain]:
    """Return the domains of addresses."""
    return {
        "street": StreetDomain(key, "street"), "city": CityDomain(key, "city"), "zip": ZipDomain(key, "zip"),
    }  # fmt: skip
