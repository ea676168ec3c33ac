"""Words that no public text may have: hedges about what is determined, and comfort that nothing stands behind."""

from __future__ import annotations

import re

# Words that leave open what a determination has settled. "could" about the future is no hedge about what happened.
HEDGES = {
    "en": re.compile(
        r"\b(?:may|might|could)\s+(?:also\s+|not\s+)?have\s+been\b|\bmay\s+have\b|\bmight\b"
        r"|\b(?:may|could)\s+(?:also\s+)?be\s+(?:involved|affected|exposed|impacted|included|among|at\s+risk|in\s+(?:it|them))"
        r"|\bpotential(?:ly)?\b|\bpossibly\b|\bperhaps\b|\bappear(?:s|ed)?\s+(?:to|that)\b|\bappears\b"
        r"|\bit\s+seems\b|\bseem(?:s|ed)?\s+(?:that|to\s+have|to\s+be)\b"
        r"|\bit\s+is\s+possible\s+that\b|\bbelieved\s+to\s+(?:be|have)\b|\bwe\s+believe\b|\ballegedly\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:puede|pueden|podría|podrían|pudo|pudieron)\s+(?:también\s+|no\s+)?haber(?:se)?\b|\bposiblemente\b"
        r"|\bpotencial(?:mente|es)?\b|\bparece(?:n)?\s+(?:que|haber)\b|\bal\s+parecer\b|\bes\s+posible\s+que\b|\bquizás?\b"
        r"|\btal\s+vez\b|\ba\s+lo\s+mejor\b|\bcreemos\s+que\b|\bpresuntamente\b"
        r"|\bpodría[n]?\s+(?:estar|verse|ser)\s+(?:afectad|involucrad|expuest)",
        re.IGNORECASE,
    ),
}
# Comfort, and the phrases of those who have none. A "not taken" that a determination supports is no comfort: it is a
# list of its own, made only of incident.not_exposed.
COMFORT = {
    "en": re.compile(
        r"\brest\s+assured\b|\babundance\s+of\s+caution\b|\bno\s+evidence\b|\bno\s+reason\s+to\s+believe\b|\bno\s+indication\b"
        r"|\b(?:takes?|took)\s+(?:\w+\s+){0,4}(?:very\s+)?seriously\b|\b(?:is|are|remains?|was|were)\s+(?:now\s+|completely\s+)?safe\b"
        r"|\bnothing\s+to\s+(?:worry|fear)\b|\bdo\s+not\s+worry\b|\bfully\s+secure\b|\bonly\s+a\s+(?:small|limited)\b"
        r"|\blimited\s+(?:amount|number|set)\b|\binconvenience\b|\bindustry[- ]leading\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\btenga\s+la\s+seguridad\b|\bexceso\s+de\s+(?:cautela|precaución)\b|\bno\s+hay\s+(?:evidencia|indicios?)\b"
        r"|\bno\s+hay\s+motivo\b|\btomamos?\s+muy\s+en\s+serio\b|\bestán?\s+a\s+salvo\b|\bno\s+se\s+preocupe\b|\bnada\s+que\s+temer\b"
        r"|\bcantidad\s+limitada\b|\bnúmero\s+limitado\b|\bmolestias\b",
        re.IGNORECASE,
    ),
}  # fmt: skip


def wording_faults(text: str, language: str) -> tuple[str, ...]:
    """Return the hedges and the comfort in a text, as they stand there; empty when it is plain.

    Source:
        REQUIREMENTS R1 and R10 (F1, F10): reassurance wants a determination; no hedge where there is one.
    """
    found = [*HEDGES[language].finditer(text), *COMFORT[language].finditer(text)]
    return tuple(m[0] for m in sorted(found, key=lambda m: m.start()))
