"""Canaries: invented persons whose tokens stand in the company's tables. Nobody has a reason to ask for one.

Source of numbers that are nobody's:
    SSN: area 900 to 999 is never assigned (SSA, POMS RM 10201.035), and groups 01 to 49 of it are no ITIN either
        (IRS: 50-65, 70-88, 90-92, 94-99). Telephone: 555-0100 to 555-0199 (NANPA). E-mail: example.com (RFC 2606).
    IMSI: MCC 999 for private use (ITU-T E.212). IMEI: TAC 00 for test devices (3GPP TS 23.003, GSMA TS.06).
    Card: MII 9 with 999, no country's (ISO/IEC 7812, ISO 3166).
"""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from amends.kernel.errors import TableError, UsageError
from amends.kernel.ledger import actor_name
from amends.vault.brake.brake import Brake
from amends.vault.brake.lines import Act
from amends.vault.brake.state import State, seal_canaries
from amends.vault.ciphers import Scheme
from amends.vault.keyring import Keyring

MOST = 100_000
_TRIES = 50

# Common names, so that a row does not stand out (US Census Bureau: names of 1990 and 2010, the most frequent).
_FIRST_NAMES = (
    "James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard "
    "Susan Joseph Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Betty Mark "
    "Margaret Steven Sandra Paul Ashley Andrew Kimberly Joshua Emily Kenneth Donna Kevin Michelle"
)
_LAST_NAMES = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez "
    "Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris "
    "Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill "
    "Flores"
)
_FIRST, _LAST = _FIRST_NAMES.split(), _LAST_NAMES.split()


@dataclass(frozen=True)
class Planted:
    """One invented person.

    Attributes:
        token: To stand in the company's table.
        first: A common first name.
        last: A common last name.
    """

    token: str
    first: str
    last: str


def make_canaries(
    brake: Brake,
    keyring: Keyring,
    domain: str,
    n: int,
    *,
    form: str = "",
    element: str = "",
    values: Sequence[str] = (),
    scheme: Scheme = "siv",
) -> list[Planted]:
    """Make tokens of invented persons and note them, sealed, as canaries.

    Args:
        brake: The vault's brake.
        keyring: The vault's keys.
        domain: Domain of the tokens.
        n: How many.
        form: How the company writes such a value, a ``#`` for each digit: ``###-##-####``.
        element: What the domain holds, where its name does not say.
        values: Invented values of the company's own, where no numbers are known that are nobody's.
        scheme: How the tokens of the domain are made.

    Raises:
        UsageError: The domain is not in the vault, or there are no such numbers for it.
    """
    if not 0 < n <= MOST:
        raise UsageError("That many canaries cannot be made", remedy=f"give 1 to {MOST:,}")
    if not keyring.live(scheme, domain):
        raise UsageError(
            "The vault has no keys for this domain",
            where=domain,
            remedy="protect a column of it first, or name another with --domain",
        )
    chosen = list(dict.fromkeys(values))[:n] if values else _invented(element or domain, n, form)
    if len(chosen) < n:
        raise UsageError(
            f"There are only {len(chosen)} different values", remedy="ask for fewer, or give more"
        )
    values_array = pa.array(chosen, pa.string())
    tokens = keyring.cipher(domain, scheme).protect(values_array)
    numbers = [int(number) for number in brake.index(domain).text_hashes(values_array)]

    def make(state: State) -> list[Act]:
        body = {
            "domain": domain,
            "n": n,
            "box": seal_canaries(brake.box, numbers),
            "by": actor_name(),
        }
        return [("canaries", body)]

    brake.record(make)
    return [
        Planted(token, secrets.choice(_FIRST), secrets.choice(_LAST))
        for token in tokens.to_pylist()
    ]


def write_planted(path: Path, planted: Sequence[Planted]) -> None:
    """Write canaries for planting to a new file, readable by its owner only.

    Raises:
        UsageError: There is a file of that name.
        TableError: It cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["token", "first", "last"])
            writer.writerows((p.token, p.first, p.last) for p in planted)
    except FileExistsError as error:
        raise UsageError(
            "There is a file of that name already", where=str(path), remedy="name another"
        ) from error
    except OSError as error:
        raise TableError(
            "The canaries cannot be written",
            where=f"{path}: {error.strerror}",
            remedy="name a place you may write to",
        ) from error


def _invented(element: str, n: int, form: str) -> list[str]:
    """Return different values that are nobody's."""
    maker = _MAKERS.get(element)
    if maker is None:
        raise UsageError(
            "No numbers are known that could be of this domain and are nobody's",
            where=element,
            remedy=f"give --element ({', '.join(sorted(_MAKERS))}), or your own invented values with --values FILE",
        )
    made: dict[str, None] = {}
    for _ in range(n * _TRIES):
        if len(made) == n:
            break
        made[_formed(maker(), form)] = None
    return list(made)


def _formed(value: str, form: str) -> str:
    """Return the digits of a value in the company's own form."""
    if not form:
        return value
    digits = [c for c in value if c.isdigit()]
    if form.count("#") != len(digits):
        raise UsageError(
            f"The form has {form.count('#')} digits, the value {len(digits)}",
            remedy="write a # for each digit, as in: --form ###-##-####",
        )
    held = iter(digits)
    return "".join(next(held) if c == "#" else c for c in form)


def _digits(n: int) -> str:
    return f"{secrets.randbelow(10**n):0{n}d}"


def _ssn() -> str:
    return f"9{_digits(2)}{1 + secrets.randbelow(49):02d}{1 + secrets.randbelow(9999):04d}"


def _phone() -> str:
    area = secrets.choice(
        ("212", "213", "303", "312", "404", "415", "503", "512", "602", "617", "702", "713")
    )
    return f"{area}55501{_digits(2)}"


def _with_check(digits: str) -> str:
    """Return digits with their check digit (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return f"{digits}{-total % 10}"


def _email() -> str:
    first, last = secrets.choice(_FIRST).lower(), secrets.choice(_LAST).lower()
    return f"{first}.{last}{_digits(2)}@example.com"


_MAKERS: dict[str, Callable[[], str]] = {
    "ssn": _ssn,
    "phone": _phone,
    "email": _email,
    "imei": lambda: _with_check(f"00{_digits(12)}"),
    "imsi": lambda: f"99999{_digits(10)}",
    "card": lambda: _with_check(f"9999{_digits(11)}"),
}
