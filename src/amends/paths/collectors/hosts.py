"""Hosts described in JSON, with their addresses and the file of their firewall.

Format: the host files of Batfish (https://batfish.readthedocs.io, ``hosts/*.json``).
"""

from __future__ import annotations

from collections.abc import Iterator

from amends.paths.collectors.base import Input, rows_of, word_of
from amends.paths.collectors.seen import AssetSeen, LinkSeen, Sighting


class Hosts:
    """Hosts described in JSON, with their addresses and the file of their firewall."""

    name = "hosts"

    def detect(self, source: Input) -> bool:
        """Answer whether the document describes a host."""
        return any(
            isinstance(row, dict) and "hostname" in row and "hostInterfaces" in row
            for row in rows_of(source.document)
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the host."""
        for row in rows_of(source.document):
            if not isinstance(row, dict):
                continue
            legs = row.get("hostInterfaces")
            ips = [
                word_of(leg, "prefix").split("/")[0]
                for leg in (legs.values() if isinstance(legs, dict) else ())
                if isinstance(leg, dict)
            ]
            name = word_of(row, "hostname")
            yield AssetSeen(name, source.path, tuple(ip for ip in ips if ip))
            if word_of(row, "iptablesfile"):
                yield LinkSeen(name, word_of(row, "iptablesfile"), source.path)


HOSTS = Hosts()
