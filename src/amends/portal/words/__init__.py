"""The public words of an incident, made from the released determination and from nothing else.

In comes a ``Determination``; out come documents in English and Spanish: statement, updates, questions and answers,
what was taken, what to do, substitute notice, media text, call-centre script, about the site.
No number is typed by hand, a fact that is not there leads to "we do not know yet", and a reassurance wants a
determination.

Terms: a *document* has sections, a section has parts; their keys are the same in every language.
"""

from __future__ import annotations
