"""What every collector is: it recognises its format by the content, and says what it saw.

What it says are small dated sightings in one vocabulary; what they mean together (which zone, which reach, whether a
found secret is still the current one) is decided later, when all inputs are known. A line that cannot be read is a
``Reject`` with its place; a collector never raises on what a file holds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from amends.paths.collectors.seen import Sighting
from amends.paths.shapes import Reject

MAX_BYTES = 256 * 2**20  # more is no inventory; what came before is read, the rest is a reject
MAX_LINE = 64 * 1024  # no line of a configuration or key file is longer; a longer one is a reject

UDP_PORTS = frozenset({53, 67, 69, 123, 161, 162, 500, 514, 1194, 1812, 1813, 4500, 51820})
"""Ports whose service speaks UDP where a list gives only the number (IANA service names)."""


@dataclass(frozen=True)
class Input:
    """One file of the inputs.

    Attributes:
        path: As given, inner path included.
        body: Its bytes, at most ``MAX_BYTES``.
        text: Its text, line ends as found; "" for what is no text.
    """

    path: str
    body: bytes
    text: str

    @property
    def name(self) -> str:
        """Return the file name without folders, in lower case."""
        return self.path.replace("\\", "/").rsplit("/", 1)[-1].lower()

    @property
    def head(self) -> str:
        """Return the first 64 Ki characters."""
        return self.text[:65536]

    @cached_property
    def document(self) -> Any:
        """Return the file as JSON, JSON Lines as a list; ``None`` when it is none of both. Foreign, hence ``Any``."""
        text = self.text.strip().lstrip("\ufeff")
        if not text.startswith(("{", "[")):
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
        rows = []
        for line in text.split("\n"):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except (ValueError, RecursionError):
                    rows.append(None)
        return rows if any(isinstance(row, dict) for row in rows) else None

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines with their numbers from 1, without those too long to be one."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if len(line) <= MAX_LINE:
                yield number, line.rstrip("\r")

    def overlong(self) -> Iterator[Reject]:
        """Yield a reject for each line too long to be one."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if len(line) > MAX_LINE:
                yield Reject(
                    f"{self.path}:{number}",
                    "line_too_long",
                    "Split the line and add the file again.",
                )


class Collector(Protocol):
    """A collector of one format."""

    @property
    def name(self) -> str:
        """Short name of the format."""
        ...

    def detect(self, source: Input) -> bool:
        """Answer whether this is the format."""
        ...

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield what the file says; bad parts are rejects, never errors."""
        ...


def fingerprint_of(secret: str | bytes) -> str:
    """Return the SHA-256 of a secret in hex; the secret itself goes no further.

    It is unkeyed, so that it can be compared with the ``secret_fingerprint`` that the company gives. A weak secret can
    be guessed from it: ``collect(…, key=…)`` names credentials by a keyed hash instead, once they are compared.
    """
    body = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    return hashlib.sha256(body).hexdigest()


def rows_of(document: Any, *names: str) -> list[Any]:
    """Return the objects of a JSON document: the list itself, or the list under one of these names."""
    if isinstance(document, dict):
        for name in names:
            if isinstance(document.get(name), list):
                return list(document[name])
        return [document]
    return list(document) if isinstance(document, list) else []


def word_of(row: dict[str, Any], *names: str) -> str:
    """Return the first of these fields that holds a word or number, without regard to case."""
    low = {
        str(name).lower().replace("_", "").replace("-", ""): value for name, value in row.items()
    }
    for name in names:
        value = low.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
    return ""


def protocol_of(text: str, port: int, name: str = "") -> tuple[int, str] | None:
    """Return port and protocol of ``22``, ``22/tcp``, ``161`` or ``udp/53``; ``None`` when it is none."""
    found = re.fullmatch(
        r"\s*(?:(tcp|udp|sctp)[/: ])?(\d{1,5})(?:\.0)?(?:[/ ](tcp|udp|sctp))?\s*", text.lower()
    )
    number = int(found[2]) if found else port
    if found is None or not 0 <= number <= 65535:
        return None
    guess = "udp" if number in UDP_PORTS and name not in {"tcp"} else "tcp"
    return number, found[1] or found[3] or guess


CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b", re.IGNORECASE)


def cves_of(text: str) -> tuple[str, ...]:
    """Return the CVE numbers a text names, in upper case, each once."""
    return tuple(dict.fromkeys(found.upper() for found in CVE.findall(text)))
