"""Which records are one human: records and decisions in; memberships, persons and conflicts out.

Records from many owners, tables and documents become *features* (numbers and codes), features become
*keys*, equal keys become *candidate pairs*, pairs become *agreement levels*, levels become *weights*
under three explanations (the same person, relatives in one home, strangers), and weights become
*clusters*. resolve does it for any table; ``stage`` does it for a case and says of each person
what is known: contact, residence, status, elements exposed, and what needs a human eye.
"""

from __future__ import annotations

from amends.persons.explain import explain_ties
from amends.persons.resolve import resolve
from amends.persons.stage import STAGE

__all__ = ["STAGE", "explain_ties", "resolve"]
