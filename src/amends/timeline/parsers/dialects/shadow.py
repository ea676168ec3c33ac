# ruff: noqa: E501  (a shape reads best on one line)
"""Accounts and groups made, changed and removed on a Unix host.

Source: shadow-utils' ``useradd.c``, ``usermod.c``, ``groupadd.c``, ``passwd.c``.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes
from amends.timeline.parsers.dialects.pam import PAM_SHAPES

_ACCOUNT = {"object_kind": "account"}
SHADOW_SHAPES = (
    Shape(
        "new user",
        r"^new user: name=(?P<target_account>[^,\s]+), UID=(?P<x_uid>\d+), GID=(?P<x_gid>\d+), home=(?P<x_home>[^,]*), shell=(?P<x_shell>[^,\s]*)(?:, from=(?P<x_tty>\S+))?",
        "account",
        "create",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "new user",
        r"^new user: .*?name=(?P<target_account>[^,\s]+)",
        "account",
        "create",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "new account",
        r"^new account added - account=(?P<target_account>[^,\s]+)",
        "account",
        "create",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "failed adding user",
        r"^failed adding user '?(?P<target_account>[^',\s]+)",
        "account",
        "create",
        "failure",
        _ACCOUNT,
    ),
    Shape(
        "new group",
        r"^new group: name=(?P<object>[^,\s]+)",
        "account",
        "create",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "group added",
        r"^group added to \S+ ?:? name=(?P<object>[^,\s]+)",
        "account",
        "create",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "add '",
        r"^add '(?P<target_account>[^']+)' to (?:shadow )?group '(?P<object>[^']+)'",
        "account",
        "group",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "user ",
        r"^user (?P<target_account>\S+) added by (?P<account>\S+) to group (?P<object>\S+)",
        "account",
        "group",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "members ",
        r"^members of group (?P<object>\S+) set by (?P<account>\S+)",
        "account",
        "group",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "delete user",
        r"^delete user '(?P<target_account>[^']+)'",
        "account",
        "delete",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "delete '",
        r"^delete '(?P<target_account>[^']+)' from (?:shadow )?group '(?P<object>[^']+)'",
        "account",
        "group",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "removed group",
        r"^removed group '(?P<object>[^']+)'",
        "account",
        "delete",
        "success",
        {"object_kind": "group"},
    ),
    Shape(
        "lock user",
        r"^lock user '(?P<target_account>[^']+)' password",
        "account",
        "disable",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "unlock user",
        r"^unlock user '(?P<target_account>[^']+)' password",
        "account",
        "enable",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "change user",
        r"^change user '(?P<target_account>[^']+)' (?P<x_what>password)",
        "account",
        "password",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "change user",
        r"^change user '(?P<target_account>[^']+)' (?P<x_what>.*)",
        "account",
        "modify",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "password ",
        r"^password (?:for|changed for) '?(?P<target_account>[^'\s]+)'?(?: changed by '(?P<account>[^']+)')?",
        "account",
        "password",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "pam_unix(passwd",
        r"^pam_unix\((?:passwd|chpasswd|chage):chauthtok\): password changed for (?P<target_account>\S+)",
        "account",
        "password",
        "success",
        _ACCOUNT,
    ),
    Shape(
        "changed ",
        r"^changed password (?:expiry )?for (?P<target_account>\S+)",
        "account",
        "modify",
        "success",
        _ACCOUNT,
    ),
    *PAM_SHAPES,
)
SHADOW = Dialect(
    "shadow",
    by_shapes(SHADOW_SHAPES),
    frozenset(
        {
            "useradd",
            "usermod",
            "userdel",
            "groupadd",
            "groupmod",
            "groupdel",
            "passwd",
            "chpasswd",
            "chage",
            "gpasswd",
            "adduser",
            "newusers",
            "vipw",
            "chfn",
            "chsh",
        }
    ),
)
