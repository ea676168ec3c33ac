# ruff: noqa: E501  (a case of a table, and a configuration, read best on one line)
"""Access lists against a packet simulator: every line is tried on every packet, one after the other."""

from __future__ import annotations

import io
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.paths import spaces
from amends.paths.collect import collect
from amends.paths.collectors.cisco_lists import Groups, rules
from amends.paths.filters import DENY, PERMIT, RETURN, Door, Filter, Piece, Rule
from amends.paths.spaces import PORTS, V4

# sets of addresses -------------------------------------------------------------------------------

small = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=6).map(
    lambda pairs: spaces.join((low, low + length) for low, length in pairs)
)


def members(spans: spaces.Spans) -> set[int]:
    return {value for low, high in spans for value in range(low, high + 1)}


@given(small, small)
def test_sets_of_addresses_behave_as_sets(one: spaces.Spans, other: spaces.Spans) -> None:
    assert members(spaces.both(one, other)) == members(one) & members(other)
    assert members(spaces.without(one, other)) == members(one) - members(other)
    assert members(spaces.join((*one, *other))) == members(one) | members(other)
    assert spaces.covers(one, other) == (members(other) <= members(one))
    assert spaces.size(one) == len(members(one))
    assert all(spaces.holds(one, value) == (value in members(one)) for value in range(-1, 60))


