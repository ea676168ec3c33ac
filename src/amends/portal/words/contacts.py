"""Whom public texts name beside the company: the credit bureaus, the Federal Trade Commission, the tax agency."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from amends.portal.shapes import Office

_FILE = Path(__file__).parent / "contacts.toml"
_PHONE = re.compile(r"1-\d{3}-\d{3}-\d{4}")
_WEB = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?")


@dataclass(frozen=True)
class Contacts:
    """The offices and addresses of public texts.

    Attributes:
        bureaus: The three nationwide credit bureaus.
        commission: The Federal Trade Commission.
        addresses: Name of a placeholder -> web address or telephone.
    """

    bureaus: tuple[Office, ...]
    commission: tuple[Office, ...]
    addresses: dict[str, str]

    def hosts(self) -> frozenset[str]:
        """Return every host named."""
        lines = [line for o in (*self.bureaus, *self.commission) for line in o.lines]
        named = [*lines, *self.addresses.values()]
        return frozenset(n.split("/")[0] for n in named if _WEB.fullmatch(n))


@cache
def contacts() -> Contacts:
    """Return the offices of public texts."""
    raw = tomllib.loads(_FILE.read_text("utf-8"))
    return Contacts(
        tuple(Office(o["name"], tuple(o["lines"])) for o in raw["bureau"]),
        tuple(Office(o["name"], tuple(o["lines"])) for o in raw["commission"]),
        {name: value for name, value in raw.items() if isinstance(value, str)},
    )


def line_target(line: str) -> str:
    """Return where a line of an address leads: a telephone or a web address; "" for any other line."""
    if _PHONE.fullmatch(line):
        return f"tel:{line.replace('-', '')}"
    return line if _WEB.fullmatch(line) else ""
