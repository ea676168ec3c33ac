"""Value domains: each says what the normal form of a value is, what masks it may have and how a mask is written."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.vault.columns import equal_lengths, from_matrices
from amends.vault.masking import pools
from amends.vault.masking.draws import Bytes, Draws, Numbers, digits
from amends.vault.masking.forms import Form, forms, keep_shape
from amends.vault.masking.normal import is_filler, normal_number, write_number

LAST_TURN = 96
"""Tries for a value before a mask is shared with another; reached only where a domain is full."""
SMALL = 10_000


class Domain(Protocol):
    """Values that are compared with each other.

    Attributes:
        name: ``ssn``, ``surname`` …
        unique: Two values have two masks, and no mask is an original; else masks come from a pool.
        draws: Its keyed draws and its blind index.
    """

    name: str
    unique: bool
    draws: Draws

    def normal(self, values: pa.Array) -> pa.Array:
        """Return normal forms; null where there is no value."""

    def first_turn(self, n_values: int) -> int:
        """Return the try to begin with where so many values want a mask."""

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return a mask for each normal form (not null), in normal form."""

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return masks as the originals were written."""


class BaseDomain:
    """What most domains share."""

    unique = True
    draws: Draws

    def first_turn(self, n_values: int) -> int:
        """Return 0: the first draw."""
        return 0

    def normal(self, values: pa.Array) -> pa.Array:
        """Return the value in small letters, without blanks around it."""
        return nothing_is_null(pc.utf8_lower(pc.utf8_trim_whitespace(values)))


def nothing_is_null(plain: pa.Array) -> pa.Array:
    """Return texts with null for the empty ones."""
    return pc.if_else(pc.equal(pc.binary_length(plain), 0), pa.scalar(None, pa.string()), plain)


class NumberDomain(BaseDomain):
    """Identifiers made of digits and letters."""

    def __init__(self, key: bytes, name: str, form: Form | None = None) -> None:
        self.name = name
        self.draws = Draws(key, name)
        self._form = form

    def normal(self, values: pa.Array) -> pa.Array:
        """Return digits, or capitals and digits."""
        return normal_number(self.name, values)

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return masks of the domain's form; of the same shape where a value does not have it."""
        groups = []
        for length, places, rows in equal_lengths(normals):
            drawn = self.draws.rows(rows, turn, max(16, length))
            made = keep_shape(rows, drawn)
            if self._form is not None:
                fits = self._form.fits(rows)
                if fits.all():
                    made = self._form.make(rows, drawn, turn)
                elif fits.any():
                    made[fits] = self._form.make(rows[fits], drawn[fits], turn)
            groups.append((places, made))
        return from_matrices(len(normals), groups)

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return masks with the dashes, blanks and small letters of the originals."""
        return write_number(self.name, originals, normals, masks)


class PhoneDomain(NumberDomain):
    """Telephone numbers: those of fiction while they last, then lines and area codes that nobody has."""

    def first_turn(self, n_values: int) -> int:
        """Return where there is room: 33,000 numbers for fiction, 3.3 million in exchange 555."""
        return 0 if n_values <= 10_000 else 2 if n_values <= 300_000 else 6


class Last4Domain(NumberDomain):
    """Four digits: one random order of all ten thousand, so no two share a mask; 0000 stays in no SSN.

    An order of ten thousand is learned by whoever sees ten thousand pairs; without the originals beside the
    masks it says nothing.
    """

    unique = False

    def __init__(self, key: bytes) -> None:
        super().__init__(key, "last4")
        every = digits(np.arange(1, SMALL, dtype=np.uint64), 4)
        drawn = np.ascontiguousarray(self.draws.rows(every, 0)).view("<u8")[:, 0]
        ring = np.argsort(drawn) + 1
        # Each goes to the next on one ring, so none goes to itself.
        self._next = np.zeros(SMALL, np.uint64)
        self._next[ring] = np.roll(ring, -1)

    def order(self, rows: Bytes) -> Bytes:
        """Return the mask of each row of four digits; 0000 goes with 0001."""
        numbers = (rows.astype(np.int64) - 48) @ np.array([1000, 100, 10, 1])
        numbers = np.clip(numbers, 1, SMALL - 1)
        return digits(self._next[numbers], 4)

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return the mask of each; a malformed one keeps its shape."""
        groups = []
        for length, places, rows in equal_lengths(normals):
            four = length == 4
            drawn = self.draws.rows(rows, turn + 1, max(16, length))
            groups.append((places, self.order(rows) if four else keep_shape(rows, drawn)))
        return from_matrices(len(normals), groups)


class EmailDomain(BaseDomain):
    """Mail addresses: a name of the pools and five signs, at a domain that is nobody's (RFC 2606)."""

    name = "email"

    def __init__(self, key: bytes) -> None:
        self.draws = Draws(key, self.name)

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return addresses at example.com, example.net and example.org."""
        numbers = self.draws.numbers(normals, turn)
        given = pools.pick(
            pools.given_names("F" if turn % 2 else "M"), numbers[:, 0] << np.uint64(24)
        )
        family = pools.pick(pools.surnames(), numbers[:, 0] >> np.uint64(3))
        tail = pools.base32(numbers[:, 1], 6)
        ends = pa.array(["example.com", "example.net", "example.org"])
        end = ends.take(pa.array((numbers[:, 0] % np.uint64(3)).astype(np.int64)))
        local = pc.binary_join_element_wise(given, family, tail, ".")
        return pc.utf8_lower(pc.binary_join_element_wise(local, end, "@"))

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return masks in capitals where the original stood in capitals."""
        capitals = pc.equal(originals, pc.utf8_upper(originals))
        return pc.if_else(capitals, pc.utf8_upper(masks), masks)


