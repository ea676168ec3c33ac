# ruff: noqa: E501  (a shape reads best on one line)
"""Cisco firewalls: ASA, FTD, PIX.

Source: Cisco Secure Firewall ASA Series Syslog Messages.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import numbers
from amends.timeline.parsers.dialects.base import Dialect, Group, Messages, Shape, read_shapes
from amends.timeline.parsers.dialects.cisco import cisco_outcomes
from amends.timeline.parsers.dialects.cisco_more import DAP_SHAPES

_CONFIG = {"object_kind": "configuration"}
_PAIR = r"(?P<x_from>[^:\s]+):(?P<src_ip>[^/\s(]+)/(?P<src_port>\d+)"
_TO = r"(?P<x_to>[^:\s]+):(?P<dst_ip>[^/\s(]+)/(?P<dst_port>\d+)"
_MAPPED = r"(?:\([^ ]*)? (?:\([^ ]* )*"
"""Mapped addresses and users in brackets behind an end of a connection, up to the space before the next word."""
_GROUP = r"Group(?: =)? <?(?P<x_group>[^>,\s]+)>?,? User(?:name)?(?: =)? <?(?P<account>[^>,\s]+)>?,? IP(?: =)? <?(?P<src_ip>[\d.:a-fA-F]+)>?,? ?"
_VPN = {"logon_type": "vpn"}


def _built(way: str, first: str, second: str) -> str:
    return (
        rf"^Built {way} (?P<proto>\w+) connection (?P<session>\d+) for {first}{_MAPPED}to {second}"
    )


ASA_SHAPES = (
    Shape(
        "Built inbound",
        _built("inbound", _PAIR, _TO),
        "connection",
        "open",
        "success",
        code="302013",
    ),
    # an outbound connection names its far end first
    Shape(
        "Built outbound",
        _built("outbound", _TO, _PAIR),
        "connection",
        "open",
        "success",
        code="302013",
    ),
    Shape(
        "Built inbound",
        _built("inbound", _PAIR, _TO),
        "connection",
        "open",
        "success",
        code="302015",
    ),
    Shape(
        "Built outbound",
        _built("outbound", _TO, _PAIR),
        "connection",
        "open",
        "success",
        code="302015",
    ),
    *(
        Shape(
            "Teardown ",
            rf"^Teardown (?P<proto>\w+) connection (?P<session>\d+) for (?P<x_from>[^:\s]+):(?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+){_MAPPED}to {_TO}{_MAPPED}duration (?P<x_duration>\S+) bytes (?P<x_bytes_total>\d+)",
            "connection",
            "close",
            code=code,
        )
        for code in ("302014", "302016")
    ),
    Shape(
        "Teardown",
        r"^Teardown (?P<proto>\w+) connection for faddr (?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\d+) gaddr \S+ laddr (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+)",
        "connection",
        "close",
        code="302021",
    ),
    Shape(
        "Built ",
        r"^Built (?P<x_way>\w+) (?P<proto>\w+) connection for faddr (?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\d+)\S* gaddr \S+ laddr (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+)",
        "connection",
        "open",
        "success",
        code="302020",
    ),
    Shape(
        "Built ",
        rf"^Built (?P<x_way>\w+) (?P<proto>\w+) translation from {_PAIR} to {_TO}",
        "connection",
        "translate",
        code="305011",
    ),
    Shape(
        "Deny ",
        rf"^Deny (?P<proto>\w+) src {_PAIR}{_MAPPED}dst {_TO}{_MAPPED}by access-group \"(?P<object>[^\"]*)\"",
        "connection",
        "deny",
        "failure",
        {"object_kind": "rule"},
        "106023",
    ),
    Shape(
        "Deny ",
        r"^Deny (?P<proto>\w+) src (?P<x_from>[^:\s]+):(?P<src_ip>[\d.:a-fA-F]+)\S*(?: \([^)]*\))? dst (?P<x_to>[^:\s]+):(?P<dst_ip>[\d.:a-fA-F]+)",
        "connection",
        "deny",
        "failure",
        {"object_kind": "rule"},
        "106023",
    ),
    Shape(
        "access-list",
        r"^access-list (?P<object>\S+) (?P<outcome>denied|permitted|est-allowed) (?P<proto>\w+) (?P<x_from>[^/\s]+)/(?P<src_ip>[\d.:a-fA-F]+)\((?P<src_port>\d+)\)(?:\([^)]*\))? -> (?P<x_to>[^/\s]+)/(?P<dst_ip>[\d.:a-fA-F]+)\((?P<dst_port>\d+)\)",
        "connection",
        "allow",
        "",
        {"object_kind": "rule"},
        "106100",
    ),
    Shape(
        "Inbound",
        r"^Inbound (?P<proto>\w+) connection denied from (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+) to (?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\d+)",
        "connection",
        "deny",
        "failure",
        code="106001",
    ),
    Shape(
        "Deny ",
        r"^Deny (?P<proto>\w+) \(no connection\) from (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+) to (?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\d+)",
        "connection",
        "deny",
        "failure",
        code="106015",
    ),
    Shape(
        "Deny ",
        r"^Deny inbound (?P<proto>\w+) (?:from|src) (?:[^:\s]+:)?(?P<src_ip>[\d.]+)/(?P<src_port>\d+) (?:to|dst) (?:[^:\s]+:)?(?P<dst_ip>[\d.]+)/(?P<dst_port>\d+)",
        "connection",
        "deny",
        "failure",
    ),
    Shape(
        "Login denied",
        r"^Login denied from (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+) to [^:\s]+:(?P<dst_ip>[\d.:a-fA-F]+)/(?P<dst_port>\w+) for user \"(?P<account>[^\"]*)\"",
        "login",
        "login",
        "failure",
        code="605004",
    ),
    Shape(
        "Login permitted",
        r"^Login permitted from (?P<src_ip>[\d.:a-fA-F]+)/(?P<src_port>\d+) to [^:\s]+:(?P<dst_ip>[\d.:a-fA-F]+)/(?P<logon_type>\w+) for user \"(?P<account>[^\"]*)\"",
        "login",
        "login",
        "success",
        code="605005",
    ),
    Shape(
        "User '",
        r"^User '(?P<account>[^']*)'(?:, running '[^']*')?(?: from IP (?P<src_ip>[\d.:a-fA-F]+))?,? executed (?:the )?'(?P<command>[^']*)'",
        "config",
        "change",
        "success",
        _CONFIG,
    ),
    Shape(
        "User '",
        r"^User '(?P<account>[^']*)' executed cmd: (?P<command>.*)$",
        "process",
        "command",
        "success",
    ),
    Shape(
        "Begin configuration",
        r"^Begin configuration: (?P<src_ip>\S+) (?:reading|writing)",
        "config",
        "view",
    ),
    Shape("", r"^(?P<src_ip>[\d.]+) (?:erase|end) configuration", "config", "change"),
    Shape(
        "AAA user authentication Successful",
        r"^AAA user authentication Successful ?: (?:server = *(?P<x_server>\S+) ?[:,] )?(?:local database : )?user = (?P<account>[^\s,]+)(?:.*user IP = (?P<src_ip>[\d.:a-fA-F]+))?",
        "login",
        "login",
        "success",
    ),
    Shape(
        "AAA user authentication Rejected",
        r"^AAA user authentication Rejected ?: reason = (?P<x_reason>[^:]*?) ?: (?:server = (?P<x_server>\S+) ?: |local database ?: )?user = (?P<account>[^\s:]+)(?:.*user IP = (?P<src_ip>[\d.:a-fA-F]+))?",
        "login",
        "login",
        "failure",
    ),
    Shape(
        "AAA ",
        r"^AAA (?:authentication|user accounting|transaction|group policy|retrieved|challenge).*?user = (?P<account>[^\s,]+)(?:.*user IP = (?P<src_ip>[\d.:a-fA-F]+))?",
        "other",
        "other",
    ),
    Shape(
        "Group ",
        rf"^{_GROUP}(?:WebVPN|Authentication: successful|AnyConnect) ?(?:session started|, Session Type: \S+|parent session started)\.?",
        "login",
        "login",
        "success",
        _VPN,
    ),
    Shape(
        "Group ",
        rf"^{_GROUP}(?:WebVPN|AnyConnect) session terminated: (?P<x_reason>.*)$",
        "logout",
        "logout",
        "",
        _VPN,
    ),
    Shape("Group ", rf"^{_GROUP}Authentication: rejected", "login", "login", "failure", _VPN),
    Shape(
        "Group ",
        rf"^{_GROUP}(?:IPv4 Address|Address) <(?P<dst_ip>[\d.]+)>.* assigned to session",
        "connection",
        "assign",
        "success",
        _VPN,
        "722051",
    ),
    Shape(
        "Group ",
        rf"^{_GROUP}(?:(?P<proto>TCP|UDP) )?(?:SVC|First|New|AnyConnect).*(?:connection|tunnel) (?:established|connection)",
        "connection",
        "open",
        "success",
        _VPN,
    ),
    Shape(
        "Group ",
        rf"^{_GROUP}(?:(?P<proto>TCP|UDP) )?SVC (?:connection|message|closing).*",
        "connection",
        "close",
        "",
        _VPN,
    ),
    Shape(
        "Group = ",
        r"^Group = (?P<x_group>[^,]+), Username = (?P<account>[^,]+), IP = (?P<src_ip>[^,]+), Session disconnected\. Session Type: (?P<x_type>[^,]+), Duration: (?P<x_duration>[^,]+), Bytes xmt: (?P<bytes_out>\d+), Bytes rcv: (?P<bytes_in>\d+), Reason: (?P<x_reason>.*)$",
        "logout",
        "logout",
        "",
        _VPN,
        "113019",
    ),
    Shape("Group ", rf"^{_GROUP}(?P<x_text>.*)$", "other", "other", "", _VPN),
    Shape(
        "Group = ",
        r"^Group = (?P<x_group>[^,]+)(?:, Username = (?P<account>[^,]+))?, IP = (?P<src_ip>[^,]+), (?P<x_text>.*)$",
        "other",
        "other",
        "",
        _VPN,
    ),
)


def _asa(messages: Messages) -> list[Group]:
    number = pc.replace_substring_regex(messages.code, r"^.*-", "")
    groups = read_shapes(messages.text, (*DAP_SHAPES, *ASA_SHAPES), cisco_outcomes, number)
    for group in groups:
        group.columns["code"] = number.take(pa.array(group.rows))
        if (
            "extra" in group.columns
            and group.constants["action"] == "close"
            and "dst_port" in group.columns
        ):
            _turned(group.columns)
    return groups


def _turned(columns: dict[str, pa.Array]) -> None:
    """Name the ends of a closed connection as source and destination, and give its bytes to the way out.

    A teardown names the outer interface first, whoever began. The end with the lower port is the server. Its bytes
    are of both ways together: they count as sent by the inner end, so as an upper bound of what left.
    """
    total = numbers(pc.map_lookup(columns["extra"], "bytes_total", "first"))
    if total.null_count == len(total):
        return
    outward = pc.less(columns["src_port"], columns["dst_port"])
    for one, other in (("src_ip", "dst_ip"), ("src_port", "dst_port")):
        columns[one], columns[other] = (
            pc.if_else(outward, columns[other], columns[one]),
            pc.if_else(outward, columns[one], columns[other]),
        )
    nothing = pa.scalar(None, pa.int64())
    columns["bytes_in"] = pc.if_else(outward, total, nothing)
    columns["bytes_out"] = pc.if_else(outward, nothing, total)


CISCO_ASA = Dialect("cisco_asa", _asa, codes=r"^(?:ASA|FTD|PIX|FWSM)-")
