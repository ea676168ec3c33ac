"""Intrusions as events, not as logs: made by chance, labelled, with the noise and decoys of a working company.

Rules of the chain are judged on these, so nothing here copies their words: hosts, accounts, orders and tools vary.
"""

# ruff: noqa: E501  (tables of events)

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from amends.kernel.engine.duck import DuckEngine
from amends.tables.timeline import DETECTIONS, EVENTS, LOG_FILES
from amends.timeline import correct, duplicates, network, shared, skew
from amends.timeline.chain.build import Chain, build
from amends.timeline.chain.decided import Decided
from amends.timeline.known import Host, Known, KnownFact

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {
    "kind": "other", "action": "other", "outcome": "", "duplicate_of": None, "error_ms": 1000,
    "zone_rule": "hosts", "message": "",
}  # fmt: skip


@dataclass
class World:
    """Events of a company, with labels.

    Attributes:
        rows: Events; ``_label`` is "" for what is not the intruder's.
        known: What the company told.
        skews: Host → seconds its clock is wrong.
        missing: Hosts whose own log was lost.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    known: Known = field(default_factory=Known)
    skews: dict[str, float] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    entry: tuple[datetime, str, str, str] | None = None

    def add(self, host: str, at: datetime, label: str = "", log: str = "", **columns: Any) -> None:
        """Write an event into the log of a host."""
        if host in self.missing:
            return
        seen = at + timedelta(seconds=self.skews.get(host, 0.0))
        number = len(self.rows) + 1
        self.rows.append(
            {
                **DEFAULTS, **columns, "host": host, "at": seen, "event_id": number * 7919,
                "log_id": log or f"G-{host}", "position": number, "line": number, "_label": label,
            }
        )  # fmt: skip

    def table(self) -> pa.Table:
        """Return the events."""
        return pa.Table.from_pylist(
            [{k: v for k, v in r.items() if k != "_label"} for r in self.rows], schema=EVENTS.schema
        )

    def logs(self) -> pa.Table:
        """Return the log files."""
        ids = dict.fromkeys(r["log_id"] for r in self.rows)
        made = []
        for log_id in ids:
            hosts = {r["host"] for r in self.rows if r["log_id"] == log_id}
            made.append(
                {"log_id": log_id, "host": hosts.pop() if log_id.startswith("G-") else "",
                 "path": log_id, "inner_path": "", "parser": "test", "status": "read"}
            )  # fmt: skip
        return pa.Table.from_pylist(made, schema=LOG_FILES.schema)

    def labels(self) -> dict[int, str]:
        """Return event id → label."""
        return {r["event_id"]: r["_label"] for r in self.rows}


def follow(
    world: World, decided: Decided | None = None, detections: pa.Table | None = None
) -> tuple[Chain, list[skew.Skew]]:
    """Return the chain that is found in a world, clocks set first, as the stage does it."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        engine = DuckEngine(Path(folder) / "spill", "1GB", 2)
        try:
            events = engine.register("raw", world.table())
            logs = engine.register("logs", world.logs())
            ours = network.ground(world.known)
            ips = network.place_addresses(engine, events, ours)
            found = skew.estimate(engine, events, logs, ips)
            skews = engine.register(correct.SKEWS, skew.skew_table(found))
            clocks = f'"{shared.CLOCKS}"'
            right = engine.materialise("right", correct.corrected_sql(events, clocks, skews))
            twice = duplicates.find_duplicates(engine, right, logs, clocks)
            final = engine.materialise("final", correct.marked_sql(right, twice))
            none = pa.Table.from_pylist([], schema=DETECTIONS.schema)
            chain = build(
                engine,
                final,
                ips,
                detections if detections is not None else none,
                world.known,
                decided or Decided(),
            )
            return chain, found
        finally:
            engine.close()


