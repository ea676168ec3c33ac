# ruff: noqa: E501  (a shape reads best on one line)
"""Windows events as text in syslog: Snare, NXLog, and what Event Log forwarders write as sentences.

The shapes follow what we know of these products' lines; they were not checked line by line against: Snare,
"MSWinEventLog" fields; NXLog ``to_syslog_bsd()``; Microsoft Learn, texts of Security events.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes
from amends.timeline.parsers.evtx_names import LOGON_TYPES

_SNARE = r"^(?:MSWinEventLog[\t ,]+\d+[\t ,]+(?:[^\t]*\t){3}(?P<code>\d+)\t.*?|(?:[\w\-]+: )?(?P<x_id>\d{3,5}): (?:[A-Z_]+ )?|.*?)"
_NET = r"(?:.*?Source Network Address:\s+(?P<src_ip>[\d.a-fA-F:]*)\s)?(?:.*?Source Port:\s+(?P<src_port>\d+))?"
_TYPE = r".*?Logon Type:\s+(?P<logon_type>\d+)"


def _named(section: str, group: str = "account") -> str:
    return rf".*?{section}:.*?Account Name:\s+(?P<{group}>\S+)"


_BY = r".*?Subject:.*?Account Name:\s+(?P<account>\S+)"
_SHAPES = (
    Shape("", _SNARE + r"An account failed to log on\." + _TYPE + _named("Account For Which Logon Failed") + _NET, "login", "login", "failure", {"code": "4625"}),
    Shape("", _SNARE + r"An account was successfully logged on\." + _TYPE + _named("New Logon") + r"(?:.*?Logon ID:\s+(?P<session>\S+))?" + _NET, "login", "login", "success", {"code": "4624"}),
    Shape("", _SNARE + r"(?:An account was logged off|User initiated logoff)" + _BY + r".*?Logon ID:\s+(?P<session>\S+)", "logout", "logout", "success", {"code": "4634"}),
    Shape("", _SNARE + r"A user account was created\." + _BY + _named("New Account", "target_account"), "account", "create", "success", {"code": "4720"}),
    Shape("", _SNARE + r"A user account was deleted\." + _BY + _named("Target Account", "target_account"), "account", "delete", "success", {"code": "4726"}),
    Shape("", _SNARE + r"A user account was (?:enabled|unlocked)\." + _BY + _named("Target Account", "target_account"), "account", "enable", "success", {"code": "4722"}),
    Shape("", _SNARE + r"An attempt was made to (?:reset|change) an account's password\." + _BY + _named("Target Account", "target_account"), "account", "password", "", {"code": "4724"}),
    Shape("", _SNARE + r"A member was added to a security-enabled \w+ group\." + _BY + r".*?Member:.*?(?:Account Name:\s+(?P<target_account>\S+)).*?Group Name:\s+(?P<object>.*?)\s+(?:Group|Account) Domain", "account", "group", "success", {"code": "4732", "object_kind": "group"}),
    Shape("", _SNARE + r"A user account was locked out\." + _BY + _named("Account That Was Locked Out", "target_account"), "login", "lockout", "failure", {"code": "4740"}),
    Shape("", _SNARE + r"Special privileges assigned to new logon\." + _BY, "privilege", "grant", "success", {"code": "4672"}),
    Shape("", _SNARE + r"A new process has been created\." + _BY + r".*?New Process Name:\s+(?P<process>.*?)\s+Token Elevation.*?(?:Process Command Line:\s+(?P<command>.*?)(?:\s+Token Elevation Type indicates.*)?)$", "process", "start", "success", {"code": "4688"}),
    Shape("", _SNARE + r"The audit log was cleared\." + _BY, "log", "clear", "success", {"code": "1102"}),
    Shape("", _SNARE + r"A service was installed in the system\..*?Service Name:\s+(?P<object>.*?)\s+Service File Name:\s+(?P<command>.*?)\s+Service Type", "service", "install", "success", {"code": "7045", "object_kind": "service"}),
    Shape("", _SNARE + r"A scheduled task was created\." + _BY + r".*?Task Name:\s+(?P<object>\S+)", "service", "job", "success", {"code": "4698", "object_kind": "task"}),
    Shape("", _SNARE + r"A logon was attempted using explicit credentials\." + _BY + r".*?Account Whose Credentials Were Used:.*?Account Name:\s+(?P<target_account>\S+)", "login", "login", "", {"code": "4648"}),
    Shape("", _SNARE + r"Kerberos pre-authentication failed\." + r".*?Account Name:\s+(?P<account>\S+).*?Client Address:\s+(?P<src_ip>\S+)", "login", "login", "failure", {"code": "4771", "proto": "kerberos"}),
)  # fmt: skip


def _finish(columns: dict[str, pa.Array]) -> None:
    kind = columns.get("logon_type")
    if kind is not None:
        known = pa.array(list(LOGON_TYPES))
        columns["logon_type"] = pa.array(list(LOGON_TYPES.values())).take(pc.index_in(kind, value_set=known))  # fmt: skip
    for name in ("account", "target_account"):
        if name in columns:
            nobody = pc.is_in(columns[name], value_set=pa.array(["-"]))
            columns[name] = pc.if_else(nobody, pa.scalar(None, pa.string()), columns[name])


WINDOWS_TEXT = Dialect(
    "windows",
    by_shapes(_SHAPES, _finish),
    frozenset({"security-auditing", "microsoft-windows-security-auditing", "mswineventlog", "evtsys", "eventlog", "security"}),
    starts=("MSWinEventLog",),
)  # fmt: skip
