"""Figures and codes of the review in plain words."""

from __future__ import annotations

from datetime import date, datetime

STATUS = {
    "not_met": "not met",
    "closed": "failed, closed since",
    "not_measured": "NOT MEASURED",
    "accepted": "risk accepted",
    "met": "met",
}
"""Words for what stands of a safeguard; ``closed``: it failed in the breach and evidence proves it closed since."""

CAUSES = {
    "exposed_device": "devices open to the internet",
    "stored_credentials": "stored credentials",
    "test_environment": "the test environment",
    "brute_force": "guessed passwords",
    "clear_identifiers": "identifiers in clear",
    "detection": "not seen in time",
    "retention": "data kept too long",
    "response": "slow response",
    "governance": "governance",
}
GAO = {
    "identification": "Identification",
    "detection": "Detection",
    "segmentation": "Segmenting of access to databases",
    "data_governance": "Data governance",
}
"""The four causes that GAO-18-559 names for the Equifax breach: the headings a regulator knows."""

HORIZONS = {
    "30_days": "Within 30 days",
    "90_days": "Within 90 days",
    "365_days": "Within a year",
    "years_2_3": "Years two and three",
}
STATES = {
    "new": "new",
    "open": "open as before",
    "closed": "closed",
    "reopened": "came back",
}
RISK_ITEMS = {"all": "All together"}


def cause(code: str) -> str:
    """Return a kind of cause in words."""
    return CAUSES.get(code, code.replace("_", " "))


def number(value: float) -> str:
    """Return a figure with thousands in groups, without needless decimals."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2g}"


def measured(value: float | None, unit: str) -> str:
    """Return a measure's value with its unit; ``not measured`` for none."""
    if value is None:
        return "not measured"
    if unit == "share":
        return _percent(value)
    if not unit:
        return number(value)
    return f"{number(value)} {singular(unit) if value == 1 else unit}"


def _percent(share: float) -> str:
    """Return a share in percent; a part of the whole is never rounded to nothing or to all of it."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{min(max(100 * share, 0.1), 99.9):.1f}%"
    return f"{100 * share:.0f}%"


def aim(value: float | None, unit: str) -> str:
    """Return a target beside its measure, whose unit is already said: ``0``, ``95%``, ``10 days``; "" for none."""
    if value is None:
        return ""
    return measured(value, unit) if unit in ("share", "days") else number(value)


def singular(unit: str) -> str:
    """Return the unit of one: days → day, copies → copy, people → person."""
    if unit == "people":
        return "person"
    head, _, tail = unit.partition(" ")
    if head.endswith("ies"):
        head = head[:-3] + "y"
    elif head.endswith("s") and not head.endswith("ss"):
        head = head[:-1]
    return f"{head} {tail}" if tail else head


def people(count: int | None) -> str:
    """Return a number of people in words."""
    if count is None:
        return "number of people not known"
    return "1 person" if count == 1 else f"{count:,} people"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 safeguard``, ``3 safeguards``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def money(value: float) -> str:
    """Return dollars to two digits: nobody knows more of them."""
    for size, sign in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if value >= size:
            short = value / size
            return f"${short:.1f}{sign}" if short < 10 else f"${short:,.0f}{sign}"
    return f"${value:,.0f}"


def day(value: date | datetime | None) -> str:
    """Return a day as ISO text; "" for none."""
    if value is None:
        return ""
    return value.strftime("%Y-%m-%d")


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")
