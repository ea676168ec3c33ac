"""Scans as Nmap writes them: from the internet, and from inside zones.

Source:
    Nmap reference guide, XML output (-oX), nmap.dtd: nmaprun, scaninfo, host, status, address, hostnames, ports,
    extraports, port, state, service, runstats.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from amends.demo.net.plan import Network, Service, State
from amends.demo.net.truth import reaches

SCANNED = ("21", "22", "23", "25", "80", "443", "445", "2222", "3306", "3389", "5432", "8080")


def scan_xml(network: Network, state: State, origin: str) -> str:
    """Return a scan of every host with a service, from ``internet`` or from a host of a zone."""
    estate = network.estate
    start = int(datetime.fromisoformat(f"{state.on}T04:10:00").replace(tzinfo=UTC).timestamp())
    outside = origin == "internet"
    keys = [key for key in estate.machines if not outside or estate[key].outside_ip]
    targets = (
        "192.0.2.0/24"
        if outside
        else " ".join(sorted({f"{p}.0/24" for z, p in estate.networks.items() if z != "spare"}))
    )
    zone = "internet" if outside else estate[origin].zone
    name = "internet.xml" if outside else f"inside-{zone}.xml"
    args = f"nmap -sS -sV -Pn -p {','.join(SCANNED)} -oX {name} {targets}"
    told = datetime.fromtimestamp(start, UTC).strftime("%a %b %d %H:%M:%S %Y")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>', "<!DOCTYPE nmaprun>",
        '<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>',
        f"<!-- Nmap 7.93 scan initiated {told} as: {args} -->",
        f'<nmaprun scanner="nmap" args={quoteattr(args)} start="{start}" startstr="{told}" version="7.93" '
        f'xmloutputversion="1.05">',
        f'<scaninfo type="syn" protocol="tcp" numservices="{len(SCANNED)}" services="{",".join(SCANNED)}"/>',
        '<verbose level="0"/>', '<debugging level="0"/>',
    ]  # fmt: skip
    up = 0
    for place, key in enumerate(keys):
        if key == origin:
            continue
        services = [s for s in state.services if s.asset == key]
        seen = {s.port for s in services if reaches(network, state, origin, s)}
        lines += _host(network, key, services, seen, start + place * 9, outside)
        up += 1
    end = start + len(keys) * 9 + 4
    told_end = datetime.fromtimestamp(end, UTC).strftime("%a %b %d %H:%M:%S %Y")
    lines += [
        f'<runstats><finished time="{end}" timestr="{told_end}" summary="Nmap done at {told_end}; {up} IP '
        f'addresses ({up} hosts up) scanned in '
        f'{end - start}.00 seconds" elapsed="{end - start}.00" exit="success"/><hosts up="{up}" down="0" '
        f'total="{up}"/>',
        "</runstats>", "</nmaprun>", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _host(
    network: Network, key: str, services: list[Service], seen: set[int], at: int, outside: bool
) -> list[str]:
    machine = network.estate[key]
    ip = machine.outside_ip if outside else machine.ip
    lines = [
        f'<host starttime="{at}" endtime="{at + 8}"><status state="up" reason="user-set" reason_ttl="0"/>',
        f'<address addr="{ip}" addrtype="ipv4"/>', "<hostnames>",
        f'<hostname name="{machine.name.lower()}.larkspur.example" type="PTR"/>', "</hostnames>", "<ports>",
    ]  # fmt: skip
    by_port = {service.port: service for service in services if service.port in seen}
    # Nmap gathers the shut ports into ``extraports`` only where there are more than 25 of a kind.
    for port in map(int, SCANNED):
        service = by_port.get(port)
        if service is None:
            lines.append(f'<port protocol="tcp" portid="{port}"><state state="filtered" reason="no-response" '
                f'reason_ttl="0"/>'
                         f'<service name="{_USUAL[port]}" method="table" conf="3"/></port>')  # fmt: skip
            continue
        version = f" version={quoteattr(service.version)}" if service.version else ""
        lines.append(
            f'<port protocol="tcp" portid="{port}"><state state="open" reason="syn-ack" reason_ttl="57"/>'
            f'<service name="{service.service}" product={quoteattr(service.product)}{version} method="probed" '
            f'conf="10"/></port>'
        )
    return [*lines, "</ports>", '<times srtt="24012" rttvar="3310" to="100000"/>', "</host>"]


_USUAL = {
    21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 80: "http", 443: "https", 445: "microsoft-ds",
    2222: "EtherNetIP-1", 3306: "mysql", 3389: "ms-wbt-server", 5432: "postgresql", 8080: "http-proxy",
}  # fmt: skip
