r"""Who may read a database, and from where it lets in: grants of MySQL and PostgreSQL, and ``pg_hba.conf``.

Formats: MySQL Reference Manual 13.7.7.21 (``SHOW GRANTS``); PostgreSQL documentation, psql ``\\du`` and ``\\dp``,
section 5.8 (privileges as letters), section 21.1 (``pg_hba.conf``); ``information_schema`` as CSV is read by the
inventory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.paths.collectors.base import Input
from amends.paths.collectors.seen import FirewallSeen, GrantSeen, LookedSeen, Sighting, TrustSeen
from amends.paths.filters import DENY, PERMIT, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, ANY4, ANY6, Spans, address, network, wildcard

GRANT = re.compile(
    r"GRANT\s+(?P<rights>.+?)\s+ON\s+(?:TABLE\s+|ALL TABLES IN SCHEMA\s+|DATABASE\s+|SCHEMA\s+|FUNCTION\s+|"
    r"PROCEDURE\s+)?"
    r"(?P<what>\S+(?:\s*,\s*\S+)*?)\s+TO\s+(?P<who>.+?)(?:\s+WITH\s.*|\s+REQUIRE\s.*|\s+IDENTIFIED\s.*)?[;|\s]*$",
    re.IGNORECASE,
)
ROLE_GRANT = re.compile(r"GRANT\s+\S+\s+TO\s+", re.IGNORECASE)
ACL_ITEM = re.compile(r"(?P<who>\"[^\"]+\"|[\w.@-]*)=(?P<rights>[arwdDxtXUCcTmsA*]+)/[\w\".@-]+")
HBA = re.compile(
    r"^[ \t]*(?:local|host|hostssl|hostnossl|hostgssenc|hostnogssenc)[ \t]+\S+[ \t]+\S+",
    re.MULTILINE,
)
NO_PASSWORD = frozenset({"trust"})


class Grants:
    r"""``SHOW GRANTS``, ``GRANT`` statements, ``\\du`` and ``\\dp``."""

    name = "grants"

    def detect(self, source: Input) -> bool:
        """Answer whether it holds grants in one of these forms."""
        head = source.head
        return bool(
            re.search(r"^[| \t]*GRANT\s+.+?\s+ON\s+.+?\s+TO\s+", head, re.MULTILINE | re.IGNORECASE)
            or re.search(
                r"^[ \t]*Role name[ \t]*\|[ \t]*(?:List of role )?[Aa]ttributes", head, re.MULTILINE
            )
            or re.search(r"^[ \t]*(?:Schema|Name)\s*\|.*\bAccess privileges\b", head, re.MULTILINE)
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield who may read what."""
        yield LookedSeen("database", source.path)
        table = ""
        roles = False
        for number, line in source.lines():
            place = f"{source.path}:{number}"
            text = line.strip().strip("|").strip()
            if re.match(r"Role name\s*\|", text):
                roles = True
            elif re.match(r"(?:Schema|Name)\s*\|", text):
                roles = False
            if re.match(r"GRANT\s", text, re.IGNORECASE):
                yield from self._grant(text, place)
            elif roles and "|" in text and re.search(r"Superuser", text):
                yield GrantSeen(text.split("|")[0].strip().strip('"'), "*", "superuser", place)
            elif "|" in line:
                cells = [cell.strip() for cell in line.split("|")]
                table = next((cell for cell in cells[:2][::-1] if cell), table) or table
                for item in ACL_ITEM.finditer(line):
                    yield from self._letters(item["who"].strip('"'), item["rights"], table, place)

    def _grant(self, text: str, place: str) -> Iterator[Sighting]:
        found = GRANT.match(text)
        if not found:
            if not ROLE_GRANT.match(text):
                yield Reject(place, "unsupported_line", "Check by hand what this grant allows.")
            return
        rights = re.sub(r"\s*\([^)]*\)", "", found["rights"])
        if rights.strip().upper() == "PROXY":
            return
        what = re.sub(r"[`\"']", "", found["what"])
        store = what.split(",")[0].split(".")[0]
        for who in found["who"].split(","):
            name = re.sub(r"[`'\"]", "", who.strip()).split("@")[0]
            if name:
                yield GrantSeen(name, store, rights, place)

    def _letters(self, who: str, rights: str, table: str, place: str) -> Iterator[Sighting]:
        if who and "r" in rights:
            yield GrantSeen(who, table or "*", "select", place)


class HbaConf:
    """``pg_hba.conf``: from where PostgreSQL lets in, and whether it asks."""

    name = "pg_hba"

    def detect(self, source: Input) -> bool:
        """Answer whether its lines are rules of this file."""
        return "pg_hba" in source.name or (
            len(HBA.findall(source.head)) >= 1 and _methods(source.head)
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the addresses let in, and those let in without a password."""
        yield LookedSeen("pg_hba", source.path)
        gate = Filter("pg_hba", "", source.path)
        ports: Spans = ((5432, 5432),)
        for number, line in source.lines():
            words = line.split("#", 1)[0].split()
            if not words or words[0] not in {
                "host",
                "hostssl",
                "hostnossl",
                "hostgssenc",
                "hostnogssenc",
            }:
                continue
            place = f"{source.path}:{number}"
            found = _hba_source(words[3:])
            if found is None or len(words) < 5:
                yield Reject(place, "unsupported_line", "Check by hand whom this line lets in.")
                found = (ANY, words[-1])
            sources, method = found
            if words[1] == "replication":
                continue
            if method == "reject":
                if (words[1], words[2]) == ("all", "all"):
                    gate.rules.append(
                        Rule(DENY, sources, ports=ports, place=place, words=line.strip())
                    )
                continue
            gate.rules.append(Rule(PERMIT, sources, ports=ports, place=place, words=line.strip()))
            if method in NO_PASSWORD:
                yield TrustSeen(sources, place, port=5432, how="pg_hba trust", words=line.strip())
        gate.rules.append(Rule(DENY, ports=ports, place=source.path, words="no line matches"))
        gate.default = PERMIT
        yield FirewallSeen(gate, source.path, family=0)


def _methods(head: str) -> bool:
    return (
        re.search(
            r"\s(?:trust|md5|scram-sha-256|password|peer|ident|cert|reject|gss|ldap|pam)\b", head
        )
        is not None
    )


def _hba_source(words: list[str]) -> tuple[Spans, str] | None:
    """Return the addresses of a rule and its method."""
    if not words:
        return None
    method = words[1] if len(words) > 1 else ""
    if words[0] == "all":
        return ANY, method
    if words[0] in {"0.0.0.0/0", "::/0"}:
        return (ANY4 if words[0][0] == "0" else ANY6), method
    if words[0] in {"samehost", "samenet"}:
        return ANY, method
    spans = network(words[0])
    mask = address(words[1]) if len(words) > 2 and "/" not in words[0] else None
    base = address(words[0])
    if mask is not None and base is not None:
        return wildcard(base - (0xFFFF << 32), ~(mask - (0xFFFF << 32)) & 0xFFFFFFFF) or ANY, words[
            2
        ]
    return None if spans is None else (spans, method)


GRANTS = Grants()
HBA_CONF = HbaConf()
