# ruff: noqa: E501  (a shape reads best on one line)
"""What PAM writes in the name of a program, in the manner of today and of the time before ``service:type``.

Source: Linux-PAM ``pam_unix``, ``pam_faillock``, ``pam_tally2``, ``pam_sss`` message texts.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes

_FAILURE = r"authentication failure; logname=(?P<x_logname>\S*) uid=\d* euid=\d* tty=(?P<x_tty>\S*) ruser=(?P<x_ruser>\S*) rhost=(?P<src_ip>\S*)(?:\s+user=(?P<account>\S+))?"

PAM_SHAPES = (
    Shape(
        "pam_unix(su",
        r"^pam_unix\(su(?:-l)?:session\): session opened for user (?P<target_account>[^\s(]+)(?:\(uid=\d+\))? by (?P<account>[^\s(]*)(?:\(uid=(?P<x_uid>\d+)\))?",
        "privilege",
        "elevate",
        "success",
    ),
    Shape(
        "pam_unix(login",
        r"^pam_unix\(login:session\): session opened for user (?P<account>[^\s(]+)",
        "login",
        "login",
        "success",
        {"logon_type": "console"},
    ),
    Shape(
        "pam_unix(login",
        r"^pam_unix\(login:session\): session closed for user (?P<account>[^\s(]+)",
        "logout",
        "logout",
        "success",
        {"logon_type": "console"},
    ),
    Shape(
        "pam_",
        r"^pam_\w+\((?:sudo|su|su-l|sudo-i):auth\): authentication failure; logname=(?P<x_logname>\S*) uid=\d* euid=\d* tty=\S* ruser=(?P<account>\S*) rhost=(?P<src_ip>\S*)(?:\s+user=(?P<target_account>\S+))?",
        "privilege",
        "elevate",
        "failure",
    ),
    Shape(
        "pam_", r"^pam_\w+\((?P<x_service>[^:)]+):auth\): " + _FAILURE, "other", "other", "failure"
    ),
    Shape(
        "pam_",
        r"^pam_\w+\((?P<x_service>[^:)]+):session\): session (?P<x_session>opened|closed) for user (?P<account>[^\s(]+)",
        "other",
        "other",
        "",
    ),
    Shape(
        "pam_",
        r"^pam_(?:faillock|tally2?)\((?P<x_service>[^:)]+):\w+\): (?:Consecutive login failures for user|user) (?P<account>\S+).*(?:locked|exceeded)",
        "login",
        "lockout",
        "failure",
    ),
    Shape("authenti", r"^" + _FAILURE, "login", "login", "failure"),
    Shape("session ", r"^session opened for user (?P<account>\S+) by", "login", "login", "success"),
    Shape("session ", r"^session closed for user (?P<account>\S+)", "logout", "logout", "success"),
)

PAM = Dialect(
    "pam", by_shapes(PAM_SHAPES), starts=("pam_unix(", "pam_sss(", "pam_faillock(", "pam_tally2(")
)
