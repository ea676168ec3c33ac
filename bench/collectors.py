"""Collecting a network: assets x lines of access lists x zones, and a large scan, in seconds and memory.

A network is drawn: one router with a zone a leg, an inbound list on each, machines with services spread over the zones.
Run it with ``python bench/collectors.py [--assets N] [--lines N] [--zones N] [--json]``.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import time

from common import show

from amends.paths.collect import collect

PORTS = (22, 80, 443, 445, 1433, 1521, 3306, 3389, 5432, 8080)


def router(zones: int, lines: int, machines: list[tuple[str, str]], chance: random.Random) -> str:
    """Return a router's configuration: a leg and a list a zone."""
    out = ["hostname core"]
    for zone in range(zones):
        out += [f"interface Vlan{zone + 1}", f" description {name_of(zone)}", f" ip address 10.{zone}.0.1 255.255.0.0",
                f" ip access-group FROM{zone} in", "!"]  # fmt: skip
    for zone in range(zones):
        out.append(f"ip access-list extended FROM{zone}")
        for _ in range(lines - 1):
            out.append(line(zones, machines, chance))
        out.append(" permit tcp any any eq 443")
    return "\n".join(out) + "\n"


def line(zones: int, machines: list[tuple[str, str]], chance: random.Random) -> str:
    """Return a line of a list: hosts, parts of zones, ports and ranges."""
    other = chance.randrange(zones)
    source = chance.choice(
        [
            "any",
            f"10.{chance.randrange(zones)}.{chance.randrange(4)}.0 0.0.0.255",
            f"host {chance.choice(machines)[1]}",
        ]
    )
    target = chance.choice(
        [
            f"host {chance.choice(machines)[1]}",
            f"10.{other}.0.0 0.0.127.255",
            f"10.{other}.{chance.randrange(8)}.0 0.0.0.255",
        ]
    )
    port = chance.choice(
        [
            f"eq {chance.choice(PORTS)}",
            f"range {chance.randrange(20, 80)} {chance.randrange(80, 9000)}",
        ]
    )
    return f" {chance.choice(['permit', 'permit', 'deny'])} tcp {source} {target} {port}"


def name_of(zone: int) -> str:
    return "internet" if zone == 0 else f"zone{zone}"


def network(assets: int, lines: int, zones: int, seed: int = 1) -> list[tuple[str, bytes]]:
    """Return the inputs of a network."""
    chance = random.Random(seed)
    machines = []
    rows, services = ["asset,ip,zone"], ["asset,port,auth,mfa,lockout"]
    for number in range(assets):
        zone = 1 + number % (zones - 1)
        ip = f"10.{zone}.{number // zones // 250 % 250}.{2 + number // zones % 250}"
        machines.append((f"m{number}", ip))
        rows.append(f"m{number},{ip},{name_of(zone)}")
        for port in chance.sample(PORTS, 2):
            services.append(f"m{number},{port},password,no,no")
    return [
        ("assets.csv", "\n".join(rows).encode()),
        ("services.csv", "\n".join(services).encode()),
        ("core.cfg", router(zones, lines, machines, chance).encode()),
    ]


def scan(hosts: int) -> bytes:
    """Return a scan of so many hosts with ten open ports each."""
    out = [
        '<?xml version="1.0"?><nmaprun scanner="nmap" start="1600000000"><scaninfo protocol="tcp" services="1-1000"/>'
    ]
    for number in range(hosts):
        out.append(
            f'<host><status state="up"/><address addr="10.9.{number // 250}.{number % 250 + 1}" '
            'addrtype="ipv4"/><ports>'
        )
        out += [
            f'<port protocol="tcp" portid="{port}"><state state="open"/><service name="s"/></port>'
            for port in PORTS
        ]
        out.append("</ports></host>")
    return "".join([*out, "</nmaprun>"]).encode()


def timed(name: str, files: list[tuple[str, bytes]]) -> dict[str, object]:
    started = time.monotonic()
    got = collect((path, io.BytesIO(body)) for path, body in files)
    seconds = time.monotonic() - started
    reach = sum(1 for fact in got.facts if fact.kind == "reach")
    return {
        "case": name, "seconds": round(seconds, 2), "facts": len(got.facts), "reach": reach,
        "rejects": len(got.rejects),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--assets", type=int, default=10_000)
    words.add_argument("--lines", type=int, default=100)
    words.add_argument("--zones", type=int, default=20)
    words.add_argument("--json", action="store_true")
    told = words.parse_args()
    rows = [
        timed(
            f"{told.assets} assets x {told.lines} lines x {told.zones} zones",
            network(told.assets, told.lines, told.zones),
        ),
        timed("scan of 20,000 hosts", [("internet.xml", scan(20_000))]),
    ]
    show("collecting a network", rows, told.json)


if __name__ == "__main__":
    main()
