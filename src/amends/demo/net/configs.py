"""Configurations: the edge router (IOS or Junos), what routes between zones (ASA or an IOS switch), host firewalls.

Source:
    Cisco IOS Security and IP Addressing command references; Cisco ASA Series Command Reference; Junos OS CLI
    (``show configuration``: curly braces); iptables-save(8). Type 7 is Cisco's reversible obfuscation.
"""

from __future__ import annotations

from amends.demo.logs.estate import Estate
from amends.demo.net.junos import JUNOS, RETRY, TERM
from amends.demo.net.plan import Allow, Network, State, secret_of

_KEY7 = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
ZONES = ("dmz", "mgmt", "office", "test", "prod", "vpn")


def type7(secret: str, salt: int = 8) -> str:
    """Return a secret as ``password 7`` writes it."""
    body = "".join(
        f"{ord(sign) ^ _KEY7[(salt + k) % len(_KEY7)]:02X}" for k, sign in enumerate(secret)
    )
    return f"{salt:02d}{body}"


def edge_config(network: Network, state: State) -> str:
    """Return the configuration of the edge router."""
    return (_edge_ios if network.estate["edge"].dialect == "ios" else _edge_junos)(network, state)


def _outside(network: Network, state: State) -> list[tuple[str, int]]:
    """Return the outside addresses and ports that the router lets in, in order."""
    estate = network.estate
    open_ones = [(estate["vpn"].outside_ip, 443)]
    if state.managed:
        open_ones += [
            (estate["edge"].outside_ip, s.port) for s in state.services if s.asset == "edge"
        ]
    for allow in state.allows:
        if allow.zone == "edge" and not allow.source:
            open_ones += [(estate[allow.to].outside_ip, port) for port in allow.ports]
    return open_ones


