"""All detectors, in the order in which they are tried, and the words that speak against any number.

Source:
    Words against: ``reference/context_words.csv`` (own work).
"""

from __future__ import annotations

from amends.elements.detectors.address import ADDRESS
from amends.elements.detectors.base import Detector
from amends.elements.detectors.birth import BIRTH_DATE
from amends.elements.detectors.contact import PHONE
from amends.elements.detectors.health import DIAGNOSIS, MBI, MRN, NPI, POLICY
from amends.elements.detectors.identity import (
    ALIEN,
    EMPLOYEE,
    LICENCE,
    MILITARY,
    PASSPORT,
    STATE_ID,
    STUDENT,
)
from amends.elements.detectors.online import (
    EMAIL,
    IP,
    MAC,
    PASSWORD,
    PASSWORD_HASH,
    PIN,
    PRIVATE_KEY,
    SECURITY_ANSWER,
    TOKEN,
    USERNAME,
)
from amends.elements.detectors.payment import (
    ACCOUNT,
    BANK_ACCOUNT,
    CARD,
    CARD_CVV,
    CARD_EXPIRY,
    CARD_TRACK,
    IBAN,
    ROUTING,
)
from amends.elements.detectors.tax import ATIN, EIN, ITIN, SSN, SSN_LAST4
from amends.elements.detectors.telecom import ICCID, IMEI, IMSI, MEID
from amends.elements.detectors.vehicle import PLATE, VIN

DETECTORS: tuple[Detector, ...] = (
    SSN, SSN_LAST4, ITIN, ATIN, EIN, LICENCE, STATE_ID, PASSPORT, ALIEN, MILITARY, EMPLOYEE, STUDENT,
    CARD, CARD_CVV, CARD_EXPIRY, CARD_TRACK, ROUTING, IBAN, BANK_ACCOUNT, ACCOUNT,
    MBI, NPI, MRN, POLICY, DIAGNOSIS, IMEI, MEID, IMSI, ICCID, VIN, PLATE,
    BIRTH_DATE, EMAIL, PHONE, IP, MAC, USERNAME, PASSWORD, PASSWORD_HASH, PIN, SECURITY_ANSWER, TOKEN, PRIVATE_KEY,
    ADDRESS,
)  # fmt: skip

AGAINST_WORDS = (
    r"\border\b", r"\btracking\b", r"\binvoice\b", r"\bsku\b", r"\bpart *(no|num(ber)?|#)",
    r"\bp ?o *(no|num(ber)?|#)",
    r"\bpurchase +order\b", r"\bticket\b", r"\bcase *(id|no|num(ber)?|#)", r"\bserial\b", r"\bisbn\b", r"\bupc\b",
    r"\bref(erence)?\b", r"\bconfirmation\b", r"\blot\b", r"\bbatch\b", r"\bmodel\b", r"\bversion\b",
    r"\btransaction\b",
    r"\bbuild\b", r"\bcommit\b", r"\bbarcode\b", r"\bean\b", r"\bbooking\b", r"\bpedido\b", r"\bfactura\b",
    r"\breferencia\b",
    r"\bmeter\b", r"\bjob *(id|no|num(ber)?|#)", r"\bfirmware\b", r"\bcounter\b", r"\bbytes\b", r"\btimestamp\b",
    r"\bsequence\b", r"\bseq\b", r"\bgift +card\b", r"\bcoupon\b", r"\bpromo\b", r"\basset\b",
    r"\bitem *(id|no|num(ber)?|#)",
    r"\bproduct *(id|no|num(ber)?|#|code|key)", r"\bsoftware +licen[cs]e\b", r"\blicen[cs]e +key\b",
    r"\bmessage +id\b",
    r"\brequest *(id|no|#)", r"\bsession\b", r"\brma\b", r"\bwork +order\b", r"\bshipment\b", r"\bups\b",
    r"\bfedex\b",
    r"\busps\b", r"\bgtin\b", r"\basin\b", r"\bdoi\b", r"\bqty\b", r"\bquantity\b", r"\bpostal\b", r"\bgpio\b",
    r"\bdocket\b",
    r"\bfile *(no|num(ber)?|#)", r"\bclaim *(id|no|num(ber)?|#)", r"\bquote\b", r"\bloyalty\b", r"\bpallet\b",
    r"\bsample\b",
)  # fmt: skip
