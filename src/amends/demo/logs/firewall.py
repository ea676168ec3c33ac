"""The perimeter firewall: Cisco ASA or FortiGate.

Source:
    Cisco ASA Series Syslog Messages (302013 to 302016, 106023, 605004, 605005, 111008, 111010); Fortinet FortiOS
    Log Message Reference (type traffic, subtype forward; type event, subtype system).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amends.demo.logs.clocks import SECOND
from amends.demo.logs.estate import Estate, Machine
from amends.demo.logs.shelf import LogFile

SERVICES = {
    21: "FTP", 22: "SSH", 23: "TELNET", 25: "SMTP", 53: "DNS", 80: "HTTP", 123: "NTP", 443: "HTTPS", 445: "SMB",
    1194: "OpenVPN", 3306: "MYSQL", 3389: "RDP", 5432: "POSTGRES", 514: "SYSLOG",
}  # fmt: skip


@dataclass(frozen=True)
class Flow:
    """A connection between two addresses.

    Attributes:
        at: Begin.
        seconds: How long it lasted.
        src: Address that opened it.
        sport: Its port.
        dst: Address it went to.
        dport: Its port.
        sent: Bytes from source to destination.
        back: Bytes from destination to source.
        proto: tcp or udp.
    """

    at: int
    seconds: float
    src: str
    sport: int
    dst: str
    dport: int
    sent: int
    back: int
    proto: str = "tcp"


class Firewall(Protocol):
    """What any firewall can write."""

    def passed(self, flow: Flow, label: str = "") -> None:
        """Write a connection it let through."""
        ...

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a connection it refused."""
        ...

    def admin(
        self, at: int, user: str, ip: str, commands: tuple[str, ...], label: str = ""
    ) -> None:
        """Write a session of an administrator."""
        ...


