"""Another company's network, its days, and an intrusion: the world of ``bench.other_case``."""

from __future__ import annotations

import csv
import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 24
ATTACKER = ("185.220.101.47", "45.137.21.9", "193.32.162.70", "91.240.118.172")
DROP = ("94.156.35.118", "146.70.87.33", "2a0d:5600:24:12::7")
PEN_TESTER = "212.102.40.19"
STAFF = ("hlindqvist", "omarsh", "tnakata", "bferreira", "kwolfe", "pdupont")


@dataclass
class Host:
    name: str
    ip: str
    role: str
    zone: str = "UTC"
    outside: str = ""
    skew: timedelta = timedelta()


@dataclass
class World:
    """Hosts, lines and truth of one case."""

    dice: random.Random
    hosts: dict[str, Host]
    way: str
    lines: dict[tuple[str, str], list[tuple[datetime, str, str]]] = field(default_factory=dict)
    steps: list[dict[str, object]] = field(default_factory=list)
    taken: dict[str, dict[str, object]] = field(default_factory=dict)

    def put(self, host: str, path: str, at: datetime, text: str, label: str = "") -> None:
        clock = at + self.hosts[host].skew
        self.lines.setdefault((host, path), []).append((clock, text, label))

    def local(self, host: str, at: datetime) -> datetime:
        one = self.hosts[host]
        return (at + one.skew).astimezone(ZoneInfo(one.zone))

    def syslog(
        self, host: str, path: str, at: datetime, program: str, message: str, label: str = ""
    ) -> None:
        stamp = self.local(host, at)
        pid = (
            "" if program in ("kernel", "sudo", "CRON") else f"[{self.dice.randrange(700, 32000)}]"
        )
        text = f"{stamp:%b} {stamp.day:2d} {stamp:%H:%M:%S} {host} {program}{pid}: {message}"
        self.put(host, path, at, text, label)

    def step(
        self, phase: str, at: datetime, source: str, destination: str, account: str, label: str
    ) -> None:
        self.steps.append({"phase": phase, "at": at.isoformat(), "source": source, "destination": destination,
                           "account": account, "label": label})  # fmt: skip


def build(seed: int) -> World:
    dice = random.Random(seed * 7919)
    way = ("router", "vpn", "web", "test")[seed % 4]
    net = f"10.{dice.randrange(20, 200)}"
    hosts = [
        Host("gw-ams-1", f"{net}.0.1", "router", "Europe/Amsterdam", "62.212.64.5"),
        Host("fw-core", f"{net}.0.2", "firewall", "UTC", "62.212.64.6"),
        Host("ovpn2", f"{net}.0.9", "vpn", "UTC", "62.212.64.9"),
        Host("shop-web", f"{net}.10.20", "web", "Europe/Amsterdam", "62.212.64.20"),
        Host("qa-build7", f"{net}.30.7", "test", "UTC", "62.212.64.30" if way == "test" else ""),
        Host("bastion", f"{net}.40.4", "jump", "Europe/Amsterdam"),
        Host("pg-orders", f"{net}.50.11", "database", "UTC"),
        Host("files01", f"{net}.50.30", "file server", "America/New_York"),
        Host("bkp-vault", f"{net}.60.2", "backup", "UTC"),
        Host("sensor", f"{net}.0.50", "flow sensor", "UTC"),
    ]
    for one in dice.sample(hosts[:-1], 3):
        one.skew = timedelta(seconds=dice.randrange(-580, 580))
    world = World(dice, {h.name: h for h in hosts}, way)
    noise(world)
    attack(world)
    return world


def day(n: int, hour: float) -> datetime:
    return START + timedelta(days=n, hours=hour)


# What happens every day


def noise(w: World) -> None:
    d = w.dice
    for n in range(DAYS):
        for _ in range(d.randrange(160, 260)):
            outside_noise(w, day(n, d.random() * 24))
        if (START + timedelta(days=n)).weekday() < 5:
            for _ in range(d.randrange(30, 50)):
                office(w, day(n, d.gauss(12.5, 2.2)))
        backup(w, n)
        for _ in range(250):
            shopper(w, day(n, d.random() * 24))
    penetration_test(w)
    analyst(w)


