"""The machines: cron, monitoring, leases, the nightly and weekly jobs."""

from __future__ import annotations

from amends.demo.logs.clocks import HOUR, MINUTE, SECOND
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.estate import CONTAINED
from amends.demo.logs.firewall import Flow
from amends.demo.logs.holdings import Held
from amends.demo.logs.rhythm import Stretch, days, weekday
from amends.demo.logs.roster import OFFSITE
from amends.demo.logs.scene import LINUX, Scene
from amends.demo.logs.takings import ARCHIVE, DATABASE

_JOBS = (
    ("root", "/usr/lib/sysstat/debian-sa1 1 1"), ("root", "   cd / && run-parts --report /etc/cron.hourly"),
    ("www-data", "/usr/bin/php /srv/app/cron.php"), ("root", "/usr/local/sbin/rotate-keys --check"),
)  # fmt: skip
_SAID = (
    ("systemd[1]", "Started Session {n} of User root."), ("systemd[1]", "Starting Daily apt download activities..."),
    ("systemd[1]", "logrotate.service: Deactivated successfully."), ("kernel",
      "[{n}.120331] TCP: request_sock_TCP: Possible SYN flooding on port 443."),
    ("chronyd[655]", "Selected source 192.0.2.123"), ("systemd-resolved[588]",
      "Clock change detected. Flushing caches."),
    ("postfix/smtpd[{n}]", "connect from localhost[127.0.0.1]"), ("rsyslogd",
      "[origin software=\"rsyslogd\" swVersion=\"8.2302.0\" x-pid=\"{n}\"] rsyslogd was HUPed"),
)  # fmt: skip
LINE_RATE = 40_000_000


