"""A column type for SQLAlchemy: the application says the value, the database holds its token.

    ssn: Mapped[Masked | str] = mapped_column(Protected(open_keyring, "ssn", normal=digits))

What an equality looks for is made into tokens when the statement runs, all live key versions of them, so an index on
the column serves. LIKE, order, ranges and functions cannot work on tokens and are refused with a remedy.

What comes back is masked unless the type says otherwise: whoever prints a row, logs it or sends it as JSON shows no
identifier by accident, and a query that reads a million rows deciphers nothing. Revealing is a decision of its own,
for one value and by the brake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import String
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BindParameter, ColumnElement, Null
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeDecorator

from amends.kernel.errors import TableError, UsageError
from amends.vault import sqlalchemy_guard as guard
from amends.vault.ciphers import TOKEN_FORM, ColumnCipher, Scheme
from amends.vault.sqlalchemy_values import (
    HIDDEN,
    MASK,
    Ciphers,
    Masked,
    Source,
    Wanted,
    revealed,
)

__all__ = ["Masked", "Protected", "digits", "last_four"]

Reveal = Literal["never", "always"] | Callable[[str], str | None]
"""``never``: a mask; ``always``: the value; or a function from token to value, or to ``None`` for a mask: the brake."""

LENGTH = 96
"""Letters a token may take: one of AES-SIV for values of up to 52 bytes."""

_TOKEN = re.compile(TOKEN_FORM)


def as_is(value: str) -> str:
    """Return a value without the spaces around it."""
    return value.strip()


def digits(value: str) -> str:
    """Return the digits of a value: an SSN with and without dashes is the same."""
    return "".join(c for c in value if c.isascii() and c.isdigit())


def last_four(value: str) -> str:
    """Return a mask that shows the last four signs."""
    return MASK * 5 + value[-4:] if len(value) > 6 else HIDDEN


class Protected(TypeDecorator[Any]):  # Any: a str goes in, a Masked or a str comes out
    """A text column whose values are tokens in the database.

    Args:
        keyring: The vault's keyring, or a function that returns it (called when a statement first needs it, and after
            unpickling).
        domain: Element code, or the name of values that are compared with each other; the same in every table.
        scheme: ``siv``, ``ff1`` (keeps length and alphabet) or ``random`` (cannot be searched).
        reveal: What comes back; see :data:`Reveal`.
        normal: Brings a value to the form it is stored and searched in.
        mask: Makes a mask from the value, as :func:`last_four` does. It must decipher each row to do so; without it
            masks show nothing and cost nothing.
        length: Letters of the column.
    """

    impl = String
    cache_ok = True

    def __init__(
        self,
        keyring: Ciphers | Callable[[], Ciphers] | Source,
        domain: str,
        scheme: Scheme = "siv",
        # SQLAlchemy's cache knows a type by these names, and leaves out what can only be given by name.
        reveal: Reveal = "never",
        normal: Callable[[str], str] = as_is,
        mask: Callable[[str], str] | None = None,
        length: int = LENGTH,
    ) -> None:
        super().__init__(length=length)
        if reveal not in ("never", "always") and not callable(reveal):
            raise UsageError(
                "reveal is never, always or a function",
                remedy='leave it out, or give reveal="never"',
            )
        # A Source stands in the cache key in place of the keys.
        self.keyring = keyring if isinstance(keyring, Source) else Source(keyring)
        self.domain = domain
        self.scheme: Scheme = scheme
        self.reveal = reveal
        self.normal = normal
        self.mask = mask
        self.length = length

    def __repr__(self) -> str:
        return f"Protected({self.domain!r}, length={self.length})"

    @property
    def python_type(self) -> type[Any]:
        """Return what values are in the application."""
        return str

    @property
    def sort_key_function(self) -> Callable[[Any], Any]:  # type: ignore[override]  # as TypeDecorator has it
        """Return how the ORM orders the rows it writes."""
        return _by_token

    def same_domain(self, other: Protected) -> bool:
        """Say whether tokens of another column can be compared with this one's."""
        mine = (self.domain, self.scheme, self.keyring)
        return mine == (other.domain, other.scheme, other.keyring) and self.scheme != "random"

    def cipher(self) -> ColumnCipher:
        """Return the cipher behind the type."""
        return self.keyring.cipher(self.domain, self.scheme)

    def many(self, values: Sequence[str | None]) -> list[Masked | None]:
        """Return many values as tokens at once, for bulk inserts: thousands of times as fast as one by one."""
        clear = [None if v is None else self._checked(v) for v in values]
        tokens = self.cipher().protect(pa.array(clear, pa.string())).to_pylist()
        return [None if t is None else Masked(t, self.domain) for t in tokens]

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the token of a value on its way to the database."""
        if value is None:
            return None
        if isinstance(value, Wanted):
            return value.token(self.cipher())
        if isinstance(value, Masked):
            return self._own(value).token
        clear = self._checked(value)
        if not clear:
            return clear
        if self.scheme == "random":
            made: str = self.cipher().protect(pa.array([clear]))[0].as_py()
            return made
        return self.cipher().forms(clear)[0]

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        """Return the token of a value that is written into a statement."""
        made = "" if value is None else str(self.process_bind_param(value, dialect))
        return "'" + made.replace("'", "''") + "'"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        """Return what the application sees of a token."""
        if not value:
            return value
        if self.reveal == "always":
            return revealed(self.cipher(), value)
        if callable(self.reveal):
            clear = self.reveal(value)
            if clear is not None:
                return clear
        shown = self.mask(revealed(self.cipher(), value)) if self.mask else HIDDEN
        return Masked(value, self.domain, shown)

    def coerce_compared_value(self, op: Any, value: Any) -> Protected:
        """Return the type of a value that the column is compared with: this one."""
        return self

    def wanted(self, value: object) -> list[Wanted]:
        """Return what an equality with a value looks for: a token for each live key version.

        Raises:
            TableError: The value is no text, a mask, or of another domain; or the column cannot be searched.
        """
        if self.scheme == "random":
            raise _refused(
                f"A column of {self.domain} whose tokens differ each time cannot be searched",
                "protect it with the scheme siv, or keep a blind index beside it",
            )
        cipher = self.cipher()
        if isinstance(value, Masked):
            tokens = cipher.forms(revealed(cipher, self._own(value).token))
        else:
            tokens = cipher.forms(self._checked(value))
        return [Wanted(self.domain, tokens, at, self._forms) for at in range(len(tokens))]

    def _forms(self, value: str) -> list[str]:
        return self.cipher().forms(self.normal(value))

    def _own(self, value: Masked) -> Masked:
        if value.domain != self.domain:
            raise TableError(
                f"A value of {value.domain} does not belong in a column of {self.domain}",
                remedy="use columns of one domain for values that are compared with each other",
            )
        return value

    def _checked(self, value: object) -> str:
        """Return a value in its normal form, or refuse it without showing it."""
        if not isinstance(value, str):
            raise TableError(
                f"A value of {self.domain} is {type(value).__name__}, and must be text",
                remedy="give it as text, with its leading zeros",
            )
        if MASK in value:
            raise TableError(
                f"A mask was given as a value of {self.domain}",
                remedy="give the value itself, or the object that came from the database",
            )
        if _TOKEN.match(value):
            raise TableError(
                f"A token was given as a value of {self.domain}",
                remedy="give the value in clear, or the object that came from the database",
            )
        return self.normal(value)

    class Comparator(TypeDecorator.Comparator[Any]):
        """Equality through tokens; everything else is refused."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            """Return an expression, or say what to do instead."""
            kind = self.expr.type
            assert isinstance(kind, Protected)
            guard.refuse_derived(self.expr)
            if op in guard.PLAIN:
                return super().operate(op, *other, **kwargs)
            if op in (operators.eq, operators.ne):
                return self._equal(kind, op, other[0], kwargs)
            if op in (operators.in_op, operators.not_in_op):
                return self._among(kind, op, other[0], kwargs)
            if op in (operators.is_, operators.is_not) and _is_null(other[0]):
                return super().operate(op, *other, **kwargs)
            raise guard.no_operator(kind.domain, op)

        def reverse_operate(self, op: Any, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            """Return an expression with the column on its right side, or say what to do instead."""
            if op in (operators.eq, operators.ne):
                return self.operate(op, *other, **kwargs)
            kind = self.expr.type
            assert isinstance(kind, Protected)
            raise guard.no_operator(kind.domain, op)

        def _equal(
            self, kind: Protected, op: Any, other: Any, kwargs: dict[str, Any]
        ) -> ColumnElement[Any]:
            other = guard.unwrapped(other)
            if _is_null(other):
                return super().operate(op, other, **kwargs)
            if isinstance(other, ColumnElement):
                guard.refuse_other(kind, other)
                return super().operate(op, other, **kwargs)
            sought = kind.wanted(other)
            if len(sought) == 1:
                return super().operate(op, sought[0], **kwargs)
            among = operators.in_op if op is operators.eq else operators.not_in_op
            return super().operate(among, sought)

        def _among(
            self, kind: Protected, op: Any, other: Any, kwargs: dict[str, Any]
        ) -> ColumnElement[Any]:
            if isinstance(other, SelectBase) or hasattr(other, "__clause_element__"):
                guard.refuse_other_select(kind, guard.unwrapped(other))
                return super().operate(op, other, **kwargs)
            if isinstance(other, BindParameter):
                if not other.expanding:
                    raise guard.no_parameter(kind.domain)
                return super().operate(op, other, **kwargs)
            if isinstance(other, str) or not isinstance(other, Iterable):
                raise _refused("IN needs a list of values", "give a list")
            return super().operate(op, [form for v in other for form in kind.wanted(v)], **kwargs)

    comparator_factory = Comparator


def _by_token(value: Any) -> str:  # Any: whatever the column holds in the application
    return value.token if isinstance(value, Masked) else str(value)


def _is_null(other: object) -> bool:
    return other is None or isinstance(other, Null)


def _refused(what: str, remedy: str) -> TableError:
    return TableError(what, remedy=remedy)
