# ruff: noqa: E501  (a shape reads best on one line)
"""Cisco's newer mnemonics: NETCONF logins, port authentication, applets that log commands, AnyConnect's policies.

The shapes follow what we know of these products' lines; they were not checked line by line against: Cisco IOS XE
system messages (DMI, AUTHMGR, HA_EM); ASA syslog messages, 734001.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Shape

IOS_XE_SHAPES = (
    Shape("", r"^(?:\S+: )?(?:dmiauthd: )?User '(?P<account>[^']*)' authenticated successfully from (?P<src_ip>[\d.a-fA-F:]*[\d.a-fA-F]):(?P<src_port>\d+)(?: and was authorized)? for (?P<object>\w+)", "login", "login", "success", {"logon_type": "netconf", "object_kind": "service"}, "DMI-5-AUTH_PASSED"),
    Shape("", r"^(?:\S+: )?(?:dmiauthd: )?.*?Authenticat\w+.*?(?:[Uu]ser '?(?P<account>[^'\s]+)'?)?.*? from (?P<src_ip>[\d.a-fA-F:]*[\d.a-fA-F]):(?P<src_port>\d+)", "login", "login", "failure", {"logon_type": "netconf"}, "DMI-3-AUTH_FAILED"),
    Shape("", r"^(?:\S+: )?(?:dmiauthd: )?Configured from (?P<object>\S+) by (?P<account>[^\s,]+)", "config", "change", "success", {}, "DMI-5-CONFIG_I"),
    Shape("", r"^Authorization succeeded for client \((?P<x_mac>[^)]+)\) on Interface (?P<object>\S+)", "other", "other", "success", {"object_kind": "interface"}, "AUTHMGR-5-SUCCESS"),
    Shape("", r"^Authorization failed(?: or unapplied)? for client \((?P<x_mac>[^)]+)\) on Interface (?P<object>\S+)", "other", "other", "failure", {"object_kind": "interface"}, "AUTHMGR-5-FAIL"),
    Shape("", r"^(?P<object>[\w.\-]+)\s*:\s+(?P<command>(?:do |no )?(?:sh|show|copy|conf|configure|username|clear|wr|write|debug|delete|reload|enable|ip|interface|more|dir|ping|telnet|ssh|tclsh|archive|erase|format|terminal|access-list|line|router|snmp-server|logging|crypto|aaa|tacacs|radius|exit|end|monitor|event|kron|vstack|boot|verify|traceroute)\b.*)$", "process", "command", "", {"object_kind": "applet"}, "HA_EM-6-LOG"),
)  # fmt: skip
DAP_SHAPES = (
    Shape("DAP: User", r"^DAP: User (?P<account>[^,]+), Addr (?P<src_ip>[^,]+), Connection (?P<x_connection>[^:]+): The following DAP records were selected for this connection: (?P<object>.*)$", "other", "other", "", {"logon_type": "vpn", "code": "734001"}),
)  # fmt: skip
