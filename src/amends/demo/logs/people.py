"""The staff: shells, files, the VPN in the evening, and their own slips."""

from __future__ import annotations

from amends.demo.logs.clocks import MINUTE, SECOND
from amends.demo.logs.estate import Staff
from amends.demo.logs.rhythm import Stretch
from amends.demo.logs.scene import Scene

_COMMANDS = (
    "ls -la", "cd /srv/app", "git pull", "git log --oneline -5", "tail -n 200 /var/log/app/app.log",
    "df -h", "top -bn1",
    "vim config/settings.yml", "docker ps", "systemctl status app", "grep -n timeout config/settings.yml", "free -m",
    "ss -tlnp", "make test", "python3 manage.py migrate --plan", "tar -czf /tmp/build.tgz dist",
    "scp dist/app.tgz app@staging:/srv/", "curl -s http://127.0.0.1:8080/health", "journalctl -u app -n 50", "exit",
)  # fmt: skip
_ROOT = (
    "/usr/bin/apt-get update",
    "/usr/bin/systemctl restart app",
    "/usr/bin/journalctl -u ssh",
    "/usr/bin/tail /var/log/syslog",
)
_SHARED = ("q3/forecast.xlsx", "q3/pipeline.xlsx", "contracts/renewals_2026.docx", "quotes/quote_2117.pdf",
  "org/business_accounts.xlsx",
           "templates/offer.docx", "price_list_2026.xlsx", "archive/2025/summary.pptx")  # fmt: skip
_CREDIT = (
    "intake\\batch_0711.csv",
    "intake\\batch_0718.csv",
    "reports\\weekly.xlsx",
    "policy\\scorecard.pdf",
    "intake\\batch_0725.csv",
)


def _anyone(scene: Scene, stretch: Stretch, n: int, *jobs: str) -> list[Staff]:
    staff = scene.estate.of_job(*jobs)
    return [staff[k] for k in stretch.whole(0, len(staff), n)]