@given(st.integers(0, 2**32 - 1), st.integers(0, 0x7FF))
def test_a_wildcard_mask_means_the_addresses_that_agree_in_the_bits_it_does_not_mask(
    base: int, mask: int
) -> None:
    spans = spaces.wildcard(base, mask)
    assert spans is not None
    assert spaces.size(spans) == 2 ** bin(mask).count("1")
    for low, high in spans:
        for value in {low, high, (low + high) // 2}:
            assert (value - V4) & ~mask & 0xFFFFFFFF == base & ~mask & 0xFFFFFFFF


def test_a_wildcard_mask_of_many_gaps_is_refused_rather_than_spread_out() -> None:
    assert spaces.wildcard(0, 0xAAAAAAAA) is None


# lists -------------------------------------------------------------------------------------------

HOSTS = [f"10.0.0.{n}" for n in range(8)]
PROTOCOLS = ["ip", "tcp", "udp"]
address_words = st.one_of(
    st.just("any"),
    st.sampled_from(HOSTS).map(lambda h: f"host {h}"),
    st.tuples(
        st.sampled_from(HOSTS),
        st.sampled_from(["0.0.0.0", "0.0.0.1", "0.0.0.3", "0.0.0.5", "0.0.0.7"]),
    ).map(" ".join),
)
port_words = st.one_of(
    st.just(""),
    st.integers(20, 26).map(lambda p: f"eq {p}"),
    st.integers(20, 26).map(lambda p: f"neq {p}"),
    st.integers(20, 26).map(lambda p: f"gt {p}"),
    st.integers(20, 26).map(lambda p: f"lt {p}"),
    st.tuples(st.integers(20, 23), st.integers(23, 26)).map(lambda r: f"range {r[0]} {r[1]}"),
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    action, protocol = draw(st.sampled_from(["permit", "deny"])), draw(st.sampled_from(PROTOCOLS))
    ports = [draw(port_words) if protocol != "ip" else "" for _ in range(2)]
    tail = draw(st.sampled_from(["", "", "", "log", "established"])) if protocol == "tcp" else ""
    words = [action, protocol, draw(address_words), ports[0], draw(address_words), ports[1], tail]
    return " ".join(word for word in words if word)


def fits_address(words: list[str], value: str) -> bool:
    word = words.pop(0)
    if word == "any":
        return True
    if word == "host":
        return words.pop(0) == value
    mask = int(ipaddress.IPv4Address(words.pop(0)))
    return (int(ipaddress.IPv4Address(word)) | mask) == (int(ipaddress.IPv4Address(value)) | mask)


def fits_port(words: list[str], port: int) -> bool:
    if not words or words[0] not in {"eq", "neq", "gt", "lt", "range"}:
        return True
    word, value = words.pop(0), int(words.pop(0))
    if word == "range":
        last = int(words.pop(0))
        return value <= port <= last
    return {"eq": port == value, "neq": port != value, "gt": port > value, "lt": port < value}[word]


def lets_in(
    text: list[str], source: str, source_port: int, target: str, protocol: str, port: int
) -> bool:
    """Try one packet, the first of a connection, on each line from the top."""
    for line in text:
        words = line.split()
        action, kind = words.pop(0), words.pop(0)
        fits = kind in {"ip", protocol}
        fits = fits_address(words, source) and fits
        fits = fits_port(words, source_port) and fits
        fits = fits_address(words, target) and fits
        fits = fits_port(words, port) and fits
        if fits and "established" not in words:
            return action == "permit"
    return False


def made(text: list[str]) -> Filter:
    out = Filter("L")
    for line in text:
        found, understood = rules(
            line.split(),
            standard=False,
            netmask=False,
            groups=Groups(),
            place="r.cfg:1",
            words=line,
        )
        assert understood, line
        out.rules.extend(found)
    return out


@settings(max_examples=150, deadline=None)
@given(
    st.lists(lines(), max_size=6),
    st.sampled_from(HOSTS),
    st.sampled_from(["tcp", "udp"]),
    st.integers(19, 27),
)
def test_a_list_lets_in_exactly_what_trying_every_packet_lets_in(
    text: list[str], target: str, protocol: str, port: int
) -> None:
    number = spaces.address(target)
    assert number is not None
    door = Door(((number, number),), protocol, port)
    everybody = spaces.network("10.0.0.0/29")
    assert everybody is not None
    got = made(text).passed([Piece(everybody, PORTS)], made(text).row(door))
    allowed = {value for piece in got for value in members(piece.source)}
    for host in HOSTS:
        expected = any(lets_in(text, host, own, target, protocol, port) for own in range(18, 29))
        assert (spaces.address(host) in allowed) == expected, (text, host)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(lines(), max_size=6),
    st.lists(
        st.tuples(st.sampled_from(HOSTS), st.sampled_from(["tcp", "udp"]), st.integers(19, 27)),
        max_size=12,
    ),
)
def test_many_services_at_once_are_answered_as_each_alone(
    text: list[str], asked: list[tuple[str, str, int]]
) -> None:
    doors = [Door(spaces.network(host) or (), protocol, port) for host, protocol, port in asked]
    rows = made(text).rows(doors)
    assert [bytes(row.astype("u1")) for row in rows] == [made(text).row(door) for door in doors]


def test_chains_return_and_go_on_where_they_were_called() -> None:
    inside = spaces.network("10.0.0.0/8") or ()
    bad = spaces.network("10.9.0.0/16") or ()
    chains = {
        "": [Rule("ssh", protocols=frozenset({"tcp"}), ports=((22, 22),)), Rule(DENY)],
        "ssh": [Rule(RETURN, source=bad), Rule(PERMIT, source=inside)],
    }
    gate = Filter("INPUT", chains=chains, default=PERMIT)
    door = Door(((V4 + 1, V4 + 1),), "tcp", 22)
    got = gate.passed([Piece(spaces.ANY4, PORTS)], gate.row(door))
    assert spaces.join(s for p in got for s in p.source) == spaces.without(inside, bad)


def test_chains_that_call_each_other_in_a_circle_end() -> None:
    gate = Filter(
        "INPUT", chains={"": [Rule("a")], "a": [Rule("b")], "b": [Rule("a")]}, default=DENY
    )
    door = Door(((V4 + 1, V4 + 1),), "tcp", 22)
    assert gate.passed([Piece(spaces.ANY4, PORTS)], gate.row(door)) == []


# a table of lines --------------------------------------------------------------------------------

GROUPS = Groups(
    networks={
        "admins": [["host", "10.0.0.1"], ["10.0.1.0", "0.0.0.255"]],
        "loop": [["group-object", "loop"]],
        "pair": [["group-object", "admins"], ["range", "10.5.0.1", "10.5.0.4"]],
    },
    services={"web": [["of", "tcp"], ["port-object", "eq", "www"], ["port-object", "range", "8000", "8080"]],
              "mixed": [["tcp", "eq", "22"], ["udp", "range", "53", "54"]]},
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "source", "protocol", "port", "expected"),
    [
        ("permit tcp any any eq 22", "198.51.100.9", "tcp", 22, True),
        ("permit tcp any any eq ssh log-input", "198.51.100.9", "tcp", 22, True),
        ("permit tcp any any eq 22", "198.51.100.9", "udp", 22, False),
        ("permit tcp any any range telnet 25", "198.51.100.9", "tcp", 24, True),
        ("permit tcp any any eq 22 443", "198.51.100.9", "tcp", 443, True),
        ("permit tcp any any established", "198.51.100.9", "tcp", 22, False),
        ("permit tcp any any ack", "198.51.100.9", "tcp", 22, False),
        ("permit tcp any any fragments", "198.51.100.9", "tcp", 22, False),
        ("permit tcp any any eq 22 inactive", "198.51.100.9", "tcp", 22, False),
        ("permit tcp any any eq 22 time-range NIGHT", "198.51.100.9", "tcp", 22, True),
        ("permit 6 any any", "198.51.100.9", "tcp", 22, True),
        ("permit 17 any any", "198.51.100.9", "tcp", 22, False),
        ("permit icmp any any echo-reply", "198.51.100.9", "tcp", 22, False),
        ("permit tcp any eq 80 any", "198.51.100.9", "tcp", 22, True),
        ("permit tcp 10.0.0.0/8 any eq 22", "10.250.1.1", "tcp", 22, True),
        ("permit tcp 10.0.0.0 0.255.255.255 any eq 22", "11.0.0.1", "tcp", 22, False),
        ("permit tcp object-group ADMINS any eq 22", "10.0.1.77", "tcp", 22, True),
        ("permit tcp object-group ADMINS any eq 22", "10.0.2.77", "tcp", 22, False),
        ("permit tcp object-group pair any eq 22", "10.5.0.4", "tcp", 22, True),
        ("permit object-group MIXED any any", "10.5.0.4", "udp", 54, True),
        ("permit object-group MIXED any any", "10.5.0.4", "tcp", 54, False),
        ("permit tcp any any object-group web", "10.5.0.4", "tcp", 8001, True),
        ("permit tcp any any object-group web", "10.5.0.4", "tcp", 8081, False),
    ],
)
def test_a_line_lets_in(line: str, source: str, protocol: str, port: int, expected: bool) -> None:
    found, understood = rules(
        line.split(), standard=False, netmask=False, groups=GROUPS, place="r:1", words=line
    )
    assert understood
    gate = Filter("L")
    gate.rules.extend(found)
    door = Door(spaces.network("192.0.2.1") or (), protocol, port)
    got = gate.passed([Piece(spaces.network(source) or (), PORTS)], gate.row(door))
    assert bool(got) == expected


