"""What an application sees in place of a protected value, and what it looks for.

Neither shows a value in clear when it is printed, logged or put into an error's text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from amends.kernel.errors import TableError
from amends.vault.ciphers import ColumnCipher, Scheme

MASK = "•"
"""The sign masks are made of; no identifier holds it, so a mask that is stored by mistake is refused."""
HIDDEN = MASK * 5
FRESH_SECONDS = 1.0
"""A statement that is run so soon after it was written need not look for new key versions."""


class Ciphers(Protocol):
    """Whoever can give the cipher of a domain: a :class:`~amends.vault.keyring.Keyring`, or a client of a service."""

    def cipher(self, domain: str, scheme: Scheme = "siv") -> ColumnCipher:
        """Return what makes and reads the tokens of a domain."""


class Masked:
    """A protected value as it comes from the database: its token, shown as a mask.

    It may be compared, copied to another row, sent back to the database and pickled; in all of these it is its token.

    Attributes:
        token: The token in the database.
        domain: The domain it belongs to.
    """

    __slots__ = ("_mask", "domain", "token")

    def __init__(self, token: str, domain: str, mask: str = HIDDEN) -> None:
        self.token = token
        self.domain = domain
        self._mask = mask

    def __str__(self) -> str:
        return self._mask

    def __repr__(self) -> str:
        return f"<{self.domain} {self._mask}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Masked):
            return (self.domain, self.token) == (other.domain, other.token)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.domain, self.token))

    def __getstate__(self) -> tuple[str, str, str]:
        return self.token, self.domain, self._mask

    def __setstate__(self, state: tuple[str, str, str]) -> None:
        self.token, self.domain, self._mask = state


class Wanted:
    """One of the tokens that stand for a value that is looked for; the value itself is not kept.

    Args:
        domain: The domain.
        tokens: All tokens that stand for the value, newest first.
        index: Which of them this is.
        forms: Returns the tokens of another value, for comparisons in memory.
    """

    __slots__ = ("_at", "_forms", "_index", "_tokens", "domain")

    def __init__(
        self,
        domain: str,
        tokens: list[str],
        index: int,
        forms: Callable[[str], list[str]],
    ) -> None:
        self.domain = domain
        self._tokens = tokens
        self._index = index
        self._at = time.monotonic()
        self._forms = forms

    def __repr__(self) -> str:
        return f"<{self.domain} {HIDDEN}>"

    def __eq__(self, other: object) -> bool:
        # The ORM compares in memory when it brings a session up to an UPDATE or DELETE.
        if isinstance(other, Masked):
            return other.domain == self.domain and other.token in self._tokens
        if isinstance(other, str):
            return self._forms(other)[0] in self._tokens
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def token(self, cipher: ColumnCipher) -> str:
        """Return the token.

        Raises:
            TableError: There are other key versions than when the statement was written: rows would be missed.
        """
        if time.monotonic() - self._at > FRESH_SECONDS and len(self._tokens) != len(
            cipher.forms(revealed(cipher, self._tokens[0]))
        ):
            raise TableError(
                f"The key of {self.domain} got a new version after this statement was written",
                remedy="write the statement anew for each run, or restart the application",
            )
        return self._tokens[self._index]


class Source:
    """Where the ciphers of a type come from; never shows, copies or pickles a key.

    Args:
        given: A keyring, or a function that returns one when the first statement needs it.
    """

    def __init__(self, given: Ciphers | Callable[[], Ciphers]) -> None:
        self._given = given
        self._held: dict[tuple[str, Scheme], ColumnCipher] = {}

    def __repr__(self) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        # By identity of what was given: two keyrings are never mistaken for each other in SQLAlchemy's cache.
        return isinstance(other, Source) and self._given is other._given

    def __hash__(self) -> int:
        return id(self._given)

    def __deepcopy__(self, memo: dict[int, Any]) -> Source:  # Any: copy's own memo
        return self

    def __reduce__(self) -> tuple[type[Source], tuple[Any]]:  # Any: as pickle wants it
        if not callable(self._given):
            raise TableError(
                "A keyring is not pickled: its keys would be in the bytes",
                remedy="give Protected a function of a module that opens the keyring",
            )
        return Source, (self._given,)

    def cipher(self, domain: str, scheme: Scheme) -> ColumnCipher:
        """Return the cipher of a domain."""
        held = self._held.get((domain, scheme))
        if held is None:
            given = self._given
            ciphers = given if hasattr(given, "cipher") else given()
            # A cipher looks at its keyring each time, so it may be kept.
            held = self._held[domain, scheme] = ciphers.cipher(domain, scheme)
        return held


def revealed(cipher: ColumnCipher, token: str) -> str:
    """Return the value behind one token.

    Raises:
        TableError: It is no token of this vault and domain.
    """
    import pyarrow as pa  # noqa: PLC0415 - an application that never reveals does not load it

    value: str = cipher.reveal(pa.array([token], pa.string()))[0].as_py()
    return value
