"""The intruder's reads, archives and the way out."""

from __future__ import annotations

from amends.demo.logs.clocks import MINUTE, SECOND
from amends.demo.logs.databases import PgSession
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.firewall import Flow
from amends.demo.logs.holdings import Held
from amends.demo.logs.leaving import pack, place

DATABASE = "larkspur_crm"
ARCHIVE = "lw_archive"
_KEYS = {"accounts": "account_id", "addresses": "address_id", "device_skus": "sku", "identity_checks": "check_id",
         "lines": "line_id", "orders": "order_ref", "tower_sites": "site_id"}  # fmt: skip
RATE = 4_000_000


def read_databases(deeds: Deeds, at: int) -> None:
    """Read the customer database and the archive; then pack what came out."""
    host, user = place(deeds)
    at = _crm(deeds, at, host, user)
    at = _peek(deeds, at + 2 * MINUTE)
    at = _archive(deeds, at + 3 * MINUTE, host, user)
    size = sum(held.size for store in ("crm-db", "archive-db") for held in deeds.tables_of(store))
    pack(deeds, 1, at + 4 * MINUTE, size, 0.29)


def read_files(deeds: Deeds, at: int) -> None:
    """Read shares and servers of files; then pack what came out."""
    size = 0
    for store in ("credit-share", "hr-share"):
        at, n = _windows_share(deeds, store, at + 2 * MINUTE)
        size += n
    for store in ("sales-share", "mail-archive"):
        at, n = _samba_share(deeds, store, at + 2 * MINUTE)
        size += n
    for store in ("device-lake", "prepaid-billing"):
        at, n = _copied(deeds, store, at + 2 * MINUTE)
        size += n
    size += _own_files(deeds, at + MINUTE)
    _voice(deeds, at + 4 * MINUTE)
    pack(deeds, 2, at + 12 * MINUTE, size, 0.62)


def _crm(deeds: Deeds, at: int, host: str, user: str) -> int:
    scene, story, estate = deeds.scene, deeds.story, deeds.estate
    source, target, account = estate[host].ip, estate["crm"], estate.services["etl"]
    label = deeds.step(
        "read:crm-db",
        "collection",
        at,
        estate[host].name,
        "crm-db",
        account,
        "T1213",
        story.database,
    )
    tables = deeds.tables_of("crm-db")
    size = sum(held.size for held in tables)
    shell = scene.linux[host]
    words = f"-h {target.ip} -U {account}"
    if story.database == "dump":
        shell.run(
            at - 5 * SECOND,
            user,
            f"pg_dump {words} -Fc -f /var/tmp/.cache/crm.dump {DATABASE}",
            label,
        )
    else:
        shell.run(
            at - 5 * SECOND,
            user,
            f"psql {words} -d {DATABASE} -f /var/tmp/.cache/q.sql -o /var/tmp/.cache/crm.out",
            label,
        )
    begin = at
    program = "pg_dump" if story.database == "dump" else "psql"
    port = scene.port()
    session = scene.postgres.open(at, account, DATABASE, source, port, program, label)
    for held in tables:
        at = _table(deeds, session, held, at + 2 * SECOND, label)
        deeds.take(held, label, ["audit", "flow"])
    at += 2 * SECOND
    scene.postgres.close(at, session, label)
    _flow(deeds, begin, at, source, port, target.ip, 5432, 9_000 + 400 * len(tables), size, label)
    return at


