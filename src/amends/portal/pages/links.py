"""Check every artefact: links inside lead somewhere, and no host is named that is not the company's or an office's.

A 2017 breach site was flagged as phishing, and its makers' own staff sent people to a look-alike: so nothing is
published whose links do not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from amends.kernel.errors import DeliveryError
from amends.portal.pages.render import DYNAMIC_PAGES
from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.contacts import contacts

_ATTRIBUTES = (
    "href",
    "src",
    "action",
    "srcset",
    "poster",
    "data",
    "formaction",
    "cite",
    "background",
)
_URL = re.compile(r"url\(\s*[\"']?([^\"')]*)[\"']?\s*\)|@import\s+[\"']([^\"']+)")
# Endings of web addresses that texts of this kind name, and those that imitations use; a host needs one of them, or a
# scheme or "www." before it, so that "August 3.Then" is no host.
_ENDINGS = "com|org|net|gov|edu|mil|info|biz|us|io|co|app|site|online|help|example|test|invalid|me|tv|mx|es"
_HOST = re.compile(
    rf"(?:https?:)?//([\w.-]+)|\b(www\.[\w-]+(?:\.[\w-]+)+)|(?<![\w.-])((?:[\w-]+\.)+(?:{_ENDINGS}))(?![\w-]|\.\w)",
    re.IGNORECASE,
)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _ATTRIBUTES and value is not None:
                self.links += (
                    [v.split()[0] for v in value.split(",")] if name == "srcset" else [value]
                )
            if name in ("id", "name") and value:
                self.names.add(value)


def broken_links(folder: Path) -> list[str]:
    """Return links of the pages and stylesheets in a folder that lead nowhere, as ``page: link``.

    Links to pages that the running site makes (``check``, ``contact``, ``is-it-you``) lead somewhere; links to other
    hosts are looked at by ``foreign_hosts``.
    """
    pages = {p: _read_links(p) for p in sorted(folder.rglob("*")) if p.suffix in (".html", ".css")}
    return [
        f"{page.relative_to(folder)}: {link}"
        for page, (links, _) in pages.items()
        for link in links
        if not _leads(link, page, folder, pages)
    ]


def _read_links(path: Path) -> tuple[list[str], set[str]]:
    text = path.read_text("utf-8")
    if path.suffix == ".css":
        return [a or b for a, b in _URL.findall(text)], set()
    reader = _Links()
    reader.feed(text)
    return reader.links, reader.names


def _leads(
    link: str, page: Path, folder: Path, pages: Mapping[Path, tuple[list[str], set[str]]]
) -> bool:
    parts = urlsplit(link)
    if parts.scheme in ("https", "tel", "mailto"):
        return bool(parts.netloc or parts.path)
    if parts.scheme or parts.netloc or not link or link.startswith("/"):
        return False  # http:, data:, javascript:, //host, and paths that do not work from a file
    goal = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if not goal.is_relative_to(folder.resolve()):
        return False
    place = goal.relative_to(folder.resolve())
    if place.as_posix() in {f"{lang}/{name}" for lang in LANGUAGES for name in DYNAMIC_PAGES}:
        return True
    if not goal.is_file():
        return False
    names = next((n for p, (_, n) in pages.items() if p.resolve() == goal), set())
    return not parts.fragment or parts.fragment in names


def allowed_hosts(found: Determination) -> frozenset[str]:
    """Return the hosts that artefacts may name: the company's, the offer partner's, and offices."""
    incident = found.incident
    own = {incident.domain, incident.site, incident.email.rpartition("@")[2]}
    partner = {c.offer.redeem_at for c in found.classes if c.offer}
    offices = {
        host
        for c in found.classes
        for letter in c.letters.values()
        for section in letter.sections
        for block in section.blocks
        for office in block.offices
        for line in office.lines
        for host in hosts_in(line)
    }
    named = {host for text in own | partner if text for host in hosts_in(f"//{_bare(text)}")}
    return frozenset(named | offices | contacts().hosts())


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address.strip(), flags=re.IGNORECASE).lower()


def hosts_in(text: str) -> list[str]:
    """Return the hosts that a text names, in small letters, in the order of the text."""
    found = ("".join(m).strip(".").lower() for m in _HOST.findall(text))
    return list(dict.fromkeys(h for h in found if "." in h))


def foreign_hosts(texts: Mapping[str, str], allowed: Iterable[str]) -> list[str]:
    """Return hosts that artefacts name and may not, as ``artefact: host``.

    Args:
        texts: Name of an artefact -> its text, HTML or plain; without ``not-us.html``, which names others on purpose.
        allowed: Hosts that may be named; what is under one of them may be named too.
    """
    known = frozenset(h.lower().removeprefix("www.") for h in allowed if h)
    return [
        f"{name}: {host}"
        for name, text in texts.items()
        for host in hosts_in(text)
        if not _belongs(host.removeprefix("www."), known)
    ]


def _belongs(host: str, known: frozenset[str]) -> bool:
    """Say whether a host is known, under one that is, or a government's: nobody else gets a name under .gov."""
    return host in known or host.endswith((".gov", *(f".{k}" for k in known)))


def refuse_wrong_links(found: Determination, folder: Path) -> None:
    """Look at every link of the pages and every host that pages and letters name.

    Args:
        found: The released determination.
        folder: The general pages as ``write_static`` made them.

    Raises:
        DeliveryError: A link leads nowhere, or a host is named that is neither the company's nor an office's.
    """
    texts = {
        page.relative_to(folder).as_posix(): page.read_text("utf-8")
        for page in folder.rglob("*.html")
        if page.name != "not-us.html"
    }
    texts["letters"] = "\n".join(sorted(_said_in_letters(found)))
    wrong = [*broken_links(folder), *foreign_hosts(texts, allowed_hosts(found))]
    if wrong:
        raise DeliveryError(
            f"A public text leads nowhere, or to somebody else: {'; '.join(wrong[:3])} ({len(wrong)} in all)",
            remedy="correct [case] domain, [site] address, [offers] redeem_at or the case's own sentences; "
            "then seal, approve and publish again",
        )


def _said_in_letters(found: Determination) -> set[str]:
    """Return every distinct sentence and line of all letters."""
    return {
        text
        for c in found.classes
        for letter in c.letters.values()
        for section in letter.sections
        for block in section.blocks
        for text in (block.text, *block.items)
    }
