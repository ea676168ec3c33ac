"""The flow collector: nfdump's CSV, or Zeek's conn.log.

Source:
    nfdump(1), output mode ``csv`` (48 columns and a header line); Zeek documentation, conn.log and the TSV log
    format. Both write times in the zone of the collector: nfdump as text, Zeek as seconds since 1970.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Protocol

from amends.demo.logs.clocks import SECOND, Clock
from amends.demo.logs.firewall import Flow
from amends.demo.logs.shelf import LogFile

NFDUMP_HEADER = (
    "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,"
    "ismc,odmc,idmc,osmc,mpls1,mpls2,mpls3,mpls4,mpls5,mpls6,mpls7,mpls8,mpls9,mpls10,cl,sl,al,ra,eng,exid,tr\n"
)
_NFDUMP_TAIL = (
    ",3,7,0,0,0,0,0,0,0.0.0.0,0.0.0.0,0,0,00:00:00:00:00:00,00:00:00:00:00:00,00:00:00:00:00:00,"
    "00:00:00:00:00:00,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,0-0-0,    0.000,    0.000,    0.000,"
    "0.0.0.0,0/0,1,"
)
ZEEK_HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#open\t2026-07-06-00-00-00\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t"
    "conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t"
    "tunnel_parents\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\t"
    "string\tcount\tcount\tcount\tcount\tset[string]\n"
)
ZEEK_FOOTER = "#close\t2026-08-18-00-00-00\n"
_SERVICES = {22: "ssh", 80: "http", 443: "ssl", 53: "dns", 21: "ftp", 445: "smb", 3306: "mysql"}
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class FlowLog(Protocol):
    """What any flow collector can write."""

    def seen(self, flow: Flow, label: str = "") -> None:
        """Write a connection."""
        ...


@dataclass
class Nfdump:
    """nfdump -o csv: one record a direction, so two a connection."""

    clock: Clock
    log: LogFile

    def seen(self, flow: Flow, label: str = "") -> None:
        """Write a connection: there and back."""
        end = flow.at + int(flow.seconds * SECOND)
        started, ended = self.clock.milli(flow.at), self.clock.milli(end)
        proto = "TCP" if flow.proto == "tcp" else "UDP"
        flags = "...AP.SF" if proto == "TCP" else "........"
        for src, sport, dst, dport, octets in (
            (flow.src, flow.sport, flow.dst, flow.dport, flow.sent),
            (flow.dst, flow.dport, flow.src, flow.sport, flow.back),
        ):
            if not octets:
                continue
            packets = octets // 1_100 + 2
            self.log.put(
                end,
                f"{started},{ended},{flow.seconds:.3f},{src},{dst},{sport},{dport},{proto},{flags},0,0,{packets},"
                f"{octets},0,0{_NFDUMP_TAIL}{ended}",
                label,
            )


@dataclass
class Zeek:
    """Zeek's conn.log: one record a connection, both directions in it."""

    clock: Clock
    log: LogFile
    inside: tuple[str, ...]

    def seen(self, flow: Flow, label: str = "") -> None:
        """Write a connection at its end."""
        clock = self.clock
        utc = clock.utc(flow.at)
        service = _SERVICES.get(flow.dport, "-")
        local = ["T" if ip.startswith(self.inside) else "F" for ip in (flow.src, flow.dst)]
        state, history = ("SF", "ShADadFf") if flow.back else ("S0", "S")
        packets = flow.sent // 1_100 + 2, (flow.back // 1_100 + 2 if flow.back else 0)
        octets = flow.sent + packets[0] * 40, flow.back + packets[1] * 40
        fields = (
            f"{utc // SECOND}.{utc % SECOND:06d}", _uid(flow), flow.src, flow.sport, flow.dst, flow.dport, flow.proto,
            service, f"{flow.seconds:.6f}", flow.sent, flow.back, state, *local, 0, history, packets[0], octets[0],
            packets[1], octets[1], "-",
        )  # fmt: skip
        self.log.put(flow.at + int(flow.seconds * SECOND), "\t".join(map(str, fields)), label)


def _uid(flow: Flow) -> str:
    state = zlib.crc32(f"{flow.at}{flow.src}{flow.sport}".encode()) << 32 | zlib.crc32(
        f"{flow.dst}{flow.at}".encode()
    )
    out = []
    for _ in range(11):
        state, place = divmod(state, 62)
        out.append(_LETTERS[place])
    return "C" + "".join(out) + "q2"
