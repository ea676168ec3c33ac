"""Addresses by columns: which lie outside the company, and which network they belong to.

The company's own ranges decide first; without them, private, shared, link-local and loop-back addresses are inside
and every other is outside. Documentation ranges are outside: ``ipaddress.is_private`` calls them private.

Source: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
_V4 = r"^(?P<a>\d{1,3})\.(?P<b>\d{1,3})\.(?P<c>\d{1,3})\.(?P<d>\d{1,3})$"


def v4_numbers(values: pa.StringArray) -> npt.NDArray[np.int64]:
    """Return IPv4 addresses as numbers, -1 for anything else."""
    parts = pc.extract_regex(values, _V4)
    numbers = np.zeros(len(values), np.int64)
    bad = ~parts.is_valid().to_numpy(zero_copy_only=False)
    for place in range(4):
        part = parts.field(place)
        part = pc.if_else(pc.equal(pc.fill_null(part, ""), ""), "0", part).cast(pa.int64())
        octets = part.to_numpy(zero_copy_only=False)
        bad |= octets > 255
        numbers = (numbers << 8) | octets
    numbers[bad] = -1
    return numbers


def in_networks(values: pa.StringArray, networks: Iterable[Network]) -> npt.NDArray[np.bool_]:
    """Return which texts are addresses in one of the networks."""
    wanted = tuple(networks)
    v4 = v4_numbers(values)
    found = np.zeros(len(values), bool)
    for network in wanted:
        if network.version == 4:
            low, high = int(network.network_address), int(network.broadcast_address)
            found |= (v4 >= low) & (v4 <= high)
    sixes = [n for n in wanted if n.version == 6]
    for place in _six_places(values, v4):
        address = _six(values[int(place)].as_py())
        if isinstance(address, ipaddress.IPv4Address):
            found[place] = any(n.version == 4 and address in n for n in wanted)
        elif address is not None:
            found[place] = any(address in n for n in sixes)
    return found


def _six_places(values: pa.StringArray, v4: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    colons = pc.match_substring(values, ":").fill_null(False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(colons & (v4 < 0))


def _six(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address


def is_address(values: pa.StringArray) -> npt.NDArray[np.bool_]:
    """Return which texts are addresses."""
    v4 = v4_numbers(values)
    found = v4 >= 0
    for place in _six_places(values, v4):
        found[place] = _six(values[int(place)].as_py()) is not None
    return found


def networks(values: pa.StringArray) -> pa.StringArray:
    """Return the network of each address: a /24, or a /48 of IPv6; null for what is no address."""
    v4 = v4_numbers(values)
    made = pc.replace_substring_regex(values, r"\.\d{1,3}$", ".0/24")
    texts = pc.if_else(pa.array(v4 >= 0), made, pa.scalar(None, pa.string()))
    places = _six_places(values, v4)
    if not len(places):
        return texts
    rows = texts.to_pylist()
    for place in places:
        address = _six(values[int(place)].as_py())
        if address is not None:
            rows[place] = (
                str(ipaddress.ip_network((int(address) >> 80 << 80, 48)))
                if address.version == 6
                else None
            )
    return pa.array(rows, pa.string())


class Inside:
    """What belongs to the company."""

    def __init__(self, own: Iterable[Network] = ()) -> None:
        """Take the company's own ranges and outside addresses; they come on top of private ranges."""
        self.networks = (*own, *PRIVATE)

    def outside(self, values: pa.StringArray) -> pa.StringArray:
        """Return ``true`` or ``false`` for each address; null for what is no address."""
        inside = in_networks(values, self.networks)
        texts = pc.if_else(pa.array(inside), "false", "true")
        return pc.if_else(pa.array(is_address(values)), texts, pa.scalar(None, pa.string()))
