# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Web logs in W3C's extended format: IIS, CloudFront, and other servers that write ``#Fields:``.

Source: Microsoft Learn, "W3C Logging" (IIS; times are UTC); Amazon CloudFront Developer Guide, "Standard logging"; read 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells, moments
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Times
from amends.timeline.parsers.headed import Heading, both, column, read_headed


@dataclass
class W3c:
    """The parser of W3C's extended format."""

    name: str = "web_w3c"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether ``#Fields:`` names a time and an address or a request."""
        for line in head[:16384].splitlines():
            if line.startswith(b"#Fields:"):
                names = set(line[8:].decode("latin-1").split())
                return bool({"time", "x-timestamp", "timestamp"} & names) and bool(
                    names & {"c-ip", "cs-uri-stem", "cs-method", "s-ip"}
                )
        return False

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        yield from read_headed(stream, origin, _learn, _events)


def _learn(heading: Heading, line: str) -> None:
    name, _, rest = line.lstrip("#").partition(":")
    if name.strip().lower() == "fields":
        # CloudFront puts tabs between values and spaces between names; which it is, its version line does not say.
        heading.names = tuple(dict.fromkeys(rest.split()))
        heading.delimiter = "\t" if "x-edge-location" in heading.names else " "
    elif name.strip().lower() == "date":
        heading.words["date"] = rest.strip()[:10]


def _source(heading: Heading) -> str:
    if "x-edge-location" in heading.names:
        return "web/cloudfront"
    return "web/iis" if "s-ip" in heading.names or "sc-win32-status" in heading.names else "web/w3c"


def _events(
    heading: Heading, found: Mapping[str, pa.StringArray]
) -> tuple[dict[str, pa.Array], Times]:
    n = len(next(iter(found.values())))
    day = cells.known(column(found, "date"))
    if "date" not in found and "date" in heading.words:
        day = cells.constant(heading.words["date"], n)
    stamp = pc.binary_join_element_wise(day, column(found, "time"), " ")
    wall, _ = moments.iso(stamp)
    stem, query = (
        cells.known(column(found, "cs-uri-stem", "cs-uri")),
        cells.known(column(found, "cs-uri-query")),
    )
    url = both(stem, query, "?")
    agent = pc.replace_substring(
        cells.known(column(found, "cs(User-Agent)", "cs-user-agent")), "+", " "
    )
    agent = pc.replace_substring(agent, "%20", " ")
    status = cells.whole(column(found, "sc-status"))
    method = cells.known(column(found, "cs-method"))
    columns = {
        "kind": cells.constant("web", n),
        "action": cells.constant("request", n),
        "outcome": of_status(status),
        "account": cells.account(column(found, "cs-username")),
        "src_ip": cells.address(column(found, "c-ip", "X-Forwarded-For")),
        "src_port": cells.port(column(found, "c-port")),
        "dst_ip": cells.address(column(found, "s-ip")),
        "dst_port": cells.port(column(found, "s-port")),
        "bytes_in": cells.whole(column(found, "cs-bytes")),
        "bytes_out": cells.whole(column(found, "sc-bytes")),
        "url": url,
        "status": status,
        "user_agent": agent,
        "host": cells.known(column(found, "s-computername")),
        "source": cells.constant(_source(heading), n),
        "message": both(method, url, " "),
        "extra": _extra(found, url, agent, n),
    }
    return columns, moments.times(wall, wall != NO_TIME, stamp, 1000)


def _extra(
    found: Mapping[str, pa.StringArray], url: pa.StringArray, agent: pa.StringArray, n: int
) -> pa.MapArray:
    """Return what the log has, under its names and those that Sigma's rules for web servers use."""
    kept = {name: cells.known(texts) for name, texts in found.items() if name not in _DROPPED}
    kept |= {
        "c-uri": url,
        "cs-user-agent": agent,
        "cs-referer": cells.known(column(found, "cs(Referer)")),
    }
    if "cs(Host)" in found:
        kept["cs-host"] = cells.known(found["cs(Host)"])
    return cells.named(kept, n)


_DROPPED = frozenset(("date", "time", "cs(User-Agent)", "cs(Referer)", "cs(Host)", "cs-uri"))


def of_status(status: pa.Int64Array) -> pa.StringArray:
    """Return success for status codes under 400, failure above, nothing where there is none."""
    said = pc.if_else(pc.less(status, 400), "success", "failure")
    return pc.fill_null(said, "")
