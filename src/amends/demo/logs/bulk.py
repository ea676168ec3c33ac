"""The many: packets refused, requests of customers, surfing, queries of applications, guesses of the internet."""

from __future__ import annotations

from amends.demo.logs.clocks import MINUTE, SECOND
from amends.demo.logs.estate import CONTAINED
from amends.demo.logs.firewall import Flow
from amends.demo.logs.rhythm import Stretch
from amends.demo.logs.scene import Scene
from amends.demo.logs.takings import ARCHIVE, DATABASE

_KNOCKED = (
    22,
    23,
    80,
    81,
    443,
    445,
    1433,
    2222,
    2323,
    3306,
    3389,
    5060,
    5432,
    5555,
    5900,
    6379,
    7547,
    8080,
    8443,
    9200,
)
_PATHS = (
    "/", "/plans", "/plans/unlimited", "/coverage", "/coverage/map", "/shop", "/shop/handsets", "/account/login",
    "/account/usage", "/account/bill", "/support", "/support/sim", "/assets/app.css", "/assets/app.js",
    "/assets/logo.svg", "/favicon.ico", "/api/v1/stores?zip=98004", "/api/v1/plans", "/robots.txt",
)  # fmt: skip
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.5.0", "Go-http-client/1.1",
)  # fmt: skip
_PROBES = (
    "/wp-login.php",
    "/.env",
    "/phpmyadmin/",
    "/actuator/health",
    "/.git/config",
    "/cgi-bin/luci",
)
_GUESSED = (
    "root",
    "admin",
    "test",
    "ubuntu",
    "oracle",
    "postgres",
    "user",
    "ftp",
    "git",
    "pi",
    "guest",
    "support",
    "deploy",
)
_QUERIES = (
    ("SELECT first_name, last_name, email FROM customers WHERE customer_id = $1", "customers"),
    ("SELECT * FROM accounts WHERE account_number = $1", "accounts"),
    ("SELECT line_1, city, state, postal_code FROM addresses WHERE customer_id = $1", "addresses"),
    ("SELECT msisdn, sku FROM lines WHERE account_id = $1", "lines"),
    ("SELECT order_ref, placed_on FROM orders WHERE account_id = $1 ORDER BY placed_on DESC LIMIT 20", "orders"),
    ("SELECT amount_cents, paid_on FROM payments WHERE account_id = $1 ORDER BY paid_on DESC LIMIT 12", "payments"),
    ("SELECT username, password_hash FROM portal_logins WHERE username = $1", "portal_logins"),
    ("SELECT credit_class FROM credit_profiles WHERE customer_id = $1", "credit_profiles"),
)  # fmt: skip


