# ruff: noqa: E501  (a shape reads best on one line)
"""Services of a host starting and stopping, logs starting, stopping and turning over, clocks, boots.

Source: systemd's unit messages; rsyslog's and sysklogd's start and stop lines; ``logrotate(8)``; ISC DHCP; BIND 9; chrony, ntpd.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes

_UNIT = {"object_kind": "service"}
_SYSTEMD_SHAPES = (
    Shape(
        "Started ",
        r"^Started (?P<object>[^\s]+\.(?:service|timer|socket|mount)|.*?)(?: - .*)?\.?$",
        "service",
        "start",
        "success",
        _UNIT,
    ),
    Shape(
        "Starting ",
        r"^Starting (?P<object>.*?)(?: - .*)?(?:\.\.\.)?$",
        "service",
        "start",
        "",
        _UNIT,
    ),
    Shape(
        "Stopped ", r"^Stopped (?P<object>.*?)(?: - .*)?\.?$", "service", "stop", "success", _UNIT
    ),
    Shape(
        "Stopping ",
        r"^Stopping (?P<object>.*?)(?: - .*)?(?:\.\.\.)?$",
        "service",
        "stop",
        "",
        _UNIT,
    ),
    Shape(
        "Failed to start",
        r"^Failed to start (?P<object>.*?)(?: - .*)?\.?$",
        "service",
        "start",
        "failure",
        _UNIT,
    ),
    Shape(
        "Reloading",
        r"^Reloading(?: requested from client PID (?P<x_client>\d+))?",
        "service",
        "modify",
        "",
        _UNIT,
    ),
    Shape(
        "systemd ",
        r"^systemd (?P<x_version>\S+) running in system mode",
        "system",
        "boot",
        "success",
    ),
    Shape("Shutting down", r"^Shutting down\.", "system", "shutdown"),
    Shape("Startup finished", r"^Startup finished in", "system", "boot", "success"),
)
_LOGGER_SHAPES = (
    Shape(
        "[origin",
        r'^\[origin software="[^"]*"[^\]]*\] ?(?:start|rsyslogd? \(re\)start|restart)',
        "log",
        "start",
        "success",
    ),
    Shape("[origin", r'^\[origin software="[^"]*"[^\]]*\] ?exiting on signal', "log", "stop"),
    Shape(
        "[origin",
        r'^\[origin software="[^"]*"[^\]]*\] ?rsyslogd was HUPed',
        "log",
        "rotate",
        "success",
    ),
    Shape("exiting on signal", r"^exiting on signal", "log", "stop"),
    Shape("syslogd ", r"^syslogd .*(?:re)?start", "log", "start", "success"),
    Shape("restart", r"^restart", "log", "start", "success"),
    Shape("syslog-ng ", r"^syslog-ng starting up", "log", "start", "success"),
    Shape("syslog-ng ", r"^syslog-ng shutting down", "log", "stop"),
    Shape("Configuration reload", r"^Configuration reload", "log", "start"),
    Shape("Journal started", r"^Journal started", "log", "start", "success"),
    Shape("Journal stopped", r"^Journal stopped", "log", "stop"),
    Shape("", r"(?i)^.*\bturned over\b", "log", "rotate", "success"),
    Shape("", r"^imuxsock lost (?P<x_messages>\d+) messages", "log", "hole"),
    Shape("Suppressed", r"^Suppressed (?P<x_messages>\d+) messages from", "log", "hole"),
    Shape(
        "",
        r"^.*begin to drop messages|^.*: (?P<x_messages>\d+) messages lost due to rate-limiting",
        "log",
        "hole",
    ),
)
_ROTATE_SHAPES = (
    Shape("", r"^rotating (?:pattern|log) ?:? ?(?P<object>\S+)", "log", "rotate", "success"),
    Shape("ALERT", r"^ALERT exited abnormally", "log", "rotate", "failure"),
)
_TIME_SHAPES = (
    Shape(
        "",
        r"^(?:System clock (?:wrong by|was stepped by)|step time server \S+ offset|time reset|synchronized to|Selected source|System time (?:changed|jumped)|Time has been changed|Changed local time zone)",
        "system",
        "time",
    ),
)
_DHCP_SHAPES = (
    Shape(
        "DHCPACK",
        r"^DHCPACK (?:on|to) (?P<src_ip>\S+) (?:to |\()(?P<x_mac>[0-9a-fA-F:]+)\)?(?: \((?P<x_name>[^)]*)\))?",
        "connection",
        "assign",
        "success",
        {"proto": "dhcp"},
    ),
    Shape(
        "DHCP",
        r"^DHCP(?P<code>[A-Z]+) (?:for|on|from) (?P<x_what>\S+)",
        "connection",
        "assign",
        "",
        {"proto": "dhcp"},
    ),
)
_NAMED_SHAPES = (
    Shape(
        "",
        r"^(?:queries: )?(?:info: )?client (?:@\S+ )?(?P<src_ip>[\d.:a-fA-F]+)#(?P<src_port>\d+)(?: \([^)]*\))?: (?:view \S+: )?query: (?P<url>\S+) IN (?P<x_type>\S+)",
        "connection",
        "flow",
        "",
        {"proto": "dns", "dst_port": "53"},
    ),
    Shape(
        "",
        r"^(?:.*: )?client (?:@\S+ )?(?P<src_ip>[\d.:a-fA-F]+)#(?P<src_port>\d+)(?: \([^)]*\))?: (?:view \S+: )?(?:zone transfer|transfer of) '(?P<url>[^']+)'.*(?:denied|refused)",
        "connection",
        "deny",
        "failure",
        {"proto": "dns", "code": "axfr"},
    ),
    Shape(
        "",
        r"^(?:.*: )?client (?:@\S+ )?(?P<src_ip>[\d.:a-fA-F]+)#(?P<src_port>\d+)(?: \([^)]*\))?: (?:view \S+: )?transfer of '(?P<url>[^']+)'",
        "connection",
        "flow",
        "success",
        {"proto": "dns", "code": "axfr"},
    ),
)

DAEMON_DIALECTS = (
    Dialect("systemd", by_shapes(_SYSTEMD_SHAPES), frozenset({"systemd", "init"})),
    Dialect(
        "syslogd",
        by_shapes(_LOGGER_SHAPES),
        frozenset(
            {
                "rsyslogd",
                "syslogd",
                "syslog-ng",
                "liblogging-stdlog",
                "systemd-journald",
                "systemd-journal",
                "journal",
                "newsyslog",
                "syslog",
            }
        ),
        starts=("syslogd ",),
    ),
    Dialect("logrotate", by_shapes(_ROTATE_SHAPES), frozenset({"logrotate"})),
    Dialect(
        "clock",
        by_shapes(_TIME_SHAPES),
        frozenset(
            {
                "chronyd",
                "ntpd",
                "ntpdate",
                "systemd-timesyncd",
                "systemd-timedated",
                "systemd-time-wait-sync",
            }
        ),
    ),
    Dialect("dhcpd", by_shapes(_DHCP_SHAPES), frozenset({"dhcpd", "dhclient", "dnsmasq-dhcp"})),
    Dialect("named", by_shapes(_NAMED_SHAPES), frozenset({"named"})),
)