class Company:
    """A company at work, and somebody who comes in: everything drawn from a seed."""

    def __init__(self, seed: int, *, days: int = 21, skewed: bool = True, lose: str = "") -> None:
        """Draw hosts, people and habits."""
        self.chance = random.Random(seed)
        pick = self.chance
        self.days = days
        self.net = f"10.{pick.randrange(1, 200)}"
        names = {
            "edge": pick.choice(["rtr-7", "gw-seattle", "core-rt1"]),
            "fw": pick.choice(["asa01", "fw-main"]),
            "vpn": pick.choice(["vpn-a", "ras2"]),
            "jump": pick.choice(["bastion", "hop3"]),
            "test": pick.choice(["lab4", "staging-x"]),
            "db": pick.choice(["pg-cust", "oradb9", "sqlprod"]),
            "files": pick.choice(["nas7", "fileserv"]),
            "web": pick.choice(["www3", "portal-web"]),
            "app": pick.choice(["appsrv", "mid1"]),
            "backup": pick.choice(["bkp1", "vault9"]),
        }
        self.name = names
        self.ip = {k: f"{self.net}.{i + 1}.{pick.randrange(2, 250)}" for i, k in enumerate(names)}
        self.outside = {"edge": "198.18.0.2", "vpn": "198.18.0.7", "web": "198.18.0.9"}
        self.people = [
            f"{a}{b}"
            for a in pick.sample(["amy", "ben", "cho", "dev", "eli", "fay", "gus"], 5)
            for b in ("", "2")
        ]
        self.admins = self.people[:3]
        self.desk = {p: f"{self.net}.90.{i + 10}" for i, p in enumerate(self.people)}
        self.home = {
            p: f"74.{pick.randrange(10, 200)}.{pick.randrange(255)}.{pick.randrange(1, 254)}"
            for p in self.people
        }
        self.test_ip = f"52.{pick.randrange(10, 90)}.1.7"
        self.scan_ip = f"{self.net}.77.7"
        hosts = [
            Host(
                n, (self.ip[k],), (self.outside[k],) if k in self.outside else (), "UTC", _ROLES[k]
            )
            for k, n in names.items()
        ]
        self.test_day = pick.randrange(6, days - 4)
        test_at = BEGIN + timedelta(days=self.test_day)
        facts = (
            KnownFact("backup", "nightly backup", (names["backup"], names["db"]), ("bkpsvc",), daily_minutes=(60, 180)),
            KnownFact("test", "penetration test", (), (), (ipaddress.ip_network(self.test_ip),), test_at, test_at + timedelta(days=1)),
            KnownFact("scanner", "weekly scan", (), (), (ipaddress.ip_network(self.scan_ip),)),
            KnownFact("vpn_pool", "pool", (), (), (ipaddress.ip_network(f"{self.net}.200.0/24"),)),
        )  # fmt: skip
        self.world = World(known=Known(tuple(hosts), (), facts))
        if skewed:
            for name in names.values():
                if pick.random() < 0.4:
                    self.world.skews[name] = pick.uniform(-600, 600)
        if lose:
            self.world.missing.add(names[lose])
        self._work()

    def at(self, day: float, hour: float = 0.0) -> datetime:
        """Return an instant some days and hours from the begin."""
        return BEGIN + timedelta(days=day, hours=hour, seconds=self.chance.random() * 60)

    def port(self) -> int:
        """Return a port that a connection comes from."""
        return self.chance.randrange(20000, 60000)

    def login(
        self, src: str, key: str, account: str, at: datetime, *, how: str = "ssh", ok: bool = True, label: str = "",
        flow: int = 4000, minutes: float = 10,
    ) -> str:  # fmt: skip
        """Log somebody in: on the host, and on the firewall's and flow collector's records; return the session."""
        port, host = self.port(), self.name[key]
        src_ip = self.ip.get(src, src)
        outer = not src_ip.startswith(self.net)
        dst_ip = self.outside.get(key, self.ip[key]) if outer else self.ip[key]
        session = f"{host}-{len(self.world.rows)}"
        dport = {
            "ssh": 22,
            "telnet": 23,
            "vpn": 443,
            "db": 5432,
            "smb": 445,
            "rdp": 3389,
            "web": 443,
        }[how]
        kind = ("query", "connect") if how == "db" else ("login", "login")
        self.world.add(
            host, at, label, kind=kind[0], action=kind[1], outcome="success" if ok else "failure", account=account,
            src_ip=src_ip, src_port=port, logon_type=how, session=session if ok else None, source="t/" + how,
        )  # fmt: skip
        self.world.add(
            "flowbox", at - timedelta(seconds=1), label, kind="connection", action="flow", src_ip=src_ip, src_port=port,
            dst_ip=dst_ip, dst_port=dport, proto="tcp", bytes_in=flow, bytes_out=flow * 2, source="t/flow",
        )  # fmt: skip
        if outer:
            self.world.add(
                self.name["fw"], at - timedelta(seconds=1), label, kind="connection", action="open", src_ip=src_ip,
                src_port=port, dst_ip=dst_ip, dst_port=dport, proto="tcp", source="t/asa",
            )  # fmt: skip
        if ok:
            self.world.add(
                host, at + timedelta(minutes=minutes), label, kind="logout", action="logout", account=account,
                session=session, logon_type=how, source="t/" + how,
            )  # fmt: skip
        return session

    def run(
        self, key: str, account: str, at: datetime, command: str, session: str = "", label: str = ""
    ) -> None:
        """Run a command on a host."""
        self.world.add(
            self.name[key], at, label, kind="process", action="command", account=account, command=command,
            session=session or None, source="t/audit",
        )  # fmt: skip

    def moved(self, key: str, outer: str, at: datetime, size: int, label: str = "") -> None:
        """Move bytes from a host to the internet."""
        for seen in ("flowbox", self.name["fw"]):
            self.world.add(
                seen, at, label, kind="connection", action="flow", src_ip=self.ip[key], src_port=self.port(),
                dst_ip=outer, dst_port=443, proto="tcp", bytes_in=size, bytes_out=size // 50, source="t/flow",
            )  # fmt: skip

    def _work(self) -> None:
        pick = self.chance
        for day in range(self.days):
            weekday = day % 7 < 5
            for person in self.people if weekday else self.people[:1]:
                for _ in range(pick.randrange(1, 4)):
                    self._shift(person, day)
            self._nightly(day)
            self._internet(day)
        self._test()

    def _shift(self, person: str, day: int) -> None:
        pick = self.chance
        at = self.at(day, pick.uniform(8, 17.5))
        if pick.random() < 0.1:
            self.login(self.desk[person], "jump", person, at - timedelta(minutes=1), ok=False)
        src = self.desk[person]
        if pick.random() < 0.3:
            self.login(
                self.home[person], "vpn", person, at - timedelta(minutes=2), how="vpn", minutes=60
            )
            pool = f"{self.net}.200.{pick.randrange(2, 250)}"
            self.world.add(
                self.name["vpn"],
                at - timedelta(minutes=1.9),
                kind="connection",
                action="assign",
                account=person,
                src_ip=self.home[person],
                dst_ip=pool,
            )
            src = pool
        if person in self.admins:
            self.login(src, "jump", person, at)
            key = pick.choice(["db", "app", "web", "test"])
            session = self.login("jump", key, person, at + timedelta(minutes=3))
            self.run(
                key,
                person,
                at + timedelta(minutes=5),
                pick.choice(
                    [
                        "systemctl status",
                        "ls /opt",
                        "df -h",
                        "vim /etc/hosts",
                        "tail /var/log/syslog",
                    ]
                ),
                session,
            )
        else:
            self.login(src, "files", person, at, how="smb")
            self.world.add(
                self.name["files"],
                at + timedelta(minutes=2),
                kind="file",
                action="read",
                outcome="success",
                account=person,
                src_ip=src,
                object="/share/plan.docx",
                source="t/smb",
            )
        if pick.random() < 0.2:
            for _ in range(3):
                self.moved(
                    "app",
                    f"151.101.{pick.randrange(4)}.{pick.randrange(200)}",
                    at,
                    pick.randrange(20_000, 900_000),
                )

    def _nightly(self, day: int) -> None:
        at = self.at(day, 1.2)
        session = self.login("backup", "db", "bkpsvc", at, how="db")
        self.world.add(
            self.name["db"],
            at + timedelta(minutes=3),
            kind="query",
            action="dump",
            outcome="success",
            account="bkpsvc",
            src_ip=self.ip["backup"],
            session=session,
            rows=90_000,
        )
        self.run(
            "backup", "bkpsvc", at + timedelta(minutes=30), "tar czf /backup/db.tgz /backup/db"
        )
        for hour in range(24):
            self.login("app", "db", "appuser", self.at(day, hour + 0.5), how="db", minutes=1)
        if day % 7 == 2:
            for i in range(60):
                self.world.add(
                    self.name["fw"],
                    at + timedelta(seconds=i),
                    kind="connection",
                    action="deny",
                    src_ip=self.scan_ip,
                    dst_ip=f"{self.net}.3.{i}",
                    dst_port=22,
                    source="t/asa",
                )

    def _internet(self, day: int) -> None:
        pick = self.chance
        for _ in range(25):
            noisy = f"{pick.choice([45, 91, 185, 103])}.{pick.randrange(255)}.{pick.randrange(255)}.{pick.randrange(1, 254)}"
            for _ in range(pick.randrange(1, 9)):
                self.login(
                    noisy,
                    "edge",
                    pick.choice(["root", "admin", "cisco"]),
                    self.at(day, pick.uniform(0, 24)),
                    ok=False,
                    flow=700,
                )
        self.login(f"{self.net}.90.5", "edge", "netops", self.at(day, 10), how="ssh")

    def _test(self) -> None:
        at = self.at(self.test_day, 11)
        for i in range(40):
            self.login(self.test_ip, "edge", "admin", at + timedelta(seconds=i), ok=False)
        self.login(self.test_ip, "vpn", "pentest", at + timedelta(minutes=5), how="vpn")
        session = self.login(self.test_ip, "web", "pentest", at + timedelta(minutes=9))
        self.run("web", "pentest", at + timedelta(minutes=12), "nmap -sS 10.0.0.0/16", session)


