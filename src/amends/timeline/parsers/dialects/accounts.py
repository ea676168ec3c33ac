# ruff: noqa: E501  (a shape reads best on one line)
"""Who may do what on a Unix host: sudo, su, login, the shadow tools, cron, systemd-logind.

Source: ``sudoers(5)`` log format; shadow-utils' ``useradd.c``, ``usermod.c``, ``groupadd.c``, ``passwd.c``; util-linux ``login.c``;
cronie and Vixie cron; systemd-logind.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes
from amends.timeline.parsers.dialects.pam import PAM_SHAPES

_SUDO = r"^\s*(?P<account>\S+) : "
_SUDO_SHAPES = (
    Shape(
        "",
        _SUDO
        + r"(?:HOST=\S+ ; )?(?:TTY=(?P<x_tty>[^;]*?) ; )?PWD=(?P<x_pwd>[^;]*?) ; USER=(?P<target_account>[^;\s]+) ; (?:GROUP=\S+ ; )?(?:TSID=(?P<session>\S+) ; )?(?:ENV=[^;]*; )?COMMAND=(?P<command>.*)$",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "",
        _SUDO
        + r"(?P<x_reason>command not allowed|user NOT in sudoers|user NOT authorized on host|\d+ incorrect password attempts?|a password is required|3 incorrect password attempts|no tty present[^;]*) ;.*?(?:USER=(?P<target_account>[^;\s]+) ; )(?:.*?COMMAND=(?P<command>.*))?$",
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "",
        _SUDO + r"(?P<x_reason>[^;]*?(?:incorrect|not allowed|NOT in sudoers|no tty)[^;]*) ;",
        "privilege",
        "elevate",
        "failure",
    ),
    *PAM_SHAPES,
)
_SU_SHAPES = (
    Shape(
        "(to ",
        r"^\(to (?P<target_account>[^)\s]+)\) (?P<account>\S+) on (?P<x_tty>\S+)",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "FAILED SU",
        r"^FAILED SU \(to (?P<target_account>[^)\s]+)\) (?P<account>\S+) on (?P<x_tty>\S+)",
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "FAILED su",
        r"^FAILED su for (?P<target_account>\S+) by (?P<account>\S+)",
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "Successful su",
        r"^Successful su for (?P<target_account>\S+) by (?P<account>\S+)",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "+ ",
        r"^\+ (?P<x_tty>\S+) (?P<account>[^:\s]+):(?P<target_account>\S+)",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "- ",
        r"^- (?P<x_tty>\S+) (?P<account>[^:\s]+):(?P<target_account>\S+)",
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "session opened",
        r"^session opened for user (?P<target_account>\S+) by (?P<account>[^\s(]*)\(uid=(?P<x_uid>\d*)\)",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "session closed", r"^session closed for user (?P<target_account>\S+)", "other", "other", ""
    ),
    *PAM_SHAPES,
)
_LOGIN_SHAPES = (
    # old syslogd took login's name and first word for its tag
    Shape(
        " -- ",
        r"^ -- (?P<account>\S+)\[(?P<pid>\d+)\]: (?:ROOT )?LOGIN ON (?P<x_tty>\S+)",
        "login",
        "login",
        "success",
        {"logon_type": "console"},
    ),
    Shape(
        "ROOT LOGIN",
        r"^ROOT LOGIN\s+ON (?P<x_tty>\S+)(?: FROM (?P<src_ip>\S+))?",
        "login",
        "login",
        "success",
        {"logon_type": "console", "account": "root"},
    ),
    Shape(
        "LOGIN ON",
        r"^LOGIN ON (?P<x_tty>\S+) BY (?P<account>\S+)(?: FROM (?P<src_ip>\S+))?",
        "login",
        "login",
        "success",
        {"logon_type": "console"},
    ),
    Shape(
        "FAILED LOGIN",
        r"^FAILED LOGIN (?:SESSION FROM|\(?\d*\)? ?(?:on '?\S+'? )?(?:FROM|from))\s*'?(?P<src_ip>[^\s']+)'? (?:FOR|for) '?(?P<account>[^',\s]+)",
        "login",
        "login",
        "failure",
        {"logon_type": "console"},
    ),
    Shape(
        "FAILED LOGIN",
        r"^FAILED LOGIN .*? (?:FOR|for) '?(?P<account>[^',\s]+)",
        "login",
        "login",
        "failure",
        {"logon_type": "console"},
    ),
    *PAM_SHAPES,
)
_CRON_SHAPES = (
    Shape(
        "(",
        r"^\((?P<account>[^)\s]+)\) CMD \(\s*(?P<command>.*)\)\s*$",
        "service",
        "job",
        "",
        {"logon_type": "batch"},
    ),
    Shape(
        "(",
        r"^\((?P<account>[^)\s]+)\) (?:BEGIN EDIT|END EDIT|LIST) \((?P<target_account>[^)]+)\)",
        "service",
        "job",
        "",
        {"object_kind": "crontab"},
    ),
    Shape(
        "(",
        r"^\((?P<account>[^)\s]+)\) (?:REPLACE|DELETE) \((?P<target_account>[^)]+)\)",
        "service",
        "modify",
        "success",
        {"object_kind": "crontab", "object": "crontab"},
    ),
    Shape(
        "(",
        r"^\((?P<account>[^)\s]+)\) (?P<code>[A-Z][A-Z ]+[A-Z]) \((?P<x_text>.*)\)$",
        "service",
        "job",
    ),
    *PAM_SHAPES,
)
_LOGIND_SHAPES = (
    Shape(
        "New session",
        r"^New session (?P<session>\S+) of user (?P<account>[^\s.]+(?:\.[^\s.]+)*)",
        "other",
        "other",
        "",
        {"code": "session_opened"},
    ),
    Shape(
        "Removed session",
        r"^Removed session (?P<session>\S+?)\.?$",
        "other",
        "other",
        "",
        {"code": "session_closed"},
    ),
    Shape(
        "Session ",
        r"^Session (?P<session>\S+) logged out",
        "other",
        "other",
        "",
        {"code": "session_closed"},
    ),
    Shape("System is", r"^System is (?:powering down|rebooting|halting)", "system", "shutdown"),
    Shape("Power key", r"^Power key pressed", "system", "shutdown"),
)

ACCOUNT_DIALECTS = (
    Dialect("sudo", by_shapes(_SUDO_SHAPES), frozenset({"sudo"})),
    Dialect("su", by_shapes(_SU_SHAPES), frozenset({"su", "su-l"})),
    Dialect(
        "login",
        by_shapes(_LOGIN_SHAPES),
        frozenset(
            {
                "login",
                "gdm",
                "gdm-password]",
                "gdm-password",
                "telnetd",
                "in.telnetd",
                "rlogind",
                "rshd",
            }
        ),
        starts=(" -- ",),
    ),
    Dialect(
        "cron",
        by_shapes(_CRON_SHAPES),
        frozenset({"cron", "crond", "crontab", "/usr/sbin/cron", "atd", "anacron", "fcron"}),
    ),
    Dialect("logind", by_shapes(_LOGIND_SHAPES), frozenset({"systemd-logind"})),
)
