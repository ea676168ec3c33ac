"""Who must be told what, by when, and why.

In come persons with their exposed elements and the facts of the case; out go duty groups, duties
and deadlines, each with its rule, source, reasoning and confidence. The law is data: one file a
jurisdiction under ``law/``. Three answers: required, not required, needs judgement. Amends gives no
legal advice.
"""

from __future__ import annotations

import sys
from types import ModuleType

from amends.duties.answer import Answer
from amends.duties.evaluate import evaluate
from amends.duties.facts import Facts
from amends.duties.facts_reader import read_facts
from amends.duties.filings import case_worksheets
from amends.duties.ics import calendar_ics
from amends.duties.lawbook import LawBook, law_book
from amends.duties.stage import STAGE
from amends.duties.worked import answer_json

__all__ = [
    "STAGE",
    "Answer",
    "Facts",
    "LawBook",
    "answer_json",
    "calendar_ics",
    "case_worksheets",
    "evaluate",
    "law_book",
    "read_facts",
]


class _Room(ModuleType):
    """The room's module, which can be called: ``from amends import duties; duties(facts)``."""

    def __call__(self, facts: object) -> object:
        """Return who must be told what by when; see :func:`answer_json`."""
        return answer_json(facts)


sys.modules[__name__].__class__ = _Room
