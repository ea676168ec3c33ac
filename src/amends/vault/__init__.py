"""Keys and tokens: the only code that knows a cipher.

What comes in: identifiers in clear, in memory. What goes out: tokens, the same for the same value
within one case and one element, that can be joined and compared and mean nothing without the case's
key.

Terms: a *root key* belongs to a case and lies in ``CASE/keys``; a *domain key* is drawn from it for
one element, so that an SSN and an account number of the same digits get different tokens; a *token*
is AES-SIV (RFC 5297) in URL-safe text; a *fingerprint* is a keyed 64-bit number for joins that
never need the value back.

What tokens show: that two values are equal, how often each occurs, and their length. Nothing else.
The batch arithmetic runs in numpy, which is not constant-time: do not offer it to callers who can
measure it.
"""

from __future__ import annotations

from amends.vault.keys import create_keys
from amends.vault.tokens import Tokens

__all__ = ["Tokens", "create_keys"]