def outside_noise(w: World, at: datetime) -> None:
    d = w.dice
    ip = f"{d.randrange(1, 223)}.{d.randrange(256)}.{d.randrange(256)}.{d.randrange(1, 255)}"
    if ip.startswith(("10.", "192.168.", "127.", "62.212.")):
        return
    user = d.choice(("root", "admin", "oracle", "test", "ubuntu", "postgres"))
    port = d.randrange(1024, 65000)
    where = d.choice(("gw-ams-1", "qa-build7", "fw-core"))
    if where == "gw-ams-1":
        w.syslog(
            where,
            "messages",
            at,
            "sshd",
            f"SSHD_LOGIN_FAILED: Login failed for user '{user}' from host '{ip}'",
        )
    elif where == "qa-build7" and w.hosts[where].outside:
        w.syslog(
            where,
            "var/log/auth.log",
            at,
            "sshd",
            f"Failed password for invalid user {user} from {ip} port {port} ssh2",
        )
    else:
        fw(
            w,
            at,
            "deny",
            ip,
            port,
            w.hosts["shop-web"].outside,
            d.choice((22, 23, 445, 3389, 1433)),
        )


def fw(
    w: World,
    at: datetime,
    what: str,
    src: str,
    sport: int,
    dst: str,
    dport: int,
    size: int = 0,
    label: str = "",
) -> None:
    stamp = w.local("fw-core", at)
    head = f"<{164 if what == 'deny' else 166}>{stamp:%b %d %Y %H:%M:%S} fw-core : "
    if what == "deny":
        body = f'%ASA-4-106023: Deny tcp src outside:{src}/{sport} dst dmz:{dst}/{dport} by access-group "outside_in" [0x0, 0x0]'
        w.put("fw-core", "asa.log", at, head + body, label)
        return
    number = w.dice.randrange(10**6, 10**8)
    way = "outbound" if src.startswith("10.") else "inbound"
    a, b = (f"outside:{dst}/{dport} ({dst}/{dport})", f"inside:{src}/{sport} ({src}/{sport})")
    w.put(
        "fw-core",
        "asa.log",
        at,
        f"{head}%ASA-6-302013: Built {way} TCP connection {number} for {a} to {b}",
        label,
    )
    length = max(1, size // 900_000)
    later = at + timedelta(seconds=length)
    stamp = w.local("fw-core", later)
    hms = f"{length // 3600}:{length // 60 % 60:02d}:{length % 60:02d}"
    w.put("fw-core", "asa.log", later, f"<166>{stamp:%b %d %Y %H:%M:%S} fw-core : %ASA-6-302014: Teardown TCP connection {number} "
          f"for outside:{dst}/{dport} to inside:{src}/{sport} duration {hms} bytes {size} TCP FINs", label)  # fmt: skip


def zeek(
    w: World,
    at: datetime,
    src: str,
    sport: int,
    dst: str,
    dport: int,
    service: str,
    out: int,
    back: int,
    label: str = "",
) -> None:
    at += w.hosts["sensor"].skew
    uid = "C" + "".join(w.dice.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNP23456789", k=17))
    seconds = max(0.02, (out + back) / 900_000)
    row = [f"{at.timestamp():.6f}", uid, src, str(sport), dst, str(dport), "tcp", service, f"{seconds:.6f}", str(out),
           str(back), "SF", "-", "-", "0", "ShADadFf", str(out // 1400 + 4), str(int(out * 1.03) + 200),
           str(back // 1400 + 4), str(int(back * 1.03) + 200), "-"]  # fmt: skip
    w.lines.setdefault(("sensor", f"zeek/conn.{at:%Y-%m-%d}.log"), []).append(
        (at, "\t".join(row), label)
    )


def ssh(
    w: World,
    at: datetime,
    src: str,
    host: str,
    user: str,
    label: str = "",
    method: str = "publickey",
    minutes: float = 20,
) -> None:
    port = w.dice.randrange(30000, 60000)
    tail = (
        " RSA SHA256:" + "".join(w.dice.choices("abcdefABCDEF0123456789", k=43))
        if method == "publickey"
        else ""
    )
    path = "var/log/auth.log"
    w.syslog(
        host,
        path,
        at,
        "sshd",
        f"Accepted {method} for {user} from {src} port {port} ssh2{':' + tail if tail else ''}",
        label,
    )
    w.syslog(
        host,
        path,
        at,
        "sshd",
        f"pam_unix(sshd:session): session opened for user {user}(uid=1004) by (uid=0)",
        label,
    )
    end = at + timedelta(minutes=minutes)
    w.syslog(host, path, end, "sshd", f"Disconnected from user {user} {src} port {port}", label)
    w.syslog(
        host, path, end, "sshd", f"pam_unix(sshd:session): session closed for user {user}", label
    )
    zeek(
        w,
        at,
        src,
        port,
        w.hosts[host].ip,
        22,
        "ssh",
        w.dice.randrange(4000, 60000),
        w.dice.randrange(9000, 300000),
        label,
    )


def office(w: World, at: datetime) -> None:
    d = w.dice
    user = d.choice(STAFF)
    desk = f"{w.hosts['bastion'].ip.rsplit('.', 2)[0]}.100.{STAFF.index(user) + 20}"
    if d.random() < 0.06:
        w.syslog(
            "bastion",
            "var/log/auth.log",
            at,
            "sshd",
            f"Failed password for {user} from {desk} port {d.randrange(40000, 60000)} ssh2",
        )
    ssh(w, at, desk, "bastion", user)
    if d.random() < 0.3:
        ssh(
            w,
            at + timedelta(minutes=1),
            w.hosts["bastion"].ip,
            d.choice(("qa-build7", "pg-orders")),
            user,
        )
    if d.random() < 0.5:
        pg(
            w,
            at,
            "orders_app",
            w.hosts["shop-web"].ip,
            "READ",
            "SELECT",
            "public.orders",
            "SELECT * FROM orders WHERE id = $1",
            1,
        )
    if d.random() < 0.2:
        smb(w, at, user, desk, "pread_done", f"projects/plan-{d.randrange(90)}.xlsx")


def pg(
    w: World,
    at: datetime,
    user: str,
    client: str,
    kind: str,
    command: str,
    table: str,
    statement: str,
    rows: int,
    label: str = "",
    app: str = "psql",
) -> None:
    at += w.hosts["pg-orders"].skew
    stamp = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"
    audit = f'AUDIT: SESSION,1,1,{kind},{command},TABLE,{table},"{statement}",<not logged>,{rows}'
    row = [stamp, user, "orders", str(w.dice.randrange(1000, 30000)), f"{client}:{w.dice.randrange(30000, 60000)}", f"65{w.dice.randrange(10**6):x}.1a",
           "3", command, stamp[:19] + " UTC", "5/88", "0", "LOG", "00000", audit, "", "", "", "", "", "", "", "", app,
           "client backend", "", "0"]  # fmt: skip
    out = ",".join(
        '"' + c.replace('"', '""') + '"' if any(x in c for x in ',"\n') else c for c in row
    )
    w.lines.setdefault(("pg-orders", f"postgresql/postgresql-{at:%Y-%m-%d}.csv"), []).append(
        (at, out, label)
    )


def smb(w: World, at: datetime, user: str, ip: str, op: str, name: str, label: str = "") -> None:
    w.syslog(
        "files01",
        "var/log/samba/audit.log",
        at,
        "smbd_audit",
        f"{user}|{ip}|ws{ip.rsplit('.', 1)[1]}|customers|{op}|ok|{name}",
        label,
    )


def shopper(
    w: World,
    at: datetime,
    ip: str = "",
    request: str = "",
    status: int = 200,
    size: int = 0,
    agent: str = "",
    label: str = "",
) -> None:
    d = w.dice
    ip = ip or f"{d.randrange(60, 200)}.{d.randrange(256)}.{d.randrange(256)}.{d.randrange(1, 255)}"
    request = request or f"GET /p/{d.randrange(4000)} HTTP/1.1"
    local = w.local("shop-web", at)
    agent = agent or "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"
    w.put(
        "shop-web",
        "var/log/nginx/access.log",
        at,
        f'{ip} - - [{local:%d/%b/%Y:%H:%M:%S %z}] "{request}" {status} {size or d.randrange(800, 40000)} "-" "{agent}"',
        label,
    )


def backup(w: World, n: int) -> None:
    at, vault = day(n, 1.5), w.hosts["bkp-vault"].ip
    for table in ("public.customers", "public.orders", "public.payment_tokens"):
        pg(
            w,
            at,
            "barman",
            vault,
            "READ",
            "COPY",
            table,
            f"COPY {table} TO stdout",
            ROWS.get(table, 40000),
            app="pg_dump",
        )
    zeek(
        w,
        at,
        vault,
        w.dice.randrange(30000, 60000),
        w.hosts["pg-orders"].ip,
        5432,
        "postgresql",
        90_000,
        310_000_000,
    )
    if (START + timedelta(days=n)).weekday() == 6:
        size = w.dice.randrange(600_000_000, 700_000_000)
        zeek(w, day(n, 3), vault, 41222, "52.218.90.12", 443, "ssl", size, 900_000)
        fw(w, day(n, 3), "permit", vault, 41222, "52.218.90.12", 443, size)


ROWS = {"public.customers": 183_420, "public.orders": 960_000, "public.payment_tokens": 77_310}


def penetration_test(w: World) -> None:
    at = day(5, 10)
    for k in range(60):
        w.syslog(
            "gw-ams-1",
            "messages",
            at + timedelta(seconds=4 * k),
            "sshd",
            f"SSHD_LOGIN_FAILED: Login failed for user 'netops' from host '{PEN_TESTER}'",
        )
    w.syslog(
        "gw-ams-1",
        "messages",
        at + timedelta(minutes=6),
        "mgd",
        f"UI_LOGIN_EVENT: User 'netops' login, class 'j-super-user' [4455], ssh-connection '{PEN_TESTER} 50222 62.212.64.5 22', client-mode 'cli'",
    )
    ssh(w, at + timedelta(hours=2), PEN_TESTER, "qa-build7", "builder", method="password")


def analyst(w: World) -> None:
    at = day(9, 13)
    desk = f"{w.hosts['bastion'].ip.rsplit('.', 2)[0]}.100.21"
    pg(
        w,
        at,
        "omarsh",
        desk,
        "READ",
        "COPY",
        "public.orders",
        "COPY public.orders TO stdout",
        960_000,
    )
    zeek(w, at, desk, 50100, w.hosts["pg-orders"].ip, 5432, "postgresql", 20_000, 88_000_000)


# The intrusion


def attack(w: World) -> None:
    d = w.dice
    foe, drop = d.choice(ATTACKER), d.choice(DROP[:2])
    at = day(d.randrange(11, 14), d.uniform(0, 5))
    foothold = {"router": by_router, "vpn": by_vpn, "web": by_web, "test": by_test}[w.way](
        w, at, foe
    )
    at += timedelta(days=d.choice((1, 2)), hours=d.uniform(0, 4))
    inside = w.hosts[foothold].ip
    for k in range(d.randrange(4, 12)):
        w.syslog(
            "bastion",
            "var/log/auth.log",
            at - timedelta(minutes=3, seconds=-9 * k),
            "sshd",
            f"Failed password for deploy from {inside} port {d.randrange(40000, 60000)} ssh2",
            "guess",
        )
    ssh(w, at, inside, "bastion", "deploy", "move1", method="password", minutes=240)
    w.step("lateral_movement", at, foothold, "bastion", "deploy", "move1")
    store = "pg-orders" if d.random() < 0.6 else "files01"
    at += timedelta(minutes=25)
    size = read_database(w, at) if store == "pg-orders" else read_files(w, at)
    at += timedelta(minutes=40)
    archive = f"/tmp/.x{d.randrange(100, 999)}/{d.choice(('c', 'out', 'b'))}.tar.gz"
    w.syslog(
        "bastion",
        "var/log/auth.log",
        at,
        "sudo",
        f"  deploy : TTY=pts/3 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/tar czf {archive} /tmp/.x",
        "stage",
    )
    w.step("staging", at, "bastion", "bastion", "deploy", "stage")
    at += timedelta(minutes=15)
    port = d.randrange(30000, 60000)
    zeek(w, at, w.hosts["bastion"].ip, port, drop, 443, "ssl", size, size // 300, "leave")
    fw(w, at, "permit", w.hosts["bastion"].ip, port, drop, 443, size, "leave")
    w.step("exfiltration", at, "bastion", drop, "", "leave")
    if d.random() < 0.5:
        at += timedelta(hours=1)
        w.syslog(
            "bastion",
            "var/log/auth.log",
            at,
            "sudo",
            "  deploy : TTY=pts/3 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/truncate -s 0 /var/log/syslog",
            "wipe",
        )
        w.step("defense_evasion", at, "bastion", "bastion", "deploy", "wipe")


def by_router(w: World, at: datetime, foe: str) -> str:
    for k in range(90):
        when = at - timedelta(minutes=20) + timedelta(seconds=13 * k)
        w.syslog(
            "gw-ams-1",
            "messages",
            when,
            "sshd",
            f"SSHD_LOGIN_FAILED: Login failed for user 'netops' from host '{foe}'",
            "brute",
        )
    w.syslog(
        "gw-ams-1",
        "messages",
        at,
        "mgd",
        f"UI_LOGIN_EVENT: User 'netops' login, class 'j-super-user' [5121], ssh-connection '{foe} 51544 62.212.64.5 22', client-mode 'cli'",
        "entry",
    )
    w.step("initial_access", at, foe, "gw-ams-1", "netops", "entry")
    later = at + timedelta(minutes=4)
    w.syslog(
        "gw-ams-1",
        "messages",
        later,
        "mgd",
        "UI_CMDLINE_READ_LINE: User 'netops', command 'show configuration | display set | no-more '",
        "config",
    )
    w.step("discovery", later, "gw-ams-1", "gw-ams-1", "netops", "config")
    hop = at + timedelta(hours=2)
    ssh(w, hop, w.hosts["gw-ams-1"].ip, "qa-build7", "builder", "move0", method="password")
    w.step("lateral_movement", hop, "gw-ams-1", "qa-build7", "builder", "move0")
    return "qa-build7"


def by_vpn(w: World, at: datetime, foe: str) -> str:
    user, pool = "kwolfe", f"{w.hosts['ovpn2'].ip.rsplit('.', 2)[0]}.80.14"
    for text in (
        f"{foe}:40112 TLS: Initial packet from [AF_INET]{foe}:40112, sid=5f2c1e77 9ab0d112",
        f"{foe}:40112 TLS: Username/Password authentication succeeded for username '{user}' ",
        f"{foe}:40112 [{user}] Peer Connection Initiated with [AF_INET]{foe}:40112",
        f"{user}/{foe}:40112 MULTI_sva: pool returned IPv4={pool}, IPv6=(Not enabled)",
    ):
        w.syslog("ovpn2", "var/log/openvpn.log", at, "ovpn-server", text, "entry")
    w.step("initial_access", at, foe, "ovpn2", user, "entry")
    hop = at + timedelta(minutes=30)
    ssh(w, hop, pool, "qa-build7", "builder", "move0", method="password")
    w.step("lateral_movement", hop, "ovpn2", "qa-build7", "builder", "move0")
    return "qa-build7"


def by_web(w: World, at: datetime, foe: str) -> str:
    shopper(
        w, at, foe, "POST /media/upload.php HTTP/1.1", 200, 61, "python-requests/2.32.3", "entry"
    )
    for k, command in enumerate(
        ("id", "cat+/var/www/config.inc.php", "ls+-la+/home", "which+ssh+sshpass")
    ):
        shopper(
            w,
            at + timedelta(seconds=50 * (k + 1)),
            foe,
            f"GET /media/u/9f1.php?cmd={command} HTTP/1.1",
            200,
            900,
            "python-requests/2.32.3",
            "entry",
        )
    w.step("initial_access", at, foe, "shop-web", "", "entry")
    return "shop-web"


def by_test(w: World, at: datetime, foe: str) -> str:
    for k in range(140):
        when = at - timedelta(minutes=30) + timedelta(seconds=12 * k)
        w.syslog(
            "qa-build7",
            "var/log/auth.log",
            when,
            "sshd",
            f"Failed password for builder from {foe} port {33000 + k} ssh2",
            "brute",
        )
    ssh(w, at, foe, "qa-build7", "builder", "entry", method="password")
    w.step("initial_access", at, foe, "qa-build7", "builder", "entry")
    return "qa-build7"


def read_database(w: World, at: datetime) -> int:
    ip, tables = (
        w.hosts["bastion"].ip,
        w.dice.sample(["public.customers", "public.payment_tokens"], w.dice.choice((1, 2))),
    )
    size = 0
    for k, table in enumerate(tables):
        when = at + timedelta(minutes=4 * k)
        pg(
            w,
            when,
            "orders_ro",
            ip,
            "READ",
            "COPY",
            table,
            f"COPY (SELECT * FROM {table}) TO STDOUT WITH CSV",
            ROWS[table],
            "read",
        )
        size += ROWS[table] * 140
        w.taken[f"pg-orders/{table.split('.')[1]}"] = {"rows": ROWS[table]}
    zeek(w, at, ip, 55012, w.hosts["pg-orders"].ip, 5432, "postgresql", 8000, size, "read")
    w.step("collection", at, "bastion", "pg-orders", "orders_ro", "read")
    return int(size * 0.32)


def read_files(w: World, at: datetime) -> int:
    count = w.dice.randrange(300, 900)
    for k in range(count):
        smb(
            w,
            at + timedelta(seconds=1.5 * k),
            "deploy",
            w.hosts["bastion"].ip,
            "pread_done",
            f"contracts/2025/{1000 + k}.pdf",
            "read",
        )
    w.taken["files01/customers"] = {"rows": count}
    w.step("collection", at, "bastion", "files01", "deploy", "read")
    return count * 210_000


# Writing and scoring


def write(w: World, folder: Path) -> None:
    missing = w.dice.choice([k for k in w.lines if k[0] in ("fw-core", "shop-web")])
    gone = day(w.dice.randrange(1, DAYS - 1), 0).date()
    labels = []
    for (host, path), rows in w.lines.items():
        rows.sort(key=lambda r: r[0])
        if (host, path) == missing and not any(r[2] and r[0].date() == gone for r in rows):
            rows[:] = [r for r in rows if r[0].date() != gone]
        head = ZEEK_HEAD if path.startswith("zeek/") else []
        target = folder / "logs" / host / path
        target.parent.mkdir(parents=True, exist_ok=True)
        for number, (_, _, label) in enumerate(rows, start=len(head) + 1):
            if label:
                labels.append({"path": f"{host}/{path}", "line": number, "label": label})
        text = "\n".join([*head, *(r[1] for r in rows)]) + "\n"
        if len(text) > 400_000 and w.dice.random() < 0.3:
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        else:
            target.write_text(text, "utf-8")
    with (folder / "hosts.csv").open("w", newline="") as out:
        rows_out = csv.writer(out)
        rows_out.writerow(["host", "ip", "outside_ip", "time_zone", "role"])
        rows_out.writerows([h.name, h.ip, h.outside, h.zone, h.role] for h in w.hosts.values())
    (folder / "stores.csv").write_text(
        "store,table,elements,rows,unit,avg_bytes\n"
        f"pg-orders,customers,name email phone address,{ROWS['public.customers']},rows,140\n"
        f"pg-orders,payment_tokens,name card,{ROWS['public.payment_tokens']},rows,140\n"
        f"pg-orders,orders,name address,{ROWS['public.orders']},rows,140\n"
        "files01,customers,name passport,2400,files,210000\n"
    )
    base = w.hosts["bastion"].ip.rsplit(".", 2)[0]
    (folder / "facts.txt").write_text(
        "Barman on bkp-vault backs up pg-orders every night between 01:00 and 03:00 UTC (database user barman).\n"
        "Every Sunday around 03:00 UTC bkp-vault copies the archive to object storage at 52.218.90.12.\n"
        f"Penetration test by Hollis Security, ticket SEC-1187, 7 March 2026 08:00-18:00 UTC, from {PEN_TESTER}.\n"
        "Our own addresses outside are 62.212.64.0/27.\n"
        f"The VPN hands out {base}.80.0/24. Desks are in {base}.100.0/24.\n"
    )
    (folder / "labels.json").write_text(
        json.dumps({"labels": labels, "steps": w.steps, "taken": w.taken, "way": w.way})
    )


ZEEK_HEAD = [
    "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\t"
    "local_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents",
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\t"
    "count\tcount\tcount\tcount\tset[string]",
]  # fmt: skip
