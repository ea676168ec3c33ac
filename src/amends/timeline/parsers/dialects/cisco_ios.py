# ruff: noqa: E501  (a shape reads best on one line)
"""Cisco routers and switches: IOS, IOS XE, NX-OS.

Source: Cisco IOS System Message Guide; NX-OS System Messages Reference.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Group, Messages, Shape, read_shapes
from amends.timeline.parsers.dialects.cisco import cisco_outcomes
from amends.timeline.parsers.dialects.cisco_more import IOS_XE_SHAPES
from amends.timeline.parsers.dialects.sshd import SHAPES as SSH_SHAPES

_BY = r"by (?P<account>[^\s(]+)(?: on (?P<session>\S+))?(?: \((?P<src_ip>[^)]+)\))?"
_USER = (
    r"\[user: (?P<account>[^\]]*)\] \[Source: (?P<src_ip>[^\]]+)\] \[localport: (?P<dst_port>\d+)\]"
)
_CONFIG = {"object_kind": "configuration"}

IOS_SHAPES = (
    Shape(
        "list ",
        r"^list (?P<object>\S+) (?P<outcome>denied|permitted) (?P<proto>\w+) (?P<src_ip>[\d.:a-fA-F]+)\((?P<src_port>\d+)\) (?:\([^)]*\) )?-> (?P<dst_ip>[\d.:a-fA-F]+)\((?P<dst_port>\d+)\), \d+ packet",
        "connection",
        "allow",
        "",
        {"object_kind": "rule"},
    ),
    Shape(
        "list ",
        r"^list (?P<object>\S+) (?P<outcome>denied|permitted) (?P<proto>\w+) (?P<src_ip>[\d.:a-fA-F]+) (?:\([^)]*\) ?)?-> (?P<dst_ip>[\d.:a-fA-F]+)(?: \((?P<x_icmp>\d+/\d+)\))?, \d+ packet",
        "connection",
        "allow",
        "",
        {"object_kind": "rule"},
    ),
    Shape(
        "list ",
        r"^list (?P<object>\S+) (?P<outcome>denied|permitted) (?P<src_ip>[\d.:a-fA-F]+)\s+(?P<x_packets>\d+) packet",
        "connection",
        "allow",
        "",
        {"object_kind": "rule"},
    ),
    Shape(
        "access-list logging",
        r"^access-list logging (?:rate-limited or missed|datapath).*?(?P<x_packets>\d+) packet",
        "log",
        "hole",
        "",
    ),
    Shape("Login Success", rf"^Login Success {_USER}", "login", "login", "success"),
    Shape(
        "Login failed",
        rf"^Login failed {_USER}(?: \[Reason: (?P<x_reason>[^\]]*)\])?",
        "login",
        "login",
        "failure",
    ),
    Shape("", rf"^Still timeleft for watching failures.*?{_USER}", "login", "lockout", "failure"),
    Shape(
        "Configured from",
        r"^Configured from (?P<x_from>\S+) " + _BY,
        "config",
        "change",
        "success",
        _CONFIG,
    ),
    Shape(
        "Configured from",
        r"^Configured from (?P<x_from>\S+)",
        "config",
        "change",
        "success",
        _CONFIG,
    ),
    Shape(
        "Nonvolatile",
        r"^Nonvolatile storage configured from (?P<x_from>\S+)(?: " + _BY + ")?",
        "config",
        "change",
        "success",
        {**_CONFIG, "object": "startup-config"},
    ),
    Shape(
        "User:",
        r"^User:(?P<account>\S+)\s+logged command:(?P<command>.*)$",
        "config",
        "change",
        "success",
        _CONFIG,
    ),
    Shape(
        "User ",
        r"^User (?P<account>\S+) has exited tty session (?P<session>\d+)\s*\((?P<src_ip>[^)]*)\)",
        "logout",
        "logout",
        "success",
    ),
    Shape(
        "Privilege level",
        r"^Privilege level set to (?P<x_level>\d+) " + _BY,
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "Authentication to",
        r"^Authentication to Privilege level (?P<x_level>\d+) failed " + _BY,
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "SSH2 Session request",
        r"^SSH\d? Session request from (?P<src_ip>\S+) \(tty = (?P<session>\d+)\).* (?P<outcome>Succeeded|Failed)",
        "connection",
        "open",
        "",
        {"logon_type": "ssh", "proto": "tcp"},
    ),
    Shape(
        "User '",
        r"^User '(?P<account>[^']*)' authentication for SSH\d? Session from (?P<src_ip>\S+) \(tty = (?P<session>\d+)\).* (?P<outcome>Succeeded|Failed)",
        "login",
        "login",
        "",
        {"logon_type": "ssh"},
    ),
    Shape(
        "SSH",
        r"^SSH\d? Session from (?P<src_ip>\S+) \(tty = (?P<session>\d+)\)(?: for user '(?P<account>[^']*)')?.* closed",
        "logout",
        "logout",
        "",
        {"logon_type": "ssh"},
    ),
    Shape(
        "Logging to host",
        r"^Logging to host (?P<dst_ip>\S+) (?:port (?P<dst_port>\d+) )?(?:\([^)]*\) )?started",
        "log",
        "start",
        "success",
    ),
    Shape(
        "Logging to host",
        r"^Logging to host (?P<dst_ip>\S+) (?:port (?P<dst_port>\d+) )?(?:\([^)]*\) )?stopped",
        "log",
        "stop",
    ),
    Shape("System restarted", r"^System restarted", "system", "boot"),
    Shape(
        "Reload requested", r"^Reload requested(?: by (?P<account>[^\s(]+))?", "system", "shutdown"
    ),
    Shape(
        "Authentication failure for SNMP",
        r"^Authentication failure for SNMP (?:req(?:uest)?) from (?:host )?(?P<src_ip>[\d.:a-fA-F]+)",
        "login",
        "login",
        "failure",
        {"logon_type": "snmp", "proto": "udp", "dst_port": "161"},
    ),
    Shape(
        "Stop ",
        r"^Stop (?P<proto>\w+) session: initiator \((?P<src_ip>[^):]+):(?P<src_port>\d+)\) sent (?P<bytes_in>\d+) bytes -- responder \((?P<dst_ip>[^):]+):(?P<dst_port>\d+)\) sent (?P<bytes_out>\d+) bytes",
        "connection",
        "close",
    ),
    Shape(
        "Start ",
        r"^Start (?P<proto>\w+) session: initiator \((?P<src_ip>[^):]+):(?P<src_port>\d+)\) -- responder \((?P<dst_ip>[^):]+):(?P<dst_port>\d+)\)",
        "connection",
        "open",
        "success",
    ),
    Shape(
        "",
        r"^(?:\(target:class\)-\([^)]*\):)?Stop (?P<proto>\w+) session: initiator \((?P<src_ip>[^):]+):(?P<src_port>\d+)\) sent (?P<bytes_in>\d+) bytes -- responder \((?P<dst_ip>[^):]+):(?P<dst_port>\d+)\) sent (?P<bytes_out>\d+) bytes",
        "connection",
        "close",
    ),
    Shape(
        "Dropping",
        r"^Dropping (?P<proto>\w+) (?:session|pkt(?: from \S+)?) (?P<src_ip>[\d.]+):(?P<src_port>\d+) (?:=> )?(?P<dst_ip>[\d.]+):(?P<dst_port>\d+)",
        "connection",
        "deny",
        "failure",
    ),
    Shape(
        "",
        r"^(?:Created|Deleted)? ?(?:Translation )?(?P<proto>tcp|udp|icmp|TCP|UDP|ICMP) (?P<x_inside_local>[\d.]+:\d+) (?P<x_inside_global>[\d.]+:\d+) (?P<x_outside_local>[\d.]+:\d+) (?P<x_outside_global>[\d.]+:\d+)",
        "connection",
        "translate",
    ),
    Shape(
        "",
        r"^(?:\[[^\]]*\] ?)?CLI ?accounting: ?(?P<command>.*)$|^.*?(?:CMD|cli): '(?P<x_cmd>[^']*)'",
        "process",
        "command",
    ),
    *SSH_SHAPES,
)


def _ios(messages: Messages) -> list[Group]:
    return read_shapes(messages.text, (*IOS_XE_SHAPES, *IOS_SHAPES), cisco_outcomes, messages.code)


CISCO_IOS = Dialect("cisco_ios", _ios, codes=r"^[A-Z0-9_]+(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+$")