class IpDomain(BaseDomain):
    """Network addresses: private ones for IPv4 (RFC 1918), those of documents for IPv6 (RFC 3849)."""

    name = "ip"

    def __init__(self, key: bytes) -> None:
        self.draws = Draws(key, self.name)

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return addresses in 10.0.0.0/8 (in 240.0.0.0/4 once that is full), or 2001:db8::/32."""
        numbers = self.draws.numbers(normals, turn)
        first = np.uint64(10) if turn < 8 else np.uint64(240) + (numbers[:, 1] % np.uint64(15))
        parts = [pc.cast(pa.array(np.broadcast_to(first, len(numbers))), pa.string())]
        for shift in (0, 8, 16):
            parts.append(_decimal((numbers[:, 0] >> np.uint64(shift)) & np.uint64(255)))
        v4 = pc.binary_join_element_wise(*parts, ".")
        hexes = [pools.base16(numbers[:, n // 4] >> np.uint64(16 * (n % 4)), 4) for n in range(6)]
        v6 = pc.binary_join_element_wise("2001:db8", *hexes, ":")
        return pc.if_else(pc.match_substring(normals, ":"), v6, v4)

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return the masks."""
        return masks


class MacDomain(NumberDomain):
    """Hardware addresses: the bit of local administration set, so no maker gave it (IEEE 802)."""

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return twelve hexadecimal digits."""
        numbers = self.draws.numbers(normals, turn)[:, 0]
        return pc.utf8_upper(pc.binary_join_element_wise("02", pools.base16(numbers, 10), ""))

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return masks with the signs between, in small letters unless the original stands in capitals."""
        made = super().write(originals, normals, masks)
        capitals = pc.equal(originals, pc.utf8_upper(originals))
        return pc.if_else(capitals, made, pc.utf8_lower(made))


class PoolDomain(BaseDomain):
    """Words from a pool: common ones, so a mask points at nobody; two values may share one, none keeps its own.

    Args:
        key: The vault's key for masks.
        name: Name of the domain.
    """

    unique = False

    def __init__(self, key: bytes, name: str) -> None:
        self.name = name
        self.draws = Draws(key, name)

    def draw(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return a word of the pool that is not the value itself."""
        made = self.pick(normals, turn)
        same = pc.equal(made, normals)
        for again in range(1, 8):
            if not pc.any(same).as_py():
                break
            made = pc.if_else(same, self.pick(normals, turn + again), made)
            same = pc.equal(made, normals)
        return made

    def pick(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return a word of the pool for each value, as its normal form is written."""
        raise NotImplementedError

    def write(self, originals: pa.Array, normals: pa.Array, masks: pa.Array) -> pa.Array:
        """Return masks in capitals, small letters or with a capital, as the originals."""
        return pools.like_case(originals, masks)


class NameDomain(PoolDomain):
    """One word of a name: ``given_name`` or ``surname``."""

    def normal(self, values: pa.Array) -> pa.Array:
        """Return the word in capitals, without dots and blanks around it."""
        return nothing_is_null(pc.utf8_upper(pc.utf8_trim(values, " .,\t")))

    def pick(self, normals: pa.Array, turn: int) -> pa.Array:
        """Return a name: of the same sex for given names, a letter for a letter."""
        numbers = self.draws.numbers(normals, turn)
        if self.name == "surname":
            made = pools.pick(pools.surnames(), numbers[:, 0])
        else:
            women = pools.pick(pools.given_names("F"), numbers[:, 0])
            men = pools.pick(pools.given_names("M"), numbers[:, 0])
            chance = pa.array(numbers[:, 1] & np.uint64(1) == 1)
            made = pc.if_else(pc.coalesce(pools.is_female(normals), chance), women, men)
        letter = pc.equal(pc.utf8_length(normals), 1)
        if pc.any(letter).as_py():
            made = pc.if_else(letter, pc.utf8_slice_codeunits(made, 0, 1), made)
        return made


def _decimal(numbers: Numbers) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


def number_domains(key: bytes) -> dict[str, Domain]:
    """Return the domains that have a form of their own.

    Args:
        key: The vault's key for masks.
    """
    last4 = Last4Domain(key)
    made: dict[str, Domain] = {
        name: NumberDomain(key, name, form) for name, form in forms(last4.order).items()
    }
    made["phone"] = PhoneDomain(key, "phone", forms(last4.order)["phone"])
    made |= {
        "last4": last4,
        "email": EmailDomain(key),
        "ip": IpDomain(key),
        "mac": MacDomain(key, "mac"),
    }
    made |= {name: NameDomain(key, name) for name in ("given_name", "surname")}
    return made


def keep_fillers(originals: pa.Array, masked: pa.Array) -> pa.Array:
    """Return masks, and what stands for no value (N/A, unknown, a dash) as it was."""
    fillers = is_filler(originals)
    if not pc.any(fillers).as_py():
        return masked
    return pc.if_else(fillers, originals, masked)
