"""A typed contact in one form, sealed for the case in one length."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from amends.vault.boxes import ContactKeys, seal_for

Kind = Literal["email", "phone"]

SEALED_BYTES = 512
"""Bytes inside a box: the longest address (254 letters, RFC 5321 section 4.5.3.1.3) with room to spare."""

_LONGEST = 254
_MAILBOX = re.compile(r"[^\s@<>\",;:()\[\]\\]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,188})\.[a-z]{2,63}")
_PHONE_SIGNS = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]|(?:ext|x)\.?\s*\d{1,6}$", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d{7,15}")


@dataclass(frozen=True)
class Asked:
    """What was typed.

    Attributes:
        kind: ``email`` or ``phone``; "" when it was neither, or one time too many.
        contact: In the form in which records keep it; "" likewise.
        language: ``en`` or ``es``: the language of the page.
    """

    kind: str
    contact: str
    language: str

    def __repr__(self) -> str:
        """Show no contact."""
        return f"Asked({self.kind!r})"


def normal_contact(kind: str, typed: str) -> str:
    """Return a typed contact in the form in which records keep it, "" when it cannot be one.

    E-mail in small letters; telephone as ten digits for North America, with + and digits elsewhere.
    """
    if len(typed) > 2 * _LONGEST:
        return ""
    text = unicodedata.normalize("NFKC", typed).strip()
    if not text.isprintable():
        return ""
    if kind == "email":
        text = text.lower()
        return text if len(text) <= _LONGEST and _MAILBOX.fullmatch(text) else ""
    return _normal_phone(text) if kind == "phone" else ""


def _normal_phone(text: str) -> str:
    digits = _PHONE_SIGNS.sub("", text)
    if not _PHONE.fullmatch(digits):
        return ""
    bare = digits.removeprefix("+")
    if len(bare) == 11 and bare[0] == "1":
        return bare[1:]
    if len(bare) == 10 and not digits.startswith("+"):
        return bare
    return digits if digits.startswith("+") else ""


def seal_asked(public: bytes, asked: Asked) -> bytes:
    """Return a request as bytes that only the case can read: always the same number of them."""
    raw = json.dumps([1, asked.kind, asked.contact, asked.language], ensure_ascii=False).encode()
    if len(raw) > SEALED_BYTES:
        raw = json.dumps([1, "", "", asked.language]).encode()
    return seal_for(public, raw.ljust(SEALED_BYTES, b" "))


def open_asked(keys: ContactKeys, sealed: bytes) -> Asked:
    """Return what was sealed.

    Raises:
        TableError: It was sealed for another case, or was altered.
        ValueError: It is something else.
    """
    _, kind, contact, language = json.loads(keys.open(sealed))
    if not all(isinstance(v, str) for v in (kind, contact, language)):
        raise ValueError("not a request")
    return Asked(kind, contact, language if language in ("en", "es") else "en")
