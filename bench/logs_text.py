# ruff: noqa: E501, PLC0415  (lines of logs are long; the reading process alone imports what it measures)
"""How fast text logs become events, on one core: lines a second, peak memory, and whether lines add up.

    python bench/logs_text.py [--lines 400000] [--masked] [--json]

Files are generated (every line differs), and the public LogHub samples are repeated to the same length.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from common import measured, public_data, show

Line = Callable[[random.Random, str, int], str]


def _sshd(chance: random.Random, at: str, i: int) -> str:
    ip = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    port, pid = chance.randrange(1024, 65536), chance.randrange(1, 4_000_000)
    told = (
        f"Failed password for invalid user u{i % 997} from {ip} port {port} ssh2",
        f"Failed password for root from {ip} port {port} ssh2",
        f"Accepted publickey for ann from 10.0.{i % 4}.{i % 250} port {port} ssh2: ED25519 SHA256:{i:040x}",
        f"Disconnected from authenticating user root {ip} port {port} [preauth]",
        f"Received disconnect from {ip} port {port}:11: Bye Bye [preauth]",
        f"Invalid user u{i % 997} from {ip} port {port}",
        "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
    )
    return f"{at} jump1 sshd[{pid}]: {told[i % len(told)]}"


def _cisco(chance: random.Random, at: str, i: int) -> str:
    ip = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    port = chance.randrange(1024, 65536)
    told = (
        f"%SEC-6-IPACCESSLOGP: list OUTSIDE denied tcp {ip}({port}) -> 198.51.100.1(23), 1 packet ",
        f"%SEC-6-IPACCESSLOGP: list OUTSIDE permitted udp {ip}({port}) -> 198.51.100.1(53), 1 packet ",
        f"%SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: {ip}] [localport: 22] [Reason: Login Authentication Failed] at 02:11:09 UTC Tue Aug 4 2026",
        "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/1, changed state to up",
    )
    return f"{at} rtr1 {i}: {at}.{i % 1000:03d}: {told[i % len(told)]}"


def _asa(chance: random.Random, at: str, i: int) -> str:
    ip = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    port = chance.randrange(1024, 65536)
    told = (
        f"%ASA-6-302013: Built inbound TCP connection {i} for outside:{ip}/{port} ({ip}/{port}) to inside:10.0.0.5/443 (198.51.100.5/443)",
        f"%ASA-6-302014: Teardown TCP connection {i} for outside:{ip}/{port} to inside:10.0.0.5/443 duration 0:00:{i % 60:02d} bytes {i * 7} TCP FINs",
        f'%ASA-4-106023: Deny tcp src outside:{ip}/{port} dst inside:10.0.0.5/23 by access-group "outside_in" [0x0, 0x0]',
    )
    return f"{at} fw1 {told[i % len(told)]}"


def _packets(chance: random.Random, at: str, i: int) -> str:
    ip = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    return (
        f"{at} web1 kernel: [{i}.{i % 1000:03d}] [UFW BLOCK] IN=eth0 OUT= MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 SRC={ip} "
        f"DST=10.0.0.5 LEN=40 TOS=0x00 PREC=0x00 TTL=244 ID={i % 65536} PROTO=TCP SPT={chance.randrange(1024, 65536)} DPT=23 WINDOW=1024 RES=0x00 SYN URGP=0"
    )


def _fortinet(chance: random.Random, at: str, i: int) -> str:
    return (
        f'date=2026-08-04 time={at[7:]} devname="FGT1" devid="FG100F" eventtime={1785800000 + i}000000000 tz="-0500" logid="0000000013" type="traffic" '
        f'subtype="forward" level="notice" vd="root" srcip=10.0.{i % 250}.{i % 249} srcport={i % 60000} srcintf="lan" dstip=203.0.113.{i % 254} dstport=443 '
        f'dstintf="wan1" sessionid={i} proto=6 action="close" policyid=1 service="HTTPS" duration=12 sentbyte={i * 3} rcvdbyte={i * 9} sentpkt=10 rcvdpkt=12'
    )


def _audit(chance: random.Random, at: str, i: int) -> str:
    serial = i // 4
    head = f"msg=audit({1785800000 + serial // 50}.{serial % 1000:03d}:{serial}):"
    return (
        f'type=SYSCALL {head} arch=c000003e syscall=59 success=yes exit=0 a0=55d{i:x} a1=55e a2=0 a3=0 items=2 ppid=1 pid={i} auid=1000 uid=0 gid=0 tty=pts0 ses=3 comm="ls" exe="/usr/bin/ls" key="exec"',
        f'type=EXECVE {head} argc=2 a0="ls" a1="/srv/{i}"',
        f'type=PATH {head} item=0 name="/usr/bin/ls" inode={i} dev=08:01 mode=0100755 ouid=0 ogid=0 nametype=NORMAL',
        f"type=PROCTITLE {head} proctitle=6C73002F737276",
    )[i % 4]


def _mixed(chance: random.Random, at: str, i: int) -> str:
    return (_sshd, _cisco, _packets, _asa)[i % 4](chance, at, i)


def _clock(i: int) -> str:
    second = i // 40
    return f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _address(chance: random.Random) -> str:
    return f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def _combined(chance: random.Random, at: str, i: int) -> str:
    day = 1 + i // 40 // 86400 % 28
    agent = (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "curl/8.5.0",
        "python-requests/2.32",
    )[i % 3]
    return (
        f'{_address(chance)} - {"ann" if i % 9 == 0 else "-"} [{day:02d}/Aug/2026:{_clock(i)} +0000] "GET /item/{i}?page={i % 50} HTTP/1.1" '
        f'{(200, 200, 404, 302)[i % 4]} {i % 90000} "https://www.corp.example/a/{i % 700}" "{agent}"'
    )


def _zeek(chance: random.Random, at: str, i: int) -> str:
    return "\t".join((
        f"{1785800000 + i // 40}.{i % 1000000:06d}", f"C{i:016x}", _address(chance), str(chance.randrange(1024, 65536)), f"10.0.{i % 4}.{i % 250}",
        "443", "tcp", "ssl" if i % 3 else "-", f"{i % 600}.25", str(i * 3), str(i * 7), "SF" if i % 4 else "S0", "F", "T", "0", "ShADadfF",
        str(i % 90), str(i * 4), str(i % 70), str(i * 8), "-",
    ))  # fmt: skip


def _nfdump(chance: random.Random, at: str, i: int) -> str:
    day = 1 + i // 40 // 86400 % 28
    return (
        f"2026-08-{day:02d} {_clock(i)}.{i % 1000:03d},2026-08-{day:02d} {_clock(i + 400)}.{i % 1000:03d},10.{i % 1000:03d},{_address(chance)},10.0.{i % 4}.{i % 250},"
        f"{chance.randrange(1024, 65536)},443,TCP,...AP.SF,0,0,{i % 900},{i * 7},{i % 700},{i * 3},3,4,0,0,0,0,0,0,0.0.0.0,0.0.0.0"
    )


def _csvlog(chance: random.Random, at: str, i: int) -> str:
    day = 1 + i // 40 // 86400 % 28
    stamp, pid = f"2026-08-{day:02d} {_clock(i)}.{i % 1000:03d} UTC", 4000 + i % 300
    told = (
        f'"AUDIT: SESSION,{i},1,READ,SELECT,TABLE,public.customers,""select name, street from customers where id = {i}"",<none>"',
        f"\"statement: update orders set state = 'sent' where id = {i}\"",
        f'"connection authorized: user=app database=shop SSL enabled (protocol=TLSv1.3) {i}"',
        f'"duration: {i % 90}.123 ms"',
    )[i % 4]
    return f'{stamp},"app","shop",{pid},"10.0.{i % 4}.{i % 250}:{i % 60000 + 1024}",{pid:x}.{i % 4096:x},{i},"SELECT",{stamp},3/{i},0,LOG,00000,{told},,,,,,,,,"web","client backend",,0'


def _json_conn(chance: random.Random, at: str, i: int) -> str:
    return (
        f'{{"ts":{1785800000 + i // 40}.{i % 1000000:06d},"uid":"C{i:016x}","id.orig_h":"{_address(chance)}","id.orig_p":{chance.randrange(1024, 65536)},'
        f'"id.resp_h":"10.0.{i % 4}.{i % 250}","id.resp_p":443,"proto":"tcp","duration":{i % 600}.25,"orig_bytes":{i * 3},"resp_bytes":{i * 7},"conn_state":"SF"}}'
    )


HEADINGS = {
    "zeek conn": "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h"
    "\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes"
    "\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n",
    "nfdump csv": "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb\n",
}
MIXTURES: dict[str, Line] = {
    "sshd": _sshd, "cisco ios": _cisco, "cisco asa": _asa, "iptables": _packets, "mixed": _mixed, "fortinet": _fortinet, "auditd": _audit,
    "web combined": _combined, "zeek conn": _zeek, "nfdump csv": _nfdump, "postgres csvlog": _csvlog, "zeek json": _json_conn,
}  # fmt: skip


def _generated(line: Line, n: int, path: Path, heading: str) -> None:
    chance = random.Random(7)
    with path.open("w") as out:
        out.write(heading)
        for i in range(n):
            second = i // 40
            at = f"Aug {1 + second // 86400 % 28:2d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            out.write(line(chance, at, i) + "\n")


def _one(path: Path, masked_too: bool) -> None:
    """Read one file and print what it cost, as JSON."""
    import resource
    import time

    import pyarrow as pa

    from amends.kernel.contents import RawPart
    from amends.timeline.parsers.base import Origin
    from amends.timeline.reading import read_log
    from amends.timeline.scrub import masked

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with path.open("rb") as stream:
        origin = Origin("G1", 1, path.name, path.name, as_of=date(2026, 9, 1))
        started = time.process_time()
        reading = read_log(RawPart("", path.name, stream), origin)
        for batch in reading.batches:
            if masked_too:
                masked(batch)
        seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "parser": reading.parser,
                "lines": reading.n_lines,
                "events": reading.n_events,
                "rejects": reading.n_rejects,
                "cpu_seconds": round(seconds, 3),
                "lines_per_second": round(reading.n_lines / seconds),
                "peak_mib": round(peak),
                "adds_up": reading.n_lines == reading.n_events + reading.n_rejects,
            }
        )
    )


def main() -> None:
    """Measure every mixture in a process of its own."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--lines", type=int, default=400_000)
    words.add_argument("--masked", action="store_true", help="mask every batch too")
    words.add_argument("--json", action="store_true")
    words.add_argument("--only", default="")
    words.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.one:
        _one(asked.one, asked.masked)
        return
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        for name, line in MIXTURES.items():
            if asked.only and asked.only not in name:
                continue
            _generated(line, asked.lines, path, HEADINGS.get(name, ""))
            rows.append({"file": name, **_measure(path, asked.masked)})
        for name in ("OpenSSH", "Linux", "Apache", "Windows"):
            if asked.only and asked.only not in name:
                continue
            sample = (public_data() / "loghub" / name / f"{name}_2k.log").read_bytes()
            path.write_bytes((sample.rstrip(b"\n") + b"\n") * (asked.lines // 2000))
            rows.append({"file": f"loghub {name}", **_measure(path, asked.masked)})
    show("text logs to events, one core", rows, asked.json)


def _measure(path: Path, masked_too: bool) -> dict[str, object]:
    here = [sys.executable, str(Path(__file__)), "--one", str(path)]
    found = measured([*here, "--masked"] if masked_too else here)
    return dict(json.loads(found.output))


if __name__ == "__main__":
    main()
