"""What looks like an intruder and is none: the tester, the scanner, the analyst's export, the DBA's maintenance."""

from __future__ import annotations

import random

from amends.demo.logs.clocks import DAY, HOUR, MINUTE, SECOND
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.estate import FROM, TO
from amends.demo.logs.firewall import Flow
from amends.demo.logs.rhythm import days, weekday
from amends.demo.logs.scene import LINUX, Scene
from amends.demo.logs.staff import Tester
from amends.demo.logs.takings import DATABASE


def act(scene: Scene, deeds: Deeds, tester: Tester) -> None:
    """Write all of it."""
    chance = random.Random(scene.estate.seed * 17_000_023 + 9)
    _test(scene, tester, chance)
    _scanner(scene, chance)
    _export(scene, deeds, tester.start + 4 * DAY)
    _maintenance(scene, deeds, tester.start + 6 * DAY)
    _traveller(scene, tester, chance)


def _test(scene: Scene, tester: Tester, chance: random.Random) -> None:
    """Write the ordered test: guesses, then a sign-in that was given to them, and a look around."""
    label = "decoy:penetration-test"
    at, test = tester.start + 20 * MINUTE, scene.linux["test1"]
    for number in range(chance.randrange(150, 320)):
        scene.ssh_failed(at + number * 9 * SECOND, tester.ip, "test1", ("root", "admin", tester.account)[number % 3],
                         known=number % 3 != 1, label=label)  # fmt: skip
    agent = "Mozilla/5.0 (compatible; Hollow Oak assessment; ticket " + tester.ticket + ")"
    for number in range(chance.randrange(200, 400)):
        path = (
            "/login",
            "/api/v1/plans?id=1%27%20OR%201=1--",
            "/../../etc/passwd",
            "/admin",
            "/.env",
        )[number % 5]
        scene.web.request(
            at + number * 11 * SECOND,
            tester.ip,
            "-",
            f"GET {path} HTTP/1.1",
            404 if number % 5 else 200,
            512,
            "-",
            agent,
            label,
        )
    for day in range(2):
        begin = tester.start + HOUR + day * DAY
        scene.ssh(begin + 2 * HOUR, 5_400, tester.ip, "test1", tester.account, label=label)
        for place, command in enumerate(
            (
                "id",
                "uname -a",
                "sudo -l",
                "cat /etc/passwd",
                "ss -tlnp",
                "tar -czf /tmp/evidence.tgz /tmp/report",
            )
        ):
            test.run(begin + 2 * HOUR + (30 + place * 25) * SECOND, tester.account, command, label)


def _scanner(scene: Scene, chance: random.Random) -> None:
    """Write the inside scanner: ports that are shut, sign-ins with its own account, guesses of defaults."""
    estate, label = scene.estate, "decoy:scanner"
    source, account = estate["scanner"].ip, estate.services["scan"]
    for night in days(FROM, TO, 3 * HOUR + 5 * MINUTE):
        if weekday(night) not in (1, 4):
            continue
        at = night
        for key in LINUX:
            if key == "scanner":
                continue
            for port in chance.sample(
                (21, 23, 80, 135, 139, 443, 445, 1433, 3306, 3389, 5432, 8080), 4
            ):
                scene.firewall.denied(at, source, scene.port(), estate[key].ip, port, label)
                at += 300_000
            scene.ssh_failed(at + SECOND, source, key, "admin", known=False, label=label)
            scene.ssh(at + 6 * SECOND, 40, source, key, account, "publickey", label)
            at += MINUTE


def _export(scene: Scene, deeds: Deeds, at: int) -> None:
    """Write the analyst's quarterly export: many rows, by somebody who may."""
    estate, label = scene.estate, "decoy:analyst-export"
    analyst = estate.of_job("analyst")[0]
    at += 4 * HOUR
    port = scene.port()
    session = scene.postgres.open(
        at, analyst.login, DATABASE, analyst.ip, port, "DBeaver 24.1", label
    )
    when, size = at, 0
    for name in ("payments", "accounts"):
        held = next(one for one in deeds.held if one.table == name)
        when += 90 * SECOND
        scene.postgres.query(when, session, f"SELECT * FROM {name}", (name,), held.rows, label)
        size += held.size
    scene.postgres.close(when + 2 * MINUTE, session, label)
    scene.passed(
        Flow(at, (when - at) / SECOND + 60, analyst.ip, port, estate["crm"].ip, 5432, 9_000, size),
        label,
    )


def _maintenance(scene: Scene, deeds: Deeds, at: int) -> None:
    """Write the DBA's maintenance: at night, as a superuser, on every table."""
    estate, label = scene.estate, "decoy:maintenance"
    dba = estate.of_job("dba")[0]
    at = at // DAY * DAY + 2 * HOUR + 15 * MINUTE
    source = estate["jump"].ip
    scene.ssh(
        at - 5 * MINUTE,
        9_000,
        f"{estate.networks['vpn']}.{22}",
        "jump",
        dba.login,
        "publickey",
        label,
    )
    port = scene.port()
    session = scene.postgres.open(at, dba.login, DATABASE, source, port, "psql", label)
    when = at
    for held in deeds.held:
        if held.store != "crm-db":
            continue
        when += 3 * MINUTE
        scene.postgres.query(
            when,
            session,
            f"CREATE TABLE {held.table}_new AS SELECT * FROM {held.table}",
            (held.table,),
            held.rows,
            label,
        )
        scene.postgres.query(
            when + MINUTE,
            session,
            f"VACUUM ANALYZE {held.table}",
            (),
            None,
            label,
            ("MISC", "VACUUM"),
        )
    scene.postgres.close(when + 4 * MINUTE, session, label)
    scene.passed(
        Flow(at, (when - at) / SECOND + 240, source, port, estate["crm"].ip, 5432, 14_000, 61_000),
        label,
    )


def _traveller(scene: Scene, tester: Tester, chance: random.Random) -> None:
    """Write somebody who signs in to the VPN from an address never seen before, at night: on a journey."""
    estate, label = scene.estate, "decoy:traveller"
    one = estate.of_job("developer")[2]
    away = f"198.19.{chance.randrange(1, 250)}.{chance.randrange(1, 250)}"
    for day in range(3):
        at = tester.start + (10 + day) * DAY + 19 * HOUR + chance.randrange(3_000) * SECOND
        port = scene.connect(
            at - SECOND, 5_000, away, estate["vpn"].outside_ip, 443, 4_000_000, 30_000_000, label
        )
        scene.vpn.session(at, at + 5_000 * SECOND, one.login, away, port, f"{estate.networks['vpn']}.{30 + day}",
                          4_000_000, 30_000_000, label)  # fmt: skip
        scene.ssh(
            at + 5 * MINUTE,
            3_600,
            f"{estate.networks['vpn']}.{30 + day}",
            "jump",
            one.login,
            "publickey",
            label,
        )
