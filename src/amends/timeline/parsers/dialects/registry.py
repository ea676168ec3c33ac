"""All dialects of syslog, in the order in which they are tried where several claim a program."""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect
from amends.timeline.parsers.dialects.sshd import SSHD

BY_PROGRAM: tuple[Dialect, ...] = (SSHD,)
