"""Hosts as a browser would read them: escapes undone, names of other scripts decoded, and what hides in a link.

Source:
    WHATWG URL standard (a backslash ends the host like a slash; everything up to the last @ is a user name; a number
    is an IPv4 address). RFC 3492 (punycode). Signs in links: CISA, "Avoiding Social Engineering and Phishing
    Attacks" (links that do not match what is shown; look-alike addresses); APWG, "Phishing Activity Trends Reports".
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

MAX_LINK = 2048
_SCHEME = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.\-]{1,15}):")
_AUTHORITY_END = re.compile(r"[/\\?#]")
_LABEL = re.compile(r"^\w(?:[\w\-]{0,61}\w)?$")
# Two-label endings under which companies register, enough to find the label that is a company's own.
_SECOND_LEVEL = frozenset(("co", "com", "org", "net", "gov", "edu", "ac", "gob", "nom", "ne", "or"))


@dataclass(frozen=True)
class Link:
    """A link, taken apart.

    Attributes:
        shown: As the person gave it, cut to what can be shown.
        scheme: ``https``, ``http``, ``mailto`` …; "" where none was written.
        host: Its host in small letters, names of other scripts decoded; "" where there is none.
        tricks: Codes of what hides in it: ``user_name``, ``number_host``, ``odd_port``, ``forwards``, ``script``.
    """

    shown: str
    scheme: str
    host: str
    tricks: frozenset[str] = frozenset()


def clean_host(raw: str) -> str:
    """Return a host in one form, or "" when it can be none."""
    host = unicodedata.normalize("NFKC", unquote(unquote(raw))).casefold()
    host = re.sub(r"[\u3002\uff61]", ".", host).strip(". ")
    if not host or len(host) > 253:
        return ""
    return ".".join(_decoded(label) for label in host.split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").casefold()
    except (UnicodeError, ValueError, OverflowError):
        return label


def is_number_host(host: str) -> bool:
    """Say whether a host is an address in numbers, in any form that browsers take."""
    if host.startswith("["):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        parts = host.split(".")
        return len(parts) <= 4 and all(
            re.fullmatch(r"0x[0-9a-f]{1,16}|[0-9]{1,20}", p) for p in parts
        )
    return True


def looks_like_host(host: str) -> bool:
    """Say whether a text has the form of a host name with an ending of letters."""
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.match(x) for x in labels):
        return False
    ending = labels[-1]
    return len(ending) >= 2 and not any(c.isdigit() or c == "_" for c in ending)


def read_link(text: str) -> Link:
    """Return a link taken apart the way a browser does; ``text`` has a scheme or begins with the host."""
    text = text[:MAX_LINK]
    found = _SCHEME.match(text)
    scheme, rest = "", text
    if found and (
        text[found.end() : found.end() + 2].startswith(("/", "\\")) or not _has_port(text)
    ):
        scheme, rest = found.group(1).lower(), text[found.end() :]
    if scheme and scheme not in ("http", "https", "ftp", "hxxp", "hxxps"):
        return _other_scheme(text, scheme, rest)
    rest = rest.lstrip("/\\")
    cut = _AUTHORITY_END.search(rest)
    authority, tail = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    authority = unquote(authority)
    tricks = set()
    if "@" in authority:
        tricks.add("user_name")
        authority = authority.rsplit("@", 1)[1]
    host, port = _host_and_port(authority)
    host = clean_host(host)
    if port not in ("", "80", "443"):
        tricks.add("odd_port")
    if is_number_host(host):
        tricks.add("number_host")
    if re.search(r"https?:|//|\\\\|www\.|@", unquote(unquote(tail)), re.IGNORECASE):
        tricks.add("forwards")
    return Link(shown(text), scheme, host, frozenset(tricks))


def _has_port(text: str) -> bool:
    """Say whether what stands before the first colon is a host and what follows a port, as in ``a.example:8080``."""
    head, _, tail = text.partition(":")
    return "." in head and tail[:1].isdigit()


def _host_and_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, _, rest = authority.partition("]")
        return host + "]", rest.lstrip(":")
    host, _, port = authority.partition(":")
    return host, port


def _other_scheme(text: str, scheme: str, rest: str) -> Link:
    if scheme in ("mailto", "tel", "sms"):
        return Link(shown(text), scheme, "")
    return Link(
        shown(text),
        scheme,
        clean_host(_AUTHORITY_END.split(rest.lstrip("/\\"))[0]),
        frozenset({"script"}),
    )


def shown(text: str, most: int = 80) -> str:
    """Return a text as it can be shown: one line, nothing invisible, cut."""
    plain = "".join(c for c in text if c.isprintable())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def belongs_to(host: str, own: str) -> bool:
    """Say whether a host is a name or a name under it."""
    return bool(own) and (host == own or host.endswith("." + own))


def own_label(host: str) -> str:
    """Return the label by which people know a host: ``larkspur`` of ``help.larkspur.co.uk``."""
    labels = host.split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else labels[0]


def registered(host: str) -> str:
    """Return the part of a host that somebody registers: ``larkspur.co.uk`` of ``help.larkspur.co.uk``."""
    labels = host.split(".")
    two = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if two else labels[-2:])
