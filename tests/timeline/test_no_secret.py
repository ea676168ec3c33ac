# ruff: noqa: E501  (lines of logs)
"""Nothing secret that a log holds is anywhere in a case but in the sealed evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from amends import custody
from amends.elements import stage as elements
from amends.kernel.case import Case
from amends.timeline import scrub, stage

WORD = "Zq7vKx9w"
"""Stands in every password; nothing else of the world holds it."""
SSN, SSN_BARE, CARD, IMEI, DL = (
    "900-55-1234",
    "900551234",
    "4111111111111111",
    "490154203237518",
    "Q7654321098",
)
SECRETS = (WORD, WORD.lower(), WORD.encode().hex(), WORD.encode().hex().upper(), SSN, SSN_BARE, CARD, IMEI, DL, "4111 1111 1111 1111", "wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLE", "AKIAZZZZEXAMPLE7")  # fmt: skip

_HEX = f"mysql -p{WORD}".encode().hex().upper()
_STMT = f"SELECT * FROM customers WHERE ssn = '{SSN}' OR card = '{CARD}' OR imei = '{IMEI}'"
_SETS = f"ALTER ROLE bob WITH PASSWORD '{WORD}'"
_JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJ{WORD}.{WORD}"

LOGS = {
    "jump1/var/log/auth.log": "\n".join(
        [
            f"Aug  4 02:11:{i:02} jump1 {text}"
            for i, text in enumerate(
                [
                    "sshd[9]: Accepted password for bob from 203.0.113.4 port 51234 ssh2",
                    f"sudo:      bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/mysqldump -u root -p{WORD} crm",
                    f"sudo:      bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/sshpass -p {WORD} ssh root@10.0.0.9",
                    f"CRON[7]: (root) CMD (PGPASSWORD={WORD} pg_dump -h db1 crm)",
                    f"bash[8]: HISTORY: PID=9 UID=0 curl -u bob:{WORD} https://203.0.113.9/up?token={WORD}",
                    f"strange[8]: Authorization: Bearer {_JWT}",
                    f"strange[8]: lookup of {SSN} and ssn={SSN_BARE}, card {CARD}, imei {IMEI}, drivers_license={DL}",
                    f"radiusd[9]: (12) Login incorrect (pap: cleartext password does not match): [bob/{WORD}] (from client nas1 port 0 cli 203.0.113.4)",
                    f"postgres[8]: LOG:  statement: {_SETS}",
                    f"smbd_audit: bob|10.0.0.9|ws1|customers|openat|ok|r|/srv/{SSN}/{CARD}.csv",
                    f"kernel: audit: type=1309 a0=\"mysql\" a1=\"-p{WORD}\"",
                ]
            )
        ]
    ),
    "rtr1/rtr1.log": "\n".join(
        [
            f"Aug  4 02:11:09 rtr1 5: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:username backdoor privilege 15 secret {WORD}",
            f"Aug  4 02:11:09 rtr1 6: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:snmp-server community {WORD} RW",
            f"Aug  4 02:11:09 rtr1 7: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:password 7 {WORD}",
            f"Aug  4 02:11:09 rtr1 8: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:enable password {WORD}",
            f"Aug  4 02:11:10 asa1 %ASA-5-111008: User 'admin' executed the 'username x password {WORD} privilege 15' command.",
            f"Aug  4 02:11:10 srx1 mgd[5]: UI_CMDLINE_READ_LINE: User 'bob', command 'set system login user x authentication encrypted-password \"{WORD}\" '",
            f"Aug  4 02:11:10 srx1 mgd[5]: UI_CFG_AUDIT_SET_SECRET: User 'bob' set: [system login user x authentication plain-text-password {WORD}]",
            f"date=2026-08-04 time=02:11:15 devname=\"F\" logid=\"0100044547\" type=\"event\" subtype=\"system\" user=\"admin\" cfgattr=\"password[ENC {WORD}]\" msg=\"set passwd ENC {WORD}\"",
            f"CEF:0|V|P|1|5|login|5|suser=bob msg=password={WORD} request=https://h/?api_key={WORD}",
        ]
    ),
    "web1/var/log/nginx/access.log": "\n".join(
        [
            f'203.0.113.4 - - [04/Aug/2026:02:11:09 +0000] "GET /q?ssn={SSN_BARE}&password={WORD} HTTP/1.1" 200 5 "https://h/?access_token={WORD}" "curl/8 Authorization: Basic {WORD}AAAA="',
            f'203.0.113.4 - {SSN} [04/Aug/2026:02:11:10 +0000] "GET /{SSN} HTTP/1.1" 200 5 "-" "{CARD}"',
        ]
    ),
    "db1/var/log/postgresql/postgresql.log": "\n".join(
        [
            f"2026-08-04 02:11:09.123 UTC [5] bob@crm LOG:  statement: {_STMT}",
            f"2026-08-04 02:11:10.123 UTC [5] bob@crm LOG:  statement: {_SETS}",
            f"2026-08-04 02:11:11.123 UTC [5] bob@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT pgp_sym_decrypt(ssn, '{WORD}') FROM c WHERE dl = '{DL}'\",<none>",
        ]
    ),
    "db1/postgresql.csv": f'2026-08-04 02:11:09.123 UTC,"bob","crm",5,"10.0.0.9:51234",64d0.5,1,"SELECT",2026-08-04 02:00:00 UTC,3/4,0,LOG,00000,"statement: {_STMT}",,,,,,,,,"psql"\n',
    "db2/mysql/general.log": f"2026-08-04T02:11:09.123456Z\t    8 Connect\tbob@10.0.0.9 on crm using TCP/IP\n2026-08-04T02:11:10.123456Z\t    8 Query\tCREATE USER x IDENTIFIED BY '{WORD}'\n2026-08-04T02:11:11.123456Z\t    8 Query\t{_STMT}\n",
    "db2/var/log/audit/audit.log": "\n".join(
        [
            'type=SYSCALL msg=audit(1785809469.123:88): arch=c000003e syscall=59 success=yes exit=0 pid=9 auid=1000 uid=0 ses=3 comm="mysql" exe="/usr/bin/mysql" key=(null)',
            f'type=EXECVE msg=audit(1785809469.123:88): argc=3 a0="mysql" a1="-uroot" a2="-p{WORD}"',
            f"type=PROCTITLE msg=audit(1785809469.123:88): proctitle={_HEX}",
            f"type=USER_CMD msg=audit(1785809470.123:89): pid=9 uid=0 auid=1000 ses=3 msg='cwd=\"/\" cmd={_HEX} terminal=pts/0 res=success'",
        ]
    ),
    "cloud/app.json": "\n".join(
        json.dumps(row)
        for row in [
            {"time": "2026-08-04T02:11:09Z", "user": "bob", "password": WORD, "ssn": SSN_BARE, "card_number": CARD, "note": f"api_key={WORD}", "deep": {"client_secret": WORD, "dl": DL}},
            {"eventVersion": "1.08", "eventTime": "2026-08-04T02:11:09Z", "eventSource": "rds.amazonaws.com", "eventName": "ModifyDBInstance", "sourceIPAddress": "203.0.113.4", "userIdentity": {"type": "IAMUser", "userName": "bob", "accessKeyId": "AKIAZZZZEXAMPLE7QQQQ"}, "requestParameters": {"masterUserPassword": WORD}, "responseElements": {"credentials": {"secretAccessKey": "wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLE", "sessionToken": WORD}}},
        ]
    ),
    "ws1/security.xml": f"<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID><TimeCreated SystemTime='2026-08-04T02:11:09.123Z'/><EventRecordID>5</EventRecordID><Channel>Security</Channel><Computer>ws1</Computer></System><EventData><Data Name='SubjectUserName'>bob</Data><Data Name='NewProcessName'>C:\\Windows\\System32\\net.exe</Data><Data Name='CommandLine'>net use \\\\fs1\\c /user:CORP\\bob {WORD}</Data><Data Name='Password'>{WORD}</Data></EventData></Event></Events>\n",
    "proxy/squid.log": f"1785809469.123 55 10.0.0.9 TCP_MISS/200 1234 GET http://bob:{WORD}@203.0.113.9/a?token={WORD} bob DIRECT/203.0.113.9 text/html\n",
    "edge/conn.csv": f"date,src_ip,dst_ip,src_port,dst_port,proto,bytes,note\n2026-08-04 02:11:09,10.0.0.9,203.0.113.9,5,443,tcp,99,password={WORD}\n",
    "ras/openvpn.log": f"2026-08-04 02:11:09 203.0.113.4:51234 TLS Auth Error: Auth Username/Password verification failed for peer password={WORD}\n",
    "zeek/http.log": "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tusername\tpassword\n#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tstring\tstring\tstring\tstring\n"
    + f"1785809469.1\tC1\t10.0.0.9\t5\t203.0.113.9\t80\tGET\th\t/?ssn={SSN}\tbob\t{WORD}\n",
    f"odd/{'notes'}.txt": f"2026-08-04 02:11:09 the password is: {WORD} and the key\n2026-08-04 02:11:10 -----BEGIN RSA PRIVATE KEY-----{WORD}\n",
}  # fmt: skip


def _run(folder: Path) -> Path:
    for name, body in LOGS.items():
        place = folder / "logs" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(body if body.endswith("\n") else body + "\n")
    (folder / "hosts.csv").write_text("host,ip,time_zone\njump1,10.0.0.5,UTC\n")
    Case.create(folder / "case", {("case", "entity"): "Larkspur"})
    with Case(folder / "case", contents=custody.Reader()) as case:
        custody.take_in(case, [folder / "logs"], custody.Tags(role="log", as_of="2026-08-20"))
        custody.take_in(case, [folder / "hosts.csv"], custody.Tags(role="roster"))
        custody.STAGE.run(case)
        elements.run(case)
        stage.run(case)
    return folder / "case"


def _texts(path: Path) -> Iterator[str]:
    """Yield what stands in a file: the cells of Parquet, which is compressed, and the bytes of all."""
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches():
            yield str(batch.to_pylist())
    yield path.read_bytes().decode("latin-1")


def found(case: Path) -> dict[str, list[str]]:
    """Return where in a case secrets stand, evidence left out."""
    out: dict[str, list[str]] = {}
    for path in sorted(p for p in case.rglob("*") if p.is_file()):
        name = path.relative_to(case).as_posix()
        if name.startswith("evidence/"):
            continue
        for text in _texts(path):
            out.setdefault(name, []).extend(s for s in SECRETS if s in text)
    return {name: sorted(set(secrets)) for name, secrets in out.items() if secrets}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run(tmp_path_factory.mktemp("secrets"))


def test_no_secret_of_any_log_is_in_the_case(case: Path) -> None:
    assert found(case) == {}


def test_every_log_was_read_and_the_lines_are_there(case: Path) -> None:
    [log_files] = list(case.rglob("log_files.parquet")) or list(case.rglob("log_files/*.parquet"))
    rows = pq.read_table(log_files).to_pylist()
    assert len(rows) == len(LOGS)
    assert all(r["n_events"] and r["status"] == "read" for r in rows), [(r["path"], r["status"], r["parser"]) for r in rows if r["status"] != "read" or not r["n_events"]]  # fmt: skip


def test_the_search_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "mask_texts", lambda texts, *, commands=False: texts)
    monkeypatch.setattr(scrub, "_mask_fields", lambda fields: fields)
    seen = {secret for secrets in found(_run(tmp_path)).values() for secret in secrets}
    assert {WORD, SSN, SSN_BARE, CARD, IMEI, DL, "AKIAZZZZEXAMPLE7"} <= seen
