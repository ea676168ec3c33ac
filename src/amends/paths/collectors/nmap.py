"""Nmap's XML: hosts, ports, versions and what its scripts found.

Format: https://nmap.org/book/nmap-dtd.html. Parsed with ``defusedxml``: no entity is expanded, no outside file read.
Masscan writes the same elements. A file cut short gives the hosts before the cut.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from amends.paths.collectors.base import Input, cves_of
from amends.paths.collectors.seen import PortSeen, ScanSeen, Sighting
from amends.paths.shapes import Reject
from amends.paths.spaces import Spans, ports

NO_LOGIN = re.compile(
    r"anonymous ftp login allowed|authentication is not required|authentication: (?:disabled|none)|"
    r"account has empty password|allows login without password|no authentication|security types:\s*none|"
    r"message_signing: disabled.*guest|access level: full control",
    re.IGNORECASE | re.DOTALL,
)
FOUND_LOGIN = re.compile(r"valid credentials|login correct|\bvalid\b.*account", re.IGNORECASE)


class Nmap:
    """Nmap's XML."""

    name = "nmap"

    def detect(self, source: Input) -> bool:
        """Answer whether the document is a scan."""
        return source.head.lstrip("\ufeff \t\r\n").startswith("<") and "<nmaprun" in source.head

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield one sighting a host."""
        covered: dict[str, Spans] = {}
        day = ""
        depth: list[Element] = []
        try:
            for event, element in iterparse(
                io.BytesIO(source.body), events=("start", "end"), forbid_dtd=False
            ):
                if event == "start":
                    depth.append(element)
                    if element.tag == "nmaprun":
                        day = _day(element.get("start", ""))
                    continue
                depth.pop()
                if element.tag == "scaninfo":
                    _cover(covered, element)
                elif element.tag == "host":
                    yield _host(element, source, covered, day)
                    element.clear()
                    if depth:
                        depth[-1].remove(element)
        except DefusedXmlException:
            yield Reject(
                source.path,
                "hostile_xml",
                "Export the scan again without entities or outside files.",
            )
        except (ParseError, ValueError, LookupError):
            yield Reject(
                source.path,
                "malformed",
                "Export the scan again with nmap -oX; hosts before the fault were read.",
            )


def _day(seconds: str) -> str:
    if not seconds.isdecimal() or len(seconds) > 11:
        return ""
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()


def _cover(covered: dict[str, Spans], element: Element) -> None:
    spans = ports(element.get("services", ""))
    if spans:
        kind = element.get("protocol", "tcp")
        covered[kind] = tuple(sorted((*covered.get(kind, ()), *spans)))


def _host(element: Element, source: Input, covered: dict[str, Spans], day: str) -> ScanSeen:
    ips = tuple(
        found.get("addr", "") for found in element.iter("address") if found.get("addrtype") != "mac"
    )
    names = tuple(found.get("name", "") for found in element.iter("hostname") if found.get("name"))
    status = element.find("status")
    place = f"{source.path}: host {ips[0] if ips else '?'}"
    seen = []
    for port in element.iter("port"):
        made = _port(port, place)
        if made:
            seen.append(made)
    return ScanSeen(
        ips,
        names,
        tuple(seen),
        tuple(covered.items()),
        place,
        source.path,
        day or _day(element.get("starttime", "")),
        status is None or status.get("state", "up") == "up",
    )


def _port(element: Element, place: str) -> PortSeen | None:
    number = element.get("portid", "")
    state = element.find("state")
    if not number.isdecimal() or int(number) > 65535:
        return None
    protocol = element.get("protocol", "tcp")
    service = element.find("service")
    words = (
        [service.get(name, "") for name in ("name", "product", "version", "extrainfo")]
        if service is not None
        else []
    )
    scripts = [(s.get("id", ""), s.get("output", "")) for s in element.iter("script")]
    auth, weak = _login(scripts)
    return PortSeen(
        int(number),
        protocol,
        state.get("state", "unknown") if state is not None else "unknown",
        f"{place} port {number}/{protocol}",
        " ".join(word for word in words if word),
        tuple(
            dict.fromkeys(
                cve for name, text in scripts if _names_holes(name, text) for cve in cves_of(text)
            )
        ),
        auth,
        weak,
    )


def _names_holes(script: str, output: str) -> bool:
    """Answer whether a script's CVE numbers are holes it found, not ones it looked for in vain."""
    if "not vulnerable" in output.lower() and "state: vulnerable" not in output.lower():
        return False
    return "vuln" in script or "cve" in script or "VULNERABLE" in output


def _login(scripts: list[tuple[str, str]]) -> tuple[str, str]:
    """Return how a service asks for a login, and which script found a weak one."""
    auth = weak = ""
    for name, output in scripts:
        if NO_LOGIN.search(output):
            auth = "none"
        elif name == "ssh-auth-methods" and not auth:
            methods = set(re.findall(r"[a-z]+(?:-[a-z]+)*", output.lower()))
            auth = (
                "none"
                if "none_auth" in methods
                else "password"
                if methods & {"password", "keyboard-interactive"}
                else "key"
            )
        elif name in {"http-auth", "http-auth-finder", "http-form-auth"} and not auth:
            auth = "password"
        if name.endswith("-brute") and FOUND_LOGIN.search(output):
            weak = name
    return auth, weak


NMAP = Nmap()
