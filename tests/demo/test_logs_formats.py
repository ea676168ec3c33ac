"""Every log parses with a reader that does not know the generator: csv, json, xml, struct, and the vendors' formats."""

from __future__ import annotations

import csv
import ipaddress
import json
import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from amends.demo import write_demo
from tests.demo.logs_reading import logs, read, truth_of

pytestmark = pytest.mark.filterwarnings("error")
_BSD = r"(?:Jul|Aug) [ \d]\d \d\d:\d\d:\d\d"
_RFC3339 = r"2026-0[78]-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d"
_IP = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_EVENTS = "{http://schemas.microsoft.com/win/2004/08/events/event}"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Cases that between them have every product."""
    folder = tmp_path_factory.mktemp("formats")
    for seed in (1, 3, 6, 11):
        write_demo(folder / str(seed), people=150, seed=seed, log_lines=30_000)
    return [folder / str(seed) for seed in (1, 3, 6, 11)]


def _flavour(case: Path, product: str) -> str:
    return str(truth_of(case, "chain")["flavours"][product])


def _host(case: Path, role: str) -> str:
    with (case / "roster-1" / "hosts.csv").open() as file:
        return next(row["host"] for row in csv.DictReader(file) if row["role"] == role)


def _share(lines: list[str], pattern: str) -> float:
    wanted = re.compile(pattern)
    assert lines
    return sum(wanted.match(line) is not None for line in lines) / len(lines)


def test_linux_lines_are_syslog_in_one_of_two_styles(cases: list[Path]) -> None:
    styles = set()
    for case in cases:
        for host in {
            _host(case, "jump host"),
            _host(case, "build server"),
            _host(case, "web server"),
        }:
            for name in ("auth.log", "secure"):
                lines = read(logs(case, f"/{host}/var/log/{name}"))
                if not lines:
                    continue
                head = _BSD if re.match(_BSD, lines[0]) else _RFC3339
                styles.add(head)
                program = r"(?:sshd\[\d+\]|systemd-logind\[\d+\]|sudo|CRON\[\d+\]|su\[\d+\])"
                assert _share(lines, rf"{head} {host} {program}: +\S") == 1.0
    assert len(styles) == 2


def test_ssh_sessions_that_open_also_close(cases: list[Path]) -> None:
    for case in cases:
        lines = read(logs(case, f"/{_host(case, 'build server')}/var/log/"))
        opened = sum("pam_unix(sshd:session): session opened" in line for line in lines)
        closed = sum("pam_unix(sshd:session): session closed" in line for line in lines)
        assert opened and abs(opened - closed) <= 2


def test_audit_records_of_an_event_share_its_number(cases: list[Path]) -> None:
    for case in cases:
        lines = read(logs(case, "/audit/audit.log"))
        assert _share(lines, r"type=[A-Z_]+ msg=audit\(\d{10}\.\d{3}:\d+\): ") == 1.0
        for line in lines:
            if line.startswith("type=EXECVE"):
                count = re.search(r"argc=(\d+)", line)
                assert count is not None and len(re.findall(r" a\d+=", line)) == int(count[1])
            if "proctitle=" in line:
                bytes.fromhex(line.rsplit("=", 1)[1])


def test_the_router_writes_its_makers_messages(cases: list[Path]) -> None:
    for case in cases:
        host = _host(case, "edge router")
        lines = read(logs(case, f"/{host}/syslog/"))
        if _flavour(case, "router") == "ios":
            pattern = rf"{_BSD} {host} {_BSD}\.\d{{3}}: %[A-Z0-9_]+-[0-7]-[A-Z0-9_]+: \S"
        else:
            pattern = rf"{_BSD}  {host} (?:\w+(?:\[\d+\])?): \S"
        assert _share(lines, pattern) == 1.0
        assert not any(line.startswith(("Aug 05", "Aug  6", "Aug 10")) for line in lines), (
            "taken off the network on 4 August"
        )


def test_the_firewall_writes_its_makers_messages(cases: list[Path]) -> None:
    for case in cases:
        lines = read(logs(case, f"/{_host(case, 'perimeter firewall')}/syslog/"))
        if _flavour(case, "firewall") == "asa":
            assert _share(lines, rf"{_BSD} \S+ : %ASA-[0-7]-\d{{6}}: ") == 1.0
            built = sum("Built" in line for line in lines)
            assert (
                built and abs(built - sum("Teardown" in line for line in lines)) <= built * 0.02 + 5
            )
        else:
            for line in lines:
                fields = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
                assert {
                    "date",
                    "time",
                    "devname",
                    "logid",
                    "type",
                    "subtype",
                    "level",
                    "vd",
                } <= set(fields)
                assert len(fields["logid"]) == 12 and len(fields["eventtime"]) == 19
                if fields["type"] == '"traffic"':
                    ipaddress.ip_address(fields["srcip"])
                    ipaddress.ip_address(fields["dstip"])


def test_flows_have_every_column(cases: list[Path]) -> None:
    for case in cases:
        paths = logs(case, "flows.csv") + logs(case, "conn.log")
        for path in paths:
            lines = read([path])
            if _flavour(case, "flows") == "nfdump":
                header, *rows = csv.reader(lines)
                assert len(header) == 48 and header[:7] == [
                    "ts",
                    "te",
                    "td",
                    "sa",
                    "da",
                    "sp",
                    "dp",
                ]
                assert all(len(row) == 48 for row in rows)
                sources, octets = {row[3] for row in rows}, [int(row[12]) for row in rows]
            else:
                names = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
                types = next(line for line in lines if line.startswith("#types")).split("\t")[1:]
                rows = [line.split("\t") for line in lines if not line.startswith("#")]
                assert len(names) == len(types) == 21 and all(len(row) == 21 for row in rows)
                sources, octets = {row[2] for row in rows}, [int(row[9]) for row in rows]
            assert all(ipaddress.ip_address(source) for source in sources) and min(octets) >= 0


def test_postgresql_lines_parse(cases: list[Path]) -> None:
    for case in cases:
        lines = read(logs(case, "/postgresql/"))
        audits = 0
        if _flavour(case, "postgres") == "csvlog":
            for row in csv.reader(lines):
                assert len(row) == 24 and re.fullmatch(
                    r"2026-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]{3}", row[0]
                )
                if row[13].startswith("AUDIT: "):
                    audits += 1
                    _audited(row[13], case)
        else:
            assert (
                _share(
                    lines,
                    r"2026-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]{3} \[\d+\] .*(?:LOG|FATAL|ERROR):  \S",
                )
                == 1.0
            )
            for line in lines:
                if "AUDIT: " in line:
                    audits += 1
                    _audited(line[line.index("AUDIT: ") :], case)
        assert audits > 50


def _audited(text: str, case: Path) -> None:
    (fields,) = csv.reader([text.removeprefix("AUDIT: ")])
    assert fields[0] == "SESSION" and fields[1].isdigit() and fields[3] in ("READ", "MISC", "WRITE")
    assert len(fields) in (9, 10) and fields[8] == "<not logged>"
    if len(fields) == 10:
        assert _flavour(case, "pg_rows") == "on" and fields[9].isdigit()


def test_mariadb_audit_lines_parse(cases: list[Path]) -> None:
    pattern = (
        rf"2026\d{{4}} \d\d:\d\d:\d\d,archive-db-02,\w+,{_IP},\d+,\d+,"
        rf"(?:QUERY|READ|CONNECT|DISCONNECT|FAILED_CONNECT),\w*,"
    )
    for case in cases:
        assert _share(read(logs(case, "server_audit.log")), pattern) == 1.0


def test_windows_events_parse(cases: list[Path]) -> None:
    for case in cases:
        for path in logs(case, "/export/"):
            events = list(_events(path))
            assert events
            records = [record for record, _, _ in events]
            assert records == sorted(records)
            codes = {code for _, code, _ in events}
            assert codes <= {1102, 4624, 4625, 4634, 4663, 4672, 4688, 4740, 5140, 5145, 7045}
            assert all(fields for _, _, fields in events)
    assert {_flavour(case, "windows") for case in cases} == {"xml", "json"}


def _events(path: Path) -> Any:
    if path.suffix == ".xml":
        for event in ElementTree.parse(path).getroot():
            system = event.find(f"{_EVENTS}System")
            assert system is not None and system.find(f"{_EVENTS}TimeCreated") is not None
            fields = [item for item in event.iter() if item.get("Name")] or list(event[1])
            yield (
                int(system.findtext(f"{_EVENTS}EventRecordID", "0")),
                int(system.findtext(f"{_EVENTS}EventID", "0")),
                fields,
            )
        return
    for line in read([path]):
        event = json.loads(line)
        held = event["winlog"].get("event_data") or event["winlog"].get("user_data")
        yield event["winlog"]["record_id"], int(event["winlog"]["event_id"]), held


def test_web_lines_are_in_the_combined_format(cases: list[Path]) -> None:
    pattern = (
        r'\S+ - \S+ \[\d\d/(?:Jul|Aug)/2026:\d\d:\d\d:\d\d [+-]\d{4}\] "(?:GET|POST) \S+ HTTP/1\.1" \d{3} '
        r'(?:\d+|-) "[^"]*" "[^"]*"$'
    )
    for case in cases:
        lines = read([path for path in logs(case, "access.log") if path.suffix != ".gz"])
        assert _share(lines, pattern) == 1.0
        assert all(ipaddress.ip_address(line.split(" ", 1)[0]) for line in lines)


def test_samba_dhcp_and_vpn_lines_parse(cases: list[Path]) -> None:
    for case in cases:
        audit = read(logs(case, "/samba/audit.log"))
        assert (
            _share(
                audit,
                rf"(?:{_BSD}|{_RFC3339}) \S+ smbd_audit\[\d+\]: LARKSPUR\\\w+\|{_IP}\|\S+\|\w+\|\w+\|ok\|\S",
            )
            == 1.0
        )
        leases = [
            line for line in read(logs(case, f"/{_host(case, 'dhcp server')}/")) if "dhcpd[" in line
        ]
        assert (
            _share(leases, r".*DHCP(?:DISCOVER|OFFER|REQUEST|ACK) .*(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
            == 1.0
        )
        vpn = read(logs(case, f"/{_host(case, 'vpn concentrator')}/"))
        if _flavour(case, "vpn") == "asa":
            assert (
                _share(
                    vpn, rf"{_BSD} \S+ : %ASA-[0-7]-(?:113004|113005|113009|113039|113019|722051): "
                )
                == 1.0
            )
        else:
            assert _share(vpn, rf"(?:{_BSD}|{_RFC3339}) \S+ openvpn\[\d+\]: ") == 1.0
            radius = read(logs(case, "/freeradius/"))
            assert (
                _share(
                    radius,
                    r"[A-Z][a-z]{2} (?:Jul|Aug) [ \d]\d \d\d:\d\d:\d\d 2026 : Auth: \(\d+\) Login (?:OK|incorrect)",
                )
                == 1.0
            )


def test_sign_ins_stand_in_wtmp_as_glibc_writes_them(cases: list[Path]) -> None:
    for case in cases:
        for path in logs(case, "/wtmp"):
            raw = path.read_bytes()
            assert len(raw) and len(raw) % 384 == 0
            for place in range(0, len(raw), 384):
                kind, _, line, _, user = struct.unpack_from("<h2xi32s4s32s", raw, place)
                seconds, _ = struct.unpack_from("<ii", raw, place + 340)
                assert (
                    kind in (7, 8) and line.startswith(b"pts/") and (kind == 8 or user.strip(b"\0"))
                )
                assert 1_783_000_000 < seconds < 1_788_000_000


def test_no_address_belongs_to_anybody(cases: list[Path]) -> None:
    allowed = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.0.2.0/24", "198.18.0.0/15",
               "198.51.100.0/24", "203.0.113.0/24", "127.0.0.0/8", "0.0.0.0/32")]  # fmt: skip
    for case in cases:
        found: set[str] = set()
        for path in logs(case, ""):
            if path.name not in ("wtmp", "btmp"):
                found.update(re.findall(rf"(?<![\d.])({_IP})(?![\d.])", "\n".join(read([path]))))
        for text in found - {"12.0.0.0", "126.0.0.0"}:  # versions of browsers
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                continue
            assert any(address in network for network in allowed), text
