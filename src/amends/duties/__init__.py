"""Who must be told what, by when, and why.

In come persons with their exposed elements and the facts of the case; out go duty groups, duties
and deadlines, each with its rule, source, reasoning and confidence. The law is data: one file a
jurisdiction under ``law/``. Three answers: required, not required, needs judgement. Amends gives no
legal advice.
"""

from __future__ import annotations

from amends.duties.answer import Answer
from amends.duties.evaluate import answer_json, evaluate
from amends.duties.facts import Facts, read_facts
from amends.duties.lawbook import LawBook, law_book

__all__ = ["Answer", "Facts", "LawBook", "answer_json", "evaluate", "law_book", "read_facts"]
