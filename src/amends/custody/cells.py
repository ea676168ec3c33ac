"""What a cell looks like: number, date, mail address, plain words; used to tell headers from rows."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = re.compile(
    r"[-+(]?\s*[$€£¥]?\s*[-+]?(?:\d{1,3}(?:[,.' ]\d{3})+|\d+)?(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*[%$€£¥)]?"
)
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?(?:Z|[-+]\d{2}:?\d{2})?)?"
    r"|\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ]\d{2,4}"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CODE = re.compile(r"(?=[^a-zA-Z]*[a-zA-Z]?)[\w()+.\-/#: ]*\d{3,}[\w()+.\-/#: ]*")
_WORD = re.compile(r"[A-Za-z]+")

# Words that name columns: what people call the columns of customer, staff and ledger tables.
HEADER_WORDS = frozenset(
    """
    id ids key no nr num number code ref reference uid uuid guid row index seq pk fk
    name names first last middle given family surname forename fname lname mname full maiden suffix prefix title salutation initial initials
    dob birth birthday birthdate born date dates day month year time timestamp created updated modified since start end from to expiry expires expiration
    ssn social security tax tin itin ein sin nino passport licence license dl state issued issuer driver drivers
    phone telephone tel mobile cell fax email mail e-mail msisdn imei imsi iccid sim mac ip host hostname url website web page pageid pagetitle
    address addr street line city town county zip zipcode postal postcode country region province apt unit house
    user username userid login password passwd pwd hash salt pin secret question answer role
    account acct iban bic bank routing card cvv pan balance amount total sum price cost value currency rate paid payment net gross
    customer client member patient employee person people contact applicant subscriber owner manager supplier vendor company organisation organization business department entity
    gender sex age race marital language status type kind class category group level grade flag active enabled
    description desc note notes comment comments remarks details text subject message label field format source
    mrn npi diagnosis policy plan insurer provider provider claim vin plate vehicle device model make serial
    product item quantity qty order invoice purchase transaction job post position unit location site area
    latitude longitude lat lon lng x y z score result destination purpose minister organisation received hospitality travel team
    parent column attribute property version size count frequency percent ratio min max mean avg
    """.split()
)


@lru_cache(maxsize=1 << 16)
def kind_of(cell: str) -> str:
    """Return ``empty``, ``number``, ``date``, ``mail``, ``code`` (mostly digits) or ``text``."""
    text = cell.strip()
    if not text:
        return "empty"
    if len(text) > 64:
        return "mail" if _MAIL.fullmatch(text) else "text"
    if text.lower() in ("nan", "n/a", "na", "null", "none", "-", "true", "false", "inf"):
        return "void"
    if any(char.isdigit() for char in text):
        if _NUMBER.fullmatch(text):
            return "number"
        if _DATE.fullmatch(text):
            return "date"
    if _MAIL.fullmatch(text):
        return "mail"
    digits = sum(char.isdigit() for char in text)
    if digits >= 3 and digits >= 0.5 * len(text) and _CODE.fullmatch(text):
        return "code"
    return "text"


def names_a_column(cell: str) -> bool:
    """Answer whether a cell is made of words that name columns."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell)
    words = [word.lower() for word in _WORD.findall(split)]
    if not words or len(words) > 8 or len(cell) > 60:
        return False
    known = sum(word in HEADER_WORDS or word.rstrip("s") in HEADER_WORDS for word in words)
    return known >= 0.5 * len(words)