def _edge_ios(network: Network, state: State) -> str:
    estate, seed = network.estate, network.estate.seed
    edge, services = estate["edge"], estate.services
    ports = {s.port for s in state.services if s.asset == "edge"}
    access = "" if state.managed else " access-class MGMT in\n"
    lines = [
        "!", f"! Last configuration change at 03:12:44 UTC {state.on} by {services['router']}", "version 15.7",
        "service timestamps log datetime msec", "service password-encryption", "!", f"hostname {edge.name}", "!",
        "no aaa new-model", "!", "ip domain name larkspur.example", "ip ssh version 2",
        f"username {services['router']} privilege 15 secret 9 "
        f"$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
        f"username {services['backup']} privilege 1 password 7 {type7(secret_of(seed, 'router'))}",
        *([] if state.managed else ["login block-for 300 attempts 3 within 60"]),
        "!", "archive", " log config", "  logging enable", "  notify syslog", "!",
        "interface GigabitEthernet0/0", " description internet", f" ip address {edge.outside_ip} 255.255.255.0",
        " ip access-group OUTSIDE-IN in", " ip nat outside", "!",
        "interface GigabitEthernet0/1", " description edge", f" ip address {edge.ip} 255.255.255.0",
        " ip nat inside", "!",
        *[f"ip nat inside source static {estate[key].ip} {estate[key].outside_ip}" for key in ("vpn", "web", "test1")],
        *_routes_ios(estate),
        "!", "ip access-list extended OUTSIDE-IN", " permit tcp any any established",
        *[f" permit tcp any host {ip} eq {port}" for ip, port in _outside(network, state)],
        " permit icmp any any echo-reply", " deny   ip any any log", "!",
        "ip access-list standard MGMT", f" permit {estate.networks['mgmt']}.0 0.0.0.255", "!",
        "ip http server" if 80 in ports else "no ip http server", "no ip http secure-server", "!",
        f"logging host {estate['collector'].ip}", "!", "line con 0", " login local",
        "line vty 0 4", (access + " login local").rstrip("\n"),
        f" transport input {'ssh telnet' if 23 in ports else 'ssh'}", "!", "end", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _routes_ios(estate: Estate) -> list[str]:
    return [f"ip route {estate.networks[zone]}.0 255.255.255.0 {estate['fw'].ip}" for zone in ZONES]


def _edge_junos(network: Network, state: State) -> str:
    estate = network.estate
    terms = "".join(
        TERM.format(number=place, ip=ip, port=port)
        for place, (ip, port) in enumerate(_outside(network, state), 1)
    )
    hops = [f"{estate.networks[zone]}.0/24" for zone in ZONES]
    # A router of this kind translates nothing: outside addresses lie on the hosts and are routed to the firewall.
    hops += [f"{estate[key].outside_ip}/32" for key in ("web", "test1")]
    return JUNOS.format(
        on=state.on,
        user=estate.services["router"],
        name=estate["edge"].name,
        retry="" if state.managed else RETRY,
        collector=estate["collector"].ip,
        outside=estate["edge"].outside_ip,
        inside=estate["edge"].ip,
        routes="".join(f"        route {hop} next-hop {estate['fw'].ip};\n" for hop in hops),
        terms=terms,
    )


def core_config(network: Network, state: State) -> tuple[str, str]:
    """Return the name and the configuration of what routes between zones."""
    asa = network.estate["fw"].dialect == "asa"
    return (
        (network.estate["fw"].name, _core_asa(network, state))
        if asa
        else ("core-sw1", _core_ios(network, state))
    )


def _target(estate: Estate, allow: Allow, *, asa: bool) -> list[str]:
    if allow.to == "any":
        return ["any"]
    if allow.to in estate.networks:
        prefix = estate.networks[allow.to]
        return [f"{prefix}.0 255.255.255.0" if asa else f"{prefix}.0 0.0.0.255"]
    machine = estate[allow.to]
    junos = estate["edge"].dialect == "junos"
    # Behind a Junos router the outside address itself arrives here.
    return [f"host {machine.ip}"] + (
        [f"host {machine.outside_ip}"] if machine.outside_ip and junos else []
    )


def _entries(estate: Estate, state: State, zone: str, *, asa: bool) -> list[str]:
    out = []
    for allow in state.allows:
        if allow.zone != zone:
            continue
        verb = "permit" if allow.permit else "deny"
        source = f"host {estate[allow.source].ip}" if allow.source else "any"
        for target in _target(estate, allow, asa=asa):
            if not allow.ports:
                out.append(f"{verb} ip {source} {target}")
            out += [f"{verb} tcp {source} {target} eq {port}" for port in allow.ports]
    return out


def _core_ios(network: Network, state: State) -> str:
    estate = network.estate
    lines = ["!", "version 15.2", "hostname core-sw1", "!", "no aaa new-model", "ip routing", "!"]
    for place, zone in enumerate(("edge", *ZONES), 1):
        prefix = estate.networks[zone]
        address = estate["fw"].ip if zone == "edge" else f"{prefix}.254"
        lines += [f"interface Vlan{place * 10}", f" description {zone}", f" ip address {address} 255.255.255.0",
                  f" ip access-group {zone.upper()}-IN in", "!"]  # fmt: skip
    lines.append(f"ip route 0.0.0.0 0.0.0.0 {estate['edge'].ip}")
    for zone in ("edge", *ZONES):
        lines += [f"ip access-list extended {zone.upper()}-IN", " permit tcp any any established"]
        lines += [f" {entry}" for entry in _entries(estate, state, zone, asa=False)]
        lines += [" deny   ip any any log", "!"]
    lines += ["ip access-list standard MGMT", f" permit {estate.networks['mgmt']}.0 0.0.0.255", "!", "line vty 0 4",
              " access-class MGMT in", " login local", " transport input ssh", "!", "end", ""]  # fmt: skip
    return "\n".join(lines)


def _core_asa(network: Network, state: State) -> str:
    estate = network.estate
    lines = [": Saved", ":", "ASA Version 9.16(4)", "!", f"hostname {estate['fw'].name}", "!"]
    for place, zone in enumerate(("edge", *ZONES)):
        prefix = estate.networks[zone]
        address = estate["fw"].ip if zone == "edge" else f"{prefix}.254"
        lines += [f"interface GigabitEthernet0/{place}", f" description {zone}", f" nameif {zone}",
                  f" security-level {0 if zone == 'edge' else 50}", f" ip address {address} 255.255.255.0",
                    "!"]  # fmt: skip
    lines += ["same-security-traffic permit inter-interface", "!"]
    for zone in ("edge", *ZONES):
        entries = _entries(estate, state, zone, asa=True)
        lines += [f"access-list {zone.upper()}-IN extended {entry}" for entry in entries]
        lines += [f"access-list {zone.upper()}-IN extended deny ip any any log"]
    lines += [f"access-group {zone.upper()}-IN in interface {zone}" for zone in ("edge", *ZONES)]
    lines += [f"route edge 0.0.0.0 0.0.0.0 {estate['edge'].ip} 1",
      f"ssh {estate.networks['mgmt']}.0 255.255.255.0 mgmt",
              "ssh timeout 10", f"logging host mgmt {estate['collector'].ip}", "!", ": end", ""]  # fmt: skip
    return "\n".join(lines)


def iptables(network: Network, state: State, key: str) -> str:
    """Return ``iptables-save`` of a host; without rules where it has no firewall."""
    estate, allowed = network.estate, state.walls.get(key)
    policy = "ACCEPT" if allowed is None else "DROP"
    lines = ["# Generated by iptables-save v1.8.9 on Sat Aug 22 04:00:01 2026", "*filter", f":INPUT {policy} [0:0]",
             ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]  # fmt: skip
    if allowed is not None:
        port = next(s.port for s in state.services if s.asset == key)
        lines += [
            "-A INPUT -i lo -j ACCEPT",
            "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ]
        for one in allowed:
            source = (
                f"{estate.networks[one]}.0/24" if one in estate.networks else f"{estate[one].ip}/32"
            )
            lines.append(f"-A INPUT -s {source} -p tcp -m tcp --dport {port} -j ACCEPT")
    return "\n".join([*lines, "COMMIT", "# Completed on Sat Aug 22 04:00:01 2026", ""])
