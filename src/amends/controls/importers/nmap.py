"""Nmap's XML: open ports, and what its scripts found.

Format: https://nmap.org/book/nmap-dtd.html; the vulnerability report of its scripts: NSE library ``vulns``;
``vulners`` lists CVE numbers with their CVSS score. Nmap's own files name a DTD, which is let in; an entity or an
outside file in it is refused by ``defusedxml``. Masscan writes the same elements. A file cut short gives
the hosts before the cut.

Nmap gives no severity: an open port is ``info``; what a script found has its score, its risk factor, or what our table
of kinds says; else medium.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from amends.controls.importers import severity
from amends.controls.importers.base import (
    Scan,
    Seen,
    Unread,
    Yielded,
    cves_of,
    instant,
    named,
    words,
)
from amends.controls.importers.controls import kind_of

TOOL = "Nmap"
MOST_SCRIPTS = 2000  # findings kept a port: a version without patches has some hundred known holes
_ELEMENT_TEXT = 256 * 1024  # characters of a script's output that are looked at
_STATE = re.compile(r"State:\s*(LIKELY VULNERABLE|VULNERABLE|NOT VULNERABLE)", re.IGNORECASE)
_RISK = re.compile(r"Risk factor:\s*(\w+)", re.IGNORECASE)
_VULNERS = re.compile(r"^[\s|_]*(CVE-\d{4}-\d{4,7})\s+(\d{1,2}(?:\.\d)?)\b", re.MULTILINE)
_FOUND = re.compile(
    r"valid credentials|login correct|anonymous ftp login allowed|authentication is not required|account has empty "
    r"password|least strength: [c-f]\b|message_signing: disabled|message signing enabled but not required|public",
    re.IGNORECASE,
)
_PLAIN = {
    "telnet": "telnet",
    "ftp": "ftp",
    "rlogin": "rlogin",
    "rsh": "rsh",
    "rexec": "rsh",
    "login": "rlogin",
}


@dataclass(frozen=True)
class NmapScan(Scan):
    """A scan of hosts, ports and by scripts.

    Attributes:
        ports: Scanned ports by protocol, as spans.
        answering: Host and port of each port that was open.
        scripts: Scripts that ran, by their output or the command line; ``vuln`` for its category.
    """

    ports: tuple[tuple[str, int, int], ...] = ()
    answering: frozenset[tuple[str, str]] = frozenset()
    scripts: frozenset[str] = frozenset()

    def covers(self, scope: str, part: str) -> bool:
        """Answer whether host, port and script were looked at: ``443/tcp`` or ``443/tcp vulners``."""
        if scope not in self.covered:
            return False
        port, _, script = part.partition(" ")
        number, _, protocol = port.partition("/")
        looked = not number.isdecimal() or any(
            kind == protocol and low <= int(number) <= high for kind, low, high in self.ports
        )
        if not looked:
            return False
        if not script or (number.isdecimal() and (scope, port) not in self.answering):
            return True
        return script in self.scripts or (_is_vuln(script) and "vuln" in self.scripts)


def _is_vuln(script: str) -> bool:
    return "vuln" in script or "cve" in script


class Nmap:
    """Nmap's XML."""

    name = "nmap"

    def detect(self, head: str, name: str) -> bool:
        """Answer whether the document is a scan."""
        return head.lstrip("\ufeff \t\r\n").startswith("<") and "<nmaprun" in head

    def read(self, stream: BinaryIO, name: str) -> Iterator[Yielded]:
        """Yield open ports and what scripts found, host by host, then what was looked at."""
        reading = _Reading()
        try:
            yield from reading.hosts(stream)
        except DefusedXmlException:
            yield Unread(
                "", "hostile_xml", "Export the scan again without entities or outside files."
            )
        except (ParseError, ValueError, LookupError, EOFError, OSError):
            yield Unread(
                f"behind host {reading.n_hosts}",
                "truncated" if reading.n_hosts else "malformed",
                "Export the scan again with nmap -oX; hosts before the fault were read.",
            )
        yield reading.scan()


