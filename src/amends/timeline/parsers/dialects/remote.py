# ruff: noqa: E501  (a shape reads best on one line)
"""Ways in by other servers, who became whom by other tools, bans, and databases that write into syslog.

The shapes follow what we know of these products' lines; they were not checked line by line against: message texts of
dropbear, xrdp-sesman, OpenVPN, WireGuard's kernel module, strongSwan, polkit, pkexec, doas(1), fail2ban, MariaDB's
error log and PostgreSQL's log under ``log_destination = syslog``.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes

_SSH = {"logon_type": "ssh", "proto": "tcp"}
_RDP = {"logon_type": "rdp"}
_DB = {"logon_type": "db"}
_FROM = r"from <?(?P<src_ip>[\d.a-fA-F:]*[\d.a-fA-F])>?:(?P<src_port>\d+)"
_LEVEL = r"^(?:\[\d{8}-\d\d:\d\d:\d\d\] )?(?:\[[A-Z ]+\] )?"
_SYSLOGGED = r"^(?:\[\d+-\d+\] )?(?:.*?\b)??(?:(?P<account>[\w.\-$]+)@(?P<object>[\w.\-$]+) )?"

_DROPBEAR = (
    Shape("", r"^(?:Password|Pubkey|PAM password) auth succeeded for '(?P<account>[^']*)'.*? " + _FROM, "login", "login", "success", _SSH),
    Shape("Bad ", r"^Bad (?:PAM )?password attempt for '(?P<account>[^']*)' " + _FROM, "login", "login", "failure", _SSH),
    Shape("Login attempt", r"^Login attempt (?:for nonexistent user(?: '(?P<account>[^']*)')?|with wrong user \S+) " + _FROM, "login", "login", "failure", {**_SSH, "code": "invalid_user"}),
    Shape("Max auth", r"^Max auth tries reached - user '(?P<account>[^']*)' " + _FROM, "login", "lockout", "failure", _SSH),
    Shape("Exit (", r"^Exit \((?P<account>[^)]+)\)(?: from <(?P<src_ip>[\d.a-fA-F:]+):(?P<src_port>\d+)>)?:", "logout", "logout", "success", _SSH),
    Shape("Child connection", r"^Child connection " + _FROM, "connection", "open", "", _SSH),
)  # fmt: skip
_XRDP = (
    Shape("", _LEVEL + r"\+\+ (?:re)?(?:created|connected) session \(access granted\): username (?P<account>[^,]+), ip (?P<src_ip>\S*?)(?::(?P<src_port>\d+))? - ", "login", "login", "success", _RDP),
    Shape("", _LEVEL + r"\+\+ created session.*?username (?P<account>[^,\s]+)(?:, ip (?P<src_ip>\S*?)(?::(?P<src_port>\d+))?)?(?: -.*)?$", "login", "login", "success", _RDP),
    Shape("", _LEVEL + r"AUTHFAIL: user=(?P<account>\S+) ip=(?P<src_ip>\S+)", "login", "login", "failure", _RDP),
    Shape("", _LEVEL + r"\+\+ (?:terminated|logged out|disconnected) session:.*?username (?P<account>[^,\s]+)(?:.*?, ip (?P<src_ip>\S*?)(?::(?P<src_port>\d+))?(?: -.*)?)?$", "logout", "logout", "success", _RDP),
)  # fmt: skip
_POLKIT = (
    Shape("Operator of", r"^Operator of (?P<session>\S+) successfully authenticated as unix-user:(?P<target_account>\S+) to gain (?P<x_how>\w+) authorization for action (?P<object>\S+) for .*\(owned by unix-user:(?P<account>[^)\s]+)\)", "privilege", "elevate", "success", {"object_kind": "action"}),
    Shape("Operator of", r"^Operator of (?P<session>\S+) FAILED to authenticate to gain authorization for action (?P<object>\S+) for .*\(owned by unix-user:(?P<account>[^)\s]+)\)", "privilege", "elevate", "failure", {"object_kind": "action"}),
    Shape("", r"^(?P<account>[^\s:]+): Executing command \[USER=(?P<target_account>[^\]]+)\].*?\[COMMAND=(?P<command>.*)\]\s*$", "privilege", "elevate", "success"),
    Shape("", r"^(?P<account>[^\s:]+): (?:Error executing command as another user: )?Not authorized", "privilege", "elevate", "failure"),
    Shape("", r"^(?P<account>[^\s:]+): (?:The value for the SHELL|Error executing command as another user).*?(?:\[USER=(?P<target_account>[^\]]+)\])", "privilege", "elevate", "failure"),
)  # fmt: skip
_DOAS = (
    Shape("", r"^(?P<account>\S+) ran command (?P<command>.*) as (?P<target_account>\S+) from (?P<x_pwd>\S+)$", "privilege", "elevate", "success"),
    Shape("", r"^(?:failed|command not permitted|not permitted)(?: auth)?(?: command)? for (?P<account>[^\s:]+)(?:: (?P<command>.*) as (?P<target_account>\S+))?", "privilege", "elevate", "failure"),
)  # fmt: skip
_BANS = (
    Shape("", r"^(?:\[?\d+\]?:? )?(?:NOTICE|WARNING)?\s*\[(?P<object>[^\]]+)\] (?:Restore )?Ban (?P<src_ip>\S+)", "connection", "deny", "success", {"object_kind": "rule"}),
    Shape("", r"^(?:\[?\d+\]?:? )?(?:NOTICE|WARNING)?\s*\[(?P<object>[^\]]+)\] Unban (?P<src_ip>\S+)", "connection", "allow", "success", {"object_kind": "rule"}),
)  # fmt: skip
_MARIA = (
    Shape("", r"^.*?Access denied for user '(?P<account>[^']*)'@'(?P<src_ip>[^']*)'", "query", "connect", "failure", _DB),
    Shape("", r"^.*?: ready for connections", "service", "start", "success", {"object_kind": "service"}),
    Shape("", r"^.*?: (?:Normal shutdown|Shutdown complete)", "service", "stop", "success", {"object_kind": "service"}),
)  # fmt: skip
_POSTGRES = (
    Shape("", r"^.*?FATAL:\s+(?:password|peer|Ident|LDAP|PAM|GSSAPI|RADIUS|certificate|SCRAM\S*) authentication failed for user \"(?P<account>[^\"]*)\"", "query", "connect", "failure", _DB),
    Shape("", r"^.*?FATAL:\s+(?:no pg_hba\.conf entry|pg_hba\.conf rejects connection) for (?:replication connection from )?host \"(?P<src_ip>[^\"]*)\", user \"(?P<account>[^\"]*)\"(?:, database \"(?P<object>[^\"]*)\")?", "query", "connect", "failure", _DB),
    Shape("", r"^.*?LOG:\s+connection authorized: user=(?P<account>\S+)(?: database=(?P<object>\S+))?(?: application_name=(?P<process>\S+))?", "query", "connect", "success", _DB),
    Shape("", r"^.*?LOG:\s+connection received: host=(?P<src_ip>\S+)(?: port=(?P<src_port>\d+))?", "connection", "open", "", _DB),
    Shape("", r"^.*?LOG:\s+disconnection: session time: \S+ user=(?P<account>\S+) database=(?P<object>\S+)(?: host=(?P<src_ip>\S+))?(?: port=(?P<src_port>\d+))?", "logout", "logout", "success", _DB),
    Shape("", r"^(?:\[\d+-\d+\] )?(?:.*?(?P<account>[\w.\-$]+)@(?P<object>[\w.\-$]+) )?.*?LOG:\s+(?:duration: [\d.]+ ms\s+)?(?:statement|execute [^:]*): (?P<command>.*)$", "query", "other", "", _DB),
    Shape("", r"^(?:\[\d+-\d+\] )?(?:.*?(?P<account>[\w.\-$]+)@(?P<object>[\w.\-$]+) )?.*?LOG:\s+AUDIT: (?:SESSION|OBJECT),\d+,\d+,(?P<code>[A-Z]+),[^,]*,[^,]*,[^,]*,(?P<command>.*)$", "query", "other", "", _DB),
)  # fmt: skip


def _verbs(columns: dict[str, pa.Array]) -> None:
    """Name what a statement does by its first word."""
    command = columns.get("command")
    if command is None:
        return
    first = pc.struct_field(pc.extract_regex(command, r"(?i)^\s*[\"(]*(?P<verb>[a-z]+)"), "verb")
    verb = pc.utf8_lower(pc.fill_null(first, ""))
    words = pa.array(["select", "insert", "update", "delete", "grant", "create", "alter", "drop", "copy"])  # fmt: skip
    means = pa.array(["select", "insert", "update", "delete", "grant", "define", "define", "define", "dump"])  # fmt: skip
    columns["action"] = pc.fill_null(means.take(pc.index_in(verb, value_set=words)), "other")


REMOTE_DIALECTS = (
    Dialect("dropbear", by_shapes(_DROPBEAR), frozenset({"dropbear"})),
    Dialect("xrdp", by_shapes(_XRDP), frozenset({"xrdp-sesman", "xrdp"})),
    Dialect("polkit", by_shapes(_POLKIT), frozenset({"polkitd", "pkexec"})),
    Dialect("doas", by_shapes(_DOAS), frozenset({"doas"})),
    Dialect("fail2ban", by_shapes(_BANS), frozenset({"fail2ban", "fail2ban.actions", "fail2ban-server", "fail2ban.filter"})),
    Dialect("mariadb", by_shapes(_MARIA), frozenset({"mariadbd", "mysqld", "mariadb", "mysql"})),
    Dialect("postgres", by_shapes(_POSTGRES, _verbs), frozenset({"postgres", "postgresql"})),
)  # fmt: skip
OPENVPN_FAILED = (
    Shape("", r"^(?:(?P<src_ip>[\d.a-fA-F:]*[\d.a-fA-F]):(?P<src_port>\d+) )?SENT CONTROL \[(?P<account>[^\]]*)\]: 'AUTH_FAILED", "login", "login", "failure", {"logon_type": "vpn"}),
)  # fmt: skip
EAP_GOOD = (
    Shape("", r"^(?:\d+\[IKE\] )?(?:<[^>]*> )?authentication of '(?P<account>[^']*)' with EAP successful", "login", "login", "success", {"logon_type": "vpn"}),
    Shape("", r"^(?:\d+\[IKE\] )?(?:<[^>]*> )?EAP method (?P<code>\S+) succeeded, (?:no )?MSK established", "other", "other", "success", {"logon_type": "vpn"}),
)  # fmt: skip
