"""How the site is set up, and its limits. Frozen values; every bound has its reason beside it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What one process of the site takes on at once.

    Attributes:
        queue_seconds: Personal requests are taken in while they are no more work than this, in processor time.
        present: And never more than this.
        aside: Of them, those that may wait for the database.
        threads: Of them, those whom the database serves at the same time.
        wait_seconds: Longest wait for a turn.
        work_seconds: Longest work on one request.
        body_bytes: Largest body; a pasted message is the longest honest one.
        body_seconds: A body must be whole by then.
        head_bytes: Largest request line with headers; what common servers take (8-16 KiB).
        head_seconds: Headers must be whole by then; against connections that are held open by a byte now and then.
        readers: Bodies being read at the same time.
        connections: Open connections; more are told to come back.
        keep_alive_seconds: An idle connection is closed after this.
    """

    queue_seconds: float = 0.3
    present: int = 2000
    aside: int = 120
    threads: int = 16
    wait_seconds: float = 3.0
    work_seconds: float = 20.0
    body_bytes: int = 64 * 1024
    body_seconds: float = 10.0
    head_bytes: int = 16 * 1024
    head_seconds: float = 10.0
    readers: int = 400
    connections: int = 4000
    keep_alive_seconds: int = 15


@dataclass(frozen=True)
class SiteSettings:
    """Where the site reads and keeps, and who stands in front of it.

    Attributes:
        published: The published folder.
        state_url: Database of claims and requests; "" = SQLite in the published folder.
        host: Address it listens on.
        port: Port it listens on.
        workers: Processes.
        hops: Proxies in front whose word on the caller's address is taken; 0 = none.
        limits: What a process takes on.
    """

    published: Path
    state_url: str = field(default="", repr=False)  # may hold a password
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    hops: int = 0
    limits: Limits = field(default_factory=Limits)

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_secure(self) -> bool:
        """Say whether people come by https: always, but on this machine alone without a proxy in front."""
        return not self.is_loopback or self.hops > 0
