"""E-mail, network addresses, and what opens an account: user names, passwords, PINs, answers, keys.

Sources:
    RFC 5321 and 5322 (mail addresses), RFC 791 and 4291 (IP), IEEE 802 (MAC); crypt(5) prefixes of password hashes;
    key prefixes as published by their issuers.
"""

from __future__ import annotations

import ipaddress
import re

from amends.elements.detectors.base import (
    Candidate,
    Detector,
    Label,
    Shape,
    Validity,
    Verdict,
    bit,
)
from amends.elements.detectors.words import is_common_word
from amends.elements.shapes_data import word_set

_NOT_A_SECRET = word_set(
    "answer is are was be been has have had not no none null required expired invalid incorrect wrong reset "
    "changed protected must should may can cannot will would please policy and or for to the a an your my "
    "our their his her its it this that in on at of with from by as if so but correct same different new "
    "old strong weak temporary field authentication hash hashes manager managers hint recovery "
    "verification error failed failure prompt file entry length page link true false yes unknown empty "
    "blank n/a redacted [redacted] <redacted> hidden masked encrypted accepted stored sent set again once "
    "when where which before after twice here there only also using based"
)
_PLACEHOLDER_SECRET = re.compile(
    r"[*•x#.\-_]+|<[^>]*>|\[[^\]]*\]|\{[^}]*\}|\$\{?\w+\}?|%\w+%?", re.IGNORECASE
)
_FREE_TLD = re.compile(r"[a-z]{2,24}", re.IGNORECASE)


def valid_email(value: str) -> Validity:
    """Tell whether a value is a mail address."""
    local, _, domain = value.rpartition("@")
    parts = domain.split(".")
    good = (
        0 < len(local) <= 64
        and len(parts) > 1
        and all(parts)
        and ".." not in local
        and not any(p[0] == "-" or p[-1] == "-" or len(p) > 63 for p in parts)
        and _FREE_TLD.fullmatch(parts[-1].encode("ascii", "replace").decode()) is not None
    )
    return Validity.VALID if good else Validity.MALFORMED