def _table(deeds: Deeds, session: PgSession, held: Held, at: int, label: str) -> int:
    """Read one table in the way of the story; return when it ended."""
    postgres, name, seconds = deeds.scene.postgres, held.table, held.size / RATE
    key = _KEYS.get(name, "customer_id")
    if deeds.story.database == "dump":
        postgres.query(
            at,
            session,
            f"LOCK TABLE public.{name} IN ACCESS SHARE MODE",
            (),
            None,
            label,
            ("MISC", "LOCK TABLE"),
        )
        postgres.query(
            at + 200_000, session, f"COPY public.{name} TO stdout;", (name,), None, label
        )
    elif deeds.story.database == "copy":
        postgres.query(
            at,
            session,
            f"COPY (SELECT * FROM {name}) TO STDOUT WITH CSV HEADER",
            (name,),
            held.rows,
            label,
        )
    else:
        page = max(5_000, -(-held.rows // 150))
        for number in range(-(-held.rows // page)):
            sql = f"SELECT * FROM {name} ORDER BY {key} LIMIT {page} OFFSET {number * page}"
            postgres.query(at, session, sql, (name,), min(page, held.rows - number * page), label)
            at += int(SECOND * (0.6 + page * held.avg_bytes / RATE))
        return at
    return at + int(SECOND * (0.3 + seconds))


def _peek(deeds: Deeds, at: int) -> int:
    """Look into a table that is not taken: ten rows of payments."""
    scene, estate = deeds.scene, deeds.estate
    host, user = place(deeds)
    source, account = estate[host].ip, estate.services["etl"]
    label = deeds.step(
        "peek:crm-db", "discovery", at, estate[host].name, "crm-db", account, "T1213", "query"
    )
    sql = "SELECT * FROM payments LIMIT 10"
    scene.linux[host].run(
        at - SECOND, user, f"psql -h {estate['crm'].ip} -U {account} -d {DATABASE}", label
    )
    port = scene.port()
    session = scene.postgres.open(at, account, DATABASE, source, port, "psql", label)
    listed = "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind = 'r' ORDER BY 1"
    scene.postgres.query(at + 2 * SECOND, session, listed, ("pg_class",), 11, label)
    scene.postgres.query(at + 20 * SECOND, session, sql, ("payments",), 10, label)
    scene.postgres.close(at + 40 * SECOND, session, label)
    _flow(deeds, at, at + 40 * SECOND, source, port, estate["crm"].ip, 5432, 2_100, 4_400, label)
    payments = next(held for held in deeds.held if held.table == "payments")
    deeds.take(payments, label, ["audit"], read=10, left=False)
    return at + MINUTE


def _archive(deeds: Deeds, at: int, host: str, user: str) -> int:
    scene, estate = deeds.scene, deeds.estate
    source, target, account = estate[host].ip, estate["archive"], estate.services["archive"]
    how = deeds.story.archive
    label = deeds.step(
        "read:archive-db", "collection", at, estate[host].name, "archive-db", account, "T1213", how
    )
    begin, tables = at, deeds.tables_of("archive-db")
    words = f"-h {target.ip} -u {account}"
    command = (
        f"mysqldump {words} --single-transaction {ARCHIVE}"
        if how == "dump"
        else f"mysql {words} -B {ARCHIVE}"
    )
    scene.linux[host].run(at - SECOND, user, f"{command} > /var/tmp/.cache/arch.sql", label)
    maria = scene.maria
    number = maria.open(at, account, source, ARCHIVE, label)
    for held in tables:
        if how == "dump":
            sql = f"SELECT /*!40001 SQL_NO_CACHE */ * FROM `{held.table}`"
            maria.query(at + SECOND, account, source, number, ARCHIVE, sql, (held.table,), label)
            at += int(SECOND * (2 + held.size / RATE))
            continue
        page = max(10_000, -(-held.rows // 120))
        key = "hist_id" if held.table == "cust_hist" else "bill_id"
        for part in range(-(-held.rows // page)):
            sql = f"SELECT * FROM {held.table} ORDER BY {key} LIMIT {part * page},{page}"
            maria.query(at + SECOND, account, source, number, ARCHIVE, sql, (held.table,), label)
            at += int(SECOND * (1 + page * held.avg_bytes / RATE))
    at += 2 * SECOND
    maria.close(at, account, source, number, ARCHIVE, label)
    for held in tables:
        deeds.take(held, label, ["audit", "flow"])
    size = sum(held.size for held in tables)
    _flow(deeds, begin, at, source, scene.port(), target.ip, 3306, 4_000, size, label)
    return at


def _flow(
    deeds: Deeds,
    begin: int,
    end: int,
    src: str,
    sport: int,
    dst: str,
    dport: int,
    sent: int,
    back: int,
    label: str,
) -> None:
    deeds.scene.passed(
        Flow(
            begin - 100_000,
            (end - begin) / SECOND + 0.2,
            src,
            sport,
            dst,
            dport,
            sent,
            int(back * 1.03) + 900,
        ),
        label,
    )


def _windows_share(deeds: Deeds, store: str, at: int) -> tuple[int, int]:
    scene, estate = deeds.scene, deeds.estate
    host, user = place(deeds)
    source, account, target = estate[host].ip, estate.services["credit"], estate["winfs"]
    share = "credit" if store == "credit-share" else "hr$"
    folder = "D:\\Shares\\credit" if store == "credit-share" else "D:\\Shares\\hr"
    label = deeds.step(
        f"read:{store}", "collection", at, estate[host].name, store, account, "T1039", "smb"
    )
    scene.linux[host].run(
        at - 2 * SECOND,
        user,
        f"smbclient //{target.ip}/{share} -U LARKSPUR/{account} -c 'recurse; prompt off; mget *'",
        label,
    )
    files = deeds.files_of(store)
    if store == "credit-share":
        files = [("credit_applicants.csv", files[0][1])]
    size = sum(octets for _, octets in files)
    seconds = size / RATE + len(files) * 0.4 + 3
    port = scene.connect(
        at,
        seconds,
        source,
        target.ip,
        445,
        6_000 + 700 * len(files),
        int(size * 1.04) + 9_000,
        label,
    )
    windows = scene.windows["winfs"]
    number = windows.logon(
        at,
        at + int(seconds * SECOND),
        account,
        source,
        port,
        3,
        label,
        station=estate[host].name.upper(),
    )
    windows.share(at + 20_000, account, number, source, port, share, folder, label)
    when = at + SECOND
    for path, octets in files:
        windows.read(
            when, account, number, source, port, share, folder, path.replace("/", "\\"), label
        )
        when += int(SECOND * (0.4 + octets / RATE))
    (held,) = deeds.tables_of(store)
    deeds.take(held, label, ["audit", "flow"])
    return when, size


def _samba_share(deeds: Deeds, store: str, at: int) -> tuple[int, int]:
    scene, estate = deeds.scene, deeds.estate
    host, user = place(deeds)
    source, account, target = estate[host].ip, estate.services["credit"], estate["nas"]
    share = "sales" if store == "sales-share" else "mailarchive"
    label = deeds.step(
        f"read:{store}", "collection", at, estate[host].name, store, account, "T1039", "smb"
    )
    (held,) = deeds.tables_of(store)
    name = held.table
    scene.linux[host].run(
        at - 2 * SECOND,
        user,
        f"smbclient //{target.ip}/{share} -U LARKSPUR/{account} -c 'get {name}'",
        label,
    )
    size = sum(octets for _, octets in deeds.files_of(store))
    seconds = size / RATE + 3
    scene.connect(at, seconds, source, target.ip, 445, 5_000, int(size * 1.04) + 5_000, label)
    station = estate[host].name
    scene.samba.act(at, account, source, station, share, f"connect|ok|{share}", label)
    scene.samba.read(at + SECOND, account, source, station, share, name, label)
    end = at + int(seconds * SECOND)
    scene.samba.act(end, account, source, station, share, f"disconnect|ok|{share}", label)
    deeds.take(held, label, ["audit", "flow"])
    return end, size


_PLACES = {
    "device-lake": "/srv/lake/export/devices.parquet",
    "prepaid-billing": "/srv/export/prepaid_subscribers.psv.gz",
}


def _copied(deeds: Deeds, store: str, at: int) -> tuple[int, int]:
    scene, estate = deeds.scene, deeds.estate
    host, user = place(deeds)
    key = deeds.store_hosts[store]
    source, account, target = estate[host].ip, estate.services["etl"], estate[key]
    label = deeds.step(
        f"read:{store}", "collection", at, estate[host].name, store, account, "T1005", "scp"
    )
    scene.linux[host].run(
        at - SECOND,
        user,
        f"scp -i /home/{user}/.ssh/id_etl {account}@{target.ip}:{_PLACES[store]} /var/tmp/.cache/",
        label,
    )
    (held,) = deeds.tables_of(store)
    size = sum(octets for _, octets in deeds.files_of(store))
    seconds = size / RATE + 4
    scene.ssh(
        at,
        seconds,
        source,
        key,
        account,
        "publickey",
        label,
        sent=14_000,
        back=int(size * 1.03) + 6_000,
    )
    machine = scene.linux[key]
    if machine.audit is not None:
        machine.run(at + SECOND, account, f"scp -f {_PLACES[store]}", label, interactive=False)
    deeds.take(held, label, ["auth", "flow"])
    return at + int(seconds * SECOND), size


def _own_files(deeds: Deeds, at: int) -> int:
    """Take what lies on the test server itself."""
    story, scene = deeds.story, deeds.scene
    key = deeds.store_hosts["test-server"]
    user = next(hop.user for hop in story.hops if hop.key == key)
    name = deeds.estate[key].name
    label = deeds.step(
        "read:test-server", "collection", at, name, "test-server", user, "T1005", "files"
    )
    scene.linux[key].run(at, user, "cp -r /srv/misc /var/tmp/.cache/misc", label)
    (held,) = deeds.tables_of("test-server")
    size = sum(octets for _, octets in deeds.files_of("test-server"))
    if key != story.gathers:
        target, mine = deeds.estate[key], deeds.estate[story.gathers]
        scene.ssh(
            at + SECOND,
            5,
            mine.ip,
            key,
            user,
            "password",
            label,
            sent=6_000,
            back=int(size * 1.03) + 4_000,
        )
        words = f"scp -r {user}@{target.ip}:/var/tmp/.cache/misc /var/tmp/.cache/"
        scene.linux[story.gathers].run(at + SECOND, story.hops[-1].user, words, label)
    deeds.take(held, label, ["command"])
    return size


def _voice(deeds: Deeds, at: int) -> None:
    """Copy the PINs of the voice system, of which no log was kept: only the flow shows it."""
    scene, estate = deeds.scene, deeds.estate
    host, user = place(deeds)
    source, target, account = estate[host].ip, estate["ivr"], estate.services["etl"]
    label = deeds.step(
        "read:ivr-db", "collection", at, estate[host].name, "ivr-db", account, "T1005", "scp"
    )
    held = next(one for one in deeds.held if one.store == "ivr-db")
    scene.linux[host].run(
        at - SECOND,
        user,
        f"scp -i /home/{user}/.ssh/id_etl {account}@{target.ip}:/opt/ivr/export/account_pins.csv /var/tmp/.cache/",
        label,
    )
    scene.connect(
        at, held.size / RATE + 4, source, target.ip, 22, 9_000, int(held.size * 1.03) + 6_000, label
    )
    deeds.take(held, label, ["flow"])
