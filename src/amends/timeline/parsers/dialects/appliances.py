# ruff: noqa: E501  (a shape reads best on one line)
"""Appliances: VMware ESXi, F5 BIG-IP, pfSense and OPNsense, MikroTik, Check Point.

The shapes follow what we know of these products' lines; they were not checked line by line against: VMware's
``vim.event`` texts in hostd.log; F5 K-articles on audit logs; Netgate, "Raw Filter Log Format"; MikroTik, "Log"
topics; Check Point Log Exporter (syslog format, SIC fields).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import numbers
from amends.timeline.parsers.dialects.base import (
    Dialect,
    Group,
    Messages,
    Shape,
    by_shapes,
    fields,
    read_shapes,
)
from amends.timeline.parsers.dialects.commands import by_command

_WEB = {"logon_type": "web"}
_ESXI = (
    Shape("", r"^.*?\bEvent \d+ : User (?P<account>[^@\s]+)@(?P<src_ip>[\d.a-fA-F:]+) logged in as (?P<user_agent>.*)$", "login", "login", "success", _WEB),
    Shape("", r"^.*?\bEvent \d+ : Cannot login (?P<account>[^@\s]+)@(?P<src_ip>[\d.a-fA-F:]+)", "login", "login", "failure", _WEB),
    Shape("", r"^.*?\bEvent \d+ : User (?P<account>[^@\s]+)@(?P<src_ip>[\d.a-fA-F:]+) logged out", "logout", "logout", "success", _WEB),
    Shape("", r"^.*?(?:Rejected password for user (?P<account>\S+) from (?P<src_ip>[\d.a-fA-F:]+))", "login", "login", "failure", _WEB),
    Shape("", r"^.*?(?:Accepted password for user (?P<account>\S+) from (?P<src_ip>[\d.a-fA-F:]+))", "login", "login", "success", _WEB),
    Shape("", r"^.*?\bEvent \d+ : (?:Account|User) (?P<target_account>\S+) was (?:created|added) on host", "account", "create", "success"),
    Shape("", r"^.*?\bEvent \d+ : (?P<object>.+?) on .* is powered off", "service", "stop", "success", {"object_kind": "machine"}),
    Shape("", r"^.*?SSH (?:access has been|for the host .* has been|login) enabled", "service", "start", "success", {"object": "ssh"}),
)  # fmt: skip
_ESXI_SHELL = (
    Shape("", r"^(?:\[(?P<account>[^\]]+)\]: )?(?P<command>.+)$", "process", "command", ""),
)
_F5 = (
    Shape("", r"^[0-9a-f]{8}:\d: AUDIT - user (?P<account>\S+) - RAW: \S+: user=\S+ .*?host=(?P<src_ip>\S+) attempts=(?P<x_attempts>\d+) start=\"[^\"]*\" end=", "logout", "logout", "success", _WEB),
    Shape("", r"^[0-9a-f]{8}:\d: AUDIT - user (?P<account>\S+) - RAW: \S+: User=\S+ .*?failed to login after (?P<x_attempts>\d+) attempts", "login", "login", "failure", _WEB),
    Shape("", r"^[0-9a-f]{8}:\d: AUDIT - user (?P<account>\S+) - RAW: \S+: user=\S+ .*?host=(?P<src_ip>\S+) attempts=", "login", "login", "success", _WEB),
    Shape("", r"^[0-9a-f]{8}:\d: AUDIT - (?:pid=(?P<pid>\d+) )?user[= ](?P<account>\S+) .*?cmd_data=(?P<command>.*)$", "process", "command", ""),
    Shape("", r"^[0-9a-f]{8}:\d: (?:\S+:)?(?P<session>[0-9a-f]{4,}): Username '(?P<account>[^']*)'", "other", "other", "", {"logon_type": "vpn"}),
    Shape("", r"^[0-9a-f]{8}:\d: (?:\S+:)?(?P<session>[0-9a-f]{4,}): New session from client IP (?P<src_ip>\S+)", "connection", "open", "", {"logon_type": "vpn"}),
)  # fmt: skip
_PFSENSE = (
    Shape("", r"^(?:\S+: )?Successful login for user '(?P<account>[^']*)' from: (?P<src_ip>[\d.a-fA-F:]+)", "login", "login", "success", _WEB),
    Shape("", r"^(?:\S+: )?(?:webConfigurator|Web GUI) authentication error for (?:user )?'(?P<account>[^']*)' from:? (?P<src_ip>[\d.a-fA-F:]+)", "login", "login", "failure", _WEB),
    Shape("", r"^(?:\S+: )?User logged out for user '(?P<account>[^']*)' from: (?P<src_ip>[\d.a-fA-F:]+)", "logout", "logout", "success", _WEB),
    Shape("", r"^(?:\S+: )?Configuration Change: (?P<account>[^@\s]+)@(?P<src_ip>[\d.a-fA-F:]+)", "config", "change", "success"),
)  # fmt: skip
_MIKROTIK = (
    Shape("system,", r"^system,\S*account\S* user (?P<account>\S+) logged in (?:from (?P<src_ip>[\d.a-fA-F:]+) )?(?:via|by) (?P<logon_type>\S+)", "login", "login", "success"),
    Shape("system,", r"^system,\S*account\S* user (?P<account>\S+) logged out (?:from (?P<src_ip>[\d.a-fA-F:]+) )?(?:via|by) (?P<logon_type>\S+)", "logout", "logout", "success"),
    Shape("system,", r"^system,\S* login failure for user (?P<account>\S*) from (?P<src_ip>[\d.a-fA-F:]+) via (?P<logon_type>\S+)", "login", "login", "failure"),
    Shape("system,", r"^system,\S* (?:user|new user) (?P<target_account>\S+) (?:added|created) by (?:\S+:)?(?P<account>[^\s@]+)", "account", "create", "success"),
    Shape("system,", r"^system,\S* (?P<object>.+?) (?:changed|added|removed) by (?:\S+:)?(?P<account>[^\s@(]+)(?:@(?P<src_ip>[\d.a-fA-F:]+))?", "config", "change", "success"),
    Shape("firewall", r"^firewall,\S* (?P<object>\S+) (?:\S+ )?\w+: ?in:(?P<x_in>\S+) out:(?P<x_out>[^,]+),.*?proto (?P<proto>\w+)[^,]*, (?P<src_ip>[\d.]+):(?P<src_port>\d+)->(?P<dst_ip>[\d.]+):(?P<dst_port>\d+)", "connection", "open", ""),
    Shape("firewall", r"^firewall,\S* (?P<object>[^:]+): ?in:(?P<x_in>\S+) out:(?P<x_out>[^,]+),.*?proto (?P<proto>\w+)[^,]*, (?P<src_ip>[\d.]+):(?P<src_port>\d+)->(?P<dst_ip>[\d.]+):(?P<dst_port>\d+)", "connection", "open", ""),
)  # fmt: skip
_PROTO = pa.array(["6", "17", "1", "50", "47"]), pa.array(["tcp", "udp", "icmp", "esp", "gre"])


def _filterlog(messages: Messages) -> list[Group]:
    """Read pf's comma separated fields; IPv4 has the protocol's name in the seventeenth, IPv6 in the thirteenth."""
    head = r"^[^,]*,[^,]*,[^,]*,(?P<object>[^,]*),(?P<x_if>[^,]*),[^,]*,(?P<outcome>[^,]*),(?P<x_dir>[^,]*),"
    four = (
        head
        + r"4,(?:[^,]*,){7}(?P<proto>[^,]*),[^,]*,(?P<src_ip>[^,]*),(?P<dst_ip>[^,]*)(?:,(?P<src_port>\d+),(?P<dst_port>\d+))?"
    )
    six = (
        head
        + r"6,(?:[^,]*,){3}(?P<proto>[^,]*),[^,]*,[^,]*,(?P<src_ip>[^,]*),(?P<dst_ip>[^,]*)(?:,(?P<src_port>\d+),(?P<dst_port>\d+))?"
    )
    rule = {"object_kind": "rule"}
    return read_shapes(messages.text, (Shape("", four, "connection", "open", "", rule), Shape("", six, "connection", "open", "", rule)), _passed)  # fmt: skip


def _passed(columns: dict[str, pa.Array]) -> None:
    blocked = pc.is_in(columns["outcome"], value_set=pa.array(["block", "reject"]))
    columns["action"] = pc.if_else(blocked, "deny", "allow")
    columns["outcome"] = pc.if_else(blocked, "failure", "success")
    columns["proto"] = pc.utf8_lower(columns["proto"])


def _check_point(messages: Messages) -> list[Group]:
    """Read ``[key:"value"; …]``."""
    text, n = messages.text, len(messages.text)

    def word(*keys: str) -> pa.Array:
        found = pc.extract_regex(text, rf"(?:^|[\[ ;])(?:{'|'.join(keys)}):\"(?P<v>[^\"]*)\"")
        return pc.struct_field(found, "v")

    action = pc.utf8_lower(pc.fill_null(word("action"), ""))
    denied = pc.match_substring_regex(action, "drop|reject|block|prevent|fail")
    login = pc.match_substring_regex(action, "log ?in|log ?on|failed")
    out = pc.match_substring_regex(action, "log ?out|log ?off")
    proto = word("proto")
    columns = {
        "kind": pc.if_else(out, "logout", pc.if_else(login, "login", "connection")),
        "action": pc.if_else(out, "logout", pc.if_else(login, "login", pc.if_else(denied, "deny", "allow"))),
        "outcome": pc.if_else(denied, "failure", "success"),
        "src_ip": word("src"), "dst_ip": word("dst"), "src_port": numbers(pc.fill_null(word("s_port"), "")),
        "dst_port": numbers(pc.fill_null(word("service"), "")),
        "proto": pc.coalesce(_PROTO[1].take(pc.index_in(proto, value_set=_PROTO[0])), proto),
        "account": word("user", "src_user_name", "administrator"), "object": word("rule_name", "rule"), "url": word("resource"),
        "extra": fields(n, {k: word(k) for k in ("action", "product", "ifdir", "origin")}),
    }  # fmt: skip
    mine = np.flatnonzero(pc.not_equal(action, "").to_numpy(zero_copy_only=False))
    return [Group(mine, {k: v.take(pa.array(mine)) for k, v in columns.items()}, {})]


APPLIANCE_DIALECTS = (
    Dialect("esxi", by_shapes(_ESXI), frozenset({"hostd", "vpxa", "vobd"})),
    Dialect("esxi_shell", by_shapes(_ESXI_SHELL, by_command), frozenset({"shell", "esxshell"})),
    Dialect("f5", by_shapes(_F5, by_command), frozenset({"httpd", "tmsh", "apmd", "mcpd", "apd"}), starts=("01070417", "01420002", "01490")),
    Dialect("pfsense", by_shapes(_PFSENSE), frozenset({"php-fpm", "php", "audit"})),
    Dialect("filterlog", _filterlog, frozenset({"filterlog"})),
    Dialect("mikrotik", by_shapes(_MIKROTIK), starts=("system,", "firewall,")),
    Dialect("check_point", _check_point, frozenset({"checkpoint"})),
)  # fmt: skip
