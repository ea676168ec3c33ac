"""The review: which safeguards failed, were late or were never measured, what to do, and how it is going.

In come all tables of the case, the company's own lists, findings of scanners and, where it is named, the audit of the
company's vault. Out go ``measures`` (figures with their dates), ``control_gaps`` (safeguards held against what was
found), ``roadmap`` (work by horizon), ``risk`` (ranges of cost), ``scanner_findings`` and ``control_history`` (what
each measurement found).

A *rule* is a row of our own table of findings and safeguards. A status turns to *met* only by dated proof; what is not
measured is *not measured*, loudly, and never a pass.
"""

from __future__ import annotations

from amends.controls.stage import STAGE

__all__ = ["STAGE"]
