"""The banner: what a signed-in customer of the company is shown, the same as their letter says.

In comes an account reference, in a request that the company signed. Out goes a short-lived answer that the site signed:
yes with the elements, no as of an edition, or not yet decided; all of one length. Nothing here counts as notice.

Terms: an *account reference* is a keyed digest of a customer's account that only the company can make; a *nonce* is a
word of a request that is taken once.
"""

from __future__ import annotations
