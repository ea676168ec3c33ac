"""Cards, bank accounts and what goes with them.

Sources:
    ISO/IEC 7812 (issuer prefixes, Luhn); issuer ranges in ``data/card_iin.csv``; American Bankers Association
    routing number rules (Federal Reserve districts, weights 3-7-1); ISO 13616 (IBAN, ISO 7064 mod 97-10).
"""

from __future__ import annotations

import re
from functools import cache

from amends.elements.detectors.base import (
    Candidate,
    Detector,
    Label,
    Shape,
    Validity,
    Verdict,
    bit,
    digits_of,
    passes_luhn,
)
from amends.elements.shapes_data import shipped, word_set
from amends.taxonomy import reference

_IBAN_LENGTHS = dict(
    part.split(":")
    for part in word_set(
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 "
        "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 "
        "IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 "
        "MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 "
        "SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20"
    )
)
_ABA_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)
_ABA_PREFIXES = frozenset([*range(0, 13), *range(21, 33), *range(61, 73), 80])
_CARD_WORDS = bit("card")
_DEVICE = bit("imei", "iccid", "imsi", "meid")


@cache
def _issuers() -> dict[str, tuple[str, frozenset[int]]]:
    """Return issuer prefix → network and lengths; the longest prefix wins."""
    found: dict[str, tuple[str, frozenset[int]]] = {}
    for row in shipped("card_iin"):
        if row["confidence"] == "low" or row["network"] == "UATP":
            continue
        lengths = frozenset(int(n) for n in row["lengths"].split())
        for prefix in range(int(row["iin_first"]), int(row["iin_last"]) + 1):
            network, known = found.get(str(prefix), (row["network"], frozenset()))
            found[str(prefix)] = (network, known | lengths)
    return found


@cache
def _test_cards() -> frozenset[str]:
    return frozenset(
        r["value"]
        for r in reference.rows("placeholders")
        if r["element"] == "card" and r["kind"] == "value"
    )


def card_network(digits: str) -> str:
    """Return the network that issues cards with these digits, "" when none does at this length."""
    issuers = _issuers()
    for size in range(6, 0, -1):
        known = issuers.get(digits[:size])
        if known and len(digits) in known[1]:
            return known[0]
    return ""


def valid_card(digits: str) -> Validity:
    """Tell whether digits are a card number: an issuer's range, its length, the Luhn digit."""
    good = bool(card_network(digits)) and passes_luhn(digits) and len(set(digits)) > 1
    return Validity.VALID if good else Validity.MALFORMED


def valid_routing_number(digits: str) -> Validity:
    """Tell whether nine digits are a bank routing number."""
    if (
        len(digits) != 9
        or not digits.isdigit()
        or digits == "000000000"
        or int(digits[:2]) not in _ABA_PREFIXES
    ):
        return Validity.MALFORMED
    total = sum(w * int(d) for w, d in zip(_ABA_WEIGHTS, digits, strict=True))
    return Validity.MALFORMED if total % 10 else Validity.VALID


def valid_iban(value: str) -> Validity:
    """Tell whether a value is an IBAN: its country's length and the mod 97 check."""
    plain = value.replace(" ", "").upper()
    if (
        _IBAN_LENGTHS.get(plain[:2]) != str(len(plain))
        or not plain.isalnum()
        or not plain.isascii()
    ):
        return Validity.MALFORMED
    number = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return Validity.VALID if int(number) % 97 == 1 else Validity.MALFORMED