@pytest.mark.parametrize(
    "line",
    [
        "permit tcp object-group NOWHERE any eq 22",
        "permit tcp object-group LOOP any eq 22",
        "permit tcp any any eq martian",
        "permit tcp any any eq 99999",
        "permit tcp any any wibble",
        "permit tcp host",
        "permit martian any any",
    ],
)
def test_a_permit_half_understood_counts_as_open_and_is_told(line: str) -> None:
    found, understood = rules(
        line.split(), standard=False, netmask=False, groups=GROUPS, place="r:1", words=line
    )
    assert not understood
    gate = Filter("L")
    gate.rules.extend(found)
    door = Door(spaces.network("192.0.2.1") or (), "tcp", 22)
    assert gate.passed([Piece(spaces.ANY4, PORTS)], gate.row(door))
    denied, understood = rules(
        ["deny", *line.split()[1:]],
        standard=False,
        netmask=False,
        groups=GROUPS,
        place="r:1",
        words=line,
    )
    assert (denied, understood) == ([], False)


def network_of(**files: str) -> set[tuple[str, str]]:
    """Return who reaches what, from texts by file name (``__`` stands for a dot)."""
    named = [(name.replace("__", "."), io.BytesIO(text.encode())) for name, text in files.items()]
    return {(f.source, f.target) for f in collect(named).facts if f.kind == "reach"}


ASSETS = """asset,ip,zone,role
edge,203.0.113.1,edge,router
web1,10.1.0.5,dmz,web
jump1,10.1.0.9,dmz,jump
db1,10.2.0.7,dc,database
lab1,10.3.0.4,lab,test
"""
SERVICES = """asset,port,service,auth,mfa,lockout
web1,443,https,,,
jump1,22,ssh,password,no,no
db1,5432,postgres,password,no,yes
lab1,22,ssh,password,no,no
"""
ROUTER = """hostname edge
interface Gi0/0
 description internet
 ip address 203.0.113.1 255.255.255.0
{outside}!
interface Gi0/1
 description dmz
 ip address 10.1.0.1 255.255.255.0
{dmz}!
interface Gi0/2
 description Data centre: dc
 ip address 10.2.0.1 255.255.255.0
{dc}!
interface Gi0/3
 description lab
 ip address 10.3.0.1 255.255.255.0
!
{lists}
end
"""


def routed(outside: str = "", dmz: str = "", dc: str = "", lists: str = "") -> set[tuple[str, str]]:
    text = ROUTER.format(outside=outside, dmz=dmz, dc=dc, lists=lists)
    return network_of(assets__csv=ASSETS, services__csv=SERVICES, edge__cfg=text)


def test_a_zone_without_an_inbound_list_may_send_anything() -> None:
    got = routed()
    for zone in ("internet", "dmz", "dc", "lab"):
        assert (f"zone:{zone}", "service:db1:5432/tcp") in got