def heartbeats(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write cron's jobs, what services say, and the monitor's sign-ins."""
    estate = scene.estate
    at, hosts, kinds = stretch.times(n), stretch.whole(0, len(LINUX), n), stretch.whole(0, 60, n)
    monitor, source = estate.services["monitor"], estate["collector"].ip
    for when, place, kind in zip(at, hosts, kinds, strict=True):
        key = LINUX[place]
        machine = scene.linux[key]
        if kind < 20:
            machine.cron(when, *_JOBS[kind % 4])
        elif kind < 24 and key != "collector":
            scene.ssh(when, 3, source, key, monitor, "publickey")
            machine.run(when + SECOND, monitor, "/usr/bin/uptime", interactive=False)
        elif kind == 24:
            scene.router.flap(when, when % 3)
        else:
            program, text = _SAID[kind % 8]
            number = str(1_000 + when // SECOND % 60_000)
            machine.log(when, program.replace("{n}", number), text.replace("{n}", number))


def leases(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write leases of workstations."""
    staff = scene.estate.staff
    for when, who in zip(stretch.times(n), stretch.whole(0, len(staff), n), strict=True):
        scene.dhcp.lease(when, staff[who].ip, staff[who].station, renew=bool(when % 5))


def daily(scene: Scene, deeds: Deeds, start: int, end: int) -> None:
    """Write what happens at its hour: backups, the off-site copy, the configuration archive, updates."""
    for at in days(start, end, HOUR + 10 * MINUTE):
        _backup(scene, deeds, at)
    for at in days(start, end, 5 * HOUR):
        if weekday(at) == 6:
            _offsite(scene, deeds, at)
    for at in days(start, end, 4 * HOUR + 20 * MINUTE):
        _configs(scene, at)
    for at in days(start, end, 6 * HOUR + 25 * MINUTE):
        _updates(scene, at)
    for at in days(start, end, 2 * HOUR + 5 * MINUTE):
        _etl(scene, at)
    for hour in range(start, end, 6 * HOUR):
        scene.postgres.system(hour + 11 * MINUTE, "checkpoint starting: time")
        scene.postgres.system(hour + 13 * MINUTE, "checkpoint complete: wrote 812 buffers (5.0%); 0 WAL file(s) "
            "added, 0 removed, "
                              "1 recycled; write=81.412 s, sync=0.011 s, total=81.440 s")  # fmt: skip


def _tables(deeds: Deeds, store: str) -> list[Held]:
    return [held for held in deeds.held if held.store == store]


def _backup(scene: Scene, deeds: Deeds, at: int) -> None:
    """Write the nightly backup: every table of both databases, and the file servers by ssh."""
    estate, label = scene.estate, "decoy:backup"
    backup, account = estate["backup"].ip, estate.services["backup"]
    scene.linux["backup"].cron(at - SECOND, "root", "/usr/local/sbin/nightly-backup", label)
    port, begin = scene.port(), at
    session = scene.postgres.open(at, account, DATABASE, backup, port, "pg_dump", label)
    size = 0
    for held in _tables(deeds, "crm-db"):
        at += int(SECOND * (1 + held.size / LINE_RATE))
        scene.postgres.query(
            at, session, f"COPY public.{held.table} TO stdout;", (held.table,), None, label
        )
        size += held.size
    scene.postgres.close(at + SECOND, session, label)
    scene.passed(
        Flow(begin, (at - begin) / SECOND, backup, port, estate["crm"].ip, 5432, 12_000, size),
        label,
    )
    at, size, maria = at + MINUTE, 0, scene.maria
    number = maria.open(at, account, backup, ARCHIVE, label)
    begin = at
    for held in _tables(deeds, "archive-db"):
        sql = f"SELECT /*!40001 SQL_NO_CACHE */ * FROM `{held.table}`"
        at += int(SECOND * (1 + held.size / LINE_RATE))
        maria.query(at, account, backup, number, ARCHIVE, sql, (held.table,), label)
        size += held.size
    maria.close(at + SECOND, account, backup, number, ARCHIVE, label)
    scene.passed(
        Flow(
            begin,
            (at - begin) / SECOND + 1,
            backup,
            scene.port(),
            estate["archive"].ip,
            3306,
            6_000,
            size,
        ),
        label,
    )
    for key, stores in (
        ("nas", ("sales-share", "mail-archive")),
        ("lake", ("device-lake",)),
        ("billing", ("prepaid-billing",)),
    ):
        at += 6 * MINUTE
        size = sum(held.size for store in stores for held in _tables(deeds, store))
        scene.ssh(
            at,
            60 + size / LINE_RATE,
            backup,
            key,
            account,
            "publickey",
            label,
            sent=20_000,
            back=size + 40_000,
        )


def _offsite(scene: Scene, deeds: Deeds, at: int) -> None:
    """Write the weekly copy to the vault provider: the largest egress there is, and a rightful one."""
    whole = sum(held.size for held in deeds.held if held.store != "backup-server") * 7
    port = 22 if scene.estate.flavours["offsite"] == "sftp" else 443
    for part in range(12):
        when = at + part * 20 * MINUTE
        octets = whole // 12 + 40_000 + part * 977
        scene.connect(
            when,
            1_000 + part,
            scene.estate["backup"].ip,
            OFFSITE,
            port,
            octets,
            octets // 70,
            "decoy:off-site",
        )


def _configs(scene: Scene, at: int) -> None:
    """Write the nightly archive of configurations, which reads the router's configuration every night."""
    estate = scene.estate
    if at >= CONTAINED:
        return
    ios = estate["edge"].dialect == "ios"
    source, label = estate["collector"].ip, "decoy:config-archive"
    commands = (
        ("terminal length 0", "show version", "show running-config")
        if ios
        else ("show version", "show configuration | display set | no-more")
    )
    port = scene.connect(at - SECOND, 40, source, estate["edge"].ip, 22, 4_000, 60_000, label)
    done = tuple((at + (4 + 6 * k) * SECOND, text, "") for k, text in enumerate(commands))
    scene.router.signed_in(at, at + 38 * SECOND, "rancid", source, port, "ssh", done, label)
    if weekday(at) in (1, 3):
        admin = estate.of_job("admin")[weekday(at) % 4]
        when = at + 14 * HOUR
        port = scene.connect(
            when - SECOND, 700, estate["jump"].ip, estate["edge"].ip, 22, 9_000, 40_000
        )
        work = ((when + 60 * SECOND, "show interfaces status" if ios else "show interfaces terse", ""),
                (when + 120 * SECOND, "configure terminal" if ios else "configure", ""))  # fmt: skip
        scene.router.signed_in(
            when, when + 600 * SECOND, admin.login, estate["jump"].ip, port, "ssh", work
        )
        scene.firewall.admin(
            when + HOUR, admin.login, estate["jump"].ip, ("show access-list", "write memory")
        )


def _updates(scene: Scene, at: int) -> None:
    """Write the hosts' updates: downloads from a mirror."""
    for place, key in enumerate(LINUX):
        when = at + place * 3 * MINUTE
        machine = scene.linux[key]
        machine.log(
            when, "systemd[1]", "Starting Daily apt upgrade and clean activities...", "decoy:update"
        )
        scene.connect(
            when + SECOND,
            25,
            scene.estate[key].ip,
            "198.18.4.80",
            443,
            30_000,
            9_000_000 + place * 811_000,
            "decoy:update",
        )


def _etl(scene: Scene, at: int) -> None:
    """Write the nightly job that the credential in the script is for: yesterday's rows, from the application server."""
    estate, postgres = scene.estate, scene.postgres
    app, account = estate["app"].ip, estate.services["etl"]
    session = postgres.open(at, account, DATABASE, app, scene.port(), "etl")
    for place, table in enumerate(("accounts", "lines", "orders")):
        sql = f"COPY (SELECT * FROM {table} WHERE updated_on = CURRENT_DATE - 1) TO STDOUT"
        postgres.query(at + (place + 1) * 4 * SECOND, session, sql, (table,), 40 + at // HOUR % 90)
    postgres.close(at + 40 * SECOND, session)
    scene.ssh(at + 2 * MINUTE, 12, app, "lake", account, "publickey", sent=220_000, back=9_000)
    scene.linux["app"].cron(at, account, f"/opt/etl/{account}_sync.sh")
