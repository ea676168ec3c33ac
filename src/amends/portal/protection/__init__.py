"""Account protection: requests for lock, port-out block and PIN reset go to the company's system, each exactly once.

In come requests of persons, or of everybody by default; out go calls to the company's own system through a connector,
and plain states with dates to the person. Nothing personal is in the register: a *handle* stands for a person, an
*account reference* for an account, and only the company can say which.
"""

from __future__ import annotations

from amends.portal.protection.requests import Bulk, Protected, Protection, status_counts

__all__ = ["Bulk", "Protected", "Protection", "status_counts"]
