"""Contact requests: somebody types an e-mail address or a telephone number and asks whether we hold it.

The site knows no contact. It seals what was typed for the case, padded to one length, and says the same sentence to
everybody; the case opens it, and writes only to the contact on file. So who asks learns nothing but by being the one
who reads that mailbox.
"""

from __future__ import annotations

from amends.portal.asked.message import code_message
from amends.portal.asked.queue import asked_counts, drop_answered, queue, waiting

__all__ = ["asked_counts", "code_message", "drop_answered", "queue", "waiting"]
