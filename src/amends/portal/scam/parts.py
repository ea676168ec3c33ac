"""What a pasted text holds that can be checked: notice numbers, links, addresses, telephone numbers, mail headers.

Every step looks at each sign of the text a bounded number of times, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from amends.portal.scam.hosts import Link, clean_host, is_number_host, looks_like_host, read_link
from amends.portal.scam.lists import listed
from amends.portal.scam.phones import phones, without_phones

# As printed, or typed from paper: small letters, spaces or hyphens between, O for 0, l or I for 1.
_NUMBER = re.compile(r"(?<![\w\-])[Nn](?:[ \-]?[0-9A-Fa-fOoIl]){16}(?![\w])")
_ALMOST = re.compile(r"(?<![\w\-])[Nn](?=[A-Fa-f]{0,15}[0-9])[0-9A-Fa-fOoIl]{12,20}(?![\w])")
_TOKEN = re.compile(r"[^\s<>\"{}|`“”«»]+")
_MARKS = ".,;:!?()[]'‘’*_~"
_TAIL = re.compile(r"(?<![\w.\-@/])[A-Za-z0-9][A-Za-z0-9.\-]{0,80}(?<=[A-Za-z0-9])$")
_HEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,80}(?<=[A-Za-z0-9])")
_STARTS = ("http", "hxxp", "www.", "ftp", "mailto:", "tel:", "sms:", "javascript:", "data:", "//")
_HEADER = re.compile(
    r"^[>*\s]{0,8}(from|de|to|para|cc|bcc|cco|subject|asunto|date|fecha|sent|enviado|reply-to|responder a|"
    r"return-path|message-id|x-notice-id|received|delivered-to|authentication-results|[a-z]+(?:-[a-z]+){1,4})\*?"
    r"[ \t]{0,4}:[ \t]*(.*)$",
    re.IGNORECASE,
)
_NOT_SENDERS = (
    "to",
    "para",
    "cc",
    "bcc",
    "cco",
    "received",
    "delivered-to",
    "authentication-results",
)
# Endings under which a bare name is taken for a host; in a link any ending is. The most registered endings, those
# most seen in phishing (APWG, Interisle "Phishing Landscape"), and the reserved ones (RFC 2606).
_ENDINGS = listed("endings")


@dataclass(frozen=True)
class Parts:
    """What was found.

    Attributes:
        numbers: Notice numbers in our form.
        almost: Whether something nearly has that form.
        links: Links and hosts.
        addresses: E-mail addresses of the text, without those it was sent to.
        phones: Telephone numbers, digits only.
        headers: Mail header -> its text; the first of each.
    """

    numbers: tuple[str, ...] = ()
    almost: bool = False
    links: tuple[Link, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


def read_parts(text: str) -> Parts:
    """Return what a text holds that can be checked."""
    headers = _headers(text)
    body = "\n".join(line for line in text.splitlines() if not _is_header(line, _NOT_SENDERS))
    numbers = tuple(dict.fromkeys(_clean_number(m.group()) for m in _NUMBER.finditer(body)))
    links: dict[tuple[str, str], Link] = {}
    addresses: dict[str, None] = {}
    for token in _tokens(body):
        for address in _addresses(token):
            addresses[address] = None
        link = _link(token)
        if link is not None:
            links.setdefault((link.host, link.scheme + "".join(sorted(link.tricks))), link)
    return Parts(
        numbers,
        not numbers and bool(_ALMOST.search(body)),
        tuple(links.values()),
        tuple(addresses),
        tuple(dict.fromkeys(phones(_NUMBER.sub(" ", body)))),
        headers,
    )


def without_numbers(text: str) -> str:
    """Return a text without notice numbers."""
    return _NUMBER.sub(" ", text)


def without_contacts(text: str, mark: str) -> str:
    """Return a text with every notice number, link, address and telephone number replaced by a mark."""
    text = _NUMBER.sub(f" {mark} ", text)

    def replaced(found: re.Match[str]) -> str:
        token = found.group()[:2048].strip(_MARKS)
        known = token and (any(_addresses(token)) or _link(token) is not None)
        return f" {mark} " if known else found.group()

    return without_phones(_TOKEN.sub(replaced, text), mark)


def _headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER.match(line[:2000])
        if match:
            found.setdefault(match.group(1).lower(), match.group(2).strip())
    return found


def _is_header(line: str, names: tuple[str, ...]) -> bool:
    match = _HEADER.match(line[:2000])
    return bool(match) and match.group(1).lower() in names  # type: ignore[union-attr]  # tested just before


def _clean_number(text: str) -> str:
    digits = re.sub(r"[ \-]", "", text)[1:].upper()
    return "N" + digits.translate(str.maketrans("OIL", "011"))


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found.group()[:2048].strip(_MARKS)
        if token:
            yield token


def _addresses(token: str) -> Iterator[str]:
    if "@" not in token or "://" in token or "/" in token:
        return
    plain = token.split("?", 1)[0]
    for word in re.split(r"[,;:()\[\]=]", plain):
        local, _, host = word.rpartition("@")
        host = clean_host(host)
        if local and looks_like_host(host) and len(local) <= 64:
            yield f"{local.casefold().strip(_MARKS)}@{host}"


def _link(token: str) -> Link | None:
    """Return the link that a word of the text is, or nothing."""
    at = token.find("://")
    if at > 0:
        start = at
        while start > 0 and (token[start - 1].isalnum() or token[start - 1] in "+-."):
            start -= 1
        return read_link(token[start:])
    if token.lower().startswith(_STARTS):
        link = read_link(token)
        return link if link.host or link.tricks else None
    return _bare_link(token)


def _bare_link(token: str) -> Link | None:
    head = re.split(r"[/\\?#]", token, maxsplit=1)[0]
    if "." not in head and "。" not in head and not head.startswith("xn--"):
        return None
    if "@" in head and head == token:
        return None  # an address
    link = read_link(token)
    ending = link.host.rsplit(".", 1)[-1]
    has_path = len(head) < len(token)
    if is_number_host(link.host) and link.host.count(".") == 3:
        return link
    if not looks_like_host(link.host) or all(len(x) < 2 for x in link.host.split(".")[:-1]):
        return None
    sentence_end = head.rsplit(".", 1)[-1][:1].isupper() and not head.isupper()
    if not has_path and (sentence_end or (ending not in _ENDINGS and ending.isascii())):
        return None
    return link


def rejoined(text: str, hosts: Iterable[str]) -> str:
    """Return a text in which a known host that a line's end has cut in two is whole again.

    Only a cut within a name is mended, and only where both halves together are exactly a known host: nothing else
    can hide behind it.
    """
    known = frozenset(hosts)
    lines = text.split("\n")
    made = [lines[0]]
    for line in lines[1:]:
        head, tail = _TAIL.search(made[-1]), _HEAD.match(line)
        whole = clean_host(head.group() + tail.group()) if head and tail else ""
        if whole in known:
            made[-1] += line
        else:
            made.append(line)
    return "\n".join(made)
