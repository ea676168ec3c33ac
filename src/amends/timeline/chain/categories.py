"""What an intruder does once in, as logs say it: each category with what shows it, its phase and its ATT&CK technique.

The first category that fits an event takes it. A weight says how far the deed alone speaks for an intruder; deeds of
weight 0 count only inside an access that is the intruder's already.

Source:
    MITRE ATT&CK Enterprise 16: techniques and tactics as named with each category.
"""

# ruff: noqa: E501  (a pattern reads best in one piece)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """A kind of deed.

    Attributes:
        name: Short name.
        shown_by: SQL condition on events ``e``; ``cmd`` is the command line in lower case, or "".
        phase: Phase of the intrusion.
        technique: ATT&CK technique.
        tactic: ATT&CK tactic.
        weight: How far it speaks for an intruder.
        how: Word for the column how.
        what: What it is, after "the intruder" or "somebody".
    """

    name: str
    shown_by: str
    phase: str
    technique: str
    tactic: str
    weight: float
    how: str
    what: str


def _command(words: str) -> str:
    return f"regexp_matches(cmd, '{words}')"


_SECRETS = (
    r"(/etc/(g?shadow|security/opasswd)|\.pgpass|\.my\.cnf|id_(rsa|dsa|ecdsa|ed25519)([^.a-z]|$)|\.aws/credentials"
    r"|\.git-credentials|\.netrc|\.kube/config|wp-config\.php|web\.config|\.env($|[^a-z])|\.kdbx|ntds\.dit|/sam\.hiv"
    r"|unattend\.xml|groups\.xml|(passw(or)?ds?|credentials?|secrets?)[^/ ]*\.(txt|csv|xlsx?|docx?|ya?ml|json|ini|conf|cfg))"
)

CATEGORIES: tuple[Category, ...] = (
    Category(
        "log_clear",
        "(e.kind = 'log' AND e.action = 'clear') OR "
        + _command(
            r"(history\s+-c|unset\s+histfile|histfile=/dev/null|histsize=0|(rm|shred|unlink|srm|wipe)\s.*(/var/log|_history|\.evtx)"
            r"|truncate\s.*(/var/log|\.log|_history)|(^|[\s;])(cat\s+/dev/null|echo\s*[^>]*|:|true)?\s*>\s*/?(var/log|\S*_history)"
            r"|ln\s+-s.*/dev/null.*_history|wevtutil(\.exe)?\s+(cl|clear-log)|clear-eventlog|remove-eventlog|^clear\s+log(ging)?|fsutil\s+usn\s+deletejournal)"
        ),
        "defense_evasion", "T1070", "defense-evasion", 2.0, "log", "cleared logs",
    ),
    Category(
        "log_stop",
        "(e.kind = 'log' AND e.action = 'stop') OR "
        + _command(
            r"((^|\s)no\s+logging|auditctl\s+-e\s*0|(stop|disable|mask)\s+(rsyslog|syslog|auditd|systemd-journald)|service\s+(rsyslog|syslog|auditd)\s+stop"
            r"|killall?\s.*(syslog|auditd)|set-mppreference|pgaudit\.log\s*=\s*.?none|sc(\.exe)?\s+stop\s+eventlog)"
        ),
        "defense_evasion", "T1562.001", "defense-evasion", 1.0, "log", "stopped logging",
    ),
    Category(
        "config_export",
        "(e.kind = 'config' AND e.action = 'export') OR "
        + _command(
            r"(copy\s+(run\S*|start\S*|nvram\S*|flash\S*|system:\S*)\s+(tftp|ftp|scp|sftp|https?|rcp)|archive\s+config"
            r"|(execute|request)\s+(backup|system)\s+.*config|show\s+configuration\s*\|\s*save|save\s+\S*conf\S*\s+(to\s+)?(scp|ftp|tftp|sftp|http)"
            r"|export\s+\S*(running-)?config)"
        ),
        "credential_access", "T1602.002", "collection", 3.0, "config", "exported a configuration with what is stored in it",
    ),
    Category(
        "config_view",
        "(e.kind = 'config' AND e.action = 'view') OR "
        + _command(r"((show|sh|more|display|get)\s+(run\S*|start\S*|full-configuration|configuration|current-configuration|tech\S*)|write\s+term)"),
        "credential_access", "T1602.002", "collection", 1.0, "config", "read a configuration with what is stored in it",
    ),
    Category(
        "secrets",
        f"((e.kind = 'file' AND e.action IN ('read', 'open', 'download') AND regexp_matches(lower(coalesce(e.object, '')), '{_SECRETS}')) OR "
        + _command(r"(mimikatz|sekurlsa|lsadump|procdump.*lsass|comsvcs.*minidump|secretsdump|hashdump|ntdsutil|reg(\.exe)?\s+save\s+hklm|vssadmin.*create\s+shadow|lazagne|gsecdump)")
        + " OR (e.kind = 'process' AND " + _command(rf"(cat|less|more|head|tail|vi|vim|nano|cp|grep|strings|type|base64|scp|xxd)\s.*{_SECRETS}") + "))",
        "credential_access", "T1552.001", "credential-access", 1.5, "file", "read stored credentials",
    ),
    Category(
        "guessing_tool",
        _command(r"(^|[\s/\\])(hydra|medusa|ncrack|patator|crowbar|kerbrute|thc-hydra|sshpass|brutespray|john|hashcat)(\.exe)?(\s|$)"),
        "credential_access", "T1110", "credential-access", 2.0, "process", "ran a tool that guesses passwords",
    ),
    Category(
        "scan_tool",
        _command(
            r"((^|[\s/\\])(nmap|masscan|zmap|rustscan|fping|arp-scan|netdiscover|nbtscan|smbmap|enum4linux\S*|crackmapexec|netexec|nxc|bloodhound\S*|sharphound\S*|adfind|advanced_port_scanner)(\.exe|\.py)?(\s|$)"
            r"|(for|foreach)\s.*\b(ping|nc|tnc|test-netconnection)\b|nc\s+-\S*z)"
        ),
        "discovery", "T1046", "discovery", 1.5, "process", "looked for hosts and services with a scanner",
    ),
    Category(
        "dump",
        "(e.kind = 'query' AND e.action = 'dump') OR "
        + _command(
            r"((^|[\s/\\])(pg_dump(all)?|mysqldump|mydumper|mysqlpump|mongodump|mongoexport|expdp|bcp|sqlpackage|mariadb-dump|unload)(\.exe)?\s"
            r"|\\?copy\s.{1,400}\sto\s|into\s+outfile|backup\s+database|select\s.{1,400}\s>\s)"
        ),
        "collection", "T1213.006", "collection", 2.5, "query", "dumped tables",
    ),
    Category(
        "service_install",
        "(e.kind = 'service' AND e.action = 'install') OR "
        + _command(r"(psexe(c|svc)|paexec|sc(\.exe)?\s+(\\\\\S+\s+)?create\s|wmic\s.*process\s+call\s+create|invoke-wmimethod|invoke-command|winrs\s|wmiexec|smbexec|atexec)"),
        "lateral_movement", "T1569.002", "execution", 1.0, "service", "ran a program through a service it installed",
    ),
    Category(
        "account_create",
        "(e.kind = 'account' AND e.action IN ('create', 'enable')) OR "
        + _command(r"((^|[\s/])(useradd|adduser)\s|net1?(\.exe)?\s+user\s+\S+.*\s/add|new-(local|ad)user|^username\s+\S+\s+(priv|secret|password)|create\s+(user|role|login)\s)"),
        "persistence", "T1136", "persistence", 1.0, "account", "made an account",
    ),
    Category(
        "account_change",
        "(e.kind = 'account' AND e.action IN ('modify', 'group', 'password')) OR (e.kind = 'privilege' AND e.action = 'grant')"
        " OR (e.kind = 'query' AND e.action = 'grant') OR "
        + _command(r"(usermod\s|gpasswd\s|chpasswd|(^|[\s/])passwd\s+\S|net1?(\.exe)?\s+(local)?group\s.*\s/add|add-(local|ad)groupmember|authorized_keys|visudo|/etc/sudoers)"),
        "persistence", "T1098", "persistence", 0.5, "account", "changed accounts or what they may do",
    ),
    Category(
        "schedule",
        "(e.kind = 'service' AND e.action = 'job' AND e.\"source\" LIKE 'evtx%') OR "
        + _command(r"(crontab\s+(-e|-\s|\S*/)|>>?\s*/etc/cron|/etc/cron\.\S+/|schtasks(\.exe)?\s.*/create|systemctl\s+enable|register-scheduledtask|reg(\.exe)?\s+add\s.*\\\\run)"),
        "persistence", "T1053", "persistence", 0.5, "service", "set up a job to come back by",
    ),
    Category(
        "archive",
        "(e.kind = 'file' AND (e.action = 'archive' OR (e.object_kind = 'archive' AND e.action IN ('create', 'write', 'rename')))) OR "
        + _command(
            r"((^|[\s;|&/\\])(tar\s+(\S*c\S*|-\S*c\S*|--create)\s|(zip|7za?|7zr|rar|winrar|gzip|pigz|xz|zstd|bzip2|makecab)(\.exe)?\s)|compress-archive|createfromdirectory)"
        ) + r" AND NOT regexp_matches(cmd, '((gzip|xz|zstd|bzip2|7z|7za)\s+(-\S*[dt]\S*|[xlt])\s|un(zip|rar|xz)|tar\s+-?[tx])')",
        "staging", "T1560.001", "collection", 1.0, "archive", "packed files into an archive",
    ),
    Category(
        "upload",
        "(e.kind = 'file' AND e.action = 'upload') OR "
        + _command(
            r"((^|[\s;|&/\\])(rclone|megacmd|mega-put|mega-\S+|azcopy|gsutil|s3cmd|croc|wormhole)(\.exe)?\s|aws\s+s3\s+(cp|sync|mv)\s"
            r"|curl(\.exe)?\s.*(-t\s|--upload-file|-f\s|--form|--data-binary|-d\s*@)|wget\s.*--post-file|(scp|rsync)\s.*\S+@?\S*:\S*$"
            r"|(^|[\s;|&/])(sftp|ftp|lftp|tftp|ncftpput)(\.exe)?\s|(^|[\s;|&/])(nc|ncat|netcat|socat)(\.exe)?\s.*(<|\d{2,5})|bitsadmin.*/upload|invoke-(webrequest|restmethod).*-infile|uploadfile)"
        ),
        "exfiltration", "T1048", "exfiltration", 1.0, "upload", "sent files away",
    ),
    Category(
        "fetch_tool",
        _command(r"((^|[\s;|&/\\])(wget|curl)(\.exe)?\s.*(https?|ftp)://|certutil.*-urlcache|bitsadmin.*/transfer|(invoke-webrequest|downloadstring|downloadfile|start-bitstransfer))"),
        "persistence", "T1105", "command-and-control", 0.5, "process", "fetched a tool",
    ),
    Category(
        "tunnel",
        _command(r"(ssh\s.*-[a-z]*[dlr]\s*\S*\d+|(^|[\s/\\])(chisel|ngrok|frpc?|plink|ligolo|proxychains\S*|socat|gost|revsocks|autossh|sshuttle)(\.exe)?\s|netsh\s+interface\s+portproxy|interface\s+tunnel)"),
        "persistence", "T1572", "command-and-control", 1.0, "process", "laid a tunnel",
    ),
    Category(
        "firewall_change",
        _command(r"(access-list\s.*permit|iptables\s+(-\S+\s+)*(-f|-i|-a|-d)\s|ufw\s+(disable|allow)|netsh\s+(adv)?firewall|firewall-cmd\s.*add|set-netfirewall)"),
        "defense_evasion", "T1562.004", "defense-evasion", 0.5, "config", "opened the firewall",
    ),
    Category(
        "config_change", "e.kind = 'config' AND e.action = 'change'",
        "persistence", "T1098", "persistence", 0.3, "config", "changed the configuration",
    ),
    Category(
        "query", "e.kind = 'query' AND e.action = 'select'",
        "collection", "T1213.006", "collection", 0.0, "query", "read tables",
    ),
    Category(
        "file_read", "e.kind = 'file' AND e.action IN ('read', 'open', 'download')",
        "collection", "T1039", "collection", 0.0, "file", "read files",
    ),
    Category(
        "look_around",
        "(e.kind = 'file' AND e.action = 'list') OR "
        + _command(r"((^|[\s;|&/\\])(whoami|id|hostname|uname|w|who|last|ifconfig|ipconfig|ip\s+(a|r|n)\S*|netstat|ss|arp|route|ps|tasklist|systeminfo|nltest|quser|qwinsta|net1?(\.exe)?\s+(user|group|localgroup|view|share|accounts)|lsblk|df|find|getent|psql\s.*-l)(\.exe)?(\s|$)|/etc/(passwd|hosts|group)|show\s+(ip|arp|cdp|users|version|interfaces|lldp|inventory)|information_schema|pg_catalog)"),
        "discovery", "T1082", "discovery", 0.0, "process", "looked around",
    ),
)  # fmt: skip

BY_NAME = {c.name: c for c in CATEGORIES}

TACTIC_PHASES = {
    "reconnaissance": "reconnaissance",
    "resource-development": "reconnaissance",
    "initial-access": "initial_access",
    "execution": "lateral_movement",
    "persistence": "persistence",
    "privilege-escalation": "persistence",
    "defense-evasion": "defense_evasion",
    "credential-access": "credential_access",
    "discovery": "discovery",
    "lateral-movement": "lateral_movement",
    "collection": "collection",
    "command-and-control": "persistence",
    "exfiltration": "exfiltration",
    "impact": "collection",
}
"""Tactic of a rule's tag → phase of a hop."""


def category_sql() -> str:
    """Return SQL of the category of an event ``e`` with ``cmd``; null for none."""
    arms = "\n".join(f"WHEN {c.shown_by} THEN '{c.name}'" for c in CATEGORIES)
    return f"CASE {arms} END"