def test_an_inbound_list_ends_with_a_deny() -> None:
    got = routed(
        outside=" ip access-group OUT in\n",
        lists="ip access-list extended OUT\n permit tcp any host 10.1.0.5 eq 443\n permit tcp any any established\n",
    )
    assert {target for source, target in got if source == "zone:internet"} == {
        "service:web1:443/tcp"
    }
    assert ("zone:lab", "service:db1:5432/tcp") in got


def test_an_outbound_list_narrows_what_gets_into_a_zone() -> None:
    got = routed(
        dc=" ip access-group INTO_DC out\n",
        lists="ip access-list extended INTO_DC\n permit tcp host 10.1.0.9 any eq 5432\n",
    )
    assert {source for source, target in got if target == "service:db1:5432/tcp"} == {
        "zone:dc",
        "asset:jump1",
    }


def test_a_list_that_allows_part_of_a_zone_allows_the_machines_in_that_part() -> None:
    got = routed(
        dmz=" ip access-group FROM_DMZ in\n",
        lists="access-list 110 deny ip any any\nip access-list extended FROM_DMZ\n"
        " permit tcp 10.1.0.8 0.0.0.7 any eq 5432\n deny ip any 10.2.0.0 0.0.255.255\n permit ip any any\n",
    )
    assert {source for source, target in got if target == "service:db1:5432/tcp"} == {
        "zone:dc", "zone:internet", "zone:lab", "asset:jump1",
    }  # fmt: skip
    assert ("zone:dmz", "service:lab1:22/tcp") in got


def test_a_few_known_addresses_of_the_internet_are_not_the_internet() -> None:
    narrow = routed(
        outside=" ip access-group 101 in\n",
        lists="access-list 101 permit tcp 198.51.100.0 0.0.0.255 any eq 22\n",
    )
    wide = routed(
        outside=" ip access-group 101 in\n",
        lists="access-list 101 permit tcp 64.0.0.0 63.255.255.255 any eq 22\n",
    )
    assert ("zone:internet", "service:jump1:22/tcp") not in narrow
    assert ("zone:internet", "service:jump1:22/tcp") in wide


def test_a_host_firewall_narrows_what_routers_allow() -> None:
    saved = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n" \
            "-A INPUT -s 10.1.0.0/24 -p tcp -m multiport --dports 22,5432 -j ACCEPT\nCOMMIT\n"  # fmt: skip
    text = ROUTER.format(outside="", dmz="", dc="", lists="")
    got = network_of(
        assets__csv=ASSETS, services__csv=SERVICES, edge__cfg=text, db1__iptables=saved
    )
    assert {source for source, target in got if target == "service:db1:5432/tcp"} == {"zone:dmz"}


def test_shutting_an_interface_cuts_its_zone_off() -> None:
    got = routed(outside=" shutdown\n")
    assert not [source for source, _ in got if source == "zone:internet"]


def test_two_routers_in_a_row_both_count() -> None:
    first = ("hostname r1\ninterface e0\n description internet\n ip address 203.0.113.1 255.255.255.0\n"
             "interface e1\n description dmz\n ip address 10.1.0.1 255.255.255.0\n")  # fmt: skip
    second = ("hostname r2\ninterface e0\n description dmz\n ip address 10.1.0.2 255.255.255.0\n{0}"
              "interface e1\n description dc\n ip address 10.2.0.1 255.255.255.0\n{1}")  # fmt: skip
    open_way = network_of(
        assets__csv=ASSETS, services__csv=SERVICES, r1__cfg=first, r2__cfg=second.format("", "")
    )
    assert ("zone:internet", "service:db1:5432/tcp") in open_way
    shut = network_of(
        assets__csv=ASSETS, services__csv=SERVICES, r1__cfg=first,
        r2__cfg=second.format(" ip access-group 7 in\n", "access-list 7 permit 10.1.0.0 0.0.0.255\n"),
    )  # fmt: skip
    assert ("zone:internet", "service:db1:5432/tcp") not in shut
    assert ("zone:dmz", "service:db1:5432/tcp") in shut


PLACES = {"web1": "10.1.0.5", "jump1": "10.1.0.9", "db1": "10.2.0.7", "lab1": "10.3.0.4"}
ZONE_OF = {"web1": "dmz", "jump1": "dmz", "db1": "dc", "lab1": "lab"}
place_words = st.one_of(
    st.just("any"),
    st.sampled_from(list(PLACES.values())).map(lambda h: f"host {h}"),
    st.sampled_from(
        ["10.1.0.0 0.0.0.255", "10.1.0.8 0.0.0.7", "10.2.0.0 0.0.255.255", "10.0.0.0 0.3.255.255"]
    ),
)
port_choice = st.sampled_from(
    ["", "eq 22", "eq 443", "eq 5432", "range 20 500", "gt 443", "lt 443"]
)


