"""The network as it is: services, who may reach whom, which secret lies where; and what the fixes changed.

Conventions of the room *paths*: weak authentication is ``mfa no`` with ``lockout no``; a found credential opens its
target only while its fingerprint is the current one; a zone's inbound list says what the zone may send.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace

from amends.demo.logs.estate import Estate
from amends.demo.logs.holdings import Held
from amends.demo.logs.story import Story

KEV = "CVE-2021-41773"
BEFORE, BETWEEN, AFTER = "2026-07-31", "2026-08-10", "2026-08-22"


@dataclass(frozen=True)
class Service:
    """Something that listens."""

    asset: str
    port: int
    service: str
    auth: str
    mfa: str
    lockout: str
    product: str
    version: str
    cve: str = ""

    @property
    def weak(self) -> bool:
        """Return whether it asks for a password only and never locks out."""
        return self.auth == "password" and self.mfa == "no" and self.lockout == "no"


@dataclass(frozen=True)
class Allow:
    """What a zone may send: to a zone or asset (``any``), to ports (none: all)."""

    zone: str
    to: str
    ports: tuple[int, ...] = ()
    permit: bool = True
    source: str = ""


@dataclass(frozen=True)
class Secret:
    """A secret that lies somewhere and what it is for."""

    name: str
    identity: str
    rule: str
    host: str
    file: str
    targets: tuple[tuple[str, int], ...]
    found: str
    current: str


@dataclass
class State:
    """The network at one date."""

    on: str
    services: list[Service]
    allows: list[Allow]
    secrets: list[Secret]
    walls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    claims: list[dict[str, str]] = field(default_factory=list)
    managed: bool = True


@dataclass
class Fix:
    """Something that was to be closed, and what truly became of it.

    Attributes:
        name: Short name.
        words: What people say.
        facts: Facts it is about: kind, source, target.
        state: verified, claimed, open (still open in another way) or reopened.
    """

    name: str
    words: str
    facts: list[tuple[str, str, str]]
    state: str


def secret_of(seed: int, name: str, edition: int = 0) -> str:
    """Return a made-up secret."""
    digest = hashlib.sha256(f"larkspur {seed} {name} {edition}".encode()).hexdigest()
    return f"Lw-{digest[:10]}"


def fingerprint(seed: int, name: str, edition: int = 0) -> str:
    """Return the fingerprint of a made-up secret: SHA-256 in hex."""
    return hashlib.sha256(secret_of(seed, name, edition).encode()).hexdigest()


@dataclass
class Network:
    """The states and the fixes between them."""

    estate: Estate
    story: Story
    held: list[Held]
    before: State
    between: State
    after: State
    fixes: list[Fix]
    grants: list[tuple[str, str, str]]
    store_hosts: dict[str, tuple[str, int]]


def draw_network(estate: Estate, story: Story, held: list[Held], test_store: str) -> Network:
    """Return the network of a seed."""
    chance = random.Random(estate.seed * 19_000_013 + 5)
    before = State(BEFORE, _services(estate, story), _allows(), _secrets(estate, story))
    after, fixes = _fixed(estate, story, before, chance)
    between = _between(before)
    services = estate.services
    grants = [
        (services["etl"], "crm-db", "SELECT"), (services["etl"], "device-lake", "READ"),
        (services["etl"], "prepaid-billing", "READ"), (services["etl"], "ivr-db", "READ"),
        (services["archive"], "archive-db", "SELECT"), (services["app"], "crm-db", "SELECT, INSERT, UPDATE"),
        *((services["credit"], store, "READ") for store in ("credit-share", "hr-share", "sales-share", "mail-archive")),
        (services["backup"], "crm-db", "SELECT"), (services["backup"], "archive-db", "SELECT"),
    ]  # fmt: skip
    hosts = {
        "crm-db": ("crm", 5432), "archive-db": ("archive", 3306), "credit-share": ("winfs", 445),
        "hr-share": ("winfs", 445),
        "sales-share": ("nas", 445), "mail-archive": ("nas", 445), "device-lake": ("lake", 22),
        "prepaid-billing": ("billing", 22), "ivr-db": ("ivr", 22), "test-server": (test_store, 22),
    }  # fmt: skip
    return Network(estate, story, held, before, between, after, fixes, grants, hosts)


def _services(estate: Estate, story: Story) -> list[Service]:
    vpn_weak, test_weak = story.entry == "vpn_no_mfa", story.entry == "test_server"
    router = {"ssh": (22, "ssh"), "telnet": (23, "telnet"), "http": (80, "http")}
    doors = {
        router["ssh"],
        router.get(story.way_in, router["ssh"])
        if story.entry.startswith("router")
        else router["ssh"],
    }
    edge = [Service("edge", port, name, "password", "no", "no",
      "Cisco IOS" if estate["edge"].dialect == "ios" else "Junos", "")
            for port, name in sorted(doors)]  # fmt: skip
    lock = "no" if test_weak else "yes"
    return [
        *edge,
        Service("vpn", 443, "https", "password", "no" if vpn_weak else "yes", "no" if vpn_weak else "yes",
          "SSL VPN", ""),
        Service("web", 443, "https", "", "", "", "Apache httpd", "2.4.49", KEV),
        Service("web", 80, "http", "", "", "", "Apache httpd", "2.4.49", KEV),
        Service("jump", 22, "ssh", "password", "no", "yes", "OpenSSH", "9.2p1"),
        Service("test1", 22, "ssh", "password", "no", lock, "OpenSSH", "8.9p1"),
        Service("test1", 2222, "ssh", "password", "no", "no", "OpenSSH", "8.9p1"),
        Service("test2", 22, "ssh", "password", "no", "no", "OpenSSH", "8.9p1"),
        Service("build", 22, "ssh", "publickey", "no", "yes", "OpenSSH", "9.2p1"),
        Service("admin", 3389, "ms-wbt-server", "password", "no", "yes", "Microsoft Terminal Services", ""),
        Service("admin", 445, "microsoft-ds", "password", "no", "yes", "Windows Server 2019", ""),
        Service("crm", 5432, "postgresql", "password", "no", "yes", "PostgreSQL DB", "13.22"),
        Service("archive", 3306, "mysql", "password", "no", "yes", "MariaDB", "10.5.23"),
        Service("winfs", 445, "microsoft-ds", "password", "no", "yes", "Windows Server 2019", ""),
        Service("nas", 445, "microsoft-ds", "password", "no", "yes", "Samba smbd", "4.17.12"),
        *(Service(key, 22, "ssh", "publickey", "no", "yes", "OpenSSH", "9.2p1") for key in ("lake", "billing",
          "ivr", "app", "backup")),
        Service("app", 8080, "http", "password", "no", "yes", "Jetty", "9.4.53"),
    ]  # fmt: skip


def _allows() -> list[Allow]:
    return [
        Allow("edge", "any", source="edge"),
        Allow("edge", "web", (80, 443)), Allow("edge", "test1", (22, 2222)),
        Allow("vpn", "mgmt", (22,)), Allow("vpn", "test"), Allow("vpn", "office"), Allow("vpn", "prod", (445,)),
        Allow("dmz", "crm", (5432,)), Allow("dmz", "archive", (3306,)),
        Allow("office", "dmz", (80, 443)), Allow("office", "prod", (445,)), Allow("office", "jump", (22,)),
        Allow("test", "any"),
        Allow("mgmt", "any"),
        Allow("prod", "prod"), Allow("prod", "collector", (514,)),
    ]  # fmt: skip


def _secrets(estate: Estate, story: Story) -> list[Secret]:
    seed, services = estate.seed, estate.services
    admin = estate.of_job("admin")[0].login
    place = story.gathers if story.gathers in ("test1", "test2", "build") else "test2"

    def secret(
        name: str,
        identity: str,
        rule: str,
        host: str,
        file: str,
        *targets: tuple[str, int],
        old: bool = False,
    ) -> Secret:
        now = fingerprint(seed, name)
        return Secret(
            name,
            identity,
            rule,
            host,
            file,
            targets,
            fingerprint(seed, name, 9) if old else now,
            now,
        )

    etl, smb = services["etl"], services["credit"]
    files = ((5432, "crm"), (22, "lake"), (22, "billing"), (22, "ivr"))
    made = [
        secret("router", services["backup"], "cisco-type7-password", "edge", "running-config", ("jump", 22)),
        secret("deploy", services["deploy"], "shell-history-password", "test1",
          f"/home/{services['test']}/.bash_history",
               ("test2", 22), ("build", 22)),
        secret("etl", etl, "generic-password", "test1", f"/opt/etl/{etl}_sync.sh", *((key, port) for port,
          key in files)),
        secret("etl", etl, "private-key", place, f"/home/{services['deploy']}/.ssh/id_etl", *((key,
          port) for port, key in files)),
        secret("archive", services["archive"], "mysql-option-file", place, f"/home/{services['deploy']}/.my.cnf",
          ("archive", 3306)),
        secret("credit", smb, "smb-credentials-file", "test1", "/etc/samba/credit.cred", ("winfs", 445), ("nas", 445)),
        secret("app", services["app"], "generic-password", "web", "/var/www/shop/config.php", ("crm", 5432)),
        secret("admin", admin, "generic-password", "jump", f"/home/{services['backup']}/notes.txt", ("admin",
          3389), ("admin", 445)),
        # Rotated long ago: it must open nothing.
        secret("winadmin", "administrator", "generic-password", "test1", "/opt/legacy/mount.sh", ("winfs",
          445), old=True),
        # No way leads from where it lies to what it opens.
        secret("jetty", "jetty", "generic-password", "web", "/var/www/shop/care.ini", ("app", 8080)),
    ]  # fmt: skip
    return (
        made
        if place == "test1"
        else [one for one in made if one.name != "etl" or one.host in ("test1", place)]
    )


def _claim(
    estate: Estate, kind: str, source: str, target: str, on: str, words: str, by: str
) -> dict[str, str]:
    return {
        "kind": kind,
        "source": source,
        "target": target,
        "claimed_on": on,
        "what": words,
        "by": by,
    }


def _between(before: State) -> State:
    """Return the state a week after containment: the router shut, and a rule gone that later came back."""
    services = [replace(s, lockout="yes") if s.asset == "edge" else s
                for s in before.services if s.asset != "edge" or s.port == 22]  # fmt: skip
    allows = [allow for allow in before.allows if allow != Allow("dmz", "archive", (3306,))]
    return State(BETWEEN, services, allows, list(before.secrets), managed=False)


def _fixed(
    estate: Estate, story: Story, before: State, chance: random.Random
) -> tuple[State, list[Fix]]:
    """Return the state after the fixes, and what each fix truly did."""
    name = {key: machine.name for key, machine in estate.machines.items()}
    seed = estate.seed
    only_said = chance.choice(("test_to_prod", "web_patch"))
    services, allows, secrets = list(before.services), list(before.allows), list(before.secrets)
    fixes: list[Fix] = []
    edge = [service for service in services if service.asset == "edge"]
    fixes.append(Fix("router_management", "The router's management is closed to the internet",
                     [("reach", "zone:internet", f"service:{name['edge']}:{s.port}/tcp") for s in edge],
                       "verified"))  # fmt: skip
    services = [replace(s, lockout="yes") if s.asset == "edge" else s
                for s in services if s.asset != "edge" or s.port == 22]  # fmt: skip
    state = "claimed" if only_said == "web_patch" else "verified"
    fixes.append(Fix("web_patch", "The web server is patched",
                     [("known_exploited", f"service:{name['web']}:{port}/tcp", "") for port in (443, 80)],
                       state))  # fmt: skip
    if state == "verified":
        services = [
            replace(s, version="2.4.62", cve="") if s.asset == "web" else s for s in services
        ]
    state = "claimed" if only_said == "test_to_prod" else "verified"
    # The archive database gets a host firewall of its own.
    reached = [s for s in services if estate[s.asset].zone == "prod" and s.asset != "archive"]
    fixes.append(Fix("test_to_prod", "The test network no longer reaches production",
                     [("reach", "zone:test", f"service:{name[s.asset]}:{s.port}/tcp") for s in reached],
                       state))  # fmt: skip
    if state == "verified":
        at = allows.index(Allow("test", "any"))
        allows[at:at] = [Allow("test", "prod", permit=False), Allow("test", "mgmt", permit=False)]
    fixes.append(Fix("etl_rotation", f"The password and key of {estate.services['etl']} were changed",
                     [("opens", f"credential:{fingerprint(seed, 'etl')}", f"service:{name[key]}:{port}/tcp")
                      for key, port in (("crm", 5432), ("lake", 22), ("billing", 22), ("ivr", 22))],
                        "verified"))  # fmt: skip
    secrets = [
        replace(s, current=fingerprint(seed, "etl", 1)) if s.name == "etl" else s for s in secrets
    ]
    fixes.append(Fix("archive_firewall", "The archive database has a host firewall",
                     [("reach", "zone:test", f"service:{name['archive']}:3306/tcp")], "verified"))  # fmt: skip
    fixes.append(Fix("test_server_ssh", "The test server's ssh is closed on the router",
                     [("reach", "zone:internet", f"service:{name['test1']}:22/tcp")], "verified"))  # fmt: skip
    fixes.append(Fix("test_server_second_ssh", "The test server cannot be reached from the internet any more",
                     [("reach", "zone:internet", f"service:{name['test1']}:2222/tcp")], "claimed"))  # fmt: skip
    at = allows.index(Allow("edge", "test1", (22, 2222)))
    allows[at] = Allow("edge", "test1", (2222,))
    if story.entry == "vpn_no_mfa":
        fixes.append(Fix("vpn_mfa", "The VPN asks for a second factor",
                         [("weak_auth", f"service:{name['vpn']}:443/tcp", "")], "verified"))  # fmt: skip
        services = [
            replace(s, mfa="yes", lockout="yes") if s.asset == "vpn" else s for s in services
        ]
    fixes.append(Fix("dmz_to_archive", "Web servers no longer reach the archive database",
                     [("reach", "zone:dmz", f"service:{name['archive']}:3306/tcp")], "reopened"))  # fmt: skip
    walls: dict[str, tuple[str, ...]] = {"archive": ("app", "backup", "mgmt", "web")}
    claims = [
        _claim(estate, *fact, "2026-08-20" if fix.state != "reopened" else "2026-08-09", fix.words, "infrastructure")
        for fix in fixes for fact in fix.facts
    ]  # fmt: skip
    return State(AFTER, services, allows, secrets, walls, claims, managed=False), fixes
