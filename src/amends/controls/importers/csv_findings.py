"""CSV exports of vulnerability scanners: Nessus, Greenbone/OpenVAS, Qualys, and lists like them.

A list is known by its columns, through synonyms, not by its name; a title page above the header (Qualys) is stepped
over. Columns: Tenable, "CSV Vulnerability Export Fields"; Greenbone, report format CSV Results; Qualys, scan report in
CSV. All read November 2026.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from amends.controls.importers import severity
from amends.controls.importers.base import (
    Scan,
    Seen,
    Unread,
    Yielded,
    cves_of,
    cwes_of,
    instant,
    named,
    words,
)
from amends.controls.importers.controls import controls_in
from amends.controls.importers.pieces import lines

SYNONYMS = {
    "host": "ip host ip_address host_ip asset_ip ipv4_address asset_ipv4 hostname host_name fqdn dns dns_name asset "
    "asset_name asset_id asset_uuid device target machine server system computer netbios netbios_name resource "
    "resource_id resource_name affected_host affected_asset component image package_path file file_path path location "
    "url endpoint",
    "hostname": "hostname dns fqdn dns_name asset_name netbios netbios_name host_name",
    "port": "port ports service_port",
    "protocol": "protocol port_protocol proto",
    "rule": "plugin_id plugin pluginid qid nvt_oid oid rule_id ruleid rule check_id checkid vuln_id vulnerability_id "
    "signature signature_id test_id finding_type control_check definition_id vulnerability_identifier",
    "cve": "cve cves cve_id cve_ids cveid definition_cve vulnerability_cve",
    "cwe": "cwe cwes cwe_id cwe_ids",
    "word": "severity risk risk_level risk_factor threat criticality severity_level threat_level risk_rating level "
    "priority impact_level",
    "score": "cvss_v4_0_base_score cvss4_base_score cvss_v3_0_base_score cvss_v3_1_base_score cvss3_base_score "
    "cvss_v3_base_score cvss3_base cvss_v3 cvssv3 cvss_base_score cvss_v2_0_base_score cvss_base cvss_score cvss "
    "cvss_v2_base_score base_score score",
    "title": "plugin_name nvt_name vulnerability_title vulnerability_name title vulnerability finding finding_title "
    "check_title rule_name definition_name vuln_title summary name synopsis description issue weakness message",
    "status": "vuln_status vulnerability_state finding_status status state resolution result disposition",
    "last": "last_seen last_detected last_found last_observed last_seen_at timestamp scan_date scanned_at detected_at "
    "detection_date date observed_at date_last_detected",
    "first": "first_seen first_detected first_found first_observed first_discovered date_first_detected discovered_at",
    "control": "nist nist_id nist_800_53 nist_sp_800_53 control control_id controls control_ids",
    "tool": "scanner tool scan_tool scanner_name source_tool product_scanner",
}
NAMES = {name: tuple(words_.split()) for name, words_ in SYNONYMS.items()}
_TOOLS = (
    ("Nessus", frozenset({"plugin_id", "plugin_output"})),
    ("Nessus", frozenset({"plugin_id", "see_also"})),
    ("Tenable", frozenset({"plugin_id"})),
    ("OpenVAS", frozenset({"nvt_oid"})),
    ("OpenVAS", frozenset({"nvt_name"})),
    ("Qualys", frozenset({"qid"})),
)
_STATUS = {
    "suppressed": "ignored ignore suppressed muted waived exception accepted false_positive risk_accepted wont_fix "
    "won_t_fix disabled dismissed false_positives deviation_approved",
    "closed": "fixed closed resolved remediated mitigated pass passed not_vulnerable absent verified_fixed satisfied "
    "not_applicable ok inactive",
}
STATUS = {word: status for status, told in _STATUS.items() for word in told.split()}
_HEADER_LINES = 60
_SAMPLE = 1000
_BAD_ROWS = 100
"""Bad rows told one by one; the rest are counted in one line."""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().strip('"\ufeff').lower()).strip("_")


@dataclass(frozen=True)
class Header:
    """A header that was understood.

    Attributes:
        line: Its number from 1.
        delimiter: What parts its cells.
        cells: The cells, plain.
        columns: Which cells hold what, the preferred first.
        tool: Scanner it is of; "" when the columns do not tell.
    """

    line: int
    delimiter: str
    cells: tuple[str, ...]
    columns: dict[str, tuple[int, ...]]
    tool: str


def header_of(number: int, line: str) -> Header | None:
    """Return the header that a line is; ``None`` when it is none of a list of findings."""
    if len(line) > 20_000:
        return None
    for delimiter in ",;\t|":
        if delimiter not in line:
            continue
        try:
            cells = tuple(_plain(cell) for cell in next(csv.reader([line], delimiter=delimiter)))
        except (csv.Error, StopIteration):
            continue
        columns = {
            name: tuple(cells.index(synonym) for synonym in synonyms if synonym in cells)
            for name, synonyms in NAMES.items()
        }
        if len(cells) > 2 and _is_findings(cells, columns):
            tool = next((tool for tool, marks in _TOOLS if marks <= set(cells)), "")
            return Header(number, delimiter, cells, columns, tool)
    return None


def _is_findings(cells: tuple[str, ...], columns: dict[str, tuple[int, ...]]) -> bool:
    """Answer whether the columns are those of findings: a place, what was found, how bad it is.

    A list of assets has a name and perhaps a risk, a list of services a CVE: neither says what was found and how bad.
    """
    if not columns["host"]:
        return False
    titled = [
        cells[i] for i in columns["title"] if cells[i] not in ("name", "description", "finding")
    ]
    what = bool(columns["rule"] or titled or columns["cve"])
    if {"name", "description"} <= set(cells) or {"name", "solution"} <= set(cells):
        what = True
    bad = bool(columns["word"] or columns["score"])
    return what and (bad or bool(columns["cve"] and (columns["rule"] or titled)))


class CsvFindings:
    """Lists of findings as CSV."""

    name = "csv"

    def detect(self, head: str, name: str) -> bool:
        """Answer whether a header of findings stands at the top."""
        if head.lstrip("\ufeff \t\r\n").startswith(("<", "{", "[")):
            return False
        return any(header_of(0, line) for line in head.split("\n")[:_HEADER_LINES])

    def read(self, stream: BinaryIO, name: str) -> Iterator[Yielded]:
        """Yield a finding a row, bad rows, and which hosts were looked at."""
        faults: list[Unread] = []
        numbered = lines(stream, faults)
        header = next(
            (h for n, text in numbered if n <= 10_000 and (h := header_of(n, text.rstrip("\r")))),
            None,
        )
        if header is None:
            yield Unread(
                "", "no_header", "Export the list with its header: host, rule or title, severity."
            )
            yield from faults
            return
        rows = _Rows(header, numbered)
        made = _Reading(header, header.tool or _stem(name))
        yield from made.findings(rows)
        yield from _few([*rows.faults, *faults])
        yield made.scan()


def _stem(name: str) -> str:
    """Return a file's name without ending and dates: lists of one kind keep one name from month to month."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].split(".", 1)[0]
    return named(re.sub(r"[\W_]*\d[\d\-_.tTzZ]*", " ", stem).strip(" -_")) or "list of findings"