_ROLES = {
    "edge": "router", "fw": "firewall", "vpn": "vpn", "jump": "jump", "test": "test server", "db": "database",
    "files": "file server", "web": "web", "app": "application", "backup": "backup",
}  # fmt: skip


class Intruder:
    """Somebody who comes in by one of several ways, and goes on to a store."""

    def __init__(self, company: Company) -> None:
        """Draw who they are."""
        self.c = company
        pick = company.chance
        self.a = f"{pick.choice(['203.0.113', '89.34.27', '2001:db8:77:'])}{pick.choice(['.', '.'])}{pick.randrange(2, 250)}"
        if self.a.startswith("2001"):
            self.a = f"2001:db8:77::{pick.randrange(2, 250)}"
        self.b = f"198.51.100.{pick.randrange(2, 250)}"
        self.drop = pick.choice([self.a, f"5.188.{pick.randrange(255)}.{pick.randrange(1, 250)}"])
        self.day = pick.randrange(company.days - 6, company.days - 3)
        self.label = 0

    def next(self, name: str) -> str:
        """Return the label of the next step."""
        self.label += 1
        return f"{self.label:02d}-{name}"

    def act(self, way: str) -> None:
        """Come in by a way, and go on."""
        c, pick = self.c, self.c.chance
        at = c.at(self.day, pick.choice([1.0, 3.0, 14.0, 22.0]))
        src, at = getattr(self, f"by_{way}")(at)
        account = pick.choice(["svc_deploy", "oracle", "testuser", "netadm"])
        path = pick.choice(
            [
                ["jump", "db"],
                ["test", "jump", "db"],
                ["test", "db"],
                ["jump", "files"],
                ["test", "app", "db"],
            ]
        )
        for i, key in enumerate(path):
            if pick.random() < 0.4:
                label = self.next("guess")
                for k in range(pick.randrange(8, 40)):
                    c.login(
                        src,
                        key,
                        pick.choice([account, "root", "postgres", "backup"]),
                        at + timedelta(seconds=3 * k),
                        ok=False,
                        label=label,
                    )
                at += timedelta(minutes=4)
            how = "smb" if key == "files" else "ssh"
            session = c.login(
                src,
                key,
                account,
                at,
                how=how,
                minutes=pick.choice([20, 90, 240]),
                label=self.next("hop-" + key),
            )
            at += timedelta(minutes=pick.uniform(2, 20))
            if i < len(path) - 1 and pick.random() < 0.5:
                c.run(
                    key,
                    account,
                    at,
                    pick.choice(
                        [
                            "cat /home/amy/.pgpass",
                            "nmap -sV 10.0.0.0/24",
                            "cat /opt/deploy/secrets.yml",
                        ]
                    ),
                    session,
                    self.next("look"),
                )
                at += timedelta(minutes=5)
            if pick.random() < 0.3 and i < len(path) - 1:
                at += timedelta(hours=pick.choice([20, 26]))
                src_again = c.login(
                    src, key, account, at, how=how, minutes=120, label=self.next("again")
                )
                session = src_again
                at += timedelta(minutes=3)
            src = key
        self.loot(path[-1], account, session, at)

    def by_router(self, at: datetime) -> tuple[str, datetime]:
        """Guess the router's password, take its configuration."""
        c, pick = self.c, self.c.chance
        if pick.random() < 0.7:
            label = self.next("guess")
            for k in range(pick.randrange(10, 60)):
                c.login(
                    self.a,
                    "edge",
                    pick.choice(["admin", "cisco"]),
                    at + timedelta(seconds=2 * k),
                    ok=False,
                    label=label,
                    flow=900,
                )
            at += timedelta(minutes=3)
        c.login(
            self.a,
            "edge",
            "admin",
            at,
            how=pick.choice(["ssh", "telnet"]),
            label=self.next("entry"),
            minutes=40,
        )
        c.world.entry = (at, self.a, c.name["edge"], "admin")
        c.world.add(
            c.name["edge"], at + timedelta(minutes=2), self.next("config"), kind="config", action="export", outcome="success",
            account="admin", object="running-config", source="t/ios",
        )  # fmt: skip
        return "edge", at + timedelta(minutes=pick.uniform(10, 30))

    def by_vpn(self, at: datetime) -> tuple[str, datetime]:
        """Use a stolen VPN account."""
        c, pick = self.c, self.c.chance
        person = pick.choice(c.people)
        c.login(self.a, "vpn", person, at, how="vpn", label=self.next("entry"), minutes=300)
        pool = f"{c.net}.200.{pick.randrange(2, 250)}"
        c.world.add(
            c.name["vpn"],
            at + timedelta(seconds=2),
            "01-entry",
            kind="connection",
            action="assign",
            account=person,
            src_ip=self.a,
            dst_ip=pool,
        )
        c.world.entry = (at, self.a, c.name["vpn"], person)
        return pool, at + timedelta(minutes=6)

    def by_web(self, at: datetime) -> tuple[str, datetime]:
        """Guess a password of a server that shows its ssh to the internet."""
        c, pick = self.c, self.c.chance
        label = self.next("guess")
        for k in range(pick.randrange(30, 80)):
            c.login(
                self.a,
                "web",
                pick.choice(["root", "deploy", "ubuntu"]),
                at + timedelta(seconds=k),
                ok=False,
                label=label,
                flow=900,
            )
        at += timedelta(minutes=5)
        c.login(
            self.b, "web", "deploy", at, label=self.next("entry"), minutes=200
        ) if pick.random() < 0.0 else c.login(
            self.a, "web", "deploy", at, label=self.next("entry"), minutes=200
        )
        c.world.entry = (at, self.a, c.name["web"], "deploy")
        return "web", at + timedelta(minutes=10)

    def loot(self, key: str, account: str, session: str, at: datetime) -> None:
        """Take what is there and send it away."""
        c, pick = self.c, self.c.chance
        if key == "files":
            label = self.next("read")
            for k in range(30):
                c.world.add(
                    c.name[key],
                    at + timedelta(seconds=k),
                    label,
                    kind="file",
                    action="read",
                    outcome="success",
                    account=account,
                    session=session,
                    object=f"/hr/{k}.pdf",
                    source="t/smb",
                )
        else:
            c.run(
                key,
                account,
                at,
                pick.choice(
                    [
                        "pg_dump -Fc cust -f /tmp/x",
                        "psql -c \"\\copy people to '/tmp/p'\"",
                        "mysqldump --all-databases",
                    ]
                ),
                session,
                self.next("dump"),
            )
        at += timedelta(minutes=pick.uniform(5, 25))
        c.run(
            key,
            account,
            at,
            pick.choice(
                [
                    "tar czf /tmp/.y.tgz /tmp/x",
                    "7z a -pX /tmp/y.7z /tmp/x",
                    "zip -r /tmp/q.zip /tmp/x",
                ]
            ),
            session,
            self.next("pack"),
        )
        at += timedelta(minutes=4)
        c.moved(key, self.drop, at, pick.randrange(60, 900) * 1_000_000, self.next("out"))
        at += timedelta(minutes=30)
        c.run(
            key,
            account,
            at,
            pick.choice(["history -c", "rm -f /var/log/auth.log", "shred -u /var/log/wtmp"]),
            session,
            self.next("clear"),
        )
