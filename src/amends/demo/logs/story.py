"""The story: how somebody came in from the internet, by which hosts they went, what they took and when.

Drawn from the seed: the entry, the hosts on the way, which credential was found where, how each store is read, how
it leaves, and which traces are wiped. ``deeds`` acts it out.

Source:
    ATT&CK technique numbers, Enterprise v14: T1595 active scanning, T1110 brute force, T1078 valid accounts, T1133
    external remote services, T1190 exploit public-facing application, T1552.001 credentials in files, T1552.003
    shell history, T1602.002 network device configuration dump, T1021.004 ssh, T1021.001 rdp, T1021.002 smb, T1213
    data from information repositories, T1039 network shared drive, T1005 local system, T1074.001 local staging,
    T1560.001 archive via utility, T1048.003, T1567.002 exfiltration, T1070.002/.003/.001 clear logs.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from amends.demo.logs.clocks import DAY, SECOND, instant
from amends.demo.logs.estate import Estate

FIRST_NIGHT = instant("2026-07-18T08:00:00")
ENTRIES = ("router_brute", "vpn_no_mfa", "test_server", "router_leak")


@dataclass
class Hop:
    """One step further inside.

    Attributes:
        key: Host reached.
        user: Account used there.
        how: ssh, key, brute, smb, rdp.
        found: Where the credential was found: router_config, script, history, key_file, guess, mail.
    """

    key: str
    user: str
    how: str
    found: str


@dataclass
class Story:
    """What the intruder does.

    Attributes:
        entry: One of ``ENTRIES``.
        way_in: ssh, telnet or http for the router; vpn; ssh for a test server.
        user: Account used from the internet.
        outside: Addresses they come from, the first one first.
        drops: Addresses they send the data to.
        hops: Hosts on the way, in order; the last is where data is gathered.
        nights: Begins of the nights on which they work.
        pool_ip: Address the VPN gave them; "" without VPN.
        tool: curl, rclone, scp or ftp.
        packer: tar, 7z or gpg.
        database: dump, copy or pages.
        archive: dump or pages.
        cleared: Host whose log was wiped.
        wiped: Host on which the shell's history was.
    """

    entry: str
    way_in: str
    user: str
    outside: tuple[str, ...]
    drops: tuple[str, ...]
    hops: list[Hop]
    nights: list[int]
    pool_ip: str
    tool: str
    packer: str
    database: str
    archive: str
    cleared: str
    wiped: str
    leaked: bool
    gathers: str = field(init=False)

    def __post_init__(self) -> None:
        """Name the host where data is gathered."""
        self.gathers = self.hops[-1].key

    def night(self, number: int) -> int:
        """Return the begin of a night; the last one for numbers beyond."""
        return self.nights[min(number, len(self.nights) - 1)]


def draw_story(estate: Estate) -> Story:
    """Return the story of a seed."""
    chance = random.Random(estate.seed * 2_000_003 + 29)
    entry = ENTRIES[(estate.seed - 1 + (estate.seed - 1) // 4) % 4]
    way_in, user = _way_in(chance, estate, entry)
    hops = _hops(chance, estate, entry)
    outside = tuple(_outside(chance) for _ in range(chance.choice((2, 3))))
    return Story(
        entry, way_in, user, outside, tuple(_outside(chance) for _ in range(chance.choice((1, 2)))), hops,
        _nights(chance, len(hops)),
          f"{estate.networks['vpn']}.{chance.randrange(40, 200)}" if entry == "vpn_no_mfa" else "",
        chance.choice(("curl", "rclone", "scp", "ftp")), chance.choice(("tar", "7z", "gpg")),
        chance.choice(("dump", "copy", "pages")), chance.choice(("dump", "pages")),
        *_tracks(chance, hops), leaked=entry != "router_brute" and (entry != "test_server" or chance.random() < 0.4),
    )  # fmt: skip


def _way_in(chance: random.Random, estate: Estate, entry: str) -> tuple[str, str]:
    if entry.startswith("router"):
        plain = estate["edge"].dialect == "junos" or (
            entry == "router_brute" and chance.random() < 0.5
        )
        return ("ssh" if plain else chance.choice(("ssh", "telnet", "http"))), estate.services[
            "router"
        ]
    if entry == "vpn_no_mfa":
        return "vpn", chance.choice(estate.of_job("office", "care")).login
    return "ssh", estate.services["test"]


def _hops(chance: random.Random, estate: Estate, entry: str) -> list[Hop]:
    services = estate.services
    keys = _keys(chance, estate.seed, entry)
    users = {"jump": services["backup"], "test1": services["test"], "test2": services["deploy"],
             "build": services["deploy"], "admin": estate.of_job("admin")[0].login}  # fmt: skip
    hops = []
    guess = chance.randrange(1, len(keys))
    for place, key in enumerate(keys):
        how, found = "ssh", chance.choice(("script", "history"))
        if place == 0:
            found = {"vpn_no_mfa": "mail", "test_server": "guess"}.get(entry, "router_config")
        elif key == "admin":
            how = chance.choice(("smb", "rdp"))
        elif place == guess:
            how, found = "brute", "guess"
        elif keys[place - 1] != "admin" and chance.random() < 0.4:
            how, found = "key", "key_file"
        hops.append(Hop(key, users[key], how, found))
    return hops


def _keys(chance: random.Random, seed: int, entry: str) -> list[str]:
    """Draw the hosts on the way: a test server is always one, a Windows host never the first or last."""
    # Two to five hosts, each number in turn.
    count = 2 + (seed + 1) % 4
    test = chance.choice(("test1", "test2"))
    first = "test1" if entry == "test_server" else chance.choice(("jump", test))
    rest = [key for key in ("jump", "test1", "test2", "build", "admin") if key != first]
    chance.shuffle(rest)
    keys = [first, *rest[: count - 1]]
    if not {"test1", "test2"} & set(keys):
        keys[-1] = test
    if keys[-1] == "admin" and count > 2:
        keys[-1], keys[-2] = keys[-2], keys[-1]
    elif keys[-1] == "admin":
        keys[-1] = next(key for key in ("build", "test2") if key not in keys)
    return keys


def _nights(chance: random.Random, hops: int) -> list[int]:
    """Draw the nights of work: the first on 18 July, then pauses, the last before 4 August."""
    spare = 16
    count = min(hops, 3) + chance.randrange(3, 5)
    days = sorted({0, *chance.sample(range(1, spare), count - 1), chance.choice((15, 16))})
    return [FIRST_NIGHT + day * DAY + chance.randrange(1_200, 5_400) * SECOND for day in days]


def _tracks(chance: random.Random, hops: list[Hop]) -> tuple[str, str]:
    keys = [hop.key for hop in hops]
    return ("admin" if "admin" in keys and chance.random() < 0.6 else keys[-1]), chance.choice(
        [key for key in keys if key != "admin"]
    )


def _outside(chance: random.Random) -> str:
    block = chance.choice(("203.0.113", "198.51.100", f"198.19.{chance.randrange(1, 255)}"))
    return f"{block}.{chance.randrange(2, 190)}"
