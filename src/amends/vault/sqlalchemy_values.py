"""What an application sees in place of a protected value, and what it looks for.

Neither shows a value in clear when it is printed, logged or put into an error's text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from amends.kernel.errors import TableError
from amends.vault.ciphers import ColumnCipher, Scheme

MASK = "•"
"""The sign masks are made of; no identifier holds it, so a mask that is stored by mistake is refused."""
HIDDEN = MASK * 5


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
    """A value that is looked for: all its tokens, made when the statement runs and not before."""

    def __init__(
        self,
        domain: str,
        value: str | Masked,
        normal: Callable[[str], str],
        cipher: Callable[[], ColumnCipher],
        made_for: int,
    ) -> None:
        self.domain = domain
        self._value = value
        self._normal = normal
        self._cipher = cipher
        self._made_for = made_for

    def __repr__(self) -> str:
        return f"<{self.domain} {HIDDEN}>"

    def tokens(self) -> list[str]:
        """Return the tokens that stand for the value, newest first.

        Raises:
            TableError: More key versions are live than when the statement was written.
        """
        cipher = self._cipher()
        held = self._value
        is_masked = isinstance(held, Masked)
        found = cipher.forms(revealed(cipher, held.token) if is_masked else self._normal(held))
        if len(found) > self._made_for:
            raise TableError(
                f"The key of {self.domain} got a new version after this statement was written",
                remedy="write the statement anew for each run, or restart the application",
            )
        return found

    def stands_for(self, other: object) -> bool:
        """Say whether a value of the application is the one that is looked for."""
        if isinstance(other, Masked):
            return other.domain == self.domain and other.token in self.tokens()
        if isinstance(other, str) and isinstance(self._value, str):
            return self._normal(other) == self._normal(self._value)
        return False


class WantedForm:
    """One of the tokens of a value that is looked for."""

    def __init__(self, wanted: Wanted, index: int) -> None:
        self.wanted = wanted
        self.index = index

    def __repr__(self) -> str:
        return repr(self.wanted)

    def __eq__(self, other: object) -> bool:
        # The ORM compares in memory when it brings a session up to an UPDATE or DELETE.
        if isinstance(other, WantedForm):
            return self is other
        return self.wanted.stands_for(other)

    def __hash__(self) -> int:
        return id(self)

    def token(self) -> str:
        """Return the token; where a version is gone meanwhile, the newest once more."""
        found = self.wanted.tokens()
        return found[self.index] if self.index < len(found) else found[0]


class Source:
    """Where the ciphers of a type come from; never shows, copies or pickles a key.

    Args:
        given: A keyring, or a function that returns one when the first statement needs it.
    """

    def __init__(self, given: Ciphers | Callable[[], Ciphers]) -> None:
        self._given = given

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
        given = self._given
        held = given if hasattr(given, "cipher") else given()
        return held.cipher(domain, scheme)


def revealed(cipher: ColumnCipher, token: str) -> str:
    """Return the value behind one token.

    Raises:
        TableError: It is no token of this vault and domain.
    """
    import pyarrow as pa  # noqa: PLC0415 - an application that never reveals does not load it

    value: str = cipher.reveal(pa.array([token], pa.string()))[0].as_py()
    return value
