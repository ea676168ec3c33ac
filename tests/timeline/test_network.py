"""Whose address it is: the company's word first, then what the internet cannot have."""

from __future__ import annotations

import ipaddress

import pytest

from amends.timeline.known import Host, Known, KnownFact
from amends.timeline.network import ground

KNOWN = Known(
    hosts=(
        Host("edge", ("10.1.1.1",), ("192.0.2.1",), "", "router"),
        Host("ras", ("10.1.1.9",), (), "", "VPN gateway"),
        Host("lab", ("8.20.30.40", "2001:db8:5::7")),
    ),
    facts=(
        KnownFact("vpn_pool", "pool", networks=(ipaddress.ip_network("10.99.0.0/24"),)),
        KnownFact("address", "ours", networks=(ipaddress.ip_network("203.0.113.0/28"),)),
        KnownFact("test", "testers", networks=(ipaddress.ip_network("198.51.100.9"),)),
    ),
)


@pytest.mark.parametrize(
    ("ip", "outside"),
    [
        ("10.200.1.1", False),
        ("192.0.2.1", False),
        ("192.0.2.2", True),
        ("203.0.113.5", False),
        ("203.0.113.200", True),
        ("198.51.100.9", True),
        ("8.20.30.99", False),
        ("8.20.31.99", True),
        ("2001:db8:5::1234", False),
        ("2001:db8:6::1", True),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("100.64.1.1", False),
        ("bastion", False),
        ("", False),
    ],
)
def test_inside_is_what_the_company_says_and_what_the_internet_cannot_have(
    ip: str, outside: bool
) -> None:
    assert ground(KNOWN).is_outside(ip) is outside


def test_an_address_of_the_pool_leads_to_the_one_gateway() -> None:
    ours = ground(KNOWN)
    assert ours.host_of("10.99.0.44") == "ras"
    assert ours.host_of("192.0.2.1") == "edge"
    assert ours.host_of("10.1.1.77") == ""
