"""How bad a scanner calls a finding, in the five words all of them can be mapped to.

Sources: CVSS v3.1 specification, section 5, qualitative severity rating scale (FIRST, 2019): 0 none, 0.1–3.9 low,
4.0–6.9 medium, 7.0–8.9 high, 9.0–10 critical. SARIF 2.1.0, section 3.27.10: level error, warning, note, none; GitHub's
``security-severity`` is a score read by the same scale. Nessus numbers 0–4 (info … critical); Qualys numbers 1–5
(minimal, medium, serious, critical, urgent), its fifth level being the worst.
"""

from __future__ import annotations

WORDS = {
    "critical": "critical", "crit": "critical", "urgent": "critical", "emergency": "critical", "blocker": "critical",
    "high": "high", "important": "high", "error": "high", "serious": "high", "severe": "high", "major": "high",
    "medium": "medium", "moderate": "medium", "warning": "medium", "warn": "medium",
    "low": "low", "minor": "low", "note": "low", "minimal": "low", "negligible": "low",
    "info": "info", "informational": "info", "information": "info", "none": "info", "log": "info", "debug": "info",
    "very high": "critical", "very low": "info", "very-high": "critical", "very-low": "info",
}  # fmt: skip
UNSAID = "medium"
"""What a finding is taken for when nobody said: SARIF's own default level (warning); said in the guide."""
NESSUS = ("info", "low", "medium", "high", "critical")
QUALYS = ("info", "info", "low", "medium", "high", "critical")


def of_score(score: float) -> str:
    """Return the word for a CVSS score; anything outside 0 to 10 is ``UNSAID``."""
    if not 0 <= score <= 10:
        return UNSAID
    bounds = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
    return next((word for bound, word in bounds if score >= bound), "info")


def score_of(text: object) -> float | None:
    """Return a score from 0 to 10; ``None`` when there is none, also for ``7.5 (AV:N/…)`` without a number."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    try:
        score = float(text if not isinstance(text, str) else text.split()[0].rstrip("(,;"))
    except (ValueError, IndexError, OverflowError):
        return None
    return score if 0 <= score <= 10 else None


def of_word(text: str) -> str:
    """Return the word for a scanner's word; "" when it is not known."""
    low = text.strip().lower()
    return WORDS.get(low) or WORDS.get(low.split(" ")[0].strip("()[]:,"), "") if low else ""


def scale_of(values: list[str], tool: str) -> tuple[str, ...] | None:
    """Return the scale of a column of numbers: Nessus 0–4, Qualys 1–5; ``None`` where they are CVSS scores or words."""
    numbers = [v for v in values if v.replace(".", "", 1).isdecimal()]
    if not numbers or any("." in v for v in numbers):
        return None
    most = max(int(v) for v in numbers)
    if tool == "Qualys":
        return QUALYS
    if tool == "Nessus" or most <= 4:
        return NESSUS
    return QUALYS if most == 5 else None