def _judge_card(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    network = card_network(digits)
    labelled = bool(found.label & _CARD_WORDS)
    if found.label & _DEVICE and not labelled:
        return None
    if not network or not passes_luhn(digits):
        if labelled and len(digits) >= 13 and not found.against:
            return Verdict(0.6, ("shape", "checksum fails"), Validity.MALFORMED)
        return None
    if len(set(digits)) < 3 or digits in _test_cards():
        return Verdict(0.45 if labelled else 0.2, ("checksum", "placeholder"), Validity.MALFORMED)
    if labelled or (found.speaks_for & _CARD_WORDS and not found.against):
        return Verdict(0.97, ("checksum", network))
    if found.against or found.label or found.speaks_for & _DEVICE:
        return Verdict(0.25, ("checksum", network))
    return Verdict(_bare_card(found.value, digits), ("checksum", network))


def _bare_card(value: str, digits: str) -> float:
    if not value.isdigit():
        return 0.9 if len(digits) >= 15 else 0.6
    # One bare number in ten passes Luhn by chance, so a bare one of an odd length says little.
    return (
        0.75
        if len(digits) == 16
        else 0.6
        if len(digits) == 15
        else 0.45
        if len(digits) == 14
        else 0.3
    )


def _judge_cvv(found: Candidate) -> Verdict | None:
    return Verdict(0.92, ("three or four digits",))


def _judge_expiry(found: Candidate) -> Verdict | None:
    month = int(digits_of(found.value)[:2])
    near_card = found.speaks_for & bit("card", "card_cvv")
    if not 1 <= month <= 12 or not near_card:
        return None
    return Verdict(0.9, ("month and year", "context: card"))


def _judge_routing(found: Candidate) -> Verdict | None:
    good = valid_routing_number(found.value)
    if found.label & bit("routing_number"):
        return Verdict(0.97 if good is Validity.VALID else 0.6, ("checksum",), good)
    if found.label or found.against or good is not Validity.VALID:
        return None
    return Verdict(0.8, ("checksum",)) if found.speaks_for & bit("routing_number") else None


def _judge_iban(found: Candidate) -> Verdict | None:
    value = found.value
    plain = value.replace(" ", "").upper()
    length = _IBAN_LENGTHS.get(plain[:2])
    if length is None or len(plain) < int(length):
        return None
    end, size = found.start, 0
    while size < int(length):
        size += found.text[end] != " "
        end += 1
    good = valid_iban(plain[: int(length)])
    if good is not Validity.VALID and not found.speaks_for & bit("iban", "bank_account"):
        return None
    return Verdict(
        0.98 if good is Validity.VALID else 0.55,
        ("checksum", f"country: {plain[:2]}"),
        good,
        end=end,
    )


def _judge_track(found: Candidate) -> Verdict | None:
    digits = re.search(r"[0-9]{12,19}", found.value)
    good = digits is not None and passes_luhn(digits.group())
    return Verdict(0.97, ("track layout", "checksum")) if good else None


# "our account has 443122 followers": a count, not a number.
_COUNTED = re.compile(
    r" (?:followers|seguidores|views|points|puntos|miles|dollars|dolares|users|customers|people|messages|times)\b"
)


def _judge_account(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if len(digits) < 5 or len(set(digits)) == 1 or _COUNTED.match(found.text, found.end):
        return None
    if card_network(digits) and passes_luhn(digits) and len(digits) >= 15:
        return Verdict(0.7, ("label",), element="card")
    bank = found.speaks_for & bit("bank_account", "routing_number", "iban")
    element = (
        "bank_account" if bank and found.value.replace("-", "").replace(" ", "").isdigit() else ""
    )
    return Verdict(0.88, ("label",), element=element)


def _judge_bank(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if not 4 <= len(digits) <= 17 or len(set(digits)) == 1:
        return None
    return Verdict(0.92, ("label",))


_ACCOUNT_VALUE = re.compile(
    r"(?:[A-Z]{1,5}[- ]?)?[0-9][0-9A-Z]*(?:-[0-9A-Z]{2,}){0,4}(?: [0-9]{3,5}(?![\w/])){0,4}(?![\w@])"
)

CARD = Detector(
    "card",
    words=(
        r"\b(credit|debit|bank|payment) *card\b", r"\bcards?\b", r"\bvisa\b", r"\bmaster *card\b", r"\bamex\b",
        r"\bamerican +express\b", r"\bdiscover\b", r"\bcc\b", r"\bcard *holder\b", r"\bpan\b", r"\btarjeta\b",
        r"\bvalid +thru\b", r"\bcredit\b", r"\bc c +(number|no|num)\b", r"\bccn\b", r"\bcharge\b",
    ),
    shapes=(
        Shape(
            r"\b[0-9]{4}[ .-]{1,3}[0-9]{4}[ .-]{1,3}[0-9]{4}[ .-]{1,3}[0-9]{1,7}\b",
            re.compile(r"(?<![\w.-])(?<![0-9]{4} )[0-9]{4}([ "
                       r".-]{1,3})[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?\Z"),
            32,
            _judge_card,
        ),
        Shape(
            r"\b3[0-9]{3}[ .-][0-9]{6}[ .-][0-9]{4,5}\b",
            re.compile(r"(?<![\w.-])3[0-9]{3}([ .-])[0-9]{6}\1[0-9]{4,5}\Z"),
            18,
            _judge_card,
        ),
        Shape(r"\b[0-9]{12,19}\b", re.compile(r"(?<![\w+.,/$])[0-9]{12,19}\Z"), 20, _judge_card),
    ),
)  # fmt: skip
CARD_CVV = Detector(
    "card_cvv",
    labels=(
        Label(
            (r"\bcvv2?\b", r"\bcvc2?\b", r"\bcvn\b", r"\bcid\b", r"\bcsc\b", r"\b(card )?sec(urity)? +code\b",
             r"\bverification +(code|value)\b", r"\bcodigo +de +seguridad\b", r"\b3 digit +code\b"),
            re.compile(r"[0-9]{3,4}(?![\w-]|\.[0-9])"),
            _judge_cvv,
            reach=40,
            across=bit("card", "card_cvv"),
        ),
    ),
)  # fmt: skip
CARD_EXPIRY = Detector(
    "card_expiry",
    labels=(
        Label(
            (r"\bexp\b", r"\bexpir(y|es|ation|ing)\b", r"\bexp +date\b", r"\b(valid|good) +thru\b", r"\bvence\b",
             r"\bvencimiento\b"),
            re.compile(r"(?:0[1-9]|1[0-2])(?: ?[/-] ?(?:20)?)?[0-9]{2}(?![\w/-])"),
            _judge_expiry,
            reach=20,
        ),
    ),
)  # fmt: skip
CARD_TRACK = Detector(
    "card_track",
    shapes=(
        Shape(
            r"%?b[0-9]{12,19}\^[^^\n]{2,26}\^[0-9]{7}",
            re.compile(r"%?[Bb][0-9]{12,19}\^[^^\n]{2,26}\^[0-9]{7}\Z"),
            60,
            _judge_track,
        ),
        Shape(r";[0-9]{12,19}=[0-9]{7}", re.compile(r";[0-9]{12,19}=[0-9]{7}\Z"), 30, _judge_track),
    ),
)
ROUTING = Detector(
    "routing_number",
    words=(
        r"\brouting\b",
        r"\baba\b",
        r"\brtn\b",
        r"\btransit\b",
        r"\bach\b",
        r"\bwire\b",
        r"\bnumero +de +ruta\b",
    ),
    shapes=(Shape(r"\b[0-9]{9}\b", re.compile(r"(?<![\w+#.,$/-])[0-9]{9}\Z"), 9, _judge_routing),),
)
IBAN = Detector(
    "iban",
    words=(r"\biban\b",),
    shapes=(
        Shape(
            r"\b[a-z]{2}[0-9]{2}[ ]?([a-z0-9]{4}[ ]?){2,7}[a-z0-9]{0,4}\b",
            re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2} ?(?:[A-Za-z0-9]{4} ?){2,7}[A-Za-z0-9]{0,4}\Z"),
            43,
            _judge_iban,
        ),
    ),
)
BANK_ACCOUNT = Detector(
    "bank_account",
    words=(r"\bbank\b", r"\bchecking\b", r"\bsavings\b", r"\bdirect +deposit\b", r"\bach\b", r"\bdeposit\b",
    r"\bbanco\b"),
    labels=(
        Label(
            (r"\b(bank|checking|savings|deposit|share) +(account|acct|a c)\b", r"\bdda\b",
             r"\bcuenta +(bancaria|corriente|de +ahorros?)\b", r"\b(checking|savings) *[:#]"),
            re.compile(r"[0-9][0-9-]{3,20}(?: [0-9]{3,5}(?![\w/])){0,4}(?![\w@])"),
            _judge_bank,
            reach=40,
            across=bit("bank_account", "account_number"),
        ),
        Label((r"\bchecking\b", r"\bsavings\b"), re.compile(r"[0-9]{7,17}(?![\w@-])"), _judge_bank),
    ),
)  # fmt: skip
ACCOUNT = Detector(
    "account_number",
    labels=(
        Label(
            (r"\baccount\b", r"\bacct?\b", r"\bacc(ount)? *(#|no\b|num(ber)?\b|id\b)", r"\ba c +(no|num|number|#)",
             r"\b(customer|client|subscriber|billing) *(account)? *(#|no\b|num(ber)?\b|id\b)", r"\bban\b",
             r"\bcuenta\b", r"\bnumero +de +(cliente|cuenta)\b", r"\bcta\b", r"\bcust *(id|no|num)\b"),
            _ACCOUNT_VALUE,
            _judge_account,
            reach=24,
            across=bit("account_number", "bank_account"),
        ),
    ),
)  # fmt: skip
