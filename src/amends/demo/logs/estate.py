"""The estate: Larkspur's hosts with addresses, zones, dialects and clocks; the staff and the accounts of services.

All of it is drawn from the seed. Outside addresses are of the ranges kept for documentation and benchmarks
(RFC 5737, RFC 2544, RFC 3849), so that none is anybody's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from amends.demo.logs.clocks import Clock, instant

FROM = instant("2026-07-06")
TO = instant("2026-08-18")
# The router is taken off the network.
CONTAINED = instant("2026-08-04T16:20:00")


@dataclass(frozen=True)
class Machine:
    """A host.

    Attributes:
        key: What it is for: ``edge``, ``jump``, ``crm`` …; the same in every seed.
        name: Its name in this seed.
        ip: Inside address.
        outside_ip: Address towards the internet; "" for none.
        zone: Network zone: internet, edge, dmz, mgmt, office, test, prod, vpn.
        role: What ``hosts.csv`` calls it.
        dialect: ios, junos, asa, fortinet, openvpn, linux, windows.
        clock: Its clock.
        told_zone: Time zone as the company says; "" where it does not know.
        skew_ms: Clock error at the begin of the logs.
        drift_ms_day: Change of it a day.
    """

    key: str
    name: str
    ip: str
    outside_ip: str
    zone: str
    role: str
    dialect: str
    clock: Clock
    told_zone: str
    skew_ms: int
    drift_ms_day: int


@dataclass(frozen=True)
class Staff:
    """Somebody who works there.

    Attributes:
        login: Account.
        job: admin, dba, developer, analyst, care, office.
        ip: Address of the workstation.
        station: Name of the workstation.
        home: Address at home, from where the VPN is used.
        zone: Time zone of the working day.
    """

    login: str
    job: str
    ip: str
    station: str
    home: str
    zone: str


@dataclass(frozen=True)
class Estate:
    """Everything that is there before anybody breaks in."""

    seed: int
    machines: dict[str, Machine]
    staff: tuple[Staff, ...]
    services: dict[str, str]
    networks: dict[str, str]
    flavours: dict[str, str]
    by_ip: dict[str, Machine] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Machine:
        """Return the host for a purpose."""
        return self.machines[key]

    def of_job(self, *jobs: str) -> list[Staff]:
        """Return the staff of some jobs."""
        return [one for one in self.staff if one.job in jobs]

    def zone_of(self, ip: str) -> str:
        """Return the network zone of an address."""
        if ip in self.by_ip:
            return self.by_ip[ip].zone
        for zone, prefix in self.networks.items():
            if ip.startswith(prefix + "."):
                return zone
        return "internet"


# key, zone, last octet, role, dialect, names by scheme
_HOSTS = (
    ("edge", "edge", 1, "edge router", "router", ("edge-r1", "lw-rtr-01", "bel-br1")),
    ("fw", "edge", 2, "perimeter firewall", "firewall", ("fw1", "lw-fw-01", "bel-asa1")),
    ("vpn", "edge", 3, "vpn concentrator", "vpn", ("vpn1", "lw-vpn-01", "bel-ra1")),
    ("radius", "mgmt", 9, "radius", "linux", ("rad1", "lw-aaa-01", "bel-aaa1")),
    ("jump", "mgmt", 15, "jump host", "linux", ("jump1", "lw-jmp-01", "bastion")),
    ("collector", "mgmt", 20, "log collector", "linux", ("logs01", "lw-syslog-01", "loghub")),
    ("flows", "mgmt", 21, "flow collector", "linux", ("flow1", "lw-flow-01", "netflow")),
    ("scanner", "mgmt", 30, "vulnerability scanner", "linux", ("scan1", "lw-vuln-01", "nessie")),
    ("admin", "mgmt", 40, "admin workstation", "windows", ("ADM-WS1", "LW-PAW-01", "BELADM1")),
    ("test1", "test", 11, "test server", "linux", ("test1", "lw-tst-01", "sandbox")),
    ("test2", "test", 12, "test server", "linux", ("test2", "lw-tst-02", "uat2")),
    ("build", "test", 20, "build server", "linux", ("build1", "lw-ci-01", "runner")),
    ("web", "dmz", 10, "web server", "linux", ("web1", "lw-www-01", "shopfront")),
    ("app", "prod", 16, "application server", "linux", ("app1", "lw-app-01", "careapp")),
    ("crm", "prod", 11, "database", "linux", ("crm-db-01", "lw-crm-01", "pgcare")),
    ("archive", "prod", 12, "database", "linux", ("archive-db-02",) * 3),
    ("billing", "prod", 13, "billing server", "linux", ("bill1", "lw-bil-01", "prepaid")),
    ("lake", "prod", 14, "file server", "linux", ("lake1", "lw-lak-01", "datalake")),
    ("ivr", "prod", 17, "voice server", "linux", ("ivr1", "lw-ivr-01", "voice")),
    ("winfs", "prod", 21, "file server", "windows", ("WINFS1", "LW-FS-01", "BELFILE1")),
    ("nas", "prod", 22, "file server", "linux", ("nas1", "lw-nas-01", "shares")),
    ("backup", "prod", 30, "backup server", "linux", ("bak1", "lw-bak-01", "vaulted")),
    ("dhcp", "office", 2, "dhcp server", "linux", ("dhcp1", "lw-net-01", "leases")),
)  # fmt: skip
_OUTSIDE = {"edge": 1, "fw": 2, "vpn": 3, "web": 10, "test1": 20}
_GIVEN = ("amara", "ben", "chloe", "diego", "elena", "farid", "grace", "hugo", "ivana", "jonas", "keiko", "liam",
          "maya", "nils", "oscar", "priya", "quinn", "rosa", "sven", "tara", "umar", "vera", "walt", "xenia",
          "yusuf", "zoe", "ana", "carl", "dora", "emil")  # fmt: skip
_SURNAMES = ("martin", "lopez", "nguyen", "becker", "okafor", "patel", "silva", "kim", "larsen", "rossi", "haddad",
             "novak", "brown", "clark", "dubois", "evans", "fischer", "garcia", "hansen", "ito", "jones",
             "kowalski", "lee", "moreau", "nash", "olsen", "perez", "reed", "santos", "tran")  # fmt: skip
_JOBS = (("admin", 4), ("dba", 2), ("developer", 8), ("analyst", 2), ("care", 12), ("office", 20))


def draw_estate(seed: int) -> Estate:
    """Return the estate of a seed."""
    chance = random.Random(seed * 1_000_003 + 17)
    scheme = chance.randrange(3)
    base = chance.choice((10, 11, 20, 40))
    networks = _networks(chance, base)
    flavours = _flavours(seed, chance)
    zones = _zones(chance)
    machines: dict[str, Machine] = {}
    for key, zone, octet, role, dialect, names in _HOSTS:
        outside = f"192.0.2.{_OUTSIDE[key]}" if key in _OUTSIDE else ""
        skew, drift = _skew(chance, key, zones)
        machines[key] = Machine(
            key, names[scheme], f"{networks[zone]}.{octet}", outside, zone, role,
            flavours.get(dialect, dialect), Clock(zones[key], skew, drift, FROM),
            "" if key == zones["untold"] else zones[key], skew, drift,
        )  # fmt: skip
    staff = _staff(chance, networks)
    services = {
        "app": "larkspur_app", "etl": chance.choice(("svc_etl", "svc_sync", "etl_nightly")),
        "archive": chance.choice(("svc_arch", "arch_ro", "archive_app")),
        "backup": chance.choice(("svc_backup", "bkp", "backupop")),
        "credit": "svc_creditfeed", "monitor": chance.choice(("svc_mon", "zabbix", "nagios")),
        "scan": chance.choice(("svc_scan", "nessus", "vulnscan")),
        "deploy": chance.choice(("deploy", "jenkins", "ci")),
        "router": chance.choice(("netops", "admin", "netadmin")),
        "test": chance.choice(("tester", "qa", "devtest")),
    }  # fmt: skip
    by_ip = {m.ip: m for m in machines.values()}
    by_ip |= {m.outside_ip: m for m in machines.values() if m.outside_ip}
    return Estate(seed, machines, staff, services, networks, flavours, by_ip)


def _flavours(seed: int, chance: random.Random) -> dict[str, str]:
    """Choose the products: by the seed's own number, so that neighbours differ in many of them."""
    return {
        "router": "junos" if seed % 5 in (0, 3) else "ios",
        "firewall": ("fortinet", "asa")[seed % 2],
        "vpn": ("asa", "openvpn")[(seed // 2 + seed // 3) % 2],
        "flows": ("nfdump", "zeek")[seed // 2 % 2],
        "postgres": "stderr" if seed % 3 == 2 else "csvlog",
        "pg_rows": "off" if seed % 4 == 3 else "on",
        "windows": ("xml", "json")[seed // 3 % 2],
        "offsite": chance.choice(("sftp", "https")),
    }


def _networks(chance: random.Random, base: int) -> dict[str, str]:
    second = chance.sample(range(1, 60), 6)
    if base == 40:
        # A company inside 172.16/12.
        return {
            zone: f"172.{16 + k}.{n}"
            for k, (zone, n) in enumerate(zip(_ZONES, second, strict=True))
        } | {"office": f"172.22.{second[0]}", "vpn": f"172.23.{second[1]}"}
    return {
        zone: f"10.{base + k * 3}.{n}"
        for k, (zone, n) in enumerate(zip(_ZONES, second, strict=True))
    } | {"office": f"10.{base + 30}.{second[0]}", "vpn": f"10.{base + 40}.{second[1]}"}


_ZONES = ("edge", "dmz", "mgmt", "test", "prod", "spare")


def _zones(chance: random.Random) -> dict[str, str]:
    """Draw a time zone a host; one host's is not told (``untold``), one is off NTP (``adrift``)."""
    zones = {}
    site = chance.choice(("America/Los_Angeles", "America/Chicago", "America/New_York"))
    for key, *_ in _HOSTS:
        zones[key] = chance.choice(("UTC", "UTC", site, "America/Los_Angeles"))
    # Of the hosts whose zone nobody told, one that others' logs can set right.
    zones["untold"] = chance.choice(("test2", "build", "nas", "billing"))
    zones[zones["untold"]] = chance.choice(("America/Chicago", "America/New_York", "UTC"))
    zones["adrift"] = chance.choice(("test1", "test2", "build", "nas", "archive"))
    return zones


def _skew(chance: random.Random, key: str, zones: dict[str, str]) -> tuple[int, int]:
    if key in ("collector", "flows", "radius"):
        return chance.randrange(-400, 400), 0
    if key == zones["adrift"]:
        sign = chance.choice((-1, 1))
        return sign * chance.randrange(240_000, 480_000), sign * chance.randrange(800, 2_600)
    if chance.random() < 0.15:
        return chance.choice((-1, 1)) * chance.randrange(20_000, 200_000), 0
    return chance.randrange(-1_500, 1_500), 0


def _staff(chance: random.Random, networks: dict[str, str]) -> tuple[Staff, ...]:
    pairs = [(given, surname) for given in _GIVEN for surname in _SURNAMES]
    chosen = iter(chance.sample(pairs, 80))
    people: list[Staff] = []
    taken: set[str] = set()
    number = 0
    for job, count in _JOBS:
        missing = count
        while missing:
            given, surname = next(chosen)
            login = given[0] + surname
            if login in taken:
                continue
            taken.add(login)
            number += 1
            missing -= 1
            home = f"198.18.{chance.randrange(10, 60)}.{chance.randrange(1, 255)}"
            zone = chance.choice(("America/Los_Angeles",) * 3 + ("America/Chicago",))
            people.append(
                Staff(
                    login,
                    job,
                    f"{networks['office']}.{100 + number}",
                    f"ws-{number:03d}",
                    home,
                    zone,
                )
            )
    return tuple(people)