def _few(faults: list[Unread]) -> Iterator[Unread]:
    yield from faults[:_BAD_ROWS]
    if len(faults) > _BAD_ROWS:
        yield Unread(
            f"and {len(faults) - _BAD_ROWS:,} more rows",
            "malformed_row",
            "Mend the rows and add the list again.",
        )


class _Rows:
    """The rows behind a header, with their line; those that are no rows are faults."""

    def __init__(self, header: Header, numbered: Iterator[tuple[int, str]]) -> None:
        self.header = header
        self.faults: list[Unread] = []
        self.line = header.line
        self._numbered = numbered

    def _lines(self) -> Iterator[str]:
        for number, text in self._numbered:
            self.line = number
            yield text.replace("\0", "") + "\n"

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines(), delimiter=self.header.delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                self.faults.append(
                    Unread(
                        f"line {self.line}", "malformed_row", "Mend the row and add the list again."
                    )
                )
                continue
            if any(cells) and not self._is_header(cells):
                yield self.line, cells

    def _is_header(self, cells: list[str]) -> bool:
        """Answer whether a row repeats the header, as exports that were put together do."""
        first = self.header.cells
        return (
            len(cells) == len(first)
            and _plain(cells[0]) == first[0]
            and tuple(map(_plain, cells)) == first
        )