def _span(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


@dataclass
class Asa:
    """Cisco ASA."""

    machine: Machine
    log: LogFile
    estate: Estate
    number: int = 810_000

    def _name(self, ip: str) -> str:
        zone = self.estate.zone_of(ip)
        return {"internet": "outside", "edge": "inside"}.get(zone, zone)

    def _put(self, at: int, text: str, label: str) -> None:
        self.log.put(at, f"{self.machine.clock.bsd(at)} {self.machine.name} : {text}", label)

    def passed(self, flow: Flow, label: str = "") -> None:
        """Write a connection from build to teardown."""
        self.number += 1
        tcp = flow.proto == "tcp"
        outside = self.estate.zone_of(flow.src) == "internet"
        way, kind = ("inbound" if outside else "outbound"), ("TCP" if tcp else "UDP")
        src, dst = (
            f"{self._name(flow.src)}:{flow.src}/{flow.sport}",
            f"{self._name(flow.dst)}:{flow.dst}/{flow.dport}",
        )
        seen = dst.split(":", 1)[1]
        host = self.estate.by_ip.get(flow.dst)
        if outside and host is not None and host.outside_ip:
            dst, seen = (
                f"{self._name(host.ip)}:{host.ip}/{flow.dport}",
                f"{host.outside_ip}/{flow.dport}",
            )
        # ASA names the lower-security side first, whoever began.
        first, second = (src, dst) if outside else (dst, src)
        first_seen, second_seen = (
            (src.split(":", 1)[1], seen) if outside else (seen, src.split(":", 1)[1])
        )
        if not outside and self._name(flow.dst) == "outside":
            second_seen = f"{self.machine.outside_ip}/{flow.sport}"
        code = 302013 if tcp else 302015
        self._put(flow.at, f"%ASA-6-{code}: Built {way} {kind} connection {self.number} for {first} ({first_seen}) to "
                           f"{second} ({second_seen})", label)  # fmt: skip
        end = flow.at + int(flow.seconds * SECOND)
        tail = " TCP FINs" if tcp else ""
        self._put(end, f"%ASA-6-{code + 1}: Teardown {kind} connection {self.number} for {first} to {second} duration "
                       f"{_span(flow.seconds)} bytes {flow.sent + flow.back}{tail}", label)  # fmt: skip

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a connection an access group refused."""
        names = self._name(src), self._name(dst)
        rule = "OUTSIDE-IN" if names[0] == "outside" else f"{names[0].upper()}-IN"
        target = "dmz" if names[0] == "outside" else names[1]
        self._put(at, f"%ASA-4-106023: Deny tcp src {names[0]}:{src}/{sport} dst {target}:{dst}/{dport} by "
                      f'access-group "{rule}" [0x0, 0x0]', label)  # fmt: skip

    def admin(
        self, at: int, user: str, ip: str, commands: tuple[str, ...], label: str = ""
    ) -> None:
        """Write a session of an administrator."""
        inside = self.machine.ip
        self._put(
            at,
            f'%ASA-6-605005: Login permitted from {ip}/50122 to mgmt:{inside}/ssh for user "{user}"',
            label,
        )
        for place, command in enumerate(commands, 1):
            self._put(
                at + place * 20 * SECOND,
                f"%ASA-5-111008: User '{user}' executed the '{command}' command.",
                label,
            )
            text = f"%ASA-5-111010: User '{user}', running 'CLI' from IP {ip}, executed '{command}'"
            self._put(at + place * 20 * SECOND, text, label)


@dataclass
class Fortinet:
    """FortiGate."""

    machine: Machine
    log: LogFile
    estate: Estate
    number: int = 4_100_000

    def _head(self, at: int, logid: str, kind: str, subtype: str, level: str) -> str:
        clock = self.machine.clock
        date, time = clock.iso(at).split(" ")
        return (
            f'date={date} time={time} devname="{self.machine.name}" devid="FG200FT926000117" '
            f'eventtime={clock.utc(at) * 1000} tz="{clock.numeric}" logid="{logid}" type="{kind}" '
            f'subtype="{subtype}" level="{level}" vd="root" '
        )

    def _port(self, ip: str) -> str:
        zone = self.estate.zone_of(ip)
        return {"internet": "wan1", "edge": "port1"}.get(zone, zone)

    def _ends(self, src: str, sport: int, dst: str, dport: int) -> str:
        source, target = self._port(src), self._port(dst)
        if source == "wan1" and target == "wan1":
            target = "dmz"
        roles = ["wan" if name == "wan1" else "lan" for name in (source, target)]
        return (
            f'srcip={src} srcport={sport} srcintf="{source}" srcintfrole="{roles[0]}" dstip={dst} dstport={dport} '
            f'dstintf="{target}" dstintfrole="{roles[1]}" '
        )

    def passed(self, flow: Flow, label: str = "") -> None:
        """Write a connection at its end."""
        self.number += 1
        end = flow.at + int(flow.seconds * SECOND)
        service = SERVICES.get(flow.dport, f"{flow.proto}/{flow.dport}")
        host = self.estate.by_ip.get(flow.dst)
        inbound = (
            self.estate.zone_of(flow.src) == "internet"
            and host is not None
            and bool(host.outside_ip)
        )
        turned = (
            f'trandisp="dnat" tranip={host.ip} tranport={flow.dport} '
            if inbound and host
            else 'trandisp="noop" '
        )
        if not inbound and self.estate.zone_of(flow.dst) == "internet":
            turned = f'trandisp="snat" transip={self.machine.outside_ip} transport={flow.sport} '
        self.log.put(
            end,
            self._head(end, "0000000013", "traffic", "forward", "notice")
            + self._ends(flow.src, flow.sport, flow.dst, flow.dport)
            + f'sessionid={self.number} proto={6 if flow.proto == "tcp" else 17} action="close" policyid=7 '
            f'policytype="policy" service="{service}" {turned}duration={int(flow.seconds)} sentbyte={flow.sent} '
            f"rcvdbyte={flow.back} sentpkt={flow.sent // 1200 + 3} rcvdpkt={flow.back // 1200 + 3} "
            'appcat="unscanned"',
            label,
        )

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a connection a policy refused."""
        self.number += 1
        service = SERVICES.get(dport, f"tcp/{dport}")
        self.log.put(
            at,
            self._head(at, "0000000013", "traffic", "forward", "notice")
            + self._ends(src, sport, dst, dport)
            + f'sessionid={self.number} proto=6 action="deny" policyid=0 policytype="policy" service="{service}" '
            'trandisp="noop" duration=0 sentbyte=0 rcvdbyte=0 sentpkt=0 rcvdpkt=0 appcat="unscanned" crscore=30 '
            'craction=131072 crlevel="high"',
            label,
        )

    def admin(
        self, at: int, user: str, ip: str, commands: tuple[str, ...], label: str = ""
    ) -> None:
        """Write a session of an administrator."""
        head = self._head(at, "0100032001", "event", "system", "information")
        self.log.put(
            at,
            head
            + f'logdesc="Admin login successful" sn="{at // SECOND}" user="{user}" ui="ssh({ip})" method="ssh" '
            f'srcip={ip} dstip={self.machine.ip} action="login" status="success" reason="none" '
            f'profile="super_admin" msg="Administrator {user} logged in successfully from ssh({ip})"',
            label,
        )
        for place, command in enumerate(commands, 1):
            when = at + place * 20 * SECOND
            head = self._head(when, "0100044546", "event", "system", "information")
            self.log.put(
                when,
                head
                + f'logdesc="Attribute configured" user="{user}" ui="ssh({ip})" action="Edit" cfgtid={when // SECOND} '
                f'cfgpath="firewall.policy" cfgobj="7" cfgattr="comments[{command}]" msg="Edit firewall.policy 7"',
                label,
            )