class _Reading:
    def __init__(self) -> None:
        self.at: datetime | None = None
        self.covered: set[str] = set()
        self.ports: list[tuple[str, int, int]] = []
        self.answering: set[tuple[str, str]] = set()
        self.scripts: set[str] = set()
        self.n_hosts = 0

    def hosts(self, stream: BinaryIO) -> Iterator[Yielded]:
        depth: list[Element] = []
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=False):
            if event == "start":
                depth.append(element)
                if len(depth) > 100:  # a scan is nine deep; more is a bomb
                    raise ValueError
                if element.tag == "nmaprun":
                    self._begin(element)
                continue
            depth.pop()
            if element.tag == "scaninfo":
                self.ports += _spans(element)
            elif element.tag == "finished":
                self.at = instant(element.get("time", "")) or self.at
            elif element.tag == "host":
                self.n_hosts += 1
                yield from self._host(element)
                element.clear()
                if depth:
                    depth[-1].remove(element)

    def scan(self) -> NmapScan:
        """Return what was looked at."""
        return NmapScan(
            0, TOOL, self.at, frozenset(self.covered), tuple(self.ports), frozenset(self.answering),
            frozenset(self.scripts),
        )  # fmt: skip

    def _begin(self, element: Element) -> None:
        self.at = instant(element.get("start", ""))
        args = element.get("args", "")[:4000]
        for found in re.findall(r"--script[= ]\s*\"?([\w,\-* ().]+)", args):
            self.scripts.update(word for word in re.split(r"[,\s()\"]+", found) if word)

    def _host(self, host: Element) -> Iterator[Seen]:
        addresses = [a.get("addr", "") for a in host.iter("address") if a.get("addrtype") != "mac"]
        names = [n.get("name", "") for n in host.iter("hostname") if n.get("name")]
        scope = named(addresses[0] if addresses else names[0] if names else "")
        status = host.find("status")
        if not scope or (status is not None and status.get("state", "up") != "up"):
            return
        self.covered.add(scope)
        shown = f"{named(names[0])} ({scope})" if names and addresses else scope
        for port in host.iter("port"):
            yield from self._port(port, scope, shown)
        for script in (s for found in host.findall("hostscript") for s in found.findall("script")):
            yield from self._script(script, scope, shown, "")

    def _port(self, port: Element, scope: str, shown: str) -> Iterator[Seen]:
        number, protocol = port.get("portid", ""), port.get("protocol", "tcp")[:8]
        state = port.find("state")
        if (
            not number.isdecimal()
            or int(number) > 65535
            or state is None
            or state.get("state") != "open"
        ):
            return
        part = f"{number}/{protocol}"
        self.answering.add((scope, part))
        service = port.find("service")
        said = (
            [] if service is None else [service.get(k, "") for k in ("name", "product", "version")]
        )
        about = words(" ".join(w for w in said if w), 120)
        plain = (
            _PLAIN.get(said[0].lower())
            if said and not (service is not None and service.get("tunnel"))
            else None
        )
        rule = f"clear-text {plain}" if plain else "open-port"
        title = f"Port {part} is open" + (f": {about}" if about else "")
        bad = "medium" if plain else "info"
        yield Seen(TOOL, rule, title, bad, f"{shown} {part}", part, "open", None,
                   ("CWE-319",) if plain else (), scope, part, scope)  # fmt: skip
        for script in port.findall("script"):
            yield from self._script(script, scope, f"{shown} {part}", part)

    def _script(self, script: Element, scope: str, place: str, port: str) -> Iterator[Seen]:
        name = named(script.get("id", ""))
        self.scripts.add(name)
        output = script.get("output", "")[:_ELEMENT_TEXT]
        for rule, title, bad, tags in _found(name, output, script):
            yield Seen(TOOL, rule, title, bad, place, f"{port} {name}", "open", None, tags, scope,
                       f"{port} {name}", scope)  # fmt: skip


def _spans(element: Element) -> list[tuple[str, int, int]]:
    made = []
    for word in element.get("services", "")[:400_000].split(","):
        low, _, high = word.strip().partition("-")
        if low.isdecimal() and (high.isdecimal() or not high):
            made.append((element.get("protocol", "tcp"), int(low), int(high or low)))
    return made


def _found(
    name: str, output: str, script: Element
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield rule, title, severity and tags of each thing a script found; nothing for what it only describes."""
    if name == "vulners":
        scores: dict[str, float] = {}
        for cve, score in _VULNERS.findall(output):
            scores.setdefault(cve.upper(), float(score))
        for cve, score in list(scores.items())[:MOST_SCRIPTS]:
            yield (
                cve,
                f"{cve}: known hole of the version that answers",
                severity.of_score(score),
                (cve,),
            )
        return
    states = {s.upper() for s in _STATE.findall(output)}
    kind = kind_of(name)
    if states & {"VULNERABLE", "LIKELY VULNERABLE"}:
        yield from _reported(name, output, script)
    elif "NOT VULNERABLE" not in states and (
        _FOUND.search(output) or (_is_vuln(name) and "VULNERABLE" in output)
    ):
        kind = kind or kind_of(output[:300])
        yield (
            name,
            f"{name}: {words(output.strip(), 160)}",
            kind.unsaid if kind else severity.UNSAID,
            cves_of(output),
        )


def _reported(
    name: str, output: str, script: Element
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield what a script of the ``vulns`` library reports: a table a hole, or the whole output where there is none."""
    risk = _RISK.search(output)
    bad = severity.of_word(risk[1]) if risk else ""
    tables = [
        t
        for t in script.findall("table")
        if _elem(t, "state").upper().startswith(("VULN", "LIKELY"))
    ]
    for table in tables[:MOST_SCRIPTS]:
        told = " ".join(
            [
                table.get("key", ""),
                *(e.text or "" for t in table.iter("table") for e in t.findall("elem")),
            ]
        )
        cves = cves_of(told)
        rule = cves[0] if len(cves) == 1 else name
        scores = [
            severity.score_of(e.text)
            for t in table.iter("table")
            if t.get("key") == "scores"
            for e in t
        ]
        best = max((s for s in scores if s is not None), default=None)
        worst = severity.of_score(best) if best is not None else bad or "high"
        yield rule, words(_elem(table, "title")) or rule, worst, cves
    if not tables:
        cves = cves_of(output)
        yield (
            cves[0] if len(cves) == 1 else name,
            words(output.strip(), 160) or name,
            bad or "high",
            cves,
        )


def _elem(table: Element, key: str) -> str:
    return next((e.text or "" for e in table.findall("elem") if e.get("key") == key), "")


NMAP = Nmap()
