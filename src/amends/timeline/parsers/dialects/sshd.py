"""The OpenSSH server: logins, failures, closings, SFTP.

Source: OpenSSH's ``auth.c``, ``sshd-session.c``, ``packet.c``, ``sftp-server.c`` message texts; ``sshd(8)``.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes

_SSH = {"logon_type": "ssh", "proto": "tcp", "dst_port": "22"}
_FROM = r"(?P<src_ip>\S+) port (?P<src_port>\d+)"

_SHAPES = (
    Shape("Failed password for invalid", rf"^Failed (?P<x_method>\S+) for invalid user (?P<account>.*) from {_FROM}", "login", "login", "failure", _SSH),
    Shape("Failed ", rf"^Failed (?P<x_method>\S+) for (?:invalid user )?(?P<account>.*) from {_FROM}", "login", "login", "failure", _SSH),
    Shape("Accepted ", rf"^Accepted (?P<x_method>\S+) for (?P<account>.*) from {_FROM}(?: ssh2)?(?:: (?P<x_key>.*))?", "login", "login", "success", _SSH),
)  # fmt: skip

SSHD = Dialect("sshd", frozenset({"sshd", "sshd-session", "sshd-auth"}), by_shapes(_SHAPES))