def shells(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write sessions of administrators and developers: mostly by key, mostly over the jump host."""
    estate = scene.estate
    keys = ("jump", "jump", "test1", "test2", "build", "build", "app", "web", "lake")
    at, spans, chosen = stretch.times(n), stretch.sizes(900, 1.0, n), stretch.whole(0, len(keys), n)
    who, commands = (
        _anyone(scene, stretch, n, "admin", "developer", "dba"),
        stretch.whole(0, 400, n),
    )
    for when, span, place, one, first in zip(at, spans, chosen, who, commands, strict=True):
        key = keys[place]
        seconds = min(max(span, 40), 20_000)
        over = first % 3 and key != "jump"
        if over:
            scene.ssh(when - 30 * SECOND, seconds + 60, one.ip, "jump", one.login, "publickey")
        how = "publickey" if first % 5 else "password"
        scene.ssh(when, seconds, estate["jump"].ip if over else one.ip, key, one.login, how)
        machine = scene.linux[key]
        for k in range(2 + first % 4):
            command = _COMMANDS[(first + k * 7) % len(_COMMANDS)]
            machine.run(when + (20 + k * max(seconds // 8, 3)) * SECOND, one.login, command)
        if one.job == "admin":
            machine.sudo(when + min(seconds // 2, 300) * SECOND, one.login, _ROOT[first % 4])


def windows_files(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write what credit and personnel staff open on the Windows file server, and administrators' logons."""
    estate = scene.estate
    at, chosen = stretch.times(n), stretch.whole(0, 1_000, n)
    who = _anyone(scene, stretch, n, "office", "care", "analyst")
    windows, ip = scene.windows["winfs"], estate["winfs"].ip
    admins = estate.of_job("admin")
    for when, kind, one in zip(at, chosen, who, strict=True):
        if kind < 80:
            admin = admins[kind % len(admins)]
            port = scene.connect(
                when, 1_800, admin.ip, estate["admin"].ip, 3389, 900_000, 4_000_000
            )
            number = scene.windows["admin"].logon(when, when + 30 * MINUTE, admin.login, admin.ip, port, 10,
                                                  station=admin.station.upper(), elevated=True)  # fmt: skip
            image = ("mmc.exe", "powershell.exe", "mstsc.exe", "dsa.msc")[kind % 4]
            scene.windows["admin"].process(when + MINUTE, admin.login, number, f"C:\\Windows\\System32\\{image}", image,
                                           "C:\\Windows\\explorer.exe")  # fmt: skip
            continue
        share, folder = (
            ("hr$", "D:\\Shares\\hr") if kind % 7 == 0 else ("credit", "D:\\Shares\\credit")
        )
        path = (
            f"staff\\{one.login}\\notes_{kind % 40}.docx" if share == "hr$" else _CREDIT[kind % 5]
        )
        port = scene.connect(when, 30, one.ip, ip, 445, 9_000, 60_000 + kind * 90)
        number = windows.logon(
            when, when + 20 * MINUTE, one.login, one.ip, port, 3, station=one.station.upper()
        )
        windows.share(when + 30_000, one.login, number, one.ip, port, share, folder)
        windows.read(when + SECOND, one.login, number, one.ip, port, share, folder, path)


def samba_files(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write what sales opens on the Samba server."""
    nas = scene.estate["nas"].ip
    at, chosen = stretch.times(n), stretch.whole(0, 1_000, n)
    for when, kind, one in zip(
        at, chosen, _anyone(scene, stretch, n, "office", "analyst"), strict=True
    ):
        if kind < 250:
            scene.connect(when, 200, one.ip, nas, 445, 14_000, 300_000 + kind * 700)
            scene.samba.act(when, one.login, one.ip, one.station, "sales", "connect|ok|sales")
        scene.samba.read(when + SECOND, one.login, one.ip, one.station, "sales", _SHARED[kind % 8])
        if kind % 9 == 0:
            scene.samba.act(
                when + MINUTE,
                one.login,
                one.ip,
                one.station,
                "sales",
                f"pwrite|ok|{_SHARED[kind % 8]}",
            )


def vpn_sessions(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write the staff's VPN sessions from home."""
    estate = scene.estate
    at, spans, pool = stretch.times(n), stretch.sizes(5_400, 0.7, n), stretch.whole(10, 39, n)
    for when, span, last, one in zip(
        at,
        spans,
        pool,
        _anyone(scene, stretch, n, "admin", "developer", "office", "analyst"),
        strict=True,
    ):
        inside = f"{estate.networks['vpn']}.{last}"
        sent, back = span * 1_500, span * 9_000
        port = scene.connect(
            when - SECOND, span, one.home, estate["vpn"].outside_ip, 443, sent, back
        )
        if span % 11 == 0:
            scene.vpn.failed(when - 20 * SECOND, one.login, one.home, port)
        scene.vpn.session(when, when + span * SECOND, one.login, one.home, port, inside, sent, back)
        if one.job in ("admin", "developer") and span > 900:
            scene.ssh(when + 2 * MINUTE, span - 300, inside, "jump", one.login, "publickey")


def slips(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write the staff's own failures: wrong passwords, and now and then a lock-out."""
    at, chosen = stretch.times(n), stretch.whole(0, 1_000, n)
    for when, kind, one in zip(
        at, chosen, _anyone(scene, stretch, n, "admin", "developer", "office", "care"), strict=True
    ):
        label = "decoy:user-failure"
        if one.job in ("admin", "developer"):
            key = ("jump", "test1", "build")[kind % 3]
            for k in range(1 + kind % 3):
                scene.ssh_failed(
                    when + k * 7 * SECOND, one.ip, key, one.login, known=True, label=label
                )
            scene.ssh(when + 30 * SECOND, 600, one.ip, key, one.login)
            continue
        windows = scene.windows["winfs"]
        tries = 6 if kind % 10 == 0 else 1 + kind % 2
        for k in range(tries):
            windows.failed(
                when + k * 4 * SECOND,
                one.login,
                one.ip,
                scene.port(),
                3,
                label,
                station=one.station.upper(),
            )
        if tries == 6:
            windows.locked(when + 25 * SECOND, one.login, one.station.upper(), "decoy:lock-out")
