"""What protects the values of one column: the interface that stores, masks and applications meet.

A token of AES-SIV is written ``tk3_`` and text: the number is the version of its data key, so tokens of two versions
can stand side by side while a rotation is under way, and a token is told from a value in clear. An FF1 token keeps
the form of the value and says nothing of itself: which columns hold them stands in the vault's ledger. A ``random``
token is written like one of AES-SIV, with ``tr`` for ``tk``, and differs each time: for columns that must not show
which values are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import pyarrow as pa

Scheme = Literal["siv", "ff1", "random"]

PREFIXES: Mapping[str, str] = {"siv": "tk", "random": "tr"}
"""The first letters of tokens that show themselves."""

TOKEN_FORM = r"^t[kr][0-9]{1,6}_[A-Za-z0-9_-]{22,}$"  # noqa: S105  # a form, no secret
"""How a token looks that shows itself as one (``siv``, ``random``); RE2 and Python read it alike."""


class ColumnCipher(Protocol):
    """Tokens of one domain: the same value, the same token (but for ``random``), in any table or store.

    A cipher looks at the vault's keyring before each batch, so a key that another process made or shredded is known
    or gone at once. It may be used by several threads.
    """

    @property
    def domain(self) -> str:
        """An element code, or a name the company gives to values that are compared with each other."""

    @property
    def scheme(self) -> Scheme:
        """``siv``; ``ff1`` where length and alphabet must stay; ``random`` where equality must not show."""

    @property
    def version(self) -> int:
        """Version of the data key that new tokens are made with, from 1."""

    def at(self, version: int) -> ColumnCipher:
        """Return this cipher with new tokens made by one version; for FF1, with tokens read by it too."""

    def protect(self, values: pa.Array) -> pa.Array:
        """Return the token of each text; null stays null, an empty text stays empty.

        Raises:
            TableError: A value is a token of this vault already, or has a form FF1 cannot keep.
        """

    def reveal(self, tokens: pa.Array) -> pa.Array:
        """Return the value behind each token, of any version that is still held.

        Raises:
            TableError: A token was altered, is of another vault, or its key version was lost or shredded.
        """

    def are_tokens(self, values: pa.Array) -> pa.Array:
        """Return, for each text, whether it is a token of this vault and domain (null stays null).

        An FF1 token cannot be told from a value, so for ``ff1`` the answer is null throughout.
        """

    def forms(self, value: str) -> list[str]:
        """Return every token that stands for a value, newest version first: what an equality search looks for.

        Raises:
            TableError: The scheme is ``random``: no search finds it.
        """