def valid_ip(value: str) -> Validity:
    """Tell whether a value is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return Validity.MALFORMED
    return Validity.VALID


def valid_mac(value: str) -> Validity:
    """Tell whether a value is a hardware address: twelve hexadecimal digits."""
    good = re.fullmatch(r"[0-9A-Fa-f]{12}", re.sub(r"[:.-]", "", value)) is not None
    return Validity.VALID if good else Validity.MALFORMED


def _judge_ip4(found: Candidate) -> Verdict | None:
    value = found.value
    octets = [int(o) for o in value.split(".")]
    if max(octets) > 255 or value != ".".join(map(str, octets)):
        return None
    if found.label & bit("ip"):
        return Verdict(0.95, ("shape", "range"))
    if _VERSION.search(found.text[max(0, found.start - 20) : found.start]):
        return None
    small = sum(o < 10 for o in octets) >= 3 and not found.speaks_for & bit("ip")
    return Verdict(0.35 if small else 0.85, ("shape", "range"))


_VERSION = re.compile(
    r"(?:\bv|version|release|build|section|\bver|rev|§|chapter|firmware|driver)[ .:]*\Z",
    re.IGNORECASE,
)


def _judge_ip6(found: Candidate) -> Verdict | None:
    value = found.value
    if (
        ("::" not in value and value.count(":") != 7)
        or len(value) < 6
        or valid_ip(value) is not Validity.VALID
    ):
        return None
    return Verdict(0.9, ("shape",))


def _judge_mac(found: Candidate) -> Verdict | None:
    value = found.value
    if len(set(value.upper())) < 5 and not found.label & bit("mac"):
        return None
    return Verdict(0.9, ("shape",))


def _judge_hash(found: Candidate) -> Verdict | None:
    return Verdict(0.95, ("crypt prefix",))


def _judge_labelled_hash(found: Candidate) -> Verdict | None:
    before = found.text[max(0, found.start - 60) : found.start]
    return Verdict(0.9, ("label", "hexadecimal")) if _OF_PASSWORD.search(before) else None


# A digest of a file or a commit is no password's.
_OF_PASSWORD = re.compile(r"pass|pwd|ntlm|user|login|usr|credential", re.IGNORECASE)


def _judge_key(found: Candidate) -> Verdict | None:
    return Verdict(0.95, ("key prefix",))


def _looks_secret(value: str) -> bool:
    """Tell whether a word mixes letters, digits, cases or signs as words of a sentence do not."""
    if any(not c.isalnum() for c in value[:-1]):
        return True
    if value.isalpha():
        return not (value.islower() or value.isupper() or value.istitle())
    return any(c.isdigit() for c in value)


def _judge_password(found: Candidate) -> Verdict | None:
    raw = found.value
    value = raw.rstrip(".,;)\"'>") if not raw.endswith(("!", "?")) or len(raw) > 5 else raw
    while value.endswith(("?",)):
        value = value[:-1]
    if len(value) < 4 or value.lower() in _NOT_A_SECRET or _PLACEHOLDER_SECRET.fullmatch(value):
        return None
    before = found.text[max(0, found.start - 3) : found.start]
    assigned = any(sign in before for sign in ":=\"'")
    secret = _looks_secret(value)
    if not secret and (not assigned or value.lower() in _NOT_A_SECRET):
        return None
    if not secret and is_common_word(value.lower()) and _runs_on(found, len(value)):
        return None
    if "://" in value or (
        not assigned and value.count("-") == 1 and value.replace("-", "").isalpha()
    ):
        return None
    return Verdict(0.92 if secret else 0.78, ("label",), end=found.start + len(value))


def _runs_on(found: Candidate, size: int) -> bool:
    """Tell whether a sentence goes on after the word: "password: please enter …"."""
    rest = found.text[found.start + size : found.start + size + 12]
    return re.match(r"[ ][a-z]+", rest) is not None


def _judge_username(found: Candidate) -> Verdict | None:
    value = found.value.rstrip(".,;:)\"'")
    lower = value.lower()
    if (
        len(value) < 3
        or lower in _NOT_A_SECRET
        or lower in _GENERIC_USERS
        or _PLACEHOLDER_SECRET.fullmatch(value)
    ):
        return None
    before = found.text[max(0, found.start - 3) : found.start]
    marked = any(not c.isalpha() for c in value) or not value.islower()
    if not any(sign in before for sign in ":=\"'") and (not marked or is_common_word(lower)):
        return None
    if "@" in value:
        return None
    return Verdict(0.88, ("label",), end=found.start + len(value))


_GENERIC_USERS = word_set("and the or password pass admin root user test guest name id field")


def _judge_pin(found: Candidate) -> Verdict | None:
    return Verdict(0.9, ("digits",)) if not found.against else None


def _judge_answer(found: Candidate) -> Verdict | None:
    value = found.value.rstrip(" .,;\"'")
    if value.lower() in _NOT_A_SECRET or len(value) < 2 or value.endswith("?"):
        return None
    return Verdict(0.86, ("label",), end=found.start + len(value))


EMAIL = Detector(
    "email",
    words=(r"\be ?mail\b", r"\bcorreo\b", r"\bmailto\b"),
)
IP = Detector(
    "ip",
    words=(
        r"\bip *(v4|v6)? *(address|addr)?\b",
        r"\bremote *addr(ess)?\b",
        r"\bclient *ip\b",
        r"\b(logged +in|log ?in|connect(ed|ion|ing)?|requests?) +from\b",
        r"\bdireccion +ip\b",
    ),
    shapes=(
        Shape(
            r"\b[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\b",
            re.compile(r"(?<![\w.-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z"),
            16,
            _judge_ip4,
        ),
        Shape(
            r"\b[0-9a-f]{1,4}:(([0-9a-f]{1,4}:){6}|([0-9a-f]{1,4}:){0,5}:([0-9a-f]{1,4}:){0,5})[0-9a-f]{1,4}\b",
            re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{1,4}\Z"),
            40,
            _judge_ip6,
        ),
    ),
)
MAC = Detector(
    "mac",
    words=(r"\bmac *(address|addr)?\b", r"\bhw *addr\b", r"\bbssid\b", r"\bwi ?fi\b"),
    shapes=(
        Shape(
            r"\b([0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b",
            re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}\Z"),
            18,
            _judge_mac,
        ),
        Shape(
            r"\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b",
            re.compile(r"(?<![\w.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\Z"),
            15,
            _judge_mac,
        ),
    ),
)
USERNAME = Detector(
    "username",
    labels=(
        Label(
            (r"\buser *name\b", r"\buser *id\b", r"\blog ?in( *(id|name|user))?\b", r"\blogon\b", r"\bscreen *name\b",
             r"\busuario\b", r"\bhandle\b", r"\bsigned? +in +as\b", r"\blog(ged)? +in +as\b", r"\buid\b",
             r"\buser *="),
            re.compile(r"[A-Za-z0-9][\w.@+-]{2,39}(?![\w/])"),
            _judge_username,
            below=False,
            wordy=True,
        ),
        Label(
            (r"\busers?\b", r"\bcreds?\b"),
            re.compile(r"(?=[a-z._-]{2,30}[0-9])[a-z][\w.-]{2,39}(?![\w/@])"),
            _judge_username,
            below=False,
        ),
    ),
)  # fmt: skip
PASSWORD = Detector(
    "password",
    labels=(
        Label(
            (
                r"\bpass ?w(or)?d\b",
                r"\bpasswd\b",
                r"\bpwd\b",
                r"\bpass ?phrase\b",
                r"\bcontrasena\b",
                r"\bpass *[:=]",
                r"\bclave( +de +acceso)?\b",
                r"\bpassw[o0]rd\b",
                r"\bpw\b",
            ),
            re.compile(r"[^\s<>(){}\[\]]\S{3,63}"),
            _judge_password,
            below=False,
            wordy=True,
        ),
    ),
)
PASSWORD_HASH = Detector(
    "password_hash",
    shapes=(
        Shape(
            r"\$(2[abxy]|1|5|6|y|argon2id?|scrypt|apr1)\$[a-z0-9./$=,+]{20,120}",
            re.compile(r"\$(?:2[abxy]|1|5|6|y|argon2id?|scrypt|apr1)\$[A-Za-z0-9./$=,+]{20,120}\Z"),
            132,
            _judge_hash,
        ),
    ),
    labels=(
        Label(
            (r"\b(password|passwd|pwd|pass)? *hash\b", r"\b(md5|sha ?1|sha ?256|ntlm)\b"),
            re.compile(
                r"(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?!\w)"
            ),
            _judge_labelled_hash,
            below=False,
            wordy=True,
        ),
    ),
)
PIN = Detector(
    "pin",
    words=(r"\batm\b",),
    labels=(
        Label(
            (
                r"\bpin\b",
                r"\bp i n\b",
                r"\bpass ?code\b",
                r"\bnip\b",
                r"\baccess +code\b",
                r"\bpins\b",
            ),
            re.compile(r"[0-9]{4,8}(?![\w/:@-]|[.,][0-9])|[0-9](?: [0-9]){3}(?! ?[0-9])"),
            _judge_pin,
            reach=60,
            before=True,
            across=bit("pin", "account_number", "card"),
        ),
    ),
)
SECURITY_ANSWER = Detector(
    "security_answer",
    labels=(
        Label(
            (r"\bmother s +maiden( +name)?\b", r"\bmothers +maiden( +name)?\b", r"\bmmn\b",
             r"\b(security|secret|challenge) +(answer|word)\b",
             r"\brespuesta +(secreta|de +seguridad)\b", r"\bapellido +de +soltera\b",
             r"\bsecurity +question[^\n]{0,80}\banswer\b",
             r"\bsecurity +question[^\n?]{0,80}\?", r"\b(first|childhood) +pet( s)?( +name)?\b"),
            re.compile(r"[A-Za-z0-9][\w'&-]{1,24}(?: (?!and\b|but\b|for\b|on\b|is\b"
                       r"|was\b)[A-Za-z0-9][\w'&-]{0,24}){0,3}"),
            _judge_answer,
            below=False,
            wordy=True,
        ),
    ),
)  # fmt: skip
TOKEN = Detector(
    "token",
    shapes=(
        Shape(
            r"\b(akia|asia)[0-9a-z]{16}\b",
            re.compile(r"(?<!\w)(?:AKIA|ASIA)[0-9A-Z]{16}\Z"),
            20,
            _judge_key,
        ),
        Shape(
            r"\b(gh[pousr] [a-z0-9]{36}|xox[abprs]-[a-z0-9-]{10,60}|sk live [a-z0-9]{16,60})\b",
            re.compile(
                r"(?:gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,60}|sk_live_[A-Za-z0-9]{16,60})\Z"
            ),
            70,
            _judge_key,
        ),
    ),
)
PRIVATE_KEY = Detector(
    "private_key",
    shapes=(
        Shape(
            r"-----begin [a-z ]{0,20}private key-----",
            re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----\Z"),
            52,
            _judge_key,
        ),
    ),
)
