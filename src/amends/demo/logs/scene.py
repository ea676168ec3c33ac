"""The scene: an act once done is written into the log of every host that would see it.

The intruder, the staff, the services and the tester all act through the same functions, so that nothing but what
they do tells them apart.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from amends.demo.logs.clocks import DAY, HOUR, SECOND
from amends.demo.logs.databases import MariaDb, Postgres
from amends.demo.logs.estate import FROM, TO, Estate, Machine
from amends.demo.logs.firewall import Asa, Firewall, Flow, Fortinet
from amends.demo.logs.flows import NFDUMP_HEADER, ZEEK_FOOTER, ZEEK_HEADER, FlowLog, Nfdump, Zeek
from amends.demo.logs.linux import LinuxHost
from amends.demo.logs.router import Ios, Junos, Router
from amends.demo.logs.services import AsaVpn, Dhcp, OpenVpn, Samba, Vpn, Web
from amends.demo.logs.shelf import LogFile, Shelf, Span
from amends.demo.logs.windows import XML_FOOTER, XML_HEADER, JsonEvents, WindowsHost, XmlEvents

LINUX = ("jump", "test1", "test2", "build", "web", "app", "crm", "archive", "billing", "lake", "nas", "backup",
         "dhcp", "collector", "scanner")  # fmt: skip
AUDITED = ("jump", "test1", "test2", "build", "lake")
FORWARDED = ("jump", "test1", "build", "archive", "nas")
WEEKLY = ("jump", "test1", "test2", "build")


def parts(folder: str, name: str, days: int, style: str) -> tuple[Span, ...]:
    """Return the parts of a rotation every so many days: numbered, dated, or none (``days`` 0)."""
    starts = [FROM - DAY, *(range(FROM + days * DAY + 13 * HOUR, TO, days * DAY) if days else ())]
    spans = []
    for place, start in enumerate(starts):
        age = len(starts) - 1 - place
        if style == "dated" and age:
            day = _compact(starts[place + 1])
            ending = f"-{day}" + (".gz" if age > 1 else "")
        else:
            ending = "" if not age else ".1" if age == 1 else f".{age}.gz"
        spans.append(Span(start, f"{folder}/{name}{ending}"))
    return tuple(spans)


def _compact(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y%m%d")


@dataclass
class Scene:
    """Every writer of the estate.

    Attributes:
        estate: The hosts.
        shelf: Where the files lie.
        chance: For ports and small delays of acts.
    """

    estate: Estate
    shelf: Shelf
    chance: random.Random
    linux: dict[str, LinuxHost] = field(default_factory=dict)
    windows: dict[str, WindowsHost] = field(default_factory=dict)
    router: Router = field(init=False)
    firewall: Firewall = field(init=False)
    flows: FlowLog = field(init=False)
    postgres: Postgres = field(init=False)
    maria: MariaDb = field(init=False)
    samba: Samba = field(init=False)
    web: Web = field(init=False)
    vpn: Vpn = field(init=False)
    dhcp: Dhcp = field(init=False)
    files: dict[str, LogFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put every log on the shelf."""
        style = random.Random(self.estate.seed * 31 + 5)
        self._collector(style)
        for key in LINUX:
            self._linux(key, style)
        self._edges(style)
        self._databases()
        self._services(style)

    def file(
        self, key: str, name: str, days: int = 0, style: str = "numbered", **options: object
    ) -> LogFile:
        """Put a log of a host on the shelf; ``name`` is its path on the host."""
        folder = f"{self.estate[key].name}/{name}".rsplit("/", 1)
        made = LogFile(parts(folder[0], folder[1], days, style), **options)  # type: ignore[arg-type]  # fields of LogFile by name
        self.files[f"{key}:{name.rsplit('/', 1)[-1]}"] = made
        return self.shelf.add(made)

    def _collector(self, style: random.Random) -> None:
        name = style.choice(("var/log/remote.log", "var/log/syslog-all.log", "srv/syslog/all.log"))
        self.forwarded = self.file("collector", name, 7, "dated", garbage=0.00005)

    def _linux(self, key: str, style: random.Random) -> None:
        red_hat = style.random() < 0.35
        rotation = "dated" if red_hat else "numbered"
        days = 7 if key in WEEKLY else 21
        copy = self.forwarded if key in FORWARDED else None
        auth = self.file(
            key, "var/log/secure" if red_hat else "var/log/auth.log", days, rotation, copy=copy
        )
        syslog = self.file(
            key, "var/log/messages" if red_hat else "var/log/syslog", 21, rotation, garbage=0.0001
        )
        audit = self.file(key, "var/log/audit/audit.log", 0) if key in AUDITED else None
        self.files[f"{key}:auth"] = auth
        self.linux[key] = LinuxHost(
            self.estate[key], auth, syslog, audit, exact=style.random() < 0.3
        )

    def _edges(self, style: random.Random) -> None:
        estate = self.estate
        edge = self.file(
            "edge", f"syslog/{estate['edge'].name}.log", 21, "dated", copy=self.forwarded
        )
        self.router = (Ios if estate["edge"].dialect == "ios" else Junos)(estate["edge"], edge)
        ending = "\r\n" if style.random() < 0.3 else "\n"
        wall = self.file("fw", f"syslog/{estate['fw'].name}.log", 7, "dated", ending=ending)
        self.firewall = (Asa if estate["fw"].dialect == "asa" else Fortinet)(
            estate["fw"], wall, estate
        )
        clock = estate["flows"].clock
        if estate.flavours["flows"] == "nfdump":
            log = self.file("flows", "var/cache/nfdump/flows.csv", 7, "dated", header=NFDUMP_HEADER)
            self.flows = Nfdump(clock, log)
        else:
            log = self.file(
                "flows",
                "opt/zeek/logs/conn.log",
                7,
                "dated",
                header=ZEEK_HEADER,
                footer=ZEEK_FOOTER,
            )
            self.flows = Zeek(clock, log, tuple(f"{net}." for net in estate.networks.values()))
        if estate["vpn"].dialect == "asa":
            log = self.file("vpn", f"syslog/{estate['vpn'].name}.log", 21, "dated")
            self.vpn = AsaVpn(estate["vpn"], log, estate["radius"].ip)
        else:
            log = self.file("vpn", "var/log/openvpn/server.log", 21)
            radius = self.file("radius", "var/log/freeradius/radius.log", 21)
            self.vpn = OpenVpn(
                LinuxHost(estate["vpn"], log, log), log, radius, estate["radius"].clock
            )

    def _databases(self) -> None:
        estate = self.estate
        csv = estate.flavours["postgres"] == "csvlog"
        ending = "csv" if csv else "log"
        log = self.file("crm", f"var/log/postgresql/postgresql.{ending}", 7, "dated")
        self.postgres = Postgres(estate["crm"].clock, log, csv, estate.flavours["pg_rows"] == "on")
        log = self.file("archive", "var/lib/mysql/server_audit.log", 21)
        self.maria = MariaDb(estate["archive"].clock, log, estate["archive"].name)

    def _services(self, style: random.Random) -> None:
        estate = self.estate
        nas = self.linux["nas"]
        self.samba = Samba(nas, self.file("nas", "var/log/samba/audit.log", 21))
        web = self.file("web", "var/log/apache2/access.log", 14)
        self.web = Web(estate["web"].clock, web)
        web.torn = frozenset({web.spans[0].name})
        self.dhcp = Dhcp(self.linux["dhcp"], self.linux["dhcp"].syslog)
        xml = estate.flavours["windows"] == "xml"
        for key in ("winfs", "admin"):
            if xml:
                log = self.file(
                    key,
                    "export/Security.xml",
                    0,
                    header=XML_HEADER,
                    footer=XML_FOOTER,
                    records=True,
                )
                self.windows[key] = WindowsHost(estate[key], log, XmlEvents())
            else:
                log = self.file(key, "export/winlogbeat.ndjson", 0, records=True)
                self.windows[key] = WindowsHost(estate[key], log, JsonEvents())

    def port(self) -> int:
        """Return a port a client may come from."""
        return self.chance.randrange(32_768, 60_999)

    def passed(self, flow: Flow, label: str = "") -> None:
        """Write a connection where it is seen: between zones by the firewall, by the flow collector always."""
        zones = self.estate.zone_of(flow.src), self.estate.zone_of(flow.dst)
        if zones[0] != zones[1] and "edge" not in zones:
            self.firewall.passed(flow, label)
        self.flows.seen(flow, label)

    def connect(
        self,
        at: int,
        seconds: float,
        src: str,
        dst: str,
        dport: int,
        sent: int,
        back: int,
        label: str = "",
    ) -> int:
        """Write a connection and return the port it came from."""
        port = self.port()
        self.passed(Flow(at, seconds, src, port, dst, dport, sent, back), label)
        return port

    def ssh(
        self, at: int, seconds: float, src: str, key: str, user: str, how: str = "password", label: str = "",
        sent: int = 0, back: int = 0,
    ) -> None:  # fmt: skip
        """Write a session of ssh to a Linux host."""
        machine = self.estate[key]
        outside = self.estate.zone_of(src) == "internet" and machine.outside_ip
        sent, back = sent or int(seconds * 90) + 4_000, back or int(seconds * 400) + 6_000
        port = self.connect(
            at - SECOND,
            seconds + 2,
            src,
            machine.outside_ip if outside else machine.ip,
            22,
            sent,
            back,
            label,
        )
        if key in self.linux:
            self.linux[key].accepted(at, at + int(seconds * SECOND), user, src, port, how, label)

    def ssh_failed(
        self, at: int, src: str, key: str, user: str, *, known: bool, label: str = ""
    ) -> None:
        """Write a failed sign-in by ssh to a Linux host."""
        machine = self.estate[key]
        outside = self.estate.zone_of(src) == "internet" and machine.outside_ip
        port = self.connect(
            at - SECOND,
            4,
            src,
            machine.outside_ip if outside else machine.ip,
            22,
            2_100,
            2_900,
            label,
        )
        self.linux[key].failed(at, user, src, port, known=known, label=label)

    def settle(self, until: int) -> None:
        """Write everything before an instant."""
        for host in self.windows.values():
            host.settle(until)
        self.shelf.flush(until)


def machines_with_logs(estate: Estate) -> list[Machine]:
    """Return the hosts whose logs were handed over."""
    without = {"ivr"} | ({"radius"} if estate["vpn"].dialect == "asa" else set())
    return [machine for key, machine in estate.machines.items() if key not in without]