@st.composite
def routed_lines(draw: st.DrawFn) -> str:
    action = draw(st.sampled_from(["permit", "deny"]))
    tail = draw(st.sampled_from(["", "", "established"]))
    return " ".join(
        w
        for w in (action, "tcp", draw(place_words), draw(place_words), draw(port_choice), tail)
        if w
    )


@settings(max_examples=60, deadline=None)
@given(*[st.lists(routed_lines(), max_size=4) for _ in range(3)])
def test_every_machine_reaches_over_a_router_exactly_what_its_packets_reach(
    dmz_in: list[str], dc_out: list[str], dc_in: list[str]
) -> None:
    lists = {"A": dmz_in, "B": dc_out, "C": dc_in}
    text = "".join(
        f"ip access-list extended {name}\n" + "".join(f" {line}\n" for line in body)
        for name, body in lists.items()
        if body
    )
    uses = {
        "dmz": " ip access-group A in\n" if dmz_in else "",
        "dc": (" ip access-group B out\n" if dc_out else "")
        + (" ip access-group C in\n" if dc_in else ""),
    }
    got = routed(dmz=uses["dmz"], dc=uses["dc"], lists=text)
    for source, own in PLACES.items():
        for target, port in (("web1", 443), ("jump1", 22), ("db1", 5432), ("lab1", 22)):
            if source == target:
                continue
            expected = True
            if ZONE_OF[source] != ZONE_OF[target]:
                passes = [
                    body
                    for body, zone in ((dmz_in, "dmz"), (dc_in, "dc"))
                    if ZONE_OF[source] == zone and body
                ]
                passes += [dc_out] if ZONE_OF[target] == "dc" and dc_out else []
                expected = all(
                    lets_in(body, own, 50000, PLACES[target], "tcp", port) for body in passes
                )
            name = f"service:{target}:{port}/tcp"
            seen = (f"zone:{ZONE_OF[source]}", name) in got or (f"asset:{source}", name) in got
            assert seen == expected, (source, target, lists)


def test_a_banner_is_no_configuration() -> None:
    banner = "banner motd ^C\ninterface Gi0/9\n ip access-group NOBODY in\naccess-list 1 permit any\n^C\n"
    assert routed(lists=banner) == routed()


def test_the_remedy_names_the_line_and_says_when_another_lets_it_through_too() -> None:
    def fact(lists: str) -> tuple[str, str]:
        text = ROUTER.format(outside=" ip access-group OUT in\n", dmz="", dc="", lists=lists)
        files = {"assets.csv": ASSETS, "services.csv": SERVICES, "edge-r1.cfg": text}
        network = collect((name, io.BytesIO(body.encode())) for name, body in files.items())
        (found,) = [
            f
            for f in network.facts
            if (f.kind, f.source, f.target) == ("reach", "zone:internet", "service:jump1:22/tcp")
        ]
        assert ("config", "asset:edge") in found.looks
        return found.remedy, found.act

    remedy, act = fact("ip access-list extended OUT\n permit tcp any any eq 22\n")
    assert remedy == "remove line 20 `permit tcp any any eq 22` of edge-r1.cfg"
    assert act == "acl:edge-r1.cfg:20"
    remedy, _ = fact("ip access-list extended OUT\n permit tcp any any eq 22\n permit ip any any\n")
    assert "before line 20" in remedy and "other lines" in remedy


def test_two_routers_that_share_a_wire_are_passed_by_static_routes() -> None:
    first = ("hostname r1\ninterface e0\n description internet\n ip address 203.0.113.1 255.255.255.0\n"
             "interface e1\n ip address 192.168.9.1 255.255.255.252\n{0}ip route 10.2.0.0 255.255.0.0 192.168.9.2\n")  # fmt: skip
    assets = "asset,ip,zone\ndb1,10.2.0.7,dc\n"
    services = "asset,port,auth\ndb1,5432,password\n"
    open_way = network_of(assets__csv=assets, services__csv=services, r1__cfg=first.format(""))
    assert ("zone:internet", "service:db1:5432/tcp") in open_way
    shut = network_of(
        assets__csv=assets, services__csv=services,
        r1__cfg=first.format(" ip access-group 101 out\naccess-list 101 permit tcp any host 10.2.0.7 eq 443\n"),
    )  # fmt: skip
    assert ("zone:internet", "service:db1:5432/tcp") not in shut
