"""What the company told: ``hosts.csv``, ``stores.csv`` and known facts in sentences, as strangers write them."""

from __future__ import annotations

import pyarrow as pa

from amends.timeline.known import Host


class HostNames:
    """The company's name of a host by whatever a log calls it: short name, full name, address, any case."""

    def __init__(self, hosts: tuple[Host, ...]) -> None:
        """Take the hosts of the company; a name that two hosts could claim is nobody's."""
        self._by: dict[str, str | None] = {}
        for host in hosts:
            name = host.host.strip().lower()
            for key in {name, *(ip.lower() for ip in (*host.ips, *host.outside_ips))}:
                self._claim(key, host.host)
        for host in hosts:
            short = host.host.strip().lower().split(".")[0]
            if not short.isdigit() and short not in self._by:
                self._claim(short, host.host)

    def _claim(self, key: str, name: str) -> None:
        if key:
            self._by[key] = name if self._by.get(key, name) == name else None

    def name(self, text: str) -> str | None:
        """Return the company's name for what a log calls a host; ``None`` when it has none."""
        low = text.strip().strip(".").lower()
        found = self._by.get(low)
        if found is None and "." in low and not low.replace(".", "").isdigit():
            found = self._by.get(low.split(".")[0])
        return found

    def known_as(self, texts: pa.Array) -> pa.Array:
        """Return a column of hosts by the company's names; what it does not know stays as it is."""
        return pa.array(
            [None if t is None else (self.name(t) or t) for t in texts.to_pylist()], pa.string()
        )
