"""Which personal data is where, and a record for everybody it names.

What comes in: exhibits, opened by custody's reader. What goes out: ``columns`` (what each column of
a table holds), ``findings`` (data elements seen in documents), ``records`` (one row or mention that
names someone or carries somebody's data), ``links`` (keys between tables by which rows without a
name reach their person), ``unattributed`` and ``coverage`` (what was not found, and how much was
looked at).

Terms: an *element* is a kind of personal data; a *kind* an element with a part (first name,
street); a *finding* an element seen in a place with a score and a reason; *malformed* a value that
fails the element's check and is kept as possible.
"""

from __future__ import annotations

from amends.elements.scan import scan_path
from amends.elements.stage import STAGE, run

__all__ = ["STAGE", "run", "scan_path"]
