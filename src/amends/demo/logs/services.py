"""Smaller services: Samba, the web server, the VPN, DHCP.

Source:
    vfs_full_audit(8) with ``prefix = %u|%I|%m|%S``; Apache HTTP Server, combined log format; Cisco ASA Series Syslog
    Messages (113004, 113005, 113039, 722051, 113019); OpenVPN 2.6 server log at verb 3; FreeRADIUS radius.log;
    ISC dhcpd as it writes to syslog.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Protocol

from amends.demo.logs.clocks import SECOND, Clock
from amends.demo.logs.estate import Machine
from amends.demo.logs.linux import LinuxHost
from amends.demo.logs.shelf import LogFile


@dataclass
class Samba:
    """smbd with full_audit, through syslog."""

    host: LinuxHost
    log: LogFile

    def act(
        self, at: int, user: str, ip: str, station: str, share: str, what: str, label: str = ""
    ) -> None:
        """Write one operation, such as ``connect|ok|share`` or ``openat|ok|r|path``."""
        pid = self.host.pid("smbd", ip, at // (3_600 * SECOND))
        self.log.put(
            at,
            f"{self.host.head(at)}smbd_audit[{pid}]: LARKSPUR\\{user}|{ip}|{station}|{share}|{what}",
            label,
        )

    def read(
        self, at: int, user: str, ip: str, station: str, share: str, path: str, label: str = ""
    ) -> None:
        """Write a file that was opened for reading and closed."""
        self.act(at, user, ip, station, share, f"openat|ok|r|{path}", label)
        self.act(at + SECOND, user, ip, station, share, f"close|ok|{path}", label)


@dataclass
class Web:
    """Apache in the combined format."""

    clock: Clock
    log: LogFile

    def request(self, at: int, ip: str, user: str, line: str, status: int, octets: int, referer: str, agent: str,
                label: str = "") -> None:  # fmt: skip
        """Write one request."""
        size = str(octets) if octets else "-"
        self.log.put(
            at,
            f'{ip} - {user} [{self.clock.combined(at)}] "{line}" {status} {size} "{referer}" "{agent}"',
            label,
        )


class Vpn(Protocol):
    """What any VPN concentrator can write."""

    def session(self, at: int, until: int, user: str, ip: str, port: int, inside: str, sent: int, back: int,
                label: str = "") -> None:  # fmt: skip
        """Write a session from sign-in to its end."""
        ...

    def failed(self, at: int, user: str, ip: str, port: int, label: str = "") -> None:
        """Write a refused sign-in."""
        ...


@dataclass
class AsaVpn:
    """AnyConnect on an ASA."""

    machine: Machine
    log: LogFile
    server: str

    def _put(self, at: int, text: str, label: str) -> None:
        self.log.put(at, f"{self.machine.clock.bsd(at)} {self.machine.name} : {text}", label)

    def session(self, at: int, until: int, user: str, ip: str, port: int, inside: str, sent: int, back: int,
                label: str = "") -> None:  # fmt: skip
        """Write a session from sign-in to its end."""
        who = f"Group <STAFF> User <{user}> IP <{ip}>"
        self._put(
            at,
            f"%ASA-6-113004: AAA user authentication Successful : server =  {self.server} : user = {user}",
            label,
        )
        self._put(
            at + 1000,
            f"%ASA-6-113009: AAA retrieved default group policy (STAFF) for user = {user}",
            label,
        )
        self._put(at + 2000, f"%ASA-6-113039: {who} AnyConnect parent session started.", label)
        self._put(
            at + SECOND,
            f"%ASA-4-722051: {who} IPv4 Address <{inside}> IPv6 address <::> assigned to session",
            label,
        )
        seconds = (until - at) // SECOND
        span = f"{seconds // 3600}h:{seconds // 60 % 60:02d}m:{seconds % 60:02d}s"
        self._put(until, f"%ASA-4-113019: Group = STAFF, Username = {user}, IP = {ip}, Session disconnected. "
            f"Session Type: "
                         f"AnyConnect-Parent, Duration: {span}, Bytes xmt: {back}, Bytes rcv: {sent}, "
                         "Reason: User Requested", label)  # fmt: skip

    def failed(self, at: int, user: str, ip: str, port: int, label: str = "") -> None:
        """Write a refused sign-in."""
        self._put(at, f"%ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = "
            f"{self.server} "
                      f": user = {user} : user IP = {ip}", label)  # fmt: skip


@dataclass
class OpenVpn:
    """OpenVPN, asking a FreeRADIUS server."""

    host: LinuxHost
    log: LogFile
    radius: LogFile
    radius_clock: Clock
    number: int = 200

    def _put(self, at: int, text: str, label: str) -> None:
        self.log.put(at, f"{self.host.head(at)}openvpn[914]: {text}", label)

    def session(self, at: int, until: int, user: str, ip: str, port: int, inside: str, sent: int, back: int,
                label: str = "") -> None:  # fmt: skip
        """Write a session from sign-in to its end."""
        peer = f"{ip}:{port}"
        sid = f"{zlib.crc32(peer.encode()):08x} {zlib.crc32(str(at).encode()):08x}"
        self._put(at - SECOND, f"{peer} TLS: Initial packet from [AF_INET]{peer}, sid={sid}", label)
        self.number += 1
        told = f"Auth: ({self.number}) Login OK: [{user}] (from client {self.host.machine.name} port 0 cli {ip})"
        self.radius.put(at - 1000, f"{self.radius_clock.ctime(at - 1000)} : {told}", label)
        self._put(
            at,
            f"{peer} TLS: Username/Password authentication succeeded for username '{user}'",
            label,
        )
        self._put(
            at + 1000, f"{peer} [{user}] Peer Connection Initiated with [AF_INET]{peer}", label
        )
        self._put(
            at + 2000,
            f"{user}/{peer} MULTI_sva: pool returned IPv4={inside}, IPv6=(Not enabled)",
            label,
        )
        self._put(
            at + 3000, f"{user}/{peer} MULTI: primary virtual IP for {user}/{peer}: {inside}", label
        )
        self._put(
            until,
            f"{user}/{peer} SIGTERM[soft,remote-exit] received, client-instance exiting",
            label,
        )

    def failed(self, at: int, user: str, ip: str, port: int, label: str = "") -> None:
        """Write a refused sign-in."""
        self.number += 1
        reason = 'pap: Cleartext password does not match "known good" password'
        client = f"(from client {self.host.machine.name} port 0 cli {ip})"
        told = f"Auth: ({self.number}) Login incorrect ({reason}): [{user}] {client}"
        self.radius.put(at - 1000, f"{self.radius_clock.ctime(at - 1000)} : {told}", label)
        self._put(
            at,
            f"{ip}:{port} TLS Auth Error: Auth Username/Password verification failed for peer",
            label,
        )
        self._put(
            at + 5 * SECOND,
            f"{ip}:{port} SIGUSR1[soft,tls-error] received, client-instance restarting",
            label,
        )


@dataclass
class Dhcp:
    """ISC dhcpd."""

    host: LinuxHost
    log: LogFile
    macs: dict[str, str] = field(default_factory=dict)

    def lease(self, at: int, ip: str, station: str, *, renew: bool) -> None:
        """Write a lease: four messages, or two for a renewal."""
        number = zlib.crc32(station.encode())
        mac = self.macs.setdefault(
            station, "02:" + ":".join(f"{number >> k & 255:02x}" for k in (0, 8, 16, 24)) + ":1e"
        )
        who = f"{mac} ({station})"
        lines = [f"DHCPREQUEST for {ip} from {who} via eth0", f"DHCPACK on {ip} to {who} via eth0"]
        if not renew:
            lines = [
                f"DHCPDISCOVER from {who} via eth0",
                f"DHCPOFFER on {ip} to {who} via eth0",
                *lines,
            ]
        for place, line in enumerate(lines):
            self.log.put(at + place * 900, f"{self.host.head(at)}dhcpd[733]: {line}", "")
