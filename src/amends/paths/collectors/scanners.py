"""Reports of scanners that the review reads: SARIF, OSCAL, lists of findings; known so that none is called unknown.

They say what is weak, not who reaches whom; ``controls`` imports them. A Nmap scan, or a list of findings with hosts
and ports, is read by both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.paths.collectors.base import Input
from amends.paths.collectors.seen import Sighting

_ASSESSMENT = re.compile(
    r'"\$schema"\s*:\s*"[^"]{0,300}sarif|"runs"\s*:\s*\[|"(?:assessment-results|plan-of-action-and-milestones)"\s*:',
    re.IGNORECASE,
)
_WHAT = re.compile(
    r"plugin[ _]?id|\bqid\b|nvt[ _](?:oid|name)|rule[ _]?id|check[ _]?id|vulnerabilit|\bcve|title|synopsis|finding",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"\bip\b|host|asset|fqdn|\bdns\b|device|target|resource|component|\bfile", re.IGNORECASE
)
_HOW_BAD = re.compile(r"severity|\brisk|cvss|threat|criticality|priority", re.IGNORECASE)
_HEADER_LINES = 60


def is_assessment(head: str) -> bool:
    """Answer whether a file that begins like this is SARIF or OSCAL."""
    return head.lstrip("\ufeff \t\r\n").startswith("{") and bool(_ASSESSMENT.search(head))


class FindingLists:
    """Lists of findings as CSV that say nothing about the network."""

    name = "findings"

    def detect(self, source: Input) -> bool:
        """Answer whether a header names a place, what was found and how bad it is."""
        if source.head.lstrip().startswith(("<", "{", "[")):
            return False
        return any(
            line.count(sign) > 1
            and _WHAT.search(line)
            and _WHERE.search(line)
            and _HOW_BAD.search(line)
            for line in source.head.split("\n")[:_HEADER_LINES]
            if len(line) <= 20_000
            for sign in ",;\t|"
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield nothing: the review reads it."""
        yield from ()


FINDING_LISTS = FindingLists()
