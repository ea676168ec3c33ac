"""The edge router: Cisco IOS or Junos, as its messages reach a syslog server.

Source:
    Cisco IOS System Message Guide (SEC_LOGIN, SSH, SYS, SEC, LINK, PARSER, HA_EM) with ``service timestamps log
    datetime msec`` and ``service sequence-numbers``; the embedded event manager applet ``catchall`` that logs each
    command. Junos System Log Explorer (UI_LOGIN_EVENT, UI_CMDLINE_READ_LINE, UI_COMMIT …) and sshd under Junos.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Protocol

from amends.demo.logs.clocks import SECOND
from amends.demo.logs.estate import CONTAINED, Machine
from amends.demo.logs.shelf import LogFile

PORTS = {"ssh": 22, "telnet": 23, "http": 80}


class Router(Protocol):
    """What any edge router can write."""

    def failed(self, at: int, user: str, ip: str, port: int, how: str, label: str = "") -> None:
        """Write a failed sign-in; ``how`` is ssh, telnet or http."""
        ...

    def signed_in(
        self, at: int, until: int, user: str, ip: str, port: int, how: str,
        commands: tuple[tuple[int, str, str], ...], label: str = "",
    ) -> None:  # fmt: skip
        """Write a session with its commands, each at its instant and with a label of its own ("": the session's)."""
        ...

    def typed(self, at: int, user: str, command: str, label: str = "") -> None:
        """Write a command of the session that was begun last."""
        ...

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a packet that an access list dropped."""
        ...

    def flap(self, at: int, port: int) -> None:
        """Write an interface going down and up again."""
        ...


@dataclass
class Ios:
    """Cisco IOS."""

    machine: Machine
    log: LogFile
    vty: int = 0

    def _put(self, at: int, text: str, label: str) -> None:
        if at >= CONTAINED:
            return
        clock = self.machine.clock
        self.log.put(at, f"{clock.bsd(at)} {self.machine.name} {clock.cisco(at)}: {text}", label)

    def failed(self, at: int, user: str, ip: str, port: int, how: str, label: str = "") -> None:
        """Write a failed sign-in."""
        told = self.machine.clock.cisco_long(at)
        self._put(at, f"%SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: {user}] [Source: {ip}] "
                      f"[localport: {PORTS[how]}] [Reason: Login Authentication Failed] at {told}", label)  # fmt: skip

    def signed_in(
        self, at: int, until: int, user: str, ip: str, port: int, how: str,
        commands: tuple[tuple[int, str, str], ...], label: str = "",
    ) -> None:  # fmt: skip
        """Write a session with its commands."""
        self.vty = (self.vty + 1) % 5
        crypto = f"SSH2 Session from {ip} (tty = {self.vty}) using crypto cipher 'aes256-ctr', hmac 'hmac-sha2-256'"
        if how == "ssh":
            request = crypto.replace("Session from", "Session request from")
            self._put(at - 400_000, f"%SSH-5-SSH2_SESSION: {request} Succeeded", label)
            self._put(
                at - 1000,
                f"%SSH-5-SSH2_USERAUTH: User '{user}' authentication for {crypto} Succeeded",
                label,
            )
        told = self.machine.clock.cisco_long(at)
        self._put(at, f"%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: {user}] [Source: {ip}] "
                      f"[localport: {PORTS[how]}] at {told}", label)  # fmt: skip
        for when, command, own in commands:
            self.typed(when, user, command, own or label)
            if command.startswith("configure"):
                end = when + 40 * SECOND
                self._put(
                    end,
                    f"%SYS-5-CONFIG_I: Configured from console by {user} on vty{self.vty} ({ip})",
                    label,
                )
        if how == "http":
            return
        self._put(
            until, f"%SYS-6-LOGOUT: User {user} has exited tty session {self.vty + 1}({ip})", label
        )
        if how == "ssh":
            self._put(until + 1000, f"%SSH-5-SSH2_CLOSE: {crypto} closed", label)

    def typed(self, at: int, user: str, command: str, label: str = "") -> None:
        """Write a command."""
        self._put(at, f"%HA_EM-6-LOG: catchall: {command}", label)

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a packet that an access list dropped."""
        self._put(
            at,
            f"%SEC-6-IPACCESSLOGP: list OUTSIDE-IN denied tcp {src}({sport}) -> {dst}({dport}), 1 packet",
            label,
        )

    def flap(self, at: int, port: int) -> None:
        """Write an interface going down and up again."""
        name = f"GigabitEthernet0/{port}"
        for late, state in ((0, "down"), (4 * SECOND, "up")):
            self._put(at + late, f"%LINK-3-UPDOWN: Interface {name}, changed state to {state}", "")
            text = (
                f"%LINEPROTO-5-UPDOWN: Line protocol on Interface {name}, changed state to {state}"
            )
            self._put(at + late + SECOND, text, "")


@dataclass
class Junos:
    """Juniper Junos."""

    machine: Machine
    log: LogFile
    mgd: str = "mgd[5001]"

    def _put(self, at: int, program: str, text: str, label: str) -> None:
        if at >= CONTAINED:
            return
        self.log.put(
            at, f"{self.machine.clock.bsd(at)}  {self.machine.name} {program}: {text}", label
        )

    @staticmethod
    def _pid(*words: object) -> int:
        return 2_000 + zlib.crc32(repr(words).encode()) % 60_000

    def failed(self, at: int, user: str, ip: str, port: int, how: str, label: str = "") -> None:
        """Write a failed sign-in."""
        if how != "ssh":
            self._put(
                at,
                f"login[{self._pid(at, ip)}]",
                f"LOGIN_FAILED: Login failed for user {user} from host {ip}",
                label,
            )
            return
        program = f"sshd[{self._pid(at, ip, port)}]"
        self._put(at, program, f"Failed password for {user} from {ip} port {port} ssh2", label)
        self._put(
            at + 2000,
            program,
            f"SSHD_LOGIN_FAILED: Login failed for user '{user}' from host '{ip}'",
            label,
        )

    def signed_in(
        self, at: int, until: int, user: str, ip: str, port: int, how: str,
        commands: tuple[tuple[int, str, str], ...], label: str = "",
    ) -> None:  # fmt: skip
        """Write a session with its commands."""
        pid = self._pid(at, ip)
        if how == "ssh":
            self._put(
                at,
                f"sshd[{pid}]",
                f"Accepted password for {user} from {ip} port {port} ssh2",
                label,
            )
        else:
            text = f"LOGIN_INFORMATION: User {user} logged in from host {ip} on device ttyp0"
            self._put(at, f"login[{pid}]", text, label)
        mgd = f"mgd[{pid + 3}]"
        where = f"{ip} {port} {self.machine.outside_ip} {PORTS[how]}"
        self._put(
            at + SECOND,
            mgd,
            f"UI_AUTH_EVENT: Authenticated user '{user}' assigned to class 'j-super-user'",
            label,
        )
        self._put(at + SECOND + 1000, mgd, f"UI_LOGIN_EVENT: User '{user}' login, class 'j-super-user' [{pid + 3}], "
                                           f"ssh-connection '{where}', client-mode 'cli'", label)  # fmt: skip
        self.mgd = mgd
        for when, command, own in commands:
            if command.startswith("configure"):
                entering = f"UI_DBASE_LOGIN_EVENT: User '{user}' entering configuration mode"
                self._put(when, mgd, entering, own or label)
            self.typed(when + 1000, user, command, own or label)
        self._put(until, mgd, f"UI_LOGOUT_EVENT: User '{user}' logout", label)

    def typed(self, at: int, user: str, command: str, label: str = "") -> None:
        """Write a command of the session that was begun last."""
        self._put(at, self.mgd, f"UI_CMDLINE_READ_LINE: User '{user}', command '{command} '", label)

    def denied(self, at: int, src: str, sport: int, dst: str, dport: int, label: str = "") -> None:
        """Write a packet that a filter dropped."""
        self._put(
            at,
            "fpc0",
            f"PFE_FW_SYSLOG_IP: FW: ge-0/0/0.0   D  tcp {src} {dst} {sport:5d} {dport:5d} (1 packets)",
            label,
        )

    def flap(self, at: int, port: int) -> None:
        """Write an interface going down and up again."""
        for late, state in ((0, "down"), (4 * SECOND, "up")):
            text = f"SNMP_TRAP_LINK_{state.upper()}: ifIndex {520 + port}, ifAdminStatus up(1), ifOperStatus {state}"
            self._put(
                at + late,
                "mib2d[1893]",
                f"{text}({1 if state == 'up' else 2}), ifName ge-0/0/{port}",
                "",
            )