def scans(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write packets of the internet that the router's list or the firewall's rules refused."""
    estate = scene.estate
    at, sources = stretch.times(n), stretch.addresses(n, 4_000)
    ports, doors, sports = (
        stretch.whole(0, len(_KNOCKED), n),
        stretch.whole(0, 10, n),
        stretch.whole(1_024, 65_535, n),
    )
    outside = [estate[key].outside_ip for key in ("web", "vpn", "test1", "fw")] + ["192.0.2.30"]
    edge = estate["edge"].outside_ip
    denied, refused = scene.firewall.denied, scene.router.denied
    for when, source, port, door, sport in zip(at, sources, ports, doors, sports, strict=True):
        if door < 2:
            refused(when, source, sport, edge, _KNOCKED[port])
        else:
            denied(when, source, sport, outside[door % 5], _KNOCKED[port])


def requests(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write what customers (and probes) ask of the web site; one in twelve with its connection."""
    at, sources = stretch.times(n), stretch.addresses(n)
    paths, agents = stretch.whole(0, 400, n), stretch.whole(0, 60, n)
    sizes, kinds = stretch.sizes(5_200, 1.1, n), stretch.whole(0, 1_000, n)
    request, outside = scene.web.request, scene.estate["web"].outside_ip
    for when, source, path, agent, drawn, kind in zip(
        at, sources, paths, agents, sizes, kinds, strict=True
    ):
        size = drawn
        asked, status = f"GET {_PATHS[path * path // 8_500]} HTTP/1.1", 200
        if kind < 14:
            asked, status, size = f"GET {_PROBES[kind % 6]} HTTP/1.1", 404, 196
        elif kind < 60:
            asked, status = "POST /account/login HTTP/1.1", (302 if kind > 24 else 401)
        elif kind < 110:
            status, size = 304, 0
        who = source if kind % 31 else f"2001:db8:{size & 0xFFFF:x}:{path:x}::{agent:x}"
        request(
            when,
            who,
            "-",
            asked,
            status,
            size,
            "-" if kind % 3 else "https://www.larkspur.example/",
            _AGENTS[agent % 7 if agent < 12 else agent % 4],
        )
        if kind % 12 == 0:
            scene.passed(
                Flow(
                    when,
                    1.5 + kind % 9,
                    source,
                    20_000 + path * 97,
                    outside,
                    443,
                    1_800 + kind,
                    size * 6 + 4_000,
                )
            )


def surfing(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write the staff's and the machines' connections to the internet."""
    estate = scene.estate
    at, targets = stretch.times(n), stretch.addresses(n, 320)
    who, ports = stretch.whole(0, len(estate.staff), n), stretch.whole(0, 20, n)
    sent, back, spans = (
        stretch.sizes(3_500, 1.4, n),
        stretch.sizes(28_000, 1.7, n),
        stretch.sizes(9, 1.2, n),
    )
    passed, port = scene.passed, scene.port
    for when, target, person, dport, up, down, span in zip(
        at, targets, who, ports, sent, back, spans, strict=True
    ):
        source = estate.staff[person].ip
        number = 443 if dport > 2 else (80, 53, 123)[dport]
        if number in (53, 123):
            passed(Flow(when, 0.1, source, port(), target, number, 76, 140, "udp"))
        else:
            passed(Flow(when, span + 0.25, source, port(), target, number, up, down))


def queries(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write what the applications ask of the customer database."""
    estate, postgres = scene.estate, scene.postgres
    app, user = estate["app"].ip, estate.services["app"]
    at, kinds, counts = stretch.times(n), stretch.whole(0, len(_QUERIES), n), stretch.whole(0, 4, n)
    session, ends = None, 0
    for when, kind, count in zip(at, kinds, counts, strict=True):
        if session is None or when > ends:
            if session is not None:
                postgres.close(ends, session)
            session = postgres.open(when - 5_000, user, DATABASE, app, scene.port(), "care-portal")
            ends = when + 55 * MINUTE
        sql, table = _QUERIES[kind]
        postgres.query(when, session, sql, (table,), 1 if kind < 3 else count)
    if session is not None:
        postgres.close(max(ends, at[-1]), session)


def archive_queries(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write what care looks up about former customers."""
    estate, maria = scene.estate, scene.maria
    app, user = estate["app"].ip, estate.services["archive"]
    number = 0
    for place, (when, key) in enumerate(
        zip(stretch.times(n), stretch.whole(10**9, 4 * 10**9, n), strict=True)
    ):
        if place % 60 == 0:
            if number:
                maria.close(when - 2_000, user, app, number, ARCHIVE)
            number = maria.open(when - 1_000, user, app, ARCHIVE)
        sql = f"SELECT lname, fname, disc_dt FROM cust_hist WHERE acct_no = '{key}'"
        maria.query(when, user, app, number, ARCHIVE, sql, ("cust_hist",))


def guesses(scene: Scene, stretch: Stretch, n: int) -> None:
    """Write the internet's guesses at everything that asks for a password."""
    estate = scene.estate
    # What asks the internet for a password: the router, the VPN, a test server.
    doors = ("edge", "test1", "edge", "test1", "vpn")
    at, sources = stretch.times(n), stretch.addresses(n, 700)
    names, chosen = stretch.whole(0, len(_GUESSED), n), stretch.whole(0, len(doors), n)
    for when, source, name, door in zip(at, sources, names, chosen, strict=True):
        user, target = _GUESSED[name], doors[door]
        if target == "test1":
            scene.ssh_failed(when, source, "test1", user, known=user in ("root", "deploy"))
        elif target == "edge":
            if when >= CONTAINED:
                continue
            port = scene.port()
            scene.flows.seen(
                Flow(when - SECOND, 2.1, source, port, estate["edge"].outside_ip, 22, 1_850, 2_300)
            )
            scene.router.failed(when, user, source, port, "ssh")
        else:
            port = scene.port()
            scene.flows.seen(
                Flow(when - SECOND, 2.4, source, port, estate["vpn"].outside_ip, 443, 2_900, 5_000)
            )
            scene.vpn.failed(when, user, source, port)