class _Reading:
    """A list being read: which scale its numbers are on, which hosts it names, how late its latest row is."""

    def __init__(self, header: Header, tool: str) -> None:
        self.header = header
        self.tool = tool
        self.covered: set[str] = set()
        self.tools: set[str] = set()
        self.at: datetime | None = None
        self._times: dict[str, datetime | None] = {}
        self._scale: tuple[str, ...] | None = None

    def findings(self, rows: _Rows) -> Iterator[Yielded]:
        waiting: list[tuple[int, list[str]]] = []
        known = False
        for row in rows:
            if not known:
                waiting.append(row)
                if len(waiting) < _SAMPLE:
                    continue
                known = True
                self._settle(waiting)
                yield from self._all(waiting, rows)
            else:
                yield from self._all([row], rows)
        if not known:
            self._settle(waiting)
            yield from self._all(waiting, rows)

    def _settle(self, sample: list[tuple[int, list[str]]]) -> None:
        told = [self._cell(cells, "word") for _, cells in sample]
        self._scale = severity.scale_of([v for v in told if v], self.tool)

    def _all(self, some: list[tuple[int, list[str]]], rows: _Rows) -> Iterator[Seen]:
        for line, cells in some:
            made = self._finding(cells)
            if made is None:
                rows.faults.append(
                    Unread(f"line {line}", "malformed_row", "Fill in the host and what was found.")
                )
            else:
                yield made

    def _cell(self, cells: list[str], name: str) -> str:
        for index in self.header.columns[name]:
            if index < len(cells) and (value := cells[index].strip()):
                return value
        return ""

    def _finding(self, cells: list[str]) -> Seen | None:
        cell = self._cell
        scope = named(cell(cells, "host"))
        cves = cves_of(cell(cells, "cve"))
        rule, title = named(cell(cells, "rule")), words(cell(cells, "title"))
        if not scope or not (rule or title or cves):
            return None
        self.covered.add(scope)
        tool = named(cell(cells, "tool")) or self.tool
        self.tools.add(tool)
        last = self._time(cell(cells, "last"))
        if last and (self.at is None or last > self.at):
            self.at = last
        port, protocol = cell(cells, "port"), cell(cells, "protocol").lower()[:8]
        part = f"{port[:20]}/{protocol}" if protocol and "/" not in port else port[:20]
        tags = (*cves, *cwes_of(_cwe(cell(cells, "cwe"))), *controls_in(cell(cells, "control")))
        name = cell(cells, "hostname")
        shown = f"{named(name)} ({scope})" if name and name != scope else scope
        if part.strip("/0") and not part.startswith("0/"):  # port 0 is the host itself
            shown = f"{shown} {part}"
        return Seen(
            tool, cves[0] if len(cves) == 1 else rule or title, title or rule or cves[0], self._severity(cells),
            shown, f"{rule} {part}", self._status(cells),
            last or self._time(cell(cells, "first")), tuple(dict.fromkeys(tags)), scope, "", scope,
        )  # fmt: skip

    def _severity(self, cells: list[str]) -> str:
        told = self._cell(cells, "word")
        if told.isdecimal() and self._scale and int(told) < len(self._scale):
            return self._scale[int(told)]
        word = severity.of_word(told)
        if word:
            return word
        score = severity.score_of(told or self._cell(cells, "score"))
        if score is None:
            score = severity.score_of(self._cell(cells, "score"))
        return severity.UNSAID if score is None else severity.of_score(score)

    def _status(self, cells: list[str]) -> str:
        told = _plain(self._cell(cells, "status"))
        return STATUS.get(told, "open")

    def _time(self, text: str) -> datetime | None:
        if text not in self._times:
            if len(self._times) > 100_000:
                self._times.clear()
            self._times[text] = instant(text)
        return self._times[text]

    def scan(self) -> Scan:
        """Return what the list looked at: the hosts it names."""
        tool = next(iter(self.tools)) if len(self.tools) == 1 else self.tool
        return Scan(0, tool, self.at, frozenset(self.covered))


def _cwe(text: str) -> str:
    """Return the text of a CWE column with its bare numbers named."""
    return (
        re.sub(r"(?<![\w-])(\d{1,5})(?![\w-])", r"CWE-\1", text)
        if text and "CWE" not in text.upper()
        else text
    )


CSV_FINDINGS = CsvFindings()
