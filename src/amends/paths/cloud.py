"""What the pieces of a cloud mean together: a router a network, a firewall an instance, a store a bucket.

A VPC is a device that lets everything through inside, and from the internet only what has a public address. Security
groups are the firewall of what they are attached to; a group named as a source means the addresses of its members.
Network ACLs and explicit denies of IAM are not weighed: without them more is reachable, never less. RDS instances and
load balancers have no address in their description; they get an unused one of their subnet to stand in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from amends.paths.cloud_rights import Box, Cloud, Row, buckets, rights, role_on, rows
from amends.paths.collectors.seen import (
    AssetSeen,
    CloudSeen,
    DeviceSeen,
    FirewallSeen,
    ServiceSeen,
    Sighting,
    StoreSeen,
)
from amends.paths.devices import Device, Interface
from amends.paths.filters import DENY, PERMIT, Filter, Rule
from amends.paths.spaces import ANY, PORTS, Span, Spans, address, join, network, shown


def sightings(pieces: Iterable[CloudSeen]) -> Iterator[Sighting]:
    """Yield machines, devices, firewalls, stores and rights that the pieces mean."""
    cloud = Cloud()
    for piece in pieces:
        cloud.rows[piece.kind].append((piece.row, piece.place))
    if not cloud.rows:
        return
    for row, _ in cloud.rows["Subnets"]:
        name = str(row.get("SubnetId", ""))
        cloud.zones[name] = _tag(row) or name
        cloud.cidrs[name] = network(str(row.get("CidrBlock", ""))) or ()
    cloud.boxes = [*_instances(cloud), *_databases(cloud), *_balancers(cloud)]
    yield from _machines(cloud)
    yield from _devices(cloud)
    yield from buckets(cloud)
    yield from rights(cloud)


def _tag(row: Row) -> str:
    for tag in row.get("Tags") or ():
        if isinstance(tag, dict) and tag.get("Key") == "Name":
            return str(tag.get("Value", ""))
    return ""


def _instances(cloud: Cloud) -> Iterator[Box]:
    for reservation, place in cloud.rows["Reservations"]:
        for row in rows(reservation, "Instances"):
            state = row.get("State")
            if isinstance(state, dict) and state.get("Name") in {"terminated", "shutting-down"}:
                continue
            name = _tag(row) or str(row.get("InstanceId", "instance"))
            groups = [str(group.get("GroupId", "")) for group in rows(row, "SecurityGroups")]
            ips = [str(row["PrivateIpAddress"])] if row.get("PrivateIpAddress") else []
            yield Box(
                name,
                f"{place}: {row.get('InstanceId', '')}",
                str(row.get("VpcId", "")),
                str(row.get("SubnetId", "")),
                ips,
                groups,
                bool(row.get("PublicIpAddress")),
                "instance",
                row,
            )


def _databases(cloud: Cloud) -> Iterator[Box]:
    for row, place in cloud.rows["DBInstances"]:
        name = str(row.get("DBInstanceIdentifier", "database"))
        inside = row.get("DBSubnetGroup") if isinstance(row.get("DBSubnetGroup"), dict) else {}
        assert isinstance(inside, dict)
        subnets = [str(s.get("SubnetIdentifier", "")) for s in rows(inside, "Subnets")]
        subnet = next((s for s in subnets if s in cloud.cidrs), subnets[0] if subnets else "")
        groups = [str(g.get("VpcSecurityGroupId", "")) for g in rows(row, "VpcSecurityGroups")]
        yield Box(
            name,
            f"{place}: {name}",
            str(inside.get("VpcId", "")),
            subnet,
            _stand_in(cloud, subnet),
            groups,
            row.get("PubliclyAccessible") is True,
            "database",
            row,
        )


def _balancers(cloud: Cloud) -> Iterator[Box]:
    for row, place in (*cloud.rows["LoadBalancers"], *cloud.rows["LoadBalancerDescriptions"]):
        name = str(row.get("LoadBalancerName", "balancer"))
        zones = [str(z.get("SubnetId", "")) for z in rows(row, "AvailabilityZones")]
        subnets = zones or [str(s) for s in row.get("Subnets") or ()]
        subnet = next((s for s in subnets if s in cloud.cidrs), subnets[0] if subnets else "")
        groups = [str(g) for g in row.get("SecurityGroups") or ()]
        yield Box(
            name,
            f"{place}: {name}",
            str(row.get("VpcId", row.get("VPCId", ""))),
            subnet,
            _stand_in(cloud, subnet),
            groups,
            row.get("Scheme") == "internet-facing",
            "balancer",
            row,
        )


def _stand_in(cloud: Cloud, subnet: str) -> list[str]:
    spans = cloud.cidrs.get(subnet)
    if not spans:
        return []
    cloud.spare[subnet] = cloud.spare.get(subnet, spans[0][1]) - 1
    return [shown(cloud.spare[subnet])]


def _machines(cloud: Cloud) -> Iterator[Sighting]:
    groups = {
        str(row.get("GroupId", "")): (row, place) for row, place in cloud.rows["SecurityGroups"]
    }
    members: dict[str, list[Span]] = defaultdict(list)
    for box in cloud.boxes:
        for group in box.groups:
            members[group] += [(ip, ip) for ip in map(address, box.ips) if ip is not None]
    for box in cloud.boxes:
        yield AssetSeen(
            box.name, box.place, tuple(box.ips), cloud.zones.get(box.subnet, box.subnet), box.kind
        )
        known = [groups[group] for group in box.groups if group in groups]
        rules = [rule for row, place in known for rule in _group_rules(row, place, members)]
        if known:
            made = Filter("security groups", box.name, known[0][1], default=DENY)
            made.rules.extend(rules)
            yield FirewallSeen(made, known[0][1], host=box.name, family=0)
        if box.kind == "database":
            yield from _database(box)
        else:
            yield from _opened(box, rules)
        if box.kind == "instance":
            yield from role_on(cloud, box)


def _group_rules(row: Row, place: str, members: dict[str, list[Span]]) -> Iterator[Rule]:
    name = str(row.get("GroupId", ""))
    for one in rows(row, "IpPermissions"):
        protocol = str(one.get("IpProtocol", "-1"))
        low, high = one.get("FromPort"), one.get("ToPort")
        ports = (
            ((low, high),) if isinstance(low, int) and isinstance(high, int) and low >= 0 else PORTS
        )
        kinds = (
            frozenset()
            if protocol == "-1"
            else frozenset({{"6": "tcp", "17": "udp"}.get(protocol, protocol)})
        )
        sources: list[tuple[str, Spans]] = []
        for key, field_ in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            sources += [
                (str(r.get(field_)), network(str(r.get(field_))) or ANY) for r in rows(one, key)
            ]
        sources += [(str(p.get("PrefixListId")), ANY) for p in rows(one, "PrefixListIds")]
        sources += [
            (str(p.get("GroupId")), join(members.get(str(p.get("GroupId")), ())))
            for p in rows(one, "UserIdGroupPairs")
        ]
        for words, spans in sources:
            text = f"{name} ingress {protocol} {low if low is not None else 'all'} from {words}"
            yield Rule(PERMIT, spans, ANY, kinds, ports, place=f"{place}:{name}", words=text)


def _opened(box: Box, rules: list[Rule]) -> Iterator[Sighting]:
    """Yield a service for each port that a group opens by number."""
    for rule in rules:
        for low, high in rule.ports:
            if high - low > 15 or not rule.protocols:
                continue
            for port in range(low, high + 1):
                for protocol in rule.protocols & {"tcp", "udp"}:
                    yield ServiceSeen(box.name, port, protocol, rule.place, listed=False)


def _database(box: Box) -> Iterator[Sighting]:
    endpoint = box.row.get("Endpoint")
    port = endpoint.get("Port") if isinstance(endpoint, dict) else box.row.get("DbInstancePort")
    port = (
        port
        if isinstance(port, int) and port
        else {"mysql": 3306, "mariadb": 3306}.get(str(box.row.get("Engine")), 5432)
    )
    yield ServiceSeen(
        box.name,
        port,
        "tcp",
        box.place,
        "password",
        product=str(box.row.get("Engine", "")),
        listed=False,
    )
    yield StoreSeen(str(box.row.get("DBName") or box.name), box.place, box.name, port)


def _devices(cloud: Cloud) -> Iterator[Sighting]:
    """Yield a device for each VPC."""
    vpcs = {str(row.get("VpcId", "")) for row, _ in cloud.rows["Subnets"]} - {""}
    for vpc in sorted(vpcs):
        place = next(place for row, place in cloud.rows["Subnets"] if row.get("VpcId") == vpc)
        box = Device(vpc, place, closed=True)
        subnets = [row for row, _ in cloud.rows["Subnets"] if row.get("VpcId") == vpc]
        for row in subnets:
            name = str(row.get("SubnetId"))
            box.interfaces[name] = Interface(
                name,
                vpc,
                cloud.zones[name],
                subnets=[cloud.cidrs[name]] if cloud.cidrs[name] else [],
                group="vpc",
                place=place,
            )
        tables = [(r, p) for r, p in cloud.rows["RouteTables"] if r.get("VpcId") == vpc]
        gate = Filter("internet gateway", vpc, place)
        for one in cloud.boxes:
            if (
                one.public
                and one.subnet in box.interfaces
                and _routed(one.subnet, [r for r, _ in tables])
            ):
                spans = join((ip, ip) for ip in map(address, one.ips) if ip is not None)
                gate.rules.append(
                    Rule(PERMIT, ANY, spans, place=one.place, words=f"public address of {one.name}")
                )
        out = Filter("to the internet", vpc, place)
        out.rules.append(Rule(PERMIT, place=place, words="out of the VPC"))
        box.filters |= {gate.name: gate, out.name: out}
        box.between = {("igw", "vpc"): [gate.name], ("vpc", "igw"): [out.name]}
        box.interfaces["igw"] = Interface("igw", vpc, "internet", group="igw", place=place)
        yield DeviceSeen(box, place)


def _routed(subnet: str, tables: list[Row]) -> bool:
    """Answer whether a subnet's route table leads to an internet gateway; without tables it is taken so."""
    if not tables:
        return True
    own = [t for t in tables if any(a.get("SubnetId") == subnet for a in rows(t, "Associations"))]
    main = [t for t in tables if any(a.get("Main") is True for a in rows(t, "Associations"))]
    return any(
        str(route.get("GatewayId", "")).startswith("igw-")
        for table in own or main
        for route in rows(table, "Routes")
    )
